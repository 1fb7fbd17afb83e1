/* sample.c - see sample.h. Quantiles come from r-mathlib, R's own. */
#include "stats/sample.h"

#include <math.h>

#include "stats/sequence.h"

#define MATHLIB_STANDALONE 1
#include <Rmath.h>

#define EFFECT_CONFIDENCE 0.95 /* of tests, which have none */

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

double sample_effect(const struct sample *sample, double confidence)
{
    double p = (1 + confidence) / 2, ratio;

    if (!(sample->design.effect > 1) || sample->of < 2)
        return 1;
    ratio = qt(p, sample->design.freedom, 1, 0) / qt(p, (double)sample->of - 1, 1, 0);
    return sample->design.effect * fmax(1, ratio * ratio);
}

/* Attempts that all weigh 1, with the effect. */
static struct weighted spread(const struct weighted *weighted, uint64_t count,
                              bool weighs, double effect)
{
    struct weighted equal = { count, (double)count, (double)count };

    return weighted_spread(weighs ? weighted : &equal, effect);
}

static struct interval clustered_interval(const struct sample *sample, double effect,
                                          double confidence)
{
    bool weighs = sample_is_weighted(sample);
    struct weighted hits = spread(&sample->hit, sample->hits, weighs, effect);
    struct weighted others =
        spread(&sample->other, sample->of - sample->hits, weighs, effect);

    return weighted_share_interval(&hits, &others, confidence);
}

struct interval sample_interval(const struct sample *sample, double confidence)
{
    double effect = sample_effect(sample, confidence);

    if (effect > 1)
        return clustered_interval(sample, effect, confidence);
    return sample_is_weighted(sample)
               ? weighted_share_interval(&sample->hit, &sample->other, confidence)
               : interval_proportion(sample->hits, sample->of, confidence);
}

struct interval sample_sequence_interval(const struct sample *sample, double confidence)
{
    struct weighted all = all_of(sample);
    double effect = sample_effect(sample, confidence), attempts;

    if (!sample_is_weighted(sample) && !(effect > 1))
        return sequence_interval(sample->hits, sample->of, confidence);
    attempts = sample_is_weighted(sample) ? weighted_effective(&all) : (double)sample->of;
    attempts = fmax(1, floor(attempts / effect));
    return sequence_interval((uint64_t)llround(sample_rate(sample) * attempts),
                             (uint64_t)attempts, confidence);
}

double sample_squares(const struct sample *sample)
{
    double rate = sample_rate(sample);

    if (!sample_is_weighted(sample))
        return (double)sample->of * rate * (1 - rate);
    return (1 - rate) * (1 - rate) * sample->hit.squares +
           rate * rate * sample->other.squares;
}

/* So many attempts of the same weight would have the variance of these, if all were
 * independent. */
static double effective_of(const struct sample *sample)
{
    struct weighted all = all_of(sample);
    double rate = sample_rate(sample), squares = sample_squares(sample);

    if (!sample_is_weighted(sample))
        return (double)sample->of;
    return squares > 0 ? rate * (1 - rate) * all.sum * all.sum / squares
                       : weighted_effective(&all);
}

struct sample sample_effective(const struct sample *sample)
{
    double effect = sample_effect(sample, EFFECT_CONFIDENCE), attempts, hits;

    if (!sample_is_weighted(sample) && !(effect > 1))
        return (struct sample){ .hits = sample->hits, .of = sample->of };
    attempts = floor(effective_of(sample) / effect);
    attempts = fmax(1, fmin(attempts, (double)sample->of));
    hits = round(sample_rate(sample) * attempts);
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
        .design = sample->design,
    };
}
