/* plan.c - see plan.h. */
#include "plan/plan.h"

#include "base/rng.h"

/* Streams of random numbers: what a number is for. */
enum stream { STREAM_INSTANT, STREAM_ORDER };

uint64_t plan_trials(const struct plan *plan)
{
    return plan->attempts * plan->strategies;
}

/* Which strategy stands at a place of a round: a Fisher-Yates shuffle, followed from the
 * place backwards so that no array is needed. Step i (from the last to 1) swaps i with a
 * random j <= i; once step i is done, place i is final. */
static size_t strategy_at(const struct plan *plan, uint64_t round, size_t place)
{
    size_t n = plan->strategies;
    size_t at = place;

    /* The shuffle applied to places gives a permutation; its inverse does as well, and
     * can be followed for a single element: undo the swaps in the order they were made.
     */
    for (size_t i = n; i-- > 1;) {
        size_t j = rng_below(i + 1, plan->seed, STREAM_ORDER, round * n + i);

        if (at == i)
            at = j;
        else if (at == j)
            at = i;
    }
    return at;
}

struct plan_trial plan_trial(const struct plan *plan, uint64_t number)
{
    uint64_t round = number / plan->strategies;

    return (struct plan_trial){
        .number = number,
        .strategy = strategy_at(plan, round, (size_t)(number % plan->strategies)),
        .fraction = rng_unit(plan->seed, STREAM_INSTANT, round),
    };
}
