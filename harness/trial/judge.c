/* judge.c - see judge.h. */
#include "trial/judge.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mutant.h"
#include "base/printable.h"
#include "trial/recorded.h"
#include "trial/routine.h"
#include "trial/trespass.h"

int judge_drain(struct judge *judge, int64_t client_id, struct err *err)
{
    CLEANUP(snapshot_release) struct snapshot ignored = SNAPSHOT_NULL;

    return snapshot_take(&judge->observer, client_id, &ignored, err);
}

int judge_run(struct judge *judge, scenario_function function, const char *what,
              bool record, struct err *err)
{
    const struct routine *routine = scenario_routine(judge->scenario, function);
    struct worker_job job = {
        .scenario = judge->scenario,
        .function = function,
        .fault = FAULT_NONE,
        .record = record,
        .timeout_ns = judge->timeout_ns,
        .server_turns = judge->server_turns,
    };
    struct worker_end end;
    int code;

    if (routine)
        return routine_run(judge, routine, what, err);
    code = worker_run(&job, judge->address, judge->page, &end, err);
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
        return worker_explain_late(&end, judge->timeout_ns, what,
                                   judge->scenario->outline.path, err);
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

struct moments judge_moments(const struct judge *judge, const struct subject *subject,
                             const struct snapshot *state)
{
    const struct snapshot *const lapsing[] = { &subject->origin->old,
                                               &subject_measure(subject)->done, state };
    CLEANUP(lapses_release) struct lapses lapses = LAPSES_NULL;

    for (size_t i = 0; i < ARRAY_SIZE(lapsing) && !mutant("one-moment"); i++)
        snapshot_lapses(lapsing[i], &lapses);
    return moments_of(&lapses, ARRAY_SIZE(lapsing), &judge->scenario->times.moments);
}

static struct aftermath **find_control(struct controls *controls,
                                       const struct moments *moments)
{
    for (size_t i = 0; i < controls->count; i++)
        if (moments_equal(&controls->items[i]->moments, moments))
            return &controls->items[i];
    controls->items =
        mem_grow(controls->items, controls->count + 1, sizeof(*controls->items));
    controls->items[controls->count] = NULL;
    return &controls->items[controls->count++];
}

void controls_release(struct controls *controls)
{
    for (size_t i = 0; i < controls->count; i++) {
        if (controls->items[i])
            aftermath_release(controls->items[i]);
        free(controls->items[i]);
    }
    free(controls->items);
    *controls = (struct controls){ .count = 0 };
}

int judge_complete(struct judge *judge, struct subject *subject, struct err *err)
{
    int code;

    if (subject->recorded)
        return recorded_cut(judge, subject, subject->commands, err);
    code = judge_prepare(judge, subject, err);
    return code == 0
               ? judge_run(judge, judge->scenario->functions[subject->strategy].update,
                           "a completed update", false, err)
               : code;
}

static int make_control(struct judge *judge, struct subject *subject, bool completed,
                        const struct moments *moments, struct aftermath *ret,
                        struct err *err)
{
    int code = completed ? judge_complete(judge, subject, err)
                         : judge_prepare(judge, subject, err);

    judge->controlling = true;
    if (code == 0)
        code = aftermath_find(judge, subject, moments, NULL, ret, err);
    judge->controlling = false;
    return code;
}

int judge_control(struct judge *judge, struct subject *subject, bool completed,
                  const struct moments *moments, const struct aftermath **ret,
                  struct err *err)
{
    struct aftermath **item =
        find_control(completed ? &subject->completed : &subject->idle, moments);
    int code = 0;

    if (!*item) {
        *item = MEM_NEW(struct aftermath);
        code = make_control(judge, subject, completed, moments, *item, err);
    }
    *ret = *item;
    return code;
}

/* What is wrong at a moment, beside what has become of the controls by then. */
static unsigned words_at(const struct judge_beside *beside, size_t moment,
                         const struct station *station)
{
    const struct station *old = aftermath_at(beside->old, moment);
    const struct station *new = aftermath_at(beside->new, moment);
    unsigned words = verdict_at(beside->first_old, beside->first_new, &old->state.state,
                                &new->state.state, &station->state.state);

    if (!station_is_well(station) && station_is_well(old) && station_is_well(new))
        words |= LATER_STUCK;
    if (station->broken.code && !old->broken.code && !new->broken.code)
        words |= LATER_BROKEN;
    return words;
}

/* How long what is left at the last moment that has a time lives, at most. */
static int64_t rest_of(const struct judge_beside *beside,
                       const struct aftermath *aftermath)
{
    const struct aftermath *const all[] = { beside->old, beside->new, aftermath };
    CLEANUP(lapses_release) struct lapses lapses = LAPSES_NULL;
    int64_t rest_ms = 0;

    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        snapshot_lapses(&all[i]->stations[all[i]->moments.count - 1].state, &lapses);
    for (size_t i = 0; i < lapses.count; i++)
        rest_ms = lapses.items[i].ms > rest_ms ? lapses.items[i].ms : rest_ms;
    return rest_ms;
}

/* An invariant's name and key first: they are what one looks for. */
static void put_first(const char *broken, char example[EXAMPLE_TEXT])
{
    CLEANUP(mem_freep)
    char *whole = mem_printf("broken: %s%s%s", broken, example[0] ? "; " : "", example);

    snprintf(example, EXAMPLE_TEXT, "%.*s", EXAMPLE_TEXT - 1, whole);
    printable_trim(example);
}

/* What is wrong at a moment, its cause first. */
static void write_example(const struct judge_beside *beside, size_t moment,
                          const struct station *station, char example[EXAMPLE_TEXT])
{
    const struct example states = {
        .old = beside->first_old,
        .new = beside->first_new,
        .dead = beside->dead,
        .right_old = &aftermath_at(beside->old, moment)->state.state,
        .right_new = &aftermath_at(beside->new, moment)->state.state,
        .residue = &station->state.state,
    };

    example_write(&states, example, EXAMPLE_TEXT);
    if (station->broken.code) {
        put_first(station->broken.msg, example);
    } else if (!station_is_well(station)) {
        const char *why = station->failed.code ? station->failed.msg : station->stuck.msg;
        CLEANUP(mem_freep)
        char *whole = mem_printf("%s%s%s", example, example[0] ? "; stuck: " : "", why);

        printable_join(whole); /* what a program printed has lines */
        snprintf(example, EXAMPLE_TEXT, "%.*s", EXAMPLE_TEXT - 1, whole);
        printable_trim(example);
    }
}

/* A bound of an expiry is broken as the death left it, whatever becomes of it. */
static bool is_violated(const struct judge_beside *beside,
                        const struct aftermath *aftermath)
{
    return aftermath->violated.code && !beside->old->violated.code &&
           !beside->new->violated.code;
}

/* It says itself what is tolerated. It lasts as long as the expiry that was found. */
static void add_violation(const struct aftermath *aftermath, struct verdict *ret)
{
    int64_t lasts_ms = aftermath->violated_ms == INT64_MAX
                           ? LASTS_FOREVER
                           : lapse_rounded(aftermath->violated_ms);

    ret->later |= LATER_BROKEN;
    if (lasts_ms > ret->lasts_ms)
        ret->lasts_ms = lasts_ms;
}

void judge_over_time(const struct judge *judge, const struct judge_beside *beside,
                     const struct aftermath *aftermath, unsigned excused,
                     struct verdict *ret, char example[EXAMPLE_TEXT])
{
    unsigned words[MOMENTS_MOST + 1];
    int wrong;

    for (size_t i = 0; i <= aftermath->moments.count; i++)
        words[i] = words_at(beside, i, aftermath_at(aftermath, i)) & ~excused;
    wrong = verdict_over_time(&aftermath->moments, words, rest_of(beside, aftermath),
                              judge->scenario->times.tolerate_ms, ret);
    if (is_violated(beside, aftermath) && !(excused & LATER_BROKEN))
        add_violation(aftermath, ret);
    example[0] = '\0';
    if (wrong >= 0)
        write_example(beside, (size_t)wrong, aftermath_at(aftermath, (size_t)wrong),
                      example);
    if (ret->later & LATER_BROKEN && aftermath->violated.code)
        put_first(aftermath->violated.msg, example);
}

int judge_stand_beside(struct judge *judge, struct subject *subject,
                       const struct moments *moments, const struct state *dead,
                       struct judge_beside *ret, struct err *err)
{
    int code = judge_control(judge, subject, false, moments, &ret->old, err);

    ret->first_old = &subject->origin->old.state;
    ret->first_new = &subject_measure(subject)->done.state;
    ret->dead = dead;
    return code == 0 ? judge_control(judge, subject->right, true, moments, &ret->new, err)
                     : code;
}

void judge_does(struct judge *judge, enum doing_what what, size_t strategy,
                uint64_t number, uint64_t of)
{
    judge->doing = (struct doing){ what, (uint32_t)strategy, number, of };
    if (judge->alive)
        judge->alive(judge->alive_context);
}

void judge_release(struct judge *judge)
{
    for (size_t i = 0; i < judge->known_count; i++) {
        snapshot_release(&judge->subjects[i].done);
        controls_release(&judge->subjects[i].idle);
        controls_release(&judge->subjects[i].completed);
        recording_release(&judge->subjects[i].recording);
        recorded_free(judge->subjects[i].recorded);
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
    names_release(&judge->names);
    table_release(&judge->table);
    keeper_release(&judge->keeper);
    observer_release(&judge->observer);
}

/* For a watch, which sees the controls beside the state: they are made before, and the
 * state is kept meanwhile. */
static int stand_beside_first(struct judge *judge, struct subject *subject,
                              const struct moments *moments,
                              const struct snapshot *snapshot, struct judge_beside *ret,
                              struct err *err)
{
    struct kept kept = KEPT_NULL;
    int code = keeper_keep(&judge->keeper, snapshot, &kept, err);

    if (code == 0)
        code = judge_stand_beside(judge, subject, moments, &snapshot->state, ret, err);
    if (code == 0)
        code = keeper_restore(&judge->keeper, &kept, err);
    if (code == 0)
        code = keeper_forget(&judge->keeper, &kept, err);
    kept_release(&kept);
    return code;
}

static int judge_new(struct judge *judge, struct subject *subject,
                     struct snapshot *snapshot, struct judgement *ret, struct err *err)
{
    const struct state *old = &subject->origin->old.state;
    struct moments moments = judge_moments(judge, subject, snapshot);
    int64_t death_s = judge->death_s;
    struct judge_beside beside;
    int code = 0;

    names_know_state(&judge->names, &snapshot->state);
    state_sort(&snapshot->state);
    *ret = (struct judgement){
        .signature = snapshot->signature,
        .verdict.now = verdict_now(old, &subject->done.state, &snapshot->state),
    };
    if (judge->watch)
        code = stand_beside_first(judge, subject, &moments, snapshot, &beside, err);
    judge->death_s = judge->killed_s ? judge->killed_s : death_s;
    if (code == 0)
        code = aftermath_find(judge, subject, &moments, judge->watch ? &beside : NULL,
                              &judge->aftermath, err);
    if (death_s)
        judge->death_s = death_s;
    if (code == 0)
        code =
            judge_stand_beside(judge, subject, &moments, &snapshot->state, &beside, err);
    if (code < 0)
        return code;
    /* What it is without any death is told once, and no death's fault. */
    judge_over_time(judge, &beside, &judge->aftermath,
                    subject->unbegun & (LATER_STUCK | LATER_BROKEN), &ret->verdict,
                    ret->example);
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
    *ret = snapshot_timed(snapshot);
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
