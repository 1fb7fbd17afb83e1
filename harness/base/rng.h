/* rng.h - random numbers that are a function of what they are for.
 *
 * No generator is carried along: the number for (seed, stream, index) is computed from
 * these three alone, so that a trial's numbers do not depend on which lane, shard or
 * order it ran in. */
#pragma once

#include <stdint.h>

/* 64 uniform bits: two rounds of SplitMix64's finaliser (Steele, Lea, Flood: "Fast
 * splittable pseudorandom number generators", OOPSLA 2014) over a sum of odd
 * multiples. */
uint64_t rng_bits(uint64_t seed, uint64_t stream, uint64_t index);

/* Uniform in [0, 1), 53 bits. */
double rng_unit(uint64_t seed, uint64_t stream, uint64_t index);

/* Uniform in [0, bound); bound > 0. The bias is below bound / 2^64. */
uint64_t rng_below(uint64_t bound, uint64_t seed, uint64_t stream, uint64_t index);
