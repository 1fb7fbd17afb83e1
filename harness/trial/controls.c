/* controls.c - see controls.h. */
#include "trial/controls.h"

#include "base/mutant.h"
#include "redis/server.h"
#include "trial/recorded.h"
#include "trial/repeat.h"
#include "trial/retrace.h"
#include "trial/sure.h"
#include "trial/trespass.h"
#include "trial/undisturbed.h"

static bool is_program(const struct judge *judge, scenario_function function)
{
    return scenario_routine(judge->scenario, function);
}

static int run_before(struct judge *judge, struct origin *origin, struct sure *sure,
                      struct snapshot *ret, struct err *err)
{
    int code = keeper_empty(&judge->keeper, err);

    judge_enter(judge, origin);
    judge_touched(judge);
    if (code == 0)
        code = sure_begin(sure, err);
    if (code == 0 && origin->before)
        code = judge_run(judge, origin->before, "before", false, err);
    if (code < 0 && is_program(judge, origin->before))
        err_wrap(err, "%s", judge->scenario->outline.path);
    if (code == 0)
        code = sure_end(sure, err);
    if (code == 0)
        code = snapshot_take(&judge->observer, 0, ret, err);
    state_sort(&ret->state);
    return code;
}

/* Runs it as often as it takes to be sure that it leaves the same each time; *ret is what
 * it left the last time. */
static int before_again(struct judge *judge, struct origin *origin, struct sure *sure,
                        struct snapshot *ret, struct err *err)
{
    char difference[EXAMPLE_TEXT];
    int code = 0;

    while (code == 0 && sure_wants(sure)) {
        code = run_before(judge, origin, sure, ret, err);
        if (code == 0 && state_difference(&origin->old.state, &ret->state, difference,
                                          sizeof(difference)))
            code = err_set(
                err, ERR_USAGE,
                "%s: two runs of `before` left different states (%s); " SURE_ADVICE,
                judge->scenario->outline.path, difference);
    }
    judge->clock |= sure->clock;
    return code;
}

/* To whose commands somebody listens, twice and more. *ret: what it leaves at last. */
static int run_before_surely(struct judge *judge, struct origin *origin,
                             struct snapshot *ret, struct err *err)
{
    CLEANUP(monitor_close) struct monitor monitor = MONITOR_NULL;
    struct sure sure = SURE_OF(judge->observer.connection);
    struct overheard overheard;
    int code = overheard_begin(&overheard, "before", judge->scenario->outline.now,
                               judge->address, &monitor, err);

    if (code == 0)
        code = run_before(judge, origin, &sure, &origin->old, err);
    /* A time that is still to come is a time to live from here on: that of the kept
     * state, which begins anew each time. */
    code = overheard_end(&overheard, &monitor, judge->observer.connection, code, err);
    monitor_close(&monitor);
    return code == 0 ? before_again(judge, origin, &sure, ret, err) : code;
}

/* Once: what it makes is kept, whatever another run would make. */
static int run_program_before(struct judge *judge, struct origin *origin,
                              struct snapshot *ret, struct err *err)
{
    struct sure sure = SURE_OF(judge->observer.connection);
    int code;

    judge_does(judge, DOING_BEFORE, 0, 0, 0);
    code = run_before(judge, origin, &sure, &origin->old, err);
    return code == 0 ? snapshot_take(&judge->observer, 0, ret, err) : code;
}

static int learn_old(struct judge *judge, struct origin *origin, struct err *err)
{
    CLEANUP(snapshot_release) struct snapshot again = SNAPSHOT_NULL;
    int code = is_program(judge, origin->before)
                   ? run_program_before(judge, origin, &again, err)
                   : run_before_surely(judge, origin, &again, err);

    if (code < 0)
        return code;
    observer_cover(&judge->observer, &again);
    code = snapshot_digest(&judge->observer, &origin->old, err);
    names_know_state(&judge->names, &origin->old.state);
    state_sort(&origin->old.state);
    return code == 0 ? keeper_keep(&judge->keeper, &again, &origin->kept, err) : code;
}

int controls_run_update(struct judge *judge, struct subject *subject,
                        struct snapshot *ret, struct err *err)
{
    const struct strategy *strategy =
        &judge->scenario->outline.strategies[subject->strategy];
    CLEANUP(mem_freep) char *what = mem_printf("strategy '%s': update", strategy->name);
    redisContext *connection = judge->observer.connection;
    uint64_t before = 0, after = 0;
    int code = judge_prepare(judge, subject, err);

    if (code == 0)
        code = server_changes(connection, &before, err);
    if (code == 0)
        code = judge_run(judge, judge->scenario->functions[subject->strategy].update,
                         what, true, err);
    if (code == 0)
        code = server_changes(connection, &after, err);
    if (code == 0)
        code = snapshot_take(&judge->observer, 0, ret, err);
    if (code == 0)
        code = overheard_check(&subject->overheard, err);
    subject->commands = judge->page->commands;
    subject->bytes = judge->page->bytes;
    subject->trips = judge->page->trips;
    subject->changes = after - before;
    return code;
}

static int run_surely(struct judge *judge, struct subject *subject, struct sure *sure,
                      struct snapshot *ret, struct err *err)
{
    int code = sure_begin(sure, err);

    if (code == 0)
        code = controls_run_update(judge, subject, ret, err);
    return code == 0 ? sure_end(sure, err) : code;
}

static void compare_recordings(struct judge *judge, struct subject *subject)
{
    struct recording again = RECORDING_NULL;
    size_t same;

    recording_take(&again, judge->page);
    same = recording_agree(&subject->recording, &again);
    if (same < subject->repeated)
        subject->repeated = same;
    recording_release(&again);
}

int controls_record_again(struct judge *judge, struct subject *subject, struct err *err)
{
    CLEANUP(snapshot_release) struct snapshot ignored = SNAPSHOT_NULL;
    struct subject again = *subject;
    int code = controls_run_update(judge, &again, &ignored, err);

    if (code < 0)
        return code;
    compare_recordings(judge, subject);
    subject->recording.answers_vary = true;
    return 0;
}

/* Runs it as often as it takes to be sure that it leaves the same each time. */
static int update_again(struct judge *judge, struct subject *subject, struct sure *sure,
                        struct err *err)
{
    CLEANUP(snapshot_release) struct snapshot again = SNAPSHOT_NULL;
    const struct outline *outline = &judge->scenario->outline;
    uint64_t commands = subject->commands;
    char difference[EXAMPLE_TEXT];
    int code = 0;

    while (code == 0 && sure_wants(sure)) {
        code = run_surely(judge, subject, sure, &again, err);
        if (code < 0)
            return code;
        state_sort(&again.state);
        if (state_difference(&subject->done.state, &again.state, difference,
                             sizeof(difference)) ||
            subject->commands != commands)
            return err_set(
                err, ERR_USAGE,
                "%s: two uninterrupted runs of strategy '%s' differ (%s); " SURE_ADVICE,
                outline->path, outline->strategies[subject->strategy].name,
                difference[0] ? difference : "in the number of commands");
        compare_recordings(judge, subject);
    }
    judge->clock |= sure->clock;
    return code;
}

/* The first run, to whose commands somebody listens. */
static int run_overheard(struct judge *judge, struct subject *subject, struct sure *sure,
                         struct err *err)
{
    CLEANUP(monitor_close) struct monitor monitor = MONITOR_NULL;
    CLEANUP(mem_freep)
    char *what = mem_printf("strategy '%s': update",
                            judge->scenario->outline.strategies[subject->strategy].name);
    int code = overheard_begin(&subject->overheard, what, judge->scenario->outline.now,
                               judge->address, &monitor, err);

    if (code == 0)
        code = run_surely(judge, subject, sure, &subject->done, err);
    return overheard_end(&subject->overheard, &monitor, judge->observer.connection, code,
                         err);
}

/* The reference's expiries are within their bounds by definition. */
static int take_bounds(struct judge *judge, struct subject *subject, struct err *err)
{
    if (subject != subject->origin->reference)
        return 0;
    observer_cover(&judge->observer, &subject->done);
    return snapshot_digest(&judge->observer, &subject->done, err);
}

/* Are there ids or times in what a program leaves that no other strategy can have? */
static bool has_own_ids(const struct judge *judge, const struct subject *subject)
{
    CLEANUP(names_release) struct names names = { .vary = judge->names.vary };

    names_know_state(&names, &subject->origin->old.state);
    names_know_state(&names, &subject->origin->reference->done.state);
    return !names_cover(&names, &subject->done.state);
}

/* One run of a program tells everything; another one, what varies. */
static int learn_program(struct judge *judge, struct subject *subject, struct err *err)
{
    int code;

    judge_does(judge, DOING_RECORDING, subject->strategy, 0, 0);
    code = recorded_make(judge, subject, err);
    /* As cuts are: as it was behind the last command, however long the program went on.
     */
    if (code == 0 && !mutant("done-late"))
        code = recorded_cut(judge, subject, subject->commands, err);
    if (code == 0)
        code = snapshot_take(&judge->observer, 0, &subject->done, err);
    if (code == 0)
        code = take_bounds(judge, subject, err);
    names_know_state(&judge->names, &subject->done.state);
    state_sort(&subject->done.state);
    subject->apart = has_own_ids(judge, subject);
    judge_does(judge, DOING_RETRACING, subject->strategy, 0, 0);
    if (code == 0)
        code = retrace(judge, subject, &subject->recorded->retrace, err);
    judge_does(judge, DOING_RECORDING_AGAIN, subject->strategy, 0, 0);
    return code == 0 ? recorded_again(judge, subject, err) : code;
}

static int learn_new(struct judge *judge, struct subject *subject, struct err *err)
{
    struct sure sure = SURE_OF(judge->observer.connection);
    int code;

    if (is_program(judge, judge->scenario->functions[subject->strategy].update))
        return learn_program(judge, subject, err);
    code = run_overheard(judge, subject, &sure, err);

    recording_take(&subject->recording, judge->page);
    subject->repeated = subject->commands;
    if (code == 0)
        code = take_bounds(judge, subject, err);
    names_know_state(&judge->names, &subject->done.state);
    state_sort(&subject->done.state);
    if (code == 0)
        code = update_again(judge, subject, &sure, err);
    /* Two updates in one millisecond are told the same id, and may then send the same
     * although they depend on it. Answers that differ say that the clock has moved on. */
    if (code == 0 && subject->recording.answers_vary && subject_repeats(subject))
        code = controls_record_again(judge, subject, err);
    return code;
}

/* --- all of it --- */

/* The old state from which a strategy starts. */
static struct origin *origin_of(struct judge *judge, size_t strategy)
{
    scenario_function before = judge->scenario->functions[strategy].before;
    struct origin *origin = judge->origins;

    while (origin < judge->origins + judge->origin_count && origin->before != before)
        origin++;
    if (origin == judge->origins + judge->origin_count) {
        judge->origin_count++;
        origin->before = before;
    }
    return origin;
}

/* Those that take part, and the reference from each old state. */
static void find_subjects(struct judge *judge, const size_t *strategies, size_t count)
{
    size_t reference = judge->scenario->outline.reference;

    judge->origins = mem_alloc(count * sizeof(*judge->origins));
    judge->subjects = mem_alloc(2 * count * sizeof(*judge->subjects));
    judge->subject_count = judge->known_count = count;
    for (size_t i = 0; i < count; i++) {
        struct subject *subject = &judge->subjects[i];

        subject->strategy = strategies[i];
        subject->origin = origin_of(judge, strategies[i]);
        if (strategies[i] == reference)
            subject->origin->reference = subject;
    }
    for (size_t i = 0; i < judge->origin_count; i++) {
        struct origin *origin = &judge->origins[i];
        struct subject *apart = &judge->subjects[judge->known_count];

        if (origin->reference)
            continue;
        *apart = (struct subject){ .strategy = reference, .origin = origin };
        origin->reference = apart;
        judge->known_count++;
    }
}

/* One that does not take part starts from where the scenario did not let it. */
static int wrap_apart(const struct judge *judge, const struct subject *subject,
                      struct err *err)
{
    const struct outline *outline = &judge->scenario->outline;

    if (subject < judge->subjects + judge->subject_count || !err->code ||
        subject->origin->before == judge->scenario->functions[subject->strategy].before)
        return err->code;
    for (size_t i = 0; i < judge->subject_count; i++)
        if (judge->subjects[i].origin == subject->origin)
            return err_wrap(err, "the reference from the old state of strategy '%s'",
                            outline->strategies[judge->subjects[i].strategy].name);
    return err->code;
}

typedef int lesson(struct judge *judge, struct subject *subject, struct err *err);

/* The references first: they say how far off expiries may be, all others are measured
 * against them, and their mistakes are told before others. */
static int learn_each(struct judge *judge, lesson *learn, struct err *err)
{
    int code = 0;

    for (size_t i = 0; i < judge->origin_count && code == 0; i++) {
        code = learn(judge, judge->origins[i].reference, err);
        if (code < 0)
            code = wrap_apart(judge, judge->origins[i].reference, err);
    }
    for (size_t i = 0; i < judge->subject_count && code == 0; i++)
        if (&judge->subjects[i] != judge->subjects[i].origin->reference)
            code = learn(judge, &judge->subjects[i], err);
    return code;
}

static int learn_aftermaths(struct judge *judge, struct subject *subject, struct err *err)
{
    return undisturbed_find(judge, subject, false, err);
}

static int learn_aftermaths_again(struct judge *judge, struct subject *subject,
                                  struct err *err)
{
    return undisturbed_find(judge, subject, true, err);
}

static int learn_new_again(struct judge *judge, struct subject *subject, struct err *err)
{
    struct sure sure = { judge->observer.connection, .runs = 1 };

    return update_again(judge, subject, &sure, err);
}

/* Once more in another second, because somebody has asked for the time. */
static int learn_later(struct judge *judge, time_t since, struct err *err)
{
    int code = 0;

    sure_wait(since);
    for (size_t i = 0; i < judge->origin_count && code == 0; i++) {
        CLEANUP(snapshot_release) struct snapshot again = SNAPSHOT_NULL;
        struct sure sure = { judge->observer.connection, .runs = 1 };

        code = before_again(judge, &judge->origins[i], &sure, &again, err);
    }
    if (code == 0)
        code = learn_each(judge, learn_new_again, err);
    return code == 0 ? learn_each(judge, learn_aftermaths_again, err) : code;
}

static int learn_all(struct judge *judge, struct err *err)
{
    time_t since = sure_second();
    int code = 0;

    for (size_t i = 0; i < judge->origin_count && code == 0; i++)
        code = learn_old(judge, &judge->origins[i], err);
    if (code == 0)
        code = learn_each(judge, learn_new, err);
    if (code == 0)
        code = learn_each(judge, learn_aftermaths, err);
    /* Programs ask for the time whatever they do with it. */
    return code == 0 && judge->clock && !judge->scenario->programs.any
               ? learn_later(judge, since, err)
               : code;
}

/* An update that changes nothing has nothing in it that could be interrupted. What comes
 * out only when it is, result/untested.h looks at. */
static int check_changes(const struct judge *judge, const struct subject *subject,
                         struct err *err)
{
    const struct outline *outline = &judge->scenario->outline;
    const struct strategy *strategy = &outline->strategies[subject->strategy];

    if (subject->changes || strategy->noop)
        return 0;
    return err_set(err, ERR_USAGE,
                   "%s: strategy '%s': nothing was tested: its update %s; say noop = "
                   "true if that is meant",
                   outline->path, strategy->name,
                   subject->commands ? "changes nothing in the database"
                                     : "sends no command");
}

int controls_learn(struct judge *judge, redisContext *connection,
                   const size_t *strategies, size_t count, struct err *err)
{
    int code = observer_init(&judge->observer, connection, &judge->scenario->ignore,
                             &judge->scenario->ordered, &judge->scenario->zero,
                             &judge->scenario->programs.effects, err);

    if (code == 0)
        code = keeper_init(&judge->keeper, connection, err);
    judge->page = page_map(err);
    if (!judge->page)
        return err->code;
    find_subjects(judge, strategies, count);
    if (code == 0)
        code = learn_all(judge, err);
    for (size_t i = 0; i < count && code == 0; i++)
        code = check_changes(judge, &judge->subjects[i], err);
    for (size_t i = 0; i < count && code == 0; i++)
        code = undisturbed_compare(judge, &judge->subjects[i], err);
    for (size_t i = 0; i < judge->origin_count && code == 0; i++) {
        struct origin *origin = &judge->origins[i];

        judge_enter(judge, origin);
        code = trespass_check_kept(judge, &origin->kept, &origin->old, err);
    }
    return code;
}
