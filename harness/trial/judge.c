/* judge.c - see judge.h. */
#include "trial/judge.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mutant.h"
#include "trial/trespass.h"

int judge_drain(struct judge *judge, int64_t client_id, struct err *err)
{
    CLEANUP(snapshot_release) struct snapshot ignored = SNAPSHOT_NULL;

    return snapshot_take(&judge->observer, client_id, &ignored, err);
}

int judge_run(struct judge *judge, scenario_function function, const char *what,
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
    if (end.outcome != OUTCOME_MISSED)
        code = judge_drain(judge, end.client_id, err);
    if (code < 0 && end.outcome == OUTCOME_TIMEOUT)
        return err_set(
            err, ERR_REFUSED,
            "%s did not return within %g s (--timeout), and what it sent keeps "
            "Redis busy: does a script of its never end?",
            what, (double)judge->timeout_ns / 1e9);
    if (code < 0)
        return err_wrap(err, "%s", what);
    code = trespass_check(judge, what, err);
    if (code < 0 || end.outcome == OUTCOME_MISSED)
        return code;
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
int judge_prepare(struct judge *judge, const struct subject *subject, struct err *err)
{
    const struct origin *origin = subject->origin;
    uint64_t now_ns = clock_now_ns();
    int code;

    judge_enter(judge, subject->origin);
    if (judge->untouched && now_ns < judge->fresh_ns)
        return 0;
    code = judge->seen ? keeper_undo(&judge->keeper, &origin->kept,
                                     &judge->observer.keyspace, err)
                       : keeper_restore(&judge->keeper, &origin->kept, err);
    judge->untouched = code == 0;
    judge->fresh_ns = now_ns + freshness_ns(&origin->old);
    return code;
}

void judge_enter(struct judge *judge, struct origin *origin)
{
    struct bounds *used = &judge->observer.bounds;

    if (judge->origin == origin)
        return;
    if (judge->origin)
        judge->origin->bounds = *used;
    *used = origin->bounds;
    origin->bounds = BOUNDS_NULL;
    judge->origin = origin;
    judge->untouched = false;
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
    code = snapshot_take(&judge->observer, 0, after, err);
    if (code < 0)
        return code;
    state_sort(&after->state);
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
        code = judge_run(judge, holds, "invariants", false, &why);
    if (code == ERR_USAGE)
        err_set(ret_broken, ERR_USAGE, "%s",
                judge->page->error[0] ? judge->page->error : why.msg);
    if (code == ERR_USAGE)
        tell_watch(judge, JUDGE_INVARIANT, ret_broken);
    else if (code < 0)
        *err = why;
    return code == ERR_USAGE ? 0 : code;
}

/* Time passes over what the database holds: expiries, recovery, expiries. */
static int find_residue(struct judge *judge, scenario_function recover,
                        struct aftermath *ret, struct err *err)
{
    CLEANUP(sights_release)
    struct sights sights = { { SNAPSHOT_NULL, SNAPSHOT_NULL }, 0 };
    struct err *failed = &ret->failed, *broken = &ret->broken;
    int code = show(judge, JUDGE_DEAD, &sights, NULL, err);

    if (code == 0)
        code = look_at_invariants(judge, judge->scenario->holds_now, broken, err);
    if (code == 0)
        code = keeper_pass(&judge->keeper, KEEPER_FOREVER, err);
    judge_touched(judge);
    if (code == 0)
        code = show(judge, JUDGE_LAPSED, &sights, NULL, err);
    if (code == 0 && recover) {
        code = judge_run(judge, recover, "recover", false, failed);
        if (code < 0 && code != ERR_USAGE) {
            *err = *failed;
            return code;
        }
        code = show(judge, JUDGE_RECOVERED, &sights, failed, err);
        if (code == 0)
            code = keeper_pass(&judge->keeper, KEEPER_FOREVER, err);
    }
    if (code == 0)
        code = show(judge, JUDGE_RESIDUE, &sights, NULL, err);
    if (code == 0)
        code = snapshot_take(&judge->observer, 0, &ret->residue, err);
    state_sort(&ret->residue.state);
    if (code == 0)
        code = look_at_invariants(judge, judge->scenario->holds_later, broken, err);
    return code;
}

/* Is the scenario alive on the state that the database holds? *ret_stuck says why not. */
static int try_alive(struct judge *judge, scenario_function alive, struct err *ret_stuck,
                     struct err *err)
{
    int code;

    if (!alive)
        return 0;
    code = judge_run(judge, alive, "alive", false, ret_stuck);
    if (code == 0 && judge->page->refused)
        code = err_set(ret_stuck, ERR_USAGE, "alive returned false");
    if (code < 0 && code != ERR_USAGE) {
        *err = *ret_stuck;
        return code;
    }
    tell_watch(judge, JUDGE_ALIVE, ret_stuck);
    return 0;
}

void aftermath_release(struct aftermath *aftermath)
{
    snapshot_release(&aftermath->residue);
}

int judge_aftermath(struct judge *judge, const struct subject *subject,
                    struct aftermath *ret, struct err *err)
{
    const struct strategy_functions *functions =
        &judge->scenario->functions[subject->strategy];
    int code;

    ret->failed = ret->broken = ret->stuck = ERR_NULL;
    code = find_residue(judge, functions->recover, ret, err);
    if (code == 0)
        code = try_alive(judge, functions->alive, &ret->stuck, err);
    return code == ERR_REFUSED
               ? err_wrap(err, "strategy '%s'",
                          judge->scenario->outline.strategies[subject->strategy].name)
               : code;
}

struct example judge_beside(const struct subject *subject, const struct snapshot *dead)
{
    const struct subject *reference = subject->origin->reference;

    return (struct example){
        .old = &subject->origin->old.state,
        .new = &reference->done.state,
        .dead = dead ? &dead->state : NULL,
        .right_old = &subject->idle.residue.state,
        .right_new = &subject->right->residue.state,
    };
}

unsigned judge_words(const struct aftermath *aftermath, struct example beside,
                     char example[EXAMPLE_TEXT])
{
    CLEANUP(mem_freep) char *whole = NULL;
    unsigned words;

    beside.residue = &aftermath->residue.state;
    words = verdict_later(beside.right_old, beside.right_new, beside.residue);
    example_write(&beside, example, EXAMPLE_TEXT);
    if (aftermath->broken
            .code) { /* its name and key first: they are what one looks for */
        whole = mem_printf("broken: %s%s%s", aftermath->broken.msg,
                           example[0] ? "; " : "", example);
        snprintf(example, EXAMPLE_TEXT, "%.*s", EXAMPLE_TEXT - 1, whole);
    }
    return words | (aftermath->broken.code ? LATER_BROKEN : 0) |
           (aftermath->failed.code || aftermath->stuck.code ? LATER_STUCK : 0);
}

bool judge_key_was_there(const struct subject *subject, uint64_t key_hash)
{
    const redisReply *rows = subject->origin->old.reply;

    for (size_t i = 0; key_hash && rows && i < rows->elements; i++)
        if (command_key_hash(resp_text(rows->element[i]->element[0])) == key_hash)
            return true;
    return false;
}

void judge_release(struct judge *judge)
{
    for (size_t i = 0; i < judge->known_count; i++) {
        snapshot_release(&judge->subjects[i].done);
        aftermath_release(&judge->subjects[i].idle);
        aftermath_release(&judge->subjects[i].completed);
        recording_release(&judge->subjects[i].recording);
        free(judge->subjects[i].judgements);
    }
    free(judge->subjects);
    judge->subjects = NULL;
    judge->subject_count = judge->known_count = 0;
    judge->page = page_unmap(judge->page);
    aftermath_release(&judge->aftermath);
    for (size_t i = 0; i < judge->origin_count; i++) {
        snapshot_release(&judge->origins[i].old);
        kept_release(&judge->origins[i].kept);
        bounds_release(&judge->origins[i].bounds);
    }
    free(judge->origins);
    judge->origins = judge->origin = NULL;
    judge->origin_count = 0;
    keeper_release(&judge->keeper);
    observer_release(&judge->observer);
}

static int judge_new(struct judge *judge, struct subject *subject,
                     struct snapshot *snapshot, struct judgement *ret, struct err *err)
{
    struct aftermath *aftermath = &judge->aftermath;
    const struct state *old = &subject->origin->old.state;
    int code;

    state_sort(&snapshot->state);
    *ret = (struct judgement){
        .signature = snapshot->signature,
        .verdict.now = verdict_now(old, &subject->done.state, &snapshot->state),
    };
    code = judge_aftermath(judge, subject, aftermath, err);
    if (code < 0)
        return code;
    ret->verdict.later =
        judge_words(aftermath, judge_beside(subject, snapshot), ret->example);
    /* What it is without any death is told once, and no death's fault. */
    ret->verdict.later &= ~(subject->unbegun & (LATER_STUCK | LATER_BROKEN));
    ret->verdict.lasts_ms = ret->verdict.later ? LASTS_FOREVER : 0;
    if (!ret->verdict.later)
        ret->example[0] = '\0';
    if (ret->verdict.later & LATER_STUCK && !ret->example[0])
        snprintf(ret->example, EXAMPLE_TEXT, "%.*s", EXAMPLE_TEXT - 1,
                 aftermath->failed.code ? aftermath->failed.msg : aftermath->stuck.msg);
    return 0;
}

/* Would the two be given the same verdict on any state? What `recover` and `alive` do may
 * depend on what a signature does not tell (times to live), so a strategy that needs them
 * is judged for itself. */
static bool judged_alike(const struct judge *judge, const struct subject *a,
                         const struct subject *b)
{
    const struct strategy_functions *functions = judge->scenario->functions;

    return a == b || (a->origin == b->origin && !functions[a->strategy].recover &&
                      !functions[b->strategy].recover && !functions[a->strategy].alive &&
                      !functions[b->strategy].alive &&
                      signature_equal(a->done.signature, b->done.signature));
}

/* By what a judgement is found again, for a state that gets the same one. Where functions
 * of the scenario's look at states, only what they cannot tell apart is the same. False:
 * never, because an invariant looks at how long keys live, or the state is not known
 * whole. */
static bool cache_key(const struct judge *judge, const struct snapshot *snapshot,
                      struct signature *ret)
{
    const struct scenario *scenario = judge->scenario;
    bool looks = scenario->holds_later;

    for (size_t i = 0; i < scenario->outline.strategy_count; i++)
        looks = looks || scenario->functions[i].recover || scenario->functions[i].alive;
    *ret = snapshot->signature;
    return !scenario->holds_now && (!looks || snapshot_exact(snapshot, ret));
}

/* Strategies often differ in how they send, and leave the same states on their way: one
 * judgement does for all of them. NULL: the state is a new one. */
static const struct judgement *find_judgement(const struct judge *judge,
                                              const struct subject *subject,
                                              struct signature key)
{
    for (size_t s = 0; s < judge->subject_count; s++) {
        const struct subject *other = &judge->subjects[s];

        if (!judged_alike(judge, subject, other))
            continue;
        for (size_t i = 0; i < other->judged; i++)
            if (other->judgements[i].reusable &&
                signature_equal(other->judgements[i].key, key))
                return &other->judgements[i];
    }
    return NULL;
}

int judge_state(struct judge *judge, struct subject *subject, struct snapshot *snapshot,
                const struct judgement **ret, struct err *err)
{
    struct judgement judgement;
    struct signature key;
    bool reusable = cache_key(judge, snapshot, &key);
    const struct judgement *known = reusable ? find_judgement(judge, subject, key) : NULL;
    struct judgement *last =
        subject->judged ? &subject->judgements[subject->judged - 1] : NULL;
    int code;

    if (known) {
        judge->seen = true;
        *ret = known;
        return 0;
    }
    code = judge_new(judge, subject, snapshot, &judgement, err);
    if (code < 0)
        return code;
    judgement.key = key;
    judgement.reusable = reusable;
    if (!last || last->reusable) { /* of those that are not, only the last is kept */
        subject->judgements = mem_grow(subject->judgements, subject->judged + 1,
                                       sizeof(*subject->judgements));
        last = &subject->judgements[subject->judged++];
    }
    *last = judgement;
    *ret = last;
    return 0;
}

int judge_afresh(struct judge *judge, struct subject *subject, struct snapshot *snapshot,
                 const struct judge_watch *watch, struct judgement *ret, struct err *err)
{
    int code;

    judge->watch = watch;
    code = judge_new(judge, subject, snapshot, ret, err);
    judge->watch = NULL;
    return code;
}
