/* measured.c - see measured.h. */
#include "result/measured.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "result/tally.h"

size_t measured_timelines_most(const struct result *result, const struct finding *finding)
{
    uint64_t times = finding->commands + 1, least = TIMELINES_LEAST_TIMES / times;
    uint64_t most = TIMELINE_TIMES_MOST / result->plan.strategies / times;

    least = least < 2 ? 2 : least < TIMELINES_LEAST ? least : TIMELINES_LEAST;
    return (size_t)(most > least ? most : least);
}

static void add_timeline(const struct result *result, struct finding *finding,
                         const uint64_t *times_ns, size_t count)
{
    if (!thinned_takes(&finding->timelines, measured_timelines_most(result, finding),
                       &finding->timeline_count, finding->timelines_ns,
                       count * sizeof(*times_ns)))
        return;
    finding->timelines_ns =
        mem_grow(finding->timelines_ns, (finding->timeline_count + 1) * count,
                 sizeof(*finding->timelines_ns));
    memcpy(finding->timelines_ns + finding->timeline_count++ * count, times_ns,
           count * sizeof(*times_ns));
}

static void add_cold(struct finding *finding, struct cold cold)
{
    if (!thinned_takes(&finding->colds, COLD_MOST, &finding->cold_count, finding->cold,
                       sizeof(cold)))
        return;
    finding->cold =
        mem_grow(finding->cold, finding->cold_count + 1, sizeof(*finding->cold));
    finding->cold[finding->cold_count++] = cold;
}

static void add_block(struct finding *finding, const uint64_t *durations_ns, size_t count)
{
    finding->block_starts =
        mem_grow(finding->block_starts, finding->block_count + 1, sizeof(size_t));
    finding->block_starts[finding->block_count++] = finding->sample_count;
    finding->samples_ns = mem_grow(finding->samples_ns, finding->sample_count + count + 1,
                                   sizeof(*finding->samples_ns));
    memcpy(finding->samples_ns + finding->sample_count, durations_ns,
           count * sizeof(*durations_ns));
    finding->sample_count += count;
}

int measured_take(struct result *result, const struct event_samples *samples,
                  struct err *err)
{
    struct finding *finding = &result->findings[samples->strategy];
    size_t count = (size_t)samples->count;

    if (samples->kind == SAMPLES_TIMELINE) {
        if (!finding->controlled || count != finding->commands + 1)
            return tally_contradiction(finding, "how many commands it sends", err);
        add_timeline(result, finding, samples->values, count);
        return 0;
    }
    if (samples->kind == SAMPLES_COLD) {
        if (count < 1 || count > 2)
            return tally_contradiction(finding, "how long its updates take", err);
        add_cold(finding, (struct cold){ samples->values[0],
                                         count == 2 ? samples->values[1] : 0 });
        finding->blind |= count == 1;
        return 0;
    }
    add_block(finding, samples->values, count);
    return 0;
}

void measured_take_block(struct result *result, const struct event_block *block)
{
    double waited_s = ns_to_s((double)block->kills_waited_ns) / (double)result->lanes;

    if (block->kills_waited_ns && result->lanes) {
        result->stage_seconds[STAGE_KILLS] -= waited_s;
        result->stage_seconds[STAGE_AIM] += waited_s;
    }
    for (uint32_t i = 0; i < block->strategies; i++)
        add_block(&result->findings[block->first + i], block->values + i * block->count,
                  (size_t)block->count);
}
