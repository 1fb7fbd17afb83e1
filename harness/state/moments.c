/* moments.c - see moments.h. */
#include "state/moments.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static int64_t round_up(int64_t ms, int64_t unit)
{
    return (ms + unit - 1) / unit * unit;
}

int64_t lapse_rounded(int64_t ms)
{
    return ms < 0 ? -1 : round_up(ms, ms > 2000 ? 1000 : 100);
}

void lapses_add(struct lapses *lapses, int64_t ms)
{
    if (ms <= 0)
        return;
    lapses->ms = mem_grow(lapses->ms, lapses->count + 1, sizeof(*lapses->ms));
    lapses->ms[lapses->count++] = lapse_rounded(ms);
}

void lapses_release(struct lapses *lapses)
{
    free(lapses->ms);
    *lapses = LAPSES_NULL;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* Sorts them. Those that are one moment become its last; if not `near`, only equals are.
 */
static void join(struct lapses *lapses, bool near)
{
    int64_t *ms = lapses->ms, first_ms = 0;
    size_t joined = 0;

    if (lapses->count)
        qsort(ms, lapses->count, sizeof(*ms), compare);
    for (size_t i = 0; i < lapses->count; i++) {
        if (joined && ms[i] - first_ms <= (near ? 1000 + first_ms / 10 : 0)) {
            ms[joined - 1] = ms[i];
            continue;
        }
        first_ms = ms[i];
        ms[joined++] = ms[i];
    }
    lapses->count = joined;
}

/* The nearest neighbours, by the ratio of their times, become the later of the two. */
static size_t merge_nearest(int64_t *ms, size_t count)
{
    size_t nearest = 0;

    for (size_t i = 1; i + 1 < count; i++)
        if ((double)ms[i + 1] / (double)ms[i] <
            (double)ms[nearest + 1] / (double)ms[nearest])
            nearest = i;
    memmove(ms + nearest, ms + nearest + 1, (count - nearest - 1) * sizeof(*ms));
    return count - 1;
}

struct moments moments_of(struct lapses *lapses, const struct lapses *asked)
{
    struct moments moments = { .count = 1 };
    size_t count;

    join(lapses, true);
    for (size_t i = 0; i < asked->count; i++)
        lapses_add(lapses, asked->ms[i]);
    join(lapses, false);
    count = lapses->count;
    moments.merged = count > MOMENTS_MOST - 1;
    while (count > MOMENTS_MOST - 1)
        count = merge_nearest(lapses->ms, count);
    for (size_t i = 0; i < count; i++)
        moments.at_ms[moments.count++] = lapses->ms[i];
    lapses->count = 0;
    return moments;
}

bool moments_equal(const struct moments *a, const struct moments *b)
{
    return a->count == b->count &&
           memcmp(a->at_ms, b->at_ms, a->count * sizeof(*a->at_ms)) == 0;
}
