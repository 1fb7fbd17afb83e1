/* compare.c - afterkill compare: two runs beside each other, or the strategies of one. */
#include <argp.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cmd/cmd.h"
#include "cmd/gate_options.h"
#include "cmd/options.h"
#include "report/format.h"
#include "store/baseline.h"
#include "store/load.h"

struct options {
    const char *base, *new; /* new: NULL if the strategies of one run are compared */
    double confidence, margin;
    const struct format *format;
    const char *color;
};

enum option_key { KEY_CONFIDENCE = 256, KEY_MARGIN, KEY_FORMAT, KEY_COLOR };

static const struct argp_option argp_options[] = {
    { "margin", KEY_MARGIN, "D", 0,
      "Pass if the rate of harm is surely not greater by D in NEW, fail if it surely is",
      1 },
    { "confidence", KEY_CONFIDENCE, "C", 0,
      "Of intervals and tests (default: as in the newer run)", 1 },
    { "format", KEY_FORMAT, "text|json", 0, "Of the report (default text)", 2 },
    { "color", KEY_COLOR, "auto|always|never", 0,
      "Colour in the text report (default auto)", 2 },
    { NULL, 0, NULL, 0, NULL, 0 },
};

static void take_operand(struct options *options, const char *operand,
                         struct argp_state *state)
{
    if (!options->base)
        options->base = operand;
    else if (!options->new)
        options->new = operand;
    else
        argp_error(state, "more than two runs: '%s'", operand);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;

    switch (key) {
    case KEY_MARGIN:
        options->margin = option_share(argument, "margin", state);
        break;
    case KEY_CONFIDENCE:
        options->confidence = option_share(argument, "confidence", state);
        break;
    case KEY_FORMAT:
        options->format = option_format(argument, state);
        break;
    case KEY_COLOR:
        options->color = option_color(argument, state);
        break;
    case ARGP_KEY_ARG:
        take_operand(options, argument, state);
        break;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which runs? Two directories that `afterkill run` has made, or "
                          "one, whose strategies are then compared");
        break;
    case ARGP_KEY_END:
        if (options->margin > 0 && !options->new)
            argp_error(state, "--margin: strategies of one run are not better or worse "
                              "than each other; name two runs");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
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
    int code;

    if (stat(operand, &st) == 0 && S_ISREG(st.st_mode)) {
        code = baseline_load(operand, &ret->baseline, err);
        if (code == 0)
            ret->result = &ret->baseline->result;
        return code;
    }
    code = saved_load(operand, &ret->saved, err);
    ret->result = &ret->saved.result;
    return code;
}

static void side_release(struct side *side)
{
    saved_release(&side->saved);
    side->baseline = baseline_free(side->baseline);
}

int cmd_compare(int argc, char **argv, enum exit_status *ret_status, struct err *err)
{
    static const struct argp argp = {
        .options = argp_options,
        .parser = parse,
        .args_doc = "BASE [NEW]",
        .doc =
            "Compare two runs strategy by strategy, or the strategies of one run pair "
            "by pair: rates with exact tests, crash points, exposure, cost."
            "\vBASE and NEW are directories of runs that are kept, or baselines. Exit "
            "status: 0 NEW is not worse, 1 a strategy is worse (a rate, beyond chance; "
            "or a crash point that does new harm), 3 nothing to compare, a run that was "
            "not finished or has unexplained deaths, or --margin is not decided.",
    };
    struct options options = { .format = format_by_name("text"), .color = "auto" };
    CLEANUP(side_release) struct side base = { .baseline = NULL };
    CLEANUP(side_release) struct side new = { .baseline = NULL };
    CLEANUP(comparison_release) struct comparison comparison = { .count = 0 };
    struct compare_options compare;
    int code;

    argp_parse(&argp, argc, argv, 0, NULL, &options);
    code = load(options.base, &base, err);
    if (code == 0 && options.new)
        code = load(options.new, &new, err);
    if (code < 0)
        return code;
    compare = (struct compare_options){
        .confidence = options.confidence > 0
                          ? options.confidence
                          : (options.new ? new.result : base.result)->confidence,
        .margin = options.margin,
    };
    if (options.new)
        compare_runs(base.result, new.result, &compare, &comparison);
    else
        compare_pairs(base.result, &compare, &comparison);
    options.format->compare(stdout, &comparison, option_color_wanted(options.color));
    *ret_status = compare_exit_status(&comparison);
    return 0;
}
