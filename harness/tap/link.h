/* link.h - a socket on a loop: bytes that come in are told, bytes that go out wait here
 * until the other side takes them.
 *
 * Whoever has it decides whether it reads (back-pressure), and may ask at any moment for
 * what has come (link_drain()): what a server had written before it answered on another
 * socket is there by then. Its memory is its owner's, and must last until `closed`. */
#pragma once

#include <stdbool.h>
#include <uv.h>

#include "base/err.h"
#include "base/str.h"

struct link;
struct link_calls {
    void (*bytes)(struct link *link, struct str bytes);
    void (*ended)(struct link *link);   /* nothing more will come; once */
    void (*drained)(struct link *link); /* what had been kept has been taken */
    void (*closed)(struct link *link);  /* the memory is free */
};

struct link {
    uv_poll_t poll;
    const struct link_calls *calls;
    void *context;
    int fd;            /* owned */
    struct buffer out; /* `sent` of it are gone */
    size_t sent;
    int watched;  /* events of uv_poll_t */
    bool reads;   /* whoever has it wants to */
    bool ended;   /* nothing more will come */
    bool broken;  /* nobody takes anything any more */
    bool leaves;  /* it will be closed once everything was taken */
    bool parting; /* it will be closed once the other side has closed its end */
    bool closing; /* no more calls but `closed` */
};

/* Takes the descriptor over, if it succeeds. It reads from the start. */
int link_open(struct link *link, uv_loop_t *loop, int fd, const struct link_calls *calls,
              void *context, struct err *err);
void link_send(struct link *link, struct str bytes);
void link_put(struct link *link, struct str bytes); /* goes with what is sent next */
size_t link_waiting(const struct link *link);       /* bytes that nobody has taken */
void link_read(struct link *link, bool reads);
void link_drain(struct link *link);
void link_close(struct link *link); /* may be called twice */
void link_leave(struct link *link); /* closes it when everything was taken */
/* Nothing more goes out, what comes is dropped, and it is closed when the other side has
 * closed its end: a server has forgotten the client by then. May be called twice. */
void link_part(struct link *link);
