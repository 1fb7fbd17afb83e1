/* rate_difference: rates of two results, compared attempt by attempt or not, and what
 * kills have not seen. Results are written down; their kills are told to the tally. */
#include <math.h>

#include <criterion/criterion.h>

#include "base/mem.h"
#include "compared.h"

static const struct compare_options plain = { .confidence = 0.95 };
static const struct handmade_strategy two[HANDMADE_STRATEGIES] = {
    { .name = "a", .points = ".L." }, { .name = "b", .points = ".L." }
};

/* The same shares of so many kills. */
static struct handmade_strategy scaled(struct handmade_strategy strategy, uint64_t kills)
{
    double factor = (double)kills / (double)strategy.valid;

    strategy.leaked = (uint64_t)llround((double)strategy.leaked * factor);
    strategy.valid = kills;
    return strategy;
}

/* As many kills show the difference, and one fewer does not. */
Test(rate_difference, as_many_kills_as_are_needed_are_just_enough)
{
    static const struct {
        struct handmade_strategy base, new;
    } cases[] = {
        { { "a", "..", 925, 1, 0, 0, 0, 0 }, { "a", "..", 930, 2, 0, 0, 0, 0 } },
        { { "a", "..", 100, 10, 0, 0, 0, 0 }, { "a", "..", 100, 11, 0, 0, 0, 0 } },
        { { "a", "..", 100, 0, 0, 0, 0, 0 }, { "a", "..", 100, 1, 0, 0, 0, 0 } },
        { { "a", "..", 1000, 499, 0, 0, 0, 0 }, { "a", "..", 1000, 501, 0, 0, 0, 0 } },
        { { "a", "..", 100, 100, 0, 0, 0, 0 }, { "a", "..", 100, 99, 0, 0, 0, 0 } },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        for (uint64_t seed = 1; seed <= 2; seed++) {
            uint64_t needed;

            compared(&cases[i].base, &cases[i].new, seed, &plain);
            needed = comparison.rows[0].rates[RATE_HARMED].kills_needed;
            compared_end();
            cr_assert(needed > cases[i].base.valid && needed < KILLS_MOST, "case %zu", i);
            for (uint64_t fewer = 0; fewer < 2; fewer++) {
                struct handmade_strategy before = scaled(cases[i].base, needed - fewer);
                struct handmade_strategy after = scaled(cases[i].new, needed - fewer);
                bool unseen;

                compared(&before, &after, seed, &plain);
                unseen = comparison.rows[0].rates[RATE_HARMED].verdict == COMPARE_UNSEEN;
                cr_expect_eq(unseen, fewer, "case %zu, seed %d, %d kills", i, (int)seed,
                             (int)before.valid);
                compared_end();
            }
        }
}

/* --- attempt by attempt --- */

static struct rate_difference harm_of(size_t row)
{
    return comparison.rows[row].rates[RATE_HARMED];
}

static void expect_pairs(struct rate_difference harm, uint64_t pairs, uint64_t base_only,
                         uint64_t new_only, uint64_t alone)
{
    cr_expect_eq(harm.pairing.pairs, pairs, "%d", (int)harm.pairing.pairs);
    cr_expect_eq(harm.pairing.base_only, base_only, "%d", (int)harm.pairing.base_only);
    cr_expect_eq(harm.pairing.new_only, new_only, "%d", (int)harm.pairing.new_only);
    cr_expect_eq(harm.pairing.alone, alone, "%d", (int)harm.pairing.alone);
}

/* One attempt in twenty does no harm any more: 450 of 900 and 405, which no test of the
 * samples alone can tell from chance if they share their instants. */
Test(rate_difference, runs_of_one_seed_are_compared_in_pairs)
{
    struct rate_difference harm;

    handmade_init(&compared_base, 1, two);
    handmade_init(&compared_new, 1, two);
    handmade_strike(&compared_base, 0, "H.H.H.H.H.H.H.H.H.H.", 45);
    handmade_strike(&compared_new, 0, "..H.H.H.H.H.H.H.H.H.", 45);
    handmade_strike(&compared_base, 1, "H.-", 10);
    handmade_strike(&compared_new, 1, "H.H", 10);
    compare_runs(&compared_base.result, &compared_new.result, &plain, &comparison);
    harm = harm_of(0);
    cr_expect_eq(comparison.method, difference_method_of_pairs());
    expect_pairs(harm, 900, 45, 0, 0);
    cr_expect_eq(harm.verdict, COMPARE_BETTER);
    cr_expect_float_eq(harm.estimate, -0.05, 1e-12);
    cr_expect_float_eq(paired_estimate(&harm.pairing.paired), -0.05, 1e-6);
    cr_expect(harm.interval.low < -0.05 && harm.interval.high > -0.05 &&
              harm.interval.high < -0.03);
    cr_expect_gt(difference_method(true)->p_value(harm.base, harm.new), 0.05);
    expect_pairs(harm_of(1), 20, 0, 0, 10);
    cr_expect_eq(harm_of(1).verdict, COMPARE_UNSEEN);
    compared_end();
}

Test(rate_difference, strategies_of_one_run_are_compared_in_pairs)
{
    handmade_init(&compared_base, 1, two);
    handmade_init(&compared_new, 1, two);
    handmade_strike(&compared_base, 0, "HH.H..H.-.", 30);
    handmade_strike(&compared_base, 1, "H.HH..H.--", 30);
    compare_pairs(&compared_base.result, &plain, &comparison);
    cr_expect_eq(comparison.method, difference_method_of_pairs());
    expect_pairs(harm_of(0), 240, 30, 30, 30);
    compared_end();
}

/* Of another seed, or where a side has kept nothing, there are none. */
Test(rate_difference, without_attempts_there_are_no_pairs)
{
    for (uint64_t seed = 1; seed <= 2; seed++)
        for (unsigned kept = 0; kept < 2; kept++) {
            handmade_init(&compared_base, 1, two);
            handmade_init(&compared_new, seed, two);
            for (uint32_t i = 0; i < 2; i++) {
                handmade_strike(&compared_base, i, "H.", 10);
                handmade_strike(&compared_new, i, "H.", 10);
                if (!kept)
                    compared_base.result.findings[i].attempts =
                        attempts_free(compared_base.result.findings[i].attempts);
            }
            compare_runs(&compared_base.result, &compared_new.result, &plain,
                         &comparison);
            cr_expect_eq(comparison.method, kept && seed == 1
                                                ? difference_method_of_pairs()
                                                : difference_method(seed == 1));
            if (!kept || seed == 2)
                expect_pairs(harm_of(0), 0, 0, 0, 0);
            compared_end();
        }
}

Test(rate_difference, of_runs_that_were_stopped_is_by_sequences)
{
    handmade_init(&compared_base, 1, two);
    handmade_init(&compared_new, 1, two);
    handmade_strike(&compared_base, 0, "H.", 10);
    handmade_strike(&compared_new, 0, "H.", 10);
    compared_new.result.stopping.width = 0.1;
    compare_runs(&compared_base.result, &compared_new.result, &plain, &comparison);
    cr_expect_eq(comparison.method, difference_method_of_stopped());
    compared_end();
}

/* --- what kills have not seen --- */

/* As the intervals of the rates are: a verdict does not rest on less. */
Test(rate_difference, is_not_judged_by_less_than_rates_are)
{
    static const struct handmade_strategy before = { "a", ".L.", 900, 450, 0, 0, 50, 0 };
    static const struct handmade_strategy after = { "a", ".L.", 900, 540, 0, 0, 50, 0 };
    static const struct {
        unsigned of_hundred;
        enum compare_verdict verdict;
        bool hidden;
        double margin;
        enum margin_verdict margin_verdict;
    } cases[] = {
        { 0, COMPARE_WORSE, false, 0.2, MARGIN_HELD },
        { 1, COMPARE_WORSE, false, 0.2, MARGIN_HELD },
        { 5, COMPARE_UNSEEN, false, 0.2, MARGIN_UNDECIDED },
        { 10, COMPARE_UNSEEN, true, 0.2, MARGIN_UNDECIDED },
        { 100, COMPARE_UNSEEN, true, 0.2, MARGIN_UNDECIDED },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct compare_options options = { 0.95, cases[i].margin, false, false };
        struct rate_difference harm;
        struct interval b, n;

        compared(&before, &after, 2, &plain);
        comparison_release(&comparison);
        handmade_hold_up(&compared_base, cases[i].of_hundred);
        handmade_hold_up(&compared_new, cases[i].of_hundred);
        compare_runs(&compared_base.result, &compared_new.result, &options, &comparison);
        harm = harm_of(0);
        b = figure_kill_rate(&compared_base.result, comparison.rows[0].base, RATE_HARMED)
                .interval;
        n = figure_kill_rate(&compared_new.result, comparison.rows[0].new, RATE_HARMED)
                .interval;
        cr_expect_eq(harm.verdict, cases[i].verdict, "case %zu: [%g, %g]", i,
                     harm.interval.low, harm.interval.high);
        cr_expect_eq(rate_difference_is_hidden(&harm), cases[i].hidden, "case %zu", i);
        cr_expect_eq(comparison.rows[0].margin, cases[i].margin_verdict, "case %zu", i);
        if (harm.verdict == COMPARE_WORSE)
            cr_expect_gt(n.high, b.low, "case %zu", i);
        else
            cr_expect_eq(harm.kills_needed > 0, !cases[i].hidden, "case %zu", i);
        cr_expect_lt(harm.p_adjusted, 0.001, "case %zu: kills alone differ", i);
        compared_end();
    }
}

/* Where no crash point does harm, what was not seen cannot do any; and of two rates of
 * which one may be anything, nothing is known. */
Test(rate_difference, is_widened_to_both_sides_by_what_is_possible)
{
    static const struct handmade_strategy clean = { "a", "...", 900, 0, 0, 0, 50, 0 };
    static const struct handmade_strategy some = { "a", ".L.", 900, 90, 0, 0, 50, 0 };
    struct rate_difference harm;

    compared(&clean, &some, 2, &plain);
    comparison_release(&comparison);
    handmade_hold_up(&compared_base, 50);
    compare_runs(&compared_base.result, &compared_new.result, &plain, &comparison);
    harm = harm_of(0);
    cr_expect(harm.shift.low > -0.01 && harm.shift.high < 0.01, "nothing is possible");
    cr_expect_eq(harm.verdict, COMPARE_WORSE);
    comparison_release(&comparison);
    handmade_hold_up(&compared_new, 100);
    compare_runs(&compared_base.result, &compared_new.result, &plain, &comparison);
    harm = harm_of(0);
    cr_expect_gt(harm.interval.high, 0.99);
    cr_expect_lt(harm.interval.low, 0.001);
    cr_expect_eq(harm.verdict, COMPARE_UNSEEN);
    compared_end();
}
