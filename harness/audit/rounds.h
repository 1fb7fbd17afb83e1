/* rounds.h - the audits of a server one after the other: what has leaked since the one
 * before. Pure.
 *
 * Of a group that leaks, as many keys have leaked as have no expiry, times the share of
 * its suspects that had none when looked at again; of a set, as many members as have no
 * key, likewise. On a server that is busy this differs from round to round by who is
 * between two commands, and by who of the others was drawn. So what has leaked *since* is
 * no difference of two of these: it is those that were not there the round before
 * (fresh.h), times the share of their own sample that was so when looked at again. What
 * came and went between two audits is not seen. */
#pragma once

#include "audit/audit.h"
#include "stats/interval.h"
#include "stats/weighted.h"

enum leak_change { LEAK_SAME, LEAK_NEW, LEAK_GROWING, LEAK_SHRINKING };

struct leak {
    unsigned db;
    char *name;           /* the group's pattern, or the set's key, quoted; owned */
    uint64_t keys;        /* that leaked, or members without theirs */
    bool exact;           /* all of them were looked at again, or all that were, are */
    struct weighted more; /* that were not there the round before */
    enum leak_change change;
    const struct rule *rule; /* of a set; borrowed; NULL: it is a group */
};

struct leaks {
    struct leak *items; /* owned */
    size_t count;
};

struct rounds {
    uint64_t count;
    uint64_t start_ns, last_ns; /* when the first and the last round ended */
    struct weighted arrived;    /* since the first round: what was more, summed */
    double units; /* what one more would have stood for, summed over these rounds */
    struct leaks now;
    struct leaks gone;    /* of the round before, that leak no more */
    struct leaks unknown; /* sets of the last one not all of whose members were seen */
    struct leaks crowded; /* and all of a rule for some of whose sets there was no room */
};
#define ROUNDS_NULL ((struct rounds){ .count = 0 })

void rounds_add(struct rounds *rounds, const struct audit *audit, uint64_t now_ns);
void rounds_release(struct rounds *rounds); /* may be called twice */

uint64_t rounds_leaked(const struct rounds *rounds); /* of the last round */
uint64_t rounds_arrived(const struct rounds *rounds);
uint64_t leak_more(const struct leak *leak);
/* Leaks per hour since the first round, with an interval of 95%, as if each came by
 * itself: Garwood, "Fiducial limits for the Poisson distribution", Biometrika 28 (1936);
 * where one that was seen stands for others, that of weighted.h. False: there was only
 * one round. */
bool rounds_per_hour(const struct rounds *rounds, double *ret_estimate,
                     struct interval *ret_interval);
