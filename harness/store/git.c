/* git.c - see git.h. */
#include "store/git.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/signals.h"

#define GRACE_NS (500 * NSEC_PER_MSEC) /* to end in when told to */
#define PIECE_BYTES 65536
#define WORDS_MOST 24

static void set_environment(void)
{
    static const char *const elsewhere[] = {
        "GIT_DIR",        "GIT_WORK_TREE",        "GIT_INDEX_FILE",
        "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE",
        "GIT_PREFIX",     "GIT_EXTERNAL_DIFF",
    };

    for (size_t i = 0; i < ARRAY_SIZE(elsewhere); i++)
        unsetenv(elsewhere[i]);
    setenv("GIT_TERMINAL_PROMPT", "0", 1);
    setenv("GIT_OPTIONAL_LOCKS", "0", 1);  /* whoever is killed would leave one */
    setenv("GIT_ALLOW_PROTOCOL", "no", 1); /* of what may be fetched from: none */
    setenv("GIT_NO_LAZY_FETCH", "1", 1);
    setenv("LC_ALL", "C", 1);
}

_Noreturn static void become_git(const char *directory, const char *const *arguments,
                                 int out_fd)
{
    const char *argv[WORDS_MOST] = { "git", "-C", directory, "-c",
                                     "core.fsmonitor=false" };
    size_t count = 5;
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    sigset_t none;

    while (*arguments && count < WORDS_MOST - 1)
        argv[count++] = *arguments++;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signals_as_others();
    set_environment();
    if (null_fd >= 0 && dup2(null_fd, 0) == 0 && dup2(out_fd, 1) == 1 &&
        dup2(null_fd, 2) == 2)
        execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

/* Waits until there is something to read, or the other end is closed. */
static bool wait_until(int fd, uint64_t deadline_ns)
{
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
    uint64_t now_ns;
    int count = 0;

    while (count <= 0 && (now_ns = clock_now_ns()) < deadline_ns) {
        struct timespec left = ns_to_timespec(deadline_ns - now_ns);

        count = ppoll(&poll_fd, 1, &left, NULL);
        if (count < 0 && errno != EINTR)
            break;
    }
    return count > 0;
}

/* All of it; false if its end does not come in time, or it is too much. */
static bool read_all(int fd, size_t most_bytes, uint64_t deadline_ns, struct buffer *ret)
{
    while (ret->length <= most_bytes && wait_until(fd, deadline_ns)) {
        ssize_t n = read(fd, buffer_room(ret, PIECE_BYTES), PIECE_BYTES);

        if (n == 0)
            return true;
        if (n < 0 && errno != EINTR)
            break;
        ret->length += n > 0 ? (size_t)n : 0;
    }
    return false;
}

/* Lets it end by itself, or after being told to, so that no lock of git's stays behind;
 * and then it is gone in any case. Did it end well, by itself? */
static bool see_off(pid_t pid, uint64_t deadline_ns)
{
    int fd = process_pidfd(pid, &ERR_NULL);
    siginfo_t info = { .si_pid = 0 };
    bool well;

    if (fd >= 0 && !wait_until(fd, deadline_ns)) {
        kill(-pid, SIGTERM);
        wait_until(fd, clock_now_ns() + GRACE_NS);
    }
    if (fd >= 0)
        close(fd);
    well = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == pid && info.si_code == CLD_EXITED && info.si_status == 0;
    process_destroy(pid);
    return well;
}

bool git_ask(const char *directory, const char *const *arguments, size_t most_bytes,
             uint64_t deadline_ns, struct buffer *ret)
{
    int fds[2];
    bool said, well;
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) < 0)
        return false;
    pid = process_fork(true, &ERR_NULL);
    if (pid == 0)
        become_git(directory, arguments, fds[1]);
    close(fds[1]);
    said = pid > 0 && read_all(fds[0], most_bytes, deadline_ns, ret);
    close(fds[0]);
    well = pid > 0 && see_off(pid, said ? deadline_ns : 0);
    return said && well;
}
