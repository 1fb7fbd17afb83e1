/* example.h - what is wrong with a residue, in words, its cause first. Pure.
 *
 * Much that is odd in the end is odd only because of something else: a queue that nobody
 * empties, because of a lock that never expires. So what the death itself has made comes
 * first, that is what is odd already in the state it left: there, beside what is right,
 * or missing, or never to expire. Of several such things the first is
 *
 *     1. what stays although a right state has it with an expiry, or else not at all:
 *        keys of one value (as locks are), other keys, elements;
 *     2. a value that is neither the old one nor the new one;
 *     3. copies too many; 4. what is gone;
 *     5. a part of the old state and a part of the new one, side by side.
 *
 * What follows from it, as what survivors could not clean up, comes behind, and one such
 * thing is told. Where nothing else is odd, the cause is that the death left a part of
 * the old state and a part of the new one, and this comes first. An expiry is told only
 * where it is why something stays, or is gone. */
#pragma once

#include <stddef.h>

#include "state/state.h"

/* What readers see: the old state, the completed update, what the death left; and what
 * stays of the three once time has passed. All are sorted. The same residue twice: nobody
 * died, and only the completed update is right. */
struct example {
    const struct state *old, *new, *dead;
    const struct state *right_old, *right_new, *residue;
};

/* "" if nothing is wrong. A buffer of that size has room for keys of usual length. */
#define EXAMPLE_TEXT 400
void example_write(const struct example *example, char *buffer, size_t size);
