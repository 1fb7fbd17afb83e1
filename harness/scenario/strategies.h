/* strategies.h - the strategies of a scenario: what each is called, does and is expected
 * to do. */
#pragma once

#include "scenario/mistake.h"
#include "scenario/routine.h"

struct scenario;

struct strategy_functions {
    scenario_function update;
    /* The strategy's own, else the scenario's; may be 0. */
    scenario_function before, recover, alive;
};

/* Of the scenario's table, which is on top of the stack, once the scenario's own
 * functions have been read. */
int strategies_load(const struct mistake_file *file, struct scenario *scenario);

/* The keys that a strategy may have; NULL past the end. */
const char *strategies_key(size_t index);

/* What `before`, `recover` and `alive` may be, in a strategy and in the scenario. */
#define A_ROUTINE                                                                        \
    "a function, commands like \"INCR k | EXPIRE k 60\", or a program like { \"node\", " \
    "\"work.js\" }"
