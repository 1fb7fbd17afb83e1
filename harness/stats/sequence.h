/* sequence.h - an interval of a proportion that holds however often one looks. Pure.
 *
 * An interval for a fixed number of attempts (interval.h) is right 95 times in 100 if one
 * looks once. Who looks after every kill, and stops when the interval pleases, is wrong
 * far more often. A confidence sequence is a family of intervals, one for every number of
 * attempts, of which with probability `confidence` *all* hold the truth; so does the one
 * at which a run stops, whatever made it stop. alpha = 1 - confidence is spent in two
 * halves, and an interval is what both leave:
 *
 * 1. alpha/2: Robbins' mixture. If the rate is p, the probability of the hits and misses
 *    seen so far, averaged over all rates with weight Beta(a, b), divided by that under
 *    p, is a martingale of mean 1:
 *
 *        M(p) = B(hits + a, attempts - hits + b) / B(a, b) /
 *               (p^hits (1 - p)^(attempts - hits))
 *
 *    It ever reaches 2/alpha with a probability of at most alpha/2 (Ville, "Etude
 *    critique de la notion de collectif", 1939). So all p with M(p) < 2/alpha: Robbins,
 *    "Statistical methods related to the law of the iterated logarithm", Annals of
 *    Mathematical Statistics 41 (1970); Lai, "On confidence sequences", Annals of
 *    Statistics 4 (1976). With a = b = 1/2: against 1, 1 it needs 1/20 more kills for a
 *    width at rates around a half, 1/8 fewer at 1 in 100, and 1/4 fewer at 1.
 * 2. alpha/2: no hit so far. The events "no hit in the first n" are nested, so p is
 *    refused for good at the first n at which (1 - p)^n < alpha/2, and wrongly with no
 *    more than that probability. So, as long as there is no hit, the upper end is
 *    1 - (alpha/2)^(1/n), which is Clopper and Pearson's: a strategy without any harm
 *    costs not one kill more than it does under a plan made in advance.
 *
 * What stopping freely costs where there are hits, in kills for the same width: 2 to 6
 * times those of a fixed number. */
#pragma once

#include <stdint.h>

#include "stats/interval.h"

/* What a run may wait for; 0: it does not. See stopping.h. It stands here because
 * requests carry it. */
struct stopping {
    double width;  /* every rate's interval is at most so wide: high - low */
    double below;  /* the harm rate of every clean strategy is below this */
    double time_s; /* or its kills have taken so long, whatever has been shown: no look at
                      the results, so the intervals need not allow for it */
};

/* 0 < confidence < 1. Holds hits / attempts; both ends are finite, also of 1e12 attempts.
 * Of 0 attempts: [0, 1]. */
struct interval sequence_interval(uint64_t hits, uint64_t attempts, double confidence);

/* The least number of attempts that show a rate below `below`, if none is a hit. As for
 * the next one: UINT64_MAX if there is no such number up to 2^53. */
uint64_t sequence_clean_kills(double below, double confidence);

/* The least number of attempts whose interval is at most `width` wide, if a share `rate`
 * of them are hits. Between two whole numbers of hits the width is taken as linear. */
uint64_t sequence_kills_for_width(double rate, double width, double confidence);
