/* check_json.c - a check as one JSON object; words and counts have the names that they
 * have in a run's (docs/afterkill-results.5.scd). */
#include "base/mem.h"
#include "report/check_words.h"
#include "report/json_put.h"
#include "report/writers.h"

static json_t *first(const struct check_strategy *strategy)
{
    json_t *object = json_object();

    json_put_whole(object, "index", strategy->first);
    json_put_text(object, "command", strategy->first_command);
    json_put_text(object, "after", strategy->first_place);
    json_put_later(object, "later", strategy->first_words);
    json_put_some(object, "example", strategy->first_example);
    return object;
}

static void set_failure(json_t *object, const struct check *check,
                        const struct check_scenario *scenario,
                        const struct check_strategy *strategy)
{
    CLEANUP(mem_freep) char *reason = check_reason(scenario, strategy);
    CLEANUP(mem_freep) char *advice = check_advice(strategy);
    CLEANUP(mem_freep) char *command =
        check_reproduce(check, scenario, strategy, STYLE_PROGRAM);

    json_put_text(object, "reason", reason);
    json_put_text(object, "advice", advice);
    json_put_text(object, "reproduce", command);
}

static json_t *damage_object(const struct damage *damage)
{
    json_t *object = json_object();

    json_put_whole(object, "points", damage->points);
    json_put_later(object, "words", damage->words);
    json_put_lasts(object, "lasts", damage->lasts_ms);
    return object;
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

    json_put_text(object, "name", strategy->name);
    json_put_expect(object, "expect", strategy->expect);
    json_put_text(object, "verdict", verdicts[strategy->verdict]);
    json_put_text(object, "found", found);
    json_put_later(object, "unbegun", strategy->unbegun);
    json_put_later(object, "uncrashed", strategy->uncrashed);
    json_put_census(object, strategy->points, &strategy->census);
    if (strategy->harmful)
        json_put(object, "first", first(strategy));
    if (strategy->harmful)
        json_put(object, "harm", damage_object(&strategy->harm));
    if (strategy->passing.points)
        json_put(object, "passing", damage_object(&strategy->passing));
    json_put_kills(object, &strategy->kills);
    if (strategy->verdict >= CHECK_FAILED)
        set_failure(object, check, scenario, strategy);
    return object;
}

static json_t *scenario_object(const struct check *check,
                               const struct check_scenario *scenario)
{
    static const char *const states[] = {
        [CHECK_NOT_RUN] = "not begun",    [CHECK_RAN] = "ran",
        [CHECK_STOPPED] = "not finished", [CHECK_SKIPPED] = "skipped",
        [CHECK_REFUSED] = "refused",      [CHECK_BROKE] = "not finished",
    };
    json_t *object = json_object(), *strategies = json_array();

    for (size_t s = 0; s < scenario->strategy_count; s++)
        json_array_append_new(strategies,
                              strategy_object(check, scenario, &scenario->strategies[s]));
    json_put_text(object, "scenario", scenario->name);
    json_put_text(object, "operand", scenario->operand);
    json_put_text(object, "title", scenario->title);
    json_put_text(object, "state", states[scenario->state]);
    json_put_some(object, "trouble", scenario->trouble);
    json_put_some(object, "first_error", scenario->first_error);
    json_put_some(object, "unexplained", scenario->unexplained);
    json_put_real(object, "seconds", scenario->seconds);
    json_put(object, "strategies", strategies);
    return object;
}

static json_t *summary(const struct check *check)
{
    struct check_counts counts = check_count(check);
    json_t *object = json_object();

    json_put_whole(object, "scenarios", check->count);
    json_put_whole(object, "strategies", counts.strategies);
    json_put_whole(object, "as_expected", counts.verdicts[CHECK_OK]);
    json_put_whole(object, "not_as_expected", counts.verdicts[CHECK_FAILED]);
    json_put_whole(object, "without_expectation", counts.verdicts[CHECK_UNJUDGED]);
    json_put_whole(object, "unexplained", counts.verdicts[CHECK_UNEXPLAINED]);
    json_put_whole(object, "refused", counts.scenarios[CHECK_REFUSED]);
    json_put_whole(object, "skipped", counts.scenarios[CHECK_SKIPPED]);
    json_put_whole(object, "not_finished",
                   counts.scenarios[CHECK_BROKE] + counts.scenarios[CHECK_STOPPED]);
    json_put_whole(object, "not_begun", counts.scenarios[CHECK_NOT_RUN]);
    return object;
}

void check_json(FILE *out, const struct check *check, struct report_style style)
{
    json_t *object = json_put_document(), *scenarios = json_array();

    (void)style;
    for (size_t i = 0; i < check->count; i++)
        json_array_append_new(scenarios, scenario_object(check, &check->scenarios[i]));
    json_put_text(object, "redis", check->server);
    json_put_whole(object, "seed", check->seed);
    json_put_whole(object, "trials", check->trials);
    json_put_real(object, "seconds", check->seconds);
    json_put(object, "check", scenarios);
    json_put(object, "summary", summary(check));
    json_put_text(object, "verdict", exit_status_name(check_exit_status(check)));
    json_put_end(out, object);
}
