/* interval.h - intervals and quantiles. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct interval {
    double low;
    double high;
};

/* The exact two-sided interval of a proportion: Clopper and Pearson, "The use of
 * confidence or fiducial limits illustrated in the case of the binomial", Biometrika 26
 * (1934). Its coverage is never below the confidence, also for rare events. Of 0
 * attempts: [0, 1]. */
struct interval stats_proportion(uint64_t hits, uint64_t attempts, double confidence);

/* The sample's q-quantile, 0 <= q <= 1, linear between order statistics (Hyndman and Fan,
 * type 7). Sorts the samples in place. Of no samples: 0. */
double stats_quantile(uint64_t *samples, size_t count, double q);

/* The two-sided interval of a mean: Student's t. Of fewer than two samples: [0,
 * INFINITY]. */
struct interval stats_mean_interval(const uint64_t *samples, size_t count,
                                    double confidence);

double stats_mean(const uint64_t *samples, size_t count); /* of no samples: 0 */
