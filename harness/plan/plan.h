/* plan.h - what will be tried, as a function of the seed and the trial's number. Pure.
 *
 * Attempt a of every strategy belongs to round a; a round tries each strategy once, in an
 * order of its own, so that strategies are interleaved and a slow minute of the machine
 * hits all alike. The instant of attempt a is the same fraction of the update for every
 * strategy. Trial number t = a * strategies + place in the round. Nothing depends on
 * lanes or shards (agenda.h): they only say where a trial is run. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define ATTEMPTS_MOST UINT64_C(1000000000) /* per strategy */

struct plan {
    uint64_t seed;
    size_t strategies; /* how many take part */
    uint64_t attempts; /* per strategy */
};

struct plan_trial {
    uint64_t number;
    size_t strategy; /* index into the strategies that take part */
    double fraction; /* of the update's calibrated duration, in [0, 1) */
};

/* How many trials there are; they are numbered from 0. */
uint64_t plan_trials(const struct plan *plan);
struct plan_trial plan_trial(const struct plan *plan, uint64_t number);
