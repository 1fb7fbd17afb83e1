/* run_options.c - see run_options.h. */
#include "cmd/run_options.h"

#include <argp.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/sha1.h"
#include "cmd/options.h"
#include "cmd/shard_auto.h"
#include "result/stopping.h"
#include "scenario/mistake.h"
#include "store/write.h"

#define RTT_MOST_S 1.0    /* a connection's first reply takes two, and has 10 s to come */
#define TIME_LEAST_S 1e-9 /* a term has as many digits */
#define TIME_MOST_S 1e8
#define CONFIDENCE_MOST (1 - 0.9e-9) /* 0.999999999: a baseline has nine digits */
#define NOW_MOST (INT64_C(1) << 40)  /* seconds; some thousands of years */

static const char *const killers[] = {
    [KILLER_TIMER] = "timer", [KILLER_PARENT] = "parent"
};

static const char *const transports[] = {
    [TRANSPORT_UNIX] = "unix", [TRANSPORT_TCP] = "tcp"
};
static const struct unit {
    const char *name;
    double seconds;
} rtt_units[] = { { "us", 1e-6 }, { "ms", 1e-3 }, { "s", 1 } },
  time_units[] = { { "s", 1 }, { "m", 60 }, { "h", 3600 } };

enum option_key {
    KEY_STRATEGY = 256,
    KEY_TRIALS,
    KEY_FAULT,
    KEY_SEED,
    KEY_LANES,
    KEY_SET,
    KEY_CONFIDENCE,
    KEY_KILLER,
    KEY_TIMEOUT,
    KEY_REDIS_SERVER,
    KEY_OUTPUT = 'o',
    KEY_FORMAT = 257 + KEY_REDIS_SERVER,
    KEY_COLOR,
    KEY_POINTS,
    KEY_SWEEP,
    KEY_TRANSPORT,
    KEY_RTT,
    KEY_TIME,
    KEY_UNTIL_WIDTH,
    KEY_UNTIL_BELOW,
    KEY_SHARD,
    KEY_NOW,
    KEY_RESUME,
    KEY_NO_STORE,
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

static enum killer parse_killer(const char *text, struct argp_state *state)
{
    for (size_t i = 0; i < ARRAY_SIZE(killers); i++)
        if (strcmp(text, killers[i]) == 0)
            return (enum killer)i;
    argp_error(state, "--killer '%s': expected timer or parent", text);
    return KILLER_TIMER;
}

static enum transport parse_transport(const char *text, struct argp_state *state)
{
    for (size_t i = 0; i < ARRAY_SIZE(transports); i++)
        if (strcmp(text, transports[i]) == 0)
            return (enum transport)i;
    argp_error(state, "--transport '%s': expected unix or tcp", text);
    return TRANSPORT_UNIX;
}

/* A duration in seconds; 0 if it is none, or longer than `most`. Numbers are digits with
 * a point: strtod() alone would take "nan" and "0x1p3", and blanks. */
static double parse_duration(const char *text, const struct unit *units, size_t count,
                             double most_s)
{
    size_t digits = strspn(text, "0123456789.");
    char *end;
    double value = strtod(text, &end);

    for (size_t i = 0; digits && end == text + digits && i < count; i++)
        if (strcmp(end, units[i].name) == 0 && value * units[i].seconds <= most_s)
            return value * units[i].seconds;
    return -1;
}

static double parse_rtt(const char *text, struct argp_state *state)
{
    double rtt_s = parse_duration(text, rtt_units, ARRAY_SIZE(rtt_units), RTT_MOST_S);

    if (rtt_s < 0)
        argp_error(state,
                   "--rtt '%s': expected a duration like 500us, 2ms or 0.1s, at most %gs",
                   text, RTT_MOST_S);
    return rtt_s;
}

static double parse_time(const char *text, struct argp_state *state)
{
    double time_s = parse_duration(text, time_units, ARRAY_SIZE(time_units), TIME_MOST_S);

    if (time_s < TIME_LEAST_S)
        argp_error(state, "--time '%s': expected a duration like 60s, 10m or 1h", text);
    return time_s;
}

static const char *variable(void *context, const char *name)
{
    (void)context;
    return getenv(name);
}

static void parse_shard(struct run_options *options, const char *text,
                        struct argp_state *state)
{
    struct err err = ERR_NULL;

    if (shard_auto_parse(text, variable, NULL, &options->shard, &err) < 0 ||
        (strncmp(text, "auto", 4) == 0 && shard_auto_announce(variable, NULL, &err) < 0))
        argp_error(state, "%s", err.msg);
}

static void parse_faults(struct run_options *options, const char *list,
                         struct argp_state *state)
{
    CLEANUP(mem_freep) char *copy = mem_strdup(list);
    char *rest = copy, *name;

    memset(options->faults, 0, sizeof(options->faults));
    while ((name = strsep(&rest, ","))) {
        const struct fault *fault = fault_by_name(name);

        if (!fault)
            argp_error(
                state,
                "--fault '%s': expected kill, step or byte, or several with commas",
                name);
        else
            options->faults[fault - fault_by_id(FAULT_NONE)] = true;
    }
}

static void parse_sweep(struct run_options *options, const char *text,
                        struct argp_state *state)
{
    struct err err = ERR_NULL;

    if (sweep_parse(&options->sweep, text, &err) < 0)
        argp_error(state, "%s", err.msg);
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
    if (is_gated(&options->gates) && options->shard.total > 1)
        argp_error(state, "a shard is not held to anything; give --max-leak-rate, "
                          "--baseline and the like to `afterkill merge`");
    if (is_gated(&options->gates) && options->sweep.parameter)
        argp_error(state, "--sweep: gates are for one run");
    if (options->shard.total > 1 && stopping_is_asked(&options->stopping))
        argp_error(state,
                   "--until-width and --until-below look at all kills, and a shard "
                   "sees only its own; give --trials");
    if (stopping_is_asked(&options->stopping) && !options->faults[FAULT_KILL])
        argp_error(state,
                   "--until-width and --until-below need kills; give --fault kill");
    if (!options->keep && (options->resume || options->destination.directory))
        argp_error(state, "--no-store: a run with %s is kept",
                   options->resume ? "--resume" : "-o");
    if (stopping_is_asked(&options->stopping) && !options->trials_given)
        options->trials = ATTEMPTS_MOST;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct run_options *options = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &options->gates;
        break;
    case KEY_STRATEGY:
        options->strategies = argument;
        break;
    case KEY_TRIALS:
        options->trials_given = true;
        options->trials = option_whole(argument, "trials", 0, ATTEMPTS_MOST, state);
        break;
    case KEY_FAULT:
        parse_faults(options, argument, state);
        break;
    case KEY_SEED:
        options->seed = option_whole(argument, "seed", 0, INT64_MAX, state);
        break;
    case KEY_LANES:
        options->lanes = (size_t)option_whole(argument, "lanes", 1, LANES_MOST, state);
        break;
    case KEY_SET:
        options->assignments =
            mem_grow(options->assignments, options->assignment_count + 1,
                     sizeof(*options->assignments));
        options->assignments[options->assignment_count++] = argument;
        break;
    case KEY_CONFIDENCE:
        options->confidence =
            option_real(argument, "confidence", 0, CONFIDENCE_MOST, state);
        break;
    case KEY_KILLER:
        options->killer = parse_killer(argument, state);
        break;
    case KEY_TIMEOUT:
        options->timeout_s = option_real(argument, "timeout", 0, 1e6, state);
        break;
    case KEY_REDIS_SERVER:
        options->redis_server = argument;
        break;
    case KEY_TRANSPORT:
        options->transport = parse_transport(argument, state);
        break;
    case KEY_RTT:
        options->rtt_s = parse_rtt(argument, state);
        break;
    case KEY_TIME:
        options->stopping.time_s = parse_time(argument, state);
        break;
    case KEY_UNTIL_WIDTH:
        options->stopping.width = option_real(argument, "until-width", 0, 1, state);
        break;
    case KEY_UNTIL_BELOW:
        options->stopping.below = option_real(argument, "until-below", 0, 1, state);
        break;
    case KEY_SHARD:
        parse_shard(options, argument, state);
        break;
    case KEY_NOW:
        options->now = (int64_t)option_whole(argument, "now", 0, NOW_MOST, state);
        break;
    case KEY_RESUME:
        options->resume = argument;
        break;
    case KEY_NO_STORE:
        options->keep = false;
        break;
    case KEY_OUTPUT:
        options->destination.directory = argument;
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
    case KEY_SWEEP:
        parse_sweep(options, argument, state);
        break;
    case ARGP_KEY_ARG:
        if (options->scenario)
            argp_error(state, "more than one scenario: '%s' and '%s'", options->scenario,
                       argument);
        options->scenario = argument;
        break;
    case ARGP_KEY_END:
        check_all(options, state);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static void init(struct run_options *options)
{
    *options = (struct run_options){
        .trials = 1000,
        .faults = { [FAULT_STEP] = true, [FAULT_KILL] = true },
        .seed = 1,
        .confidence = 0.95,
        .timeout_s = 10,
        .shard = SHARD_WHOLE,
        .now = time(NULL),
        .keep = true,
        .destination = { .format = report_format_by_name("text"), .color = "auto" },
    };
    sweep_init(&options->sweep);
}

static void parse_all(int argc, char **argv, struct run_options *ret)
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

    init(ret);
    argp_parse(&argp, argc, argv, 0, NULL, ret);
}

/* The options that a run was asked for, as a command line, with `argv` behind them. */
static char **repeat(const struct terms *terms, bool scenario_given, int argc,
                     char **argv, int *ret_count)
{
    char **again = MEM_ARRAY(char *, terms->count + (size_t)argc + 2);
    int count = 0;

    again[count++] = mem_strdup(argv[0]);
    for (size_t i = 0; i < terms->count; i++) {
        const struct term *term = &terms->items[i];

        if (term_is_parameter(term))
            again[count++] = mem_printf("--set=%s=%s",
                                        term->name + strlen(TERM_PARAMETER), term->value);
        else if (term_is_option(term))
            again[count++] = mem_printf("--%s=%s", term->name, term->value);
    }
    for (int i = 1; i < argc; i++)
        again[count++] = mem_strdup(argv[i]);
    if (!scenario_given)
        again[count++] = mem_strdup(terms_get(terms, TERM_PATH));
    again[count] = NULL;
    *ret_count = count;
    return again;
}

static int parse_again(int argc, char **argv, struct run_options *options,
                       struct err *err)
{
    CLEANUP(database_close) struct database database = DATABASE_NULL;
    CLEANUP(terms_release) struct terms terms = TERMS_NULL;
    bool scenario_given = options->scenario;
    int code = stored_open(options->resume, &database, err), count;
    char **again;

    if (code == 0)
        code = stored_terms(&database, &terms, err);
    if (code == 0 && !terms_get(&terms, TERM_PATH))
        code = err_set(err, -EBADMSG, "'%s' does not say which scenario was run",
                       database.path);
    if (code < 0)
        return err_wrap(err, "--resume");
    again = repeat(&terms, scenario_given, argc, argv, &count);
    run_options_release(options);
    parse_all(count, again, options);
    options->again = again;
    return 0;
}

int run_options_parse(int argc, char **argv, struct run_options *ret, struct err *err)
{
    bool begun;
    int code;

    parse_all(argc, argv, ret);
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
    free(options->assignments);
    for (char **word = options->again; word && *word; word++)
        free(*word);
    free(options->again);
    options->assignments = NULL;
    options->again = NULL;
}

static void add_strategies(struct terms *terms, const struct outline *scenario,
                           const size_t *strategies, size_t count)
{
    CLEANUP(mem_freep) char *names = mem_strdup("");

    for (size_t i = 0; i < count; i++) {
        char *longer = mem_printf("%s%s%s", names, i ? "," : "",
                                  scenario->strategies[strategies[i]].name);

        free(names);
        names = longer;
    }
    terms_add(terms, "strategy", names);
}

static void add_faults(struct terms *terms, const bool faults[FAULT_COUNT])
{
    char names[32] = "step"; /* is always taken */

    if (faults[FAULT_KILL])
        strcat(names, ",kill");
    if (faults[FAULT_BYTE])
        strcat(names, ",byte");
    terms_add(terms, "fault", names);
}

/* Facts about the file: what it says, and where it was. */
static int add_file(struct terms *terms, const struct outline *scenario, struct err *err)
{
    CLEANUP(mem_freep) char *text = loader_read_text(scenario->path);
    CLEANUP(mem_freep) char *path = realpath(scenario->path, NULL);
    char sha1[SHA1_TEXT];

    if (!path)
        return err_errno(err, "find '%s'", scenario->path);
    sha1_text(str_of(text), sha1);
    terms_add(terms, TERM_TEXT, text);
    terms_add(terms, "scenario.name", scenario->name);
    terms_add(terms, TERM_PATH, path);
    terms_add(terms, TERM_SHA1, sha1);
    return 0;
}

int run_options_terms(const struct run_options *options, const struct outline *scenario,
                      const size_t *strategies, size_t count, struct terms *ret,
                      struct err *err)
{
    int code = add_file(ret, scenario, err);

    for (size_t i = 0; i < scenario->parameter_count; i++) {
        CLEANUP(mem_freep) char *name =
            mem_printf(TERM_PARAMETER "%s", scenario->parameters[i].name);

        terms_add(ret, name, scenario->parameters[i].value);
    }
    add_strategies(ret, scenario, strategies, count);
    terms_print(ret, "trials", "%llu", (unsigned long long)options->trials);
    add_faults(ret, options->faults);
    if (options->stopping.width > 0)
        terms_print(ret, "until-width", "%.15g", options->stopping.width);
    if (options->stopping.below > 0)
        terms_print(ret, "until-below", "%.15g", options->stopping.below);
    terms_print(ret, "seed", "%llu", (unsigned long long)options->seed);
    terms_print(ret, "shard", "%llu/%llu", (unsigned long long)options->shard.index + 1,
                (unsigned long long)options->shard.total);
    terms_print(ret, "now", "%lld", (long long)options->now);
    terms_add(ret, "killer", killers[options->killer]);
    terms_add(ret, "transport", transports[options->transport]);
    terms_print(ret, "timeout", "%.15g", options->timeout_s);
    terms_print(ret, "confidence", "%.15g", options->confidence);
    if (options->rtt_s > 0)
        terms_print(ret, "rtt", "%.9fs", options->rtt_s);
    if (options->stopping.time_s > 0)
        terms_print(ret, "time", "%.9fs", options->stopping.time_s);
    return code;
}
