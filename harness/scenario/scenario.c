/* scenario.c - see scenario.h. The keys of the tables are checked against tables of their
 * own. */
#include "scenario/scenario.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/printable.h"
#include "base/str.h"
#include "scenario/invariants.h"
#include "scenario/keys.h"
#include "scenario/lua_text.h"
#include "scenario/mistake.h"
#include "scenario/redis_table.h"
#include "scenario/refusal.h"
#include "scenario/sandbox.h"
#include "scenario/script.h"
#include "scenario/shorthand.h"
#include "scenario/strategies.h"

#define A_TIME "seconds, a duration like \"90s\", or the name of a parameter"

static const struct key scenario_keys[] = {
    { "title", STRING, "a string", false },
    { "source", STRING, "a string", false },
    { "params", TABLE, "a table of numbers, strings and booleans", false },
    { "before", FUNCTION | STRING | TABLE, A_ROUTINE, false },
    { "strategies", TABLE, "a list of tables", true },
    { "recover", FUNCTION | STRING | TABLE, A_ROUTINE, false },
    { "alive", FUNCTION | STRING | TABLE, A_ROUTINE, false },
    { "ignore", TABLE, "a list of patterns", false },
    { "ordered", TABLE, "a list of patterns", false },
    { "zero", TABLE, "a list of patterns", false },
    { "effects", TABLE, "a list of patterns", false },
    { "needs", TABLE, "a list of commands", false },
    { "invariants", TABLE, "a table of invariants by name", false },
    { "recover_after", NUMBER | STRING, A_TIME, false },
    { "tolerate", NUMBER | STRING, A_TIME, false },
    { "moments", TABLE, "a list of seconds", false },
    { "noop", BOOLEAN, "true or false", false },
    { "dir", STRING, "a directory", false },
    { "env", TABLE, "a table of values by name", false },
    { "clock", STRING, "\"real\" or \"frozen\"", false },
    { "seed", NUMBER, "a whole number", false },
    { "vary", TABLE, "a list of patterns", false },
    { "timeout", NUMBER | STRING, A_TIME, false },
    { "settle", NUMBER | STRING, A_TIME, false },
};

const char *scenario_key(size_t index)
{
    if (index < ARRAY_SIZE(scenario_keys))
        return scenario_keys[index].name;
    return strategies_key(index - ARRAY_SIZE(scenario_keys));
}

/* Takes the value on top of the stack; 0 if it is no function. */
static scenario_function take_function(lua_State *lua)
{
    if (lua_isfunction(lua, -1))
        return luaL_ref(lua, LUA_REGISTRYINDEX);
    lua_pop(lua, 1);
    return 0;
}

/* A scenario that is being loaded. */
struct loader {
    struct mistake_file file;
    bool in_memory; /* its text is in no file */
    const struct parameter_settings *settings;
    struct scenario *scenario;
};

/* What every function is called with: (redis, p). */
static const char redis_key, parameters_key;

static int load_ignore(const struct mistake_file *file, struct ignored *ret)
{
    int code = keys_patterns(file, "ignore", &ret->keys);
    const char *half = code == 0 ? ignored_split(ret) : NULL;

    if (half)
        return mistake(file, "ignore",
                       "'%.60s' of ignore has nothing %s #; expected KEY#FIELD, or \\# "
                       "for a # in the name of a key",
                       half, half[0] == '#' ? "before" : "behind");
    return code;
}

static int load_functions(const struct mistake_file *file, struct scenario *scenario)
{
    struct routines *routines = &scenario->routines;
    int code = routine_get(file, "before", routines, &scenario->before);

    if (code == 0)
        code = routine_get(file, "recover", routines, &scenario->recover);
    if (code == 0)
        code = routine_get(file, "alive", routines, &scenario->alive);
    return code;
}

/* The scenario's table is on top of the stack. */
static int load_table(const struct loader *loader)
{
    static const struct keys keys = { scenario_keys, ARRAY_SIZE(scenario_keys),
                                      "the scenario" };
    struct scenario *scenario = loader->scenario;
    lua_State *lua = loader->file.lua;
    int code;

    if (!lua_istable(lua, -1))
        return mistake(&loader->file, "return", "the file returns a %s; expected a table",
                       luaL_typename(lua, -1));
    code = keys_check(&loader->file, &keys);
    if (code < 0)
        return code;
    if (keys_string(&loader->file, "title", &scenario->outline.title) < 0 ||
        keys_string(&loader->file, "source", &scenario->outline.source) < 0 ||
        mistake_unless_printable(&loader->file, "title", "title",
                                 scenario->outline.title) < 0 ||
        mistake_unless_printable(&loader->file, "source", "source",
                                 scenario->outline.source) < 0)
        return loader->file.err->code;
    scenario->noop = keys_flag(lua, "noop");
    code = load_functions(&loader->file, scenario);
    if (code == 0)
        code = load_ignore(&loader->file, &scenario->ignore);
    if (code == 0)
        code = keys_patterns(&loader->file, "ordered", &scenario->ordered);
    if (code == 0)
        code = keys_patterns(&loader->file, "zero", &scenario->zero);
    if (code == 0)
        code = keys_commands(&loader->file, "needs", &scenario->needs);
    if (code == 0)
        code = strategies_load(&loader->file, scenario);
    if (code == 0)
        code = invariants_load(&loader->file);
    if (code < 0)
        return code;
    scenario->holds_later = take_function(lua);
    scenario->holds_now = take_function(lua);
    code = parameters_load(&loader->file, loader->settings, &scenario->outline);
    if (code < 0)
        return code;
    lua_rawsetp(lua, LUA_REGISTRYINDEX, &parameters_key);
    code = times_load(&loader->file, &scenario->outline, &scenario->times);
    if (code == 0)
        code = programs_load(&loader->file, loader->settings, &scenario->outline,
                             scenario->routines.count > 0, &scenario->programs);
    if (code < 0)
        return code;
    redis_table_push(lua);
    script_add(lua);
    lua_rawsetp(lua, LUA_REGISTRYINDEX, &redis_key);
    return 0;
}

/* load_table(), protected: a table's metamethods can raise wherever it is read. */
static int load_protected(lua_State *lua)
{
    const struct loader *loader = lua_touserdata(lua, 1);

    lua_pushinteger(lua, load_table(loader));
    return 1;
}

static int load_file(const struct loader *loader)
{
    lua_State *lua = loader->file.lua;
    int code;

    invariants_open(lua);
    shorthand_open(&loader->file);
    sandbox_guard(lua);
    if (loader->in_memory)
        code =
            sandbox_run_text(lua, loader->file.path, loader->file.text, loader->file.err);
    else
        code = sandbox_run(lua, loader->file.path, loader->file.err);
    if (code == 0) {
        lua_pushcfunction(lua, sandbox_message);
        lua_insert(lua, -2);
        lua_pushcfunction(lua, load_protected);
        lua_insert(lua, -2);
        lua_pushlightuserdata(lua, (void *)(uintptr_t)loader);
        lua_insert(lua, -2);
        if (lua_pcall(lua, 2, 1, -4) != LUA_OK)
            code = sandbox_explain(lua, loader->file.path, loader->file.err);
        else
            code = (int)lua_tointeger(lua, -1);
    }
    sandbox_unguard(lua);
    invariants_close(lua);
    shorthand_close(lua);
    return code;
}

static char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *name = mem_strdup(slash ? slash + 1 : path);
    char *dot = strrchr(name, '.');

    if (dot && dot != name)
        *dot = '\0';
    return name;
}

/* The sandbox is `file.lua`. */
static int load(struct loader *loader, struct mistake_file file, struct scenario **ret)
{
    CLEANUP(scenario_freep) struct scenario *scenario = MEM_NEW(struct scenario);
    int code;

    scenario->lua = file.lua;
    scenario->outline.path = mem_strdup(file.path);
    scenario->outline.name = name_of(file.path);
    scenario->outline.now = loader->settings->now;
    loader->file = file;
    loader->scenario = scenario;
    code = mistake_unless_printable(&loader->file, "", "the scenario's name",
                                    scenario->outline.name);
    if (code == 0 && !printable_begins(scenario->outline.name))
        code = mistake(&loader->file, "",
                       "the scenario's name is '%s'; expected one that does not begin "
                       "with a ':' or a word and a ':', for it begins lines of reports",
                       scenario->outline.name);
    if (code == 0)
        code = load_file(loader);
    parameters_hide(loader->settings, &scenario->outline);
    lua_settop(scenario->lua, 0);
    if (code == 0)
        *ret = TAKE_PTR(scenario);
    return code;
}

/* A file has its zero bytes as escapes: what is kept of it, and compared, is a text. Lua
 * itself speaks of what it has compiled. */
static int check_zeros(const char *path, struct str bytes, struct err *err)
{
    size_t line = 1;

    if (strlen(bytes.bytes) == bytes.length || bytes.bytes[0] == LUA_SIGNATURE[0])
        return 0;
    for (const char *p = bytes.bytes; *p; p++)
        line += *p == '\n';
    return err_set(err, ERR_USAGE,
                   "%s:%zu: there is a zero byte in the file; in quotes it is \\0", path,
                   line);
}

/* Of a file that is not there it is empty: Lua says why. */
static int read_text(const char *path, char **ret, struct err *err)
{
    size_t length = 0;
    struct stat st;

    if (stat(path, &st) == 0 && S_ISFIFO(st.st_mode))
        return err_set(err, ERR_USAGE,
                       "%s is a pipe; a scenario is read twice, so it has to be a file",
                       path);
    *ret = file_read(path, &length);
    if (!*ret)
        *ret = mem_strdup("");
    return check_zeros(path, (struct str){ *ret, length }, err);
}

int scenario_load_in(struct lua_State *sandbox, const char *path, const char *text,
                     const struct parameter_settings *settings, struct scenario **ret,
                     struct err *err)
{
    struct loader loader = { .settings = settings, .in_memory = text != NULL };
    CLEANUP(mem_freep) char *own = NULL;

    if (!text && read_text(path, &own, err) < 0) {
        sandbox_free(sandbox);
        return err->code;
    }
    return load(&loader, (struct mistake_file){ sandbox, path, text ? text : own, err },
                ret);
}

int scenario_load(const char *path, const struct parameter_settings *settings,
                  struct scenario **ret, struct err *err)
{
    return scenario_load_in(sandbox_new(settings->seed), path, NULL, settings, ret, err);
}

int scenario_load_text(const char *name, const char *text,
                       const struct parameter_settings *settings, struct scenario **ret,
                       struct err *err)
{
    return scenario_load_in(sandbox_new(settings->seed), name, text, settings, ret, err);
}

struct scenario *scenario_free(struct scenario *scenario)
{
    if (!scenario)
        return NULL;
    outline_release(&scenario->outline);
    free(scenario->functions);
    times_release(&scenario->times);
    programs_release(&scenario->programs);
    routines_release(&scenario->routines);
    ignored_release(&scenario->ignore);
    patterns_release(&scenario->ordered);
    patterns_release(&scenario->zero);
    patterns_release(&scenario->needs);
    sandbox_free(scenario->lua);
    free(scenario);
    return NULL;
}

static bool makes_old_state(const struct scenario *scenario, scenario_function function)
{
    const struct routines *routines = &scenario->routines;
    bool makes = routine_has(routines, scenario->before, function);

    for (size_t i = 0; i < scenario->outline.strategy_count; i++)
        makes = makes || routine_has(routines, scenario->functions[i].before, function);
    return makes;
}

void scenario_pass(struct scenario *scenario, int64_t seconds)
{
    scenario->passed_s = seconds;
}

/* Of the parameters on top of the stack. In the worker: what Lua holds is put back as it
 * was behind each. */
static void set_clock(const struct scenario *scenario)
{
    lua_State *lua = scenario->lua;

    if (!scenario->passed_s)
        return;
    lua_pushliteral(lua, "now");
    lua_pushinteger(lua, scenario->outline.now + scenario->passed_s);
    lua_rawset(lua, -3);
}

const struct routine *scenario_routine(const struct scenario *scenario,
                                       scenario_function function)
{
    return routine_of(&scenario->routines, function);
}

int scenario_call(struct scenario *scenario, scenario_function function,
                  struct wire *wire, bool *ret_refused, struct err *err)
{
    lua_State *lua = scenario->lua;
    struct redis_table *table = redis_table_of(lua);
    int status, code = 0;

    *ret_refused = false;
    if (!function)
        return 0;
    if (scenario_routine(scenario, function))
        return err_set(err, ERR_REFUSED,
                       "a program is not called"); /* UNTESTED: judge_run() does not */
    redis_table_use(lua, wire, makes_old_state(scenario, function));
    lua_pushcfunction(lua, sandbox_message);
    lua_rawgeti(lua, LUA_REGISTRYINDEX, function);
    lua_rawgetp(lua, LUA_REGISTRYINDEX, &redis_key);
    lua_rawgetp(lua, LUA_REGISTRYINDEX, &parameters_key);
    set_clock(scenario);
    status = lua_pcall(lua, 2, 1, -4);
    if (status != LUA_OK)
        code = err_set(err,
                       table->broken    ? table->broken
                       : table->refusal ? ERR_REFUSED
                                        : ERR_USAGE,
                       "%s", lua_text_bytes(lua, -1).bytes);
    else if (table->broken)
        code = err_set(err, table->broken, "the connection to Redis was lost");
    else if (table->refusal)
        code = err_set(err, ERR_REFUSED, "%s is refused: %s", table->refusal->what,
                       table->refusal->reason);
    else if (table->in_transaction)
        code = err_set(err, ERR_USAGE,
                       "the function ended inside MULTI, and nothing of it is done; "
                       "expected EXEC or DISCARD, or redis.multi");
    else
        *ret_refused = lua_isboolean(lua, -1) && !lua_toboolean(lua, -1);
    redis_table_use(lua, NULL, false);
    lua_settop(lua, 0);
    return code;
}
