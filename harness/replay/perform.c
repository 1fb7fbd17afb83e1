/* perform.c - see perform.h. */
#include "replay/perform.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "replay/narrative.h"

#define RECALIBRATE_EVERY 8 /* attempts */
/* Then no attempt more is begun, and no crash point more is looked at: who waits for a
 * story wants it soon. */
#define ATTEMPTS_NS (20 * NSEC_PER_SEC)
#define PROBES_NS (10 * NSEC_PER_SEC)
#define PROBES_MOST 400

const char *performance_strategy(const struct performance *performance)
{
    return bench_strategy(performance->bench, performance->subject)->name;
}

/* The fault strikes at a point. The death may be another one than that of an attempt. */
static int strike(struct performance *performance, enum fault_id fault, uint64_t point,
                  struct death *death, struct err *err)
{
    struct subject *subject = performance->subject;
    int code =
        fault_by_id(fault)->perform(performance->bench, subject, point, death, err);

    if (code == TRIAL_VARIES)
        return err_set(err, ERR_USAGE,
                       "strategy '%s': two uninterrupted updates sent different bytes "
                       "from command %zu on: they cannot be cut at a byte",
                       performance_strategy(performance), subject->repeated + 1);
    if (code < 0 && code != ERR_USAGE)
        return err_wrap(err, "strategy '%s'", performance_strategy(performance));
    return code;
}

/* --- the instant --- */

/* How long an uninterrupted update stays at the recorded point. */
static uint64_t lasting_ns(const struct performance *performance)
{
    const struct page *page = performance->bench->page;
    uint64_t k = performance->replay->point;
    uint64_t from_ns = k ? page->traces[k - 1].write_ns : 0;
    uint64_t to_ns =
        k < page->commands ? page->traces[k].write_ns : page->end_ns - page->begin_ns;

    return k > page->commands || to_ns < from_ns ? 0 : to_ns - from_ns;
}

/* The span over which the fraction is drawn, of workers that record as the one that is to
 * die does. One that stalls until the watchdog comes tells nothing. */
static int calibrate(struct performance *performance, struct err *err)
{
    struct worker_job job =
        trial_job(performance->bench, performance->subject, FAULT_KILL);
    const struct page *page = performance->bench->page;
    uint64_t start_ns = clock_now_ns();

    performance->calibration = (struct calibration){ .count = 0 };
    for (size_t runs = 0; runs < CALIBRATION_UPDATES; runs++) {
        enum outcome outcome;

        if (runs >= CALIBRATION_LEAST &&
            clock_now_ns() - start_ns > CALIBRATION_BUDGET_NS)
            break;
        if (calibration_run(performance->bench, &job, &outcome, err) < 0)
            return err_wrap(err, "strategy '%s'", performance_strategy(performance));
        if (outcome != OUTCOME_MISSED)
            continue;
        calibration_add(&performance->calibration, page->end_ns - page->begin_ns);
        performance->lasts_ns = lasting_ns(performance);
    }
    return 0;
}

/* --- attempts --- */

static void note_attempt(struct performance *performance, enum fault_id fault,
                         uint64_t point)
{
    const struct page *page = performance->bench->page;
    const struct death *death = &performance->death;
    struct transcript *transcript = &performance->transcript;

    transcript_release(transcript);
    *transcript = (struct transcript){
        .whole = &performance->subject->recording,
        .commands = death->commands,
        .replies = death->replies,
        .fault = fault_by_id(fault),
        .outcome = death->outcome,
        .kill_ns = death->kill_ns,
        .point = point,
    };
    if (transcript->fault->sends_recording)
        return; /* there was no worker */
    transcript->end_ns = page->end_ns ? page->end_ns - page->begin_ns : 0;
    snprintf(transcript->error, sizeof(transcript->error), "%s", page->error);
    recording_take(&transcript->sent, page);
}

static int attempt(struct performance *performance, enum fault_id fault, uint64_t point,
                   struct err *err)
{
    int code = strike(performance, fault, point, &performance->death, err);

    if (code == 0)
        note_attempt(performance, fault, point);
    return code;
}

static bool may_try_again(const struct performance *performance, uint64_t start_ns)
{
    if (performance->attempts == 0)
        return true;
    return !performance->hit && performance->attempts < REPLAY_ATTEMPTS &&
           clock_now_ns() - start_ns < ATTEMPTS_NS;
}

/* The same fraction again and again, until chance is kind; of an update whose speed is
 * looked at again every now and then. */
static int shoot(struct performance *performance, struct err *err)
{
    const struct replay *replay = performance->replay;
    uint64_t start_ns = clock_now_ns();

    while (may_try_again(performance, start_ns)) {
        const struct death *death = &performance->death;
        int code = 0;

        if (performance->attempts % RECALIBRATE_EVERY == 0)
            code = calibrate(performance, err);
        performance->delay_ns =
            1 + (uint64_t)(replay->fraction * (double)performance->calibration.span_ns);
        if (code == 0)
            code = attempt(performance, replay->fault, performance->delay_ns, err);
        if (code < 0)
            return code;
        performance->attempts++;
        performance->hit = replay_matches(
            replay, performance->wanted,
            &(struct replay_attempt){ death->outcome, death->replies, death->commands,
                                      death->state.signature });
    }
    return 0;
}

/* What the recorded crash point leaves in this run, whose clock may say something else.
 */
static int aim(struct performance *performance, struct err *err)
{
    const struct replay *replay = performance->replay;
    int code = 0;

    performance->wanted = replay->signature;
    if (replay->recorded && replay->explained) {
        code = attempt(performance, FAULT_STEP, replay->point, err);
        performance->wanted = performance->death.state.signature;
    }
    return code;
}

static int perform_instant(struct performance *performance, struct err *err)
{
    const struct replay *replay = performance->replay;
    int code = aim(performance, err);

    if (code == 0)
        code = shoot(performance, err);
    if (code < 0 || performance->hit || !replay->explained)
        return code;
    performance->stepped = true;
    return attempt(performance, FAULT_STEP, replay->point, err);
}

static int perform_point(struct performance *performance, struct err *err)
{
    performance->hit = true;
    return attempt(performance, performance->replay->fault, performance->replay->number,
                   err);
}

/* --- what is found out about it --- */

static int judge_it(struct performance *performance, struct err *err)
{
    size_t length = 0;
    struct narrative narrative = {
        .out = open_memstream(&performance->story, &length),
        .judge = &performance->bench->judge,
        .subject = performance->subject,
    };
    struct judge_watch watch = narrative_watch(&narrative);
    int code;

    if (!narrative.out)
        return err_errno(err, "make room for a narrative");
    code = judge_afresh(&performance->bench->judge, performance->subject,
                        &performance->death.state, &watch, &performance->judgement, err);
    fclose(narrative.out);
    return code;
}

/* Which crash points leave this state: they say how much Redis executed. Only those
 * between the replies that were read and the commands that were written can be. */
static int explain(struct performance *performance, struct err *err)
{
    CLEANUP(death_release) struct death probe = DEATH_NULL;
    const struct death *death = &performance->death;
    uint64_t start_ns = clock_now_ns(), from = death->replies, to = death->commands;

    if (to - from > PROBES_MOST && performance->replay->explained && performance->hit)
        from = to = performance->replay->point;
    if (to > performance->subject->commands)
        to = performance->subject->commands;
    for (uint64_t k = from; k <= to && k - from <= PROBES_MOST; k++) {
        int code;

        if (k > from && clock_now_ns() - start_ns > PROBES_NS)
            break;
        code = strike(performance, FAULT_STEP, k, &probe, err);
        if (code < 0)
            return code;
        if (!signature_equal(probe.state.signature, death->state.signature)) {
            if (performance->explained)
                break;
            continue;
        }
        if (!performance->explained)
            performance->executed_from = k;
        performance->executed_to = k;
        performance->explained = true;
    }
    return 0;
}

int performance_give(struct performance *performance, struct err *err)
{
    int code = fault_by_id(performance->replay->fault)->points
                   ? perform_point(performance, err)
                   : perform_instant(performance, err);

    if (code == 0)
        code = judge_it(performance, err);
    return code == 0 ? explain(performance, err) : code;
}

void performance_release(struct performance *performance)
{
    transcript_release(&performance->transcript);
    death_release(&performance->death);
    free(performance->story);
}
