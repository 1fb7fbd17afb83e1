/* report.c - afterkill report: a run that is kept, told again. */
#include <argp.h>
#include <stdlib.h>

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "report/format.h"
#include "store/load.h"

struct options {
    const char *directory;
    const struct format *format;
    struct report_style style;
    const char *color;
};

enum option_key { KEY_FORMAT = 256, KEY_POINTS, KEY_COLOR };

static const struct argp_option argp_options[] = {
    { "format", KEY_FORMAT, "text|json", 0, "Of the report (default text)", 1 },
    { "points", KEY_POINTS, NULL, 0,
      "With a table of all crash points in the text report", 1 },
    { "color", KEY_COLOR, "auto|always|never", 0,
      "Colour in the text report (default auto)", 1 },
    { NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;

    switch (key) {
    case KEY_FORMAT:
        options->format = option_format(argument, state);
        break;
    case KEY_POINTS:
        options->style.points = true;
        break;
    case KEY_COLOR:
        options->color = option_color(argument, state);
        break;
    case ARGP_KEY_ARG:
        if (options->directory)
            argp_error(state, "more than one run: '%s' and '%s'", options->directory,
                       argument);
        options->directory = argument;
        break;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which run? The directory that `afterkill run` has made, like "
                          "results/latest");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

int cmd_report(int argc, char **argv, enum exit_status *ret_status, struct err *err)
{
    static const struct argp argp = {
        .options = argp_options,
        .parser = parse,
        .args_doc = "RUN",
        .doc =
            "Print the report of a run that is kept, finished or not."
            "\vRUN is a directory that `afterkill run` or `afterkill merge` has made; "
            "results/latest is the newest. The exit status is what the run's was without "
            "gates and baselines; 3 of one that was killed.",
    };
    struct options options = { .format = format_by_name("text"), .color = "auto" };
    CLEANUP(saved_release) struct saved saved = { .directory = NULL };
    int code;

    argp_parse(&argp, argc, argv, 0, NULL, &options);
    options.style.color = option_color_wanted(options.color);
    code = saved_load(options.directory, &saved, err);
    if (code < 0)
        return code;
    options.format->run(stdout, &saved.result, options.style);
    *ret_status = conclusion_exit_status(&saved.result, NULL);
    return 0;
}
