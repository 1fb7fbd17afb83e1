/* subprocess.h - another program, run to its end, which cannot outlive this one.
 *
 * A signal that asks this program to stop is passed on, once; the other one then has the
 * time that it takes to clean up. */
#pragma once

#include <signal.h>
#include <stdint.h>

#include "base/err.h"

struct subprocess {
    const char *program;          /* its file */
    const char *const *arguments; /* [0] is its name; ends with NULL */
    int out_fd, err_fd;           /* get what it prints; -1: nobody does */
    uint64_t most_ms; /* then it is killed; 0: it may take as long as it likes */
    /* Is called now and then until it ends; NULL: nobody is. */
    void (*tick)(void *context);
    void *context;
};

/* The caller holds back the signals that stop (signals_hold()), and `before` is what the
 * program is started with. *ret_status as a shell has it: 128 + n if signal n ended it. A
 * program that cannot be started is an error. */
int subprocess_run(const struct subprocess *subprocess, const sigset_t *before,
                   int *ret_status, struct err *err);

/* A file without a name to print into, close-on-exec; and the end of what is in it, to be
 * freed by the caller. */
int subprocess_paper(struct err *err);
char *subprocess_printed(int fd);
