/* check.c - afterkill check as a CI server uses it, and afterkill new as its user does.
 *
 * A suite that cannot fail proves nothing, so every way to fail is tried: harm that
 * nobody expected, harm that is expected and not there, a file that is broken, a server
 * that does not start or that lies, a signal, a report that cannot be written. */
#include "testlib.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define GOOD(name)                                                                       \
    "return { title = '" name "', strategies = { { name = 'one', expect = 'atomic', "    \
    "update = function(redis) redis.call('SET', 'key', 1) end } } }\n"

/* A scenario's object in the JSON of a check; NULL if it is not there. */
static json_t *entry_of(const struct run *run, const char *name)
{
    json_t *entry;
    size_t i;

    json_array_foreach (json_object_get(run->json, "check"), i, entry)
        if (strcmp(json_string_value(json_object_get(entry, "scenario")), name) == 0)
            return entry;
    return NULL;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "(none)";
}

/* A strategy's object. */
static json_t *strategy_of(const struct run *run, const char *scenario, const char *name)
{
    json_t *strategy;
    size_t i;

    json_array_foreach (json_object_get(entry_of(run, scenario), "strategies"), i,
                        strategy)
        if (strcmp(text_of(strategy, "name"), name) == 0)
            return strategy;
    return NULL;
}

static long long summary_of(const struct run *run, const char *key)
{
    return json_count(run->json, "summary", key);
}

static char *contents(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = mem_alloc(1 << 20);

    cr_assert_not_null(file, "%s is not there", path);
    text[fread(text, 1, (1 << 20) - 1, file)] = '\0';
    fclose(file);
    return text;
}

/* Is there such a program? */
static bool installed(const char *program)
{
    CLEANUP(mem_freep) char *command =
        mem_printf("command -v %s >/dev/null 2>&1", program);

    return system(command) == 0;
}

/* All that is shipped does what it says. It does so with kills, before which there is the
 * census that is all of a quick check. */
Test(check, the_shipped_scenarios_pass)
{
    char *directory = test_directory();
    struct run run = RUN("check", "--trials", "40", "--lanes", "1");
    struct run quick = RUN("check", "--quick", "--format", "json", "sidekiq_busy");

    processes_adopt();
    cr_expect_eq(run.status, 0, "status %d:\n%s\n%s", run.status, run.out, run.err);
    EXPECT_SAYS(run.out, "ok sidekiq_busy per-field leaked");
    EXPECT_SAYS(run.out, "leaked 25 of 28 points, first after HSET");
    EXPECT_SAYS(run.out, "ok sidekiq_busy script atomic none of");
    EXPECT_SAYS(run.out, "clean at all 2 points");
    EXPECT_SAYS(run.out, "as expected, 0 not, but 3 of 5 crash points of ");
    EXPECT_SAYS(run.err, ": sidekiq_busy: ok (");
    cr_expect_null(strstr(run.out, "FAIL"));
    cr_expect_eq(quick.status, 0, "status %d: %s", quick.status, quick.err);
    cr_assert_not_null(strategy_of(&quick, "sidekiq_busy", "per-field"));
    cr_expect_eq(json_integer_value(json_object_get(quick.json, "trials")), 0);
    cr_expect_eq(
        json_count(strategy_of(&quick, "sidekiq_busy", "per-field"), "kills", "valid"),
        0);
    cr_expect_eq(summary_of(&quick, "not_as_expected"), 0);
    cr_expect_eq(test_directory_entries(directory), 0, "leftovers in TMPDIR");
    run_release(&run);
    run_release(&quick);
    test_directory_remove(directory);
}

/* Both directions, harm without a crash, and a strategy of which nothing is expected. */
Test(check, what_is_not_as_expected_fails)
{
    static const struct {
        const char *strategy, *verdict, *words[3];
    } rows[] = {
        { "not-atomic", "fail", { "expected atomic", "with a gap at 1" } },
        { "not-safe", "fail", { "expected safe", "leaked 1 of 3 points", "'key'" } },
        { "not-lost", "fail", { "expected lost", "no point is lost" } },
        { "not-both", "fail", { "expected leaked+stuck", "no point is stuck" } },
        { "not-only",
          "fail",
          { "expected only lost, but found leaked 1, lost 1 of 5 points" } },
        { "only-both", "pass", { NULL } },
        { "not-uncrashed", "fail", { "expected safe", "even when nobody is killed" } },
        { "unspoken", "none", { NULL } },
        { "kept", "pass", { NULL } },
    };
    char *directory = test_directory();
    char *path = test_scenario("expectations");
    struct run text = RUN("check", path, "--trials", "30", "--lanes", "1");
    struct run run = RUN("check", path, "--quick", "--lanes", "1", "--format", "json");
    const char *again;

    cr_expect_eq(text.status, 1, "status %d: %s", text.status, text.err);
    cr_expect_eq(run.status, 1, "status %d: %s", run.status, run.err);
    cr_assert_not_null(run.json);
    cr_expect_str_eq(text_of(run.json, "verdict"), "fail");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        json_t *strategy = strategy_of(&run, "expectations", rows[i].strategy);

        cr_assert_not_null(strategy, "%s is not there", rows[i].strategy);
        cr_expect_str_eq(text_of(strategy, "verdict"), rows[i].verdict, "%s is %s",
                         rows[i].strategy, text_of(strategy, "verdict"));
        for (size_t w = 0; w < ARRAY_SIZE(rows[i].words) && rows[i].words[w]; w++) {
            EXPECT_SAYS(text_of(strategy, "reason"), rows[i].words[w]);
            EXPECT_SAYS(text.out, rows[i].words[w]);
        }
    }
    EXPECT_SAYS(text.out, "FAIL expectations not-lost lost");
    EXPECT_SAYS(text.out, "- expectations unspoken nothing");
    EXPECT_SAYS(text.out, "1 scenario, 9 strategies: 2 as expected, 6 not, 1 without "
                          "expectation");
    EXPECT_SAYS(text.err, "expectations: 6 of 9 strategies FAIL");
    /* The failures come last, with what to do: after the line of the last strategy. */
    again = strstr(text.out, "FAIL  expectations/not-lost: expected lost");
    cr_assert_not_null(again, "no such failure in\n%s", text.out);
    cr_expect_gt(again, strstr(text.out, "kept"));
    EXPECT_SAYS(again, "An expected harm is gone");
    EXPECT_SAYS(again, "See: afterkill run");
    EXPECT_SAYS(again, "--strategy not-lost --trials 30 --seed 1");
    run_release(&run);
    run_release(&text);
    free(path);
    test_directory_remove(directory);
}

/* What only is not judged fails nothing. */
Test(check, no_expectation_is_no_failure)
{
    char *directory = test_directory();
    char *path = test_scenario("expectations");
    struct run run = RUN("check", path, "--quick", "--filter", "*/unspoken");

    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    EXPECT_SAYS(run.out, "1 scenario, 1 strategy: 0 as expected, 0 not, 1 without "
                         "expectation");
    run_release(&run);
    free(path);
    test_directory_remove(directory);
}

/* The command that is printed shows the same. */
Test(check, a_failure_can_be_reproduced_as_it_says)
{
    char *directory = test_directory();
    char *odd = mem_printf("%s/it's a \"dir\"", directory);
    char *path, *command;
    struct run run;
    int status;

    cr_assert_eq(mkdir(odd, 0700), 0);
    path = test_file(odd, "bad.lua",
                     "return { strategies = { { name = 'a$b', expect = 'leaked', update "
                     "= function(redis) redis.call('SET', 'key', 1) end } } }\n");
    run = RUN("check", path, "--quick", "--format", "json");
    cr_assert_eq(run.status, 1, "status %d: %s", run.status, run.err);
    cr_assert_eq(
        strncmp(text_of(strategy_of(&run, "bad", "a$b"), "reproduce"), "afterkill ", 10),
        0);
    command = mem_printf("\"$AFTERKILL\" %s >/dev/null 2>&1",
                         text_of(strategy_of(&run, "bad", "a$b"), "reproduce") +
                             strlen("afterkill "));
    status = system(command);
    cr_expect_eq(WEXITSTATUS(status), 1, "'%s' ends with status %d", command,
                 WEXITSTATUS(status));
    run_release(&run);
    free(command);
    free(path);
    free(odd);
    test_directory_remove(directory);
}

/* Its message is shown, and the others have their verdicts. */
Test(check, a_broken_scenario_does_not_stop_the_others)
{
    char *directory = test_directory();
    char *work = mem_printf("%s/work", directory);
    char *paths[5];
    struct run run;

    cr_assert_eq(mkdir(work, 0700), 0);
    paths[0] = test_file(work, "first.lua", GOOD("first"));
    paths[1] = test_file(work, "syntax.lua", "return {\n  strategies = = 1 }\n");
    paths[2] = test_file(work, "raises.lua",
                         "return { strategies = { { name = 'one', expect = 'atomic', "
                         "update = function(redis) error('not like this') end } } }\n");
    paths[3] = mem_printf("%s/missing.lua", work);
    paths[4] = test_file(work, "last.lua", GOOD("last"));
    run = RUN("check", paths[0], paths[1], paths[2], paths[3], paths[4], "--quick",
              "--format", "json");
    cr_expect_eq(run.status, 2, "status %d: %s", run.status, run.err);
    cr_assert_not_null(run.json);
    cr_expect_str_eq(text_of(strategy_of(&run, "first", "one"), "verdict"), "pass");
    cr_expect_str_eq(text_of(strategy_of(&run, "last", "one"), "verdict"), "pass");
    EXPECT_SAYS(text_of(entry_of(&run, "syntax"), "trouble"), "syntax.lua:2:");
    EXPECT_SAYS(text_of(entry_of(&run, "raises"), "trouble"), "not like this");
    EXPECT_SAYS(text_of(entry_of(&run, "missing"), "trouble"), "No such file");
    cr_expect_eq(summary_of(&run, "refused"), 3);
    EXPECT_SAYS(run.err, "syntax: ");
    run_release(&run);
    run = RUN("check", paths[0], paths[1], "--quick");
    EXPECT_SAYS(run.out, "FAIL syntax: ");
    EXPECT_SAYS(run.out, "The scenario has to be mended");
    EXPECT_SAYS(run.out, "2 scenarios, 1 strategy: 1 as expected, 0 not, 1 scenario with "
                         "a mistake");
    run_release(&run);
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
        free(paths[i]);
    free(work);
    test_directory_remove(directory);
}

Test(check, filter_and_operands_choose)
{
    static const struct {
        const char *filters[2];
        long long scenarios, strategies;
        int status;
    } rows[] = {
        { { "sidekiq_busy" }, 1, 6, 0 },
        { { "*_busy" }, 1, 6, 0 },
        { { "sidekiq_busy/script" }, 1, 1, 0 },
        { { "sidekiq_*/multi*" }, 1, 2, 0 },
        { { "sidekiq_busy/script", "sidekiq_process" }, 2, 4, 0 },
        { { "busy" }, 0, 0, 5 },
        { { "sidekiq_busy/nothing" }, 0, 0, 5 },
    };
    static const char *const formats[] = { "text", "tap", "junit", "json" };
    char *directory = test_directory();

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct run run =
            rows[i].filters[1]
                ? RUN("check", "--quick", "--lanes", "1", "--format", "json", "--filter",
                      rows[i].filters[0], "--filter", rows[i].filters[1])
                : RUN("check", "--quick", "--lanes", "1", "--format", "json", "--filter",
                      rows[i].filters[0]);

        cr_expect_eq(run.status, rows[i].status, "row %zu: status %d: %s", i, run.status,
                     run.err);
        cr_expect_eq(summary_of(&run, "scenarios"), rows[i].scenarios, "row %zu", i);
        cr_expect_eq(summary_of(&run, "strategies"), rows[i].strategies, "row %zu", i);
        run_release(&run);
    }
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
        struct run run = RUN("check", "--filter", "qqq", "--format", formats[i]);

        cr_expect_eq(run.status, 5, "%s: status %d: %s", formats[i], run.status, run.err);
        cr_expect_str_not_empty(run.out);
        run_release(&run);
    }
    /* Named twice, a scenario runs once. */
    {
        struct run run = RUN("check", "sidekiq_process", "sidekiq_process.lua", "--quick",
                             "--format", "json");

        cr_expect_eq(summary_of(&run, "scenarios"), 1);
        run_release(&run);
    }
    /* So does one that is found in two places; by two names it is two. */
    {
        CLEANUP(mem_freep) char *path = test_scenario("gap");
        CLEANUP(mem_freep) char *same = mem_printf("%s/gap.lua", directory);
        CLEANUP(mem_freep) char *other = mem_printf("%s/other.lua", directory);
        struct run run;

        cr_assert_eq(symlink(path, same), 0);
        cr_assert_eq(symlink(path, other), 0);
        run = RUN("check", path, same, other, "--quick", "--format", "json");
        cr_expect_eq(summary_of(&run, "scenarios"), 2, "%s", run.err);
        run_release(&run);
    }
    test_directory_remove(directory);
}

/* Everything that a report has to escape, and every kind of verdict: a directory of
 * scenarios, as the operands of a check. */
static void make_odd(const char *directory, char *paths[4])
{
    paths[0] = test_file(directory, "odd & <worse>.lua",
                         "return { title = '<&>\"', strategies = {\n"
                         "{ name = 'a#\\\\\"b\"<c>', expect = 'leaked', update = "
                         "function(redis) redis.call('SET', 'k<&\\1', '\\255') end },\n"
                         "{ name = 'fine', expect = 'atomic', update = function(redis) "
                         "redis.call('SET', 'k<&\\1', '\\255') end },\n"
                         "{ name = 'silent', update = function(redis) "
                         "redis.call('SET', 'k<&\\1', '\\255') end } } }\n");
    paths[1] = test_file(directory, "broken.lua",
                         "error('<\\1\\127\\255 \\xC3\\xA9 & ]]> \"quoted\"', 0)\n");
    paths[2] = test_scenario("expectations");
    paths[3] = mem_printf("%s/missing.lua", directory);
}

static struct run run_odd(const char *directory, const char *format)
{
    char *work = mem_printf("%s/work", directory);
    char *paths[4];
    struct run run;

    mkdir(work, 0700);
    make_odd(work, paths);
    run = RUN("check", paths[0], paths[1], paths[2], paths[3], "--quick", "--format",
              format);
    cr_expect_eq(run.status, 2, "status %d: %s", run.status, run.err);
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
        free(paths[i]);
    free(work);
    return run;
}

/* Test points with consecutive numbers, as many as planned; YAML blocks that are closed
 * and hold keys with quoted texts. */
static void parse_tap(const char *text, size_t *ret_ok, size_t *ret_failed)
{
    CLEANUP(mem_freep) char *copy = mem_strdup(text);
    char *rest = copy, *line;
    size_t planned = 0, seen = 0;
    bool in_block = false;

    cr_assert_str_eq(strsep(&rest, "\n"), "TAP version 13");
    line = strsep(&rest, "\n");
    cr_assert_eq(sscanf(line, "1..%zu", &planned), 1, "no plan: %s", line);
    *ret_ok = *ret_failed = 0;
    while ((line = strsep(&rest, "\n")) && (*line || rest)) {
        bool failed = strncmp(line, "not ", 4) == 0;
        size_t number;

        if (in_block) {
            in_block = strcmp(line, "  ...") != 0;
            cr_expect(!in_block || strncmp(line, "  ", 2) == 0, "in a block: %s", line);
            cr_expect(!in_block || line[strlen(line) - 1] == '"', "in a block: %s", line);
        } else if (strcmp(line, "  ---") == 0) {
            in_block = true;
        } else if (*line != '#') {
            cr_assert_eq(sscanf(line + (failed ? 4 : 0), "ok %zu - ", &number), 1,
                         "no test point: %s", line);
            cr_expect_eq(number, ++seen);
            *(failed ? ret_failed : ret_ok) += 1;
        }
    }
    cr_expect_not(in_block);
    cr_expect_eq(seen, planned);
}

Test(check, tap_is_tap)
{
    char *directory = test_directory();
    struct run run = run_odd(directory, "tap");
    size_t ok, failed;

    parse_tap(run.out, &ok, &failed);
    cr_expect_eq(ok, 2 + 3);
    cr_expect_eq(failed, 1 + 6 + 2);
    EXPECT_SAYS(run.out, "not ok 1 - odd & <worse>/a\\#\\\\\"b\"<c>\n");
    EXPECT_SAYS(run.out, "ok 3 - odd & <worse>/silent # SKIP");
    EXPECT_SAYS(run.out, "\\\"quoted\\\"");
    if (installed("prove")) {
        char *path = test_file(directory, "report.tap", run.out);
        char *command = mem_printf("prove --exec cat '%s' 2>&1", path);
        char *said = mem_alloc(65536);
        FILE *out = popen(command, "re");

        cr_assert_not_null(out);
        said[fread(said, 1, 65535, out)] = '\0';
        cr_expect_eq(WEXITSTATUS(pclose(out)), 1);
        EXPECT_SAYS(said, "Failed tests: 1, 4-9, 11, 14");
        EXPECT_SAYS(said, "Tests: 14 Failed: 9)");
        cr_expect_null(strstr(said, "Parse errors"), "%s", said);
        free(said);
        free(command);
        free(path);
    }
    run_release(&run);
    test_directory_remove(directory);
}

/* Without libxml2's xmllint this test is skipped; tools/setup installs it. */
Test(check, junit_is_valid)
{
    const char *schema = getenv("JUNIT_SCHEMA");
    char *directory, *path, *command, *said;
    struct run run;
    FILE *out;
    int status;

    cr_assert_not_null(schema, "JUNIT_SCHEMA is not set; run the tests with meson test");
    if (!installed("xmllint"))
        cr_skip_test("xmllint (package libxml2-utils) is not there");
    directory = test_directory();
    run = run_odd(directory, "junit");
    path = test_file(directory, "report.xml", run.out);
    command = mem_printf("xmllint --noout --nonet --schema '%s' '%s' 2>&1", schema, path);
    said = mem_alloc(65536);
    out = popen(command, "re");
    cr_assert_not_null(out);
    said[fread(said, 1, 65535, out)] = '\0';
    status = pclose(out);
    cr_expect_eq(status, 0, "xmllint: %s\n%s", said, run.out);
    EXPECT_SAYS(run.out, "<testsuites name=\"afterkill check\" tests=\"14\" "
                         "failures=\"7\" errors=\"2\" skipped=\"2\"");
    EXPECT_SAYS(run.out, "<testsuite name=\"odd &#38; &#60;worse&#62;\" tests=\"3\"");
    EXPECT_SAYS(run.out, "\\x01");
    EXPECT_SAYS(run.out, "\\xff");
    EXPECT_SAYS(run.out, "<skipped message=");
    EXPECT_SAYS(run.out, "type=\"scenario\"");
    free(said);
    free(command);
    free(path);
    run_release(&run);
    test_directory_remove(directory);
}

Test(check, json_has_it_all)
{
    static const char *const keys[] = { "schema", "afterkill", "redis",
                                        "seed",   "trials",    "seconds",
                                        "check",  "summary",   "verdict" };
    char *directory = test_directory();
    char *path = test_scenario("leaked");
    struct run run = RUN("check", path, "--trials", "30", "--kill-time", "100000",
                         "--seed", "7", "--format", "json");
    struct run odd = run_odd(directory, "json");
    json_t *strategy, *first;

    cr_assert_not_null(run.json, "%s", run.out);
    cr_expect_not_null(odd.json, "%s", odd.out);
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        cr_expect_not_null(json_object_get(run.json, keys[i]), "no %s", keys[i]);
    cr_expect_eq(json_integer_value(json_object_get(run.json, "seed")), 7);
    strategy = json_array_get(json_object_get(entry_of(&run, "leaked"), "strategies"), 0);
    first = json_object_get(strategy, "first");
    cr_expect_gt(json_count(strategy, "census", "leaked"), 0);
    cr_expect_gt(json_count(strategy, "kills", "valid"), 0);
    cr_expect_eq(json_count(strategy, "kills", "requested"), 30);
    cr_expect_str_not_empty(text_of(first, "command"));
    cr_expect_str_eq(text_of(run.json, "verdict"), "pass");
    run_release(&run);
    run_release(&odd);
    free(path);
    test_directory_remove(directory);
}

/* With -o the report goes into the file, and the text to standard output. */
Test(check, report_goes_to_a_file)
{
    char *directory = test_directory();
    char *path = test_scenario("leaked");
    char *file = mem_printf("%s/reports/of/junit.xml", directory);
    struct run run = RUN("check", path, "--quick", "--format", "junit", "-o", file);
    char *text;

    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    text = contents(file);
    EXPECT_SAYS(text, "<testsuite name=\"leaked\"");
    EXPECT_SAYS(run.out, "1 scenario,");
    free(text);
    run_release(&run);
    free(file);
    free(path);
    test_directory_remove(directory);
}

Test(check, a_report_that_cannot_be_written_is_an_error)
{
    char *directory = test_directory();
    char *path = test_scenario("leaked");
    char *file = test_file(directory, "file", "");
    char *below = mem_printf("%s/report.xml", file);
    const struct {
        const char *output, *words;
        int status;
    } rows[] = {
        { directory, "expected the name of a file", 2 },
        { "", "expected the name of a file", 2 },
        { below, "create directory", 4 },
        { "/dev/full", "/dev/full", 4 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct run run = RUN("check", path, "--quick", "-o", rows[i].output);

        cr_expect_eq(run.status, rows[i].status, "row %zu: status %d: %s", i, run.status,
                     run.err);
        EXPECT_SAYS(run.err, rows[i].words);
        run_release(&run);
    }
    if (access("/dev/full", W_OK) == 0) {
        struct run run = run_afterkill_into(
            "/dev/full", (const char *const[]){ "check", path, "--quick", NULL });

        cr_expect_eq(run.status, 4, "status %d", run.status);
        EXPECT_SAYS(run.err, "No space left");
        run_release(&run);
    }
    free(below);
    free(file);
    free(path);
    test_directory_remove(directory);
}

/* Nobody waits for 26 messages that say the same. */
Test(check, without_a_server_nothing_can_be_checked)
{
    char *directory = test_directory();
    struct run run = RUN("check", "--redis-server", "/bin/false", "--format", "json");

    cr_expect_eq(run.status, 4, "status %d: %s", run.status, run.err);
    cr_assert_not_null(run.json);
    cr_expect_eq(summary_of(&run, "not_finished"), 1);
    cr_expect_eq(summary_of(&run, "not_begun"), summary_of(&run, "scenarios") - 1);
    cr_expect_str_eq(text_of(run.json, "verdict"), "error");
    EXPECT_SAYS(run.err, "ended with status 1");
    cr_expect_eq(test_directory_entries(directory), 0, "leftovers in TMPDIR");
    run_release(&run);
    test_directory_remove(directory);
}

/* A server that lies to workers from one death on. */
Test(check, an_unexplained_state_is_worse_than_a_failure)
{
    const char *server = getenv("LYING_SERVER");
    char *directory = test_directory();
    char *path = test_scenario("liar");
    struct run run;

    cr_assert_not_null(server, "LYING_SERVER is not set; run the tests with meson test");
    setenv("LYING_SERVER_FROM", "100", 1);
    run = RUN("check", path, "--redis-server", server, "--lanes", "1", "--trials", "300",
              "--kill-time", "100000");
    cr_expect_eq(run.status, 4, "status %d: %s", run.status, run.out);
    EXPECT_SAYS(run.out, "unexplained");
    EXPECT_SAYS(run.out, "FAIL liar/");
    run_release(&run);
    free(path);
    test_directory_remove(directory);
}

/* An update that is too slow gets fewer kills, and the report says so. */
Test(check, kills_end_when_their_time_is_up)
{
    char *directory = test_directory();
    char *path = test_scenario("leaked");
    struct run run = RUN("check", path, "--trials", "1000000", "--kill-time", "0.2");
    struct run none = RUN("check", path, "--trials", "100", "--kill-time", "0.000000001");

    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    EXPECT_SAYS(run.out, "left out: no time");
    cr_expect_eq(none.status, 0, "status %d: %s", none.status, none.err);
    EXPECT_SAYS(none.out, "none of 0 did harm, 100 left out: no time");
    run_release(&run);
    run_release(&none);
    free(path);
    test_directory_remove(directory);
}

/* However late the signal is sent, not all of its points have been looked at. */
#define LONG                                                                             \
    "return { strategies = { { name = 'all', update = function(redis)\n"                 \
    "  for i = 1, 3000 do redis.call('SET', 'key' .. i, i) end\n"                        \
    "end } } }\n"

Test(check, interrupted_it_reports_and_leaves_nothing)
{
    static const int signals[] = { SIGINT, SIGTERM };
    char *files = test_directory(), *directory = test_directory();
    char *path = test_scenario("leaked"), *other = test_scenario("gap");
    char *interrupted = test_file(files, "long.lua", LONG);

    processes_adopt();
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        struct live_run live =
            START("check", path, interrupted, other, "--trials", "20", "--format", "tap");
        struct run run;

        cr_assert(run_wait_for(&live, "1 of 3: leaked: ok"));
        cr_assert_eq(kill(live.pid, signals[i]), 0);
        run = run_finish(&live);
        cr_expect_eq(run.status, 130, "status %d: %s", run.status, run.err);
        EXPECT_SAYS(run.out, "ok 1 - leaked/");
        EXPECT_SAYS(run.out, "- long\n");
        EXPECT_SAYS(run.out, "- gap\n");
        EXPECT_SAYS(run.out, "not begun");
        EXPECT_SAYS(run.out, "Bail out!");
        expect_stopped_by(run.err, signals[i]);
        cr_expect_eq(test_directory_entries(directory), 0, "leftovers in TMPDIR");
        processes_wait();
        run_release(&run);
    }
    free(path);
    free(other);
    free(interrupted);
    test_directory_remove(files);
    test_directory_remove(directory);
}

/* Nobody knows what it would have come to. */
Test(check, interrupted_it_calls_nothing_a_failure)
{
    char *directory = test_directory();
    char *path = test_scenario("leaked"), *other = test_scenario("gap");
    char *interrupted = test_file(directory, "long.lua", LONG);
    struct live_run live = START("check", path, interrupted, other, "--trials", "20");
    struct run run;

    processes_adopt();
    cr_assert(run_wait_for(&live, "1 of 3: leaked: ok"));
    cr_assert_eq(kill(live.pid, SIGINT), 0);
    run = run_finish(&live);
    cr_expect_eq(run.status, 130, "status %d: %s", run.status, run.err);
    cr_expect(!says(run.out, "FAIL"), "%s", run.out);
    EXPECT_SAYS(run.out, "- long it was not finished: the check was interrupted");
    EXPECT_SAYS(run.out, "- gap it was not begun: the check ended before");
    EXPECT_SAYS(run.out, "INTERRUPTED: 3 scenarios, 2 strategies: 2 as expected, 0 not, "
                         "1 scenario not finished, 1 scenario not begun");
    processes_wait();
    run_release(&run);
    free(path);
    free(other);
    free(interrupted);
    test_directory_remove(directory);
}

Test(check, mistakes_are_explained)
{
    static const struct {
        const char *arguments[5];
        const char *words[3];
    } rows[] = {
        { { "check", "sidekiq_bisy" },
          { "'sidekiq_bisy'", "did you mean 'sidekiq_busy'" } },
        { { "check", "--format", "xml" }, { "--format 'xml'", "text, json" } },
        { { "check", "--output", "" }, { "--output ''", "the name of a file" } },
        { { "run", "sidekiq_busy", "-o", "" }, { "--output ''", "of a directory" } },
        { { "merge", "shard", "-o", "" }, { "--output ''", "of a directory" } },
        { { "check", "--filter", "" }, { "--filter ''", "SCENARIO/STRATEGY" } },
        { { "check", "--filter", "/script" }, { "SCENARIO/STRATEGY" } },
        { { "check", "--trials", "many" }, { "--trials 'many'", "whole number" } },
        { { "check", "--kill-time", "0" }, { "--kill-time '0'" } },
        { { "check", "--timeout", "-1" }, { "--timeout '-1'" } },
        { { "check", "--lanes", "0" }, { "--lanes '0'" } },
        { { "check", "--color", "red" }, { "--color 'red'" } },
        { { "check", "--frobnicate" }, { "--frobnicate" } },
        { { "chekc" }, { "did you mean 'check'" } },
        { { "new" }, { "which name" } },
        { { "new", "one", "two" }, { "more than one name" } },
        { { "new", "" }, { "letters, digits" } },
        { { "new", "a b" }, { "'a b'", "letters, digits" } },
        { { "new", "nowhere/" }, { "letters, digits" } },
        { { "new", ".lua" }, { "'.lua'", "letters, digits" } },
    };
    char *directory = test_directory();

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct run run = run_afterkill(rows[i].arguments);

        expect_mistake(&run, rows[i].words, ARRAY_SIZE(rows[i].words));
        run_release(&run);
    }
    cr_expect_eq(test_directory_entries(directory), 0, "a mistake has started something");
    test_directory_remove(directory);
}

/* The template runs, passes, and is not overwritten. */
Test(check, new_writes_a_scenario_that_passes)
{
    char *directory = test_directory();
    char *name = mem_printf("%s/my-lock_2", directory);
    char *path = mem_printf("%s.lua", name);
    struct run run = RUN("new", name);
    char *before, *after;

    cr_assert_eq(run.status, 0, "status %d: %s", run.status, run.err);
    EXPECT_SILENT(run.err);
    EXPECT_SAYS(run.out, "afterkill run ");
    EXPECT_SAYS(run.out, "afterkill check ");
    EXPECT_SAYS(run.out, path);
    run_release(&run);
    run = RUN("run", path, "--trials", "30", "--lanes", "1");
    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    run_release(&run);
    run = RUN("check", path, "--trials", "30", "--lanes", "1");
    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    EXPECT_SAYS(run.out, "1 scenario, 2 strategies: 2 as expected, 0 not");
    run_release(&run);
    before = contents(path);
    run = RUN("new", name);
    cr_expect_eq(run.status, 2, "status %d", run.status);
    EXPECT_SAYS(run.err, "is there already");
    EXPECT_SILENT(run.out);
    after = contents(path);
    cr_expect_str_eq(after, before);
    run_release(&run);
    free(before);
    free(after);
    free(path);
    free(name);
    test_directory_remove(directory);
}

/* In the working directory, without a path: what it prints can be pasted. */
Test(check, new_in_the_working_directory)
{
    char *directory = test_directory();
    struct run run;

    cr_assert_eq(chdir(directory), 0);
    run = RUN("new", "mine");
    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    EXPECT_SAYS(run.out, "afterkill check ./mine.lua");
    run_release(&run);
    run = RUN("check", "./mine.lua", "--quick");
    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    run_release(&run);
    run = RUN("new", "./mine");
    cr_expect_eq(run.status, 2);
    run_release(&run);
    cr_assert_eq(chdir("/"), 0);
    test_directory_remove(directory);
}
