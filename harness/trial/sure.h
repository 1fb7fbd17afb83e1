/* sure.h - how often something has to be run until it is sure that it does the same each
 * time.
 *
 * Two runs that agree are enough, as long as Redis is all that they depend on. They prove
 * nothing where Redis answers by chance: a coin shows the same side twice every other
 * time. Redis counts the calls of each command, those by scripts too, so what was called
 * while something ran is known: after commands whose answers are random it has to run
 * forty times, which a fair coin survives once in 10^12; after those that tell the time,
 * once more in another second, for which somebody has to wait. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "redis/connection.h"

#define SURE_LEAST 2
#define SURE_RANDOM 40

/* To those whose scenario does not. */
#define SURE_ADVICE                                                                      \
    "nothing in a scenario may depend on chance or on the clock: use p.seed and p.now, " \
    "or name the key in `ignore`"

/* And where programs run. */
#define SURE_ADVICE_PROGRAMS                                                             \
    "what differs from run to run cannot be judged: freeze the clock (clock = "          \
    "\"frozen\"), or name it in `ignore`, as in ignore = { \"KEY#FIELD\" }, or in "      \
    "`vary`"

/* Calls so far of commands whose answers are random, or tell the time. */
struct sure_calls {
    uint64_t random, clock;
};

struct sure {
    redisContext *connection; /* not that of those who run; borrowed */
    struct sure_calls before; /* the run that goes on */
    bool random, clock;       /* such were called in a run so far */
    size_t runs;              /* so far */
};
#define SURE_OF(redis) ((struct sure){ .connection = (redis) })

/* A run begins; a run is over. */
int sure_begin(struct sure *sure, struct err *err);
int sure_end(struct sure *sure, struct err *err);

/* Is another run needed, in the same second or another? */
bool sure_wants(const struct sure *sure);

/* The second that it is, for sure: time() may lag behind by a tick. */
time_t sure_second(void);
/* Waits until the second is over in which it was `since`. */
void sure_wait(time_t since);

/* What Redis says of its commands (INFO commandstats). Pure. */
struct sure_calls sure_count(const char *info);
