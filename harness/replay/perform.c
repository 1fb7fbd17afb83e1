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

static struct worker_job job_of(const struct performance *performance,
                                enum fault_id fault)
{
    return trial_job(performance->bench, performance->subject, fault);
}

/* A trial. The snapshot is what it left. */
static int run_worker(struct performance *performance, const struct worker_job *job,
                      struct worker_end *ret_end, struct snapshot *snapshot,
                      struct err *err)
{
    int code = trial_run(performance->bench, job, ret_end, snapshot, err);

    return code < 0 ? err_wrap(err, "strategy '%s'", performance_strategy(performance))
                    : 0;
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
    struct worker_job job = job_of(performance, FAULT_KILL);
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
                         const struct worker_end *end)
{
    const struct page *page = performance->bench->page;
    struct transcript *transcript = &performance->transcript;

    transcript_release(transcript);
    *transcript = (struct transcript){
        .whole = &performance->subject->recording,
        .commands = page->commands,
        .replies = page->replies,
        .fault = fault,
        .outcome = end->outcome,
        .kill_ns = end->kill_ns,
        .end_ns = page->end_ns ? page->end_ns - page->begin_ns : 0,
    };
    snprintf(transcript->error, sizeof(transcript->error), "%s", page->error);
    recording_take(&transcript->sent, page);
}

static int attempt(struct performance *performance, const struct worker_job *job,
                   struct err *err)
{
    struct worker_end end;
    int code = run_worker(performance, job, &end, &performance->dead, err);

    if (code == 0)
        note_attempt(performance, job->fault, &end);
    return code;
}

/* The worker dies by itself after so many commands. */
static int step(struct performance *performance, uint64_t commands, struct err *err)
{
    struct worker_job job = job_of(performance, FAULT_STEP);
    int code;

    if (commands > performance->subject->commands)
        return err_set(err, ERR_USAGE,
                       "strategy '%s' has no crash point %llu: its update sends %llu "
                       "command%s",
                       performance_strategy(performance), (unsigned long long)commands,
                       (unsigned long long)performance->subject->commands,
                       performance->subject->commands == 1 ? "" : "s");
    job.point.commands = commands;
    code = attempt(performance, &job, err);
    if (code == 0 && performance->transcript.commands != commands)
        return err_set(err, ERR_USAGE,
                       "strategy '%s' does not repeat itself: cut after %llu commands, "
                       "the worker ended with '%s' after %llu",
                       performance_strategy(performance), (unsigned long long)commands,
                       outcome_name(performance->transcript.outcome),
                       (unsigned long long)performance->transcript.commands);
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
    struct worker_job job = job_of(performance, FAULT_KILL);
    uint64_t start_ns = clock_now_ns();

    while (may_try_again(performance, start_ns)) {
        const struct transcript *transcript = &performance->transcript;
        int code = 0;

        if (performance->attempts % RECALIBRATE_EVERY == 0)
            code = calibrate(performance, err);
        performance->delay_ns =
            1 + (uint64_t)(replay->fraction * (double)performance->calibration.span_ns);
        job.point.delay_ns = performance->delay_ns;
        if (code == 0)
            code = attempt(performance, &job, err);
        if (code < 0)
            return code;
        performance->attempts++;
        performance->hit =
            replay_matches(replay, performance->wanted,
                           &(struct replay_attempt){
                               transcript->outcome, transcript->replies,
                               transcript->commands, performance->dead.signature });
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
        code = step(performance, replay->point, err);
        performance->wanted = performance->dead.signature;
    }
    return code;
}

static int perform_kill(struct performance *performance, struct err *err)
{
    const struct replay *replay = performance->replay;
    int code = aim(performance, err);

    if (code == 0)
        code = shoot(performance, err);
    if (code < 0 || performance->hit || !replay->explained)
        return code;
    performance->stepped = true;
    return step(performance, replay->point, err);
}

static int perform_step(struct performance *performance, struct err *err)
{
    performance->hit = true;
    return step(performance, performance->replay->number, err);
}

/* Commands that depend on replies that differ from run to run cannot be sent again. */
static int check_repeatable(const struct performance *performance, struct err *err)
{
    const struct subject *subject = performance->subject;

    if (subject->repeated == subject->commands)
        return 0;
    return err_set(err, ERR_USAGE,
                   "two uninterrupted updates sent different bytes from command %zu on: "
                   "they cannot be cut at a byte",
                   subject->repeated + 1);
}

static int perform_cut(struct performance *performance, struct err *err)
{
    const struct recording *recording = &performance->subject->recording;
    uint64_t bytes = performance->replay->number;
    int code;

    if (bytes > recording->output_bytes)
        return err_set(err, ERR_USAGE, "the update of strategy '%s' has only %zu bytes",
                       performance_strategy(performance), recording->output_bytes);
    code = check_repeatable(performance, err);
    if (code == 0)
        code = trial_cut(performance->bench, performance->subject, bytes,
                         &performance->dead, err);
    if (code == TRIAL_VARIES)
        code = check_repeatable(performance, err);
    performance->hit = true;
    performance->transcript = (struct transcript){
        .whole = recording,
        .commands = recording_complete(recording, bytes),
        .replies = recording_complete(recording, bytes),
        .fault = FAULT_BYTE,
        .bytes = bytes,
    };
    return code < 0 ? err_wrap(err, "strategy '%s'", performance_strategy(performance))
                    : 0;
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
                        &performance->dead, &watch, &performance->judgement, err);
    fclose(narrative.out);
    return code;
}

/* Which crash points leave this state: they say how much Redis executed. Only those
 * between the replies that were read and the commands that were written can be. */
static int explain(struct performance *performance, struct err *err)
{
    CLEANUP(snapshot_release) struct snapshot snapshot = SNAPSHOT_NULL;
    const struct transcript *transcript = &performance->transcript;
    struct worker_job job = job_of(performance, FAULT_STEP);
    uint64_t start_ns = clock_now_ns(), from = transcript->replies;
    uint64_t to = transcript->commands;

    if (to - from > PROBES_MOST && performance->replay->explained && performance->hit)
        from = to = performance->replay->point;
    if (to > performance->subject->commands)
        to = performance->subject->commands;
    for (uint64_t k = from; k <= to && k - from <= PROBES_MOST; k++) {
        struct worker_end end;
        int code;

        if (k > from && clock_now_ns() - start_ns > PROBES_NS)
            break;
        job.point.commands = k;
        code = run_worker(performance, &job, &end, &snapshot, err);
        if (code < 0)
            return code;
        if (!signature_equal(snapshot.signature, performance->dead.signature)) {
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
    static int (*const perform[FAULT_COUNT])(struct performance *, struct err *) = {
        [FAULT_STEP] = perform_step,
        [FAULT_BYTE] = perform_cut,
        [FAULT_KILL] = perform_kill,
    };
    int code = perform[performance->replay->fault](performance, err);

    if (code == 0)
        code = judge_it(performance, err);
    return code == 0 ? explain(performance, err) : code;
}

void performance_release(struct performance *performance)
{
    transcript_release(&performance->transcript);
    snapshot_release(&performance->dead);
    free(performance->story);
}
