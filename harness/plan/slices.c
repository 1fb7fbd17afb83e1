/* slices.c - see slices.h. */
#include "plan/slices.h"

#include "base/mutant.h"

uint64_t slices_each(uint64_t attempts)
{
    if (!attempts || attempts >= SLICES_EACH)
        return SLICES_EACH;
    return attempts < 2 ? 2 : attempts - attempts % 2;
}

struct slice slices_at(uint64_t each, uint64_t k)
{
    uint64_t pair = k / SLICE_SIDES;
    struct slice slice = { (k + pair) % SLICE_SIDES ? SLICE_NEW : SLICE_BASE,
                           { pair, each } };

    if (mutant("slices-in-a-row"))
        slice = (struct slice){ k < each ? SLICE_BASE : SLICE_NEW, { k % each, each } };
    return slice;
}

const char *slice_side_name(enum slice_side side)
{
    static const char *const names[] = { [SLICE_BASE] = "base", [SLICE_NEW] = "new" };

    return names[side];
}
