/* sandbox.c - see sandbox.h. */
#include "scenario/sandbox.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "scenario/heap.h"
#include "scenario/lua_text.h"

/* Looking at the clock costs little, and an instruction may be the call of a function
 * that takes milliseconds. */
#define HOOK_INSTRUCTIONS 1000

#define LARGE_BYTES (64u << 10)

size_t sandbox_memory_bytes = 512u << 20;
uint64_t sandbox_patience_ns = 5 * NSEC_PER_SEC;

static lua_State *guarded; /* whose code is stopped when it is late; NULL: nobody's */
static uint64_t began_ns, ran_before_ns;

bool sandbox_is_late(uint64_t passed_ns, uint64_t ran_ns)
{
    return passed_ns > sandbox_patience_ns &&
           (ran_ns > sandbox_patience_ns / 5 || mutant("starved-late"));
}

static bool is_late(void)
{
    uint64_t passed_ns = clock_now_ns() - began_ns;

    return passed_ns > sandbox_patience_ns && /* which is cheaper to know */
           sandbox_is_late(passed_ns,
                           clock_ran_ns(CLOCK_PROCESS_CPUTIME_ID) - ran_before_ns);
}

static void check_late(lua_State *lua, lua_Debug *where);

/* A few instructions can copy gigabytes: whoever asks for much has the clock looked at,
 * and is stopped at its next instruction. */
static void check_large(size_t bytes)
{
    if (guarded && bytes >= LARGE_BYTES && is_late())
        lua_sethook(guarded, check_late, LUA_MASKCOUNT, 1);
}

static void *allocate(void *context, void *block, size_t old_bytes, size_t new_bytes)
{
    struct heap *heap = context;

    if (!block)
        old_bytes = 0; /* then Lua tells the kind of object there */
    check_large(new_bytes);
    if (new_bytes > old_bytes &&
        heap_used(heap) - old_bytes + new_bytes > sandbox_memory_bytes)
        return NULL;
    return heap_resize(heap, block, old_bytes, new_bytes);
}

static struct heap *heap_of(lua_State *lua)
{
    void *heap;

    lua_getallocf(lua, &heap);
    return heap;
}

static int no_such_global(lua_State *lua)
{
    return luaL_error(
        lua,
        "'%s' is not there; scenarios have the basic functions, string, table, math "
        "and utf8, and variables of their own that are local",
        lua_text_shown(lua, 2));
}

static int no_new_global(lua_State *lua)
{
    return luaL_error(lua, "'%s' would be a global variable; write: local %s = ...",
                      lua_text_shown(lua, 2), lua_text_shown(lua, 2));
}

static void remove_fields(lua_State *lua, const char *const *names)
{
    for (; *names; names++) {
        lua_pushnil(lua);
        lua_setfield(lua, -2, *names);
    }
}

/* Lua's own, less finalizers: they run where nothing can stop them. */
static int set_metatable(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    luaL_argexpected(lua, lua_isnoneornil(lua, 2) || lua_istable(lua, 2), 2,
                     "nil or table");
    if (luaL_getmetafield(lua, 1, "__metatable") != LUA_TNIL)
        return luaL_error(lua, "cannot change a protected metatable");
    lua_settop(lua, 2);
    if (lua_istable(lua, 2)) {
        lua_pushliteral(lua, "__gc");
        if (lua_rawget(lua, 2) != LUA_TNIL)
            return luaL_error(
                lua, "setmetatable: __gc is not there; scenarios have no finalizers");
        lua_pop(lua, 1);
    }
    lua_setmetatable(lua, 1);
    return 1;
}

lua_State *sandbox_new(uint64_t seed)
{
    static const luaL_Reg libraries[] = {
        { LUA_GNAME, luaopen_base },       { LUA_STRLIBNAME, luaopen_string },
        { LUA_TABLIBNAME, luaopen_table }, { LUA_MATHLIBNAME, luaopen_math },
        { LUA_UTF8LIBNAME, luaopen_utf8 },
    };
    static const char *const from_base[] = { "dofile", "loadfile",       "load", "print",
                                             "warn",   "collectgarbage", NULL };
    static const char *const from_math[] = { "randomseed", NULL };
    /* Twice what may be in use: blocks are rounded up. Less if the address space is
     * short. */
    size_t room = 2 * sandbox_memory_bytes + LARGE_BYTES;
    struct heap *heap = NULL;
    lua_State *lua;

    while (!heap && (heap = heap_new(room)) == NULL && room > LARGE_BYTES)
        room /= 2;
    lua = heap ? lua_newstate(allocate, heap) : NULL;
    if (!lua)
        mem_give_up(room);
    for (size_t i = 0; i < ARRAY_SIZE(libraries); i++) {
        luaL_requiref(lua, libraries[i].name, libraries[i].func, 1);
        lua_pop(lua, 1);
    }
    lua_getglobal(lua, "math");
    lua_getfield(lua, -1, "randomseed");
    lua_pushinteger(lua, (lua_Integer)seed);
    lua_call(lua, 1, 0);
    remove_fields(lua, from_math);
    lua_pop(lua, 1);
    lua_pushglobaltable(lua);
    remove_fields(lua, from_base);
    lua_pushcfunction(lua, set_metatable);
    lua_setfield(lua, -2, "setmetatable");
    lua_newtable(lua);
    lua_pushcfunction(lua, no_such_global);
    lua_setfield(lua, -2, "__index");
    lua_pushcfunction(lua, no_new_global);
    lua_setfield(lua, -2, "__newindex");
    lua_pushboolean(lua, 0);
    lua_setfield(lua, -2, "__metatable");
    lua_setmetatable(lua, -2);
    lua_pop(lua, 1);
    return lua;
}

lua_State *sandbox_free(lua_State *lua)
{
    struct heap *heap = lua ? heap_of(lua) : NULL;

    if (lua)
        lua_close(lua);
    heap_free(heap);
    return NULL;
}

void sandbox_collect_nothing(lua_State *lua)
{
    lua_gc(lua, LUA_GCSTOP);
}

size_t sandbox_bytes(lua_State *lua)
{
    return heap_bytes(heap_of(lua));
}

void sandbox_keep(lua_State *lua)
{
    heap_keep(heap_of(lua));
}

void sandbox_put_back(lua_State *lua)
{
    heap_put_back(heap_of(lua));
}

int sandbox_message(lua_State *lua)
{
    if (lua_type(lua, 1) != LUA_TSTRING)
        lua_pushfstring(lua, "an error that is not a string (%s) was raised",
                        luaL_typename(lua, 1));
    lua_text_shown(lua, -1);
    return 1;
}

static void check_late(lua_State *lua, lua_Debug *where)
{
    (void)where;
    if (!is_late())
        return;
    lua_sethook(lua, check_late, LUA_MASKCOUNT,
                1);     /* no pcall() around it survives that */
    luaL_where(lua, 0); /* the function that runs, not the one that called it */
    lua_pushfstring(
        lua,
        "the file did not return within %d seconds; is there an endless loop outside "
        "the functions?",
        (int)(sandbox_patience_ns / NSEC_PER_SEC));
    lua_concat(lua, 2);
    lua_error(lua);
}

void sandbox_guard(lua_State *lua)
{
    guarded = lua;
    began_ns = clock_now_ns();
    ran_before_ns = clock_ran_ns(CLOCK_PROCESS_CPUTIME_ID);
    lua_sethook(lua, check_late, LUA_MASKCOUNT, HOOK_INSTRUCTIONS);
}

void sandbox_unguard(lua_State *lua)
{
    guarded = NULL;
    lua_sethook(lua, NULL, 0, 0);
}

/* Lua's message, behind the file's name where Lua gives no place (out of memory, binary
 * chunk). */
int sandbox_explain(lua_State *lua, const char *path, struct err *err)
{
    const char *message = lua_text_bytes(lua, -1).bytes;
    const char *slash = strrchr(path, '/');

    err_set(err, ERR_USAGE, "%s", message);
    return strstr(message, slash ? slash + 1 : path) ? err->code
                                                     : err_wrap(err, "%s", path);
}

/* What loads the text is given the path of the file, or a name of its own. */
static int run_loaded(lua_State *lua, int status, const char *path, struct err *err)
{
    if (status == LUA_OK) {
        lua_pushcfunction(lua, sandbox_message);
        lua_insert(lua, -2);
        status = lua_pcall(lua, 0, 1, -2);
    }
    if (status != LUA_OK)
        return sandbox_explain(lua, path, err);
    lua_remove(lua, -2);
    return 0;
}

int sandbox_run(lua_State *lua, const char *path, struct err *err)
{
    return run_loaded(lua, luaL_loadfilex(lua, path, "t"), path, err);
}

/* Of a file Lua does not read the mark of UTF-8, and a first line that begins with #. The
 * line's end stays, so that lines have their numbers. */
static const char *after_heading(const char *text)
{
    static const char mark[] = "\xef\xbb\xbf";

    if (strncmp(text, mark, strlen(mark)) == 0)
        text += strlen(mark);
    return *text == '#' ? text + strcspn(text, "\n") : text;
}

int sandbox_run_text(lua_State *lua, const char *name, const char *text, struct err *err)
{
    CLEANUP(mem_freep) char *chunk = mem_printf("@%s", name);

    text = after_heading(text);
    return run_loaded(lua, luaL_loadbufferx(lua, text, strlen(text), chunk, "t"), name,
                      err);
}

const char *sandbox_lua_version(void)
{
    return LUA_VERSION_MAJOR "." LUA_VERSION_MINOR "." LUA_VERSION_RELEASE;
}
