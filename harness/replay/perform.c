/* perform.c - see perform.h. */
#include "replay/perform.h"

#include <stdlib.h>

#include "base/clock.h"
#include "replay/narrative.h"

#define RECALIBRATE_EVERY 8 /* attempts */
/* Then no attempt more is begun, and no crash point more is looked at: who waits for a
 * story wants it soon. */
#define ATTEMPTS_NS (20 * NSEC_PER_SEC)
#define PROBES_NS (10 * NSEC_PER_SEC)
#define PROBES_MOST 400

const char *perform_strategy(const struct perform *perform)
{
    return bench_strategy(perform->bench, perform->subject)->name;
}

/* The fault strikes at a point. The death may be another one than that of an attempt. */
static int strike(struct perform *perform, enum fault_id fault, uint64_t point,
                  struct death *death, struct err *err)
{
    struct subject *subject = perform->subject;
    int code = fault_by_id(fault)->perform(perform->bench, subject, point, death, err);

    if (code == TRIAL_VARIES)
        return err_set(err, ERR_USAGE,
                       "strategy '%s': two uninterrupted updates sent different bytes "
                       "from command %zu on: they cannot be cut at a byte",
                       perform_strategy(perform), subject->repeated + 1);
    if (code < 0 && code != ERR_USAGE)
        return err_wrap(err, "strategy '%s'", perform_strategy(perform));
    return code;
}

/* --- the instant --- */

/* How long an uninterrupted update stays at the recorded point. */
static uint64_t lasting_ns(const struct perform *perform)
{
    const struct page *page = perform->bench->page;
    uint64_t k = perform->replay->point;
    uint64_t from_ns = k ? page->traces[k - 1].write_ns : 0;
    uint64_t to_ns =
        k < page->commands ? page->traces[k].write_ns : page->end_ns - page->begin_ns;

    return k > page->commands || to_ns < from_ns ? 0 : to_ns - from_ns;
}

/* The span over which the fraction is drawn, of workers that record as the one that is to
 * die does. One that stalls until the watchdog comes tells nothing. */
static int calibrate(struct perform *perform, struct err *err)
{
    struct worker_job job = trial_job(perform->bench, perform->subject, FAULT_KILL);
    const struct page *page = perform->bench->page;
    uint64_t start_ns = clock_now_ns();

    perform->calibration = (struct calibration){ .count = 0 };
    for (size_t runs = 0; runs < CALIBRATION_UPDATES; runs++) {
        enum outcome outcome;

        if (runs >= CALIBRATION_LEAST &&
            clock_now_ns() - start_ns > CALIBRATION_BUDGET_NS)
            break;
        if (calibration_run(perform->bench, perform->subject, &job, &outcome, err) < 0)
            return err_wrap(err, "strategy '%s'", perform_strategy(perform));
        if (outcome != OUTCOME_MISSED)
            continue;
        calibration_add(&perform->calibration, page->end_ns - page->begin_ns);
        perform->lasts_ns = lasting_ns(perform);
    }
    return 0;
}

/* --- attempts --- */

static void note_attempt(struct perform *perform, enum fault_id fault, uint64_t point)
{
    const struct page *page = perform->bench->page;
    const struct death *death = &perform->death;
    struct transcript *transcript = &perform->transcript;

    recording_release(&transcript->sent);
    *transcript = (struct transcript){
        .whole = &perform->subject->recording,
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

static int attempt(struct perform *perform, enum fault_id fault, uint64_t point,
                   struct err *err)
{
    int code = strike(perform, fault, point, &perform->death, err);

    if (code == 0)
        note_attempt(perform, fault, point);
    return code;
}

/* The same fraction again and again, until chance is kind; of an update whose speed is
 * looked at again every now and then. */
static int shoot(struct perform *perform, struct err *err)
{
    const struct replay *replay = perform->replay;
    uint64_t start_ns = clock_now_ns();

    do {
        const struct death *death = &perform->death;
        int code = 0;

        if (perform->attempts % RECALIBRATE_EVERY == 0)
            code = calibrate(perform, err);
        perform->delay_ns =
            1 + (uint64_t)(replay->fraction * (double)perform->calibration.span_ns);
        if (code == 0)
            code = attempt(perform, replay->fault, perform->delay_ns, err);
        if (code < 0)
            return code;
        perform->attempts++;
        perform->hit = replay_matches(
            replay, perform->wanted,
            &(struct replay_attempt){ death->outcome, death->replies, death->commands,
                                      death->state.signature });
    } while (!perform->hit && perform->attempts < REPLAY_ATTEMPTS &&
             clock_now_ns() - start_ns < ATTEMPTS_NS);
    return 0;
}

/* What the recorded crash point leaves in this run, whose clock may differ. */
static int aim(struct perform *perform, struct err *err)
{
    const struct replay *replay = perform->replay;
    int code = 0;

    perform->wanted = replay->signature;
    if (replay->recorded && replay->explained) {
        code = attempt(perform, FAULT_STEP, replay->point, err);
        perform->wanted = perform->death.state.signature;
    }
    return code;
}

static int perform_instant(struct perform *perform, struct err *err)
{
    const struct replay *replay = perform->replay;
    int code = aim(perform, err);

    if (code == 0)
        code = shoot(perform, err);
    if (code < 0 || perform->hit || !replay->explained)
        return code;
    perform->stepped = true;
    return attempt(perform, FAULT_STEP, replay->point, err);
}

static int perform_point(struct perform *perform, struct err *err)
{
    perform->hit = true;
    return attempt(perform, perform->replay->fault, perform->replay->number, err);
}

/* --- what is found out about it --- */

static int judge_it(struct perform *perform, struct err *err)
{
    size_t length = 0;
    struct narrative narrative = {
        .out = open_memstream(&perform->story, &length),
        .judge = &perform->bench->judge,
        .subject = perform->subject,
    };
    struct judge_watch watch = narrative_watch(&narrative);
    int code;

    if (!narrative.out)
        return err_errno(err, "make room for a narrative");
    code = judge_afresh(&perform->bench->judge, perform->subject, &perform->death.state,
                        &watch, &perform->judgement, err);
    fclose(narrative.out);
    return code;
}

/* Which crash points leave this state: they say how much Redis executed. Only those
 * between the replies that were read and the commands that were written can be. */
static int explain(struct perform *perform, struct err *err)
{
    CLEANUP(death_release) struct death probe = DEATH_NULL;
    const struct death *death = &perform->death;
    uint64_t start_ns = clock_now_ns(), from = death->replies, to = death->commands;

    if (to - from > PROBES_MOST && perform->replay->explained && perform->hit)
        from = to = perform->replay->point;
    if (to > perform->subject->commands)
        to = perform->subject->commands;
    for (uint64_t k = from; k <= to && k - from <= PROBES_MOST; k++) {
        int code;

        if (k > from && clock_now_ns() - start_ns > PROBES_NS)
            break;
        code = strike(perform, FAULT_STEP, k, &probe, err);
        if (code < 0)
            return code;
        if (!signature_equal(probe.state.signature, death->state.signature)) {
            if (perform->explained)
                break;
            continue;
        }
        if (!perform->explained)
            perform->executed_from = k;
        perform->executed_to = k;
        perform->explained = true;
    }
    return 0;
}

int perform_replay(struct perform *perform, struct err *err)
{
    int code = fault_by_id(perform->replay->fault)->points
                   ? perform_point(perform, err)
                   : perform_instant(perform, err);

    if (code == 0)
        code = judge_it(perform, err);
    return code == 0 ? explain(perform, err) : code;
}

void perform_release(struct perform *perform)
{
    recording_release(&perform->transcript.sent);
    death_release(&perform->death);
    free(perform->story);
}
