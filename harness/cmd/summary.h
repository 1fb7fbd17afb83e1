/* summary.h - the summary of a job on GitHub, which is told besides standard output. */
#pragma once

#include <stdio.h>

#include "base/err.h"
#include "report/format.h"

/* The file that $GITHUB_STEP_SUMMARY names, to which is appended, if the format is
 * GitHub's; NULL: nothing names one. One that cannot be opened is an error. */
int summary_open(const struct format *format, FILE **ret, struct err *err);
/* Did it arrive? NULL is fine. */
int summary_close(FILE *summary, struct err *err);
