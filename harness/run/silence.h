/* silence.h - a lane that says nothing: because it, or who it waits for, is stopped, or
 * because it is stuck. */
#pragma once

#include <stdbool.h>

#include "run/launch.h"

/* Has a lane been silent for too long? Not while those it consists of would run if the
 * machine let them, or not for ten times as long: `asleep_ns` is how long nobody was seen
 * ready to run, or waiting for a disk. */
bool silence_is_too_long(uint64_t silence_ns, uint64_t asleep_ns, uint64_t most_ns);

/* An error if a lane that others do not wait for has said nothing for too long, or for a
 * little while because one of its processes is stopped, which is named. To be asked about
 * once a second or more often. */
int silence_check(struct fleet_lane *lanes, size_t count, uint64_t most_ns,
                  struct err *err);
