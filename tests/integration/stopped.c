/* stopped.c - processes that somebody has stopped: they are named, soon, and the run ends
 * as it does after any other trouble. A run that is stopped from the terminal goes on. */
#include "base/clock.h"
#include "base/process.h"
#include "testlib.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What ps calls a process that runs the program itself, as lanes do. */
static const char *own_name(void)
{
    static char name[16];
    const char *path = getenv("AFTERKILL"), *slash = strrchr(path, '/');

    snprintf(name, sizeof(name), "%s", slash ? slash + 1 : path);
    return name;
}

static void expect_named(const char *directory, const char *process, const char *words)
{
    struct live_run live = START("run", "sidekiq_busy", ENDLESS, "--strategy",
                                 "batched-multi", "--lanes", "1", "--no-store");
    struct run run;
    pid_t victim;

    cr_assert(run_wait_for(&live, "kills"));
    victim = process_child(live.pid, process);
    cr_assert(victim > 0, "there is no %s", process);
    cr_assert_eq(kill(victim, SIGSTOP), 0);
    run = run_finish(&live);
    cr_expect_eq(run.status, 4, "status %d: %s", run.status, run.err);
    EXPECT_SAYS(run.err, words);
    run_release(&run);
    processes_wait();
    cr_expect_eq(test_directory_entries(directory), 0, "leftovers in TMPDIR");
}

Test(stopped, processes_are_named)
{
    char *directory = test_directory();

    processes_adopt();
    expect_named(directory, "redis-server", "somebody has stopped its redis-server");
    expect_named(directory, "afterkill-relay", "somebody has stopped its relay");
    expect_named(directory, own_name(), "somebody has stopped the lane itself");
    test_directory_remove(directory);
}

/* As by Ctrl-Z and fg, and Ctrl-C at last. */
Test(stopped, from_the_terminal_and_on_again)
{
    char *directory = test_directory();
    struct live_run live =
        START("run", "sidekiq_busy", ENDLESS, "--strategy", "batched-multi", "--lanes",
              "1", "--no-store", "--format", "json");
    siginfo_t info = { .si_pid = 0 };
    struct run run;

    cr_assert(run_wait_for(&live, "kills"));
    cr_assert_eq(kill(live.pid, SIGTSTP), 0);
    cr_assert_eq(waitid(P_PID, (id_t)live.pid, &info, WSTOPPED | WEXITED | WNOWAIT), 0);
    cr_expect_eq(info.si_code, CLD_STOPPED, "it did not stop");
    cr_expect_eq(kill(live.pid, SIGCONT), 0);
    cr_expect(run_wait_for(&live, "kills"), "it did not go on");
    cr_expect_eq(kill(live.pid, SIGINT), 0);
    run = run_finish(&live);
    cr_expect_eq(run.status, 130, "status %d: %s", run.status, run.err);
    cr_expect_gt(json_count(json_strategy(&run, "batched-multi"), "kills", "valid"), 0);
    run_release(&run);
    cr_expect_eq(test_directory_entries(directory), 0, "leftovers in TMPDIR");
    test_directory_remove(directory);
}

/* A lane, its relay, its server and who has started them, who is the last to know. */
static void signal_all(pid_t pid, int number)
{
    const pid_t all[] = { process_child(pid, own_name()),
                          process_child(pid, "afterkill-relay"),
                          process_child(pid, "redis-server"), pid };
    siginfo_t info = { .si_pid = 0 };

    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        cr_assert_gt(all[i], 0, "one of the run's processes is not there");
        cr_assert_eq(kill(all[i], number), 0);
    }
    if (number != SIGSTOP)
        return;
    cr_assert_eq(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WEXITED | WNOWAIT), 0);
    cr_assert_eq(info.si_code, CLD_STOPPED, "it did not stop");
}

static double kill_seconds(const struct run *run)
{
    const json_t *strategy = json_strategy(run, "batched-multi");
    json_t *result = json_loads(run->out, 0, NULL);
    double per_second, attempts = 0;
    static const char *const ends[] = { "valid",    "missed", "early",
                                        "timeouts", "errors", "disturbed" };

    cr_assert_not_null(result);
    per_second = json_number_value(json_object_get(result, "kills_per_second"));
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
        attempts += (double)json_count(strategy, "kills", ends[i]);
    json_decref(result);
    cr_assert_gt(attempts, 0);
    return attempts / per_second;
}

/* By SIGSTOP, of which nobody is told. The time is not that of the kills. However slow
 * the machine is, the run is over only when it is told to be. */
Test(stopped, all_at_once_and_on_again)
{
    char *directory = test_directory();
    struct timespec rest = { .tv_sec = 4 };
    uint64_t begun_ns = clock_now_ns(), stopped_ns, gone_on_ns;
    struct live_run live =
        START("run", "sidekiq_busy", ENDLESS, "--strategy", "batched-multi", "--lanes",
              "1", "--no-store", "--format", "json");
    struct run run;

    cr_assert(run_wait_for(&live, "kills"));
    signal_all(live.pid, SIGSTOP);
    stopped_ns = clock_now_ns();
    while (nanosleep(&rest, &rest) < 0)
        ;
    gone_on_ns = clock_now_ns();
    signal_all(live.pid, SIGCONT);
    cr_expect(run_wait_for(&live, "kills"), "it did not go on");
    cr_expect_eq(kill(live.pid, SIGINT), 0);
    run = run_finish(&live);
    cr_expect_eq(run.status, 130, "status %d: %s", run.status, run.err);
    cr_expect_lt(
        kill_seconds(&run),
        ns_to_s((double)(clock_now_ns() - begun_ns - (gone_on_ns - stopped_ns))) + 0.3);
    run_release(&run);
    cr_expect_eq(test_directory_entries(directory), 0, "leftovers in TMPDIR");
    test_directory_remove(directory);
}
