/* load.c - see load.h. */
#include "cmd/load.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "base/signals.h"
#include "scenario/sandbox.h"

#define GRACE_NS NSEC_PER_SEC
#define GLANCE_MS 50 /* signals that are held back wake nobody */

/* In the child. What it has to say is the error, whole, or nothing. */
_Noreturn static void rehearse(const char *path,
                               const struct parameter_settings *settings, int out_fd)
{
    struct scenario *scenario = NULL;
    struct err err = ERR_NULL;
    sigset_t stop = signals_stop_set();

    for (size_t i = 0; i < SIGNALS_STOP; i++)
        if (sigismember(&stop, signals_stop[i]) == 1)
            signal(signals_stop[i], SIG_DFL);
    sigprocmask(SIG_UNBLOCK, &stop, NULL);
    if (scenario_load(path, settings, &scenario, &err) < 0 &&
        write(out_fd, &err, sizeof(err)) != (ssize_t)sizeof(err))
        _exit(EXIT_FAILURE);
    _exit(EXIT_SUCCESS);
}

/* Until the child has closed its end. */
static int wait_for(int fd, const char *path, struct err *err)
{
    uint64_t deadline_ns = clock_now_ns() + sandbox_patience_ns + GRACE_NS;
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

    while (poll(&poll_fd, 1, GLANCE_MS) <= 0) {
        if (signals_check_stop(err) < 0)
            return err->code;
        if (clock_now_ns() > deadline_ns)
            return err_set(err, ERR_USAGE,
                           "%s: the file did not return within %.0f seconds; does a "
                           "pattern, string.rep or table.move take for ever?",
                           path, ns_to_s((double)sandbox_patience_ns));
    }
    return 0;
}

/* The error that the child found, or what became of it; 0: it has loaded the file. */
static int hear(pid_t pid, int fd, const char *path, struct err *err)
{
    siginfo_t info = { .si_pid = 0 };
    struct err heard;

    if (read(fd, &heard, sizeof(heard)) == (ssize_t)sizeof(heard)) {
        *err = heard;
        return err->code;
    }
    if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0)
        return err_errno(err, "%s: wait until it is loaded", path);
    if (info.si_code == CLD_EXITED && info.si_status == EXIT_SUCCESS)
        return 0;
    if (info.si_code != CLD_EXITED && signals_is_stop(info.si_status))
        return signals_stopped_by(info.si_status, err);
    return err_set(err, ERR_USAGE, "%s: a process that loaded it ended with %s %d", path,
                   info.si_code == CLD_EXITED ? "status" : "signal", info.si_status);
}

int load_scenario(const char *path, const struct parameter_settings *settings,
                  struct scenario **ret, struct err *err)
{
    int fds[2], code;
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) < 0)
        return err_errno(err, "load '%s': make a pipe", path);
    pid = process_fork(false, err);
    if (pid == 0)
        rehearse(path, settings, fds[1]);
    close(fds[1]);
    code = pid < 0 ? err->code : wait_for(fds[0], path, err);
    if (code == 0)
        code = hear(pid, fds[0], path, err);
    close(fds[0]);
    if (pid > 0)
        process_destroy(pid);
    return code == 0 ? scenario_load(path, settings, ret, err) : code;
}
