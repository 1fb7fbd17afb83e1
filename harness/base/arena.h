/* arena.h - memory that is handed out piece after piece and taken back all at once. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena {
    struct arena_block *newest; /* owned; NULL: none yet */
    size_t used;                /* bytes of it */
};
#define ARENA_NULL ((struct arena){ NULL, 0 })

/* One whose first block is memory of the caller's, aligned for anything. */
struct arena arena_in(void *memory, size_t bytes);

/* Aligned for anything; not zeroed. */
void *arena_take(struct arena *arena, size_t bytes);
void arena_reset(struct arena *arena); /* what was handed out is gone */
void arena_release(struct arena *arena);
