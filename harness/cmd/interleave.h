/* interleave.h - afterkill run SCENARIO --against ANOTHER: two runs that take turns on
 * the same machine, and are compared at the end.
 *
 * How fast a machine is differs from one hour to the next, and so do its rates, a little;
 * what is run in the same minutes is hit by that alike. So both runs, the base and the
 * new one, are cut into slices (plan/slices.h), each of which is an `afterkill run
 * --shard` of its own, that alternate. The slices of each side are put together as
 * `afterkill merge` does it, and kept: the new run where -o says, the base below it, in
 * `base`.
 *
 * The base is another scenario, run by this program, or the same scenario run by another
 * afterkill, an older one for example. */
#pragma once

#include "cmd/run_options.h"

#define INTERLEAVE_BASE "base" /* where the base is kept, in the new run's directory */

/* Both need what the options leave to them: ERR_USAGE says what cannot be. */
int interleave_check(const struct run_options *options, struct err *err);

/* For options of which gates.against names something to take turns with
 * (against_takes_turns()). Reports, as a run does. */
int interleave(const struct run_options *options, enum exit_status *ret_status,
               struct err *err);
