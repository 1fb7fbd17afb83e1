/* check_sheet.c - a check as a sheet: a row per strategy, and one for each scenario that
 * has none because it did not run. To add a column, add a row to the table.
 *
 * Strategies of a scenario run interleaved: each has an equal share of its time. */
#include "report/sheets.h"

#include "base/mem.h"
#include "report/check_words.h"
#include "result/tally.h"

/* Whose row it is. */
struct at {
    const struct check *check;
    const struct check_scenario *scenario;
    const struct check_strategy *strategy; /* NULL: of a scenario that did not run */
};

/* How strategies and scenarios that did not run end, as cases. */
struct said {
    const char *name;
    enum case_outcome outcome;
    const char *type;
};
static const struct said of_strategies[] = {
    [CHECK_OK] = { "pass", CASE_PASSED, NULL },
    [CHECK_UNJUDGED] = { "none", CASE_SKIPPED, NULL },
    [CHECK_FAILED] = { "fail", CASE_FAILED, "expectation" },
    [CHECK_UNEXPLAINED] = { "unexplained", CASE_ERROR, "unexplained" },
};
static const struct said of_scenarios[] = {
    [CHECK_NOT_RUN] = { "not run", CASE_ERROR, "infrastructure" },
    [CHECK_RAN] = { "ran", CASE_PASSED, NULL },
    [CHECK_STOPPED] = { "interrupted", CASE_ERROR, "interrupted" },
    [CHECK_SKIPPED] = { "skipped", CASE_SKIPPED, NULL },
    [CHECK_REFUSED] = { "refused", CASE_ERROR, "scenario" },
    [CHECK_BROKE] = { "error", CASE_ERROR, "infrastructure" },
};

static void put_scenario(struct cell *cell, const struct at *at)
{
    cell_text(cell, at->scenario->name);
}

static void put_verdict(struct cell *cell, const struct at *at)
{
    cell_text(cell, at->strategy ? of_strategies[at->strategy->verdict].name
                                 : of_scenarios[at->scenario->state].name);
}

static void put_strategy(struct cell *cell, const struct at *at)
{
    if (at->strategy)
        cell_text(cell, at->strategy->name);
}

static void put_expect(struct cell *cell, const struct at *at)
{
    char text[EXPECT_TEXT];

    if (at->strategy && at->strategy->expect)
        cell_text(cell, expect_text(at->strategy->expect, text));
}

static void put_points(struct cell *cell, const struct at *at)
{
    if (at->strategy)
        cell_whole(cell, at->strategy->points);
}

static void put_harmful(struct cell *cell, const struct at *at)
{
    if (at->strategy)
        cell_whole(cell, at->strategy->harm.points);
}

static void put_passing(struct cell *cell, const struct at *at)
{
    if (at->strategy)
        cell_whole(cell, at->strategy->passing.points);
}

static void put_harm(struct cell *cell, const struct at *at)
{
    char text[LATER_TEXT];

    if (at->strategy && at->strategy->harm.points)
        cell_text(cell, later_text(at->strategy->harm.words, text));
}

static void put_lasts(struct cell *cell, const struct at *at)
{
    if (at->strategy && at->strategy->harm.points)
        cell_lasts(cell, at->strategy->harm.lasts_ms);
}

static void put_valid(struct cell *cell, const struct at *at)
{
    if (at->strategy && at->strategy->kills.requested)
        cell_whole(cell, at->strategy->kills.outcomes[OUTCOME_VALID]);
}

static void put_harmed(struct cell *cell, const struct at *at)
{
    if (at->strategy && at->strategy->kills.requested)
        cell_whole(cell, tally_harmed(&at->strategy->kills.words));
}

static void put_seconds(struct cell *cell, const struct at *at)
{
    cell_real(cell, at->scenario->seconds);
}

static const struct {
    struct column column;
    void (*put)(struct cell *cell, const struct at *at);
} columns[] = {
    { { "scenario", "scenario", CELL_NAME }, put_scenario },
    { { "strategy", "strategy", CELL_NAME }, put_strategy },
    { { "verdict", "verdict", CELL_TEXT }, put_verdict },
    { { "expect", "expected", CELL_TEXT }, put_expect },
    { { "points", "crash points", CELL_WHOLE }, put_points },
    { { "harmful_points", "that do harm", CELL_WHOLE }, put_harmful },
    { { "passing_points", NULL, CELL_WHOLE }, put_passing },
    { { "harm", "harm", CELL_TEXT }, put_harm },
    { { "lasts", "lasts", CELL_LASTS }, put_lasts },
    { { "kills_valid", "kills", CELL_WHOLE }, put_valid },
    { { "kills_harmful", "that did harm", CELL_WHOLE }, put_harmed },
    { { "scenario_seconds", NULL, CELL_REAL }, put_seconds },
};

static void add_row(struct sheet *sheet, const struct at *at)
{
    struct cell *cells = sheet_row(sheet);

    for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
        columns[i].put(&cells[i], at);
}

static void add_strategy(struct sheet *sheet, const struct at *at)
{
    const struct check_strategy *strategy = at->strategy;
    const struct said *ending = &of_strategies[strategy->verdict];
    struct sheet_case *item = sheet_case(sheet, ending->outcome, at->scenario->name);
    char expected[EXPECT_TEXT];

    item->type = ending->type;
    item->name = mem_strdup(strategy->name);
    sheet_place(item, at->scenario->operand, strategy->line);
    item->seconds = at->scenario->seconds / (double)at->scenario->strategy_count;
    item->found = check_found(strategy);
    item->note = check_passing_text(strategy, "");
    item->expected = mem_strdup(check_expected(strategy, expected));
    if (ending->outcome == CASE_SKIPPED)
        item->message = mem_strdup("it states no expectation");
    if (ending->outcome <= CASE_SKIPPED)
        return;
    item->message = check_reason(at->scenario, strategy);
    item->advice = check_advice(strategy);
    item->command = check_reproduce(at->check, at->scenario, strategy, STYLE_PROGRAM);
}

static void add_scenario(struct sheet *sheet, const struct at *at)
{
    const struct said *ending = &of_scenarios[at->scenario->state];
    struct sheet_case *item = sheet_case(sheet, ending->outcome, at->scenario->name);

    item->type = ending->type;
    sheet_place(item, at->scenario->operand, 0);
    item->seconds = at->scenario->seconds;
    item->message = mem_strdup(check_no_verdict(at->scenario));
    if (ending->outcome == CASE_SKIPPED)
        return;
    item->advice = mem_strdup(at->scenario->state == CHECK_REFUSED
                                  ? "The scenario has to be mended."
                                  : "It could not be run to its end.");
    item->command = check_reproduce(at->check, at->scenario, NULL, STYLE_PROGRAM);
}

void check_sheet(struct sheet *ret, const struct check *check, struct report_style style)
{
    (void)style;
    *ret = (struct sheet){
        .what = "check",
        .verdict = check_verdict_line(check),
        .status = check_exit_status(check),
        .seconds = check->seconds,
    };
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
        sheet_column(ret, &columns[i].column);
    for (size_t i = 0; i < check->count; i++) {
        struct at at = { check, &check->scenarios[i], NULL };

        for (size_t s = 0; s < at.scenario->strategy_count; s++) {
            at.strategy = &at.scenario->strategies[s];
            add_row(ret, &at);
            add_strategy(ret, &at);
        }
        at.strategy = NULL;
        if (at.scenario->state == CHECK_RAN)
            continue;
        add_row(ret, &at);
        add_scenario(ret, &at);
    }
    sheet_end(ret);
}
