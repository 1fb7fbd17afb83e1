/* trials.c - see trials.h. To add a column, add a row to the table. */
#include "report/trials.h"

#include "base/mem.h"
#include "report/layouts.h"

/* Whose row it is. */
struct at {
    const struct result *result;
    const struct event_trial *trial;
};

/* Only a death inside the update has left something to be judged. */
static bool is_judged(const struct at *at)
{
    return at->trial->outcome == OUTCOME_VALID;
}

static void put_scenario(struct cell *cell, const struct at *at)
{
    cell_text(cell, at->result->scenario->name);
}

static void put_strategy(struct cell *cell, const struct at *at)
{
    cell_text(cell, at->result->findings[at->trial->strategy].strategy->name);
}

static void put_fault(struct cell *cell, const struct at *at)
{
    cell_text(cell, fault_by_id((enum fault_id)at->trial->fault)->name);
}

static void put_number(struct cell *cell, const struct at *at)
{
    cell_whole(cell, at->trial->number);
}

static void put_outcome(struct cell *cell, const struct at *at)
{
    cell_text(cell, outcome_name((enum outcome)at->trial->outcome));
}

static void put_now(struct cell *cell, const struct at *at)
{
    if (is_judged(at))
        cell_text(cell, now_name(at->trial->verdict.now));
}

static void put_harm(struct cell *cell, const struct at *at)
{
    char text[LATER_TEXT];

    if (is_judged(at) && at->trial->verdict.later)
        cell_text(cell, later_text(at->trial->verdict.later, text));
}

static void put_passing(struct cell *cell, const struct at *at)
{
    char text[LATER_TEXT];

    if (is_judged(at) && at->trial->verdict.passing)
        cell_text(cell, later_text(at->trial->verdict.passing, text));
}

static void put_lasts(struct cell *cell, const struct at *at)
{
    if (is_judged(at) && (at->trial->verdict.later || at->trial->verdict.passing))
        cell_lasts(cell, at->trial->verdict.lasts_ms);
}

static void put_replies(struct cell *cell, const struct at *at)
{
    if (is_judged(at))
        cell_whole(cell, at->trial->replies);
}

static void put_commands(struct cell *cell, const struct at *at)
{
    if (is_judged(at))
        cell_whole(cell, at->trial->commands);
}

static bool is_kill(const struct at *at)
{
    return at->trial->fault == FAULT_KILL;
}

static void put_kill(struct cell *cell, const struct at *at)
{
    if (is_kill(at))
        cell_duration(cell, (double)at->trial->kill_ns / 1e3);
}

static void put_weight(struct cell *cell, const struct at *at)
{
    if (is_kill(at) && at->trial->weight_ns > 0)
        cell_duration(cell, at->trial->weight_ns / 1e3);
}

static const struct {
    struct column column;
    void (*put)(struct cell *cell, const struct at *at);
} columns[] = {
    { { "scenario", NULL, CELL_NAME }, put_scenario },
    { { "strategy", NULL, CELL_NAME }, put_strategy },
    { { "fault", NULL, CELL_TEXT }, put_fault },
    { { "number", NULL, CELL_WHOLE }, put_number },
    { { "outcome", NULL, CELL_TEXT }, put_outcome },
    { { "now", NULL, CELL_TEXT }, put_now },
    { { "harm", NULL, CELL_TEXT }, put_harm },
    { { "passing", NULL, CELL_TEXT }, put_passing },
    { { "lasts", NULL, CELL_LASTS }, put_lasts },
    { { "replies_read", NULL, CELL_WHOLE }, put_replies },
    { { "commands_written", NULL, CELL_WHOLE }, put_commands },
    { { "kill_us", NULL, CELL_DURATION }, put_kill },
    { { "weight_us", NULL, CELL_DURATION }, put_weight },
};

void trials_begin(struct trials *ret, FILE *out, const struct result *result)
{
    *ret = (struct trials){ .out = out, .result = result };
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
        sheet_column(&ret->sheet, &columns[i].column);
    csv_header(out, &ret->sheet);
}

void trials_add(struct trials *trials, const struct event_trial *trial)
{
    const struct at at = { trials->result, trial };
    struct cell *cells = sheet_row(&trials->sheet);

    for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
        columns[i].put(&cells[i], &at);
    csv_row(trials->out, &trials->sheet, 0);
    sheet_clear(&trials->sheet);
}

void trials_end(struct trials *trials)
{
    sheet_release(&trials->sheet);
}
