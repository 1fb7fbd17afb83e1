/* atoms.h - states that a test has written down, as atoms with spaces in between:
 *
 *     type:key[:id][=value][~]     ~ expires    ~~ expires beyond its bound
 */
#pragma once

#include "state/state.h"

/* Sorted; the bytes are the text's. The caller releases it. */
struct state atoms_parse(const char *text);

/* Of up to five atoms, as chance has it; few enough that bags have much in common. */
struct state atoms_random(uint64_t number);

/* The state without what expires: time has passed, and nobody recovers anything. Sorted;
 * its bytes are the other's. The caller releases it. */
struct state atoms_lapsed(const struct state *state);
