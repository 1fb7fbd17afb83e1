/* measure.c - see measure.h. */
#include "run/measure.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mutant.h"
#include "plan/aim.h"
#include "run/fleet.h"
#include "run/tell.h"
#include "trial/calibration.h"
#include "trial/cost.h"

/* Each strategy's kills are aimed by its newest updates: one more is made every so many
 * of its attempts. */
#define RECALIBRATE_EVERY 16
/* Who is told something gets up, and takes the CPU of the next update. */
#define ALIVE_NS NSEC_PER_SEC
#define FIRST_ROUNDS (COST_ROUNDS / 2) /* before kills; the others in between */
#define FIRST_UPDATES 48
/* Of updates of which one in a hundred is long, so many show one with 95%. They are made
 * where they cost little beside the kills: so much time per strategy, and no more than
 * one for every third attempt. */
#define RARE_UPDATES 300
#define RARE_BUDGET_NS (300 * NSEC_PER_MSEC)
#define RARE_ATTEMPTS 3
#define PARENT_LEAST_NS 250000.0
#define TIMELINE_UPDATES 15 /* where nobody is killed */
/* Of all updates that a lane times, together: longer ones are timed less often. */
#define TIMELINE_TIMES ((size_t)100000)

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

/* One that stalls until the watchdog comes leaves *ret as it is, if that is known already
 * (its duration is not 0). */
static int run_uninterrupted(struct measure *measure, size_t subject, bool times,
                             struct calibration_update *ret, struct err *err)
{
    struct worker_job job =
        trial_job(measure->bench, subject_at(measure, subject), FAULT_KILL);
    const struct page *page = measure->bench->page;
    struct calibration_update update;
    enum outcome outcome;
    int code;

    job.times = times;
    code = calibration_run(measure->bench, subject_at(measure, subject), &job, &outcome,
                           &update, err);
    if (code < 0 || (outcome == OUTCOME_TIMEOUT && ret->duration_ns))
        return code;
    if (outcome == OUTCOME_TIMEOUT)
        return bench_explain_late(measure->bench, subject_at(measure, subject), err);
    if (outcome != OUTCOME_MISSED)
        return err_set(err, page->error_code ? page->error_code : -ECHILD,
                       "strategy '%s': an uninterrupted update ended with %s%s%s",
                       bench_strategy(measure->bench, subject_at(measure, subject))->name,
                       outcome_name(outcome), page->error[0] ? ": " : "", page->error);
    *ret = update;
    return 0;
}

/* When each command was written, and when the update ended. */
static int tell_timeline(struct measure *measure, size_t subject,
                         const struct calibration_update *update, struct err *err)
{
    size_t commands = (size_t)subject_at(measure, subject)->commands;
    CLEANUP(mem_freep) uint64_t *times_ns = MEM_ARRAY(uint64_t, commands + 1);

    for (size_t k = 0; k < commands; k++)
        times_ns[k] = measure->bench->page->traces[k].write_ns;
    times_ns[commands] = update->duration_ns;
    return tell_samples(measure->teller, subject, SAMPLES_TIMELINE, times_ns,
                        commands + 1, err);
}

/* One more update as those that are killed: how long it takes, and as long as they are
 * not too many, what it does when. One that others held up says nothing of that. */
static int calibrate(struct measure *measure, size_t subject, struct err *err)
{
    struct calibration *calibration = &measure->calibrations[subject];
    struct calibration_update update = { calibration->longest_ns, 0 }; /* if it stalls */
    size_t commands = (size_t)subject_at(measure, subject)->commands;
    size_t share = TIMELINE_TIMES / measure->bench->judge.subject_count;
    bool enough = calibration->timed >= FIRST_UPDATES && calibration->kills == 0;
    bool times = calibration->timed == 0 ||
                 (!enough && calibration->timed * (commands + 1) < share);
    int code = run_uninterrupted(measure, subject, times, &update, err);

    if (code < 0)
        return code;
    calibration->timed += times;
    if (times && update.waited_ns * 4 <= update.duration_ns &&
        measure->bench->page->end_ns)
        code = tell_timeline(measure, subject, &update, err);
    calibration_add(calibration, &update);
    update.duration_ns -= update.waited_ns;
    return code == 0
               ? tell_samples(measure->teller, subject, SAMPLES_COLD, &update.duration_ns,
                              measure->bench->judge.server_turns > 0 ? 2 : 1, err)
               : code;
}

/* Rounds over all strategies until there are enough updates or the time is up. */
static int rounds(struct measure *measure, size_t most, struct err *err)
{
    size_t subjects = measure->bench->judge.subject_count;
    uint64_t budget_ns = CALIBRATION_BUDGET_NS * subjects;
    uint64_t start_ns = clock_now_ns(), told_ns = start_ns;
    uint64_t rare_ns = RARE_BUDGET_NS * subjects, passed_ns;
    size_t least = CALIBRATION_LEAST;
    int code = 0;

    if (measure->options->kill_ns && measure->options->kill_ns / 4 < budget_ns) {
        budget_ns = measure->options->kill_ns / 4;
        least = 1;
    }
    for (size_t round = 0; round < most && code == 0; round++) {
        passed_ns = clock_now_ns() - start_ns;
        if ((round >= least && passed_ns > budget_ns) ||
            (round >= FIRST_UPDATES && passed_ns > rare_ns))
            break;
        for (size_t i = 0; i < subjects && code == 0; i++) {
            code = calibrate(measure, i, err);
            if (code == 0 && clock_now_ns() - told_ns > ALIVE_NS) {
                code = tell_event(measure->teller, EVENT_ALIVE, NULL, 0, err);
                told_ns = clock_now_ns();
            }
        }
    }
    return code;
}

/* Kills by the parent are as exact as it is woken: on a machine of one's own it takes
 * some ten microseconds, and never the same. What an update does at its beginning is then
 * killed too often, and what it does at its end too rarely: of equal windows of 30% the
 * first got 40% of the kills and the last 24% where updates took 110 us, 33% and 29%
 * where they took 300 (by the timer 34% and 29%, 31% and 31%). */
static int check_killer(struct measure *measure, struct err *err)
{
    for (size_t i = 0; i < measure->bench->judge.subject_count; i++) {
        double most_ns = aim_most_ns(&measure->calibrations[i].aim);

        if (measure->bench->killer == KILLER_PARENT && most_ns < PARENT_LEAST_NS &&
            subject_at(measure, i)->commands && !mutant("parent-hasty"))
            return err_set(err, ERR_USAGE,
                           "--killer parent: updates of strategy '%s' take %.0f us, and "
                           "kills by the parent are not exact enough for updates below "
                           "%.0f us: rates would be wrong; use --killer timer, or --rtt",
                           bench_strategy(measure->bench, subject_at(measure, i))->name,
                           ns_to_us(most_ns), ns_to_us(PARENT_LEAST_NS));
    }
    return 0;
}

static size_t first_updates(uint64_t attempts)
{
    uint64_t some = attempts / RARE_ATTEMPTS;

    return some < FIRST_UPDATES  ? FIRST_UPDATES
           : some > RARE_UPDATES ? RARE_UPDATES
                                 : (size_t)some;
}

int measure_spans(struct measure *measure, struct err *err)
{
    int code;

    for (size_t i = 0; i < measure->bench->judge.subject_count; i++)
        measure->calibrations[i].aim.before_ns =
            lateness_spread_ns(&measure->bench->lateness);
    code = rounds(measure, first_updates(measure->attempts), err);
    return code == 0 ? check_killer(measure, err) : code;
}

static int measure_round(struct measure *measure, struct err *err)
{
    const struct fleet_options *options = measure->options;
    CLEANUP(mem_freep)
    const struct kept **kept = MEM_ARRAY(const struct kept *, options->plan.strategies);
    CLEANUP(mem_freep) uint64_t *durations_ns = NULL;
    const struct cost_order order = {
        .scenario = options->scenario,
        .strategies = options->strategies,
        .count = options->plan.strategies,
        .worker_address = measure->worker_address,
        .keeper = &measure->bench->judge.keeper,
        .kept = kept,
        .timeout_ns = options->timeout_ns,
    };
    uint64_t start_ns = clock_now_ns(), spent_ns;
    size_t count;
    int code;

    for (size_t i = 0; i < order.count; i++)
        kept[i] = &subject_at(measure, i)->origin->kept;
    code = cost_measure(&order, &durations_ns, &count, err);
    judge_touched(&measure->bench->judge);
    spent_ns = clock_now_ns() - start_ns;
    return code == 0 ? tell_block(measure->teller, order.count, durations_ns, count,
                                  measure->kills_wait ? spent_ns : 0, err)
                     : code;
}

/* So many rounds, with those that are over. */
static int measure_rounds(struct measure *measure, size_t rounds, struct err *err)
{
    int code = 0;

    while (measure->rounds < rounds && code == 0) {
        code = measure_round(measure, err);
        measure->rounds++;
    }
    return code;
}

int measure_costs_first(struct measure *measure, struct err *err)
{
    return measure_rounds(measure, FIRST_ROUNDS, err);
}

int measure_costs_meanwhile(struct measure *measure, uint64_t number, uint64_t passed_ns,
                            struct err *err)
{
    double limit_ns = (double)measure->options->kill_ns;
    double done = (double)number / (double)plan_trials(&measure->options->plan);
    size_t rest = COST_ROUNDS - FIRST_ROUNDS;

    measure->kills_wait = true;
    if (limit_ns > 0)
        done = fmin(1, fmax(done, (double)passed_ns / limit_ns));
    return measure_rounds(measure, FIRST_ROUNDS + (size_t)(done * (double)rest + 0.5),
                          err);
}

int measure_costs(struct measure *measure, struct err *err)
{
    return measure_rounds(measure, COST_ROUNDS, err);
}

int measure_timelines(struct measure *measure, struct err *err)
{
    return rounds(measure, TIMELINE_UPDATES, err);
}

int measure_aim(struct measure *measure, size_t subject, const struct aim **ret,
                struct err *err)
{
    struct calibration *calibration = &measure->calibrations[subject];
    int code = 0;

    if (calibration->kills++ % RECALIBRATE_EVERY == 0)
        code = calibrate(measure, subject, err);
    if (code == 0)
        *ret = &calibration->aim;
    return code;
}

void measure_saw(struct measure *measure, size_t subject, uint64_t duration_ns)
{
    calibration_saw(&measure->calibrations[subject], duration_ns);
}
