/* progress.h - what a run shows on standard error while it goes on: on a terminal one
 * line with a bar, the rate and the time left; elsewhere a plain line now and then. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "result/result.h"

struct run_progress {
    FILE *out;
    bool terminal;
    bool shown;             /* a line stands on the terminal */
    const char *part;       /* of a sweep; NULL: none; borrowed */
    uint64_t start_ns;      /* of the view */
    enum stage stage;       /* that is on */
    uint64_t stage_ns;      /* since when */
    uint64_t stage_done;    /* what was done by then */
    uint64_t next_plain_ns; /* when the next plain line is due */
};

void run_progress_init(struct run_progress *view, FILE *out, bool terminal);
/* Says which part of a sweep begins, and names it from now on: its runs may all be too
 * short to show anything else. */
void run_progress_part(struct run_progress *view, const struct outline *scenario,
                       const char *part);
void run_progress_show(struct run_progress *view, const struct result *result);
/* A line that stays. */
void run_progress_say(struct run_progress *view, const char *text);
void run_progress_end(struct run_progress *view); /* wipes the terminal's line */
