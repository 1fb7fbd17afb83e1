/* shorthand.c - see shorthand.h. */
#include "scenario/shorthand.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "redis/quote.h"
#include "scenario/lua_text.h"
#include "scenario/notation.h"
#include "scenario/notation_lua.h"

static const char file_key;  /* the file that is being loaded */
static const char lines_key; /* on which line texts were made that do not stand there */
static const char tools_key; /* what Lua of ours may need: unpack, error */

/* Pushes what the source is, as if it stood on that line of the file. Does not raise. */
static int load_at(const struct mistake_file *file, int line, const char *source)
{
    CLEANUP(mem_freep) char *chunk = mem_alloc((size_t)line + strlen(source) + 1);
    CLEANUP(mem_freep) char *name = mem_printf("@%s", file->path);

    memset(chunk, '\n', (size_t)line - 1);
    strcpy(chunk + line - 1, source);
    return luaL_loadbufferx(file->lua, chunk, strlen(chunk), name, "t");
}

/* The line on which the text stands in quotes or long brackets; 0: it does not. */
static int line_in_quotes(const struct mistake_file *file, const char *text)
{
    size_t length = strlen(text);
    const char *found = file->text;
    int line = 1;

    if (!length)
        return 0;
    for (; (found = strstr(found, text)) != NULL; found++)
        if (found > file->text && strchr("\"'[\n", found[-1]) && found[length] &&
            strchr("\"']", found[length]))
            break;
    for (const char *p = file->text; found && p < found; p++)
        line += *p == '\n';
    return found ? line : 0;
}

/* The line of a text: where atomic() and the like were called, else where it stands, else
 * that of the key. */
static int line_of(const struct mistake_file *file, const char *key, const char *text)
{
    lua_State *lua = file->lua;
    int line;

    lua_rawgetp(lua, LUA_REGISTRYINDEX, &lines_key);
    lua_pushstring(lua, text);
    lua_rawget(lua, -2);
    line = (int)lua_tointeger(lua, -1);
    lua_pop(lua, 2);
    if (!line)
        line = line_in_quotes(file, text);
    return line ? line : mistake_line(file, key);
}

/* Calls the chunk on top of the stack with what Lua of ours may need, whatever the
 * scenario has made of it; leaves what it returns. */
static int call_chunk(lua_State *lua)
{
    lua_rawgetp(lua, LUA_REGISTRYINDEX, &tools_key);
    lua_rawgeti(lua, -1, 1);
    lua_rawgeti(lua, -2, 2);
    lua_remove(lua, -3);
    return lua_pcall(lua, 2, 1, 0);
}

int shorthand_compile(const struct mistake_file *file, const char *key)
{
    lua_State *lua = file->lua;
    struct str text = lua_text_bytes(lua, -1);
    int line = line_of(file, key, text.bytes);
    CLEANUP(notation_release) struct notation notation = NOTATION_NULL;
    CLEANUP(mem_freep) char *source = NULL;
    struct err err = ERR_NULL;
    int status;

    if (notation_parse(text, &notation, &err) < 0)
        return mistake_at(file, line, "%s: %s", key, err.msg);
    source = notation_lua(&notation, strcmp(key, "alive") == 0);
    status = load_at(file, line, source);
    if (status == LUA_OK)
        status = call_chunk(lua);
    if (status != LUA_OK)
        return mistake_at(file, line, "%s: %s", key, lua_text_shown(lua, -1));
    lua_replace(lua, -2);
    return 0;
}

/* ---- what scenarios call ---- */

/* Raises if the file has been loaded: what it defines may be called later. */
static const struct mistake_file *loading(lua_State *lua, const char *name)
{
    const struct mistake_file *file;

    lua_rawgetp(lua, LUA_REGISTRYINDEX, &file_key);
    file = lua_touserdata(lua, -1);
    lua_pop(lua, 1);
    if (!file)
        luaL_error(lua,
                   "%s: inside a function; call it where the scenario's table is made",
                   name);
    return file;
}

static int current_line(lua_State *lua)
{
    lua_Debug where;

    if (!lua_getstack(lua, 1, &where) || !lua_getinfo(lua, "l", &where))
        return 1;
    return where.currentline > 0 ? where.currentline : 1;
}

/* Returns the text on top of the stack, and remembers where it was made. */
static int return_text(lua_State *lua)
{
    lua_rawgetp(lua, LUA_REGISTRYINDEX, &lines_key);
    lua_pushvalue(lua, -2);
    lua_pushvalue(lua, -1);
    lua_pushinteger(lua, current_line(lua));
    lua_rawset(lua, -4);
    return 1;
}

/* The text of one transaction; NULL and an error if there is none. The caller frees it.
 */
static char *atomic_of(struct str text, struct err *err)
{
    CLEANUP(notation_release) struct notation notation = NOTATION_NULL;
    char *atomic = NULL;

    if (notation_parse(text, &notation, err) == 0)
        notation_atomic(&notation, &atomic, err);
    return atomic;
}

static int lua_atomic(lua_State *lua)
{
    struct err err = ERR_NULL;
    struct str text;
    char *atomic;

    loading(lua, "atomic");
    if (lua_type(lua, 1) != LUA_TSTRING)
        return luaL_error(
            lua,
            "atomic: %s; expected commands like \"INCR k | EXPIRE k 60\" (in "
            "functions there is redis.multi)",
            lua_isnoneornil(lua, 1) ? "nothing" : luaL_typename(lua, 1));
    text = lua_text_bytes(lua, 1);
    atomic = atomic_of(text, &err);
    if (!atomic)
        return luaL_error(lua, "atomic: %s", err.msg);
    lua_settop(lua, 1);
    lua_pushstring(lua, atomic);
    free(atomic);
    return return_text(lua);
}

/* The field of requeue{}'s table: the key of a list. */
static void push_list_key(lua_State *lua, const char *name)
{
    if (lua_getfield(lua, 1, name) != LUA_TSTRING)
        luaL_error(lua,
                   "requeue: %s is %s; expected the key of a list, as in requeue{from = "
                   "\"working\", to = \"queue\"}",
                   name, lua_isnil(lua, -1) ? "missing" : luaL_typename(lua, -1));
}

static int lua_requeue(lua_State *lua)
{
    static const char source[] = "local from, to = ... return function(redis) "
                                 "while redis.call('RPOPLPUSH', from, to) do end end";
    const struct mistake_file *file = loading(lua, "requeue");

    if (!lua_istable(lua, 1))
        return luaL_error(lua,
                          "requeue: %s; expected requeue{from = \"working\", to = "
                          "\"queue\"}",
                          luaL_typename(lua, 1));
    lua_settop(lua, 1);
    for (lua_pushnil(lua); lua_next(lua, 1); lua_pop(lua, 1)) {
        const char *name = lua_text(lua, -2);

        if (!name || (strcmp(name, "from") != 0 && strcmp(name, "to") != 0))
            return luaL_error(lua, "requeue: unknown field '%s'; expected from and to",
                              lua_type(lua, -2) == LUA_TSTRING ? lua_text_shown(lua, -2)
                                                               : "?");
    }
    if (load_at(file, current_line(lua), source) != LUA_OK)
        return lua_error(lua);
    push_list_key(lua, "from");
    push_list_key(lua, "to");
    if (lua_rawequal(lua, -1, -2))
        return luaL_error(lua, "requeue: from and to are the same list, which would be "
                               "moved round for ever");
    lua_call(lua, 2, 1);
    return 1;
}

/* "SET lock afterkill NX EX 60"; the caller frees it. */
static char *acquire_text(struct str lock, lua_Integer ttl)
{
    char *text = NULL;
    FILE *out = mem_stream(&text);

    fputs("SET ", out);
    quote_print(out, lock, false);
    fputs(" afterkill NX", out);
    if (ttl)
        fprintf(out, " EX %lld", (long long)ttl);
    fclose(out);
    return text;
}

static int lua_acquires(lua_State *lua)
{
    int is_whole = 1;
    lua_Integer ttl = 0;
    char *text;

    loading(lua, "acquires");
    if (lua_type(lua, 1) != LUA_TSTRING)
        return luaL_error(lua,
                          "acquires: %s; expected the key of a lock, as in "
                          "acquires(\"lock\", 60)",
                          lua_isnoneornil(lua, 1) ? "nothing" : luaL_typename(lua, 1));
    if (!lua_isnoneornil(lua, 2))
        ttl = lua_type(lua, 2) == LUA_TNUMBER ? lua_tointegerx(lua, 2, &is_whole) : -1;
    if (!is_whole || ttl < 0 || (ttl == 0 && !lua_isnoneornil(lua, 2)))
        return luaL_error(lua,
                          "acquires: the time to live is %s; expected whole seconds, 1 "
                          "or more",
                          lua_text_shown(lua, 2));
    text = acquire_text(lua_text_bytes(lua, 1), ttl);
    lua_settop(lua, 1);
    lua_pushstring(lua, text);
    free(text);
    return return_text(lua);
}

static const luaL_Reg globals[] = {
    { "atomic", lua_atomic },
    { "requeue", lua_requeue },
    { "acquires", lua_acquires },
};

void shorthand_open(const struct mistake_file *file)
{
    lua_State *lua = file->lua;

    lua_pushlightuserdata(lua, (void *)(uintptr_t)file);
    lua_rawsetp(lua, LUA_REGISTRYINDEX, &file_key);
    lua_newtable(lua);
    lua_rawsetp(lua, LUA_REGISTRYINDEX, &lines_key);
    lua_createtable(lua, 2, 0);
    lua_getglobal(lua, "table");
    lua_getfield(lua, -1, "unpack");
    lua_rawseti(lua, -3, 1);
    lua_pop(lua, 1);
    lua_getglobal(lua, "error");
    lua_rawseti(lua, -2, 2);
    lua_rawsetp(lua, LUA_REGISTRYINDEX, &tools_key);
    lua_pushglobaltable(lua);
    for (size_t i = 0; i < ARRAY_SIZE(globals); i++) {
        lua_pushstring(lua, globals[i].name);
        lua_pushcfunction(lua, globals[i].func);
        lua_rawset(lua, -3);
    }
    lua_pop(lua, 1);
}

void shorthand_close(lua_State *lua)
{
    static const void *const kept[] = { &file_key, &lines_key, &tools_key };

    lua_pushglobaltable(lua);
    for (size_t i = 0; i < ARRAY_SIZE(globals); i++) {
        lua_pushstring(lua, globals[i].name);
        lua_pushnil(lua);
        lua_rawset(lua, -3);
    }
    lua_pop(lua, 1);
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
        lua_pushnil(lua);
        lua_rawsetp(lua, LUA_REGISTRYINDEX, kept[i]);
    }
}
