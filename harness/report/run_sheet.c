/* run_sheet.c - a run, or a sweep of runs, as a sheet: a row per strategy, and per value.
 * To add a column, add a row to the table. */
#include "report/sheets.h"

#include "base/mem.h"
#include "report/run_cases.h"
#include "report/verdict_line.h"
#include "report/words.h"
#include "result/tally.h"

/* Whose row it is. */
struct at {
    const struct sweep *sweep; /* `parameter` is NULL: of a run */
    size_t value;
    const struct result *result;
    const struct finding *finding;
};

static void put_scenario(struct cell *cell, const struct at *at)
{
    cell_text(cell, at->result->scenario->name);
}

static void put_parameter(struct cell *cell, const struct at *at)
{
    cell_text(cell, at->sweep->parameter);
}

static void put_value(struct cell *cell, const struct at *at)
{
    cell_text(cell, at->sweep->values[at->value]);
}

static void put_strategy(struct cell *cell, const struct at *at)
{
    cell_text(cell, at->finding->strategy->name);
}

static void put_expect(struct cell *cell, const struct at *at)
{
    char text[EXPECT_TEXT];

    if (at->finding->strategy->expect)
        cell_text(cell, expect_text(at->finding->strategy->expect, text));
}

static void put_verdict(struct cell *cell, const struct at *at)
{
    cell_text(cell, words_verdict(at->finding));
}

static void put_points(struct cell *cell, const struct at *at)
{
    if (tally_census_complete(at->finding))
        cell_whole(cell, finding_points(at->finding));
}

static void put_harmful(struct cell *cell, const struct at *at)
{
    if (tally_census_complete(at->finding))
        cell_whole(cell, figure_harm(at->finding).points);
}

static void put_passing(struct cell *cell, const struct at *at)
{
    if (tally_census_complete(at->finding))
        cell_whole(cell, figure_passing(at->finding).points);
}

static void put_harm(struct cell *cell, const struct at *at)
{
    struct damage harm = figure_harm(at->finding);
    char text[LATER_TEXT];

    if (harm.points)
        cell_text(cell, later_text(harm.words, text));
}

static void put_lasts(struct cell *cell, const struct at *at)
{
    struct damage harm = figure_harm(at->finding);

    if (harm.points)
        cell_lasts(cell, harm.lasts_ms);
}

static void put_uncrashed(struct cell *cell, const struct at *at)
{
    char text[LATER_TEXT];

    if (at->finding->controlled && at->finding->uncrashed)
        cell_text(cell, later_text(at->finding->uncrashed, text));
}

static void put_harm_rate(struct cell *cell, const struct at *at)
{
    struct rate rate = figure_kill_rate(at->result, at->finding, RATE_HARMED);

    cell_share(cell, rate);
    cell->unreached = rate.of && !rate.hits && figure_harm(at->finding).points;
}

static void put_leak_rate(struct cell *cell, const struct at *at)
{
    cell_share(cell, figure_kill_rate(at->result, at->finding, RATE_LEAKED));
}

static void put_torn_rate(struct cell *cell, const struct at *at)
{
    cell_share(cell, figure_kill_rate(at->result, at->finding, RATE_TORN));
}

static void put_passing_rate(struct cell *cell, const struct at *at)
{
    cell_share(cell, figure_passing_rate(at->result, at->finding));
}

static void put_confidence(struct cell *cell, const struct at *at)
{
    cell_real(cell, at->result->confidence);
}

static void put_requested(struct cell *cell, const struct at *at)
{
    if (at->result->kills_wanted)
        cell_whole(cell, at->finding->kills.requested);
}

static void put_valid(struct cell *cell, const struct at *at)
{
    if (at->result->kills_wanted)
        cell_whole(cell, tally_valid(at->finding));
}

static void put_harmed(struct cell *cell, const struct at *at)
{
    if (at->result->kills_wanted)
        cell_whole(cell, tally_harmed(&at->finding->kills.words));
}

static void put_unexplained(struct cell *cell, const struct at *at)
{
    cell_whole(cell, tally_unexplained(at->finding));
}

static void put_p50(struct cell *cell, const struct at *at)
{
    if (at->finding->sample_count)
        cell_duration(cell, figure_costs(at->finding).p50_us);
}

static void put_p99(struct cell *cell, const struct at *at)
{
    if (at->finding->sample_count)
        cell_duration(cell, figure_costs(at->finding).p99_us);
}

static void put_per_second(struct cell *cell, const struct at *at)
{
    if (at->finding->sample_count)
        cell_real(cell, figure_costs(at->finding).per_second);
}

static void put_commands(struct cell *cell, const struct at *at)
{
    if (at->finding->controlled)
        cell_whole(cell, at->finding->commands);
}

static void put_bytes(struct cell *cell, const struct at *at)
{
    if (at->finding->controlled)
        cell_whole(cell, at->finding->bytes);
}

static void put_trips(struct cell *cell, const struct at *at)
{
    if (at->finding->controlled)
        cell_whole(cell, at->finding->trips);
}

static void put_seed(struct cell *cell, const struct at *at)
{
    cell_whole(cell, at->result->plan.seed);
}

struct run_column {
    struct column column;
    void (*put)(struct cell *cell, const struct at *at);
};

/* Of sweeps only, before the others. */
static const struct run_column swept[] = {
    { { "parameter", NULL, CELL_NAME }, put_parameter },
    { { "value", "value", CELL_NAME }, put_value },
};

static const struct run_column columns[] = {
    { { "scenario", NULL, CELL_NAME }, put_scenario },
    { { "strategy", "strategy", CELL_NAME }, put_strategy },
    { { "expect", "expected", CELL_TEXT }, put_expect },
    { { "verdict", "verdict", CELL_TEXT }, put_verdict },
    { { "points", "crash points", CELL_WHOLE }, put_points },
    { { "harmful_points", "that do harm", CELL_WHOLE }, put_harmful },
    { { "passing_points", NULL, CELL_WHOLE }, put_passing },
    { { "harm", "harm", CELL_TEXT }, put_harm },
    { { "lasts", "lasts", CELL_LASTS }, put_lasts },
    { { "uncrashed", NULL, CELL_TEXT }, put_uncrashed },
    { { "harm_rate", "SIGKILLs that do harm", CELL_SHARE }, put_harm_rate },
    { { "leak_rate", NULL, CELL_SHARE }, put_leak_rate },
    { { "torn_rate", NULL, CELL_SHARE }, put_torn_rate },
    { { "passing_rate", NULL, CELL_SHARE }, put_passing_rate },
    { { "confidence", NULL, CELL_REAL }, put_confidence },
    { { "kills_requested", NULL, CELL_WHOLE }, put_requested },
    { { "kills_valid", "kills", CELL_WHOLE }, put_valid },
    { { "kills_harmful", NULL, CELL_WHOLE }, put_harmed },
    { { "unexplained", NULL, CELL_WHOLE }, put_unexplained },
    { { "update_us_p50", "update", CELL_DURATION }, put_p50 },
    { { "update_us_p99", NULL, CELL_DURATION }, put_p99 },
    { { "updates_per_second", NULL, CELL_REAL }, put_per_second },
    { { "commands", NULL, CELL_WHOLE }, put_commands },
    { { "bytes", NULL, CELL_WHOLE }, put_bytes },
    { { "round_trips", "round trips", CELL_WHOLE }, put_trips },
    { { "seed", NULL, CELL_WHOLE }, put_seed },
};

static void add_columns(struct sheet *sheet, const struct sweep *sweep)
{
    for (size_t i = 0; i < ARRAY_SIZE(swept) && sweep->parameter; i++)
        sheet_column(sheet, &swept[i].column);
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
        sheet_column(sheet, &columns[i].column);
}

static void add_rows(struct sheet *sheet, const struct sweep *sweep, size_t value)
{
    const struct result *result = &sweep->results[value];

    result_foreach (finding, result) {
        const struct at at = { sweep, value, result, finding };
        struct cell *cell = sheet_row(sheet);

        for (size_t i = 0; i < ARRAY_SIZE(swept) && sweep->parameter; i++)
            swept[i].put(cell++, &at);
        for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
            columns[i].put(cell++, &at);
    }
}

void run_sheet(struct sheet *ret, const struct result *result, struct report_style style)
{
    const struct sweep one = { .results = (struct result *)(uintptr_t)result,
                               .count = 1 };

    *ret = (struct sheet){
        .what = "run",
        .title = mem_strdup(result->scenario->name),
        .verdict = verdict_line_run(result, style.conclusion),
        .status = conclusion_exit_status(result, style.conclusion),
        .command = run_command(result, style),
    };
    add_columns(ret, &one);
    add_rows(ret, &one, 0);
    run_cases(ret, result, ret->title, style);
    sheet_end(ret);
}

void sweep_sheet(struct sheet *ret, const struct sweep *sweep, struct report_style style)
{
    const char *name = sweep->outlines[0]->name;

    *ret = (struct sheet){
        .what = "run",
        .title = mem_printf("%s, %s", name, sweep->parameter),
        .verdict = verdict_line_sweep(sweep),
        .status = sweep_exit_status(sweep),
    };
    add_columns(ret, sweep);
    for (size_t i = 0; i < sweep->count; i++) {
        CLEANUP(mem_freep)
        char *suite = mem_printf("%s %s=%s", name, sweep->parameter, sweep->values[i]);
        struct report_style alone = style;

        alone.conclusion = NULL;
        add_rows(ret, sweep, i);
        run_cases(ret, &sweep->results[i], suite, alone);
    }
    sheet_end(ret);
}
