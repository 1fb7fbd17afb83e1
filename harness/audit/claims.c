/* claims.c - see claims.h. */
#include "audit/claims.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/mem.h"

#define SLOTS_LEAST 64

/* The slot that has the name, or would. */
static uint32_t *slot_of(const struct claims *claims, struct str name)
{
    for (size_t i = (size_t)XXH3_64bits(name.bytes, name.length);; i++) {
        uint32_t *slot = &claims->slots[i & (claims->slot_count - 1)];

        if (!*slot || str_compare(claim_str(&claims->items[*slot - 1]), name) == 0)
            return slot;
    }
}

/* Makes a table of so many slots, a power of two, for those that are there. */
static void index_anew(struct claims *claims, size_t slot_count)
{
    free(claims->slots);
    claims->slots = mem_alloc(slot_count * sizeof(*claims->slots));
    claims->slot_count = slot_count;
    for (size_t i = 0; i < claims->count; i++)
        *slot_of(claims, claim_str(&claims->items[i])) = (uint32_t)i + 1;
}

struct claim *claims_find(const struct claims *claims, struct str name)
{
    uint32_t *slot = claims->count ? slot_of(claims, name) : NULL;

    return slot && *slot ? &claims->items[*slot - 1] : NULL;
}

struct claim *claims_add(struct claims *claims, struct str name)
{
    struct claim *claim = claims_find(claims, name);

    if (claim || claims->count == CLAIMS_MOST)
        return claim;
    if (2 * (claims->count + 1) > claims->slot_count) {
        size_t slots = claims->slot_count ? 2 * claims->slot_count : SLOTS_LEAST;

        claims->items = mem_grow(claims->items, slots / 2, sizeof(*claims->items));
        index_anew(claims, slots);
    }
    claims->items[claims->count++] =
        (struct claim){ mem_copy(name.bytes, name.length), name.length, 0 };
    *slot_of(claims, name) = (uint32_t)claims->count;
    return &claims->items[claims->count - 1];
}

void claims_settle(struct claims *claims, size_t from,
                   bool (*is_settled)(const struct claim *claim))
{
    size_t kept = from;

    for (size_t i = from; i < claims->count; i++)
        if (is_settled(&claims->items[i]))
            free(claims->items[i].bytes);
        else
            claims->items[kept++] = claims->items[i];
    if (kept == claims->count)
        return;
    claims->count = kept;
    index_anew(claims, claims->slot_count);
}

void claims_release(struct claims *claims)
{
    for (size_t i = 0; i < claims->count; i++)
        free(claims->items[i].bytes);
    free(claims->items);
    free(claims->slots);
    *claims = CLAIMS_NULL;
}
