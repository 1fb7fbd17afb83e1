/* grouping.h - in which group each key of one database is: a rule's, if there is one that
 * it must expire by, or that of its learned pattern. Pure. */
#pragma once

#include "audit/audit.h"
#include "audit/learner.h"
#include "audit/rules.h"

struct grouping {
    const struct rules *rules; /* borrowed */
    struct learner *learner;   /* owned, as is the next */
    struct group *of_rules;    /* one for each rule */
};
#define GROUPING_NULL ((struct grouping){ NULL, NULL, NULL })

struct grouping grouping_of(const struct rules *rules);
void grouping_release(struct grouping *grouping); /* may be called twice */

/* The group of a key that was not seen before; valid until the next call. */
struct group *grouping_add(struct grouping *grouping, struct str key);
/* The same of a key that was added. NULL: it was not. */
struct group *grouping_find(struct grouping *grouping, struct str key);

/* Moves the groups that have keys to the audit's, as those of a database. */
void grouping_collect(struct grouping *grouping, unsigned db, struct audit *audit);
