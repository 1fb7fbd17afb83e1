/* exit_status.c - see exit_status.h. */
#include "result/exit_status.h"

#include "base/mem.h"

static unsigned badness(enum exit_status status)
{
    static const enum exit_status from_good_to_bad[] = {
        EXIT_PASS, EXIT_NOTHING_RAN,    EXIT_INCONCLUSIVE,
        EXIT_FAIL, EXIT_INFRASTRUCTURE, EXIT_INTERRUPTED,
    };
    unsigned i = 0;

    while (i < ARRAY_SIZE(from_good_to_bad) && from_good_to_bad[i] != status)
        i++;
    return i;
}

enum exit_status exit_status_worse(enum exit_status a, enum exit_status b)
{
    return badness(b) > badness(a) ? b : a;
}

const char *exit_status_name(enum exit_status status)
{
    switch (status) {
    case EXIT_PASS:
        return "pass";
    case EXIT_FAIL:
        return "fail";
    case EXIT_INCONCLUSIVE:
        return "inconclusive";
    case EXIT_NOTHING_RAN:
        return "nothing ran";
    case EXIT_INTERRUPTED:
        return "interrupted";
    case EXIT_USAGE:
    case EXIT_INFRASTRUCTURE:
        break;
    }
    return "error";
}
