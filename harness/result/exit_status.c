/* exit_status.c - see exit_status.h. */
#include "result/exit_status.h"

#include "result/tally.h"

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

size_t tally_judged(const struct result *result)
{
    size_t judged = 0;

    result_foreach (finding, result)
        judged += tally_verdict(finding) != VERDICT_NONE;
    return judged;
}

enum exit_status tally_exit_status(const struct result *result)
{
    bool failed = false, ran = false, open = false;

    result_foreach (finding, result) {
        open |= tally_verdict(finding) == VERDICT_NONE && finding_refuted(finding);
        failed |= tally_verdict(finding) == VERDICT_FAIL;
        ran |= tally_census_complete(finding);
    }
    if (result->interrupted)
        return EXIT_INTERRUPTED;
    if (result->trouble[0] || tally_all_unexplained(result))
        return EXIT_INFRASTRUCTURE;
    if (failed)
        return EXIT_FAIL;
    if (!ran)
        return EXIT_NOTHING_RAN;
    return result->complete && !open ? EXIT_PASS : EXIT_INCONCLUSIVE;
}
