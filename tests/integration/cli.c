/* cli.c - the command line as a user meets it.
 *
 * A mistake gives exit status 2, a message on standard error that names what was wrong
 * and what was expected, and nothing on standard output, so that nobody mistakes it for a
 * result. */
#include "testlib.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A URL that landed at the wrong place may have a password in it, and a log is kept. */
Test(cli, repeats_no_password_of_a_url)
{
    static const char url[] = "redis://me:hushhush@127.0.0.1:1/0";
    static const char *const lines[][5] = {
        { url },
        { "help", url },
        { "run", url },
        { "run", "sidekiq_busy", "--lanes", url },
        { "run", "sidekiq_busy", "--strategy", url },
        { "run", "sidekiq_busy", "--trials", "0", url },
        { "run", "sidekiq_busy", "--redis-server", url },
        { "run", "sidekiq_busy", "--set", "jobs=redis://me:hushhush@h" },
        { "run", "sidekiq_busy", "--set", url },
        { "check", url },
        { "list", url },
        { "new", url },
        { "report", url },
        { "merge", url, "x" },
        { "compare", url, "x" },
    };
    CLEANUP(mem_freep) char *long_url = NULL;
    char much[160] = "";

    memset(much, '-', sizeof(much) - 1); /* messages cut what is long */
    long_url = mem_printf("redis://me:hushhush%s@127.0.0.1:1/0", much);
    for (size_t i = 0; i < 2 * ARRAY_SIZE(lines); i++) {
        const char *line[5];
        struct run run;

        for (size_t k = 0; k < ARRAY_SIZE(line); k++) {
            line[k] = lines[i / 2][k];
            if (line[k] == url && i % 2)
                line[k] = long_url;
        }
        run = RUN(line[0], line[1], line[2], line[3], line[4]);
        cr_expect_neq(run.status, 0, "%zu", i);
        cr_expect(*run.err, "%zu", i);
        cr_expect_null(strstr(run.err, "hushhush"), "%zu: %s", i, run.err);
        cr_expect_null(strstr(run.out, "hushhush"), "%zu: %s", i, run.out);
        run_release(&run);
    }
}

#define ARGUMENTS 8

Test(cli, help_and_version_go_to_standard_output)
{
    static const struct {
        const char *arguments[ARGUMENTS];
        const char *words[4];
    } rows[] = {
        { { "--help" }, { "Usage: afterkill COMMAND", "run ", "list ", "Exit status" } },
        { { "-h" }, { "Usage: afterkill COMMAND" } },
        { { "help" }, { "Usage: afterkill COMMAND" } },
        { { "run", "--help" },
          { "Usage: afterkill run", "--trials", "--lanes", "--seed" } },
        { { "check", "--help" },
          { "Usage: afterkill check", "--quick", "--filter", "--format" } },
        { { "new", "--help" }, { "Usage: afterkill new", "NAME" } },
        { { "replay", "--help" },
          { "Usage: afterkill replay", "[RUN] [TRIAL]", "STRATEGY:POINT" } },
        { { "try", "--help" },
          { "Usage: afterkill try", "--before", "--reference", "--trials" } },
        { { "list", "--help" }, { "Usage: afterkill list" } },
        { { "--version" },
          { "afterkill 0", "\nsqlite 3", "\nlua 5.4", "\nhiredis_ssl " } },
        { { "-V" }, { "afterkill 0" } },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct run run = run_afterkill(rows[i].arguments);

        cr_expect_eq(run.status, 0, "%s: status %d", rows[i].arguments[0], run.status);
        EXPECT_SILENT(run.err);
        for (size_t w = 0; w < ARRAY_SIZE(rows[i].words) && rows[i].words[w]; w++)
            EXPECT_SAYS(run.out, rows[i].words[w]);
        run_release(&run);
    }
}

Test(cli, mistakes_are_explained)
{
    static const struct {
        const char *arguments[ARGUMENTS];
        const char *words[3];
    } rows[] = {
        { { NULL }, { "Usage: afterkill COMMAND" } },
        { { "rnu" }, { "no command 'rnu'", "did you mean 'run'" } },
        { { "lst" }, { "no command 'lst'", "did you mean 'list'" } },
        { { "frobnicate" },
          { "no command 'frobnicate'", "there are: run, check", "--help" } },
        { { "--frobnicate" }, { "--frobnicate" } },
        { { "run" }, { "which scenario", "afterkill list" } },
        { { "run", "one", "two" }, { "more than one scenario", "'one'", "'two'" } },
        { { "run", "sidekiq_bisy" },
          { "'sidekiq_bisy'", "did you mean 'sidekiq_busy'" } },
        { { "run", "qqqqqqqqqqqqqqqqqq" }, { "'qqqqqqqqqqqqqqqqqq'", "afterkill list" } },
        { { "run", "./nowhere.lua" }, { "./nowhere.lua", "No such file" } },
        { { "run", "/" }, { "directory" } },
        { { "run", "sidekiq_busy", "--strategy", "piplined" },
          { "'piplined'", "did you mean 'pipelined'", "sidekiq_busy" } },
        { { "run", "sidekiq_busy", "--strategy", "script,per-filed" },
          { "'per-filed'", "did you mean 'per-field'" } },
        { { "run", "sidekiq_busy", "--strategy", "qqqqqqqqqqqq" },
          { "'qqqqqqqqqqqq'", "there are: per-field" } },
        { { "run", "sidekiq_busy", "--strategy", "" }, { "no strategy ''" } },
        { { "run", "sidekiq_busy", "--set", "job=3" },
          { "'job'", "did you mean 'jobs'" } },
        { { "run", "sidekiq_busy", "--set", "qqqqqqqq=3" },
          { "no parameter 'qqqqqqqq'", "there are: bytes, fresh, jobs" } },
        { { "run", "sidekiq_busy", "--set", "jobs=many" },
          { "jobs='many'", "a number" } },
        { { "run", "sidekiq_busy", "--set", "jobs" }, { "'jobs'", "name=value" } },
        { { "run", "sidekiq_busy", "--set", "=3" }, { "name=value" } },
        { { "run", "sidekiq_busy", "--lanes", "0" }, { "--lanes '0'", "from 1 to" } },
        { { "run", "sidekiq_busy", "--lanes", "257" }, { "--lanes '257'", "to 256" } },
        { { "run", "sidekiq_busy", "--lanes" }, { "--lanes", "argument" } },
        { { "run", "sidekiq_busy", "--trials", "-1" }, { "--trials '-1'", "from 0 to" } },
        { { "run", "sidekiq_busy", "--trials", "1e3" },
          { "--trials '1e3'", "whole number" } },
        { { "run", "sidekiq_busy", "--trials", "" }, { "--trials ''", "whole number" } },
        { { "run", "sidekiq_busy", "--seed", "99999999999999999999" },
          { "--seed", "whole number" } },
        { { "run", "sidekiq_busy", "--redis-server", "" },
          { "--redis-server ''", "the name of a file" } },
        { { "check", "--redis-server=" }, { "--redis-server ''", "the name of a file" } },
        { { "check", "-o", "" }, { "--output ''", "the name of a file" } },
        { { "try", "INCR k", "--redis-server=" }, { "--redis-server ''" } },
        { { "replay", "--redis-server=" }, { "--redis-server ''" } },
        { { "run", "sidekiq_busy", "--seed", "0x1" },
          { "--seed '0x1'", "whole number" } },
        { { "run", "sidekiq_busy", "--confidence", "2" },
          { "--confidence '2'", "between 0 and 1" } },
        { { "run", "sidekiq_busy", "--confidence", "1" },
          { "--confidence '1'", "between 0 and 1" } },
        { { "run", "sidekiq_busy", "--confidence", "0" },
          { "--confidence '0'", "between 0 and 1" } },
        { { "run", "sidekiq_busy", "--confidence", "nan" }, { "--confidence 'nan'" } },
        { { "run", "sidekiq_busy", "--timeout", "0" }, { "--timeout '0'" } },
        { { "run", "sidekiq_busy", "--timeout", "inf" }, { "--timeout 'inf'" } },
        { { "run", "sidekiq_busy", "--fault", "mercy" },
          { "--fault 'mercy'", "kill", "step" } },
        { { "run", "sidekiq_busy", "--killer", "me" },
          { "--killer 'me'", "timer or parent" } },
        { { "run", "sidekiq_busy", "--format", "xml" },
          { "--format 'xml'", "text, json" } },
        { { "run", "sidekiq_busy", "--color", "red" },
          { "--color 'red'", "auto, always or never" } },
        { { "run", "sidekiq_busy", "--frobnicate" }, { "--frobnicate" } },
        { { "list", "one", "two" }, { "more than one name" } },
        { { "report", "--fleet", "9" }, { "--kills-per-day" } },
        { { "report", "--fleet", "9", "--kills-per-day", "1", "--format", "json" },
          { "text report" } },
        { { "list", "sidekiq_bisy" }, { "did you mean 'sidekiq_busy'" } },
        { { "list", "zz*" }, { "no scenario is called 'zz*'", "there are: bull_" } },
        { { "list", "--frobnicate" }, { "--frobnicate" } },
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

/* Every scenario that is shipped, with its strategies and parameters. */
Test(cli, list_shows_scenarios_and_strategies)
{
    static const char *const words[] = { "sidekiq_busy ", "per-field", "per-write",
                                         "pipelined",     "batched ",  "batched-multi",
                                         "script",        "jobs=25",   "bytes=560",
                                         "atomic",        "leaked" };
    struct run run = RUN("list");

    cr_expect_eq(run.status, 0, "%s", run.err);
    EXPECT_SILENT(run.err);
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        EXPECT_SAYS(run.out, words[i]);
    run_release(&run);
}

Test(cli, list_without_scenarios_says_where_it_looked)
{
    char *directory = test_directory();
    struct run run;

    setenv("AFTERKILL_SCENARIOS", directory, 1);
    run = RUN("list");
    cr_expect_eq(run.status, 2, "status %d", run.status);
    EXPECT_SILENT(run.out);
    EXPECT_SAYS(run.err, directory);
    EXPECT_SAYS(run.err, "AFTERKILL_SCENARIOS");
    run_release(&run);
    test_directory_remove(directory);
}

/* The program finds the scenarios of the source tree that it was built in without being
 * told. */
Test(cli, scenarios_are_found_from_the_build_directory)
{
    const char *scenarios = getenv("AFTERKILL_SCENARIOS");
    size_t root = scenarios ? strlen(scenarios) - strlen("scenarios") : 0;
    char *directory;
    struct run run;

    if (!scenarios || strncmp(getenv("AFTERKILL"), scenarios, root) != 0)
        cr_skip_test("the build directory is not inside the source tree");
    directory = test_directory();
    unsetenv("AFTERKILL_SCENARIOS");
    run = RUN("run", "sidekiq_busy", CENSUS, "--strategy", "script");
    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    run_release(&run);
    test_directory_remove(directory);
}

/* A bare name, with .lua, and a path; a file in the working directory goes first. */
Test(cli, a_scenario_is_a_name_or_a_path)
{
    char *directory = test_directory();
    char *path = test_scenario("gap");
    const char *scenarios = getenv("AFTERKILL_SCENARIOS");
    char *full = mem_printf("%s/sidekiq_busy.lua", scenarios);
    const char *const operands[] = { "sidekiq_busy", "sidekiq_busy.lua", full };
    struct run run;

    for (size_t i = 0; i < ARRAY_SIZE(operands); i++) {
        run = RUN("run", operands[i], CENSUS, "--strategy", "script", "--format", "json");
        cr_expect_eq(run.status, 0, "%s: status %d: %s", operands[i], run.status,
                     run.err);
        cr_expect_str_eq(json_string_value(json_object_get(run.json, "scenario")),
                         "sidekiq_busy");
        run_release(&run);
    }
    run = RUN("run", path, CENSUS, "--format", "json");
    cr_expect_str_eq(json_string_value(json_object_get(run.json, "scenario")), "gap");
    run_release(&run);
    free(full);
    free(path);
    test_directory_remove(directory);
}

Test(cli, options_stand_before_and_after_the_scenario)
{
    static const char *const rows[][ARGUMENTS + 4] = {
        { "run", "sidekiq_busy", "--trials", "0", "--strategy", "script", "--seed", "7",
          "--format", "json", NULL },
        { "run", "--trials", "0", "--strategy", "script", "--seed", "7", "--format",
          "json", "sidekiq_busy", NULL },
        { "run", "--trials=0", "--strategy=script", "sidekiq_busy", "--seed=7",
          "--format=json", NULL },
    };
    char *directory = test_directory();

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct run run = run_afterkill(rows[i]);

        cr_expect_eq(run.status, 0, "row %zu: status %d: %s", i, run.status, run.err);
        cr_assert_not_null(run.json);
        cr_expect_eq(json_integer_value(json_object_get(run.json, "seed")), 7);
        cr_expect_eq(json_array_size(json_object_get(run.json, "strategies")), 1);
        run_release(&run);
    }
    test_directory_remove(directory);
}

/* The order of --strategy is the order of the report; a name that stands twice counts
 * once. */
Test(cli, strategies_are_chosen_in_order)
{
    static const char *const wanted[] = { "script", "batched", "per-field" };
    char *directory = test_directory();
    struct run run = RUN("run", "sidekiq_busy", CENSUS, "--format", "json", "--strategy",
                         "script,batched,script,per-field");

    cr_expect_eq(run.status, 0, "%s", run.err);
    json_expect_strategies(&run, wanted, ARRAY_SIZE(wanted));
    run_release(&run);
    test_directory_remove(directory);
}

Test(cli, set_changes_parameters)
{
    char *directory = test_directory();
    struct run run = RUN("run", "sidekiq_busy", CENSUS, "--format", "json", "--strategy",
                         "per-field", "--set", "jobs=3", "--set", "bytes=700");
    json_t *parameters = json_object_get(run.json, "params");

    cr_expect_eq(run.status, 0, "%s", run.err);
    cr_expect_eq(json_integer_value(json_object_get(parameters, "jobs")), 3);
    cr_expect_eq(json_integer_value(json_object_get(parameters, "bytes")), 700);
    cr_expect_eq(json_integer_value(json_object_get(parameters, "ttl")), 60);
    cr_expect_eq(
        json_integer_value(json_object_get(json_strategy(&run, "per-field"), "commands")),
        5);
    run_release(&run);
    test_directory_remove(directory);
}

/* Colour is for terminals, unless it is asked for; NO_COLOR (no-color.org) does not beat
 * asking. */
Test(cli, colour_only_where_it_is_wanted)
{
    static const struct {
        const char *no_color, *option;
        bool colored;
    } rows[] = {
        { NULL, "auto", false }, { NULL, "always", true }, { NULL, "never", false },
        { "1", "auto", false },  { "1", "always", true },  { "1", "never", false },
    };
    char *directory = test_directory();
    char *path = test_scenario("gap");

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct run run;

        if (rows[i].no_color)
            setenv("NO_COLOR", rows[i].no_color, 1);
        run = RUN("run", path, CENSUS, "--color", rows[i].option);
        cr_expect_eq(run.status, 0);
        cr_expect_eq(strchr(run.out, '\033') != NULL, rows[i].colored, "row %zu", i);
        cr_expect_null(strchr(run.err, '\033'), "row %zu", i);
        run_release(&run);
    }
    free(path);
    test_directory_remove(directory);
}

/* Progress goes to standard error, and a JSON report is nothing but that. */
Test(cli, progress_is_not_part_of_the_result)
{
    char *directory = test_directory();
    char *path = test_scenario("known_rate");
    struct live_run live = START("run", path, ENDLESS, "--format", "json", "--strategy",
                                 "never", "--set", "turns=1");
    char *progress = run_hear(&live, " of ");
    struct run json;

    cr_assert_not_null(progress);
    kill(live.pid, SIGINT);
    json = run_finish(&live);
    cr_expect_eq(json.status, 130, "%s", json.err);
    cr_expect_not_null(json.json, "standard output is not one JSON object:\n%s",
                       json.out);
    EXPECT_SAYS(progress, "known_rate: ");
    cr_expect(!strchr(progress, '\r') && !strchr(json.err, '\r'),
              "a progress line for terminals where there is none");
    free(progress);
    run_release(&json);
    free(path);
    test_directory_remove(directory);
}

/* -o writes what standard output says, in every format; the text with all crash points.
 * What is there is never written over. */
Test(cli, output_directory_gets_both_reports)
{
    char *directory = test_directory();
    char *deep = mem_printf("%s/a/b", directory);
    char *text = mem_printf("%s/report.txt", deep),
         *json = mem_printf("%s/run.json", deep);
    char *path = test_scenario("gap");
    struct run run = RUN("run", path, CENSUS, "--points", "-o", deep);
    struct run again = RUN("run", path, CENSUS, "--points", "-o", deep);
    char *saved = mem_alloc(strlen(run.out) + 2);
    FILE *file = fopen(text, "re");
    json_t *object = json_load_file(json, 0, NULL);

    cr_expect_eq(run.status, 0, "%s", run.err);
    cr_expect_eq(again.status, 2, "%s", again.err);
    EXPECT_SAYS(again.err, "holds a run already");
    EXPECT_SILENT(again.out);
    cr_assert_not_null(file);
    cr_expect_eq(fread(saved, 1, strlen(run.out) + 1, file), strlen(run.out));
    cr_expect_str_eq(saved, run.out);
    cr_assert_not_null(object);
    cr_expect_str_eq(json_string_value(json_object_get(object, "scenario")), "gap");
    cr_expect_eq(test_directory_entries(deep), 4); /* and run.html, run.sqlite */
    fclose(file);
    json_decref(object);
    free(saved);
    run_release(&run);
    run_release(&again);
    free(deep);
    free(text);
    free(json);
    free(path);
    test_directory_remove(directory);
}

/* Whoever reads a list or a help text must be able to trust that it is whole. */
Test(cli, output_that_is_lost_is_an_error)
{
    static const char *const rows[][3] = {
        { "list", NULL },      { "--help", NULL },        { "--version", NULL },
        { "run", "-h", NULL }, { "help", "words", NULL }, { "list", "--usage", NULL },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct run run = run_afterkill_into("/dev/full", rows[i]);

        cr_expect_eq(run.status, 4, "%s: status %d", rows[i][0], run.status);
        EXPECT_SAYS(run.err, "No space left");
        run_release(&run);
    }
}

/* --fault step takes the census and kills nobody; kill implies the census. */
Test(cli, faults_are_chosen)
{
    static const struct {
        const char *fault;
        long long requested;
    } rows[] = {
        { "step", 0 }, { "kill", 20 }, { "kill,step", 20 }, { "step,kill", 20 }
    };
    char *directory = test_directory();
    char *path = test_scenario("leaked");

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct run run = RUN("run", path, "--fault", rows[i].fault, "--trials", "20",
                             "--format", "json");
        json_t *strategy = json_strategy(&run, "set-then-expire");

        cr_expect_eq(run.status, 0, "%s: %s", rows[i].fault, run.err);
        cr_expect_eq(json_count(strategy, "kills", "requested"), rows[i].requested);
        cr_expect_eq(json_count(strategy, "census", "points"), 3);
        cr_expect_eq(json_count(strategy, "census", "leaked"), 1);
        run_release(&run);
    }
    free(path);
    test_directory_remove(directory);
}

/* Opening a pipe that nobody writes to would wait for ever. */
Test(cli, a_pipe_is_no_scenario)
{
    char *directory = test_directory();
    char *path = mem_printf("%s/pipe.lua", directory);
    struct run run;

    cr_assert_eq(mkfifo(path, 0600), 0);
    run = RUN("run", path);
    cr_expect_eq(run.status, 2, "%s", run.err);
    EXPECT_SAYS(run.err, "is a pipe");
    run_release(&run);
    free(path);
    test_directory_remove(directory);
}

Test(cli, an_update_without_commands_is_called_so)
{
    char *directory = test_directory();
    char *path = test_file(
        directory, "nothing.lua",
        "return { strategies = { { name = 'u', noop = true, update = function() "
        "end } } }");
    struct run run = RUN("run", path, "--trials", "20");

    cr_expect_eq(run.status, 0, "%s", run.err);
    EXPECT_SAYS(run.out, "The update sends no command");
    run_release(&run);
    free(path);
    test_directory_remove(directory);
}
