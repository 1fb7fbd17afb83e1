/* places.h - the points of a stage, which are numbered through its faults, and for each
 * of them through all strategies. */
#pragma once

#include "trial/fault.h"
#include "trial/judge.h"

struct places {
    enum stage stage;
    const bool *faults;        /* that strike, by their ids; borrowed */
    const struct judge *judge; /* of the strategies, which it has learned; borrowed */
};

struct place {
    const struct fault *fault;
    size_t subject;
    uint64_t point;
};

/* How many of them are those of a fault and a strategy. */
uint64_t places_of(const struct places *places, enum fault_id id, size_t subject);

/* Finds one by its number. Returns how many lie before it: all, if there are not so many.
 */
uint64_t place_find(const struct places *places, uint64_t item, struct place *ret);
