/* measured.h - durations that come from lanes, as a finding keeps them. Pure. */
#pragma once

#include "result/result.h"

/* A run times updates as long as it goes on. Of each strategy's cold ones so many are
 * kept at most, and of timelines, all strategies together, so many times, but of each
 * strategy below TIMELINES_LEAST updates only of long ones: an even sample of them
 * (stats/thinned.h), of which there are at least half as many. */
#define COLD_MOST 16384
#define TIMELINE_TIMES_MOST 65536
#define TIMELINES_LEAST 400
#define TIMELINES_LEAST_TIMES 4194304 /* of a strategy; two updates are always kept */
size_t measured_timelines_most(const struct result *result,
                               const struct finding *finding);

/* Durations of one strategy. Of warm updates each event is a block of its own: that is
 * how they are kept, one strategy after the other. */
int measured_take(struct result *result, const struct event_samples *samples,
                  struct err *err);
/* Of all strategies. Time that it took from kills is none of theirs. */
void measured_take_block(struct result *result, const struct event_block *block);
