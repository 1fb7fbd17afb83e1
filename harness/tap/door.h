/* door.h - where programs come in: a listening socket on a loop. */
#pragma once

#include <uv.h>

#include "base/err.h"
#include "redis/address.h"

struct door {
    uv_poll_t poll;
    struct address address; /* owned; a unix socket is removed when the door is shut */
    int fd;                 /* owned; -1: it is shut, or was never open */
    void (*enter)(struct door *door, int fd); /* takes the descriptor over */
    void (*closed)(struct door *door);        /* the memory is free */
    void *context;
};

/* Takes the address over, also if it fails; a port of 0 is replaced by one that was
 * free. `enter`, `closed` and `context` are set. */
int door_open(struct door *door, uv_loop_t *loop, struct address address,
              struct err *err);
void door_admit(struct door *door); /* who has knocked comes in now */
void door_shut(struct door *door); /* nobody comes in from here on; may be called twice */
void door_release(struct door *door); /* `closed` was called, or it was never open */
