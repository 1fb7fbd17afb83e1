/* clusters.c - see clusters.h. Quantiles come from r-mathlib, R's own. */
#include "stats/clusters.h"

#include <math.h>

#define MATHLIB_STANDALONE 1
#include <Rmath.h>

#include "base/mutant.h"

/* Numbers of blocks. */
#define MANY 16
#define FEW 8
#define RARER_FOR_EFFECT 2.0 /* per block */
#define RARER_FOR_DRIFT 5.0
#define BY_CHANCE 0.2 /* blocks seem to differ in so many cases where they do not */

static struct cluster sum_of(const struct clustered *clustered, size_t from, size_t to)
{
    struct cluster sum = { 0, 0 };

    for (size_t i = from; i < to; i++) {
        sum.all += clustered->blocks[i].all;
        sum.hit += clustered->blocks[i].hit;
    }
    return sum;
}

static double rate_of(struct cluster sum)
{
    return sum.all > 0 ? sum.hit / sum.all : 0;
}

/* Can so many blocks be told apart? */
static bool can_judge(const struct clustered *clustered, size_t blocks, double rarer)
{
    return clustered->count >= blocks && clustered->single > 0 &&
           clustered->rarer >= rarer * (double)blocks;
}

/* The variance between so many blocks over that of single attempts: 1 on average, if all
 * are independent. */
static double effect_of(const struct clustered *clustered, size_t blocks)
{
    struct cluster all = sum_of(clustered, 0, clustered->count);
    double rate = rate_of(all), squares = 0, n = (double)blocks;

    for (size_t i = 0; i < blocks; i++) {
        struct cluster block = sum_of(clustered, i * clustered->count / blocks,
                                      (i + 1) * clustered->count / blocks);
        double excess = block.hit - rate * block.all;

        squares += excess * excess;
    }
    return n / (n - 1) * squares / clustered->single;
}

/* Blocks - 1 times the effect of chance has a chi-squared distribution, nearly. */
static double chance_of(double effect, size_t blocks)
{
    double freedom = (double)blocks - 1;

    return pchisq(freedom * effect, freedom, 0, 0);
}

struct design clusters_design(const struct clustered *clustered)
{
    struct design design = { .effect = 1 };

    for (size_t blocks = MANY; blocks >= FEW; blocks /= 2) {
        double effect;

        if (!can_judge(clustered, blocks, RARER_FOR_EFFECT) ||
            mutant("blocks-independent"))
            continue;
        effect = effect_of(clustered, blocks);
        if (!design.freedom)
            design.freedom = (unsigned)blocks - 1;
        if (effect <= design.effect || chance_of(effect, blocks) > BY_CHANCE)
            continue;
        design = (struct design){ effect, (unsigned)blocks - 1 };
    }
    return design;
}

/* What the first half has more than its share, if all are independent: of mean 0, and the
 * variance of single attempts in both parts. */
static double halves_chance(const struct clustered *clustered, struct cluster first,
                            struct cluster all)
{
    double share = first.all / all.all;
    double variance = clustered->single * share * (1 - share);
    double excess = first.hit - rate_of(all) * first.all;

    return variance > 0 ? 2 * pnorm(fabs(excess) / sqrt(variance), 0, 1, 0, 0) : 1;
}

struct drift clusters_drift(const struct clustered *clustered)
{
    struct cluster all = sum_of(clustered, 0, clustered->count);
    struct cluster first = sum_of(clustered, 0, clustered->count / 2);
    size_t blocks = MANY;

    if (!can_judge(clustered, blocks, RARER_FOR_DRIFT))
        blocks = FEW;
    if (!can_judge(clustered, blocks, RARER_FOR_DRIFT) || mutant("drift-unseen"))
        return (struct drift){ .known = false };
    return (struct drift){
        .known = true,
        .blocks_p = chance_of(effect_of(clustered, blocks), blocks),
        .halves_p = halves_chance(clustered, first, all),
        .first = rate_of(first),
        .second = rate_of((struct cluster){ all.all - first.all, all.hit - first.hit }),
    };
}
