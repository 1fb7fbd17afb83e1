/* script.h - the part of the `redis` table that needs scripts.
 *
 *     redis.script(text)      a function run(keys, args), both lists or nil, that runs
 *                             the script as clients in production do: by EVALSHA, and by
 *                             EVAL if the server does not know it. An error raises
 *     redis.lapse(pattern)    in `before`: deletes the keys that match and have an
 *                             expiry, as if it had passed; returns how many. None is an
 *                             error
 *
 * In production the server has long known the script. So that it does here, and two
 * controls send the same commands, uninterrupted workers load it as soon as
 * redis.script() is called, beside what is counted. Inside a pipeline nobody waits for a
 * NOSCRIPT, so there is no EVAL either; and the function has to be made outside. */
#pragma once

#include <lua.h>

/* Adds them to the table on top of the stack, which has call and pcall. */
void script_add(lua_State *lua);
