/* output.h - where reports go: standard output, and the files of -o. */
#pragma once

#include "base/err.h"
#include "cmd/trials.h"
#include "report/format.h"
#include "result/sweep.h"

struct destination {
    const struct format *format;         /* of standard output */
    enum row_of rows;                    /* of CSV */
    const char *color;                   /* "auto", "always" or "never" */
    bool full;                           /* the text with all that was found */
    bool points;                         /* and with a table of all crash points */
    const char *directory;               /* gets every format; NULL: none */
    const struct conclusion *conclusion; /* see writers.h; NULL: none */
};

/* Writes the report in every format into the directory. */
int output_write_files(const struct destination *destination, const struct sweep *sweep,
                       struct err *err);

/* Reports whatever is known, also after an error, which is then left as it is: a report
 * that cannot be written is worth saying only if nothing went wrong before. Returns the
 * error's code. */
int output_write(const struct destination *destination, const struct sweep *sweep,
                 enum exit_status *ret_status, struct err *err);
