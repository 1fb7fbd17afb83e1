/* script.c - see script.h. Both functions send what they send by redis.call and
 * redis.pcall. */
#include "scenario/script.h"

#include <lauxlib.h>
#include <string.h>

#include "base/sha1.h"
#include "redis/wire.h"
#include "scenario/lua_text.h"
#include "scenario/redis_table.h"

/* What the functions carry with them, as upvalues. */
enum { UP_REDIS = 1, UP_TEXT, UP_SHA };

static const char lapse_script[] =
    "local lapsed = 0\n"
    "for _, key in ipairs(redis.call('KEYS', ARGV[1])) do\n"
    "  if redis.call('PTTL', key) >= 0 then lapsed = lapsed + redis.call('DEL', key) "
    "end\n"
    "end\n"
    "return lapsed\n";

/* Pushes the entries of the list at the index, which may be nil; returns how many. */
static int push_list(lua_State *lua, int index, const char *what)
{
    lua_Integer count;

    if (lua_isnoneornil(lua, index))
        return 0;
    if (!lua_istable(lua, index))
        return luaL_error(lua,
                          "script: %s are a %s; expected a list like { \"a\", \"b\" }",
                          what, luaL_typename(lua, index));
    count = (lua_Integer)lua_rawlen(lua, index);
    if (count > 1000000 || !lua_checkstack(lua, (int)count + 8))
        return luaL_error(lua, "script: more %s than there is room for", what);
    for (lua_Integer i = 1; i <= count; i++) {
        int type = lua_rawgeti(lua, index, i);

        if (type != LUA_TSTRING && type != LUA_TNUMBER)
            return luaL_error(lua,
                              "script: entry %d of %s is a %s; expected a string or "
                              "a number",
                              (int)i, what, luaL_typename(lua, -1));
    }
    return (int)count;
}

/* Sends EVALSHA digest or EVAL text, by the function of the `redis` table; leaves its
 * results. The arguments of the script are at 1 (keys) and 2 (args). */
static void send_script(lua_State *lua, const char *function, const char *command,
                        int script)
{
    int top = lua_gettop(lua), keys, count;

    lua_getfield(lua, lua_upvalueindex(UP_REDIS), function);
    lua_pushstring(lua, command);
    lua_pushvalue(lua, lua_upvalueindex(script));
    lua_pushnil(lua);
    keys = push_list(lua, 1, "keys");
    lua_pushinteger(lua, keys);
    lua_replace(lua, top + 4);
    count = keys + push_list(lua, 2, "args");
    lua_call(lua, 3 + count, LUA_MULTRET);
}

/* The message of the error reply on top of the stack; NULL if it is none. It is pushed
 * behind the reply. */
static const char *error_of(lua_State *lua)
{
    if (!lua_istable(lua, -1))
        return NULL;
    if (lua_getfield(lua, -1, "err") == LUA_TSTRING)
        return lua_text_shown(lua, -1);
    lua_pop(lua, 1);
    return NULL;
}

static int run(lua_State *lua)
{
    const char *message;

    lua_settop(lua, 2);
    if (redis_table_of(lua)->in_pipeline) {
        send_script(lua, "call", "EVALSHA", UP_SHA);
        return 0;
    }
    send_script(lua, "pcall", "EVALSHA", UP_SHA);
    message = error_of(lua);
    if (message && strncmp(message, "NOSCRIPT", 8) == 0) {
        lua_settop(lua, 2);
        send_script(lua, "pcall", "EVAL", UP_TEXT);
        message = error_of(lua);
    }
    return message ? luaL_error(lua, "Redis: %s", message) : 1;
}

static int redis_script(lua_State *lua)
{
    char digest[SHA1_TEXT];
    struct err err = ERR_NULL;
    struct str text;

    if (lua_type(lua, 1) != LUA_TSTRING)
        return luaL_error(lua, "redis.script: the text is a %s; expected a string",
                          luaL_typename(lua, 1));
    if (!redis_table_of(lua)->wire)
        return luaL_error(lua, "redis.script: not here; a scenario talks to Redis only "
                               "inside its functions");
    if (redis_table_of(lua)->in_pipeline || redis_table_of(lua)->in_transaction)
        return luaL_error(lua, "redis.script: inside a pipeline or a transaction; make "
                               "the function before it, and call it inside");
    text = lua_text_bytes(lua, 1);
    if (wire_load_script(redis_table_of(lua)->wire, text, &err) < 0)
        return redis_table_raise(lua, &err);
    sha1_text(text, digest);
    lua_pushvalue(lua, lua_upvalueindex(UP_REDIS));
    lua_pushvalue(lua, 1);
    lua_pushstring(lua, digest);
    lua_pushcclosure(lua, run, UP_SHA);
    return 1;
}

static int redis_lapse(lua_State *lua)
{
    if (lua_type(lua, 1) != LUA_TSTRING)
        return luaL_error(lua,
                          "redis.lapse: the pattern is a %s; expected a string like "
                          "\"lock:*\"",
                          luaL_typename(lua, 1));
    if (!redis_table_of(lua)->preparing || redis_table_of(lua)->in_pipeline)
        return luaL_error(lua,
                          "redis.lapse: only in `before`, and not inside a pipeline; "
                          "elsewhere DEL does what time does");
    lua_getfield(lua, lua_upvalueindex(UP_REDIS), "call");
    lua_pushliteral(lua, "EVAL");
    lua_pushstring(lua, lapse_script);
    lua_pushinteger(lua, 0);
    lua_pushvalue(lua, 1);
    lua_call(lua, 4, 1);
    if (lua_tointeger(lua, -1) == 0)
        return luaL_error(lua, "redis.lapse: no key that matches '%s' has an expiry",
                          lua_text_shown(lua, 1));
    return 1;
}

void script_add(lua_State *lua)
{
    static const luaL_Reg functions[] = {
        { "script", redis_script },
        { "lapse", redis_lapse },
        { NULL, NULL },
    };

    lua_pushvalue(lua, -1);
    luaL_setfuncs(lua, functions, UP_REDIS);
}
