/* perform.c - see perform.h. */
#include "replay/perform.h"

#include <stdlib.h>

#include "base/clock.h"
#include "replay/narrative.h"
#include "trial/recorded.h"
#include "trial/twins.h"

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

/* Where the fraction aims at, by workers that record as the one that is to
 * die does. One that stalls until the watchdog comes tells nothing. */
static int calibrate(struct perform *perform, struct err *err)
{
    struct worker_job job;
    uint64_t start_ns = clock_now_ns();

    if (lateness_measure(perform->bench->page, &perform->bench->lateness, err) < 0)
        return err->code;
    perform->calibration = (struct calibration){
        .aim.before_ns = lateness_spread_ns(&perform->bench->lateness),
    };
    job = trial_job(perform->bench, perform->subject, FAULT_KILL);
    for (size_t runs = 0; runs < CALIBRATION_UPDATES; runs++) {
        struct calibration_update update;
        enum outcome outcome;

        if (runs >= CALIBRATION_LEAST &&
            clock_now_ns() - start_ns > CALIBRATION_BUDGET_NS)
            break;
        if (calibration_run(perform->bench, perform->subject, &job, &outcome, &update,
                            err) < 0)
            return err_wrap(err, "strategy '%s'", perform_strategy(perform));
        if (outcome != OUTCOME_MISSED)
            continue;
        calibration_add(&perform->calibration, &update);
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
    transcript->of_program = perform->subject->recorded;
    if (transcript->of_program) {
        transcript->connection_of = perform->subject->recorded->connection_of;
        recording_copy(&transcript->sent, transcript->whole, (size_t)death->commands);
        return;
    }
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
            1 + aim_at(&perform->calibration.aim, replay->fraction).instant_ns;
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

/* Looks for the command of which so many like have come. */
struct looking {
    uint64_t likeness, nth;
    uint64_t found; /* behind which command of the recording; 0: behind none */
};

static void look_at(void *context, size_t index, int argc, const char *const *argv,
                    const size_t *lengths)
{
    struct looking *looking = context;
    struct command command;

    command_parse(&command, argc, argv, lengths);
    if (looking->nth && likeness_of_shown(&command) == looking->likeness &&
        --looking->nth == 0)
        looking->found = index + 1;
}

/* Where the recorded point is in the recording that was made now. */
static int find_point(const struct perform *perform, uint64_t *ret, struct err *err)
{
    const struct replay *replay = perform->replay;
    struct looking looking = { replay->likeness, replay->nth, 0 };
    int code = 0;

    *ret = replay->number;
    if (!replay->nth)
        return 0;
    code = recording_each(&perform->subject->recording, look_at, &looking, err);
    if (code == 0 && !looking.found)
        code = err_set(err, ERR_USAGE,
                       "strategy '%s': the program was recorded anew, and did not send "
                       "'%s' %llu time%s, behind which the point was",
                       perform_strategy(perform), replay->command,
                       (unsigned long long)replay->nth, replay->nth == 1 ? "" : "s");
    *ret = looking.found;
    return code;
}

/* The program once more, until it is killed there. */
static int kill_at(struct perform *perform, uint64_t commands, struct err *err)
{
    struct judge *judge = &perform->bench->judge;
    struct death *death = &perform->death;
    bool came = false;
    int code;

    if (commands > perform->subject->commands)
        return err_set(err, ERR_USAGE,
                       "strategy '%s' has no crash point %llu: the program sends %zu "
                       "command%s",
                       perform_strategy(perform), (unsigned long long)commands,
                       perform->subject->commands,
                       perform->subject->commands == 1 ? "" : "s");
    code = recorded_kill(judge, perform->subject, commands, &came, err);

    if (code == 0 && !came)
        code = err_set(err, ERR_USAGE,
                       "strategy '%s': the program ended before it was to be killed, "
                       "because the command before that did not come again",
                       perform_strategy(perform));
    if (code == 0)
        code = snapshot_take(&judge->observer, 0, &death->state, err);
    if (code < 0)
        return code;
    names_apply(&judge->names, &death->state.state, &death->state.arena);
    death->state.signature = state_signature(&death->state.state);
    death->outcome = OUTCOME_VALID;
    death->commands = death->replies = commands;
    note_attempt(perform, FAULT_STEP, commands);
    return 0;
}

static int perform_program(struct perform *perform, struct err *err)
{
    uint64_t commands;
    int code = find_point(perform, &commands, err);

    if (code == 0 && perform->replay->kills)
        return kill_at(perform, commands, err);
    return code == 0 ? attempt(perform, FAULT_STEP, commands, err) : code;
}

static int perform_point(struct perform *perform, struct err *err)
{
    perform->hit = true;
    if (perform->subject->recorded)
        return perform_program(perform, err);
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
    if (code == 0 && perform->replay->kills) {
        perform->explained = true;
        perform->executed_from = perform->executed_to = perform->death.commands;
        return 0;
    }
    return code == 0 ? explain(perform, err) : code;
}

void perform_release(struct perform *perform)
{
    recording_release(&perform->transcript.sent);
    death_release(&perform->death);
    free(perform->story);
}
