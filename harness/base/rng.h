/* rng.h - random numbers that are a function of what they are for.
 *
 * No generator is carried along: the number for (seed, stream, index) is computed from
 * these three alone, so that a trial's numbers do not depend on which lane, shard or
 * order it ran in. It is here for compilers to see: what is the same for all of a stream
 * is then computed once, and a bootstrap takes millions. */
#pragma once

#include <stdint.h>

static inline uint64_t rng_mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* 64 uniform bits: two rounds of SplitMix64's finaliser (Steele, Lea, Flood: "Fast
 * splittable pseudorandom number generators", OOPSLA 2014) over a sum of odd
 * multiples. */
static inline uint64_t rng_bits(uint64_t seed, uint64_t stream, uint64_t index)
{
    uint64_t z = rng_mix(seed + UINT64_C(0x9e3779b97f4a7c15));

    z = rng_mix(z + (stream + 1) * UINT64_C(0xd1342543de82ef95));
    return rng_mix(z + (index + 1) * UINT64_C(0x9e3779b97f4a7c15));
}

/* Uniform in [0, 1), 53 bits. */
static inline double rng_unit(uint64_t seed, uint64_t stream, uint64_t index)
{
    return (double)(rng_bits(seed, stream, index) >> 11) * 0x1p-53;
}

/* Uniform in [0, bound); bound > 0. The bias is below bound / 2^64. */
static inline uint64_t rng_below(uint64_t bound, uint64_t seed, uint64_t stream,
                                 uint64_t index)
{
    return (uint64_t)(((unsigned __int128)rng_bits(seed, stream, index) * bound) >> 64);
}
