/* compare_sheet.c - a comparison as a sheet: a row per strategy of two runs, or per pair
 * of strategies of one. To add a column, add a row to the table. */
#include "report/sheets.h"

#include "base/mem.h"
#include "report/compare_words.h"
#include "report/verdict_line.h"

/* Whose row it is. */
struct at {
    const struct comparison *comparison;
    const struct comparison_row *row;
};

static void put_scenario(struct cell *cell, const struct at *at)
{
    cell_text(cell, at->comparison->new->scenario->name);
}

static void put_base(struct cell *cell, const struct at *at)
{
    cell_text(cell, at->row->base->strategy->name);
}

static void put_new(struct cell *cell, const struct at *at)
{
    cell_text(cell, at->row->new->strategy->name);
}

static void put_regressed(struct cell *cell, const struct at *at)
{
    if (!at->comparison->pairs)
        cell_flag(cell, compare_regressed(at->comparison, at->row));
}

static void put_base_rate(struct cell *cell, const struct at *at)
{
    cell_share(cell, figure_kill_rate(at->comparison->base, at->row->base, RATE_HARMED));
}

static void put_new_rate(struct cell *cell, const struct at *at)
{
    cell_share(cell, figure_kill_rate(at->comparison->new, at->row->new, RATE_HARMED));
}

static void put_difference_of(struct cell *cell, const struct rate_difference *difference)
{
    if (difference->tested)
        cell_difference(cell, difference->estimate, difference->interval);
}

static void put_harm_difference(struct cell *cell, const struct at *at)
{
    put_difference_of(cell, &at->row->rates[RATE_HARMED]);
}

static void put_harm_p(struct cell *cell, const struct at *at)
{
    if (at->row->rates[RATE_HARMED].tested)
        cell_p(cell, at->row->rates[RATE_HARMED].p_adjusted);
}

static void put_harm_verdict(struct cell *cell, const struct at *at)
{
    if (at->row->rates[RATE_HARMED].tested)
        cell_text(cell, compare_verdict_name(at->row->rates[RATE_HARMED].verdict));
}

static void put_leak_difference(struct cell *cell, const struct at *at)
{
    put_difference_of(cell, compare_rate(at->row, RATE_LEAKED));
}

static void put_torn_difference(struct cell *cell, const struct at *at)
{
    put_difference_of(cell, compare_rate(at->row, RATE_TORN));
}

static void put_base_points(struct cell *cell, const struct at *at)
{
    if (at->row->census.known)
        cell_whole(cell, at->row->census.base.harmful);
}

static void put_new_points(struct cell *cell, const struct at *at)
{
    if (at->row->census.known)
        cell_whole(cell, at->row->census.new.harmful);
}

static void put_worse_points(struct cell *cell, const struct at *at)
{
    if (at->row->census.known && !at->comparison->pairs)
        cell_whole(cell, at->row->census.worse);
}

static void put_census_verdict(struct cell *cell, const struct at *at)
{
    if (at->row->census.known)
        cell_text(cell, compare_verdict_name(at->row->census.verdict));
}

static void put_margin(struct cell *cell, const struct at *at)
{
    if (at->row->margin != MARGIN_UNASKED)
        cell_text(cell, margin_verdict_name(at->row->margin));
}

static void put_speed(struct cell *cell, const struct at *at)
{
    cell_ratio(cell, &at->row->speed);
}

static void put_confidence(struct cell *cell, const struct at *at)
{
    cell_real(cell, at->comparison->options.confidence);
}

static const struct {
    struct column column;
    void (*put)(struct cell *cell, const struct at *at);
} columns[] = {
    { { "scenario", NULL, CELL_NAME }, put_scenario },
    { { "base", "base", CELL_NAME }, put_base },
    { { "new", "new", CELL_NAME }, put_new },
    { { "regressed", "regressed", CELL_FLAG }, put_regressed },
    { { "base_harmful_points", "harmful points, base", CELL_WHOLE }, put_base_points },
    { { "new_harmful_points", "new", CELL_WHOLE }, put_new_points },
    { { "worse_points", NULL, CELL_WHOLE }, put_worse_points },
    { { "census_verdict", "census", CELL_TEXT }, put_census_verdict },
    { { "base_harm_rate", "SIGKILLs that do harm, base", CELL_SHARE }, put_base_rate },
    { { "new_harm_rate", "new", CELL_SHARE }, put_new_rate },
    { { "harm_difference", NULL, CELL_DIFFERENCE }, put_harm_difference },
    { { "harm_p_adjusted", "p, corrected", CELL_P }, put_harm_p },
    { { "harm_verdict", "rate", CELL_TEXT }, put_harm_verdict },
    { { "leak_difference", NULL, CELL_DIFFERENCE }, put_leak_difference },
    { { "torn_difference", NULL, CELL_DIFFERENCE }, put_torn_difference },
    { { "margin", NULL, CELL_TEXT }, put_margin },
    { { "speed_ratio", "times as fast", CELL_RATIO }, put_speed },
    { { "confidence", NULL, CELL_REAL }, put_confidence },
};

static char *title_of(const struct comparison *comparison)
{
    const struct result *base = comparison->base, *new = comparison->new;

    if (comparison->pairs || !base->directory || !new->directory)
        return mem_printf("%s, compared", new->scenario->name);
    return mem_printf("%s: %s beside %s", new->scenario->name, new->directory,
                      base->directory);
}

static void add_case(struct sheet *sheet, const struct comparison *comparison,
                     const struct comparison_row *row)
{
    const struct outline *scenario = comparison->new->scenario;
    struct sheet_case *item = sheet_case(sheet, CASE_PASSED, scenario->name);
    char *regression;

    item->name = compare_name(comparison, row);
    sheet_place(item, scenario->path, row->new->strategy->line);
    if (compare_is_itself(comparison)) {
        item->outcome = CASE_SKIPPED;
        item->message = mem_strdup("both are one and the same run");
        return;
    }
    regression = compare_regression(comparison, row);
    item->found = compare_sentence(comparison, row);
    item->note = comparison->pairs ? NULL : compare_longer(row);
    item->message = regression;
    if (regression) {
        item->outcome = CASE_FAILED;
        item->type = "regression";
    } else if (comparison->pairs) {
        item->outcome = CASE_SKIPPED;
        item->message = mem_strdup("none of the two is expected to be better");
    } else if (row->margin == MARGIN_UNDECIDED) {
        item->outcome = CASE_OPEN;
        item->type = "undecided";
        item->message = mem_strdup("--margin is not decided");
    }
}

static void add_row(struct sheet *sheet, const struct comparison *comparison,
                    const struct comparison_row *row)
{
    const struct at at = { comparison, row };
    struct cell *cells = sheet_row(sheet);

    for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
        columns[i].put(&cells[i], &at);
}

/* A run beside itself has no rows: its figures would say nothing. */
void compare_sheet(struct sheet *ret, const struct comparison *comparison,
                   struct report_style style)
{
    (void)style;
    *ret = (struct sheet){
        .what = "compare",
        .title = title_of(comparison),
        .verdict = verdict_line_comparison(comparison),
        .status = compare_exit_status(comparison),
    };
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
        sheet_column(ret, &columns[i].column);
    for (size_t r = 0; r < comparison->count; r++) {
        if (!compare_is_itself(comparison))
            add_row(ret, comparison, &comparison->rows[r]);
        add_case(ret, comparison, &comparison->rows[r]);
    }
    sheet_end(ret);
}
