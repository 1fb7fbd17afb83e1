/* blocks.c - see blocks.h. */
#include "result/blocks.h"

#include <string.h>

static void join(struct kill_block *into, const struct kill_block *other)
{
    into->count += other->count;
    into->sum += other->sum;
    for (size_t i = 0; i < BLOCKS_OF; i++) {
        into->hits[i] += other->hits[i];
        into->hit[i] += other->hit[i];
    }
}

/* Each two become one. */
static void halve(struct kill_blocks *blocks)
{
    for (size_t i = 0; i < BLOCKS_MOST / 2; i++) {
        struct kill_block both = blocks->of[2 * i];

        join(&both, &blocks->of[2 * i + 1]);
        blocks->of[i] = both;
    }
    memset(blocks->of + BLOCKS_MOST / 2, 0, sizeof(blocks->of) / 2);
    blocks->chunk *= 2;
}

void blocks_add(struct kill_blocks *blocks, uint64_t place, double weight, unsigned hits)
{
    struct kill_block kill = { .count = 1, .sum = weight };

    for (size_t i = 0; i < BLOCKS_OF; i++) {
        kill.hits[i] = hits >> i & 1;
        kill.hit[i] = kill.hits[i] ? weight : 0;
    }
    if (!blocks->chunk)
        blocks->chunk = 1;
    while (place / blocks->chunk >= BLOCKS_MOST)
        halve(blocks);
    join(&blocks->of[place / blocks->chunk], &kill);
}

size_t blocks_weights(const struct kill_blocks *blocks, unsigned what,
                      struct cluster ret[BLOCKS_MOST])
{
    size_t count = 0;

    for (size_t i = 0; i < BLOCKS_MOST; i++)
        if (blocks->of[i].count)
            ret[count++] = (struct cluster){ blocks->of[i].sum, blocks->of[i].hit[what] };
    return count;
}

size_t blocks_numbers(const struct kill_blocks *blocks, unsigned what,
                      struct cluster ret[BLOCKS_MOST])
{
    size_t count = 0;

    for (size_t i = 0; i < BLOCKS_MOST; i++)
        if (blocks->of[i].count)
            ret[count++] = (struct cluster){ (double)blocks->of[i].count,
                                             (double)blocks->of[i].hits[what] };
    return count;
}
