/* interval.h - the interval of a proportion. Pure. */
#pragma once

#include <stdint.h>

struct interval {
    double low;
    double high;
};

/* The exact two-sided interval of a proportion: Clopper and Pearson, "The use of
 * confidence or fiducial limits illustrated in the case of the binomial", Biometrika 26
 * (1934). Its coverage is never below the confidence, also for rare events. Of 0
 * attempts: [0, 1]. */
struct interval interval_proportion(uint64_t hits, uint64_t attempts, double confidence);

/* The version of R's mathematical library, as its header says it. */
const char *interval_library_version(void);
