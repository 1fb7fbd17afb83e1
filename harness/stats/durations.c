/* durations.c - see durations.h. The quantiles of t come from r-mathlib, R's own. */
#include "stats/durations.h"

#include <math.h>
#include <stdlib.h>

#define MATHLIB_STANDALONE 1
#include <Rmath.h>

#include "base/mem.h"

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

uint64_t *durations_sorted(const uint64_t *durations, size_t count)
{
    uint64_t *copy = mem_copy(durations, count * sizeof(*durations));

    qsort(copy, count, sizeof(*copy), compare);
    return copy;
}

double durations_quantile(const uint64_t *durations, size_t count, double q)
{
    CLEANUP(mem_freep) uint64_t *sorted = durations_sorted(durations, count);
    double position = count ? q * (double)(count - 1) : 0;
    size_t below = (size_t)position;

    if (count == 0)
        return 0;
    if (below + 1 >= count)
        return (double)sorted[count - 1];
    return (double)sorted[below] +
           (position - (double)below) *
               ((double)sorted[below + 1] - (double)sorted[below]);
}

struct interval durations_mean_interval(const uint64_t *durations, size_t count,
                                        double confidence)
{
    double mean = durations_mean(durations, count), squares = 0, half;

    if (count < 2)
        return (struct interval){ 0, INFINITY };
    for (size_t i = 0; i < count; i++)
        squares += ((double)durations[i] - mean) * ((double)durations[i] - mean);
    half = qt((1 + confidence) / 2, (double)count - 1, 1, 0) *
           sqrt(squares / (double)(count - 1) / (double)count);
    return (struct interval){ mean > half ? mean - half : 0, mean + half };
}

double durations_mean(const uint64_t *durations, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += (double)durations[i];
    return count ? sum / (double)count : 0;
}
