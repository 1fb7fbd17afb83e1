/* repeat.c - see repeat.h. */
#include "trial/repeat.h"

#include "base/mutant.h"
#include "trial/sure.h"

/* Where one of the scenario's functions has done something else the second time. */
struct difference {
    const char *function; /* NULL: nowhere */
    char what[EXAMPLE_TEXT];
};

static bool say_of(struct difference *difference, const char *function,
                   const struct err *a, const struct err *b)
{
    if (!a->code == !b->code)
        return false;
    difference->function = function;
    snprintf(difference->what, sizeof(difference->what),
             "one does not fail, the other does: %.*s", EXAMPLE_TEXT - 40,
             a->code ? a->msg : b->msg);
    return true;
}

/* In the order in which they run: what differs afterwards may be a consequence. */
static struct difference compare_stations(const struct station *a,
                                          const struct station *b)
{
    struct difference difference = { .function = NULL };

    if (say_of(&difference, "`recover`", &a->failed, &b->failed))
        return difference;
    if (state_difference(&a->state.state, &b->state.state, difference.what,
                         sizeof(difference.what)))
        difference.function = "`recover`";
    else if (!say_of(&difference, "an invariant", &a->broken, &b->broken))
        say_of(&difference, "`alive`", &a->stuck, &b->stuck);
    return difference;
}

/* Both at the same moments. */
static struct difference compare(const struct aftermath *a, const struct aftermath *b)
{
    struct difference difference = { .function = NULL };

    say_of(&difference, "an invariant", &a->violated, &b->violated);
    for (size_t i = 0; i <= a->moments.count && !difference.function; i++)
        difference = compare_stations(aftermath_at(a, i), aftermath_at(b, i));
    return difference;
}

bool aftermath_equal(const struct aftermath *a, const struct aftermath *b)
{
    return !compare(a, b).function;
}

static int refuse(const struct judge *judge, const struct subject *subject,
                  const struct remake *remake, const struct difference *difference,
                  struct err *err)
{
    const struct outline *outline = &judge->scenario->outline;

    return err_set(err, ERR_USAGE,
                   "%s: strategy '%s': two runs of %s after %s differ (%s); %s",
                   outline->path, outline->strategies[subject->strategy].name,
                   difference->function, remake->name, difference->what,
                   judge->scenario->programs.any ? SURE_ADVICE_PROGRAMS : SURE_ADVICE);
}

/* Is there anything that could do something else? */
static bool functions_act(const struct judge *judge, const struct subject *subject)
{
    const struct scenario *scenario = judge->scenario;
    const struct strategy_functions *functions = &scenario->functions[subject->strategy];

    return functions->recover || functions->alive || scenario->holds_now ||
           scenario->holds_later;
}

int repeat_aftermath(struct judge *judge, const struct subject *subject,
                     const struct remake *remake, const struct moments *moments,
                     bool judged, struct aftermath *ret, struct err *err)
{
    CLEANUP(aftermath_release) struct aftermath again = AFTERMATH_NULL;
    struct sure sure = SURE_OF(judge->observer.connection);
    bool waits = remake->in_another_second;
    time_t since = sure_second();
    int code = 0;

    sure.runs = judged;
    while (code == 0 && (sure_wants(&sure) || (waits && sure.clock))) {
        struct aftermath *aftermath = sure.runs ? &again : ret;
        struct difference difference;

        if (sure.runs && (!functions_act(judge, subject) || mutant("judged-once")))
            break;
        if (!sure_wants(&sure)) {
            sure_wait(since);
            waits = false;
        }
        code = remake->make(remake->context, err);
        if (code == 0)
            code = sure_begin(&sure, err);
        if (code == 0)
            code = aftermath_find(judge, subject, moments, NULL, aftermath, err);
        if (code == 0)
            code = sure_end(&sure, err);
        judge->clock |= sure.clock;
        if (judge->scenario->programs.any) /* forty of them would take too long */
            sure.random = false;
        if (code < 0 || aftermath == ret)
            continue;
        difference = compare(ret, &again);
        if (difference.function)
            code = refuse(judge, subject, remake, &difference, err);
    }
    return code;
}
