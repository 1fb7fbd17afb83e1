/* target.h - a live server that is audited: where it listens, and as whom we come.
 *
 * Unlike redis/address.h, which is for servers of our own, a target has a name that a
 * resolver knows, perhaps a user, and a password that is the user's: it is in no message
 * and in no command line, and is wiped when it is not needed any more. */
#pragma once

#include <hiredis/hiredis.h>
#include <stdint.h>

#include "audit/tls.h"
#include "base/err.h"
#include "base/mem.h"

#define TARGET_PORT 6379
#define TARGET_TIMEOUT_S 30 /* for connecting and for any reply */

struct target {
    char *host; /* owned; NULL: a unix socket */
    uint16_t port;
    char *path;     /* owned, of the socket */
    char *user;     /* owned; NULL: the default user */
    char *password; /* owned; NULL: none */
    int db;         /* that was named; -1: none was */
    struct tls_options tls;
};
#define TARGET_NULL ((struct target){ .port = TARGET_PORT, .db = -1 })

/* Reads redis://[USER[:PASSWORD]@]HOST[:PORT][/DB], rediss:// for TLS, or unix:///PATH. A
 * mistake is told without the text, which may hold a password. */
int target_parse_url(const char *url, struct target *ret, struct err *err);
/* Takes the password's place; the bytes of both are wiped where they are given up. */
void target_set_password(struct target *target, char *password); /* takes it */
void target_release(struct target *target);                      /* may be called twice */

/* "127.0.0.1:6379" or the socket's path, printable. */
#define TARGET_TEXT 128
const char *target_name(const struct target *target, char ret[TARGET_TEXT]);

/* Connects, and says who we are. */
int target_connect(const struct target *target, redisContext **ret, struct err *err);

/* What the server's error reply to `what` means, in one sentence; returns the code. */
int target_refused(const char *what, const char *reply, struct err *err);
/* There was no answer within the time. */
int target_silent(const char *what, struct err *err);
/* The connection ended while `what` was asked. */
int target_lost(const redisContext *connection, const char *what, struct err *err);
