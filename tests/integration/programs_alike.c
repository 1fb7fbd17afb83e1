/* programs_alike.c - what differs from run to run of a program: ids and times get names,
 * other things can be named, and what is left cannot be judged. */
#include "acted.h"

#define UPDATE                                                                           \
    "strategies = { { name = 'p', expect = 'leaked',\n"                                  \
    "  command = actor('tcp', 'say=INCR k', 'say=EXPIRE k 60') } }"
#define STORY                                                                            \
    "p pass: 1 connections, 3 states: clean, leaked, clean; INCR k: leaked 2 of 2"

/* Survivors make something new each time, and the words are those of the same update
 * without them. */
Test(programs_alike, ids_and_times_of_survivors)
{
    static const char *const recover[] = {
        "'say=SET owner {uuid}'",
        "'say=SET at {ms}', 'say=HSET beat at {s}'",
        "'say=HSET job:{uuid} at {ms} by worker-{uuid}', 'say=RPUSH jobs {uuid} {uuid}'",
        "[[say=SET j '{\"id\":\"{uuid}\",\"at\":{ms},\"by\":[\"{uuid}\"]}']]",
        "'say=ZADD due {ms+5000} {uuid}'",
        "'say=XADD log * id {uuid}'",
        /* Two that write at once, in any order. */
        ("'fork', 'tcp', 'say=SADD who {uuid}', 'ready', 'end', "
         "'say=SADD who {uuid}', 'join'"),
    };

    for (size_t i = 0; i < ARRAY_SIZE(recover); i++) {
        CLEANUP(mem_freep)
        char *entries = mem_printf("recover = actor('tcp', %s),\n" UPDATE, recover[i]);

        acted_expect(entries, 0, STORY);
    }
}

/* What survivors make anew has another name than what the dead program has left, though
 * both are ids. */
Test(programs_alike, ids_that_leaked)
{
#define OWNED(recover, expect)                                                           \
    "before = 'SADD all a', recover = actor('tcp', " recover "),\n"                      \
    "strategies = { { name = 'p', expect = '" expect "',\n"                              \
    "  command = actor('tcp', 'say=HSET lock by {uuid}', 'say=DEL lock') } }"
    acted_expect(OWNED("'say=HSETNX lock by {uuid}'", "mixed"), 0,
                 "p pass: 1 connections, 2 states: clean, mixed, clean; HSET lock by: "
                 "mixed 2 of 2");
    acted_expect(OWNED("'say=HSET lock by {uuid}'", "safe"), 0,
                 "p pass: 1 connections, 2 states: clean");
    acted_expect(OWNED("'say=SADD all {uuid}'", "leaked"), 0,
                 "p pass: 1 connections, 2 states: clean, leaked, clean; HSET lock by: "
                 "leaked 2 of 2");
}

/* A program that is killed for real calls everything otherwise than the recorded one. */
Test(programs_alike, ids_of_the_killed)
{
    char *directory = test_directory();
    CLEANUP(mem_freep)
    char *path = acted_scenario(
        directory,
        "recover = actor('tcp', 'say=SADD seen {uuid}'),\n"
        "strategies = { { name = 'p', expect = 'mixed',\n"
        "  command = actor('tcp', 'say=HSET jobs {uuid} {ms}', 'say=RPUSH q {uuid}',\n"
        "    'say=HSET jobs {uuid} {ms}', 'say=RPUSH q {uuid}') } }");
    struct run run = RUN("run", path, "--no-store", "--prove", "all");

    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    EXPECT_SAYS(run.out, "p, a program: 4 commands on 1 connection leave 5 states.");
    EXPECT_SAYS(run.out,
                "p:1, mixed, is proved by 2 real kills. p:2, mixed, is proved by "
                "2 real kills. p:3, mixed, is proved by 2 real kills.");
    EXPECT_SAYS(run.out,
                "6 of 6 real kills left the recorded state, ids and times aside.");
    run_release(&run);
    test_directory_remove(directory);
}

/* The survivors count how often they have run. */
#define COUNTED(more, command)                                                           \
    more " recover = actor('count', 'tcp', 'say=" command "'),\n" UPDATE

/* What can be said of what differs. */
Test(programs_alike, what_is_named_in_the_scenario)
{
    static const char *const named[] = {
        COUNTED("ignore = { 'n' },", "SET n {count}"),
        COUNTED("ignore = { 'h#n' },", "HSET h n {count} m 1"),
        COUNTED("vary = { 'run-*' },", "SET n run-{count}"),
        COUNTED("vary = { 'run-*' },", "HSET h by run-{count}:x"),
    };

    for (size_t i = 0; i < ARRAY_SIZE(named); i++)
        acted_expect(named[i], 0, STORY);
}

/* And what is said if nothing is. */
static const struct {
    const char *entries;
    const char *said[3];
} refused[] = {
    { COUNTED("", "SET n {count}"),
      { "two runs of `recover` after the old state differ", "string 'n' = '" } },
    { COUNTED("vary = { 'walk-*' },", "SET n run-{count}"), { "string 'n' = 'run-" } },
    { COUNTED("ignore = { 'h#m' },", "HSET h n {count} m 1"), { "hash 'h'", "'n'" } },
    { "alive = actor('count', 'tcp', 'say=ECHO x{count}', 'want=x1')," UPDATE,
      { "two runs of `alive` after the old state differ", "exited with status 7" } },
};

Test(programs_alike, what_cannot_be_judged)
{
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        char *directory = test_directory();
        CLEANUP(mem_freep) char *path = acted_scenario(directory, refused[i].entries);
        struct run run = RUN("run", path, "--no-store");

        cr_expect_eq(run.status, 2, "%s\nstatus %d: %s%s", refused[i].entries, run.status,
                     run.out, run.err);
        for (size_t s = 0; s < 3 && refused[i].said[s]; s++)
            EXPECT_SAYS(run.err, refused[i].said[s]);
        EXPECT_SAYS(run.err, "what differs from run to run cannot be judged: freeze the "
                             "clock (clock = \"frozen\"), or name it in `ignore`, as in "
                             "ignore = { \"KEY#FIELD\" }, or in `vary`");
        run_release(&run);
        test_directory_remove(directory);
    }
}

/* A recording that is not like the one before it is told, and is no reason to refuse. */
Test(programs_alike, commands_that_vary)
{
    char *directory = test_directory();
    CLEANUP(mem_freep)
    char *path = acted_scenario(
        directory, "strategies = { { name = 'p', expect = 'leaked',\n"
                   "  command = actor('count', 'tcp', 'say=INCR k', 'say=ECHO a{dots}',\n"
                   "    'say=EXPIRE k 60', 'say=ECHO b{count}') } }");
    struct run run = RUN("run", path, "--no-store");

    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    EXPECT_SAYS(run.out,
                "p, a program: 4 commands on 1 connection leave 3 states; 1 of "
                "the commands varies from run to run. p:1, leaked, is proved by 2 "
                "real kills.");
    run_release(&run);
    test_directory_remove(directory);
}
