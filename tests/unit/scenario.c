/* scenario: a file is loaded or its mistake is told, with file and line, what it is, and
 * what was expected. The files are written here, one per case, into a directory of the
 * test's own. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "scenario/sandbox.h"
#include "scenario/scenario.h"
#include "state/verdict.h"
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

TestSuite(load, .init = enter_directory, .fini = leave_directory);
TestSuite(parameters, .init = enter_directory, .fini = leave_directory);

static const struct parameter_settings plain = { .seed = 7, .now = 1700000000 };

/* Loads a text as DIRECTORY/case.lua; NULL if that is a mistake. */
static struct scenario *load(const char *text, const struct parameter_settings *settings,
                             struct err *err)
{
    CLEANUP(mem_freep) char *path = test_file(directory, "case.lua", text);
    struct scenario *scenario = NULL;
    int code = scenario_load(path, settings, &scenario, err);

    cr_assert_eq(code == 0, scenario != NULL, "the result is written on success only");
    cr_assert(code == 0 || code == ERR_USAGE, "%d: %s", code, err->msg);
    return scenario;
}

static struct scenario *load_good(const char *text,
                                  const struct parameter_settings *settings)
{
    struct err err = ERR_NULL;
    struct scenario *scenario = load(text, settings, &err);

    cr_assert_not_null(scenario, "%s", err.msg);
    return scenario;
}

struct mistake {
    const char *text;
    int line; /* 0: the message need not say it */
    const char *says[3];
};

static void expect_mistakes(const struct mistake *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct err err = ERR_NULL;
        CLEANUP(scenario_freep) struct scenario *scenario =
            load(cases[i].text, &plain, &err);
        CLEANUP(mem_freep) char *where =
            mem_printf("%s/case.lua:%d: ", directory, cases[i].line);

        cr_expect_null(scenario, "case %zu is loaded: %s", i, cases[i].text);
        if (cases[i].line)
            cr_expect_eq(strncmp(err.msg, where, strlen(where)), 0,
                         "case %zu is not at line %d: %s", i, cases[i].line, err.msg);
        else
            cr_expect_not_null(strstr(err.msg, "case.lua"), "case %zu: %s", i, err.msg);
        for (size_t s = 0; s < ARRAY_SIZE(cases[i].says) && cases[i].says[s]; s++)
            cr_expect_not_null(strstr(err.msg, cases[i].says[s]),
                               "case %zu does not say %s: %s", i, cases[i].says[s],
                               err.msg);
    }
}
#define EXPECT_MISTAKES(cases) expect_mistakes((cases), ARRAY_SIZE(cases))

/* A strategy, and a scenario with the given lines in front of it. */
#define ONE "{ name = 'one', update = function() end }"
#define WITH(lines) "return {\n" lines "strategies = { " ONE " } }\n"
#define STRATEGY(lines)                                                                  \
    "return { strategies = {\n{ update = function() end,\n" lines "} } }\n"

Test(load, says_which_key_is_wrong)
{
    static const struct mistake cases[] = {
        { WITH("tilte = 'x',\n"), 2, { "unknown key 'tilte'", "did you mean 'title'" } },
        { WITH("title = 'x',\nbefor = function() end,\n"),
          3,
          { "'befor'", "mean 'before'" } },
        { WITH("xyzzy = 1,\n"), 2, { "'xyzzy'", "expected one of", "strategies" } },
        { WITH("[1] = 'x',\n"), 1, { "without a name", "name = value" } },
        { "return {\ntitle = 'x' }", 1, { "no 'strategies'", "list of tables" } },
        { WITH("title = 1,\n"), 2, { "title", "number", "expected a string" } },
        { WITH("source = {},\n"), 2, { "source", "table", "expected a string" } },
        { WITH("params = 1,\n"), 2, { "params", "number", "expected a table" } },
        { WITH("before = 5,\n"), 2, { "before", "number", "expected a function" } },
        { WITH("recover = {},\n"), 2, { "recover", "table", "expected a function" } },
        { WITH("alive = true,\n"), 2, { "alive", "boolean", "expected a function" } },
        { WITH("ignore = 'x',\n"), 2, { "ignore", "string", "list of patterns" } },
        { WITH("ordered = 1,\n"), 2, { "ordered", "number", "list of patterns" } },
        { WITH("ignore = { 'a', 1 },\n"),
          2,
          { "entry 2 of ignore", "number", "pattern" } },
        { WITH("ordered = { {} },\n"), 2, { "entry 1 of ordered", "table", "pattern" } },
        { WITH("ignore = { 'a', 'b#' },\n"),
          2,
          { "'b#' of ignore", "behind #", "KEY#FIELD" } },
        { WITH("ignore = { '#f' },\n"), 2, { "'#f' of ignore", "before #" } },
        { WITH("zero = 'n',\n"), 2, { "zero", "string", "list of patterns" } },
        { WITH("zero = { 0 },\n"), 2, { "entry 1 of zero", "number", "pattern" } },
        { WITH("zero = { n = 'x' },\n"), 2, { "zero", "names", "list of patterns" } },
        { WITH("needs = 'HEXPIRE',\n"), 2, { "needs", "string", "list of commands" } },
        { WITH("needs = { x = 'GET' },\n"), 2, { "needs", "names", "list of commands" } },
        { WITH("needs = { 'GET', 1 },\n"), 2, { "entry 2 of needs", "command like" } },
        { WITH("needs = { 'GET k' },\n"), 2, { "entry 1 of needs is 'GET k'" } },
        { WITH("needs = { '' },\n"), 2, { "entry 1 of needs is ''", "command" } },
        { WITH("recover_after = {},\n"), 2, { "recover_after", "table", "seconds" } },
        { WITH("recover_after = -1,\n"), 2, { "recover_after is -1", "from 0" } },
        { WITH("tolerate = 0 / 0,\n"), 2, { "tolerate is", "expected seconds" } },
        { WITH("tolerate = 2e9,\n"), 2, { "tolerate is 2e+09", "1e+09" } },
        { WITH("tolerate = 'ttl',\n"), 2, { "tolerate", "no parameter 'ttl'" } },
        { WITH("tolerate = '60',\n"), 2, { "tolerate", "no parameter '60'" } },
        { WITH("moments = 60,\n"), 2, { "moments", "number", "a list of seconds" } },
        { WITH("moments = { 1, {} },\n"), 2, { "entry 2 of moments", "a table" } },
        { WITH("moments = { a = 5 },\n"),
          2,
          { "moments has entries with names", "a list of seconds" } },
        { WITH("moments = { 5, a = 6 },\n"), 2, { "moments has entries with names" } },
        { WITH("moments = { 5, nil, 7 },\n"), 2, { "moments", "nil among them" } },
        { WITH("moments = { 'later' },\n"), 2, { "no parameter 'later'" } },
        { "return {\nstrategies = 'x' }",
          2,
          { "strategies", "string", "list of tables" } },
        { "return {\nstrategies = {} }", 2, { "empty", "list of tables" } },
        { "return {\nstrategies = { " ONE ", 5 } }",
          2,
          { "strategy 2", "number", "a table" } },
        { STRATEGY("name = 'a', updat = 1\n"),
          3,
          { "'updat'", "a strategy", "mean 'update'" } },
        { STRATEGY("name = 5\n"), 3, { "name", "number", "expected a string" } },
        { STRATEGY("about = 'no name'\n"), 1, { "a strategy has no 'name'" } },
        { "return { strategies = {\n{ name = 'a' } } }",
          1,
          { "strategy 'a' has no 'update' and no 'command'" } },
        { STRATEGY("name = 'a', about = 1\n"), 3, { "about", "number", "a string" } },
        { STRATEGY("name = 'a', reference = 1\n"),
          3,
          { "reference", "number", "true or false" } },
        { STRATEGY("name = 'a', recover = 1\n"),
          3,
          { "recover", "number", "a function" } },
        { STRATEGY("name = ''\n"), 3, { "strategy 1 is named ''", "without spaces" } },
        { STRATEGY("name = 'a,b'\n"), 3, { "'a,b'", "commas" } },
        { "return { strategies = { " ONE ",\n" ONE " } }",
          1,
          { "two strategies", "'one'" } },
        { "return { strategies = {\n"
          "{ name = 'a', update = function() end, reference = true },\n"
          "{ name = 'b', update = function() end, reference = true } } }",
          2,
          { "two strategies are the reference" } },
    };

    EXPECT_MISTAKES(cases);
}

Test(load, says_which_expectation_is_wrong)
{
    static const struct mistake cases[] = {
        { STRATEGY("name = 'a',\nexpect = 'laeked'\n"),
          4,
          { "'a'", "'laeked'", "leaked" } },
        { STRATEGY("name = 'a',\nexpect = 'clean'\n"),
          4,
          { "'clean'", "atomic, safe or harm" } },
        { STRATEGY("name = 'a',\nexpect = ''\n"), 0, { "''", "expected" } },
        { STRATEGY("name = 'a',\nexpect = {}\n"), 4, { "'a'", "empty list" } },
        { STRATEGY("name = 'a',\nexpect = { leaked = true }\n"),
          4,
          { "'a'", "empty list" } },
        { STRATEGY("name = 'a',\nexpect = { 'leaked', 5 }\n"),
          4,
          { "word 2", "number" } },
        { STRATEGY("name = 'a',\nexpect = true\n"),
          4,
          { "expect", "boolean", "list of words" } },
        { STRATEGY("name = 'a',\nexpect = { 'safe', 'leaked' }\n"),
          4,
          { "beside other words" } },
        { STRATEGY("name = 'a',\nexpect = { 'lost', 'atomic' }\n"),
          4,
          { "'atomic' cannot stand" } },
        { STRATEGY("name = 'a',\nexpect = { 'atomic', 'safe' }\n"),
          4,
          { "beside other words" } },
        { STRATEGY("name = 'a',\nexpect = 'only'\n"), 4, { "'a'", "'only', and not" } },
        { STRATEGY("name = 'a',\nexpect = { 'only' }\n"), 4, { "'only', and not" } },
        { STRATEGY("name = 'a',\nexpect = 'only safe'\n"),
          4,
          { "'safe' cannot stand beside" } },
        { STRATEGY("name = 'a',\nexpect = { 'atomic', 'only' }\n"),
          4,
          { "'atomic' cannot stand" } },
        { STRATEGY("name = 'a',\nexpect = 'only laeked'\n"),
          0,
          { "'laeked'", "only before them" } },
    };

    EXPECT_MISTAKES(cases);
}

/* A mistake in an invariant is told where it was made, with an example of how it goes. */
Test(load, says_which_invariant_is_wrong)
{
#define INVARIANT(text) WITH("invariants = {\nthis = " text " },\n")
    static const struct mistake cases[] = {
        { WITH("invariants = 1,\n"), 2, { "invariants", "number", "by name" } },
        { WITH("invariants = function() end,\n"), 2, { "invariants", "function" } },
        { WITH("invariant = {},\n"), 2, { "'invariant'", "did you mean 'invariants'" } },
        { WITH("invariants = { function() end },\n"), 2, { "without a name" } },
        { WITH("invariants = { ['a b'] = equal('a', 'b') },\n"),
          2,
          { "'a b'", "spaces" } },
        { WITH("invariants = { [''] = equal('a', 'b') },\n"), 2, { "''", "a name" } },
        { INVARIANT("{}"), 3, { "'this' is a table", "expires(...)" } },
        { INVARIANT("'lock:*'"), 3, { "'this' is a string", "a function" } },
        { INVARIANT("true"), 3, { "'this' is a boolean" } },
        { INVARIANT("refers"), 3, { "'this' is a constructor", "refers{...}" } },
        { INVARIANT("expires()"),
          3,
          { "pattern is missing", "expires(\"lock:*\", 60)" } },
        { INVARIANT("expires(60)"), 3, { "pattern is a number" } },
        { INVARIANT("expires('x', 0)"), 3, { "longest time is 0", "above 0" } },
        { INVARIANT("expires('x', -1)"), 3, { "longest time is -1" } },
        { INVARIANT("expires('x', 0/0)"), 3, { "longest time is" } },
        { INVARIANT("expires('x', {})"), 3, { "longest time is a table", "parameter" } },
        { INVARIANT("refers()"), 3, { "refers: missing", "from = \"queue\"" } },
        { INVARIANT("refers('queue', 'job:%s')"), 3, { "refers: 'queue'", "refers{" } },
        { INVARIANT("refers{}"), 3, { "from is missing", "a sorted set" } },
        { INVARIANT("refers{from = 'q'}"), 3, { "to is missing", "one %s" } },
        { INVARIANT("refers{from = 'q', to = 'job'}"), 3, { "to is 'job'", "one %s" } },
        { INVARIANT("refers{from = 'q', to = '%s:%s'}"), 3, { "'%s:%s'", "one %s" } },
        { INVARIANT("refers{from = 'q', to = 'job:%d'}"), 3, { "'job:%d'", "one %s" } },
        { INVARIANT("refers{from = 'q', to = 'job:%%s'}"), 3, { "one %s" } },
        { INVARIANT("refers{from = 'q', to = '100%:%s'}"), 3, { "one %s" } },
        { INVARIANT("refers{from = 'q', too = 'j:%s'}"), 3, { "unknown field 'too'" } },
        { INVARIANT("refers{from = 'q', like = 'j:%s'}"), 3, { "unknown field 'like'" } },
        { INVARIANT("refers{'q', 'j:%s'}"), 3, { "unknown field '1'" } },
        { INVARIANT("exactly_one{places = {'q'}}"), 3, { "item is missing" } },
        { INVARIANT("exactly_one{item = {}, places = {'q'}}"), 3, { "item is a table" } },
        { INVARIANT("exactly_one{item = 'i'}"),
          3,
          { "places is missing", "list of keys" } },
        { INVARIANT("exactly_one{item = 'i', places = 'q'}"), 3, { "places is 'q'" } },
        { INVARIANT("exactly_one{item = 'i', places = {}}"), 3, { "places is empty" } },
        { INVARIANT("exactly_one{item = 'i', places = {'q', 5}}"),
          3,
          { "entry 2 of places is a number" } },
        { INVARIANT("equal()"), 3, { "expected two keys", "equal(\"a\", \"b\")" } },
        { INVARIANT("equal('a')"), 3, { "expected two keys" } },
        { INVARIANT("equal('a', 5)"), 3, { "expected two keys" } },
        { INVARIANT("equal('a', 'b', 'c')"), 3, { "expected two keys" } },
        { INVARIANT("equals('a', 'b')"), 3, { "'equals' is not there" } },
    };

    EXPECT_MISTAKES(cases);
}

Test(load, invariants_of_both_times)
{
    static const struct {
        const char *text;
        bool now, later;
    } cases[] = {
        { WITH(""), false, false },
        { WITH("invariants = {},"), false, false },
        { WITH("invariants = { a = expires('x') },"), true, false },
        { WITH("invariants = { a = expires('x', 1.5), b = expires('x', 'ttl') },"), true,
          false },
        { WITH("invariants = { a = function() end },"), false, true },
        { WITH("invariants = { a = equal('a', 'b'), b = expires('x', 60) },"), true,
          true },
        { WITH("invariants = { a = refers{from = 'q', to = '100%%:%s'} },"), false,
          true },
        { WITH("invariants = { a = exactly_one{item = 7, places = {'q'}} },"), false,
          true },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(scenario_freep) struct scenario *scenario =
            load_good(cases[i].text, &plain);

        cr_expect_eq(scenario->holds_now != 0, cases[i].now, "%s", cases[i].text);
        cr_expect_eq(scenario->holds_later != 0, cases[i].later, "%s", cases[i].text);
    }
}

/* All of one time become one function, which tells of the first that is violated. */
Test(load, invariants_return_false_or_raise)
{
    static const struct {
        const char *invariants;
        const char *says; /* NULL: they hold */
    } cases[] = {
        { "a = function() end", NULL },
        { "a = function() return true end, b = function() return nil, 'x' end", NULL },
        { "a = function() return 0 end", NULL },
        { "a = function() return false end", "a: it does not hold" },
        { "a = function() return false, 'in words' end", "a: in words" },
        { "a = function() return false, {} end", "a: it does not hold" },
        { "a = function() error('it raises') end", "a: case.lua:2: it raises" },
        { "a = function() error({}) end", "a: it raised a table" },
        { "a = function() error() end", "a: it raised a nil" },
        { "a = function() return false, 'x\\0y' end", "a: x\\x00y" },
        { "a = function() error('x\\0y', 0) end", "a: x\\x00y" },
        { "b = function() return false end, a = function() return false end",
          "a: it does not hold" },
        { "b = function() return false end, a = function() end", "b: it does not hold" },
        { "a = function(redis, p) return p.jobs ~= 25, 'p.jobs' end", "a: p.jobs" },
        { "a = function() expires('x') end", "a: 'expires' is not there" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(mem_freep) char *text =
            mem_printf("return { params = { jobs = 25 }, strategies = { " ONE " },\n"
                       "invariants = { %s } }",
                       cases[i].invariants);
        CLEANUP(scenario_freep) struct scenario *scenario = load_good(text, &plain);
        struct err err = ERR_NULL;
        const char *said;
        bool refused;
        int code = scenario_call(scenario, scenario->holds_later, NULL, &refused, &err);

        cr_expect_eq(code, cases[i].says ? ERR_USAGE : 0, "%s: %s", cases[i].invariants,
                     err.msg);
        if (!cases[i].says)
            continue;
        said = strstr(err.msg, directory);
        cr_expect(strncmp(err.msg, cases[i].says, 3) == 0, "%s", err.msg);
        cr_expect(strstr(said ? said : err.msg, cases[i].says + 3), "%s: %s",
                  cases[i].invariants, err.msg);
    }
}

/* What Lua itself finds, and what the sandbox does not allow. */
Test(load, says_what_the_file_does_wrong)
{
    static const struct mistake cases[] = {
        { "return {\n  title = = 1 }", 2, { "near '='" } },
        { "return {\n  title = 'x'", 2, { "expected", "<eof>" } },
        { "return 5", 1, { "returns a number", "expected a table" } },
        { "local x = 1", 0, { "returns a nil", "expected a table" } },
        { "", 0, { "returns a nil" } },
        { "\nerror('my words')", 2, { "my words" } },
        { "local t = nil\nreturn t.x", 2, { "nil value" } },
        { "\n\nwork = 'x'", 3, { "'work' would be a global", "local work" } },
        { "\nfunction job() end", 2, { "'job' would be a global", "local job" } },
        { "return { title = wrok }", 1, { "'wrok' is not there" } },
        { "\nos.exit(0)", 2, { "'os' is not there" } },
        { "\nio.open('/etc/passwd')", 2, { "'io' is not there" } },
        { "\nrequire('x')", 2, { "'require' is not there" } },
        { "\nload('return 1')()", 2, { "'load' is not there" } },
        { "\nloadfile('x')", 2, { "'loadfile' is not there" } },
        { "\ndofile('x')", 2, { "'dofile' is not there" } },
        { "\ndebug.traceback()", 2, { "'debug' is not there" } },
        { "\ncoroutine.create(print)", 2, { "'coroutine' is not there" } },
        { "\nprint('x')", 2, { "'print' is not there" } },
        { "\ncollectgarbage()", 2, { "'collectgarbage' is not there" } },
        { "\nmath.randomseed(1)", 2, { "nil value", "randomseed" } },
        { "\nredis.call('PING')", 2, { "'redis' is not there" } },
        { "\nsetmetatable(_G, nil)", 2, { "protected metatable" } },
        { "\nreturn setmetatable({}, { __index = function() error('no') end })",
          0,
          { "case.lua:2: no" } },
        { "\nreturn { [setmetatable({}, { __tostring = error })] = 1 }",
          0,
          { "without a name" } },
    };

    EXPECT_MISTAKES(cases);
}

/* C's texts end there: cut, each of these says something else, such as to ignore k. */
Test(load, no_text_is_cut_at_a_zero_byte)
{
    static const struct mistake cases[] = {
        { WITH("ignore = { 'a', 'k\\0x' },\n"), 2, { "entry 2 of ignore has a zero" } },
        { WITH("ignore = { '*\\0x' },\n"), 2, { "entry 1 of ignore has a zero" } },
        { WITH("ignore = { 'k#f\\0' },\n"), 2, { "entry 1 of ignore has a zero" } },
        { WITH("ordered = { 'k\\0' },\n"), 2, { "entry 1 of ordered has a zero" } },
        { WITH("zero = { '\\0' },\n"), 2, { "entry 1 of zero has a zero" } },
        { WITH("effects = { 'k\\0' },\n"), 2, { "entry 1 of effects has a zero" } },
        { WITH("needs = { 'GET\\0' },\n"), 2, { "entry 1 of needs has a zero" } },
        { WITH("title = 'a\\0b',\n"), 2, { "title has a zero byte" } },
        { WITH("source = 'a\\0b',\n"), 2, { "source has a zero byte" } },
        { WITH("['title\\0x'] = 'a',\n"), 1, { "a key of the scenario has a zero" } },
        { WITH("tolerate = '5s\\0m',\n"), 2, { "tolerate has a zero byte" } },
        { WITH("moments = { '5s\\0m' },\n"), 2, { "moments has a zero byte" } },
        { WITH("params = {\nz = 'a\\0b' },\n"), 3, { "'z' has a zero byte" } },
        { WITH("params = { ['z\\0'] = 1 },\n"),
          2,
          { "the name of a parameter has a zero" } },
        { WITH("params = { n = 5 },\ntolerate = 'n\\0',\n"),
          3,
          { "tolerate has a zero" } },
        { WITH("invariants = { ['a\\0'] = function() end },\n"),
          2,
          { "the name of an invariant has a zero byte" } },
        { STRATEGY("name = 'a\\0b',\n"), 3, { "name has a zero byte" } },
        { STRATEGY("name = 'a', about = 'a\\0b',\n"), 3, { "about has a zero byte" } },
        { STRATEGY("name = 'a', expect = 'harm\\0',\n"),
          3,
          { "expect has a zero byte" } },
        { STRATEGY("name = 'a', expect = { 'lost\\0' },\n"),
          3,
          { "a word of expect has a zero byte" } },
        { STRATEGY("name = 'a', ['noop\\0'] = true,\n"),
          1,
          { "a key of a strategy has a zero byte" } },
        { "local f = requeue{ from = 'a', to = 'b', ['to\\0x'] = 'c' }",
          1,
          { "unknown field 'to\\x00x'" } },
        { "error('one\\0two')", 1, { "one\\x00two" } },
        { "local x = _ENV['a\\0b']", 1, { "'a\\x00b' is not there" } },
    };

    EXPECT_MISTAKES(cases);
}

/* In the file itself, too. */
Test(load, no_file_is_cut_at_a_zero_byte)
{
    static const char text[] = "return {\nignore = { 'k\0x' },\n"
                               "strategies = { " ONE " } }\n";
    CLEANUP(mem_freep) char *path = mem_printf("%s/zero.lua", directory);
    struct scenario *none = NULL;
    struct err err = ERR_NULL;

    cr_assert_eq(file_write(path, text, sizeof(text) - 1, &err), 0, "%s", err.msg);
    cr_expect_eq(scenario_load(path, &plain, &none, &err), ERR_USAGE);
    cr_expect_not_null(strstr(err.msg, "zero.lua:2: there is a zero byte"), "%s",
                       err.msg);
    cr_expect_null(none);
}

Test(load, bytecode_is_refused)
{
    struct scenario *scenario =
        load_good("local code = string.dump(function() return { } end)\n"
                  "return { params = { code = (code:gsub('.', function(c)\n"
                  "  return string.format('%02x', string.byte(c)) end)) },\n"
                  "  strategies = { " ONE " } }",
                  &plain);
    CLEANUP(mem_freep) char *path = mem_printf("%s/code.lua", directory);
    size_t length = strlen(scenario->outline.parameters[0].value) / 2;
    CLEANUP(mem_freep) char *code = mem_alloc(length + 1);
    struct scenario *none = NULL;
    struct err err = ERR_NULL;

    for (size_t i = 0; i < length; i++) {
        const char *hex = scenario->outline.parameters[0].value + 2 * i;

        code[i] = (char)strtol((const char[]){ hex[0], hex[1], '\0' }, NULL, 16);
    }
    cr_assert_eq(file_write(path, code, length, &err), 0, "%s", err.msg);
    cr_expect_eq(scenario_load(path, &plain, &none, &err), ERR_USAGE);
    cr_expect_not_null(strstr(err.msg, "binary chunk"), "%s", err.msg);
    scenario_free(scenario);
}

/* Lua knows no line for these. */
Test(load, says_which_file_it_is_if_not_the_line)
{
    static const struct mistake cases[] = {
        { "\33LuaT", 0, { "binary chunk" } },
        { "error({})", 0, { "not a string (table)" } },
        { "local x = string.rep('x', 1 << 30)", 0, { "memory" } },
    };

    EXPECT_MISTAKES(cases);
}

/* Takes the 5 seconds that a file has. */
Test(load, an_endless_loop_ends)
{
    static const struct mistake cases[] = {
        { "\nwhile true do end\n", 2, { "5 seconds", "endless loop" } },
    };

    EXPECT_MISTAKES(cases);
}

/* Whoever has hardly run is starved, or stopped, and no endless loop. */
Test(load, late_is_who_has_run)
{
    static const struct {
        uint64_t passed_s, ran_s;
        bool late;
    } rows[] = {
        { 6, 6, true },    { 6, 2, true },  { 6, 1, false },
        { 600, 0, false }, { 4, 4, false },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        cr_expect_eq(sandbox_is_late(rows[i].passed_s * NSEC_PER_SEC,
                                     rows[i].ran_s * NSEC_PER_SEC),
                     rows[i].late, "row %zu", i);
}

/* In what order pairs() goes, and at which addresses things are. */
static char *telling_title(struct lua_State *sandbox, const char *path)
{
    struct scenario *scenario = NULL;
    struct err err = ERR_NULL;
    char *title;

    cr_assert_eq(scenario_load_in(sandbox, path, NULL, &plain, &scenario, &err), 0, "%s",
                 err.msg);
    title = mem_strdup(scenario->outline.title);
    scenario_free(scenario);
    return title;
}

/* A process that loads a file in a copy of the sandbox does what this one does: one that
 * returns there returns here. */
Test(load, does_the_same_in_a_fork)
{
    CLEANUP(mem_freep)
    char *path = test_file(
        directory, "pairs.lua",
        "local keys, told = {}, {}\n"
        "for i = 1, 50 do keys['k' .. i] = i; keys[{}] = i end\n"
        "for key, i in pairs(keys) do told[#told + 1] = tostring(key) .. i end\n"
        "return { title = table.concat(told), strategies = { { name = 'a', expect = "
        "'safe', update = 'SET a 1' } } }");
    struct lua_State *sandbox = sandbox_new(plain.seed);
    CLEANUP(mem_freep) char *here = NULL, *there = NULL;
    char heard[8192] = "";
    int fds[2], status;
    pid_t pid;

    cr_assert_eq(pipe(fds), 0);
    pid = fork();
    cr_assert_geq(pid, 0);
    if (pid == 0) {
        there = telling_title(sandbox, path);
        _exit(write(fds[1], there, strlen(there)) == (ssize_t)strlen(there) ? 0 : 1);
    }
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert_eq(status, 0);
    cr_assert_gt(read(fds[0], heard, sizeof(heard) - 1), 0);
    here = telling_title(sandbox, path);
    cr_expect_str_eq(here, heard);
    close(fds[0]);
    close(fds[1]);
}

Test(load, files_that_cannot_be_read)
{
    CLEANUP(mem_freep) char *missing = mem_printf("%s/missing.lua", directory);
    const char *const paths[] = { missing, directory };

    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        struct scenario *scenario = NULL;
        struct err err = ERR_NULL;

        cr_expect_eq(scenario_load(paths[i], &plain, &scenario, &err), ERR_USAGE);
        cr_expect_null(scenario);
        cr_expect_not_null(strstr(err.msg, paths[i]), "%s", err.msg);
    }
}

Test(load, a_whole_scenario)
{
    static const char text[] =
        "return { title = 'A title', source = 'https://example.org',\n"
        "  params = { period = 10, jobs = 25 },\n"
        "  before = function() end, recover = function() end, alive = function() end,\n"
        "  ignore = { 'stat:*', 'x' }, ordered = { 'log' }, zero = { 'n' },\n"
        "  strategies = {\n"
        "    { name = 'old', about = 'how it was', expect = { 'leaked', 'lost' },\n"
        "      update = function() end },\n"
        "    { name = 'fixed', expect = 'atomic', reference = true,\n"
        "      update = function() end, before = function() end, noop = true,\n"
        "      recover = function() end, alive = function() end },\n"
        "    { name = 'other', expect = 'safe', update = function() end },\n"
        "  } }\n";
    CLEANUP(scenario_freep) struct scenario *scenario = load_good(text, &plain);
    const struct strategy *strategies = scenario->outline.strategies;
    const struct strategy_functions *functions = scenario->functions;

    cr_expect_str_eq(scenario->outline.name, "case");
    cr_expect_str_eq(scenario->outline.title, "A title");
    cr_expect_str_eq(scenario->outline.source, "https://example.org");
    cr_expect(scenario->before && scenario->recover && scenario->alive);
    cr_assert_eq(scenario->outline.strategy_count, 3);
    cr_expect_str_eq(strategies[0].name, "old");
    cr_expect_str_eq(strategies[0].about, "how it was");
    cr_expect_eq(strategies[0].expect, (unsigned)(LATER_LEAKED | LATER_LOST));
    cr_expect_eq(strategies[1].expect, EXPECT_ATOMIC);
    cr_expect_eq(strategies[2].expect, EXPECT_SAFE);
    cr_expect(!strategies[0].noop && strategies[1].noop && !strategies[2].noop);
    cr_expect_eq(scenario->outline.reference, 1);
    cr_expect_eq(functions[0].recover, scenario->recover, "inherited");
    cr_expect_eq(functions[0].before, scenario->before, "inherited");
    cr_expect_eq(functions[0].alive, scenario->alive, "inherited");
    cr_expect_neq(functions[1].recover, scenario->recover, "its own");
    cr_expect_neq(functions[1].before, scenario->before, "its own");
    cr_expect_neq(functions[1].alive, scenario->alive, "its own");
    cr_expect(functions[0].update && functions[1].update != functions[0].update);
    cr_expect_eq(outline_find(&scenario->outline, "fixed"), 1);
    cr_expect_eq(outline_find(&scenario->outline, "fix"), -1);
    cr_expect_str_eq(outline_strategy_name(&scenario->outline, 2), "other");
    cr_expect_eq(scenario->ignore.keys.count, 2);
    cr_expect(ignored_key(&scenario->ignore, STR("stat:failed")));
    cr_expect(patterns_match(&scenario->ordered, STR("log")));
    cr_expect(!patterns_match(&scenario->ordered, STR("stat:failed")));
    cr_expect(patterns_match(&scenario->zero, STR("n")));
    cr_expect_eq(scenario->outline.now, 1700000000);
}

Test(load, what_is_left_out_has_a_default)
{
    static const char text[] =
        "return { strategies = { { name = 'a', update = function() end },\n"
        "  { name = 'b', update = function() end } } }";
    CLEANUP(scenario_freep) struct scenario *scenario = load_good(text, &plain);

    cr_expect_eq(scenario->outline.reference, 1, "the last one");
    cr_expect_str_eq(scenario->outline.title, "");
    cr_expect_str_eq(scenario->outline.source, "");
    cr_expect_str_eq(scenario->outline.strategies[0].about, "");
    cr_expect_eq(scenario->outline.strategies[0].expect, 0);
    cr_expect_eq(scenario->functions[0].recover, 0);
    cr_expect(!scenario->before && !scenario->recover && !scenario->alive);
    cr_expect_eq(scenario->outline.parameter_count, 0);
    cr_expect(!ignored_key(&scenario->ignore, STR("anything")));
    cr_expect_null(scenario_free(NULL));
}

/* ---- parameters ---- */

/* `alive` returns false unless the condition holds for p. */
#define PARAMETERS(params, condition)                                                    \
    "return { params = { " params " }, strategies = { " ONE " },\n"                      \
    "  alive = function(redis, p) return " condition " end }"

/* What --set gives arrives in the functions, with the type that the default has. */
Test(parameters, arrive_in_the_functions)
{
    static const struct {
        const char *assignments[2];
        const char *condition;
    } cases[] = {
        { { NULL }, "p.jobs == 25 and p.queue == 'default' and p.fresh == false" },
        { { "jobs=100" }, "p.jobs == 100 and math.type(p.jobs) == 'integer'" },
        { { "jobs=-1.5" }, "p.jobs == -1.5" },
        { { "jobs=1e3" }, "p.jobs == 1000" },
        { { "jobs=1", "jobs=2" }, "p.jobs == 2" },
        { { "queue=high", "jobs=3" }, "p.queue == 'high' and p.jobs == 3" },
        { { "queue=5" }, "p.queue == '5'" },
        { { "queue=" }, "p.queue == ''" },
        { { "queue=a=b" }, "p.queue == 'a=b'" },
        { { "fresh=true" }, "p.fresh == true" },
        { { "fresh=false" }, "p.fresh == false" },
        { { NULL }, "p.seed == 7 and p.now == 1700000000" },
        { { NULL }, "type(redis.call) == 'function' and p.nonsense == nil" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct parameter_settings settings = { cases[i].assignments, 0, 7, 1700000000,
                                               NULL };
        CLEANUP(mem_freep) char *text =
            mem_printf(PARAMETERS("jobs = 25, queue = 'default', fresh = false", "%s"),
                       cases[i].condition);
        CLEANUP(scenario_freep) struct scenario *scenario = NULL;
        struct err err = ERR_NULL;
        bool refused = true;

        while (settings.count < 2 && cases[i].assignments[settings.count])
            settings.count++;
        scenario = load_good(text, &settings);
        cr_expect_eq(scenario_call(scenario, scenario->alive, NULL, &refused, &err), 0,
                     "%s", err.msg);
        cr_expect(!refused, "not so: %s", cases[i].condition);
    }
}

Test(parameters, mistakes_on_the_command_line)
{
    static const struct {
        const char *assignment;
        const char *says[2];
    } cases[] = {
        { "job=5", { "no parameter 'job'", "did you mean 'jobs'" } },
        { "xyzzy=5", { "no parameter 'xyzzy'", "there are: fresh, jobs" } },
        { "jobs", { "'jobs'", "expected name=value" } },
        { "=5", { "'=5'", "expected name=value" } },
        { "jobs=many", { "'many'", "expected a number" } },
        { "jobs=", { "''", "expected a number" } },
        { "jobs=5x", { "'5x'", "expected a number" } },
        { "jobs=inf", { "'inf'", "expected a number" } },
        { "jobs=nan", { "'nan'", "expected a number" } },
        { "fresh=yes", { "'yes'", "true or false" } },
        { "fresh=1", { "'1'", "true or false" } },
        { "seed=5", { "no parameter 'seed'" } },
        { "now=5", { "no parameter 'now'" } },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct parameter_settings settings = { &cases[i].assignment, 1, 7, 0, NULL };
        struct err err = ERR_NULL;
        CLEANUP(scenario_freep) struct scenario *scenario =
            load(PARAMETERS("jobs = 25, fresh = false", "true"), &settings, &err);

        cr_expect_null(scenario, "%s", cases[i].assignment);
        for (size_t s = 0; s < 2 && cases[i].says[s]; s++)
            cr_expect_not_null(strstr(err.msg, cases[i].says[s]),
                               "'%s' does not say %s: %s", cases[i].assignment,
                               cases[i].says[s], err.msg);
    }
}

Test(parameters, mistakes_in_the_file)
{
    static const struct mistake cases[] = {
        { "return {\nparams = {\njobs = {} }, strategies = { " ONE " } }",
          3,
          { "'jobs'", "table", "a number, a string or a boolean" } },
        { WITH("params = { f = function() end },\n"), 2, { "'f'", "function" } },
        { WITH("params = { 5 },\n"), 2, { "params", "without a name" } },
        { WITH("params = { seed = 1 },\n"), 2, { "'seed'", "afterkill's own" } },
        { WITH("params = { now = 1 },\n"), 2, { "'now'", "afterkill's own" } },
    };

    EXPECT_MISTAKES(cases);
}

Test(parameters, are_listed_by_name)
{
    static const struct {
        const char *name, *value;
        bool is_text, is_flag;
    } expected[] = {
        { "alpha", "x", true, false },
        { "beta", "false", false, true },
        { "jobs", "30", false, false },
        { "period", "2.5", false, false },
    };
    static const char *const assignments[] = { "jobs=30" };
    const struct parameter_settings settings = { assignments, 1, 7, 0, NULL };
    CLEANUP(scenario_freep) struct scenario *scenario = load_good(
        PARAMETERS("period = 2.5, alpha = 'x', jobs = 25, beta = false", "true"),
        &settings);

    cr_assert_eq(scenario->outline.parameter_count, ARRAY_SIZE(expected));
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        const struct parameter *parameter = &scenario->outline.parameters[i];

        cr_expect_str_eq(parameter->name, expected[i].name);
        cr_expect_str_eq(parameter->value, expected[i].value);
        cr_expect_eq(parameter->is_text, expected[i].is_text, "%s", parameter->name);
        cr_expect_eq(parameter->is_flag, expected[i].is_flag, "%s", parameter->name);
    }
}

/* Chance comes from the seed: the same numbers in every load, others with another
 * seed. */
Test(parameters, chance_comes_from_the_seed)
{
    static const char text[] =
        PARAMETERS("a = math.random(1 << 50), b = math.random(1 << 50)", "true");
    static const uint64_t seeds[] = { 7, 7, 8, UINT64_MAX };
    char *values[ARRAY_SIZE(seeds)];

    for (size_t i = 0; i < ARRAY_SIZE(seeds); i++) {
        const struct parameter_settings settings = { NULL, 0, seeds[i], 0, NULL };
        CLEANUP(scenario_freep) struct scenario *scenario = load_good(text, &settings);

        cr_expect_str_neq(scenario->outline.parameters[0].value,
                          scenario->outline.parameters[1].value);
        values[i] = mem_printf("%s %s", scenario->outline.parameters[0].value,
                               scenario->outline.parameters[1].value);
    }
    cr_expect_str_eq(values[0], values[1]);
    for (size_t i = 2; i < ARRAY_SIZE(seeds); i++)
        cr_expect_str_neq(values[i], values[0], "seed %zu", i);
    for (size_t i = 0; i < ARRAY_SIZE(seeds); i++)
        free(values[i]);
}

/* ---- functions and patterns ---- */

Test(load, functions_refuse_and_raise)
{
    static const struct {
        const char *body;
        bool refused;
        int code;
        const char *says;
    } cases[] = {
        { "", false, 0, NULL },
        { "return true", false, 0, NULL },
        { "return nil", false, 0, NULL },
        { "return 0", false, 0, NULL },
        { "return false", true, 0, NULL },
        { "error('my words')", false, ERR_USAGE, "case.lua:2: my words" },
        { "local x = p.jobs + 1", false, ERR_USAGE, "case.lua:2: " },
        { "error({})", false, ERR_USAGE, "not a string" },
        { "leak = 1", false, ERR_USAGE, "case.lua:2: 'leak' would be a global" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(mem_freep) char *text = mem_printf("return { strategies = { " ONE " },\n"
                                                   "alive = function(redis, p) %s end }",
                                                   cases[i].body);
        CLEANUP(scenario_freep) struct scenario *scenario = load_good(text, &plain);
        struct err err = ERR_NULL;
        bool refused = false;

        cr_expect_eq(scenario_call(scenario, scenario->alive, NULL, &refused, &err),
                     cases[i].code, "%s: %s", cases[i].body, err.msg);
        cr_expect_eq(refused, cases[i].refused, "%s", cases[i].body);
        if (cases[i].says)
            cr_expect_not_null(strstr(err.msg, cases[i].says), "%s: %s", cases[i].body,
                               err.msg);
        refused = true;
        cr_expect_eq(scenario_call(scenario, 0, NULL, &refused, &err), 0,
                     "nothing to call");
        cr_expect(!refused);
    }
}

Test(patterns, match_whole_keys)
{
    static const struct {
        const char *glob;
        struct str key;
        bool matches;
    } cases[] = {
        { "log", { "log", 3 }, true },
        { "log", { "log2", 4 }, false },
        { "log", { "blog", 4 }, false },
        { "log", { "", 0 }, false },
        { "stat:*", { "stat:", 5 }, true },
        { "stat:*", { "stat:a:b/c", 10 }, true },
        { "stat:*", { "status", 6 }, false },
        { "*", { "", 0 }, true },
        { "*", { ".hidden/x", 9 }, true },
        { "*:lock", { "a:b:lock", 8 }, true },
        { "q?", { "q1", 2 }, true },
        { "q?", { "q", 1 }, false },
        { "q[12]", { "q2", 2 }, true },
        { "q[12]", { "q3", 2 }, false },
        { "q[0-9]", { "q7", 2 }, true },
        { "q[^0-9]", { "qx", 2 }, true },
        { "q[^0-9]", { "q7", 2 }, false },
        { "a\\*", { "a*", 2 }, true },
        { "a\\*", { "ab", 2 }, false },
        { "*", { "\xff\xfe", 2 }, true },
        { "a?c",
          { "a\xff"
            "c",
            3 },
          true },
        { "LOG", { "log", 3 }, false },
        { "k", STR("k\0x"), false },
        { "k*", STR("k\0x"), true },
        { "k?x", STR("k\0x"), true },
        { "k[^a]x", STR("k\0x"), true },
        { "k[a-z]x", STR("k\0x"), false },
        { "k\1x", STR("k\0x"), false },
        { "k[\1-\377]x", STR("k\0x"), false },
        { "k\1x", STR("k\1x"), true },
        { "*x", STR("k\0\0x"), true },
        { "*y", STR("k\0x"), false },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *globs[] = { (char[]){ "zzz" }, (char *)(uintptr_t)cases[i].glob };
        const struct patterns patterns = { globs, 2 }, others = { globs, 1 };

        cr_expect_eq(patterns_match(&patterns, cases[i].key), cases[i].matches,
                     "case %zu: '%s'", i, cases[i].glob);
        cr_expect(!patterns_match(&others, cases[i].key));
    }
}
