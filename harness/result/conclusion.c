/* conclusion.c - see conclusion.h. */
#include "result/conclusion.h"

#include "result/stopping.h"

enum exit_status conclusion_exit_status(const struct result *result,
                                        const struct conclusion *conclusion)
{
    enum exit_status status = tally_exit_status(result);

    if (!stopping_shown(&result->stopping, result))
        status = exit_status_worse(status, EXIT_INCONCLUSIVE);
    if (conclusion && conclusion->comparison.base)
        status = exit_status_worse(status, compare_exit_status(&conclusion->comparison));
    if (conclusion)
        status = exit_status_worse(status, gate_exit_status(&conclusion->gates));
    return status;
}

void conclusion_release(struct conclusion *conclusion)
{
    comparison_release(&conclusion->comparison);
    gate_report_release(&conclusion->gates);
}
