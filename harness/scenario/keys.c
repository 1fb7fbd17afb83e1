/* keys.c - see keys.h. */
#include "scenario/keys.h"

#include <lauxlib.h>
#include <string.h>

#include "base/str.h"

static const char *key_name(const void *context, size_t i)
{
    return ((const struct keys *)context)->keys[i].name;
}

static const struct key *find_key(const struct keys *keys, const char *name)
{
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->keys[i].name, name) == 0)
            return &keys->keys[i];
    return NULL;
}

static int unknown_key(const struct mistake_file *file, const struct keys *keys,
                       const char *name)
{
    const char *nearest = str_nearest(name, keys->count, key_name, keys);
    char list[256] = "";

    for (size_t i = 0; i < keys->count; i++) {
        strcat(list, i ? ", " : "");
        strcat(list, keys->keys[i].name);
    }
    if (nearest)
        return mistake(file, name, "unknown key '%.60s' in %s; did you mean '%s'?", name,
                       keys->table, nearest);
    return mistake(file, name, "unknown key '%.60s' in %s; expected one of: %s", name,
                   keys->table, list);
}

int keys_check(const struct mistake_file *file, const struct keys *keys)
{
    lua_State *lua = file->lua;

    for (lua_pushnil(lua); lua_next(lua, -2); lua_pop(lua, 1)) {
        const struct key *key;
        const char *name;

        if (lua_type(lua, -2) != LUA_TSTRING)
            return mistake(file, "",
                           "%s has an entry without a name; expected name = value",
                           keys->table);
        name = lua_tostring(lua, -2);
        key = find_key(keys, name);
        if (!key)
            return unknown_key(file, keys, name);
        if (!(key->types & 1u << lua_type(lua, -1)))
            return mistake(file, name, "%s of %s is a %s; expected %s", name, keys->table,
                           luaL_typename(lua, -1), key->expected);
    }
    for (size_t i = 0; i < keys->count; i++) {
        bool missing = lua_getfield(lua, -1, keys->keys[i].name) == LUA_TNIL;

        lua_pop(lua, 1);
        if (missing && keys->keys[i].required)
            return mistake(file, "return", "%s has no '%s'; expected %s", keys->table,
                           keys->keys[i].name, keys->keys[i].expected);
    }
    return 0;
}

bool keys_is_list(lua_State *lua)
{
    size_t count = 0;

    for (lua_pushnil(lua); lua_next(lua, -2); lua_pop(lua, 1))
        count++;
    return count == lua_rawlen(lua, -1);
}
