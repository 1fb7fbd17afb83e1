/* scenario.h - a scenario file, loaded and checked.
 *
 * A scenario is a Lua file that returns a table: what state is kept, the strategies that
 * update it, what survivors do about a dead worker. It is loaded once, in the first
 * process; lanes inherit it by fork, and its functions run only in workers: what one
 * leaves in a Lua variable is not seen by the next. (Only the measurement of costs
 * repeats an update in one process.)
 *
 * Mistakes are ERR_USAGE with "file:line: what, and what was expected". Lua does not say
 * on which line a table's key stands, so for those the line is the first on which the
 * word appears. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "redis/glob.h"

struct wire;

/* A function of the scenario's; 0 if it has none. */
typedef int scenario_function;

struct strategy {
    char *name;
    char *about;
    unsigned expect; /* see verdict.h; 0 if the scenario does not say */
    scenario_function update;
    scenario_function recover; /* the strategy's own, else the scenario's; may be 0 */
};

struct parameter {
    char *name;
    char *value;           /* as text: what --set takes */
    bool is_text, is_flag; /* else a number */
};

struct scenario {
    char *path;
    char *name; /* the file's name without .lua */
    char *title;
    char *source; /* "" if not given */
    struct strategy *strategies;
    size_t strategy_count;
    size_t reference; /* whose completed update is right: index into strategies */
    struct parameter *parameters;
    size_t parameter_count;
    struct patterns ignore, ordered; /* keys, as Redis globs */
    scenario_function before, recover, alive;
    scenario_function holds_now, holds_later; /* raise if an invariant is violated: right
                                                 after a death; once time has passed */
    int64_t now; /* seconds since 1970: what the functions see as p.now */
    struct lua_State *lua;
};

struct scenario_settings {
    const char *const *assignments; /* "name=value" */
    size_t count;
    uint64_t seed;
    int64_t now;
    const char *swept; /* one more assignment, from --sweep; NULL: none */
};

int scenario_load(const char *path, const struct scenario_settings *settings,
                  struct scenario **ret, struct err *err);
struct scenario *scenario_free(
    struct scenario *scenario); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct scenario *, scenario_free)
void scenario_release(struct scenario *scenario); /* of one that was not allocated */

/* The index of a strategy; -1 if there is none of that name. */
ptrdiff_t scenario_find(const struct scenario *scenario, const char *name);
const char *scenario_strategy_name(const void *scenario,
                                   size_t index); /* for str_nearest() */

/* Calls a function with (redis, p) on the wire; the function 0 does nothing. *ret_refused
 * becomes true if it returned false. Only for workers (worker.h): what it changes in Lua
 * stays. */
int scenario_call(struct scenario *scenario, scenario_function function,
                  struct wire *wire, bool *ret_refused, struct err *err);
