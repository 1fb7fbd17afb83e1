/* load.c - see load.h. */
#include "cmd/load.h"

#include <errno.h>
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

#define GRACE_NS NSEC_PER_SEC /* in which the child can say so itself, and where it is   \
                               */
#define GRACE_RAN_NS (GRACE_NS / 5)
#define GLANCE_MS 50     /* signals that are held back wake nobody */
#define IDLE_GLANCES 600 /* half a minute, unless this process was stopped itself */

/* What is loaded; its text is in the file of that path, or given. */
struct source {
    const char *path, *text;
    const struct parameter_settings *settings;
    struct lua_State *sandbox;
};

static int load(const struct source *source, struct scenario **ret, struct err *err)
{
    return scenario_load_in(source->sandbox, source->path, source->text, source->settings,
                            ret, err);
}

/* In the child. What it has to say is the error, whole, or nothing. */
_Noreturn static void rehearse(const struct source *source, int out_fd)
{
    struct scenario *scenario = NULL;
    struct err err = ERR_NULL;
    sigset_t stop = signals_stop_set();

    for (size_t i = 0; i < SIGNALS_STOP; i++)
        if (sigismember(&stop, signals_stop[i]) == 1)
            signal(signals_stop[i], SIG_DFL);
    sigprocmask(SIG_UNBLOCK, &stop, NULL);
    if (load(source, &scenario, &err) < 0 &&
        write(out_fd, &err, sizeof(err)) != (ssize_t)sizeof(err))
        _exit(EXIT_FAILURE);
    _exit(EXIT_SUCCESS);
}

/* Until the child has closed its end. It is stopped, or has no CPU, if it does not run at
 * all: it has nothing to wait for. */
static int wait_for(pid_t pid, int fd, const char *path, struct err *err)
{
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
    uint64_t began_ns = clock_now_ns(), ran_ns = 0;
    unsigned idle = 0;
    clockid_t clock;

    if (clock_getcpuclockid(pid, &clock) != 0)
        return err_set(err, -ESRCH, "%s: a process that loads it is gone", path);
    while (poll(&poll_fd, 1, GLANCE_MS) <= 0) {
        uint64_t passed_ns = clock_now_ns() - began_ns, ran_before_ns = ran_ns;

        if (signals_check_stop(err) < 0)
            return err->code;
        ran_ns = clock_ran_ns(clock);
        idle = ran_ns == ran_before_ns ? idle + 1 : 0;
        if (idle == IDLE_GLANCES)
            return err_set(err, -ETIMEDOUT,
                           "%s: a process that loads it has not run for %d seconds; has "
                           "somebody stopped it?",
                           path, IDLE_GLANCES * GLANCE_MS / 1000);
        if (passed_ns > GRACE_NS &&
            sandbox_is_late(passed_ns - GRACE_NS,
                            ran_ns > GRACE_RAN_NS ? ran_ns - GRACE_RAN_NS : 0))
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

static int load_twice(struct source source, struct scenario **ret, struct err *err)
{
    int fds[2], code;
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) < 0)
        return err_errno(err, "load '%s': make a pipe", source.path);
    source.sandbox = sandbox_new(source.settings->seed);
    pid = process_fork(false, err);
    if (pid == 0)
        rehearse(&source, fds[1]);
    close(fds[1]);
    code = pid < 0 ? err->code : wait_for(pid, fds[0], source.path, err);
    if (code == 0)
        code = hear(pid, fds[0], source.path, err);
    close(fds[0]);
    if (pid > 0)
        process_destroy(pid);
    if (code == 0)
        return load(&source, ret, err);
    sandbox_free(source.sandbox);
    return code;
}

int load_scenario(const char *path, const struct parameter_settings *settings,
                  struct scenario **ret, struct err *err)
{
    return load_twice((struct source){ .path = path, .settings = settings }, ret, err);
}

int load_scenario_text(const char *path, const char *text,
                       const struct parameter_settings *settings, struct scenario **ret,
                       struct err *err)
{
    return load_twice((struct source){ path, text, settings, NULL }, ret, err);
}
