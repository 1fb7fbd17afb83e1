/* rules.h - keys that must expire, whatever others of their group do; members that must
 * have keys; and members and keys that must be somewhere. Pure.
 *
 * A text with a line for each rule:
 *
 *     SYSTEM: expires GLOB [SECONDS] [if others do]
 *     SYSTEM: members KEY have NAME [if GLOB] [for SECONDS]
 *     SYSTEM: members KEY in [one of] PLACE.. [have NAME] [if GLOB] [for SECONDS]
 *     SYSTEM: keys KEY in [one of] PLACE.. [have NAME] [if GLOB] [for SECONDS]
 *
 * expires: no key that the glob matches may be without an expiry, or expire later than in
 * so many seconds; with "if others do", if any of them has an expiry, for settings that
 * switch expiries off, and names that others may use for something else. members: each
 * member of the set, sorted set, hash or list KEY that the glob matches must have a key
 * NAME, with the member in place of its last star; or be in one of the places, which are
 * such keys, too. keys: each key of that name that never expires must be in one of them,
 * as the word that its last star stands for; or there must be a key NAME, if there is one
 * behind them. "one of": in no more than one. "for": it is looked at again after so many
 * seconds.
 *
 * KEY may have a star more, of a queue, say: then NAME and the places have it, too
 * (stars.h). Places of keys that have one star only may have one of their own: all keys
 * of such names are places. Lines that begin with # are comments. The rules of well-known
 * systems are a part of the program (known.rules). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/group.h"
#include "base/err.h"
#include "redis/glob.h"

struct rule {
    char *system;         /* owned */
    struct patterns glob; /* of keys that must expire; or of members, none: all of them */
    int64_t within_s;     /* -1: it says nothing of it */
    bool if_others;       /* only where some of these keys expire */
    char *key;            /* of members or keys; owned; NULL: it says when they expire */
    bool of_keys;
    char *needs;            /* a member's key; owned; NULL: there is none */
    struct patterns places; /* that it must be in else: names, and no globs */
    bool one_of;
    uint64_t for_s;
};

struct rules {
    struct rule *items; /* owned */
    size_t count;
};
#define RULES_NULL ((struct rules){ NULL, 0 })

/* Adds those of the text; a mistake is told as NAME:LINE. */
int rules_parse(struct rules *rules, const char *name, const char *text, struct err *err);
void rules_add_known(struct rules *rules);
void rules_release(struct rules *rules); /* may be called twice */

/* Does KEY stand for more than one key? Does the rule say nothing of what the star of its
 * places stands for? */
bool rule_has_stars(const struct rule *rule);
bool rule_is_free(const struct rule *rule);

/* The rule that the key must expire by: of those that it matches the last one, so that
 * rules of one's own come before known ones. NULL: none. */
const struct rule *rules_match(const struct rules *rules, struct str key);
