/* speed.c - see speed.h. */
#include "result/speed.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/mutant.h"
#include "stats/durations.h"

/* The sum of a block's durations, and how many there are. */
static uint64_t sum_block(const struct finding *finding, size_t block, double *ret_ns)
{
    size_t from = finding->block_starts[block];
    size_t to = block + 1 < finding->block_count ? finding->block_starts[block + 1]
                                                 : finding->sample_count;

    *ret_ns = 0;
    for (size_t i = from; i < to; i++)
        *ret_ns += (double)finding->samples_ns[i];
    return to - from;
}

struct ratio speed_beside(const struct finding *base, const struct finding *new,
                          double confidence)
{
    size_t count =
        base->block_count < new->block_count ? base->block_count : new->block_count;
    CLEANUP(mem_freep) struct ratio_block *blocks = NULL;
    struct ratio ratio = speed_apart(base, new), paired;

    if (!ratio.known)
        return ratio;
    blocks = MEM_ARRAY(struct ratio_block, count + 1);
    for (size_t i = 0; i < count; i++) {
        blocks[i].base_count = sum_block(base, i, &blocks[i].base_ns);
        blocks[i].new_count = sum_block(new, i, &blocks[i].new_ns);
    }
    paired = ratio_of_blocks(blocks, count, confidence);
    return paired.bounded ? paired : ratio;
}

struct ratio speed_apart(const struct finding *base, const struct finding *new)
{
    double base_ns = durations_mean(base->samples_ns, base->sample_count);
    double new_ns = durations_mean(new->samples_ns, new->sample_count);

    if (!(base_ns > 0) || !(new_ns > 0))
        return (struct ratio){ .known = false };
    return (struct ratio){ .known = true, .estimate = base_ns / new_ns };
}
