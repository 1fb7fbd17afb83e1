/* effect.h - what jobs did to the world, in keys that a scenario names. Pure.
 *
 * Nobody undoes it, so the only question is whether it was done too often or too seldom:
 * it is `lost` where there is less of it than in both residues, `duplicated` where there
 * is more, and right between the two. It is nothing else, and says nothing about how far
 * an update has come.
 *
 * A value that is a whole number is how many there are (0, if it is not there). Elements
 * are counted, and another value than both have is one too many. Their expiries do not
 * count, nor that a key is there with nothing in it, nor who has read a stream. */
#pragma once

#include "state/verdict.h"

/* The rows of one place: adds the words that they are reasons for. */
void effect_judge(struct verdict_row *rows, size_t count);
