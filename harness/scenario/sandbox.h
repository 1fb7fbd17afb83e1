/* sandbox.h - a Lua state in which a scenario can compute and do nothing else: no files,
 * no processes, no clock, no code from strings, no global variables of its own, bounded
 * memory. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct lua_State;

/* How much memory a state may take, and how long a file may take to load (see below); a
 * fuzzer has less of both. */
extern size_t sandbox_memory_bytes;
extern uint64_t sandbox_patience_ns;

/* math.random() is seeded, and the same in every function of a run. In what order pairs()
 * goes is decided here, and differs from one sandbox to the next. */
struct lua_State *sandbox_new(uint64_t seed);
struct lua_State *sandbox_free(struct lua_State *lua); /* NULL is fine; returns NULL */

/* Who takes longer than sandbox_patience_ns, and has run for a fifth of that: not who is
 * starved, or stopped. */
bool sandbox_is_late(uint64_t passed_ns, uint64_t ran_ns);

/* From here on Lua code that is late is stopped with an error; until sandbox_unguard().
 */
void sandbox_guard(struct lua_State *lua);
void sandbox_unguard(struct lua_State *lua);

/* Runs a file and leaves the value that it returned on the stack. */
int sandbox_run(struct lua_State *lua, const char *path, struct err *err);
/* The same of a text that is in no file, or was, called so in messages. */
int sandbox_run_text(struct lua_State *lua, const char *name, const char *text,
                     struct err *err);

/* Makes an error of the message on top of the stack. */
int sandbox_explain(struct lua_State *lua, const char *path, struct err *err);

/* From here on no garbage is collected: for processes that live for one function. */
void sandbox_collect_nothing(struct lua_State *lua);

/* The state as it is, remembered once and brought back as often as wanted, whatever
 * became of it in between (a worker died in it: worker.h). That copies so many bytes. */
size_t sandbox_bytes(struct lua_State *lua);
void sandbox_keep(struct lua_State *lua);
void sandbox_put_back(struct lua_State *lua);

const char *sandbox_lua_version(void);

/* For lua_pcall: turns any error value into a message without zero bytes. */
int sandbox_message(struct lua_State *lua);
