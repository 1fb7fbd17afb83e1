/* relay.h - a wire of a certain length: a process between workers and Redis that passes
 * on everything later.
 *
 * For every connection it accepts it opens one to Redis. Each piece of bytes, and each
 * end of a stream, goes on half a round trip after it came, in both directions; a piece
 * never waits for another one's arrival, so as much is on its way at once as a network
 * would have. Never less than half a round trip: what comes on top is the time to wake
 * up.
 *
 * What a network does at a worker's death happens here too. What it had written arrives,
 * then the end of its stream; Redis may go on writing replies, and only when one of them
 * has come to where nobody is does the news of that travel back. A new connection's first
 * bytes take one round trip longer, which is that of the handshake.
 *
 * A process of its own, with a poll loop of its own, because libuv's timers count whole
 * milliseconds. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "redis/address.h"

struct relay_options {
    const struct address *to; /* a port of the loopback, or a unix socket */
    const char *directory;    /* for its own socket, if that one is a unix socket */
    uint64_t rtt_ns;          /* a whole round trip */
    int cpu;                  /* -1: any */
};

struct relay {
    pid_t pid;              /* 0: there is none */
    struct address address; /* where it listens, of the same kind; it passes on AUTH as it
                               does everything, so who comes has to know the password */
};

/* Starts it, listening already. */
int relay_start(const struct relay_options *options, struct relay *ret, struct err *err);
void relay_stop(struct relay *relay); /* may be called twice */
