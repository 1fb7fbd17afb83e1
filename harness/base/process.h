/* process.h - children that cannot outlive their parent, and how they end. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* Forks. In the child the kernel has been told to kill it when the parent dies, however
 * that happens; a parent that died in between is noticed. With own_group the child does
 * not get the terminal's signals. Returns the child's pid, 0 in the child, or -errno.
 * PR_SET_PDEATHSIG follows the thread that forked: call this from the main thread. */
pid_t process_fork(bool own_group, struct err *err);

/* Starts a child in the caller's own memory, on a stack of its own, as vfork(2) does but
 * without waiting for it: a process like any other, with its own files and its own death,
 * that costs a quarter of a fork. It runs live(context), which must not return, and must
 * keep off everything that is the parent's: what it writes there stays written, and it
 * may be killed while it does. malloc(3) and stdio are the parent's. errno is both's;
 * while the child lives, the parent should not depend on it. Otherwise as process_fork().
 *
 * There is one at a time, and when it has been waited for, the parent says so: the
 * address sanitizer has one book for both, in which everybody has one stack. Others keep
 * books that a killed child would leave in disorder: with them, this cannot be. */
bool process_can_share(void);
pid_t process_share(int (*live)(void *context), void *context, char *stack, size_t bytes,
                    struct err *err);
void process_shared(void);

/* Does the caller have the stack that all of afterkill, Lua and SQLite need? Whoever has
 * less would end by SIGSEGV in the middle of something. */
#define PROCESS_STACK_LEAST ((size_t)512 << 10)
int process_check_stack(struct err *err);

/* Binds the calling process to one CPU; -1: none in particular. Failure does no harm. */
void process_pin(int cpu);
/* Undoes it, for a process that is none of the harness's own. */
void process_unpin(void);

/* Asks for short turns on the CPU. A process that has them gets the CPU soon after it
 * wakes up, before others that have long ones (from Linux 6.12 on; earlier kernels give
 * it to whoever wakes up, and this does nothing). Needs no privileges. */
void process_short_turns(void);

/* The CPUs this process may run on; returns how many. The caller frees *ret. */
int process_cpus(int **ret);

/* What a process, which may be a zombie, had of its CPU. */
struct process_turns {
    uint64_t ran_ns, waited_ns; /* waited: ready to run, while others did */
};
/* A file from which they can be read again and again; -1: the kernel does not tell
 * (CONFIG_SCHED_INFO), or there is no such process. */
int process_turns_open(pid_t pid);
bool process_turns_read(int fd, struct process_turns *ret); /* false: -1, or it is gone */

/* What the kernel says of a process. */
struct process_look {
    char state; /* 'R', 'S', 'D', 'Z'..: see proc(5) */
    pid_t parent;
    bool exits; /* it is a zombie, or on its way to become one: its files are being closed
                 */
};
bool process_look(pid_t pid, struct process_look *ret); /* false: it is gone */

/* Has somebody stopped it, by SIGSTOP for instance? Not a debugger, which knows. */
bool process_is_stopped(pid_t pid);

/* Is there any of whom `test` says so: this process, those it has started, and those they
 * have? Whoever has lost his parent is not found any more, nor is anybody without /proc.
 */
typedef bool process_test(void *context, pid_t pid, const struct process_look *look);
bool process_any(pid_t top, process_test *test, void *context);

/* Is it, or anybody below it, ready to run, or does it wait for a disk? Whoever does not
 * get on then has the machine to thank. */
bool process_is_awake(pid_t pid);

int process_pidfd(pid_t pid, struct err *err); /* close-on-exec */

/* SIGKILLs the child (and its group, if it leads one) and reaps it. */
void process_destroy(pid_t pid);
