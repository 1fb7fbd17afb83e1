/* rng.c - see rng.h. */
#include "base/rng.h"

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t rng_bits(uint64_t seed, uint64_t stream, uint64_t index)
{
    uint64_t z = mix(seed + UINT64_C(0x9e3779b97f4a7c15));

    z = mix(z + (stream + 1) * UINT64_C(0xd1342543de82ef95));
    return mix(z + (index + 1) * UINT64_C(0x9e3779b97f4a7c15));
}

double rng_unit(uint64_t seed, uint64_t stream, uint64_t index)
{
    return (double)(rng_bits(seed, stream, index) >> 11) * 0x1p-53;
}

uint64_t rng_below(uint64_t bound, uint64_t seed, uint64_t stream, uint64_t index)
{
    return (uint64_t)(((unsigned __int128)rng_bits(seed, stream, index) * bound) >> 64);
}
