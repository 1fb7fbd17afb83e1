/* load - no scenario takes for ever to be loaded, whatever function of Lua's it is
 * within, and a signal does not wait for it. */
#include "kept.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

static const char pattern[] =
    "return (('a'):rep(5000) .. 'b'):find(('a-'):rep(30) .. 'c')";
static const char repetition[] = "return { title = (''):rep(1 << 62) }";

/* Every command that loads files. All at once: each takes five seconds or six, in which
 * it does nothing but count, so all let others have the CPUs but the first, which must
 * come to look at its clock within the sixth. */
Test(load, has_an_end)
{
    static const struct {
        const char *text, *command, *option;
        const char *says; /* where it was, if that is known: no function is to blame */
    } rows[] = {
        { "while true do end", "run", NULL, "endless0.lua:1: the file did not" },
        { "table.move({}, 1, 1 << 62, 2)", "check", NULL, NULL },
        { pattern, "list", NULL, NULL },
        { repetition, "run", "--against", NULL },
    };
    char *files = test_directory(), *directory = test_directory();
    CLEANUP(mem_freep)
    char *new = test_file(files, "new.lua",
                          "return { strategies = { { name = 'only', expect = 'safe', "
                          "update = 'SET a 1' } } }");
    struct live_run live[ARRAY_SIZE(rows)];

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(mem_freep) char *name = mem_printf("endless%zu.lua", i);
        CLEANUP(mem_freep) char *path = test_file(files, name, rows[i].text);

        if (i == 1)
            cr_assert_neq(nice(19), -1);
        live[i] = rows[i].option ? START(rows[i].command, rows[i].option, path, new)
                                 : START(rows[i].command, path);
    }
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct run run = run_finish(&live[i]);

        cr_expect_eq(run.status, 2, "%s: status %d: %s", rows[i].text, run.status,
                     run.err);
        EXPECT_SAYS(run.out[0] ? run.out : run.err,
                    "the file did not return within 5 seconds; ");
        if (rows[i].says) {
            EXPECT_SAYS(run.err, rows[i].says);
            EXPECT_SAYS(run.err, "is there an endless loop outside the functions?");
            EXPECT_SILENT(run.out);
        }
        run_release(&run);
    }
    cr_expect_eq(test_directory_entries(directory), 0, "leftovers in TMPDIR");
    test_directory_remove(files);
    test_directory_remove(directory);
}

Test(load, a_signal_does_not_wait_for_it)
{
    char *directory = test_directory();
    CLEANUP(mem_freep) char *path = test_file(directory, "endless.lua", repetition);
    struct live_run live = START("check", path);
    struct run run;

    while (!processes_below(live.pid))
        cr_assert(run_let(&live, NSEC_PER_MSEC), "it ended before it had a child");
    kill(live.pid, SIGTERM);
    run = run_finish(&live);
    cr_expect_eq(run.status, 130, "status %d: %s", run.status, run.err);
    EXPECT_SAYS(run.out, "it was not finished: the check was interrupted");
    run_release(&run);
    test_directory_remove(directory);
}

/* What it has made by then, it removes. */
Test(load, a_signal_does_not_wait_for_a_replay)
{
    char *directory = test_directory(), *kept = mem_printf("%s/kept", directory);
    CLEANUP(mem_freep) char *path = test_scenario("gap");
    struct run run = RUN("run", path, CENSUS, "-o", kept);
    struct live_run live;

    cr_assert_eq(run.status, 0, "%s", run.err);
    run_release(&run);
    kept_change(kept, "UPDATE plan SET value = 'return { title = (\"\"):rep(1 << 62) }'"
                      " WHERE name = 'scenario.text'");
    live = START("replay", kept, "delete-first:1");
    while (!processes_below(live.pid))
        cr_assert(run_let(&live, NSEC_PER_MSEC), "it ended before it had a child");
    kill(live.pid, SIGTERM);
    run = run_finish(&live);
    cr_expect_eq(run.status, 130, "status %d: %s", run.status, run.err);
    EXPECT_SILENT(run.out);
    expect_stopped_by(run.err, SIGTERM);
    cr_expect_eq(test_directory_entries(directory), 1, "leftovers in TMPDIR");
    run_release(&run);
    free(kept);
    test_directory_remove(directory);
}
