/* audit.h - what an audit of a live server found: the keys of its databases in groups,
 * the groups that are mixed, and their suspects. Data, which reports lay out. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/ask.h"
#include "audit/glimpse.h"
#include "audit/group.h"
#include "audit/info.h"
#include "audit/inventory.h"
#include "audit/members.h"
#include "audit/rules.h"

/* A key without an expiry in a group that is mixed, or of a rule, looked at a second
 * time.
 */
struct suspect {
    struct group_name name; /* borrowed from its group */
    enum key_type type;
    struct weight weight;
    struct glimpse glimpse; /* if that was asked for */
};

struct audit_group {
    unsigned db;
    char *pattern, *glob; /* owned; see learner.h; of a rule both are its glob */
    bool crowded;
    struct group keys;
    /* Those of the names of such a group that had no expiry the second time either. */
    struct suspect suspects[DRAWN_MOST];
    size_t suspect_count;
    const struct rule *rule; /* that its keys must expire; borrowed; NULL: none says so */
    bool late;               /* one expires later than its rule allows */
    bool leaks;              /* it is late, or should expire and has suspects */
    bool unsure; /* it may leak: of its suspects not all were looked at again */
};

/* Where an audit that ended early can be gone on with. */
struct audit_rest {
    bool is; /* there is one */
    unsigned db;
    uint64_t cursor;
};

/* Keys that are watched (vitals.h). Who was used is known of a sample only. */
struct watched_keys {
    uint64_t keys, persistent;
    uint64_t asked; /* those that said how long they were idle */
    uint64_t used;  /* of these, since the round before */
};

struct rounds;
struct vitals;

struct audit {
    char *target; /* owned: its name, for people */
    struct info info;
    uint64_t keys, persistent;
    uint64_t vanished; /* between SCAN and PTTL: deleted, or expired */
    uint64_t retyped;  /* had another type than was asked for, or than before */
    uint64_t expected; /* keys, by INFO; 0: not known */
    bool filtered;     /* only some keys were asked for */
    bool interrupted;
    struct audit_rest rest;
    double seconds;
    uint64_t *trips_ns; /* round trips of batches, if they were asked for; owned */
    size_t trip_count;
    /* Of an audit that goes on; borrowed; NULL: it is none. */
    const struct rounds *rounds;
    const struct vitals *vitals;
    double fresh_weight; /* names that one stands for, when it is asked who is new */
    struct watched_keys watched;
    /* What was not there when an inventory was written; only if one was given. */
    bool has_since;
    bool after_time; /* as if all that expires were gone */
    struct inventory since;
    struct audit_group *groups; /* owned; those that leak first, by suspects; see below */
    size_t group_count;
    struct members *sets; /* owned; whose members stand for keys, by a rule */
    size_t set_count;
};

/* Puts groups in order: those that leak first, then those that may, most suspects first;
 * then by keys. */
void audit_sort(struct audit *audit);
/* Are its keys that never expire suspects? By a rule, or because it is mixed. */
bool audit_is_suspect(const struct audit_group *group);
/* How many keys of the group the second look was at. */
size_t audit_looked_again(const struct audit_group *group);
/* How many of its suspects it was not at, for they are too many, or their names too long:
 * nobody knows whether they have an expiry by now. */
uint64_t audit_unlooked(const struct audit_group *group);
/* Of all groups and sets. */
struct audit_sum {
    uint64_t leaking_groups, unsure_groups; /* unsure ones come next (audit_sort()) */
    uint64_t leaking_sets;                  /* with members without keys */
    uint64_t unsure_sets;                   /* that may have such members */
    uint64_t unseen; /* keys and members that must be somewhere, of which nothing is
                        known */
    uint64_t moving; /* that were in two places, and were not looked at again */
};
struct audit_sum audit_sum(const struct audit *audit);
void audit_release(struct audit *audit); /* may be called twice */
