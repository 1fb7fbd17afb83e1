/* thinned.c - see thinned.h. */
#include "stats/thinned.h"

#include <string.h>

#include "base/rng.h"

static size_t halve(uint64_t every, size_t count, char *items, size_t item_bytes)
{
    for (size_t pair = 0; 2 * pair + 1 < count; pair++) {
        size_t kept = 2 * pair + (size_t)rng_below(2, 0, every, pair);

        memmove(items + pair * item_bytes, items + kept * item_bytes, item_bytes);
    }
    return count / 2;
}

bool thinned_takes(struct thinned *thinned, size_t most, size_t *count, void *items,
                   size_t item_bytes)
{
    uint64_t place = thinned->came++;

    if (!thinned->every)
        thinned->every = 1;
    if (*count >= most && place % thinned->every == 0) {
        *count = halve(thinned->every, most & ~(size_t)1, items, item_bytes);
        thinned->every *= 2;
    }
    return place % thinned->every ==
           rng_below(thinned->every, 1, thinned->every, place / thinned->every);
}
