/* baseline.c - afterkill baseline: what a repository keeps of a run. */
#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "report/baseline_text.h"
#include "store/baseline.h"
#include "store/load.h"

#define OPERANDS_MOST 3

struct options {
    const char *operands[OPERANDS_MOST]; /* save RUN FILE, or show FILE */
    size_t count;
    const char *color;
};

enum option_key { KEY_COLOR = 256 };

static const struct argp_option argp_options[] = {
    { "color", KEY_COLOR, "auto|always|never", 0, "Colour (default auto)", 1 },
    { NULL, 0, NULL, 0, NULL, 0 },
};

static int save(const struct options *options, struct err *err)
{
    CLEANUP(saved_release) struct saved saved = { .directory = NULL };
    int code = saved_load(options->operands[1], &saved, err);

    return code == 0 ? baseline_save(options->operands[2], &saved.result, err) : code;
}

static int show(const struct options *options, struct err *err)
{
    CLEANUP(baseline_freep) struct baseline *baseline = NULL;
    int code = baseline_load(options->operands[1], &baseline, err);

    if (code == 0)
        baseline_text_write(stdout, baseline, option_color_wanted(options->color));
    return code;
}

static const struct action {
    const char *name;
    size_t operands; /* with the name */
    const char *usage;
    int (*run)(const struct options *options, struct err *err);
} actions[] = {
    { "save", 3, "save RUN FILE", save },
    { "show", 2, "show FILE", show },
};

static const struct action *find_action(const struct options *options)
{
    for (size_t i = 0; options->count && i < ARRAY_SIZE(actions); i++)
        if (strcmp(options->operands[0], actions[i].name) == 0)
            return &actions[i];
    return NULL;
}

static void check(const struct options *options, struct argp_state *state)
{
    const struct action *action = find_action(options);

    if (!action)
        argp_error(state, "expected `%s` or `%s`", actions[0].usage, actions[1].usage);
    else if (options->count != action->operands)
        argp_error(state, "expected `%s`", action->usage);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;

    switch (key) {
    case KEY_COLOR:
        options->color = option_color(argument, state);
        break;
    case ARGP_KEY_ARG:
        if (options->count == OPERANDS_MOST)
            argp_error(state, "one word too many: '%s'", argument);
        options->operands[options->count++] = argument;
        break;
    case ARGP_KEY_END:
        check(options, state);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

int cmd_baseline(int argc, char **argv, enum exit_status *ret_status, struct err *err)
{
    static const struct argp argp = {
        .options = argp_options,
        .parser = parse,
        .args_doc = "save RUN FILE\nshow FILE",
        .doc = "Keep the figures of a run in a small file for a repository, or show one."
               "\v`afterkill run SCENARIO --baseline FILE` holds a run to it.",
    };
    struct options options = { .color = "auto" };

    argp_parse(&argp, argc, argv, 0, NULL, &options);
    *ret_status = EXIT_PASS;
    return find_action(&options)->run(&options, err);
}
