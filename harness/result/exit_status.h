/* exit_status.h - what the process's exit status says. Pure.
 *
 * Others judge: tally.h a run, compare.h a comparison, gate.h the bounds, and so on. This
 * is what they say it with. */
#pragma once

/* As in the table of docs/afterkill.1.scd. */
enum exit_status {
    EXIT_PASS = 0,
    EXIT_FAIL = 1,
    EXIT_USAGE = 2,
    EXIT_INCONCLUSIVE = 3,
    EXIT_INFRASTRUCTURE = 4,
    EXIT_NOTHING_RAN = 5,
    EXIT_INTERRUPTED = 130,
};
/* The worse of two, in the order interrupted, infrastructure, fail, inconclusive, nothing
 * ran, pass. */
enum exit_status exit_status_worse(enum exit_status a, enum exit_status b);
const char *exit_status_name(enum exit_status status); /* "pass", "fail", ... */
