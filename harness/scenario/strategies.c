/* strategies.c - see strategies.h. */
#include "scenario/strategies.h"

#include <lauxlib.h>
#include <lua.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "scenario/keys.h"
#include "scenario/lua_text.h"
#include "scenario/scenario.h"
#include "scenario/try_line.h"
#include "state/verdict.h"

#define STRATEGIES_MOST 1000
#define NAME_MOST 63 /* what a replay can be asked for */

static const struct key strategy_keys[] = {
    { "name", STRING, "a string", true },
    { "about", STRING, "a string", false },
    { "expect", STRING | TABLE, "a word or a list of words", false },
    { "reference", BOOLEAN, "true or false", false },
    { "update", FUNCTION | STRING,
      "a function, or commands like \"INCR k | EXPIRE k 60\" (a program is `command`)",
      false },
    { "command", TABLE, "a program and its arguments, like { \"node\", \"work.js\" }",
      false },
    { "before", FUNCTION | STRING | TABLE, A_ROUTINE, false },
    { "recover", FUNCTION | STRING | TABLE, A_ROUTINE, false },
    { "alive", FUNCTION | STRING | TABLE, A_ROUTINE, false },
    { "noop", BOOLEAN, "true or false", false },
};

const char *strategies_key(size_t index)
{
    return index < ARRAY_SIZE(strategy_keys) ? strategy_keys[index].name : NULL;
}

static int expect_word(const struct mistake_file *file, struct strategy *strategy,
                       const char *word)
{
    unsigned bits = expect_parse(word);

    if (!bits)
        return mistake(
            file, word,
            "strategy '%s' expects '%.40s'; expected atomic, safe or harm, or some of "
            "leaked, duplicated, lost, mixed, stuck, broken, with only before them if "
            "there is to be no other harm",
            strategy->name, word);
    if (strategy->expect && ((strategy->expect | bits) & EXPECT_ALONE))
        return mistake(file, word, "strategy '%s': '%s' cannot stand beside other words",
                       strategy->name, expect_alone(strategy->expect | bits));
    strategy->expect |= bits;
    return 0;
}

/* "leaked", or "only leaked". */
static int expect_words(const struct mistake_file *file, struct strategy *strategy,
                        const char *words)
{
    static const char only[] = "only ";
    int code = 0;

    if (strncmp(words, only, strlen(only)) == 0) {
        code = expect_word(file, strategy, "only");
        words += strlen(only);
    }
    return code == 0 ? expect_word(file, strategy, words) : code;
}

/* One word, or a list of them. */
static int load_expect(const struct mistake_file *file, struct strategy *strategy)
{
    lua_State *lua = file->lua;
    int type = lua_getfield(lua, -1, "expect");
    size_t count = type == LUA_TTABLE ? lua_rawlen(lua, -1) : 0;
    const char *words = NULL;
    int code = 0;

    if (type == LUA_TSTRING)
        code = lua_text_get(file, -1, "expect", "expect", &words);
    if (code == 0 && words)
        code = expect_words(file, strategy, words);
    if (type == LUA_TTABLE && count == 0)
        code = mistake(file, "expect", "strategy '%s' expects an empty list",
                       strategy->name);
    for (size_t i = 1; i <= count && code == 0; i++) {
        if (lua_rawgeti(lua, -1, (lua_Integer)i) == LUA_TSTRING)
            code = lua_text_get(file, -1, "expect", "a word of expect", &words);
        else
            code = mistake(file, "expect", "strategy '%s': word %zu of expect is a %s",
                           strategy->name, i, luaL_typename(lua, -1));
        if (code == 0)
            code = expect_word(file, strategy, words);
        lua_pop(lua, 1);
    }
    if (code == 0 && strategy->expect == EXPECT_ONLY)
        code = mistake(file, "only", "strategy '%s' expects 'only', and not what",
                       strategy->name);
    lua_pop(lua, 1);
    return code;
}

/* A function, or a program. */
static int load_update(const struct mistake_file *file, struct routines *routines,
                       struct strategy *strategy, scenario_function *ret)
{
    scenario_function command;
    int code = routine_get(file, "update", routines, ret);

    if (code == 0)
        code = routine_get_command(file, "command", routines, &command);
    if (code < 0)
        return code;
    if (!*ret == !command)
        return mistake(file, *ret ? "command" : "return",
                       "strategy '%.60s' has %s; expected either a function as 'update' "
                       "or a program as 'command'",
                       strategy->name,
                       *ret ? "both 'update' and 'command'"
                            : "no 'update' and no 'command'");
    strategy->is_program = command != 0;
    if (command)
        *ret = command;
    return 0;
}

/* What it has of its own, else the scenario's. */
static int load_own(const struct mistake_file *file, struct scenario *scenario,
                    struct strategy_functions *ret)
{
    const struct {
        const char *key;
        scenario_function shared, *ret;
    } own[] = {
        { "before", scenario->before, &ret->before },
        { "recover", scenario->recover, &ret->recover },
        { "alive", scenario->alive, &ret->alive },
    };
    int code = 0;

    for (size_t i = 0; i < ARRAY_SIZE(own) && code == 0; i++) {
        code = routine_get(file, own[i].key, &scenario->routines, own[i].ret);
        if (code == 0 && !*own[i].ret)
            *own[i].ret = own[i].shared;
    }
    return code;
}

/* The strategy's table is on top of the stack. */
static int load_strategy(const struct mistake_file *file, struct scenario *scenario,
                         size_t number, bool *ret_reference)
{
    static const struct keys keys = { strategy_keys, ARRAY_SIZE(strategy_keys),
                                      "a strategy" };
    struct strategy *strategy = &scenario->outline.strategies[number];
    struct strategy_functions *functions = &scenario->functions[number];
    char shown[64];
    int code;

    if (!lua_istable(file->lua, -1))
        return mistake(file, "strategies", "strategy %zu is a %s; expected a table",
                       number + 1, luaL_typename(file->lua, -1));
    code = keys_check(file, &keys);
    if (code < 0)
        return code;
    scenario->outline.strategy_count++;
    if (keys_string(file, "name", &strategy->name) < 0 ||
        keys_string(file, "about", &strategy->about) < 0)
        return file->err->code;
    code = load_update(file, &scenario->routines, strategy, &functions->update);
    if (code == 0)
        code = load_own(file, scenario, functions);
    if (code < 0)
        return code;
    strategy->try_options = try_line_options(file->lua, lua_gettop(file->lua) - 2);
    strategy->noop = scenario->noop || keys_flag(file->lua, "noop");
    *ret_reference = keys_flag(file->lua, "reference");
    str_show(shown, sizeof(shown), str_of(strategy->name));
    if (!mistake_is_name(strategy->name) || strlen(strategy->name) > NAME_MOST)
        return mistake(file, "name",
                       "strategy %zu is named '%s'; expected a name without spaces and "
                       "commas, with no ':' at either end, of at most %d characters",
                       number + 1, shown, NAME_MOST);
    if (mistake_unless_printable(file, "about", "about", strategy->about) < 0)
        return file->err->code;
    for (size_t i = 0; i < number; i++)
        if (strcmp(scenario->outline.strategies[i].name, strategy->name) == 0)
            return mistake(file, "name", "two strategies are named '%s'", strategy->name);
    return load_expect(file, strategy);
}

int strategies_load(const struct mistake_file *file, struct scenario *scenario)
{
    lua_State *lua = file->lua;
    bool have_reference = false;
    size_t count;

    lua_getfield(lua, -1, "strategies");
    if (!keys_is_list(lua))
        return mistake(file, "strategies",
                       "strategies has entries with names; expected a list: { { name = "
                       "... }, ... }");
    count = lua_rawlen(lua, -1);
    if (count > STRATEGIES_MOST)
        return mistake(file, "strategies", "%zu strategies; expected at most %d", count,
                       STRATEGIES_MOST);
    if (count == 0)
        return mistake(file, "strategies",
                       "strategies is empty; expected a list of tables");
    scenario->outline.strategies = mem_alloc(count * sizeof(struct strategy));
    scenario->functions = mem_alloc(count * sizeof(struct strategy_functions));
    scenario->outline.reference = count - 1;
    for (size_t i = 0; i < count; i++) {
        bool reference = false;
        int code;

        lua_rawgeti(lua, -1, (lua_Integer)i + 1);
        code = load_strategy(file, scenario, i, &reference);
        lua_pop(lua, 1);
        if (code < 0)
            return code;
        if (reference && have_reference)
            return mistake(file, "reference",
                           "two strategies are the reference; expected at most one");
        if (reference)
            scenario->outline.reference = i;
        have_reference |= reference;
    }
    outline_find_lines(&scenario->outline, file->text);
    lua_pop(lua, 1);
    return 0;
}
