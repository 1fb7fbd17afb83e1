/* progress.h - what an audit shows on standard error while it goes on: on a terminal one
 * line with a bar, the rate and the time left; elsewhere a plain line now and then. */
#pragma once

#include "audit/audit.h"
#include "base/status_line.h"

struct audit_progress {
    struct status_line line;
    uint64_t start_ns; /* of the view */
};

void audit_progress_init(struct audit_progress *view, FILE *out, bool terminal);
void audit_progress_show(struct audit_progress *view, const struct audit *audit);
void audit_progress_end(struct audit_progress *view); /* wipes the terminal's line */
