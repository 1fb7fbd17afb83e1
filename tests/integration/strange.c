/* strange.c - names and texts that a terminal would obey, that HTML and shells would, or
 * that nobody has room for; and places where a decimal point is a comma.
 *
 * Text output never has a control character but the end of a line, and JSON is JSON. */
#include "testlib.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/printable.h"

/* Lines of printable text, and nothing else. */
static void expect_printable(const char *text, const char *where)
{
    size_t size = strlen(text) + 1;
    char *shown = mem_alloc(4 * size);

    printable_copy(shown, 4 * size, text, "\n");
    cr_expect_str_eq(shown, text, "%s: %s", where, shown);
    free(shown);
}

/* What reports print as it is, is refused where it is loaded, with file and line. */
Test(strange, scenarios_that_are_refused)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        { "return {\n title = 'a\\27[31m', strategies = {} }",
          ":2: title is 'a\\x1b[31m'" },
        { "return {\n title = 'a\\nb', strategies = {} }", ":2: title is" },
        { "return {\n source = '\\xff', strategies = {} }", ":2: source is '\\xff'" },
        { "return {\n title = '\\u{9b}31m', strategies = {} }",
          ":2: title is '\\xc2\\x9b31m'" },
        { "return { strategies = {\n { name = 'a\\27[2J', update = function() end } } }",
          ":2: strategy 1 is named 'a\\x1b[2J'" },
        { "return { strategies = {\n { name = ('a'):rep(300), update = function() end } "
          "} }",
          "of at most 63 characters" },
        { "return { strategies = { { name = 'u',\n about = 'x\\ry', update = function() "
          "end "
          "} } }",
          ":2: about is 'x\\x0dy'" },
        { "return {\n params = { ['a\\27'] = 1 }, strategies = { { name = 'u', update = "
          "function() end } } }",
          ":2: a parameter is named 'a\\x1b'" },
        { "return {\n params = { a = 'x\\27' }, strategies = { { name = 'u', update = "
          "function() end } } }",
          ":2: parameter 'a' is 'x\\x1b'" },
        { "return {\n ['ti\\27tle'] = 1 }", "unknown key 'ti\\x1btle'" },
        { "error('\\27[31mred')", "\\x1b[31mred" },
    };
    char *directory = test_directory();

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char *path = test_file(directory, "odd.lua", rows[i].text);
        static const char *const commands[] = { "run", "check", "list" };

        for (size_t c = 0; c < ARRAY_SIZE(commands); c++) {
            struct run run = RUN(commands[c], path);

            cr_expect_eq(run.status, 2, "row %zu: %s: %d", i, commands[c], run.status);
            cr_expect(strstr(c == 1 ? run.out : run.err, rows[i].says), "row %zu: %s%s",
                      i, run.out, run.err);
            expect_printable(run.err, commands[c]);
            expect_printable(run.out, commands[c]);
            run_release(&run);
        }
        free(path);
    }
    test_directory_remove(directory);
}

/* A file's name is a name, too; and what is asked for on the command line is repeated. */
Test(strange, names_on_the_command_line)
{
    static const char escape[] = "od\033[31md\n";
    char *directory = test_directory();
    char *odd = mem_printf("%s/%s.lua", directory, escape);
    char *path = test_scenario("swept"), *text = file_text(path);
    const char *const rows[][8] = {
        { "run", odd, NULL },
        { "check", odd, NULL },
        { "check", odd, "--format", "tap", NULL },
        { "list", odd, NULL },
        { escape, NULL },
        { "help", escape, NULL },
        { "run", escape, NULL },
        { "run", path, "--strategy", escape, NULL },
        { "run", path, "--set", escape, NULL },
        { "run", path, "--set", "how=\033[31m", NULL },
        { "run", path, "--sweep", "how=a,\033[31m", NULL },
        { "run", path, "--seed", escape, NULL },
        { "run", path, "--format", escape, NULL },
        { "run", path, "--fault", escape, NULL },
        { "run", path, escape, NULL },
        { "report", escape, NULL },
        { "compare", escape, escape, NULL },
        { "replay", escape, escape, NULL },
        { "baseline", "show", escape, NULL },
        { "new", escape, NULL },
        { "run", "--\033[31m", NULL },
        { "run", "--\033[31m=1", NULL },
        { "list", "-\033", NULL },
    };
    char *written = test_file(directory, "written.lua", text);

    cr_assert_eq(rename(written, odd), 0);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct run run = run_afterkill(rows[i]);

        cr_expect_eq(run.status, 2, "row %zu: %d: %s", i, run.status, run.err);
        expect_printable(run.err, rows[i][0]);
        expect_printable(run.out, rows[i][0]);
        run_release(&run);
    }
    free(written);
    free(text);
    free(path);
    free(odd);
    test_directory_remove(directory);
}

static const char strange_scenario[] =
    "local key = '<script>\\27[31m\\n\"quoted\"\\xff' .. ('k'):rep(300)\n"
    "return {\n"
    "  title = '<script>alert(\"1\")</script> ' .. ('t'):rep(300),\n"
    "  params = { text = [[<b>'\"]] },\n"
    "  strategies = {\n"
    "    { name = '<script>\\'\"', expect = 'leaked', about = '<i>', update = "
    "function(redis, p)\n"
    "        redis.call('HSET', key, '\\27[2J', '\\7' .. p.text)\n"
    "        redis.call('EXPIRE', key, 60)\n"
    "      end },\n"
    "    { name = ('n'):rep(63), expect = 'leaked', update = function(redis)\n"
    "        redis.call('SET', key, 1)\n"
    "        redis.call('EXPIRE', key, 60)\n"
    "      end },\n"
    "    { name = 'right', update = function(redis) redis.call('SET', 'a', 1, 'EX', 60) "
    "end "
    "},\n"
    "  },\n"
    "  alive = function(redis) if redis.call('EXISTS', key) == 1 then "
    "error('no\\27[31m') "
    "end end,\n"
    "}\n";

Test(strange, what_is_found_is_shown_escaped)
{
    char *directory = test_directory();
    char *path = test_file(directory, "odd.lua", strange_scenario);
    char *kept = mem_printf("%s/ke\033[31mpt", directory);
    const char *const rows[][10] = {
        { "run", path, "--trials", "50", "-o", kept, NULL },
        { "report", kept, NULL },
        { "report", kept, "--full", "--points", NULL },
        { "compare", kept, NULL },
        { "compare", kept, kept, NULL },
        { "replay", kept, NULL },
        { "check", path, "--quick", NULL },
        { "check", path, "--quick", "--format", "tap", NULL },
        { "list", path, NULL },
        { "run", path, CENSUS, "--sweep", "text=<b>,\"", "--no-store", NULL },
    };
    const char *const jsons[][6] = {
        { "report", kept, "--format", "json", NULL },
        { "compare", kept, "--format", "json", NULL },
        { "check", path, "--quick", "--format=json", NULL },
        { "list", path, "--format", "json", NULL },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct run run = run_afterkill(rows[i]);

        cr_expect_lt(run.status, 4, "row %zu: %d: %s", i, run.status, run.err);
        cr_expect_neq(run.status, 2, "row %zu: %s", i, run.err);
        expect_printable(run.out, rows[i][0]);
        expect_printable(run.err, rows[i][0]);
        run_release(&run);
    }
    for (size_t i = 0; i < ARRAY_SIZE(jsons); i++) {
        struct run run = run_afterkill(jsons[i]);

        cr_expect_not_null(run.json, "%s: %s%s", jsons[i][0], run.out, run.err);
        run_release(&run);
    }
    free(kept);
    free(path);
    test_directory_remove(directory);
}

/* Redis 8 does not start in a locale that the system does not have; nor does this one,
 * in any but that of C. */
Test(strange, locales_of_nowhere)
{
    char *directory = test_directory();
    char *path = test_scenario("leaked");
    CLEANUP(mem_freep) char *server =
        test_file(directory, "server",
                  "#!/bin/sh\n[ \"$LC_ALL\" = C ] || exit 1\nexec redis-server \"$@\"\n");
    struct run run;

    cr_assert_eq(chmod(server, 0700), 0);
    setenv("LC_ALL", "xx_XX.UTF-8", 1);
    run = RUN("run", path, CENSUS, "--no-store", "--redis-server", server);
    cr_expect_eq(run.status, 0, "%d: %s", run.status, run.err);
    run_release(&run);
    free(path);
    test_directory_remove(directory);
}

/* A locale with a comma changes no number, neither read nor written. */
Test(strange, decimal_commas)
{
    static const char *const variables[] = { "LC_ALL", "LC_NUMERIC", "LANG" };
    char *directory = test_directory();
    char *path = test_scenario("leaked");
    struct run point = RUN("run", path, CENSUS, "--confidence", "0.9", "--timeout",
                           "2.5s", "--format", "json"),
               comma, wrong;

    for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
        setenv(variables[i], "de_DE.UTF-8", 1);
    comma = RUN("run", path, CENSUS, "--confidence", "0.9", "--timeout", "2.5s",
                "--format", "json");
    wrong = RUN("run", path, "--confidence", "0,9");
    cr_expect_eq(point.status, 0, "%s", point.err);
    cr_expect_eq(comma.status, 0, "%s", comma.err);
    cr_expect_eq(wrong.status, 2, "%d", wrong.status);
    cr_assert_not_null(comma.json, "%s", comma.out);
    cr_expect(json_equal(json_object_get(point.json, "params"),
                         json_object_get(comma.json, "params")));
    run_release(&point);
    run_release(&comma);
    run_release(&wrong);
    comma = RUN("report", "--full");
    cr_expect_eq(comma.status, 0, "%s", comma.err);
    for (const char *p = comma.out; *p; p++)
        cr_expect_not(*p == ',' && p > comma.out && p[-1] >= '0' && p[-1] <= '9' &&
                          p[1] >= '0' && p[1] <= '9',
                      "%.20s", p - 1);
    run_release(&comma);
    free(path);
    test_directory_remove(directory);
}
