/* server.h - a private redis-server: unix socket, nothing persisted, dies with its
 * parent. */
#pragma once

#include <sys/types.h>

#include "base/err.h"
#include "connection.h"

struct server {
    pid_t pid; /* 0: not running */
    struct address address;
    char *log_path;
};

struct server_options {
    const char *binary;    /* NULL: redis-server or valkey-server from the PATH */
    const char *directory; /* for its socket and its log */
    int cpu;               /* -1: any */
};

/* Starts it; server_wait() waits until it answers. */
int server_start(const struct server_options *options, struct server *ret,
                 struct err *err);
int server_wait(struct server *server, struct err *err);
/* Says why a server that ended has ended, with its own last words. */
int server_explain(const struct server *server, int wait_status, struct err *err);
void server_stop(struct server *server); /* may be called twice */

/* "redis 7.0.15", "valkey 8.1.1" */
int server_version(redisContext *connection, char *buffer, size_t size, struct err *err);
