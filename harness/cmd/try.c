/* try.c - afterkill try: the census of an update that stands on the command line.
 *
 * What is given in the notation becomes a scenario in memory, with two strategies: the
 * update, of which it is asked whether it is safe, and a reference that says what a
 * completed update leaves: another one that was given, else MULTI .. EXEC around the
 * same. An update that is one piece already, or has transactions of its own, is its own
 * reference. From there on it is a
 * run like others, but for kills, which there are only if asked for, and nothing of it is
 * kept. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/mutant.h"
#include "base/signals.h"
#include "cmd/cmd.h"
#include "cmd/output.h"
#include "cmd/run_options.h"
#include "cmd/scenario_files.h"
#include "run/fleet.h"
#include "run/progress.h"
#include "scenario/notation_lua.h"

struct options {
    struct operands updates;                                     /* one */
    const char *before, *recover, *alive, *reference, *tolerate; /* NULL: not given */
    struct request request;
    uint64_t lanes;
    const char *redis_server;
    struct destination destination;
};

#define AT(member) offsetof(struct options, member)

static const struct cmd_option table[] = {
    { "before", "COMMANDS", "What makes the state that the update finds (default: none)",
      1, .take = option_text, .at = AT(before) },
    { "recover", "COMMANDS", "What survivors do about a dead worker", 1,
      .take = option_text, .at = AT(recover) },
    { "alive", "COMMANDS",
      "The operation tried again by a fresh worker, which must succeed", 1,
      .take = option_text, .at = AT(alive) },
    { "reference", "COMMANDS",
      "An update that leaves what is right (default: the same in MULTI .. EXEC)", 1,
      .take = option_text, .at = AT(reference) },
    { "tolerate", "SECONDS", "What lasts longer is harm (default: what lasts for ever)",
      1, .take = option_text, .at = AT(tolerate) },
    { "trials", "N", "Kill so many workers, too, at random instants (default 0)", 2,
      .take = run_option_item, .at = AT(request) },
    { "seed", "S", "What the schedule of kills is computed from (default 1)", 2,
      .take = run_option_item, .at = AT(request) },
    { "lanes", "N",
      "How many servers and trial loops (default 1; with --trials, one per CPU)", 2,
      .take = option_whole, .at = AT(lanes), .least = 1, .most = LANES_MOST },
    { "timeout", "SECONDS",
      "When the watchdog kills a worker that does not end (default 10)", 2,
      .take = run_option_item, .at = AT(request) },
    OPTION_FORMAT(DOCUMENT_TRY, 3, AT(destination.format)),
    { "color", "auto|always|never", "Colour in the text report (default auto)", 3,
      .take = option_word, .at = AT(destination.color) },
    { "redis-server", "PATH",
      "The server to start (default: redis-server or valkey-server from the PATH)", 4,
      .take = option_file, .at = AT(redis_server) },
    { .name = NULL },
};

static int check(void *parsed, struct err *err)
{
    struct options *options = parsed;
    uint64_t seconds;

    if (options->updates.count == 0)
        return err_set(err, ERR_USAGE,
                       "which update? As in: afterkill try 'INCR k | "
                       "EXPIRE k 60'");
    if (options->updates.count > 1)
        return err_set(err, ERR_USAGE,
                       "more than one update: '%s' and '%s'; quote commands for the "
                       "shell, as in: afterkill try 'INCR k | EXPIRE k 60'",
                       options->updates.items[0], options->updates.items[1]);
    if (options->tolerate && !str_whole(options->tolerate, 0, 1000000000, &seconds))
        return err_set(err, ERR_USAGE,
                       "--tolerate '%s': expected a whole number of seconds",
                       options->tolerate);
    return 0;
}

/* ---- the scenario ---- */

/* "before = '..'," of what was given in the notation; nothing of NULL. */
static int put_commands(FILE *out, const char *name, const char *text, struct err *err)
{
    CLEANUP(notation_release) struct notation notation = NOTATION_NULL;

    if (!text)
        return 0;
    if (notation_parse(str_of(text), &notation, err) < 0)
        return err_wrap(err, "--%s", name);
    fprintf(out, "%s = ", name);
    notation_lua_literal(out, str_of(text));
    fputs(",\n", out);
    return 0;
}

/* The text is a printed one, so that it can be shown as it is. */
static void put_strategy(FILE *out, const char *name, const char *more, const char *text)
{
    fprintf(out, "{ name = '%s', %s, about = ", name, more);
    notation_lua_literal(out, str_of(text));
    fputs(", update = ", out);
    notation_lua_literal(out, str_of(text));
    fputs(" },\n", out);
}

#define REFERENCE ", reference = true"

/* `given` is the update as it is printed. */
static int put_strategies(FILE *out, const struct options *options,
                          const struct notation *update, const char *given,
                          struct err *err)
{
    bool judged = !mutant("try-unjudged");
    CLEANUP(notation_release) struct notation reference = NOTATION_NULL;
    CLEANUP(mem_freep) char *text = NULL;
    struct err why = ERR_NULL;

    /* What is one piece, or has transactions of its own, says itself what is right. */
    if (!options->reference &&
        (notation_is_atomic(update) || notation_atomic(update, &text, &why) < 0)) {
        put_strategy(out, "given", "expect = 'safe'" REFERENCE, given);
        return 0;
    }
    put_strategy(out, "given", judged ? "expect = 'safe'" : "noop = false", given);
    if (options->reference) {
        if (notation_parse(str_of(options->reference), &reference, err) < 0)
            return err_wrap(err, "--reference");
        text = notation_text(&reference);
        put_strategy(out, "reference", "noop = false" REFERENCE, text);
    } else {
        put_strategy(out, "atomic", "expect = 'safe'" REFERENCE, text);
    }
    return 0;
}

/* What `afterkill run` would read in a file. */
static int make_scenario(const struct options *options, char **ret, struct err *err)
{
    CLEANUP(notation_release) struct notation update = NOTATION_NULL;
    CLEANUP(mem_freep) char *text = NULL, *title = NULL;
    FILE *out;
    int code = notation_parse(str_of(options->updates.items[0]), &update, err);

    if (code < 0)
        return code;
    title = notation_text(&update);
    out = mem_stream(&text);
    fputs("return {\ntitle = ", out);
    notation_lua_literal(out, str_of(title));
    fputs(",\n", out);
    if (options->tolerate)
        fprintf(out, "tolerate = %s,\n", options->tolerate);
    code = put_commands(out, "before", options->before, err);
    if (code == 0)
        code = put_commands(out, "recover", options->recover, err);
    if (code == 0)
        code = put_commands(out, "alive", options->alive, err);
    fputs("strategies = {\n", out);
    if (code == 0)
        code = put_strategies(out, options, &update, title, err);
    fputs("} }\n", out);
    fclose(out);
    if (code == 0)
        *ret = TAKE_PTR(text);
    return code;
}

/* ---- the run ---- */

static int run_all(const struct options *options, struct scenario *scenario,
                   struct result *result, struct err *err)
{
    static const size_t strategies[] = { 0, 1 };
    struct run_progress view;
    struct fleet_options fleet = {
        .scenario = scenario,
        .strategies = strategies,
        .lanes = options->lanes            ? options->lanes
                 : options->request.trials ? 0
                                           : 1,
        .redis_server = options->redis_server,
        .view = &view,
    };
    sigset_t before;
    int code, late;

    result_begin(result, &scenario->outline, strategies, scenario->outline.strategy_count,
                 &options->request);
    fleet.plan = result->plan;
    fleet_ask(&fleet, &options->request);
    run_progress_init(&view, stderr, isatty(STDERR_FILENO));
    signals_hold(&before);
    code = fleet_run(&fleet, result, err);
    late = signals_release(&before);
    return code == 0 && late ? signals_stopped_by(late, err) : code;
}

/* A scenario says what is meant by a key of its own; here there is an option. */
static void advise_untested(const struct options *options, struct err *err)
{
    if (err->code != ERR_USAGE || !strstr(err->msg, "nothing was tested"))
        return;
    err_set(
        err, ERR_USAGE,
        "the update changes nothing in %s, so nothing was tested; say by --before what "
        "it finds",
        options->before ? "the state that --before has made" : "an empty database");
}

static int try(struct options *options, enum exit_status *ret_status, struct err *err)
{
    const struct parameter_settings settings = scenario_files_settings(&options->request);
    CLEANUP(scenario_freep) struct scenario *scenario = NULL;
    CLEANUP(sweep_release) struct sweep sweep;
    CLEANUP(mem_freep) char *text = NULL;
    struct format format = *options->destination.format;
    struct destination destination = options->destination;

    format.run = format.try; /* a run's report is a longer one */
    destination.format = &format;
    sweep_init(&sweep);
    if (make_scenario(options, &text, err) < 0 ||
        scenario_load_text("try", text, &settings, &scenario, err) < 0)
        return err->code;
    sweep.results = mem_alloc(sizeof(*sweep.results));
    sweep.count = 1;
    if (run_all(options, scenario, &sweep.results[0], err) < 0)
        advise_untested(options, err);
    return output_write(&destination, &sweep, ret_status, err);
}

const struct command_line try_line = {
    .options = table,
    .operands_doc = "COMMANDS",
    .operands_at = AT(updates),
    .check = check,
    .about =
        "Is an update safe? Kill a worker between any two of its commands, and tell "
        "what is left in Redis."
        "\vCOMMANDS are a word for the shell, so put them in single quotes: "
        "'INCR k | EXPIRE k 60'. | waits for the reply, ; leaves in the same buffer, "
        "[a ; b] is MULTI .. EXEC, lua(a ; b) a script; words are quoted as in "
        "redis-cli. Exit status: 0 it is safe, 1 it does harm.",
};

int cmd_try(int argc, char **argv, enum exit_status *ret_status, struct err *err)
{
    struct options options = {
        .destination = { .format = format_by_name("text"), .color = "auto" },
    };
    int code;

    run_options_default(&options.request);
    options.request.trials = 0;
    options_parse(&try_line, argc, argv, &options);
    code = try(&options, ret_status, err);
    request_release(&options.request);
    return code;
}
