/* glob.h - keys by pattern, as KEYS of Redis takes them; and fields of hashes, by a
 * pattern for each half. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct patterns {
    char **globs; /* owned, like the list */
    size_t count;
};
#define PATTERNS_NULL ((struct patterns){ NULL, 0 })

/* Does any of them match the whole key? A pattern has no zero byte; * and ? take those of
 * keys. NULL: there are none. */
bool patterns_match(const struct patterns *patterns, struct str key);
void patterns_release(struct patterns *patterns); /* may be called twice */

/* What does not count: keys, and of others the fields that are named behind the first #
 * of KEY#FIELD. A # of a key's own is written \#. */
struct ignored {
    struct patterns keys;
    struct patterns holders, fields; /* the halves; as many of each */
};

/* Takes KEY#FIELD apart wherever it stands in `keys`. Returns the first pattern one half
 * of which is empty; NULL: there is none. */
const char *ignored_split(struct ignored *ignored);
/* Is the key ignored, or the hash's field? NULL: nothing is. */
bool ignored_key(const struct ignored *ignored, struct str key);
bool ignored_field(const struct ignored *ignored, struct str key, struct str field);
void ignored_release(struct ignored *ignored); /* may be called twice */
