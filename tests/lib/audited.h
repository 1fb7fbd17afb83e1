/* audited.h - a live server for tests of `afterkill audit`, one a test, and a connection
 * to it. */
#pragma once

#include "testlib.h"

#include <hiredis/hiredis.h>

#include "redis/connection.h"

extern char *directory; /* a temporary one */
extern struct server server;
extern redisContext *connection;

void audited_begin(void);     /* all of it */
void audited_directory(void); /* it alone: the test starts the server, and connects */
void audited_end(void);

redisContext *audited_connect(const struct server *to);
void audited_start(void); /* the server, and the connection, behind audited_directory() */

/* An audit of the server, with more arguments. */
#define AUDIT(...) RUN("audit", "-s", server.address.path, ##__VA_ARGS__)

/* Commands, which must not fail; the caller frees the reply. */
redisReply *audited_ask(redisContext *whom, const char *const *words);
#define SEND_TO(whom, ...)                                                               \
    reply_free(audited_ask(whom, (const char *const[]){ __VA_ARGS__, NULL }))
#define SEND(...) SEND_TO(connection, __VA_ARGS__)
/* So many keys of a name with a number in it; seconds: NULL, they do not expire. */
void audited_fill(const char *before, const char *behind, size_t count,
                  const char *seconds);

/* A port for a server, and the one that it has for a bus if it is a node of a cluster
 * (10000 above): until the test ends nobody gets either who does not ask for just it. */
unsigned audited_hold_port(void);

/* Reads what a watch writes until it has said the text. */
void audited_wait_said(const struct live_run *live, const char *text);
/* Waits until two rounds have begun: who was counted in the first is in the second. */
void audited_wait_rounds(const struct live_run *live);
/* Asks a watch to stop, by a signal, and expects that it does. */
struct run audited_stop(struct live_run *live, int number);

/* docs/audit.md; freed by the caller. */
char *audited_guide(void);
/* Calls back with each word of the user whom it shows, and makes such a user, "auditor",
 * whose password is hush: of what this server has. */
void audited_each_right(void (*take)(const char *word));
void audited_add_user(void);
bool audited_has_histograms(void);
bool audited_has_no_touch(void);
