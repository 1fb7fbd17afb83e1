/* interval: the interval against values computed elsewhere, and against its definition:
 * whatever the true proportion, it is inside at least as often as promised. */
#include <criterion/criterion.h>
#include <math.h>

#include "base/mem.h"
#include "coverage.h"
#include "stats/durations.h"

static void expect_near(double value, double expected, const char *what, size_t i)
{
    cr_expect(fabs(value - expected) <= 1e-9 * fabs(expected),
              "case %zu: %s is %.12g, not %.12g", i, what, value, expected);
}

/* By bisection on exact binomial sums with 60 digits (Python's decimal). */
Test(proportion, is_clopper_and_pearsons)
{
    static const struct {
        uint64_t hits, attempts;
        double confidence, low, high;
    } cases[] = {
        { 0, 0, 0.95, 0, 1 },
        { 0, 1, 0.95, 0, 0.975 },
        { 1, 1, 0.95, 0.025, 1 },
        { 1, 2, 0.95, 0.0125791170934, 0.987420882907 },
        { 5, 5, 0.95, 0.478176249895, 1 },
        { 10, 100, 0.95, 0.0490046892215, 0.17622259774 },
        { 50, 100, 0.99, 0.368861437359, 0.631138562641 },
        { 3, 20, 0.999, 0.00785569330162, 0.531602669876 },
        { 1, 1000, 0.90, 5.1291978909e-05, 0.0047349935755 },
        { 999, 1000, 0.95, 0.99444107572, 0.999974682513 },
        { 0, 10000, 0.95, 0, 0.000368819914619 },
        { 7, 10000, 0.95, 0.000281481145743, 0.00144173230915 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct interval got =
            interval_proportion(cases[i].hits, cases[i].attempts, cases[i].confidence);

        expect_near(got.low, cases[i].low, "low", i);
        expect_near(got.high, cases[i].high, "high", i);
    }
}

/* The coverage, exactly: the probabilities of all outcomes whose interval holds p, summed
 * up. */
Test(proportion, covers_as_often_as_it_promises)
{
    static const uint64_t attempts[] = { 1, 2, 10, 57, 400 };
    static const double ps[] = { 1e-4, 0.003, 0.05, 0.2, 0.5, 0.77, 0.999 };
    static const double confidences[] = { 0.8, 0.95, 0.999 };

    for (size_t i = 0; i < ARRAY_SIZE(attempts); i++) {
        for (size_t j = 0; j < ARRAY_SIZE(ps); j++) {
            for (size_t c = 0; c < ARRAY_SIZE(confidences); c++) {
                double all = 0, covered = 0;

                for (uint64_t k = 0; k <= attempts[i]; k++) {
                    double weight = binomial(k, attempts[i], ps[j]);
                    struct interval interval =
                        interval_proportion(k, attempts[i], confidences[c]);

                    all += weight;
                    if (interval.low <= ps[j] && ps[j] <= interval.high)
                        covered += weight;
                }
                cr_assert_float_eq(all, 1, 1e-9, "the test's own sum");
                cr_expect_geq(covered, confidences[c] - 1e-9, "n %d, p %g: %g < %g",
                              (int)attempts[i], ps[j], covered, confidences[c]);
            }
        }
    }
}

Test(proportion, grows_with_hits_and_shrinks_with_attempts)
{
    for (uint64_t hits = 0; hits < 50; hits++) {
        struct interval fewer = interval_proportion(hits, 50, 0.95);
        struct interval more = interval_proportion(hits + 1, 50, 0.95);
        struct interval longer = interval_proportion(10 * hits, 500, 0.95);

        cr_expect(fewer.low < more.low && fewer.high < more.high + (hits == 49),
                  "%d of 50", (int)hits);
        cr_expect(longer.high - longer.low < fewer.high - fewer.low, "%d of 50",
                  (int)hits);
    }
}

/* Type 7, as R's quantile() and NumPy's default. */
Test(samples, quantiles_and_means)
{
    static const struct {
        uint64_t samples[5];
        size_t count;
        double q, quantile, mean;
    } cases[] = {
        { { 0 }, 0, 0.5, 0, 0 },
        { { 7 }, 1, 0, 7, 7 },
        { { 7 }, 1, 0.99, 7, 7 },
        { { 20, 10 }, 2, 0.5, 15, 15 },
        { { 20, 10 }, 2, 0.9, 19, 15 },
        { { 5, 1, 4, 2, 3 }, 5, 0, 1, 3 },
        { { 5, 1, 4, 2, 3 }, 5, 0.25, 2, 3 },
        { { 5, 1, 4, 2, 3 }, 5, 0.5, 3, 3 },
        { { 5, 1, 4, 2, 3 }, 5, 0.9, 4.6, 3 },
        { { 5, 1, 4, 2, 3 }, 5, 1, 5, 3 },
        { { 9, 9, 9, 9, 109 }, 5, 0.75, 9, 29 },
        { { 9, 9, 9, 9, 109 }, 5, 0.99, 105, 29 },
        { { UINT64_MAX, UINT64_MAX - 1 }, 2, 1, 0x1p64, 0x1p64 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t samples[5];

        for (size_t s = 0; s < 5; s++)
            samples[s] = cases[i].samples[s];
        expect_near(durations_mean(samples, cases[i].count), cases[i].mean, "the mean",
                    i);
        expect_near(durations_quantile(samples, cases[i].count, cases[i].q),
                    cases[i].quantile, "the quantile", i);
    }
}
