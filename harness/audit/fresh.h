/* fresh.h - names that were not there a round before. Pure.
 *
 * Of each name its hash is kept, as long as there is room: FRESH_MOST. If there are more,
 * only hashes below a bound are, which is halved each time that there is no room; so the
 * same names are kept in each round, and each stands for as many as the bound leaves out
 * (Wegman's adaptive sampling: Flajolet, "On adaptive sampling", Computing 43, 1990). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/drawn.h"

#define FRESH_MOST (1u << 18)

struct fresh_set {
    uint64_t *slots; /* of a hash table; 0: nothing is there; owned */
    size_t count;
    unsigned level; /* how often the bound was halved */
};

struct fresh {
    struct fresh_set before, now;
    bool is_second; /* there was a round before */
};
#define FRESH_NULL ((struct fresh){ .is_second = false })

void fresh_next(struct fresh *fresh); /* the next round begins */
/* A name of a database, or of a set ("": a key). How many names that were not there
 * before it stands for: 0 if it was, if it was seen in this round already, or if others
 * stand for it. */
double fresh_add(struct fresh *fresh, unsigned db, struct str set, struct str name);
/* As many as one that will be seen does. */
double fresh_weight(const struct fresh *fresh);
void fresh_release(struct fresh *fresh); /* may be called twice */

/* Those of a group, or of a set. */
struct newcomers {
    double count; /* about */
    struct drawn drawn;
    size_t left; /* of the sample, that were found again at the second look */
};

/* Adds one that stands for so many. NULL is none yet; owned by the caller. */
void newcomers_add(struct newcomers **newcomers, struct str name, double count);
void newcomers_merge(struct newcomers **into, struct newcomers **from);
void newcomers_free(struct newcomers **newcomers); /* may be called twice */
