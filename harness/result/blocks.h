/* blocks.h - kills by the time at which they came, so that a rate knows whether it has
 * changed in the course of a run. Pure.
 *
 * A block is a number of attempts of a strategy, one after the other. It has as many as
 * keeps the number of blocks below BLOCKS_MOST: whenever there are more, two become one.
 * Those of a merged run stand in the order of its shards (tally.c). So blocks follow from
 * the trials' numbers, whatever the order in which they come. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "stats/clusters.h"

#define BLOCKS_MOST 64
#define BLOCKS_OF                                                                        \
    4 /* what kills are counted by: the rates (tally.h), and what passes                 \
       */

struct kill_block {
    uint64_t count, hits[BLOCKS_OF]; /* valid kills */
    double sum, hit[BLOCKS_OF];      /* their weights */
};

struct kill_blocks {
    uint64_t chunk; /* attempts per block; 0: there are no kills */
    struct kill_block of[BLOCKS_MOST];
};

/* A valid kill, by its attempt's place in that order: `hits` has a bit for each thing
 * that it counts for. */
void blocks_add(struct kill_blocks *blocks, uint64_t place, double weight, unsigned hits);
/* Blocks by the weights of kills, or by their numbers; returns how many have any. */
size_t blocks_weights(const struct kill_blocks *blocks, unsigned what,
                      struct cluster ret[BLOCKS_MOST]);
size_t blocks_numbers(const struct kill_blocks *blocks, unsigned what,
                      struct cluster ret[BLOCKS_MOST]);
