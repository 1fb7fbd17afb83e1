/* trace.h - what a run has kept of a program: what it sent and heard, and the states that
 * it left. */
#pragma once

#include "replay/told.h"
#include "store/database.h"

/* Fills in what a recording is: the commands of a strategy, which are so many, with their
 * answers. *ret_there: false: there is none of it. */
int stored_trace(struct database *database, size_t strategy, uint64_t commands,
                 struct told *ret, bool *ret_there, struct err *err);

/* One of the states. *ret_there: false: it is not kept. */
int stored_state(struct database *database, size_t strategy, size_t state,
                 struct told_state *ret, bool *ret_there, struct err *err);
