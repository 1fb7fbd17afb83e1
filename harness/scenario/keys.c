/* keys.c - see keys.h. */
#include "scenario/keys.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "scenario/lua_text.h"

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

/* The entry of the table on top of the stack, below which its key is. */
static int check_entry(const struct mistake_file *file, const struct keys *keys)
{
    lua_State *lua = file->lua;
    const struct key *key;
    const char *name;
    char what[96];

    if (lua_type(lua, -2) != LUA_TSTRING)
        return mistake(file, "", "%s has an entry without a name; expected name = value",
                       keys->table);
    snprintf(what, sizeof(what), "a key of %s", keys->table);
    if (lua_text_get(file, -2, "", what, &name) < 0)
        return file->err->code;
    key = find_key(keys, name);
    if (!key)
        return unknown_key(file, keys, name);
    if (!(key->types & 1u << lua_type(lua, -1)))
        return mistake(file, name, "%s of %s is a %s; expected %s", name, keys->table,
                       luaL_typename(lua, -1), key->expected);
    return 0;
}

int keys_check(const struct mistake_file *file, const struct keys *keys)
{
    lua_State *lua = file->lua;

    for (lua_pushnil(lua); lua_next(lua, -2); lua_pop(lua, 1))
        if (check_entry(file, keys) < 0)
            return file->err->code;
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

int keys_string(const struct mistake_file *file, const char *name, char **ret)
{
    const char *text = "";

    lua_getfield(file->lua, -1, name);
    if (lua_isstring(file->lua, -1) && lua_text_get(file, -1, name, name, &text) < 0)
        return file->err->code;
    *ret = mem_strdup(text);
    lua_pop(file->lua, 1);
    return 0;
}

bool keys_flag(lua_State *lua, const char *name)
{
    bool flag;

    lua_getfield(lua, -1, name);
    flag = lua_toboolean(lua, -1);
    lua_pop(lua, 1);
    return flag;
}

/* A list of strings under a name, told of in words where it is none. */
struct list_kind {
    const char *list, *entry;
    const char *refused; /* characters that no entry may have */
};

static int take_list(const struct mistake_file *file, const char *name,
                     const struct list_kind *kind, struct patterns *ret)
{
    lua_State *lua = file->lua;
    size_t count;

    if (lua_getfield(lua, -1, name) != LUA_TTABLE) {
        lua_pop(lua, 1);
        return 0;
    }
    if (!keys_is_list(lua))
        return mistake(file, name, "%s has entries with names; expected a list of %s",
                       name, kind->list);
    count = lua_rawlen(lua, -1);
    ret->globs = mem_alloc((count + 1) * sizeof(*ret->globs));
    for (size_t i = 0; i < count; i++) {
        const char *text;
        char what[64];

        if (lua_rawgeti(lua, -1, (lua_Integer)i + 1) != LUA_TSTRING)
            return mistake(file, name, "entry %zu of %s is a %s; expected a %s", i + 1,
                           name, luaL_typename(lua, -1), kind->entry);
        snprintf(what, sizeof(what), "entry %zu of %s", i + 1, name);
        if (lua_text_get(file, -1, name, what, &text) < 0)
            return file->err->code;
        ret->globs[ret->count++] = mem_strdup(text);
        if (kind->refused && (!*ret->globs[i] || strpbrk(ret->globs[i], kind->refused)))
            return mistake(file, name, "entry %zu of %s is '%.60s'; expected a %s", i + 1,
                           name, ret->globs[i], kind->entry);
        lua_pop(lua, 1);
    }
    lua_pop(lua, 1);
    return 0;
}

int keys_patterns(const struct mistake_file *file, const char *name, struct patterns *ret)
{
    static const struct list_kind kind = { "patterns", "pattern like \"stat:*\"", NULL };

    return take_list(file, name, &kind, ret);
}

int keys_commands(const struct mistake_file *file, const char *name, struct patterns *ret)
{
    static const struct list_kind kind = { "commands", "command like \"HEXPIRE\"",
                                           " \t\r\n" };

    return take_list(file, name, &kind, ret);
}

static char *number_text(lua_State *lua)
{
    char text[40];

    if (lua_isinteger(lua, -1))
        return mem_printf("%lld", (long long)lua_tointeger(lua, -1));
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, lua_tonumber(lua, -1));
        if (strtod(text, NULL) == lua_tonumber(lua, -1))
            break;
    }
    return mem_strdup(text);
}
int keys_value(const struct mistake_file *file, const char *word, const char *what,
               char **ret)
{
    lua_State *lua = file->lua;
    int type = lua_type(lua, -1);
    const char *text;

    if (type == LUA_TNUMBER && !isfinite(lua_tonumber(lua, -1)))
        return mistake(file, word, "%s is not a finite number", what);
    if (type == LUA_TNUMBER) {
        *ret = number_text(lua);
        return 0;
    }
    if (type == LUA_TBOOLEAN)
        text = lua_toboolean(lua, -1) ? "true" : "false";
    else if (lua_text_get(file, -1, word, what, &text) < 0)
        return file->err->code;
    *ret = mem_strdup(text);
    return 0;
}

int keys_text(const struct mistake_file *file, const char *word, const char *what,
              char **ret)
{
    int type = lua_type(file->lua, -1);

    if (type != LUA_TSTRING && type != LUA_TNUMBER)
        return mistake(file, word, "%s is a %s; expected a string or a number", what,
                       lua_typename(file->lua, type));
    return keys_value(file, word, what, ret);
}
