/* programs_narrated.c - the trace of a program: it is kept with the run, byte for byte,
 * and a death is told from it when the program is not there any more. */
#include "acted.h"
#include "kept.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* What was run, in a directory that may go away, and where it is kept. */
struct keeping {
    char *directory, *kept, *path;
};

static struct keeping keep(const char *entries)
{
    struct keeping keeping = { .directory = test_directory() };
    struct run run;

    keeping.path = acted_scenario(keeping.directory, entries);
    keeping.kept = mem_printf("%s/kept", keeping.directory);
    run = RUN("run", keeping.path, "-o", keeping.kept);
    cr_assert(run.status == 0 || run.status == 1, "status %d: %s%s", run.status, run.out,
              run.err);
    run_release(&run);
    return keeping;
}

static void forget(struct keeping *keeping)
{
    free(keeping->path);
    free(keeping->kept);
    test_directory_remove(keeping->directory);
}

#define STRATEGY(command) "strategies = { { name = 'p', command = " command " } }"
#define ACTS(...) STRATEGY("actor(" __VA_ARGS__ ")")

static void expect_kept(const struct keeping *keeping, const char *sql,
                        const char *expected)
{
    CLEANUP(mem_freep) char *found = kept_ask(keeping->kept, sql);

    cr_expect_str_eq(found, expected, "%s\n     got %s\nexpected %s", sql, found,
                     expected);
}

/* ---- what is kept ---- */

/* Any bytes, in arguments and in replies. */
Test(programs_narrated, any_bytes)
{
    struct keeping keeping =
        keep(ACTS("'tcp', [[say=SET k \"a\\x00\\xff\\r\\n'\\\"\"]], 'say=GET k', 'unix', "
                  "[[say=HSET \"\\x00\" \"f\\x00\" \"\"]]"));

    expect_kept(&keeping, "SELECT hex(sent) FROM trace WHERE number = 0",
                "2A330D0A24330D0A5345540D0A24310D0A6B0D0A24370D0A6100FF0D0A27220D0A");
    expect_kept(&keeping, "SELECT hex(reply) FROM trace WHERE number = 1",
                "24370D0A6100FF0D0A27220D0A");
    expect_kept(&keeping, "SELECT hex(sent) FROM trace WHERE number = 2",
                "2A340D0A24340D0A485345540D0A24310D0A000D0A24320D0A66000D0A24300D0A0D0A");
    expect_kept(&keeping,
                "SELECT group_concat(reply_whole || ' ' || (sent_bytes = length(sent)) ||"
                " ' ' || (reply_bytes = length(reply)) || ' ' || answered) FROM trace",
                "1 1 1 1,1 1 1 2,1 1 1 3");
    expect_kept(&keeping,
                "SELECT hex(key) || ' ' || type || ' ' || hex(element) || ' ' ||"
                " hex(value) FROM changes WHERE state = 2",
                "00 hash 6600 ");
    expect_kept(&keeping, "SELECT group_concat(connection) FROM traces", "1,1,2");
    expect_kept(&keeping,
                "SELECT count(*) FROM trace a JOIN trace b ON a.number < b.number AND"
                " a.ns >= b.ns",
                "0");
    forget(&keeping);
}

/* What is huge is cut, and how long it was is said. Two values that begin alike are two.
 */
#define HUGE                                                                             \
    "{ 'sh', '-c', [[set -e; c() { redis-cli -u $REDIS_URL \"$@\"; }; "                  \
    "b() { head -c $1 /dev/zero | tr '\\0' x; echo $2; }; "                              \
    "b 2000000 a | c -x SET k; b 2000000 b | c -x SET k; c GET k; c DEL k]] }"

Test(programs_narrated, what_is_huge)
{
    struct keeping keeping = keep(STRATEGY(HUGE));
    struct run run;

    expect_kept(&keeping,
                "SELECT length(sent) || ' ' || sent_bytes FROM trace WHERE number = 0",
                "1048608 2000034");
    expect_kept(&keeping,
                "SELECT length(reply) || ' ' || (reply_bytes > 65000) FROM trace"
                " WHERE number = 2",
                "4096 1");
    expect_kept(&keeping,
                "SELECT group_concat(copies || ' ' || length(value) || ' ' || whole)"
                " FROM changes WHERE state = 2",
                "-1 4138 0,1 4138 0");
    expect_kept(&keeping,
                "SELECT count(DISTINCT value) || ' ' || min(instr(value,"
                " CAST('... (2000002 bytes, hash ' AS BLOB))) FROM changes",
                "2 4097");
    run = RUN("replay", keeping.kept, "p:2");
    cr_expect_eq(run.status, 0, "status %d: %s%s", run.status, run.out, run.err);
    EXPECT_SAYS(run.out, "2 SET k xxx");
    EXPECT_SAYS(run.out, "string 'k', which never expires NEITHER 'xxx");
    run_release(&run);
    forget(&keeping);
}

/* Only root may mount a file system, in a mount namespace of its own. */
static bool mount_small(const char *directory, const char *size)
{
    return unshare(CLONE_NEWNS) == 0 &&
           mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", directory, "tmpfs", 0, size) == 0;
}

/* The disk fills while the program is recorded: the run ends and says so, and nothing is
 * left of it that would be in the way of another one. */
Test(programs_narrated, on_a_disk_that_fills)
{
    char *directory = test_directory();
    CLEANUP(mem_freep) char *path = acted_scenario(directory, STRATEGY(HUGE));
    CLEANUP(mem_freep) char *small = mem_printf("%s/small", directory);
    CLEANUP(mem_freep) char *kept = mem_printf("%s/kept", small);
    struct run run;

    cr_assert_eq(mkdir(small, 0700), 0);
    if (!mount_small(small, "size=1m")) {
        test_directory_remove(directory);
        cr_skip_test("mounting a small file system is not allowed here");
    }
    run = RUN("run", path, "-o", kept);
    cr_expect_eq(run.status, 4, "status %d: %s%s", run.status, run.out, run.err);
    EXPECT_SAYS(run.err, "the disk is full");
    cr_expect_eq(test_directory_entries(small), 0);
    run_release(&run);
    cr_assert_eq(mount("tmpfs", small, "tmpfs", MS_REMOUNT, "size=64m"), 0);
    run = RUN("run", path, "-o", kept);
    cr_expect_eq(run.status, 0, "status %d: %s%s", run.status, run.out, run.err);
    cr_expect_eq(kept_number(kept, "SELECT count(*) FROM trace"), 4);
    run_release(&run);
    cr_expect_eq(umount(small), 0);
    test_directory_remove(directory);
}

/* Of a state that is huge as much is kept as there is room for, and what is missing is
 * said. */
Test(programs_narrated, states_that_are_huge)
{
    struct keeping keeping =
        keep(ACTS("'tcp', [[say=EVAL \"for i = 1, 12000 do redis.call('RPUSH', 'l', i) "
                  "end\" 0]], 'say=SET k 1', 'say=DEL l'"));
    struct run run = RUN("replay", keeping.kept, "p:2");

    expect_kept(&keeping, "SELECT group_concat(omitted) FROM contents", "0,2000,0,2000");
    expect_kept(&keeping, "SELECT count(*) FROM changes WHERE state = 1", "10000");
    cr_expect_eq(run.status, 0, "status %d: %s%s", run.status, run.out, run.err);
    EXPECT_SAYS(run.out, "Not all of these states was kept, because it was too much: "
                         "4000 changes on the way to them are not known");
    EXPECT_SAYS(run.out, "Now: torn, as the run found when all was there");
    cr_expect_not(says(run.out, "A reader sees"), "%s", run.out);
    run_release(&run);
    forget(&keeping);
}

/* Two that wait, of which one is answered. */
Test(programs_narrated, commands_that_wait)
{
    struct keeping keeping =
        keep(ACTS("'fork', 'tcp', 'send=BLPOP l 0', 'ready', 'hear', 'end', 'unix', "
                  "'until=blocked_clients:1 INFO clients', 'say=SET k 1', "
                  "'say=RPUSH l a', 'join'"));
    CLEANUP(mem_freep)
    char *waits = kept_ask(keeping.kept, "SELECT answered > number + 1 FROM trace WHERE "
                                         "instr(sent, CAST('BLPOP' AS BLOB))");
    CLEANUP(mem_freep)
    char *point = kept_ask(keeping.kept, "SELECT 'p:' || (number + 1) FROM trace WHERE "
                                         "instr(sent, CAST('SET' AS BLOB))");
    CLEANUP(mem_freep) char *last = kept_ask(keeping.kept, "SELECT 'p:' || count(*) FROM "
                                                           "trace");
    struct run before = RUN("replay", keeping.kept, point);
    struct run after = RUN("replay", keeping.kept, last);

    cr_expect_str_eq(waits, "1");
    cr_expect_eq(before.status, 0, "%s", before.err);
    EXPECT_SAYS(before.out, "BLPOP l 0 (waits)");
    EXPECT_SAYS(after.out, "BLPOP l 0 2 items");
    run_release(&before);
    run_release(&after);
    forget(&keeping);
}

/* ---- what is told ---- */

#define LOCKS                                                                            \
    ACTS("'count', 'tcp', 'say=SET lock {uuid}', 'unix', 'say=HSET h a 1 b 2', "         \
         "'say=EXPIRE h 60', 'say=HDEL h a', 'say=DEL lock'")

static const char *const tales[][6] = {
    { "Redis executed none of the 5 commands", "exactly the old state",
      "It is state 0 of the recording", "nothing that is wrong",
      "No real kill was tried at this point" },
    { "1 0 us 1 SET lock",
      "OK --- all that the program has started is dead here --- 2 "
      "HSET h a 1 b 2 not executed",
      "string 'lock', which never expires NEITHER '", "1 element in neither state",
      "2 of 2 real kills here came to the same" },
    { "us 2 HSET h a 1 b 2 (integer) 2 ---", "hash 'h', which never expires",
      "NEITHER 'a' = '1': a new element", "Verdict: torn now, leaked later" },
    { "hash 'h', which expires in 60 s", "only new 'b' = '2'",
      "Verdict: torn now, leaked later" },
    { "us 2 HDEL h a (integer) 1 --- all", "only new 'b' = '2'",
      "It is state 4 of the recording", "1 element in neither state" },
    { "--- the update is over ---", "exactly the new state",
      "Redis executed all of the 5 commands", "Verdict: intact now, clean later" },
};

/* Neither the program nor a server is needed. */
Test(programs_narrated, when_nothing_is_there_any_more)
{
    struct keeping keeping = keep(LOCKS);
    CLEANUP(mem_freep) char *elsewhere = test_directory();
    CLEANUP(mem_freep) char *kept = mem_printf("%s/kept", elsewhere);

    kept_copy(keeping.kept, kept);
    forget(&keeping);
    for (size_t k = 0; k < ARRAY_SIZE(tales); k++) {
        CLEANUP(mem_freep) char *point = mem_printf("p:%zu", k);
        struct run run = RUN("replay", kept, point, "--redis-server", "/nowhere");

        cr_expect_eq(run.status, 0, "%s: status %d: %s%s", point, run.status, run.out,
                     run.err);
        EXPECT_SAYS(run.out, "Told from what the run has kept: nothing is started, and "
                             "nothing judged anew. With --kill the program runs again");
        for (size_t i = 0; i < 6 && tales[k][i]; i++)
            EXPECT_SAYS(run.out, tales[k][i]);
        cr_expect_not(says(run.out, "NOT as recorded"), "%s", run.out);
        run_release(&run);
    }
    test_directory_remove(elsewhere);
    elsewhere = NULL;
}

static uint64_t number(const json_t *object, const char *key)
{
    cr_assert(json_is_integer(json_object_get(object, key)), "%s", key);
    return (uint64_t)json_integer_value(json_object_get(object, key));
}

static const char *text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

/* As the text has it, blanks aside. */
static void expect_command(const json_t *command, const char *told)
{
    CLEANUP(mem_freep) char *line = NULL;

    if (json_is_true(json_object_get(command, "executed")))
        line = mem_printf("%d %.0f us %d %s %s", (int)number(command, "number"),
                          json_real_value(json_object_get(command, "us")),
                          (int)number(command, "connection"), text(command, "command"),
                          text(command, "reply"));
    else
        line = mem_printf("%d %s not executed", (int)number(command, "number"),
                          text(command, "command"));
    EXPECT_SAYS(told, line);
}

/* How often an element is in the state, the old one and the new one is what its mark
 * says. */
static void expect_element(const json_t *element, const char *told)
{
    CLEANUP(mem_freep) char *line = NULL;
    uint64_t here = number(element, "here"), old = number(element, "old"),
             new = number(element, "new");

    if (here)
        line = mem_printf("%s '%s",
                          old && new ? "in both"
                          : old      ? "only old"
                          : new      ? "only new"
                                     : "NEITHER",
                          text(element, "element"));
    if (line && *text(element, "element"))
        EXPECT_SAYS(told, line);
}

/* What the JSON has is what the text tells. */
Test(programs_narrated, as_json)
{
    static const size_t elements[] = { 0, 1, 3, 3, 2, 1 };
    struct keeping keeping = keep(LOCKS);

    for (size_t k = 0; k < ARRAY_SIZE(elements); k++) {
        CLEANUP(mem_freep) char *point = mem_printf("p:%zu", k);
        CLEANUP(mem_freep) char *state = mem_printf("It is state %zu of the", k);
        struct run told = RUN("replay", keeping.kept, point);
        struct run run = RUN("replay", keeping.kept, point, "--format", "json");
        json_t *json = json_loads(run.out, 0, NULL), *recorded, *one;
        CLEANUP(mem_freep) char *words = NULL, *proof = NULL;
        size_t i, here = 0;

        cr_assert(json, "%s%s", run.out, run.err);
        cr_expect_eq(run.status, told.status);
        cr_expect_str_eq(text(json, "source"), "kept");
        cr_expect_str_eq(text(json, "likeness"), "alike");
        cr_expect_eq(number(json, "number"), k);
        cr_expect_eq(number(json, "executed"), k);
        cr_expect_eq(number(json, "commands"), 5);
        cr_assert_eq(json_array_size(json_object_get(json, "trace")), 5);
        json_array_foreach (json_object_get(json, "trace"), i, one)
            expect_command(one, told.out);
        json_array_foreach (json_object_get(json, "elements"), i, one) {
            here += number(one, "here");
            expect_element(one, told.out);
        }
        cr_expect_eq(here, elements[k], "point %zu: %zu", k, here);
        EXPECT_SAYS(told.out, state);
        recorded = json_object_get(json, "recorded");
        words = json_words(json_object_get(recorded, "later"));
        proof = mem_printf("Verdict: %s now, %s later", text(recorded, "now"),
                           *words ? words : "clean");
        EXPECT_SAYS(told.out, proof);
        EXPECT_SAYS(told.out, text(json, "example"));
        one = json_object_get(json, "proof");
        cr_expect_eq(json_is_null(one),
                     says(told.out, "No real kill was tried at this point"));
        if (!json_is_null(one))
            cr_expect_eq(number(one, "proved") + number(one, "kills"), 4);
        json_decref(json);
        run_release(&run);
        run_release(&told);
    }
    forget(&keeping);
}

/* Of one that is performed the text is all that there is. */
Test(programs_narrated, as_json_when_it_is_performed)
{
    struct keeping keeping = keep(LOCKS);
    struct run run = RUN("replay", keeping.kept, "p:1", "--kill", "--format", "json");
    json_t *json = json_loads(run.out, 0, NULL);

    cr_assert(json, "%s%s", run.out, run.err);
    cr_expect_str_eq(text(json, "source"), "performed");
    cr_expect_str_eq(text(json, "strategy"), "p");
    EXPECT_SAYS(text(json, "narrative"), "was killed for real");
    cr_expect_null(json_object_get(json, "trace"));
    json_decref(json);
    run_release(&run);
    forget(&keeping);
}

/* A completed update is looked at as it was behind its last command, like each death:
 * the times to live that it has set do not get shorter while the program goes on. */
Test(programs_narrated, times_to_live_of_a_program_that_goes_on)
{
    struct keeping keeping =
        keep(ACTS("'tcp', 'say=SET k 1', 'say=EXPIRE k 60', 'until=58 TTL k'"));
    struct run run = RUN("replay", keeping.kept, "p:1", "--kill");

    EXPECT_SAYS(run.out, "60 s after the death: what is due goes away");
    run_release(&run);
    forget(&keeping);
}

/* A state that is kept is held against the one that was judged. */
static const struct {
    const char *sql;
    int status;
    const char *said;
} damages[] = {
    { "UPDATE changes SET value = CAST('2' AS BLOB) WHERE key = CAST('h' AS BLOB)", 1,
      "NOT as recorded: the state after the death that is kept is another one" },
    { "UPDATE changes SET value = CAST('3' AS BLOB) WHERE state = 5", 1,
      "NOT as recorded: the new state that is kept is another one" },
    { "INSERT INTO changes SELECT NULL, strategy, 0, 1, key, type, element, value, "
      "shown, "
      "expires, effect, whole FROM changes WHERE state = 1",
      1, "NOT as recorded" },
    { "DELETE FROM changes WHERE state = 1", 1, "NOT as recorded" },
    { "UPDATE changes SET expires = 7", 4, "a state holds what cannot be" },
    { "DELETE FROM trace WHERE number = 4", 4, "its trace lacks commands" },
    { "DELETE FROM trace WHERE number = 1", 4, "its trace has other commands than it" },
    { "UPDATE trace SET sent = CAST('nonsense' AS BLOB) WHERE number = 0", 4,
      "take command 1 of a recording apart" },
};

Test(programs_narrated, what_is_not_what_was_judged)
{
    struct keeping keeping = keep(LOCKS);

    for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
        CLEANUP(mem_freep) char *copy = mem_printf("%s/%zu", keeping.directory, i);
        struct run run;

        kept_copy(keeping.kept, copy);
        kept_change(copy, "%s", damages[i].sql);
        run = RUN("replay", copy, "p:3");
        cr_expect_eq(run.status, damages[i].status, "%s: status %d: %s%s", damages[i].sql,
                     run.status, run.out, run.err);
        EXPECT_SAYS(run.status == 1 ? run.out : run.err, damages[i].said);
        run_release(&run);
    }
    forget(&keeping);
}

/* Where too little is kept, the program is recorded anew, which is said. */
Test(programs_narrated, not_of_older_runs)
{
    struct keeping keeping = keep(LOCKS);
    struct run run;

    kept_make_traceless(keeping.kept);
    run = RUN("replay", keeping.kept, "p:1");
    cr_expect_eq(run.status, 0, "status %d: %s%s", run.status, run.out, run.err);
    EXPECT_SAYS(run.out, "The run has kept no trace of the program, so it was recorded "
                         "anew: its ids and times are others than in the run");
    EXPECT_SAYS(run.out, "as recorded");
    run_release(&run);
    forget(&keeping);
}
