/* interval.c - see interval.h. The beta quantiles come from r-mathlib, R's own. */
#include "stats/interval.h"

#define MATHLIB_STANDALONE 1
#include <Rmath.h>

struct interval interval_proportion(uint64_t hits, uint64_t attempts, double confidence)
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

const char *interval_library_version(void)
{
    return R_VERSION_STRING;
}
