/* scenario.h - a scenario file, loaded and checked.
 *
 * A scenario is a Lua file that returns a table: what state is kept, the strategies that
 * update it, what survivors do about a dead worker. It is loaded once, in the first
 * process; lanes inherit it by fork, and its functions run only in workers: what one
 * leaves in a Lua variable is not seen by the next. (Only the measurement of costs
 * repeats an update in one process.)
 *
 * Mistakes are ERR_USAGE with "file:line: what, and what was expected" (mistake.h). */
#pragma once

#include "base/err.h"
#include "base/mem.h"
#include "redis/glob.h"
#include "scenario/outline.h"
#include "scenario/parameters.h"
#include "scenario/programs.h"
#include "scenario/routine.h"
#include "scenario/strategies.h"
#include "scenario/times.h"

struct wire;

struct scenario {
    struct outline outline;
    struct strategy_functions *functions; /* of each of the outline's strategies */
    struct ignored ignore;
    struct patterns ordered, zero; /* keys, as Redis globs */
    struct patterns needs;         /* names of commands that the server has to have */
    scenario_function before, recover, alive;
    scenario_function holds_now, holds_later; /* raise if an invariant is violated; the
                                                 first of those that look at expiries */
    struct times times;
    struct program_settings programs;
    struct routines routines;
    int64_t passed_s; /* see scenario_pass() */
    bool noop; /* it is meant that updates change nothing; each strategy has it, too */
    struct lua_State *lua;
};

int scenario_load(const char *path, const struct parameter_settings *settings,
                  struct scenario **ret, struct err *err);
/* The same of a text, or of the file if that is NULL, with a sandbox (sandbox.h) that is
 * there already, and was made with the seed of the settings. It is the scenario's from
 * here on, or gone. */
int scenario_load_in(struct lua_State *sandbox, const char *path, const char *text,
                     const struct parameter_settings *settings, struct scenario **ret,
                     struct err *err);
/* The same of a text that is in no file, or was in one; the name stands for its path, at
 * which nobody looks. */
int scenario_load_text(const char *name, const char *text,
                       const struct parameter_settings *settings, struct scenario **ret,
                       struct err *err);
/* The keys that a scenario may have, and its strategies; NULL past the end. */
const char *scenario_key(size_t index);
/* NULL is fine; returns NULL. */
struct scenario *scenario_free(struct scenario *scenario);
DEFINE_CLEANUP(struct scenario *, scenario_free)

/* Functions are told by p.now that so many seconds have passed since the run began. */
void scenario_pass(struct scenario *scenario, int64_t seconds);

/* The parts of what is no Lua function; NULL: it is one, or 0. */
const struct routine *scenario_routine(const struct scenario *scenario,
                                       scenario_function function);

/* Calls a Lua function with (redis, p) on the wire; the function 0 does nothing.
 * *ret_refused becomes true if it returned false. Only for workers (worker.h): what it
 * changes in Lua stays. */
int scenario_call(struct scenario *scenario, scenario_function function,
                  struct wire *wire, bool *ret_refused, struct err *err);
