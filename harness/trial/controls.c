/* controls.c - see controls.h. */
#include "trial/controls.h"

static int learn_old(struct judge *judge, struct err *err)
{
    CLEANUP(snapshot_release) struct snapshot again = SNAPSHOT_NULL;
    char difference[EXAMPLE_TEXT];
    int code = 0;

    for (int run = 0; run < 2 && code == 0; run++) {
        struct snapshot *snapshot = run ? &again : &judge->old;

        code = keeper_empty(&judge->keeper, err);
        if (code == 0 && judge->scenario->before)
            code = judge_run(judge, judge->scenario->before, "before", false, err);
        if (code == 0)
            code = snapshot_take(&judge->observer, 0, snapshot, err);
        state_sort(&snapshot->state);
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
    bounds_cover(&judge->observer.bounds, &again);
    return keeper_keep(&judge->keeper, &again, err);
}

static int run_update(struct judge *judge, struct subject *subject, struct snapshot *ret,
                      struct err *err)
{
    const struct strategy *strategy =
        &judge->scenario->outline.strategies[subject->strategy];
    CLEANUP(mem_freep) char *what = mem_printf("strategy '%s': update", strategy->name);
    int code = judge_prepare(judge, err);

    if (code == 0)
        code = judge_run(judge, judge->scenario->functions[subject->strategy].update,
                         what, true, err);
    if (code == 0)
        code = snapshot_take(&judge->observer, 0, ret, err);
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

int controls_record_again(struct judge *judge, struct subject *subject, struct err *err)
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
        bounds_cover(&judge->observer.bounds, &subject->done);
        code = snapshot_digest(&judge->observer, &subject->done, err);
    }
    if (code == 0)
        code = run_update(judge, subject, &again, err);
    if (code < 0)
        return code;
    state_sort(&subject->done.state);
    state_sort(&again.state);
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
               ? controls_record_again(judge, subject, err)
               : 0;
}

/* The reference is what all are measured against: it must not need excuses. */
static int check_clean(const struct judge *judge, const char *which,
                       const struct aftermath *aftermath, struct err *err)
{
    const char *path = judge->scenario->outline.path;

    if (aftermath->failed.code)
        return err_set(err, ERR_USAGE, "%s: not clean without any crash: after %s, %s",
                       path, which, aftermath->failed.msg);
    if (aftermath->broken.code)
        return err_set(err, ERR_USAGE,
                       "%s: not clean without any crash: %s violates an invariant: %s",
                       path, which, aftermath->broken.msg);
    if (aftermath->stuck.code)
        return err_set(err, ERR_USAGE,
                       "%s: not clean without any crash: `alive` fails after %s: %s",
                       path, which, aftermath->stuck.msg);
    return 0;
}

static int learn_right(struct judge *judge, const struct subject *reference,
                       struct err *err)
{
    const struct strategy *strategy =
        &judge->scenario->outline.strategies[reference->strategy];
    CLEANUP(mem_freep) char *completed =
        mem_printf("the completed update of the reference strategy '%s'", strategy->name);
    CLEANUP(snapshot_release) struct snapshot ignored = SNAPSHOT_NULL;
    struct subject again = *reference;
    struct aftermath aftermath;
    int code = judge_prepare(judge, err);

    if (code == 0)
        code = judge_aftermath(judge, reference, &judge->right_old, &aftermath, err);
    if (code == 0)
        code = check_clean(judge, "the old state", &aftermath, err);
    if (code == 0)
        code = run_update(judge, &again, &ignored, err);
    if (code == 0)
        code = judge_aftermath(judge, reference, &judge->right_new, &aftermath, err);
    return code == 0 ? check_clean(judge, completed, &aftermath, err) : code;
}

/* Does the completed update leave what the reference's leaves? */
static int learn_uncrashed(struct judge *judge, struct subject *subject, struct err *err)
{
    CLEANUP(snapshot_release) struct snapshot residue = SNAPSHOT_NULL;
    struct aftermath aftermath;
    int code = run_update(judge, subject, &residue, err);

    if (code == 0)
        code = judge_aftermath(judge, subject, &residue, &aftermath, err);
    if (code == 0)
        subject->uncrashed = judge_words(&aftermath, &judge->right_new, &judge->right_new,
                                         &residue, subject->uncrashed_example);
    return code;
}

static struct subject *subject_of(struct judge *judge, size_t strategy)
{
    for (size_t i = 0; i < judge->subject_count; i++)
        if (judge->subjects[i].strategy == strategy)
            return &judge->subjects[i];
    return NULL;
}

int controls_learn(struct judge *judge, redisContext *connection,
                   const size_t *strategies, size_t count, struct err *err)
{
    struct subject apart = { .strategy = judge->scenario->outline.reference };
    struct subject *reference;
    int code = observer_init(&judge->observer, connection, &judge->scenario->ignore,
                             &judge->scenario->ordered, err);

    if (code == 0)
        code = keeper_init(&judge->keeper, connection, err);
    judge->page = page_map(err);
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
