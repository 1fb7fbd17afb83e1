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

struct refusal;
struct wire;

/* What the functions of the table know while one of the scenario's runs. */
struct redis_table {
    struct wire *wire; /* NULL: none of the scenario's functions is running */
    int broken;        /* the code of the connection's error that stopped it; 0: none */
    bool in_pipeline, in_multi;
    bool in_transaction; /* between a MULTI and an EXEC of the scenario's own */
    bool preparing;      /* it is the one that makes the old state: `before` */
    const struct refusal *refusal; /* what it tried; NULL: nothing that is refused */
};

/* Pushes the table. Its functions use the wire that redis_table_use() named last. */
void redis_table_push(lua_State *lua);
void redis_table_use(lua_State *lua, struct wire *wire, bool preparing);
struct redis_table *redis_table_of(lua_State *lua);

/* Raises an error of the connection or of the scenario; does not return. */
int redis_table_raise(lua_State *lua, const struct err *err);
