/* points.c - see points.h. */
#include "run/points.h"

#include "base/mutant.h"
#include "plan/agenda.h"
#include "run/fleet.h"
#include "run/places.h"
#include "run/tell.h"
#include "trial/recorded.h"
#include "trial/trial.h"

void points_release(struct points *points)
{
    prove_release(&points->prove);
}

static struct subject *subject_at(const struct points *points, size_t subject)
{
    return &points->bench->judge.subjects[subject];
}

static const char *name_of(const struct points *points, size_t subject)
{
    return bench_strategy(points->bench, subject_at(points, subject))->name;
}

static bool has_programs(const struct points *points)
{
    return points->options->scenario->programs.any;
}

/* Commands that depend on replies that differ from run to run cannot be sent again. */
static int refuse_varying(const struct points *points, const struct fault *fault,
                          size_t subject, struct err *err)
{
    return err_set(
        err, ERR_USAGE,
        "strategy '%s': the fault '%s' sends a recorded update again, but two "
        "uninterrupted updates sent different bytes from command %zu on: it "
        "depends on replies that differ from run to run; leave the strategy out "
        "with --strategy, or the fault with --fault step,kill",
        name_of(points, subject), fault->name, subject_at(points, subject)->repeated + 1);
}

/* Times to live included, as far as moments tell them apart. */
static bool leaves_old_state(const struct points *points, const struct place *place,
                             const struct death *death)
{
    const struct snapshot *old = &subject_at(points, place->subject)->origin->old;

    return signature_equal(snapshot_timed(&death->state), snapshot_timed(old));
}

/* A point of the census: what it is judged. */
static int tell_census(struct points *points, const struct place *place,
                       const struct judgement *judgement, bool alike, struct err *err)
{
    const struct subject *subject = subject_at(points, place->subject);

    prove_note(&points->prove, subject, place->subject, place->point,
               &judgement->verdict);
    return tell_point(points->teller, place->subject, place->point, judgement, alike,
                      err);
}

/* Is the state that of the point before, because the command between them changed
 * nothing? It is known of what was recorded. */
static bool is_as_before(const struct points *points, const struct place *place)
{
    const struct subject *subject = subject_at(points, place->subject);

    return place->fault->stage == STAGE_CENSUS && subject->recorded && place->point &&
           points->latest.subject == subject &&
           points->latest.state == subject->recorded->states_at[place->point];
}

static void note_latest(struct points *points, const struct place *place,
                        const struct judgement *judgement, bool alike)
{
    const struct subject *subject = subject_at(points, place->subject);

    if (subject->recorded)
        points->latest =
            (struct latest){ subject, subject->recorded->states_at[place->point],
                             *judgement, alike };
}

/* The states of a program are numbered as they came, and some come again. */
static void note_state(struct points *points, const struct place *place)
{
    struct judge *judge = &points->bench->judge;
    const struct recorded *recorded = subject_at(points, place->subject)->recorded;

    if (!recorded || place->fault->stage != STAGE_CENSUS) {
        if (judge->doing.what)
            judge_does(judge, DOING_NOTHING, 0, 0, 0);
        return;
    }
    if (!place->point)
        points->states_begun = 0;
    if (recorded->states_at[place->point] + 1 <= points->states_begun)
        return;
    points->states_begun = recorded->states_at[place->point] + 1;
    judge_does(judge, DOING_STATES, subject_at(points, place->subject)->strategy,
               points->states_begun, recorded->state_count);
}

static int take_point(struct points *points, const struct place *place,
                      struct death *death, struct err *err)
{
    const struct judgement *judgement;
    bool alike;
    int code;

    note_state(points, place);
    if (is_as_before(points, place))
        return tell_census(points, place, &points->latest.judgement, points->latest.alike,
                           err);
    code = trial_strike(points->bench, subject_at(points, place->subject), place->fault,
                        place->point, death, &judgement, err);
    if (code == TRIAL_VARIES)
        return refuse_varying(points, place->fault, place->subject, err);
    if (code < 0)
        return trial_is_scenarios(code)
                   ? code
                   : err_wrap(err, "strategy '%s'", name_of(points, place->subject));
    /* Programs take their time: what does no harm is not looked at twice. */
    if (place->fault->stage == STAGE_CENSUS && judge_was_new(&points->bench->judge) &&
        (!has_programs(points) || judgement->verdict.later | judgement->verdict.passing))
        code = trial_repeat(points->bench, subject_at(points, place->subject),
                            place->fault, place->point, death, err);
    if (code < 0)
        return overheard_check(&subject_at(points, place->subject)->overheard, err) < 0
                   ? err->code
                   : code;
    if (place->fault->stage == STAGE_CENSUS) {
        alike = leaves_old_state(points, place, death);
        note_latest(points, place, judgement, alike);
        return tell_census(points, place, judgement, alike, err);
    }
    return tell_death(points->teller, place->fault, place->subject, place->point, death,
                      judgement, err);
}

/* The same; what survivors print meanwhile is told with it. */
static int take_place(struct points *points, const struct place *place,
                      struct death *death, struct err *err)
{
    int code;

    points->teller->point = (int64_t)place->point;
    code = take_point(points, place, death, err);
    points->teller->point = -1;
    return code;
}

/* What a fault needs of all strategies is looked at before the first is struck. */
static int check_subjects(struct points *points, const struct places *places,
                          struct err *err)
{
    for (enum fault_id id = 0; id < FAULT_COUNT; id++)
        for (size_t i = 0; i < points->bench->judge.subject_count; i++)
            if (places_of(places, id, i) && fault_by_id(id)->sends_recording &&
                !subject_repeats(subject_at(points, i)))
                return refuse_varying(points, fault_by_id(id), i, err);
    return 0;
}

/* Is it the last point of a strategy of a run with programs? This one lane takes them
 * all. */
static bool finishes(const struct points *points, const struct place *place)
{
    return has_programs(points) && place->fault->stage == STAGE_CENSUS &&
           place->point == subject_at(points, place->subject)->commands;
}

int points_take(struct points *points, enum stage stage, struct err *err)
{
    CLEANUP(death_release) struct death death = DEATH_NULL;
    const struct places places = { stage, points->faults, &points->bench->judge };
    struct place place;
    uint64_t count = place_find(&places, UINT64_MAX, &place), item;
    int code = check_subjects(points, &places, err);

    while (code == 0 && agenda_next(points->agenda, stage, count, &item)) {
        place_find(&places, item, &place);
        if (item > 0 || stage != STAGE_CENSUS || !mutant("census-short"))
            code = take_place(points, &place, &death, err);
        if (code == 0 && finishes(points, &place))
            code = prove_all(&points->prove, points->bench, place.subject,
                             points->options->prove, points->teller, err);
    }
    return code == 0 ? tell_flush(points->teller, err) : code;
}
