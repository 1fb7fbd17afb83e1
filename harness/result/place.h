/* place.h - what a crash point is called where no table shows its neighbours. Pure. */
#pragma once

#include "result/result.h"

/* The command that was executed last, and which of those that are called the same:
 * "INCR hits", "HSET h f (2nd of 3)", "EXEC of INCR hits", which names a transaction by
 * its first command. "" before any. The caller frees it. */
char *place_name(const struct finding *finding, uint64_t point);

/* What follows a number that counts: "st", "nd", "rd", "th". */
const char *place_ordinal(uint64_t number);
