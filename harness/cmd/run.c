/* run.c - afterkill run: one scenario, all its strategies, one report. With --sweep it is
 * run once per value of a parameter. */
#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/deliver.h"
#include "cmd/options.h"
#include "fleet.h"
#include "progress_view.h"
#include "report/report.h"
#include "sweep.h"

#define RTT_MOST_S 1.0 /* a connection's first reply takes two, and has 10 s to come */

struct options {
    const char *scenario;
    char *strategies; /* "A,B"; NULL: all */
    uint64_t trials;
    bool faults[FAULT_COUNT];
    uint64_t seed;
    size_t lanes;             /* 0: one per CPU */
    const char **assignments; /* owned */
    size_t assignment_count;
    double confidence;
    enum killer killer;
    double timeout_s;
    const char *redis_server;
    enum transport transport;
    double rtt_s;
    struct destination destination;
    struct sweep sweep;
};

static const char *const killers[] = {
    [KILLER_TIMER] = "timer", [KILLER_PARENT] = "parent"
};

static const char *const transports[] = {
    [TRANSPORT_UNIX] = "unix", [TRANSPORT_TCP] = "tcp"
};
static const char *const transport_titles[] = {
    [TRANSPORT_UNIX] = "unix socket", [TRANSPORT_TCP] = "tcp"
};

static const struct {
    const char *name;
    double seconds;
} units[] = { { "us", 1e-6 }, { "ms", 1e-3 }, { "s", 1 } };

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
    { "output", KEY_OUTPUT, "DIR", 0, "Also write report.txt and run.json there", 3 },
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

/* A round trip in seconds. Numbers are digits with a point: strtod() alone would take
 * "nan" and "0x1p3", and blanks. */
static double parse_rtt(const char *text, struct argp_state *state)
{
    size_t digits = strspn(text, "0123456789.");
    char *end;
    double value = strtod(text, &end);

    for (size_t i = 0; digits && end == text + digits && i < ARRAY_SIZE(units); i++)
        if (strcmp(end, units[i].name) == 0 && value * units[i].seconds <= RTT_MOST_S)
            return value * units[i].seconds;
    argp_error(state,
               "--rtt '%s': expected a duration like 500us, 2ms or 0.1s, at most "
               "%gs",
               text, RTT_MOST_S);
    return 0;
}

static void parse_faults(struct options *options, const char *list,
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

static void parse_format(struct options *options, const char *name,
                         struct argp_state *state)
{
    options->destination.format = report_format_by_name(name);
    if (!options->destination.format)
        argp_error(state, "--format '%s': expected text or json", name);
}

static void parse_sweep(struct options *options, const char *text,
                        struct argp_state *state)
{
    struct err err = ERR_NULL;

    if (sweep_parse(&options->sweep, text, &err) < 0)
        argp_error(state, "%s", err.msg);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;

    switch (key) {
    case KEY_STRATEGY:
        options->strategies = argument;
        break;
    case KEY_TRIALS:
        options->trials = option_whole(argument, "trials", 0, TRIALS_MOST, state);
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
        options->confidence = option_real(argument, "confidence", 0, 1, state);
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
    case KEY_OUTPUT:
        options->destination.directory = argument;
        break;
    case KEY_FORMAT:
        parse_format(options, argument, state);
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
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which scenario? A file, or a name from: afterkill list");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static int choose_strategies(const struct options *options,
                             const struct scenario *scenario, size_t *chosen,
                             size_t *ret_count, struct err *err)
{
    CLEANUP(mem_freep) char *copy =
        mem_strdup(options->strategies ? options->strategies : "");
    char *rest = copy, *name;
    size_t count = 0;

    for (; !options->strategies && count < scenario->strategy_count; count++)
        chosen[count] = count;
    while (options->strategies && (name = strsep(&rest, ","))) {
        ptrdiff_t index = scenario_find(scenario, name);
        bool twice = false;
        const char *nearest;

        if (index < 0) {
            nearest = str_nearest(name, scenario->strategy_count, scenario_strategy_name,
                                  scenario);
            return err_set(err, ERR_USAGE, "%s has no strategy '%.60s'%s%s%s",
                           scenario->name, name,
                           nearest ? "; did you mean '" : "; see afterkill list",
                           nearest ? nearest : "", nearest ? "'?" : "");
        }
        for (size_t i = 0; i < count; i++)
            twice |= chosen[i] == (size_t)index;
        if (!twice)
            chosen[count++] = (size_t)index;
    }
    *ret_count = count;
    return 0;
}

/* One value's run. */
static int run(const struct options *options, struct scenario *scenario,
               const size_t *strategies, size_t count, const char *part,
               struct result *result, struct err *err)
{
    struct progress_view view;
    struct fleet_options fleet = {
        .scenario = scenario,
        .strategies = strategies,
        .plan = { options->seed, count,
                  options->faults[FAULT_KILL] ? options->trials : 0 },
        .bytes = options->faults[FAULT_BYTE],
        .killer = options->killer,
        .timeout_ns = (uint64_t)(options->timeout_s * (double)NSEC_PER_SEC),
        .lanes = options->lanes,
        .redis_server = options->redis_server,
        .transport = options->transport,
        .rtt_ns = (uint64_t)llround(options->rtt_s * (double)NSEC_PER_SEC),
        .view = &view,
    };

    progress_view_init(&view, stderr, isatty(STDERR_FILENO));
    if (part)
        progress_view_part(&view, scenario, part);
    result_init(result, scenario, strategies, &fleet.plan);
    result->confidence = options->confidence;
    result->killer = killers[options->killer];
    result->kills_wanted = fleet.plan.attempts > 0;
    result->cuts_wanted = fleet.bytes;
    result->transport = transport_titles[options->transport];
    result->rtt_us = ns_to_us((double)fleet.rtt_ns);
    return fleet_run(&fleet, result, err);
}

/* Runs the values one after the other; an error at one ends the sweep. */
static int run_values(const struct options *options, struct sweep *sweep,
                      const size_t *strategies, size_t count, struct err *err)
{
    sigset_t before;
    int code = 0;

    sweep->results = mem_alloc(sweep->wanted * sizeof(*sweep->results));
    fleet_hold_signals(&before);
    while (sweep->count < sweep->wanted && code == 0) {
        size_t i = sweep->count++;
        CLEANUP(mem_freep) char *part = NULL;

        if (sweep->parameter)
            part = mem_printf("%s=%s (%zu of %zu)", sweep->parameter, sweep->values[i],
                              i + 1, sweep->wanted);
        code = run(options, sweep->scenarios[i], strategies, count, part,
                   &sweep->results[i], err);
        if (code < 0 && part)
            err_wrap(err, "%s", part);
    }
    fleet_release_signals(&before);
    return code;
}

static int load_and_run(struct options *options, struct sweep *sweep,
                        enum exit_status *ret_status, struct err *err)
{
    const struct scenario_settings settings = {
        .assignments = options->assignments,
        .count = options->assignment_count,
        .seed = options->seed,
        .now = time(NULL),
    };
    CLEANUP(mem_freep) char *path = NULL;
    CLEANUP(mem_freep) size_t *strategies = NULL;
    size_t count = 0;
    int code = scenario_path(options->scenario, &path, err);

    if (code == 0)
        code = sweep_load(sweep, path, &settings, err);
    if (code < 0)
        return code;
    strategies = MEM_ARRAY(size_t, sweep->scenarios[0]->strategy_count);
    code = choose_strategies(options, sweep->scenarios[0], strategies, &count, err);
    if (code == 0 && options->destination.directory)
        code = file_make_directory(options->destination.directory, err);
    if (code < 0)
        return code;
    run_values(options, sweep, strategies, count, err);
    code = deliver(&options->destination, sweep, err);
    *ret_status = sweep_exit_status(sweep);
    return code;
}

int cmd_run(int argc, char **argv, enum exit_status *ret_status, struct err *err)
{
    static const struct argp argp = {
        .options = argp_options,
        .parser = parse,
        .args_doc = "SCENARIO",
        .doc = "Run the strategies of a scenario, kill their workers at every command "
               "boundary and "
               "at random instants, and report what is left in Redis."
               "\vSCENARIO is a Lua file, or the name of one from `afterkill list`. "
               "Servers are "
               "private: started for the run on a unix socket, and removed with all "
               "their data.",
    };
    struct options options = {
        .trials = 1000,
        .faults = { [FAULT_STEP] = true, [FAULT_KILL] = true },
        .seed = 1,
        .confidence = 0.95,
        .timeout_s = 10,
        .destination = { .format = report_format_by_name("text"), .color = "auto" },
    };
    int code;

    sweep_init(&options.sweep);
    argp_parse(&argp, argc, argv, 0, NULL, &options);
    code = load_and_run(&options, &options.sweep, ret_status, err);
    sweep_release(&options.sweep);
    free(options.assignments);
    return code;
}
