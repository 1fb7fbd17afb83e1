/* judge.c - see judge.h. */
#include "trial/judge.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mutant.h"

int judge_drain(struct judge *judge, int64_t client_id, struct err *err)
{
    CLEANUP(snapshot_release) struct snapshot ignored = SNAPSHOT_NULL;

    return snapshot_take(&judge->auditor, client_id, &ignored, err);
}

/* Runs one of the scenario's functions to its end in a worker that nobody interrupts.
 * What it raised is in the page; a function that raises or does not return is ERR_USAGE.
 */
static int run_function(struct judge *judge, scenario_function function, const char *what,
                        bool record, struct err *err)
{
    struct worker_job job = {
        .scenario = judge->scenario,
        .function = function,
        .fault = FAULT_NONE,
        .record = record,
        .timeout_ns = judge->timeout_ns,
    };
    struct worker_end end;
    int code = worker_run(&job, judge->address, judge->page, &end, err);

    judge_touched(judge);
    if (code < 0)
        return err_wrap(err, "%s", what);
    if (end.outcome == OUTCOME_MISSED)
        return 0;
    code = judge_drain(judge, end.client_id, err);
    if (code < 0)
        return err_wrap(err, "%s", what);
    if (end.outcome == OUTCOME_TIMEOUT)
        return err_set(err, ERR_USAGE, "%s: %s did not return within %g s (--timeout)",
                       judge->scenario->outline.path, what,
                       (double)judge->timeout_ns / 1e9);
    if (judge->page->error[0])
        return err_set(err, judge->page->error_code, "%s: %s", what, judge->page->error);
    return err_set(err, -ECHILD, "%s: the worker died, and not by afterkill's hand",
                   what);
}

/* How long an old state may be used again: until a tenth of its shortest time to live has
 * passed. */
static uint64_t freshness_ns(const struct snapshot *old)
{
    uint64_t least_ns = NSEC_PER_SEC;

    for (size_t i = 0; old->reply && i < old->reply->elements; i++) {
        long long pttl_ms = old->reply->element[i]->element[2]->integer;

        if (pttl_ms >= 0 && (uint64_t)pttl_ms * NSEC_PER_MSEC / 10 < least_ns)
            least_ns = (uint64_t)pttl_ms * NSEC_PER_MSEC / 10;
    }
    return least_ns;
}

/* A worker that died before its first command leaves nothing to do. (An equal signature
 * would not be enough: it does not tell times to live.) */
int judge_prepare(struct judge *judge, struct err *err)
{
    uint64_t now_ns = clock_now_ns();
    int code;

    if (judge->untouched && now_ns < judge->fresh_ns)
        return 0;
    code = judge->seen ? snapshot_undo(&judge->auditor, err)
                       : snapshot_restore(&judge->auditor, true, err);
    judge->untouched = code == 0;
    judge->fresh_ns = now_ns + freshness_ns(&judge->old);
    return code;
}

void judge_touched(struct judge *judge)
{
    judge->untouched = judge->seen = false;
}

/* The last two looks of the watch. */
struct sights {
    struct snapshot snapshots[2];
    size_t count; /* looks so far: look i is in i % 2 */
};

static void sights_release(struct sights *sights)
{
    snapshot_release(&sights->snapshots[0]);
    snapshot_release(&sights->snapshots[1]);
}

/* Shows the watch what the database holds now, and what it held at its last look. */
static int show(struct judge *judge, enum judge_moment moment, struct sights *sights,
                const struct err *why, struct err *err)
{
    static const struct err nothing = ERR_NULL;
    struct snapshot *after = &sights->snapshots[sights->count % 2];
    struct judge_sight sight = {
        .moment = moment,
        .before = sights->count ? &sights->snapshots[(sights->count - 1) % 2] : NULL,
        .after = after,
        .why = why ? why : &nothing,
    };
    int code;

    if (!judge->watch)
        return 0;
    code = snapshot_take(&judge->auditor, 0, after, err);
    if (code < 0)
        return code;
    sights->count++;
    judge->watch->seen(judge->watch->context, &sight);
    return 0;
}

/* Tells the watch what came of an attempt. */
static void tell_watch(struct judge *judge, enum judge_moment moment,
                       const struct err *why)
{
    struct judge_sight sight = { .moment = moment, .why = why };

    if (judge->watch)
        judge->watch->seen(judge->watch->context, &sight);
}

/* Looks at the invariants of one time, of the state that the database holds. The first
 * that is violated is told in *ret_broken, unless an earlier look has found one. */
static int look_at_invariants(struct judge *judge, scenario_function holds,
                              struct err *ret_broken, struct err *err)
{
    struct err why = ERR_NULL;
    int code = 0;

    if (holds && !ret_broken->code && !mutant("invariants-hold"))
        code = run_function(judge, holds, "invariants", false, &why);
    if (code == ERR_USAGE)
        err_set(ret_broken, ERR_USAGE, "%s",
                judge->page->error[0] ? judge->page->error : why.msg);
    if (code == ERR_USAGE)
        tell_watch(judge, JUDGE_INVARIANT, ret_broken);
    else if (code < 0)
        *err = why;
    return code == ERR_USAGE ? 0 : code;
}

/* Time passes over what the database holds: expiries, recovery, expiries. A recovery that
 * fails is reported in *ret_failed (survivors cannot clean up), unless the connection is
 * what failed; an invariant that is violated before or after, in *ret_broken. */
static int find_residue(struct judge *judge, scenario_function recover,
                        struct snapshot *ret, struct err *ret_failed,
                        struct err *ret_broken, struct err *err)
{
    CLEANUP(sights_release)
    struct sights sights = { { SNAPSHOT_NULL, SNAPSHOT_NULL }, 0 };
    int code = show(judge, JUDGE_DEAD, &sights, NULL, err);

    ret_failed->code = ret_broken->code = 0;
    if (code == 0)
        code = look_at_invariants(judge, judge->scenario->holds_now, ret_broken, err);
    if (code == 0)
        code = snapshot_expire(&judge->auditor, err);
    judge_touched(judge);
    if (code == 0)
        code = show(judge, JUDGE_LAPSED, &sights, NULL, err);
    if (code == 0 && recover) {
        code = run_function(judge, recover, "recover", false, ret_failed);
        if (code < 0 && code != ERR_USAGE) {
            *err = *ret_failed;
            return code;
        }
        code = show(judge, JUDGE_RECOVERED, &sights, ret_failed, err);
        if (code == 0)
            code = snapshot_expire(&judge->auditor, err);
    }
    if (code == 0)
        code = show(judge, JUDGE_RESIDUE, &sights, NULL, err);
    if (code == 0)
        code = snapshot_take(&judge->auditor, 0, ret, err);
    if (code == 0)
        code = look_at_invariants(judge, judge->scenario->holds_later, ret_broken, err);
    return code;
}

/* Is the scenario alive on the state that the database holds? *ret_why says why not. */
static int try_alive(struct judge *judge, bool *ret_alive, struct err *ret_why,
                     struct err *err)
{
    int code;

    *ret_alive = true;
    if (!judge->scenario->alive)
        return 0;
    code = run_function(judge, judge->scenario->alive, "alive", false, ret_why);
    if (code == 0 && judge->page->refused)
        code = err_set(ret_why, ERR_USAGE, "alive returned false");
    if (code == ERR_USAGE)
        *ret_alive = false;
    else if (code < 0)
        *err = *ret_why;
    return code == ERR_USAGE ? 0 : code;
}

/* The word for a violated invariant, whose name and key stand first in the example: the
 * scenario's author wants to know of them. */
static unsigned note_broken(const struct err *broken, char example[EXAMPLE_TEXT])
{
    CLEANUP(mem_freep) char *atom = mem_strdup(example);

    snprintf(example, EXAMPLE_TEXT, "broken: %s%s%s", broken->msg, atom[0] ? "; " : "",
             atom);
    return LATER_BROKEN;
}

static int learn_old(struct judge *judge, struct err *err)
{
    CLEANUP(snapshot_release) struct snapshot again = SNAPSHOT_NULL;
    char difference[EXAMPLE_TEXT];
    int code = 0;

    for (int run = 0; run < 2 && code == 0; run++) {
        struct snapshot *snapshot = run ? &again : &judge->old;

        code = snapshot_restore(&judge->auditor, false, err);
        if (code == 0 && judge->scenario->before)
            code = run_function(judge, judge->scenario->before, "before", false, err);
        if (code == 0)
            code = snapshot_take(&judge->auditor, 0, snapshot, err);
    }
    if (code < 0)
        return code;
    if (state_difference(&judge->old.state, &again.state, difference, sizeof(difference)))
        return err_set(
            err, ERR_USAGE,
            "%s: two runs of `before` left different states (%s); nothing in a "
            "scenario may depend on chance or on the clock: use p.seed and p.now, or "
            "name the key in `ignore`",
            judge->scenario->outline.path, difference);
    bounds_cover(&judge->auditor.bounds, &again);
    return snapshot_keep(&judge->auditor, &again, err);
}

static int run_update(struct judge *judge, struct subject *subject, struct snapshot *ret,
                      struct err *err)
{
    const struct strategy *strategy =
        &judge->scenario->outline.strategies[subject->strategy];
    scenario_function update = judge->scenario->functions[subject->strategy].update;
    CLEANUP(mem_freep) char *what = mem_printf("strategy '%s': update", strategy->name);
    int code = judge_prepare(judge, err);

    if (code == 0)
        code = run_function(judge, update, what, true, err);
    if (code == 0)
        code = snapshot_take(&judge->auditor, 0, ret, err);
    subject->commands = judge->page->commands;
    subject->bytes = judge->page->bytes;
    subject->trips = judge->page->trips;
    return code;
}

static void compare_recordings(struct judge *judge, struct subject *subject)
{
    struct recording again = RECORDING_NULL;

    recording_take(&again, judge->page);
    subject->repeated = recording_agree(&subject->recording, &again);
    recording_release(&again);
}

int judge_record_again(struct judge *judge, struct subject *subject, struct err *err)
{
    CLEANUP(snapshot_release) struct snapshot ignored = SNAPSHOT_NULL;
    struct subject again = *subject;
    int code = run_update(judge, &again, &ignored, err);

    if (code < 0)
        return code;
    compare_recordings(judge, subject);
    subject->recording.answers_vary = true;
    return 0;
}

static int learn_new(struct judge *judge, struct subject *subject, struct err *err)
{
    CLEANUP(snapshot_release) struct snapshot again = SNAPSHOT_NULL;
    char difference[EXAMPLE_TEXT];
    uint64_t commands;
    int code = run_update(judge, subject, &subject->done, err);

    commands = subject->commands;
    recording_take(&subject->recording, judge->page);
    if (code == 0) {
        /* Its expiries are within their bounds by definition. */
        bounds_cover(&judge->auditor.bounds, &subject->done);
        code = snapshot_digest(&judge->auditor, &subject->done, err);
    }
    if (code == 0)
        code = run_update(judge, subject, &again, err);
    if (code < 0)
        return code;
    if (state_difference(&subject->done.state, &again.state, difference,
                         sizeof(difference)) ||
        subject->commands != commands)
        return err_set(
            err, ERR_USAGE,
            "%s: two uninterrupted runs of strategy '%s' differ (%s); nothing in a "
            "scenario may depend on chance or on the clock: use p.seed and p.now, or "
            "name the key in `ignore`",
            judge->scenario->outline.path,
            judge->scenario->outline.strategies[subject->strategy].name,
            difference[0] ? difference : "in the number of commands");
    compare_recordings(judge, subject);
    /* Two updates in one millisecond are told the same id, and may then send the same
     * although they depend on it. Answers that differ say that the clock has moved on. */
    return subject->recording.answers_vary && subject->repeated == subject->commands
               ? judge_record_again(judge, subject, err)
               : 0;
}

/* The reference is what all are measured against: it must not need excuses. */
static int check_alive(struct judge *judge, const char *which, const struct err *failed,
                       const struct err *broken, struct err *err)
{
    struct err why = ERR_NULL;
    bool alive;
    int code;

    if (failed->code)
        return err_set(err, ERR_USAGE, "%s: not clean without any crash: after %s, %s",
                       judge->scenario->outline.path, which, failed->msg);
    if (broken->code)
        return err_set(err, ERR_USAGE,
                       "%s: not clean without any crash: %s violates an invariant: %s",
                       judge->scenario->outline.path, which, broken->msg);
    code = try_alive(judge, &alive, &why, err);
    if (code == 0 && !alive)
        return err_set(err, ERR_USAGE,
                       "%s: not clean without any crash: `alive` fails after %s: %s",
                       judge->scenario->outline.path, which, why.msg);
    return code;
}

static int learn_right(struct judge *judge, const struct subject *reference,
                       struct err *err)
{
    const struct strategy *strategy =
        &judge->scenario->outline.strategies[reference->strategy];
    scenario_function recover = judge->scenario->functions[reference->strategy].recover;
    CLEANUP(mem_freep) char *completed =
        mem_printf("the completed update of the reference strategy '%s'", strategy->name);
    struct err failed = ERR_NULL, broken = ERR_NULL;
    struct snapshot ignored = SNAPSHOT_NULL;
    struct subject again = *reference;
    int code = judge_prepare(judge, err);

    if (code == 0)
        code = find_residue(judge, recover, &judge->right_old, &failed, &broken, err);
    if (code == 0)
        code = check_alive(judge, "the old state", &failed, &broken, err);
    if (code == 0)
        code = run_update(judge, &again, &ignored, err);
    if (code == 0)
        code = find_residue(judge, recover, &judge->right_new, &failed, &broken, err);
    if (code == 0)
        code = check_alive(judge, completed, &failed, &broken, err);
    snapshot_release(&ignored);
    return code;
}

/* Does the completed update leave what the reference's leaves? */
static int learn_uncrashed(struct judge *judge, struct subject *subject, struct err *err)
{
    scenario_function recover = judge->scenario->functions[subject->strategy].recover;
    CLEANUP(snapshot_release) struct snapshot residue = SNAPSHOT_NULL;
    CLEANUP(snapshot_release) struct snapshot ignored = SNAPSHOT_NULL;
    struct err failed = ERR_NULL, broken = ERR_NULL, why = ERR_NULL;
    bool alive = true;
    int code = run_update(judge, subject, &ignored, err);

    if (code == 0)
        code = find_residue(judge, recover, &residue, &failed, &broken, err);
    if (code < 0)
        return code;
    subject->uncrashed =
        verdict_later(&judge->right_new.state, &judge->right_new.state, &residue.state);
    verdict_example(&judge->right_new.state, &judge->right_new.state, &residue.state,
                    subject->uncrashed_example, EXAMPLE_TEXT);
    if (broken.code)
        subject->uncrashed |= note_broken(&broken, subject->uncrashed_example);
    code = try_alive(judge, &alive, &why, err);
    if (code == 0 && (failed.code || !alive))
        subject->uncrashed |= LATER_STUCK;
    return code;
}

static struct subject *subject_of(struct judge *judge, size_t strategy)
{
    for (size_t i = 0; i < judge->subject_count; i++)
        if (judge->subjects[i].strategy == strategy)
            return &judge->subjects[i];
    return NULL;
}

int judge_learn(struct judge *judge, redisContext *connection, const size_t *strategies,
                size_t count, struct err *err)
{
    struct subject apart = { .strategy = judge->scenario->outline.reference };
    struct subject *reference;
    int code = auditor_init(&judge->auditor, connection, &judge->scenario->ignore,
                            &judge->scenario->ordered, err);

    judge->page = progress_map(err);
    if (!judge->page)
        return err->code;
    judge->subjects = mem_alloc(count * sizeof(*judge->subjects));
    judge->subject_count = count;
    for (size_t i = 0; i < count; i++)
        judge->subjects[i].strategy = strategies[i];
    reference = subject_of(judge, judge->scenario->outline.reference);
    if (code == 0)
        code = learn_old(judge, err);
    if (code == 0 && !reference) {
        reference = &apart;
        code = learn_new(judge, reference, err);
    }
    for (size_t i = 0; i < count && code == 0; i++)
        code = learn_new(judge, &judge->subjects[i], err);
    if (code == 0)
        code = learn_right(judge, reference, err);
    snapshot_release(&apart.done);
    recording_release(&apart.recording);
    for (size_t i = 0; i < count && code == 0; i++)
        code = learn_uncrashed(judge, &judge->subjects[i], err);
    return code;
}

bool judge_key_was_there(const struct judge *judge, uint64_t key_hash)
{
    const struct state *old = &judge->old.state;

    for (size_t i = 0; key_hash && i < old->count; i++)
        if (command_key_hash(old->atoms[i].key) == key_hash)
            return true;
    return false;
}

void judge_release(struct judge *judge)
{
    for (size_t i = 0; i < judge->subject_count; i++) {
        snapshot_release(&judge->subjects[i].done);
        recording_release(&judge->subjects[i].recording);
        free(judge->subjects[i].judgements);
    }
    free(judge->subjects);
    judge->subjects = NULL;
    judge->subject_count = 0;
    judge->page = progress_unmap(judge->page);
    snapshot_release(&judge->old);
    snapshot_release(&judge->right_old);
    snapshot_release(&judge->right_new);
    auditor_release(&judge->auditor);
}

static int judge_new(struct judge *judge, struct subject *subject,
                     const struct snapshot *snapshot, struct judgement *ret,
                     struct err *err)
{
    scenario_function recover = judge->scenario->functions[subject->strategy].recover;
    CLEANUP(snapshot_release) struct snapshot residue = SNAPSHOT_NULL;
    struct state *state =
        (struct state *)(uintptr_t)&snapshot->state; /* sorted, not changed */
    struct err failed = ERR_NULL, broken = ERR_NULL, why = ERR_NULL;
    bool alive = true;
    int code;

    ret->signature = snapshot->signature;
    ret->now = verdict_now(&judge->old.state, &subject->done.state, state);
    code = find_residue(judge, recover, &residue, &failed, &broken, err);
    if (code < 0)
        return code;
    ret->later =
        verdict_later(&judge->right_old.state, &judge->right_new.state, &residue.state);
    verdict_example(&judge->right_old.state, &judge->right_new.state, &residue.state,
                    ret->example, EXAMPLE_TEXT);
    if (broken.code)
        ret->later |= note_broken(&broken, ret->example);
    code = try_alive(judge, &alive, &why, err);
    if (code < 0)
        return code;
    if (judge->scenario->alive)
        tell_watch(judge, JUDGE_ALIVE, &why);
    if (failed.code || !alive) {
        ret->later |= LATER_STUCK;
        if (!ret->example[0])
            snprintf(ret->example, EXAMPLE_TEXT, "%.*s", EXAMPLE_TEXT - 1,
                     failed.code ? failed.msg : why.msg);
    }
    return 0;
}

/* Would the two be given the same verdict on any state? What `recover` and `alive` do may
 * depend on what a signature does not tell (times to live), so a strategy that needs them
 * is judged for itself. */
static bool judged_alike(const struct judge *judge, const struct subject *a,
                         const struct subject *b)
{
    const struct strategy_functions *functions = judge->scenario->functions;

    return a == b || (!functions[a->strategy].recover &&
                      !functions[b->strategy].recover && !judge->scenario->alive &&
                      signature_equal(a->done.signature, b->done.signature));
}

/* May a judgement be used again for a state of the same signature? Not if one of the
 * scenario's functions sees more than that: times to live, or keys that are ignored. */
static bool judges_by_signature(const struct judge *judge)
{
    const struct scenario *scenario = judge->scenario;
    bool looks = scenario->alive || scenario->holds_later;

    for (size_t i = 0; i < scenario->outline.strategy_count; i++)
        looks = looks || scenario->functions[i].recover;
    return !scenario->holds_now && !(looks && scenario->ignore.count);
}

/* Strategies often differ in how they send, and leave the same states on their way: one
 * judgement does for all of them. NULL: the state is a new one. */
static const struct judgement *find_judgement(const struct judge *judge,
                                              const struct subject *subject,
                                              struct signature signature)
{
    if (!judges_by_signature(judge))
        return NULL;
    for (size_t s = 0; s < judge->subject_count; s++) {
        const struct subject *other = &judge->subjects[s];

        if (!judged_alike(judge, subject, other))
            continue;
        for (size_t i = 0; i < other->judged; i++)
            if (signature_equal(other->judgements[i].signature, signature))
                return &other->judgements[i];
    }
    return NULL;
}

int judge_state(struct judge *judge, struct subject *subject,
                const struct snapshot *snapshot, const struct judgement **ret,
                struct err *err)
{
    const struct judgement *known = find_judgement(judge, subject, snapshot->signature);
    struct judgement judgement = { .later = 0 };
    int code;

    if (known) {
        judge->seen = true;
        *ret = known;
        return 0;
    }
    code = judge_new(judge, subject, snapshot, &judgement, err);
    if (code < 0)
        return code;
    if (!judges_by_signature(judge))
        subject->judged = 0; /* only the last is kept */
    subject->judgements =
        mem_grow(subject->judgements, subject->judged + 1, sizeof(*subject->judgements));
    subject->judgements[subject->judged++] = judgement;
    *ret = &subject->judgements[subject->judged - 1];
    return 0;
}

int judge_afresh(struct judge *judge, struct subject *subject,
                 const struct snapshot *snapshot, const struct judge_watch *watch,
                 struct judgement *ret, struct err *err)
{
    struct judgement judgement = { .later = 0 };
    int code;

    judge->watch = watch;
    code = judge_new(judge, subject, snapshot, &judgement, err);
    judge->watch = NULL;
    if (code == 0)
        *ret = judgement;
    return code;
}
