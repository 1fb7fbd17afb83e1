/* json.c - a result as one JSON object; the schema is described in docs/afterkill.1.scd.
 */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"

#define SCHEMA 1

static json_t *whole(uint64_t number)
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
        json_object_set_new(object, now_name((enum now)i), whole(words->now[i]));
    json_object_set_new(object, "clean", whole(words->clean));
    for (unsigned i = 0; i < LATER_COUNT; i++)
        json_object_set_new(object, later_name(i), whole(words->later[i]));
}

static json_t *census(const struct finding *finding)
{
    struct words words = tally_census(finding);
    json_t *object = json_object();
    uint64_t points = 0;

    for (uint64_t k = 0; finding->controlled && k <= finding->commands; k++)
        points += finding->points[k].taken;
    json_object_set_new(object, "points", whole(points));
    set_words(object, &words);
    return object;
}

static json_t *kills(const struct finding *finding)
{
    const struct kills *kills = &finding->kills;
    json_t *object = json_object();

    json_object_set_new(object, "requested", whole(kills->requested));
    json_object_set_new(object, "valid", whole(kills->outcomes[OUTCOME_VALID]));
    json_object_set_new(object, "missed", whole(kills->outcomes[OUTCOME_MISSED]));
    json_object_set_new(object, "early", whole(kills->outcomes[OUTCOME_EARLY]));
    json_object_set_new(object, "timeouts", whole(kills->outcomes[OUTCOME_TIMEOUT]));
    json_object_set_new(object, "errors", whole(kills->outcomes[OUTCOME_ERROR]));
    json_object_set_new(object, "unexplained", whole(kills->unexplained));
    set_words(object, &kills->words);
    return object;
}

static json_t *rate(const struct result *result, uint64_t hits, uint64_t of)
{
    struct rate rate = report_rate(result, hits, of);
    json_t *object = json_object();

    if (of == 0)
        json_object_set_new(object, "estimate", json_null());
    else
        json_object_set_new(object, "estimate", real(rate.estimate));
    json_object_set_new(object, "low", real(rate.interval.low));
    json_object_set_new(object, "high", real(rate.interval.high));
    json_object_set_new(object, "confidence", real(result->confidence));
    json_object_set_new(object, "method", text("clopper-pearson"));
    return object;
}

static json_t *points(const struct finding *finding)
{
    json_t *array = json_array();

    for (uint64_t k = 0; finding->controlled && k <= finding->commands; k++) {
        const struct point *point = &finding->points[k];
        json_t *object;

        if (!point->taken)
            continue;
        object = json_object();
        json_object_set_new(object, "index", whole(k));
        json_object_set_new(object, "command", text(point->command));
        json_object_set_new(object, "now", text(now_name(point->now)));
        json_object_set_new(object, "later", later_words(point->later));
        json_object_set_new(object, "kills", whole(point->kills));
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

static json_t *strategy(const struct result *result, const struct finding *finding)
{
    static const char *const verdicts[] = { "none", "pass", "fail" };
    const struct words *words = &finding->kills.words;
    uint64_t valid = finding->kills.outcomes[OUTCOME_VALID];
    struct costs costs = report_costs(finding);
    json_t *object = json_object();

    json_object_set_new(object, "name", text(finding->strategy->name));
    json_object_set_new(object, "about", text(finding->strategy->about));
    json_object_set_new(object, "expect", expect_words(finding->strategy->expect));
    json_object_set_new(object, "commands", whole(finding->commands));
    json_object_set_new(object, "bytes", whole(finding->bytes));
    json_object_set_new(object, "round_trips", whole(finding->trips));
    json_object_set_new(object, "update_us", update_us(&costs));
    json_object_set_new(object, "updates_per_second", real(costs.per_second));
    json_object_set_new(object, "window_us",
                        real((double)tally_window_ns(finding) / 1e3));
    json_object_set_new(object, "uncrashed", later_words(finding->uncrashed));
    json_object_set_new(object, "census", census(finding));
    json_object_set_new(object, "kills", kills(finding));
    json_object_set_new(object, "leak_rate", rate(result, words->later[0], valid));
    json_object_set_new(object, "harm_rate",
                        rate(result, tally_harmed(words, valid), valid));
    json_object_set_new(object, "torn_rate", rate(result, words->now[NOW_TORN], valid));
    json_object_set_new(object, "points", points(finding));
    json_object_set_new(object, "verdict", text(verdicts[tally_verdict(finding)]));
    return object;
}

static json_t *parameters(const struct scenario *scenario)
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
    json_object_set_new(object, "transport", text(result->transport));
    json_object_set_new(object, "rtt_us", real(result->rtt_us));
    return object;
}

void report_json(FILE *out, const struct result *result, struct report_style style)
{
    json_t *object = json_object();
    json_t *strategies = json_array();

    (void)style;
    for (size_t i = 0; i < result->plan.strategies; i++)
        json_array_append_new(strategies, strategy(result, &result->findings[i]));
    json_object_set_new(object, "schema", json_integer(SCHEMA));
    json_object_set_new(object, "afterkill", text(VERSION));
    json_object_set_new(object, "scenario", text(result->scenario->name));
    json_object_set_new(object, "seed", whole(result->plan.seed));
    json_object_set_new(object, "now", json_integer(result->scenario->now));
    json_object_set_new(object, "params", parameters(result->scenario));
    json_object_set_new(object, "redis", redis(result));
    json_object_set_new(object, "lanes", whole(result->lanes));
    json_object_set_new(object, "killer", text(result->killer));
    json_object_set_new(object, "kills_per_second",
                        real(report_kills_per_second(result)));
    json_object_set_new(object, "complete", json_boolean(result->complete));
    if (result->trouble[0])
        json_object_set_new(object, "trouble", text(result->trouble));
    if (result->first_error[0])
        json_object_set_new(object, "first_error", text(result->first_error));
    if (result->unexplained[0])
        json_object_set_new(object, "unexplained", text(result->unexplained));
    json_object_set_new(object, "strategies", strategies);
    json_object_set_new(object, "verdict", text(report_verdict(result)));
    json_dumpf(object, out, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    fputc('\n', out);
    json_decref(object);
}
