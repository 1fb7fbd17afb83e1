/* instants.h - when kills were due, counted in bins of equal ratio: a few updates take
 * many times as long as most, and both are to be seen. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Four to each doubling, from 1 us to over an hour; the first has all before it, too, the
 * last all behind. */
#define INSTANT_BINS 128

struct instants {
    uint32_t due[INSTANT_BINS];    /* kills, by when they were due after the beginning */
    uint32_t inside[INSTANT_BINS]; /* of these, that landed inside the update */
};

void instants_add(struct instants *instants, uint64_t ns, bool inside);
/* Where a bin begins, us; that of INSTANT_BINS is where the last ends. */
double instant_us(size_t bin);
/* The first and the last bin with a kill; false: there is none. */
bool instants_range(const struct instants *instants, size_t *ret_first, size_t *ret_last);
/* The bin in which the kill is that comes after half of them. */
size_t instants_median(const struct instants *instants);
