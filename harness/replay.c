/* replay.c - see replay.h. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "judge.h"
#include "narrative.h"
#include "plan.h"
#include "transcript.h"

#define CALIBRATION_UPDATES 48
#define CALIBRATION_LEAST 3
#define CALIBRATION_NS (2 * NSEC_PER_SEC)
#define VALID_SHARE 0.88 /* as in lane.c: so that a fraction means the same instant */
/* Then no attempt more is begun, and no crash point more is looked at: who waits for a
 * story wants it soon. */
#define ATTEMPTS_NS (20 * NSEC_PER_SEC)
#define PROBES_NS (10 * NSEC_PER_SEC)
#define PROBES_MOST 400

bool replay_matches(const struct replay *replay, struct signature wanted,
                    const struct replay_attempt *attempt)
{
    if (!replay->recorded)
        return true;
    if (attempt->outcome != replay->outcome ||
        !signature_equal(attempt->signature, wanted))
        return false;
    if (replay->explained)
        return attempt->replies <= replay->point && replay->point <= attempt->commands;
    return attempt->replies == replay->replies && attempt->commands == replay->commands;
}

/* A number and nothing else; digits only, so that "-1" and " 1" are none. */
static bool parse_number(const char *text, uint64_t *ret)
{
    size_t digits = strspn(text, "0123456789");

    if (digits == 0 || digits > 18 || text[digits])
        return false;
    *ret = strtoull(text, NULL, 10);
    return true;
}

int replay_operand_parse(const char *text, struct replay_operand *ret, struct err *err)
{
    static const struct {
        char mark;
        enum fault_id fault;
    } kinds[] = { { ':', FAULT_STEP }, { '@', FAULT_BYTE } };
    struct replay_operand operand = { .fault = FAULT_KILL };

    if (parse_number(text, &operand.number)) {
        *ret = operand;
        return 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        const char *mark = strrchr(text, kinds[i].mark);
        size_t length = mark ? (size_t)(mark - text) : 0;

        if (length == 0 || length >= sizeof(operand.strategy) ||
            !parse_number(mark + 1, &operand.number))
            continue;
        operand.fault = kinds[i].fault;
        memcpy(operand.strategy, text, length);
        *ret = operand;
        return 0;
    }
    return err_set(err, ERR_USAGE,
                   "'%.100s' is no trial: expected a trial's number, a crash point as "
                   "STRATEGY:POINT or a cut as STRATEGY@BYTES",
                   text);
}

/* A replay that goes on. */
struct performance {
    const struct replay_stage *stage;
    const struct replay *replay;
    struct subject *subject;
    struct signature wanted; /* what the recorded crash point leaves in this run */
    uint64_t span_ns;        /* of the calibrated update */
    size_t calibrated;       /* on so many updates */
    uint64_t lasts_ns;       /* how long the recorded point lasts in one of them */
    size_t attempts;
    bool hit;     /* the last attempt is what was recorded */
    bool stepped; /* timing failed; the worker died by itself at the point */
    uint64_t delay_ns;
    struct snapshot dead; /* owned; of the last attempt */
    struct transcript transcript;
    struct judgement judgement;
    char *story;                         /* owned: what the watch saw */
    uint64_t executed_from, executed_to; /* crash points that leave this state, one after
                                            the other; valid if `explained` */
    bool explained;
};

static const char *strategy_name(const struct performance *performance)
{
    return performance->stage->judge->scenario->strategies[performance->subject->strategy]
        .name;
}

static struct worker_job job_of(const struct performance *performance,
                                enum fault_id fault)
{
    const struct judge *judge = performance->stage->judge;

    return (struct worker_job){
        .scenario = judge->scenario,
        .function = judge->scenario->strategies[performance->subject->strategy].update,
        .fault = fault,
        .killer = performance->stage->killer,
        .record = true,
        .times = true,
        .timeout_ns = judge->timeout_ns,
    };
}

/* Prepares, runs a worker, waits until Redis has let go of it. The snapshot is what it
 * left. */
static int run_worker(struct performance *performance, const struct worker_job *job,
                      struct worker_end *ret_end, struct snapshot *snapshot,
                      struct err *err)
{
    struct judge *judge = performance->stage->judge;
    int code = judge_prepare(judge, err);

    if (code == 0)
        code = worker_run(job, judge->address, performance->stage->page, ret_end, err);
    judge_touched(judge);
    if (code == 0)
        code = snapshot_take(&judge->auditor, ret_end->client_id, snapshot, err);
    return code < 0 ? err_wrap(err, "strategy '%s'", strategy_name(performance)) : 0;
}

/* --- the instant --- */

/* How long an uninterrupted update stays at the recorded point. */
static uint64_t lasting_ns(const struct performance *performance)
{
    const struct progress *page = performance->stage->page;
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
    CLEANUP(snapshot_release) struct snapshot ignored = SNAPSHOT_NULL;
    const struct progress *page = performance->stage->page;
    uint64_t durations_ns[CALIBRATION_UPDATES];
    uint64_t start_ns = clock_now_ns();
    size_t runs = 0, count = 0;
    int code = 0;

    job.point.delay_ns = job.killer == KILLER_TIMER ? 1000 * NSEC_PER_SEC : 0;
    for (; runs < CALIBRATION_UPDATES && code == 0; runs++) {
        struct worker_end end;

        if (runs >= CALIBRATION_LEAST && clock_now_ns() - start_ns > CALIBRATION_NS)
            break;
        code = run_worker(performance, &job, &end, &ignored, err);
        if (code == 0 && end.outcome == OUTCOME_MISSED) {
            durations_ns[count++] = page->end_ns - page->begin_ns;
            performance->lasts_ns = lasting_ns(performance);
        }
    }
    performance->calibrated = count;
    performance->span_ns = count ? plan_span_ns(durations_ns, count, VALID_SHARE) : 0;
    return code;
}

/* --- attempts --- */

static void note_attempt(struct performance *performance, enum fault_id fault,
                         const struct worker_end *end)
{
    const struct progress *page = performance->stage->page;
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
                       strategy_name(performance), (unsigned long long)commands,
                       (unsigned long long)performance->subject->commands,
                       performance->subject->commands == 1 ? "" : "s");
    job.point.commands = commands;
    code = attempt(performance, &job, err);
    if (code == 0 && performance->transcript.commands != commands)
        return err_set(err, ERR_USAGE,
                       "strategy '%s' does not repeat itself: cut after %llu commands, "
                       "the worker ended with '%s' after %llu",
                       strategy_name(performance), (unsigned long long)commands,
                       outcome_name(performance->transcript.outcome),
                       (unsigned long long)performance->transcript.commands);
    return code;
}

/* The same fraction again and again, until chance is kind. */
static int shoot(struct performance *performance, struct err *err)
{
    struct worker_job job = job_of(performance, FAULT_KILL);
    uint64_t start_ns = clock_now_ns();
    int code = 0;

    performance->delay_ns =
        1 + (uint64_t)(performance->replay->fraction * (double)performance->span_ns);
    job.point.delay_ns = performance->delay_ns;
    while (code == 0 && !performance->hit && performance->attempts < REPLAY_ATTEMPTS &&
           (performance->attempts == 0 || clock_now_ns() - start_ns < ATTEMPTS_NS)) {
        struct transcript *transcript = &performance->transcript;

        code = attempt(performance, &job, err);
        if (code < 0)
            return code;
        performance->attempts++;
        performance->hit =
            replay_matches(performance->replay, performance->wanted,
                           &(struct replay_attempt){
                               transcript->outcome, transcript->replies,
                               transcript->commands, performance->dead.signature });
    }
    return code;
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
    return code == 0 ? calibrate(performance, err) : code;
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

static int cut(struct performance *performance, int64_t *ret_client_id, struct err *err)
{
    struct judge *judge = performance->stage->judge;
    int code = judge_prepare(judge, err);

    if (code == 0)
        code = recording_cut(&performance->subject->recording, judge->address,
                             performance->replay->number, ret_client_id, err);
    judge_touched(judge);
    return code;
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

/* Answers that differ from run to run were not known as such if they did not differ
 * before; then the cut is made once more. */
static int perform_cut(struct performance *performance, struct err *err)
{
    struct judge *judge = performance->stage->judge;
    const struct recording *recording = &performance->subject->recording;
    uint64_t bytes = performance->replay->number;
    int64_t client_id = 0;
    int code;

    if (bytes > recording->output_bytes)
        return err_set(err, ERR_USAGE, "the update of strategy '%s' has only %zu bytes",
                       strategy_name(performance), recording->output_bytes);
    code = check_repeatable(performance, err);
    if (code == 0)
        code = cut(performance, &client_id, err);
    if (code == RECORDING_ANSWERS_DIFFER) {
        *err = (struct err)ERR_NULL;
        code = judge_drain(judge, client_id, err);
        if (code == 0)
            code = judge_record_again(judge, performance->subject, err);
        if (code == 0)
            code = check_repeatable(performance, err);
        if (code == 0)
            code = cut(performance, &client_id, err);
    }
    if (code == 0)
        code = snapshot_take(&judge->auditor, client_id, &performance->dead, err);
    performance->hit = true;
    performance->transcript = (struct transcript){
        .whole = recording,
        .commands = recording_complete(recording, bytes),
        .replies = recording_complete(recording, bytes),
        .fault = FAULT_BYTE,
        .bytes = bytes,
    };
    return code < 0 ? err_wrap(err, "strategy '%s'", strategy_name(performance)) : 0;
}

/* --- what is found out about it --- */

static int judge_it(struct performance *performance, struct err *err)
{
    size_t length = 0;
    struct narrative narrative = {
        .out = open_memstream(&performance->story, &length),
        .judge = performance->stage->judge,
        .subject = performance->subject,
    };
    struct judge_watch watch = narrative_watch(&narrative);
    int code;

    if (!narrative.out)
        return err_errno(err, "make room for a narrative");
    code = judge_afresh(performance->stage->judge, performance->subject,
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

/* --- telling it --- */

static void tell_title(FILE *out, const struct performance *performance)
{
    const struct replay *replay = performance->replay;
    const struct scenario *scenario = performance->stage->judge->scenario;
    const char *name = strategy_name(performance);

    if (replay->fault == FAULT_KILL)
        fprintf(out, "Trial %llu: a kill of strategy '%s'",
                (unsigned long long)replay->number, name);
    else
        fprintf(out, "%s %llu of strategy '%s'",
                replay->fault == FAULT_STEP ? "Crash point" : "Cut after byte",
                (unsigned long long)replay->number, name);
    fprintf(out, ", scenario %s, seed %llu\n", scenario->name,
            (unsigned long long)performance->stage->seed);
}

static void tell_recorded(FILE *out, const struct replay *replay)
{
    char later[LATER_TEXT];

    if (!replay->recorded) {
        if (replay->fault == FAULT_KILL)
            fputs("  Recorded: nothing is known of how it went\n", out);
        return;
    }
    fprintf(out, "  Recorded: %s, ", outcome_name(replay->outcome));
    if (replay->fault == FAULT_KILL)
        fprintf(out, "%llu commands written, %llu replies read, ",
                (unsigned long long)replay->commands,
                (unsigned long long)replay->replies);
    if (replay->explained)
        fprintf(out, "crash point %llu, ", (unsigned long long)replay->point);
    else
        fputs("UNEXPLAINED by any crash point, ", out);
    fprintf(out, "%s now, %s later\n", now_name(replay->now),
            later_text(replay->later, later));
    if (replay->outcome != OUTCOME_VALID)
        fputs("  It did not die inside the update: such trials count in no rate\n", out);
}

static void tell_plan(FILE *out, const struct performance *performance)
{
    const struct replay *replay = performance->replay;

    if (replay->fault != FAULT_KILL)
        return;
    fprintf(
        out,
        "  Planned: SIGKILL at %.4f of the update, which is %.0f us of a span of %.0f "
        "us (calibrated on %zu uninterrupted updates that were recorded)\n",
        replay->fraction, ns_to_us((double)performance->delay_ns),
        ns_to_us((double)performance->span_ns), performance->calibrated);
}

/* What kind of place the recorded death was at. */
static void tell_place(FILE *out, const struct performance *performance)
{
    const struct replay *replay = performance->replay;

    if (replay->outcome != OUTCOME_VALID)
        fprintf(out, "  The trial ended with '%s'", outcome_name(replay->outcome));
    else if (replay->point == 0)
        fputs("  The kill landed before the first command was executed", out);
    else
        fprintf(out, "  The kill landed after command %llu",
                (unsigned long long)replay->point);
    if (replay->outcome == OUTCOME_VALID)
        fprintf(out, ", where an update stays for %.0f us",
                ns_to_us((double)performance->lasts_ns));
}

static void tell_attempts(FILE *out, const struct performance *performance)
{
    const struct replay *replay = performance->replay;
    size_t n = performance->attempts;

    if (replay->fault != FAULT_KILL || !replay->recorded)
        return;
    if (performance->hit) {
        fprintf(out, "  Attempt %zu of at most %d died at the same place\n", n,
                REPLAY_ATTEMPTS);
    } else if (performance->stepped) {
        tell_place(out, performance);
        fprintf(out,
                "; %zu timed attempt%s did not hit that boundary again, so this is the "
                "census point it landed on\n",
                n, n == 1 ? "" : "s");
    } else {
        fprintf(out,
                "  %zu timed attempt%s did not end in that way again, and no crash point "
                "explains what was recorded, so this is only the last of them\n",
                n, n == 1 ? "" : "s");
    }
    if (replay->explained && !signature_equal(performance->wanted, replay->signature))
        fputs("  That crash point does not leave the recorded state in this run: another "
              "Redis, another clock or another scenario? They are compared by point "
              "alone\n",
              out);
}

static void tell_executed(FILE *out, const struct performance *performance)
{
    const struct transcript *transcript = &performance->transcript;
    unsigned long long total = performance->subject->commands;
    unsigned long long from = performance->executed_from, to = performance->executed_to;

    if (!performance->explained)
        fprintf(out,
                "  Redis executed a prefix of %llu (replies read) to %llu (commands "
                "written) commands; which one is not known: no crash point that was "
                "looked at leaves this state\n",
                (unsigned long long)transcript->replies,
                (unsigned long long)transcript->commands);
    else if (from == to && (from == 0 || from == total))
        fprintf(out, "  Redis executed %s of the %llu commands\n", from ? "all" : "none",
                total);
    else if (from == to)
        fprintf(out, "  Redis executed the first %llu of %llu commands\n", from, total);
    else
        fprintf(out,
                "  Redis executed the first %llu to %llu of %llu commands: these crash "
                "points leave the same state\n",
                from, to, total);
}

static void tell_comparison(FILE *out, const struct performance *performance)
{
    const struct replay *replay = performance->replay;
    char later[LATER_TEXT];

    if (!replay->recorded)
        return;
    if (replay->now == performance->judgement.now &&
        replay->later == performance->judgement.later)
        fputs("  as recorded\n", out);
    else
        fprintf(out, "  NOT as recorded: %s now, %s later\n", now_name(replay->now),
                later_text(replay->later, later));
}

static int tell(const struct performance *performance, FILE *out, struct err *err)
{
    int code;

    tell_title(out, performance);
    tell_recorded(out, performance->replay);
    tell_plan(out, performance);
    tell_attempts(out, performance);
    fprintf(out, "\n%s\n",
            performance->transcript.whole->commands
                ? "What the worker sent, when, and what Redis replied"
                : "The update sends no command");
    code = transcript_write(out, &performance->transcript, err);
    tell_executed(out, performance);
    fputs(performance->story, out);
    narrative_verdict(out, &performance->judgement);
    tell_comparison(out, performance);
    return code;
}

static int tell_wrapped(const struct performance *performance, FILE *out, struct err *err)
{
    CLEANUP(mem_freep) char *text = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&text, &length);
    int code;

    if (!memory)
        return err_errno(err, "make room for a narrative");
    code = tell(performance, memory, err);
    fclose(memory);
    if (code == 0)
        narrative_wrap(out, text);
    return code;
}

int replay_perform(const struct replay_stage *stage, const struct replay *replay,
                   FILE *out, struct err *err)
{
    static int (*const perform[FAULT_COUNT])(struct performance *, struct err *) = {
        [FAULT_STEP] = perform_step,
        [FAULT_BYTE] = perform_cut,
        [FAULT_KILL] = perform_kill,
    };
    struct performance performance = {
        .stage = stage,
        .replay = replay,
        .subject = &stage->judge->subjects[replay->strategy],
        .dead = SNAPSHOT_NULL,
    };
    int code = perform[replay->fault](&performance, err);

    if (code == 0)
        code = judge_it(&performance, err);
    if (code == 0)
        code = explain(&performance, err);
    if (code == 0)
        code = tell_wrapped(&performance, out, err);
    transcript_release(&performance.transcript);
    snapshot_release(&performance.dead);
    free(performance.story);
    return code;
}
