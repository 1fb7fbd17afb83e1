/* front.c - see front.h. */
#include "result/front.h"

#include "base/mem.h"

static struct front_place place_of(const struct result *result,
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

static bool is_beaten(const struct front_place *places, size_t count,
                      const struct front_place *place)
{
    for (size_t i = 0; i < count; i++)
        if (places[i].known && beats(&places[i], place))
            return true;
    return false;
}

struct front_place *front_places(const struct result *result)
{
    size_t count = result->plan.strategies;
    struct front_place *places = MEM_ARRAY(struct front_place, count);

    for (size_t i = 0; i < count; i++)
        places[i] = place_of(result, &result->findings[i]);
    for (size_t i = 0; i < count; i++)
        places[i].front = places[i].known && !is_beaten(places, count, &places[i]);
    return places;
}
