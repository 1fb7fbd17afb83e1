/* shorthand: what stands for functions is accepted where functions are; mistakes have the
 * file and the line of what they are in. */
#include <criterion/criterion.h>
#include <string.h>

#include "scenario/scenario.h"
#include "testlib.h"

static char *directory;

static void enter_directory(void)
{
    directory = test_directory();
}

static void leave_directory(void)
{
    test_directory_remove(directory);
}

TestSuite(shorthand, .init = enter_directory, .fini = leave_directory);

static struct scenario *load(const char *text, struct err *err)
{
    static const struct parameter_settings settings = { .seed = 7, .now = 1700000000 };
    CLEANUP(mem_freep) char *path = test_file(directory, "case.lua", text);
    struct scenario *scenario = NULL;
    int code = scenario_load(path, &settings, &scenario, err);

    cr_assert(code == 0 || code == ERR_USAGE, "%d: %s", code, err->msg);
    return scenario;
}

#define STRATEGY "strategies = { { name = 'one', update = 'INCR k' } },\n"

Test(shorthand, stands_where_functions_do)
{
    static const char *const texts[] = {
        "return { " STRATEGY "before = 'INCR k', recover = 'INCR k', alive = 'INCR k' }",
        "return { strategies = { { name = 'one', update = 'INCR k', before = 'INCR k',\n"
        "recover = 'INCR k', alive = 'INCR k' } } }",
        "return { strategies = { { name = 'one', update = atomic('INCR k | INCR j'),\n"
        "recover = requeue{from = 'w', to = 'q'}, alive = acquires('lock', 5) } } }",
        "return setmetatable({ " STRATEGY "}, { __index = { before = 'INCR k' } })",
    };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct err err = ERR_NULL;
        CLEANUP(scenario_freep) struct scenario *scenario = load(texts[i], &err);

        cr_assert_not_null(scenario, "case %zu: %s", i, err.msg);
        cr_expect(scenario->functions[0].update > 0);
        cr_expect(i == 2 || scenario->functions[0].before > 0, "case %zu", i);
        cr_expect(i == 3 || scenario->functions[0].recover > 0, "case %zu", i);
        cr_expect(i == 3 || scenario->functions[0].alive > 0, "case %zu", i);
    }
}

Test(shorthand, mistakes_are_told_where_they_are)
{
    static const struct {
        const char *text;
        int line;
        const char *says[2];
    } rows[] = {
        { "return {\n" STRATEGY "alive = 'INCR k |' }",
          3,
          { "alive: expected a command here", "INCR k |\n            ^" } },
        { "return {\nstrategies = { { name = 'one',\nupdate = 'SET k 1' },\n{ name = "
          "'two',\nupdate =\n'SET k ]' } } }",
          6,
          { "update: this ] closes nothing", "SET k ]\n          ^" } },
        { "-- 'INCR k |\nreturn {\n" STRATEGY "alive = [[\nINCR k |]] }",
          5,
          { "alive: expected a command here", "INCR k |\n            ^" } },
        { "local text = 'SET \"a'\nreturn {\n" STRATEGY "recover = text .. ' b' }",
          4,
          { "recover: this quote is not closed", NULL } },
        { "return {\n" STRATEGY "before = '' }", 3, { "before: expected a command" } },
        { "return {\n" STRATEGY "before = 'SET k \\0' }", 3, { "a zero byte" } },
        { "local a =\natomic('INCR k |')\nreturn { " STRATEGY "before = a }",
          2,
          { "atomic: expected a command here", "INCR k |\n            ^" } },
        { "local a =\natomic('MULTI | INCR k')", 2, { "MULTI has no place" } },
        { "local a =\natomic(function() end)", 2, { "atomic: function", "redis.multi" } },
        { "local a =\natomic()", 2, { "atomic: nothing", "INCR k" } },
        { "local r =\nrequeue('w', 'q')", 2, { "requeue: string", "from = " } },
        { "local r =\nrequeue{from = 'w'}", 2, { "requeue: to is missing", "as in" } },
        { "local r =\nrequeue{from = 1, to = 'q'}", 2, { "from is number" } },
        { "local r =\nrequeue{from = 'w', to = 'w'}", 2, { "the same list" } },
        { "local r =\nrequeue{from = 'w', to = 'q', of = 1}",
          2,
          { "unknown field 'of'", "from and to" } },
        { "local a =\nacquires()", 2, { "acquires: nothing", "the key of a lock" } },
        { "local a =\nacquires('l', 0)", 2, { "time to live is 0", "1 or more" } },
        { "local a =\nacquires('l', 1.5)", 2, { "time to live is 1.5" } },
        { "local a =\nacquires('l', '5')", 2, { "time to live is 5", "whole" } },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct err err = ERR_NULL;
        CLEANUP(scenario_freep) struct scenario *scenario = load(rows[i].text, &err);
        CLEANUP(mem_freep)
        char *where = mem_printf("%s/case.lua:%d: ", directory, rows[i].line);

        cr_expect_null(scenario, "case %zu is loaded", i);
        cr_expect_eq(strncmp(err.msg, where, strlen(where)), 0,
                     "case %zu is not at line %d: %s", i, rows[i].line, err.msg);
        for (size_t s = 0; s < ARRAY_SIZE(rows[i].says) && rows[i].says[s]; s++)
            cr_expect_not_null(strstr(err.msg, rows[i].says[s]),
                               "case %zu does not say %s: %s", i, rows[i].says[s],
                               err.msg);
    }
}

/* They are no globals for functions, and what a file keeps of them works no more. */
Test(shorthand, is_there_only_while_the_file_is_loaded)
{
    struct err err = ERR_NULL;
    CLEANUP(scenario_freep)
    struct scenario *scenario =
        load("local keep = atomic\n"
             "return { strategies = {\n"
             "{ name = 'global', update = function() atomic('INCR k') end },\n"
             "{ name = 'kept', update = function() keep('INCR k') end } } }",
             &err);
    static const char *const says[] = { "'atomic' is not there", "inside a function" };

    cr_assert_not_null(scenario, "%s", err.msg);
    for (size_t i = 0; i < ARRAY_SIZE(says); i++) {
        bool refused;

        cr_expect_eq(
            scenario_call(scenario, scenario->functions[i].update, NULL, &refused, &err),
            ERR_USAGE);
        cr_expect_not_null(strstr(err.msg, says[i]), "%s", err.msg);
    }
}

/* Lua of ours does not depend on what a scenario does to Lua's functions. */
Test(shorthand, lua_that_was_changed)
{
    struct err err = ERR_NULL;
    CLEANUP(scenario_freep)
    struct scenario *scenario = load("table.unpack = nil\nerror = nil\nreturn { " STRATEGY
                                     "alive = 'lua(INCR k ; GET k)' }",
                                     &err);

    cr_expect_not_null(scenario, "%s", err.msg);
}
