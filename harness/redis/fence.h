/* fence.h - what nothing that a scenario sends may do, scripts included.
 *
 * Commands that a scenario sends itself are looked at before they leave
 * (scenario/refusal.h); what scripts and functions of Redis call, nobody sees. So the
 * server keeps them in: workers are its default user, who may not leave database 0 or
 * empty others, and rules for users hold inside scripts, too. The harness' own connection
 * is another user, whose password nobody knows.
 *
 * A script can hide that it was refused something (pcall), or write to other databases by
 * the one command that may, COPY .. DB n. Both can be seen afterwards. */
#pragma once

#include "redis/connection.h"

/* From here on this connection alone may do everything, and all others, which log in as
 * nobody, may not leave database 0. Once per server. */
int fence_raise(redisContext *connection, struct err *err);

/* What can be seen of those who tried. */
struct trespass {
    char command[32]; /* upper case: that a script was refused; "": none */
    int database;     /* -1: none but those that may hold keys do */
};

/* Looks, by a connection that may do everything. Keys may be in database 0, and exactly
 * so many in the harness' own. */
#define FENCE_OWN_DATABASE 1
int fence_look(redisContext *connection, size_t own_keys, struct trespass *ret,
               struct err *err);
