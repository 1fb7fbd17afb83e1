/* figures.c - see figures.h; what is done in how much time: figures_pace.c. */
#include "result/figures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "plan/aim.h"
#include "result/hidden.h"
#include "result/stopping.h"
#include "stats/durations.h"
#include "stats/ratio.h"

/* Updates that follow each other are drawn together, so that a machine whose speed
 * changes does not look more certain than it is; and so that it does not take long. */
#define PREDICTION_BLOCKS 200
#define HELD_UP 0.25 /* of what an update takes */
#define LATER_CONFIDENCE 0.95

/* Does a rate count the kills that leave this crash point? */
static bool is_counted(const struct finding *finding, uint64_t k, enum tally_rate rate)
{
    return tally_counts(rate, &finding->points[k].verdict);
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

uint64_t figure_written_ns(const struct finding *finding, uint64_t index)
{
    return finding->timeline_count ? median_ns(finding, index) : 0;
}

uint64_t figure_duration_ns(const struct finding *finding)
{
    return figure_written_ns(finding, finding->commands);
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

struct prediction figure_prediction(const struct result *result,
                                    const struct finding *finding, enum tally_rate rate)
{
    size_t rows = finding->timeline_count;
    size_t blocks = rows < PREDICTION_BLOCKS ? rows : PREDICTION_BLOCKS;
    CLEANUP(mem_freep) uint64_t *counted = mem_alloc((blocks + 1) * sizeof(*counted));
    CLEANUP(mem_freep) uint64_t *whole = mem_alloc((blocks + 1) * sizeof(*whole));
    double counted_sum_ns = 0, whole_sum_ns = 0;

    if (!rows || !tally_census_complete(finding))
        return (struct prediction){ .known = false };
    for (size_t row = 0; row < rows; row++) {
        const uint64_t *times_ns = timeline(finding, row);
        uint64_t part_ns = counted_ns(finding, rate, times_ns);

        counted[row * blocks / rows] += part_ns;
        whole[row * blocks / rows] += times_ns[finding->commands];
        counted_sum_ns += (double)part_ns;
        whole_sum_ns += (double)times_ns[finding->commands];
    }
    return (struct prediction){
        .known = whole_sum_ns > 0,
        .rate = whole_sum_ns > 0 ? counted_sum_ns / whole_sum_ns : 0,
        .interval =
            ratio_of_sums(counted, whole, blocks, result->confidence, result->plan.seed),
        .updates = rows,
    };
}

struct agreement figure_agreement(const struct finding *finding, struct rate measured,
                                  const struct prediction *prediction)
{
    struct agreement agreement = { .agrees = true };
    struct interval m = measured.interval, p = prediction->interval;

    if (!measured.of || !prediction->known)
        return agreement;
    agreement.known = true;
    agreement.difference = measured.estimate - prediction->rate;
    agreement.interval = (struct interval){
        agreement.difference -
            hypot(measured.estimate - m.low, p.high - prediction->rate),
        agreement.difference +
            hypot(m.high - measured.estimate, prediction->rate - p.low),
    };
    agreement.agrees = agreement.interval.low <= PREDICTION_SLACK &&
                       agreement.interval.high >= -PREDICTION_SLACK;
    agreement.unexecuted = (double)finding->kills.unexecuted / (double)measured.of;
    return agreement;
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

/* Workers that lived long enough to be killed inside the update, or were not. */
static double attempts_of(const struct finding *finding)
{
    const uint64_t *outcomes = finding->kills.outcomes;

    return (double)(outcomes[OUTCOME_VALID] + outcomes[OUTCOME_MISSED] +
                    outcomes[OUTCOME_EARLY] + outcomes[OUTCOME_DISTURBED]);
}

/* Time per update in which a death does what the rate counts, ns. */
static struct interval counted_time(const struct finding *finding, enum tally_rate rate,
                                    double confidence, const struct stopping *rules)
{
    const struct weighted *all = &finding->kills.weights;
    double attempts = attempts_of(finding);
    double each = 1 - (1 - confidence) / 2;
    struct sample sample = tally_sample(finding, rate);
    double effect = sample_effect(&sample, confidence);
    struct weighted hit = weighted_spread(&sample.hit, effect);
    struct interval time, share;

    if (!stopping_is_asked(rules)) {
        time = weighted_sum_interval(&hit, effect * weighted_unit(all), confidence);
        return (struct interval){ time.low / attempts, time.high / attempts };
    }
    time = weighted_sum_interval(all, weighted_unit(all), each);
    share = stopping_interval(rules, &sample, each);
    return (struct interval){ time.low / attempts * share.low,
                              time.high / attempts * share.high };
}

/* What most updates as those that are killed take at most, as kills are aimed by it. */
static double most_ns_of(const struct finding *finding)
{
    CLEANUP(mem_freep) uint64_t *ran_ns = MEM_ARRAY(uint64_t, finding->cold_count);

    for (size_t i = 0; i < finding->cold_count; i++)
        ran_ns[i] = finding->cold[i].ran_ns;
    return finding->cold_count ? aim_most_of(ran_ns, finding->cold_count) : 0;
}

double figure_contention(const struct finding *finding)
{
    double held_up_ns = 0, sum_ns = 0, most_ns = most_ns_of(finding);

    if (!finding->cold_count)
        return finding->unseen.contention;
    for (size_t i = 0; i < finding->cold_count; i++) {
        double ran_ns = (double)finding->cold[i].ran_ns;
        double waited_ns = (double)finding->cold[i].waited_ns;
        double lasted_ns = ran_ns + waited_ns;
        double looked_at_ns = ran_ns > most_ns ? lasted_ns : fmin(lasted_ns, most_ns);

        sum_ns += looked_at_ns;
        if (waited_ns > ran_ns * HELD_UP)
            held_up_ns += looked_at_ns;
    }
    return sum_ns > 0 && !mutant("contention-unsaid") ? held_up_ns / sum_ns : 0;
}

/* Time per update that kills have seen, ns: what they stand for. */
static double seen_ns(const struct finding *finding)
{
    return finding->kills.weights.count
               ? finding->kills.weights.sum / attempts_of(finding)
               : 0;
}

/* A sum of few, of n numbers of which all others are 0, at most: by how much they vary
 * (where all are equal, nothing), and as if one more had come. */
static double most_of(struct weighted few, double n)
{
    double unit = weighted_unit(&few);

    if (!few.count || mutant("few-are-all"))
        return few.sum;
    few.squares = fmax(0, few.squares - few.sum * few.sum / n);
    few.count = 0; /* nothing is asked of its lower limit */
    return weighted_sum_interval(&few, unit, LATER_CONFIDENCE).high;
}

/* Time per update that is later than all valid kills, ns, at most. Of few long updates
 * that were seen there may as well be twice as many. */
static double unseen_ns(const struct finding *finding)
{
    double n = (double)finding->cold_count, unsampled = finding->unseen.unsampled;
    struct weighted later = { .count = 0 };

    for (size_t i = 0; i < finding->cold_count; i++)
        if (finding->cold[i].ran_ns > finding->kills.latest_ns)
            weighted_add(&later,
                         (double)(finding->cold[i].ran_ns - finding->kills.latest_ns));
    if (finding->cold_count)
        return most_of(later, n) / n;
    return unsampled < 1 ? unsampled / (1 - unsampled) * seen_ns(finding) : INFINITY;
}

double figure_unsampled(const struct finding *finding)
{
    double earlier_ns = 0, later_ns;

    if (!finding->cold_count)
        return finding->unseen.unsampled;
    for (size_t i = 0; i < finding->cold_count; i++)
        earlier_ns +=
            fmin((double)finding->cold[i].ran_ns, (double)finding->kills.latest_ns);
    later_ns = unseen_ns(finding) * (double)finding->cold_count;
    if (!finding->kills.weights.count || !(later_ns > 0) || mutant("late-unsaid"))
        return 0;
    return later_ns / (earlier_ns + later_ns);
}

/* As a rate's interval is (figure_kill_rate()). */
static void widen_time(const struct finding *finding, struct hidden hidden,
                       struct interval *time)
{
    double contention = hidden.contention;
    double mean_ns = seen_ns(finding);

    time->low = fmax(0, time->low - contention * mean_ns);
    if (!hidden.possible)
        return;
    time->high = contention < 1 ? time->high / (1 - contention) : INFINITY;
    time->high += unseen_ns(finding);
}

struct exposure figure_exposure(const struct finding *finding, enum tally_rate rate,
                                double period_s, double confidence,
                                const struct stopping *rules)
{
    struct sample sample = tally_sample(finding, rate);
    double per_ns = 1e6 / (period_s * (double)NSEC_PER_SEC);
    struct interval time;

    if (!(period_s > 0) || !(sample.hit.count + sample.other.count) ||
        !isfinite(per_ns * sample.hit.sum))
        return (struct exposure){ .known = false };
    time = counted_time(finding, rate, confidence, rules);
    widen_time(finding, hidden_from(finding, rate), &time);
    return (struct exposure){
        .known = true,
        .seen = sample.hits > 0,
        .estimate = per_ns * sample.hit.sum / attempts_of(finding),
        .low = per_ns * time.low,
        .high = per_ns * time.high,
    };
}

static const char *method_of(const struct result *result, const struct sample *sample)
{
    return stopping_is_asked(&result->stopping) ? "confidence-sequence"
           : sample_is_weighted(sample)         ? "weighted"
           : sample->design.effect > 1          ? "korn-graubard"
                                                : "clopper-pearson";
}

struct rate figure_rate(const struct result *result, struct sample sample)
{
    return (struct rate){
        .hits = sample.hits,
        .of = sample.of,
        .estimate = sample_rate(&sample),
        .interval = stopping_interval(&result->stopping, &sample, result->confidence),
        .method = method_of(result, &sample),
        .effect = sample_effect(&sample, result->confidence),
    };
}

struct rate figure_valid(const struct result *result, const struct finding *finding)
{
    return figure_rate(result, (struct sample){ .hits = tally_valid(finding),
                                                .of = tally_attempts(finding) });
}

static struct rate widened(struct rate rate, struct hidden hidden)
{
    rate.interval = hidden_widen(hidden, rate.interval);
    return rate;
}

struct rate figure_kill_rate_of(const struct result *result,
                                const struct finding *finding, enum tally_rate rate,
                                struct sample sample)
{
    return widened(figure_rate(result, sample), hidden_from(finding, rate));
}

struct rate figure_kill_rate(const struct result *result, const struct finding *finding,
                             enum tally_rate rate)
{
    return figure_kill_rate_of(result, finding, rate, tally_sample(finding, rate));
}

double figure_widest(const struct result *result, const struct finding *finding)
{
    double widest = 0;

    for (int i = 0; i < RATE_COUNT; i++) {
        struct interval interval =
            figure_kill_rate(result, finding, (enum tally_rate)i).interval;

        widest = fmax(widest, interval.high - interval.low);
    }
    return widest;
}

struct rate figure_passing_rate(const struct result *result,
                                const struct finding *finding)
{
    struct hidden hidden = hidden_from(finding, RATE_HARMED);

    hidden.possible = figure_passing(finding).points > 0;
    return widened(figure_rate(result, tally_passing(finding)), hidden);
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
    return valid.interval.high < 0.6;
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
