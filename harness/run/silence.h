/* silence.h - a lane that says nothing: because it, or who it waits for, is stopped, or
 * because it is stuck. */
#pragma once

#include "run/launch.h"

/* An error if a lane that others do not wait for has said nothing for `most_ns`, or for a
 * little while because one of its processes is stopped, which is named. */
int silence_check(struct fleet_lane *lanes, size_t count, uint64_t most_ns,
                  struct err *err);
