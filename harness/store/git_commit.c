/* git_commit.c - see git_commit.h. */
#include "store/git_commit.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/process.h"

#define PATIENCE_NS (2 * NSEC_PER_SEC)
#define GRACE_NS (500 * NSEC_PER_MSEC) /* to end in when told to */
#define DIGITS 40

static void set_environment(void)
{
    static const char *const elsewhere[] = {
        "GIT_DIR",        "GIT_WORK_TREE",        "GIT_INDEX_FILE",
        "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE",
        "GIT_PREFIX",
    };

    for (size_t i = 0; i < ARRAY_SIZE(elsewhere); i++)
        unsetenv(elsewhere[i]);
    setenv("GIT_TERMINAL_PROMPT", "0", 1);
    setenv("GIT_OPTIONAL_LOCKS", "0", 1); /* whoever is killed would leave one */
    setenv("LC_ALL", "C", 1);
}

_Noreturn static void become_git(const char *directory, int out_fd)
{
    const char *const argv[] = {
        "git",     "-C",          directory,     "describe", "--always",
        "--dirty", "--abbrev=40", "--exclude=*", NULL,
    };
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
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

/* The first line, terminated; false if it does not come in time, or does not fit. */
static bool read_line(int fd, char *line, size_t size, uint64_t deadline_ns)
{
    size_t used = 0;

    while (used < size && wait_until(fd, deadline_ns)) {
        ssize_t n = read(fd, line + used, size - used);
        char *end = n > 0 ? memchr(line + used, '\n', (size_t)n) : NULL;

        if (end) {
            *end = '\0';
            return true;
        }
        if (n == 0 || (n < 0 && errno != EINTR))
            break;
        used += n > 0 ? (size_t)n : 0;
    }
    return false;
}

/* Lets it end by itself, or after being told to, so that no lock of git's stays behind;
 * and then it is gone in any case. */
static void see_off(pid_t pid, uint64_t deadline_ns)
{
    int fd = process_pidfd(pid, &ERR_NULL);

    if (fd >= 0 && !wait_until(fd, deadline_ns)) {
        kill(-pid, SIGTERM);
        wait_until(fd, clock_now_ns() + GRACE_NS);
    }
    if (fd >= 0)
        close(fd);
    process_destroy(pid);
}

static bool is_commit(const char *line)
{
    const char *rest = line + strspn(line, "0123456789abcdef");

    return rest - line == DIGITS && (!*rest || strcmp(rest, "-dirty") == 0);
}

char *git_commit_of(const char *directory)
{
    uint64_t deadline_ns = clock_now_ns() + PATIENCE_NS;
    char line[DIGITS + sizeof("-dirty\n")] = "";
    int fds[2];
    bool said;
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) < 0)
        return NULL;
    pid = process_fork(true, &ERR_NULL);
    if (pid == 0)
        become_git(directory, fds[1]);
    close(fds[1]);
    said = pid > 0 && read_line(fds[0], line, sizeof(line), deadline_ns);
    close(fds[0]);
    if (pid > 0)
        see_off(pid, deadline_ns);
    return said && is_commit(line) ? mem_strdup(line) : NULL;
}
