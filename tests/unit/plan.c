/* plan: what will be tried follows from (seed, strategies) and the trial's number alone;
 * every round is fair to all strategies; fractions are spread evenly. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/plan.h"
#include "stats/durations.h"
#include "stats/interval.h"

Test(schedule, is_one_attempt_per_strategy_and_round)
{
    static const struct plan plans[] = {
        { 1, 1, 10 }, { 1, 2, 500 }, { 99, 6, 300 }, { UINT64_MAX, 40, 50 }, { 5, 3, 0 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(plans); i++) {
        const struct plan *plan = &plans[i];

        cr_expect_eq(plan_trials(plan), plan->strategies * plan->attempts, "plan %zu", i);
        for (uint64_t round = 0; round < plan->attempts; round++) {
            uint64_t first = round * plan->strategies, seen = 0;

            for (uint64_t t = first; t < first + plan->strategies; t++) {
                struct plan_trial trial = plan_trial(plan, t);

                cr_assert_lt(trial.strategy, plan->strategies, "plan %zu", i);
                cr_expect_eq(trial.number, t);
                cr_expect(trial.fraction >= 0 && trial.fraction < 1);
                cr_expect_eq(trial.fraction, plan_trial(plan, first).fraction,
                             "plan %zu, round %d: another instant", i, (int)round);
                seen |= UINT64_C(1) << trial.strategy;
            }
            cr_expect_eq(seen, (UINT64_C(1) << plan->strategies) - 1,
                         "plan %zu, round %d leaves a strategy out", i, (int)round);
        }
    }
}

/* More attempts continue a plan. The same seed gives the same instants whatever takes
 * part. */
Test(schedule, depends_on_nothing_else)
{
    const struct plan plan = { 7, 4, 100 }, longer = { 7, 4, 1000 },
                      wider = { 7, 5, 100 };
    const struct plan other = { 8, 4, 100 };
    size_t same_instants = 0;

    for (uint64_t t = 0; t < plan_trials(&plan); t++) {
        struct plan_trial a = plan_trial(&plan, t), b = plan_trial(&longer, t);

        cr_expect(a.strategy == b.strategy && a.fraction == b.fraction, "trial %d",
                  (int)t);
        cr_expect_eq(a.fraction, plan_trial(&wider, t / 4 * 5).fraction, "trial %d",
                     (int)t);
        same_instants += a.fraction == plan_trial(&other, t).fraction;
    }
    cr_expect_eq(same_instants, 0, "the seed does not matter");
}

/* Each of the 6 orders of 3 strategies is binomial: mean 1000, deviation 28.9; a fair
 * shuffle is farther off than 7 deviations with a probability below 6 * 2.6e-12. */
Test(schedule, order_is_drawn_anew_for_every_round)
{
    const struct plan plan = { 3, 3, 6000 };
    int orders[27] = { 0 }, different = 0;

    for (uint64_t round = 0; round < plan.attempts; round++) {
        size_t order = 0;

        for (uint64_t place = 0; place < 3; place++)
            order = order * 3 + plan_trial(&plan, 3 * round + place).strategy;
        orders[order]++;
    }
    for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
        cr_expect(orders[i] == 0 || abs(orders[i] - 1000) < 203, "order %zu: %d times", i,
                  orders[i]);
        different += orders[i] > 0;
    }
    cr_expect_eq(different, 6);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The greatest distance between the fractions' distribution and the uniform one. By the
 * inequality of Dvoretzky, Kiefer, Wolfowitz and Massart it is above 0.0328 with a
 * probability below 2 exp(-2 * 10000 * 0.0328^2) < 1e-9. */
Test(schedule, instants_are_uniform)
{
    enum { ROUNDS = 10000 };
    const struct plan plan = { 2024, 2, ROUNDS };
    static double fractions[ROUNDS];
    double farthest = 0;

    for (size_t i = 0; i < ROUNDS; i++)
        fractions[i] = plan_trial(&plan, 2 * i).fraction;
    qsort(fractions, ROUNDS, sizeof(*fractions), compare_doubles);
    for (size_t i = 0; i < ROUNDS; i++)
        farthest = fmax(farthest, fmax(fabs(fractions[i] - (double)i / ROUNDS),
                                       fabs(fractions[i] - (double)(i + 1) / ROUNDS)));
    cr_expect_lt(farthest, 0.0328);
}
