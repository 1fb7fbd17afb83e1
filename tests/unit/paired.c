/* paired: tests and intervals of pairs against their definition, and against the truth.
 *
 * Where outcomes can be enumerated, sizes and coverages are exact sums. Where attempts
 * weigh differently, or are valid on one side only, two sides are computed (machine.h)
 * that are killed at the same fractions of their updates, and rates are known: the same
 * window of harm, windows in different places, one that is a little smaller. */
#define MATHLIB_STANDALONE 1
#include <Rmath.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "base/mem.h"
#include "base/rng.h"
#include "coverage.h"
#include "machine.h"
#include "result/pairing.h"
#include "stats/difference.h"
#include "testlib.h"

#define LEVEL 0.05
#define HARM MACHINE_HARM

/* --- pairs that are counted --- */

/* By whole numbers: (1, 7) are the children of Bentur et al. in Fagerland, Lydersen and
 * Laake (2013), who have 0.0391. */
Test(paired, test_is_mcnemars_mid_p)
{
    static const struct {
        double more, fewer, p;
    } cases[] = {
        { 0, 0, 1 },        { 1, 1, 1 },        { 5, 5, 1 },
        { 1, 0, 0.5 },      { 5, 0, 1.0 / 32 }, { 1, 7, 10.0 / 256 },
        { 6, 0, 1.0 / 64 }, { 3, 2, 0.6875 },   { 9, 2, 79.0 / 2048 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct paired one = { 100, cases[i].more, cases[i].fewer };
        const struct paired other = { 100, cases[i].fewer, cases[i].more };

        cr_expect_float_eq(paired_p(&one), cases[i].p, 1e-12, "case %zu: %g", i,
                           paired_p(&one));
        cr_expect_float_eq(paired_p(&other), cases[i].p, 1e-12, "case %zu", i);
    }
}

/* Between whole numbers nothing jumps, and more discordant pairs of one side never make
 * it likelier that the sides are alike. */
Test(paired, test_has_values_between_whole_numbers)
{
    double before = 1;

    for (double more = 3; more < 12; more += 0.01) {
        const struct paired paired = { 100, more, 3 };
        double p = paired_p(&paired);

        cr_expect_leq(p, before + 1e-12, "%g", more);
        cr_expect_geq(p, before - 0.02, "%g", more);
        before = p;
    }
}

/* The greatest likelihood of a difference, found by trying. */
static double score_by_trying(const struct paired *paired, double difference)
{
    double least = fmax(0, -difference), most = (1 - difference) / 2;
    double rest = paired->of - paired->more - paired->fewer;

    for (int i = 0; i < 200; i++) {
        double q[2] = { least + (most - least) / 3, most - (most - least) / 3 }, l[2];

        for (int j = 0; j < 2; j++)
            l[j] = paired->more * log(q[j] + difference) + paired->fewer * log(q[j]) +
                   rest * log(fmax(1e-300, 1 - 2 * q[j] - difference));
        *(l[0] < l[1] ? &least : &most) = l[0] < l[1] ? q[0] : q[1];
    }
    return (paired->more - paired->fewer - paired->of * difference) /
           sqrt(paired->of * (2 * least + difference * (1 - difference)));
}

Test(paired, interval_is_all_that_the_score_test_does_not_reject)
{
    static const struct paired cases[] = { { 21, 1, 7 },      { 100, 10, 12 },
                                           { 900, 47, 2 },    { 50, 20, 5 },
                                           { 33.5, 2.25, 9 }, { 1000, 3, 1 } };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct interval interval = paired_interval(&cases[i], 1 - LEVEL);
        double quantile = qnorm(1 - LEVEL / 2, 0, 1, 1, 0);

        cr_expect_float_eq(score_by_trying(&cases[i], interval.low), quantile, 1e-4,
                           "case %zu: %g", i, interval.low);
        cr_expect_float_eq(score_by_trying(&cases[i], interval.high), -quantile, 1e-4,
                           "case %zu: %g", i, interval.high);
    }
}

Test(paired, of_nothing_nothing_is_known)
{
    const struct paired none = { 0, 0, 0 }, all = { 1, 1, 0 };
    const struct paired alike = { 1000, 0, 0 };
    struct interval interval = paired_interval(&none, 0.95);

    cr_expect(interval.low == -1 && interval.high == 1);
    cr_expect_eq(paired_p(&none), 1);
    cr_expect_eq(paired_estimate(&none), 0);
    interval = paired_interval(&all, 0.95);
    cr_expect(interval.low < 1 && interval.low > -1);
    cr_expect_float_eq(interval.high, 1, 1e-9);
    interval = paired_interval(&alike, 0.95);
    cr_expect(interval.low < -0.003 && interval.low > -0.004);
    cr_expect_float_eq(interval.high, -interval.low, 1e-9);
}

/* Rates of discordant pairs, of the new side and of the base. */
static const double shares[] = { 0,   0.001, 0.004, 0.01, 0.03, 0.07, 0.13,
                                 0.2, 0.31,  0.42,  0.5,  0.66, 0.8,  0.97 };

static double probability(unsigned more, unsigned fewer, unsigned of, double p, double q)
{
    double most = fmin(1, q / (1 - p));

    return binomial(more, of, p) * (p < 1 ? binomial(fewer, of - more, most) : !fewer);
}

/* How often the test is wrong about rates that are the same. */
static double size_of(unsigned of, double share)
{
    double wrong = 0;

    for (unsigned more = 0; more <= of; more++)
        for (unsigned fewer = 0; more + fewer <= of; fewer++) {
            const struct paired paired = { of, more, fewer };

            if (paired_p(&paired) <= LEVEL)
                wrong += probability(more, fewer, of, share, share);
        }
    return wrong;
}

/* The mid-p test is no exact one: of so many discordant pairs as just reject, it is wrong
 * in up to 7.1%, and on average over how many there are, in less than 5.1%, but where
 * all pairs are discordant. */
Test(paired, test_is_wrong_as_often_as_it_says)
{
    static const unsigned counts[] = { 10, 20, 57, 120 };

    for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
        double most = 0;

        for (size_t s = 0; s < ARRAY_SIZE(shares) && shares[s] < 0.5; s++)
            most = fmax(most, size_of(counts[i], shares[s]));
        fprintf(stderr, "%u pairs: the mid-p test is wrong in at most %.2f%%\n",
                counts[i], 100 * most);
        cr_expect_leq(most, 0.0525);
        cr_expect_leq(size_of(counts[i], 0.5), 0.071);
    }
}

/* Bonett and Price's adjusted Wald interval ("Adjusted Wald confidence interval for a
 * difference of binomial proportions based on paired data", Journal of Educational and
 * Behavioral Statistics 37 (2012)). */
static struct interval bonett_price(double more, double fewer, double rest, double both)
{
    double n = more + fewer + rest + both + 2, p = (more + 1) / n, q = (fewer + 1) / n;
    double wide =
        qnorm(1 - LEVEL / 2, 0, 1, 1, 0) * sqrt((p + q - (p - q) * (p - q)) / n);

    return (struct interval){ fmax(-1, p - q - wide), fmin(1, p - q + wide) };
}

static struct interval wilson(double hits, double of)
{
    double z = qnorm(1 - LEVEL / 2, 0, 1, 1, 0), p = hits / of;
    double middle = p + z * z / 2 / of;
    double wide = z * sqrt(p * (1 - p) / of + z * z / 4 / of / of);

    return (struct interval){ (middle - wide) / (1 + z * z / of),
                              (middle + wide) / (1 + z * z / of) };
}

/* Newcombe's square and add ("Improved confidence intervals for the difference between
 * binomial proportions based on paired data", Statistics in Medicine 17 (1998), method
 * 10). */
static struct interval newcombe(double more, double fewer, double rest, double both)
{
    double n = more + fewer + rest + both;
    double new = (both + more) / n, base = (both + fewer) / n;
    struct interval l = wilson(both + more, n), m = wilson(both + fewer, n);
    double product = (both + more) * (fewer + rest) * (both + fewer) * (more + rest);
    double a = both * rest - more * fewer, phi = 0;

    if (product > 0)
        phi = (a > n / 2 ? a - n / 2 : fmin(a, 0)) / sqrt(product);
    return (struct interval){
        new - base -
            sqrt(fmax(0, pow(new - l.low, 2) - 2 * phi * (new - l.low) * (m.high - base) +
                             pow(m.high - base, 2))),
        new - base +
            sqrt(fmax(0, pow(l.high - new, 2) -
                             2 * phi * (l.high - new) * (base - m.low) +
                             pow(base - m.low, 2))),
    };
}

static struct interval tango(double more, double fewer, double rest, double both)
{
    const struct paired paired = { more + fewer + rest + both, more, fewer };

    return paired_interval(&paired, 1 - LEVEL);
}

typedef struct interval interval_of_pairs(double more, double fewer, double rest,
                                          double both);

static bool holds(struct interval interval, double difference)
{
    return interval.low - 1e-12 <= difference && difference <= interval.high + 1e-12;
}

/* Newcombe's is not only of the discordant pairs: of the others, a share was hit by both
 * sides. */
static double least_coverage(interval_of_pairs *interval, unsigned of, double both_share)
{
    struct interval *all = MEM_ARRAY(struct interval, (of + 1) * (of + 1) * (of + 1));
    double least = 1;

    for (unsigned more = 0; more <= of; more++)
        for (unsigned fewer = 0; more + fewer <= of; fewer++)
            for (unsigned both = 0; more + fewer + both <= of; both++)
                all[(more * (of + 1) + fewer) * (of + 1) + both] =
                    interval(more, fewer, of - more - fewer - both, both);
    for (size_t i = 0; i < ARRAY_SIZE(shares); i++)
        for (size_t j = 0; j < ARRAY_SIZE(shares) && shares[i] + shares[j] <= 1; j++) {
            double covered = 0;

            for (unsigned more = 0; more <= of; more++)
                for (unsigned fewer = 0; more + fewer <= of; fewer++)
                    for (unsigned both = 0; more + fewer + both <= of; both++)
                        if (holds(all[(more * (of + 1) + fewer) * (of + 1) + both],
                                  shares[i] - shares[j]))
                            covered +=
                                probability(more, fewer, of, shares[i], shares[j]) *
                                binomial(both, of - more - fewer, both_share);
            least = fmin(least, covered);
        }
    free(all);
    return least;
}

/* Why it is Tango's: it never covers in less than 92% of the cases where 95% are
 * promised. */
Test(paired, intervals_cover_as_often_as_they_promise)
{
    static const unsigned counts[] = { 10, 20, 40 };
    double least[3] = { 1, 1, 1 };

    for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
        double t = least_coverage(tango, counts[i], 0.5);
        double b = least_coverage(bonett_price, counts[i], 0.5);
        double n = fmin(least_coverage(newcombe, counts[i], 0.1),
                        least_coverage(newcombe, counts[i], 0.5));

        fprintf(
            stderr,
            "%u pairs: Tango's interval covers in at least %.1f%%, Bonett and Price's "
            "in %.1f%%, Newcombe's in %.1f%%\n",
            counts[i], 100 * t, 100 * b, 100 * n);
        least[0] = fmin(least[0], t);
        least[1] = fmin(least[1], b);
        least[2] = fmin(least[2], n);
    }
    cr_expect_geq(least[0], 0.92);
    cr_expect_gt(least[0], least[1]);
    cr_expect_gt(least[0], least[2]);
}

/* --- attempts of two sides --- */

static void add(struct attempts *attempts, uint64_t attempt, char letter, double weight)
{
    unsigned what = letter == '-' ? 0 : ATTEMPT_VALID | (letter == 'H' ? HARM : 0);

    attempts_add(attempts, attempt, what, weight);
}

static struct attempts *attempts_of(const char *letters, double weight)
{
    struct attempts *attempts = MEM_NEW(struct attempts);

    for (size_t i = 0; letters[i]; i++)
        add(attempts, i, letters[i], weight);
    return attempts;
}

/* Of attempts that are valid on both sides and weigh the same, the pairs are themselves,
 * whatever a side's unit of weight is; of others they are fewer. */
Test(pairing, of_equal_attempts_is_exact)
{
    static const struct {
        const char *base, *new;
        uint64_t pairs, base_only, new_only, alone;
    } cases[] = {
        { "HH..H.", "H.HHH.", 6, 1, 2, 0 }, { "HHHH", "....", 4, 4, 0, 0 },
        { "....", "....", 4, 0, 0, 0 },     { "HH-.", "H.-H", 3, 1, 1, 0 },
        { "HH.-", "H.-H", 2, 1, 0, 2 },     { "HH", "H..H", 2, 1, 0, 2 },
        { "----", "H.H.", 0, 0, 0, 0 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct attempts *base = attempts_of(cases[i].base, 3e5);
        struct attempts *new = attempts_of(cases[i].new, 7);
        struct pairing pairing = pairing_of(base, new, HARM);

        cr_expect_eq(pairing.pairs, cases[i].pairs, "case %zu", i);
        cr_expect_eq(pairing.base_only, cases[i].base_only, "case %zu", i);
        cr_expect_eq(pairing.new_only, cases[i].new_only, "case %zu", i);
        cr_expect_eq(pairing.alone, cases[i].alone, "case %zu", i);
        if (!cases[i].alone) {
            cr_expect_float_eq(pairing.paired.of, (double)cases[i].pairs, 1e-5);
            cr_expect_float_eq(pairing.paired.more, (double)cases[i].new_only, 1e-5);
            cr_expect_float_eq(pairing.paired.fewer, (double)cases[i].base_only, 1e-5);
        }
        attempts_free(base);
        attempts_free(new);
    }
}

/* One pair that weighs as much as a hundred others is one, and not a hundred. */
Test(pairing, of_one_heavy_attempt_tells_little)
{
    struct attempts *base = MEM_NEW(struct attempts), *new = MEM_NEW(struct attempts);
    struct pairing pairing;

    for (unsigned i = 0; i < 1000; i++) {
        add(base, i, i % 2 ? 'H' : '.', i ? 1 : 100);
        add(new, i, i % 2 || !i ? 'H' : '.', i ? 1 : 100);
    }
    pairing = pairing_of(base, new, HARM);
    cr_expect_float_eq(paired_estimate(&pairing.paired), 100.0 / 1099, 1e-9);
    cr_expect_geq(paired_p(&pairing.paired), 0.5);
    cr_expect_leq(paired_interval(&pairing.paired, 0.95).low, 0);
    attempts_free(base);
    attempts_free(new);
}

/* --- two sides that are computed --- */

enum { ATTEMPTS = 1000, CAMPAIGNS = 60 };

struct sides {
    struct window base, new;
};

/* How often something is said of so many campaigns. */
struct said {
    unsigned paired;    /* not the same, by the test of pairs */
    unsigned both_only; /* by McNemar's test of attempts that are valid on both sides */
    unsigned tails;     /* by the test that holds under any dependence */
    unsigned fisher;    /* by Fisher's, of another seed */
    unsigned covered;   /* the interval holds the true difference */
};

static double p_of_both_only(const struct pairing *pairing)
{
    const struct paired paired = { (double)pairing->pairs, (double)pairing->new_only,
                                   (double)pairing->base_only };

    return paired_p(&paired);
}

static struct said compare(const struct spread *spread, const struct sides *sides,
                           uint64_t from, unsigned campaigns)
{
    double truth = sides->new.to - sides->new.from - (sides->base.to - sides->base.from);
    struct said said = { 0 };

    for (unsigned i = 0; i < campaigns; i++) {
        uint64_t seed = from + 3 * i;
        struct machine_side base =
            machine_side(seed, seed, spread, sides->base, ATTEMPTS);
        struct machine_side new =
            machine_side(seed + 1, seed, spread, sides->new, ATTEMPTS);
        struct machine_side other =
            machine_side(seed + 2, seed + 2, spread, sides->new, ATTEMPTS);
        struct pairing pairing = pairing_of(base.attempts, new.attempts, HARM);

        said.paired += paired_p(&pairing.paired) <= LEVEL;
        said.both_only += p_of_both_only(&pairing) <= LEVEL;
        said.tails += difference_method(true)->p_value(base.sample, new.sample) <= LEVEL;
        said.fisher +=
            difference_method(false)->p_value(base.sample, other.sample) <= LEVEL;
        said.covered += holds(paired_interval(&pairing.paired, 1 - LEVEL), truth);
        machine_side_release(&base);
        machine_side_release(&new);
        machine_side_release(&other);
    }
    return said;
}

/* Rates that are the same, of windows that are and of windows that are not, and some that
 * differ. All campaigns of a spread together, 540, hold what is promised but for the
 * choice of seeds (1e-9 for each bound; of the test, which is no exact one, for 5.5%). */
Test(pairing, of_computed_sides_is_right)
{
    static const struct sides cases[] = {
        { { 0.25, 0.75 }, { 0.25, 0.75 } }, { { 0.9, 1 }, { 0.9, 1 } },
        { { 0.5, 0.52 }, { 0.5, 0.52 } },   { { 0, 0.1 }, { 0.9, 1 } },
        { { 0, 0.5 }, { 0.5, 1 } },         { { 0.1, 0.4 }, { 0.5, 0.8 } },
        { { 0.25, 0.75 }, { 0.25, 0.7 } },  { { 0.1, 0.2 }, { 0.8, 0.86 } },
        { { 0, 0.5 }, { 0.55, 1 } },
    };
    enum { ALIKE = 6 };
    uint64_t seed = 1;

    for (size_t s = 0; s < UNLESS_SANITIZED(MACHINE_SPREADS, 1); s++) {
        struct coverage held = { .confidence = 1 - LEVEL };
        struct coverage right = { .confidence = 1 - 0.055 };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
            struct said said = compare(&machine_spreads[s], &cases[i], seed, CAMPAIGNS);

            seed += 3 * CAMPAIGNS;
            held.campaigns += CAMPAIGNS;
            held.covered += said.covered;
            if (i >= ALIKE)
                continue;
            right.campaigns += CAMPAIGNS;
            right.covered += CAMPAIGNS - said.paired;
        }
        held.most = (double)held.campaigns;
        right.most = (double)right.campaigns;
        coverage_expect(&held, 1e-9, machine_spreads[s].name);
        coverage_expect(&right, 1e-9, machine_spreads[s].name);
    }
}

/* The window of the new side's harm ends elsewhere at each of sixteen times of the run,
 * and on average where the base's does. */
static struct attempts *strike_at_times(uint64_t seed, double varies)
{
    struct attempts *attempts = MEM_NEW(struct attempts);

    for (uint64_t i = 0; i < ATTEMPTS; i++) {
        double moved = varies * (2 * rng_unit(seed, 2, i * 16 / ATTEMPTS) - 1);
        double at = rng_unit(seed, 0, i);

        add(attempts, i, at >= 0.25 && at < 0.75 + moved ? 'H' : '.', 1);
    }
    return attempts;
}

/* Without an effect of the times 60 of 200 would be wrong. */
Test(pairing, of_times_that_differ_tells_less)
{
    static const double varies[] = { 0, 0.06 };
    unsigned wrong[2] = { 0, 0 }, found[2] = { 0, 0 };

    for (uint64_t seed = 1; seed <= 200; seed++)
        for (size_t i = 0; i < 2; i++) {
            struct attempts *base = strike_at_times(seed, 0);
            struct attempts *new = strike_at_times(seed, varies[i]);
            struct pairing pairing = pairing_of(base, new, HARM);

            wrong[i] += paired_p(&pairing.paired) <= LEVEL;
            found[i] += pairing.design.effect > 1;
            attempts_free(base);
            attempts_free(new);
        }
    fprintf(stderr, "of 200, wrong: %u of equal times, %u of others; effects: %u, %u\n",
            wrong[0], wrong[1], found[0], found[1]);
    cr_expect_eq(wrong[0], 0);
    cr_expect_leq(wrong[1], 30);
    cr_expect_eq(found[0], 0);
    cr_expect_gt(found[1], 60);
}

/* Why all attempts count: those that are valid on both sides are killed where both
 * updates still run, which is rarely late in either. Of rates that are the same, harm at
 * the front seems to be more than harm at the back. */
Test(pairing, of_attempts_that_are_valid_on_both_sides_alone_would_be_wrong)
{
    static const struct sides opposite = { { 0, 0.5 }, { 0.5, 1 } };
    struct said said = compare(&machine_spreads[2], &opposite, 7, CAMPAIGNS);

    fprintf(stderr, "of %d, wrong: %u by pairs alone, %u by all attempts\n", CAMPAIGNS,
            said.both_only, said.paired);
    cr_expect_gt(said.both_only, CAMPAIGNS / 2);
    cr_expect_lt(said.paired, CAMPAIGNS / 4);
}

/* What it is for: .50 against .45, with about 900 kills each. */
Test(pairing, sees_what_the_test_for_any_dependence_does_not)
{
    static const struct sides smaller = { { 0.25, 0.75 }, { 0.25, 0.7 } };
    struct said said = compare(&machine_spreads[0], &smaller, 5, 100);

    fprintf(
        stderr,
        "of 100, seen: %u in pairs, %u of another seed by Fisher's test, %u by that for "
        "any dependence\n",
        said.paired, said.fisher, said.tails);
    cr_expect_geq(said.paired, 99);
    cr_expect(said.fisher > 25 && said.fisher < 85);
    cr_expect_leq(said.tails, 5);
}
