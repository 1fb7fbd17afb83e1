/* times.h - what a scenario says of time: when survivors recover, what is tolerated, and
 * times that are data (scores, registries), at which something happens although no key
 * lapses. In seconds, or the names of parameters that are. */
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
void times_release(struct times *times);
