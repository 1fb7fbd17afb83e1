/* front.c - see front.h. */
#include "result/front.h"

struct front_place front_place_of(const struct result *result,
                                  const struct finding *finding)
{
    struct rate rate = figure_kill_rate(result, finding, RATE_HARMED);
    bool clean = !figure_harm(finding).points && !finding->uncrashed && !finding->unbegun;
    struct front_place place = {
        .known =
            tally_census_complete(finding) && finding->sample_count && (clean || rate.of),
        .clean = clean,
        .us = figure_costs(finding).p50_us,
    };

    if (place.known && !clean) {
        place.estimate = rate.estimate;
        place.interval = rate.interval;
    }
    return place;
}

static bool beats(const struct front_place *a, const struct front_place *b)
{
    return a->us <= b->us && a->interval.high <= b->interval.high &&
           (a->us < b->us || a->interval.high < b->interval.high);
}

static bool is_beaten(const struct result *result, const struct front_place *place)
{
    result_foreach (finding, result) {
        struct front_place other = front_place_of(result, finding);

        if (other.known && beats(&other, place))
            return true;
    }
    return false;
}

bool front_has(const struct result *result, const struct finding *finding)
{
    struct front_place place = front_place_of(result, finding);

    return place.known && !is_beaten(result, &place);
}
