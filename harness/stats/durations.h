/* durations.h - mean and quantiles of durations, in whatever unit. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "stats/interval.h"

double durations_mean(const uint64_t *durations, size_t count); /* of none: 0 */

/* The two-sided interval of the mean: Student's t. Of fewer than two: [0, INFINITY]. */
struct interval durations_mean_interval(const uint64_t *durations, size_t count,
                                        double confidence);

/* The q-quantile, 0 <= q <= 1, linear between order statistics (Hyndman and Fan, type 7).
 * Of none: 0. */
double durations_quantile(const uint64_t *durations, size_t count, double q);

/* The caller frees it. */
uint64_t *durations_sorted(const uint64_t *durations, size_t count);
