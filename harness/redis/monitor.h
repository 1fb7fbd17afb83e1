/* monitor.h - what a server executes, the calls of scripts and functions included.
 *
 * What a scenario sends itself is known, and recorded. What its scripts call with which
 * arguments, only the server can say, and does to those who listen (MONITOR). That slows
 * it down, so somebody listens only while an update runs that nobody interrupts. */
#pragma once

#include "redis/connection.h"

struct monitor {
    redisContext *connection; /* owned; NULL: nobody listens */
};
#define MONITOR_NULL ((struct monitor){ NULL })

int monitor_open(const struct address *address, struct monitor *ret, struct err *err);
void monitor_close(struct monitor *monitor); /* may be called twice */

/* Calls visit() for every command that was executed since; `connection` is another one,
 * on which nothing is under way. */
typedef void monitor_visit(void *context, int argc, const char *const *argv,
                           const size_t *lengths);
int monitor_each(struct monitor *monitor, redisContext *connection, monitor_visit *visit,
                 void *context, struct err *err);

/* Takes the words of a line apart, in place: 1795464616.426 [0 lua] "SET" "a\x00b" "1".
 * Returns how many there are, at most `most`; -1 if it is no such line. Pure. */
int monitor_parse(char *line, int most, const char **argv, size_t *lengths);
