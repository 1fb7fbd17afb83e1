/* invariants.h - what a scenario says must hold of its state, by name.
 *
 * While the file is loaded there are four more global functions, which make invariants:
 *
 *     expires(pattern, most)          every key that matches expires, within so many
 *                                     seconds
 *     refers{from=, to=}              every element of a collection names a key that is
 *                                     there
 *     exactly_one{item=, places=}     an item is once in one of several collections
 *     equal(a, b)                     two keys hold the same value
 *
 * An invariant is a function (redis, p) that is violated if it returns false and perhaps
 * a text, or raises. Those by expires() are looked at right after the death, the others
 * once time has passed and recovery has run. All of one time become one function, which
 * raises "NAME: what is wrong" for the first one that is violated, by name. */
#pragma once

#include <stdint.h>

#include "scenario/mistake.h"

/* Adds the constructors, before the file is run; removes them. */
void invariants_open(struct lua_State *lua);
void invariants_close(struct lua_State *lua);

/* Of the last expires() that was violated, the longest time to live that it found, ms;
 * INT64_MAX: a key that has none. */
int64_t invariants_violated_ms(struct lua_State *lua);

/* Checks `invariants` of the scenario's table, which is on top of the stack, and pushes
 * what looks at them: a function for right after the death, then one for once time has
 * passed. nil: there is nothing to look at. */
int invariants_load(const struct mistake_file *file);
