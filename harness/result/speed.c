/* speed.c - see speed.h. */
#include "result/speed.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/mutant.h"
#include "stats/durations.h"

static size_t start_of(const struct finding *finding, size_t block)
{
    return block < finding->block_count ? finding->block_starts[block]
                                        : finding->sample_count;
}

/* The sum of the durations in blocks from one to before another, and how many there are.
 */
static uint64_t sum_blocks(const struct finding *finding, size_t first, size_t behind,
                           double *ret_ns)
{
    size_t from = start_of(finding, first), to = start_of(finding, behind);

    *ret_ns = 0;
    for (size_t i = from; i < to; i++)
        *ret_ns += (double)finding->samples_ns[i];
    return to - from;
}

/* Where part i of so many begins, of blocks 0 to `count` - 1. */
static size_t part(size_t count, size_t i, size_t parts)
{
    return i * count / parts;
}

/* By so many parts of the first blocks of either side. */
static struct ratio by_parts(const struct finding *base, size_t base_count,
                             const struct finding *new, size_t new_count, size_t parts,
                             double confidence)
{
    CLEANUP(mem_freep) struct ratio_block *blocks = NULL;
    struct ratio ratio = speed_apart(base, new), paired;

    if (!ratio.known)
        return ratio;
    blocks = MEM_ARRAY(struct ratio_block, parts + 1);
    for (size_t i = 0; i < parts; i++) {
        blocks[i].base_count =
            sum_blocks(base, part(base_count, i, parts), part(base_count, i + 1, parts),
                       &blocks[i].base_ns);
        blocks[i].new_count =
            sum_blocks(new, part(new_count, i, parts), part(new_count, i + 1, parts),
                       &blocks[i].new_ns);
    }
    paired = ratio_of_blocks(blocks, parts, confidence);
    return paired.bounded ? paired : ratio;
}

struct ratio speed_beside(const struct finding *base, const struct finding *new,
                          double confidence)
{
    size_t count =
        base->block_count < new->block_count ? base->block_count : new->block_count;

    return by_parts(base, count, new, count, count, confidence);
}

struct ratio speed_in_turns(const struct finding *base, const struct finding *new,
                            uint64_t slices, double confidence)
{
    if (!slices || mutant("slices-unheeded"))
        return speed_beside(base, new, confidence);
    return by_parts(base, base->block_count, new, new->block_count, slices, confidence);
}

struct ratio speed_apart(const struct finding *base, const struct finding *new)
{
    double base_ns = durations_mean(base->samples_ns, base->sample_count);
    double new_ns = durations_mean(new->samples_ns, new->sample_count);

    if (!(base_ns > 0) || !(new_ns > 0))
        return (struct ratio){ .known = false };
    return (struct ratio){ .known = true, .estimate = base_ns / new_ns };
}
