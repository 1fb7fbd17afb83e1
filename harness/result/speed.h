/* speed.h - how many times the updates per second? Pure.
 *
 * Strategies that take part in one run are measured side by side, in blocks: the same
 * process makes updates of all of them by turns for a while, and does so again later and
 * in other lanes. Two runs of which one was made after the other have nothing in common
 * that would say whether the machine was as fast: of 120 pairs of equal runs, 48 differed
 * by more than the durations in each of them explain. Of these there is a ratio, and no
 * interval. */
#pragma once

#include "result/result.h"
#include "stats/ratio.h"

/* Updates per second of `new` over those of `base`: strategies of one run, or of two that
 * were made by turns, so that block i of both is of one time. */
struct ratio speed_beside(const struct finding *base, const struct finding *new,
                          double confidence);

/* Of two runs that took turns, each in so many slices, whose blocks stand one behind the
 * other. Neighbours in time are slices, so each of these is a block (as nearly as all
 * have as many): what is measured within one has more in common than that. 0: blocks are
 * as they are. */
struct ratio speed_in_turns(const struct finding *base, const struct finding *new,
                            uint64_t slices, double confidence);

/* Of two runs that were made one after the other. */
struct ratio speed_apart(const struct finding *base, const struct finding *new);
