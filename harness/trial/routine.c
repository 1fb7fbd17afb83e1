/* routine.c - see routine.h. */
#include "trial/routine.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mutant.h"
#include "trial/fake_time.h"
#include "trial/trespass.h"

#define TIMEOUT_S 60.0   /* if the scenario says nothing */
#define OUTPUT_SHOWN 250 /* bytes of its beginning, and of its end, in a message */
#define LINES_SHOWN 5    /* of one that was stopped, the last */
#define LINE_SHOWN 200

char *routine_command(char *const *argv)
{
    char *text = NULL;
    FILE *out = mem_stream(&text);

    for (size_t i = 0; argv[i]; i++) {
        if (i)
            fputc(' ', out);
        str_print_shell(out, argv[i]);
    }
    fclose(out);
    return text;
}

static double timeout_s(const struct judge *judge)
{
    double timeout = judge->scenario->programs.timeout_s;

    return timeout > 0 ? timeout : TIMEOUT_S;
}

/* How far the clock of programs is ahead, in seconds. Survivors see the moment after the
 * death, whenever they run. Where no time is in the data, and none has passed, the true
 * one will do, and programs that cannot have another clock are let be. */
static int64_t ahead_s(const struct judge *judge)
{
    bool matters = judge->scenario->passed_s || judge->names.times;

    return judge->surviving && matters
               ? judge->death_s + judge->scenario->passed_s - clock_real_ms() / 1000
               : 0;
}

/* What LD_PRELOAD says without the library that fakes the time. */
static const char *preload_of(char *const *given)
{
    static const char name[] = "LD_PRELOAD=";

    for (size_t i = 0; given && given[i]; i++)
        if (strncmp(given[i], name, sizeof(name) - 1) == 0)
            return given[i] + sizeof(name) - 1;
    return getenv("LD_PRELOAD");
}

/* The scenario's, and the time that the program is to see. The caller frees the array,
 * and from *ret_own on what is in it. */
static char **make_environment(const struct judge *judge, int64_t ahead, size_t *ret_own)
{
    const struct scenario *scenario = judge->scenario;
    char *const *given = scenario->programs.environment;
    char *faked[FAKE_TIME_MOST];
    size_t count = 0, own = 0;
    char **all;

    while (given && given[count])
        count++;
    all = MEM_ARRAY(char *, count + FAKE_TIME_MOST);
    if (count)
        memcpy(all, given, count * sizeof(*all));
    fake_time_environment(scenario->programs.frozen,
                          scenario->outline.now + scenario->passed_s, ahead,
                          preload_of(given), faked);
    for (; faked[own]; own++)
        all[count + own] = faked[own];
    all[count + own] = NULL;
    *ret_own = count;
    return all;
}

static struct shift shift_by(const struct judge *judge, int64_t ahead)
{
    const struct scenario *scenario = judge->scenario;
    int64_t now_s = scenario->outline.now + scenario->passed_s;

    if (!fake_time_is_there())
        return SHIFT_NONE;
    return scenario->programs.frozen ? (struct shift){ true, now_s * 1000 }
                                     : (struct shift){ false, ahead * 1000 };
}

struct shift routine_shift(const struct judge *judge)
{
    return shift_by(judge, ahead_s(judge));
}

/* Who is told what a program does, and that it goes on. */
struct listening {
    struct judge *judge;
    const struct program_run *run;
};

static int load_scripts(struct judge *judge, struct err *err)
{
    int code = keeper_load(&judge->keeper, err);

    return code == 0 ? keyspace_load(judge->observer.connection, err) : code;
}

static bool flushes_scripts(const struct tap_event *event)
{
    return event->count >= 2 && str_is_word(event->words[0], "SCRIPT") &&
           str_is_word(event->words[1], "FLUSH");
}

static void note_sent(struct sent *sent, const struct tap_event *event)
{
    FILE *out;

    if (event->kind == TAP_WOKEN) {
        sent->waits &= event->command != sent->command;
        return;
    }
    *sent =
        (struct sent){ .command = event->command, .waits = event->kind == TAP_BLOCKED };
    out = fmemopen(sent->text, sizeof(sent->text), "w");
    for (size_t i = 0; out && i < event->count; i++) {
        if (i)
            fputc(' ', out);
        str_print(out, event->words[i], sizeof(sent->text));
    }
    if (out)
        fclose(out);
    sent->text[sizeof(sent->text) - 1] = '\0';
}

/* The harness's own scripts are gone with those that the program flushes. */
static int pass_on(void *context, const struct tap_event *event, struct err *err)
{
    const struct listening *listening = context;

    note_sent(&listening->judge->sent, event);
    if (flushes_scripts(event) && load_scripts(listening->judge, err) < 0)
        return err->code;
    return listening->run->executed
               ? listening->run->executed(listening->run->context, event, err)
               : 0;
}

static void say_alive(void *context)
{
    const struct listening *listening = context;

    if (listening->judge->alive)
        listening->judge->alive(listening->judge->alive_context);
}

int routine_flush_scripts(struct judge *judge, struct err *err)
{
    redisContext *connection = judge->observer.connection;
    CLEANUP(reply_freep) redisReply *reply = NULL, *functions = NULL;
    struct err ignored = ERR_NULL; /* before 7.0, there are no functions */
    int code = CONNECTION_COMMAND(connection, &reply, err, "SCRIPT", "FLUSH");

    CONNECTION_COMMAND(connection, &functions, &ignored, "FUNCTION", "FLUSH");

    return code == 0 ? load_scripts(judge, err) : code;
}

int routine_perform(struct judge *judge, char *const *argv, const struct program_run *run,
                    struct program_end *ret, struct err *err)
{
    const struct program_settings *settings = &judge->scenario->programs;
    size_t own = 0;
    int64_t ahead = ahead_s(judge); /* what the program sees is what Redis is told of */
    char **environment = make_environment(judge, ahead, &own);
    const struct program program = { argv, settings->directory, environment };
    struct program_run whole = *run;
    struct listening listening = { judge, run };
    int code = routine_flush_scripts(judge, err);

    judge->sent = (struct sent){ .waits = false };
    whole.executed = pass_on;
    whole.alive = say_alive;
    whole.context = &listening;
    whole.program = &program;
    whole.server = judge->address;
    whole.table = &judge->table;
    whole.directory = judge->directory;
    whole.timeout_ns = (uint64_t)(timeout_s(judge) * 1e9);
    whole.shift = shift_by(judge, ahead);
    whole.settle_ns = (uint64_t)(settings->settle_s * 1e9);
    if (code == 0)
        code = program_run(&whole, ret, err);
    judge_touched(judge);
    for (size_t i = own; environment[i]; i++)
        free(environment[i]);
    free(environment);
    return code;
}

/* What a program has printed: its beginning and its end, in which the reason stands most
 * often. */
static char *said(const struct program_end *end)
{
    const char *output = end->output ? end->output : "";
    size_t length = strlen(output);

    while (length && strchr("\n ", output[length - 1]))
        length--;
    if (!length)
        return mem_strdup("; it printed nothing");
    if (length <= 2 * OUTPUT_SHOWN)
        return mem_printf("; it printed:\n%.*s", (int)length, output);
    return mem_printf("; it printed:\n%.*s\n..\n%.*s", OUTPUT_SHOWN, output, OUTPUT_SHOWN,
                      output + length - OUTPUT_SHOWN);
}

/* The last lines of what one that was stopped has printed. */
static char *said_last(const struct program_end *end)
{
    const char *output = end->output ? end->output : "", *from;
    size_t length = strlen(output), lines = 0;

    while (length && strchr("\n ", output[length - 1]))
        length--;
    if (!length)
        return mem_strdup("    It printed nothing.");
    for (from = output + length; from > output && output + length - from < OUTPUT_SHOWN;
         from--)
        if (from[-1] == '\n' && ++lines == LINES_SHOWN)
            break;
    return mem_printf("    The last that it printed:\n%.*s",
                      (int)(output + length - from), from);
}

/* What may be the matter with one that takes too long. */
static char *why_late(const struct judge *judge, const struct program_end *end)
{
    double settle_s = judge->scenario->programs.settle_s;

    if (!end->connections)
        return mem_strdup("it has not connected to the Redis that it was offered as "
                          "REDIS_URL, as REDIS_HOST with REDIS_PORT, and as "
                          "REDIS_SOCKET: does it read another variable? See `env`");
    if (end->output && strstr(end->output, "libfaketime:"))
        return mem_strdup("libfaketime, which fakes its clock, complains: a program with "
                          "an allocator of its own, such as redis-cli, cannot have "
                          "another clock");
    if (settle_s > 0 && settle_s < timeout_s(judge))
        return mem_printf("something changed all the time, so that `settle` (%g s) has "
                          "not ended it",
                          settle_s);
    return mem_strdup("say `timeout` if it takes longer, or `settle` if it never ends by "
                      "itself");
}

/* Whose time it was, for how long, where it was, and what it said. */
static int tell_late(const struct judge *judge, const char *command,
                     const struct program_end *end, const char *what, struct err *err)
{
    CLEANUP(mem_freep) char *why = why_late(judge, end);
    CLEANUP(mem_freep) char *printed = said_last(end);
    const struct sent *sent = &judge->sent;

    return err_set(
        err, ROUTINE_LATE,
        "%s did not end within %g s; %s\n    Its command: %.*s%s\n    Sent last "
        "to Redis: %s%s\n%s",
        what, timeout_s(judge), why, LINE_SHOWN, command,
        strlen(command) > LINE_SHOWN ? ".." : "", sent->text[0] ? sent->text : "nothing",
        sent->waits ? " (which waits)" : "", printed);
}

char *routine_fate(const struct program_end *end)
{
    switch (end->fate) {
    case PROGRAM_EXITED:
        return mem_printf("exited with status %d", end->code);
    case PROGRAM_SIGNALLED:
        return mem_printf("died by signal %d (%s)", end->code, strsignal(end->code));
    case PROGRAM_SETTLED:
        return mem_strdup("had settled, and was told to end");
    case PROGRAM_CUT:
        return mem_strdup("was cut");
    case PROGRAM_TIMEOUT:
        break;
    }
    return mem_strdup("did not end in time");
}

int routine_check_end(const struct judge *judge, char *const *argv,
                      const struct program_end *end, const char *what, struct err *err)
{
    CLEANUP(mem_freep) char *command = routine_command(argv);
    CLEANUP(mem_freep) char *printed = said(end);

    switch (end->fate) {
    case PROGRAM_SETTLED:
        return 0;
    case PROGRAM_EXITED:
        if (end->code == 0 || mutant("exit-ignored"))
            return 0;
        return err_set(err, ERR_USAGE, "%s: %s: exited with status %d%s", what, command,
                       end->code, printed);
    case PROGRAM_SIGNALLED:
        return err_set(err, ERR_USAGE, "%s: %s: died by signal %d (%s)%s", what, command,
                       end->code, strsignal(end->code), printed);
    case PROGRAM_CUT:
        return err_set(err, -ECHILD, "%s: %s: was cut", what, command);
    case PROGRAM_TIMEOUT:
        break;
    }
    return tell_late(judge, command, end, what, err);
}

/* Whoever listens hears of it, however it ended; what went wrong then is told first. */
static int tell_ending(const struct judge *judge, char *const *argv,
                       const struct program_end *end, const char *what, int code,
                       struct err *err)
{
    const struct routine_end ending = { judge->survived, what, argv, end, code == 0 };
    struct err late = ERR_NULL;

    if (!judge->endings ||
        judge->endings->ended(judge->endings->context, &ending, &late) == 0)
        return code;
    if (code == 0)
        *err = late;
    return err->code;
}

static int run_program(struct judge *judge, char *const *argv, const char *what,
                       struct err *err)
{
    struct program_end end = { .output = NULL };
    const struct program_run run = { .cut_after = RECORDER_NO_CUT };
    int code = routine_perform(judge, argv, &run, &end, err);

    if (code < 0) {
        err_wrap(err, "%s", what);
    } else {
        code = routine_check_end(judge, argv, &end, what, err);
        code = tell_ending(judge, argv, &end, what, code, err);
    }
    if (end.pid > 0)
        names_call(&judge->names, (uint64_t)end.pid, "<pid>");
    free(end.output);
    return code;
}

int routine_run(struct judge *judge, const struct routine *routine, const char *what,
                struct err *err)
{
    int code = 0;

    page_reset(judge->page);
    for (size_t i = 0; i < routine->count && code == 0 && !judge->page->refused; i++) {
        const struct routine_part *part = &routine->parts[i];

        code = part->argv ? run_program(judge, part->argv, what, err)
                          : judge_run(judge, part->function, what, false, err);
    }
    return code == 0 || code == ERR_USAGE
               ? trespass_check(judge, what, err) < 0 ? err->code : code
               : code;
}
