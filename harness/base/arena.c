/* arena.c - see arena.h. */
#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define LEAST_BYTES ((size_t)64 << 10)

/* Begins a mapping; the pieces follow it. Blocks double, so a few are enough for
 * anything. */
struct arena_block {
    struct arena_block *older;
    _Alignas(16) size_t bytes; /* of the whole mapping */
};

static void add_block(struct arena *arena, size_t bytes)
{
    size_t room = arena->newest ? 2 * arena->newest->bytes : LEAST_BYTES;
    struct arena_block *block;

    while (room < sizeof(*block) + bytes)
        room *= 2;
    block = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED || madvise(block, room, MADV_DONTFORK) < 0) {
        fprintf(stderr, "afterkill: out of memory\n");
        abort();
    }
    *block = (struct arena_block){ arena->newest, room };
    arena->newest = block;
    arena->used = sizeof(*block);
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

static void drop_block(struct arena *arena)
{
    struct arena_block *block = arena->newest;

    arena->newest = block->older;
    munmap(block, block->bytes);
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
