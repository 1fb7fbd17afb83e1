/* slice_progress.h - what two runs that take turns (plan/slices.h) show on standard error
 * while they go on: on a terminal one line with a bar and the time left; elsewhere a
 * plain line now and then. */
#pragma once

#include "base/status_line.h"
#include "plan/slices.h"

struct slice_progress {
    struct status_line line;
    const char *name; /* of the new run's scenario; borrowed */
    uint64_t start_ns, slice_ns;
    uint64_t each; /* slices of each side */
    uint64_t done; /* of both */
};

void slice_progress_init(struct slice_progress *progress, FILE *out, bool terminal,
                         const char *name, uint64_t each);
/* The next slice begins, when `done` are over. */
void slice_progress_begin(struct slice_progress *progress, uint64_t done);
void slice_progress_tick(void *progress);                   /* it still goes on */
void slice_progress_close(struct slice_progress *progress); /* wipes the line */
