/* found.h - keys that SCAN shows, and about which rules with stars say something: sets
 * whose members stand for something, keys that must be somewhere, and places.
 *
 * Of each rule so many sets, or queues whose keys must be somewhere, are kept, and no
 * more: FOUND_MOST; and of all of them together so many names of keys: CLAIMS_MOST.
 * Others are counted. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/group.h"
#include "audit/members.h"
#include "audit/rules.h"

#define FOUND_MOST 256

/* Of one rule. */
struct found_rule {
    const struct rule *rule; /* with stars; borrowed */
    struct members *items;   /* owned */
    size_t count;
    size_t last;          /* of the items, that a key was for */
    struct places places; /* of a rule whose places have a star of their own */
    uint64_t unseen;      /* keys of sets or queues for which there is no room */
};

struct found {
    struct found_rule *rules; /* owned; those with stars, in their order */
    size_t count;
    unsigned db;
    bool full;           /* there is no room for names */
    struct fresh *fresh; /* of its sets (members.h) */
};
#define FOUND_NULL ((struct found){ NULL, 0, 0, false, NULL })

struct found found_of(const struct rules *rules, unsigned db, struct fresh *fresh);
/* A key, as TYPE and PTTL have it; -1: it does not expire. */
void found_add(struct found *found, struct str key, enum key_type type, int64_t ttl_ms);
/* Asks where keys are whose names take the most room, if there are many. */
int found_narrow(struct found *found, struct ask *ask, struct err *err);
/* When all keys have been seen: tells each rule's sets and queues their places. */
void found_settle(struct found *found);
void found_release(struct found *found); /* may be called twice */
