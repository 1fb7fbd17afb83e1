/* arena.c - see arena.h. */
#include "base/arena.h"

#include <sys/mman.h>

#include "base/mem.h"

#define LEAST_BYTES ((size_t)64 << 10)
/* Of lent memory that was filled, more than this goes back to the kernel. */
#define LEFT_MOST ((size_t)4 << 20)

/* Begins a block; the pieces follow it. Blocks double, so a few are enough for
 * anything. */
struct arena_block {
    struct arena_block *older;
    size_t bytes; /* of the whole block */
    _Alignas(16) bool lent;
};

static void add_block(struct arena *arena, size_t bytes)
{
    struct arena_block *block = arena->newest;
    size_t room = block && !block->lent ? 2 * block->bytes : LEAST_BYTES;

    while (room < sizeof(*block) + bytes)
        room *= 2;
    block = mem_map(room, MAP_PRIVATE);
    if (!block)
        mem_give_up(room);
    *block = (struct arena_block){ arena->newest, room, false };
    arena->newest = block;
    arena->used = sizeof(*block);
}

struct arena arena_in(void *memory, size_t bytes)
{
    struct arena_block *block = memory;

    *block = (struct arena_block){ NULL, bytes, true };
    return (struct arena){ block, sizeof(*block) };
}

void *arena_take(struct arena *arena, size_t bytes)
{
    char *piece;

    bytes = (bytes + 15) & ~(size_t)15;
    if (!arena->newest || bytes > arena->newest->bytes - arena->used)
        add_block(arena, bytes);
    piece = (char *)arena->newest + arena->used;
    arena->used += bytes;
    return piece;
}

/* Drops the newest block, of which arena->used bytes were. */
static void drop_block(struct arena *arena)
{
    struct arena_block *block = arena->newest;
    size_t used = arena->used;

    arena->newest = block->older;
    arena->used = block->older ? block->older->bytes : 0;
    if (!block->lent)
        munmap(block, block->bytes);
    else if (used > LEFT_MOST)
        mem_give_back(block + 1, used - sizeof(*block), MADV_REMOVE);
}

/* The newest block is the largest: it stays, for the next round. */
void arena_reset(struct arena *arena)
{
    struct arena_block *largest = arena->newest;

    if (!largest)
        return;
    arena->newest = largest->older;
    while (arena->newest)
        drop_block(arena);
    largest->older = NULL;
    arena->newest = largest;
    arena->used = sizeof(*largest);
}

void arena_release(struct arena *arena)
{
    while (arena->newest)
        drop_block(arena);
}
