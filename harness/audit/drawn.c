/* drawn.c - see drawn.h. */
#include "audit/drawn.h"

#include <stdlib.h>
#include <xxhash.h>

#include "base/mem.h"
#include "base/rng.h"

static void put(struct drawn *drawn, size_t at, struct group_name name)
{
    if (at == drawn->count)
        drawn->count++;
    else
        free(drawn->names[at].bytes);
    drawn->names[at] = name;
}

void drawn_add(struct drawn *drawn, struct str name, size_t most)
{
    size_t at = drawn->count;

    if (name.length > DRAWN_BYTES) {
        drawn->too_long++;
        return;
    }
    drawn->seen++;
    if (at == most)
        at = rng_below(drawn->seen, XXH3_64bits(name.bytes, name.length), most,
                       drawn->seen);
    if (at < most)
        put(drawn, at,
            (struct group_name){ mem_copy(name.bytes, name.length), name.length });
}

bool drawn_has(const struct drawn *drawn, struct str name)
{
    for (size_t i = 0; i < drawn->count; i++)
        if (str_compare(group_name_str(drawn->names[i]), name) == 0)
            return true;
    return false;
}

void drawn_merge(struct drawn *into, struct drawn *from)
{
    uint64_t all = into->seen + from->seen;

    for (size_t i = 0; i < from->count; i++) {
        size_t at = into->count;

        if (at == DRAWN_MOST) {
            at = rng_below(DRAWN_MOST, 0, all, i);
            if (rng_below(all, 1, all, i) >= from->seen)
                continue;
        }
        put(into, at, from->names[i]);
        from->names[i].bytes = NULL;
    }
    into->seen = all;
    into->too_long += from->too_long;
}

void drawn_forget(struct drawn *drawn)
{
    for (size_t i = 0; i < drawn->count; i++)
        free(drawn->names[i].bytes);
    drawn->seen -= drawn->count;
    drawn->count = 0;
}
