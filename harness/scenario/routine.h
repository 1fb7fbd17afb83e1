/* routine.h - what a scenario says is to be done: a Lua function, or programs.
 *
 *     before  = function(redis, p) .. end            a Lua function
 *     before  = "SET k v"                            one in the notation (shorthand.h)
 *     before  = { command = { "node", "old.js" } }   a program with its arguments
 *     before  = { "node", "old.js" }                 the same
 *     recover = { f, "DEL k", { "node", "a.js" } }   several of them, in this order
 *
 * A list of words is one command, so a text in the notation needs something else than
 * words beside it. Several functions without a program are one Lua function. */
#pragma once

#include <stddef.h>

#include "scenario/mistake.h"

/* 0: none; > 0: a Lua function; < 0: a routine. */
typedef int scenario_function;

struct routine_part {
    scenario_function function; /* of Lua */
    char **argv; /* of a program, NULL behind the last; owned; NULL: it is the function */
};

/* At least one part is a program. */
struct routine {
    struct routine_part *parts; /* owned */
    size_t count;
};

struct routines {
    struct routine *items; /* owned */
    size_t count;
};

/* Of the key in the table on top of the stack; 0 if it is not there. */
int routine_get(const struct mistake_file *file, const char *key,
                struct routines *routines, scenario_function *ret);
/* The same of a key that is a program and nothing else: a list of words. */
int routine_get_command(const struct mistake_file *file, const char *key,
                        struct routines *routines, scenario_function *ret);

/* NULL: it is a Lua function, or none. Valid until another one is got. */
const struct routine *routine_of(const struct routines *routines,
                                 scenario_function function);
/* Is the function this one, or a part of it? */
bool routine_has(const struct routines *routines, scenario_function whole,
                 scenario_function function);
void routines_release(struct routines *routines); /* may be called twice */
