/* rules.h - keys that must expire, whatever others of their group do. Pure.
 *
 * A text with a line for each rule, SYSTEM: expires GLOB [SECONDS], where no key that the
 * glob matches may be without an expiry, or expire later than in so many seconds. Lines
 * that begin with # are comments. The rules of well-known systems are a part of the
 * program (known.rules). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "audit/group.h"
#include "base/err.h"
#include "redis/glob.h"

struct rule {
    char *system; /* owned */
    struct patterns glob;
    int64_t within_s; /* -1: it says nothing of it */
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

/* The rule that the group is of: all its keys that are kept by name match. NULL: none. */
const struct rule *rules_of(const struct rules *rules, const struct group *group);
