/* subprocess.c - see subprocess.h. */
#include "cmd/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/signals.h"

#define PRINTED_MOST 800 /* fits into a message */
#define TICK_MS 500

/* In the child. Whatever goes wrong is told through the pipe, which exec closes. */
__attribute__((noreturn)) static void become(const struct subprocess *subprocess,
                                             const sigset_t *before, int failure_fd)
{
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    int out_fd = subprocess->out_fd < 0 ? null_fd : subprocess->out_fd;
    int err_fd = subprocess->err_fd < 0 ? null_fd : subprocess->err_fd;
    int code;

    sigprocmask(SIG_SETMASK, before, NULL);
    if (null_fd >= 0 && dup2(null_fd, STDIN_FILENO) >= 0 &&
        dup2(out_fd, STDOUT_FILENO) >= 0 && dup2(err_fd, STDERR_FILENO) >= 0)
        execv(subprocess->program, (char *const *)(uintptr_t)subprocess->arguments);
    code = errno;
    if (write(failure_fd, &code, sizeof(code)) < 0)
        _exit(126);
    _exit(127);
}

static int start(const struct subprocess *subprocess, const sigset_t *before,
                 pid_t *ret_pid, struct err *err)
{
    int pipe_fds[2], code = 0;
    ssize_t n;

    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        return err_errno(err, "pipe");
    *ret_pid = process_fork(true, err);
    if (*ret_pid == 0)
        become(subprocess, before, pipe_fds[1]);
    close(pipe_fds[1]);
    do
        n = *ret_pid > 0 ? read(pipe_fds[0], &code, sizeof(code)) : 0;
    while (n < 0 && errno == EINTR);
    close(pipe_fds[0]);
    if (*ret_pid < 0)
        return err->code;
    if (n != (ssize_t)sizeof(code))
        return 0;
    process_destroy(*ret_pid);
    return err_set(err, -code, "start '%s': %s", subprocess->program, err_words(code));
}

static bool took_too_long(const struct subprocess *subprocess, uint64_t start_ns)
{
    return subprocess->most_ms &&
           clock_now_ns() - start_ns > subprocess->most_ms * NSEC_PER_MSEC;
}

/* Waits until it is a zombie; passes on the first signal that asks to stop. */
static int wait_for(const struct subprocess *subprocess, pid_t pid, int pid_fd,
                    int signal_fd, struct err *err)
{
    struct pollfd fds[] = { { .fd = pid_fd, .events = POLLIN },
                            { .fd = signal_fd, .events = POLLIN } };
    uint64_t start_ns = clock_now_ns();

    while (!fds[0].revents) {
        int ready = poll(fds, ARRAY_SIZE(fds), TICK_MS);

        if (ready < 0 && errno != EINTR)
            return err_errno(err, "wait for '%s'", subprocess->program);
        if (!fds[0].revents && took_too_long(subprocess, start_ns))
            return err_set(err, -ETIMEDOUT, "'%s' did not end within %llu ms",
                           subprocess->program, (unsigned long long)subprocess->most_ms);
        if (ready > 0 && fds[1].revents) {
            kill(-pid, SIGTERM);
            fds[1].fd = -1; /* the signal stays pending: this program has to know, too */
        }
        if (ready == 0 && subprocess->tick)
            subprocess->tick(subprocess->context);
    }
    return 0;
}

static int status_of(const siginfo_t *info)
{
    return info->si_code == CLD_EXITED ? info->si_status : 128 + info->si_status;
}

int subprocess_run(const struct subprocess *subprocess, const sigset_t *before,
                   int *ret_status, struct err *err)
{
    CLEANUP(file_closep) int pid_fd = -1;
    CLEANUP(file_closep) int signal_fd = -1;
    sigset_t stop = signals_stop_set();
    siginfo_t info = { .si_pid = 0 };
    pid_t pid = 0;
    int code = start(subprocess, before, &pid, err);

    if (code < 0)
        return code;
    pid_fd = process_pidfd(pid, err);
    signal_fd = pid_fd < 0 ? -1 : signalfd(-1, &stop, SFD_CLOEXEC);
    if (pid_fd >= 0 && signal_fd < 0)
        err_errno(err, "signalfd");
    if (err->code == 0)
        wait_for(subprocess, pid, pid_fd, signal_fd, err);
    if (err->code == 0 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0)
        err_errno(err, "wait for '%s'", subprocess->program);
    process_destroy(pid); /* with those whom it has left in its group, if any */
    if (err->code == 0)
        *ret_status = status_of(&info);
    return err->code;
}

int subprocess_paper(struct err *err)
{
    int fd = memfd_create("printed", MFD_CLOEXEC);

    return fd < 0 ? err_errno(err, "memfd_create") : fd;
}

char *subprocess_printed(int fd)
{
    off_t end = lseek(fd, 0, SEEK_END);
    off_t start = end > PRINTED_MOST ? end - PRINTED_MOST : 0;
    char *text = mem_alloc(PRINTED_MOST + 1);
    ssize_t n = pread(fd, text, PRINTED_MOST, start);

    while (n > 0 && text[n - 1] == '\n')
        n--;
    text[n > 0 ? n : 0] = '\0';
    return text;
}
