/* redis_table.h - the `redis` table that a scenario's functions see: Redis's own
 * scripting vocabulary (call, pcall), and how clients put commands on the wire (pipeline,
 * multi).
 *
 *     redis.call(command, ...)    the reply as Redis scripts see it; raises on an error
 *                                 reply
 *     redis.pcall(command, ...)   the same; an error reply is a table {err = message}
 *     redis.pipeline(fn, opts)    what fn calls is sent in one buffer and nobody waits in
 *                                 between. Returns the replies; inside fn calls return
 *                                 nothing
 *     redis.multi(fn, opts)       the same between MULTI and EXEC; returns EXEC's reply.
 *                                 May stand inside a pipeline
 *     redis.script(text)          a function (keys, args) that runs a script; see
 *                                 script.h
 *     redis.lapse(pattern)        in `before`: lets keys expire; see script.h
 *
 * Options: {writes = "each"}, one write per command; {chunk = BYTES}, a write whenever so
 * many bytes have come together, whole commands; {replies = "read"}, replies that have
 * come are read before each write, not all at the end.
 *
 * Integers come as integers, bulk strings as strings, nil as false, a status as {ok =
 * text}, an array as a table. Arguments are strings or numbers. */
#pragma once

#include <lua.h>
#include <stdbool.h>

#include "base/err.h"

struct wire;

/* Pushes the table. Its functions use the wire that vocabulary_use() named last.
 * `preparing`: the function that is about to be called makes the old state. */
void vocabulary_push(lua_State *lua);
void vocabulary_use(lua_State *lua, struct wire *wire, bool preparing);

/* 0, or the code of the error of the connection (not of the scenario) that stopped a
 * function. */
int vocabulary_broken(lua_State *lua);
/* Has the scenario sent a MULTI of its own, and neither EXEC nor DISCARD since? */
bool vocabulary_in_transaction(lua_State *lua);

/* For the parts of the table that are elsewhere. */
struct wire *vocabulary_wire(lua_State *lua); /* NULL: not inside a function */
bool vocabulary_in_pipeline(lua_State *lua);
bool vocabulary_preparing(lua_State *lua);
int vocabulary_raise(lua_State *lua, const struct err *err); /* does not return */
