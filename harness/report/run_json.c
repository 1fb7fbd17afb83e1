/* run_json.c - a result as one JSON object; the schema is described in
 * docs/afterkill.1.scd.
 */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/compare_words.h"
#include "report/format.h"
#include "report/gates_text.h"
#include "report/run_json.h"
#include "result/tally.h"

json_t *report_json_whole(uint64_t number)
{
    return json_integer((json_int_t)number);
}

/* Never NaN or infinite: JSON has neither, and neither is a result. */
static json_t *real(double number)
{
    return json_real(isfinite(number) ? number : 0);
}

/* Text that may not be UTF-8 (keys can be anything) is shown escaped elsewhere; here it
 * is ours. */
static json_t *text(const char *bytes)
{
    json_t *string = json_string(bytes);

    return string ? string : json_string("(not UTF-8)");
}

static json_t *later_words(unsigned words)
{
    json_t *array = json_array();

    for (unsigned i = 0; i < LATER_COUNT; i++)
        if (words >> i & 1)
            json_array_append_new(array, text(later_name(i)));
    return array;
}

static json_t *expect_words(unsigned expect)
{
    json_t *array = later_words(expect & LATER_ALL);

    if (expect & EXPECT_ATOMIC)
        json_array_append_new(array, text("atomic"));
    if (expect & EXPECT_SAFE)
        json_array_append_new(array, text("safe"));
    return array;
}

static void set_words(json_t *object, const struct words *words)
{
    for (int i = 0; i < NOW_COUNT; i++)
        json_object_set_new(object, now_name((enum now)i),
                            report_json_whole(words->now[i]));
    json_object_set_new(object, "clean", report_json_whole(words->clean));
    for (unsigned i = 0; i < LATER_COUNT; i++)
        json_object_set_new(object, later_name(i), report_json_whole(words->later[i]));
}

static json_t *census(const struct finding *finding)
{
    struct words words = tally_census(finding);
    json_t *object = json_object();
    uint64_t points = 0;

    for (uint64_t k = 0; k < finding_points(finding); k++)
        points += finding->points[k].taken;
    json_object_set_new(object, "points", report_json_whole(points));
    set_words(object, &words);
    return object;
}

static json_t *kills(const struct finding *finding)
{
    const struct kills *kills = &finding->kills;
    json_t *object = json_object();

    json_object_set_new(object, "requested", report_json_whole(kills->requested));
    json_object_set_new(object, "valid",
                        report_json_whole(kills->outcomes[OUTCOME_VALID]));
    json_object_set_new(object, "missed",
                        report_json_whole(kills->outcomes[OUTCOME_MISSED]));
    json_object_set_new(object, "early",
                        report_json_whole(kills->outcomes[OUTCOME_EARLY]));
    json_object_set_new(object, "timeouts",
                        report_json_whole(kills->outcomes[OUTCOME_TIMEOUT]));
    json_object_set_new(object, "errors",
                        report_json_whole(kills->outcomes[OUTCOME_ERROR]));
    json_object_set_new(object, "unexplained", report_json_whole(kills->unexplained));
    set_words(object, &kills->words);
    return object;
}

static json_t *rate(const struct result *result, uint64_t hits, uint64_t of)
{
    struct rate rate = figure_rate(result, hits, of);
    json_t *object = json_object();

    if (of == 0)
        json_object_set_new(object, "estimate", json_null());
    else
        json_object_set_new(object, "estimate", real(rate.estimate));
    json_object_set_new(object, "low", real(rate.interval.low));
    json_object_set_new(object, "high", real(rate.interval.high));
    json_object_set_new(object, "confidence", real(result->confidence));
    json_object_set_new(object, "method", text(figure_method(result)));
    return object;
}

/* Null as long as nothing is known. */
static json_t *predicted(const struct result *result, const struct finding *finding)
{
    struct prediction prediction = figure_prediction(finding);
    uint64_t valid = tally_valid(finding);
    json_t *object;

    if (!prediction.known)
        return json_null();
    object = json_object();
    json_object_set_new(object, "estimate", real(prediction.rate));
    json_object_set_new(object, "low", real(prediction.low));
    json_object_set_new(object, "high", real(prediction.high));
    if (valid)
        json_object_set_new(
            object, "agrees",
            json_boolean(!figure_disagrees(
                prediction, figure_kill_rate(result, finding, RATE_LEAKED).interval)));
    return object;
}

static json_t *exposure(const struct result *result, const struct finding *finding)
{
    double period_s = figure_period_s(result->scenario);
    struct exposure exposure =
        figure_exposure(finding, period_s, result->confidence, &result->stopping);
    json_t *object;

    if (!exposure.known)
        return json_null();
    object = json_object();
    json_object_set_new(object, "estimate", real(exposure.estimate));
    json_object_set_new(object, "low", real(exposure.low));
    json_object_set_new(object, "high", real(exposure.high));
    json_object_set_new(object, "period_s", real(period_s));
    return object;
}

static json_t *coverage(const struct finding *finding)
{
    struct reach reach = figure_reach(finding);
    json_t *object = json_object();

    json_object_set_new(object, "reachable", report_json_whole(reach.reachable));
    json_object_set_new(object, "hit", report_json_whole(reach.hit));
    return object;
}

static json_t *strikes(const struct finding *finding, enum fault_id id)
{
    const struct strikes *strikes = &finding->strikes[id];
    json_t *object = json_object();

    json_object_set_new(object, "positions", report_json_whole(strikes->points));
    json_object_set_new(object, "classes", report_json_whole(tally_classes(finding, id)));
    json_object_set_new(object, "unexplained", report_json_whole(strikes->unexplained));
    set_words(object, &strikes->words);
    return object;
}

/* What is called after a fault's points, like "byte_positions_per_second". */
static void set_of_points(json_t *object, enum fault_id id, const char *rest,
                          json_t *value)
{
    const char *const *points = fault_by_id(id)->plural;
    CLEANUP(mem_freep) char *key = mem_printf("%s_%s%s", points[0], points[1], rest);

    json_object_set_new(object, key, value);
}

static json_t *points(const struct finding *finding)
{
    json_t *array = json_array();

    for (uint64_t k = 0; k < finding_points(finding); k++) {
        const struct point *point = &finding->points[k];
        json_t *object;

        if (!point->taken)
            continue;
        object = json_object();
        json_object_set_new(object, "index", report_json_whole(k));
        json_object_set_new(object, "command", text(finding_command(finding, k)));
        json_object_set_new(object, "now", text(now_name(point->now)));
        json_object_set_new(object, "later", later_words(point->later));
        json_object_set_new(object, "kills", report_json_whole(point->kills));
        if (point->has_trial)
            json_object_set_new(object, "trial", report_json_whole(point->example_trial));
        json_object_set_new(object, "reachable",
                            json_boolean(figure_reachable(finding, k)));
        for (enum fault_id id = FAULT_NONE; id < FAULT_COUNT; id++)
            if (finding->strikes[id].points)
                set_of_points(object, id, "", report_json_whole(point->strikes[id]));
        if (point->example[0])
            json_object_set_new(object, "example", text(point->example));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *update_us(const struct costs *costs)
{
    json_t *object = json_object();

    json_object_set_new(object, "p50", real(costs->p50_us));
    json_object_set_new(object, "p90", real(costs->p90_us));
    json_object_set_new(object, "p99", real(costs->p99_us));
    return object;
}

static const struct strategy *reference_of(const struct result *result)
{
    return &result->scenario->strategies[result->scenario->reference];
}

static json_t *strategy(const struct result *result, const struct finding *finding)
{
    static const char *const verdicts[] = { "none", "pass", "fail" };
    const struct words *words = &finding->kills.words;
    uint64_t valid = tally_valid(finding);
    struct costs costs = figure_costs(finding);
    json_t *object = json_object();
    char cure[CURE_TEXT];

    json_object_set_new(object, "name", text(finding->strategy->name));
    json_object_set_new(object, "about", text(finding->strategy->about));
    json_object_set_new(object, "expect", expect_words(finding->strategy->expect));
    json_object_set_new(object, "reference",
                        json_boolean(finding->strategy == reference_of(result)));
    json_object_set_new(object, "commands", report_json_whole(finding->commands));
    json_object_set_new(object, "bytes", report_json_whole(finding->bytes));
    json_object_set_new(object, "round_trips", report_json_whole(finding->trips));
    json_object_set_new(object, "update_us", update_us(&costs));
    json_object_set_new(object, "updates_per_second", real(costs.per_second));
    json_object_set_new(object, "window_us",
                        real((double)figure_window_ns(finding) / 1e3));
    json_object_set_new(object, "duration_us",
                        real((double)figure_duration_ns(finding) / 1e3));
    json_object_set_new(object, "uncrashed", later_words(finding->uncrashed));
    json_object_set_new(object, "census", census(finding));
    json_object_set_new(object, "kills", kills(finding));
    json_object_set_new(object, "leak_rate", rate(result, words->later[0], valid));
    json_object_set_new(object, "harm_rate",
                        rate(result, tally_harmed(words, valid), valid));
    json_object_set_new(object, "torn_rate", rate(result, words->now[NOW_TORN], valid));
    json_object_set_new(object, "predicted_leak_rate", predicted(result, finding));
    if (figure_period_s(result->scenario) > 0)
        json_object_set_new(object, "leaks_per_million_sigkills",
                            exposure(result, finding));
    if (result->kills_wanted)
        json_object_set_new(object, "coverage", coverage(finding));
    result_foreach_fault (id, result) {
        CLEANUP(mem_freep) char *key = mem_printf("%ss_census", fault_by_id(id)->name);

        json_object_set_new(object, key, strikes(finding, id));
    }
    if (figure_cure(finding, cure, sizeof(cure)))
        json_object_set_new(object, "hint", text(cure));
    json_object_set_new(object, "points", points(finding));
    json_object_set_new(object, "verdict", text(verdicts[tally_verdict(finding)]));
    return object;
}

static json_t *parameters(const struct outline *scenario)
{
    json_t *object = json_object();

    for (size_t i = 0; i < scenario->parameter_count; i++) {
        const struct parameter *parameter = &scenario->parameters[i];
        char *end;
        long long integer = strtoll(parameter->value, &end, 10);
        json_t *value;

        if (parameter->is_flag)
            value = json_boolean(strcmp(parameter->value, "true") == 0);
        else if (parameter->is_text)
            value = text(parameter->value);
        else
            value = *end ? real(strtod(parameter->value, NULL)) : json_integer(integer);
        json_object_set_new(object, parameter->name, value);
    }
    return object;
}

static json_t *redis(const struct result *result)
{
    json_t *object = json_object();
    const char *space = strchr(result->server, ' '); /* "redis 7.0.15" */

    json_object_set_new(
        object, "server",
        json_stringn(result->server, space ? (size_t)(space - result->server) : 0));
    json_object_set_new(object, "version", text(space ? space + 1 : ""));
    json_object_set_new(object, "read_bytes",
                        report_json_whole(result->findings[0].read_bytes));
    json_object_set_new(object, "transport", text(result->transport));
    json_object_set_new(object, "rtt_us", real(result->rtt_us));
    return object;
}

static json_t *trial_ns(const struct trial_times *times)
{
    json_t *object = json_object();

    for (size_t i = 0; i < PHASE_COUNT; i++)
        json_object_set_new(object, phase_name((enum phase)i),
                            real((double)times->phase_ns[i] / (double)times->trials));
    return object;
}

/* As people write it: from 1. */
static json_t *shard(struct shard shard)
{
    char words[48];

    snprintf(words, sizeof(words), "%llu/%llu", (unsigned long long)shard.index + 1,
             (unsigned long long)shard.total);
    return text(words);
}

static json_t *run_object(const struct result *result, struct report_style style)
{
    json_t *object = json_object();
    json_t *strategies = json_array();

    result_foreach (finding, result)
        json_array_append_new(strategies, strategy(result, finding));
    json_object_set_new(object, "schema", json_integer(REPORT_JSON_SCHEMA));
    json_object_set_new(object, "afterkill", text(VERSION));
    json_object_set_new(object, "scenario", text(result->scenario->name));
    json_object_set_new(object, "title", text(result->scenario->title));
    json_object_set_new(object, "source", text(result->scenario->source));
    json_object_set_new(object, "seed", report_json_whole(result->plan.seed));
    json_object_set_new(object, "now", json_integer(result->scenario->now));
    json_object_set_new(object, "params", parameters(result->scenario));
    json_object_set_new(object, "redis", redis(result));
    json_object_set_new(object, "lanes", report_json_whole(result->lanes));
    json_object_set_new(object, "killer", text(result->killer));
    json_object_set_new(object, "kills_per_second",
                        real(figure_kills_per_second(result)));
    json_object_set_new(object, "points_per_second",
                        real(figure_points_per_second(result)));
    result_foreach_fault (id, result)
        set_of_points(object, id, "_per_second",
                      real(figure_strikes_per_second(result, id)));
    if (result->times.trials)
        json_object_set_new(object, "trial_ns", trial_ns(&result->times));
    if (result->shard.total > 1)
        json_object_set_new(object, "shard", shard(result->shard));
    if (result->missing[0])
        json_object_set_new(object, "missing_shards", text(result->missing));
    json_object_set_new(object, "complete", json_boolean(result->complete));
    if (result->trouble[0])
        json_object_set_new(object, "trouble", text(result->trouble));
    if (result->first_error[0])
        json_object_set_new(object, "first_error", text(result->first_error));
    if (result->unexplained[0])
        json_object_set_new(object, "unexplained", text(result->unexplained));
    json_object_set_new(object, "strategies", strategies);
    if (style.comparison)
        json_object_set_new(object, "comparison", compare_json(style.comparison));
    if (style.gates)
        json_object_set_new(object, "gates", report_gates_json(style.gates));
    json_object_set_new(object, "verdict",
                        text(exit_status_name(report_exit_status(result, style))));
    return object;
}

static void dump(FILE *out, json_t *object)
{
    json_dumpf(object, out, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    fputc('\n', out);
    json_decref(object);
}

void report_json(FILE *out, const struct result *result, struct report_style style)
{
    dump(out, run_object(result, style));
}

void report_sweep_json(FILE *out, const struct sweep *sweep, struct report_style style)
{
    json_t *object = json_object();
    json_t *runs = json_array();

    for (size_t i = 0; i < sweep->count; i++)
        json_array_append_new(runs, run_object(&sweep->results[i], style));
    json_object_set_new(object, "schema", json_integer(REPORT_JSON_SCHEMA));
    json_object_set_new(object, "afterkill", text(VERSION));
    json_object_set_new(object, "scenario", text(sweep->scenarios[0]->outline.name));
    json_object_set_new(object, "seed", report_json_whole(sweep->results[0].plan.seed));
    json_object_set_new(object, "sweep_parameter", text(sweep->parameter));
    json_object_set_new(object, "sweep_wanted", report_json_whole(sweep->wanted));
    json_object_set_new(object, "sweep", runs);
    json_object_set_new(object, "verdict",
                        text(exit_status_name(sweep_exit_status(sweep))));
    dump(out, object);
}

json_t *report_json_text(const char *bytes)
{
    return text(bytes);
}

json_t *report_json_later(unsigned later)
{
    return later_words(later);
}

json_t *report_json_expect(unsigned expect)
{
    return expect_words(expect);
}

void report_json_set_words(json_t *object, const struct words *words)
{
    set_words(object, words);
}
