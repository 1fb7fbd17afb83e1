/* exit_status.c - see exit_status.h. */
#include "result/exit_status.h"

#include "base/mem.h"

/* From good to bad. */
static const struct {
    enum exit_status status;
    const char *name;
} statuses[] = {
    { EXIT_PASS, "pass" },
    { EXIT_NOTHING_RAN, "nothing ran" },
    { EXIT_INCONCLUSIVE, "inconclusive" },
    { EXIT_FAIL, "fail" },
    { EXIT_INFRASTRUCTURE, "error" },
    { EXIT_INTERRUPTED, "interrupted" },
    { EXIT_USAGE, "error" },
};

static unsigned badness(enum exit_status status)
{
    unsigned i = 0;

    while (i < ARRAY_SIZE(statuses) - 1 && statuses[i].status != status)
        i++;
    return i;
}

enum exit_status exit_status_worse(enum exit_status a, enum exit_status b)
{
    return badness(b) > badness(a) ? b : a;
}

const char *exit_status_name(enum exit_status status)
{
    return statuses[badness(status)].name;
}
