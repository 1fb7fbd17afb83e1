/* summary.c - see summary.h. */
#include "cmd/summary.h"

#include <errno.h>
#include <stdlib.h>

#define VARIABLE "GITHUB_STEP_SUMMARY"

int summary_open(const struct format *format, FILE **ret, struct err *err)
{
    const char *path = getenv(VARIABLE);

    *ret = NULL;
    if (!path || !*path || format != format_by_name("github"))
        return 0;
    *ret = fopen(path, "ae");
    return *ret ? 0
                : err_errno(err, "open the summary '%s', which " VARIABLE " names", path);
}

int summary_close(FILE *summary, struct err *err)
{
    bool failed = summary && ferror(summary);

    if (!summary)
        return 0;
    errno = 0;
    if (fclose(summary) != 0 || failed)
        return err_errno(err, "write the summary that " VARIABLE " names");
    return 0;
}
