/* programs: commands in a scenario file are read as they stand, and what is said about
 * them is checked. Nothing is run. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "scenario/scenario.h"
#include "testlib.h"

static char *directory;

static void enter_directory(void)
{
    struct err err = ERR_NULL;
    CLEANUP(mem_freep) char *below = NULL;

    directory = test_directory();
    below = mem_printf("%s/below/deep", directory);
    cr_assert_eq(file_make_directory(below, &err), 0, "%s", err.msg);
}

static void leave_directory(void)
{
    test_directory_remove(directory);
}

TestSuite(programs, .init = enter_directory, .fini = leave_directory);

static const struct parameter_settings plain = { .seed = 7, .now = 1700000000 };

static struct scenario *load_with(const char *text,
                                  const struct parameter_settings *settings,
                                  struct err *err)
{
    CLEANUP(mem_freep) char *path = test_file(directory, "case.lua", text);
    struct scenario *scenario = NULL;
    int code = scenario_load(path, settings, &scenario, err);

    cr_assert(code == 0 || code == ERR_USAGE, "%d: %s", code, err->msg);
    return scenario;
}

static struct scenario *load(const char *text)
{
    struct err err = ERR_NULL;
    struct scenario *scenario = load_with(text, &plain, &err);

    cr_assert_not_null(scenario, "%s: %s", text, err.msg);
    return scenario;
}

/* A scenario whose strategy is a program, and one in Lua, with the given lines. */
#define PROGRAM(lines)                                                                   \
    "return {\n" lines "strategies = { { name = 'one', command = { 'node', 'work.js' } " \
    "} } }\n"
#define LUA(lines)                                                                       \
    "return {\n" lines "strategies = { { name = 'one', update = 'INCR k' } } }\n"

/* "node work.js | FUNCTION | ..": what a routine is, in words. The caller frees it. */
static char *told(const struct scenario *scenario, scenario_function function)
{
    const struct routine *routine = scenario_routine(scenario, function);
    char *text;
    FILE *out = mem_stream(&text);

    for (size_t i = 0; routine && i < routine->count; i++) {
        const struct routine_part *part = &routine->parts[i];

        fputs(i ? " | " : "", out);
        if (!part->argv)
            fputs(part->function > 0 ? "FUNCTION" : "?", out);
        for (size_t w = 0; part->argv && part->argv[w]; w++)
            fprintf(out, "%s%s", w ? " " : "", part->argv[w]);
    }
    if (!routine)
        fputs(function > 0 ? "LUA" : function ? "?" : "NONE", out);
    fclose(out);
    return text;
}

Test(programs, forms_of_what_is_to_be_done)
{
    static const struct {
        const char *value, *told;
    } rows[] = {
        { "nil", "NONE" },
        { "function() end", "LUA" },
        { "'INCR k | INCR j'", "LUA" },
        { "{ command = { 'node', 'a.js' } }", "node a.js" },
        { "{ 'node', 'a.js' }", "node a.js" },
        { "{ 'node' }", "node" },
        { "{ 'sleep', 1, 0.1, 1e300, '' }", "sleep 1 0.1 1e+300 " },
        { "{ 'SET k v' }", "SET k v" }, /* words are a program's, whatever they are */
        { "{ { 'node', 'a.js' } }", "node a.js" },
        { "{ { 'node', 'a.js' }, { command = { 'node', 'b.js', 2 } } }",
          "node a.js | node b.js 2" },
        { "{ function() end, { 'node' }, 'INCR k', atomic('INCR k | INCR j') }",
          "FUNCTION | node | FUNCTION | FUNCTION" },
        { "{ requeue{from = 'w', to = 'q'}, { 'node' } }", "FUNCTION | node" },
        { "{ function() end }", "LUA" }, /* several functions are one */
        { "{ 'INCR k', function() end, 'INCR j' }", "LUA" },
    };
    static const char *const keys[] = { "before", "recover", "alive" };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
            CLEANUP(mem_freep)
            char *text = mem_printf(
                "return { strategies = {\n"
                "{ name = 'one', update = 'INCR k' },\n"
                "{ name = 'two', update = 'INCR k', %s = { 'its', 'own' } } },\n"
                "%s = %s }",
                keys[k], keys[k], rows[i].value);
            CLEANUP(scenario_freep) struct scenario *scenario = load(text);
            scenario_function shared[] = { scenario->before, scenario->recover,
                                           scenario->alive };
            const struct strategy_functions *own = scenario->functions;
            scenario_function second[] = { own[1].before, own[1].recover, own[1].alive };
            CLEANUP(mem_freep) char *is = told(scenario, shared[k]);
            CLEANUP(mem_freep) char *its_own = told(scenario, second[k]);

            cr_expect_str_eq(is, rows[i].told, "%s = %s", keys[k], rows[i].value);
            cr_expect_str_eq(its_own, "its own", "%s = %s", keys[k], rows[i].value);
            cr_expect_eq(own[0].before, shared[0], "inherited");
            cr_expect_eq(own[0].recover, shared[1], "inherited");
            cr_expect_eq(own[0].alive, shared[2], "inherited");
            cr_expect(scenario->programs.any, "case %zu", i);
        }
}

Test(programs, beside_strategies_in_lua)
{
    CLEANUP(scenario_freep)
    struct scenario *scenario =
        load("return { strategies = {\n"
             "{ name = 'lua', update = function() end },\n"
             "{ name = 'node', command = { 'node', 'work.js', 25 } } } }");
    CLEANUP(mem_freep) char *node = told(scenario, scenario->functions[1].update);

    cr_expect(scenario->functions[0].update > 0);
    cr_expect_str_eq(node, "node work.js 25");
    cr_expect_not(scenario->outline.strategies[0].is_program);
    cr_expect(scenario->outline.strategies[1].is_program);
    cr_expect(scenario->programs.any);
}

Test(programs, functions_that_are_joined_run_in_order_until_one_refuses)
{
    static const struct {
        const char *parts;
        bool refused;
        const char *error; /* NULL: none */
    } rows[] = {
        { "f, g", false, NULL },
        { "f, no, raise", true, NULL },
        { "raise, no", false, "case.lua:3: one went wrong" },
        { "f, f, f, g, nothing", false, NULL },
        { "g, f", false, "case.lua:4: out of order" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(mem_freep)
        char *text = mem_printf(
            "local seen\n"
            "local f, no = function(r, p) seen = p.seed end, function() return false "
            "end\n"
            "local raise = function() error('one went wrong') end\n"
            "local g = function(r, p) if seen ~= 7 then error('out of order') end end\n"
            "local nothing = function() return nil end\n"
            "return { strategies = { { name = 'one', update = f } }, alive = { %s } }",
            rows[i].parts);
        CLEANUP(scenario_freep) struct scenario *scenario = load(text);
        struct err err = ERR_NULL;
        bool refused;
        int code = scenario_call(scenario, scenario->alive, NULL, &refused, &err);

        cr_expect_eq(code == 0, !rows[i].error, "case %zu: %s", i, err.msg);
        cr_expect_eq(refused, rows[i].refused, "case %zu", i);
        cr_expect(!rows[i].error || strstr(err.msg, rows[i].error), "case %zu: %s", i,
                  err.msg);
    }
}

Test(programs, are_not_called_as_functions)
{
    CLEANUP(scenario_freep) struct scenario *scenario = load(PROGRAM(""));
    struct err err = ERR_NULL;
    bool refused = true;

    cr_expect_eq(
        scenario_call(scenario, scenario->functions[0].update, NULL, &refused, &err),
        ERR_REFUSED);
    cr_expect(strstr(err.msg, "a program"), "%s", err.msg);
    cr_expect_not(refused);
}

/* The environment, with ends of lines; the caller frees it. */
static char *environment_of(const struct scenario *scenario)
{
    char *text;
    FILE *out = mem_stream(&text);

    for (char **item = scenario->programs.environment; item && *item; item++)
        fprintf(out, "%s\n", *item);
    fclose(out);
    return text;
}

Test(programs, see_parameters_and_seed_in_their_environment)
{
    static const char text[] =
        PROGRAM("params = { jobs = 25, rate = 0.1, ['q-name.x'] = 'a b', fast = true },\n"
                "env = { NODE_ENV = 'test', URL = '{url}/0', N = 3, ['a.b'] = '' },\n");
    static const char *const assignments[] = { "jobs=1e3" };
    struct parameter_settings settings = plain;
    struct err err = ERR_NULL;
    CLEANUP(scenario_freep) struct scenario *scenario = load(text);
    CLEANUP(scenario_freep) struct scenario *other = NULL;
    CLEANUP(mem_freep) char *told_first = environment_of(scenario);
    CLEANUP(mem_freep) char *told_other = NULL;

    cr_expect_str_eq(told_first, "AFTERKILL_FAST=true\nAFTERKILL_JOBS=25\n"
                                 "AFTERKILL_Q_NAME_X=a b\nAFTERKILL_RATE=0.1\n"
                                 "AFTERKILL_SEED=7\nN=3\nNODE_ENV=test\n"
                                 "PYTHONHASHSEED=7\nURL={url}/0\na.b=\n");
    settings.assignments = assignments;
    settings.count = 1;
    settings.seed = (UINT64_C(1) << 32) + 5;
    other = load_with(text, &settings, &err);
    cr_assert_not_null(other, "%s", err.msg);
    told_other = environment_of(other);
    cr_expect(strstr(told_other, "AFTERKILL_JOBS=1e3\n"), "%s", told_other);
    cr_expect(strstr(told_other, "AFTERKILL_SEED=4294967301\n"), "%s", told_other);
    cr_expect(strstr(told_other, "PYTHONHASHSEED=5\n"), "%s", told_other);
}

Test(programs, what_the_scenario_says_of_seeds_goes_first)
{
    CLEANUP(scenario_freep)
    struct scenario *seed = load(PROGRAM("seed = 3,\n"));
    CLEANUP(scenario_freep)
    struct scenario *python = load(PROGRAM("env = { PYTHONHASHSEED = 'random' },\n"));
    CLEANUP(mem_freep) char *first = environment_of(seed);
    CLEANUP(mem_freep) char *second = environment_of(python);

    cr_expect_str_eq(first, "AFTERKILL_SEED=3\nPYTHONHASHSEED=3\n");
    cr_expect_str_eq(second, "AFTERKILL_SEED=7\nPYTHONHASHSEED=random\n");
}

Test(programs, settings_and_their_defaults)
{
    CLEANUP(scenario_freep) struct scenario *bare = load(PROGRAM(""));
    CLEANUP(scenario_freep)
    struct scenario *full =
        load(PROGRAM("params = { wait = 5 }, clock = 'frozen', timeout = '1m',\n"
                     "settle = 'wait', vary = { 'ts=*' }, effects = { 'done:*' },\n"));
    CLEANUP(scenario_freep)
    struct scenario *lua = load(LUA("effects = { 'done:*' },\n"));

    cr_expect(bare->programs.any && !bare->programs.frozen);
    cr_expect_eq(bare->programs.timeout_s, 0);
    cr_expect_eq(bare->programs.settle_s, 0);
    cr_expect_eq(bare->programs.effects.count + bare->programs.vary.count, 0);
    cr_expect(full->programs.frozen);
    cr_expect_eq(full->programs.timeout_s, 60);
    cr_expect_eq(full->programs.settle_s, 5);
    cr_expect_str_eq(full->programs.vary.globs[0], "ts=*");
    cr_expect_str_eq(full->programs.effects.globs[0], "done:*");
    cr_expect(!lua->programs.any && !lua->programs.environment &&
              !lua->programs.directory);
    cr_expect_eq(lua->programs.effects.count, 1, "effects are not only programs'");
}

Test(programs, run_beside_the_file)
{
    CLEANUP(scenario_freep) struct scenario *beside = load(PROGRAM(""));
    CLEANUP(scenario_freep) struct scenario *below = load(PROGRAM("dir = 'below/deep',"));
    CLEANUP(scenario_freep) struct scenario *anywhere = load(PROGRAM("dir = '/',"));
    CLEANUP(scenario_freep) struct scenario *memory = NULL;
    CLEANUP(scenario_freep) struct scenario *kept = NULL;
    CLEANUP(mem_freep) char *deep = mem_printf("%s/below/deep", directory);
    CLEANUP(mem_freep) char *once = mem_printf("%s/below/old.lua", directory);
    struct err err = ERR_NULL;

    cr_expect_str_eq(beside->programs.directory, directory);
    cr_expect_str_eq(below->programs.directory, deep);
    cr_expect_str_eq(anywhere->programs.directory, "/");
    cr_assert_eq(scenario_load_text("try", PROGRAM(""), &plain, &memory, &err), 0);
    cr_expect_str_eq(memory->programs.directory, ".");
    /* Where the file was when its run was made. */
    cr_assert_eq(scenario_load_text(once, PROGRAM("dir = 'deep',"), &plain, &kept, &err),
                 0, "%s", err.msg);
    cr_expect_str_eq(kept->programs.directory, deep);
}

Test(programs, run_beside_what_a_link_leads_to)
{
    CLEANUP(mem_freep) char *file = test_file(directory, "case.lua", PROGRAM(""));
    CLEANUP(mem_freep) char *real = realpath(directory, NULL);
    CLEANUP(mem_freep) char *link = mem_printf("%s/below/deep/link.lua", directory);
    CLEANUP(scenario_freep) struct scenario *scenario = NULL;
    struct err err = ERR_NULL;

    cr_assert_eq(symlink("../../case.lua", link), 0);
    cr_assert_eq(scenario_load(link, &plain, &scenario, &err), 0, "%s", err.msg);
    cr_expect_str_eq(scenario->programs.directory, real);
    cr_expect_str_eq(scenario->outline.name, "link");
}

Test(programs, mistakes)
{
    static const struct {
        const char *text;
        int line;
        const char *says[3];
    } rows[] = {
        { PROGRAM("before = {},\n"), 2, { "before is an empty table", "a function" } },
        { PROGRAM("before = { comand = { 'x' } },\n"),
          2,
          { "unknown key 'comand' in before", "mean 'command'" } },
        { PROGRAM("before = { command = 'node' },\n"),
          2,
          { "command of before is a string" } },
        { PROGRAM("before = { command = {} },\n"), 2, { "command of before is empty" } },
        { PROGRAM("recover = { '', 'x' },\n"), 2, { "begins with an empty word" } },
        { PROGRAM("recover = { 'a\\0b' },\n"),
          2,
          { "word 1 of recover has a zero byte" } },
        { PROGRAM("recover = { 'a', 0 / 0 },\n"), 2, { "word 2 of recover", "finite" } },
        { PROGRAM("recover = { 'node', env = 'x' },\n"),
          2,
          { "recover has entries with names" } },
        { PROGRAM("recover = { 'node', nil, 'x' },\n"),
          2,
          { "recover has entries with names" } },
        { PROGRAM("recover = { 'INCR k', true },\n"),
          2,
          { "part 2 of recover is a boolean" } },
        { PROGRAM("recover = { { 'a' }, 5 },\n"),
          2,
          { "part 2 of recover is a number" } },
        { PROGRAM("recover = { { 'a' }, {} },\n"),
          2,
          { "part 2 of recover is an empty table" } },
        { PROGRAM("recover = { { 'a', function() end } },\n"),
          2,
          { "word 2 of part 1 of recover is a function" } },
        { PROGRAM("recover = { { { 'a' } } },\n"),
          2,
          { "word 1 of part 1 of recover is a table" } },
        { PROGRAM("alive = { { 'a' }, 'INCR k |' },\n"),
          2,
          { "alive: expected a command here" } },
        { "return { strategies = {\n{ name = 'a', command = 'node' } } }",
          2,
          { "command of a strategy is a string", "a program and its arguments" } },
        { "return { strategies = {\n{ name = 'a', command = {} } } }",
          2,
          { "command is empty" } },
        { "return { strategies = {\n{ name = 'a', command = { 'x', {} } } } }",
          2,
          { "word 2 of command is a table" } },
        { "return { strategies = {\n{ name = 'a', update = 'INCR k',\ncommand = { 'x' } "
          "} } }",
          3,
          { "strategy 'a' has both 'update' and 'command'" } },
        { "return { strategies = {\n{ name = 'a', update = { 'x' } } } }",
          2,
          { "update of a strategy is a table", "`command`" } },
        { PROGRAM("clock = 'froze',\n"),
          2,
          { "clock is 'froze'", "did you mean 'frozen'?" } },
        { PROGRAM("clock = '2024-01-01',\n"), 2, { "there are: real, frozen" } },
        { PROGRAM("clock = true,\n"), 2, { "clock", "boolean", "\"frozen\"" } },
        { PROGRAM("dir = 'elsewhere',\n"), 2, { "elsewhere' is no directory" } },
        { PROGRAM("dir = 'case.lua',\n"), 2, { "case.lua' is no directory" } },
        { PROGRAM("env = { 'a' },\n"), 2, { "env has an entry without a name" } },
        { PROGRAM("env = {\n['A=B'] = 1 },\n"), 2, { "'A=B'", "without '='" } },
        { PROGRAM("env = {\n[''] = 1 },\n"), 2, { "named ''" } },
        { PROGRAM("env = {\n['A\\0B'] = 1 },\n"),
          2,
          { "name of a variable of env", "zero byte" } },
        { PROGRAM("env = {\nA = true },\n"),
          3,
          { "A of env is a boolean", "a string or a number" } },
        { PROGRAM("env = {\nA = 'x\\0' },\n"), 3, { "A of env has a zero byte" } },
        { PROGRAM("env = {\nAFTERKILL_JOBS = 2 },\n"),
          3,
          { "AFTERKILL_JOBS", "params" } },
        { PROGRAM("params = { ['a-b'] = 1,\na_b = 2 },\n"),
          3,
          { "parameter 'a_b'", "AFTERKILL_A_B" } },
        { PROGRAM("params = { SEED = 1 },\n"),
          2,
          { "'SEED'", "AFTERKILL_SEED", "the seed" } },
        { PROGRAM("seed = 1.5,\n"), 2, { "seed is 1.5", "whole number" } },
        { PROGRAM("seed = -1,\n"), 2, { "seed is -1" } },
        { PROGRAM("seed = '1',\n"), 2, { "seed", "string", "a whole number" } },
        { PROGRAM("timeout = 0,\n"), 2, { "timeout is 0" } },
        { PROGRAM("timeout = -1,\n"), 2, { "timeout is -1", "from 0" } },
        { PROGRAM("timeout = '60',\n"),
          2,
          { "timeout", "no parameter '60'", "\"90s\"" } },
        { PROGRAM("settle = '2 parsecs',\n"),
          2,
          { "settle", "no parameter '2 parsecs'" } },
        { PROGRAM("settle = {},\n"), 2, { "settle", "table", "a duration" } },
        { PROGRAM("vary = { 1 },\n"), 2, { "entry 1 of vary", "number" } },
        { PROGRAM("effects = 'x',\n"), 2, { "effects", "string", "list of patterns" } },
        { LUA("effects = { a = 'x' },\n"), 2, { "effects has entries with names" } },
        { LUA("dir = '.',\n"), 2, { "dir is about programs" } },
        { LUA("env = {},\n"), 2, { "env is about programs" } },
        { LUA("clock = 'real',\n"), 2, { "clock is about programs" } },
        { LUA("seed = 1,\n"), 2, { "seed is about programs" } },
        { LUA("vary = {},\n"), 2, { "vary is about programs" } },
        { LUA("timeout = 60,\n"), 2, { "timeout is about programs" } },
        { LUA("settle = 2,\n"), 2, { "settle is about programs" } },
        { LUA("timout = 2,\n"), 2, { "mean 'timeout'" } },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct err err = ERR_NULL;
        CLEANUP(scenario_freep)
        struct scenario *scenario = load_with(rows[i].text, &plain, &err);
        CLEANUP(mem_freep)
        char *where = mem_printf("%s/case.lua:%d: ", directory, rows[i].line);

        cr_expect_null(scenario, "case %zu is loaded: %s", i, rows[i].text);
        cr_expect_eq(strncmp(err.msg, where, strlen(where)), 0, "case %zu, line %d: %s",
                     i, rows[i].line, err.msg);
        for (size_t s = 0; s < ARRAY_SIZE(rows[i].says) && rows[i].says[s]; s++)
            cr_expect_not_null(strstr(err.msg, rows[i].says[s]),
                               "case %zu does not say %s: %s", i, rows[i].says[s],
                               err.msg);
    }
}

/* Lua can raise while the table is half read: what was read is freed. */
Test(programs, a_table_that_raises)
{
    struct err err = ERR_NULL;
    CLEANUP(scenario_freep)
    struct scenario *scenario = load_with(
        "return setmetatable({ before = { { 'node' }, 'INCR k' },\n"
        "strategies = { { name = 'a', command = { 'x' } } } },\n"
        "{ __index = function(t, key) if key == 'env' then error('caught') end end })",
        &plain, &err);

    cr_expect_null(scenario);
    cr_expect(strstr(err.msg, "case.lua:3: caught"), "%s", err.msg);
}
