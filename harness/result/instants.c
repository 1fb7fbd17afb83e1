/* instants.c - see instants.h. */
#include "result/instants.h"

#include <math.h>

#include "base/clock.h"

#define PER_DOUBLING 4

void instants_add(struct instants *instants, uint64_t ns, bool inside)
{
    double place = ns ? floor(PER_DOUBLING * log2(ns_to_us((double)ns))) : 0;
    size_t bin = place < 0 ? 0 : place >= INSTANT_BINS ? INSTANT_BINS - 1 : (size_t)place;

    instants->due[bin]++;
    instants->inside[bin] += inside;
}

double instant_us(size_t bin)
{
    return exp2((double)bin / PER_DOUBLING);
}

bool instants_range(const struct instants *instants, size_t *ret_first, size_t *ret_last)
{
    size_t first = 0, last = INSTANT_BINS;

    while (first < INSTANT_BINS && !instants->due[first])
        first++;
    while (last > first && !instants->due[last - 1])
        last--;
    if (last == first)
        return false;
    *ret_first = first;
    *ret_last = last - 1;
    return true;
}

size_t instants_median(const struct instants *instants)
{
    uint64_t all = 0, before = 0;
    size_t bin = 0;

    for (size_t i = 0; i < INSTANT_BINS; i++)
        all += instants->due[i];
    while (bin + 1 < INSTANT_BINS && 2 * (before + instants->due[bin]) < all)
        before += instants->due[bin++];
    return bin;
}
