/* interleave.c - see interleave.h. */
#include "cmd/interleave.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "base/signals.h"
#include "cmd/against.h"
#include "cmd/conclude.h"
#include "cmd/load.h"
#include "cmd/results_dir.h"
#include "cmd/scenario_files.h"
#include "cmd/slice_progress.h"
#include "cmd/slice_run.h"
#include "cmd/strategies.h"
#include "plan/slices.h"
#include "report/format.h"
#include "result/stopping.h"
#include "scenario/scenario.h"
#include "store/load.h"
#include "store/merge.h"
#include "store/write.h"

struct interleave {
    const struct run_options *options;
    struct against against;
    struct slice_run side[SLICE_SIDES]; /* how the slices of each are run */
    char *directory[SLICE_SIDES];       /* where each is kept; owned */
    char *name;                         /* of the new scenario; owned */
    bool fresh, own;                    /* the place of the new run was made for it; and
                                           nobody has named it */
    struct tempdir slices;
    uint64_t each, done; /* slices of each side; of both, done */
    sigset_t before;     /* signals, before those that stop were held back */
};

int interleave_check(const struct run_options *options, struct err *err)
{
    const struct {
        bool given;
        const char *message;
    } rows[] = {
        { options->command,
          "a program on the command line; nothing that is measured of programs depends "
          "on "
          "when they are run. Keep a run of each, and name its directory" },
        { options->scenario && strcmp(options->scenario, "-") == 0,
          "a scenario on standard input cannot be read by both; name a file" },
        { options->resume,
          "--resume: the slices of a run that was interrupted are gone" },
        { options->unkept,
          "--no-store: both runs are put together from what is kept; give -o DIR" },
        { options->request.stopping.time_s > 0,
          "--time: a slice does not know how long the others take; give --trials" },
        { stopping_is_asked(&options->request.stopping),
          "--until-width and --until-below look at all kills, and a slice sees only its "
          "own; give --trials" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (rows[i].given)
            return err_set(err, ERR_USAGE,
                           "--against '%s' is a scenario or an afterkill to take turns "
                           "with, so this cannot be asked for: %s",
                           options->gates.against, rows[i].message);
    return 0;
}

/* ---- what takes part ---- */

static int load(const struct interleave *interleave, const char *path,
                struct scenario **ret, struct err *err)
{
    const struct parameter_settings settings =
        scenario_files_settings(&interleave->options->request);

    if (load_scenario(path, &settings, ret, err) < 0)
        return err->code;
    if (!(*ret)->programs.any)
        return 0;
    return err_set(err, ERR_USAGE,
                   "'%s' has programs, of which nothing is measured that depends on when "
                   "they are run. Keep a run of each side, and name its directory: "
                   "--against DIR",
                   path);
}

/* Those of the new run's strategies that --strategy names, as far as the base has them;
 * NULL: it names none. Without one that both have nothing could be compared. */
static int share_strategies(const struct interleave *interleave,
                            const struct outline *base, const struct outline *new,
                            char **ret, struct err *err)
{
    const char *list = interleave->options->request.strategies;
    CLEANUP(mem_freep) size_t *chosen = MEM_ARRAY(size_t, new->strategy_count);
    CLEANUP(mem_freep) char *shared = NULL;
    size_t count;

    if (strategies_choose(new, list, chosen, &count, err) < 0)
        return err->code;
    for (size_t i = 0; i < count; i++) {
        const char *name = new->strategies[chosen[i]].name;
        CLEANUP(mem_freep) char *fewer = shared;

        if (outline_find(base, name) < 0)
            shared = TAKE_PTR(fewer);
        else
            shared = mem_printf("%s%s%s", fewer ? fewer : "", fewer ? "," : "", name);
    }
    if (!shared)
        return err_set(err, ERR_USAGE,
                       "--against '%s': it has no strategy of the same name as one that "
                       "is run of '%s', so there is nothing to compare",
                       base->path, new->path);
    *ret = list ? TAKE_PTR(shared) : NULL;
    return 0;
}

/* Another afterkill gets the new run's scenario, and this one's opinion of it. */
static int prepare_sides(struct interleave *interleave, struct err *err)
{
    CLEANUP(scenario_freep) struct scenario *base = NULL;
    CLEANUP(scenario_freep) struct scenario *new = NULL;
    const struct against *against = &interleave->against;
    struct slice_run *sides = interleave->side;
    CLEANUP(mem_freep) char *path = NULL;

    if (scenario_files_path(interleave->options->scenario, &path, err) < 0 ||
        load(interleave, path, &new, err) < 0)
        return err->code;
    sides[SLICE_NEW] = (struct slice_run){ .program = SLICE_RUN_SELF };
    sides[SLICE_BASE] = (struct slice_run){ .program = SLICE_RUN_SELF };
    if (against->kind == AGAINST_PROGRAM)
        sides[SLICE_BASE].program = against->path;
    else if (load(interleave, against->path, &base, err) < 0)
        return err_wrap(err, "--against");
    sides[SLICE_BASE].scenario =
        mem_strdup(against->kind == AGAINST_PROGRAM ? path : against->path);
    sides[SLICE_NEW].scenario = TAKE_PTR(path);
    if (interleave->options->request.strategies)
        sides[SLICE_NEW].strategies = mem_strdup(interleave->options->request.strategies);
    interleave->name = mem_strdup(new->outline.name);
    return share_strategies(interleave, base ? &base->outline : &new->outline,
                            &new->outline, &sides[SLICE_BASE].strategies, err);
}

/* ---- where it is kept ---- */

static int refuse_used(const char *directory, struct err *err)
{
    bool begun;

    if (stored_begun(directory, &begun, err) < 0 || !begun)
        return err->code;
    return err_set(err, ERR_USAGE, "there is a run in '%s' already; name another -o",
                   directory);
}

static int choose_places(struct interleave *interleave, struct err *err)
{
    const struct request *request = &interleave->options->request;
    const char *given = interleave->options->destination.directory;
    char **directory = interleave->directory;
    struct stat st;

    if (given)
        directory[SLICE_NEW] = mem_strdup(given);
    else if (results_dir_make(interleave->name, request->seed, SHARD_WHOLE,
                              &directory[SLICE_NEW], err) < 0)
        return err->code;
    interleave->own = !given;
    interleave->fresh = !given || stat(given, &st) < 0;
    directory[SLICE_BASE] = mem_printf("%s/" INTERLEAVE_BASE, directory[SLICE_NEW]);
    if (refuse_used(directory[SLICE_NEW], err) < 0 ||
        refuse_used(directory[SLICE_BASE], err) < 0)
        return err->code;
    return file_make_directory(directory[SLICE_BASE], err);
}

/* Nothing stays of a run that came to nothing. */
static void leave_places(const struct interleave *interleave)
{
    char *const *directory = interleave->directory;

    if (!directory[SLICE_BASE])
        return;
    rmdir(directory[SLICE_BASE]);
    if (interleave->fresh && rmdir(directory[SLICE_NEW]) == 0 && interleave->own)
        results_dir_tidy(directory[SLICE_NEW]);
}

/* ---- slices ---- */

static char *place_of(const struct interleave *interleave, struct slice slice)
{
    return mem_printf("%s/%s-%llu", interleave->slices.path, slice_side_name(slice.side),
                      (unsigned long long)slice.shard.index + 1);
}

/* Would it be possible to compare what the slices will come to, and to judge the gates?
 * Before hours of work, not after. */
static int check_pair(const struct interleave *interleave, struct err *err)
{
    CLEANUP(mem_freep)
    char *base = place_of(interleave, slices_at(interleave->each, 0));
    CLEANUP(mem_freep) char *new = place_of(interleave, slices_at(interleave->each, 1));
    CLEANUP(saved_release) struct saved saved = { .directory = NULL };
    CLEANUP(conclude_release) struct conclude conclude = { .options = NULL };
    struct gate_options gates = interleave->options->gates;

    gates.against = base;
    return saved_load_attempts(new, &saved, err) < 0
               ? err->code
               : conclude_prepare(&conclude, &gates, &saved.result, err);
}

/* Which slice it was. A signal that asks to stop is why, whatever became of it. */
static void blame(const struct interleave *interleave, uint64_t k, struct err *err)
{
    struct slice slice = slices_at(interleave->each, k);

    signals_check_stop(err);
    err_wrap(err, "slice %llu of %llu (%s %llu/%llu)", (unsigned long long)k + 1,
             (unsigned long long)(SLICE_SIDES * interleave->each),
             slice_side_name(slice.side), (unsigned long long)slice.shard.index + 1,
             (unsigned long long)slice.shard.total);
}

static int run_slices(struct interleave *interleave, struct err *err)
{
    const struct run_options *options = interleave->options;
    uint64_t total = SLICE_SIDES * interleave->each;
    struct slice_progress progress;

    slice_progress_init(&progress, options->quiet ? NULL : stderr, isatty(STDERR_FILENO),
                        interleave->name, interleave->each);
    for (uint64_t k = 0; k < total && err->code == 0; k++) {
        struct slice slice = slices_at(interleave->each, k);
        CLEANUP(mem_freep) char *place = place_of(interleave, slice);

        slice_progress_begin(&progress, k);
        if (slice_run(&interleave->side[slice.side], options, slice.shard, place,
                      &progress, &interleave->before, err) < 0)
            blame(interleave, k, err);
        else if (k + 1 == SLICE_SIDES)
            check_pair(interleave, err);
        if (err->code == 0)
            interleave->done++;
    }
    slice_progress_close(&progress);
    return err->code;
}

/* ---- the runs that they are ---- */

/* Both sides say which run they took turns with, so that whoever compares them later
 * knows. */
static char *make_token(void)
{
    return mem_printf("%lld-%ld", (long long)clock_real_ms(), (long)getpid());
}

static int merge_side(const struct interleave *interleave, enum slice_side side,
                      uint64_t count, struct err *err)
{
    CLEANUP(mem_freep) const char **places = MEM_ARRAY(const char *, (size_t)count);
    int code;

    for (uint64_t i = 0; i < count; i++)
        places[i] = place_of(interleave, (struct slice){ side, { i, interleave->each } });
    code = slice_run_merge(&interleave->side[side], places, (size_t)count,
                           interleave->directory[side], count < interleave->each,
                           &interleave->before, err);
    for (uint64_t i = 0; i < count; i++)
        free((void *)(uintptr_t)places[i]);
    return code;
}

/* What is to be known of a side later: with whom it took turns, and that it was ended
 * early, if it was. */
static int note(const char *directory, const char *token, uint64_t slices,
                const struct err *end, struct err *err)
{
    CLEANUP(mem_freep) char *count = mem_printf("%llu", (unsigned long long)slices);
    int code = stored_note(directory, STORED_TURNS, token, err);

    if (code == 0)
        code = stored_note(directory, STORED_SLICES, count, err);
    if (code == 0 && end->code)
        code = stored_note(directory, "status",
                           end->code == ERR_STOPPED ? "interrupted" : "failed", err);
    if (code == 0 && end->code)
        code = stored_note(directory, "trouble", end->msg, err);
    return code;
}

/* One side alone is no comparison. */
static void remove_runs(const struct interleave *interleave)
{
    for (int side = 0; side < SLICE_SIDES; side++) {
        const char *directory = interleave->directory[side];
        CLEANUP(mem_freep) char *database = mem_printf("%s/" STORE_FILE, directory);
        const struct format *format;

        database_remove(database);
        for (size_t i = 0; (format = format_at(i)); i++) {
            CLEANUP(mem_freep)
            char *report =
                format->file ? mem_printf("%s/%s", directory, format->file) : NULL;

            if (report)
                unlink(report);
        }
    }
}

/* How what `side` has found is put together by hand. */
static void tell_merge(const struct interleave *interleave, enum slice_side side,
                       const char *slices)
{
    const char *program = interleave->side[side].program;

    fprintf(stderr, "    %s merge%s -o ",
            strcmp(program, SLICE_RUN_SELF) == 0 ? option_program() : program,
            interleave->done < SLICE_SIDES * interleave->each ? " --allow-missing" : "");
    str_print_shell(stderr, interleave->directory[side]);
    fputc(' ', stderr);
    str_print_shell(stderr, slices);
    fprintf(stderr, "/%s-*\n", slice_side_name(side));
}

/* What could not be put together is not lost; only a slice that is not whole is. */
static void keep_slices(struct interleave *interleave)
{
    CLEANUP(mem_freep) char *ended = NULL;
    CLEANUP(mem_freep) char *slices = NULL;
    struct err err = ERR_NULL;

    if (interleave->done < SLICE_SIDES * interleave->each) {
        ended = place_of(interleave, slices_at(interleave->each, interleave->done));
        file_remove_tree(ended, &err);
    }
    if (mutant("slices-lost") ||
        tempdir_keep(&interleave->slices, "slices", &slices, &err) < 0)
        return;
    fprintf(stderr,
            "afterkill: the slices stay in '%s'; once what follows does not stand in the "
            "way any more:\n",
            slices);
    for (int side = 0; side < SLICE_SIDES; side++)
        tell_merge(interleave, (enum slice_side)side, slices);
    fprintf(stderr, "    %s compare ", option_program());
    str_print_shell(stderr, interleave->directory[SLICE_BASE]);
    fputc(' ', stderr);
    str_print_shell(stderr, interleave->directory[SLICE_NEW]);
    fputc('\n', stderr);
}

/* Of a run that was ended early, the pairs of slices that both sides have done. */
static int merge(struct interleave *interleave, struct err *err)
{
    uint64_t pairs = interleave->done / SLICE_SIDES;
    CLEANUP(mem_freep) char *token = make_token();
    struct err own = ERR_NULL;

    signals_swallow(); /* they have been heard */
    for (int side = 0; side < SLICE_SIDES && own.code == 0; side++)
        if (merge_side(interleave, (enum slice_side)side, pairs, &own) == 0)
            note(interleave->directory[side], token, pairs, err, &own);
    if (own.code) {
        remove_runs(interleave);
        keep_slices(interleave);
    }
    err_append(err, &own);
    return own.code;
}

static int report(struct interleave *interleave, enum exit_status *ret_status,
                  struct err *err)
{
    CLEANUP(saved_release) struct saved saved = { .directory = NULL };
    CLEANUP(conclude_release) struct conclude conclude = { .options = NULL };
    struct gate_options gates = interleave->options->gates;
    struct destination destination = interleave->options->destination;
    struct sweep new = { .results = &saved.result, .wanted = 1, .count = 1 };
    struct err own = ERR_NULL;

    gates.against = interleave->directory[SLICE_BASE];
    destination.directory = interleave->directory[SLICE_NEW];
    if (saved_load_attempts(destination.directory, &saved, &own) < 0 ||
        conclude_prepare(&conclude, &gates, &saved.result, &own) < 0 ||
        conclude_run(&conclude, &saved.result, &own) < 0) {
        err_append(err, &own);
        return err->code;
    }
    if (destination.directory) {
        const struct destination below = { .directory = gates.against };
        const struct sweep base = { .results = &conclude.saved.result,
                                    .wanted = 1,
                                    .count = 1 };

        output_write_files(&below, &base, &own);
    }
    destination.conclusion = &conclude.conclusion;
    output_write(&destination, &new, ret_status, err);
    err_append(err, &own);
    return err->code;
}

static int take_turns(struct interleave *interleave, enum exit_status *ret_status,
                      struct err *err)
{
    const struct run_options *options = interleave->options;

    if (against_find(options->gates.against, &interleave->before, &interleave->against,
                     err) < 0 ||
        prepare_sides(interleave, err) < 0 || choose_places(interleave, err) < 0 ||
        tempdir_make(&interleave->slices, err) < 0)
        return err->code;
    interleave->each = slices_each(options->request.trials);
    run_slices(interleave, err);
    if (interleave->done < SLICE_SIDES || merge(interleave, err) < 0)
        return err->code;
    tempdir_remove(&interleave->slices); /* who reads the report may be gone */
    if (interleave->own)
        results_dir_settle(interleave->directory[SLICE_NEW]);
    if (!options->quiet)
        results_dir_tell(interleave->directory[SLICE_NEW]);
    return report(interleave, ret_status, err);
}

int interleave(const struct run_options *options, enum exit_status *ret_status,
               struct err *err)
{
    struct interleave interleave = { .options = options, .slices = TEMPDIR_NULL };

    signals_hold(&interleave.before);
    tempdir_sweep();
    take_turns(&interleave, ret_status, err);
    leave_places(&interleave);
    tempdir_remove(&interleave.slices);
    signals_release(&interleave.before);
    against_release(&interleave.against);
    for (int side = 0; side < SLICE_SIDES; side++) {
        slice_run_release(&interleave.side[side]);
        free(interleave.directory[side]);
    }
    free(interleave.name);
    return err->code;
}
