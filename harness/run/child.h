/* child.h - a process that an event loop waits for. */
#pragma once

#include <sys/types.h>
#include <uv.h>

#include "base/err.h"

struct child {
    pid_t pid; /* 0: there is none, or it is reaped */
    int pidfd;
    size_t lane; /* whose it is */
    uv_poll_t ended;
    void (*on_end)(void *context, struct child *child, int status);
    void *context;
};

struct child child_new(void *context, size_t lane,
                       void (*on_end)(void *context, struct child *child, int status));
/* Calls on_end() when it has ended and is reaped. */
int child_watch(uv_loop_t *loop, struct child *child, struct err *err);
/* Children lead groups of their own; a server's may hold more than one process if it is
 * started through a script. */
void child_kill(struct child *child);

/* Closes a handle of the loop, unless that is done or it was never opened. */
void child_close(uv_handle_t *handle);
