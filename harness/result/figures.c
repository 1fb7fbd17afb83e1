/* figures.c - see figures.h. */
#include "result/figures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "result/stopping.h"
#include "stats/durations.h"

/* Does a rate count the kills that leave this crash point? */
static bool is_counted(const struct finding *finding, uint64_t k, enum tally_rate rate)
{
    const struct point *point = &finding->points[k];
    const bool counted[RATE_COUNT] = {
        [RATE_HARMED] = point->verdict.later != 0,
        [RATE_LEAKED] = point->verdict.later & LATER_LEAKED,
        [RATE_TORN] = point->verdict.now == NOW_TORN,
    };

    return counted[rate];
}

static const uint64_t *timeline(const struct finding *finding, size_t row)
{
    return finding->timelines_ns + row * (finding->commands + 1);
}

/* When the median update wrote command `index` + 1; `commands`: when it ended. */
static uint64_t median_ns(const struct finding *finding, uint64_t index)
{
    CLEANUP(mem_freep) uint64_t *times_ns = MEM_ARRAY(uint64_t, finding->timeline_count);

    for (size_t row = 0; row < finding->timeline_count; row++)
        times_ns[row] = timeline(finding, row)[index];
    return (uint64_t)durations_quantile(times_ns, finding->timeline_count, 0.5);
}

uint64_t figure_duration_ns(const struct finding *finding)
{
    return finding->timeline_count ? median_ns(finding, finding->commands) : 0;
}

uint64_t figure_window_ns(const struct finding *finding, enum tally_rate rate)
{
    uint64_t first = UINT64_MAX, last = 0;

    if (!finding->timeline_count || !tally_census_complete(finding))
        return 0;
    for (uint64_t k = 0; k <= finding->commands; k++) {
        if (!is_counted(finding, k, rate))
            continue;
        if (first == UINT64_MAX)
            first = k;
        last = k;
    }
    if (first == UINT64_MAX)
        return 0;
    return median_ns(finding, last) - (first ? median_ns(finding, first - 1) : 0);
}

static uint64_t counted_ns(const struct finding *finding, enum tally_rate rate,
                           const uint64_t *times_ns)
{
    uint64_t sum_ns = 0, from_ns = 0;

    for (uint64_t k = 0; k <= finding->commands; k++) {
        if (is_counted(finding, k, rate))
            sum_ns += times_ns[k] - from_ns;
        from_ns = times_ns[k];
    }
    return sum_ns;
}

static int compare_shares(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

struct prediction figure_prediction(const struct finding *finding, enum tally_rate rate)
{
    size_t rows = finding->timeline_count;
    CLEANUP(mem_freep) double *shares = MEM_ARRAY(double, rows + 1);
    double counted_sum_ns = 0, duration_sum_ns = 0;

    if (!rows || !tally_census_complete(finding))
        return (struct prediction){ .known = false };
    for (size_t row = 0; row < rows; row++) {
        const uint64_t *times_ns = timeline(finding, row);
        double counted = (double)counted_ns(finding, rate, times_ns);
        double duration = (double)times_ns[finding->commands];

        shares[row] = duration > 0 ? counted / duration : 0;
        counted_sum_ns += counted;
        duration_sum_ns += duration;
    }
    qsort(shares, rows, sizeof(*shares), compare_shares);
    return (struct prediction){
        .known = duration_sum_ns > 0,
        .rate = duration_sum_ns > 0 ? counted_sum_ns / duration_sum_ns : 0,
        .low = shares[rows / 4],
        .high = shares[rows - 1 - rows / 4],
    };
}

bool figure_disagrees(struct prediction prediction, struct interval measured)
{
    return prediction.known && (prediction.high + PREDICTION_SLACK < measured.low ||
                                prediction.low - PREDICTION_SLACK > measured.high);
}

static uint64_t start_of(const struct finding *finding, uint64_t step)
{
    return step ? finding->steps[step - 1].end : 0;
}

static bool begins_a_write(const struct finding *finding, uint64_t step)
{
    return step == 0 || finding->steps[step].write != finding->steps[step - 1].write;
}

/* A point inside a write: does a read end between the two commands? A read may have begun
 * where any write began since Redis had last answered everything. */
static bool read_ends_at(const struct finding *finding, uint64_t point)
{
    uint64_t from = finding->steps[point - 1].end, to = finding->steps[point].end;

    for (uint64_t step = point; step-- > 0;) {
        uint64_t start = start_of(finding, step);
        uint64_t reads = (from - start + finding->read_bytes - 1) / finding->read_bytes;

        if (!begins_a_write(finding, step))
            continue;
        if (reads && start + reads * finding->read_bytes < to)
            return true;
        if (finding->steps[step].replies == step)
            return false;
    }
    return false;
}

bool figure_reachable(const struct finding *finding, uint64_t point)
{
    return point == 0 || point == finding->commands || begins_a_write(finding, point) ||
           (finding->read_bytes && read_ends_at(finding, point));
}

struct reach figure_reach(const struct finding *finding)
{
    struct reach reach = { 0, 0, 0 };

    for (uint64_t k = 0; k < finding_points(finding);) {
        const struct point *place = &finding->points[k];
        uint64_t kills = 0, reachable = UINT64_MAX;

        for (; k <= finding->commands &&
               signature_equal(finding->points[k].signature, place->signature);
             k++) {
            kills += finding->points[k].kills;
            if (reachable == UINT64_MAX && figure_reachable(finding, k))
                reachable = k;
        }
        if (kills) {
            reach.reachable++;
            reach.hit++;
        } else if (reachable != UINT64_MAX && reach.reachable++ == reach.hit) {
            reach.missing = reachable; /* all before were hit */
        }
    }
    return reach;
}

double figure_period_s(const struct outline *scenario)
{
    for (size_t i = 0; i < scenario->parameter_count; i++)
        if (strcmp(scenario->parameters[i].name, "period") == 0)
            return strtod(scenario->parameters[i].value, NULL);
    return 0;
}

struct exposure figure_exposure(const struct finding *finding, enum tally_rate rate,
                                double period_s, double confidence,
                                const struct stopping *rules)
{
    struct sample sample = tally_sample(finding, rate);
    double each = 1 - (1 - confidence) / 2;
    struct interval share = stopping_interval(rules, sample.hits, sample.of, each);
    struct interval mean_ns =
        durations_mean_interval(finding->samples_ns, finding->sample_count, each);
    double per_ns = 1e6 / (period_s * (double)NSEC_PER_SEC);

    if (!(period_s > 0) || !sample.of || finding->sample_count < 2 || !isfinite(per_ns))
        return (struct exposure){ .known = false };
    return (struct exposure){
        .known = true,
        .estimate = per_ns * durations_mean(finding->samples_ns, finding->sample_count) *
                    (double)sample.hits / (double)sample.of,
        .low = per_ns * mean_ns.low * share.low,
        .high = per_ns * mean_ns.high * share.high,
    };
}

struct rate figure_rate(const struct result *result, uint64_t hits, uint64_t of)
{
    return (struct rate){ hits, of, of ? (double)hits / (double)of : 0,
                          stopping_interval(&result->stopping, hits, of,
                                            result->confidence) };
}

struct rate figure_kill_rate(const struct result *result, const struct finding *finding,
                             enum tally_rate rate)
{
    struct sample sample = tally_sample(finding, rate);

    return figure_rate(result, sample.hits, sample.of);
}

struct rate figure_passing_rate(const struct result *result,
                                const struct finding *finding)
{
    return figure_rate(result, finding->kills.words.passing, tally_valid(finding));
}

int64_t figure_lasts_ms(const struct finding *finding)
{
    int64_t longest_ms = 0;

    for (uint64_t k = 0; k < finding_points(finding); k++)
        if (finding->points[k].verdict.lasts_ms > longest_ms)
            longest_ms = finding->points[k].verdict.lasts_ms;
    return longest_ms;
}

bool figure_misses(struct rate valid)
{
    return valid.interval.high < 0.8;
}

bool figure_merged(const struct finding *finding)
{
    for (uint64_t k = 0; k < finding_points(finding); k++)
        if (finding->points[k].verdict.merged)
            return true;
    return false;
}

static void add_damage(struct damage *damage, uint64_t point, unsigned words,
                       int64_t lasts_ms)
{
    if (!words)
        return;
    if (!damage->points++)
        damage->first = point;
    damage->words |= words;
    if (lasts_ms > damage->lasts_ms)
        damage->lasts_ms = lasts_ms;
}

struct damage figure_harm(const struct finding *finding)
{
    struct damage damage = { .first = finding_points(finding) };

    for (uint64_t k = 0; k < finding_points(finding); k++)
        add_damage(&damage, k, finding->points[k].verdict.later,
                   finding->points[k].verdict.lasts_ms);
    return damage;
}

struct damage figure_passing(const struct finding *finding)
{
    struct damage damage = { .first = finding_points(finding) };

    for (uint64_t k = 0; k < finding_points(finding); k++)
        if (!finding->points[k].verdict.later)
            add_damage(&damage, k, finding->points[k].verdict.passing,
                       finding->points[k].verdict.lasts_ms);
    return damage;
}

const char *figure_method(const struct result *result)
{
    return stopping_is_asked(&result->stopping) ? "confidence-sequence"
                                                : "clopper-pearson";
}

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
