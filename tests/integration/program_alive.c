/* program_alive.c - a program of which a process cannot be killed is not waited for
 * without end, and is told of (tap/warden.h).
 *
 * Such a process runs as another user; who runs the tests may not make one. So here
 * kill(2) is refused by a filter of system calls, in a process that runs the program, and
 * in all that it starts. What is left is killed by the test, which is free to. */
#include "testlib.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"
#include "tap/program.h"

/* kill(2) fails by EPERM here from now on. False: there are no filters. */
static bool refuse_kills(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_kill, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { ARRAY_SIZE(filter), filter };

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* What came of it. */
struct outcome {
    bool filtered;
    int code;
    struct err err;
};

/* In a process of its own: the program's main process ends, and leaves one behind. */
__attribute__((noreturn)) static void run_it(const struct server *server,
                                             const char *directory, const char *hold,
                                             int answer)
{
    const char *argv[] = { getenv("ACTOR"), hold,     "tcp",   "say=INCR k",
                           "fork",          "setsid", "ready", "say=INCR k",
                           "sleep",         "end",    NULL };
    char *none[] = { NULL };
    struct program program = { (char *const *)(uintptr_t)argv, directory, none };
    struct program_run run = { .program = &program,
                               .server = &server->address,
                               .directory = directory,
                               .cut_after = RECORDER_NO_CUT };
    struct program_end end = { .output = NULL };
    struct outcome outcome = { .filtered = refuse_kills(), .err = ERR_NULL };

    if (outcome.filtered)
        outcome.code = program_run(&run, &end, &outcome.err);
    if (write(answer, &outcome, sizeof(outcome)) != sizeof(outcome))
        _exit(EXIT_FAILURE);
    _exit(EXIT_SUCCESS);
}

static struct outcome run_elsewhere(const struct server *server, const char *directory,
                                    const char *hold)
{
    struct outcome outcome;
    struct err err = ERR_NULL;
    int ends[2], status;
    pid_t pid;

    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    pid = process_fork(false, &err);
    if (pid == 0)
        run_it(server, directory, hold, ends[1]);
    close(ends[1]);
    cr_assert_eq(read(ends[0], &outcome, sizeof(outcome)), (ssize_t)sizeof(outcome));
    close(ends[0]);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_expect_eq(status, 0);
    return outcome;
}

/* Every process of the program has the FIFO open. */
static void expect_alive(int held, bool alive)
{
    char byte;

    cr_expect_eq(read(held, &byte, 1), alive ? -1 : 0);
}

static void await_end(int held)
{
    char byte;

    fcntl(held, F_SETFL, 0); /* read() waits */
    cr_expect_eq(read(held, &byte, 1), 0);
}

Test(program_alive, is_told_and_not_waited_for)
{
    char *directory = test_directory();
    struct server server = test_server(directory);
    CLEANUP(mem_freep) char *fifo = mem_printf("%s/held", directory);
    CLEANUP(mem_freep) char *hold = mem_printf("hold=%s", fifo);
    struct outcome outcome;
    int held, pid = 0;

    cr_assert_eq(mkfifo(fifo, 0600), 0);
    held = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    outcome = run_elsewhere(&server, directory, hold);
    if (outcome.filtered) {
        cr_expect_eq(outcome.code, -EBUSY, "%d: %s", outcome.code, outcome.err.msg);
        EXPECT_SAYS(outcome.err.msg, "may not be killed");
        EXPECT_SAYS(outcome.err.msg, "another user");
        expect_alive(held, true);
        cr_assert_eq(sscanf(outcome.err.msg, "run '%*[^']': its process %d ('", &pid), 1,
                     "%s", outcome.err.msg);
        cr_assert_gt(pid, 1);
        cr_expect_eq(kill(pid, SIGKILL), 0);
        await_end(held);
    }
    close(held);
    server_stop(&server);
    test_directory_remove(directory);
}
