/* check.c - afterkill check: every scenario against what it expects of its strategies.
 *
 * Scenarios run one after the other, each as a run of its own with its own servers, which
 * start in hundredths of a second; what one does to its server or its lanes cannot reach
 * the next. What a run does for figures (costs, timelines) is left out. */
#include <fnmatch.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/printable.h"
#include "base/signals.h"
#include "cmd/check_progress.h"
#include "cmd/cmd.h"
#include "cmd/load.h"
#include "cmd/options.h"
#include "cmd/scenario_files.h"
#include "cmd/summary.h"
#include "report/format.h"
#include "run/fleet.h"
#include "run/progress.h"
#include "run/prove.h"

struct options {
    struct operands scenarios; /* none: all that have names */
    const char **filters;      /* owned; what they point to is borrowed */
    size_t filter_count;
    uint64_t trials, seed;
    bool quick, quiet;
    uint64_t lanes; /* 0: one per CPU */
    double timeout_s, kill_time_s;
    const char *redis_server;
    const struct format *format;
    const char *file; /* gets the report; NULL: standard output does */
    const char *color;
};

static int take_filter(const struct cmd_option *option, void *target, const char *glob,
                       struct err *err)
{
    struct options *options = target;

    (void)option;
    if (!*glob || *glob == '/')
        return err_set(err, ERR_USAGE,
                       "--filter '%s': expected a pattern for scenarios' names, or "
                       "SCENARIO/STRATEGY",
                       glob);
    options->filters =
        mem_grow(options->filters, options->filter_count + 1, sizeof(*options->filters));
    options->filters[options->filter_count++] = glob;
    return 0;
}

#define AT(member) offsetof(struct options, member)

static const struct cmd_option table[] = {
    { "quick", NULL, "The census only: no kills", 1, .take = option_flag,
      .at = AT(quick) },
    { "filter", "GLOB",
      "Only scenarios whose name matches, or with GLOB/GLOB the scenario's and the "
      "strategy's (may be repeated: any of them)",
      1, .take = take_filter },
    { "trials", "N", "Kill attempts per strategy (default 200)", 2, .take = option_whole,
      .at = AT(trials), .most = ATTEMPTS_MOST },
    { "kill-time", "DURATION",
      "The kills of one scenario end after so long, done or not (default 2)", 2,
      .take = option_seconds, .at = AT(kill_time_s), .below = 1e6 },
    { "seed", "S", "What the schedule is computed from (default 1)", 2,
      .take = option_whole, .at = AT(seed), .most = INT64_MAX },
    { "lanes", "N", "How many servers and trial loops (default: one per CPU)", 2,
      .take = option_whole, .at = AT(lanes), .least = 1, .most = LANES_MOST,
      .letter = 'j' },
    { "quiet", NULL, "No progress", 2, .take = option_flag, .at = AT(quiet),
      .letter = 'q' },
    { "timeout", "DURATION",
      "When the watchdog kills a worker that does not end (default 10)", 2,
      .take = option_seconds, .at = AT(timeout_s), .below = 1e6 },
    OPTION_FORMAT(DOCUMENT_CHECK, 3, AT(format)),
    { "output", "FILE", "Write the report there; standard output then gets the text", 3,
      .take = option_file, .at = AT(file), .letter = 'o' },
    { "color", "auto|always|never", "Colour in the text report (default auto)", 3,
      .take = option_word, .at = AT(color) },
    { "redis-server", "PATH",
      "The server to start (default: redis-server or valkey-server from the PATH)", 4,
      .take = option_file, .at = AT(redis_server) },
    { .name = NULL },
};

/* The name of a scenario, from its file's. */
static char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *name = mem_strdup(slash ? slash + 1 : path);
    size_t length = strlen(name);

    if (length > 4 && strcmp(name + length - 4, ".lua") == 0)
        name[length - 4] = '\0';
    return name;
}

/* "SCENARIO" or "SCENARIO/STRATEGY": does it match? A NULL strategy is any. */
static bool matches(const char *filter, const char *scenario, const char *strategy)
{
    CLEANUP(mem_freep) char *first = mem_strdup(filter);
    char *slash = strchr(first, '/');

    if (slash)
        *slash = '\0';
    return fnmatch(first, scenario, 0) == 0 &&
           (!slash || !strategy || fnmatch(slash + 1, strategy, 0) == 0);
}

static bool wanted(const struct options *options, const char *scenario,
                   const char *strategy)
{
    for (size_t i = 0; i < options->filter_count; i++)
        if (matches(options->filters[i], scenario, strategy))
            return true;
    return !options->filter_count;
}

/* The scenarios that are to be run, with the files they are in. */
struct work {
    struct check check;
    char **paths; /* one per scenario; owned */
    size_t path_count;
};

/* Of one name, too: one that is also called otherwise is a scenario of its own. Only then
 * is the file system asked, for everybody is compared with everybody. */
static bool are_same(const char *a, const char *b)
{
    CLEANUP(mem_freep) char *name_a = name_of(a), *name_b = name_of(b);
    CLEANUP(mem_freep) char *real_a = NULL, *real_b = NULL;

    if (strcmp(name_a, name_b) != 0)
        return false;
    real_a = realpath(a, NULL);
    real_b = realpath(b, NULL);
    return strcmp(a, b) == 0 || (real_a && real_b && strcmp(real_a, real_b) == 0);
}

static void add(const struct options *options, struct work *work, const char *operand,
                const char *spelled)
{
    CLEANUP(mem_freep) char *name = name_of(spelled);
    CLEANUP(mem_freep) char *absolute = file_absolute(spelled);
    char shown[NAME_MAX + 1];
    const char *path =
        absolute ? absolute : spelled; /* what cannot be read is told later */

    if (!wanted(options, name, NULL))
        return;
    printable_copy(shown, sizeof(shown), name, ""); /* it may be told that it is not */
    for (size_t i = 0; i < work->path_count; i++)
        if (are_same(work->paths[i], path))
            return; /* named twice */
    work->paths = mem_grow(work->paths, work->path_count + 1, sizeof(*work->paths));
    work->paths[work->path_count++] = mem_strdup(path);
    check_add(&work->check, shown, operand);
}

static int add_operands(const struct options *options, struct work *work, struct err *err)
{
    for (size_t i = 0; i < options->scenarios.count; i++) {
        CLEANUP(mem_freep) char *path = NULL;

        if (scenario_files_path(options->scenarios.items[i], &path, err) < 0)
            return err->code;
        add(options, work, options->scenarios.items[i], path);
    }
    return 0;
}

static int add_all(const struct options *options, struct work *work, struct err *err)
{
    CLEANUP(mem_freep) char *directory = scenario_files_directory();
    char **names;
    size_t count;

    if (scenario_files_known(directory, &names, &count, err) < 0)
        return err->code;
    for (size_t i = 0; i < count; i++) {
        CLEANUP(mem_freep) char *path = mem_printf("%s/%s.lua", directory, names[i]);

        add(options, work, names[i], path);
    }
    scenario_files_free(names, count);
    return 0;
}

/* Costs are left out: the verdicts are what is asked for. */
static int run_strategies(const struct options *options, struct scenario *scenario,
                          const size_t *strategies, size_t count,
                          struct run_progress *view, struct result *result,
                          struct err *err)
{
    struct fleet_options fleet = {
        .scenario = scenario,
        .strategies = strategies,
        .plan = { options->seed, count,
                  options->quick || scenario->programs.any ? 0 : options->trials },
        .prove = PROVE_EACH,
        .timeout_ns = (uint64_t)(options->timeout_s * (double)NSEC_PER_SEC),
        .skip_costs = true,
        .kill_ns = (uint64_t)(options->kill_time_s * (double)NSEC_PER_SEC),
        .lanes = options->lanes,
        .redis_server = options->redis_server,
        .view = view,
    };

    result_init(result, &scenario->outline, strategies, &fleet.plan);
    return fleet_run(&fleet, result, err);
}

/* Runs one scenario, whose mistakes are its own. *ret_hopeless: no server was reached, so
 * none will be for the others. */
static int check_one(const struct options *options, struct work *work, size_t index,
                     bool *ret_hopeless, struct err *err)
{
    struct check_scenario *entry = &work->check.scenarios[index];
    const struct parameter_settings settings = { .seed = options->seed,
                                                 .now = time(NULL) };
    CLEANUP(scenario_freep) struct scenario *scenario = NULL;
    CLEANUP(mem_freep) size_t *strategies = NULL;
    struct run_progress view; /* of programs, each of which takes its time */
    struct result result;
    char part[48];
    size_t count = 0;
    int code = load_scenario(work->paths[index], &settings, &scenario, err);

    *ret_hopeless = false;
    if (code < 0)
        return code;
    free(entry->title);
    entry->title = mem_strdup(scenario->outline.title);
    strategies = MEM_ARRAY(size_t, scenario->outline.strategy_count);
    for (size_t i = 0; i < scenario->outline.strategy_count; i++)
        if (wanted(options, entry->name, scenario->outline.strategies[i].name))
            strategies[count++] = i;
    if (!count) {
        entry->state = CHECK_RAN; /* with nothing to do */
        return 0;
    }
    run_progress_init(&view, stderr, isatty(STDERR_FILENO));
    snprintf(part, sizeof(part), "(%zu of %zu)", index + 1, work->check.count);
    view.part = part;
    code = run_strategies(options, scenario, strategies, count,
                          !options->quiet && scenario->programs.any ? &view : NULL,
                          &result, err);
    if (code == 0)
        check_take(&work->check, entry, &result);
    *ret_hopeless = code < 0 && code != ERR_USAGE && !result.server[0];
    result_release(&result);
    return code;
}

/* One scenario after the other. An error is kept with the scenario; only a signal, and
 * servers that cannot be reached, end the check. */
static int run_all(const struct options *options, struct work *work, struct err *err)
{
    struct check *check = &work->check;
    uint64_t start_ns = clock_now_ns();
    struct check_progress progress = { .line.out = NULL };
    sigset_t before;
    int code = 0;

    if (!options->quiet)
        check_progress_init(&progress, stderr, isatty(STDERR_FILENO));
    signals_hold(&before);
    for (size_t i = 0; i < check->count && code == 0; i++) {
        struct err own = ERR_NULL;
        uint64_t own_ns = clock_now_ns();
        bool hopeless;

        check_progress_begin(&progress, check, i);
        if (check_one(options, work, i, &hopeless, &own) < 0)
            check_trouble(&check->scenarios[i], &own);
        signals_check_stop(&own); /* one may have come while the scenario was loaded */
        check->scenarios[i].seconds = ns_to_s((double)(clock_now_ns() - own_ns));
        check_progress_end(&progress, check, i);
        check->interrupted = own.code == ERR_STOPPED;
        if (check->interrupted || hopeless) {
            *err = own;
            code = own.code;
        }
    }
    check_progress_close(&progress);
    signals_release(&before);
    check->seconds = ns_to_s((double)(clock_now_ns() - start_ns));
    return code;
}

/* A scenario of which a filter took no strategy is as one that was not named. */
static void drop_unwanted(struct work *work)
{
    size_t kept = 0;

    for (size_t i = 0; i < work->check.count; i++) {
        struct check_scenario *scenario = &work->check.scenarios[i];

        if (scenario->state == CHECK_RAN && !scenario->strategy_count)
            check_scenario_release(scenario);
        else
            work->check.scenarios[kept++] = *scenario;
    }
    work->check.count = kept;
}

/* Before anything runs: what can be known of the place where the report will go. */
static int prepare_file(const char *file, struct err *err)
{
    CLEANUP(mem_freep) char *copy = mem_strdup(file);
    struct stat st;

    if (!*file || (stat(file, &st) == 0 && S_ISDIR(st.st_mode)))
        return err_set(err, ERR_USAGE, "--output '%s': expected the name of a file",
                       file);
    return file_make_directory(dirname(copy), err);
}

static int write_file(const struct options *options, const struct check *check,
                      FILE *summary, struct err *err)
{
    CLEANUP(mem_freep) char *bytes = NULL;
    FILE *out = mem_stream(&bytes);

    format_check(options->format, out, check,
                 (struct report_style){ .summary = summary });
    fclose(out);
    return file_write(options->file, bytes, strlen(bytes), err);
}

/* main() looks whether standard output has taken all. */
static int deliver_check(const struct options *options, const struct check *check,
                         struct err *err)
{
    const struct format *shown = options->file ? format_by_name("text") : options->format;
    struct report_style style = option_style(options->color);
    struct err late = ERR_NULL, lost = ERR_NULL;

    summary_open(options->format, &style.summary, &lost);
    if (options->file) /* first: whoever reads the text may be gone */
        write_file(options, check, style.summary, &late);
    signals_end_at_pipe();
    format_check(shown, stdout, check, style);
    summary_close(style.summary, &lost);
    err_append(err, &late);
    err_append(err, &lost);
    return err->code;
}

static int check_all(const struct options *options, struct work *work,
                     enum exit_status *ret_status, struct err *err)
{
    int code = options->scenarios.count ? add_operands(options, work, err)
                                        : add_all(options, work, err);

    if (code < 0 || (options->file && prepare_file(options->file, err) < 0))
        return err->code;
    work->check.seed = options->seed;
    work->check.trials = options->quick ? 0 : options->trials;
    work->check.redis_server = options->redis_server;
    run_all(options, work, err);
    drop_unwanted(work);
    if (!work->check.count)
        work->check.nothing = "no scenario and no strategy matches --filter";
    code = deliver_check(options, &work->check, err);
    *ret_status = check_exit_status(&work->check);
    return code;
}

const struct command_line check_line = {
    .options = table,
    .operands_doc = "[SCENARIO...]",
    .operands_at = AT(scenarios),
    .about = "Check that every strategy does what its scenario expects of it: leaks "
             "where it is known to leak, and does no harm where it should not. The "
             "census of all crash points is the judge; a few hundred kills must not "
             "contradict it."
             "\vSCENARIO is a Lua file, or the name of one from `afterkill list`; "
             "without any, all of that list are checked. A scenario with a mistake "
             "fails, and the others still run. Exit status: 0 all as expected, 1 an "
             "expectation is not met (an expected leak that is not found, too), 2 "
             "usage or a scenario with a mistake, 4 infrastructure or unexplained "
             "states, 5 nothing ran, 130 interrupted; of several the worst, in the "
             "order 130, 4, 2, 1.",
};

int cmd_check(int argc, char **argv, enum exit_status *ret_status, struct err *err)
{
    struct options options = {
        .trials = 200,
        .seed = 1,
        .timeout_s = 10,
        .kill_time_s = 2,
        .format = format_by_name("text"),
        .color = "auto",
    };
    struct work work = { .paths = NULL };
    int code;

    options_parse(&check_line, argc, argv, &options);
    option_lanes_warn(options.lanes);
    code = check_all(&options, &work, ret_status, err);
    for (size_t i = 0; i < work.path_count; i++)
        free(work.paths[i]);
    free(work.paths);
    free(options.filters);
    check_release(&work.check);
    return code;
}
