/* sample.c - see sample.h. */
#include "stats/sample.h"

#include <math.h>

#include "stats/sequence.h"

static struct weighted all_of(const struct sample *sample)
{
    return weighted_both(&sample->hit, &sample->other);
}

bool sample_is_weighted(const struct sample *sample)
{
    struct weighted all = all_of(sample);

    return all.count && !weighted_equal(&all);
}

double sample_rate(const struct sample *sample)
{
    if (sample_is_weighted(sample))
        return sample->hit.sum / (sample->hit.sum + sample->other.sum);
    return sample->of ? (double)sample->hits / (double)sample->of : 0;
}

struct interval sample_interval(const struct sample *sample, double confidence)
{
    return sample_is_weighted(sample)
               ? weighted_share_interval(&sample->hit, &sample->other, confidence)
               : interval_proportion(sample->hits, sample->of, confidence);
}

struct interval sample_sequence_interval(const struct sample *sample, double confidence)
{
    struct weighted all = all_of(sample);
    double attempts;

    if (!sample_is_weighted(sample))
        return sequence_interval(sample->hits, sample->of, confidence);
    attempts = floor(weighted_effective(&all));
    return sequence_interval((uint64_t)llround(sample_rate(sample) * attempts),
                             (uint64_t)attempts, confidence);
}

struct sample sample_effective(const struct sample *sample)
{
    struct weighted all = all_of(sample);
    double rate = sample_rate(sample), variance, attempts, hits;

    if (!sample_is_weighted(sample))
        return (struct sample){ .hits = sample->hits, .of = sample->of };
    variance = ((1 - rate) * (1 - rate) * sample->hit.squares +
                rate * rate * sample->other.squares) /
               (all.sum * all.sum);
    attempts = variance > 0 ? rate * (1 - rate) / variance : weighted_effective(&all);
    attempts = fmax(1, fmin(floor(attempts), (double)sample->of));
    hits = round(rate * attempts);
    if (sample->hits && sample->hits < sample->of && attempts > 1)
        hits = fmax(1, fmin(hits, attempts - 1));
    return (struct sample){ .hits = (uint64_t)hits, .of = (uint64_t)attempts };
}

static struct weighted scaled(const struct weighted *weighted, double factor)
{
    return (struct weighted){ (uint64_t)llround((double)weighted->count * factor),
                              weighted->sum * factor, weighted->squares * factor };
}

struct sample sample_scaled(const struct sample *sample, uint64_t attempts)
{
    double factor = sample->of ? (double)attempts / (double)sample->of : 0;

    return (struct sample){
        .hits = sample->of ? (uint64_t)llround((double)sample->hits * factor) : 0,
        .of = attempts,
        .hit = scaled(&sample->hit, factor),
        .other = scaled(&sample->other, factor),
    };
}
