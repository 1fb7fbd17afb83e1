/* connection.h - blocking connections to Redis, and commands whose failure says what
 * failed. */
#pragma once

#include <hiredis/hiredis.h>

#include "base/err.h"
#include "base/mem.h"
#include "redis/address.h"

#define CONNECTION_TIMEOUT_S 30 /* for connecting and for any reply */

int connection_open(const struct address *address, redisContext **ret, struct err *err);
redisContext *connection_close(redisContext *connection); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(redisContext *, connection_close)

void reply_free(redisReply *reply);
DEFINE_CLEANUP(redisReply *, reply_free)

/* -ETIMEDOUT: there was no reply within the time. Returns the code. */
int connection_too_slow(const char *what, struct err *err);

/* How long a reply may take, of which so many bytes have come: so long, and longer if it
 * is long, for a slow line. Less is no progress. */
#define CONNECTION_BYTES_PER_S (64u << 10)
uint64_t connection_most_ns(uint64_t patience_ns, size_t bytes);

/* -EMSGSIZE: it is longer than any that is meant. Returns the code. */
#define CONNECTION_REPLY_MOST ((size_t)1 << 30) /* bytes */
int connection_too_long(const char *what, struct err *err);

/* Reads one reply to what was appended; an error reply is an error. */
int connection_read(redisContext *connection, const char *what, redisReply **ret,
                    struct err *err);

/* An error reply is an error. */
int connection_check(const redisReply *reply, const char *what, struct err *err);

/* SCRIPT LOAD. */
int connection_load_script(redisContext *connection, const char *text, char ret_sha[41],
                           struct err *err);

/* Sends one command of terminated words, 16 at most, and reads its reply. */
int connection_command(redisContext *connection, redisReply **ret, struct err *err,
                       const char *const *words);
#define CONNECTION_COMMAND(connection, ret, err, ...)                                    \
    connection_command((connection), (ret), (err),                                       \
                       (const char *const[]){ __VA_ARGS__, NULL })
