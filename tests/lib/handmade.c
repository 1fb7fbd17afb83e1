/* handmade.c - see handmade.h. */
#include "handmade.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define SAMPLES 101
#define BLOCKS 5
#define STEP 37 /* through the samples, which are then in no order */

static unsigned later_of(char letter)
{
    switch (letter) {
    case 'L':
        return LATER_LEAKED;
    case 'l':
        return LATER_LOST;
    case 'x':
        return LATER_MIXED;
    case 'S':
        return LATER_STUCK;
    case 'B':
        return LATER_LEAKED | LATER_LOST;
    }
    return 0;
}

void handmade_label(struct finding *finding, size_t index, const char *format, ...)
{
    struct command command = { .name = "" };
    va_list args;

    va_start(args, format);
    vsnprintf(command.label, sizeof(command.label), format, args);
    va_end(args);
    finding_put_command(finding, index, &command);
}

static void fill_points(struct finding *finding, const char *points)
{
    finding_begin(finding, strlen(points) - 1);
    finding->bytes = 30 * finding->commands;
    finding->trips = 1;
    finding->read_bytes = 16384;
    for (size_t k = 0; points[k]; k++) {
        finding->points[k] = (struct point){
            .taken = true,
            .verdict.now = points[k] == '.' ? NOW_INTACT : NOW_TORN,
            .verdict.later = later_of(points[k]),
            .verdict.passing = points[k] == 'p' ? LATER_STUCK : 0,
            .verdict.lasts_ms = points[k] == 'p'      ? 43200000
                                : later_of(points[k]) ? LASTS_FOREVER
                                                      : 0,
            .signature = { k + 1, 0 },
        };
        if (k)
            handmade_label(finding, k - 1, "SET key%zu", k);
    }
}

/* Each attempt landed inside the update, so that its time is what each kill weighs. */
static void weigh(struct kills *kills, double weight_ns)
{
    const uint64_t counts[RATE_COUNT] = {
        [RATE_HARMED] = tally_harmed(&kills->words),
        [RATE_LEAKED] = kills->words.later[0],
        [RATE_TORN] = kills->words.now[NOW_TORN],
    };

    for (uint64_t i = 0; i < kills->outcomes[OUTCOME_VALID]; i++) {
        weighted_add(&kills->weights, weight_ns);
        for (int rate = 0; rate < RATE_COUNT; rate++)
            if (i < counts[rate])
                weighted_add(&kills->counted[rate], weight_ns);
    }
}

/* Spread a tenth to both sides of their mean. No two strategies have theirs in the same
 * order, so that blocks differ by chance. */
static void measure(struct finding *finding, size_t number, double mean_ns)
{
    finding->sample_count = SAMPLES;
    finding->samples_ns = MEM_ARRAY(uint64_t, SAMPLES);
    for (size_t i = 0; i < SAMPLES; i++) {
        size_t place = i * (STEP + number) % SAMPLES;

        finding->samples_ns[i] =
            (uint64_t)(mean_ns * (0.9 + 0.2 * (double)place / (SAMPLES - 1)));
    }
    finding->block_count = BLOCKS;
    finding->block_starts = MEM_ARRAY(size_t, BLOCKS);
    for (size_t i = 0; i < BLOCKS; i++)
        finding->block_starts[i] = i * SAMPLES / BLOCKS;
}

static void fill(struct finding *finding, size_t number,
                 const struct handmade_strategy *strategy)
{
    if (strategy->points)
        fill_points(finding, strategy->points);
    finding->unseen.known = true;
    finding->kills.requested = strategy->valid;
    finding->kills.outcomes[OUTCOME_VALID] = strategy->valid;
    finding->kills.words = (struct words){
        .now = { strategy->valid - strategy->torn, 0, strategy->torn },
        .clean = strategy->valid - strategy->leaked - strategy->mixed,
        .later = { strategy->leaked, 0, strategy->mixed },
    };
    if (!(strategy->mean_us > 0))
        return;
    weigh(&finding->kills, 1e3 * strategy->mean_us);
    measure(finding, number, 1e3 * strategy->mean_us);
}

void handmade_init(struct handmade *handmade, uint64_t seed,
                   const struct handmade_strategy strategies[HANDMADE_STRATEGIES])
{
    static const size_t all[HANDMADE_STRATEGIES] = { 0, 1, 2, 3, 4, 5 };
    static char names[][8] = { "jobs", "period" }, values[][4] = { "25", "10" };
    struct plan plan = { seed, 0, 0 };

    *handmade = (struct handmade){
        .scenario = { .name = (char *)"queue",
                      .title = (char *)"A queue",
                      .source = (char *)"",
                      .path = (char *)"queue.lua" },
        .parameters = { { .name = names[0], .value = values[0] },
                        { .name = names[1], .value = values[1] } },
    };
    while (plan.strategies < HANDMADE_STRATEGIES && strategies[plan.strategies].name) {
        handmade->strategies[plan.strategies] =
            (struct strategy){ .name = (char *)strategies[plan.strategies].name,
                               .about = (char *)"",
                               .expect = strategies[plan.strategies].expect };
        plan.strategies++;
    }
    handmade->scenario.strategies = handmade->strategies;
    handmade->scenario.strategy_count = plan.strategies;
    handmade->scenario.reference = plan.strategies - 1;
    handmade->scenario.parameters = handmade->parameters;
    handmade->scenario.parameter_count = 2;
    result_init(&handmade->result, &handmade->scenario, all, &plan);
    handmade->result.complete = true;
    handmade->result.confidence = 0.95;
    handmade->result.lanes = 2;
    handmade->result.transport = "unix socket";
    handmade->result.killer = "timer";
    snprintf(handmade->result.server, sizeof(handmade->result.server), "redis 7.0.15");
    for (size_t i = 0; i < plan.strategies; i++) {
        handmade->result.kills_wanted |= strategies[i].valid > 0;
        fill(&handmade->result.findings[i], i, &strategies[i]);
    }
}

/* A trial of that number. */
static void strike(struct handmade *handmade, uint32_t strategy, uint64_t number,
                   char letter)
{
    const struct finding *finding = &handmade->result.findings[strategy];
    struct err err = ERR_NULL;
    uint64_t point = letter == 'H' ? 1 : 2;
    struct event_trial trial = {
        .number = number,
        .strategy = strategy,
        .outcome = letter == '-' ? OUTCOME_MISSED : OUTCOME_VALID,
        .verdict = finding->points[point].verdict,
        .signature = finding->points[point].signature,
        .replies = point,
        .commands = point,
        .weight_ns = 1000,
    };

    cr_assert_eq(tally_take(&handmade->result, EVENT_TRIALS, &trial, sizeof(trial), &err),
                 0, "%s", err.msg);
}

void handmade_strike(struct handmade *handmade, uint32_t strategy, const char *letters,
                     unsigned times)
{
    size_t count = strlen(letters), strategies = handmade->result.plan.strategies;

    result_keep_attempts(&handmade->result);
    for (size_t i = 0; i < count * times; i++)
        strike(handmade, strategy, i * strategies + strategy, letters[i % count]);
}

void handmade_try(struct handmade *handmade, const struct plan_trial *trial, char letter)
{
    strike(handmade, (uint32_t)trial->strategy, trial->number, letter);
}

void handmade_hold_up(struct handmade *handmade, unsigned of_hundred)
{
    struct finding *finding = &handmade->result.findings[0];

    finding->cold = mem_alloc(100 * sizeof(*finding->cold));
    finding->cold_count = 100;
    for (unsigned i = 0; i < 100; i++)
        finding->cold[i] =
            (struct cold){ .ran_ns = 50000, .waited_ns = i < of_hundred ? 25000 : 0 };
    finding->kills.latest_ns = 50000;
}

void handmade_release(struct handmade *handmade)
{
    result_release(&handmade->result);
}
