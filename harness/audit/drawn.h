/* drawn.h - names, drawn from all that are seen, so that each is as likely to be among
 * them as any other (Vitter's algorithm R: "Random sampling with a reservoir", ACM
 * Transactions on Mathematical Software 11, 1985). Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define DRAWN_MOST 16
#define DRAWN_BYTES 512 /* longer names are not kept */

struct group_name {
    char *bytes; /* owned */
    size_t length;
};
static inline struct str group_name_str(struct group_name name)
{
    return (struct str){ name.bytes, name.length };
}

struct drawn {
    struct group_name names[DRAWN_MOST];
    size_t count;      /* of these */
    uint64_t seen;     /* that could have been drawn */
    uint64_t too_long; /* and could not */
};

/* Keeps a name, or not; of a sample there are so many names at most. */
void drawn_add(struct drawn *drawn, struct str name, size_t most);
bool drawn_has(const struct drawn *drawn, struct str name);
/* As if the names of the other one had been seen afterwards. */
void drawn_merge(struct drawn *into, struct drawn *from);
/* All that were seen, but for those that are kept. */
static inline uint64_t drawn_left(const struct drawn *drawn)
{
    return drawn->seen + drawn->too_long - drawn->count;
}
/* Forgets the names that are kept, as if they had never been seen. */
void drawn_forget(struct drawn *drawn);
