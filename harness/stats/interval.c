/* interval.c - see interval.h. The beta quantiles come from r-mathlib, R's own. */
#include "stats/interval.h"

#include <math.h>
#include <stdlib.h>

#define MATHLIB_STANDALONE 1
#include <Rmath.h>

struct interval stats_proportion(uint64_t hits, uint64_t attempts, double confidence)
{
    double tail = (1 - confidence) / 2;
    double k = (double)hits, n = (double)attempts;

    if (attempts == 0)
        return (struct interval){ 0, 1 };
    return (struct interval){
        .low = hits == 0 ? 0 : qbeta(tail, k, n - k + 1, 1, 0),
        .high = hits == attempts ? 1 : qbeta(tail, k + 1, n - k, 0, 0),
    };
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

double stats_quantile(uint64_t *samples, size_t count, double q)
{
    double position;
    size_t below;

    if (count == 0)
        return 0;
    qsort(samples, count, sizeof(*samples), compare);
    position = q * (double)(count - 1);
    below = (size_t)position;
    if (below + 1 >= count)
        return (double)samples[count - 1];
    return (double)samples[below] +
           (position - (double)below) *
               ((double)samples[below + 1] - (double)samples[below]);
}

struct interval stats_mean_interval(const uint64_t *samples, size_t count,
                                    double confidence)
{
    double mean = stats_mean(samples, count), squares = 0, half;

    if (count < 2)
        return (struct interval){ 0, INFINITY };
    for (size_t i = 0; i < count; i++)
        squares += ((double)samples[i] - mean) * ((double)samples[i] - mean);
    half = qt((1 + confidence) / 2, (double)count - 1, 1, 0) *
           sqrt(squares / (double)(count - 1) / (double)count);
    return (struct interval){ mean > half ? mean - half : 0, mean + half };
}

double stats_mean(const uint64_t *samples, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += (double)samples[i];
    return count ? sum / (double)count : 0;
}
