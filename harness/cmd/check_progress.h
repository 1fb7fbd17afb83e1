/* check_progress.h - what a check shows on standard error while it goes on: on a terminal
 * one line with a bar and the time left; elsewhere a plain line per scenario. */
#pragma once

#include "base/status_line.h"
#include "result/check.h"

struct check_progress {
    struct status_line line;
    uint64_t start_ns;
};

void check_progress_init(struct check_progress *progress, FILE *out, bool terminal);
/* Scenario number `done` (from 0) is about to run, or its run is over. */
void check_progress_begin(struct check_progress *progress, const struct check *check,
                          size_t done);
void check_progress_end(struct check_progress *progress, const struct check *check,
                        size_t done);
void check_progress_close(struct check_progress *progress); /* wipes the line */
