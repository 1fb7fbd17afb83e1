/* measure.c - see measure.h. */
#include "run/measure.h"

#include <stdlib.h>

#include "base/clock.h"
#include "run/fleet.h"
#include "run/tell.h"
#include "trial/calibration.h"
#include "trial/cost.h"

/* Each strategy's span is calibrated on the newest updates: one more is made every so
 * many of its attempts. */
#define RECALIBRATE_EVERY 24
#define TIMELINE_UPDATES 15
/* Of all these updates together: longer ones are timed less often. */
#define TIMELINE_TIMES 1000000

void measure_init(struct measure *measure, const struct fleet_options *options,
                  const struct address *worker_address, struct bench *bench,
                  struct teller *teller)
{
    *measure = (struct measure){
        .options = options,
        .worker_address = worker_address,
        .bench = bench,
        .teller = teller,
        .calibrations = mem_alloc(options->plan.strategies * sizeof(struct calibration)),
    };
}

void measure_release(struct measure *measure)
{
    free(measure->calibrations);
    measure->calibrations = NULL;
}

static struct subject *subject_at(const struct measure *measure, size_t subject)
{
    return &measure->bench->judge.subjects[subject];
}

/* One that stalls until the watchdog comes leaves *ret_ns as it is, if that is known
 * already (not 0). */
static int run_uninterrupted(struct measure *measure, size_t subject, bool times,
                             uint64_t *ret_ns, struct err *err)
{
    struct worker_job job =
        trial_job(measure->bench, subject_at(measure, subject), FAULT_KILL);
    const struct page *page = measure->bench->page;
    enum outcome outcome;
    int code;

    job.times = times;
    code = calibration_run(measure->bench, subject_at(measure, subject), &job, &outcome,
                           err);
    if (code < 0 || (outcome == OUTCOME_TIMEOUT && *ret_ns))
        return code;
    if (outcome != OUTCOME_MISSED)
        return err_set(err, page->error_code ? page->error_code : -ECHILD,
                       "strategy '%s': an uninterrupted update ended with %s%s%s",
                       bench_strategy(measure->bench, subject_at(measure, subject))->name,
                       outcome_name(outcome), page->error[0] ? ": " : "", page->error);
    *ret_ns = page->end_ns - page->begin_ns;
    return 0;
}

static int calibrate(struct measure *measure, size_t subject, struct err *err)
{
    struct calibration *calibration = &measure->calibrations[subject];
    uint64_t duration_ns = calibration->span_ns; /* should the update stall */
    int code = run_uninterrupted(measure, subject, false, &duration_ns, err);

    if (code == 0)
        calibration_add(calibration, duration_ns);
    return code;
}

/* Rounds over all strategies until there are enough samples or the time is up. */
int measure_spans(struct measure *measure, struct err *err)
{
    size_t subjects = measure->bench->judge.subject_count;
    uint64_t budget_ns = CALIBRATION_BUDGET_NS * subjects;
    uint64_t start_ns = clock_now_ns();
    size_t least = CALIBRATION_LEAST;
    int code = 0;

    if (measure->options->kill_ns && measure->options->kill_ns / 4 < budget_ns) {
        budget_ns = measure->options->kill_ns / 4;
        least = 1;
    }
    for (size_t round = 0; round < CALIBRATION_UPDATES && code == 0; round++) {
        if (round >= least && clock_now_ns() - start_ns > budget_ns)
            break;
        for (size_t i = 0; i < subjects && code == 0; i++) {
            code = calibrate(measure, i, err);
            if (code == 0)
                code = tell_event(measure->teller, EVENT_ALIVE, NULL, 0, err);
        }
    }
    return code;
}

/* When each command was written, and when the update ended, in a few that are let be. */
static int find_timeline(struct measure *measure, size_t subject, struct err *err)
{
    size_t commands = (size_t)subject_at(measure, subject)->commands;
    size_t most = TIMELINE_TIMES / (commands + 1);
    CLEANUP(mem_freep) uint64_t *times_ns = MEM_ARRAY(uint64_t, commands + 1);
    uint64_t start_ns = clock_now_ns();

    for (size_t runs = 0;
         runs == 0 || (runs < TIMELINE_UPDATES && runs < most &&
                       clock_now_ns() - start_ns < CALIBRATION_BUDGET_NS);
         runs++) {
        uint64_t *end_ns = &times_ns[commands];
        int code;

        *end_ns = UINT64_MAX; /* stays so if the update stalls */
        code = run_uninterrupted(measure, subject, true, end_ns, err);
        for (size_t k = 0; k < commands; k++)
            times_ns[k] = measure->bench->page->traces[k].write_ns;
        if (code == 0 && *end_ns != UINT64_MAX)
            code = tell_samples(measure->teller, subject, SAMPLES_TIMELINE, times_ns,
                                commands + 1, err);
        if (code < 0)
            return code;
    }
    return 0;
}

int measure_costs(struct measure *measure, struct err *err)
{
    const struct fleet_options *options = measure->options;
    CLEANUP(mem_freep)
    const struct kept **kept = MEM_ARRAY(const struct kept *, options->plan.strategies);
    const struct cost_order order = {
        .scenario = options->scenario,
        .strategies = options->strategies,
        .count = options->plan.strategies,
        .worker_address = measure->worker_address,
        .keeper = &measure->bench->judge.keeper,
        .kept = kept,
        .timeout_ns = options->timeout_ns,
    };
    CLEANUP(mem_freep) struct cost *costs = MEM_ARRAY(struct cost, order.count);
    int code;

    for (size_t i = 0; i < order.count; i++)
        kept[i] = &subject_at(measure, i)->origin->kept;
    code = cost_measure(&order, costs, err);

    judge_touched(&measure->bench->judge);
    for (size_t i = 0; i < order.count && code == 0; i++)
        code = tell_samples(measure->teller, i, SAMPLES_UPDATE, costs[i].durations_ns,
                            costs[i].count, err);
    return code;
}

int measure_timelines(struct measure *measure, struct err *err)
{
    int code = 0;

    for (size_t i = 0; i < measure->bench->judge.subject_count && code == 0; i++)
        code = find_timeline(measure, i, err);
    return code;
}

int measure_span(struct measure *measure, size_t subject, uint64_t *ret_ns,
                 struct err *err)
{
    struct calibration *calibration = &measure->calibrations[subject];
    int code = 0;

    if (calibration->kills++ % RECALIBRATE_EVERY == 0)
        code = calibrate(measure, subject, err);
    if (code == 0)
        *ret_ns = calibration->span_ns;
    return code;
}
