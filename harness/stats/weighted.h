/* weighted.h - a proportion of observations that do not weigh the same. Pure.
 *
 * Kills are drawn more densely where updates spend most of their time, and each counts
 * for as much time as lies between it and its neighbours: its weight, in ns. The share of
 * update time in which a death does harm is the weight of the kills that did over the
 * weight of all that landed inside an update (Horvitz and Thompson, "A generalization of
 * sampling without replacement from a finite universe", Journal of the American
 * Statistical Association 47 (1952); the ratio is Hajek's).
 *
 * Its interval: the weight of the hits and that of the others are sums of independent
 * weighted counts, whose limits are those of gamma distributions (Fay and Feuer,
 * "Confidence intervals for directly standardized rates", Statistics in Medicine 16
 * (1997)): the lower one has the mean and the variance of the sum, the upper one those of
 * the sum with one more observation. What that one would weigh is not known; it is taken
 * to weigh what a unit of weight belongs to on average (the sum of the squares over the
 * sum; Tiwari, Clegg and Zou, "Efficient interval estimation for age-adjusted cancer
 * rates", Statistical Methods in Medical Research 15 (2006), take the mean, and the
 * heaviest, which Fay and Feuer take, is wide). The lower limit of the share
 * is the quantile of low / (low + high) (Fay, Proschan and Brittain, "Combining
 * one-sample confidence procedures for inference in the two-sample case", Biometrics 71
 * (2015)), where low belongs to the hits and high to the others; the upper one the other
 * way round. Where all weights are equal this is the interval of Clopper and Pearson,
 * exactly. Its coverage where they are not is simulated in tests/unit/coverage.c. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "stats/interval.h"

struct weighted {
    uint64_t count;
    double sum, squares; /* of the weights, and of their squares */
};

/* One more, of a weight > 0. */
void weighted_add(struct weighted *weighted, double weight);

/* Both together, and what is in the whole and not in the part. */
struct weighted weighted_both(const struct weighted *a, const struct weighted *b);
struct weighted weighted_rest(const struct weighted *whole, const struct weighted *part);

/* The same weight of observations that tell as much as 1 / effect of them would, if those
 * were independent (clusters.h). */
struct weighted weighted_spread(const struct weighted *weighted, double effect);

/* What a unit of weight belongs to on average; 0 of none. */
double weighted_unit(const struct weighted *weighted);

/* Of the sum of the weights, if the number of observations is Poisson's and one more
 * would weigh `unit`. */
struct interval weighted_sum_interval(const struct weighted *weighted, double unit,
                                      double confidence);

/* Of the share that the hits have in the sum of both. Of none: [0, 1]. */
struct interval weighted_share_interval(const struct weighted *hits,
                                        const struct weighted *others, double confidence);

/* As many observations of the same weight tell as much (Kish, "Survey Sampling" (1965)):
 * the count, if all weights are equal. */
double weighted_effective(const struct weighted *weighted);
bool weighted_equal(const struct weighted *weighted); /* but for rounding */
