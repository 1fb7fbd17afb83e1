/* measured.h - durations that come from lanes, as a finding keeps them. Pure. */
#pragma once

#include "result/result.h"

/* Durations of one strategy. Of warm updates each event is a block of its own: that is
 * how they are kept, one strategy after the other. */
int measured_take(struct result *result, const struct event_samples *samples,
                  struct err *err);
/* Of all strategies. Time that it took from kills is none of theirs. */
void measured_take_block(struct result *result, const struct event_block *block);
