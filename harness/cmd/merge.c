/* merge.c - afterkill merge: the shards of a run put together, and reported as one. */
#include <argp.h>
#include <stdlib.h>

#include "cmd/cmd.h"
#include "cmd/conclude.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "cmd/results_dir.h"
#include "store/load.h"
#include "store/merge.h"

struct options {
    const char *const *directories; /* borrowed from argv */
    size_t count;
    bool allow_missing;
    struct gate_options gates;
    struct destination destination;
};

enum option_key {
    KEY_ALLOW_MISSING = 256,
    KEY_FORMAT,
    KEY_POINTS,
    KEY_COLOR,
    KEY_OUTPUT = 'o'
};

static const struct argp_option argp_options[] = {
    { "output", KEY_OUTPUT, "RUN", 0,
      "Keep the merged run there (default: a new directory in results/)", 1 },
    { "allow-missing", KEY_ALLOW_MISSING, NULL, 0,
      "Merge what is there; the report says what is not", 1 },
    { "format", KEY_FORMAT, "text|json", 0, "Of the report (default text)", 2 },
    { "points", KEY_POINTS, NULL, 0,
      "With a table of all crash points in the text report", 2 },
    { "color", KEY_COLOR, "auto|always|never", 0,
      "Colour in the text report (default auto)", 2 },
    { NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &options->gates;
        break;
    case KEY_OUTPUT:
        options->destination.directory = argument;
        break;
    case KEY_ALLOW_MISSING:
        options->allow_missing = true;
        break;
    case KEY_FORMAT:
        options->destination.format = option_format(argument, state);
        break;
    case KEY_POINTS:
        options->destination.points = true;
        break;
    case KEY_COLOR:
        options->destination.color = option_color(argument, state);
        break;
    case ARGP_KEY_ARGS:
        options->directories = (const char *const *)(state->argv + state->next);
        options->count = (size_t)(state->argc - state->next);
        break;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which shards? The directories that `afterkill run --shard` "
                          "has made");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* Where the merged run is kept, if it can be concluded as is asked for: which strategies
 * took part, the first shard says. The caller frees it. */
static int prepare(const struct options *options, struct conclude *conclude,
                   char **ret_place, struct err *err)
{
    CLEANUP(saved_release) struct saved saved = { .directory = NULL };
    CLEANUP(database_close) struct database database = DATABASE_NULL;
    int code = stored_open(options->directories[0], DATABASE_READ, &database, err);

    if (code == 0)
        code = saved_load_parts(options->directories[0], &database, STORED_KNOWN, &saved,
                                err);
    if (code == 0)
        code = conclude_prepare(conclude, &options->gates, &saved.result, err);
    if (code == 0 && options->destination.directory)
        *ret_place = mem_strdup(options->destination.directory);
    else if (code == 0)
        code = results_dir_make(saved.scenario->name, saved.result.plan.seed,
                                (struct shard)SHARD_WHOLE, ret_place, err);
    return code;
}

int cmd_merge(int argc, char **argv, enum exit_status *ret_status, struct err *err)
{
    static const struct argp_child children[] = {
        { &gate_argp, 0, "Gates, for the exit status:", 3 },
        { NULL, 0, NULL, 0 },
    };
    static const struct argp argp = {
        .options = argp_options,
        .parser = parse,
        .children = children,
        .args_doc = "SHARD...",
        .doc =
            "Put the shards of a run together, as if one machine had done it all."
            "\vSHARDs are the directories that `afterkill run --shard i/n` has made. "
            "Shards that are missing, that are not finished, that overlap or belong to "
            "different runs are refused with exit status 4.",
    };
    struct options options = {
        .destination = { .format = format_by_name("text"), .color = "auto" },
    };
    CLEANUP(saved_release) struct saved saved = { .directory = NULL };
    CLEANUP(conclude_release) struct conclude conclude = { .options = NULL };
    CLEANUP(mem_freep) char *directory = NULL;
    struct sweep one = { .results = &saved.result, .wanted = 1, .count = 1 };
    int code;

    argp_parse(&argp, argc, argv, 0, NULL, &options);
    code = prepare(&options, &conclude, &directory, err);
    if (code == 0)
        code = merge_runs(options.directories, options.count, directory,
                          options.allow_missing, err);
    if (directory && !options.destination.directory)
        results_dir_settle(directory, code == 0);
    if (code == 0)
        code = saved_load(directory, &saved, err);
    if (code == 0)
        code = conclude_run(&conclude, &saved.result, err);
    if (code < 0)
        return code;
    options.destination.directory = directory;
    options.destination.conclusion = &conclude.conclusion;
    return output_write(&options.destination, &one, ret_status, err);
}
