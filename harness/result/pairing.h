/* pairing.h - what came of each attempt, and the pairs that two sides make of them. Pure.
 *
 * Attempt a is the same fraction of the update for every strategy and in every run of one
 * seed (plan.h), so what two sides did there belongs together (stats/paired.h). Of each
 * attempt a byte and a weight are kept, and only where a comparison wants them: that of
 * ten million attempts is 50 MB.
 *
 * Where attempts of one time have more in common than chance makes them, on one side or
 * between both, they tell as much as fewer independent ones (stats/clusters.h). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/clusters.h"
#include "stats/paired.h"

/* What an attempt was: `valid`, and any of the things that rates count. */
#define ATTEMPT_VALID 1u
#define ATTEMPT_COUNTS(rate) (2u << (rate))
/* Of a valid one, with a bit (1 << rate) for each thing that it counts for. */
#define ATTEMPT_OF(bits) (ATTEMPT_VALID | (bits) << 1)

struct attempts {
    uint8_t *what;  /* 0: it was not made here, or was no valid one */
    float *weights; /* any unit; 0: not known */
    size_t count;   /* past the last that was made; what they hold; owned */
};

void attempts_add(struct attempts *attempts, uint64_t attempt, unsigned what,
                  double weight);
struct attempts *attempts_free(struct attempts *attempts); /* NULL */

/* Attempts of two sides, beside each other. */
struct pairing {
    uint64_t pairs;               /* valid on both sides */
    uint64_t base_only, new_only; /* of these, what is counted came of one side alone */
    uint64_t alone;               /* valid on one side */
    struct design design;         /* do attempts of one time have more in common? */
    struct paired paired;         /* all of them, for the difference of the two rates: as
                                     many independent ones as tell as much */
};
struct pairing pairing_of(const struct attempts *base, const struct attempts *new,
                          unsigned counted);
