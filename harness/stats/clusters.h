/* clusters.h - do attempts of one time have more in common than chance? Pure.
 *
 * Attempts are counted in blocks of time. If each were independent of all others, blocks
 * would differ by chance alone. Where a machine is busy in between, or changes its speed,
 * they differ by more: then so many attempts say as much about the rate as fewer
 * independent ones. By how many fewer is the design effect (Kish, "Survey Sampling"
 * (1965)): the variance between blocks over that of single attempts. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What came of a block's attempts: numbers, or weights (weighted.h). */
struct cluster {
    double all, hit;
};

/* Of all attempts. */
struct clustered {
    const struct cluster *blocks; /* in the order of time */
    size_t count;
    double rarer;  /* hits, or attempts that are none, whichever are fewer */
    double single; /* sum of (weight x (hit - rate))^2: the variance of single attempts */
};

struct design {
    double effect; /* 1: chance explains how blocks differ, or there are too few hits */
    unsigned freedom; /* blocks - 1; 0: none were looked at */
};

/* Blocks are put together to 16, and to 8, which find what changes slowly; but so that
 * there are two of the rarer attempts or more in each. If blocks of either differ by more
 * than chance makes them in four of five cases, the effect is what they say, the larger
 * of both. Simulated (tests/unit/clusters.c): of independent attempts 28% are found to
 * have an effect, which is small; where one time does differ from another, intervals hold
 * the truth more often by one to two points than if nine of ten cases were asked for. */
struct design clusters_design(const struct clustered *clustered);

/* How probable are differences as large as those between 16 blocks (or 8), and between
 * the first half and the second, if attempts are independent? Asked only if the rarer
 * attempts are five per block or more. */
struct drift {
    bool known;
    double blocks_p, halves_p;
    double first, second; /* the rates of the halves */
};
struct drift clusters_drift(const struct clustered *clustered);
