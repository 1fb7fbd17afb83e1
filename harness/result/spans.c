/* spans.c - see spans.h. */
#include "result/spans.h"

#include <string.h>

#include "base/mem.h"
#include "result/figures.h"

static bool is_told_alike(const struct point *a, const struct point *b)
{
    return a->taken == b->taken && a->verdict.now == b->verdict.now &&
           a->verdict.later == b->verdict.later &&
           a->verdict.passing == b->verdict.passing &&
           a->verdict.lasts_ms == b->verdict.lasts_ms;
}

/* When each crash point ends, as a share of the median update; NULL if that is unknown.
 * The caller frees it. */
static double *ends_of(const struct finding *finding)
{
    double whole_ns = (double)figure_duration_ns(finding);
    double *ends;

    if (!(whole_ns > 0))
        return NULL;
    ends = MEM_ARRAY(double, finding->commands + 1);
    for (uint64_t k = 0; k <= finding->commands; k++)
        ends[k] = (double)figure_written_ns(finding, k) / whole_ns;
    return ends;
}

struct spans spans_of(const struct finding *finding, uint64_t each)
{
    CLEANUP(mem_freep) double *ends = ends_of(finding);
    struct spans spans = { .timed = ends };
    uint64_t points = finding_points(finding);
    double from = 0;

    for (uint64_t k = 0; k < points; k++) {
        const struct point *point = &finding->points[k];

        if (points <= each || !k || !is_told_alike(point, point - 1)) {
            spans.items = mem_grow(spans.items, spans.count + 1, sizeof(*spans.items));
            spans.items[spans.count++] = (struct span){ .first = k, .from = from };
        }
        if (ends)
            from = ends[k];
        spans.items[spans.count - 1].last = k;
        spans.items[spans.count - 1].kills += point->kills;
        spans.items[spans.count - 1].to = from;
    }
    return spans;
}

void spans_release(struct spans *spans)
{
    mem_freep(&spans->items);
    *spans = (struct spans){ .items = NULL };
}

uint64_t spans_of_commands(const struct finding *finding, uint64_t first)
{
    uint64_t count = 0;

    while (first + count < finding->commands &&
           strcmp(finding->sent[first + count]->name, finding->sent[first]->name) == 0)
        count++;
    return count;
}
