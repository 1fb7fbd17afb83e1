/* places.c - see places.h. */
#include "run/places.h"

uint64_t places_of(const struct places *places, enum fault_id id, size_t subject)
{
    const struct fault *fault = fault_by_id(id);
    const struct subject *known = &places->judge->subjects[subject];

    return fault->points && fault->stage == places->stage && places->faults[id]
               ? fault->points(known->commands, known->bytes)
               : 0;
}

uint64_t place_find(const struct places *places, uint64_t item, struct place *ret)
{
    uint64_t before = 0;

    for (enum fault_id id = 0; id < FAULT_COUNT; id++)
        for (size_t i = 0; i < places->judge->subject_count; i++) {
            uint64_t points = places_of(places, id, i);

            if (item - before < points) {
                *ret = (struct place){ fault_by_id(id), i, item - before };
                return item;
            }
            before += points;
        }
    return before;
}
