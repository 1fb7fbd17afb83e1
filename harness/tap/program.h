/* program.h - a program run behind a tap, from its start until everything that it started
 * is dead, and its Redis has let go of it.
 *
 * When program_run() returns, however that came about, all processes of the program are
 * dead, and the server has closed all connections that the tap had opened: nothing can
 * change any more. No descriptor, socket or process is left. One that cannot be killed is
 * the exception: that is an error which names it.
 *
 * It ends
 * - when its main process does. What others it has left behind are killed then; what they
 *   all had written by then is executed still.
 * - when it is `settled`: it has executed a command, and nothing has changed for so long.
 *   It gets SIGTERM, and SIGKILL after PROGRAM_GRACE_NS; the rest is as above.
 * - when it is cut: all is killed at once, and nothing that it does on the way reaches
 *   the server. A cut counts however else it ended.
 * - when it takes too long: all is killed. A program that never connects, and what it had
 *   written and is not executed, end in this way as well.
 *
 * The caller is one process of one thread. It may be killed at any moment; what it had
 * started dies with it (tap/warden.h). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "redis/address.h"
#include "tap/recorder.h"
#include "tap/warden.h"

#define PROGRAM_GRACE_NS (5 * NSEC_PER_SEC)

struct program_run {
    /* Its environment is what it is given besides the harness's own: tap/variables.h. */
    const struct program *program;
    const struct address *server; /* the Redis behind the tap */
    struct command_table *table;  /* see struct recorder_options; may be NULL */
    const char *directory;        /* for the tap's socket */
    uint64_t timeout_ns;          /* 0: none */
    uint64_t settle_ns;           /* 0: it is to end by itself */
    struct shift shift;           /* of its clock */
    uint64_t cut_after;           /* so many commands, or RECORDER_NO_CUT */
    /* See struct recorder_options. May be NULL, as the next one. */
    int (*executed)(void *context, const struct tap_event *event, struct err *err);
    void (*alive)(void *context); /* twice a second, while it waits */
    void *context;
};

enum program_fate {
    PROGRAM_EXITED,
    PROGRAM_SIGNALLED, /* it died by a signal, which nobody here has sent */
    PROGRAM_SETTLED,
    PROGRAM_CUT,
    PROGRAM_TIMEOUT,
};

struct program_end {
    enum program_fate fate;
    int code;             /* its exit status, or the signal; else 0 */
    pid_t pid;            /* of its main process */
    uint64_t connections; /* that it opened */
    uint64_t commands;    /* that were executed, or blocked */
    size_t left_behind;   /* processes beside the main one that had to be killed */
    char *output;         /* owned; see tap/output.h */
    uint64_t output_bytes;
};

/* An error: it could not be started, or nobody knows what it did. */
int program_run(const struct program_run *run, struct program_end *ret, struct err *err);
void program_end_release(struct program_end *end); /* may be called twice */
