/* verdict_line.c - see verdict_line.h. A status has a row, and the row's function tells
 * the reasons for it. */
#include "report/verdict_line.h"

#include <string.h>

#include "base/mem.h"
#include "report/compare_words.h"
#include "report/gates_words.h"
#include "report/reasons.h"
#include "report/unmet.h"
#include "report/words.h"
#include "result/stopping.h"
#include "result/tally.h"

/* What a run is held to. */
struct held {
    const struct result *result;
    const struct comparison *comparison; /* NULL: none */
    const struct gate_report *gates;     /* NULL: none */
};

static struct held hold(const struct result *result, const struct conclusion *conclusion)
{
    bool compared = conclusion && conclusion->comparison.base;

    return (struct held){ result, compared ? &conclusion->comparison : NULL,
                          conclusion ? &conclusion->gates : NULL };
}

static void tell_expectation(struct reasons *reasons, const struct finding *finding)
{
    char expect[EXPECT_TEXT];

    because(reasons, "%s was expected to be %s, and is not: ", finding->strategy->name,
            expect_text(finding->strategy->expect, expect));
    unmet_say(reasons->out, finding);
}

static void tell_regressions(struct reasons *reasons, const struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->count; i++) {
        CLEANUP(mem_freep)
        char *regression = compare_regression(comparison, &comparison->rows[i]);

        if (regression)
            because_of_trouble(reasons, regression);
    }
}

static void tell_gate(struct reasons *reasons, const struct gate_outcome *outcome,
                      const char *verb)
{
    char bound[24];

    gates_bound(bound, sizeof(bound), outcome);
    because(reasons, "%s %s --%s %s", outcome->finding->strategy->name, verb,
            gate_option(outcome->gate), bound);
}

static void tell_failures(struct reasons *reasons, const struct held *held)
{
    result_foreach (finding, held->result)
        if (tally_verdict(finding) == VERDICT_FAIL)
            tell_expectation(reasons, finding);
    if (held->comparison)
        tell_regressions(reasons, held->comparison);
    for (size_t i = 0; held->gates && i < held->gates->count; i++)
        if (held->gates->outcomes[i].verdict == GATE_FAILS)
            tell_gate(reasons, &held->gates->outcomes[i], "fails");
}

static void tell_kills(struct reasons *reasons, uint64_t more, const char *whose)
{
    char kills[48];

    if (more)
        fprintf(reasons->out, ", %s more kills%s would",
                words_kills(kills, sizeof(kills), more), whose);
}

static void tell_undecided(struct reasons *reasons, const struct gate_outcome *outcome)
{
    uint64_t done = outcome->rate.of;

    tell_gate(reasons, outcome, "does not decide");
    if (outcome->hidden)
        because(reasons,
                "more kills alone would not: run it longer, or while there is less load");
    else if (gate_is_rate(outcome->gate) && outcome->kills_needed > done)
        tell_kills(reasons, outcome->kills_needed - done, "");
}

static void tell_side(struct reasons *reasons, const char *which,
                      const struct result *result)
{
    if (!result->complete)
        because(reasons, "%s did not end", which);
    if (tally_all_unexplained(result))
        because(reasons, "%s has deaths that nobody can explain", which);
}

static void tell_open_row(struct reasons *reasons, const struct comparison *comparison,
                          const struct comparison_row *row)
{
    const char *name = row->new->strategy->name;
    bool base = tally_valid(row->base), new = tally_valid(row->new);
    char margin[24];

    if (row->margin == MARGIN_UNDECIDED) {
        words_percent(margin, sizeof(margin), comparison->options.margin);
        because(reasons, "whether %s does more harm by %s is not decided", name, margin);
        if (row->margin_kills > tally_valid(row->new))
            tell_kills(reasons, row->margin_kills - tally_valid(row->new),
                       " on each side");
    }
    if (base != new)
        because(reasons, "%s has valid kills in %s only", name,
                base ? "the base" : "the new run");
    else if (!base && !row->census.known)
        because(reasons, "%s has neither kills nor a whole census in both runs", name);
}

static void tell_open_comparison(struct reasons *reasons,
                                 const struct comparison *comparison)
{
    CLEANUP(mem_freep) char *missed = NULL;

    if (!comparison->count)
        because(reasons, "no strategy is in both runs");
    else if (!comparison->options.chosen)
        missed = compare_only_in(comparison->base, comparison->new);
    if (missed)
        because(reasons, "of the base's strategies the new run does not have %s", missed);
    tell_side(reasons, "the base", comparison->base);
    tell_side(reasons, "the new run", comparison->new);
    for (size_t i = 0; i < comparison->count; i++)
        tell_open_row(reasons, comparison, &comparison->rows[i]);
}

/* What a run was to show and has not, and what would. It ends its kills when the interval
 * is narrow enough, and those that were under way then may make it wider again. */
static void tell_unshown(struct reasons *reasons, const struct result *result)
{
    uint64_t more = stopping_more(&result->stopping, result);

    because(reasons, "what the run was to show (--until-..) is not shown");
    if (stopping_is_hidden(&result->stopping, result))
        because(reasons, "kills alone would do, but what a busy machine hides does "
                         "not: run it again while there is less load");
    else if (!stopping_has_clean(result) && !(result->stopping.width > 0))
        return;
    else if (more)
        tell_kills(reasons, more, " of each strategy");
    else
        because(reasons, "it nearly is: run it again, or ask for a little less");
}

static void tell_open(struct reasons *reasons, const struct held *held)
{
    const struct result *result = held->result;

    if (!result->complete)
        because(reasons, "the run did not end; go on with it by --resume");
    result_foreach (finding, result)
        if (tally_verdict(finding) == VERDICT_NONE && finding_refuted(finding))
            because(reasons,
                    "real kills of '%s' did not do the harm that its recording "
                    "shows: is it another program each time?",
                    finding->strategy->name);
    if (!stopping_shown(&result->stopping, result))
        tell_unshown(reasons, result);
    if (held->comparison && compare_exit_status(held->comparison) == EXIT_INCONCLUSIVE)
        tell_open_comparison(reasons, held->comparison);
    for (size_t i = 0; held->gates && i < held->gates->count; i++)
        if (held->gates->outcomes[i].verdict == GATE_UNDECIDED)
            tell_undecided(reasons, &held->gates->outcomes[i]);
}

static void tell_errors(struct reasons *reasons, const struct held *held)
{
    const struct result *result = held->result;

    if (result->unexplained[0])
        because(reasons, "a death left what no crash point leaves, so no rate of this "
                         "run can be trusted");
    if (result->trouble[0])
        because_of_trouble(reasons, result->trouble);
}

static size_t count_left_out(const struct held *held)
{
    size_t count = 0;

    for (size_t i = 0; held->gates && i < held->gates->count; i++)
        count += held->gates->outcomes[i].verdict == GATE_LEFT_OUT;
    return count;
}

static void tell_nothing_ran(struct reasons *reasons, const struct held *held)
{
    if (count_left_out(held))
        because(reasons, "a bound judges nobody, all strategies are expected to do harm; "
                         "name one with --strategy");
    else
        because(reasons, "nothing ran");
}

static bool anything_expected(const struct held *held)
{
    return held->comparison || stopping_is_asked(&held->result->stopping) ||
           (held->gates && held->gates->count) || tally_judged(held->result);
}

/* What a strategy that does no harm does for a while, which is in no expectation. */
static void tell_passing(struct reasons *reasons, const struct result *result,
                         const struct finding *finding, const char *between)
{
    struct damage passing = figure_passing(finding);
    struct rate rate = figure_passing_rate(result, finding);
    const char *name = finding->strategy->name;
    char text[LATER_TEXT], lasts[WORDS_LASTS], share[16];

    fputs(between, reasons->out);
    if (rate.hits)
        fprintf(reasons->out, "%s of kills to %s leave",
                words_percent(share, sizeof(share), rate.estimate), name);
    else
        fprintf(reasons->out, "%llu of %llu crash points of %s leave%s",
                (unsigned long long)passing.points,
                (unsigned long long)finding_points(finding), name,
                passing.points == 1 ? "s" : "");
    fprintf(reasons->out, " it %s %s", later_text(passing.words, text),
            words_lasts_most(lasts, &passing));
}

static bool only_passes(const struct finding *finding)
{
    return figure_passing(finding).points && !figure_harm(finding).points;
}

static void tell_all_passing(struct reasons *reasons, const struct result *result)
{
    const char *between = ", but ";

    result_foreach (finding, result) {
        if (!only_passes(finding))
            continue;
        tell_passing(reasons, result, finding, between);
        between = ", and ";
    }
}

/* Who does harm as expected is no less broken for it. */
static void tell_as_expected(struct reasons *reasons, const struct result *result,
                             size_t judged)
{
    size_t harmful = 0;

    result_foreach (finding, result)
        harmful += tally_verdict(finding) != VERDICT_NONE &&
                   (figure_harm(finding).points || finding->uncrashed);
    because(reasons, "%zu of %zu strategies do what is expected of them", judged, judged);
    if (harmful && judged > harmful)
        fprintf(reasons->out, ": %zu do%s harm, %zu do%s not", harmful,
                harmful == 1 ? "es" : "", judged - harmful,
                judged - harmful == 1 ? "es" : "");
    else if (harmful)
        fputs(": harm", reasons->out);
}

static void tell_nothing_worse(struct reasons *reasons,
                               const struct comparison *comparison)
{
    const char *between = ", but ";

    because(reasons, "nothing got worse that these runs can show");
    for (size_t i = 0; i < comparison->count; i++) {
        CLEANUP(mem_freep) char *longer = compare_longer(&comparison->rows[i]);

        if (!longer)
            continue;
        fprintf(reasons->out, "%s%s", between, longer);
        between = ", and ";
    }
}

static void tell_kept(struct reasons *reasons, const struct held *held)
{
    const struct result *result = held->result;
    size_t judged = tally_judged(result);

    if (judged)
        tell_as_expected(reasons, result, judged);
    if (judged && judged < result->plan.strategies)
        because(reasons, "nothing was expected of %zu", result->plan.strategies - judged);
    if (stopping_is_asked(&result->stopping))
        because(reasons, "what the run was to show (--until-..) is shown");
    if (held->comparison)
        tell_nothing_worse(reasons, held->comparison);
    if (held->gates && held->gates->count)
        because(reasons, "every bound is kept%s",
                count_left_out(held) ? " by those that are not expected to do harm" : "");
    if (!anything_expected(held))
        because(reasons, "nothing was expected of any strategy");
    tell_all_passing(reasons, result);
}

/* What a status is called, and who tells its reasons. */
static const struct {
    enum exit_status status;
    const char *word;
    void (*tell)(struct reasons *reasons, const struct held *held);
} rows[] = {
    { EXIT_PASS, "PASS", tell_kept },
    { EXIT_FAIL, "FAIL", tell_failures },
    { EXIT_INCONCLUSIVE, "INCONCLUSIVE", tell_open },
    { EXIT_INFRASTRUCTURE, "ERROR", tell_errors },
    { EXIT_USAGE, "ERROR", tell_errors },
    { EXIT_INTERRUPTED, "INTERRUPTED", tell_errors },
    { EXIT_NOTHING_RAN, "NO VERDICT", tell_nothing_ran },
};

static size_t row_of(enum exit_status status)
{
    size_t i = 0;

    while (i < ARRAY_SIZE(rows) - 1 && rows[i].status != status)
        i++;
    return i;
}

const char *verdict_word(enum exit_status status)
{
    return rows[row_of(status)].word;
}

#define NO_VERDICT "NO VERDICT"

char *verdict_line_run(const struct result *result, const struct conclusion *conclusion)
{
    enum exit_status status = conclusion_exit_status(result, conclusion);
    const struct held held = hold(result, conclusion);
    bool none = status == EXIT_PASS && !anything_expected(&held);
    char *line;
    struct reasons reasons =
        reasons_begin(none ? NO_VERDICT : verdict_word(status), &line);

    rows[row_of(status)].tell(&reasons, &held);
    reasons_end(&reasons);
    return line;
}

char *verdict_line_comparison(const struct comparison *comparison)
{
    enum exit_status status = compare_exit_status(comparison);
    bool itself = compare_is_itself(comparison);
    bool none = comparison->pairs || (itself && status == EXIT_PASS);
    char *line;
    struct reasons reasons =
        reasons_begin(none ? NO_VERDICT : verdict_word(status), &line);

    if (itself)
        because(&reasons, "base and new are one and the same run, so it is equal to "
                          "itself, and nothing was compared");
    if (comparison->pairs && !comparison->count)
        because(&reasons, "the run has one strategy, and no other run was named");
    else if (comparison->pairs)
        because(&reasons, "strategies of one run are beside each other, and none is "
                          "expected to be better");
    else if (status == EXIT_FAIL)
        tell_regressions(&reasons, comparison);
    else if (status == EXIT_PASS && !itself)
        tell_nothing_worse(&reasons, comparison);
    else if (status != EXIT_PASS)
        tell_open_comparison(&reasons, comparison);
    reasons_end(&reasons);
    return line;
}

/* " at NAME=VALUE", behind what is told of a run. */
static void tell_value(struct reasons *reasons, const struct sweep *sweep, size_t i)
{
    fprintf(reasons->out, " at %s=%s", sweep->parameter, sweep->values[i]);
}

/* At which values a strategy does not do what is expected, and behind them what it does
 * there: ", at jobs=1 (no harm), jobs=5, jobs=9 (stuck)". */
static void tell_failing_values(struct reasons *reasons, const struct sweep *sweep,
                                size_t strategy)
{
    char expect[EXPECT_TEXT], found[EXPECT_TEXT] = "", now[EXPECT_TEXT];

    for (size_t i = 0; i < sweep->count; i++) {
        const struct finding *finding = &sweep->results[i].findings[strategy];

        if (tally_verdict(finding) != VERDICT_FAIL)
            continue;
        unmet_words(finding, now);
        if (!found[0])
            because(reasons, "%s was expected to be %s, and is not, at ",
                    finding->strategy->name,
                    expect_text(finding->strategy->expect, expect));
        else if (strcmp(found, now) == 0)
            fputs(", ", reasons->out);
        else
            fprintf(reasons->out, " (%s), ", found);
        fprintf(reasons->out, "%s=%s", sweep->parameter, sweep->values[i]);
        strcpy(found, now);
    }
    if (found[0])
        fprintf(reasons->out, " (%s)", found);
}

/* What ends by itself, at the value at which it lasts longest. */
static void tell_longest_passing(struct reasons *reasons, const struct sweep *sweep)
{
    int64_t longest_ms = -1, lasts_ms;
    size_t value = 0;

    for (size_t i = 0; i < sweep->count; i++)
        result_foreach (finding, &sweep->results[i]) {
            lasts_ms = figure_passing(finding).lasts_ms;
            if (only_passes(finding) && lasts_ms > longest_ms)
                longest_ms = lasts_ms, value = i;
        }
    if (longest_ms < 0)
        return;
    tell_all_passing(reasons, &sweep->results[value]);
    tell_value(reasons, sweep, value);
}

static void tell_sweep(struct reasons *reasons, const struct sweep *sweep,
                       enum exit_status status, size_t judged)
{
    if (status == EXIT_PASS && judged)
        because(reasons,
                "%zu of %zu strategies do what is expected of them at each of %zu values",
                judged, judged, sweep->count);
    else if (status == EXIT_PASS)
        because(reasons, "nothing was expected of any strategy");
    if (status == EXIT_PASS)
        tell_longest_passing(reasons, sweep);
    if (status == EXIT_FAIL)
        for (size_t s = 0; s < sweep->results[0].plan.strategies; s++)
            tell_failing_values(reasons, sweep, s);
    for (size_t i = 0; i < sweep->count; i++) {
        const struct held held = hold(&sweep->results[i], NULL);

        if (status == EXIT_PASS || status == EXIT_FAIL ||
            tally_exit_status(held.result) != status)
            continue;
        rows[row_of(status)].tell(reasons, &held);
        tell_value(reasons, sweep, i);
    }
}

char *verdict_line_sweep(const struct sweep *sweep)
{
    enum exit_status status = sweep_exit_status(sweep);
    size_t judged = tally_judged(&sweep->results[0]);
    bool none = status == EXIT_PASS && !judged;
    char *line;
    struct reasons reasons =
        reasons_begin(none ? NO_VERDICT : verdict_word(status), &line);

    tell_sweep(&reasons, sweep, status, judged);
    reasons_end(&reasons);
    return line;
}

void verdict_line_write(FILE *out, const char *line, struct report_style style)
{
    bool passes = strncmp(line, "PASS", strlen("PASS")) == 0;

    words_color(out, style.color, passes ? "\033[32m" : "\033[31m");
    fputs(line, out);
    words_color(out, style.color, "\033[0m");
    fputc('\n', out);
}
