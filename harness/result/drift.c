/* drift.c - see drift.h. */
#include "result/drift.h"

#include "result/tally.h"

_Static_assert(DRIFT_PASSING < BLOCKS_OF, "each thing that is counted has its bit");

/* A sample whose attempts all have a weight is of weights, else of numbers. */
static struct clustered cluster(const struct kills *kills, const struct sample *sample,
                                unsigned what, struct cluster room[BLOCKS_MOST])
{
    uint64_t others = sample->of - sample->hits;

    return (struct clustered){
        .blocks = room,
        .count = sample_is_weighted(sample) ? blocks_weights(&kills->blocks, what, room)
                                            : blocks_numbers(&kills->blocks, what, room),
        .rarer = (double)(sample->hits < others ? sample->hits : others),
        .single = sample_squares(sample),
    };
}

struct design drift_design(const struct kills *kills, const struct sample *sample,
                           unsigned what)
{
    struct cluster room[BLOCKS_MOST];
    struct clustered clustered = cluster(kills, sample, what, room);

    return clusters_design(&clustered);
}

struct drift drift_of(const struct finding *finding, enum tally_rate rate)
{
    struct cluster room[BLOCKS_MOST];
    struct sample sample = tally_sample(finding, rate);
    struct clustered clustered = cluster(&finding->kills, &sample, rate, room);

    return clusters_drift(&clustered);
}

bool drift_is_seen(const struct drift *drift)
{
    return drift->known &&
           (drift->blocks_p < DRIFT_LEVEL || drift->halves_p < DRIFT_LEVEL);
}
