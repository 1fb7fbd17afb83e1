/* ratio: does the interval hold the true ratio as often as it promises, although
 * durations of one block have more in common than chance? Blocks are computed, with no
 * machine in between: what both sides of a block share cancels out, what each has alone
 * and what each update adds does not. The truth is 2. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "base/mem.h"
#include "base/rng.h"
#include "stats/ratio.h"

enum { RUNS = 4000, UPDATES = 25, BLOCKS_MOST = 16 };

#define TRUTH 2.0

struct machine {
    const char *name;
    double shared, own; /* standard deviations of a block's slowness, as logarithms */
    double each;        /* the same of an update */
    double held_up;     /* the share of updates that take twenty times as long or more */
};

static const struct machine machines[] = {
    { "only updates vary", 0, 0, 0.2, 0 },
    { "slow minutes", 0.5, 0, 0.2, 0 },
    { "blocks of their own", 0.3, 0.1, 0.2, 0 },
    { "updates are held up", 0.3, 0.05, 0.3, 0.01 },
    { "slow minutes and long updates", 1, 0, 0.3, 0.01 },
};

/* Numbers of one run, one after the other. */
struct source {
    uint64_t run, used;
};

static double unit(struct source *source)
{
    return rng_unit(17, source->run, source->used++);
}

static double normal(struct source *source)
{
    double radius = sqrt(-2 * log(1 - unit(source)));

    return radius * cos(2 * M_PI * unit(source));
}

static double sum_of_updates(struct source *source, const struct machine *machine,
                             double mean_ns, double slowness)
{
    double sum_ns = 0, own = slowness * exp(machine->own * normal(source));

    for (int i = 0; i < UPDATES; i++) {
        double duration_ns = exp(machine->each * normal(source));

        if (unit(source) < machine->held_up)
            duration_ns += 20 - 20 * log(1 - unit(source));
        sum_ns += duration_ns;
    }
    return mean_ns * own * sum_ns;
}

static struct ratio run_once(const struct machine *machine, size_t blocks, uint64_t seed)
{
    struct ratio_block all[BLOCKS_MOST];
    struct source source = { seed, 0 };

    for (size_t i = 0; i < blocks; i++) {
        double slowness = exp(machine->shared * normal(&source));

        all[i] = (struct ratio_block){
            sum_of_updates(&source, machine, 2e5, slowness),
            sum_of_updates(&source, machine, 1e5, slowness),
            UPDATES,
            UPDATES,
        };
    }
    return ratio_of_blocks(all, blocks, 0.95);
}

/* The share of runs whose interval holds the truth: 95%, and with 4,000 of them 93.2% to
 * 96.8%, beyond which chance leads less often than once in 10^7. Long updates make it
 * hold more often. */
Test(ratio, interval_covers_the_truth)
{
    static const size_t blocks[] = { 3, 4, 8, 16 };

    for (size_t m = 0; m < ARRAY_SIZE(machines); m++) {
        for (size_t b = 0; b < ARRAY_SIZE(blocks); b++) {
            double covered = 0, width = 0;

            for (uint64_t i = 0; i < RUNS; i++) {
                struct ratio ratio = run_once(&machines[m], blocks[b], i);

                cr_assert(ratio.bounded);
                covered += ratio.interval.low <= TRUTH && TRUTH <= ratio.interval.high;
                width += log(ratio.interval.high / ratio.interval.low);
            }
            covered /= RUNS;
            fprintf(stderr, "%-30s %2zu blocks: %.1f%% cover, width %.0f%%\n",
                    machines[m].name, blocks[b], 100 * covered, 100 * width / RUNS);
            cr_expect_geq(covered, 0.932, "%s, %zu blocks: %g", machines[m].name,
                          blocks[b], covered);
            cr_expect(covered < 0.968 || machines[m].held_up > 0, "%s, %zu blocks: %g",
                      machines[m].name, blocks[b], covered);
        }
    }
}

/* Both sides ten times as slow in one block say nothing of the ratio. */
Test(ratio, what_blocks_share_cancels_out)
{
    struct ratio_block blocks[] = { { 200, 100, 10, 10 },
                                    { 2020, 1000, 10, 10 },
                                    { 198, 100, 10, 10 },
                                    { 202, 101, 10, 10 } };
    struct ratio ratio = ratio_of_blocks(blocks, ARRAY_SIZE(blocks), 0.95);

    cr_assert(ratio.bounded);
    cr_expect(ratio.interval.low > 1.95 && ratio.interval.high < 2.1, "[%g, %g]",
              ratio.interval.low, ratio.interval.high);
}

Test(ratio, is_of_means)
{
    static const struct ratio_block uneven[] = { { 1000, 250, 10, 5 },
                                                 { 4000, 1000, 40, 20 },
                                                 { 2000, 500, 20, 10 } };
    struct ratio ratio = ratio_of_blocks(uneven, ARRAY_SIZE(uneven), 0.95);

    cr_expect_float_eq(ratio.estimate, 2, 1e-9);
    cr_expect_float_eq(ratio.interval.low, 2, 1e-9, "all blocks say the same");
    cr_expect_float_eq(ratio.interval.high, 2, 1e-9);
}

/* By hand: logarithms without each block are those of 3/5, 1 and 5/3; Student's t of two
 * degrees of freedom is 4.302653. */
Test(ratio, interval_by_hand)
{
    static const struct ratio_block blocks[] = { { 3, 1, 1, 1 },
                                                 { 2, 2, 1, 1 },
                                                 { 1, 3, 1, 1 } };
    struct ratio ratio = ratio_of_blocks(blocks, ARRAY_SIZE(blocks), 0.95);
    double step = log(5.0 / 3),
           reach = 4.302652729911275 * sqrt(2.0 / 3 * 2 * step * step);

    cr_expect_float_eq(ratio.estimate, 1, 1e-12);
    cr_expect_float_eq(log(ratio.interval.high), reach, 1e-9, "%g", ratio.interval.high);
    cr_expect_float_eq(log(ratio.interval.low), -reach, 1e-9);
}

Test(ratio, of_few_blocks_has_no_interval)
{
    static const struct ratio_block blocks[] = {
        { 200, 100, 10, 10 }, { 0, 0, 0, 0 },    { 210, 100, 10, 10 },
        { 0, 100, 0, 10 },    { 200, 0, 10, 0 }, { 190, 100, 10, 10 }
    };
    struct ratio ratio = ratio_of_blocks(blocks, ARRAY_SIZE(blocks), 0.95);

    cr_expect(ratio.known && ratio.bounded, "three have both sides");
    cr_expect_float_eq(ratio.estimate, 2, 1e-9);
    ratio = ratio_of_blocks(blocks, 5, 0.95);
    cr_expect(ratio.known && !ratio.bounded, "two have");
    cr_expect_float_eq(ratio.estimate, 2.05, 1e-9);
    cr_expect_eq(ratio.interval.high, 0);
    cr_expect_not(ratio_of_blocks(blocks + 3, 2, 0.95).known, "none has");
    cr_expect_not(ratio_of_blocks(NULL, 0, 0.95).known);
    ratio = ratio_of_blocks(blocks, ARRAY_SIZE(blocks), 0.999999);
    cr_expect(ratio.bounded && ratio.interval.low > 0);
    ratio = ratio_of_blocks(blocks, ARRAY_SIZE(blocks), 1 - 1e-12);
    cr_expect(ratio.known && !ratio.bounded, "three cannot say that");
}

static int compare_shares(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* As the header says it, with nothing that saves time: of all resamples, in order, those
 * that leave 2.5% beyond. The stream is that of ratio.c. */
static struct interval by_definition(const uint64_t *parts, const uint64_t *wholes,
                                     size_t count, uint64_t seed)
{
    static double shares[BOOTSTRAP_RESAMPLES];
    size_t beyond = BOOTSTRAP_RESAMPLES / 40;

    for (size_t i = 0; i < BOOTSTRAP_RESAMPLES; i++) {
        double part = 0, whole = 0;

        for (size_t j = 0; j < count; j++) {
            uint64_t at = rng_below(count, seed, 0x626f6f76, i * count + j);

            part += (double)parts[at];
            whole += (double)wholes[at];
        }
        shares[i] = whole > 0 ? part / whole : 0;
    }
    qsort(shares, BOOTSTRAP_RESAMPLES, sizeof(*shares), compare_shares);
    return (struct interval){ shares[beyond], shares[BOOTSTRAP_RESAMPLES - 1 - beyond] };
}

Test(ratio, of_sums_is_what_all_resamples_say)
{
    static const struct {
        uint64_t parts[6], wholes[6];
    } rows[] = {
        { { 0, 0, 0, 0, 0, 0 }, { 5, 6, 7, 8, 9, 10 } },
        { { 0, 0, 0, 0, 0, 0 }, { 0, 0, 0, 0, 0, 0 } },
        { { 5, 6, 7, 8, 9, 10 }, { 5, 6, 7, 8, 9, 10 } },
        { { 5, 6, 7, 8, 9, 0 }, { 5, 6, 7, 8, 9, 0 } },
        { { 5, 6, 7, 8, 9, 9 }, { 5, 6, 7, 8, 9, 10 } },
        { { 0, 0, 0, 0, 0, 1 }, { 5, 6, 7, 8, 9, 10 } },
        { { 1, 4, 2, 5, 3, 6 }, { 10, 20, 9, 8, 7, 6 } },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        for (uint64_t seed = 0; seed < 3; seed++) {
            struct interval is = ratio_of_sums(rows[i].parts, rows[i].wholes, 6, 0.95,
                                               seed),
                            must = by_definition(rows[i].parts, rows[i].wholes, 6, seed);

            cr_expect(is.low == must.low && is.high == must.high,
                      "row %zu: [%.17g, %.17g], not [%.17g, %.17g]", i, is.low, is.high,
                      must.low, must.high);
        }
}
