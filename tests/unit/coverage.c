/* coverage: plan, tally and interval together find rates that are known exactly.
 *
 * A campaign is a plan whose trials are not run but computed: the worker's update takes a
 * share of the span from which instants are drawn, and leaks in a window that is a share
 * `rate` of it. So the truth is `rate`, with no machine in between; and as nothing here
 * depends on one, neither does the outcome. The error below is that of the choice of
 * seeds: 7 rates, 2 confidences, 2 sides, below 1e-9 together.
 *
 * The second half is the whole way from durations to an interval: updates that take
 * varying times, kills that are aimed by those seen before and come late, and a window of
 * harm at the front, in the middle or at the back of each update. The truth is the share
 * of all time that is spent in windows. */
#include "coverage.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "machine.h"
#include "result/figures.h"
#include "result/tally.h"
#include "testlib.h"

#define ERROR 3e-11

enum { CAMPAIGNS = 300, ATTEMPTS = 400 };

static const double rates[] = { 0, 0.003, 0.05, 0.3, 0.5, 0.9, 1 };
#define RATES ARRAY_SIZE(rates)

static const double confidences[] = { 0.95, 0.5 };

/* The share of the span that an update takes: kills beyond it come too late. */
static const double update = 0.88;

/* Crash points: nothing done, the window, all done. Their states are numbers. */
enum { BEFORE, WINDOW, AFTER, POINTS };

static struct signature signature(unsigned point)
{
    return (struct signature){ point + 1, 0 };
}

static void take(struct result *result, enum event_type type, const void *body,
                 size_t bytes)
{
    struct err err = ERR_NULL;

    cr_assert_eq(tally_take(result, type, body, bytes, &err), 0, "%s", err.msg);
}

static void take_census(struct result *result, uint32_t strategy)
{
    struct event_control control = { .strategy = strategy,
                                     .commands = POINTS - 1,
                                     .done = signature(AFTER) };

    take(result, EVENT_CONTROL, &control, sizeof(control));
    for (unsigned k = 0; k < POINTS; k++) {
        struct event_point point = {
            .strategy = strategy,
            .index = k,
            .verdict.now = k == WINDOW ? NOW_TORN : NOW_INTACT,
            .verdict.later = k == WINDOW ? LATER_LEAKED : 0,
            .signature = signature(k),
        };

        take(result, EVENT_POINT, &point, sizeof(point));
    }
}

/* What a worker does that is killed at this instant. */
static struct event_trial die(const struct plan_trial *planned)
{
    double rate = rates[planned->strategy];
    double at =
        planned->fraction / update - (1 - rate) / 2; /* since the window's start */
    unsigned point = at < 0 ? BEFORE : at < rate ? WINDOW : AFTER;
    bool missed = planned->fraction >= update;

    if (missed)
        point = AFTER;
    return (struct event_trial){
        .number = planned->number,
        .strategy = (uint32_t)planned->strategy,
        .outcome = (uint8_t)(missed ? OUTCOME_MISSED : OUTCOME_VALID),
        .verdict.now = (uint8_t)(point == WINDOW ? NOW_TORN : NOW_INTACT),
        .verdict.later = (uint16_t)(point == WINDOW ? LATER_LEAKED : 0),
        .replies = point,
        .commands = point,
        .signature = signature(point),
    };
}

/* Campaign number `seed`, whose intervals are added to the coverages. */
static void run_campaign(const struct outline *scenario, uint64_t seed,
                         struct coverage coverages[RATES][ARRAY_SIZE(confidences)])
{
    struct plan plan = { seed, RATES, ATTEMPTS };
    CLEANUP(mem_freep) struct event_trial *trials =
        mem_alloc(RATES * ATTEMPTS * sizeof(*trials));
    size_t all[RATES];
    struct result result;

    for (size_t i = 0; i < RATES; i++)
        all[i] = i;
    result_init(&result, scenario, all, &plan);
    for (uint32_t i = 0; i < RATES; i++)
        take_census(&result, i);
    for (uint64_t t = 0; t < plan_trials(&plan); t++) {
        struct plan_trial planned = plan_trial(&plan, t);

        trials[t] = die(&planned);
    }
    take(&result, EVENT_TRIALS, trials, RATES * ATTEMPTS * sizeof(*trials));
    for (size_t i = 0; i < RATES; i++) {
        const struct kills *kills = &result.findings[i].kills;
        uint64_t valid = kills->outcomes[OUTCOME_VALID];

        cr_assert_eq(kills->unexplained, 0, "%s", result.unexplained);
        cr_assert_eq(valid + kills->outcomes[OUTCOME_MISSED], ATTEMPTS);
        for (size_t c = 0; c < ARRAY_SIZE(confidences); c++) {
            struct rate rate;

            result.confidence = confidences[c];
            rate = figure_rate(
                &result, (struct sample){ .hits = kills->words.later[0], .of = valid });
            coverage_add(&coverages[i][c], rate.interval, valid, rates[i]);
        }
    }
    result_release(&result);
}

Test(coverage, is_as_promised_for_exactly_known_rates)
{
    static struct coverage coverages[RATES][ARRAY_SIZE(confidences)];
    struct strategy strategies[RATES];
    struct outline scenario = { .strategies = strategies, .strategy_count = RATES };

    memset(strategies, 0, sizeof(strategies));
    for (size_t i = 0; i < RATES; i++)
        for (size_t c = 0; c < ARRAY_SIZE(confidences); c++)
            coverages[i][c].confidence = confidences[c];
    for (size_t i = 0; i < RATES; i++)
        strategies[i].name = mem_printf("rate %g", rates[i]);
    for (uint64_t seed = 1; seed <= CAMPAIGNS; seed++)
        run_campaign(&scenario, seed, coverages);
    for (size_t i = 0; i < RATES; i++) {
        for (size_t c = 0; c < ARRAY_SIZE(confidences); c++)
            coverage_expect(&coverages[i][c], ERROR, strategies[i].name);
        free(strategies[i].name);
    }
}

/* --- from durations to an interval --- */

enum { AIMED_CAMPAIGNS = 60, AIMED_ATTEMPTS = 600 };

static const double typical_ns[] = { 20e3, 100e3, 2e6, 50e6 };
static const double windows[] = { 0.01, 0.1, 0.5, 0.9 };
static const double positions[] = { 0, 0.5, 1 }; /* front, middle, back */

/* One attempt: what a worker does that is aimed at. */
static struct event_trial attempt(struct machine *machine, uint64_t number,
                                  struct window window)
{
    static const struct {
        enum outcome outcome;
        unsigned point;
    } blows[] = {
        [BLOW_EARLY] = { OUTCOME_EARLY, BEFORE },
        [BLOW_BEFORE] = { OUTCOME_VALID, BEFORE },
        [BLOW_INSIDE] = { OUTCOME_VALID, WINDOW },
        [BLOW_BEHIND] = { OUTCOME_VALID, AFTER },
        [BLOW_LATE] = { OUTCOME_MISSED, AFTER },
    };
    struct blow blow = machine_strike(machine, machine_number(machine), window);
    unsigned point = blows[blow.outcome].point;

    return (struct event_trial){
        .number = number,
        .outcome = (uint8_t)blows[blow.outcome].outcome,
        .verdict.now = (uint8_t)(point == WINDOW ? NOW_TORN : NOW_INTACT),
        .verdict.later = (uint16_t)(point == WINDOW ? LATER_LEAKED : 0),
        .replies = point,
        .commands = point,
        .weight_ns = blow.weight_ns,
        .kill_ns = blow.kill_ns,
        .signature = signature(point),
    };
}

static bool campaign_covers(const struct outline *scenario, struct machine *machine,
                            double window, double position)
{
    static const size_t all[] = { 0 };
    struct plan plan = { machine->seed, 1, AIMED_ATTEMPTS };
    struct result result;
    struct rate rate;

    result_init(&result, scenario, all, &plan);
    result.confidence = 0.95;
    take_census(&result, 0);
    for (uint64_t i = 0; i < AIMED_ATTEMPTS; i++) {
        struct event_trial trial = attempt(machine, i, window_at(window, position));

        take(&result, EVENT_TRIALS, &trial, sizeof(trial));
    }
    rate = figure_kill_rate(&result, &result.findings[0], RATE_HARMED);
    cr_assert_eq(result.findings[0].kills.unexplained, 0, "%s", result.unexplained);
    result_release(&result);
    return rate.interval.low <= window && window <= rate.interval.high;
}

/* 144 cells and 60 campaigns in each. An interval of weighted kills is no exact one: its
 * promise is held for each cell and, far more narrowly, for all of a spread together,
 * where 2,880 campaigns cover at least 0.95 of the time but for the chance of the choice
 * of seeds (1e-11 for each bound). */
Test(coverage, is_as_promised_for_updates_that_take_varying_times)
{
    char name[] = "updates";
    struct strategy strategy = { .name = name };
    struct outline scenario = { .strategies = &strategy, .strategy_count = 1 };
    uint64_t seed = 0;

    for (size_t s = 0; s < UNLESS_SANITIZED(MACHINE_SPREADS, 1); s++) {
        struct coverage all = { .confidence = 0.95 };

        for (size_t t = 0; t < ARRAY_SIZE(typical_ns); t++)
            for (size_t w = 0; w < ARRAY_SIZE(windows); w++)
                for (size_t p = 0; p < ARRAY_SIZE(positions); p++) {
                    struct coverage cell = { .confidence = 0.95 };
                    char what[128];

                    for (unsigned c = 0; c < AIMED_CAMPAIGNS; c++) {
                        struct machine machine;

                        machine_init(&machine, ++seed, &machine_spreads[s],
                                     typical_ns[t]);
                        cell.covered += campaign_covers(&scenario, &machine, windows[w],
                                                        positions[p]);
                        cell.campaigns++;
                        cell.most++;
                    }
                    all.campaigns += cell.campaigns;
                    all.covered += cell.covered;
                    all.most += cell.most;
                    snprintf(what, sizeof(what), "%s, %g us, window %g at %g",
                             machine_spreads[s].name, typical_ns[t] / 1e3, windows[w],
                             positions[p]);
                    cr_expect(coverage_is_right(&cell, 1e-11), "%s: %llu of %llu", what,
                              (unsigned long long)cell.covered,
                              (unsigned long long)cell.campaigns);
                }
        coverage_expect(&all, 1e-11, machine_spreads[s].name);
    }
}

/* --- one update in many is long, and does harm in all of its time; others do none --- */

enum { RARE_CAMPAIGNS = 200, RARE_ATTEMPTS = 1000, RARE_SEEN = 300 };

/* What is measured of updates that are let be, as a lane tells it. */
static void take_durations(struct result *result, const struct machine *machine)
{
    struct finding *finding = &result->findings[0];
    size_t count = machine->seen < MACHINE_LOOKED_AT ? machine->seen : MACHINE_LOOKED_AT;

    finding->cold = mem_alloc(count * sizeof(*finding->cold));
    finding->cold_count = count;
    for (size_t i = 0; i < count; i++)
        finding->cold[i].ran_ns = machine->ran_ns[i];
}

static bool rare_covers(const struct outline *scenario, const struct spread *spread,
                        uint64_t seed, double truth)
{
    static const size_t all[] = { 0 };
    struct plan plan = { seed, 1, RARE_ATTEMPTS };
    struct machine *machine = MEM_NEW(struct machine);
    struct result result;
    struct rate rate;

    result_init(&result, scenario, all, &plan);
    result.confidence = 0.95;
    take_census(&result, 0);
    machine_init(machine, seed, spread, 100e3);
    machine_look(machine, RARE_SEEN - MACHINE_SEEN);
    for (uint64_t i = 0; i < RARE_ATTEMPTS; i++) {
        struct window window = { 0, 0 };
        struct machine ahead = *machine;
        struct event_trial trial;

        /* The same attempt, but for what it does. */
        if (machine_strike(&ahead, machine_number(&ahead), window).slow)
            window.to = 1;
        trial = attempt(machine, i, window);
        take(&result, EVENT_TRIALS, &trial, sizeof(trial));
    }
    take_durations(&result, machine);
    free(machine);
    rate = figure_kill_rate(&result, &result.findings[0], RATE_HARMED);
    result_release(&result);
    return rate.interval.low <= truth && truth <= rate.interval.high;
}

/* Those which a lane sees with 95% before it kills. Rarer ones it may not see, and then
 * nothing can be said of them: how often is only printed (docs/results.md). */
Test(coverage, is_as_promised_where_few_updates_are_long)
{
    static const struct spread spreads[] = {
        { "one in 20 is long", 0.05, 20 },   { "one in 50 is long", 0.05, 50 },
        { "one in 100 is long", 0.05, 100 }, { "one in 200 is long", 0.05, 200 },
        { "one in 500 is long", 0.05, 500 },
    };
    char name[] = "updates";
    struct strategy strategy = { .name = name };
    struct outline scenario = { .strategies = &strategy, .strategy_count = 1 };
    uint64_t seed = 0;

    for (size_t s = 0; s < ARRAY_SIZE(spreads); s++) {
        struct coverage coverage = { .confidence = 0.95 };
        double slow = 50.0 / spreads[s].slow_one;
        double truth = slow / (slow + 1 - 1.0 / spreads[s].slow_one);

        for (unsigned c = 0; c < RARE_CAMPAIGNS; c++) {
            coverage.covered += rare_covers(&scenario, &spreads[s], ++seed, truth);
            coverage.campaigns++;
            coverage.most++;
        }
        if (spreads[s].slow_one * 3 <= RARE_SEEN)
            coverage_expect(&coverage, 1e-6, spreads[s].name);
        else
            fprintf(stderr, "%s: %d of %d cover\n", spreads[s].name,
                    (int)coverage.covered, RARE_CAMPAIGNS);
    }
}

/* The checker is checked: coverages that are too low or too high are outside of what is
 * right. Too high can only be told at a low confidence. */
Test(coverage, bounds_tell_right_from_wrong)
{
    static const struct {
        double confidence, most;
        uint64_t covered;
        bool right;
    } cases[] = {
        { 0.95, 0.97, 250, false }, { 0.95, 0.97, 260, true }, { 0.95, 0.97, 300, true },
        { 0.95, 0.97, 0, false },   { 0.5, 0.6, 90, false },   { 0.5, 0.6, 165, true },
        { 0.5, 0.6, 235, false },   { 0.5, 0.6, 300, false },  { 0.5, 1, 300, true },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct coverage coverage = { cases[i].confidence, 300, cases[i].covered,
                                     300 * cases[i].most };

        cr_expect_eq(coverage_is_right(&coverage, ERROR), cases[i].right, "case %zu", i);
    }
}
