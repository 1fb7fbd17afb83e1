/* sensitive.h - which names stand for values that must not be shown or kept.
 *
 * A report goes to places where a password must not. What it says of one is SENSITIVE. */
#pragma once

#include <stdbool.h>

#include "base/str.h"

#define SENSITIVE "***"

/* Has the name to do with passwords, secrets, tokens or authentication? "passw" is in
 * password and passwd, and in what an option may be shortened to. A "key" is none: with
 * Redis, that is what most parameters are. */
bool sensitive_name(struct str name);
