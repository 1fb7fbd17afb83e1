/* aftermath.c - see aftermath.h. */
#include "trial/aftermath.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mutant.h"
#include "base/printable.h"
#include "trial/judge.h"
#include "trial/routine.h"

void aftermath_release(struct aftermath *aftermath)
{
    for (size_t i = 0; i < aftermath->room; i++)
        snapshot_release(&aftermath->stations[i].state);
    free(aftermath->stations);
    *aftermath = AFTERMATH_NULL;
}

const struct station *aftermath_at(const struct aftermath *aftermath, size_t moment)
{
    bool as_before = aftermath->settled && moment == aftermath->moments.count;

    return &aftermath->stations[as_before ? moment - 1 : moment];
}

/* A state on its way through time, and the last two looks of the watch. */
struct course {
    struct judge *judge;
    const struct strategy_functions *functions;
    const struct judge_beside *beside; /* NULL: nobody watches */
    struct moments moments;
    size_t at;    /* the moment; moments.count: the last */
    bool settled; /* nothing lapses any more, and recovery changes nothing */
    struct snapshot sights[2];
    size_t sight_count; /* looks so far: look i is in i % 2 */
};

static void course_release(struct course *course)
{
    snapshot_release(&course->sights[0]);
    snapshot_release(&course->sights[1]);
}

static bool is_last(const struct course *course)
{
    return course->at == course->moments.count;
}

static int64_t time_ms(const struct course *course)
{
    return is_last(course) ? LASTS_FOREVER : course->moments.at_ms[course->at];
}

static bool is_watched(const struct course *course)
{
    return course->judge->watch && course->beside;
}

static int look(const struct course *course, struct snapshot *ret, struct err *err)
{
    const struct judge *judge = course->judge;
    int code = snapshot_take(&course->judge->observer, 0, ret, err);

    if (code == 0 && judge->scenario->programs.any) {
        names_apply(&judge->names, &ret->state, &ret->arena);
        ret->signature = state_signature(&ret->state);
    }
    if (code == 0)
        state_sort(&ret->state);
    return code;
}

/* Is something of the kind wrong with a control, too? `expiries`: an invariant of theirs,
 * which is looked at as the death left the state. */
static bool is_excused(const struct course *course, enum judge_moment moment,
                       bool expiries)
{
    const struct aftermath *const controls[] = { course->beside->old,
                                                 course->beside->new };

    for (size_t i = 0; i < ARRAY_SIZE(controls); i++) {
        const struct station *station = aftermath_at(controls[i], course->at);
        const struct err *broken = expiries ? &controls[i]->violated : &station->broken;

        if (moment == JUDGE_INVARIANT ? broken->code : !station_is_well(station))
            return true;
    }
    return false;
}

/* Shows the watch what the database holds now, and what it held at its last look. */
static int show(struct course *course, enum judge_moment moment, const struct err *why,
                struct err *err)
{
    static const struct err nothing = ERR_NULL;
    size_t count = course->sight_count;
    struct snapshot *now = &course->sights[count % 2];
    const struct judge_watch *watch = course->judge->watch;
    struct judge_sight sight = {
        .moment = moment,
        .at_ms = time_ms(course),
        .before = count ? &course->sights[(count - 1) % 2] : NULL,
        .after = now,
        .why = why ? why : &nothing,
    };
    int code;

    if (!is_watched(course))
        return 0;
    sight.excused = is_excused(course, moment, false);
    sight.right_old = &aftermath_at(course->beside->old, course->at)->state;
    sight.right_new = &aftermath_at(course->beside->new, course->at)->state;
    code = look(course, now, err);
    if (code < 0)
        return code;
    course->sight_count++;
    watch->seen(watch->context, &sight);
    return 0;
}

/* Tells the watch what came of an attempt. */
static void tell_watch(const struct course *course, enum judge_moment moment,
                       bool expiries, const struct err *why)
{
    struct judge_sight sight = { .moment = moment, .at_ms = time_ms(course), .why = why };

    if (!is_watched(course))
        return;
    sight.excused = is_excused(course, moment, expiries);
    course->judge->watch->seen(course->judge->watch->context, &sight);
}

/* Until the moment, from the one before it. */
static int pass(const struct course *course, struct err *err)
{
    const struct moments *moments = &course->moments;
    int64_t ms = is_last(course) ? KEEPER_FOREVER
                                 : moments->at_ms[course->at] -
                                       (course->at ? moments->at_ms[course->at - 1] : 0);

    judge_touched(course->judge);
    return ms ? keeper_pass(&course->judge->keeper, ms, err) : 0;
}

/* Runs a function that may fail, which is told; other errors are errors. */
static int attempt(struct judge *judge, scenario_function function, const char *what,
                   struct err *ret_failed, struct err *err)
{
    int code = judge_run(judge, function, what, false, ret_failed);

    if (code == 0 || code == ERR_USAGE)
        return 0;
    *err = *ret_failed;
    return code;
}

/* Does recovery run at this moment? */
static bool recovers(const struct course *course)
{
    if ((mutant("recover-once") && course->at) ||
        (mutant("recover-last") && !is_last(course)))
        return false;
    return course->functions->recover &&
           (is_last(course) ||
            time_ms(course) >= course->judge->scenario->times.recover_after_ms);
}

static int recover(struct course *course, struct station *station, struct err *err)
{
    int code;

    if (!recovers(course))
        return 0;
    code = attempt(course->judge, course->functions->recover, "recover", &station->failed,
                   err);
    if (code == 0)
        code = show(course, JUDGE_RECOVERED, &station->failed, err);
    return code == 0 && is_last(course) ? pass(course, err) : code;
}

/* Is the last moment all that is left, and will it be like this one? Whoever watches is
 * to see for himself. */
static bool is_settled(const struct course *course, const struct snapshot *before,
                       const struct station *station)
{
    CLEANUP(lapses_release) struct lapses lapses = LAPSES_NULL;
    struct signature was, is;

    if (course->at + 1 != course->moments.count || course->beside)
        return false;
    snapshot_lapses(&station->state, &lapses);
    if (lapses.count)
        return false;
    if (!course->functions->recover)
        return true;
    return recovers(course) && !station->failed.code && snapshot_exact(before, &was) &&
           snapshot_exact(&station->state, &is) && signature_equal(was, is);
}

/* The first that is violated is told, without the name of what looks at it, and on one
 * line, whatever the scenario says of it: the lines of a report are ours. */
static int look_at_invariants(struct course *course, scenario_function holds,
                              struct err *ret_broken, struct err *err)
{
    struct err why = ERR_NULL;
    int code = 0;

    *ret_broken = ERR_NULL;
    if (!holds || mutant("invariants-hold"))
        return 0;
    code = attempt(course->judge, holds, "invariants", &why, err);
    if (code < 0 || !why.code)
        return code;
    err_set(ret_broken, why.code, "%s",
            course->judge->page->error[0] ? course->judge->page->error : why.msg);
    printable_join(ret_broken->msg);
    tell_watch(course, JUDGE_INVARIANT, holds == course->judge->scenario->holds_now,
               ret_broken);
    return 0;
}

/* On the state itself if that is of no more use. */
static int try_alive(struct course *course, struct station *station, struct err *err)
{
    struct judge *judge = course->judge;
    struct kept kept = KEPT_NULL;
    bool copies = !is_last(course) && !course->settled;
    int code = 0;

    if (!course->functions->alive)
        return 0;
    if (copies)
        code = keeper_keep(&judge->keeper, &station->state, &kept, err);
    if (code == 0)
        code = attempt(judge, course->functions->alive, "alive", &station->stuck, err);
    if (code == 0 && !station->stuck.code && judge->page->refused)
        err_set(&station->stuck, ERR_USAGE, "alive returned false");
    if (code == 0)
        tell_watch(course, JUDGE_ALIVE, false, &station->stuck);
    if (code == 0 && copies)
        code = keeper_restore(&judge->keeper, &kept, err);
    if (code == 0 && copies)
        code = keeper_forget(&judge->keeper, &kept, err);
    kept_release(&kept);
    return code;
}

static int arrive(struct course *course, struct station *station, struct err *err)
{
    const struct scenario *scenario = course->judge->scenario;
    CLEANUP(snapshot_release) struct snapshot before = SNAPSHOT_NULL;
    int code = pass(course, err);

    station->failed = station->broken = station->stuck = ERR_NULL;
    if (code == 0)
        code = show(course, JUDGE_LAPSED, NULL, err);
    if (code == 0 && recovers(course) && !is_last(course))
        code = look(course, &before, err);
    if (code == 0)
        code = recover(course, station, err);
    if (code == 0)
        code = show(course, JUDGE_RESIDUE, NULL, err);
    if (code == 0)
        code = look(course, &station->state, err);
    if (code == 0)
        course->settled = is_settled(course, &before, station);
    if (code == 0)
        code = look_at_invariants(course, scenario->holds_later, &station->broken, err);
    return code == 0 ? try_alive(course, station, err) : code;
}

static void make_room(struct aftermath *aftermath, size_t count)
{
    if (count <= aftermath->room)
        return;
    aftermath->stations =
        mem_grow(aftermath->stations, count, sizeof(*aftermath->stations));
    for (; aftermath->room < count; aftermath->room++)
        aftermath->stations[aftermath->room].state = SNAPSHOT_NULL;
}

/* The last has the time of the one before it. */
static void set_clock(const struct course *course)
{
    size_t at = is_last(course) ? course->at - 1 : course->at;

    scenario_pass(course->judge->scenario, (course->moments.at_ms[at] + 999) / 1000);
}

int aftermath_find(struct judge *judge, const struct subject *subject,
                   const struct moments *moments, const struct judge_beside *beside,
                   struct aftermath *ret, struct err *err)
{
    struct scenario *scenario = judge->scenario;
    CLEANUP(course_release)
    struct course course = {
        .judge = judge,
        .functions = &scenario->functions[subject->strategy],
        .beside = beside,
        .moments = *moments,
        .sights = { SNAPSHOT_NULL, SNAPSHOT_NULL },
    };
    int code;

    if (!judge->death_s) /* later than anything that was recorded */
        judge->death_s = clock_real_ms() / 1000 + 1;
    judge->surviving = true;
    judge->survived = subject;
    names_begin(&judge->names);
    code = show(&course, JUDGE_DEAD, NULL, err);

    if (code == 0)
        code = look_at_invariants(&course, scenario->holds_now, &ret->violated, err);
    ret->violated_ms = judge->page->violated_ms;
    make_room(ret, moments->count + 1);
    ret->moments = *moments;
    for (; code == 0 && course.at <= moments->count && !course.settled; course.at++) {
        set_clock(&course);
        code = arrive(&course, &ret->stations[course.at], err);
    }
    ret->settled = course.settled;
    scenario_pass(scenario, 0);
    judge->surviving = false;
    judge->survived = NULL;
    return code == ERR_REFUSED || code == ROUTINE_LATE
               ? err_wrap(err, "strategy '%s'",
                          scenario->outline.strategies[subject->strategy].name)
               : code;
}
