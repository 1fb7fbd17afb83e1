/* sample.h - attempts, and how many of them were hits: what rates, their intervals and
 * their differences are made of. Pure.
 *
 * Attempts may weigh differently (weighted.h). Where a method is made for whole numbers
 * of attempts that are alike (a confidence sequence, an exact test), it is given the
 * number that tells as much. Nor need they be independent (clusters.h): then an interval
 * is that of as many as tell as much. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "stats/clusters.h"
#include "stats/interval.h"
#include "stats/weighted.h"

struct sample {
    uint64_t hits, of;
    struct weighted hit, other; /* both empty: all weigh the same */
    struct design design;       /* empty: all are independent */
};

/* Do its attempts weigh differently? */
bool sample_is_weighted(const struct sample *sample);

/* The share of hits, by weight; 0 of none. */
double sample_rate(const struct sample *sample);

/* By how much fewer independent attempts would tell as much: 1 if these are. An effect
 * that is known from few blocks is not known well, so it is larger by what Student's t of
 * blocks - 1 has over that of all attempts, squared (Korn and Graubard, as below). */
double sample_effect(const struct sample *sample, double confidence);

/* Clopper and Pearson's interval, or that of weighted.h; of attempts that are not
 * independent Korn and Graubard's, which is the former of as many as tell as much. */
struct interval sample_interval(const struct sample *sample, double confidence);

/* That of sequence.h, of as many attempts that weigh the same and tell as much about a
 * share (weighted_effective()). */
struct interval sample_sequence_interval(const struct sample *sample, double confidence);

/* Sum of (weight x (hit - rate))^2: the variance of what single attempts add. */
double sample_squares(const struct sample *sample);

/* As many independent attempts that weigh the same, whose rate has the same variance
 * (Korn and Graubard, "Confidence intervals for proportions with small expected number of
 * positive counts estimated from survey data", Survey Methodology 24 (1998)). The sample
 * itself, without weights, if they are equal and attempts are independent. */
struct sample sample_effective(const struct sample *sample);

/* What so many attempts would show at the same rate, and with the same effect. Of none
 * the rate stays 0. */
struct sample sample_scaled(const struct sample *sample, uint64_t attempts);
