/* clusters: intervals of rates that change in the course of a run hold the truth as often
 * as they promise; those of rates that do not are what they would be by a single count.
 *
 * Kills are computed. The rate changes from one stretch of a run to the next: it is drawn
 * for each from a beta distribution around the truth, so that kills of a stretch have in
 * common what makes the variance of the whole as many times as large as that of
 * independent kills as the design effect says. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#define MATHLIB_STANDALONE 1
#include <Rmath.h>

#include "base/mem.h"
#include "handmade.h"
#include "report/doubts.h"
#include "result/drift.h"
#include "result/tally.h"
#include "stats/sequence.h"
#include "testlib.h"

enum { RUNS = 3000, KILLS = 1000 };

static struct finding *finding;

static void begin(void)
{
    finding = MEM_NEW(struct finding);
}

static void end(void)
{
    free(finding);
}

TestSuite(clusters, .init = begin, .fini = end);

/* Kills of one run, of which a stretch has a rate of its own. */
static void run_once(double truth, unsigned stretches, double effect)
{
    double common = (effect - 1) / ((double)KILLS / stretches - 1), rate = truth;
    double shape = (1 - common) / common;
    struct kills *kills = &finding->kills;
    unsigned last = stretches;

    *kills = (struct kills){ .outcomes[OUTCOME_VALID] = KILLS };
    for (uint64_t i = 0; i < KILLS; i++) {
        unsigned stretch = (unsigned)(i * stretches / KILLS);
        bool harms;

        if (stretch != last && effect > 1)
            rate = rbeta(truth * shape, (1 - truth) * shape);
        last = stretch;
        harms = unif_rand() < rate;
        kills->words.now[harms ? NOW_TORN : NOW_INTACT]++;
        kills->words.clean += !harms;
        blocks_add(&kills->blocks, i, 1, harms ? 1 : 0);
    }
}

struct outcome_of_runs {
    double covered, widened, drifted;
};

static struct outcome_of_runs run_all(double truth, unsigned stretches, double effect)
{
    struct outcome_of_runs of = { 0, 0, 0 };

    set_seed(stretches, (unsigned)(1000 * truth + effect));
    for (int i = 0; i < RUNS; i++) {
        struct sample sample;
        struct interval interval;
        struct drift drift;

        run_once(truth, stretches, effect);
        sample = tally_sample(finding, RATE_HARMED);
        interval = sample_interval(&sample, 0.95);
        drift = drift_of(finding, RATE_HARMED);
        of.covered += interval.low <= truth && truth <= interval.high;
        of.widened += sample.design.effect > 1;
        of.drifted += drift_is_seen(&drift);
    }
    return (struct outcome_of_runs){ of.covered / RUNS, of.widened / RUNS,
                                     of.drifted / RUNS };
}

/* Of 3,000 runs, 1.7 points less than what is expected come once in 10^5; that is 93% to
 * 95%: more where few stretches differ, of which few blocks tell little. */
Test(clusters, intervals_hold_the_truth)
{
    static const double truths[] = { 0.05, 0.3, 0.9 };
    static const double effects[] = { 1, 1.5, 2, 3, 5 };
    static const unsigned stretches[] = { 32, 20, 8 };

    for (size_t s = 0; s < UNLESS_SANITIZED(ARRAY_SIZE(stretches), 1); s++)
        for (size_t t = 0; t < ARRAY_SIZE(truths); t++)
            for (size_t e = 0; e < ARRAY_SIZE(effects); e++) {
                struct outcome_of_runs of = run_all(truths[t], stretches[s], effects[e]);

                fprintf(stderr,
                        "rate %.2f, %2u stretches, design effect %.1f: %.1f%% cover, "
                        "%.0f%% are widened, %.1f%% are told to have changed\n",
                        truths[t], stretches[s], effects[e], 100 * of.covered,
                        100 * of.widened, 100 * of.drifted);
                cr_expect_geq(of.covered, stretches[s] == 8 ? 0.922 : 0.93,
                              "rate %g, %u stretches, effect %g: %g", truths[t],
                              stretches[s], effects[e], of.covered);
                cr_expect(effects[e] > 1 || of.covered < 0.98);
            }
}

/* A run whose kills do harm at one rate up to a point, and at another one from there. */
static void change_at(uint64_t kills, uint64_t point, double before, double after)
{
    struct kills *found = &finding->kills;

    *found = (struct kills){ .outcomes[OUTCOME_VALID] = kills };
    for (uint64_t i = 0; i < kills; i++) {
        double rate = i < point ? before : after;
        /* As evenly as can be, so that nothing but the rate makes blocks differ. */
        bool harms = floor((double)(i + 1) * rate) > floor((double)i * rate);

        found->words.now[harms ? NOW_TORN : NOW_INTACT]++;
        found->words.clean += !harms;
        blocks_add(&found->blocks, i, 1, harms ? 1 : 0);
    }
}

Test(clusters, changes_are_told)
{
    static const struct {
        uint64_t kills, point;
        double before, after;
        bool known, seen;
    } cases[] = {
        { 1000, 500, 0.3, 0.3, true, false }, { 1000, 500, 0.3, 0.5, true, true },
        { 1000, 500, 0.5, 0.3, true, true },  { 1000, 250, 0.1, 0.3, true, true },
        { 1000, 900, 0.9, 0.2, true, true },  { 200, 100, 0.2, 0.5, true, true },
        { 100, 50, 0.05, 0.1, false, false }, { 1000, 500, 0, 0, false, false },
        { 1000, 500, 1, 1, false, false },    { 0, 0, 0, 0, false, false },
        { 1000, 500, 0, 0.02, false, false },
    };
    struct strategy strategy = { .name = (char[]){ "old" } };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct drift drift;
        CLEANUP(mem_freep) char *text = NULL;

        change_at(cases[i].kills, cases[i].point, cases[i].before, cases[i].after);
        finding->strategy = &strategy;
        drift = drift_of(finding, RATE_HARMED);
        cr_expect_eq(drift.known, cases[i].known, "case %zu", i);
        cr_expect_eq(drift_is_seen(&drift), cases[i].seen, "case %zu: p %g, %g", i,
                     drift.blocks_p, drift.halves_p);
        text = doubts_text(finding);
        cr_expect_eq(strstr(text, "How often it did harm changed in the course of the "
                                  "run by more than chance (") != NULL,
                     cases[i].seen, "case %zu: '%s'", i, text);
        cr_expect_eq(strstr(text, "the interval allows for it") != NULL, cases[i].seen,
                     "case %zu: '%s'", i, text);
    }
}

/* Shards of a merged run, on machines of two kinds, with rates of their own. Trials of
 * all are mixed by their numbers; and some shards may be missing. */
Test(clusters, shards_that_differ_are_told)
{
    static const struct {
        uint64_t shards, missing; /* of the last ones */
        bool differ;
    } rows[] = { { 0, 0, false }, { 8, 0, true }, { 64, 0, true },
                 { 5, 0, true },  { 8, 3, true }, { 1000, 0, false } };
    struct handmade_strategy strategies[HANDMADE_STRATEGIES] = {
        { "a", ".L.", 0, 0, 0, 0, 50, 0 }, { "b", ".L.", 0, 0, 0, 0, 50, 0 }
    };

    for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
        struct handmade run;
        struct drift drift;
        struct sample sample;

        handmade_init(&run, 1, strategies);
        run.result.plan.attempts = 2000;
        run.result.shards = rows[r].shards;
        for (uint64_t t = 0; t < plan_trials(&run.result.plan); t++) {
            const struct plan_trial trial = plan_trial(&run.result.plan, t);
            uint64_t shard = rows[r].shards ? t % rows[r].shards : 0;
            uint64_t place = rows[r].shards ? t / rows[r].shards : t;
            bool odd = rows[r].differ && shard * 5 / rows[r].shards % 2;
            char letter = place / 2 % 10 < (odd ? 3 : 6) ? 'H' : '.';

            if (!rows[r].missing || shard + rows[r].missing < rows[r].shards)
                handmade_try(&run, &trial, letter);
        }
        sample = tally_sample(&run.result.findings[0], RATE_HARMED);
        drift = drift_of(&run.result.findings[0], RATE_HARMED);
        cr_expect_eq(sample.design.effect > 1, rows[r].differ, "row %zu: %g", r,
                     sample.design.effect);
        cr_expect_eq(drift_is_seen(&drift), rows[r].differ, "row %zu: %g", r,
                     drift.blocks_p);
        handmade_release(&run);
    }
}

/* Half of one half, and a third of the other: of 1,000 kills 416 or 417, so the variance
 * of what the first half has too much is 60.7; it has 42. */
Test(clusters, halves_by_hand)
{
    struct drift drift;

    change_at(1000, 500, 0.5, 1.0 / 3);
    drift = drift_of(finding, RATE_HARMED);
    cr_expect_float_eq(drift.first, 0.5, 0.01, "%g", drift.first);
    cr_expect_float_eq(drift.second, 1.0 / 3, 0.01, "%g", drift.second);
    cr_expect(drift.halves_p > 3e-8 && drift.halves_p < 3e-7, "%g", drift.halves_p);
}

/* All or nothing for 100 kills: each of 16 blocks has about 62.5 kills of one kind, so
 * the variance between them is about that of 62.5 kills that are one. */
Test(clusters, effects_by_hand)
{
    struct sample sample;
    double before;

    *finding = (struct finding){ .kills.outcomes[OUTCOME_VALID] = 1024 };
    for (uint64_t i = 0; i < 1024; i++) {
        bool harms = i / 64 % 2;

        finding->kills.words.now[harms ? NOW_TORN : NOW_INTACT]++;
        finding->kills.words.clean += !harms;
        blocks_add(&finding->kills.blocks, i, 1, harms ? 1 : 0);
    }
    sample = tally_sample(finding, RATE_HARMED);
    cr_expect_eq(sample.design.freedom, 15);
    cr_expect_float_eq(sample.design.effect, 64 * 16.0 / 15, 1e-9, "%g",
                       sample.design.effect);
    before = sample_effect(&sample, 0.95);
    cr_expect_float_eq(before, sample.design.effect * pow(2.13145 / 1.96229, 2), 0.01,
                       "Student's t of 15, and of 1023: %g", before);
    cr_expect_gt(sample_effect(&sample, 0.999), before, "it is not known well");
    cr_expect_eq(sample_effective(&sample).of, (uint64_t)(1024 / before));
    cr_expect_eq(sample_scaled(&sample, 4096).design.effect, sample.design.effect);
}

/* What is as if fewer kills were independent has their interval. */
Test(clusters, interval_is_that_of_fewer_kills)
{
    struct sample sample = { .hits = 100, .of = 400, .design = { 4, 100000 } };
    struct interval fewer = interval_proportion(25, 100, 0.95), got;
    struct sample weighs = { .hits = 100, .of = 400, .design = { 4, 100000 } };

    got = sample_interval(&sample, 0.95);
    cr_expect_float_eq(got.low, fewer.low, 1e-3, "%g, not %g", got.low, fewer.low);
    cr_expect_float_eq(got.high, fewer.high, 1e-3, "%g, not %g", got.high, fewer.high);
    for (int i = 0; i < 400; i++)
        weighted_add(i < 100 ? &weighs.hit : &weighs.other, 1 + 1e-3 * (i % 2));
    cr_assert(sample_is_weighted(&weighs));
    got = sample_interval(&weighs, 0.95);
    cr_expect_float_eq(got.low, fewer.low, 1e-3, "%g, not %g", got.low, fewer.low);
    cr_expect_float_eq(got.high, fewer.high, 1e-3, "%g, not %g", got.high, fewer.high);
    got = sample_sequence_interval(&sample, 0.95);
    fewer = sequence_interval(25, 100, 0.95);
    cr_expect_eq(got.low, fewer.low);
    cr_expect_eq(got.high, fewer.high);
}

/* Where no kill did harm, or each did, there is nothing to vary. */
Test(clusters, of_none_and_of_all_nothing_changes)
{
    for (int all = 0; all <= 1; all++) {
        struct interval exact = interval_proportion(all ? 1000 : 0, 1000, 0.95), got;
        struct sample sample;

        change_at(1000, 500, all, all);
        sample = tally_sample(finding, RATE_HARMED);
        got = sample_interval(&sample, 0.95);
        cr_expect_eq(got.low, exact.low);
        cr_expect_eq(got.high, exact.high);
    }
}

/* Lanes finish in any order, and how many attempts there will be is not known. */
Test(clusters, blocks_follow_from_numbers)
{
    static const uint64_t counts[] = { 1, 63, 64, 65, 1000, 4097 };

    for (size_t c = 0; c < ARRAY_SIZE(counts); c++) {
        struct kill_blocks *there = MEM_NEW(struct kill_blocks);
        struct kill_blocks *back = MEM_NEW(struct kill_blocks);
        struct cluster a[BLOCKS_MOST], b[BLOCKS_MOST];
        size_t used;
        double sum = 0;

        for (uint64_t i = 0; i < counts[c]; i++) {
            uint64_t from_behind = counts[c] - 1 - i;

            blocks_add(there, i, 1 + (double)(i % 3), (unsigned)i % 16);
            blocks_add(back, from_behind, 1 + (double)(from_behind % 3),
                       (unsigned)from_behind % 16);
        }
        cr_expect_eq(there->chunk, back->chunk);
        for (unsigned what = 0; what < BLOCKS_OF; what++) {
            used = blocks_weights(there, what, a);
            cr_expect_eq(blocks_weights(back, what, b), used);
            cr_expect_arr_eq(a, b, used * sizeof(*a));
            cr_expect_eq(blocks_numbers(there, what, a), used);
            blocks_numbers(back, what, b);
            cr_expect_arr_eq(a, b, used * sizeof(*a));
        }
        for (size_t i = 0; i < used; i++)
            sum += a[i].all;
        cr_expect_eq(sum, (double)counts[c], "every kill is in one block");
        cr_expect(used > BLOCKS_MOST / 2 || counts[c] <= BLOCKS_MOST);
        free(there);
        free(back);
    }
}
