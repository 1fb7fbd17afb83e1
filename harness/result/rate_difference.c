/* rate_difference.c - see rate_difference.h. */
#include "result/rate_difference.h"

#include <math.h>

#include "base/mutant.h"
#include "result/figures.h"
#include "result/hidden.h"

/* A difference that is the margin, or none, but for rounding. */
#define SAME_ENOUGH 1e-12

static uint64_t fewer_of(const struct rate_difference *difference)
{
    return difference->base.of < difference->new.of ? difference->base.of
                                                    : difference->new.of;
}

static struct paired pairs_of(const struct rate_difference *difference, uint64_t kills)
{
    uint64_t fewer = fewer_of(difference);

    return fewer
               ? paired_scaled(&difference->pairing.paired, (double)kills / (double)fewer)
               : (struct paired){ .of = (double)kills };
}

/* By the method, of samples or of the pairs that they are in. */
static double p_between(const struct rate_difference *difference, struct sample base,
                        struct sample new, const struct paired *pairs)
{
    const struct difference_method *method = difference->method;

    return method->p_value ? method->p_value(base, new) : paired_p(pairs);
}

static struct interval widened(const struct rate_difference *difference,
                               struct interval interval)
{
    return (struct interval){ fmax(-1, interval.low + difference->shift.low),
                              fmin(1, interval.high + difference->shift.high) };
}

static struct interval interval_between(const struct rate_difference *difference,
                                        struct sample base, struct sample new,
                                        const struct paired *pairs)
{
    const struct difference_method *method = difference->method;
    double confidence = difference->confidence;

    return widened(difference, method->interval ? method->interval(base, new, confidence)
                                                : paired_interval(pairs, confidence));
}

/* Those of so many kills on each side, as these are. */
static double p_of(const struct rate_difference *difference, uint64_t kills)
{
    struct paired pairs = pairs_of(difference, kills);

    return p_between(difference, sample_scaled(&difference->base, kills),
                     sample_scaled(&difference->new, kills), &pairs);
}

static struct interval interval_of(const struct rate_difference *difference,
                                   uint64_t kills)
{
    struct paired pairs = pairs_of(difference, kills);

    return interval_between(difference, sample_scaled(&difference->base, kills),
                            sample_scaled(&difference->new, kills), &pairs);
}

static struct interval shift_of(struct rate_side side, enum tally_rate rate,
                                struct sample sample)
{
    return hidden_shift(hidden_from(side.finding, rate),
                        figure_rate(side.result, sample).interval);
}

/* As they are: samples that are scaled are rounded. */
static void measure(struct rate_difference *difference)
{
    const struct paired *pairs = &difference->pairing.paired;

    difference->p = p_between(difference, difference->base, difference->new, pairs);
    difference->p_adjusted = difference->p;
    difference->interval =
        interval_between(difference, difference->base, difference->new, pairs);
}

struct rate_difference rate_difference_of(struct rate_side base, struct rate_side new,
                                          enum tally_rate rate,
                                          const struct difference_method *method,
                                          double confidence)
{
    struct rate_difference difference = {
        .base = tally_sample(base.finding, rate),
        .new = tally_sample(new.finding, rate),
        .method = method,
        .confidence = confidence,
    };
    struct interval b = shift_of(base, rate, difference.base);
    struct interval n = shift_of(new, rate, difference.new);

    if (!mutant("difference-narrow"))
        difference.shift = (struct interval){ n.low - b.high, n.high - b.low };
    if (!method->p_value)
        difference.pairing = pairing_of(base.finding->attempts, new.finding->attempts,
                                        ATTEMPT_COUNTS(rate));
    difference.estimate = difference_estimate(difference.base, difference.new);
    measure(&difference);
    return difference;
}

static bool leaves_out_nothing(struct interval interval)
{
    return interval.low > 0 || interval.high < 0;
}

struct question {
    const struct rate_difference *difference;
    double level, margin;
};

static bool shows_difference(const void *context, uint64_t kills)
{
    const struct question *question = context;

    return p_of(question->difference, kills) <= question->level &&
           leaves_out_nothing(interval_of(question->difference, kills));
}

/* The least at which these rates, if they were exactly the truth, would be told apart,
 * with the most that Holm's correction can demand of one of so many tests. Real samples
 * of that size show it about every other time. */
static uint64_t kills_needed(const struct rate_difference *difference, size_t tests)
{
    const struct question question = {
        .difference = difference,
        .level = (1 - difference->confidence) / (double)(tests ? tests : 1),
    };

    if (!fewer_of(difference) || fabs(difference->estimate) < SAME_ENOUGH ||
        rate_difference_is_hidden(difference))
        return 0;
    return kills_least(fewer_of(difference) + 1, shows_difference, &question);
}

void rate_difference_judge(struct rate_difference *difference, double p_adjusted,
                           size_t tests)
{
    difference->p_adjusted = p_adjusted;
    if (p_adjusted <= 1 - difference->confidence &&
        (leaves_out_nothing(difference->interval) || mutant("interval-unheard"))) {
        difference->verdict = difference->estimate > 0 ? COMPARE_WORSE : COMPARE_BETTER;
        return;
    }
    difference->verdict = COMPARE_UNSEEN;
    difference->kills_needed = kills_needed(difference, tests);
}

bool rate_difference_is_hidden(const struct rate_difference *difference)
{
    double estimate = difference->estimate;

    return fabs(estimate) >= SAME_ENOUGH && estimate + difference->shift.low <= 0 &&
           estimate + difference->shift.high >= 0;
}

static enum margin_verdict judge_margin(struct interval interval, double margin)
{
    return interval.high < margin  ? MARGIN_HELD
           : interval.low > margin ? MARGIN_EXCEEDED
                                   : MARGIN_UNDECIDED;
}

static bool decides_margin(const void *context, uint64_t kills)
{
    const struct question *question = context;

    return judge_margin(interval_of(question->difference, kills), question->margin) !=
           MARGIN_UNDECIDED;
}

/* Would endlessly many kills decide it? */
static bool can_decide(const struct rate_difference *difference, double margin)
{
    return difference->estimate + difference->shift.high < margin - SAME_ENOUGH ||
           difference->estimate + difference->shift.low > margin + SAME_ENOUGH;
}

enum margin_verdict rate_difference_margin(const struct rate_difference *difference,
                                           double margin, uint64_t *ret_kills)
{
    const struct question question = { .difference = difference, .margin = margin };
    enum margin_verdict verdict = judge_margin(difference->interval, margin);

    *ret_kills = 0;
    if (verdict == MARGIN_UNDECIDED && can_decide(difference, margin))
        *ret_kills = kills_least(fewer_of(difference) + 1, decides_margin, &question);
    return verdict;
}
