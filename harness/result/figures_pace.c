/* figures_pace.c - see figures.h: what updates cost, and how much is done per second. */
#include "base/clock.h"
#include "result/figures.h"
#include "stats/durations.h"

struct costs figure_costs(const struct finding *finding)
{
    const uint64_t *samples = finding->samples_ns;
    size_t count = finding->sample_count;
    double mean_ns = durations_mean(samples, count);

    return (struct costs){
        .p50_us = ns_to_us(durations_quantile(samples, count, 0.50)),
        .p90_us = ns_to_us(durations_quantile(samples, count, 0.90)),
        .p99_us = ns_to_us(durations_quantile(samples, count, 0.99)),
        .per_second = mean_ns > 0 ? 1e9 / mean_ns : 0,
    };
}

static double per_second(const struct result *result, enum stage stage, uint64_t count)
{
    double seconds = result->stage_seconds[stage];

    return seconds > 0 ? (double)count / seconds : 0;
}

double figure_kills_per_second(const struct result *result)
{
    uint64_t attempts = 0;

    result_foreach (finding, result)
        attempts += tally_attempts(finding);
    return per_second(result, STAGE_KILLS, attempts);
}

double figure_points_per_second(const struct result *result)
{
    uint64_t points = 0;

    result_foreach (finding, result)
        if (tally_census_complete(finding))
            points += finding->commands + 1;
    return per_second(result, STAGE_CENSUS, points);
}

double figure_strikes_per_second(const struct result *result, enum fault_id id)
{
    uint64_t points = 0;

    result_foreach (finding, result)
        points += finding->strikes[id].points;
    return per_second(result, fault_by_id(id)->stage, points);
}
