/* check.c - see check.h. */
#include "result/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/mutant.h"
#include "result/cured.h"
#include "result/place.h"
#include "result/tally.h"

struct check_scenario *check_add(struct check *check, const char *name,
                                 const char *operand)
{
    struct check_scenario *scenario;

    check->scenarios =
        mem_grow(check->scenarios, check->count + 1, sizeof(*check->scenarios));
    scenario = &check->scenarios[check->count++];
    *scenario = (struct check_scenario){
        .name = mem_strdup(name),
        .operand = mem_strdup(operand),
        .title = mem_strdup(""),
        .trouble = mem_strdup(""),
        .unexplained = mem_strdup(""),
        .first_error = mem_strdup(""),
    };
    return scenario;
}

static void replace(char **text, const char *with)
{
    free(*text);
    *text = mem_strdup(with);
}

/* Have kills done what the expectation rules out? */
static bool contradicts(const struct finding *finding)
{
    unsigned expect = finding->strategy->expect, words = 0;

    if (mutant("kills-unheard"))
        return false;
    if (expect & (EXPECT_ATOMIC | EXPECT_SAFE))
        return tally_sample(finding, RATE_HARMED).hits;
    for (unsigned i = 0; i < LATER_COUNT; i++)
        words |= finding->kills.words.later[i] ? 1u << i : 0;
    return expect_beyond(expect, words);
}

static enum check_verdict judge(const struct finding *finding)
{
    if (tally_unexplained(finding))
        return CHECK_UNEXPLAINED;
    if (contradicts(finding))
        return CHECK_FAILED;
    switch (tally_verdict(finding)) {
    case VERDICT_PASS:
        return CHECK_OK;
    case VERDICT_FAIL:
        return CHECK_FAILED;
    case VERDICT_NONE:
        break;
    }
    return finding->strategy->expect && finding_refuted(finding) ? CHECK_FAILED
                                                                 : CHECK_UNJUDGED;
}

static void find_first(struct check_strategy *strategy, const struct finding *finding)
{
    uint64_t k = tally_first_harm(finding);

    strategy->harmful = k < strategy->points;
    strategy->first = strategy->harmful ? k : 0;
    strategy->first_words = strategy->harmful ? finding->points[k].verdict.later : 0;
    strategy->first_command = mem_strdup(finding_command(finding, strategy->first));
    strategy->first_place = place_name(finding, strategy->first);
    strategy->first_example =
        mem_strdup(strategy->harmful ? finding_example(finding, k) : "");
}

/* Harm that is ruled out, beside harm that is expected. */
static void find_beyond(struct check_strategy *strategy, const struct finding *finding)
{
    uint64_t first = finding_points(finding);

    for (uint64_t k = finding_points(finding); k-- > 0;) {
        unsigned words =
            expect_beyond(strategy->expect, finding->points[k].verdict.later);

        strategy->beyond |= words;
        first = words ? k : first;
    }
    strategy->beyond_place = place_name(finding, strategy->beyond ? first : 0);
    strategy->beyond_example =
        mem_strdup(strategy->beyond ? finding_example(finding, first) : "");
}

static struct check_strategy condense(const struct finding *finding)
{
    struct check_strategy strategy = {
        .name = mem_strdup(finding->strategy->name),
        .expect = finding->strategy->expect,
        .line = finding->strategy->line,
        .verdict = judge(finding),
        .points = finding_points(finding),
        .census = tally_census(finding),
        .unbegun = finding->unbegun,
        .unbegun_example = mem_strdup(finding->unbegun_example),
        .uncrashed = finding->uncrashed,
        .uncrashed_example = mem_strdup(finding->uncrashed_example),
        .harm = figure_harm(finding),
        .passing = figure_passing(finding),
        .kills = finding->kills,
    };
    CLEANUP(mem_freep) char *cure = cured_first(finding);

    find_first(&strategy, finding);
    find_beyond(&strategy, finding);
    strategy.cure = mem_strdup(cure ? cure : "");
    return strategy;
}

void check_take(struct check *check, struct check_scenario *scenario,
                const struct result *result)
{
    size_t count = result->plan.strategies;

    scenario->state = CHECK_RAN;
    replace(&scenario->unexplained, result->unexplained);
    replace(&scenario->first_error, result->first_error);
    scenario->strategies = mem_alloc(count * sizeof(*scenario->strategies));
    scenario->strategy_count = count;
    for (size_t i = 0; i < count; i++)
        scenario->strategies[i] = condense(&result->findings[i]);
    memcpy(check->server, result->server, sizeof(check->server));
}

void check_trouble(struct check_scenario *scenario, const struct err *err)
{
    scenario->state = err->code == ERR_USAGE     ? CHECK_REFUSED
                      : err->code == ERR_STOPPED ? CHECK_STOPPED
                      : err->code == ERR_LACKING ? CHECK_SKIPPED
                                                 : CHECK_BROKE;
    replace(&scenario->trouble, err->msg);
}

static void release_strategy(struct check_strategy *strategy)
{
    free(strategy->name);
    free(strategy->unbegun_example);
    free(strategy->uncrashed_example);
    free(strategy->first_command);
    free(strategy->first_place);
    free(strategy->first_example);
    free(strategy->beyond_place);
    free(strategy->beyond_example);
    free(strategy->cure);
}

void check_scenario_release(struct check_scenario *scenario)
{
    for (size_t i = 0; i < scenario->strategy_count; i++)
        release_strategy(&scenario->strategies[i]);
    free(scenario->strategies);
    free(scenario->name);
    free(scenario->operand);
    free(scenario->title);
    free(scenario->trouble);
    free(scenario->unexplained);
    free(scenario->first_error);
}

void check_release(struct check *check)
{
    for (size_t i = 0; i < check->count; i++)
        check_scenario_release(&check->scenarios[i]);
    free(check->scenarios);
    check->scenarios = NULL;
    check->count = 0;
}

struct check_counts check_count(const struct check *check)
{
    struct check_counts counts = { .strategies = 0 };

    for (size_t i = 0; i < check->count; i++) {
        const struct check_scenario *scenario = &check->scenarios[i];

        counts.scenarios[scenario->state]++;
        counts.strategies += scenario->strategy_count;
        for (size_t s = 0; s < scenario->strategy_count; s++)
            counts.verdicts[scenario->strategies[s].verdict]++;
    }
    return counts;
}

struct check_passing check_passing(const struct check *check)
{
    struct check_passing passing = { .strategies = 0 };

    for (size_t i = 0; i < check->count; i++) {
        const struct check_scenario *scenario = &check->scenarios[i];

        for (size_t s = 0; s < scenario->strategy_count; s++) {
            const struct check_strategy *strategy = &scenario->strategies[s];

            if (strategy->harmful || !strategy->passing.points)
                continue;
            if (!passing.strategies++ ||
                strategy->passing.lasts_ms > passing.longest->passing.lasts_ms) {
                passing.scenario = scenario;
                passing.longest = strategy;
            }
        }
    }
    return passing;
}

enum exit_status check_exit_status(const struct check *check)
{
    struct check_counts counts = check_count(check);

    if (check->interrupted)
        return EXIT_INTERRUPTED;
    if (counts.scenarios[CHECK_BROKE] || counts.verdicts[CHECK_UNEXPLAINED])
        return EXIT_INFRASTRUCTURE;
    if (counts.scenarios[CHECK_REFUSED])
        return EXIT_USAGE;
    if (counts.verdicts[CHECK_FAILED])
        return EXIT_FAIL;
    return counts.strategies ? EXIT_PASS : EXIT_NOTHING_RAN;
}
