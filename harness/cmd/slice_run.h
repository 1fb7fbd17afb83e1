/* slice_run.h - one of two runs that take turns (interleave.h): its slices, run by this
 * afterkill or another one, and put together by the same. */
#pragma once

#include <signal.h>
#include <stddef.h>

#include "cmd/run_options.h"
#include "cmd/slice_progress.h"

#define SLICE_RUN_SELF "/proc/self/exe"

struct slice_run {
    const char *program; /* borrowed */
    char *scenario;      /* owned, like the next */
    char *strategies;    /* NULL: all */
};

void slice_run_release(struct slice_run *run); /* may be called twice */

/* Runs a slice and keeps it. What goes wrong is told in the program's own words, with the
 * error that has its exit status. */
int slice_run(const struct slice_run *run, const struct run_options *options,
              struct shard shard, const char *directory, struct slice_progress *progress,
              const sigset_t *before, struct err *err);

/* Puts `count` slices together; `some`: others are missing, which is said in the run. */
int slice_run_merge(const struct slice_run *run, const char *const *slices, size_t count,
                    const char *into, bool some, const sigset_t *before, struct err *err);
