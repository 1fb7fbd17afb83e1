/* process.c - see process.h. */
#include "base/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/sanitizer.h"

/* In the child: it is not to outlive its parent. */
static void follow(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
}

pid_t process_fork(bool own_group, struct err *err)
{
    pid_t parent = getpid();
    pid_t pid = _Fork(); /* fork() also prepares for threads, and dirties pages by that */

    if (pid < 0)
        return err_errno(err, "fork");
    if (pid == 0) {
        follow(parent);
        if (own_group)
            setpgid(0, 0);
    } else if (own_group) {
        setpgid(pid, pid); /* it may be killed as a group before it has run */
    }
    return pid;
}

/* Stands at the top of the child's stack. */
struct start {
    _Alignas(16) pid_t parent; /* where the stack begins must be aligned */
    int (*live)(void *context);
    void *context;
};

static int begin(void *argument)
{
    const struct start *start = argument;

    follow(start->parent);
    return start->live(start->context);
}

bool process_can_share(void)
{
    return !SANITIZED || ADDRESS_SANITIZED;
}

#if ADDRESS_SANITIZED
/* A thread is known by what both have in common, and its stack is unwound by where it is
 * said to be. While the stack is lent, frames that the sanitizer keeps apart from it are
 * kept in a place that goes with the child: nobody may then be in one who was called
 * meanwhile, which is why these are no local variables. */
static struct {
    const void *own, *lent;
    size_t own_bytes, lent_bytes;
    void *frames;
} stacks;

/* More at once is mapped anew. */
#define ALLOWED_AT_ONCE ((size_t)256 << 10)

static void lend_stack(const char *stack, size_t bytes)
{
    __sanitizer_start_switch_fiber(&stacks.frames, stack, bytes);
    __sanitizer_finish_switch_fiber(NULL, &stacks.own, &stacks.own_bytes);
}

/* Who was killed has not left it as functions do that return. */
static void take_stack_back(void)
{
    __sanitizer_start_switch_fiber(NULL, stacks.own, stacks.own_bytes);
    __sanitizer_finish_switch_fiber(stacks.frames, &stacks.lent, &stacks.lent_bytes);
    for (size_t i = 0; i < stacks.lent_bytes; i += ALLOWED_AT_ONCE)
        SANITIZER_ALLOW((const char *)stacks.lent + i,
                        stacks.lent_bytes - i < ALLOWED_AT_ONCE ? stacks.lent_bytes - i
                                                                : ALLOWED_AT_ONCE);
}
#else
static void lend_stack(const char *stack, size_t bytes)
{
    (void)stack;
    (void)bytes;
}

static void take_stack_back(void)
{
}
#endif

pid_t process_share(int (*live)(void *context), void *context, char *stack, size_t bytes,
                    struct err *err)
{
    struct start *start = (struct start *)(stack + bytes) - 1;
    pid_t pid;

    *start = (struct start){ getpid(), live, context };
    lend_stack(stack, bytes);
    pid = clone(begin, start, CLONE_VM | SIGCHLD, start);
    if (pid < 0) {
        err_errno(err, "clone");
        take_stack_back();
        return err->code;
    }
    return pid;
}

void process_shared(void)
{
    take_stack_back();
}

/* Before this process was bound to one. */
static cpu_set_t unbound;
static bool is_bound;

int process_check_stack(struct err *err)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_STACK, &limit) < 0 || limit.rlim_cur >= PROCESS_STACK_LEAST)
        return 0;
    return err_set(err, -ENOMEM,
                   "the stack may have only %llu kB (ulimit -s), and afterkill needs %zu",
                   (unsigned long long)limit.rlim_cur >> 10, PROCESS_STACK_LEAST >> 10);
}

void process_pin(int cpu)
{
    cpu_set_t set;

    if (cpu < 0)
        return;
    if (!is_bound)
        is_bound = sched_getaffinity(0, sizeof(unbound), &unbound) == 0;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    sched_setaffinity(0, sizeof(set), &set);
}

void process_unpin(void)
{
    if (is_bound)
        sched_setaffinity(0, sizeof(unbound), &unbound);
}

struct scheduling { /* struct sched_attr, whose header cannot stand beside <sched.h> */
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime_ns, deadline_ns, period_ns;
};

void process_short_turns(void)
{
    struct scheduling brief = {
        .size = sizeof(brief),
        .policy = SCHED_OTHER,
        .flags = SCHED_FLAG_RESET_ON_FORK,
        .runtime_ns = 100 * NSEC_PER_USEC,
    };

    syscall(SYS_sched_setattr, 0, &brief, 0);
}

int process_cpus(int **ret)
{
    cpu_set_t set;
    int count = 0;
    int *cpus = MEM_ARRAY(int, CPU_SETSIZE);

    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
            if (CPU_ISSET((size_t)cpu, &set))
                cpus[count++] = cpu;
    if (count == 0)
        cpus[count++] = -1; /* more CPUs than the set can hold: pin nothing */
    *ret = cpus;
    return count;
}

int process_turns_open(pid_t pid)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%ld/schedstat", (long)pid);
    return open(path, O_RDONLY | O_CLOEXEC);
}

bool process_turns_read(int fd, struct process_turns *ret)
{
    char text[128], *end;
    ssize_t length = pread(fd, text, sizeof(text) - 1, 0);

    if (length <= 0)
        return false;
    text[length] = '\0';
    ret->ran_ns = strtoull(text, &end, 10);
    ret->waited_ns = strtoull(end, NULL, 10);
    return true;
}

/* The kernel's PF_EXITING. */
#define PF_EXITING_FLAG 4u

/* "PID (NAME) STATE PARENT GROUP SESSION TTY TTY_GROUP FLAGS ..", and a name may be
 * anything. */
bool process_look(pid_t pid, struct process_look *ret)
{
    struct process_look look;
    char path[64], text[512];
    const char *behind_name;
    unsigned flags = 0;
    ssize_t length;
    int fd;

    snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    length = read(fd, text, sizeof(text) - 1);
    close(fd);
    text[length > 0 ? length : 0] = '\0';
    behind_name = strrchr(text, ')');
    if (!behind_name || sscanf(behind_name, ") %c %d %*d %*d %*d %*d %u", &look.state,
                               &look.parent, &flags) != 3)
        return false;
    look.exits = look.state == 'Z' || look.state == 'X' || (flags & PF_EXITING_FLAG);
    *ret = look;
    return true;
}

bool process_is_stopped(pid_t pid)
{
    struct process_look look;

    return process_look(pid, &look) && look.state == 'T';
}

struct seen {
    pid_t pid;
    struct process_look look;
};

static struct seen *see_all(size_t *ret_count)
{
    DIR *proc = opendir("/proc");
    struct seen *all = NULL;
    size_t count = 0, room = 0;
    const struct dirent *entry;

    while (proc && (entry = readdir(proc))) {
        struct seen seen = { .pid = (pid_t)strtol(entry->d_name, NULL, 10) };

        if (seen.pid <= 0 || !process_look(seen.pid, &seen.look))
            continue;
        if (count == room)
            all = mem_grow(all, room = room ? 2 * room : 256, sizeof(*all));
        all[count++] = seen;
    }
    if (proc)
        closedir(proc);
    *ret_count = count;
    return all;
}

#define GENERATIONS_MOST 64 /* a number that came round meanwhile may close a circle */

static bool any_below(const struct seen *all, size_t count, pid_t parent,
                      unsigned generation, process_test *test, void *context)
{
    for (size_t i = 0; i < count && generation < GENERATIONS_MOST; i++)
        if (all[i].look.parent == parent &&
            (test(context, all[i].pid, &all[i].look) ||
             any_below(all, count, all[i].pid, generation + 1, test, context)))
            return true;
    return false;
}

bool process_any(pid_t top, process_test *test, void *context)
{
    CLEANUP(mem_freep) struct seen *all = NULL;
    struct process_look look;
    size_t count;

    if (!process_look(top, &look))
        return false;
    if (test(context, top, &look))
        return true;
    all = see_all(&count);
    return any_below(all, count, top, 0, test, context);
}

static bool is_awake(void *context, pid_t pid, const struct process_look *look)
{
    (void)context, (void)pid;
    return look->state == 'R' || look->state == 'D';
}

bool process_is_awake(pid_t pid)
{
    return process_any(pid, is_awake, NULL);
}

int process_pidfd(pid_t pid, struct err *err)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);

    return fd < 0 ? err_errno(err, "pidfd_open") : fd;
}

void process_destroy(pid_t pid)
{
    siginfo_t info;

    if (pid <= 0)
        return;
    if (kill(-pid, SIGKILL) < 0)
        kill(pid, SIGKILL);
    while (waitid(P_PID, (id_t)pid, &info, WEXITED) < 0 && errno == EINTR)
        ;
}
