/* weighted, sample: with equal weights everything is what it is without any; with others
 * intervals hold the estimate, grow with what is not known, and do not depend on the
 * unit. How often they hold the truth: coverage.c. */
#include "stats/weighted.h"

#include <criterion/criterion.h>
#include <math.h>

#include "base/mem.h"
#include "stats/difference.h"
#include "stats/sample.h"
#include "stats/sequence.h"

static struct weighted many(uint64_t count, double weight)
{
    struct weighted weighted = { .count = 0 };

    for (uint64_t i = 0; i < count; i++)
        weighted_add(&weighted, weight);
    return weighted;
}

static struct sample equal(uint64_t hits, uint64_t of, double weight)
{
    return (struct sample){ .hits = hits,
                            .of = of,
                            .hit = many(hits, weight),
                            .other = many(of - hits, weight) };
}

static void expect_near(double is, double should, const char *what)
{
    cr_expect(fabs(is - should) <= 1e-9 * fmax(1e-3, fabs(should)),
              "%s: %.15g, not %.15g", what, is, should);
}

Test(weighted, equal_weights_make_clopper_and_pearsons_interval)
{
    static const uint64_t of[] = { 1, 2, 10, 100, 1000 };
    static const double confidences[] = { 0.5, 0.95, 0.999 };

    for (size_t n = 0; n < ARRAY_SIZE(of); n++)
        for (uint64_t hits = 0; hits <= of[n]; hits += 1 + of[n] / 7)
            for (size_t c = 0; c < ARRAY_SIZE(confidences); c++) {
                struct weighted hit = many(hits, 0.1), other = many(of[n] - hits, 0.1);
                struct interval is =
                    weighted_share_interval(&hit, &other, confidences[c]);
                struct interval should = interval_proportion(hits, of[n], confidences[c]);

                expect_near(is.low, should.low, "low");
                expect_near(is.high, should.high, "high");
            }
}

/* The limits of Garwood ("Fiducial limits for the Poisson distribution", Biometrika 28
 * (1936)), from the tables in every book: of 0 and of 10 events. */
Test(weighted, sums_of_equal_weights_have_poissons_limits)
{
    struct weighted none = { .count = 0 }, ten = many(10, 3);

    expect_near(weighted_sum_interval(&none, 3, 0.95).high, 3 * 3.6888794541139363,
                "0 events");
    cr_expect(fabs(weighted_sum_interval(&ten, 3, 0.95).low - 3 * 4.7954) < 1e-3);
    cr_expect(fabs(weighted_sum_interval(&ten, 3, 0.95).high - 3 * 18.3904) < 1e-3);
    cr_expect_eq(weighted_sum_interval(&none, 3, 0.95).low, 0);
}

Test(weighted, intervals_hold_the_estimate_in_any_unit)
{
    for (unsigned seed = 0; seed < 200; seed++) {
        struct weighted hit[2] = { 0 }, other[2] = { 0 };
        struct interval narrow, wide, scaled;
        double share;

        for (unsigned i = 0; i < 30 + seed; i++) {
            double weight = 1 + (double)((i * 7 + seed) % 5) * (seed % 3);
            bool is_hit = (i * 5 + seed) % 4 == 0;

            weighted_add(is_hit ? &hit[0] : &other[0], weight);
            weighted_add(is_hit ? &hit[1] : &other[1], 1e6 * weight);
        }
        share = hit[0].sum / (hit[0].sum + other[0].sum);
        narrow = weighted_share_interval(&hit[0], &other[0], 0.5);
        wide = weighted_share_interval(&hit[0], &other[0], 0.99);
        scaled = weighted_share_interval(&hit[1], &other[1], 0.99);
        cr_expect(narrow.low <= share && share <= narrow.high, "seed %u", seed);
        cr_expect(wide.low < narrow.low && narrow.high < wide.high, "seed %u", seed);
        expect_near(scaled.low, wide.low, "low");
        expect_near(scaled.high, wide.high, "high");
    }
}

Test(weighted, of_nothing_everything_is_possible)
{
    struct weighted none = { .count = 0 }, some = many(5, 2);
    struct interval nothing = weighted_share_interval(&none, &none, 0.95);

    cr_expect_eq(nothing.low, 0);
    cr_expect_eq(nothing.high, 1);
    cr_expect_eq(weighted_share_interval(&none, &some, 0.95).low, 0);
    cr_expect_eq(weighted_share_interval(&some, &none, 0.95).high, 1);
    cr_expect_eq(weighted_effective(&none), 0);
    cr_expect(weighted_equal(&none));
}

Test(weighted, what_is_left_is_the_whole_less_a_part)
{
    struct weighted hit = many(3, 2), other = many(4, 5);
    struct weighted whole = weighted_both(&hit, &other);
    struct weighted rest = weighted_rest(&whole, &hit);

    cr_expect_eq(rest.count, 4);
    expect_near(rest.sum, 20, "sum");
    expect_near(rest.squares, 100, "squares");
    rest = weighted_rest(&whole, &whole);
    cr_expect_eq(rest.count, 0);
    cr_expect_eq(rest.sum, 0);
}

/* A light one is lost in the squares of many that weigh a thousand million times as much;
 * its own are no less than its weight's. */
Test(weighted, what_is_left_is_not_lost_in_rounding)
{
    struct weighted heavy = many(1000, 1e12), light = many(1, 1e3);
    struct weighted whole = weighted_both(&heavy, &light);
    struct weighted rest = weighted_rest(&whole, &heavy);
    struct interval interval = weighted_share_interval(&heavy, &rest, 0.95);

    expect_near(rest.squares, 1e6, "squares");
    cr_expect(interval.low > 0 && interval.low <= interval.high && interval.high <= 1,
              "[%g, %g]", interval.low, interval.high);
}

Test(sample, equal_weights_change_nothing)
{
    struct sample plain = { .hits = 12, .of = 90 }, heavy = equal(12, 90, 1234.5);
    struct sample other = { .hits = 30, .of = 80 }, other_heavy = equal(30, 80, 1234.5);

    cr_expect(!sample_is_weighted(&heavy));
    cr_expect_eq(sample_rate(&heavy), sample_rate(&plain));
    cr_expect_eq(sample_interval(&heavy, 0.95).low, sample_interval(&plain, 0.95).low);
    cr_expect_eq(sample_sequence_interval(&heavy, 0.95).high,
                 sequence_interval(12, 90, 0.95).high);
    cr_expect_eq(sample_effective(&heavy).of, 90);
    for (int dependent = 0; dependent < 2; dependent++) {
        const struct difference_method *method = difference_method(dependent);

        cr_expect_eq(method->p_value(plain, other), method->p_value(heavy, other_heavy));
        cr_expect_eq(method->interval(plain, other, 0.95).low,
                     method->interval(heavy, other_heavy, 0.95).low);
    }
}

/* Kills that count for more tell less in all: fewer of the same weight would do. */
Test(sample, unequal_weights_tell_less)
{
    struct sample sample = { .hits = 20, .of = 100 };
    struct sample effective;

    for (unsigned i = 0; i < 100; i++)
        weighted_add(i < 20 ? &sample.hit : &sample.other, i % 10 == 0 ? 20 : 1);
    effective = sample_effective(&sample);
    cr_expect(sample_is_weighted(&sample));
    cr_expect_lt(effective.of, 50);
    cr_expect(fabs((double)effective.hits / (double)effective.of -
                   sample_rate(&sample)) <= 0.5 / (double)effective.of);
    cr_expect_gt(sample_interval(&sample, 0.95).high - sample_interval(&sample, 0.95).low,
                 interval_proportion(20, 100, 0.95).high -
                     interval_proportion(20, 100, 0.95).low);
    effective = sample_scaled(&sample, 1000);
    cr_expect_eq(effective.of, 1000);
    cr_expect_eq(effective.hits, 200);
    expect_near(sample_rate(&effective), sample_rate(&sample), "rate");
    cr_expect_lt(sample_interval(&effective, 0.95).high,
                 sample_interval(&sample, 0.95).high);
}
