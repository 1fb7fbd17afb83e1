/* load - no scenario takes for ever to be loaded, whatever function of Lua's it is
 * within, and a signal does not wait for it. */
#include "testlib.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>

static const char *const endless[] = {
    "return { title = (''):rep(1 << 62) }",
    "table.move({}, 1, 1 << 62, 2)",
    "return (('a'):rep(5000) .. 'b'):find(('a-'):rep(30) .. 'c')",
    "while true do end",
};

/* All at once: each takes six seconds, in which it mostly waits for its child. */
Test(load, has_an_end)
{
    static const char *const commands[] = { "check", "run", "list", "check" };
    char *directory = test_directory();
    struct live_run live[ARRAY_SIZE(endless)];

    for (size_t i = 0; i < ARRAY_SIZE(endless); i++) {
        CLEANUP(mem_freep) char *name = mem_printf("endless%zu.lua", i);
        CLEANUP(mem_freep) char *path = test_file(directory, name, endless[i]);

        live[i] = START(commands[i], path);
    }
    for (size_t i = 0; i < ARRAY_SIZE(endless); i++) {
        struct run run = run_finish(&live[i]);

        cr_expect_eq(run.status, 2, "%s: status %d: %s", endless[i], run.status, run.err);
        EXPECT_SAYS(run.out[0] ? run.out : run.err,
                    "the file did not return within 5 seconds; ");
        run_release(&run);
    }
    cr_expect_eq(test_directory_entries(directory), ARRAY_SIZE(endless));
    test_directory_remove(directory);
}

Test(load, that_of_a_base_has_an_end_too)
{
    char *directory = test_directory();
    CLEANUP(mem_freep) char *base = test_file(directory, "endless.lua", endless[0]);
    CLEANUP(mem_freep)
    char *new = test_file(directory, "new.lua",
                          "return { strategies = { { name = 'only', expect = 'safe', "
                          "update = 'SET a 1' } } }");
    struct live_run live = START("run", "--against", base, new);
    struct run run = run_finish(&live);

    cr_expect_eq(run.status, 2, "status %d: %s", run.status, run.err);
    EXPECT_SAYS(run.err, "the file did not return within 5 seconds; ");
    run_release(&run);
    test_directory_remove(directory);
}

Test(load, a_signal_does_not_wait_for_it)
{
    char *directory = test_directory();
    CLEANUP(mem_freep) char *path = test_file(directory, "endless.lua", endless[0]);
    struct live_run live = START("check", path);
    struct run run;

    while (!processes_below(live.pid))
        sched_yield();
    kill(live.pid, SIGTERM);
    run = run_finish(&live);
    cr_expect_eq(run.status, 130, "status %d: %s", run.status, run.err);
    EXPECT_SAYS(run.out, "it was not finished: the check was interrupted");
    run_release(&run);
    test_directory_remove(directory);
}
