/* aim: instants cover all of an update's time and the time around it, each counts for as
 * much time as it stands for, and equal updates make equal weights. */
#include "plan/aim.h"
#include "testlib.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#define UPDATES 24

/* Ten kinds of updates. */
static void fill(uint64_t durations_ns[UPDATES], unsigned kind)
{
    for (size_t i = 0; i < UPDATES; i++) {
        static const uint64_t typical[] = { 20000, 100000, 2000000, 50000000 };
        uint64_t ns = typical[kind % 4];

        if (kind >= 4)
            ns += ns * ((i * 7) % UPDATES) / UPDATES;
        if (kind >= 8 && i % 8 == 3)
            ns *= 50;
        durations_ns[i] = ns;
    }
}

static struct aim aim_of(unsigned kind, uint64_t before_ns)
{
    struct aim aim = { .before_ns = before_ns };
    uint64_t durations_ns[UPDATES];

    fill(durations_ns, kind);
    aim_by(&aim, durations_ns, UPDATES, 0);
    return aim;
}

Test(aim, strata_follow_each_other_and_share_all_attempts)
{
    for (unsigned kind = 0; kind < 10; kind++) {
        struct aim aim = aim_of(kind, 15000);
        uint64_t durations_ns[UPDATES];
        double sum = 0, from_ns = 0;

        fill(durations_ns, kind);
        cr_assert_gt(aim.strata, 1);
        for (size_t i = 0; i < aim.strata; i++) {
            cr_expect_eq(aim.stratum[i].start_ns, from_ns, "kind %u, stratum %zu", kind,
                         i);
            cr_expect_gt(aim.stratum[i].probability, 0);
            from_ns = aim.stratum[i].end_ns;
            sum += aim.stratum[i].probability;
        }
        cr_expect(fabs(sum - 1) < 1e-12, "kind %u: %.17g", kind, sum);
        for (size_t i = 0; i < UPDATES; i++)
            cr_expect_lt((double)durations_ns[i], aim_end_ns(&aim), "kind %u", kind);
    }
}

/* A run adds weights as kills end, and who reads it as they are numbered. */
Test(aim, weights_make_the_same_sum_in_any_order)
{
    enum { KILLS = 1000 };

    for (unsigned kind = 0; kind < 10; kind++) {
        struct aim aim = aim_of(kind, 15000);
        double forwards = 0, backwards = 0;

        for (size_t i = 0; i < KILLS; i++) {
            size_t k = i * 379 % KILLS;

            forwards += aim_at(&aim, (double)k / KILLS).weight_ns;
            backwards += aim_at(&aim, (double)(KILLS - 1 - i) / KILLS).weight_ns;
        }
        cr_expect_eq(forwards, backwards, "kind %u: %.17g and %.17g", kind, forwards,
                     backwards);
    }
}

/* Of any stretch of time, the weights of the instants in it make its length on average:
 * that is all that an estimate needs. Fractions go evenly through [0, 1), so the sum is
 * right but for one instant at each end of each stratum. */
Test(aim, instants_stand_for_all_of_the_time)
{
    enum { FRACTIONS = 200000 };

    for (unsigned kind = 0; kind < UNLESS_VALGRIND(10, 2); kind++) {
        struct aim aim = aim_of(kind, 15000);
        double end_ns = aim_end_ns(&aim) + (double)aim.before_ns;

        for (unsigned part = 0; part < 5; part++) {
            double from_ns = end_ns * part / 7, to_ns = end_ns * (part + 2) / 7;
            double sum = 0, heaviest = 0;

            for (size_t i = 0; i < FRACTIONS; i++) {
                struct aimed aimed = aim_at(&aim, ((double)i + 0.5) / FRACTIONS);

                heaviest = fmax(heaviest, aimed.weight_ns);
                if ((double)aimed.instant_ns >= from_ns &&
                    (double)aimed.instant_ns < to_ns)
                    sum += aimed.weight_ns / FRACTIONS;
            }
            cr_expect(fabs(sum - (to_ns - from_ns)) <=
                          2 * heaviest * (double)aim.strata / FRACTIONS + 2,
                      "kind %u, part %u: %g of %g", kind, part, sum, to_ns - from_ns);
        }
    }
}

/* A machine that is a little faster or slower does not change what kills weigh. */
Test(aim, weighs_equal_updates_the_same)
{
    struct aim aim = aim_of(1, 12000), before;
    uint64_t durations_ns[UPDATES];

    before = aim;
    for (unsigned turn = 0; turn < 50; turn++) {
        for (size_t i = 0; i < UPDATES; i++)
            durations_ns[i] = 97000 + (i * 31 + turn * 7) % 6000;
        aim_by(&aim, durations_ns, UPDATES, 0);
        cr_assert_eq(aim.strata, before.strata, "turn %u", turn);
        for (size_t i = 0; i < aim.strata; i++)
            cr_assert_eq(aim.stratum[i].end_ns, before.stratum[i].end_ns, "turn %u",
                         turn);
    }
    for (size_t i = 0; i < UPDATES; i++)
        durations_ns[i] = 200000;
    aim_by(&aim, durations_ns, UPDATES, 0);
    cr_expect_gt(aim_most_ns(&aim), 200000);
}

/* Attempts are not wasted: of updates that take the same time most die inside; of those
 * of which some take long, few attempts go to the long ones, unless the time does. */
Test(aim, wastes_few_attempts)
{
    struct aim equal = aim_of(2, 0), rare = { .before_ns = 0 };
    uint64_t durations_ns[UPDATES];
    double far = 0;

    cr_expect_gt(equal.stratum[0].probability, 0.75);
    cr_expect_lt(aim_most_ns(&equal), 1.1 * 2000000);
    fill(durations_ns, 2);
    aim_by(&rare, durations_ns, UPDATES, 50 * 2000000);
    for (size_t i = 3; i < rare.strata; i++)
        far += rare.stratum[i].probability;
    cr_expect(far <= 0.2 + 1e-12, "%g", far);
    cr_expect_gt(aim_end_ns(&rare), 50 * 2000000);
}

Test(aim, without_any_update_aims_at_nothing)
{
    const struct aim aim = { .strata = 0 };

    cr_expect_eq(aim_at(&aim, 0.5).instant_ns, 0);
    cr_expect_eq(aim_at(&aim, 0.5).weight_ns, 0);
    cr_expect_eq(aim_end_ns(&aim), 0);
    cr_expect_eq(aim_most_ns(&aim), 0);
}
