/* programs_told.c - what the user of a program is told: no cure that would be a guess, no
 * line that is another update, whose time it was that ran out, and how far a run is. */
#include "acted.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define ONE(expect, command)                                                             \
    "strategies = { { name = 'p', expect = '" expect "', command = " command " } }"

/* Runs a scenario and expects the report to say some things, and not to say others. */
static void expect_told(const char *entries, const char *const *said,
                        const char *const *unsaid)
{
    char *directory = test_directory();
    CLEANUP(mem_freep) char *path = acted_scenario(directory, entries);
    struct run run = RUN("run", path, "--no-store", "--points");

    cr_expect_leq(run.status, 1, "status %d: %s", run.status, run.err);
    for (size_t i = 0; said[i]; i++)
        EXPECT_SAYS(run.out, said[i]);
    for (size_t i = 0; unsaid[i]; i++)
        cr_expect_not(says(run.out, unsaid[i]), "%s: %s", unsaid[i], run.out);
    run_release(&run);
    test_directory_remove(directory);
}
#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* ---- cures ---- */

/* What scripts do with their keys, and what a queue keeps for good, is theirs. */
Test(programs_told, no_guess_is_a_cure)
{
    expect_told(
        ONE("safe", "actor('tcp', 'say=INCR k', 'say=EXPIRE k 60')"),
        TEXTS("Cure: INCR k and EXPIRE k must be one", "Tried: harmless at all 5 points",
              "As it was tried", "try '[INCR k ; EXPIRE k 60 NX]'",
              "As one execution sent it, in one line", "try 'INCR k | EXPIRE k 60'"),
        TEXTS("No usual cure"));
    expect_told(
        "before = 'SET pending 5'," ONE("safe", "actor('tcp', 'say=INCR pending', "
                                                "'say=SET r 1 EX 60', "
                                                "'say=DECR pending')"),
        TEXTS("No usual cure: from INCR pending to DECR pending it is done in part. "
              "Survivors must look for what stays, and finish or undo it"),
        TEXTS("Cure:", "needs an expiry", "As it was tried"));
    expect_told(
        ONE("safe", "actor('tcp', 'say=EVAL redis.call([[LPUSH]],KEYS[1],1) 1 wait', "
                    "'say=SET r 1 EX 60', "
                    "'say=EVAL redis.call([[DEL]],KEYS[1]) 1 wait')"),
        TEXTS("No usual cure: from EVAL wait"), TEXTS("Cure:", "needs an expiry"));
}

/* The same where the update is a function: a counter that is there for good before and
 * after is not to expire. */
Test(programs_told, no_expiry_for_what_is_kept)
{
    char *directory = test_directory();
    struct run kept = RUN("try", "--before", "SET pending 5",
                          "INCR pending | SET r 1 EX 60 | lua(DECR pending)");
    struct run made = RUN("try", "INCR pending | SET r 1 EX 60 | lua(DECR pending)");

    EXPECT_SAYS(kept.out, "recovery must find that out and end it, for pending is kept "
                          "for good, so that no expiry can");
    cr_expect_not(says(kept.out, "needs an expiry"), "%s", kept.out);
    EXPECT_SAYS(made.out, "pending needs an expiry from the start");
    run_release(&kept);
    run_release(&made);
    test_directory_remove(directory);
}

/* ---- lines to be pasted ---- */

Test(programs_told, no_line_of_several_connections)
{
    expect_told(ONE("safe", "actor('tcp', 'say=INCR k', 'close', 'unix', "
                            "'say=EXPIRE k 60')"),
                TEXTS("Advice (not tried: its commands went over several connections): "
                      "INCR k and EXPIRE k must be one",
                      "In one line, for `try`, it would be another update: its commands "
                      "went over several connections, and a line has one."),
                TEXTS("As one execution sent it", "As it was tried", "Cure:"));
}

/* ---- time that runs out ---- */

static const struct {
    const char *entries;
    const char *said[4];
} late[] = {
    { ONE("leaked", "actor('tcp', 'say=INCR k', 'line=one', 'line=two', 'sleep')"),
      { "strategy 'p': the program did not end within 2 s; say `timeout` if it takes "
        "longer, or `settle` if it never ends by itself",
        "'say=INCR k' line=one line=two sleep", "Sent last to Redis: INCR k",
        "The last that it printed: one two" } },
    { "before = actor('tcp', 'say=GET x', 'sleep')," ONE("leaked", "actor('tcp')"),
      { "before did not end within 2 s", "Sent last to Redis: GET x",
        "It printed nothing." } },
    { "recover = actor('tcp', 'send=BLPOP q 0', 'hear')," ONE(
          "leaked", "actor('tcp', 'say=INCR k')"),
      { "strategy 'p': recover did not end within 2 s",
        "Sent last to Redis: BLPOP q 0 (which waits)" } },
    { "alive = actor('tcp', 'send=PING', 'sleep')," ONE("leaked",
                                                        "actor('tcp', 'say=INCR k')"),
      { "strategy 'p': alive did not end within 2 s", "Sent last to Redis: PING" } },
    { "settle = '0.5s'," ONE("leaked", "actor('sleep')"),
      { "strategy 'p': the program did not end within 2 s; it has not connected to the "
        "Redis that it was offered",
        "Sent last to Redis: nothing" } },
    { "settle = '1.9s', recover = actor('tcp', 'poll=INCR n')," ONE(
          "leaked", "actor('tcp', 'say=INCR k')"),
      { "strategy 'p': recover did not end within 2 s; something changed all the time, "
        "so "
        "that `settle` (1.9 s) has not ended it" } },
};

/* Whose it was, what it was, where it was, and what it said; and not in which lane. */
Test(programs_told, whose_time_ran_out)
{
    for (size_t i = 0; i < ARRAY_SIZE(late); i++) {
        char *directory = test_directory();
        CLEANUP(mem_freep) char *entries = mem_printf("timeout = 2, %s", late[i].entries);
        CLEANUP(mem_freep) char *path = acted_scenario(directory, entries);
        struct run run = RUN("run", path, "--no-store");

        cr_expect_eq(run.status, 4, "status %d: %s%s", run.status, run.out, run.err);
        for (size_t s = 0; s < ARRAY_SIZE(late[i].said) && late[i].said[s]; s++)
            EXPECT_SAYS(run.err, late[i].said[s]);
        cr_expect_not(says(run.err, "lane 0"), "%s", run.err);
        run_release(&run);
        test_directory_remove(directory);
    }
}

/* ---- progress ---- */

/* Lets so many programs pass. */
static void let_pass(int gate, size_t count)
{
    static const char bytes[64];

    cr_assert_leq(count, sizeof(bytes));
    cr_assert_eq(write(gate, bytes, count), (ssize_t)count);
}

/* What is being done is said, however long it takes; here, until the test has heard it.
 */
Test(programs_told, how_far_a_run_is)
{
    char *directory = test_directory();
    CLEANUP(mem_freep)
    char *path = acted_scenario(
        directory, "recover = actor('await=survivors', 'tcp', 'say=GET k')," ONE(
                       "leaked", "actor('await=program', 'tcp', 'say=INCR k', "
                                 "'say=EXPIRE k 60')"));
    int program = test_fifo(directory, "program", O_RDWR);
    int survivors = test_fifo(directory, "survivors", O_RDWR);
    struct live_run live = START("run", path, "--no-store");
    struct run run;

    cr_expect(run_wait_for(&live, "s: p: recording, "));
    let_pass(program, 2);
    cr_expect(run_wait_for(&live, "s: p: survivors of control 1 of 2"));
    let_pass(survivors, 64);
    cr_expect(run_wait_for(&live, "s: p: proof 1 of 1"));
    let_pass(program, 2);
    run = run_finish(&live);
    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    run_release(&run);
    close(program);
    close(survivors);
    test_directory_remove(directory);
}
