/* check_progress.h - what a check shows on standard error while it goes on: on a terminal
 * one line with a bar and the time left; elsewhere a plain line per scenario. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "result/check.h"

struct check_view {
    FILE *out;
    bool terminal;
    uint64_t start_ns;
};

void check_view_init(struct check_view *view, FILE *out, bool terminal);
/* Scenario number `done` (from 0) is about to run, or its run is over. */
void check_view_begin(struct check_view *view, const struct check *check, size_t done);
void check_view_end(struct check_view *view, const struct check *check, size_t done);
void check_view_close(struct check_view *view); /* wipes the terminal's line */
