/* deliver.h - where reports go: standard output, and the files of -o. */
#pragma once

#include "base/err.h"
#include "report/report.h"
#include "sweep.h"

struct destination {
    const struct report_format *format; /* of standard output */
    const char *color;                  /* "auto", "always" or "never" */
    bool points;                        /* the text with a table of all crash points */
    const char *directory;              /* gets every format; NULL: none */
};

/* Writes the report in every format into the directory. */
int deliver_files(const char *directory, const struct sweep *sweep, struct err *err);

/* Reports whatever is known, also after an error, which is then left as it is: a report
 * that cannot be written is worth saying only if nothing went wrong before. Returns the
 * error's code. */
int deliver(const struct destination *destination, const struct sweep *sweep,
            struct err *err);
