/* check_json.c - a check as one JSON object; words and counts have the names that they
 * have in a run's (docs/afterkill.1.scd). */
#include <jansson.h>
#include <string.h>

#include "base/mem.h"
#include "report/check_words.h"
#include "report/format.h"
#include "report/run_json.h"

static void set_text(json_t *object, const char *key, const char *text)
{
    json_object_set_new(object, key, report_json_text(text));
}

/* Only if there is something to say. */
static void set_some(json_t *object, const char *key, const char *text)
{
    if (text[0])
        set_text(object, key, text);
}

static json_t *census(const struct check_strategy *strategy)
{
    json_t *object = json_object();

    json_object_set_new(object, "points", report_json_whole(strategy->points));
    report_json_set_words(object, &strategy->census);
    return object;
}

static json_t *kills(const struct check_strategy *strategy)
{
    static const char *const names[OUTCOME_COUNT] = {
        [OUTCOME_VALID] = "valid",  [OUTCOME_MISSED] = "missed",
        [OUTCOME_EARLY] = "early",  [OUTCOME_TIMEOUT] = "timeouts",
        [OUTCOME_ERROR] = "errors",
    };
    json_t *object = json_object();

    json_object_set_new(object, "requested",
                        report_json_whole(strategy->kills.requested));
    for (size_t i = 0; i < OUTCOME_COUNT; i++)
        json_object_set_new(object, names[i],
                            report_json_whole(strategy->kills.outcomes[i]));
    json_object_set_new(object, "unexplained",
                        report_json_whole(strategy->kills.unexplained));
    report_json_set_words(object, &strategy->kills.words);
    return object;
}

static json_t *first(const struct check_strategy *strategy)
{
    json_t *object = json_object();

    json_object_set_new(object, "index", report_json_whole(strategy->first));
    set_text(object, "command", strategy->first_command);
    json_object_set_new(object, "later", report_json_later(strategy->first_words));
    set_some(object, "example", strategy->first_example);
    return object;
}

static void set_failure(json_t *object, const struct check *check,
                        const struct check_scenario *scenario,
                        const struct check_strategy *strategy)
{
    CLEANUP(mem_freep) char *reason = check_reason(scenario, strategy);
    CLEANUP(mem_freep) char *advice = check_advice(strategy);
    CLEANUP(mem_freep) char *command = check_reproduce(check, scenario, strategy);

    set_text(object, "reason", reason);
    set_text(object, "advice", advice);
    set_text(object, "reproduce", command);
}

static json_t *strategy_object(const struct check *check,
                               const struct check_scenario *scenario,
                               const struct check_strategy *strategy)
{
    static const char *const verdicts[CHECK_VERDICTS] = {
        [CHECK_OK] = "pass",
        [CHECK_UNJUDGED] = "none",
        [CHECK_FAILED] = "fail",
        [CHECK_UNEXPLAINED] = "unexplained",
    };
    CLEANUP(mem_freep) char *found = check_found(strategy);
    json_t *object = json_object();

    set_text(object, "name", strategy->name);
    json_object_set_new(object, "expect", report_json_expect(strategy->expect));
    set_text(object, "verdict", verdicts[strategy->verdict]);
    set_text(object, "found", found);
    json_object_set_new(object, "uncrashed", report_json_later(strategy->uncrashed));
    json_object_set_new(object, "census", census(strategy));
    if (strategy->harmful)
        json_object_set_new(object, "first", first(strategy));
    json_object_set_new(object, "kills", kills(strategy));
    if (strategy->verdict >= CHECK_FAILED)
        set_failure(object, check, scenario, strategy);
    return object;
}

static json_t *scenario_object(const struct check *check,
                               const struct check_scenario *scenario)
{
    static const char *const states[] = {
        [CHECK_NOT_RUN] = "not begun",
        [CHECK_RAN] = "ran",
        [CHECK_REFUSED] = "refused",
        [CHECK_BROKE] = "not finished",
    };
    json_t *object = json_object(), *strategies = json_array();

    for (size_t s = 0; s < scenario->strategy_count; s++)
        json_array_append_new(strategies,
                              strategy_object(check, scenario, &scenario->strategies[s]));
    set_text(object, "scenario", scenario->name);
    set_text(object, "operand", scenario->operand);
    set_text(object, "title", scenario->title);
    set_text(object, "state", states[scenario->state]);
    set_some(object, "trouble", scenario->trouble);
    set_some(object, "first_error", scenario->first_error);
    set_some(object, "unexplained", scenario->unexplained);
    json_object_set_new(object, "seconds", json_real(scenario->seconds));
    json_object_set_new(object, "strategies", strategies);
    return object;
}

static json_t *summary(const struct check *check)
{
    struct check_counts counts = check_count(check);
    json_t *object = json_object();

    json_object_set_new(object, "scenarios", report_json_whole(check->count));
    json_object_set_new(object, "strategies", report_json_whole(counts.strategies));
    json_object_set_new(object, "as_expected",
                        report_json_whole(counts.verdicts[CHECK_OK]));
    json_object_set_new(object, "not_as_expected",
                        report_json_whole(counts.verdicts[CHECK_FAILED]));
    json_object_set_new(object, "without_expectation",
                        report_json_whole(counts.verdicts[CHECK_UNJUDGED]));
    json_object_set_new(object, "unexplained",
                        report_json_whole(counts.verdicts[CHECK_UNEXPLAINED]));
    json_object_set_new(object, "refused",
                        report_json_whole(counts.scenarios[CHECK_REFUSED]));
    json_object_set_new(object, "not_finished",
                        report_json_whole(counts.scenarios[CHECK_BROKE]));
    json_object_set_new(object, "not_begun",
                        report_json_whole(counts.scenarios[CHECK_NOT_RUN]));
    return object;
}

void check_write_json(FILE *out, const struct check *check, bool color)
{
    json_t *object = json_object(), *scenarios = json_array();

    (void)color;
    for (size_t i = 0; i < check->count; i++)
        json_array_append_new(scenarios, scenario_object(check, &check->scenarios[i]));
    json_object_set_new(object, "schema", json_integer(REPORT_JSON_SCHEMA));
    set_text(object, "afterkill", VERSION);
    set_text(object, "redis", check->server);
    json_object_set_new(object, "seed", report_json_whole(check->seed));
    json_object_set_new(object, "trials", report_json_whole(check->trials));
    json_object_set_new(object, "seconds", json_real(check->seconds));
    json_object_set_new(object, "check", scenarios);
    json_object_set_new(object, "summary", summary(check));
    set_text(object, "verdict", exit_status_name(check_exit_status(check)));
    json_dumpf(object, out, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    fputc('\n', out);
    json_decref(object);
}
