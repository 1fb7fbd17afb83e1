/* lua_text.c - see lua_text.h. */
#include "scenario/lua_text.h"

#include <lauxlib.h>
#include <string.h>

#include "base/mutant.h"

struct str lua_text_bytes(lua_State *lua, int index)
{
    struct str text;

    text.bytes = lua_tolstring(lua, index, &text.length);
    return text;
}

static bool is_whole(struct str text)
{
    return !memchr(text.bytes, '\0', text.length) || mutant("texts-cut");
}

const char *lua_text(lua_State *lua, int index)
{
    struct str text;

    if (lua_type(lua, index) != LUA_TSTRING)
        return NULL;
    text = lua_text_bytes(lua, index);
    return is_whole(text) ? text.bytes : NULL;
}

int lua_text_get(const struct mistake_file *file, int index, const char *word,
                 const char *what, const char **ret)
{
    struct str text = lua_text_bytes(file->lua, index);

    if (!is_whole(text))
        return mistake(file, word, "%s has a zero byte in it, which ends it", what);
    *ret = text.bytes;
    return 0;
}

const char *lua_text_shown(lua_State *lua, int index)
{
    struct str text;
    luaL_Buffer shown;

    text.bytes = luaL_tolstring(lua, index, &text.length);
    if (!memchr(text.bytes, '\0', text.length))
        return text.bytes;
    luaL_buffinit(lua, &shown);
    for (size_t i = 0; i < text.length; i++) {
        if (text.bytes[i])
            luaL_addchar(&shown, text.bytes[i]);
        else
            luaL_addstring(&shown, "\\x00");
    }
    luaL_pushresult(&shown);
    lua_replace(lua, -2);
    return lua_text_bytes(lua, -1).bytes;
}
