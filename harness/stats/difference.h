/* difference.h - do two rates differ, and by how much? Pure.
 *
 * Two samples of kills can be related in two ways, and each has a test of its own.
 *
 * Independent samples come from different seeds. Their test is Fisher's: the two-sided
 * exact test of a 2x2 table, which adds up the probabilities of all tables with the same
 * margins that are no likelier than the observed one. The interval is MOVER (Zou and
 * Donner, "Construction of confidence limits about effect measures", Statistics in
 * Medicine 27 (2008), equation 4; Newcombe's "square and add") over the limits of Clopper
 * and Pearson: its coverage, enumerated in tests/unit/difference.c for 5 to 120 kills and
 * rates from 0 to 1, is at least 94.97% where 95% are promised (and above 95.4% from 20
 * kills on). Test and interval are not each other's inverse, and may disagree at the
 * border; a verdict needs both.
 *
 * Dependent samples share their instants: same seed, or two strategies of one run. If one
 * strategy leaks in the first half of its update and another in the second, each instant
 * harms exactly one of them, and Fisher's 5% are 16%. Where it is known what came of each
 * attempt, they are compared in pairs (paired.h). Else how they depend on each other is
 * not known, and the test holds under any dependence. If both rates were c, the
 * sample with more hits would have as many or more with probability
 * P(Bin(n1, c) >= k1), the other one as few or fewer with P(Bin(n0, c) <= k0); twice the
 * lesser of the two is a valid p-value (Bonferroni), at worst over all c where the two
 * tails cross; and twice that for the side that was not known beforehand. The interval is
 * that of two Clopper-Pearson intervals that share the error: [L1 - U0, U1 - L0]. It
 * leaves out 0 exactly if the test rejects.
 *
 * Of samples whose attempts weigh differently the estimate is that of their weights, and
 * tests and intervals are those of as many attempts as tell as much
 * (sample_effective()). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/interval.h"
#include "stats/sample.h"

struct difference_method {
    const char *test, *interval_name;
    const char *why; /* it and no other, in one sentence */
    /* Both are NULL of pairs (paired.h), for which samples are not enough. */
    /* That two rates are the same, two-sided. 1 if there are no attempts on a side. */
    double (*p_value)(struct sample base, struct sample new);
    /* Of the new rate minus the base's. [-1, 1] if there are no attempts on a side. */
    struct interval (*interval)(struct sample base, struct sample new, double confidence);
};

/* The method for samples that do or do not share their instants. */
const struct difference_method *difference_method(bool same_instants);
const struct difference_method *difference_method_of_pairs(void);
/* The method for samples of which at least one ended when its figures were good enough:
 * the interval is that of two confidence sequences (sequence.h) that share the error, and
 * p the least error at which they have nothing in common. Holds whatever they share. */
const struct difference_method *difference_method_of_stopped(void);

/* The new rate minus the base's; 0 if there are no attempts on a side. */
double difference_estimate(struct sample base, struct sample new);

/* Holm's correction for several tests ("A simple sequentially rejective multiple test
 * procedure", Scandinavian Journal of Statistics 6 (1979)): replaces p-values by adjusted
 * ones. Who rejects those at or below `a` rejects any true hypothesis with a probability
 * of at most `a`, however the tests depend on each other. */
void difference_holm(double *p_values, size_t count);

/* Where the search for a number of kills gives up. */
#define KILLS_MOST UINT64_C(1000000000)

/* About the least number of kills, from `from`, that decides a question, by doubling and
 * bisection; KILLS_MOST if that many do not decide it, or only just. Counts are whole
 * numbers, so a few more kills than an answer may again not decide. */
uint64_t kills_least(uint64_t from, bool (*decides)(const void *context, uint64_t kills),
                     const void *context);
