/* paired.h - do two rates differ, if attempts were made in pairs? Pure.
 *
 * Attempt a of both sides shares its instant, so what both did there is not independent,
 * and most of it is the same. Only attempts that one side hit and the other did not tell
 * the sides apart: the discordant ones. If the rates are the same, either side has as
 * many of them, whatever the sides have in common. The test is McNemar's, its mid-p
 * variant: twice the probability that of all discordant pairs one side has more than it
 * has, and half of that of just as many (Fagerland, Lydersen and Laake, "The McNemar test
 * for binary matched-pairs data: mid-p and asymptotic are better than exact conditional",
 * BMC Medical Research Methodology 13 (2013) 91).
 *
 * The interval of the difference is Tango's: all differences that the score test does not
 * reject ("Equivalence test and confidence interval for the difference in proportions for
 * the paired-sample design", Statistics in Medicine 17 (1998)). It was chosen among
 * those that Fagerland, Lydersen and Laake recommend ("Recommended tests and confidence
 * intervals for paired binomial proportions", Statistics in Medicine 33 (2014)) by the
 * coverages that tests/unit/paired.c enumerates.
 *
 * Attempts may weigh differently, and one may be valid on one side only. Then the
 * difference of the weighted rates is a sum over attempts of what each adds to it, and
 * its variance the sum of their squares, whatever the two sides of an attempt have in
 * common (the linearised ratio of survey sampling: Woodruff, "A simple method for
 * approximating the variance of a complicated estimate", Journal of the American
 * Statistical Association 66 (1971)). Test and interval are those of as many pairs of
 * equal weight, and as many discordant ones, as have the same difference and the same
 * variance. Of pairs that are valid on both sides and weigh the same these are the pairs
 * themselves, exactly. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "stats/interval.h"

struct paired {
    double of;          /* pairs; no whole number, if they stand for others */
    double more, fewer; /* of these: hits of the new side alone, and of the base alone */
};

/* What attempts add to the difference of two rates. */
struct paired_sum {
    double sum, absolute, squares;
};
void paired_add(struct paired_sum *sum, double addend);

/* As many pairs of equal weight as tell as much. A discordant one stands for what those
 * that were seen add on average, or for one of `pairs` that weigh as much as all of them
 * together, if that is more. */
struct paired paired_from(const struct paired_sum *sum, double pairs);

double paired_estimate(const struct paired *paired); /* the new rate minus the base's */
/* That the rates are the same, two-sided. */
double paired_p(const struct paired *paired);
/* [-1, 1] of no pairs. */
struct interval paired_interval(const struct paired *paired, double confidence);

/* What so many times as many pairs would show. */
struct paired paired_scaled(const struct paired *paired, double factor);
