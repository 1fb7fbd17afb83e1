/* sandbox.h - a Lua state in which a scenario can compute and do nothing else: no files,
 * no processes, no clock, no code from strings, no global variables of its own, bounded
 * memory. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct lua_State;

/* How much memory a state may take, and how long a file may take to load (see below); a
 * fuzzer has less of both. */
extern size_t sandbox_memory_bytes;
extern uint64_t sandbox_patience_ns;

/* math.random() is seeded, and the same in every function of a run. */
struct lua_State *sandbox_new(uint64_t seed);

/* From here on Lua code that takes longer than sandbox_patience_ns is stopped with an
 * error; until sandbox_unguard(). */
void sandbox_guard(struct lua_State *lua);
void sandbox_unguard(struct lua_State *lua);

/* Runs a file and leaves the value that it returned on the stack. */
int sandbox_run(struct lua_State *lua, const char *path, struct err *err);

/* Makes an error of the message on top of the stack. */
int sandbox_explain(struct lua_State *lua, const char *path, struct err *err);

/* From here on new objects come from this memory, one after the other, and nothing is
 * collected: for a process that lives for one function. The first write to any page of
 * the heap after a fork costs a fault and a copy; memory that is shared between parent
 * and child costs neither. When it is used up, the heap goes on. */
void sandbox_live_in(struct lua_State *lua, char *scratch, size_t bytes);

/* For lua_pcall: turns any error value into a message. */
int sandbox_message(struct lua_State *lua);
