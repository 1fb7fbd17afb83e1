/* cost.h - what an update costs when nobody kills it.
 *
 * Workers that will be killed are born for one update, and everything in them is cold; in
 * a long-lived process it is not. So costs are measured in one process that makes the
 * same updates over and over, strategies taking turns, the old state restored in between.
 * That process is forked: what scenario functions leave in Lua variables is gone with it.
 */
#pragma once

#include "trial/judge.h"

#define MEASURE_UPDATES                                                                  \
    200 /* per strategy; fewer if that would take longer than the budget */
#define MEASURE_BUDGET_NS (NSEC_PER_SEC / 2)
#define MEASURE_LEAST 5

struct measure {
    uint64_t *durations_ns; /* owned; MEASURE_UPDATES places per strategy */
    size_t subjects;
    size_t *counts; /* owned; how many of the places are filled */
};

/* `address` is for putting the old state back; updates go where the judge's workers go.
 */
int measure_updates(struct judge *judge, const struct address *address,
                    struct measure *ret, struct err *err);
void measure_release(struct measure *measure);
