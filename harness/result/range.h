/* range.h - the values of a sweep that are written as a range. Pure.
 *
 * "100:6400:x2" is 100, 200, 400 and so on, "100:500:+100" is 100, 200 and so on, up to
 * the second number, which is one of them if a step comes to it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define RANGE_MOST 100 /* values; each of them is a run */

/* Does it look like one: two numbers and something more, with colons between? */
bool range_is_one(const char *text);
/* Its values as text; the caller frees them and the list. What is none is ERR_USAGE. */
int range_values(const char *text, char ***ret, size_t *ret_count, struct err *err);
