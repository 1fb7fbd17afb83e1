/* speed: two runs that took turns, slice by slice. */
#include "result/speed.h"

#include <criterion/criterion.h>
#include <math.h>

#define SLICES 8
#define EACH 4 /* blocks of a slice */
#define IN_BLOCK 5

struct side {
    uint64_t samples[SLICES * EACH * IN_BLOCK];
    size_t starts[SLICES * EACH];
    struct finding finding;
};

/* All updates of slice i take as long. */
static void init(struct side *side, const double durations_ns[SLICES])
{
    for (size_t i = 0; i < SLICES * EACH * IN_BLOCK; i++)
        side->samples[i] = (uint64_t)durations_ns[i / (EACH * IN_BLOCK)];
    for (size_t i = 0; i < SLICES * EACH; i++)
        side->starts[i] = i * IN_BLOCK;
    side->finding = (struct finding){
        .samples_ns = side->samples,
        .sample_count = SLICES * EACH * IN_BLOCK,
        .block_starts = side->starts,
        .block_count = SLICES * EACH,
    };
}

/* The machine has its moods, from one slice to the next: what differs in between is no
 * difference of the sides, however alike all is within a slice. */
Test(speed, of_slices)
{
    static const double steady[SLICES] = { 1e5, 1e5, 1e5, 1e5, 1e5, 1e5, 1e5, 1e5 };
    static const double moody[SLICES] = { 1.3e5, 0.9e5, 1.3e5, 0.9e5,
                                          1.3e5, 0.9e5, 1.3e5, 0.9e5 };
    struct side base, new;
    struct ratio ratio;

    init(&base, moody);
    init(&new, steady);
    ratio = speed_in_turns(&base.finding, &new.finding, SLICES, 0.95);
    cr_assert(ratio.bounded);
    cr_expect_float_eq(ratio.estimate, 1.1, 1e-9);
    cr_expect_lt(ratio.interval.low, 1, "%g", ratio.interval.low);
    cr_expect_gt(ratio.interval.high, 1.2, "%g", ratio.interval.high);
}

/* A mood that both have been hit by is none of theirs. */
Test(speed, of_slices_that_are_hit_alike)
{
    static const double moody[SLICES] = { 1e5, 2e5, 1e5, 3e5, 1e5, 1e5, 1e5, 9e5 };
    double slower[SLICES];
    struct side base, new;
    struct ratio ratio;

    for (size_t i = 0; i < SLICES; i++)
        slower[i] = 1.25 * moody[i];
    init(&base, moody);
    init(&new, slower);
    ratio = speed_in_turns(&base.finding, &new.finding, SLICES, 0.95);
    cr_assert(ratio.bounded);
    cr_expect_float_eq(ratio.estimate, 0.8, 1e-9);
    cr_expect_float_eq(ratio.interval.low, 0.8, 1e-6);
    cr_expect_float_eq(ratio.interval.high, 0.8, 1e-6);
}

/* A side may have fewer blocks: of another afterkill, or with another number of lanes. */
Test(speed, of_slices_with_other_numbers_of_blocks)
{
    static const double moody[SLICES] = { 1e5, 2e5, 1e5, 3e5, 1e5, 1e5, 1e5, 9e5 };
    struct side base, new;
    struct ratio ratio;

    init(&base, moody);
    init(&new, moody);
    for (size_t i = 0; i < SLICES; i++)
        base.starts[i] = i * EACH * IN_BLOCK;
    base.finding.block_count = SLICES;
    ratio = speed_in_turns(&base.finding, &new.finding, SLICES, 0.95);
    cr_assert(ratio.bounded);
    cr_expect_float_eq(ratio.interval.low, 1, 1e-6);
    cr_expect_float_eq(ratio.interval.high, 1, 1e-6);
    /* Too few to tell blocks apart: there is a ratio, and nothing more. */
    base.finding.block_count = 0;
    ratio = speed_in_turns(&base.finding, &new.finding, SLICES, 0.95);
    cr_expect(ratio.known && !ratio.bounded);
}
