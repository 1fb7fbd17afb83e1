/* gate.c - see gate.h. */
#include "result/gate.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/mutant.h"
#include "result/comparable.h"
#include "result/speed.h"

#define AT_BOUND 1e-12 /* a rate that is the bound, but for rounding */

static enum gate_verdict judge_rate(struct interval interval, double bound)
{
    return interval.high < bound  ? GATE_PASSES
           : interval.low > bound ? GATE_FAILS
                                  : GATE_UNDECIDED;
}

static enum gate_verdict judge_ratio(struct ratio ratio, double bound)
{
    if (!ratio.bounded)
        return GATE_UNDECIDED;
    return ratio.interval.low >= bound   ? GATE_PASSES
           : ratio.interval.high < bound ? GATE_FAILS
                                         : GATE_UNDECIDED;
}

struct question {
    const struct result *result;
    const struct finding *finding;
    enum tally_rate rate;
    double bound;
};

/* Would so many kills decide, if they showed what these do? All that makes the interval
 * wider than they do is as it is. */
static bool decides(const void *context, uint64_t kills)
{
    const struct question *question = context;
    struct sample sample = tally_sample(question->finding, question->rate);
    struct rate rate = figure_kill_rate_of(question->result, question->finding,
                                           question->rate, sample_scaled(&sample, kills));

    return judge_rate(rate.interval, question->bound) != GATE_UNDECIDED;
}

/* The same of an interval of the kills alone. */
static bool decides_alone(const struct question *question, uint64_t kills)
{
    struct sample sample = tally_sample(question->finding, question->rate);
    struct rate rate = figure_rate(question->result, sample_scaled(&sample, kills));

    return judge_rate(rate.interval, question->bound) != GATE_UNDECIDED;
}

static void find_kills_needed(const struct question *question,
                              struct gate_outcome *outcome)
{
    struct sample sample = tally_sample(question->finding, question->rate);

    if (fabs(sample_rate(&sample) - question->bound) <= AT_BOUND)
        return;
    outcome->kills_needed = kills_least(sample.of + 1, decides, question);
    outcome->hidden =
        outcome->kills_needed == KILLS_MOST && decides_alone(question, KILLS_MOST);
}

static struct gate_outcome *add_outcome(struct gate_report *report, enum gate_id gate,
                                        double bound, const struct finding *finding)
{
    struct gate_outcome *outcome;

    report->outcomes =
        mem_grow(report->outcomes, report->count + 1, sizeof(*report->outcomes));
    outcome = &report->outcomes[report->count++];
    *outcome = (struct gate_outcome){ .gate = gate, .bound = bound, .finding = finding };
    return outcome;
}

/* A known offender among several strategies that nobody has chosen. */
static bool is_left_out(const struct gates *gates, const struct result *result,
                        const struct finding *finding)
{
    return finding->strategy->expect & (LATER_ALL | EXPECT_HARM) && !gates->chosen &&
           result->plan.strategies > 1 &&
           result->plan.strategies == result->scenario->strategy_count;
}

static void judge_rates(const struct gates *gates, enum gate_id gate,
                        const struct result *result, enum tally_rate rate,
                        struct gate_report *report)
{
    double bound = gates->of[gate].bound;

    if (!gates->of[gate].asked)
        return;
    result_foreach (finding, result) {
        struct gate_outcome *outcome = add_outcome(report, gate, bound, finding);

        outcome->rate = figure_kill_rate(result, finding, rate);
        outcome->verdict = is_left_out(gates, result, finding)
                               ? GATE_LEFT_OUT
                               : judge_rate(outcome->rate.interval, bound);
        if (outcome->verdict == GATE_UNDECIDED)
            find_kills_needed(&(struct question){ result, finding, rate, bound },
                              outcome);
    }
}

/* Apart: one of the two runs was made after the other. Slices: see speed_in_turns(). */
static void judge_updates(double bound, const struct result *result,
                          const struct finding *finding, const struct finding *against,
                          bool apart, uint64_t slices, struct gate_report *report)
{
    struct gate_outcome *outcome = add_outcome(report, GATE_UPDATES, bound, finding);

    outcome->against = against;
    outcome->apart = apart && !mutant("runs-beside");
    if (against)
        outcome->ratio =
            outcome->apart ? speed_apart(against, finding)
                           : speed_in_turns(against, finding, slices, result->confidence);
    outcome->verdict = judge_ratio(outcome->ratio, bound);
}

/* The reference's updates per second beside those of every other strategy. */
static int judge_updates_of_reference(double bound, const struct result *result,
                                      struct gate_report *report, struct err *err)
{
    const struct strategy *strategy =
        &result->scenario->strategies[result->scenario->reference];
    const struct finding *reference = finding_named(result, strategy->name);

    if (!reference)
        return err_set(err, ERR_USAGE,
                       "--min-updates-ratio: the reference strategy '%s' does not take "
                       "part; add it to --strategy, or name a run with --against or "
                       "--baseline",
                       strategy->name);
    if (result->plan.strategies < 2)
        return err_set(err, ERR_USAGE,
                       "--min-updates-ratio: '%s' has no other strategy beside it; add "
                       "one to --strategy, or name a run with --against or --baseline",
                       strategy->name);
    result_foreach (finding, result)
        if (finding != reference)
            judge_updates(bound, result, reference, finding, false, 0, report);
    return 0;
}

bool gates_any(const struct gates *gates)
{
    for (int i = 0; i < GATE_COUNT; i++)
        if (gates->of[i].asked)
            return true;
    return false;
}

int gates_judge(const struct gates *gates, const struct result *result,
                const struct result *base, struct gate_report *ret, struct err *err)
{
    const struct gate_bound *updates = &gates->of[GATE_UPDATES];
    struct gate_report report = { .count = 0 };
    int code = 0;

    judge_rates(gates, GATE_HARM, result,
                mutant("gate-on-leaked") ? RATE_LEAKED : RATE_HARMED, &report);
    judge_rates(gates, GATE_LEAK, result, RATE_LEAKED, &report);
    judge_rates(gates, GATE_TORN, result, RATE_TORN, &report);
    if (updates->asked && !base)
        code = judge_updates_of_reference(updates->bound, result, &report, err);
    result_foreach (finding, result)
        if (updates->asked && base) /* every strategy beside itself in the base */
            judge_updates(updates->bound, result, finding,
                          finding_named(base, finding->strategy->name),
                          !gates->interleaved, result->slices, &report);
    if (code < 0)
        gate_report_release(&report);
    else
        *ret = report;
    return code;
}

void gate_report_release(struct gate_report *report)
{
    free(report->outcomes);
    *report = (struct gate_report){ .count = 0 };
}

enum exit_status gate_exit_status(const struct gate_report *report)
{
    static const enum exit_status statuses[] = {
        [GATE_PASSES] = EXIT_PASS,
        [GATE_FAILS] = EXIT_FAIL,
        [GATE_UNDECIDED] = EXIT_INCONCLUSIVE,
        [GATE_LEFT_OUT] = EXIT_PASS,
    };
    bool asked[GATE_COUNT] = { false }, judged[GATE_COUNT] = { false };
    enum exit_status worst = EXIT_PASS;

    for (size_t i = 0; i < report->count; i++) {
        const struct gate_outcome *outcome = &report->outcomes[i];

        asked[outcome->gate] = true;
        judged[outcome->gate] |= outcome->verdict != GATE_LEFT_OUT;
        worst = exit_status_worse(worst, statuses[outcome->verdict]);
    }
    for (int i = 0; i < GATE_COUNT; i++)
        if (asked[i] && !judged[i])
            worst = exit_status_worse(worst, EXIT_NOTHING_RAN);
    return worst;
}

uint64_t gate_other_harm(const struct gate_outcome *outcome)
{
    if (outcome->gate != GATE_LEAK || outcome->verdict != GATE_PASSES)
        return 0;
    return tally_sample(outcome->finding, RATE_HARMED).hits - outcome->rate.hits;
}

bool gate_is_rate(enum gate_id gate)
{
    return gate != GATE_UPDATES;
}

const char *gate_option(enum gate_id gate)
{
    static const char *const names[GATE_COUNT] = {
        [GATE_HARM] = "max-harm-rate",
        [GATE_LEAK] = "max-leak-rate",
        [GATE_TORN] = "max-torn-rate",
        [GATE_UPDATES] = "min-updates-ratio",
    };

    return names[gate];
}

const char *gate_verdict_name(enum gate_verdict verdict)
{
    static const char *const names[] = {
        [GATE_PASSES] = "pass",
        [GATE_FAILS] = "fail",
        [GATE_UNDECIDED] = "undecided",
        [GATE_LEFT_OUT] = "left out",
    };

    return names[verdict];
}
