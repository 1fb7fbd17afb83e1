/* ttls.h - how long keys live, and fields of hashes: what a state's atoms do not say.
 *
 * Times are taken as moments tell them apart (moments.h), so that what was looked at a
 * little later has the same. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct snapshot;

/* Of a key, or of a field of its ("": of the key itself). */
struct ttl {
    struct str key, field;
    int64_t ms;
};

struct ttls {
    struct ttl *items; /* in the order of keys and fields; owned, but not the texts */
    size_t count;
};
#define TTLS_NULL ((struct ttls){ NULL, 0 })

/* All that a look at the database has seen, whose texts they borrow. */
struct ttls ttls_of(const struct snapshot *snapshot);
void ttls_release(struct ttls *ttls); /* may be called twice */

/* Which comes first, whatever their times. */
int ttl_compare_place(const struct ttl *a, const struct ttl *b);

/* -1: it has none. */
int64_t ttls_find(const struct ttls *ttls, struct str key, struct str field);
