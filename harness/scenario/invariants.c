/* invariants.c - see invariants.h. The constructors and the looking are in Lua: they are
 * what a scenario could say in words of its own. */
#include "scenario/invariants.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "scenario/lua_text.h"

/* The text of invariants.lua, a string for each of its lines. */
static const char invariants_lua[] =
#include "invariants.lua.inc"
    ;

static const char library_key;

static const char *const constructors[] = { "expires", "refers", "exactly_one", "equal" };

/* The library is run once per sandbox and kept in the registry. */
void invariants_open(lua_State *lua)
{
    if (luaL_loadbufferx(lua, invariants_lua, strlen(invariants_lua), "=invariants",
                         "t") != LUA_OK)
        abort();
    lua_call(lua, 0, 1);
    lua_pushglobaltable(lua);
    for (size_t i = 0; i < ARRAY_SIZE(constructors); i++) {
        lua_pushstring(lua, constructors[i]);
        lua_getfield(lua, -3, constructors[i]);
        lua_rawset(lua, -3);
    }
    lua_pop(lua, 1);
    lua_rawsetp(lua, LUA_REGISTRYINDEX, &library_key);
}

void invariants_close(lua_State *lua)
{
    lua_pushglobaltable(lua);
    for (size_t i = 0; i < ARRAY_SIZE(constructors); i++) {
        lua_pushstring(lua, constructors[i]);
        lua_pushnil(lua);
        lua_rawset(lua, -3);
    }
    lua_pop(lua, 1);
}

int64_t invariants_violated_ms(lua_State *lua)
{
    double ms;

    lua_rawgetp(lua, LUA_REGISTRYINDEX, &library_key);
    lua_getfield(lua, -1, "violated_ms");
    ms = lua_tonumber(lua, -1);
    lua_pop(lua, 2);
    return ms < 9e18 ? (int64_t)ms : INT64_MAX;
}

/* The table of invariants is on top of the stack. */
static int check(const struct mistake_file *file)
{
    lua_State *lua = file->lua;

    for (lua_pushnil(lua); lua_next(lua, -2); lua_pop(lua, 1)) {
        const char *name;
        bool is_constructor = false;

        if (lua_type(lua, -2) != LUA_TSTRING)
            return mistake(file, "invariants",
                           "invariants has an entry without a name; expected "
                           "name = expires(...) or the like");
        if (lua_text_get(file, -2, "invariants", "the name of an invariant", &name) < 0)
            return file->err->code;
        if (!mistake_is_name(name))
            return mistake(file, "invariants",
                           "an invariant is named '%.40s'; expected a name "
                           "without spaces and commas, and with no ':' at either end",
                           name);
        for (size_t i = 0; i < ARRAY_SIZE(constructors); i++) {
            lua_getglobal(lua, constructors[i]);
            is_constructor |= lua_rawequal(lua, -1, -2);
            lua_pop(lua, 1);
        }
        if (lua_type(lua, -1) != LUA_TFUNCTION || is_constructor)
            return mistake(file, name,
                           "invariant '%.40s' is a %s; expected expires(...), "
                           "refers{...}, exactly_one{...}, equal(...) or a "
                           "function of the scenario's",
                           name, is_constructor ? "constructor" : luaL_typename(lua, -1));
    }
    return 0;
}

int invariants_load(const struct mistake_file *file)
{
    lua_State *lua = file->lua;
    int code;

    if (lua_getfield(lua, -1, "invariants") != LUA_TTABLE) {
        lua_pop(lua, 1);
        lua_pushnil(lua);
        lua_pushnil(lua);
        return 0;
    }
    code = check(file);
    if (code < 0)
        return code;
    lua_rawgetp(lua, LUA_REGISTRYINDEX, &library_key);
    lua_getfield(lua, -1, "join");
    lua_replace(lua, -2);
    lua_insert(lua, -2);
    lua_call(lua, 1, 2);
    return 0;
}
