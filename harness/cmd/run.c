/* run.c - afterkill run: one scenario, all its strategies, one report, kept in a
 * directory. With --sweep it is run once per value of a parameter. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/signals.h"
#include "cmd/against.h"
#include "cmd/cmd.h"
#include "cmd/conclude.h"
#include "cmd/interleave.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "cmd/program_line.h"
#include "cmd/results_dir.h"
#include "cmd/run_options.h"
#include "cmd/scenario_files.h"
#include "cmd/strategies.h"
#include "cmd/sweep_load.h"
#include "cmd/version.h"
#include "run/fleet.h"
#include "run/progress.h"
#include "store/load.h"
#include "store/write.h"

/* Of so many attempts per strategy, what came of each is kept in memory, for the pairs of
 * the HTML report. */
#define ATTEMPTS_KEPT_MOST 20000

/* Everything that belongs to the run of one value. */
struct session {
    const struct run_options *options;
    int argc;
    char **argv;
    struct scenario **scenarios; /* of each value; owned */
    const size_t *strategies;
    size_t count;
    struct conclude *conclude;
    char *own_place; /* a directory that was made for this run; NULL: another was named */
    bool fresh;      /* the directory, whichever, was made by this run */
};

/* The run is sound, and worth being the newest. */
static void begun(void *context)
{
    const struct session *session = context;

    if (session->own_place)
        results_dir_settle(session->own_place);
}

/* What the run's figures depend on besides what was asked for. */
static void collect_environment(const struct session *session,
                                const struct outline *scenario, struct environment *ret)
{
    CLEANUP(mem_freep)
    const char **arguments = MEM_ARRAY(const char *, (size_t)session->argc + 1);
    struct environment_sources sources = {
        .arguments = arguments,
        .argument_count = (size_t)session->argc + 1,
        .scenario = scenario->path,
    };

    arguments[0] = "afterkill"; /* argv[0] is "afterkill run" */
    arguments[1] = "run";
    for (int i = 1; i < session->argc; i++)
        arguments[i + 1] = session->argv[i];
    environment_collect(ret, &sources);
    version_libraries(ret);
    environment_add(ret, "redis-server",
                    session->options->redis_server ? session->options->redis_server
                                                   : "the PATH's");
}

/* A new run: nothing of it is there yet. */
static int keep_new(const struct session *session, const char *directory,
                    const struct request *request, const struct result *result,
                    struct store **ret, struct err *err)
{
    CLEANUP(environment_release) struct environment environment = ENVIRONMENT_NULL;

    if (file_make_directory(directory, err) < 0)
        return err_wrap(err, "keep the run (another place: -o DIR; none: --no-store)");
    collect_environment(session, result->scenario, &environment);
    return store_create(directory, request, &environment, result, ret, err);
}

/* A run that is gone on with: what has been found is told to the tally again. Of one with
 * programs, *ret_finished strategies, the first ones, are not begun anew. */
static int keep_old(const char *directory, const struct scenario *scenario,
                    const struct request *request, struct result *result,
                    struct store **ret, size_t *ret_finished, struct err *err)
{
    CLEANUP(request_release) struct request was = { .text = NULL };
    CLEANUP(store_closep) struct store *store = NULL;
    CLEANUP(mem_freep) char *turns = NULL;
    char difference[400];

    if (store_open(directory, &store, err) < 0)
        return err_wrap(err, "--resume");
    database_stoppable(store_database(store), true); /* the run may be a long one */
    if (stored_request(store_database(store), &was, err) < 0)
        return err_wrap(err, "--resume");
    turns = stored_fact(store_database(store), STORED_TURNS);
    if (turns)
        return err_set(
            err, ERR_USAGE,
            "--resume: the run in '%s' took turns with another one, and cannot "
            "be gone on with alone",
            directory);
    if (request_difference(&was, "in the run", request, "now", NULL, difference,
                           sizeof(difference)))
        return err_set(err, ERR_USAGE,
                       "--resume: the run in '%s' cannot be gone on with, it was another "
                       "one: %s",
                       directory, difference);
    if ((scenario->programs.any &&
         store_forget_begun(store, result, ret_finished, err) < 0) ||
        store_forget_unfinished(store, err) < 0 ||
        stored_tally(store_database(store), STORED_ALL, result, err) < 0)
        return err_wrap(err, "--resume");
    database_stoppable(store_database(store), false);
    *ret = TAKE_PTR(store);
    return 0;
}

static int run_fleet(const struct session *session, struct scenario *scenario,
                     const char *part, struct store *store, size_t finished,
                     struct result *result, struct err *err)
{
    const struct run_options *options = session->options;
    struct run_progress view;
    struct fleet_options fleet = {
        .scenario = scenario,
        .strategies = session->strategies,
        .finished = finished,
        .plan = result->plan,
        .store = store,
        .lanes = options->lanes,
        .redis_server = options->redis_server,
        .prove = options->prove,
        .view = options->quiet ? NULL : &view,
    };

    fleet_ask(&fleet, &options->request);
    fleet.begun = begun;
    fleet.context = (void *)(uintptr_t)session;
    run_progress_init(&view, stderr, isatty(STDERR_FILENO));
    if (part && !options->quiet)
        run_progress_part(&view, &scenario->outline, part);
    return fleet_run(&fleet, result, err);
}

/* Did it end before anything was found? Then its directory holds nothing that anybody
 * could go on with, and the same command should find the place as it was. */
static bool is_failed_start(const struct result *result, const struct err *err)
{
    if (err->code == 0 || result->stages > STAGE_CENSUS)
        return false;
    result_foreach (finding, result)
        if (err->code != ERR_USAGE && finding->controlled)
            return false;
    return true;
}

/* One value's run, kept in the directory (NULL: nowhere). What was asked for is borrowed
 * by the result. */
static int run(const struct session *session, struct scenario *scenario,
               const char *directory, const char *part, struct request *request,
               struct result *result, struct err *err)
{
    CLEANUP(store_closep) struct store *store = NULL;
    struct err late = ERR_NULL;
    size_t finished = 0;
    int code = run_options_request(session->options, &scenario->outline,
                                   session->strategies, session->count, request, err);

    if (code == 0)
        code = program_line_limit(scenario, session->options->trials_given, request, err);
    if (code == 0)
        result_begin(result, &scenario->outline, session->strategies, session->count,
                     request);
    result->directory = directory;
    if (code == 0) /* before anything is kept of a run that cannot be concluded */
        code = conclude_prepare(session->conclude, &session->options->gates, result, err);
    if (code == 0 && (conclude_by_pairs(session->conclude) ||
                      result->plan.attempts <= ATTEMPTS_KEPT_MOST))
        result_keep_attempts(result);
    if (code == 0 && session->options->resume)
        code = keep_old(directory, scenario, request, result, &store, &finished, err);
    else if (code == 0 && directory)
        code = keep_new(session, directory, request, result, &store, err);
    if (code < 0 || result->complete)
        return code;
    code = run_fleet(session, scenario, part, store, finished, result, err);
    if (store && !session->options->resume && is_failed_start(result, err))
        store = store_discard(store);
    else if (session->own_place)
        results_dir_settle(session->own_place);
    if (store && store_finish(store, result, &late) < 0)
        err_append(err, &late);
    return err->code;
}

/* Where the run of a value of a sweep is kept: below the sweep's own directory. */
static char *directory_of(const char *directory, const struct sweep *sweep, size_t i)
{
    char *path;

    if (!directory || !sweep->parameter)
        return directory ? mem_strdup(directory) : NULL;
    path = mem_printf("%s/%s=%s", directory, sweep->parameter, sweep->values[i]);
    for (char *p = path + strlen(directory) + 1; *p; p++)
        if (*p == '/')
            *p = '_';
    return path;
}

/* The report of one value of a sweep, which is a run like any other. */
static void deliver_value(const struct sweep *sweep, size_t i, struct err *err)
{
    const struct sweep one = { .results = &sweep->results[i], .wanted = 1, .count = 1 };
    const struct destination destination = { .directory = sweep->directories[i] };
    struct err late = ERR_NULL;

    if (destination.directory && sweep->results[i].server[0] &&
        output_write_files(&destination, &one, &late) < 0)
        err_append(err, &late);
}

/* Nothing stays of a failed start, not even the directory, if it was made for the run. */
static bool is_left_empty(const struct session *session, const char *directory,
                          const char *part)
{
    return directory && (part || session->fresh) && rmdir(directory) == 0;
}

/* Runs the values one after the other; an error at one ends the sweep. */
static int run_values(const struct session *session, struct sweep *sweep,
                      const char *directory, struct err *err)
{
    sigset_t before;
    int code = 0;

    sweep->results = mem_alloc(sweep->wanted * sizeof(*sweep->results));
    sweep->requests = mem_alloc(sweep->wanted * sizeof(*sweep->requests));
    sweep->directories = mem_alloc(sweep->wanted * sizeof(*sweep->directories));
    signals_hold(&before);
    while (sweep->count < sweep->wanted && code == 0) {
        size_t i = sweep->count++;
        CLEANUP(mem_freep) char *part = NULL;

        if (sweep->parameter)
            part = mem_printf("%s=%s (%zu of %zu)", sweep->parameter, sweep->values[i],
                              i + 1, sweep->wanted);
        sweep->directories[i] = directory_of(directory, sweep, i);
        code = run(session, session->scenarios[i], sweep->directories[i], part,
                   &sweep->requests[i], &sweep->results[i], err);
        if (!is_left_empty(session, sweep->directories[i], part) && part)
            deliver_value(sweep, i, err);
        if (code < 0 && part)
            err_wrap(err, "%s", part);
    }
    signals_release(&before);
    return code;
}

/* Where the run is to be kept; stays NULL if it is not. The caller frees it. */
static int choose_place(struct session *session, const struct outline *scenario,
                        char **ret, struct err *err)
{
    struct stat st;
    const struct run_options *options = session->options;
    const char *given =
        options->resume ? options->resume : options->destination.directory;

    if (options->unkept)
        return 0;
    if (given) {
        *ret = mem_strdup(given);
        session->fresh = stat(given, &st) < 0;
        return file_make_directory(given, err);
    }
    results_dir_make(scenario->name, options->request.seed, options->request.shard, ret,
                     err);
    session->own_place = *ret;
    session->fresh = true;
    return err->code;
}

static int load_and_run(struct session *session, struct run_options *options,
                        enum exit_status *ret_status, struct err *err)
{
    const struct parameter_settings settings = scenario_files_settings(&options->request);
    struct sweep *sweep = &options->sweep;
    CLEANUP(mem_freep) char *path = NULL;
    CLEANUP(mem_freep) size_t *strategies = NULL;
    CLEANUP(mem_freep) char *directory = NULL;
    int code;

    if ((options->command && program_line_hold(options->command, err) < 0) ||
        scenario_files_path(options->scenario, &path, err) < 0 ||
        sweep_load(sweep, path, &settings, session->scenarios, err) < 0)
        return err->code;
    for (size_t i = 0; i < sweep->wanted && options->command; i++) {
        struct outline *outline = &session->scenarios[i]->outline;

        free(outline->name);
        outline->name = program_line_name(options->command);
    }
    session->strategies = strategies =
        MEM_ARRAY(size_t, sweep->outlines[0]->strategy_count);
    if (strategies_choose(sweep->outlines[0], options->request.strategies, strategies,
                          &session->count, err) < 0 ||
        choose_place(session, sweep->outlines[0], &directory, err) < 0)
        return err->code;
    options->destination.directory = directory;
    code = run_values(session, sweep, directory, err);
    if (directory && session->fresh && (rmdir(directory) == 0 || errno == ENOENT))
        options->destination.directory = NULL; /* nothing is there to be kept */
    if (session->own_place && !options->destination.directory)
        results_dir_tidy(session->own_place);
    if (options->destination.directory && !options->quiet)
        results_dir_tell(directory);
    if (code == 0)
        conclude_run(session->conclude, &sweep->results[0], err);
    options->destination.conclusion = &session->conclude->conclusion;
    return output_write(&options->destination, sweep, ret_status, err);
}

int cmd_run(int argc, char **argv, enum exit_status *ret_status, struct err *err)
{
    struct run_options options;
    CLEANUP(conclude_release) struct conclude conclude = { .options = NULL };
    struct session session = {
        .options = &options, .argc = argc, .argv = argv, .conclude = &conclude
    };
    int command = program_line_find(argc, argv);
    int code = run_options_parse(command ? command - 1 : argc, argv,
                                 command ? argv + command : NULL, &options, err);

    if (code == 0)
        option_lanes_warn(options.lanes);
    if (code == 0 && !options.seed_given && !options.resume)
        options.request.seed = conclude_seed(&options.gates, options.request.seed);
    options.gates.gates.chosen = options.request.strategies != NULL;
    session.scenarios = mem_alloc(options.sweep.wanted * sizeof(*session.scenarios));
    if (code == 0)
        code = against_takes_turns(options.gates.against)
                   ? interleave(&options, ret_status, err)
                   : load_and_run(&session, &options, ret_status, err);
    if (code < 0 && options.command)
        program_line_explain(options.command, err);
    for (size_t i = 0; i < options.sweep.wanted; i++)
        scenario_free(session.scenarios[i]);
    free(session.scenarios);
    run_options_release(&options);
    return code;
}
