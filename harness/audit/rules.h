/* rules.h - keys that must expire, whatever others of their group do; and sets whose
 * members must have keys. Pure.
 *
 * A text with a line for each rule. SYSTEM: expires GLOB [SECONDS]: no key that the glob
 * matches may be without an expiry, or expire later than in so many seconds; with "if
 * others do" behind it, if any of them has an expiry, for settings that switch expiries
 * off, and names that others may use for something else. SYSTEM: members KEY have NAME
 * [if GLOB]: each member of the set or sorted set KEY that the glob matches must have a
 * key, NAME with the member in place of its *. Lines that begin with # are comments. The
 * rules of well-known systems are a part of the program (known.rules). */
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
    char *key, *needs;    /* a set, and its members' keys; owned; NULL: of no members */
    bool is_in;           /* needs is another set, which has each of them, too */
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

/* The rule that the key must expire by: of those that it matches the last one, so that
 * rules of one's own come before known ones. NULL: none. */
const struct rule *rules_match(const struct rules *rules, struct str key);
