/* hidden.c - see hidden.h. */
#include "result/hidden.h"

#include <math.h>

#include "base/mem.h"
#include "result/figures.h"

/* Does any crash point do what the rate counts? */
static bool is_possible(const struct finding *finding, enum tally_rate rate)
{
    for (uint64_t k = 0; k < finding_points(finding); k++)
        if (tally_counts(rate, &finding->points[k].verdict))
            return true;
    return false;
}

struct hidden hidden_from(const struct finding *finding, enum tally_rate rate)
{
    return (struct hidden){ figure_unsampled(finding), figure_contention(finding),
                            is_possible(finding, rate) };
}

struct interval hidden_widen(struct hidden hidden, struct interval seen)
{
    double sampled = 1 - hidden.unsampled, rest = 1 - hidden.contention;

    seen.low = rest > 0 ? fmax(0, (seen.low - hidden.contention) / rest) : 0;
    seen.low *= sampled;
    if (!hidden.possible)
        return seen;
    seen.high = rest > 0 ? fmin(1, seen.high / rest) : 1;
    seen.high = seen.high * sampled + hidden.unsampled;
    return seen;
}

/* What a rate is at least and at most goes with what was seen in straight lines, which
 * have an edge where that is `contention`, or all but that. */
struct interval hidden_shift(struct hidden hidden, struct interval seen)
{
    const double rates[] = { seen.low, seen.high, hidden.contention,
                             1 - hidden.contention };
    struct interval most = { 0, 0 };

    for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
        double rate = fmin(fmax(rates[i], seen.low), seen.high);
        struct interval all = hidden_widen(hidden, (struct interval){ rate, rate });

        most.low = fmin(most.low, all.low - rate);
        most.high = fmax(most.high, all.high - rate);
    }
    return most;
}
