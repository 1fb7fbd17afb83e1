/* vocabulary.h - the `redis` table that a scenario's functions see: Redis's own scripting
 * vocabulary (call, pcall), and how clients put commands on the wire (pipeline, multi).
 *
 *     redis.call(command, ...)    the reply as Redis scripts see it; raises on an error
 *                                 reply
 *     redis.pcall(command, ...)   the same; an error reply is a table {err = message}
 *     redis.pipeline(fn, opts)    what fn calls is sent in one buffer and nobody waits in
 *                                 between. Returns the replies; inside fn calls return
 *                                 nothing
 *     redis.multi(fn, opts)       the same between MULTI and EXEC; returns EXEC's reply.
 *                                 May stand inside a pipeline
 *
 * Options: {writes = "each"}, one write per command; {chunk = BYTES}, a write whenever so
 * many bytes have come together, whole commands; {replies = "read"}, replies that have
 * come are read before each write, not all at the end.
 *
 * Integers come as integers, bulk strings as strings, nil as false, a status as {ok =
 * text}, an array as a table. Arguments are strings or numbers. */
#pragma once

#include <lua.h>

struct wire;

/* Pushes the table. Its functions use the wire that vocabulary_use() named last. */
void vocabulary_push(lua_State *lua);
void vocabulary_use(lua_State *lua, struct wire *wire);

/* 0, or the code of the error of the connection (not of the scenario) that stopped a
 * function. */
int vocabulary_broken(lua_State *lua);
