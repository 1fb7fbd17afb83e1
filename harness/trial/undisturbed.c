/* undisturbed.c - see undisturbed.h. */
#include "trial/undisturbed.h"

#include "base/mutant.h"
#include "trial/controls.h"
#include "trial/repeat.h"

/* A state that nobody interrupted. */
struct control {
    struct judge *judge;
    struct subject *subject; /* whose update leads there */
    int (*make)(void *context, struct err *err);
    const char *name;
    struct aftermath *aftermath; /* of it */
};

static int make_old(void *context, struct err *err)
{
    const struct control *control = context;

    return judge_prepare(control->judge, control->subject, err);
}

static int make_new(void *context, struct err *err)
{
    CLEANUP(snapshot_release) struct snapshot ignored = SNAPSHOT_NULL;
    struct control *control = context;
    struct subject again = *control->subject;

    return again.recorded ? judge_complete(control->judge, control->subject, err)
                          : controls_run_update(control->judge, &again, &ignored, err);
}

/* The reference is what all are measured against: it must not need excuses. */
static int check_clean(const struct control *control, struct err *err)
{
    const struct outline *outline = &control->judge->scenario->outline;
    const struct station *last =
        aftermath_at(control->aftermath, control->aftermath->moments.count);
    CLEANUP(mem_freep)
    char *which = control->make == make_old
                      ? mem_strdup(control->name)
                      : mem_printf("%s of the reference strategy '%s'", control->name,
                                   outline->strategies[outline->reference].name);

    if (last->failed.code)
        return err_set(err, ERR_USAGE, "%s: not clean without any crash: after %s, %s",
                       outline->path, which, last->failed.msg);
    if (last->broken.code || control->aftermath->violated.code)
        return err_set(err, ERR_USAGE,
                       "%s: not clean without any crash: %s violates an invariant: %s",
                       outline->path, which,
                       last->broken.code ? last->broken.msg
                                         : control->aftermath->violated.msg);
    if (last->stuck.code)
        return err_set(err, ERR_USAGE,
                       "%s: not clean without any crash: `alive` fails after %s: %s",
                       outline->path, which, last->stuck.msg);
    return 0;
}

/* The first of them, which is made if it is not there. */
static struct aftermath *first_of(struct controls *controls)
{
    if (!controls->count) {
        controls->items = MEM_ARRAY(struct aftermath *, 1);
        controls->items[controls->count++] = MEM_NEW(struct aftermath);
    }
    return controls->items[0];
}

int undisturbed_find(struct judge *judge, struct subject *subject, bool again,
                     struct err *err)
{
    struct control controls[] = {
        { judge, subject, make_old, "the old state", first_of(&subject->idle) },
        { judge, subject, make_new, "the completed update",
          first_of(&subject->completed) },
    };
    struct moments moments = judge_moments(judge, subject, &subject->done);
    int code = 0;

    for (size_t i = 0; i < ARRAY_SIZE(controls) && code == 0; i++) {
        const struct remake remake = { controls[i].make, &controls[i], controls[i].name,
                                       false };

        if (judge->scenario->programs.any)
            judge_does(judge, DOING_CONTROLS, subject->strategy, i + 1,
                       ARRAY_SIZE(controls));
        code = repeat_aftermath(judge, subject, &remake, &moments, again,
                                controls[i].aftermath, err);
        if (code == 0 && subject == subject->origin->reference)
            code = check_clean(&controls[i], err);
    }
    return code;
}

/* Does its recovery make of the reference's completed update what it makes of its own? */
static int is_recovery_to_blame(struct judge *judge, const struct subject *subject,
                                bool *ret, struct err *err)
{
    CLEANUP(aftermath_release) struct aftermath aftermath = AFTERMATH_NULL;
    struct control control = { judge, subject->origin->reference, .make = make_new };
    const struct remake remake = { make_new, &control, "the reference's completed update",
                                   false };
    const struct aftermath *own = subject->completed.items[0];
    int code =
        repeat_aftermath(judge, subject, &remake, &own->moments, false, &aftermath, err);

    *ret = code == 0 && aftermath_equal(&aftermath, own);
    return code;
}

/* What becomes of a control of a subject's, beside that of the reference. */
static int beside_reference(struct judge *judge, struct subject *subject, bool completed,
                            struct verdict *ret, char example[EXAMPLE_TEXT],
                            struct err *err)
{
    struct origin *origin = subject->origin;
    const struct aftermath *own =
        completed ? subject->completed.items[0] : subject->idle.items[0];
    const struct state *old = &origin->old.state;
    struct judge_beside beside = {
        .first_old = old,
        .first_new = completed ? &origin->reference->done.state : old,
        .dead = completed ? &subject->done.state : old,
    };
    int code = judge_control(judge, origin->reference, completed, &own->moments,
                             &beside.old, err);

    if (code < 0)
        return code;
    beside.new = beside.old;
    judge_over_time(judge, &beside, own, 0, ret, example);
    return 0;
}

/* A recovery that leaves something else of the old state is told once, and not as harm of
 * updates that leave what the reference leaves: both their controls have gone through
 * it. */
int undisturbed_compare(struct judge *judge, struct subject *subject, struct err *err)
{
    struct verdict uncrashed, unbegun;
    bool blamed = false;
    int code;

    if (subject->apart) {
        subject->right = subject;
        return 0;
    }
    code = beside_reference(judge, subject, true, &uncrashed, subject->uncrashed_example,
                            err);

    if (code == 0)
        code = beside_reference(judge, subject, false, &unbegun, subject->unbegun_example,
                                err);
    if (code < 0)
        return code;
    subject->right = subject->origin->reference;
    subject->uncrashed = uncrashed.later;
    subject->uncrashed_passing = uncrashed.passing;
    subject->uncrashed_lasts_ms = uncrashed.lasts_ms;
    if (!mutant("recovery-unblamed"))
        subject->unbegun = unbegun.later;
    if (subject->unbegun && subject->uncrashed)
        code = is_recovery_to_blame(judge, subject, &blamed, err);
    if (!blamed)
        return code;
    subject->right = subject;
    subject->uncrashed = subject->uncrashed_passing = 0;
    subject->uncrashed_lasts_ms = 0;
    subject->uncrashed_example[0] = '\0';
    return 0;
}
