/* sequence: the interval against values computed elsewhere, and against its definition:
 * looked at after every kill, it is ever wrong no more often than promised.
 *
 * How often it is ever wrong is computed, not only sampled. For a given truth the counts
 * of hits whose interval holds it are, after n kills, those from one number to another: a
 * corridor. The number of hits is a walk, and what is lost of its probability by the time
 * it has gone through N steps is the probability that one of N looks is wrong. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "coverage.h"
#include "stats/sequence.h"

enum { LOOKS = 4000, CAMPAIGNS = 2000 };

static const double rates[] = { 1e-3, 0.01, 0.1, 0.5, 0.9 };

/* A simulation of a right program fails with a probability below this, by the choice of
 * the seed. */
#define ERROR 1e-10

typedef struct interval interval_of(uint64_t hits, uint64_t attempts, double confidence);

static bool covers(interval_of *method, uint64_t hits, uint64_t attempts,
                   double confidence, double truth)
{
    struct interval interval = method(hits, attempts, confidence);

    return interval.low <= truth && truth <= interval.high;
}

/* The fewest and the most hits after n kills whose interval holds the truth. Both rise
 * with n, as an interval falls with attempts that are no hits. */
struct corridor {
    uint64_t fewest[LOOKS + 1], most[LOOKS + 1];
};

static void find_corridor(struct corridor *ret, interval_of *method, double confidence,
                          double truth)
{
    uint64_t fewest = 0, most = 0;

    for (uint64_t n = 0; n <= LOOKS; n++) {
        while (fewest < n && !covers(method, fewest, n, confidence, truth))
            fewest++;
        most = most > fewest ? most : fewest;
        while (most < n && covers(method, most + 1, n, confidence, truth))
            most++;
        ret->fewest[n] = fewest;
        ret->most[n] = most;
    }
}

/* The probability that at least one of the looks is wrong. */
static double ever_wrong(const struct corridor *within, double truth)
{
    static double chances[LOOKS + 2]; /* of k hits, and of no wrong look so far */
    double wrong = 0;

    memset(chances, 0, sizeof(chances));
    chances[0] = 1;
    for (uint64_t n = 1; n <= LOOKS; n++) {
        uint64_t from = within->fewest[n - 1], to = within->most[n - 1] + 1;

        for (uint64_t k = to; k > from; k--)
            chances[k] = chances[k] * (1 - truth) + chances[k - 1] * truth;
        chances[from] *= 1 - truth;
        for (uint64_t k = from; k <= to; k++) {
            if (within->fewest[n] <= k && k <= within->most[n])
                continue;
            wrong += chances[k];
            chances[k] = 0;
        }
    }
    return wrong;
}

static struct corridor corridor; /* the one that a test is in */

Test(sequence, is_right_at_all_looks_at_once)
{
    static const double confidences[] = { 0.5, 0.95, 0.999 };

    for (size_t c = 0; c < ARRAY_SIZE(confidences); c++) {
        for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
            double wrong;

            find_corridor(&corridor, sequence_interval, confidences[c], rates[i]);
            wrong = ever_wrong(&corridor, rates[i]);
            fprintf(stderr, "rate %g at %g%%: one of %d looks is wrong in %.3g%%\n",
                    rates[i], 100 * confidences[c], LOOKS, 100 * wrong);
            cr_expect_leq(wrong, 1 - confidences[c]);
            cr_expect_gt(wrong, 0, "never wrong is too wide");
        }
    }
}

/* The computation can fail: an interval for one look is wrong sooner or later. */
Test(sequence, is_needed)
{
    for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
        double wrong;

        find_corridor(&corridor, interval_proportion, 0.95, rates[i]);
        wrong = ever_wrong(&corridor, rates[i]);
        fprintf(stderr, "rate %g, Clopper-Pearson: one of %d looks is wrong in %.3g%%\n",
                rates[i], LOOKS, 100 * wrong);
        cr_expect_gt(wrong, 2 * 0.05);
    }
}

/* The same as the computation says, with kills that are drawn. */
Test(sequence, is_right_in_drawn_campaigns)
{
    for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
        struct coverage coverage = { 0.95, CAMPAIGNS, 0, CAMPAIGNS };
        char what[64];

        find_corridor(&corridor, sequence_interval, 0.95, rates[i]);
        for (uint64_t c = 0; c < CAMPAIGNS; c++) {
            uint64_t n = 0, hits = 0;

            while (n < LOOKS && corridor.fewest[n] <= hits && hits <= corridor.most[n])
                hits += rng_unit(i, c, n++) < rates[i];
            coverage.covered += corridor.fewest[n] <= hits && hits <= corridor.most[n];
        }
        snprintf(what, sizeof(what), "rate %g, all of %d looks", rates[i], LOOKS);
        coverage_expect(&coverage, ERROR, what);
    }
}

/* A rate that is just not below 1% is taken for one that is, at any look: without a hit
 * in no more than alpha / 2, and with hits in no more than alpha / 2 again. */
Test(sequence, rarely_calls_a_rate_lower_than_it_is)
{
    double truth = 0.01, none, any;
    uint64_t needed = sequence_clean_kills(truth, 0.95);

    find_corridor(&corridor, sequence_interval, 0.95, truth);
    for (uint64_t n = 0; n <= LOOKS; n++)
        corridor.most[n] = n;
    any = ever_wrong(&corridor, truth);
    none = pow(1 - truth, (double)needed);
    fprintf(stderr, "rate 1%% is called lower in %.3g%%, without a hit in %.3g%%\n",
            100 * any, 100 * none);
    cr_expect_leq(none, 0.025);
    cr_expect_geq(any, none);
    cr_expect_leq(any, 0.05);
}

static void expect_near(double value, double expected, const char *what, size_t i)
{
    cr_expect(fabs(value - expected) <= 1e-9 * fabs(expected),
              "case %zu: %s is %.12g, not %.12g", i, what, value, expected);
}

/* By bisection on quotients of beta functions with 60 digits (Python's mpmath). */
Test(sequence, is_robbins_and_no_hits)
{
    static const struct {
        uint64_t hits, attempts;
        double confidence, low, high;
    } cases[] = {
        { 0, 0, 0.95, 0, 1 },
        { 0, 1, 0.95, 0, 0.975 },
        { 1, 1, 0.95, 0.0125, 1 },
        { 1, 2, 0.95, 0.00313482714121, 0.996865172859 },
        { 5, 5, 0.95, 0.361250218598, 1 },
        { 10, 100, 0.95, 0.0264728609249, 0.236858856624 },
        { 50, 100, 0.99, 0.309644934533, 0.690355065467 },
        { 3, 20, 0.999, 0.00269115994296, 0.617890782196 },
        { 1, 1000, 0.90, 4.46397404871e-7, 0.00997474726475 },
        { 999, 1000, 0.95, 0.989265915551, 0.999999776851 },
        { 0, 10000, 0.95, 0, 0.000368819914619 },
        { 7, 10000, 0.95, 8.61853490526e-5, 0.0024191685856 },
        { 300000, 1000000, 0.95, 0.297870897676, 0.302134874246 },
        { 1, 1000000000000, 0.95, 7.05236984409e-21, 2.18542998259e-11 },
        { 500000000000, 1000000000000, 0.95, 0.49999702257, 0.50000297743 },
        { 1000000000000, 1000000000000, 0.999999, 0.999999999971, 1 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct interval got =
            sequence_interval(cases[i].hits, cases[i].attempts, cases[i].confidence);

        expect_near(got.low, cases[i].low, "low", i);
        expect_near(got.high, cases[i].high, "high", i);
    }
}

/* It holds the interval of a single look, and where there is no hit it costs nothing. */
Test(sequence, is_wider_than_a_single_look_but_where_nothing_was_hit)
{
    static const uint64_t attempts[] = { 1, 2, 7, 30, 400, 36887, UINT64_C(1) << 40 };
    static const double confidences[] = { 0.5, 0.8, 0.9, 0.95, 0.99, 0.9999 };

    for (size_t i = 0; i < ARRAY_SIZE(attempts); i++) {
        uint64_t n = attempts[i];

        for (size_t c = 0; c < ARRAY_SIZE(confidences); c++) {
            double confidence = confidences[c];
            struct interval none = sequence_interval(0, n, confidence);

            cr_expect_eq(none.low, 0);
            expect_near(none.high, interval_proportion(0, n, confidence).high, "0 hits",
                        i);
            for (uint64_t hits = 1; hits <= n; hits += 1 + n / 20) {
                struct interval once = interval_proportion(hits, n, confidence);
                struct interval always = sequence_interval(hits, n, confidence);

                cr_expect(always.low < once.low && always.high >= once.high, "%g of %g",
                          (double)hits, (double)n);
            }
        }
    }
}

Test(sequence, grows_with_hits_and_confidence_and_shrinks_with_attempts)
{
    for (uint64_t hits = 0; hits < 50; hits++) {
        struct interval fewer = sequence_interval(hits, 50, 0.95);
        struct interval more = sequence_interval(hits + 1, 50, 0.95);
        struct interval longer = sequence_interval(10 * hits, 500, 0.95);
        struct interval surer = sequence_interval(hits, 50, 0.96);

        cr_expect(fewer.low < more.low && fewer.high < more.high + (hits == 49),
                  "%d of 50", (int)hits);
        cr_expect(longer.high - longer.low < fewer.high - fewer.low, "%d of 50",
                  (int)hits);
        cr_expect(surer.low <= fewer.low && fewer.high < surer.high, "%d of 50",
                  (int)hits);
    }
    for (uint64_t n = 3; n < 300; n++) {
        struct interval shorter = sequence_interval(2, n, 0.95);
        struct interval longer = sequence_interval(2, n + 1, 0.95);

        cr_expect(longer.low < shorter.low && longer.high < shorter.high, "2 of %d",
                  (int)n);
    }
}

/* Hits and misses change places; but only no hits, not no misses, have a half of their
 * own. */
Test(sequence, is_symmetric)
{
    for (uint64_t hits = 1; hits < 90; hits++) {
        struct interval one = sequence_interval(hits, 90, 0.9);
        struct interval other = sequence_interval(90 - hits, 90, 0.9);

        expect_near(one.low, 1 - other.high, "mirrored", hits);
        expect_near(one.high, 1 - other.low, "mirrored", hits);
    }
    cr_expect_lt(sequence_interval(0, 90, 0.9).high,
                 1 - sequence_interval(90, 90, 0.9).low);
}

Test(sequence, is_finite_and_holds_the_estimate_whatever_comes)
{
    static const double confidences[] = { 1e-9, 0.5, 0.95, 0.999999, 1 - 1e-15 };
    static const uint64_t attempts[] = {
        1, 2, 3, 1000, 1000000007, UINT64_C(1000000000000), UINT64_C(1) << 53, UINT64_MAX
    };

    for (size_t i = 0; i < ARRAY_SIZE(attempts); i++) {
        uint64_t n = attempts[i];
        const uint64_t hits[] = { 0, 1, n / 1000, n / 2, n - n / 1000, n - 1, n };

        for (size_t c = 0; c < ARRAY_SIZE(confidences); c++) {
            for (size_t h = 0; h < ARRAY_SIZE(hits); h++) {
                struct interval got = sequence_interval(hits[h], n, confidences[c]);
                double share = (double)hits[h] / (double)n;

                cr_expect(0 <= got.low && got.low <= share && share <= got.high &&
                              got.high <= 1,
                          "%g of %g at %g: [%g, %g]", (double)hits[h], (double)n,
                          confidences[c], got.low, got.high);
                cr_expect(hits[h] == 0 || got.low < share);
                cr_expect(share >= 1 || share < got.high);
            }
        }
    }
}

/* By log(tail) / log(1 - below) with 50 digits (Python's decimal), rounded up. */
Test(kills, without_a_hit)
{
    static const struct {
        double below, confidence;
        uint64_t kills;
    } cases[] = {
        { 1e-4, 0.95, 36887 },   { 0.001, 0.95, 3688 },   { 0.01, 0.95, 368 },
        { 0.05, 0.95, 72 },      { 1e-6, 0.95, 3688878 }, { 1e-4, 0.99, 52981 },
        { 0.001, 0.9, 2995 },    { 0.01, 0.5, 138 },      { 0.976, 0.95, 1 },
        { 1, 0.95, 1 },          { 2, 0.95, 0 },          { 1e-18, 0.95, UINT64_MAX },
        { 0, 0.95, UINT64_MAX },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t got = sequence_clean_kills(cases[i].below, cases[i].confidence);

        cr_expect_eq(got, cases[i].kills, "case %zu: %llu", i, (unsigned long long)got);
        if (got == 0 || got == UINT64_MAX)
            continue;
        cr_expect_lt(sequence_interval(0, got, cases[i].confidence).high, cases[i].below);
        cr_expect_geq(sequence_interval(0, got - 1, cases[i].confidence).high,
                      cases[i].below);
    }
}

static double width(uint64_t hits, uint64_t attempts)
{
    struct interval interval = sequence_interval(hits, attempts, 0.95);

    return interval.high - interval.low;
}

/* Enough for the worst rate is enough for every rate, and one kill less is not. */
Test(kills, for_a_width)
{
    static const double widths[] = { 0.5, 0.2, 0.1 };
    static const double shares[] = { 0, 1e-3, 0.01, 0.1, 0.3, 0.499, 0.6, 0.9, 1 };

    for (size_t w = 0; w < ARRAY_SIZE(widths); w++) {
        uint64_t n = sequence_kills_for_width(0.5, widths[w], 0.95);

        fprintf(stderr, "width %g: %d kills\n", widths[w], (int)n);
        for (uint64_t hits = 0; hits <= n; hits++)
            cr_expect_leq(width(hits, n), widths[w], "%d of %d", (int)hits, (int)n);
        cr_expect_gt(width((n - 1) / 2, n - 1), widths[w]);
        for (size_t s = 0; s < ARRAY_SIZE(shares); s++)
            cr_expect_leq(sequence_kills_for_width(shares[s], widths[w], 0.95), n);
    }
    cr_expect_eq(sequence_kills_for_width(0, 0.01, 0.95), 368, "as sequence_clean_kills");
    cr_expect_eq(sequence_kills_for_width(0.3, 1, 0.95), 0);
    cr_expect_eq(sequence_kills_for_width(0.3, 0, 0.95), UINT64_MAX);
    cr_expect_eq(sequence_kills_for_width(0.5, 1e-12, 0.95), UINT64_MAX);
    cr_expect_eq(sequence_kills_for_width(NAN, NAN, 0.95), UINT64_MAX);
}
