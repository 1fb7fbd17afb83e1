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
    int64_t deadline_ms; /* the earliest after p.now; ms since 1970; 0: none */
    char label[48];      /* of the command that sets it */
    bool publishes;
};

/* Takes what was executed since the monitor was opened. `now` is p.now. */
int overheard_take(struct overheard *ret, struct monitor *monitor,
                   redisContext *connection, int64_t now, struct err *err);

/* ERR_USAGE if a key has lapsed by the clock by now, with what to do. `what` is the
 * function that set its expiry. */
int overheard_check(const struct overheard *overheard, const char *what, int64_t now,
                    struct err *err);
