/* routine.c - see routine.h. Whatever is made is owned by the routines at once: Lua can
 * raise in between. */
#include "scenario/routine.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "scenario/keys.h"
#include "scenario/shorthand.h"

#define WHAT_TEXT 64
#define A_PROGRAM "a program and its arguments, like { \"node\", \"work.js\" }"
#define A_PART "a function, commands like \"INCR k\", or " A_PROGRAM

/* The list on top of the stack, which is called `what`. */
static int read_command(const struct mistake_file *file, const char *key,
                        const char *what, char ***ret)
{
    lua_State *lua = file->lua;
    size_t count = lua_rawlen(lua, -1);
    int code = 0;

    if (!keys_is_list(lua))
        return mistake(file, key, "%s has entries with names; expected " A_PROGRAM, what);
    if (!count)
        return mistake(file, key, "%s is empty; expected " A_PROGRAM, what);
    *ret = mem_alloc((count + 1) * sizeof(**ret));
    for (size_t i = 0; i < count && code == 0; i++) {
        char word[WHAT_TEXT + 32];

        snprintf(word, sizeof(word), "word %zu of %s", i + 1, what);
        lua_rawgeti(lua, -1, (lua_Integer)i + 1);
        code = keys_text(file, key, word, &(*ret)[i]);
        lua_pop(lua, 1);
    }
    if (code == 0 && !(*ret)[0][0])
        return mistake(file, key, "%s begins with an empty word; expected " A_PROGRAM,
                       what);
    return code;
}

/* { command = { .. } }, on top of the stack. */
static int read_named(const struct mistake_file *file, const char *key, const char *what,
                      char ***ret)
{
    static const struct key command[] = { { "command", TABLE, A_PROGRAM, true } };
    const struct keys keys = { command, ARRAY_SIZE(command), what };
    char named[WHAT_TEXT + 32];
    int code = keys_check(file, &keys);

    if (code < 0)
        return code;
    snprintf(named, sizeof(named), "command of %s", what);
    lua_getfield(file->lua, -1, "command");
    code = read_command(file, key, named, ret);
    lua_pop(file->lua, 1);
    return code;
}

static bool is_empty(lua_State *lua)
{
    lua_pushnil(lua);
    if (!lua_next(lua, -2))
        return true;
    lua_pop(lua, 2);
    return false;
}

/* Is the table on top of the stack a list of strings and numbers? */
static bool is_words(lua_State *lua)
{
    size_t count = lua_rawlen(lua, -1);
    bool words = count > 0;

    for (size_t i = 1; i <= count && words; i++) {
        int type = lua_rawgeti(lua, -1, (lua_Integer)i);

        words = type == LUA_TSTRING || type == LUA_TNUMBER;
        lua_pop(lua, 1);
    }
    return words;
}

/* Takes the function or the text on top of the stack. */
static int take_function(const struct mistake_file *file, const char *key,
                         scenario_function *ret)
{
    int code = 0;

    if (lua_type(file->lua, -1) == LUA_TSTRING)
        code = shorthand_compile(file, key);
    if (code == 0)
        *ret = luaL_ref(file->lua, LUA_REGISTRYINDEX);
    return code;
}

/* Takes the entry of a list on top of the stack. */
static int take_part(const struct mistake_file *file, const char *key, size_t number,
                     struct routine_part *ret)
{
    int type = lua_type(file->lua, -1), code;
    char what[WHAT_TEXT];

    snprintf(what, sizeof(what), "part %zu of %s", number, key);
    if (type == LUA_TFUNCTION || type == LUA_TSTRING)
        return take_function(file, key, &ret->function);
    if (type != LUA_TTABLE)
        return mistake(file, key, "%s is a %s; expected " A_PART, what,
                       lua_typename(file->lua, type));
    if (is_empty(file->lua))
        return mistake(file, key, "%s is an empty table; expected " A_PART, what);
    code = lua_rawlen(file->lua, -1) ? read_command(file, key, what, &ret->argv)
                                     : read_named(file, key, what, &ret->argv);
    lua_pop(file->lua, 1);
    return code;
}

/* With so many parts, which are still to be filled. */
static struct routine *add_routine(struct routines *routines, size_t parts)
{
    struct routine *routine;

    routines->items =
        mem_grow(routines->items, routines->count + 1, sizeof(*routines->items));
    routine = &routines->items[routines->count++];
    *routine = (struct routine){ mem_alloc(parts * sizeof(*routine->parts)), parts };
    return routine;
}

static void release_routine(struct routine *routine)
{
    for (size_t i = 0; i < routine->count; i++) {
        for (char **word = routine->parts[i].argv; word && *word; word++)
            free(*word);
        free(routine->parts[i].argv);
    }
    free(routine->parts);
}

/* Calls the functions of a list, until one returns false. */
static int call_all(lua_State *lua)
{
    size_t count = lua_rawlen(lua, lua_upvalueindex(1));

    lua_settop(lua, 2);
    for (size_t i = 1; i <= count; i++) {
        lua_rawgeti(lua, lua_upvalueindex(1), (lua_Integer)i);
        lua_pushvalue(lua, 1);
        lua_pushvalue(lua, 2);
        lua_call(lua, 2, 1);
        if (lua_isboolean(lua, -1) && !lua_toboolean(lua, -1))
            return 1;
        lua_settop(lua, 2);
    }
    return 0;
}

/* The latest routine, which has no program, as a Lua function. */
static scenario_function join(lua_State *lua, struct routines *routines)
{
    struct routine *routine = &routines->items[--routines->count];

    lua_createtable(lua, (int)routine->count, 0);
    for (size_t i = 0; i < routine->count; i++) {
        lua_rawgeti(lua, LUA_REGISTRYINDEX, routine->parts[i].function);
        lua_rawseti(lua, -2, (lua_Integer)i + 1);
    }
    release_routine(routine);
    lua_pushcclosure(lua, call_all, 1);
    return luaL_ref(lua, LUA_REGISTRYINDEX);
}

/* The list on top of the stack, whose entries are not words alone. */
static int read_parts(const struct mistake_file *file, const char *key,
                      struct routines *routines, scenario_function *ret)
{
    size_t count = lua_rawlen(file->lua, -1);
    struct routine *routine = add_routine(routines, count);
    bool programs = false;

    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(file->lua, -1, (lua_Integer)i + 1);
        if (take_part(file, key, i + 1, &routine->parts[i]) < 0)
            return file->err->code;
        programs |= routine->parts[i].argv != NULL;
    }
    *ret = programs ? -(scenario_function)routines->count : join(file->lua, routines);
    return 0;
}

/* The table on top of the stack. */
static int read_table(const struct mistake_file *file, const char *key,
                      struct routines *routines, scenario_function *ret)
{
    lua_State *lua = file->lua;
    size_t count = lua_rawlen(lua, -1);
    int code;

    if (is_empty(lua))
        return mistake(file, key, "%s is an empty table; expected " A_PART, key);
    if (count && !keys_is_list(lua))
        return mistake(file, key, "%s has entries with names; expected " A_PART, key);
    if (count && !is_words(lua))
        return read_parts(file, key, routines, ret);
    code = count ? read_command(file, key, key, &add_routine(routines, 1)->parts[0].argv)
                 : read_named(file, key, key, &add_routine(routines, 1)->parts[0].argv);
    if (code == 0)
        *ret = -(scenario_function)routines->count;
    return code;
}

int routine_get(const struct mistake_file *file, const char *key,
                struct routines *routines, scenario_function *ret)
{
    int top = lua_gettop(file->lua), type = lua_getfield(file->lua, -1, key);
    int code = 0;

    *ret = 0;
    if (type == LUA_TTABLE)
        code = read_table(file, key, routines, ret);
    else if (type != LUA_TNIL)
        code = take_function(file, key, ret);
    lua_settop(file->lua, top);
    return code;
}

int routine_get_command(const struct mistake_file *file, const char *key,
                        struct routines *routines, scenario_function *ret)
{
    int code = 0;

    *ret = 0;
    if (lua_getfield(file->lua, -1, key) != LUA_TNIL) {
        code = read_command(file, key, key, &add_routine(routines, 1)->parts[0].argv);
        *ret = -(scenario_function)routines->count;
    }
    lua_pop(file->lua, 1);
    return code;
}

const struct routine *routine_of(const struct routines *routines,
                                 scenario_function function)
{
    return function < 0 ? &routines->items[-function - 1] : NULL;
}

bool routine_has(const struct routines *routines, scenario_function whole,
                 scenario_function function)
{
    const struct routine *routine = routine_of(routines, whole);
    bool has = whole == function;

    for (size_t i = 0; routine && i < routine->count; i++)
        has |= !routine->parts[i].argv && routine->parts[i].function == function;
    return has;
}

void routines_release(struct routines *routines)
{
    for (size_t i = 0; i < routines->count; i++)
        release_routine(&routines->items[i]);
    free(routines->items);
    *routines = (struct routines){ NULL, 0 };
}
