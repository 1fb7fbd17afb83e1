/* group.h - what is known of the keys of one pattern. Pure: it is told of each key.
 *
 * A group is *mixed* if most of its keys expire and some do not: those are suspects, for
 * whoever wrote them meant them to expire. That no key of a group expires is meant so.
 * Where only few expire, nothing can be said.
 *
 * Of the suspects some are kept by name, at random; of the others only the number. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/drawn.h"
#include "audit/fresh.h"
#include "audit/learner.h"
#include "base/str.h"

enum key_type {
    KEY_STRING,
    KEY_LIST,
    KEY_SET,
    KEY_ZSET,
    KEY_HASH,
    KEY_STREAM,
    KEY_OTHER, /* a module's */
    KEY_TYPES
};
const char *key_type_name(enum key_type type); /* "other" of a module's */
/* What TYPE replies with; KEY_OTHER of what is none of ours. */
enum key_type key_type_of(struct str name);

#define GROUP_SAMPLE 1000   /* keys of a group whose memory and idle time are asked for */
#define GROUP_IDLE_STEPS 40 /* idle times are counted by powers of two of seconds */

struct group {
    uint64_t keys, persistent; /* persistent: without an expiry */
    uint64_t types[KEY_TYPES];
    int64_t ttl_most_ms;     /* of those that expire */
    uint64_t asked;          /* of its sample */
    uint64_t weighed, bytes; /* of the sample: keys that said how big they are, the sum */
    uint32_t idle[GROUP_IDLE_STEPS]; /* keys that were idle for less than 2^i seconds */
    struct drawn drawn;              /* of persistent ones */
    struct newcomers *newcomers; /* of these, since the round before; owned; NULL: none */
};

extern const struct learner_blocks group_blocks;

/* A key, as TYPE and PTTL have it; -1: it does not expire. */
void group_add(struct group *group, struct str key, enum key_type type, int64_t ttl_ms);
/* One that does not expire, was added, and stands for so many that are new (fresh.h). */
void group_add_fresh(struct group *group, struct str key, double count);
void group_add_bytes(struct group *group, uint64_t bytes);
void group_add_idle(struct group *group, uint64_t idle_s);
void group_merge(struct group *into, struct group *from);
void group_release(struct group *group);

static inline uint64_t group_expiring(const struct group *group)
{
    return group->keys - group->persistent;
}
bool group_is_mixed(const struct group *group);
/* The memory of all its keys, from the sample's; -1: not known. */
double group_memory(const struct group *group);
/* Half of the sample was idle for less, in seconds, to a power of two; -1: not known. */
int64_t group_idle_s(const struct group *group);
