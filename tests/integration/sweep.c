/* sweep.c - one parameter's values side by side.
 *
 * Each value's run must be what a plain run with --set is, and the report must say at
 * which value something was found. Mistakes are found before anything runs, and what ends
 * a sweep early does not lose what was done. */
#include "testlib.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define RUNS(run) json_object_get((run).json, "sweep")

/* The text of a file; freed by the caller. */
static char *contents(const char *directory, const char *name)
{
    char *path = mem_printf("%s/%s", directory, name);
    FILE *file = fopen(path, "re");
    char *text = mem_alloc(65536);

    cr_assert_not_null(file, "%s is not there", path);
    text[fread(text, 1, 65535, file)] = '\0';
    fclose(file);
    free(path);
    return text;
}

static json_t *parameter_of(const json_t *run, const char *name)
{
    return json_object_get(json_object_get(run, "params"), name);
}

static void drop(json_t *object, const char *const *keys, size_t count)
{
    for (size_t i = 0; i < count; i++)
        json_object_del(object, keys[i]);
}

/* Drops what differs between two runs of the same: times, and what follows from them. */
static void drop_times(json_t *run)
{
    static const char *const of_runs[] = { "now", "kills_per_second", "points_per_second",
                                           "trial_ns", "machine" };
    static const char *const of_strategies[] = {
        "update_us",   "updates_per_second",  "window_us",          "harm_window_us",
        "duration_us", "predicted_leak_rate", "predicted_harm_rate"
    };
    json_t *strategy;
    size_t i;

    drop(run, of_runs, ARRAY_SIZE(of_runs));
    json_array_foreach (json_object_get(run, "strategies"), i, strategy)
        drop(strategy, of_strategies, ARRAY_SIZE(of_strategies));
}

/* The runs are what --set gives, in the order of the command line. */
/* Whoever names a sweep where a run is wanted is told how its runs are called. */
Test(sweep, is_no_run)
{
    char *directory = test_directory();
    char *path = test_scenario("swept");
    CLEANUP(mem_freep) char *kept = mem_printf("%s/kept", directory);
    CLEANUP(mem_freep) char *value =
        mem_printf("name one of them, like '%s/keys=1'", kept);
    struct run run = RUN("run", path, CENSUS, "-o", kept, "--sweep", "keys=2,1");

    cr_expect_eq(run.status, 0, "%s", run.err);
    run_release(&run);
    run = RUN("report", kept);
    cr_expect_eq(run.status, 2, "%s", run.out);
    EXPECT_SAYS(run.err, value);
    run_release(&run);
    free(path);
    test_directory_remove(directory);
}

Test(sweep, each_value_is_a_plain_run)
{
    static const char *const sets[] = { "keys=3", "keys=1", "keys=2" };
    char *directory = test_directory();
    char *path = test_scenario("swept");
    struct run swept = RUN("run", path, CENSUS, "--format", "json", "--seed", "7",
                           "--set", "how=leaks", "--sweep", "keys=3,1,2");

    cr_assert_eq(swept.status, 0, "status %d: %s", swept.status, swept.err);
    cr_assert_not_null(swept.json);
    cr_expect_eq(json_integer_value(json_object_get(swept.json, "schema")), 1);
    cr_expect_eq(json_integer_value(json_object_get(swept.json, "seed")), 7);
    cr_expect_eq(json_integer_value(json_object_get(swept.json, "sweep_wanted")), 3);
    cr_expect_str_eq(json_string_value(json_object_get(swept.json, "scenario")), "swept");
    cr_expect_str_eq(json_string_value(json_object_get(swept.json, "verdict")), "pass");
    cr_expect_str_eq(json_string_value(json_object_get(swept.json, "sweep_parameter")),
                     "keys");
    cr_expect_not_null(json_object_get(swept.json, "afterkill"));
    cr_assert_eq(json_array_size(RUNS(swept)), ARRAY_SIZE(sets));
    for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
        struct run plain = RUN("run", path, CENSUS, "--format", "json", "--seed", "7",
                               "--set", "how=leaks", "--set", sets[i]);
        json_t *run = json_array_get(RUNS(swept), i);

        cr_expect_eq(json_integer_value(parameter_of(run, "keys")), atoi(sets[i] + 5));
        drop_times(run);
        drop_times(plain.json);
        cr_expect(json_equal(run, plain.json), "%s differs from a plain run", sets[i]);
        run_release(&plain);
    }
    run_release(&swept);
    free(path);
    test_directory_remove(directory);
}

/* The table has a row per strategy and value; the sentence and the failure name the
 * values. */
Test(sweep, text_says_at_which_value)
{
    char *directory = test_directory();
    char *path = test_scenario("swept");
    struct run run = RUN("run", path, CENSUS, "--sweep", "how=leak,safe,leaks");
    struct run numbers =
        RUN("run", path, "--trials", "50", "--lanes", "1", "--sweep", "keys=20,3");

    cr_expect_eq(run.status, 1, "status %d: %s", run.status, run.err);
    EXPECT_SAYS(run.out, "swept what is found depends on the parameters");
    EXPECT_SAYS(run.out, "from=1 keys=1 strict=false swept: how=leak,safe,leaks");
    EXPECT_SAYS(run.out, "set-then-expire leak");
    EXPECT_SAYS(run.out, "safe");
    EXPECT_SAYS(run.out, "set-then-expire: 1 of 3 crash points at how=leak");
    EXPECT_SAYS(run.out, "0 of 2 crash points at how=safe");
    EXPECT_SAYS(run.out, "all-at-once: none at any of 3 values");
    EXPECT_SAYS(run.out, "FAIL: set-then-expire was expected to be leaked, and is not, "
                         "at how=safe (no harm).");
    cr_expect_null(strstr(run.out, "PASS"));
    cr_expect_eq(numbers.status, 0);
    EXPECT_SAYS(numbers.out, "harm per SIGKILL");
    EXPECT_SAYS(numbers.out, "1 of 22");
    EXPECT_SAYS(numbers.out, "all-at-once: none at any of 2 values (below");
    EXPECT_SAYS(numbers.out, "PASS: 2 of 2 strategies do what is expected of them at "
                             "each of 2 values.");
    EXPECT_SAYS(numbers.err, "swept keys=20 (1 of 2)");
    EXPECT_SAYS(numbers.err, "swept keys=3 (2 of 2)");
    run_release(&run);
    run_release(&numbers);
    free(path);
    test_directory_remove(directory);
}

/* A break between two values is found whatever their order on the command line. */
Test(sweep, sentence_finds_the_break)
{
    char *directory = test_directory();
    char *path = test_scenario("swept");
    struct run run =
        RUN("run", path, CENSUS, "--set", "from=3", "--sweep", "keys=12,1,3,2");

    cr_expect_eq(run.status, 1);
    EXPECT_SAYS(run.out, "set-then-expire: none up to keys=2");
    EXPECT_SAYS(run.out, "1 of 5 crash points from keys=3");
    EXPECT_SAYS(run.out, "and is not, at keys=1, keys=2 (no harm).");
    run_release(&run);
    run = RUN("run", path, CENSUS, "--sweep", "keys=12,1");
    EXPECT_SAYS(run.out, "set-then-expire: at every value, from 1 of 3 crash points at "
                         "keys=1");
    EXPECT_SAYS(run.out, "to 1 of 14 crash points at keys=12");
    run_release(&run);
    free(path);
    test_directory_remove(directory);
}

/* -o gets the sweep's reports. */
Test(sweep, output_directory_gets_both_reports)
{
    static const char *const values[] = { "strict=true", "strict=false" };
    char *directory = test_directory();
    char *out = mem_printf("%s/out", directory);
    char *path = test_scenario("swept"), *report, *json;
    struct run run = RUN("run", path, CENSUS, "--sweep", "strict=true,false", "-o", out);
    json_t *object;

    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    report = contents(out, "report.txt");
    json = contents(out, "run.json");
    object = json_loads(json, 0, NULL);
    cr_expect_str_eq(report, run.out);
    cr_assert_not_null(object);
    cr_expect_eq(json_array_size(json_object_get(object, "sweep")), 2);
    cr_expect_eq(test_directory_entries(out),
                 5); /* and run.html, a directory per value */
    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        char *value = mem_printf("%s/%s", out, values[i]);

        cr_expect_eq(test_directory_entries(value), 4, "%s", value);
        free(value);
    }
    json_decref(object);
    free(report);
    free(json);
    free(out);
    free(path);
    run_release(&run);
    test_directory_remove(directory);
}

/* All of these are found before anything runs. */
Test(sweep, mistakes_are_explained)
{
    static const struct {
        const char *arguments[5];
        const char *words[3];
    } rows[] = {
        { { "--sweep", "keys" }, { "--sweep 'keys'", "NAME=V1,V2" } },
        { { "--sweep", "=1,2" }, { "--sweep '=1,2'", "NAME=V1,V2" } },
        { { "--sweep", "" }, { "--sweep ''", "NAME=V1,V2" } },
        { { "--sweep", "keys=" }, { "value 1 is empty" } },
        { { "--sweep", "keys=1,,2" }, { "'keys=1,,2'", "value 2 is empty" } },
        { { "--sweep" }, { "--sweep", "argument" } },
        { { "--sweep", "kyes=1,2" },
          { "--sweep", "no parameter 'kyes'", "did you mean 'keys'" } },
        { { "--sweep", "keys=1,2,many" }, { "--sweep keys='many'", "a number" } },
        { { "--sweep", "strict=true,perhaps" },
          { "--sweep strict='perhaps'", "true or false" } },
        { { "--sweep", "keys=1,2,1" }, { "keys", "'1' and '1' are the same value" } },
        { { "--sweep", "keys=100,2,1e2" }, { "'100' and '1e2' are the same value" } },
        { { "--sweep", "how=a,b,a" }, { "'a' and 'a' are the same value" } },
        { { "--set", "keys=1", "--sweep", "keys=2,3" },
          { "'keys'", "--set", "--sweep" } },
        { { "--sweep", "keys=2,3", "--set", "keys=1" },
          { "'keys'", "--set", "--sweep" } },
        { { "--sweep", "keys=1,2", "--sweep", "how=a,b" }, { "twice", "keys", "how" } },
    };
    char *directory = test_directory();
    char *path = test_scenario("swept");

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *arguments[8] = { "run", path };
        struct run run;

        memcpy(arguments + 2, rows[i].arguments, sizeof(rows[i].arguments));
        run = run_afterkill(arguments);
        expect_mistake(&run, rows[i].words, ARRAY_SIZE(rows[i].words));
        cr_expect_null(strstr(run.err, "(1 of "), "row %zu has run something", i);
        run_release(&run);
    }
    cr_expect_eq(test_directory_entries(directory), 0, "a mistake has started something");
    free(path);
    test_directory_remove(directory);
}

/* What shows only when a value runs ends the sweep. At the first value there is nothing
 * to report, as in a plain run; later there is. */
Test(sweep, mistake_of_a_value_keeps_what_was_done)
{
    char *directory = test_directory();
    char *path = test_scenario("swept");
    struct run run = RUN("run", path, CENSUS, "--sweep", "how=refuse,leak");

    cr_expect_eq(run.status, 2);
    EXPECT_SILENT(run.out);
    EXPECT_SAYS(run.err, "how=refuse (1 of 2)");
    cr_expect_null(strstr(run.err, "(2 of 2)"));
    run_release(&run);
    run = RUN("run", path, CENSUS, "--sweep", "how=leak,refuse,leaks");
    cr_expect_eq(run.status, 2);
    EXPECT_SAYS(run.err, "how=refuse (2 of 3): ");
    EXPECT_SAYS(run.err, "not clean without any crash");
    EXPECT_SAYS(run.out, "set-then-expire leak");
    EXPECT_SAYS(run.out, "INCOMPLETE at how=refuse (2 of 3)");
    cr_expect_null(strstr(run.out, "PASS"));
    run_release(&run);
    cr_expect_eq(test_directory_entries(directory), 0);
    free(path);
    test_directory_remove(directory);
}

/* A signal ends the sweep wherever it comes: here between two runs, or while the second
 * begins, which would take minutes. The first one's result must be in the report. */
Test(sweep, interrupt_keeps_what_was_done)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
    char *directory = test_directory();
    char *path = test_scenario("swept");

    processes_adopt();
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        struct live_run live = START("run", path, "--trials", "20", "--format", "json",
                                     "--sweep", "keys=1,3000,2");
        struct run run;
        json_t *first;

        cr_assert(run_wait_for(&live, "keys=3000 (2 of 3)"));
        cr_assert_eq(kill(live.pid, signals[i]), 0);
        run = run_finish(&live);
        cr_expect_eq(run.status, 130, "status %d: %s", run.status, run.err);
        cr_assert_not_null(run.json, "no report: %s", run.err);
        expect_stopped_by(run.err, signals[i]);
        cr_expect_null(strstr(run.err, "(3 of 3)"));
        cr_expect_str_eq(json_string_value(json_object_get(run.json, "verdict")),
                         "interrupted");
        cr_assert_eq(json_array_size(RUNS(run)), 2);
        first = json_array_get(RUNS(run), 0);
        cr_expect(json_is_true(json_object_get(first, "complete")));
        cr_expect_eq(json_integer_value(parameter_of(first, "keys")), 1);
        cr_expect(
            json_is_false(json_object_get(json_array_get(RUNS(run), 1), "complete")));
        processes_wait();
        cr_expect_eq(test_directory_entries(directory), 0, "leftovers in TMPDIR");
        run_release(&run);
    }
    free(path);
    test_directory_remove(directory);
}
