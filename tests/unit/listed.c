/* listed: of a program that sends very many commands a report shows few crash points, and
 * says so; none is left out whose state no other one shows. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "report/format.h"
#include "result/gap.h"
#include "result/listed.h"
#include "result/tally.h"
#include "testlib.h"

static struct strategy strategies[] = { { .name = (char[]){ "busy" } } };
static const struct outline scenario = { .name = (char[]){ "many" },
                                         .title = (char[]){ "many commands" },
                                         .source = (char[]){ "" },
                                         .strategies = strategies,
                                         .strategy_count = 1 };
static struct result result;

static void take(enum event_type type, const void *body, size_t bytes)
{
    struct err err = ERR_NULL;

    cr_assert_eq(tally_take(&result, type, body, bytes, &err), 0, "%s", err.msg);
}

/* Odd states do harm. */
static void take_point(uint64_t index, uint64_t state)
{
    struct event_point point = {
        .index = index,
        .verdict.now = state % 2 ? NOW_TORN : NOW_INTACT,
        .verdict.later = state % 2 ? LATER_LEAKED : 0,
        .verdict.lasts_ms = state % 2 ? LASTS_FOREVER : 0,
        .signature = { state, 0 },
    };

    if (state % 2)
        snprintf(point.example, sizeof(point.example), "stays: state %" PRIu64, state);
    take(EVENT_POINT, &point, sizeof(point));
}

/* A program of which command k leaves state_of(k); of no states: an update in Lua. */
static void record(uint64_t commands, uint64_t states, uint64_t (*state_of)(uint64_t k))
{
    static const size_t first = 0;
    const struct plan plan = { 1, 1, 0 };
    const struct event_control control = { .commands = commands, .bytes = 30 * commands };
    const struct event_program program = { .connections = 1, .states = states };

    result_init(&result, &scenario, &first, &plan);
    result.transport = "unix socket";
    result.killer = "timer";
    take(EVENT_CONTROL, &control, sizeof(control));
    if (states)
        take(EVENT_PROGRAM, &program, sizeof(program));
    for (uint64_t k = 1; k <= commands; k++) {
        struct event_command command = { .index = k - 1,
                                         .connection = 1,
                                         .state = state_of(k) };

        snprintf(command.command.name, sizeof(command.command.name), "SET");
        snprintf(command.command.label, sizeof(command.command.label), "SET k %d",
                 (int)state_of(k));
        take(EVENT_COMMAND, &command, sizeof(command));
    }
    for (uint64_t k = 0; k <= commands; k++)
        take_point(k, k ? state_of(k) : 0);
}

static void prove(uint64_t point)
{
    const struct event_proof proof = { .point = point, .tried = 2, .came = 2 };

    take(EVENT_PROOF, &proof, sizeof(proof));
}

static char *written(const char *format, struct report_style style, size_t *ret_bytes)
{
    char *text;
    FILE *out = mem_stream(&text);

    format_by_name(format)->run(out, &result, style);
    fclose(out);
    *ret_bytes = strlen(text);
    return text;
}

static json_t *strategy_of(json_t **ret_whole, size_t *ret_bytes)
{
    const struct report_style style = { .full = true };
    CLEANUP(mem_freep) char *text = written("json", style, ret_bytes);

    *ret_whole = json_loads(text, 0, NULL);
    cr_assert(*ret_whole);
    return json_array_get(json_object_get(*ret_whole, "strategies"), 0);
}

static uint64_t number(const json_t *object, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(object, key));
}

/* "0 1 4", the points that are listed. */
static char *indices(const json_t *strategy)
{
    const json_t *points = json_object_get(strategy, "points"), *point;
    char *text;
    FILE *out = mem_stream(&text);
    size_t i;

    json_array_foreach (points, i, point)
        fprintf(out, "%s%" PRIu64, i ? " " : "", number(point, "index"));
    fclose(out);
    return text;
}

/* The last of the states comes late. */
static uint64_t late(uint64_t k)
{
    return k < 2000 ? 2 * (k % 2) : k < 25000 ? 1 : k < 25002 ? 3 : 0;
}

Test(listed, a_point_of_each_state_however_late)
{
    enum { COMMANDS = 30000 };
    const struct report_style style = { .full = true, .points = true };
    CLEANUP(mem_freep) char *listed = NULL, *text = NULL;
    json_t *whole, *strategy;
    size_t bytes;

    record(COMMANDS, 4, late);
    prove(12345);
    strategy = strategy_of(&whole, &bytes);
    listed = indices(strategy);
    cr_expect_str_eq(listed, "0 1 2000 12345 25000 30000", "%s", listed);
    cr_expect_eq(number(strategy, "points_left_out"), COMMANDS + 1 - 6);
    cr_expect_eq(number(json_object_get(strategy, "census"), "points"), COMMANDS + 1);
    cr_expect_eq(number(json_object_get(strategy, "census"), "harm"), 23002);
    cr_expect_lt(bytes, 20000, "%zu bytes", bytes);
    json_decref(whole);
    text = written("text", style, &bytes);
    cr_expect(strstr(text, "And 29995 more points of busy, which are not listed"), "%s",
              text);
    cr_expect_lt(bytes, 20000, "%zu bytes", bytes);
    cr_expect_leq(result.findings[0].kept.count, 4 + 2, "equal words are kept once");
    result_release(&result);
}

static uint64_t in_turns(uint64_t k)
{
    return k % 2;
}

/* Harm that comes and goes is told where its state comes first. */
Test(listed, harms_of_points_that_are_listed)
{
    enum { COMMANDS = 20000 };
    json_t *whole, *strategy, *harms;
    uint64_t gaps = 0;
    struct gap gap;
    size_t bytes;

    record(COMMANDS, 2, in_turns);
    for (uint64_t from = 0; gap_find(&result.findings[0], from, &gap);
         from = gap.first + 1)
        gaps++;
    strategy = strategy_of(&whole, &bytes);
    harms = json_object_get(strategy, "harms");
    cr_expect_eq(gaps, COMMANDS / 2);
    cr_assert_eq(json_array_size(harms), 1);
    cr_expect_eq(number(json_array_get(harms, 0), "point"), 1);
    cr_expect_eq(number(strategy, "harms_left_out"), gaps - 1);
    json_decref(whole);
    result_release(&result);
}

Test(listed, all_of_others)
{
    static const struct {
        uint64_t commands, states;
    } cases[] = { { LISTED_ALL - 1, 2 }, { LISTED_ALL + 1, 0 } };

    for (size_t i = 0; i < UNLESS_VALGRIND(ARRAY_SIZE(cases), 0); i++) {
        json_t *whole, *strategy;
        size_t bytes;

        record(cases[i].commands, cases[i].states, in_turns);
        strategy = strategy_of(&whole, &bytes);
        cr_expect_eq(json_array_size(json_object_get(strategy, "points")),
                     cases[i].commands + 1, "case %zu", i);
        cr_expect_null(json_object_get(strategy, "points_left_out"), "case %zu", i);
        json_decref(whole);
        result_release(&result);
    }
}
