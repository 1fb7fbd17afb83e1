/* calibration.c - see calibration.h. */
#include "trial/calibration.h"

#include "base/clock.h"

int calibration_run(struct bench *bench, const struct subject *subject,
                    struct worker_job *job, enum outcome *ret_outcome,
                    struct calibration_update *ret, struct err *err)
{
    struct worker_end end;
    const struct page *page = bench->page;
    int code = judge_prepare(&bench->judge, subject, err);

    job->most_ns = 0;
    job->point.delay_ns = bench->killer == KILLER_TIMER ? 1000 * NSEC_PER_SEC : 0;
    if (code == 0)
        code = worker_run(job, bench->judge.address, bench->page, &end, err);
    judge_touched(&bench->judge);
    if (code < 0)
        return code;
    bench->last = end;
    *ret_outcome = end.outcome;
    *ret = (struct calibration_update){ page->end_ns - page->begin_ns, end.waited_ns };
    if (ret->waited_ns > ret->duration_ns) /* before the update began */
        ret->waited_ns = ret->duration_ns;
    return end.outcome == OUTCOME_MISSED ? 0
                                         : judge_drain(&bench->judge, end.client_id, err);
}

static void aim(struct calibration *calibration)
{
    size_t count = calibration->count < CALIBRATION_UPDATES ? calibration->count
                                                            : CALIBRATION_UPDATES;

    aim_by(&calibration->aim, calibration->durations_ns, count, calibration->longest_ns);
}

void calibration_add(struct calibration *calibration,
                     const struct calibration_update *update)
{
    uint64_t duration_ns = update->duration_ns - update->waited_ns;

    calibration->durations_ns[calibration->count++ % CALIBRATION_UPDATES] = duration_ns;
    if (duration_ns > calibration->longest_ns)
        calibration->longest_ns = duration_ns;
    aim(calibration);
}

void calibration_saw(struct calibration *calibration, uint64_t duration_ns)
{
    if (duration_ns <= calibration->longest_ns)
        return;
    calibration->longest_ns = duration_ns;
    aim(calibration);
}
