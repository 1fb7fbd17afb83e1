/* programs_kept.c - runs with programs that are kept: replayed, gone on with, looked
 * into.
 */
#include "acted.h"
#include "kept.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define P(command)                                                                       \
    "strategies = { { name = 'p', expect = 'leaked', command = " command " } }"

/* What was run, and where it is kept. */
struct keeping {
    char *directory, *kept, *path;
};

static struct keeping keep(const char *entries)
{
    struct keeping keeping = { .directory = test_directory() };

    keeping.path = acted_scenario(keeping.directory, entries);
    keeping.kept = mem_printf("%s/kept", keeping.directory);
    return keeping;
}

static void keep_run(const struct keeping *keeping)
{
    struct run run = RUN("run", keeping->path, "-o", keeping->kept);

    cr_assert_eq(run.status, 0, "status %d: %s%s", run.status, run.out, run.err);
    run_release(&run);
}

static void forget(struct keeping *keeping)
{
    free(keeping->path);
    free(keeping->kept);
    test_directory_remove(keeping->directory);
}

/* ---- replayed ---- */

/* Its ids differ each time, and it is on two connections. */
#define LEAKS                                                                            \
    P("actor('tcp', 'say=GET k', 'say=SET lock {uuid}', 'unix', 'say=INCR k', "          \
      "'say=EXPIRE k 60', 'say=DEL lock')")

static const char *const narrated[][8] = {
    { "Crash point 0 of strategy 'p'", "Recorded: valid, crash point 0, intact now",
      "and what Redis replied --- all that the program has started is dead "
      "here --- 1 GET k not executed",
      "Redis executed none of the 5 commands", "Verdict: intact now, clean later" },
    { "Crash point 1 of strategy 'p'", "Recorded: valid, crash point 1, intact now",
      "GET k (nil) --- all that the program has started is dead here --- 2 SET lock",
      "Redis executed the first 1 of 5 commands", "Verdict: intact now, clean later" },
    { "Crash point 2 of strategy 'p'", "Recorded: valid, crash point 2, torn now, leaked",
      "OK --- all that the program has started is dead here --- 3 INCR k not executed",
      "string 'lock', which never expires", "leaked: in neither residue",
      "Verdict: torn now, leaked later" },
    { "Crash point 3 of strategy 'p'", "Recorded: valid, crash point 3, torn now, leaked",
      "INCR k (integer) 1 --- all that the program has started is dead here --- 4 EXPIRE "
      "k 60 not executed 5 DEL lock not executed",
      "Redis executed the first 3 of 5 commands", "Verdict: torn now, leaked later" },
    { "Crash point 4 of strategy 'p'",
      "EXPIRE k 60 (integer) 1 --- all that the program has started is dead here --- 5 "
      "DEL lock not executed",
      "Verdict: torn now, leaked later" },
    { "Crash point 5 of strategy 'p'", "DEL lock (integer) 1 ---",
      "Redis executed all of the 5 commands",
      "string 'k', which expires in 60 s only new '1'",
      "Verdict: intact now, clean later" },
};

Test(programs_kept, are_replayed)
{
    struct keeping keeping = keep(LEAKS);

    keep_run(&keeping);
    for (size_t k = 0; k < ARRAY_SIZE(narrated); k++) {
        CLEANUP(mem_freep) char *point = mem_printf("p:%zu", k);
        struct run cut = RUN("replay", keeping.kept, point);
        struct run killed = RUN("replay", keeping.kept, point, "--kill");

        cr_expect_eq(cut.status, 0, "%s: status %d: %s", point, cut.status, cut.err);
        cr_expect_eq(killed.status, 0, "%s: status %d: %s", point, killed.status,
                     killed.err);
        for (size_t i = 0; i < 8 && narrated[k][i]; i++) {
            EXPECT_SAYS(cut.out, narrated[k][i]);
            EXPECT_SAYS(killed.out, narrated[k][i]);
        }
        EXPECT_SAYS(cut.out, "Told from what the run has kept: nothing is started");
        EXPECT_SAYS(killed.out, "The program ran again, and was killed for real");
        EXPECT_SAYS(killed.out, "all that the program has started is dead here");
        EXPECT_SAYS(killed.out, "as recorded");
        cr_expect_not(says(cut.out, "NOT as recorded"), "%s", cut.out);
        cr_expect_not(says(killed.out, "NOT as recorded"), "%s", killed.out);
        run_release(&cut);
        run_release(&killed);
    }
    forget(&keeping);
}

/* Without a point it is the first that does harm. */
Test(programs_kept, are_replayed_where_harm_begins)
{
    struct keeping keeping = keep(LEAKS);
    struct run run;

    keep_run(&keeping);
    run = RUN("replay", keeping.kept);
    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    EXPECT_SAYS(run.out, "Crash point 2 of strategy 'p'");
    EXPECT_SAYS(run.out, "2 of 2 real kills here came to the same");
    run_release(&run);
    forget(&keeping);
}

/* Which command is which is known by what is the same in both runs. A key that is named
 * by an id, a command that is too long for a line, and one that comes twice. */
Test(programs_kept, are_replayed_whatever_their_ids)
{
#define LONG                                                                             \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
    "xx"                                                                                 \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
    "xx"
    static const char *const verdicts[] = {
        "Verdict: intact now, clean later", "Verdict: torn now, leaked later",
        "Verdict: torn now, leaked later",  "Verdict: torn now, leaked later",
        "Verdict: torn now, leaked later",
    };
    static const char *const how[] = {
        "Told from what the run has kept",
        "The program ran again, and was killed",
        "The run has kept no trace of the program, so it was recorded anew",
    };
    static const char *const dead_behind[] = {
        NULL, "SET job:", "SET lock", "HSET jobs", "HSET jobs",
    };
    struct keeping keeping =
        keep(P("actor('tcp', 'say=SET job:{uuid} {ms}', 'say=SET lock {uuid} GET', "
               "'say=HSET jobs {uuid} " LONG "', 'say=HSET jobs {uuid} " LONG "', "
               "[[say=EVAL \"for _, key in ipairs(redis.call('KEYS', '*')) do "
               "redis.call('DEL', key) end redis.call('SET', 'done', 1)\" 0]])"));
    CLEANUP(mem_freep) char *older = mem_printf("%s/older", keeping.directory);

    keep_run(&keeping);
    kept_copy(keeping.kept, older);
    kept_make_traceless(older);
    for (size_t k = 0; k < ARRAY_SIZE(verdicts); k++) {
        CLEANUP(mem_freep) char *point = mem_printf("p:%zu", k);
        CLEANUP(mem_freep) char *executed =
            mem_printf("Redis executed the first %zu of 5 commands", k);
        struct run runs[] = { RUN("replay", keeping.kept, point),
                              RUN("replay", keeping.kept, point, "--kill"),
                              RUN("replay", older, point) };

        for (size_t r = 0; r < ARRAY_SIZE(runs); r++) {
            cr_expect_eq(runs[r].status, 0, "%s: status %d: %s%s", point, runs[r].status,
                         runs[r].out, runs[r].err);
            EXPECT_SAYS(runs[r].out, verdicts[k]);
            EXPECT_SAYS(runs[r].out, how[r]);
            if (k) {
                EXPECT_SAYS(runs[r].out, executed);
                EXPECT_SAYS(runs[r].out, dead_behind[k]);
            }
            run_release(&runs[r]);
        }
    }
    forget(&keeping);
}

/* What cannot be replayed is said, and what a replay finds to be another thing: of a run
 * without a trace, whose program is recorded anew. */
static const struct {
    const char *entries, *point, *option;
    int status;
    const char *said;
} refusals[] = {
    /* Another command each time. */
    { P("actor('count', 'tcp', 'say=SET a{dots} 1', 'say=DEL a. a.. a... a.... a..... "
        "a...... a....... a........')"),
      "p:1", NULL, 2,
      "strategy 'p': the program was recorded anew, and did not send "
      "'SET a. 1' 1 time, behind which the point was" },
    { P("actor('count', 'tcp', 'say=SET a{dots} 1', 'say=DEL a. a.. a... a.... a..... "
        "a...... a....... a........')"),
      "p:1", "--kill", 2, "did not send 'SET a. 1' 1 time" },
    { LEAKS, "p:6", NULL, 2, "strategy 'p' has no crash point 6: its update sends 5" },
    { LEAKS, "p:6", "--kill", 2,
      "strategy 'p' has no crash point 6: the program sends 5 commands" },
    { LEAKS, "q:1", NULL, 2, "no strategy 'q' took part in the run" },
    /* The state is another one: what was right is wrong now. */
    { "recover = actor('tcp', [[say=EVAL \"if redis.call('GET', 'a') == '1' then "
      "redis.call('DEL', 'a', 'b') end return 1\" 0]]),"
      "strategies = { { name = 'p', expect = 'safe', command = actor('count', 'tcp', "
      "'say=SET a {count}', 'say=SET b 1', 'say=DEL a b') } }",
      "p:1", NULL, 1, "NOT as recorded: " },
};

Test(programs_kept, are_not_replayed_as_something_else)
{
    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
        struct keeping keeping = keep(refusals[i].entries);
        struct run run = RUN("run", keeping.path, "-o", keeping.kept, "--prove", "0");
        struct run again;

        kept_make_traceless(keeping.kept);
        again = RUN("replay", keeping.kept, refusals[i].point, refusals[i].option);
        cr_expect_eq(run.status, 0, "%zu: status %d: %s%s", i, run.status, run.out,
                     run.err);
        cr_expect_eq(again.status, refusals[i].status, "%zu: status %d: %s%s", i,
                     again.status, again.out, again.err);
        EXPECT_SAYS(again.status == 2 ? again.err : again.out, refusals[i].said);
        if (again.status == 2)
            EXPECT_SILENT(again.out);
        run_release(&run);
        run_release(&again);
        forget(&keeping);
    }
}

/* Workers in Lua die for real in any case. */
Test(programs_kept, beside_lua)
{
    struct keeping keeping =
        keep("strategies = {\n"
             "  { name = 'p', expect = 'leaked', command = actor('tcp', 'say=SET a 1', "
             "'say=SET b 1', 'say=DEL a') },\n"
             "  { name = 'lua', expect = 'safe', update = 'SET b 1' } }");
    struct run replays[3];

    keep_run(&keeping);
    replays[0] = RUN("replay", keeping.kept, "lua:1", "--kill");
    replays[1] = RUN("replay", keeping.kept, "lua:1");
    replays[2] = RUN("replay", keeping.kept, "p:1", "--kill");
    cr_expect_eq(replays[0].status, 2, "status %d: %s", replays[0].status,
                 replays[0].out);
    EXPECT_SAYS(replays[0].err, "--kill is for programs, and strategy 'lua' is none: its "
                                "workers die for real in any case");
    EXPECT_SILENT(replays[0].out);
    cr_expect_eq(replays[1].status, 0, "status %d: %s", replays[1].status,
                 replays[1].err);
    EXPECT_SAYS(replays[1].out, "What the worker sent");
    cr_expect_eq(replays[2].status, 0, "status %d: %s", replays[2].status,
                 replays[2].err);
    EXPECT_SAYS(replays[2].out, "string 'a', which never expires");
    for (size_t i = 0; i < ARRAY_SIZE(replays); i++)
        run_release(&replays[i]);
    forget(&keeping);
}

/* ---- gone on with ---- */

/* A program comes to a gate, and knocks; the gate has been opened for those before it. */
struct gate {
    int knocks, gate;
};

static void open_gate(const struct gate *gate, int times)
{
    for (int i = 0; i < times; i++)
        cr_assert_eq(write(gate->gate, ".", 1), 1);
}

static void await_knocks(const struct gate *gate, int times)
{
    char byte;

    for (int i = 0; i < times; i++)
        cr_assert_eq(read(gate->knocks, &byte, 1), 1);
}

/* Of all that was written and nobody has read. */
static void empty(const struct gate *gate)
{
    const int fds[] = { gate->knocks, gate->gate };
    char byte;

    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        int left;

        cr_assert_eq(ioctl(fds[i], FIONREAD, &left), 0);
        while (left-- > 0)
            cr_assert_eq(read(fds[i], &byte, 1), 1);
    }
}

/* How often it was started. */
static long long starts(const struct keeping *keeping)
{
    CLEANUP(mem_freep) char *path = mem_printf("%s/count", keeping->directory);
    struct stat st;

    cr_assert_eq(stat(path, &st), 0);
    return st.st_size;
}

/* The same without what is another each time. */
static char *timeless(const struct run *run)
{
    static const char *const timed[] = {
        "kills_per_second", "points_per_second", "seconds", "timings", "lanes", "machine"
    };
    json_t *copy;
    char *text;

    cr_assert_not_null(run->json, "%s%s", run->out, run->err);
    copy = json_deep_copy(run->json);
    for (size_t i = 0; i < ARRAY_SIZE(timed); i++)
        json_object_del(copy, timed[i]);
    text = json_dumps(copy, JSON_SORT_KEYS | JSON_INDENT(1));
    json_decref(copy);
    return text;
}

#define GATE "'knock=knocks', 'await=gate'"
#define GATED                                                                            \
    "recover = actor(" GATE ", 'tcp', 'say=GET k')," P(                                  \
        "actor('count', " GATE                                                           \
        ", 'tcp', 'line=hello', 'say=INCR k', 'say=EXPIRE k 60')")

/* Interrupted when its programs have come to their gates so many times, and gone on with.
 * The result is that of a run that nobody has interrupted. Returns whether there was
 * anything to be gone on with. */
static bool interrupt(const struct keeping *keeping, const struct gate *gate, int at,
                      int times, const char *whole)
{
    CLEANUP(mem_freep) char *kept = mem_printf("%s/%d", keeping->directory, at);
    struct live_run live;
    struct run stopped, again, told;
    bool begun;

    open_gate(gate, at - 1);
    live = START("run", keeping->path, "--now", "1700000000", "-o", kept);
    await_knocks(gate, at);
    cr_assert_eq(kill(live.pid, SIGINT), 0);
    stopped = run_finish(&live);
    cr_expect_eq(stopped.status, 130, "%d: status %d: %s", at, stopped.status,
                 stopped.err);
    begun = kept_has_begun(kept);
    open_gate(gate, 2 * times);
    again = begun ? RUN("run", "--resume", kept)
                  : RUN("run", keeping->path, "--now", "1700000000", "-o", kept);
    told = RUN("report", kept, "--format", "json");
    cr_expect_eq(again.status, 0, "%d: status %d: %s%s", at, again.status, again.out,
                 again.err);
    EXPECT_SAYS(again.out, "p:1, leaked, is proved by 2 real kills.");
    {
        CLEANUP(mem_freep) char *text = timeless(&told);

        cr_expect_str_eq(text, whole, "%d: %s\n%s", at, text, whole);
    }
    run_release(&stopped);
    run_release(&again);
    run_release(&told);
    empty(gate);
    return begun;
}

Test(programs_kept, are_gone_on_with)
{
    struct keeping keeping = keep(GATED);
    struct gate gate = { test_fifo(keeping.directory, "knocks", O_RDWR),
                         test_fifo(keeping.directory, "gate", O_RDWR) };
    CLEANUP(mem_freep) char *whole = NULL;
    struct run run, told;
    int times;

    open_gate(&gate, 1000);
    run = RUN("run", keeping.path, "--now", "1700000000", "-o", keeping.kept);
    cr_assert_eq(run.status, 0, "status %d: %s", run.status, run.err);
    cr_assert_eq(ioctl(gate.knocks, FIONREAD, &times), 0);
    cr_assert(times > 8 && times < 1000, "%d", times);
    empty(&gate);
    told = RUN("report", keeping.kept, "--format", "json");
    whole = timeless(&told);
    /* In the recording nothing is kept yet; in the last kill all but that. */
    cr_expect_not(interrupt(&keeping, &gate, 1, times, whole));
    for (int i = 1; i < 4; i++)
        interrupt(&keeping, &gate, times * i / 4, times, whole);
    cr_expect(interrupt(&keeping, &gate, times, times, whole));
    run_release(&run);
    run_release(&told);
    close(gate.knocks);
    close(gate.gate);
    forget(&keeping);
}

/* What is complete is told, and nothing is done again. */
Test(programs_kept, are_not_run_again_when_all_is_done)
{
    struct keeping keeping =
        keep(P("actor('count', 'tcp', 'say=INCR k', 'say=EXPIRE k 60')"));
    struct run run = RUN("run", keeping.path, "-o", keeping.kept);
    struct run json = RUN("report", keeping.kept, "--format", "json");
    struct run again, json_again;
    long long before = starts(&keeping);

    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    cr_expect_eq(before, 4); /* two recordings, two kills */
    again = RUN("run", "--resume", keeping.kept);
    json_again = RUN("report", keeping.kept, "--format", "json");
    cr_expect_eq(again.status, 0, "status %d: %s", again.status, again.err);
    cr_expect_str_eq(again.out, run.out, "%s\n%s", again.out, run.out);
    cr_expect_str_eq(json_again.out, json.out, "%s\n%s", json_again.out, json.out);
    cr_expect_eq(starts(&keeping), before, "it was started again");
    run_release(&run);
    run_release(&json);
    run_release(&again);
    run_release(&json_again);
    forget(&keeping);
}

/* ---- looked into ---- */

/* What it printed is kept: once, of the recording, whatever bytes; of much the beginning
 * and the end. */
Test(programs_kept, with_what_they_printed)
{
    struct keeping keeping = keep(
        P("actor('line=first', 'tcp', 'say=INCR k', 'print=6400', 'say=EXPIRE k 60', "
          "\"line=it's the last\")"));
    CLEANUP(mem_freep) char *output = NULL;
    long long length;

    keep_run(&keeping);
    output = kept_ask(keeping.kept, "SELECT output FROM programs WHERE strategy = 0");
    length = kept_number(keeping.kept, "SELECT length(output) FROM programs");
    cr_expect_eq(strncmp(output, "first\nxxxx", 10), 0, "%s", output);
    cr_expect_eq(length, 6 + 6400 + 14, "%lld", length);
    cr_expect_str_eq(output + strlen(output) - 14, "it's the last\n");
    forget(&keeping);
}

Test(programs_kept, with_little_of_much_that_they_printed)
{
    struct keeping keeping =
        keep(P("actor('line=first', 'print=5000000', 'tcp', 'say=INCR k', "
               "'say=EXPIRE k 60', 'line=the last')"));
    CLEANUP(mem_freep) char *output = NULL;

    keep_run(&keeping);
    output = kept_ask(keeping.kept, "SELECT output FROM programs");
    cr_expect_eq(strncmp(output, "first\nxxxx", 10), 0);
    cr_expect_lt(strlen(output), 1000000);
    cr_assert_gt(strlen(output), 9);
    cr_expect_str_eq(output + strlen(output) - 9, "the last\n");
    forget(&keeping);
}

/* On which connection each command came, and which state it left: one that changes
 * nothing leaves the one before, and one that undoes what was done an earlier one. */
static const struct {
    const char *command;
    long long connection, state;
} points[] = {
    { "", 0, 0 },      { "GET k", 1, 0 },    { "SET k 1", 1, 1 },     { "SET l 1", 2, 2 },
    { "DEL l", 2, 1 }, { "EXISTS k", 2, 1 }, { "EXPIRE k 60", 3, 3 },
};

static long long number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    cr_assert(json_is_integer(value), "%s is not a whole number", key);
    return json_integer_value(value);
}

Test(programs_kept, with_connections_and_states)
{
    struct keeping keeping =
        keep(P("actor('tcp', 'say=GET k', 'say=SET k 1', 'close', 'unix', 'say=SET l 1', "
               "'say=DEL l', 'say=EXISTS k', 'tcp', 'say=EXPIRE k 60')"));
    struct run json, text;
    const json_t *strategy, *program, *array;

    keep_run(&keeping);
    json = RUN("report", keeping.kept, "--format", "json");
    text = RUN("report", keeping.kept, "--points");
    strategy = json_strategy(&json, "p");
    program = json_object_get(strategy, "program");
    array = json_object_get(strategy, "points");
    cr_assert_eq(json_array_size(array), ARRAY_SIZE(points));
    for (size_t k = 0; k < ARRAY_SIZE(points); k++) {
        const json_t *point = json_array_get(array, k);

        cr_expect_str_eq(json_string_value(json_object_get(point, "command")),
                         points[k].command);
        cr_expect_eq(number(point, "state"), points[k].state, "%zu", k);
        if (k)
            cr_expect_eq(number(point, "connection"), points[k].connection, "%zu", k);
        else
            cr_expect_null(json_object_get(point, "connection"));
    }
    cr_expect_eq(number(program, "connections"), 3);
    cr_expect_eq(number(program, "states"), 4);
    /* Each state that a command leaves, once: the old one is left by none. */
    cr_expect_eq(number(program, "resent_compared"), 3);
    cr_expect_eq(number(program, "resent_same"), 3);

    EXPECT_SAYS(
        text.out,
        "p dead after dead before connec- a reader what point tion state sees stays");
    EXPECT_SAYS(text.out, "0 - GET k 0 intact clean");
    EXPECT_SAYS(text.out, "1 GET k SET k 1 1 0 intact clean");
    EXPECT_SAYS(text.out, "2 SET k 1 SET l 1 1 1 torn leaked");
    EXPECT_SAYS(text.out, "3 SET l 1 DEL l 2 2 torn leaked");
    EXPECT_SAYS(text.out, "4 DEL l EXISTS k 2 1 torn leaked");
    EXPECT_SAYS(text.out, "5 EXISTS k EXPIRE k 60 2 1 torn leaked");
    EXPECT_SAYS(text.out, "6 EXPIRE k 60 - 3 3 intact clean");
    run_release(&json);
    run_release(&text);
    forget(&keeping);
}
