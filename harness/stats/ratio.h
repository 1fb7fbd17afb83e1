/* ratio.h - how many times as fast? Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/interval.h"

/* The ratio of mean durations, base over new. */
struct ratio {
    bool known;   /* else everything is 0 */
    bool bounded; /* there is an interval; else it is 0 */
    double estimate;
    struct interval interval;
};

/* Durations that were measured side by side, in one process and for a short while. */
struct ratio_block {
    double base_ns, new_ns; /* sums */
    uint64_t base_count, new_count;
};

/* Of fewer blocks there is no interval. */
#define RATIO_LEAST_BLOCKS 3

/* Durations of one block have more in common than the strategy: the CPU's frequency, its
 * caches, what else the machine does; so they are no independent observations, and blocks
 * are. What slows down both sides of a block cancels out. The interval is the delete-one
 * jackknife's of the logarithm of the ratio of the means (Efron and Tibshirani, "An
 * Introduction to the Bootstrap" (1993), chapter 11), with Student's t of blocks - 1: of
 * so few blocks the percentiles of a bootstrap are too narrow. Its coverage is simulated
 * in tests/unit/ratio.c. Blocks in which a side is missing are left out. */
struct ratio ratio_of_blocks(const struct ratio_block *blocks, size_t count,
                             double confidence);

#ifndef BOOTSTRAP_RESAMPLES /* a build for fuzzers has no time for so many */
#define BOOTSTRAP_RESAMPLES 2000
#endif
#define BOOTSTRAP_LEAST 5 /* pairs; of fewer there is no interval */

/* The bootstrap's percentile interval (the same, chapter 13) of the sum of parts over the
 * sum of the wholes, if part i is of whole i: both are drawn together. Repeatable for a
 * seed. [0, 1] of too few, and beyond 99.9%: so many resamples have no such tails. */
struct interval ratio_of_sums(const uint64_t *parts, const uint64_t *wholes, size_t count,
                              double confidence, uint64_t seed);
