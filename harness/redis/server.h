/* server.h - a private redis-server: it listens on a unix socket, and on a TCP port if
 * that is asked for, persists nothing, and dies with its parent.
 *
 * Its socket is in a directory that is this user's own. To a port every user of the
 * machine can connect; so a server that has one asks for a password, which is made up for
 * it, is in its addresses, and is told to it alone. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "redis/connection.h"
#include "redis/glob.h"

struct server_options {
    const char *binary;    /* NULL: redis-server or valkey-server from the PATH */
    const char *directory; /* for its socket and its log */
    int cpu;               /* -1: any */
    bool listens_on_tcp;   /* as well, at a free port of the loopback */
};

struct server {
    pid_t pid; /* 0: not running */
    struct address address;
    struct address tcp; /* port 0: it has none */
    char *log_path;
    struct server_options options; /* its directory is a copy, owned */
    unsigned ports_tried;
};

/* Starts it; server_wait() waits until it answers on the unix socket. If somebody has
 * taken its port meanwhile, the server ends, and server_wait() starts it again, with
 * another port and another pid; until then `binary` is borrowed. It does not wait on when
 * somebody asks for an end (base/signals.h): ERR_STOPPED. */
int server_start(const struct server_options *options, struct server *ret,
                 struct err *err);
int server_wait(struct server *server, struct err *err);

/* Has a server that does not answer had its time? One that others keep from running is
 * given more of it. `ran_ns` of a CPU it had; `state` is /proc's letter for it. */
bool server_is_late(uint64_t elapsed_ns, uint64_t ran_ns, char state);

/* Where workers find it: at its TCP port, or at its unix socket if it has none. */
const struct address *server_address(const struct server *server);

/* Lets every other process on its CPU come first, for good. A worker that is killed while
 * Redis works for it needs the CPU to close its connection. If Redis came first, it would
 * usually have executed everything by then; a worker on a CPU of its own would have died
 * at once. The price: where the CPUs are busy with other work, the server waits. Best
 * effort. */
void server_come_second(const struct server *server);

/* Says why a server has ended, with its own last words. */
int server_explain(const struct server *server, int wait_status, struct err *err);
void server_stop(struct server *server); /* may be called twice */

/* "redis 7.0.15", "valkey 8.1.1". -ENOTSUP: it is too old. */
int server_version(redisContext *connection, char *buffer, size_t size, struct err *err);

/* How many bytes the server takes at most in one read from a client. It asks for 16384
 * (PROTO_IOBUF_LEN); since 7.0 it takes as much as its allocator gave it room for, 20474
 * with jemalloc. 16384 if the server does not say. `version` is what server_version()
 * has said. */
#define SERVER_READ_BYTES 16384
int server_read_bytes(redisContext *connection, const char *version, uint64_t *ret,
                      struct err *err);

/* Does the server have these commands? It is asked: relatives of Redis have other ones
 * than their versions let one think. ERR_LACKING names the first that it has not. */
int server_needs(redisContext *connection, const struct patterns *commands,
                 const char *version, struct err *err);

/* How many changes have been made to its data, those that wrote what was there already
 * among them. */
int server_changes(redisContext *connection, uint64_t *ret, struct err *err);

/* How many clients wait for what others do, as in BLPOP. */
int server_blocked(redisContext *connection, uint64_t *ret, struct err *err);
