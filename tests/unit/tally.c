/* tally: messages of lanes go in, counts and verdicts come out. The messages are made
 * here, for a scenario of three strategies: one that should leak, one that should be
 * atomic, one of which nothing is expected. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "result/figures.h"
#include "result/measured.h"
#include "result/tally.h"
#include "testlib.h"

enum { LEAKY, ATOMIC, SILENT, STRATEGIES };

static struct strategy strategies[STRATEGIES] = {
    { .name = (char[]){ "leaky" }, .expect = LATER_LEAKED },
    { .name = (char[]){ "atomic" }, .expect = EXPECT_ATOMIC },
    { .name = (char[]){ "silent" } },
};
static const struct outline scenario = { .strategies = strategies,
                                         .strategy_count = STRATEGIES };

static struct result result;

/* Begins with an empty result, whatever there was. */
static void begin(void)
{
    static const size_t all[STRATEGIES] = { LEAKY, ATOMIC, SILENT };
    static const struct plan plan = { 1, STRATEGIES, 100 };

    result_release(&result);
    result_init(&result, &scenario, all, &plan);
    result.complete = true;
}

static void end(void)
{
    result_release(&result);
}

static void take(enum event_type type, const void *body, size_t bytes)
{
    struct err err = ERR_NULL;

    cr_assert_eq(tally_take(&result, type, body, bytes, &err), 0, "%s", err.msg);
}

/* States are numbers here. State 0 is the empty one, whose signature is 0 as well. */
static struct signature signature(unsigned state)
{
    return (struct signature){ state, UINT64_C(3) * state };
}

static void take_control(uint32_t strategy, uint64_t commands, unsigned uncrashed)
{
    struct event_control control = {
        .strategy = strategy,
        .uncrashed = uncrashed,
        .commands = commands,
        .bytes = 40 * commands,
        .trips = 1,
        .done = signature(1000),
    };

    take(EVENT_CONTROL, &control, sizeof(control));
}

static void take_point(uint32_t strategy, uint64_t index, enum now now, unsigned later,
                       unsigned state)
{
    struct event_point point = {
        .strategy = strategy,
        .index = index,
        .verdict.now = now,
        .verdict.later = later,
        .signature = signature(state),
        .example = "stays: something",
    };

    take(EVENT_POINT, &point, sizeof(point));
}

static struct event_trial trial_of(uint32_t strategy, enum outcome outcome,
                                   uint64_t replies, uint64_t commands, unsigned state)
{
    return (struct event_trial){
        .number = 77,
        .strategy = strategy,
        .fault = FAULT_KILL,
        .outcome = (uint8_t)outcome,
        .verdict.now = NOW_TORN,
        .verdict.later = LATER_LEAKED,
        .replies = replies,
        .commands = commands,
        .signature = signature(state),
    };
}

TestSuite(tally, .init = begin, .fini = end);

Test(tally, census_counts_words)
{
    struct finding *finding = &result.findings[LEAKY];
    struct words words;

    words = tally_census(finding);
    cr_expect_eq(words.clean, 0, "nothing is known yet");
    take_control(LEAKY, 4, 0);
    take_point(LEAKY, 0, NOW_INTACT, 0, 1);
    take_point(LEAKY, 1, NOW_GAP, 0, 2);
    take_point(LEAKY, 2, NOW_TORN, LATER_LEAKED, 3);
    take_point(LEAKY, 3, NOW_TORN, LATER_LEAKED | LATER_LOST, 4);
    cr_expect(!tally_census_complete(finding), "a point is missing");
    take_point(LEAKY, 4, NOW_INTACT, LATER_STUCK, 1000);
    cr_expect(tally_census_complete(finding));
    words = tally_census(finding);
    cr_expect_eq(words.now[NOW_INTACT], 2);
    cr_expect_eq(words.now[NOW_GAP], 1);
    cr_expect_eq(words.now[NOW_TORN], 2);
    cr_expect_eq(words.clean, 2);
    cr_expect_eq(words.later[__builtin_ctz(LATER_LEAKED)], 2, "leaked");
    cr_expect_eq(words.later[__builtin_ctz(LATER_LOST)], 1, "lost");
    cr_expect_eq(words.later[__builtin_ctz(LATER_MIXED)], 0, "mixed");
    cr_expect_eq(words.later[__builtin_ctz(LATER_STUCK)], 1, "stuck");
    cr_expect_eq(tally_harmed(&words), 3);
    cr_expect_str_eq(finding_example(finding, 2), "stays: something");
}

/* Only valid kills count for the words; the others are counted as what they are. */
Test(tally, kills_count_outcomes_and_words)
{
    static const struct {
        enum outcome outcome;
        enum now now;
        unsigned later;
        unsigned state;
        uint64_t count;
    } kinds[] = {
        { OUTCOME_VALID, NOW_TORN, LATER_LEAKED, 2, 30 },
        { OUTCOME_VALID, NOW_TORN, LATER_LEAKED | LATER_MIXED, 3, 4 },
        { OUTCOME_VALID, NOW_INTACT, 0, 1, 11 },
        { OUTCOME_MISSED, NOW_INTACT, 0, 1, 7 },
        { OUTCOME_EARLY, NOW_INTACT, 0, 1, 3 },
        { OUTCOME_TIMEOUT, NOW_TORN, LATER_LEAKED, 2, 2 },
        { OUTCOME_ERROR, NOW_TORN, LATER_LEAKED, 2, 1 },
    };
    struct kills *kills = &result.findings[LEAKY].kills;
    struct event_trial batch[64];

    take_control(LEAKY, 2, 0);
    take_point(LEAKY, 0, NOW_INTACT, 0, 1);
    take_point(LEAKY, 1, NOW_TORN, LATER_LEAKED, 2);
    take_point(LEAKY, 2, NOW_TORN, LATER_LEAKED | LATER_MIXED, 3);
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        for (size_t t = 0; t < kinds[i].count; t++) {
            batch[t] = trial_of(LEAKY, kinds[i].outcome, 0, 2, kinds[i].state);
            batch[t].verdict.now = (uint8_t)kinds[i].now;
            batch[t].verdict.later = (uint16_t)kinds[i].later;
        }
        take(EVENT_TRIALS, batch, kinds[i].count * sizeof(*batch));
    }
    cr_expect_eq(kills->requested, 100);
    cr_expect_eq(tally_attempts(&result.findings[LEAKY]), 58);
    cr_expect_eq(tally_attempts(&result.findings[ATOMIC]), 0);
    cr_expect_eq(kills->outcomes[OUTCOME_VALID], 45);
    cr_expect_eq(kills->outcomes[OUTCOME_MISSED], 7);
    cr_expect_eq(kills->outcomes[OUTCOME_EARLY], 3);
    cr_expect_eq(kills->outcomes[OUTCOME_TIMEOUT], 2);
    cr_expect_eq(kills->outcomes[OUTCOME_ERROR], 1);
    cr_expect_eq(kills->words.now[NOW_TORN], 34);
    cr_expect_eq(kills->words.now[NOW_INTACT], 11);
    cr_expect_eq(kills->words.later[__builtin_ctz(LATER_LEAKED)], 34, "leaked");
    cr_expect_eq(kills->words.later[__builtin_ctz(LATER_MIXED)], 4, "mixed");
    cr_expect_eq(kills->words.clean, 11);
    cr_expect_eq(tally_harmed(&kills->words), 34);
    cr_expect_eq(result.findings[LEAKY].points[0].kills, 11);
    cr_expect_eq(result.findings[LEAKY].points[1].kills, 30);
    cr_expect_eq(result.findings[LEAKY].points[2].kills, 4);
    cr_expect_eq(kills->unexplained, 0);
}

/* A kill that stands for three times as much of the time counts three times. */
Test(tally, kills_count_as_much_as_they_weigh)
{
    static const double weights_ns[] = { 3000, 500, 0.5 };
    const struct kills *kills = &result.findings[LEAKY].kills;
    struct rate rate;

    take_control(LEAKY, 2, 0);
    take_point(LEAKY, 0, NOW_INTACT, 0, 1);
    take_point(LEAKY, 1, NOW_TORN, LATER_LEAKED, 2);
    take_point(LEAKY, 2, NOW_INTACT, 0, 1000);
    for (size_t i = 0; i < 30; i++) {
        struct event_trial trial = trial_of(LEAKY, OUTCOME_VALID, 1, 1, 2);

        trial.weight_ns = weights_ns[i % ARRAY_SIZE(weights_ns)];
        if (i % ARRAY_SIZE(weights_ns)) {
            trial.verdict = (struct verdict){ .now = NOW_INTACT };
            trial.replies = trial.commands = 0;
            trial.signature = signature(1);
        }
        take(EVENT_TRIALS, &trial, sizeof(trial));
    }
    cr_assert_eq(kills->unexplained, 0, "%s", result.unexplained);
    cr_expect_eq(kills->weights.count, 30);
    cr_expect_float_eq(kills->weights.sum, 35005, 1e-6, "%g", kills->weights.sum);
    cr_expect_eq(kills->counted[RATE_LEAKED].count, 10);
    cr_expect_float_eq(kills->counted[RATE_LEAKED].sum, 30000, 1e-6, "%g",
                       kills->counted[RATE_LEAKED].sum);
    result.confidence = 0.95;
    rate = figure_kill_rate(&result, &result.findings[LEAKY], RATE_LEAKED);
    cr_expect_float_eq(rate.estimate, 30000 / 35005.0, 1e-9, "%g", rate.estimate);
}

/* The census of a strategy of 5 commands: points 0 and 4 leave state 1, points 1 and 3
 * state 2, point 2 state 3; point 5 was not taken. A death is explained by the first
 * point that leaves its state, from the replies it had read to the commands it had
 * written. */
Test(tally, a_death_is_explained_by_a_point_in_its_range)
{
    static const struct {
        uint64_t replies, commands;
        unsigned state;
        int point; /* -1: unexplained */
    } cases[] = {
        { 0, 0, 1, 0 },  { 0, 5, 1, 0 },  { 1, 5, 1, 4 },  { 4, 4, 1, 4 },
        { 1, 3, 1, -1 }, { 0, 5, 2, 1 },  { 2, 3, 2, 3 },  { 1, 1, 2, 1 },
        { 2, 2, 2, -1 }, { 0, 0, 2, -1 }, { 4, 5, 2, -1 }, { 2, 2, 3, 2 },
        { 0, 5, 3, 2 },  { 3, 5, 3, -1 }, { 0, 1, 3, -1 }, { 0, 5, 9, -1 },
        { 0, 5, 0, -1 }, { 5, 5, 1, -1 }, { 0, 99, 1, 0 }, { 6, 99, 1, -1 },
    };
    static const enum outcome outcomes[] = { OUTCOME_VALID, OUTCOME_MISSED };

    for (size_t o = 0; o < ARRAY_SIZE(outcomes); o++) {
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
            struct event_trial trial = trial_of(LEAKY, outcomes[o], cases[i].replies,
                                                cases[i].commands, cases[i].state);
            bool valid = outcomes[o] == OUTCOME_VALID;

            begin();
            take_control(LEAKY, 5, 0);
            for (unsigned k = 0; k < 5; k++)
                take_point(LEAKY, k, NOW_TORN, LATER_LEAKED,
                           (unsigned[]){ 1, 2, 3, 2, 1 }[k]);
            take(EVENT_TRIALS, &trial, sizeof(trial));
            cr_expect_eq(result.findings[LEAKY].kills.unexplained, cases[i].point < 0,
                         "case %zu, %s", i, outcome_name(outcomes[o]));
            cr_expect_eq(result.unexplained[0] != '\0', cases[i].point < 0, "case %zu",
                         i);
            for (int k = 0; k <= 5; k++)
                cr_expect_eq(result.findings[LEAKY].points[k].kills,
                             valid && k == cases[i].point, "case %zu, point %d", i, k);
        }
    }
}

/* The same state is to be judged the same, by every lane and at any time. */
Test(tally, a_death_with_another_verdict_than_its_point_is_unexplained)
{
    struct finding *finding = &result.findings[LEAKY];
    struct event_trial trials[3];

    take_control(LEAKY, 1, 0);
    take_point(LEAKY, 0, NOW_INTACT, 0, 1);
    take_point(LEAKY, 1, NOW_TORN, LATER_LEAKED, 2);
    for (size_t i = 0; i < ARRAY_SIZE(trials); i++)
        trials[i] = trial_of(LEAKY, OUTCOME_VALID, 0, 1, 2);
    trials[1].verdict.later = LATER_LEAKED | LATER_LOST;
    trials[2].verdict.now = NOW_GAP;
    take(EVENT_TRIALS, trials, sizeof(trials));
    cr_expect_eq(finding->kills.unexplained, 2);
    cr_expect_eq(finding->points[1].kills, 1);
}

/* Of the kills that landed at a point the lowest number is kept, in whatever order lanes
 * tell them; those that were not valid landed nowhere. */
Test(tally, a_point_names_its_first_trial)
{
    static const uint64_t numbers[] = { 50, 9, 31, 4, 77 };
    struct event_trial trials[ARRAY_SIZE(numbers)];
    const struct point *points;

    take_control(LEAKY, 2, 0);
    points = result.findings[LEAKY].points;
    take_point(LEAKY, 0, NOW_INTACT, 0, 1);
    take_point(LEAKY, 1, NOW_TORN, LATER_LEAKED, 2);
    take_point(LEAKY, 2, NOW_TORN, LATER_LEAKED, 3);
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        trials[i] = trial_of(LEAKY, OUTCOME_VALID, 0, 2, 2);
        trials[i].number = numbers[i];
    }
    trials[3].outcome = OUTCOME_MISSED;
    take(EVENT_TRIALS, trials, sizeof(trials));
    cr_expect(!points[0].has_trial);
    cr_expect(!points[2].has_trial);
    cr_expect(points[1].has_trial);
    cr_expect_eq(points[1].example_trial, 9);
    trials[0].number = 0;
    take(EVENT_TRIALS, trials, sizeof(*trials));
    cr_expect_eq(points[1].example_trial, 0);
}

Test(tally, a_narrative_comes_in_pieces)
{
    cr_expect_null(result.narrative);
    take(EVENT_TEXT, "one, ", 5);
    take(EVENT_TEXT, "two", 3);
    take(EVENT_TEXT, "", 0);
    cr_expect_str_eq(result.narrative, "one, two");
}

/* A state that another strategy's census has explains nothing. */
Test(tally, the_first_unexplained_death_is_told)
{
    struct event_trial trials[2];

    take_control(LEAKY, 0, 0);
    take_point(LEAKY, 0, NOW_INTACT, 0, 1);
    take_control(ATOMIC, 0, 0);
    take_point(ATOMIC, 0, NOW_INTACT, 0, 2);
    trials[0] = trial_of(ATOMIC, OUTCOME_VALID, 0, 0, 1);
    trials[1] = trial_of(LEAKY, OUTCOME_VALID, 0, 0, 2);
    trials[1].number = 78;
    take(EVENT_TRIALS, trials, sizeof(trials));
    cr_expect_eq(result.findings[LEAKY].kills.unexplained, 1);
    cr_expect_eq(result.findings[ATOMIC].kills.unexplained, 1);
    cr_expect(
        strstr(result.unexplained, "77") && strstr(result.unexplained, "'atomic'") &&
            strstr(result.unexplained, "torn") && strstr(result.unexplained, "leaked"),
        "%s", result.unexplained);
}

/* A lane that repeats what another one said is welcome, and takes nothing back. */
Test(tally, lanes_that_disagree_are_an_error)
{
    static const struct event_control agreed = {
        .strategy = LEAKY,
        .uncrashed = LATER_LOST,
        .commands = 2,
        .bytes = 80,
        .trips = 3,
        .done = { 5, 6 },
    };
    struct event_control controls[7];
    struct err err = ERR_NULL;

    for (size_t i = 0; i < ARRAY_SIZE(controls); i++)
        controls[i] = agreed;
    controls[1].commands++;
    controls[2].bytes++;
    controls[3].trips++;
    controls[4].done.low++;
    controls[5].done.high++;
    controls[6].uncrashed = 0;
    take(EVENT_CONTROL, &agreed, sizeof(agreed));
    take_point(LEAKY, 1, NOW_TORN, LATER_LEAKED, 3);
    take(EVENT_CONTROL, &controls[0], sizeof(agreed));
    cr_expect(result.findings[LEAKY].points[1].taken);
    for (size_t i = 1; i < ARRAY_SIZE(controls); i++) {
        cr_expect_eq(
            tally_take(&result, EVENT_CONTROL, &controls[i], sizeof(agreed), &err),
            ERR_USAGE, "control %zu", i);
        cr_expect_not_null(strstr(err.msg, "'leaky'"), "%s", err.msg);
    }
}

Test(tally, what_cannot_be_is_an_error)
{
    struct event_point point = { .strategy = LEAKY, .index = 3 };
    struct err err = ERR_NULL;

    cr_expect_lt(tally_take(&result, EVENT_POINT, &point, sizeof(point), &err), 0,
                 "a point before its control");
    take_control(LEAKY, 2, 0);
    cr_expect_lt(tally_take(&result, EVENT_POINT, &point, sizeof(point), &err), 0,
                 "a point behind the last");
    cr_expect_eq(tally_take(&result, (enum event_type)99, NULL, 0, &err), -EPROTO);
    take(EVENT_READY, NULL, 0);
    take(EVENT_ALIVE, NULL, 0);
    take(EVENT_DONE, NULL, 0);
}

static void take_samples(enum samples_kind kind, const uint64_t *values, size_t count)
{
    size_t bytes = sizeof(struct event_samples) + count * sizeof(*values);
    CLEANUP(mem_freep) struct event_samples *samples = mem_alloc(bytes);

    *samples = (struct event_samples){ .strategy = LEAKY, .kind = kind, .count = count };
    if (count)
        memcpy(samples->values, values, count * sizeof(*values));
    take(EVENT_SAMPLES, samples, bytes);
}

Test(tally, samples_of_lanes_come_together)
{
    static const uint64_t expected[] = { 5, 6, 7, 8 };
    const struct finding *finding = &result.findings[LEAKY];

    take_samples(SAMPLES_UPDATE, expected, 3);
    take_samples(SAMPLES_UPDATE, NULL, 0);
    take_samples(SAMPLES_UPDATE, expected + 3, 1);
    cr_assert_eq(finding->sample_count, 4);
    cr_expect_arr_eq(finding->samples_ns, expected, sizeof(expected));
    take_control(LEAKY, 3, 0);
    take_samples(SAMPLES_TIMELINE, (const uint64_t[]){ 1, 2, 3, 4 }, 4);
    take_samples(SAMPLES_TIMELINE, expected, 4);
    cr_expect_eq(finding->timeline_count, 2);
    cr_expect_eq(finding->timelines_ns[3], 4);
    cr_expect_arr_eq(finding->timelines_ns + 4, expected, sizeof(expected));
    cr_expect_eq(finding->sample_count, 4);
}

/* A run of a million kills keeps as much as one of ten thousand, and says the same of it:
 * updates of two lanes come in turns, of which one takes twice as long. */
Test(tally, long_runs_keep_an_even_sample_of_what_they_time)
{
    const struct finding *finding = &result.findings[LEAKY];
    struct event_point point = { .strategy = LEAKY };
    uint64_t came = 3 * (COLD_MOST + TIMELINE_TIMES_MOST), slow = 0, early = 0;
    struct prediction prediction;
    size_t most;

    if (UNLESS_SANITIZED(UNLESS_VALGRIND(false, true), true))
        cr_skip_test("half a million times, which its neighbours take a few of");
    take_control(LEAKY, 1, 0);
    for (point.index = 0; point.index < 2; point.index++) {
        point.verdict.later = point.index ? LATER_LEAKED | LATER_LOST : 0;
        take(EVENT_POINT, &point, sizeof(point));
    }
    most = measured_timelines_most(&result, finding);
    cr_expect_eq(most, TIMELINE_TIMES_MOST / STRATEGIES / 2);
    for (uint64_t i = 0; i < came; i++) {
        uint64_t whole = i % 2 ? 300 : 100; /* it leaks from 50 on */

        take_samples(SAMPLES_TIMELINE, (const uint64_t[]){ 50, whole }, 2);
        take_samples(SAMPLES_COLD, (const uint64_t[]){ i, whole }, 2);
        if (i == most - 1)
            cr_expect_eq(finding->timeline_count, most, "all, as long as they fit");
    }
    cr_expect(finding->timeline_count <= most && finding->timeline_count >= most / 2);
    cr_expect(finding->cold_count <= COLD_MOST && finding->cold_count >= COLD_MOST / 2);
    for (size_t i = 0; i < finding->cold_count; i++) {
        slow += finding->cold[i].waited_ns == 300;
        early += finding->cold[i].ran_ns < came / 2;
        cr_assert(!i || finding->cold[i].ran_ns > finding->cold[i - 1].ran_ns);
    }
    cr_expect_float_eq((double)slow / (double)finding->cold_count, 0.5, 0.03);
    cr_expect_float_eq((double)early / (double)finding->cold_count, 0.5, 0.001);
    result.confidence = 0.95;
    prediction = figure_prediction(&result, finding, RATE_LEAKED);
    cr_expect_eq(prediction.updates, finding->timeline_count);
    cr_expect(prediction.interval.low <= 0.75 && prediction.interval.high >= 0.75,
              "%g [%g, %g]", prediction.rate, prediction.interval.low,
              prediction.interval.high);
    cr_expect_float_eq(prediction.rate, 0.75, 0.01);
}

/* The sample follows from the order alone: a run that is loaded has the one that it had.
 */
Test(tally, the_sample_of_updates_is_repeatable)
{
    uint64_t kept[2][8] = { { 0 } };

    for (int again = 0; again < 2; again++) {
        struct thinned thinned = { 0, 0 };
        size_t count = 0;

        for (uint64_t i = 0; i < 1000; i++)
            if (thinned_takes(&thinned, 8, &count, kept[again], sizeof(uint64_t)))
                kept[again][count++] = i;
        cr_expect(count >= 4 && count <= 8);
        for (size_t i = 0; i < count; i++)
            cr_expect_eq(kept[again][i] / thinned.every, i, "one of each group");
    }
    cr_expect_arr_eq(kept[0], kept[1], sizeof(kept[0]));
}

/* Of all strategies the n-th durations are of the n-th block, also where there are none.
 */
Test(tally, durations_are_kept_in_blocks)
{
    struct event_block *block =
        mem_alloc(sizeof(*block) + 2 * STRATEGIES * sizeof(uint64_t));

    take_samples(SAMPLES_UPDATE, (const uint64_t[]){ 1, 2, 3 }, 3);
    take_samples(SAMPLES_UPDATE, NULL, 0);
    *block = (struct event_block){ .first = LEAKY, .strategies = STRATEGIES, .count = 2 };
    for (uint64_t i = 0; i < 2 * STRATEGIES; i++)
        block->values[i] = 10 + i;
    take(EVENT_BLOCK, block, sizeof(*block) + 2 * STRATEGIES * sizeof(uint64_t));
    free(block);
    cr_assert_eq(result.findings[LEAKY].block_count, 3);
    cr_expect_eq(result.findings[LEAKY].block_starts[1], 3);
    cr_expect_eq(result.findings[LEAKY].block_starts[2], 3);
    cr_expect_eq(result.findings[LEAKY].samples_ns[3], 10);
    cr_assert_eq(result.findings[SILENT].block_count, 1);
    cr_assert_eq(result.findings[SILENT].sample_count, 2);
    cr_expect_eq(result.stage_seconds[STAGE_KILLS], 0, "no kill waited for it");
    cr_expect_eq(result.findings[SILENT].samples_ns[0], 14);
    cr_expect_eq(result.findings[SILENT].samples_ns[1], 15);
}

/* Kills per second are those of the time that was spent on kills. */
Test(tally, durations_take_no_time_from_kills)
{
    struct event_block block = { .kills_waited_ns = 600000000 };

    result.lanes = 3;
    result.stage_seconds[STAGE_AIM] = 1;
    result.stage_seconds[STAGE_KILLS] = 2;
    take(EVENT_BLOCK, &block, sizeof(block));
    cr_expect_float_eq(result.stage_seconds[STAGE_AIM], 1.2, 1e-9);
    cr_expect_float_eq(result.stage_seconds[STAGE_KILLS], 1.8, 1e-9,
                       "two of three lanes went on");
}

Test(tally, the_first_note_and_the_server_are_kept)
{
    static const struct event_note notes[] = { { 12, "WRONGTYPE" }, { 13, "another" } };
    static const struct event_hello hello = { "redis 7.0.15", 20474 };

    take(EVENT_HELLO, &hello, sizeof(hello));
    take(EVENT_NOTE, &notes[0], sizeof(notes[0]));
    take(EVENT_NOTE, &notes[1], sizeof(notes[1]));
    cr_expect_str_eq(result.server, "redis 7.0.15");
    cr_expect_eq(result.findings[LEAKY].read_bytes, 20474);
    cr_expect(strstr(result.first_error, "12") && strstr(result.first_error, "WRONGTYPE"),
              "%s", result.first_error);
}

/* A position belongs to the command boundary before it, and to no other. */
Test(tally, byte_cuts_are_explained_by_their_own_boundary_alone)
{
    static const struct {
        uint64_t complete;
        unsigned state;
        bool explained;
    } cuts[] = {
        { 0, 1, true }, { 1, 2, true },  { 1, 1, false },
        { 2, 3, true }, { 2, 1, false }, { 2, 99, false },
    };
    struct finding *finding = &result.findings[LEAKY];
    uint64_t unexplained = 0;

    take_control(LEAKY, 2, 0);
    take_point(LEAKY, 0, NOW_TORN, LATER_LEAKED, 1);
    take_point(LEAKY, 1, NOW_TORN, LATER_LEAKED, 2);
    take_point(LEAKY, 2, NOW_TORN, LATER_LEAKED, 3);
    for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
        struct event_trial cut = trial_of(LEAKY, OUTCOME_VALID, cuts[i].complete,
                                          cuts[i].complete, cuts[i].state);

        cut.fault = FAULT_BYTE;
        take(EVENT_TRIALS, &cut, sizeof(cut));
        unexplained += !cuts[i].explained;
        cr_expect_eq(finding->strikes[FAULT_BYTE].points, i + 1);
        cr_expect_eq(finding->strikes[FAULT_BYTE].unexplained, unexplained, "cut %zu", i);
    }
    cr_expect_eq(tally_attempts(finding), 0, "cuts are no kills");
    cr_expect_eq(finding->points[1].strikes[FAULT_BYTE], 1);
    cr_expect_eq(finding->points[1].kills, 0);
    cr_expect_eq(tally_exit_status(&result), EXIT_INFRASTRUCTURE);
    cr_expect(strstr(result.unexplained, "byte position 77") != NULL, "%s",
              result.unexplained);
}

Test(tally, commands_are_kept_in_their_order)
{
    struct finding *finding = &result.findings[LEAKY];

    take_control(LEAKY, 3, 0);
    for (uint64_t k = 3; k-- > 0;) {
        struct event_command command = {
            .strategy = LEAKY, .index = k, .end = 10 * (k + 1), .write = k, .replies = k
        };

        snprintf(command.command.label, sizeof(command.command.label), "SET %d", (int)k);
        take(EVENT_COMMAND, &command, sizeof(command));
    }
    for (uint64_t k = 0; k < 3; k++) {
        cr_expect_eq(finding->steps[k].end, 10 * (k + 1));
        cr_expect_eq(finding->sent[k]->label[4], '0' + (char)k);
    }
}

/* Takes a census that is written as one word: points as above, g is a gap, ? was not
 * taken. */
static void take_census(uint32_t strategy, const char *points, unsigned uncrashed)
{
    if (!*points)
        return;
    take_control(strategy, strlen(points) - 1, uncrashed);
    for (size_t k = 0; points[k]; k++)
        if (points[k] != '?')
            take_point(strategy, k,
                       points[k] == 'g'   ? NOW_GAP
                       : points[k] == '.' ? NOW_INTACT
                                          : NOW_TORN,
                       points[k] == 'L'   ? LATER_LEAKED
                       : points[k] == 'x' ? LATER_MIXED
                                          : 0,
                       1);
}

Test(tally, verdict_compares_the_census_with_what_is_expected)
{
    static const struct {
        uint32_t strategy;
        const char *points;
        unsigned uncrashed;
        enum strategy_verdict verdict;
    } cases[] = {
        { LEAKY, "", 0, VERDICT_NONE },
        { LEAKY, ".L?", 0, VERDICT_NONE },
        { LEAKY, ".L.", 0, VERDICT_PASS },
        { LEAKY, "gLx", 0, VERDICT_PASS },
        { LEAKY, "...", 0, VERDICT_FAIL },
        { LEAKY, ".x.", 0, VERDICT_FAIL },
        { ATOMIC, "..", 0, VERDICT_PASS },
        { ATOMIC, ".g", 0, VERDICT_FAIL },
        { ATOMIC, ".L.", 0, VERDICT_FAIL },
        { ATOMIC, "L", 0, VERDICT_FAIL },
        { ATOMIC, "..", LATER_LOST, VERDICT_FAIL },
        { ATOMIC, "L?", 0, VERDICT_NONE },
        { SILENT, "..", 0, VERDICT_NONE },
        { SILENT, "LL", 0, VERDICT_NONE },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        begin();
        take_census(cases[i].strategy, cases[i].points, cases[i].uncrashed);
        cr_expect_eq(tally_verdict(&result.findings[cases[i].strategy]), cases[i].verdict,
                     "case %zu: '%s' of '%s'", i, cases[i].points,
                     strategies[cases[i].strategy].name);
    }
}

/* What weighs more: an interruption, then infrastructure, then a failure. */
Test(tally, exit_status_follows_from_the_result)
{
    static const struct {
        const char *name;
        const char *census[STRATEGIES];
        bool unexplained, trouble, interrupted;
        enum exit_status status;
        bool killed;
    } cases[] = {
        { "all as expected",
          { ".L.", "..", "LL" },
          false,
          false,
          false,
          EXIT_PASS,
          false },
        { "nothing is expected",
          { "", "", "LL" },
          false,
          false,
          false,
          EXIT_PASS,
          false },
        { "the leak is gone",
          { "...", "..", ".." },
          false,
          false,
          false,
          EXIT_FAIL,
          false },
        { "atomic leaks", { ".L.", ".L", ".." }, false, false, false, EXIT_FAIL, false },
        { "nothing ran", { "", "", "" }, false, false, false, EXIT_NOTHING_RAN, false },
        { "killed early", { "", "", "" }, false, false, false, EXIT_NOTHING_RAN, true },
        { "killed", { ".L.", "..", ".." }, false, false, false, EXIT_INCONCLUSIVE, true },
        { "killed, and fails",
          { "...", "..", "" },
          false,
          false,
          false,
          EXIT_FAIL,
          true },
        { "no census is complete",
          { "..?", "?.", "?" },
          false,
          false,
          false,
          EXIT_NOTHING_RAN,
          false },
        { "unexplained",
          { ".L.", "..", ".." },
          true,
          false,
          false,
          EXIT_INFRASTRUCTURE,
          false },
        { "unexplained, and fails",
          { "...", "..", ".." },
          true,
          false,
          false,
          EXIT_INFRASTRUCTURE,
          false },
        { "trouble",
          { ".L.", "..", ".." },
          false,
          true,
          false,
          EXIT_INFRASTRUCTURE,
          false },
        { "trouble, and fails",
          { "...", "..", ".." },
          false,
          true,
          false,
          EXIT_INFRASTRUCTURE,
          false },
        { "trouble before anything",
          { "", "", "" },
          false,
          true,
          false,
          EXIT_INFRASTRUCTURE,
          false },
        { "interrupted",
          { ".L.", "..", ".." },
          false,
          false,
          true,
          EXIT_INTERRUPTED,
          false },
        { "interrupted early",
          { "", "", "" },
          false,
          false,
          true,
          EXIT_INTERRUPTED,
          false },
        { "interrupted and all else",
          { "...", "..", ".." },
          true,
          true,
          true,
          EXIT_INTERRUPTED,
          false },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        enum exit_status status;

        begin();
        for (uint32_t s = 0; s < STRATEGIES; s++)
            take_census(s, cases[i].census[s], 0);
        if (cases[i].unexplained) {
            struct event_trial trial = trial_of(SILENT, OUTCOME_MISSED, 0, 1, 99);

            take(EVENT_TRIALS, &trial, sizeof(trial));
        }
        if (cases[i].trouble)
            strcpy(result.trouble, "Redis is gone");
        result.interrupted = cases[i].interrupted;
        result.complete = !cases[i].killed;
        status = tally_exit_status(&result);
        cr_expect_eq(status, cases[i].status, "%s: %d", cases[i].name, (int)status);
    }
}

/* A bin has what is at its lower end, and not what is at its upper. */
Test(instants, are_in_the_bin_that_they_begin)
{
    struct instants instants = { { 0 }, { 0 } };
    size_t first, last;

    cr_expect_not(instants_range(&instants, &first, &last));
    instants_add(&instants, 0, false);
    instants_add(&instants, 999, true);
    instants_add(&instants, 1000, true);
    instants_add(&instants, 4000, false);
    instants_add(&instants, UINT64_MAX, false);
    cr_expect_eq(instants.due[0], 3);
    cr_expect_eq(instants.inside[0], 2);
    cr_expect_float_eq(instant_us(8), 4, 1e-12);
    cr_expect_eq(instants.due[8], 1);
    cr_expect_eq(instants.due[INSTANT_BINS - 1], 1);
    cr_expect(instants_range(&instants, &first, &last));
    cr_expect_eq(first, 0);
    cr_expect_eq(last, INSTANT_BINS - 1);
    cr_expect_eq(instants_median(&instants), 0);
    for (int i = 0; i < 5; i++)
        instants_add(&instants, 5000, true);
    cr_expect_eq(instants_median(&instants), 9);
}
