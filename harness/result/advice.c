/* advice.c - see advice.h. */
#include "result/advice.h"

#include "result/figures.h"
#include "result/speed.h"
#include "result/tally.h"

#define ALIKE 1.1 /* medians that differ by less are told as the same */

static bool does_harm(const struct finding *finding)
{
    return figure_harm(finding).points || finding->uncrashed || finding->unbegun;
}

static bool is_disturbed(const struct finding *finding)
{
    return figure_passing(finding).points || finding->uncrashed_passing;
}

static bool is_known(const struct finding *finding)
{
    return tally_census_complete(finding) && !tally_unexplained(finding);
}

/* Of two without harm. Who was not measured comes last, else the order of the file holds.
 */
static bool is_better(const struct finding *a, const struct finding *b)
{
    double a_us = figure_costs(a).p50_us, b_us = figure_costs(b).p50_us;

    if (is_disturbed(a) != is_disturbed(b))
        return !is_disturbed(a);
    return a->sample_count && (!b->sample_count || a_us < b_us);
}

static double share_of_harm(const struct finding *finding)
{
    return (double)figure_harm(finding).points / (double)finding_points(finding);
}

/* Can durations not tell which is faster, neither their medians nor their means (of few
 * blocks, the former alone)? */
static bool as_fast(const struct result *result, const struct finding *a,
                    const struct finding *b)
{
    double medians = figure_costs(a).p50_us / figure_costs(b).p50_us;
    struct ratio ratio = speed_beside(a, b, result->confidence);

    return (!ratio.bounded || (ratio.interval.low <= 1 && ratio.interval.high >= 1)) &&
           medians > 1 / ALIKE && medians < ALIKE;
}

static void compare(const struct result *result, struct advice *advice)
{
    const struct finding *best = advice->best;

    if (advice->rival)
        advice->rival_is_as_fast = is_disturbed(best) == is_disturbed(advice->rival) &&
                                   as_fast(result, best, advice->rival);
    if (!advice->than || !best->sample_count || !advice->than->sample_count)
        return;
    advice->times = figure_costs(advice->than).p50_us / figure_costs(best).p50_us;
    advice->than_is_as_fast = as_fast(result, best, advice->than);
}

struct advice advice_of(const struct result *result)
{
    struct advice advice = { .best = NULL };

    result_foreach (finding, result) {
        if (!is_known(finding))
            continue;
        if (does_harm(finding)) {
            if (!advice.than)
                advice.than = finding;
            if (!advice.least || share_of_harm(finding) < share_of_harm(advice.least))
                advice.least = finding;
        } else if (!advice.best || is_better(finding, advice.best)) {
            advice.rival = advice.best;
            advice.best = finding;
        } else if (!advice.rival || is_better(finding, advice.rival)) {
            advice.rival = finding;
        }
    }
    if (advice.best)
        compare(result, &advice);
    return advice;
}
