/* scenario.c - see scenario.h. The keys of the tables are checked against tables of their
 * own. */
#include "scenario/scenario.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"
#include "scenario/invariants.h"
#include "scenario/keys.h"
#include "scenario/mistake.h"
#include "scenario/redis_table.h"
#include "scenario/refusal.h"
#include "scenario/sandbox.h"
#include "scenario/script.h"
#include "scenario/shorthand.h"
#include "state/verdict.h"

#define STRATEGIES_MOST 1000
#define A_FUNCTION "a function, or commands like \"INCR k | EXPIRE k 60\""
#define NAME_MOST 63 /* what a replay can be asked for */

static const struct key scenario_keys[] = {
    { "title", STRING, "a string", false },
    { "source", STRING, "a string", false },
    { "params", TABLE, "a table of numbers, strings and booleans", false },
    { "before", FUNCTION | STRING, A_FUNCTION, false },
    { "strategies", TABLE, "a list of tables", true },
    { "recover", FUNCTION | STRING, A_FUNCTION, false },
    { "alive", FUNCTION | STRING, A_FUNCTION, false },
    { "ignore", TABLE, "a list of patterns", false },
    { "ordered", TABLE, "a list of patterns", false },
    { "zero", TABLE, "a list of patterns", false },
    { "invariants", TABLE, "a table of invariants by name", false },
    { "recover_after", NUMBER | STRING, "seconds, or the name of a parameter", false },
    { "tolerate", NUMBER | STRING, "seconds, or the name of a parameter", false },
    { "moments", TABLE, "a list of seconds", false },
    { "noop", BOOLEAN, "true or false", false },
};

static const struct key strategy_keys[] = {
    { "name", STRING, "a string", true },
    { "about", STRING, "a string", false },
    { "expect", STRING | TABLE, "a word or a list of words", false },
    { "reference", BOOLEAN, "true or false", false },
    { "update", FUNCTION | STRING, A_FUNCTION, true },
    { "before", FUNCTION | STRING, A_FUNCTION, false },
    { "recover", FUNCTION | STRING, A_FUNCTION, false },
    { "alive", FUNCTION | STRING, A_FUNCTION, false },
    { "noop", BOOLEAN, "true or false", false },
};

const char *scenario_key(size_t index)
{
    if (index < ARRAY_SIZE(scenario_keys))
        return scenario_keys[index].name;
    index -= ARRAY_SIZE(scenario_keys);
    return index < ARRAY_SIZE(strategy_keys) ? strategy_keys[index].name : NULL;
}

static char *get_string(lua_State *lua, const char *name)
{
    char *text;

    lua_getfield(lua, -1, name);
    text = mem_strdup(lua_isstring(lua, -1) ? lua_tostring(lua, -1) : "");
    lua_pop(lua, 1);
    return text;
}

/* Takes the value on top of the stack; 0 if it is no function. */
static scenario_function take_function(lua_State *lua)
{
    if (lua_isfunction(lua, -1))
        return luaL_ref(lua, LUA_REGISTRYINDEX);
    lua_pop(lua, 1);
    return 0;
}

static scenario_function get_function(lua_State *lua, const char *name)
{
    lua_getfield(lua, -1, name);
    return take_function(lua);
}

/* One that is not there is false. */
static bool get_flag(lua_State *lua, const char *name)
{
    bool flag;

    lua_getfield(lua, -1, name);
    flag = lua_toboolean(lua, -1);
    lua_pop(lua, 1);
    return flag;
}

static int load_patterns(const struct mistake_file *file, const char *name,
                         struct patterns *ret)
{
    lua_State *lua = file->lua;
    size_t count;

    if (lua_getfield(lua, -1, name) != LUA_TTABLE) {
        lua_pop(lua, 1);
        return 0;
    }
    if (!keys_is_list(lua))
        return mistake(file, name,
                       "%s has entries with names; expected a list of patterns", name);
    count = lua_rawlen(lua, -1);
    ret->globs = mem_alloc((count + 1) * sizeof(*ret->globs));
    for (size_t i = 0; i < count; i++) {
        if (lua_rawgeti(lua, -1, (lua_Integer)i + 1) != LUA_TSTRING)
            return mistake(file, name,
                           "entry %zu of %s is a %s; expected a pattern like "
                           "\"stat:*\"",
                           i + 1, name, luaL_typename(lua, -1));
        ret->globs[ret->count++] = mem_strdup(lua_tostring(lua, -1));
        lua_pop(lua, 1);
    }
    lua_pop(lua, 1);
    return 0;
}

static int expect_word(const struct mistake_file *file, struct strategy *strategy,
                       const char *word)
{
    unsigned bits = expect_parse(word);

    if (!bits)
        return mistake(
            file, word,
            "strategy '%s' expects '%.40s'; expected atomic, safe or harm, or some of "
            "leaked, duplicated, lost, mixed, stuck, broken",
            strategy->name, word);
    if (strategy->expect && ((strategy->expect | bits) & EXPECT_ALONE))
        return mistake(file, word, "strategy '%s': '%s' cannot stand beside other words",
                       strategy->name, expect_alone(strategy->expect | bits));
    strategy->expect |= bits;
    return 0;
}

/* One word, or a list of them. */
static int load_expect(const struct mistake_file *file, struct strategy *strategy)
{
    lua_State *lua = file->lua;
    int type = lua_getfield(lua, -1, "expect");
    size_t count = type == LUA_TTABLE ? lua_rawlen(lua, -1) : 0;
    int code = 0;

    if (type == LUA_TSTRING)
        code = expect_word(file, strategy, lua_tostring(lua, -1));
    if (type == LUA_TTABLE && count == 0)
        code = mistake(file, "expect", "strategy '%s' expects an empty list",
                       strategy->name);
    for (size_t i = 1; i <= count && code == 0; i++) {
        if (lua_rawgeti(lua, -1, (lua_Integer)i) == LUA_TSTRING)
            code = expect_word(file, strategy, lua_tostring(lua, -1));
        else
            code = mistake(file, "expect", "strategy '%s': word %zu of expect is a %s",
                           strategy->name, i, luaL_typename(lua, -1));
        lua_pop(lua, 1);
    }
    lua_pop(lua, 1);
    return code;
}

/* A scenario that is being loaded. */
struct loader {
    struct mistake_file file;
    bool in_memory; /* its text is in no file */
    const struct parameter_settings *settings;
    struct scenario *scenario;
};

/* The strategy's, else the scenario's. */
static scenario_function own_function(const struct loader *loader, const char *name,
                                      scenario_function shared)
{
    scenario_function own = get_function(loader->file.lua, name);

    return own ? own : shared;
}

/* The strategy's table is on top of the stack. */
static int load_strategy(const struct loader *loader, size_t number, bool *ret_reference)
{
    static const struct keys keys = { strategy_keys, ARRAY_SIZE(strategy_keys),
                                      "a strategy" };
    struct scenario *scenario = loader->scenario;
    struct strategy *strategy = &scenario->outline.strategies[number];
    struct strategy_functions *functions = &scenario->functions[number];
    char shown[64];
    int code;

    if (!lua_istable(loader->file.lua, -1))
        return mistake(&loader->file, "strategies",
                       "strategy %zu is a %s; expected a table", number + 1,
                       luaL_typename(loader->file.lua, -1));
    code = keys_check(&loader->file, &keys);
    if (code == 0)
        code = shorthand_expand(&loader->file);
    if (code < 0)
        return code;
    scenario->outline.strategy_count++;
    strategy->name = get_string(loader->file.lua, "name");
    strategy->about = get_string(loader->file.lua, "about");
    functions->update = get_function(loader->file.lua, "update");
    functions->before = own_function(loader, "before", scenario->before);
    functions->recover = own_function(loader, "recover", scenario->recover);
    functions->alive = own_function(loader, "alive", scenario->alive);
    strategy->noop = scenario->noop || get_flag(loader->file.lua, "noop");
    *ret_reference = get_flag(loader->file.lua, "reference");
    str_show(shown, sizeof(shown), str_of(strategy->name));
    if (!mistake_is_name(strategy->name) || strlen(strategy->name) > NAME_MOST)
        return mistake(&loader->file, "name",
                       "strategy %zu is named '%s'; expected a name without spaces and "
                       "commas, of at most %d characters",
                       number + 1, shown, NAME_MOST);
    if (mistake_unless_printable(&loader->file, "about", "about", strategy->about) < 0)
        return loader->file.err->code;
    for (size_t i = 0; i < number; i++)
        if (strcmp(scenario->outline.strategies[i].name, strategy->name) == 0)
            return mistake(&loader->file, "name", "two strategies are named '%s'",
                           strategy->name);
    return load_expect(&loader->file, strategy);
}

static int load_strategies(const struct loader *loader)
{
    struct scenario *scenario = loader->scenario;
    lua_State *lua = loader->file.lua;
    bool have_reference = false;
    size_t count;

    lua_getfield(lua, -1, "strategies");
    if (!keys_is_list(lua))
        return mistake(&loader->file, "strategies",
                       "strategies has entries with names; expected a list: { { name = "
                       "... }, ... }");
    count = lua_rawlen(lua, -1);
    if (count > STRATEGIES_MOST)
        return mistake(&loader->file, "strategies", "%zu strategies; expected at most %d",
                       count, STRATEGIES_MOST);
    if (count == 0)
        return mistake(&loader->file, "strategies",
                       "strategies is empty; expected a list of tables");
    scenario->outline.strategies = mem_alloc(count * sizeof(struct strategy));
    scenario->functions = mem_alloc(count * sizeof(struct strategy_functions));
    scenario->outline.reference = count - 1;
    for (size_t i = 0; i < count; i++) {
        bool reference = false;
        int code;

        lua_rawgeti(lua, -1, (lua_Integer)i + 1);
        code = load_strategy(loader, i, &reference);
        lua_pop(lua, 1);
        if (code < 0)
            return code;
        if (reference && have_reference)
            return mistake(&loader->file, "reference",
                           "two strategies are the reference; expected at most one");
        if (reference)
            scenario->outline.reference = i;
        have_reference |= reference;
    }
    lua_pop(lua, 1);
    return 0;
}

/* What every function is called with: (redis, p). */
static const char redis_key, parameters_key;

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
    if (code == 0)
        code = shorthand_expand(&loader->file);
    if (code < 0)
        return code;
    scenario->outline.title = get_string(lua, "title");
    scenario->outline.source = get_string(lua, "source");
    if (mistake_unless_printable(&loader->file, "title", "title",
                                 scenario->outline.title) < 0 ||
        mistake_unless_printable(&loader->file, "source", "source",
                                 scenario->outline.source) < 0)
        return loader->file.err->code;
    scenario->before = get_function(lua, "before");
    scenario->recover = get_function(lua, "recover");
    scenario->alive = get_function(lua, "alive");
    scenario->noop = get_flag(lua, "noop");
    code = load_patterns(&loader->file, "ignore", &scenario->ignore);
    if (code == 0)
        code = load_patterns(&loader->file, "ordered", &scenario->ordered);
    if (code == 0)
        code = load_patterns(&loader->file, "zero", &scenario->zero);
    if (code == 0)
        code = load_strategies(loader);
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

static int load(struct loader *loader, struct mistake_file file, struct scenario **ret)
{
    CLEANUP(scenario_freep) struct scenario *scenario = MEM_NEW(struct scenario);
    int code;

    scenario->lua = sandbox_new(loader->settings->seed);
    scenario->outline.path = mem_strdup(file.path);
    scenario->outline.name = name_of(file.path);
    scenario->outline.now = loader->settings->now;
    file.lua = scenario->lua;
    loader->file = file;
    loader->scenario = scenario;
    code = mistake_unless_printable(&loader->file, "", "the scenario's name",
                                    scenario->outline.name);
    if (code == 0)
        code = load_file(loader);
    lua_settop(scenario->lua, 0);
    if (code == 0)
        *ret = TAKE_PTR(scenario);
    return code;
}

int scenario_load(const char *path, const struct parameter_settings *settings,
                  struct scenario **ret, struct err *err)
{
    struct loader loader = { .settings = settings };
    CLEANUP(mem_freep) char *text = NULL;
    struct stat st;

    if (stat(path, &st) == 0 && S_ISFIFO(st.st_mode))
        return err_set(err, ERR_USAGE,
                       "%s is a pipe; a scenario is read twice, so it has to be a file",
                       path);
    text = file_text(path);
    return load(&loader, (struct mistake_file){ NULL, path, text, err }, ret);
}

int scenario_load_text(const char *name, const char *text,
                       const struct parameter_settings *settings, struct scenario **ret,
                       struct err *err)
{
    struct loader loader = { .settings = settings, .in_memory = true };

    return load(&loader, (struct mistake_file){ NULL, name, text, err }, ret);
}

struct scenario *scenario_free(struct scenario *scenario)
{
    if (!scenario)
        return NULL;
    outline_release(&scenario->outline);
    free(scenario->functions);
    times_release(&scenario->times);
    patterns_release(&scenario->ignore);
    patterns_release(&scenario->ordered);
    patterns_release(&scenario->zero);
    sandbox_free(scenario->lua);
    free(scenario);
    return NULL;
}

static bool makes_old_state(const struct scenario *scenario, scenario_function function)
{
    bool makes = function == scenario->before;

    for (size_t i = 0; i < scenario->outline.strategy_count; i++)
        makes = makes || function == scenario->functions[i].before;
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

int scenario_call(struct scenario *scenario, scenario_function function,
                  struct wire *wire, bool *ret_refused, struct err *err)
{
    lua_State *lua = scenario->lua;
    struct redis_table *table = redis_table_of(lua);
    int status, code = 0;

    *ret_refused = false;
    if (!function)
        return 0;
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
                       "%s", lua_tostring(lua, -1));
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
