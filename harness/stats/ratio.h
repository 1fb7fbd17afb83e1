/* ratio.h - how many times as fast? Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/interval.h"

/* The ratio of mean durations, base over new. */
struct ratio {
    bool known; /* else everything is 0 */
    double estimate;
    struct interval interval;
};

#define BOOTSTRAP_RESAMPLES 2000
#define BOOTSTRAP_LEAST 5 /* durations on each side; of fewer there is no interval */

/* With the bootstrap's percentile interval (Efron and Tibshirani, "An Introduction to the
 * Bootstrap" (1993), chapter 13), repeatable for a seed, whatever the samples' order. It
 * tells how far the mean of so many updates can be trusted, and nothing about whether the
 * machine was as fast in another run. Not known beyond 99.9%: so many resamples have no
 * such tails. */
struct ratio ratio_bootstrap(const uint64_t *base_ns, size_t base_count,
                             const uint64_t *new_ns, size_t new_count, double confidence,
                             uint64_t seed);

/* The bootstrap's interval of the sum of parts over the sum of the wholes, if part i is
 * of whole i: both are drawn together. [0, 1] where ratio_bootstrap() would not know. */
struct interval ratio_of_sums(const uint64_t *parts, const uint64_t *wholes, size_t count,
                              double confidence, uint64_t seed);
