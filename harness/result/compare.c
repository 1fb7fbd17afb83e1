/* compare.c - see compare.h. */
#include "result/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "result/speed.h"
#include "result/stopping.h"

/* Are these kills, on both sides, as many as those that did harm? Then a second test of
 * the same numbers would only weaken the first. */
static bool repeats_harmed(const struct rate_difference *rates, enum tally_rate id)
{
    return rates[id].base.hits == rates[RATE_HARMED].base.hits &&
           rates[id].new.hits == rates[RATE_HARMED].new.hits;
}

const struct rate_difference *compare_rate(const struct comparison_row *row,
                                           enum tally_rate id)
{
    return &row->rates[repeats_harmed(row->rates, id) ? RATE_HARMED : id];
}

static bool is_compared(const struct rate_difference *rates, enum tally_rate id)
{
    bool any = rates[id].base.hits || rates[id].new.hits;

    return id == RATE_HARMED || (any && !repeats_harmed(rates, id));
}

static void compare_rates(const struct comparison *comparison, struct comparison_row *row)
{
    const struct rate_side base = { comparison->base, row->base };
    const struct rate_side new = { comparison->new, row->new };

    for (int i = 0; i < RATE_COUNT; i++)
        row->rates[i] =
            rate_difference_of(base, new, (enum tally_rate)i, comparison->method,
                               comparison->options.confidence);
    for (int i = 0; i < RATE_COUNT; i++)
        row->rates[i].tested =
            row->rates[i].base.of &&
            row->rates[i].new.of &&is_compared(row->rates, (enum tally_rate)i);
}

/* Of a single duration the mean has no bound, and a period can be any number. */
static bool is_finite(const struct exposure *exposure)
{
    return exposure->known && isfinite(exposure->estimate) && isfinite(exposure->low) &&
           isfinite(exposure->high);
}

/* Each side's interval may be wrong with half of the error (Bonferroni). */
static struct exposure_difference compare_exposures(const struct comparison *comparison,
                                                    const struct comparison_row *row,
                                                    enum tally_rate rate,
                                                    double base_period_s,
                                                    double new_period_s)
{
    double each = 1 - (1 - comparison->options.confidence) / 2;
    struct exposure base = figure_exposure(row->base, rate, base_period_s, each,
                                           &comparison->base->stopping);
    struct exposure new =
        figure_exposure(row->new, rate, new_period_s, each, &comparison->new->stopping);

    if (!is_finite(&base) || !is_finite(&new))
        return (struct exposure_difference){ .known = false };
    return (struct exposure_difference){
        .known = true,
        .base = base.estimate,
        .new = new.estimate,
        .estimate = new.estimate - base.estimate,
        .interval = { new.low - base.high, new.high - base.low },
    };
}

static void compare_censuses(const struct comparison *comparison,
                             struct comparison_row *row)
{
    if (!comparison->pairs && row->base->controlled && row->new->controlled)
        row->uncrashed = (row->new->unbegun | row->new->uncrashed) &
                         ~(row->base->unbegun | row->base->uncrashed);
    row->census = census_compare(row->base, row->new, comparison->pairs);
}

/* Not inferior: the harm of any kind is not greater by the margin. */
static void compare_with_margin(const struct comparison *comparison,
                                struct comparison_row *row)
{
    double margin = comparison->options.margin;

    if (margin > 0 && !comparison->pairs)
        row->margin =
            rate_difference_margin(&row->rates[RATE_HARMED], margin, &row->margin_kills);
}

static struct ratio compare_speeds(const struct comparison *comparison,
                                   const struct comparison_row *row)
{
    double confidence = comparison->options.confidence;

    if (comparison->pairs)
        return speed_beside(row->base, row->new, confidence);
    if (comparison->options.interleaved)
        return speed_in_turns(row->base, row->new, comparison->new->slices, confidence);
    return speed_apart(row->base, row->new);
}

static void add_row(struct comparison *comparison, const struct finding *base,
                    const struct finding *new)
{
    struct comparison_row *row;

    comparison->rows = mem_grow(comparison->rows, comparison->count + 1, sizeof(*row));
    row = &comparison->rows[comparison->count++];
    *row = (struct comparison_row){ .base = base, .new = new };
    compare_rates(comparison, row);
    for (int i = 0; i < RATE_COUNT; i++) {
        struct exposed *exposed = &row->exposed[i];
        enum tally_rate rate = (enum tally_rate)i;

        /* In a million SIGKILLs, one update per second, as many count as it has us. */
        exposed->us = compare_exposures(comparison, row, rate, 1, 1);
        exposed->per_million = compare_exposures(
            comparison, row, rate, figure_period_s(comparison->base->scenario),
            figure_period_s(comparison->new->scenario));
    }
    row->speed = compare_speeds(comparison, row);
    compare_censuses(comparison, row);
    compare_with_margin(comparison, row);
}

/* All tested rates, one after the other; NULL past the last. */
static struct rate_difference *tested_rate(struct comparison *comparison, size_t index)
{
    for (size_t i = 0; i < comparison->count * RATE_COUNT; i++) {
        struct rate_difference *rate =
            &comparison->rows[i / RATE_COUNT].rates[i % RATE_COUNT];

        if (rate->tested && index-- == 0)
            return rate;
    }
    return NULL;
}

/* Corrects for the number of tests, and judges. */
static void judge_all(struct comparison *comparison)
{
    CLEANUP(mem_freep) double *p_values = NULL;

    while (tested_rate(comparison, comparison->tests))
        comparison->tests++;
    p_values = MEM_ARRAY(double, comparison->tests + 1);
    for (size_t i = 0; i < comparison->tests; i++)
        p_values[i] = tested_rate(comparison, i)->p;
    difference_holm(p_values, comparison->tests);
    for (size_t i = 0; i < comparison->tests; i++)
        rate_difference_judge(tested_rate(comparison, i), p_values[i], comparison->tests);
}

static bool keeps_attempts(const struct result *result)
{
    result_foreach (finding, result)
        if (!finding->attempts)
            return false;
    return true;
}

static const struct difference_method *choose_method(const struct result *base,
                                                     const struct result *new,
                                                     bool same_instants)
{
    if (stopping_is_asked(&base->stopping) || stopping_is_asked(&new->stopping))
        return difference_method_of_stopped();
    return same_instants && keeps_attempts(base) && keeps_attempts(new)
               ? difference_method_of_pairs()
               : difference_method(same_instants);
}

void compare_runs(const struct result *base, const struct result *new,
                  const struct compare_options *options, struct comparison *ret)
{
    *ret = (struct comparison){
        .base = base,
        .new = new,
        .options = *options,
        .method = choose_method(base, new, base->plan.seed == new->plan.seed),
    };
    result_foreach (finding, new) {
        const struct finding *before = finding_named(base, finding->strategy->name);

        if (before)
            add_row(ret, before, finding);
    }
    judge_all(ret);
    comparable_runs(base, new, &ret->comparable);
}

void compare_pairs(const struct result *result, const struct compare_options *options,
                   struct comparison *ret)
{
    *ret = (struct comparison){
        .base = result,
        .new = result,
        .options = *options,
        .pairs = true,
        .method = choose_method(result, result, true),
    };
    for (size_t i = 0; i < result->plan.strategies; i++)
        for (size_t j = i + 1; j < result->plan.strategies; j++)
            add_row(ret, &result->findings[i], &result->findings[j]);
    judge_all(ret);
    comparable_run(result, &ret->comparable);
}

void comparison_release(struct comparison *comparison)
{
    comparable_release(&comparison->comparable);
    free(comparison->rows);
    *comparison = (struct comparison){ .count = 0 };
}

static bool any_rate(const struct comparison_row *row, enum compare_verdict verdict)
{
    for (int i = 0; i < RATE_COUNT; i++)
        if (row->rates[i].verdict == verdict)
            return true;
    return false;
}

bool compare_is_itself(const struct comparison *comparison)
{
    return !comparison->pairs && comparable_same_run(comparison->base, comparison->new);
}

bool compare_regressed(const struct comparison *comparison,
                       const struct comparison_row *row)
{
    bool by_rate = comparison->options.margin > 0 ? row->margin == MARGIN_EXCEEDED
                                                  : any_rate(row, COMPARE_WORSE);

    return !comparison->pairs &&
           (by_rate || row->census.worse || row->census.harm.longer || row->uncrashed);
}

bool compare_is_padding(const struct comparison_row *row)
{
    const struct interval *speed = &row->speed.interval;
    const struct exposure_difference *us = &row->exposed[RATE_HARMED].us;

    if (!row->speed.bounded || !us->known)
        return false;
    switch (row->rates[RATE_HARMED].verdict) {
    case COMPARE_BETTER:
        return speed->high < 1 && us->interval.high >= 0;
    case COMPARE_WORSE:
        return speed->low > 1 && us->interval.low <= 0;
    case COMPARE_UNKNOWN:
    case COMPARE_UNSEEN:
        break;
    }
    return false;
}

double compare_shift(const struct comparison *comparison)
{
    double most = 0;

    for (size_t i = 0; i < comparison->count * RATE_COUNT; i++) {
        const struct rate_difference *rate =
            &comparison->rows[i / RATE_COUNT].rates[i % RATE_COUNT];

        if (rate->tested)
            most = fmax(most, fmax(-rate->shift.low, rate->shift.high));
    }
    return most;
}

static enum exit_status row_status(const struct comparison *comparison,
                                   const struct comparison_row *row)
{
    bool base_killed = tally_valid(row->base) > 0, new_killed = tally_valid(row->new) > 0;

    if (compare_regressed(comparison, row))
        return EXIT_FAIL;
    if (row->margin == MARGIN_UNDECIDED || base_killed != new_killed)
        return EXIT_INCONCLUSIVE;
    return base_killed || row->census.known ? EXIT_PASS : EXIT_INCONCLUSIVE;
}

/* A run that was not finished, or has deaths that nobody can explain, clears nobody. */
static bool can_clear(const struct result *result)
{
    return result->complete && !tally_all_unexplained(result);
}

/* What the base had and the new run does not try is not shown to be as good. */
static bool is_whole(const struct comparison *comparison)
{
    const struct result *base = comparison->base;
    size_t missed = 0;

    result_foreach (finding, base)
        missed += !finding_named(comparison->new, finding->strategy->name);
    return comparison->count && (comparison->options.chosen || !missed);
}

enum exit_status compare_exit_status(const struct comparison *comparison)
{
    enum exit_status worst =
        is_whole(comparison) && can_clear(comparison->base) && can_clear(comparison->new)
            ? EXIT_PASS
            : EXIT_INCONCLUSIVE;

    if (comparison->pairs)
        return EXIT_PASS;
    for (size_t i = 0; i < comparison->count; i++) {
        enum exit_status status = row_status(comparison, &comparison->rows[i]);

        if (status == EXIT_FAIL)
            return EXIT_FAIL;
        if (status == EXIT_INCONCLUSIVE)
            worst = status;
    }
    return worst;
}

const char *compare_rate_name(enum tally_rate rate)
{
    static const char *const names[RATE_COUNT] = {
        [RATE_HARMED] = "harmed",
        [RATE_LEAKED] = "leaked",
        [RATE_TORN] = "torn",
    };

    return names[rate];
}

const char *compare_verdict_name(enum compare_verdict verdict)
{
    static const char *const names[] = {
        [COMPARE_UNKNOWN] = "nothing to compare",
        [COMPARE_UNSEEN] = "not distinguishable",
        [COMPARE_BETTER] = "better",
        [COMPARE_WORSE] = "worse",
    };

    return names[verdict];
}

const char *margin_verdict_name(enum margin_verdict verdict)
{
    static const char *const names[] = {
        [MARGIN_UNASKED] = "not asked for",
        [MARGIN_HELD] = "held",
        [MARGIN_EXCEEDED] = "exceeded",
        [MARGIN_UNDECIDED] = "undecided",
    };

    return names[verdict];
}
