/* cost.h - what an update costs when nobody kills it.
 *
 * Workers that will be killed are born for one update, and everything in them is cold; in
 * a long-lived process it is not. So costs are measured in one process that makes the
 * same updates over and over, strategies taking turns, the old state restored in between.
 * That process is forked: what functions leave in Lua variables is gone with it. */
#pragma once

#include "redis/address.h"
#include "scenario/scenario.h"
#include "state/keeper.h"

/* Per strategy; fewer if that would take longer than the budget. */
#define COST_UPDATES 200
#define COST_BUDGET_NS (NSEC_PER_SEC / 2)
#define COST_LEAST 5

/* Whose updates are measured, and where. All is borrowed. */
struct cost_order {
    struct scenario *scenario;
    const size_t *strategies; /* indices into the scenario's */
    size_t count;
    const struct address *worker_address;
    struct keeper *keeper;          /* on whose connection the old state is put back */
    const struct kept *const *kept; /* the old state of each */
    uint64_t timeout_ns;            /* that an update may take */
};

struct cost {
    uint64_t count;
    uint64_t durations_ns[COST_UPDATES];
};

/* Fills one of `costs` for each strategy. The database holds anything afterwards. */
int cost_measure(const struct cost_order *order, struct cost *costs, struct err *err);
