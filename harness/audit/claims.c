/* claims.c - see claims.h. */
#include "audit/claims.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/mem.h"

#define SLOTS_LEAST 64

static size_t hash_of(struct str name)
{
    return (size_t)XXH3_64bits(name.bytes, name.length);
}

/* The slot that has the name, or would. */
static uint32_t *slot_of(const struct claims *claims, struct str name)
{
    for (size_t i = hash_of(name);; i++) {
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

/* The slot that has so many-th item, which is there. */
static size_t slot_with(const struct claims *claims, size_t item)
{
    size_t at = hash_of(claim_str(&claims->items[item]));

    while (claims->slots[at & (claims->slot_count - 1)] != item + 1)
        at++;
    return at & (claims->slot_count - 1);
}

/* Empties a slot, and moves up those that only stand behind it because it was taken
 * (Knuth, "The Art of Computer Programming" 3, 6.4, algorithm R). */
static void empty_slot(struct claims *claims, size_t empty)
{
    size_t mask = claims->slot_count - 1;

    for (size_t at = (empty + 1) & mask; claims->slots[at]; at = (at + 1) & mask) {
        size_t home = hash_of(claim_str(&claims->items[claims->slots[at] - 1])) & mask;

        if (((at - home) & mask) < ((at - empty) & mask))
            continue;
        claims->slots[empty] = claims->slots[at];
        empty = at;
    }
    claims->slots[empty] = 0;
}

/* Only those from there on are touched: there may be many more before, and this is called
 * again and again. */
void claims_settle(struct claims *claims, size_t from,
                   bool (*is_settled)(const struct claim *claim))
{
    size_t kept = from;

    for (size_t i = from; i < claims->count; i++) {
        size_t slot = slot_with(claims, i);

        if (is_settled(&claims->items[i])) {
            empty_slot(claims, slot);
            free(claims->items[i].bytes);
            continue;
        }
        claims->slots[slot] = (uint32_t)kept + 1;
        claims->items[kept++] = claims->items[i];
    }
    claims->count = kept;
}

void claims_release(struct claims *claims)
{
    for (size_t i = 0; i < claims->count; i++)
        free(claims->items[i].bytes);
    free(claims->items);
    free(claims->slots);
    *claims = CLAIMS_NULL;
}
