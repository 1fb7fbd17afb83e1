/* sequence.c - see sequence.h.
 *
 * With a = b = 1/2 the mixture's probability of k hits in n is that of the discrete
 * arcsine law, u(k) u(n - k), where u(j) is the probability of j heads in 2j throws of a
 * coin (Feller, An Introduction to Probability Theory I, III.4). So M(p) is a quotient of
 * binomial probabilities, which r-mathlib computes without cancellation however large n
 * is (Loader, "Fast and accurate computation of binomial probabilities", 2000). Quotients
 * of beta functions would lose all digits there. */
#include "stats/sequence.h"

#include <math.h>
#include <stdbool.h>

#include "base/mutant.h"

#define MATHLIB_STANDALONE 1
#include <Rmath.h>

/* A double holds all whole numbers up to this one. */
#define MOST_ATTEMPTS (UINT64_C(1) << 53)

/* Enough to come to neighbouring doubles from wherever a search begins here. */
#define HALVINGS 200

static double tail_of(double confidence)
{
    return (1 - confidence) / 2;
}

static double log_arcsine(double j)
{
    return dbinom(j, 2 * j, 0.5, 1);
}

/* The least or largest p that the mixture refuses, whichever lies on the way from the
 * estimate to `outside`. It is the refused one of two neighbours: what rounding takes, it
 * takes from the narrowness of the interval. log M(p) is convex with its minimum, which
 * is not above 0, at the estimate. */
static double refused(double hits, double attempts, double log_limit, double outside)
{
    double log_mixture = log_arcsine(hits) + log_arcsine(attempts - hits);
    double inside = hits / attempts;

    for (int i = 0; i < HALVINGS; i++) {
        double middle = inside + (outside - inside) / 2;

        if (middle == inside || middle == outside)
            break;
        if (log_mixture - dbinom(hits, attempts, middle, 1) < log_limit)
            inside = middle;
        else
            outside = middle;
    }
    return outside;
}

/* 1 - tail^(1/n). The mixture alone would give more: its M(p) is (1 - p)^-n u(n). */
static double high_without_hits(uint64_t attempts, double confidence)
{
    return attempts ? -expm1(log(tail_of(confidence)) / (double)attempts) : 1;
}

struct interval sequence_interval(uint64_t hits, uint64_t attempts, double confidence)
{
    double k = (double)hits, n = (double)attempts;
    double log_limit = -log(tail_of(confidence));

    if (mutant("look-once"))
        return interval_proportion(hits, attempts, confidence);
    if (hits == 0)
        return (struct interval){ 0, high_without_hits(attempts, confidence) };
    return (struct interval){
        .low = refused(k, n, log_limit, 0),
        .high = hits == attempts ? 1 : refused(k, n, log_limit, 1),
    };
}

uint64_t sequence_clean_kills(double below, double confidence)
{
    uint64_t least = 0, enough = MOST_ATTEMPTS;

    if (!(high_without_hits(enough, confidence) < below))
        return UINT64_MAX;
    while (least < enough) {
        uint64_t middle = least + (enough - least) / 2;

        if (high_without_hits(middle, confidence) < below)
            enough = middle;
        else
            least = middle + 1;
    }
    return enough;
}

static double width_of(uint64_t hits, uint64_t attempts, double confidence)
{
    struct interval interval = sequence_interval(hits, attempts, confidence);

    return interval.high - interval.low;
}

static double width_at(double rate, uint64_t attempts, double confidence)
{
    double expected = rate * (double)attempts;
    uint64_t fewer = (uint64_t)expected;
    double part = expected - (double)fewer;
    double width = width_of(fewer, attempts, confidence);

    return part > 0 ? width + part * (width_of(fewer + 1, attempts, confidence) - width)
                    : width;
}

uint64_t sequence_kills_for_width(double rate, double width, double confidence)
{
    uint64_t least = 0, enough = MOST_ATTEMPTS;

    rate = rate > 0 ? fmin(rate, 1) : 0;
    if (!(width_at(rate, enough, confidence) <= width))
        return UINT64_MAX;
    while (least < enough) {
        uint64_t middle = least + (enough - least) / 2;

        if (width_at(rate, middle, confidence) <= width)
            enough = middle;
        else
            least = middle + 1;
    }
    return enough;
}
