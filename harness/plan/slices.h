/* slices.h - two runs, base and new, that take turns on one machine. Pure.
 *
 * Each run is cut into as many slices as the other. A slice is a shard (shard.h), so that
 * all slices of a side together are one whole run. Slices with the same number are
 * neighbours in time, and which side begins changes from one pair to the next: base, new,
 * new, base. What the machine does to all that runs in the same minutes hits both sides
 * alike; and what gets steadily slower or faster, too, because over two pairs the mean
 * time of either side is the same. */
#pragma once

#include <stdint.h>

#include "plan/shard.h"

enum slice_side { SLICE_BASE, SLICE_NEW, SLICE_SIDES };

struct slice {
    enum slice_side side;
    struct shard shard;
};

/* An even number, so that each side begins as often as the other. */
#define SLICES_EACH 8

/* How many slices each side has, if there are so many kill attempts per strategy: fewer
 * where a slice would have none. With none at all there are still updates to be timed. */
uint64_t slices_each(uint64_t attempts);
/* Which one is the k-th, k < 2 * each? */
struct slice slices_at(uint64_t each, uint64_t k);

const char *slice_side_name(enum slice_side side); /* "base" */
