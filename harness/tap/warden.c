/* warden.c - see warden.h. */
#include "tap/warden.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "base/process.h"

#define LOOKS_MOST 4                       /* at a warden that is stopped */
#define LOOK_AGAIN_NS (10 * NSEC_PER_MSEC) /* for descendants, if none has ended */

enum request { REQUEST_TERMINATE, REQUEST_KILL };

/* Why the program did not start. */
struct failure {
    pid_t main;        /* if there was none: the process that runs now */
    bool in_directory; /* it was not found, else the program */
    int code;          /* errno; 0: it did start */
};

/* The first message is a failure, those that follow are news. */
struct ward {
    int socket, output, signals;
    pid_t main;
    bool ended; /* main has; it is not reaped before the end, so that its pid stays its
                   own */
    bool killing;
    size_t left_behind;
};

static void tell(const struct ward *ward, const void *message, size_t bytes)
{
    /* If nobody listens any more, the next poll() tells. */
    send(ward->socket, message, bytes, MSG_NOSIGNAL);
}

static void close_between(int first, int last)
{
    int most = (int)sysconf(_SC_OPEN_MAX);

    if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
        return;
    for (int fd = first; fd <= last && fd < most; fd++)
        close(fd);
}

/* Nothing of the parent's is held open, but for these two. */
static void keep_only(int *a, int *b)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC), low, high;

    *a = fcntl(*a, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    *b = fcntl(*b, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        dup2(null, fd);
    low = *a < *b ? *a : *b;
    high = *a < *b ? *b : *a;
    close_between(STDERR_FILENO + 1, low - 1);
    close_between(low + 1, high - 1);
    close_between(high + 1, INT_MAX);
}

static void reset_signals(void)
{
    sigset_t none;

    for (int number = 1; number <= SIGRTMAX; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the program's process. Says through the pipe why it cannot go on. */
__attribute__((noreturn)) static void become(const struct program *program, int output,
                                             pid_t warden, int said)
{
    struct failure failure = { .in_directory = true };

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != warden)
        _exit(EXIT_FAILURE);
    setsid();
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    reset_signals();
    process_unpin();
    if (!program->directory || chdir(program->directory) == 0) {
        failure.in_directory = false;
        environ = (char **)(uintptr_t)program->environment;
        execvp(program->argv[0], program->argv);
    }
    failure.code = errno;
    while (write(said, &failure, sizeof(failure)) < 0 && errno == EINTR)
        ;
    _exit(EXIT_FAILURE);
}

static struct failure start(struct ward *ward, const struct program *program)
{
    struct failure failure = { .in_directory = false };
    pid_t self = getpid();
    int said[2];

    if (pipe2(said, O_CLOEXEC) < 0 || (ward->main = _Fork()) < 0) {
        failure.code = errno;
        return failure;
    }
    if (ward->main == 0)
        become(program, ward->output, self, said[1]);
    close(said[1]);
    close(ward->output);
    while (read(said[0], &failure, sizeof(failure)) < 0 && errno == EINTR)
        ;
    close(said[0]);
    if (failure.code)
        waitpid(ward->main, NULL, 0);
    return failure;
}

/* Others that have ended are forgotten. */
static void look_who_ended(struct ward *ward)
{
    siginfo_t info;

    while (!ward->ended) {
        struct warden_news news = { .kind = WARDEN_ENDED };

        info.si_pid = 0;
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
            return;
        if (info.si_pid != ward->main) {
            waitpid(info.si_pid, NULL, 0);
            continue;
        }
        ward->ended = true;
        news.status = info.si_code == CLD_EXITED ? W_EXITCODE(info.si_status, 0)
                                                 : W_EXITCODE(0, info.si_status);
        tell(ward, &news, sizeof(news));
    }
}

/* Until somebody wants it all to end. */
static void watch(struct ward *ward)
{
    struct pollfd fds[] = { { .fd = ward->socket, .events = POLLIN },
                            { .fd = ward->signals, .events = POLLIN } };

    for (;;) {
        struct signalfd_siginfo ignored;
        enum request request;

        look_who_ended(ward);
        if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
            continue;
        if (fds[1].revents && read(ward->signals, &ignored, sizeof(ignored)) < 0)
            continue;
        if (!fds[0].revents)
            continue;
        if (recv(ward->socket, &request, sizeof(request), 0) != sizeof(request) ||
            request == REQUEST_KILL)
            return;
        if (!ward->ended)
            kill(ward->main, SIGTERM);
    }
}

/* This one was found alive, and gets a SIGKILL, or may not. */
static void note(struct warden_news *found, pid_t pid, bool killed)
{
    if (found->alive && (!killed || !found->refused))
        return;
    found->alive = pid;
    found->refused = !killed && errno == EPERM;
}

static bool is_among(const pid_t *pids, size_t count, pid_t pid)
{
    for (size_t i = 0; i < count; i++)
        if (pids[i] == pid)
            return true;
    return false;
}

/* Kills each process whose parent is the warden, or was found before. Parents usually
 * come before their children there; who does not is found the next time, as is who was
 * made meanwhile: when his parent is gone, he is a child of the warden. Who is found is
 * killed at once, lest one that forks and ends again and again is always ahead. Tells of
 * one that was found, of those that may be killed if there are any. */
static struct warden_news kill_below(pid_t warden, pid_t main)
{
    struct warden_news found = { .kind = WARDEN_ALIVE };
    DIR *proc = opendir("/proc");
    size_t count = 1, room = 64;
    pid_t *doomed = MEM_ARRAY(pid_t, room);
    const struct dirent *entry;

    doomed[0] = warden;
    while (proc && (entry = readdir(proc))) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        struct process_look look;
        bool killed;

        if (pid <= 0 || !process_look(pid, &look) ||
            !is_among(doomed, count, look.parent))
            continue;
        if (count == room)
            doomed = mem_grow(doomed, room *= 2, sizeof(pid_t));
        doomed[count++] = pid;
        killed = kill(pid, SIGKILL) == 0;
        if (look.state != 'Z') /* or a thread of it has ended; then others may go on */
            note(&found, pid, killed);
    }
    if (proc)
        closedir(proc);
    else if (main > 0)
        kill(-main, SIGKILL);
    free(doomed);
    return found;
}

/* Forgets who has ended; returns whether there are others. */
static bool reap(struct ward *ward)
{
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG);

        if (pid <= 0)
            return pid == 0;
        ward->left_behind +=
            pid != ward->main && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    }
}

/* How it ended. */
static struct warden_news kill_all(struct ward *ward)
{
    struct timespec patience = ns_to_timespec(LOOK_AGAIN_NS);
    uint64_t start_ns = clock_now_ns(), refused_ns = start_ns;
    struct warden_news over = { .kind = WARDEN_OVER };
    sigset_t ended;

    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    if (mutant("warden-spares-sessions")) {
        kill(-ward->main, SIGKILL);
        return over;
    }
    while (ward->ended && waitpid(-1, NULL, WNOHANG) > 0)
        ; /* who had ended by himself */
    if (!ward->ended)
        kill(-ward->main, SIGKILL); /* all of the group at once */
    while (reap(ward)) {
        struct warden_news found = kill_below(getpid(), ward->main);
        uint64_t now_ns = clock_now_ns();

        if (!found.refused)
            refused_ns = now_ns;
        if (now_ns - refused_ns > WARDEN_REFUSED_NS ||
            now_ns - start_ns > WARDEN_DYING_NS)
            return found;
        sigtimedwait(&ended, NULL, &patience);
    }
    return over;
}

/* A request that came too late and was not read would reset the socket when this process
 * ends, and what it has told would not be heard. */
static void await_farewell(const struct ward *ward)
{
    enum request late;

    while (recv(ward->socket, &late, sizeof(late), 0) == sizeof(late))
        ;
}

__attribute__((noreturn)) static void live(const struct program *program, int socket,
                                           int output)
{
    struct ward ward = { .socket = socket, .output = output };
    struct warden_news last;
    struct failure failure;
    sigset_t all;

    setsid();
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    signal(SIGCHLD, SIG_DFL); /* if it is ignored, nobody can be waited for */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_PDEATHSIG, SIGCONT); /* a program may have stopped us */
    prctl(PR_SET_NAME, "afterkill-ward");
    keep_only(&ward.socket, &ward.output);
    sigemptyset(&all);
    sigaddset(&all, SIGCHLD);
    ward.signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
    failure = start(&ward, program);
    failure.main = ward.main;
    tell(&ward, &failure, sizeof(failure));
    if (failure.code)
        _exit(EXIT_FAILURE);
    watch(&ward);
    last = kill_all(&ward);
    last.left_behind = ward.left_behind;
    tell(&ward, &last, sizeof(last));
    await_farewell(&ward);
    _exit(EXIT_SUCCESS);
}

/* By a signal, or by who traces it. */
static bool is_stopped(pid_t pid)
{
    struct process_look look;

    return process_look(pid, &look) && (look.state == 'T' || look.state == 't');
}

int warden_check_stopped(const struct warden *warden, unsigned *looks, struct err *err)
{
    *looks = is_stopped(warden->pid) ? *looks + 1 : 0;
    if (*looks <= LOOKS_MOST)
        return 0;
    return err_set(err, -ETIMEDOUT,
                   "somebody has stopped what watches over it (process %ld, by SIGSTOP "
                   "or as a debugger)",
                   (long)warden->pid);
}

static int await_start(struct warden *warden, const struct program *program,
                       struct err *err)
{
    struct pollfd news = { .fd = warden->socket, .events = POLLIN };
    struct failure failure;
    unsigned looks = 0;
    int ready;
    ssize_t n;

    while ((ready = poll(&news, 1, WARDEN_LOOK_MS)) <= 0)
        if (ready == 0 && warden_check_stopped(warden, &looks, err) < 0)
            return err_wrap(err, "start '%s'", program->argv[0]);
    do
        n = recv(warden->socket, &failure, sizeof(failure), 0);
    while (n < 0 && errno == EINTR);
    if (n != sizeof(failure))
        return err_set(err, -ECHILD, "start '%s': what was to watch over it has died",
                       program->argv[0]);
    warden->main = failure.main;
    errno = failure.code;
    if (failure.in_directory)
        return err_errno(err, "start '%s' in '%s'", program->argv[0], program->directory);
    return failure.code ? err_errno(err, "start '%s'", program->argv[0]) : 0;
}

int warden_start(const struct program *program, struct warden *ret, struct err *err)
{
    struct warden warden = WARDEN_NULL;
    int ends[2], output[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return err_errno(err, "socketpair");
    if (pipe2(output, O_CLOEXEC) < 0) {
        err_errno(err, "pipe");
        close(ends[0]);
        close(ends[1]);
        return err->code;
    }
    warden.pid = _Fork();
    if (warden.pid == 0)
        live(program, ends[1], output[1]);
    if (warden.pid < 0)
        err_errno(err, "fork");
    close(ends[1]);
    close(output[1]);
    warden.socket = ends[0];
    warden.output = output[0];
    fcntl(warden.output, F_SETFL, O_NONBLOCK);
    if (warden.pid < 0 || await_start(&warden, program, err) < 0) {
        warden_close(&warden);
        return err->code;
    }
    *ret = warden;
    return 0;
}

struct warden_news warden_hear(const struct warden *warden)
{
    struct warden_news news;
    ssize_t n;

    do /* what it has not read when it closes is an error, which comes before its news */
        n = recv(warden->socket, &news, sizeof(news), MSG_DONTWAIT);
    while (n < 0 && (errno == EINTR || errno == ECONNRESET));
    if (n == sizeof(news))
        return news;
    return (struct warden_news){
        .kind = n < 0 && errno == EAGAIN ? WARDEN_NO_NEWS : WARDEN_LOST,
    };
}

int warden_complain(const struct warden_news *news, struct err *err)
{
    CLEANUP(mem_freep) char *path = mem_printf("/proc/%d/comm", (int)news->alive);
    CLEANUP(mem_freep) char *name = file_text(path);

    if (name)
        name[strcspn(name, "\n")] = '\0';
    if (news->refused)
        return err_set(
            err, -EBUSY,
            "its process %d ('%s') may not be killed, and does not end: it runs "
            "as another user. It is still there",
            (int)news->alive, name ? name : "?");
    if (news->alive)
        return err_set(err, -EBUSY,
                       "its process %d ('%s') was killed, and does not end. It is still "
                       "there",
                       (int)news->alive, name ? name : "?");
    return err_set(err, -EBUSY,
                   "a process of it does not end, and is not to be found in /proc. It is "
                   "still there");
}

static void ask(const struct warden *warden, enum request request)
{
    send(warden->socket, &request, sizeof(request), MSG_NOSIGNAL);
}

void warden_terminate(const struct warden *warden)
{
    ask(warden, REQUEST_TERMINATE);
}

/* If it is stopped, what it watches over may stop it again and again, until it is dead.
 */
static void let_go_on(const struct warden *warden)
{
    if (is_stopped(warden->pid))
        kill_below(warden->pid, warden->main);
    kill(warden->pid, SIGCONT);
}

void warden_kill(const struct warden *warden)
{
    ask(warden, REQUEST_KILL);
    if (warden->pid > 0)
        let_go_on(warden);
}

static void await_end(const struct warden *warden)
{
    struct err err = ERR_NULL;
    struct pollfd end = { .fd = process_pidfd(warden->pid, &err), .events = POLLIN };

    do
        let_go_on(warden);
    while (end.fd >= 0 && poll(&end, 1, WARDEN_LOOK_MS) <= 0);
    while (waitpid(warden->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    if (end.fd >= 0)
        close(end.fd);
}

void warden_close(struct warden *warden)
{
    if (warden->socket >= 0)
        close(warden->socket);
    if (warden->output >= 0)
        close(warden->output);
    if (warden->pid > 0)
        await_end(warden);
    *warden = WARDEN_NULL;
}
