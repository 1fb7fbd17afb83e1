/* calibration.c - see calibration.h. */
#include "trial/calibration.h"

#include "base/clock.h"
#include "base/mem.h"
#include "stats/durations.h"

/* Attempts expected to land inside the update; the rest of the span pays for long
 * updates. */
#define VALID_SHARE 0.88

int calibration_run(struct bench *bench, const struct subject *subject,
                    struct worker_job *job, enum outcome *ret, struct err *err)
{
    struct worker_end end;
    int code = judge_prepare(&bench->judge, subject, err);

    job->point.delay_ns = bench->killer == KILLER_TIMER ? 1000 * NSEC_PER_SEC : 0;
    if (code == 0)
        code = worker_run(job, bench->judge.address, bench->page, &end, err);
    judge_touched(&bench->judge);
    if (code < 0)
        return code;
    *ret = end.outcome;
    return end.outcome == OUTCOME_MISSED ? 0
                                         : judge_drain(&bench->judge, end.client_id, err);
}

void calibration_add(struct calibration *calibration, uint64_t duration_ns)
{
    size_t count;

    calibration->durations_ns[calibration->count++ % CALIBRATION_UPDATES] = duration_ns;
    count = calibration->count < CALIBRATION_UPDATES ? calibration->count
                                                     : CALIBRATION_UPDATES;
    calibration->span_ns =
        calibration_span_ns(calibration->durations_ns, count, VALID_SHARE);
}

uint64_t calibration_span_ns(const uint64_t *durations_ns, size_t count, double valid)
{
    CLEANUP(mem_freep) uint64_t *sorted_ns = durations_sorted(durations_ns, count);
    uint64_t span = (uint64_t)durations_quantile(durations_ns, count, 0.5);
    double sum = 0;

    /* Of attempts over a span s, the share mean(min(duration, s)) / s lands inside. It
     * falls as s grows, so the last duration that satisfies the bound is the longest. */
    for (size_t i = 0; i < count; i++) {
        double s = (double)sorted_ns[i];

        sum += s;
        if (sum + s * (double)(count - i - 1) >= valid * s * (double)count &&
            sorted_ns[i] > span)
            span = sorted_ns[i];
    }
    return span;
}
