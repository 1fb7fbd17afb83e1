/* compare.c - afterkill compare: two runs beside each other, or the strategies of one. */
#include <sys/stat.h>

#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/gate_options.h"
#include "cmd/options.h"
#include "cmd/results_dir.h"
#include "cmd/summary.h"
#include "report/format.h"
#include "store/baseline.h"
#include "store/load.h"

struct options {
    struct operands runs; /* BASE, and NEW; without it, strategies of one are compared */
    double confidence, margin;
    const struct format *format;
    const char *color;
};

#define AT(member) offsetof(struct options, member)

static const struct cmd_option table[] = {
    { "margin", "D",
      "Pass if the rate of harm is surely not greater by D in NEW, fail if it surely is",
      1, .take = option_share, .at = AT(margin), .below = 1 },
    { "confidence", "C", "Of intervals and tests (default: as in the newer run)", 1,
      .take = option_share, .at = AT(confidence), .below = 1 },
    OPTION_FORMAT(DOCUMENT_COMPARISON, 2, AT(format)),
    { "color", "auto|always|never", "Colour in the text report (default auto)", 2,
      .take = option_word, .at = AT(color) },
    { .name = NULL },
};

static int check(void *parsed, struct err *err)
{
    const struct options *options = parsed;

    if (options->runs.count > 2)
        return err_set(err, ERR_USAGE, "more than two runs: '%s'",
                       options->runs.items[2]);
    if (options->margin > 0 && options->runs.count < 2)
        return err_set(
            err, ERR_USAGE,
            "--margin: strategies of one run are not better or worse than each "
            "other; name two runs");
    return 0;
}

/* A run or a baseline: a directory or a file. */
struct side {
    struct saved saved;
    struct baseline *baseline;
    const struct result *result; /* of one of them */
};

static int load(const char *operand, struct side *ret, struct err *err)
{
    struct stat st;

    ret->result = &ret->saved.result;
    if (stat(operand, &st) < 0 || !S_ISREG(st.st_mode))
        return saved_load_attempts(operand, &ret->saved, err);
    if (baseline_load(operand, &ret->baseline, err) == 0)
        ret->result = &ret->baseline->result;
    return err->code;
}

static void side_release(struct side *side)
{
    saved_release(&side->saved);
    side->baseline = baseline_free(side->baseline);
}

const struct command_line compare_line = {
    .options = table,
    .operands_doc = "[BASE [NEW]]",
    .operands_at = AT(runs),
    .check = check,
    .about =
        "Compare two runs strategy by strategy, or the strategies of one run pair "
        "by pair: rates with tests, crash points, exposure, cost."
        "\vBASE and NEW are directories of runs that are kept, or baselines; without "
        "any, the strategies of results/latest are compared, the newest run. Exit "
        "status: 0 NEW is not worse, 1 a strategy is worse (a rate, beyond chance; "
        "or a crash point that does new harm, or harm that lasts longer), 3 nothing "
        "to "
        "compare, a run that was not finished or has unexplained deaths, or --margin "
        "is not decided.",
};

int cmd_compare(int argc, char **argv, enum exit_status *ret_status, struct err *err)
{
    struct options options = { .format = format_by_name("text"), .color = "auto" };
    CLEANUP(side_release) struct side base = { .baseline = NULL };
    CLEANUP(side_release) struct side new = { .baseline = NULL };
    CLEANUP(comparison_release) struct comparison comparison = { .count = 0 };
    CLEANUP(mem_freep) char *first = NULL;
    struct compare_options compare;
    struct report_style style;
    bool two;

    options_parse(&compare_line, argc, argv, &options);
    two = options.runs.count > 1;
    if (results_dir_named(&options.runs, 0, &first, err) < 0 ||
        load(first, &base, err) < 0 ||
        (two && load(options.runs.items[1], &new, err) < 0) ||
        (two && comparable_check(base.result, new.result, err) < 0))
        return err->code;
    compare = (struct compare_options){
        .confidence = options.confidence > 0
                          ? options.confidence
                          : (two ? new.result : base.result)->confidence,
        .margin = options.margin,
        .interleaved = two && comparable_took_turns(base.result, new.result),
    };
    if (two)
        compare_runs(base.result, new.result, &compare, &comparison);
    else
        compare_pairs(base.result, &compare, &comparison);
    style = option_style(options.color);
    summary_open(options.format, &style.summary, err);
    format_compare(options.format, stdout, &comparison, style);
    *ret_status = compare_exit_status(&comparison);
    summary_close(style.summary, err);
    return err->code;
}
