/* ratio.c - see ratio.h. Quantiles come from r-mathlib, R's own. */
#include "stats/ratio.h"

#include <math.h>
#include <stdlib.h>

#define MATHLIB_STANDALONE 1
#include <Rmath.h>

#include "base/mem.h"
#include "base/mutant.h"
#include "base/rng.h"

enum { STREAM_BOOTSTRAP_SUMS = 0x626f6f76 };

static bool is_whole(const struct ratio_block *block)
{
    return block->base_count && block->new_count && block->base_ns > 0 &&
           block->new_ns > 0;
}

static void add(struct ratio_block *sum, const struct ratio_block *block, int sign)
{
    sum->base_ns += sign * block->base_ns;
    sum->new_ns += sign * block->new_ns;
    sum->base_count += (uint64_t)sign * block->base_count;
    sum->new_count += (uint64_t)sign * block->new_count;
}

static double log_ratio(const struct ratio_block *sum)
{
    return log(sum->base_ns / (double)sum->base_count) -
           log(sum->new_ns / (double)sum->new_count);
}

/* The squared error of the logarithm, from what it is without each block. */
static double jackknife(const struct ratio_block *blocks, size_t count,
                        const struct ratio_block *all, size_t whole)
{
    double n = (double)whole, mean = 0, squares = 0;

    for (size_t i = 0, seen = 0; i < count; i++) {
        struct ratio_block rest = *all, block = blocks[i];
        double without, step;

        if (!is_whole(&blocks[i]))
            continue;
        if (mutant("blocks-unpaired"))
            block.new_ns = blocks[(i + 1) % count].new_ns;
        add(&rest, &block, -1);
        without = log_ratio(&rest);
        step = without - mean;
        mean += step / (double)++seen;
        squares += step * (without - mean);
    }
    return (n - 1) / n * squares;
}

struct ratio ratio_of_blocks(const struct ratio_block *blocks, size_t count,
                             double confidence)
{
    struct ratio_block all = { .base_count = 0 };
    struct ratio ratio = { .known = false };
    size_t whole = 0;
    double reach;

    for (size_t i = 0; i < count; i++)
        if (is_whole(&blocks[i])) {
            add(&all, &blocks[i], 1);
            whole++;
        }
    if (!whole)
        return ratio;
    ratio.known = true;
    ratio.estimate = exp(log_ratio(&all));
    if (whole < RATIO_LEAST_BLOCKS)
        return ratio;
    reach = sqrt(jackknife(blocks, count, &all, whole)) *
            qt((1 + confidence) / 2, (double)whole - 1, 1, 0);
    ratio.bounded = isfinite(ratio.estimate * exp(reach));
    if (ratio.bounded)
        ratio.interval = (struct interval){ ratio.estimate * exp(-reach),
                                            ratio.estimate * exp(reach) };
    return ratio;
}

/* How many resamples lie beyond each end of the interval. */
static size_t left_out(double confidence)
{
    return (size_t)((1 - confidence) / 2 * BOOTSTRAP_RESAMPLES + 1e-6);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* All of nothing, or all of everything: so says every resample. */
static bool is_constant(const uint64_t *parts, const uint64_t *wholes, size_t count)
{
    bool none = true, all = true;

    for (size_t i = 0; i < count; i++) {
        none &= parts[i] == 0;
        all &= parts[i] == wholes[i] && wholes[i];
    }
    return none || all;
}

static double resampled_share(const uint64_t *parts, const uint64_t *wholes, size_t count,
                              uint64_t seed, uint64_t resample)
{
    double part = 0, whole = 0;

    for (size_t i = 0; i < count; i++) {
        uint64_t at =
            rng_below(count, seed, STREAM_BOOTSTRAP_SUMS, resample * (uint64_t)count + i);

        part += (double)parts[at];
        whole += (double)wholes[at];
    }
    return part / fmax(whole, 1);
}

struct interval ratio_of_sums(const uint64_t *parts, const uint64_t *wholes, size_t count,
                              double confidence, uint64_t seed)
{
    double shares[BOOTSTRAP_RESAMPLES];
    size_t beyond = left_out(confidence);

    if (count < BOOTSTRAP_LEAST || !beyond)
        return (struct interval){ 0, 1 };
    if (is_constant(parts, wholes, count))
        return (struct interval){ parts[0] > 0, parts[0] > 0 };
    for (size_t i = 0; i < BOOTSTRAP_RESAMPLES; i++)
        shares[i] = resampled_share(parts, wholes, count, seed, i);
    qsort(shares, BOOTSTRAP_RESAMPLES, sizeof(*shares), compare_doubles);
    return (struct interval){ shares[beyond], shares[BOOTSTRAP_RESAMPLES - 1 - beyond] };
}
