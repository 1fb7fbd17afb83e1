/* listed.h - which crash points of an update are listed one by one.
 *
 * All of them, but for programs that send very many commands: most of these change
 * nothing, or leave what was there before, and a list of them has no readers, only
 * memory. What is left of a death is a matter of the state alone, and each state is
 * judged once; so of each state the first crash point that leaves it says all there is to
 * say. Beside these, the last crash point and those of real kills are listed. Whoever
 * lists says how many are left out. Pure. */
#pragma once

#include "result/result.h"

/* Of so many crash points all are listed. */
#define LISTED_ALL 10000

/* A list that is being made. */
struct listed {
    const struct finding *finding; /* borrowed */
    bool *seen;    /* of each state, whether a point has left it; owned; NULL: all points
                      are listed */
    uint64_t next; /* no point from here on was asked for */
};

struct listed listed_begin(const struct finding *finding);
void listed_release(struct listed *listed);
/* Is the crash point listed? Points are asked for in ascending order. Those of which
 * nothing is known are not listed. */
bool listed_has(struct listed *listed, uint64_t point);
/* How many crash points that are known are not listed. */
uint64_t listed_left_out(const struct finding *finding);
