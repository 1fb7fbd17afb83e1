/* intern.c - see intern.h. */
#include "base/intern.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/mem.h"

#define ROOM_LEAST 64

struct interned {
    uint64_t hash;
    size_t count;
    _Alignas(16) char bytes[];
};

/* Where it is, or would be. */
static const struct interned **slot_of(const struct intern *intern, uint64_t hash,
                                       const void *bytes, size_t count)
{
    size_t at = hash & (intern->room - 1);

    for (;; at = (at + 1) & (intern->room - 1)) {
        const struct interned *there = intern->slots[at];

        if (!there || (there->hash == hash && there->count == count &&
                       memcmp(there->bytes, bytes, count) == 0))
            return &intern->slots[at];
    }
}

static void grow(struct intern *intern)
{
    const struct interned **old = intern->slots;
    size_t room = intern->room;

    intern->room = room ? 2 * room : ROOM_LEAST;
    intern->slots = mem_alloc(intern->room * sizeof(*intern->slots));
    for (size_t i = 0; i < room; i++)
        if (old[i])
            *slot_of(intern, old[i]->hash, old[i]->bytes, old[i]->count) = old[i];
    free(old);
}

const void *intern_keep(struct intern *intern, const void *bytes, size_t count)
{
    uint64_t hash = XXH3_64bits(bytes, count);
    const struct interned **slot;
    struct interned *made;

    if (2 * intern->count >= intern->room)
        grow(intern);
    slot = slot_of(intern, hash, bytes, count);
    if (*slot)
        return (*slot)->bytes;
    made = arena_take(&intern->arena, sizeof(*made) + count);
    made->hash = hash;
    made->count = count;
    memcpy(made->bytes, bytes, count);
    *slot = made;
    intern->count++;
    return made->bytes;
}

void intern_release(struct intern *intern)
{
    arena_release(&intern->arena);
    free(intern->slots);
    *intern = INTERN_NULL;
}
