/* stars.h - names that a rule gives with a star in them: of keys that are found, and of
 * those that must be there because of them. Pure.
 *
 * A star stands for at least one byte. Of two stars neither stands for a colon, and one
 * is behind the first, so that there is one way to read a name. Where a name is made, its
 * stars are what those of another name stood for. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

#define STARS_MOST 2

size_t stars_count(const char *name);
bool stars_can(const char *name); /* has it no more, and none but where they can be? */
/* Is it such a name? Sets what its stars stand for. */
bool stars_match(const char *name, struct str key, struct str ret[STARS_MOST]);
/* The name, with words in place of as many stars as it has; owned by the caller. */
struct buffer stars_fill(const char *name, const struct str *words);
