/* weighted.c - see weighted.h. Quantiles come from r-mathlib, R's own. */
#include "stats/weighted.h"

#include <math.h>

#define MATHLIB_STANDALONE 1
#include <Rmath.h>

#define ROUNDING 1e-9

void weighted_add(struct weighted *weighted, double weight)
{
    weighted->count++;
    weighted->sum += weight;
    weighted->squares += weight * weight;
}

struct weighted weighted_both(const struct weighted *a, const struct weighted *b)
{
    return (struct weighted){ a->count + b->count, a->sum + b->sum,
                              a->squares + b->squares };
}

struct weighted weighted_rest(const struct weighted *whole, const struct weighted *part)
{
    struct weighted rest;

    if (whole->count <= part->count)
        return (struct weighted){ .count = 0 };
    rest.count = whole->count - part->count;
    rest.sum = fmax(0, whole->sum - part->sum);
    /* What is left of large numbers is no less than if all weighed the same. */
    rest.squares =
        fmax(rest.sum * rest.sum / (double)rest.count, whole->squares - part->squares);
    return rest;
}

struct weighted weighted_spread(const struct weighted *weighted, double effect)
{
    return (struct weighted){ weighted->count, weighted->sum,
                              effect * weighted->squares };
}

bool weighted_equal(const struct weighted *weighted)
{
    double n = (double)weighted->count;

    return n * weighted->squares <= weighted->sum * weighted->sum * (1 + ROUNDING);
}

double weighted_unit(const struct weighted *weighted)
{
    return weighted->sum > 0 ? weighted->squares / weighted->sum : 0;
}

double weighted_effective(const struct weighted *weighted)
{
    if (weighted->count == 0 || weighted_equal(weighted))
        return (double)weighted->count;
    return weighted->sum * weighted->sum / weighted->squares;
}

/* A gamma distribution of this mean and variance. */
struct gamma {
    double shape, scale;
};

static struct gamma gamma_of(double mean, double variance)
{
    return (struct gamma){ mean * mean / variance, variance / mean };
}

static struct gamma lower_of(const struct weighted *weighted)
{
    return gamma_of(weighted->sum, weighted->squares);
}

static struct gamma upper_of(const struct weighted *weighted, double unit)
{
    return gamma_of(weighted->sum + unit, weighted->squares + unit * unit);
}

struct interval weighted_sum_interval(const struct weighted *weighted, double unit,
                                      double confidence)
{
    double tail = (1 - confidence) / 2;
    struct gamma upper = upper_of(weighted, unit);
    struct interval interval = { .high = qgamma(tail, upper.shape, upper.scale, 0, 0) };

    if (weighted->count) {
        struct gamma lower = lower_of(weighted);

        interval.low = qgamma(tail, lower.shape, lower.scale, 1, 0);
    }
    return interval;
}

/* The quantile of a / (a + b): a / (a + b) < x where A / (A + B) < y, if A and B are a
 * and b of scale 1, and x / (1 - x) is y / (1 - y) times the ratio of the scales. */
static double share_quantile(double q, struct gamma a, struct gamma b)
{
    double y = qbeta(q, a.shape, b.shape, 1, 0);

    return a.scale * y / (a.scale * y + b.scale * (1 - y));
}

struct interval weighted_share_interval(const struct weighted *hits,
                                        const struct weighted *others, double confidence)
{
    struct weighted all = weighted_both(hits, others);
    double tail = (1 - confidence) / 2, unit = weighted_unit(&all);
    struct interval interval = { 0, 1 };

    if (hits->count)
        interval.low = share_quantile(tail, lower_of(hits), upper_of(others, unit));
    if (others->count)
        interval.high = share_quantile(1 - tail, upper_of(hits, unit), lower_of(others));
    return interval;
}
