/* overheard.h - what matters of the commands that an update makes Redis execute, and its
 * state does not show. Those of scripts count, too (monitor.h).
 *
 * A key that lapses by the clock (EXPIREAT from p.now) is there in the trials before that
 * time and not in those after it, and no state is what it was. Where the time is behind
 * p.now from the start, such a command deletes, and does so always.
 *
 * A message that is published is part of no state: nobody looks whether it was sent. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "redis/monitor.h"

struct overheard {
    char what[96];       /* the function */
    int64_t now_ms;      /* p.now; ms since 1970, as is the deadline */
    int64_t deadline_ms; /* the earliest after p.now; 0: none */
    char label[48];      /* of the command that sets it */
    bool publishes;
};

/* Somebody listens from here on; `now` is p.now. */
int overheard_begin(struct overheard *ret, const char *what, int64_t now,
                    const struct address *address, struct monitor *monitor,
                    struct err *err);

/* The function has ended with this code. What was executed is taken by the connection. If
 * a key has lapsed by the clock, that is why it failed, or would have. Returns the
 * code. */
int overheard_end(struct overheard *overheard, struct monitor *monitor,
                  redisContext *connection, int code, struct err *err);

/* ERR_USAGE if a key has lapsed by the clock by now, with what to do. */
int overheard_check(const struct overheard *overheard, struct err *err);
