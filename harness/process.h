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

/* Binds the calling process to one CPU; -1: none in particular. Failure does no harm. */
void process_pin(int cpu);

/* Asks for short turns on the CPU. Who has them gets the CPU soon after waking up, from
 * others that have long ones (Linux 6.12 and later; before, who woke up got it anyway,
 * and this does nothing). Needs no privileges. */
void process_short_turns(void);

/* The CPUs this process may run on; returns how many. The caller frees *ret. */
int process_cpus(int **ret);

int process_pidfd(pid_t pid, struct err *err); /* close-on-exec */

/* SIGKILLs the child (and its group, if it leads one) and reaps it. */
void process_destroy(pid_t pid);

/* Moves the program's text into a huge page, where it was and as it was. A forked child
 * takes the pages of a file one fault after the other, and gives each one back when it
 * dies; a huge page comes along with the fork as one. Does nothing if the program is not
 * linked for it, or the kernel (before 6.1) cannot do it. perf(1) does not know the names
 * of functions in it. */
void process_use_huge_text(void);
