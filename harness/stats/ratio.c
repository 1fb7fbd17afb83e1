/* ratio.c - see ratio.h. */
#include "stats/ratio.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "stats/durations.h"

enum { STREAM_BOOTSTRAP_BASE = 0x626f6f74, STREAM_BOOTSTRAP_NEW, STREAM_BOOTSTRAP_SUMS };

/* The mean of as many durations as there are, drawn with replacement; never 0. */
static double resampled_mean(const uint64_t *samples_ns, size_t count, uint64_t seed,
                             uint64_t stream, uint64_t resample)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += (double)
            samples_ns[rng_below(count, seed, stream, resample * (uint64_t)count + i)];
    return fmax(sum, 1) / (double)count;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* How many resamples lie beyond each end of the interval. */
static size_t left_out(double confidence)
{
    return (size_t)((1 - confidence) / 2 * BOOTSTRAP_RESAMPLES + 1e-6);
}

static struct interval bootstrap(const uint64_t *base_ns, size_t base_count,
                                 const uint64_t *new_ns, size_t new_count,
                                 double confidence, uint64_t seed)
{
    double ratios[BOOTSTRAP_RESAMPLES];
    size_t beyond = left_out(confidence);

    for (size_t i = 0; i < BOOTSTRAP_RESAMPLES; i++)
        ratios[i] = resampled_mean(base_ns, base_count, seed, STREAM_BOOTSTRAP_BASE, i) /
                    resampled_mean(new_ns, new_count, seed, STREAM_BOOTSTRAP_NEW, i);
    qsort(ratios, BOOTSTRAP_RESAMPLES, sizeof(*ratios), compare_doubles);
    return (struct interval){ ratios[beyond], ratios[BOOTSTRAP_RESAMPLES - 1 - beyond] };
}

struct ratio ratio_bootstrap(const uint64_t *base_ns, size_t base_count,
                             const uint64_t *new_ns, size_t new_count, double confidence,
                             uint64_t seed)
{
    double base_mean = durations_mean(base_ns, base_count);
    double new_mean = durations_mean(new_ns, new_count);
    CLEANUP(mem_freep) uint64_t *base = NULL;
    CLEANUP(mem_freep) uint64_t *new = NULL;

    if (base_count < BOOTSTRAP_LEAST || new_count < BOOTSTRAP_LEAST || !(base_mean > 0) ||
        !(new_mean > 0) || !left_out(confidence))
        return (struct ratio){ .known = false };
    base = durations_sorted(base_ns, base_count);
    new = durations_sorted(new_ns, new_count);
    return (struct ratio){
        .known = true,
        .estimate = base_mean / new_mean,
        .interval = bootstrap(base, base_count, new, new_count, confidence, seed),
    };
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
    for (size_t i = 0; i < BOOTSTRAP_RESAMPLES; i++)
        shares[i] = resampled_share(parts, wholes, count, seed, i);
    qsort(shares, BOOTSTRAP_RESAMPLES, sizeof(*shares), compare_doubles);
    return (struct interval){ shares[beyond], shares[BOOTSTRAP_RESAMPLES - 1 - beyond] };
}
