/* difference.c - see difference.h. Tails of the binomial and the hypergeometric
 * distribution come from r-mathlib, R's own. */
#include "stats/difference.h"

#include <math.h>
#include <stdlib.h>

#define MATHLIB_STANDALONE 1
#include <Rmath.h>

#include "base/mem.h"
#include "base/mutant.h"
#include "stats/sequence.h"

#define FISHER_TOLERANCE 1e-7 /* as R's fisher.test: equal but for rounding */
#define LEAST_ERROR 1e-12     /* that is told apart from none */
#define MOST_ERROR 0.999
#define BISECTIONS 100

/* Which rate is greater, without rounding: <0, 0, >0. */
static int compare_rates(struct sample a, struct sample b)
{
    unsigned __int128 x = (unsigned __int128)a.hits * b.of;
    unsigned __int128 y = (unsigned __int128)b.hits * a.of;

    return (x > y) - (x < y);
}

static bool nothing_to_test(struct sample base, struct sample new)
{
    return !base.of || !new.of;
}

double difference_estimate(struct sample base, struct sample new)
{
    return nothing_to_test(base, new) ? 0 : sample_rate(&new) - sample_rate(&base);
}

/* The 2x2 table's distribution: hits of the new sample, if all hits are given. */
struct table {
    double new_of, base_of, hits;
};

static double probability(const struct table *table, double x)
{
    return dhyper(x, table->new_of, table->base_of, table->hits, 0);
}

/* Probabilities rise up to the mode and fall from there. The value closest to the mode,
 * on the side of `beyond`, whose probability is still no more than `most`; that of the
 * mode is more. `beyond`, which is one past the last possible value, if there is none:
 * always so where the mode is that last value. */
static double tail_border(const struct table *table, double beyond, double mode,
                          double most)
{
    double inside = beyond, outside = mode;

    while (fabs(outside - inside) > 1) {
        double middle = floor((inside + outside) / 2);

        if (probability(table, middle) <= most)
            inside = middle;
        else
            outside = middle;
    }
    return inside;
}

static double fisher(struct sample base_sample, struct sample new_sample)
{
    struct sample base = sample_effective(&base_sample);
    struct sample new = sample_effective(&new_sample);
    const struct table table = { (double)new.of, (double)base.of,
                                 (double)new.hits + (double)base.hits };
    double least = fmax(0, table.hits - table.base_of);
    double greatest = fmin(table.hits, table.new_of);
    double mode =
        floor((table.hits + 1) * (table.new_of + 1) / (table.new_of + table.base_of + 2));
    double most = probability(&table, (double)new.hits) * (1 + FISHER_TOLERANCE);
    double below, above;

    if (nothing_to_test(base, new) || probability(&table, mode) <= most)
        return 1;
    below = tail_border(&table, least - 1, mode, most);
    above = tail_border(&table, greatest + 1, mode, most);
    return fmin(1, phyper(below, table.new_of, table.base_of, table.hits, 1, 0) +
                       phyper(above - 1, table.new_of, table.base_of, table.hits, 0, 0));
}

static struct interval mover(struct sample base, struct sample new, double confidence)
{
    struct interval b = sample_interval(&base, confidence);
    struct interval n = sample_interval(&new, confidence);
    double pb = sample_rate(&base), pn = sample_rate(&new);

    if (nothing_to_test(base, new))
        return (struct interval){ -1, 1 };
    return (struct interval){
        .low = fmax(-1, pn - pb - hypot(pn - n.low, b.high - pb)),
        .high = fmin(1, pn - pb + hypot(n.high - pn, pb - b.low)),
    };
}

/* The lesser of two tails where they cross: as c grows, one rises and the other falls. */
static double crossing(struct sample more, struct sample fewer)
{
    double low = 0, high = 1, tail = 1;

    for (int i = 0; i < BISECTIONS; i++) {
        double c = (low + high) / 2;
        double rising =
            pbinom((double)more.hits - 1, (double)more.of, c, /* lower */ 0, 0);
        double falling = pbinom((double)fewer.hits, (double)fewer.of, c, 1, 0);

        tail = fmin(rising, falling);
        *(rising < falling ? &low : &high) = c;
    }
    return tail;
}

static double two_tails(struct sample base_sample, struct sample new_sample)
{
    struct sample base = sample_effective(&base_sample);
    struct sample new = sample_effective(&new_sample);
    int order = compare_rates(new, base);

    if (nothing_to_test(base, new) || order == 0)
        return 1;
    return fmin(1, 4 * (order > 0 ? crossing(new, base) : crossing(base, new)));
}

static struct interval two_intervals(struct sample base, struct sample new,
                                     double confidence)
{
    double each = 1 - (1 - confidence) / 2;
    struct interval b = sample_interval(&base, each);
    struct interval n = sample_interval(&new, each);

    if (nothing_to_test(base, new))
        return (struct interval){ -1, 1 };
    return (struct interval){ n.low - b.high, n.high - b.low };
}

static struct interval two_sequences(struct sample base, struct sample new,
                                     double confidence)
{
    double each = 1 - (1 - confidence) / 2;
    struct interval b = sample_sequence_interval(&base, each);
    struct interval n = sample_sequence_interval(&new, each);

    return (struct interval){ n.low - b.high, n.high - b.low };
}

/* Are the rates told apart if so much error is allowed? */
static bool are_apart(struct sample base, struct sample new, double error)
{
    struct interval interval = two_sequences(base, new, 1 - error);

    return interval.low > 0 || interval.high < 0;
}

static double sequence_p(struct sample base, struct sample new)
{
    double low = log(LEAST_ERROR), high = 0;

    if (nothing_to_test(base, new) || !are_apart(base, new, MOST_ERROR))
        return 1;
    for (int i = 0; i < BISECTIONS; i++) {
        double middle = (low + high) / 2;

        *(are_apart(base, new, exp(middle)) ? &high : &low) = middle;
    }
    return exp(high);
}

const struct difference_method *difference_method(bool same_instants)
{
    static const struct difference_method independent = {
        "fisher", "mover-clopper-pearson",
        "The sides have different seeds and are independent.", fisher, mover
    };
    static const struct difference_method dependent = {
        "two-binomial-tails", "two-clopper-pearson",
        "Both sides share their seed, and so may their instants. Of one of them it is "
        "not "
        "known what came of each attempt (a baseline does not say), so there are no "
        "pairs: the test holds under any dependence, and tells less apart.",
        two_tails, two_intervals
    };

    return same_instants && !mutant("fisher-always") ? &dependent : &independent;
}

const struct difference_method *difference_method_of_pairs(void)
{
    static const struct difference_method pairs = {
        "mcnemar-mid-p", "tango",
        "Both sides share their instants, so what each attempt came to on one is held "
        "against what it came to on the other.",
        NULL, NULL
    };

    return &pairs;
}

const struct difference_method *difference_method_of_stopped(void)
{
    static const struct difference_method stopped = {
        "two-confidence-sequences", "two-confidence-sequences",
        "A side ended when its figures were good enough, so the test holds however often "
        "one looks.",
        sequence_p, two_sequences
    };

    return &stopped;
}

struct ranked {
    double p;
    size_t index;
};

static int compare_ranked(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;

    return (x->p > y->p) - (x->p < y->p);
}

void difference_holm(double *p_values, size_t count)
{
    CLEANUP(mem_freep) struct ranked *ranked = MEM_ARRAY(struct ranked, count + 1);
    double least = 0;

    for (size_t i = 0; i < count; i++)
        ranked[i] = (struct ranked){ p_values[i], i };
    qsort(ranked, count, sizeof(*ranked), compare_ranked);
    for (size_t i = 0; i < count && !mutant("no-holm"); i++) {
        least = fmax(least, fmin(1, (double)(count - i) * ranked[i].p));
        p_values[ranked[i].index] = least;
    }
}

uint64_t kills_least(uint64_t from, bool (*decides)(const void *context, uint64_t kills),
                     const void *context)
{
    uint64_t too_few = from ? from - 1 : 0, enough = from ? from : 1;

    while (enough < KILLS_MOST && !decides(context, enough)) {
        too_few = enough;
        enough *= 2;
    }
    if (enough >= KILLS_MOST)
        return KILLS_MOST;
    while (enough - too_few > 1) {
        uint64_t middle = too_few + (enough - too_few) / 2;

        *(decides(context, middle) ? &enough : &too_few) = middle;
    }
    return enough;
}
