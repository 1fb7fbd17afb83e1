/* paired.c - see paired.h. Distributions come from r-mathlib, R's own. */
#include "stats/paired.h"

#include <math.h>

#define MATHLIB_STANDALONE 1
#include <Rmath.h>

#include "base/mutant.h"

#define BISECTIONS 60

void paired_add(struct paired_sum *sum, double addend)
{
    sum->sum += addend;
    sum->absolute += fabs(addend);
    sum->squares += addend * addend;
}

struct paired paired_from(const struct paired_sum *sum, double pairs)
{
    double of = pairs, discordant, surplus;

    if (sum->squares > 0)
        of = fmin(pairs, sum->absolute / sum->squares);
    surplus = sum->sum * of * (mutant("discordants-swapped") ? -1 : 1);
    discordant = fmax(sum->squares * of * of, fabs(surplus));
    return (struct paired){
        .of = of,
        .more = (discordant + surplus) / 2,
        .fewer = (discordant - surplus) / 2,
    };
}

double paired_estimate(const struct paired *paired)
{
    return paired->of > 0 ? (paired->more - paired->fewer) / paired->of : 0;
}

/* The probability that of `discordant` pairs, each of which may be either side's, so many
 * or more are one's; between whole numbers, the beta distribution's. */
static double at_least(double count, double discordant)
{
    if (count <= 0)
        return 1;
    return count < discordant + 1 ? pbeta(0.5, count, discordant - count + 1, 1, 0) : 0;
}

double paired_p(const struct paired *paired)
{
    double discordant = paired->more + paired->fewer;
    double most = fmax(paired->more, paired->fewer);

    if (!(discordant > 0))
        return 1;
    return fmin(1, at_least(most, discordant) + at_least(most + 1, discordant));
}

/* The score of a true difference: what was seen beyond it, over its standard error if
 * that were the truth. The likeliest share of pairs that only the base hit then is the
 * root of a quadratic equation. */
static double score(const struct paired *paired, double difference)
{
    double n = paired->of, spread = difference * (1 - difference);
    double a = 2 * n;
    double b = -paired->more - paired->fewer +
               (2 * n - paired->more + paired->fewer) * difference;
    double c = -paired->fewer * spread;
    double fewer = (sqrt(fmax(0, b * b - 4 * a * c)) - b) / (2 * a);
    double beyond = paired->more - paired->fewer - n * difference;
    double variance = n * (2 * fewer + spread);

    if (variance > 0)
        return beyond / sqrt(variance);
    return beyond > 0 ? INFINITY : beyond < 0 ? -INFINITY : 0;
}

/* Scores fall as the difference grows. */
static double difference_of(const struct paired *paired, double wanted)
{
    double low = -1, high = 1;

    for (int i = 0; i < BISECTIONS; i++) {
        double middle = (low + high) / 2;

        *(score(paired, middle) > wanted ? &low : &high) = middle;
    }
    return (low + high) / 2;
}

struct interval paired_interval(const struct paired *paired, double confidence)
{
    double quantile = qnorm((1 + confidence) / 2, 0, 1, 1, 0);
    double estimate = paired_estimate(paired);

    if (!(paired->of > 0))
        return (struct interval){ -1, 1 };
    return (struct interval){ fmin(estimate, difference_of(paired, quantile)),
                              fmax(estimate, difference_of(paired, -quantile)) };
}

struct paired paired_scaled(const struct paired *paired, double factor)
{
    return (struct paired){ paired->of * factor, paired->more * factor,
                            paired->fewer * factor };
}
