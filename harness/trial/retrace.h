/* retrace.h - a recording held against itself: its commands are sent again, one at a
 * time, each on a connection of its own like the one that it came on, and the states that
 * they leave are compared with those that were looked at while the program ran.
 *
 * So a state is never what the tap alone says. They differ where commands do something
 * else each time: scripts that ask for the time or for chance, SPOP, an expiry for an
 * instant. That is told, and is no reason not to trust the recording. */
#pragma once

#include "trial/recorded.h"

/* Of a subject that is recorded. The database holds anything afterwards. */
int retrace(struct judge *judge, const struct subject *subject, struct retrace *ret,
            struct err *err);
