/* glob.h - keys by pattern, as KEYS of Redis takes them. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct patterns {
    char **globs; /* owned, like the list */
    size_t count;
};
#define PATTERNS_NULL ((struct patterns){ NULL, 0 })

/* Does any of them match the whole key? NULL: there are none. */
bool patterns_match(const struct patterns *patterns, struct str key);
void patterns_release(struct patterns *patterns); /* may be called twice */
