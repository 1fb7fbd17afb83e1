/* secret.h - texts that nobody can guess: for passwords, and names that must not be met
 * by chance. The one thing here that is not a function of the seed; nothing that is found
 * may depend on it. */
#pragma once

#include "base/err.h"

#define SECRET_TEXT 33 /* bytes, the last one 0 */

/* 128 bits of the kernel's, as hexadecimal digits. */
int secret_make(char ret[SECRET_TEXT], struct err *err);
