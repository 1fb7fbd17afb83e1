/* run_options.c - see run_options.h. */
#include "cmd/run_options.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/sha1.h"
#include "cmd/options.h"
#include "cmd/shard_auto.h"
#include "result/stopping.h"
#include "store/read.h"

enum option_key {
    /* Items of the request, by their names (request.h). */
    KEY_ITEM = 256,
    KEY_CONFIDENCE = KEY_ITEM,
    KEY_KILLER,
    KEY_NOW,
    KEY_RTT,
    KEY_SEED,
    KEY_STRATEGY,
    KEY_TIME,
    KEY_TIMEOUT,
    KEY_TRANSPORT,
    KEY_TRIALS,
    KEY_UNTIL_BELOW,
    KEY_UNTIL_WIDTH,
    KEY_ITEMS_END,
    /* And those that have to be understood first. */
    KEY_FAULT,
    KEY_SET,
    KEY_SHARD,
    /* What follows changes nothing of what is found. */
    KEY_COLOR,
    KEY_FORMAT,
    KEY_LANES,
    KEY_NO_STORE,
    KEY_OUTPUT = 'o',
    KEY_POINTS = KEY_NO_STORE + 1,
    KEY_REDIS_SERVER,
    KEY_RESUME,
    KEY_SWEEP,
};

static const struct argp_option argp_options[] = {
    { "strategy", KEY_STRATEGY, "A,B", 0, "Only these strategies", 1 },
    { "set", KEY_SET, "NAME=VALUE", 0,
      "Change a parameter of the scenario (may be repeated)", 1 },
    { "sweep", KEY_SWEEP, "NAME=V1,V2,...", 0,
      "Run once per value of a parameter of the scenario, and report all in one table",
      1 },
    { "trials", KEY_TRIALS, "N", 0,
      "Kill attempts per strategy (default 1000; 0: census only)", 2 },
    { "fault", KEY_FAULT, "kill,step,byte", 0,
      "What to do to workers: kill (SIGKILL at random instants), step (the census of "
      "command boundaries; always taken, because the others are judged by it), byte (of "
      "the "
      "worker's output exactly n bytes arrive, for every n). Default kill,step",
      2 },
    { "time", KEY_TIME, "DURATION", 0,
      "Kills end after so long (60s, 10m, 1h), done or not", 2 },
    { "until-width", KEY_UNTIL_WIDTH, "W", 0,
      "Kill until the interval of every rate of every strategy is at most so wide, as "
      "0.01; --trials is the most, then (default: no limit)",
      2 },
    { "until-below", KEY_UNTIL_BELOW, "P", 0,
      "Kill until every strategy of which the census is clean is shown to do harm at a "
      "rate below P, as 1e-4; --trials is the most, then (default: no limit)",
      2 },
    { "shard", KEY_SHARD, "I/N", 0,
      "Do only every N-th trial, beginning with the I-th; `afterkill merge` puts the "
      "shards together. auto: as the engine says that started this one (GitLab, srun, "
      "Kubernetes with auto/N, Bazel)",
      2 },
    { "killer", KEY_KILLER, "timer|parent", 0,
      "Who kills: the worker's own kernel timer (default), or its parent by pidfd", 2 },
    { "seed", KEY_SEED, "S", 0, "What the schedule is computed from (default 1)", 2 },
    { "lanes", KEY_LANES, "N", 0,
      "How many servers and trial loops (default: one per CPU)", 2 },
    { "timeout", KEY_TIMEOUT, "SECONDS", 0,
      "When the watchdog kills a worker that does not end (default 10)", 2 },
    { "confidence", KEY_CONFIDENCE, "C", 0, "Of the intervals (default 0.95)", 3 },
    { "format", KEY_FORMAT, "text|json", 0,
      "Of the report on standard output (default text)", 3 },
    { "output", KEY_OUTPUT, "DIR", 0,
      "Keep the run there: run.sqlite, report.txt, run.json (default: a new directory in "
      "results/, or in $AFTERKILL_RESULTS)",
      3 },
    { "no-store", KEY_NO_STORE, NULL, 0, "Do not keep the run", 3 },
    { "resume", KEY_RESUME, "DIR", 0,
      "Go on with the run that is kept there, where it stopped; if there is none, begin "
      "it",
      3 },
    { "points", KEY_POINTS, NULL, 0,
      "With a table of all crash points in the text report", 3 },
    { "color", KEY_COLOR, "auto|always|never", 0,
      "Colour in the text report (default auto)", 3 },
    { "redis-server", KEY_REDIS_SERVER, "PATH", 0,
      "The server to start (default: redis-server or valkey-server from the PATH)", 4 },
    { "transport", KEY_TRANSPORT, "unix|tcp", 0,
      "How workers connect to Redis (default unix); audits always take the unix socket",
      4 },
    { "rtt", KEY_RTT, "DURATION", 0,
      "Make the round trip between workers and Redis so much longer: 500us, 2ms, 0.1s "
      "(default: none)",
      4 },
    { "now", KEY_NOW, "SECONDS", 0,
      "What scenarios see as p.now, in seconds since 1970 (default: the clock's)", 4 },
    { NULL, 0, NULL, 0, NULL, 0 },
};

static const char *option_name(int key)
{
    const struct argp_option *option = argp_options;

    while (option->key != key)
        option++;
    return option->name;
}

static const char *variable(void *context, const char *name)
{
    (void)context;
    return getenv(name);
}

/* The options that are not an item of the request as it stands. */
static int take_other(struct run_options *options, int key, char *argument,
                      struct argp_state *state, struct err *err)
{
    struct request *request = &options->request;
    char *faults = NULL;
    int code = 0;

    switch (key) {
    case KEY_FAULT:
        code = faults_parse(argument, &faults, err);
        if (code == 0)
            code = request_set(request, "fault", faults, err);
        free(faults);
        return code;
    case KEY_SET:
        request_assign(request, argument);
        return 0;
    case KEY_SHARD:
        code = shard_auto_parse(argument, variable, NULL, &request->shard, err);
        if (code == 0 && strncmp(argument, "auto", 4) == 0)
            code = shard_auto_announce(variable, NULL, err);
        return code;
    case KEY_SWEEP:
        return sweep_parse(&options->sweep, argument, err);
    case KEY_LANES:
        options->lanes = (size_t)option_whole(argument, "lanes", 1, LANES_MOST, state);
        return 0;
    case KEY_REDIS_SERVER:
        options->redis_server = argument;
        return 0;
    case KEY_RESUME:
        options->resume = argument;
        return 0;
    case KEY_NO_STORE:
        options->keep = false;
        return 0;
    case KEY_OUTPUT:
        options->destination.directory = argument;
        return 0;
    case KEY_FORMAT:
        options->destination.format = option_format(argument, state);
        return 0;
    case KEY_POINTS:
        options->destination.points = true;
        return 0;
    case KEY_COLOR:
        options->destination.color = option_color(argument, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static bool is_gated(const struct gate_options *options)
{
    return gates_any(&options->gates) || options->baseline || options->against;
}

/* What can be said, and what follows, when everything has been read. */
static void check_all(struct run_options *options, struct argp_state *state)
{
    if (!options->scenario && !options->resume)
        argp_error(state, "which scenario? A file, or a name from: afterkill list");
    if (options->resume && options->destination.directory)
        argp_error(state, "--resume DIR goes on in that directory; leave out -o");
    if (options->resume && options->sweep.parameter)
        argp_error(state, "--resume: each value of a sweep is a run of its own in the "
                          "sweep's directory; go on with that one");
    if (is_gated(&options->gates) && options->request.shard.total > 1)
        argp_error(state, "a shard is not held to anything; give --max-leak-rate, "
                          "--baseline and the like to `afterkill merge`");
    if (is_gated(&options->gates) && options->sweep.parameter)
        argp_error(state, "--sweep: gates are for one run");
    if (options->request.shard.total > 1 && stopping_is_asked(&options->request.stopping))
        argp_error(state,
                   "--until-width and --until-below look at all kills, and a shard "
                   "sees only its own; give --trials");
    if (stopping_is_asked(&options->request.stopping) &&
        !faults_include(options->request.faults, FAULT_KILL))
        argp_error(state,
                   "--until-width and --until-below need kills; give --fault kill");
    if (!options->keep && (options->resume || options->destination.directory))
        argp_error(state, "--no-store: a run with %s is kept",
                   options->resume ? "--resume" : "-o");
    if (stopping_is_asked(&options->request.stopping) && !options->trials_given)
        options->request.trials = ATTEMPTS_MOST;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct run_options *options = state->input;
    struct err err = ERR_NULL;
    int code;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &options->gates;
        return 0;
    case ARGP_KEY_ARG:
        if (options->scenario)
            argp_error(state, "more than one scenario: '%s' and '%s'", options->scenario,
                       argument);
        options->scenario = argument;
        return 0;
    case ARGP_KEY_END:
        check_all(options, state);
        return 0;
    default:
        break;
    }
    if (key >= KEY_ITEM && key < KEY_ITEMS_END) {
        options->trials_given |= key == KEY_TRIALS;
        code = request_set(&options->request, option_name(key), argument, &err);
    } else {
        code = take_other(options, key, argument, state, &err);
    }
    if (code == ARGP_ERR_UNKNOWN)
        return ARGP_ERR_UNKNOWN;
    if (code < 0)
        argp_error(state, "%s", err.msg);
    return 0;
}

/* What is asked for if nothing is said; or what was asked for, of a run that is gone on
 * with. */
static void init(struct run_options *options, const struct request *resumed)
{
    *options = (struct run_options){
        .trials_given = resumed,
        .keep = true,
        .destination = { .format = format_by_name("text"), .color = "auto" },
    };
    sweep_init(&options->sweep);
    if (resumed) {
        request_copy(&options->request, resumed);
        return;
    }
    options->request = (struct request){
        .faults = mem_strdup("step,kill"),
        .trials = 1000,
        .seed = 1,
        .now = (uint64_t)time(NULL),
        .shard = SHARD_WHOLE,
        .timeout_s = 10,
        .confidence = 0.95,
    };
}

static void parse_all(int argc, char **argv, const struct request *resumed,
                      struct run_options *ret)
{
    static const struct argp_child children[] = {
        { &gate_argp, 0, "Gates, for the exit status:", 5 },
        { NULL, 0, NULL, 0 },
    };
    static const struct argp argp = {
        .options = argp_options,
        .parser = parse,
        .children = children,
        .args_doc = "SCENARIO",
        .doc = "Run the strategies of a scenario, kill their workers at every command "
               "boundary and "
               "at random instants, and report what is left in Redis."
               "\vSCENARIO is a Lua file, or the name of one from `afterkill list`. "
               "Servers are "
               "private: started for the run on a unix socket, and removed with all "
               "their data.",
    };

    init(ret, resumed);
    argp_parse(&argp, argc, argv, 0, NULL, ret);
}

/* The options once more, on top of what the run was asked for that is gone on with. */
static int parse_again(int argc, char **argv, struct run_options *options,
                       struct err *err)
{
    CLEANUP(database_close) struct database database = DATABASE_NULL;
    CLEANUP(request_release) struct request resumed = { .text = NULL };
    int code = stored_open(options->resume, DATABASE_READ, &database, err);

    if (code == 0)
        code = stored_request(&database, &resumed, err);
    if (code < 0)
        return err_wrap(err, "--resume");
    run_options_release(options);
    parse_all(argc, argv, &resumed, options);
    if (!options->scenario)
        options->scenario = options->request.path;
    return 0;
}

int run_options_parse(int argc, char **argv, struct run_options *ret, struct err *err)
{
    bool begun;
    int code;

    parse_all(argc, argv, NULL, ret);
    if (!ret->resume)
        return 0;
    code = stored_begun(ret->resume, &begun, err);
    if (code < 0)
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
    CLEANUP(mem_freep) char *path = realpath(scenario->path, NULL);
    char sha1[SHA1_TEXT];

    if (!path)
        return err_errno(err, "find '%s'", scenario->path);
    *ret = options->request; /* and everything that it owns anew */
    ret->text = file_text(scenario->path);
    sha1_text(str_of(ret->text), sha1);
    ret->sha1 = mem_strdup(sha1);
    ret->name = mem_strdup(scenario->name);
    ret->path = TAKE_PTR(path);
    ret->faults = mem_strdup(options->request.faults);
    ret->strategies = join_strategies(scenario, strategies, count);
    ret->assignments = NULL;
    ret->assignment_count = 0;
    for (size_t i = 0; i < scenario->parameter_count; i++) {
        CLEANUP(mem_freep) char *assignment = mem_printf(
            "%s=%s", scenario->parameters[i].name, scenario->parameters[i].value);

        request_assign(ret, assignment);
    }
    return 0;
}
