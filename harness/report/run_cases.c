/* run_cases.c - see run_cases.h. */
#include "report/run_cases.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "report/compare_words.h"
#include "report/gates_words.h"
#include "report/parts.h"
#include "report/unmet.h"
#include "report/words.h"
#include "result/conclusion.h"
#include "result/cured.h"
#include "result/tally.h"

char *run_command(const struct result *result, struct report_style style)
{
    char *text;
    FILE *out;

    if (!result->directory)
        return NULL;
    out = mem_stream(&text);
    fprintf(out, "%s report --full ", style_program(style));
    str_print_shell(out, result->directory);
    fclose(out);
    return text;
}

static char *harm_of(const struct finding *finding)
{
    char *text;
    FILE *out = mem_stream(&text);

    run_say_harm(out, finding);
    fclose(out);
    text[strcspn(text, "\n")] = '\0';
    if (text[0] && text[strlen(text) - 1] == ' ')
        text[strlen(text) - 1] = '\0';
    return text;
}

static char *found(const struct finding *finding)
{
    if (figure_harm(finding).points)
        return harm_of(finding);
    return mem_printf("none of %llu crash points does harm that lasts",
                      (unsigned long long)finding_points(finding));
}

static char *unmet(const struct finding *finding)
{
    char *text, expect[EXPECT_TEXT];
    FILE *out = mem_stream(&text);

    fprintf(out, "%s was expected to be %s, and is not: ", finding->strategy->name,
            expect_text(finding->strategy->expect, expect));
    unmet_say(out, finding);
    fclose(out);
    return text;
}

/* What ends by itself, of who does no other harm. */
static char *passing(const struct finding *finding)
{
    struct damage passing = figure_passing(finding);
    char words[LATER_TEXT], lasts[WORDS_LASTS];

    if (!passing.points || figure_harm(finding).points)
        return NULL;
    return mem_printf(
        "%llu of %llu crash points leave%s it %s %s", (unsigned long long)passing.points,
        (unsigned long long)finding_points(finding), passing.points == 1 ? "s" : "",
        later_text(passing.words, words), words_lasts_most(lasts, &passing));
}

static void say_failed(struct sheet_case *item, const struct result *result,
                       const struct finding *finding, struct report_style style)
{
    uint64_t first = tally_first_harm(finding);

    item->outcome = CASE_FAILED;
    item->type = "expectation";
    item->message = unmet(finding);
    item->advice = cured_first(finding);
    if (first < finding_points(finding))
        item->command = words_replay(result, finding, first, style);
}

static void say_unjudged(struct sheet_case *item, const struct finding *finding)
{
    bool expected = finding->strategy->expect;

    item->outcome = expected ? CASE_ERROR : CASE_SKIPPED;
    item->type = "unfinished";
    item->message = mem_strdup(expected ? "nothing is decided: it was not run to its end"
                                        : "it states no expectation");
}

static void add_strategy(struct sheet *sheet, const struct result *result,
                         const char *suite, const struct finding *finding,
                         struct report_style style)
{
    struct sheet_case *item = sheet_case(sheet, CASE_PASSED, suite);
    enum strategy_verdict verdict = tally_verdict(finding);
    char expect[EXPECT_TEXT];

    item->name = mem_strdup(finding->strategy->name);
    sheet_place(item, result->scenario->path, finding->strategy->line);
    if (finding->strategy->expect)
        item->expected = mem_strdup(expect_text(finding->strategy->expect, expect));
    if (tally_census_complete(finding)) {
        item->found = found(finding);
        item->note = passing(finding);
    }
    if (tally_unexplained(finding)) {
        item->outcome = CASE_ERROR;
        item->type = "unexplained";
        item->message = mem_strdup(result->unexplained);
    } else if (verdict == VERDICT_FAIL) {
        say_failed(item, result, finding, style);
    } else if (verdict == VERDICT_NONE) {
        say_unjudged(item, finding);
    }
}

/* What a gate comes to, as a case. */
static const struct {
    enum case_outcome outcome;
    const char *type;
} of_gates[] = {
    [GATE_PASSES] = { CASE_PASSED, NULL },
    [GATE_FAILS] = { CASE_FAILED, "gate" },
    [GATE_UNDECIDED] = { CASE_OPEN, "undecided" },
    [GATE_LEFT_OUT] = { CASE_SKIPPED, NULL },
};

static void add_gate(struct sheet *sheet, const char *suite, const char *path,
                     const struct gate_outcome *outcome)
{
    struct sheet_case *item =
        sheet_case(sheet, of_gates[outcome->verdict].outcome, suite);
    char bound[64], measured[64];

    gates_bound(bound, sizeof(bound), outcome);
    gates_measured(measured, sizeof(measured), outcome);
    item->type = of_gates[outcome->verdict].type;
    item->name = mem_printf("%s --%s %s", outcome->finding->strategy->name,
                            gate_option(outcome->gate), bound);
    item->expected = mem_strdup(bound);
    item->found = mem_strdup(measured);
    sheet_place(item, path, outcome->finding->strategy->line);
    if (outcome->verdict == GATE_LEFT_OUT)
        item->message = mem_strdup("it is expected to do harm, and not held to this");
    else if (outcome->verdict != GATE_PASSES)
        item->message = gates_sentence(outcome);
}

static void add_compared(struct sheet *sheet, const char *suite, const char *path,
                         const struct comparison *comparison,
                         const struct comparison_row *row)
{
    struct sheet_case *item = sheet_case(sheet, CASE_PASSED, suite);

    item->name = mem_printf("%s, compared", row->new->strategy->name);
    sheet_place(item, path, row->new->strategy->line);
    item->note = compare_longer(row);
    item->message = compare_regression(comparison, row);
    if (item->message) {
        item->outcome = CASE_FAILED;
        item->type = "regression";
    }
}

static void add_trouble(struct sheet *sheet, const struct result *result,
                        const char *suite)
{
    struct sheet_case *item;

    if (!result->trouble[0] && !result->interrupted)
        return;
    item = sheet_case(sheet, CASE_ERROR, suite);
    item->type = result->interrupted ? "interrupted" : "infrastructure";
    item->message =
        mem_strdup(result->trouble[0] ? result->trouble : "a signal asked to stop");
    sheet_place(item, result->scenario->path, 0);
}

void run_cases(struct sheet *sheet, const struct result *result, const char *suite,
               struct report_style style)
{
    const struct conclusion *conclusion = style.conclusion;
    const char *path = result->scenario->path;

    result_foreach (finding, result)
        add_strategy(sheet, result, suite, finding, style);
    for (size_t i = 0; conclusion && i < conclusion->gates.count; i++)
        add_gate(sheet, suite, path, &conclusion->gates.outcomes[i]);
    for (size_t i = 0; conclusion && i < conclusion->comparison.count; i++)
        add_compared(sheet, suite, path, &conclusion->comparison,
                     &conclusion->comparison.rows[i]);
    add_trouble(sheet, result, suite);
}
