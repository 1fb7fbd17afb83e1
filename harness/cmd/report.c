/* report.c - afterkill report: a run that is kept, told again. */
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/results_dir.h"
#include "cmd/summary.h"
#include "cmd/trials.h"
#include "report/format.h"
#include "result/figures.h"
#include "store/load.h"

#define FLEET_MOST 1e9

struct options {
    struct operands operands; /* RUN */
    const struct format *format;
    bool full, points;
    enum row_of rows;
    const char *color;
    struct fleet_size fleet;
};

static const struct cmd_option table[] = {
    OPTION_FORMAT(DOCUMENT_RUN, 1, offsetof(struct options, format)),
    OPTION_ROWS(1, offsetof(struct options, rows)),
    { "full", NULL, "All that was found, in the text report", 1, .take = option_flag,
      .at = offsetof(struct options, full) },
    { "points", NULL, "With a table of all crash points, in the full text report", 1,
      .take = option_flag, .at = offsetof(struct options, points) },
    { "fleet", "W", "How many workers there are; with --kills-per-day", 1,
      .take = option_real, .at = offsetof(struct options, fleet.workers),
      .below = FLEET_MOST },
    { "kills-per-day", "K",
      "How often each of them is killed: the full report says how often a year that does "
      "harm",
      1, .take = option_real, .at = offsetof(struct options, fleet.kills_per_day),
      .below = FLEET_MOST },
    { "color", "auto|always|never", "Colour in the text report (default auto)", 1,
      .take = option_word, .at = offsetof(struct options, color) },
    { .name = NULL },
};

static int check(void *parsed, struct err *err)
{
    const struct operands *operands = &((const struct options *)parsed)->operands;
    const struct fleet_size *fleet = &((const struct options *)parsed)->fleet;
    const struct format *format = ((const struct options *)parsed)->format;

    if ((fleet->workers > 0) != (fleet->kills_per_day > 0))
        return err_set(err, ERR_USAGE,
                       "--fleet and --kills-per-day go together: how many workers there "
                       "are, and how often each is killed");
    if (fleet->workers > 0 && format != format_by_name("text"))
        return err_set(err, ERR_USAGE,
                       "--fleet is for the text report: in JSON the harm per million "
                       "SIGKILLs, times how many there are a year, is the same");
    if (rows_check(((const struct options *)parsed)->rows, format, err) < 0)
        return err->code;
    if (operands->count > 1)
        return err_set(err, ERR_USAGE, "more than one run: '%s' and '%s'",
                       operands->items[0], operands->items[1]);
    return 0;
}

const struct command_line report_line = {
    .options = table,
    .operands_doc = "[RUN]",
    .check = check,
    .about = "Print the report of a run that is kept, finished or not."
             "\vRUN is a directory that `afterkill run` or `afterkill merge` has made; "
             "without it, results/latest, the newest. The exit status is what the run's "
             "was without "
             "gates and baselines; 3 of one that was killed.",
};

int cmd_report(int argc, char **argv, enum exit_status *ret_status, struct err *err)
{
    struct options options = { .format = format_by_name("text"), .color = "auto" };
    CLEANUP(saved_release) struct saved saved = { .directory = NULL };
    CLEANUP(mem_freep) char *run = NULL;
    struct report_style style;

    options_parse(&report_line, argc, argv, &options);
    if (results_dir_named(&options.operands, 0, &run, err) < 0 ||
        (options.format->attempts ? saved_load_attempts : saved_load)(run, &saved, err) <
            0)
        return err->code;
    if (options.fleet.workers > 0 && !(figure_period_s(saved.result.scenario) > 0))
        return err_set(err, ERR_USAGE,
                       "--fleet: how often a worker makes the update is not known: the "
                       "scenario has no parameter 'period'");
    style = option_style(options.color);
    style.points = options.points;
    style.fleet = options.fleet;
    style.full = options.full || options.points || options.fleet.workers > 0;
    summary_open(options.format, &style.summary, err);
    if (options.rows == ROWS_TRIALS)
        trials_write(stdout, &saved.result, run, err);
    else
        format_run(options.format, stdout, &saved.result, style);
    *ret_status = conclusion_exit_status(&saved.result, NULL);
    summary_close(style.summary, err);
    return err->code;
}
