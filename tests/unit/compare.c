/* compare: two results, written down, and what is said of their difference. Each case is
 * one that a user meets: nothing has changed, a strategy has got worse or better, too few
 * kills, a crash point that began to do harm, a run that cannot be compared. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/mem.h"
#include "compared.h"

static const struct compare_options plain = { .confidence = 0.95 };

Test(compare, runs_by_their_rates)
{
    static const struct {
        struct handmade_strategy base, new;
        double margin;
        enum exit_status status;
        enum compare_verdict harmed;
    } cases[] = {
        /* name, points, valid, leaked, mixed, torn, us */
        { { "a", ".L.", 1000, 300, 0, 300, 50, 0 },
          { "a", ".L.", 1000, 300, 0, 300, 50, 0 },
          0,
          EXIT_PASS,
          COMPARE_UNSEEN },
        { { "a", ".L.", 1000, 300, 0, 300, 50, 0 },
          { "a", ".L.", 1000, 400, 0, 400, 50, 0 },
          0,
          EXIT_FAIL,
          COMPARE_WORSE },
        { { "a", ".L.", 1000, 400, 0, 400, 50, 0 },
          { "a", ".L.", 1000, 300, 0, 300, 50, 0 },
          0,
          EXIT_PASS,
          COMPARE_BETTER },
        { { "a", ".L.", 10, 3, 0, 3, 50, 0 },
          { "a", ".L.", 10, 4, 0, 4, 50, 0 },
          0,
          EXIT_PASS,
          COMPARE_UNSEEN },
        { { "a", ".L.", 1000, 300, 0, 0, 50, 0 },
          { "a", ".L.", 1000, 300, 100, 0, 50, 0 },
          0,
          EXIT_FAIL,
          COMPARE_WORSE }, /* harm of another kind */
        { { "a", ".L.", 1000, 300, 0, 10, 50, 0 },
          { "a", ".L.", 1000, 300, 0, 110, 50, 0 },
          0,
          EXIT_FAIL,
          COMPARE_UNSEEN }, /* torn */
        { { "a", ".L.", 1000, 300, 0, 300, 50, 0 },
          { "a", ".L.", 0, 0, 0, 0, 50, 0 },
          0,
          EXIT_INCONCLUSIVE,
          COMPARE_UNKNOWN },
        { { "a", ".L.", 0, 0, 0, 0, 50, 0 },
          { "a", ".L.", 0, 0, 0, 0, 50, 0 },
          0,
          EXIT_PASS,
          COMPARE_UNKNOWN }, /* by the census */
        { { "a", NULL, 0, 0, 0, 0, 0, 0 },
          { "a", NULL, 0, 0, 0, 0, 0, 0 },
          0,
          EXIT_INCONCLUSIVE,
          COMPARE_UNKNOWN },
        { { "a", ".L.", 100, 3, 0, 3, 50, 0 },
          { "b", ".L.", 100, 3, 0, 3, 50, 0 },
          0,
          EXIT_INCONCLUSIVE,
          COMPARE_UNKNOWN }, /* none in common */
        /* a margin of 5% */
        { { "a", ".L.", 5000, 1500, 0, 0, 50, 0 },
          { "a", ".L.", 5000, 1500, 0, 0, 50, 0 },
          0.05,
          EXIT_PASS,
          COMPARE_UNSEEN },
        { { "a", ".L.", 100000, 30000, 0, 0, 50, 0 },
          { "a", ".L.", 100000, 32000, 0, 0, 50, 0 },
          0.05,
          EXIT_PASS,
          COMPARE_WORSE }, /* worse, but not by the margin */
        { { "a", ".L.", 1000, 300, 0, 0, 50, 0 },
          { "a", ".L.", 1000, 500, 0, 0, 50, 0 },
          0.05,
          EXIT_FAIL,
          COMPARE_WORSE },
        { { "a", ".L.", 100, 30, 0, 0, 50, 0 },
          { "a", ".L.", 100, 31, 0, 0, 50, 0 },
          0.05,
          EXIT_INCONCLUSIVE,
          COMPARE_UNSEEN },
        { { "a", ".L.", 0, 0, 0, 0, 50, 0 },
          { "a", ".L.", 0, 0, 0, 0, 50, 0 },
          0.05,
          EXIT_INCONCLUSIVE,
          COMPARE_UNKNOWN },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct compare_options options = { .confidence = 0.95,
                                           .margin = cases[i].margin };

        for (uint64_t seed = 1; seed <= 2; seed++) {
            enum exit_status status =
                compared(&cases[i].base, &cases[i].new, seed, &options);

            cr_expect_eq(status, cases[i].status, "case %zu, seed %d: %d", i, (int)seed,
                         (int)status);
            if (comparison.count)
                cr_expect_eq(comparison.rows[0].rates[RATE_HARMED].verdict,
                             cases[i].harmed, "case %zu, seed %d", i, (int)seed);
            compared_end();
        }
    }
}

Test(compare, same_seeds_are_dependent)
{
    static const struct handmade_strategy some = { "a", ".L.", 100, 30, 0, 0, 50, 0 };

    compared(&some, &some, 1, &plain);
    cr_expect_eq(comparison.method, difference_method(true));
    compared_end();
    compared(&some, &some, 2, &plain);
    cr_expect_eq(comparison.method, difference_method(false));
    compared_end();
}

Test(compare, too_few_kills_say_how_many_would_do)
{
    static const struct handmade_strategy before = { "a", "..", 925, 1, 0, 0, 50, 0 };
    static const struct handmade_strategy after = { "a", "..", 930, 2, 0, 0, 50, 0 };
    static const struct compare_options margin = { .confidence = 0.95, .margin = 0.002 };
    struct comparison_row *row;

    compared(&before, &after, 2, &plain);
    row = &comparison.rows[0];
    cr_expect_eq(comparison.tests, 1, "nothing but harm");
    cr_expect_gt(row->rates[RATE_HARMED].kills_needed, 930);
    cr_expect_lt(row->rates[RATE_HARMED].kills_needed, 100000);
    cr_expect_eq(row->rates[RATE_LEAKED].kills_needed, 0, "it takes no part");
    cr_expect_eq(compare_rate(row, RATE_LEAKED), &row->rates[RATE_HARMED]);
    cr_expect_eq(row->margin, MARGIN_UNASKED);
    compared_end();
    compared(&before, &after, 2, &margin);
    row = &comparison.rows[0];
    cr_expect_eq(row->margin, MARGIN_UNDECIDED);
    cr_expect_gt(row->margin_kills, 930);
    cr_expect_lt(row->margin_kills, KILLS_MOST);
    compared_end();
    compared(&before, &before, 2, &plain);
    cr_expect_eq(comparison.rows[0].rates[RATE_HARMED].kills_needed, 0, "equal rates");
    compared_end();
}

/* The base's points and the new ones; commands are the same as far as both go. */
Test(compare, crash_points_that_began_to_do_harm)
{
    static const struct {
        const char *base, *new;
        uint64_t worse, better, first;
        enum exit_status status;
    } cases[] = {
        { "....", "....", 0, 0, 0, EXIT_PASS },
        { ".L..", ".L..", 0, 0, 0, EXIT_PASS },
        { "....", "..L.", 1, 0, 2, EXIT_FAIL },
        { ".L..", ".LL.", 1, 0, 2, EXIT_FAIL },
        { ".LL.", "....", 0, 2, 0, EXIT_PASS },
        { ".L..", "..L.", 1, 1, 2, EXIT_FAIL },
        { ".L..", ".B..", 1, 0, 1, EXIT_FAIL }, /* it loses now, too */
        { ".B..", ".L..", 0, 0, 0, EXIT_PASS },
        { "....", "LLLL", 4, 0, 0, EXIT_FAIL },
        { "....", "......", 0, 0, 0, EXIT_PASS },
        { "....", ".....L", 1, 0, 5, EXIT_FAIL }, /* no partner; the base was clean */
        { ".L..", ".L...L", 0, 0, 0, EXIT_PASS }, /* no partner; the base leaked */
        { ".L..", ".L...S", 1, 0, 5, EXIT_FAIL },
        { ".L...", ".L.", 0, 0, 0, EXIT_PASS },
        { "...L.", "...", 0, 0, 0, EXIT_PASS },
        { ".", "L", 1, 0, 0, EXIT_FAIL },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct handmade_strategy before = { .name = "a", .points = cases[i].base };
        struct handmade_strategy after = { .name = "a", .points = cases[i].new };
        enum exit_status status = compared(&before, &after, 1, &plain);
        const struct census_change *change = &comparison.rows[0].census;

        cr_expect(change->known);
        cr_expect_eq(change->worse, cases[i].worse, "case %zu: %d worse", i,
                     (int)change->worse);
        cr_expect_eq(change->better, cases[i].better, "case %zu: %d better", i,
                     (int)change->better);
        if (change->worse)
            cr_expect_eq(change->first, cases[i].first, "case %zu: %d", i,
                         (int)change->first);
        cr_expect_eq(status, cases[i].status, "case %zu", i);
        compared_end();
    }
}

/* A command in front of all others moves the points, not what they are compared with. */
Test(compare, points_are_found_by_their_commands)
{
    static const struct handmade_strategy before = { .name = "a", .points = "...L." };
    static const struct handmade_strategy after = { .name = "a", .points = "....L." };

    compared(&before, &after, 1, &plain);
    comparison_release(&comparison);
    for (size_t k = 0; k < 5; k++)
        handmade_label(&compared_new.result.findings[0], k, "SET key%zu", k);
    compare_runs(&compared_base.result, &compared_new.result, &plain, &comparison);
    cr_expect_eq(comparison.rows[0].census.worse, 0);
    comparison_release(&comparison);
    for (size_t k = 0; k < 5; k++) /* all alike: counted */
        handmade_label(&compared_new.result.findings[0], k, "SET key");
    for (size_t k = 0; k < 4; k++)
        handmade_label(&compared_base.result.findings[0], k, "SET key");
    compare_runs(&compared_base.result, &compared_new.result, &plain, &comparison);
    cr_expect_eq(comparison.rows[0].census.worse, 1, "the fourth was clean");
    compared_end();
}

Test(compare, damage_without_a_crash_is_a_regression)
{
    static const struct handmade_strategy some = { .name = "a", .points = "..." };

    compared(&some, &some, 1, &plain);
    comparison_release(&comparison);
    compared_new.result.findings[0].uncrashed = LATER_LEAKED;
    compare_runs(&compared_base.result, &compared_new.result, &plain, &comparison);
    cr_expect_eq(compare_exit_status(&comparison), EXIT_FAIL);
    comparison_release(&comparison);
    compared_base.result.findings[0].uncrashed = LATER_LEAKED;
    compare_runs(&compared_base.result, &compared_new.result, &plain, &comparison);
    cr_expect_eq(compare_exit_status(&comparison), EXIT_PASS, "it did before");
    compared_end();
}

/* An update that takes twice as long around the same leak leaks half as often per kill,
 * and as often per SIGKILL at a random time. */
Test(compare, harmless_time_is_no_improvement)
{
    static const struct compare_options interleaved = { .confidence = 0.95,
                                                        .interleaved = true };
    static const struct {
        struct handmade_strategy base, new;
        bool padding;
    } cases[] = {
        { { "a", ".L.", 2000, 1000, 0, 0, 50, 0 },
          { "a", ".L.", 2000, 500, 0, 0, 100, 0 },
          true },
        { { "a", ".L.", 2000, 500, 0, 0, 100, 0 },
          { "a", ".L.", 2000, 1000, 0, 0, 50, 0 },
          true }, /* worse per kill, because the update got shorter */
        { { "a", ".L.", 2000, 1000, 0, 0, 50, 0 },
          { "a", ".L.", 2000, 500, 0, 0, 50, 0 },
          false },
        { { "a", ".L.", 2000, 1000, 0, 0, 50, 0 },
          { "a", ".L.", 2000, 500, 0, 0, 25, 0 },
          false },
        { { "a", ".L.", 2000, 1000, 0, 0, 50, 0 },
          { "a", ".L.", 2000, 20, 0, 0, 100, 0 },
          false }, /* it takes longer, and leaks much less */
        { { "a", ".L.", 2000, 1000, 0, 0, 50, 0 },
          { "a", ".L.", 2000, 1000, 0, 0, 100, 0 },
          false },
        { { "a", ".L.", 2000, 1000, 0, 0, 50, 0 },
          { "a", ".L.", 2000, 500, 0, 0, 0, 0 },
          false }, /* nobody knows */
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct comparison_row *row;

        compared(&cases[i].base, &cases[i].new, 2, &plain);
        cr_expect_not(compare_is_padding(&comparison.rows[0]),
                      "the machine may have been slower that day");
        compared_end();
        compared(&cases[i].base, &cases[i].new, 2, &interleaved);
        row = &comparison.rows[0];
        cr_expect_eq(compare_is_padding(row), cases[i].padding, "case %zu", i);
        cr_expect_eq(row->exposed[RATE_HARMED].us.known, cases[i].new.mean_us > 0,
                     "case %zu", i);
        if (row->exposed[RATE_HARMED].us.known) {
            cr_expect_float_eq(row->exposed[RATE_HARMED].us.base,
                               cases[i].base.mean_us * (double)cases[i].base.leaked /
                                   2000,
                               0.01, "us: %g", row->exposed[RATE_HARMED].us.base);
            cr_expect_float_eq(row->exposed[RATE_HARMED].per_million.base,
                               row->exposed[RATE_HARMED].us.base / 10, 0.01,
                               "one update in ten seconds");
            cr_expect(row->exposed[RATE_HARMED].us.interval.low <
                          row->exposed[RATE_HARMED].us.estimate &&
                      row->exposed[RATE_HARMED].us.estimate <
                          row->exposed[RATE_HARMED].us.interval.high);
        }
        compared_end();
    }
}

Test(compare, what_cannot_be_known_is_never_infinite)
{
    static const struct handmade_strategy some = { "a", ".L.", 100, 10, 0, 0, 50, 0 };
    static char endless[] = "1e999", nonsense[] = "nan";
    const struct comparison_row *row;

    compared(&some, &some, 1, &plain);
    row = &comparison.rows[0];
    cr_expect(row->speed.known && !row->speed.bounded, "runs of different times");
    comparison_release(&comparison);
    compared_new.result.findings[0].sample_count =
        compared_new.result.findings[0].block_count = 0;
    compare_runs(&compared_base.result, &compared_new.result, &plain, &comparison);
    row = &comparison.rows[0];
    cr_expect_not(row->speed.known);
    comparison_release(&comparison);
    compared_new.result.findings[0].sample_count = 101;
    compared_new.result.findings[0].kills.weights.count--; /* one kill has no weight */
    compare_runs(&compared_base.result, &compared_new.result, &plain, &comparison);
    cr_expect_not(comparison.rows[0].exposed[RATE_HARMED].us.known);
    comparison_release(&comparison);
    compared_new.result.findings[0].kills.weights.count++;
    compared_new.parameters[1].value = endless;
    compare_runs(&compared_base.result, &compared_new.result, &plain, &comparison);
    cr_expect(
        isfinite(comparison.rows[0].exposed[RATE_HARMED].per_million.interval.low) &&
        isfinite(comparison.rows[0].exposed[RATE_HARMED].per_million.interval.high));
    comparison_release(&comparison);
    compared_new.parameters[1].value = nonsense;
    compare_runs(&compared_base.result, &compared_new.result, &plain, &comparison);
    cr_expect_not(comparison.rows[0].exposed[RATE_HARMED].per_million.known);
    compared_end();
}

static const struct handmade_strategy three[HANDMADE_STRATEGIES] = {
    { "each", ".LLL.", 900, 700, 0, 700, 300, LATER_LEAKED },
    { "batch", ".L.", 900, 200, 0, 200, 60, LATER_LEAKED },
    { "multi", "...", 900, 0, 0, 0, 40, EXPECT_ATOMIC },
};

Test(compare, pairs_are_all_pairs)
{
    static const char *const pairs[][2] = { { "each", "batch" },
                                            { "each", "multi" },
                                            { "batch", "multi" } };

    handmade_init(&compared_base, 1, three);
    compare_pairs(&compared_base.result, &plain, &comparison);
    cr_assert_eq(comparison.count, 3);
    cr_expect_eq(comparison.tests, 3, "whatever leaks is torn, which is no other test");
    cr_expect_eq(comparison.method, difference_method(true), "they share their instants");
    for (size_t i = 0; i < 3; i++) {
        const struct comparison_row *row = &comparison.rows[i];

        cr_expect_str_eq(row->base->strategy->name, pairs[i][0]);
        cr_expect_str_eq(row->new->strategy->name, pairs[i][1]);
        cr_expect_eq(row->rates[RATE_HARMED].verdict, COMPARE_BETTER);
        cr_expect_geq(row->rates[RATE_HARMED].p_adjusted, row->rates[RATE_HARMED].p);
        cr_expect_gt(row->speed.interval.low, 1, "each is faster than the one before");
        cr_expect_eq(row->census.worse, 0);
        cr_expect_not(compare_regressed(&comparison, row));
    }
    cr_expect_eq(compare_exit_status(&comparison), EXIT_PASS);
    comparison_release(&comparison);
    handmade_release(&compared_base);
}

/* Six strategies, of which one is a little worse: alone it is seen, among 15 pairs not.
 */
Test(compare, many_pairs_need_more)
{
    static const struct handmade_strategy two[HANDMADE_STRATEGIES] = {
        { "a", "..", 1000, 100, 0, 0, 0, 0 }, { "b", "..", 1000, 155, 0, 0, 0, 0 }
    };
    static const struct handmade_strategy six[HANDMADE_STRATEGIES] = {
        { "a", "..", 1000, 100, 0, 0, 0, 0 }, { "b", "..", 1000, 155, 0, 0, 0, 0 },
        { "c", "..", 1000, 125, 0, 0, 0, 0 }, { "d", "..", 1000, 125, 0, 0, 0, 0 },
        { "e", "..", 1000, 125, 0, 0, 0, 0 }, { "f", "..", 1000, 125, 0, 0, 0, 0 }
    };

    handmade_init(&compared_base, 1, two);
    compare_pairs(&compared_base.result, &plain, &comparison);
    cr_expect_eq(comparison.rows[0].rates[RATE_HARMED].verdict, COMPARE_WORSE, "p %g",
                 comparison.rows[0].rates[RATE_HARMED].p);
    comparison_release(&comparison);
    handmade_release(&compared_base);
    handmade_init(&compared_base, 1, six);
    compare_pairs(&compared_base.result, &plain, &comparison);
    cr_expect_eq(comparison.count, 15);
    cr_expect_eq(comparison.rows[0].rates[RATE_HARMED].verdict, COMPARE_UNSEEN);
    comparison_release(&comparison);
    handmade_release(&compared_base);
}

Test(compare, one_strategy_has_no_pairs)
{
    static const struct handmade_strategy one[HANDMADE_STRATEGIES] = {
        { "a", "..", 1000, 100, 0, 0, 0, 0 }
    };

    handmade_init(&compared_base, 1, one);
    compare_pairs(&compared_base.result, &plain, &comparison);
    cr_expect_eq(comparison.count, 0);
    cr_expect_eq(comparison.tests, 0);
    cr_expect_eq(compare_exit_status(&comparison), EXIT_PASS);
    comparison_release(&comparison);
    handmade_release(&compared_base);
}
