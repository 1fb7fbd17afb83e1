/* coverage.h - does an interval cover a known truth as often as it promises?
 *
 * Of many campaigns a share of at least `confidence` must cover the truth. Exact
 * (Clopper-Pearson) intervals cover more often than that, because counts are whole
 * numbers: each side misses with a probability between a = (1 - confidence) / 2 and a
 * less that of the one count at the border. So the coverage of one campaign lies between
 * `confidence` and that plus twice the probability of the likeliest count, and the number
 * of campaigns that cover lies between two binomial ones. Their tails are the bounds. (A
 * sum of trials whose probabilities differ has shorter tails than a binomial one of their
 * mean: Hoeffding 1956.)
 *
 * At a confidence of 0.95 no 300 campaigns are too many to cover; a low confidence is
 * what shows intervals that are too wide. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "stats/interval.h"

struct coverage {
    double confidence;
    uint64_t campaigns, covered;
    double most; /* sum of upper bounds of the probabilities that a campaign covers */
};

/* A campaign of so many valid kills gave this interval. */
void coverage_add(struct coverage *coverage, struct interval interval, uint64_t kills,
                  double truth);
/* Are the campaigns that cover neither too few nor too many? Each side is wrong about a
 * correct program with a probability below `error`. */
bool coverage_is_right(const struct coverage *coverage, double error);
/* Expects that, and prints how many they are. */
void coverage_expect(const struct coverage *coverage, double error, const char *what);

/* The probability of k hits in n attempts. */
double binomial(uint64_t k, uint64_t n, double p);
