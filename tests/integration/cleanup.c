/* cleanup.c - nothing is left behind, however a run ends.
 *
 * The test makes itself the adoptive parent of every orphan below it. So no process can
 * hide: when waitpid() says that there are no more children, there is no server, no lane
 * and no worker left. That they end at all is what the tests' timeouts watch. */
#include "testlib.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"

#define SEED 20261123
/* Has everything that a run has, and is soon in its kills. */
#define SCENARIO "sidekiq_busy", "--strategy", "batched-multi"

/* Makes sure that a run that begins and ends as it should leaves TMPDIR empty, whatever
 * was there of others that were killed. */
static void run_once_more(const char *directory)
{
    char *path = test_scenario("gap");
    struct run run = RUN("run", path, CENSUS, "--no-store");

    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    cr_expect_eq(test_directory_entries(directory), 0, "leftovers in TMPDIR");
    run_release(&run);
    free(path);
}

/* How long a run takes until it has done all but the kills, on this machine as it is now:
 * of it moments are drawn, so that they mean the same on a machine that is busy. */
static uint64_t usual_ns(void)
{
    uint64_t begin = clock_now_ns();
    struct run run = RUN("run", SCENARIO, "--trials", "0", "--no-store");

    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    run_release(&run);
    return clock_now_ns() - begin;
}

/* Begins a run that goes on for minutes, and returns at a moment of its life: while
 * servers start, in the controls, while costs are measured, in the census, in the kills.
 * Of three moments one is in the time that it usually takes to be in its kills, one in
 * the beginning, where everything is being set up, and one, whatever else the machine
 * does, among the kills. */
static struct live_run begin_and_let(uint64_t stream, uint64_t i, uint64_t usual)
{
    struct live_run live =
        i % 3 == 2 ? START("run", SCENARIO, ENDLESS, "--seed", "3")
                   : START("run", SCENARIO, "--trials", "1000000", "--seed", "3");

    if (i % 3 == 2)
        cr_assert(run_wait_for(&live, "kills "), "the run ended before its kills began");
    cr_expect(run_let(&live, rng_below(i % 3 ? usual / 20 : usual, SEED, stream, i)));
    return live;
}

Test(cleanup, sigkill_at_random_moments)
{
    char *directory = test_directory();
    const uint64_t times = UNLESS_SANITIZED(15, 9);
    size_t with_leftovers = 0;
    uint64_t usual = usual_ns();

    processes_adopt();
    for (uint64_t i = 0; i < times; i++) {
        struct live_run live = begin_and_let(0, i, usual);
        struct run run;

        cr_assert_eq(kill(live.pid, SIGKILL), 0);
        run = run_finish(&live);
        cr_expect_eq(run.status, 128 + SIGKILL);
        run_release(&run);
        processes_wait();
        with_leftovers += test_directory_entries(directory) > 0;
        run_once_more(directory);
    }
    /* Otherwise this test has tested nothing. */
    cr_expect_geq(with_leftovers, times / 3);
    test_directory_remove(directory);
}

/* The same with signals that can be caught. Before the program has prepared for them they
 * end it by themselves, and then there is nothing to remove. */
Test(cleanup, sigterm_at_random_moments)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
    char *directory = test_directory();
    const uint64_t times = UNLESS_SANITIZED(15, 9);
    size_t caught = 0;
    uint64_t usual = usual_ns();

    processes_adopt();
    for (uint64_t i = 0; i < times; i++) {
        struct live_run live = begin_and_let(1, i, usual);
        int number = signals[i / 3 % ARRAY_SIZE(signals)];
        struct run run;

        cr_assert_eq(kill(live.pid, number), 0);
        run = run_finish(&live);
        cr_expect(run.status == 130 || run.status == 128 + number, "status %d: %s",
                  run.status, run.err);
        caught += strstr(run.err, "stopped by signal") != NULL;
        cr_expect_eq(test_directory_entries(directory), 0,
                     "leftovers in TMPDIR after signal %d", number);
        processes_wait();
        run_release(&run);
    }
    cr_expect_geq(caught, times / 3);
    test_directory_remove(directory);
}

/* Somebody who leans on Ctrl-C gets a clean directory too. */
Test(cleanup, many_signals_in_a_row)
{
    char *directory = test_directory();

    processes_adopt();
    for (uint64_t i = 0; i < 5; i++) {
        struct live_run live = START("run", SCENARIO, "--trials", "1000000");
        struct run run;

        cr_expect(run_let(&live, 100 * NSEC_PER_MSEC));
        do
            kill(live.pid, SIGINT);
        while (run_let(&live, 100 * NSEC_PER_USEC));
        run = run_finish(&live);
        cr_expect(run.status == 130, "status %d: %s", run.status, run.err);
        cr_expect_eq(test_directory_entries(directory), 0, "leftovers in TMPDIR");
        processes_wait();
        run_release(&run);
    }
    test_directory_remove(directory);
}

/* Ends of other kinds: a result, a mistake in the scenario, a server that does not start.
 */
Test(cleanup, every_other_end)
{
    char *directory = test_directory();
    char *leaked = test_scenario("leaked"), *broken = test_scenario("expectations");
    const char *const runs[][8] = {
        { "run", leaked, "--trials", "20", "--lanes", "1", NULL },
        { "run", broken, "--trials", "20", "--lanes", "1", NULL },
        { "run", leaked, "--trials", "20", "--lanes", "5", NULL },
        { "run", leaked, "--trials", "20", "--fault", "step", NULL },
        { "run", leaked, "--redis-server", "/bin/false", NULL },
        { "run", leaked, "--redis-server", "/nowhere", NULL },
        { "run", leaked, "--strategy", "nowhere", NULL },
        { "run", "nowhere", NULL },
    };
    static const int statuses[] = { 0, 1, 0, 0, 4, 4, 2, 2 };

    processes_adopt();
    for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
        struct run run = run_afterkill(runs[i]);

        cr_expect_eq(run.status, statuses[i], "run %zu: status %d: %s", i, run.status,
                     run.err);
        cr_expect_eq(test_directory_entries(directory), 0, "run %zu: leftovers in TMPDIR",
                     i);
        processes_wait();
        run_release(&run);
    }
    free(leaked);
    free(broken);
    test_directory_remove(directory);
}

/* A part of the run dies; the rest must follow, also its grandchildren. */
Test(cleanup, sigkill_of_a_lane_or_a_server)
{
    static const char *const names[] = { "afterkill", "redis-server" };
    char *directory = test_directory();

    processes_adopt();
    for (uint64_t i = 0; i < 6; i++) {
        /* Not kept: no git is asked, whose process would have our name for a moment. */
        struct live_run live =
            START("run", SCENARIO, "--trials", "1000000", "--no-store");
        struct run run;
        pid_t victim;

        /* The first look that finds one is the moment, or a little later: behind a
         * server, because a child that loads the scenario has a lane's name. */
        while (!process_child(live.pid, "redis-server"))
            cr_assert(run_let(&live, NSEC_PER_MSEC));
        while (!(victim = process_child(live.pid, names[i % 2])))
            cr_assert(run_let(&live, NSEC_PER_MSEC));
        cr_expect(run_let(&live, rng_below(300 * NSEC_PER_MSEC, SEED, 2, i)));
        cr_assert_eq(kill(victim, SIGKILL), 0);
        run = run_finish(&live);
        cr_expect_eq(run.status, 4, "status %d: %s", run.status, run.err);
        cr_expect_eq(test_directory_entries(directory), 0, "leftovers in TMPDIR");
        processes_wait();
        run_release(&run);
    }
    test_directory_remove(directory);
}

/* A directory in use is not a leftover: two runs beside each other in one TMPDIR. */
Test(cleanup, runs_beside_each_other_leave_each_other_alone)
{
    char *directory = test_directory();
    struct live_run live = START("run", "sidekiq_busy", "--strategy", "script", ENDLESS);
    char *path = test_scenario("gap");
    struct run run;

    processes_adopt();
    while (processes_below(live.pid) < 3)
        cr_assert(run_let(&live, NSEC_PER_MSEC));
    run = RUN("run", path, "--trials", "0");
    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    cr_expect_eq(test_directory_entries(directory), 1, "the other run's directory");
    run_release(&run);
    cr_assert(run_wait_for(&live, "kills "), "the other run did not go on");
    cr_assert_eq(kill(live.pid, SIGTERM), 0);
    run = run_finish(&live);
    cr_expect_eq(run.status, 130, "status %d: %s", run.status, run.err);
    cr_expect_eq(test_directory_entries(directory), 0);
    processes_wait();
    run_release(&run);
    free(path);
    test_directory_remove(directory);
}

/* What only looks like a leftover stays: another's file, a directory whose owner is
 * there. */
Test(cleanup, only_leftovers_are_removed)
{
    char *directory = test_directory();
    char *file = test_file(directory, "afterkill-1-notadir", "precious\n");
    char *mine = mem_printf("%s/afterkill-%ld-starts", directory, (long)getpid());
    char *other = mem_printf("%s/something-else", directory);
    char *path = test_scenario("gap");
    struct run run;

    cr_assert_eq(mkdir(mine, 0700),
                 0); /* its owner lives, and has not come to locking it */
    cr_assert_eq(mkdir(other, 0700), 0);
    run = RUN("run", path, "--trials", "0");
    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    cr_expect_eq(access(file, F_OK), 0);
    cr_expect_eq(access(mine, F_OK), 0);
    cr_expect_eq(access(other, F_OK), 0);
    cr_expect_eq(test_directory_entries(directory), 3);
    run_release(&run);
    free(file);
    free(mine);
    free(other);
    free(path);
    test_directory_remove(directory);
}

/* So few descriptors that not even the temporary directory can be locked, and some more:
 * nothing stays behind. */
Test(cleanup, few_descriptors)
{
    char *directory = test_directory(), *path = test_scenario("leaked");
    struct rlimit before, limit;

    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    processes_adopt();
    for (rlim_t most = 4; most < 40; most += most < 16 ? 1 : 8) {
        pid_t pid;
        int status;

        limit = (struct rlimit){ most, before.rlim_max };
        pid = fork();
        if (pid == 0) {
            for (int fd = 3; fd < 1024; fd++)
                close(fd);
            setrlimit(RLIMIT_NOFILE, &limit);
            execl(getenv("AFTERKILL"), "afterkill", "run", path, "--trials", "5",
                  "--no-store", NULL);
            _exit(127);
        }
        cr_assert_eq(waitpid(pid, &status, 0), pid);
        cr_expect(WIFEXITED(status) && WEXITSTATUS(status) != 127, "%d descriptors: %x",
                  (int)most, (unsigned)status);
        cr_expect_eq(test_directory_entries(directory), 0, "%d descriptors", (int)most);
        processes_wait();
    }
    free(path);
    test_directory_remove(directory);
}

Test(cleanup, a_signal_that_asks_for_a_core)
{
    char *directory = test_directory(), *path = test_scenario("leaked");
    struct live_run live;
    struct run run;

    signal(SIGQUIT, SIG_DFL); /* a shell's background jobs have it ignored */
    processes_adopt();
    live = START("run", path, ENDLESS, "--no-store");
    cr_assert(run_wait_for(&live, "kills"));
    kill(live.pid, SIGQUIT);
    run = run_finish(&live);
    cr_expect_eq(run.status, 130, "status %d: %s", run.status, run.err);
    expect_stopped_by(run.out, SIGQUIT);
    cr_expect_eq(test_directory_entries(directory), 0);
    processes_wait();
    run_release(&run);
    free(path);
    test_directory_remove(directory);
}

/* As batch systems do it: everybody gets it, the children first. */
Test(cleanup, signals_to_all_processes_at_once)
{
    static const int signals[] = { SIGTERM, SIGUSR1 };
    char *directory = test_directory();

    processes_adopt();
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        struct live_run live = START("run", "sidekiq_busy", "--strategy", "script",
                                     ENDLESS, "--lanes", "1", "--no-store");
        struct run run;
        pid_t server, lane, worker;

        cr_assert(run_wait_for(&live, "kills"));
        server = process_child(live.pid, "redis-server");
        lane = process_child(live.pid, "afterkill");
        worker = process_child(lane, "afterkill"); /* there may be none just now */
        if (worker)
            kill(worker, signals[i]);
        kill(server, signals[i]);
        kill(lane, signals[i]);
        kill(live.pid, signals[i]);
        run = run_finish(&live);
        cr_expect_eq(run.status, 130, "signal %d: status %d: %s", signals[i], run.status,
                     run.err);
        expect_stopped_by(run.err, signals[i]);
        cr_expect_eq(test_directory_entries(directory), 0, "leftovers in TMPDIR");
        processes_wait();
        run_release(&run);
    }
    test_directory_remove(directory);
}

/* Whoever begins it has closed some of the first three descriptors, and who can write
 * must be told what is wrong. */
Test(cleanup, closed_descriptors)
{
    char *directory = test_directory(), *path = test_scenario("gap");

    processes_adopt();
    for (unsigned closed = 1; closed < 8; closed++) {
        int status = 0;
        pid_t pid = fork();

        if (pid == 0) {
            for (int fd = 0; fd < 3; fd++)
                if (closed >> fd & 1)
                    close(fd);
            execl(getenv("AFTERKILL"), "afterkill", "run", path, "--trials", "5",
                  "--lanes", "1", "--no-store", NULL);
            _exit(127);
        }
        cr_assert_eq(waitpid(pid, &status, 0), pid);
        cr_expect(WIFEXITED(status), "%u: signal %d", closed, WTERMSIG(status));
        cr_expect_eq(WEXITSTATUS(status), closed & 2 ? 4 : 0, "%u: status %d", closed,
                     WEXITSTATUS(status));
        cr_expect_eq(test_directory_entries(directory), 0, "%u", closed);
        processes_wait();
    }
    free(path);
    test_directory_remove(directory);
}
