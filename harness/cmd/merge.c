/* merge.c - afterkill merge: the shards of a run put together, and reported as one. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sensitive.h"
#include "base/signals.h"
#include "cmd/cmd.h"
#include "cmd/conclude.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "cmd/results_dir.h"
#include "store/load.h"
#include "store/merge.h"

struct options {
    struct operands shards;
    bool allow_missing;
    struct gate_options gates;
    struct destination destination;
};

#define AT(member) offsetof(struct options, member)

static const struct cmd_option table[] = {
    { "output", "RUN", "Keep the merged run there (default: a new directory in results/)",
      1, .take = option_directory, .at = AT(destination.directory), .letter = 'o' },
    { "allow-missing", NULL, "Merge what is there; the report says what is not", 1,
      .take = option_flag, .at = AT(allow_missing) },
    OPTION_FORMAT(DOCUMENT_RUN, 2, AT(destination.format)),
    OPTION_ROWS(2, AT(destination.rows)),
    { "full", NULL, "All that was found, in the text report", 2, .take = option_flag,
      .at = AT(destination.full) },
    { "points", NULL, "With a table of all crash points, in the full text report", 2,
      .take = option_flag, .at = AT(destination.points) },
    { "color", "auto|always|never", "Colour in the text report (default auto)", 2,
      .take = option_word, .at = AT(destination.color) },
    { .name = NULL },
};

static int check(void *parsed, struct err *err)
{
    const struct options *options = parsed;

    if (options->shards.count)
        return rows_check(options->destination.rows, options->destination.format, err);
    return err_set(err, ERR_USAGE,
                   "which shards? The directories that `afterkill run --shard` has made");
}

/* Where the merged run is kept, if it can be concluded as is asked for: which strategies
 * took part, the first shard says. The caller frees it. */
static int prepare(const struct options *options, struct conclude *conclude,
                   char **ret_place, struct err *err)
{
    CLEANUP(saved_release) struct saved saved = { .directory = NULL };
    CLEANUP(database_close) struct database database = DATABASE_NULL;
    const char *first = options->shards.items[0];

    if (stored_open(first, DATABASE_READ, &database, err) < 0)
        return err->code;
    database_stoppable(&database, true);
    if (saved_load_parts(first, &database, STORED_KNOWN, &saved, err) < 0 ||
        conclude_prepare(conclude, &options->gates, &saved.result, err) < 0)
        return err->code;
    if (!options->destination.directory)
        return results_dir_make(saved.scenario->name, saved.result.plan.seed, SHARD_WHOLE,
                                ret_place, err);
    *ret_place = mem_strdup(options->destination.directory);
    return 0;
}

/* All of it, or nothing: a signal that comes while the run is not whole ends the merge,
 * and what there is of it is removed. */
static int put_together(const struct options *options, struct conclude *conclude,
                        char **ret_directory, struct err *err)
{
    const char *given = options->destination.directory;
    bool made = !given || access(given, F_OK) != 0;
    sigset_t before;
    int code;

    signals_hold(&before);
    code = prepare(options, conclude, ret_directory, err);
    if (code == 0)
        code =
            merge_runs((const char *const *)options->shards.items, options->shards.count,
                       *ret_directory, options->allow_missing, err);
    if (code == 0 && !given)
        results_dir_settle(*ret_directory);
    else if (code < 0 && *ret_directory && made)
        rmdir(*ret_directory);
    signals_release(&before);
    return code;
}

const struct command_line merge_line = {
    .options = table,
    .operands_doc = "SHARD...",
    .operands_at = AT(shards),
    .check = check,
    .more = &gate_line,
    .more_title = "Gates, for the exit status:",
    .more_group = 3,
    .more_at = AT(gates),
    .about = "Put the shards of a run together, as if one machine had done it all."
             "\vSHARDs are the directories that `afterkill run --shard i/n` has made. "
             "Shards that are missing, that are not finished, that overlap or belong to "
             "different runs are refused with exit status 4.",
};

/* Nothing of a secret is kept, no digest either: a short one would be guessed from it. So
 * shards that had different ones look the same. */
static void tell_of_secrets(const struct outline *scenario)
{
    for (size_t i = 0; i < scenario->parameter_count; i++)
        if (strcmp(scenario->parameters[i].value, SENSITIVE) == 0)
            fprintf(
                stderr,
                "afterkill: nothing is kept of the parameter '%s', for it is a secret: "
                "that all shards had the same cannot be seen\n",
                scenario->parameters[i].name);
}

int cmd_merge(int argc, char **argv, enum exit_status *ret_status, struct err *err)
{
    struct options options = {
        .destination = { .format = format_by_name("text"), .color = "auto" },
    };
    CLEANUP(saved_release) struct saved saved = { .directory = NULL };
    CLEANUP(conclude_release) struct conclude conclude = { .options = NULL };
    CLEANUP(mem_freep) char *directory = NULL;
    struct sweep one = { .results = &saved.result, .wanted = 1, .count = 1 };
    int (*load)(const char *, struct saved *, struct err *);
    int code;

    options_parse(&merge_line, argc, argv, &options);
    code = put_together(&options, &conclude, &directory, err);
    load = conclude_by_pairs(&conclude) ? saved_load_attempts : saved_load;
    if (code < 0 || load(directory, &saved, err) < 0 ||
        conclude_run(&conclude, &saved.result, err) < 0)
        return err->code;
    tell_of_secrets(saved.scenario);
    options.destination.directory = directory;
    options.destination.conclusion = &conclude.conclusion;
    return output_write(&options.destination, &one, ret_status, err);
}
