/* run_options.c - see run_options.h. */
#include "cmd/run_options.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/sha1.h"
#include "cmd/against.h"
#include "cmd/cmd.h"
#include "cmd/interleave.h"
#include "cmd/options.h"
#include "cmd/scenario_files.h"
#include "cmd/shard_auto.h"
#include "result/stopping.h"
#include "run/prove.h"
#include "store/read.h"

static const char *variable(void *context, const char *name)
{
    (void)context;
    return getenv(name);
}

int run_option_item(const struct cmd_option *option, void *target, const char *text,
                    struct err *err)
{
    return request_set(target, option->name, text, err);
}

static int take_trials(const struct cmd_option *option, void *target, const char *text,
                       struct err *err)
{
    struct run_options *options = target;

    options->trials_given = true;
    return request_set(&options->request, option->name, text, err);
}

static int take_seed(const struct cmd_option *option, void *target, const char *text,
                     struct err *err)
{
    struct run_options *options = target;

    options->seed_given = true;
    return request_set(&options->request, option->name, text, err);
}

/* The first replaces what a run was asked for that is gone on with. */
static int take_strategies(const struct cmd_option *option, void *target,
                           const char *text, struct err *err)
{
    struct run_options *options = target;
    CLEANUP(mem_freep)
    char *longer = options->strategies_given
                       ? mem_printf("%s,%s", options->request.strategies, text)
                       : mem_strdup(text);

    options->strategies_given = true;
    return request_set(&options->request, option->name, longer, err);
}

static int take_faults(const struct cmd_option *option, void *target, const char *text,
                       struct err *err)
{
    CLEANUP(mem_freep) char *faults = NULL;
    int code = faults_parse(text, &faults, err);

    return code == 0 ? request_set(target, option->name, faults, err) : code;
}

int run_option_assignment(const struct cmd_option *option, void *target, const char *text,
                          struct err *err)
{
    const char *value = strchr(text, '=') ? NULL : getenv(text);
    CLEANUP(mem_freep)
    char *assignment = value ? mem_printf("%s=%s", text, value) : mem_strdup(text);

    (void)option, (void)err;
    request_assign(target, assignment);
    return 0;
}

static int take_shard(const struct cmd_option *option, void *target, const char *text,
                      struct err *err)
{
    int code = shard_auto_parse(text, variable, NULL, target, err);

    (void)option;
    if (code == 0 && strncmp(text, "auto", 4) == 0)
        code = shard_auto_announce(variable, NULL, err);
    return code;
}

static int take_prove(const struct cmd_option *option, void *target, const char *text,
                      struct err *err)
{
    uint64_t *prove = target;

    if (strcmp(text, "all") == 0)
        *prove = PROVE_ALL;
    else if (strcmp(text, "every") == 0)
        *prove = PROVE_EVERY;
    else if (!str_whole(text, 0, PROVE_EACH, prove))
        return err_set(err, ERR_USAGE, "--%s '%s': expected a whole number, all or every",
                       option->name, text);
    return 0;
}

static int take_sweep(const struct cmd_option *option, void *target, const char *text,
                      struct err *err)
{
    (void)option;
    return sweep_parse(target, text, err);
}

#define AT(member) offsetof(struct run_options, member)

static const struct cmd_option table[] = {
    { "strategy", "A,B",
      "Only these strategies; patterns like 'multi*' will do (may be repeated)", 1,
      .take = take_strategies },
    { "set", "NAME[=VALUE]",
      "Change a parameter of the scenario; without a value, to that of the environment's "
      "variable of its name (may be repeated)",
      1, .take = run_option_assignment, .at = AT(request) },
    { "sweep", "NAME=V1,V2,...",
      "Run once per value of a parameter of the scenario, and report all in one table; a "
      "value may be a range: 100:6400:x2, 100:500:+100",
      1, .take = take_sweep, .at = AT(sweep) },
    { "trials", "N", "Kill attempts per strategy (default 1000; 0: census only)", 2,
      .take = take_trials },
    { "fault", "kill,step,byte",
      "What to do to workers: kill (SIGKILL at random instants), step (the census of "
      "command boundaries; always taken, because the others are judged by it), byte (of "
      "the worker's output exactly n bytes arrive, for every n). Default kill,step",
      2, .take = take_faults, .at = AT(request) },
    { "time", "DURATION", "Kills end after so long (60s, 10m, 1h), done or not", 2,
      .take = run_option_item, .at = AT(request) },
    { "until-width", "W",
      "Kill until the interval of every rate of every strategy is at most so wide, as "
      "0.01; --trials is the most, then (default: no limit)",
      2, .take = run_option_item, .at = AT(request) },
    { "until-below", "P",
      "Kill until every strategy of which the census is clean is shown to do harm at a "
      "rate below P, as 1e-4; --trials is the most, then (default: no limit)",
      2, .take = run_option_item, .at = AT(request) },
    { "shard", "I/N",
      "Do only every N-th trial, beginning with the I-th; `afterkill merge` puts the "
      "shards together. auto: as the engine says that started this one (GitLab, srun, "
      "Kubernetes with auto/N, Bazel)",
      2, .take = take_shard, .at = AT(request.shard) },
    { "killer", "timer|parent",
      "Who kills: the worker's own kernel timer (default), or its parent by pidfd, which "
      "is refused where updates are too short for it",
      2, .take = run_option_item, .at = AT(request) },
    { "prove", "N|all|every",
      "Which harms of programs are proved by real kills: at most N of each strategy; "
      "all, "
      "at every harmful point; or every crash point, harmful or not (default: the first "
      "point of each kind of harm)",
      2, .take = take_prove, .at = AT(prove) },
    { "seed", "S",
      "What the schedule is computed from (default 1; with --against that of its run, so "
      "that kills are compared in pairs; with --baseline, which has no pairs, another)",
      2, .take = take_seed },
    { "lanes", "N", "How many servers and trial loops (default: one per CPU)", 2,
      .take = option_whole, .at = AT(lanes), .least = 1, .most = LANES_MOST,
      .letter = 'j' },
    { "quiet", NULL, "No progress", 3, .take = option_flag, .at = AT(quiet),
      .letter = 'q' },
    { "timeout", "DURATION",
      "When the watchdog kills a worker that does not end (default 10)", 2,
      .take = run_option_item, .at = AT(request) },
    { "confidence", "C", "Of the intervals (default 0.95)", 3, .take = run_option_item,
      .at = AT(request) },
    OPTION_FORMAT(DOCUMENT_RUN, 3, AT(destination.format)),
    OPTION_ROWS(3, AT(destination.rows)),
    { "output", "DIR",
      "Keep the run there: run.sqlite, report.txt, run.json, run.html (default: a new "
      "directory in "
      "results/, or in $AFTERKILL_RESULTS)",
      3, .take = option_directory, .at = AT(destination.directory), .letter = 'o' },
    { "no-store", NULL, "Do not keep the run", 3, .take = option_flag, .at = AT(unkept) },
    { "resume", "DIR",
      "Go on with the run that is kept there, where it stopped; if there is none, begin "
      "it",
      3, .take = option_text, .at = AT(resume) },
    { "full", NULL, "All that was found, in the text report", 3, .take = option_flag,
      .at = AT(destination.full) },
    { "points", NULL, "With a table of all crash points, in the full text report", 3,
      .take = option_flag, .at = AT(destination.points) },
    { "color", "auto|always|never", "Colour in the text report (default auto)", 3,
      .take = option_word, .at = AT(destination.color) },
    { "redis-server", "PATH",
      "The server to start (default: redis-server or valkey-server from the PATH)", 4,
      .take = option_file, .at = AT(redis_server) },
    { "transport", "unix|tcp",
      "How workers connect to Redis (default unix); audits always take the unix socket",
      4, .take = run_option_item, .at = AT(request) },
    { "rtt", "DURATION",
      "Make the round trip between workers and Redis so much longer: 500us, 2ms, 0.1s "
      "(default: none)",
      4, .take = run_option_item, .at = AT(request) },
    { "now", "SECONDS",
      "What scenarios see as p.now, in seconds since 1970 (default: the clock's)", 4,
      .take = run_option_item, .at = AT(request) },
    { .name = NULL },
};

static bool is_gated(const struct gate_options *options)
{
    return gates_any(&options->gates) || options->baseline || options->against;
}

/* What can be said, and what follows, when everything has been read. */
static int check(void *parsed, struct err *err)
{
    struct run_options *options = parsed;

    if (options->scenarios.count > 1)
        return err_set(err, ERR_USAGE, "more than one scenario: '%s' and '%s'",
                       options->scenarios.items[0], options->scenarios.items[1]);
    options->scenario = options->scenarios.count ? options->scenarios.items[0] : NULL;
    if (options->command && (options->scenario || !options->command[0]))
        return err_set(err, ERR_USAGE,
                       options->scenario
                           ? "a scenario ('%s') and a command behind --; give one of them"
                           : "which command? As in: afterkill run -- node add.js",
                       options->scenario);
    if (options->command)
        options->scenario = "-";
    if (!options->scenario && !options->resume)
        return err_set(err, ERR_USAGE,
                       "which scenario? A file, or a name from: afterkill list");
    if (options->resume && options->destination.directory)
        return err_set(err, ERR_USAGE,
                       "--resume DIR goes on in that directory; leave out -o");
    if (options->resume && options->sweep.parameter)
        return err_set(err, ERR_USAGE,
                       "--resume: each value of a sweep is a run of its own in the "
                       "sweep's directory; go on with that one");
    if (is_gated(&options->gates) && options->request.shard.total > 1)
        return err_set(err, ERR_USAGE,
                       "a shard is not held to anything; give --max-leak-rate, "
                       "--baseline and the like to `afterkill merge`");
    if (options->sweep.parameter &&
        !format_has(options->destination.format, DOCUMENT_SWEEP))
        return err_set(err, ERR_USAGE, "--sweep: there is no report of one as %s",
                       options->destination.format->name); /* UNTESTED: all have one */
    if (rows_check(options->destination.rows, options->destination.format, err) < 0)
        return err->code;
    if (options->destination.rows == ROWS_TRIALS &&
        (options->unkept || options->sweep.parameter))
        return err_set(err, ERR_USAGE,
                       "--rows trials: trials are of one run that is kept; %s",
                       options->unkept ? "leave out --no-store"
                                       : "give `afterkill report` the directory of one "
                                         "value of the sweep");
    if (is_gated(&options->gates) && options->sweep.parameter)
        return err_set(err, ERR_USAGE, "--sweep: gates are for one run");
    if (options->request.shard.total > 1 && stopping_is_asked(&options->request.stopping))
        return err_set(err, ERR_USAGE,
                       "--until-width and --until-below look at all kills, and a shard "
                       "sees only its own; give --trials");
    if (stopping_is_asked(&options->request.stopping) &&
        !faults_include(options->request.faults, FAULT_KILL))
        return err_set(err, ERR_USAGE,
                       "--until-width and --until-below need kills; give --fault kill");
    if (options->unkept && (options->resume || options->destination.directory))
        return err_set(err, ERR_USAGE, "--no-store: a run with %s is kept",
                       options->resume ? "--resume" : "-o");
    if (stopping_is_asked(&options->request.stopping) && !options->trials_given)
        options->request.trials = ATTEMPTS_MOST;
    if (against_takes_turns(options->gates.against))
        return interleave_check(options, err);
    return 0;
}

void run_options_default(struct request *ret)
{
    *ret = (struct request){
        .faults = mem_strdup("step,kill"),
        .trials = 1000,
        .seed = 1,
        .now = (uint64_t)time(NULL),
        .shard = SHARD_WHOLE,
        .timeout_s = 10,
        .confidence = 0.95,
    };
}

/* What is asked for if nothing is said; or what was asked for, of a run that is gone on
 * with. */
static void init(struct run_options *options, const struct request *resumed,
                 char **command)
{
    *options = (struct run_options){
        .command = command,
        .prove = PROVE_EACH,
        .trials_given = resumed,
        .destination = { .format = format_by_name("text"), .color = "auto" },
    };
    sweep_init(&options->sweep);
    if (resumed) {
        request_copy(&options->request, resumed);
        return;
    }
    run_options_default(&options->request);
}

const struct command_line run_line = {
    .options = table,
    .operands_doc = "SCENARIO",
    .operands_at = AT(scenarios),
    .check = check,
    .more = &gate_line,
    .more_title = "Gates, for the exit status:",
    .more_group = 5,
    .more_at = AT(gates),
    .about = "Run the strategies of a scenario, kill their workers at every command "
             "boundary and at random instants, and report what is left in Redis."
             "\vSCENARIO is a Lua file, or the name of one from `afterkill list`, or "
             "- for "
             "standard input. "
             "Servers are private: started for the run on a unix socket, and removed "
             "with all their data.",
};

static void parse_all(int argc, char **argv, char **command,
                      const struct request *resumed, struct run_options *ret)
{
    init(ret, resumed, command);
    options_parse(&run_line, argc, argv, ret);
}

/* The options once more, on top of what the run was asked for that is gone on with. */
static int parse_again(int argc, char **argv, struct run_options *options,
                       struct err *err)
{
    CLEANUP(database_close) struct database database = DATABASE_NULL;
    CLEANUP(request_release) struct request resumed = { .text = NULL };

    if (stored_open(options->resume, DATABASE_READ, &database, err) < 0 ||
        stored_request(&database, &resumed, err) < 0)
        return err_wrap(err, "--resume");
    run_options_release(options);
    parse_all(argc, argv, options->command, &resumed, options);
    if (options->scenario)
        return 0;
    if (strcmp(options->request.path, SCENARIO_STDIN) == 0)
        return err_set(err, ERR_USAGE,
                       "--resume: the scenario of this run came from standard input, or "
                       "was a command; give it again: --resume %s - < FILE, or "
                       "--resume %s -- COMMAND..",
                       options->resume, options->resume);
    options->scenario = options->request.path;
    return 0;
}

int run_options_parse(int argc, char **argv, char **command, struct run_options *ret,
                      struct err *err)
{
    bool begun;

    parse_all(argc, argv, command, NULL, ret);
    if (!ret->resume)
        return 0;
    if (stored_begun(ret->resume, &begun, err) < 0)
        return err_wrap(err, "--resume");
    if (begun)
        return parse_again(argc, argv, ret, err);
    if (!ret->scenario)
        return err_set(err, ERR_USAGE,
                       "--resume: there is no run in '%s'; name a scenario to begin one",
                       ret->resume);
    ret->destination.directory = ret->resume;
    ret->resume = NULL;
    return 0;
}

void run_options_release(struct run_options *options)
{
    sweep_release(&options->sweep);
    request_release(&options->request);
}

static char *join_strategies(const struct outline *scenario, const size_t *strategies,
                             size_t count)
{
    char *names = mem_strdup("");

    for (size_t i = 0; i < count; i++) {
        char *longer = mem_printf("%s%s%s", names, i ? "," : "",
                                  scenario->strategies[strategies[i]].name);

        free(names);
        names = longer;
    }
    return names;
}

int run_options_request(const struct run_options *options, const struct outline *scenario,
                        const size_t *strategies, size_t count, struct request *ret,
                        struct err *err)
{
    /* Standard input has no place of its own to come back to. */
    CLEANUP(mem_freep)
    char *path = strcmp(scenario->path, SCENARIO_STDIN) == 0
                     ? mem_strdup(scenario->path)
                     : file_absolute(scenario->path);
    struct request asked = options->request; /* but for what the scenario says */
    char sha1[SHA1_TEXT];

    if (!path)
        return err_errno(err, "find '%s'", scenario->path);
    asked.text = asked.sha1 = asked.name = asked.path = asked.strategies = NULL;
    asked.assignment_count = 0;
    request_copy(ret, &asked);
    ret->text = file_text(scenario->path);
    sha1_text(str_of(ret->text), sha1);
    ret->sha1 = mem_strdup(sha1);
    ret->name = mem_strdup(scenario->name);
    ret->path = TAKE_PTR(path);
    ret->strategies = join_strategies(scenario, strategies, count);
    for (size_t i = 0; i < scenario->parameter_count; i++) {
        CLEANUP(mem_freep) char *assignment = mem_printf(
            "%s=%s", scenario->parameters[i].name, scenario->parameters[i].value);

        request_assign(ret, assignment);
    }
    return 0;
}
