/* claims.h - names that must be found elsewhere, and in how many places each of them was:
 * so that long lists are read once, and not once for each name. Pure. There is room for
 * CLAIMS_MOST of them; who gives more is told that it is full. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define CLAIMS_MOST 131072

struct claim {
    char *bytes; /* owned */
    size_t length;
    unsigned places; /* that have it */
};

struct claims {
    struct claim *items; /* owned */
    size_t count;
    uint32_t *slots; /* of a hash table: an item's number, from 1 on; owned */
    size_t slot_count;
};
#define CLAIMS_NULL ((struct claims){ NULL, 0, NULL, 0 })

static inline struct str claim_str(const struct claim *claim)
{
    return (struct str){ claim->bytes, claim->length };
}

/* Adds a name that may be there already. NULL: there is no room for it. */
struct claim *claims_add(struct claims *claims, struct str name);
struct claim *claims_find(const struct claims *claims, struct str name);
/* Forgets those from a place on of which `is_settled` says so. */
void claims_settle(struct claims *claims, size_t from,
                   bool (*is_settled)(const struct claim *claim));
void claims_release(struct claims *claims); /* may be called twice */
