/* cost.h - what an update costs when nobody kills it.
 *
 * Workers that will be killed are born for one update, and everything in them is cold; in
 * a long-lived process it is not. So costs are measured in one process that makes the
 * same updates over and over, strategies taking turns, the old state restored in between.
 * That process is forked: what functions leave in Lua variables is gone with it.
 *
 * What is measured in one go has more in common than the strategy, so there are several
 * rounds at different times, each a process of its own: they are the blocks by which
 * speeds are compared (result/speed.h). */
#pragma once

#include "base/sanitizer.h"
#include "redis/address.h"
#include "scenario/scenario.h"
#include "state/keeper.h"

/* In one lane, and in each of its rounds, per strategy; fewer if that would take longer
 * than the budget, which is a round's as well. */
#define COST_ROUNDS (SANITIZED ? 2 : 8)
#define COST_UPDATES 25
#define COST_BUDGET_NS (NSEC_PER_SEC / 2 / COST_ROUNDS)
/* Updates before them, which find everything cold; it makes no difference to long ones,
 * which are measured at once. */
#define COST_WARM_UP 3
#define COST_LONG_NS (10 * NSEC_PER_MSEC)

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

/* One round: durations of `count` updates of each strategy, all of the first, all of the
 * next, .., in an array that the caller frees. The database holds anything afterwards. */
int cost_measure(const struct cost_order *order, uint64_t **ret_ns, size_t *ret_count,
                 struct err *err);
