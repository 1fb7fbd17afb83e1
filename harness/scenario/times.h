/* times.h - what a scenario says of time: when survivors recover, what is tolerated, and
 * times that are data (scores, registries), at which something happens although no key
 * lapses. In seconds, as durations ("5m"), or the names of parameters that are seconds.
 */
#pragma once

#include "scenario/mistake.h"
#include "scenario/outline.h"
#include "state/moments.h"
#include "state/verdict.h"

struct times {
    int64_t recover_after_ms; /* recovery begins so long after a death */
    int64_t tolerate_ms;      /* what ends by then is not harm; LASTS_FOREVER: whatever
                                 ends */
    struct lapses moments;    /* more times to look, recover_after too; owned */
};

/* Of the table on top of the stack, whose keys have been checked. The outline says the
 * same as text. */
int times_load(const struct mistake_file *file, struct outline *outline,
               struct times *ret);
/* The value on top of the stack, which is of the key `name`: a time, whole ms. */
int times_read(const struct mistake_file *file, const struct outline *outline,
               const char *name, int64_t *ret_ms);
void times_release(struct times *times);
