/* stopping: a run ends when its rates are known, not before, and what it says then is as
 * often right as it promises. Results are written down here, without lanes; campaigns
 * draw their kills one after the other and ask after each whether to stop. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "coverage.h"
#include "handmade.h"
#include "report/format.h"
#include "result/stopping.h"
#include "testlib.h"

/* As in unit/sequence.c. */
#define ERROR 1e-10

enum { STRATEGIES = 3, POINTS = 5 };

static struct strategy strategies[STRATEGIES] = {
    { .name = (char[]){ "per-field" }, .about = (char[]){ "" } },
    { .name = (char[]){ "multi" }, .about = (char[]){ "" } },
    { .name = (char[]){ "script" }, .about = (char[]){ "" } },
};
static struct outline scenario = {
    .name = (char[]){ "a scenario" },
    .title = (char[]){ "" },
    .source = (char[]){ "" },
    .strategies = strategies,
    .strategy_count = STRATEGIES,
};
static struct result result;

static void begin(void)
{
    static const size_t all[STRATEGIES] = { 0, 1, 2 };
    static const struct plan plan = { 1, STRATEGIES, 100 };

    result_init(&result, &scenario, all, &plan);
    result.confidence = 0.95;
    result.kills_wanted = true;
    result.transport = "unix socket";
    result.killer = "timer";
}

static void end(void)
{
    result_release(&result);
}

/* The crash points of a strategy, a letter each: L leaks, x does other harm, t is torn
 * now, . is clean, ? is not known. */
static void set_census(size_t strategy, const char *word)
{
    struct finding *finding = &result.findings[strategy];

    free(finding->points);
    free(finding->steps);
    free(finding->sent);
    finding_begin(finding, strlen(word) - 1);
    for (size_t k = 0; word[k]; k++)
        finding->points[k] = (struct point){
            .taken = word[k] != '?',
            .verdict.now = word[k] == '.' ? NOW_INTACT : NOW_TORN,
            .verdict.later = word[k] == 'L'   ? LATER_LEAKED
                             : word[k] == 'x' ? LATER_LOST
                                              : 0,
        };
}

static void set_kills(size_t strategy, uint64_t valid, uint64_t leaked, uint64_t harmed,
                      uint64_t torn)
{
    struct kills *kills = &result.findings[strategy].kills;

    kills->outcomes[OUTCOME_VALID] = valid;
    kills->words = (struct words){ .clean = valid - harmed };
    kills->words.later[0] = leaked;
    kills->words.now[NOW_TORN] = torn;
    kills->words.now[NOW_INTACT] = valid - torn;
}

static void set_all_censuses(const char *first, const char *second, const char *third)
{
    set_census(0, first);
    set_census(1, second);
    set_census(2, third);
}

TestSuite(stopping, .init = begin, .fini = end);

Test(stopping, waits_only_if_asked)
{
    static const struct stopping nothing, width = { .width = 1 }, below = { .below = 1 };

    set_all_censuses(".LL.", "...", "..");
    for (size_t i = 0; i < STRATEGIES; i++)
        set_kills(i, 1000, 0, 0, 0);
    cr_expect(!stopping_is_asked(&nothing));
    cr_expect(!stopping_reached(&nothing, &result), "nothing was asked for");
    cr_expect(stopping_is_asked(&width) && stopping_reached(&width, &result));
    cr_expect(stopping_is_asked(&below) && stopping_reached(&below, &result));
    set_census(1, "..?");
    cr_expect(!stopping_reached(&width, &result), "a census is incomplete");
    cr_expect(!stopping_reached(&below, &result), "a census is incomplete");
    result.findings[1].controlled = false;
    cr_expect(!stopping_reached(&width, &result), "a strategy is not known");
}

Test(stopping, below_waits_for_every_clean_strategy_and_no_other)
{
    static const struct stopping rules = { .below = 0.001 };
    uint64_t needed = sequence_clean_kills(rules.below, result.confidence);

    set_all_censuses(".LL.", ".t.", "..");
    set_kills(0, 10, 9, 9, 9);
    set_kills(1, needed, 0, 0, needed / 2);
    set_kills(2, needed - 1, 0, 0, 0);
    cr_expect(!stopping_reached(&rules, &result), "one kill is missing");
    set_kills(2, needed, 0, 0, 0);
    cr_expect(stopping_reached(&rules, &result), "torn now is no harm");
    set_kills(2, needed, 0, 1, 0);
    cr_expect(!stopping_reached(&rules, &result), "a kill did harm after all");
    set_kills(2, 4 * needed, 0, 1, 0);
    cr_expect(stopping_reached(&rules, &result), "but hardly ever");
    set_kills(2, 0, 0, 0, 0);
    result.findings[2].uncrashed = LATER_LEAKED;
    cr_expect(stopping_reached(&rules, &result), "does damage without being killed");
}

Test(stopping, below_has_nothing_to_wait_for_if_none_is_clean)
{
    static const struct stopping rules = { .below = 0.001 };

    set_all_censuses(".LL.", "..x", "...");
    cr_expect(stopping_has_clean(&result));
    cr_expect(!stopping_reached(&rules, &result));
    set_census(2, ".L.");
    cr_expect(!stopping_has_clean(&result));
    cr_expect(stopping_reached(&rules, &result));
    set_census(2, ".");
    cr_expect(!stopping_has_clean(&result), "without commands nothing is interrupted");
    cr_expect(stopping_reached(&rules, &result));
    set_census(2, "..?");
    cr_expect(!stopping_has_clean(&result), "not known to be");
    cr_expect(!stopping_reached(&rules, &result));
}

Test(stopping, width_is_of_leaks_harm_and_tears_of_all)
{
    static const struct stopping rules = { .width = 0.1 };
    static const struct {
        uint64_t valid, leaked, harmed, torn;
        bool known;
    } cases[] = {
        { 0, 0, 0, 0, false },        { 35, 0, 0, 0, false },
        { 36, 0, 0, 0, true },        { 700, 0, 0, 0, true },
        { 700, 300, 300, 0, false },  { 700, 0, 300, 0, false },
        { 700, 0, 0, 300, false },    { 1507, 0, 0, 753, false },
        { 1508, 754, 754, 0, true },  { 1508, 754, 754, 754, true },
        { 700, 700, 700, 700, true }, { 1508, 10, 800, 1000, true },
    };

    set_all_censuses(".LL.", "..", ".");
    set_kills(0, 1508, 754, 754, 754);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        set_kills(1, cases[i].valid, cases[i].leaked, cases[i].harmed, cases[i].torn);
        cr_expect_eq(stopping_reached(&rules, &result), cases[i].known, "case %zu", i);
    }
    set_census(2, "..");
    cr_expect(!stopping_reached(&rules, &result), "has commands, but no kills");
}

/* Of a hundred updates thirty waited for a CPU: whatever kills show, 30 points are open.
 */
Test(stopping, width_is_not_shown_where_a_busy_machine_hides_it)
{
    static const struct stopping rules = { .width = 0.2 };
    struct finding *finding = &result.findings[0];

    set_all_censuses(".L.", "...", "..");
    for (size_t i = 0; i < STRATEGIES; i++)
        set_kills(i, 1000, i ? 0 : 500, i ? 0 : 500, 0);
    cr_expect(stopping_reached(&rules, &result) && stopping_shown(&rules, &result));
    cr_expect_not(stopping_is_hidden(&rules, &result));
    finding->cold_count = 100;
    finding->cold = mem_alloc(finding->cold_count * sizeof(*finding->cold));
    for (size_t i = 0; i < finding->cold_count; i++)
        finding->cold[i] = (struct cold){ 100000, i < 30 ? 90000 : 0 };
    cr_expect_not(stopping_reached(&rules, &result), "more kills may help");
    set_kills(0, 4000, 2000, 2000, 0);
    cr_expect(stopping_reached(&rules, &result), "no kills help");
    cr_expect_not(stopping_shown(&rules, &result));
    cr_expect(stopping_is_hidden(&rules, &result));
}

/* All kills of the first half do harm, none of the second: so many kills of each. */
static void strike_halves(struct handmade *run, size_t each)
{
    static const struct handmade_strategy all[HANDMADE_STRATEGIES] = {
        { .name = "a", .points = ".L." }
    };
    CLEANUP(mem_freep) char *letters = mem_alloc(2 * each + 1);

    memset(letters, 'H', each);
    memset(letters + each, '.', each);
    letters[2 * each] = '\0';
    handmade_init(run, 1, all);
    handmade_strike(run, 0, letters, 1);
}

Test(stopping, a_rate_that_changes_ends_the_kills_too)
{
    static const struct stopping rules = { .width = 0.2 };
    struct handmade run;

    strike_halves(&run, 500);
    cr_expect_not(stopping_reached(&rules, &run.result), "kills may change it");
    handmade_release(&run);
    strike_halves(&run, 10000);
    cr_expect(stopping_reached(&rules, &run.result));
    cr_expect(stopping_is_hidden(&rules, &run.result));
    handmade_release(&run);
}

Test(stopping, both_rules_must_hold)
{
    static const struct stopping rules = { .width = 0.1, .below = 0.001 };

    set_all_censuses(".LL.", "..", ".L");
    set_kills(0, 1508, 754, 754, 754);
    set_kills(1, 1508, 0, 0, 0);
    set_kills(2, 1508, 754, 754, 754);
    cr_expect(!stopping_reached(&rules, &result), "not below yet");
    set_kills(1, 3688, 0, 0, 0);
    cr_expect(stopping_reached(&rules, &result));
    set_kills(2, 1507, 754, 754, 754);
    cr_expect(!stopping_reached(&rules, &result), "not narrow any more");
}

Test(stopping, says_what_is_needed)
{
    static const struct {
        struct stopping rules;
        const char *first, *second, *third, *text;
    } cases[] = {
        { { 0, 0, 0 }, ".L.", "...", "..", "" },
        { { 0, 1e-4, 0 },
          ".L.",
          "...",
          "..",
          "until-below 0.0001: 36887 clean kills of each of 2 strategies that are clean "
          "(multi, script) needed" },
        { { 0, 1e-3, 0 },
          ".L.",
          ".L.",
          "..",
          "until-below 0.001: 3688 clean kills of the one strategy that is clean "
          "(script) needed" },
        { { 0, 1e-3, 0 },
          ".L.",
          ".L.",
          "x.",
          "until-below 0.001: no strategy is clean, so there is nothing to wait for" },
        { { 0, 1e-17, 0 },
          ".L.",
          ".L.",
          "..",
          "until-below 1e-17: more than 2^53 clean kills of the one strategy that is "
          "clean (script) needed" },
        { { 0.1, 0, 0 },
          ".L.",
          "...",
          "..",
          "until-width 0.1: at most 1508 valid kills per strategy, fewer where rates are "
          "near 0 or 1" },
        { { 0.1, 0.01, 0 },
          ".L.",
          "...",
          "x.",
          "until-width 0.1: at most 1508 valid kills per strategy, fewer where rates are "
          "near 0 or 1; until-below 0.01: 368 clean kills of the one strategy that is "
          "clean (multi) needed" },
    };
    char text[400];

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        set_all_censuses(cases[i].first, cases[i].second, cases[i].third);
        stopping_describe(&cases[i].rules, &result, text, sizeof(text));
        cr_expect_str_eq(text, cases[i].text);
        stopping_describe(&cases[i].rules, &result, text, 8);
        cr_expect_eq(strlen(text), cases[i].text[0] ? 7 : 0, "cut off");
    }
}

/* One campaign: kills of the first strategy leak at this rate, until the rules are met.
 */
static void draw_until(const struct stopping *rules, double rate, uint64_t seed)
{
    uint64_t valid = 0, leaked = 0;

    do {
        leaked += rng_unit(seed, 0, valid++) < rate;
        set_kills(0, valid, leaked, leaked, leaked);
    } while (!stopping_reached(rules, &result));
}

/* Stopping by the width chooses the moment; the interval at that moment must be right all
 * the same, in the words of the report. */
Test(stopping, by_width_leaves_intervals_that_are_right)
{
    static const double rates[] = { 0.001, 0.02, 0.3, 0.5, 0.97 };
    static const struct stopping rules = { .width = 0.25 };
    enum { CAMPAIGNS = 200 };

    result.stopping = rules;
    set_all_censuses(".L.", ".", ".");
    for (size_t i = 0; i < UNLESS_SANITIZED(ARRAY_SIZE(rates), 1); i++) {
        struct coverage coverage = { 0.95, 0, 0, 0 };
        double kills = 0;
        char what[64];

        for (uint64_t seed = 1; seed <= CAMPAIGNS; seed++) {
            const struct kills *drawn = &result.findings[0].kills;
            struct rate rate;

            draw_until(&rules, rates[i], seed);
            rate = figure_rate(&result,
                               (struct sample){ .hits = drawn->words.later[0],
                                                .of = drawn->outcomes[OUTCOME_VALID] });
            cr_expect_leq(rate.interval.high - rate.interval.low, rules.width);
            kills += (double)rate.of;
            coverage.campaigns++;
            coverage.most++;
            coverage.covered +=
                rate.interval.low <= rates[i] && rates[i] <= rate.interval.high;
        }
        snprintf(what, sizeof(what), "rate %g, %.0f kills on average", rates[i],
                 kills / CAMPAIGNS);
        coverage_expect(&coverage, ERROR, what);
    }
}

/* A strategy that is clean by its census and yet does harm, a little more often than
 * `below`: as long as no kill has shown it, it passes for one that is below in no more
 * than alpha / 2 of the campaigns. */
Test(stopping, by_below_is_rarely_deceived)
{
    static const struct stopping rules = { .below = 0.05 };
    enum { CAMPAIGNS = 4000 };
    struct coverage coverage = { 0.975, CAMPAIGNS, 0, CAMPAIGNS };

    set_all_censuses("..", "L.", "L.");
    for (uint64_t seed = 1; seed <= CAMPAIGNS; seed++) {
        bool reached = false, harmed = false;

        for (uint64_t valid = 1; !reached && !harmed; valid++) {
            harmed = rng_unit(seed, 1, valid) < 0.051;
            set_kills(0, valid, 0, harmed, 0);
            reached = stopping_reached(&rules, &result);
        }
        coverage.covered += !reached;
    }
    coverage_expect(&coverage, ERROR, "rate 5.1%, not called below 5%");
}

/* The same counts, once as a plan's and once as those of a run that stopped by a rule. */
Test(stopping, decides_which_interval_is_reported)
{
    struct interval once = interval_proportion(30, 100, 0.95);
    struct interval always = sequence_interval(30, 100, 0.95);
    struct rate rate = figure_rate(&result, (struct sample){ .hits = 30, .of = 100 });

    cr_expect_eq(rate.interval.low, once.low);
    cr_expect_eq(rate.interval.high, once.high);
    cr_expect_str_eq(rate.method, "clopper-pearson");
    result.stopping.below = 0.01;
    rate = figure_rate(&result, (struct sample){ .hits = 30, .of = 100 });
    cr_expect_eq(rate.interval.low, always.low);
    cr_expect_eq(rate.interval.high, always.high);
    cr_expect_str_eq(rate.method, "confidence-sequence");
}

static bool report_says(const char *format, const char *words)
{
    CLEANUP(mem_freep) char *text = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&text, &length);

    format_by_name(format)->run(memory, &result, (struct report_style){ 0 });
    fclose(memory);
    return strstr(text, words) != NULL;
}

Test(stopping, is_named_in_reports)
{
    set_all_censuses(".L.", "...", "..");
    for (size_t i = 0; i < STRATEGIES; i++)
        set_kills(i, 1000, 0, 0, 0);
    cr_expect(!report_says("text", "confidence sequence"));
    cr_expect(!report_says("json", "confidence-sequence"));
    cr_expect(report_says("json", "\"method\": \"clopper-pearson\""));
    result.stopping.width = 0.1;
    cr_expect(report_says("text", "Robbins 1970"));
    cr_expect(report_says("json", "\"method\": \"confidence-sequence\""));
    cr_expect(!report_says("json", "clopper-pearson"));
}
