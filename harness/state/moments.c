/* moments.c - see moments.h. */
#include "state/moments.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define NOISE_MS 2000 /* by which times to live of one origin differ, rounded */

static int64_t round_up(int64_t ms, int64_t unit)
{
    return (ms + unit - 1) / unit * unit;
}

int64_t lapse_rounded(int64_t ms)
{
    return ms < 0 ? -1 : round_up(ms, ms > 2000 ? 1000 : 100);
}

void lapses_add(struct lapses *lapses, int64_t ms, uint64_t whose)
{
    if (ms <= 0)
        return;
    lapses->items = mem_grow(lapses->items, lapses->count + 1, sizeof(*lapses->items));
    lapses->items[lapses->count++] = (struct lapse){ lapse_rounded(ms), whose };
}

void lapses_release(struct lapses *lapses)
{
    free(lapses->items);
    *lapses = LAPSES_NULL;
}

/* How much looking at an instant is worth. */
enum weight {
    BYSTANDERS, /* all states have it, and it lapses at the same time */
    ASKED,
    THEIRS, /* of some states only, or at different times */
};

struct instant {
    int64_t ms;
    enum weight weight;
};

static int compare_whose(const void *a, const void *b)
{
    const struct lapse *x = a, *y = b;

    if (x->whose != y->whose)
        return x->whose < y->whose ? -1 : 1;
    return (x->ms > y->ms) - (x->ms < y->ms);
}

static int compare_instants(const void *a, const void *b)
{
    const struct instant *x = a, *y = b;

    return (x->ms > y->ms) - (x->ms < y->ms);
}

static bool is_near(int64_t first_ms, int64_t ms)
{
    return ms - first_ms <= 1000 + first_ms / 10;
}

/* One for each, with its weight: sorts the lapses by whose they are. */
static void weigh(struct lapses *lapses, size_t states, struct instant *ret)
{
    struct lapse *items = lapses->items;

    if (lapses->count)
        qsort(items, lapses->count, sizeof(*items), compare_whose);
    for (size_t from = 0, to; from < lapses->count; from = to) {
        bool alike;

        to = from + 1;
        while (to < lapses->count && items[to].whose == items[from].whose)
            to++;
        alike = to - from == states && items[to - 1].ms - items[from].ms <= NOISE_MS;
        for (size_t i = from; i < to; i++)
            ret[i] = (struct instant){ items[i].ms, alike ? BYSTANDERS : THEIRS };
    }
}

/* Sorts them. Those that are one moment become its last, of the weight of the weightiest;
 * if not `near`, only equals are. Returns how many there are. */
static size_t join(struct instant *instants, size_t count, bool near)
{
    int64_t first_ms = 0;
    size_t joined = 0;

    if (count)
        qsort(instants, count, sizeof(*instants), compare_instants);
    for (size_t i = 0; i < count; i++) {
        struct instant *last = joined ? &instants[joined - 1] : NULL;

        if (last &&
            (near ? is_near(first_ms, instants[i].ms) : instants[i].ms == last->ms)) {
            last->ms = instants[i].ms;
            if (instants[i].weight > last->weight)
                last->weight = instants[i].weight;
            continue;
        }
        first_ms = instants[i].ms;
        instants[joined++] = instants[i];
    }
    return joined;
}

/* Of those of the least weight the one that is nearest to the next, by the ratio of their
 * times, becomes one with it. */
static size_t merge_nearest(struct instant *instants, size_t count)
{
    size_t nearest = 0;

    for (size_t i = 1; i + 1 < count; i++) {
        const struct instant *one = &instants[i], *least = &instants[nearest];

        if (one->weight < least->weight ||
            (one->weight == least->weight && (double)one[1].ms / (double)one->ms <
                                                 (double)least[1].ms / (double)least->ms))
            nearest = i;
    }
    memmove(instants + nearest, instants + nearest + 1,
            (count - nearest - 1) * sizeof(*instants));
    return count - 1;
}

struct moments moments_of(struct lapses *lapses, size_t states,
                          const struct lapses *asked)
{
    CLEANUP(mem_freep)
    struct instant *instants =
        MEM_ARRAY(struct instant, lapses->count + asked->count + 1);
    struct moments moments = { .count = 1 };
    size_t count;

    weigh(lapses, states, instants);
    count = join(instants, lapses->count, true);
    for (size_t i = 0; i < asked->count; i++)
        instants[count++] = (struct instant){ asked->items[i].ms, ASKED };
    count = join(instants, count, false);
    moments.merged = count > MOMENTS_MOST - 1;
    while (count > MOMENTS_MOST - 1)
        count = merge_nearest(instants, count);
    for (size_t i = 0; i < count; i++)
        moments.at_ms[moments.count++] = instants[i].ms;
    lapses->count = 0;
    return moments;
}

bool moments_equal(const struct moments *a, const struct moments *b)
{
    return a->count == b->count &&
           memcmp(a->at_ms, b->at_ms, a->count * sizeof(*a->at_ms)) == 0;
}
