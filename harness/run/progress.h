/* progress.h - what a run shows on standard error while it goes on: on a terminal one
 * line with a bar, the rate and the time left; elsewhere a plain line now and then. */
#pragma once

#include "base/status_line.h"
#include "result/result.h"
#include "trial/doing.h"

struct run_progress {
    struct status_line line;
    const char *part;    /* of a sweep; NULL: none; borrowed */
    enum stage stage;    /* that is on */
    uint64_t stage_ns;   /* since when */
    uint64_t stage_done; /* what was done by then */
    bool warned;         /* that what is on will take long */
    struct doing doing;  /* of programs: what is done, */
    uint64_t doing_ns;   /* since when, */
    uint64_t doing_from; /* from which number on, */
    uint64_t step_ns;    /* and since when this number */
};

void run_progress_init(struct run_progress *view, FILE *out, bool terminal);
/* Says which part of a sweep begins, and names it from now on: its runs may all be too
 * short to show anything else. */
void run_progress_part(struct run_progress *view, const struct outline *scenario,
                       const char *part);
/* What a lane does with programs: that is shown from now on in place of what is counted.
 */
void run_progress_doing(struct run_progress *view, const struct doing *doing);
void run_progress_show(struct run_progress *view, const struct result *result);
/* A line that stays. */
void run_progress_say(struct run_progress *view, const char *text);
void run_progress_end(struct run_progress *view); /* wipes the terminal's line */
