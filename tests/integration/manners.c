/* manners.c - what the command line does for whoever says little, or says it with strange
 * characters. */
#include "testlib.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "scenario/scenario.h"

/* A mistake that only the control shows: the reference is not repeatable. */
static char *mistaken(const char *directory)
{
    return test_file(directory, "mistaken.lua",
                     "return { strategies = { { name = 'u', update = function(redis) "
                     "redis.call('NOSUCHCOMMAND') end } } }");
}

static char *results_of(const char *directory)
{
    return mem_printf("%s.results", directory);
}

/* Commands that look at a run take the newest, if none is named. */
Test(manners, the_newest_run_is_meant)
{
    static const struct {
        const char *arguments[4];
        const char *says;
    } rows[] = {
        { { "report" }, "set-then-expire" },
        { { "compare" }, "set-then-expire" },
        { { "replay" }, "set-then-expire" },
        { { "replay", "set-then-expire:0" }, "set-then-expire" },
    };
    char *directory = test_directory();
    char *path = test_scenario("leaked");
    char *file = mem_printf("%s/baseline.json", directory);
    struct run run;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        run = run_afterkill(rows[i].arguments);
        cr_expect_eq(run.status, 2, "%s: %d", rows[i].arguments[0], run.status);
        EXPECT_SAYS(run.err, "There is no");
        EXPECT_SAYS(run.err, "/latest");
        run_release(&run);
    }
    run = RUN("run", path, CENSUS);
    cr_expect_eq(run.status, 0, "%s", run.err);
    run_release(&run);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        run = run_afterkill(rows[i].arguments);
        cr_expect_eq(run.status, 0, "%s: %d: %s", rows[i].arguments[0], run.status,
                     run.err);
        EXPECT_SAYS(run.out, rows[i].says);
        run_release(&run);
    }
    run = RUN("baseline", "save", file);
    cr_expect_eq(run.status, 0, "%s", run.err);
    cr_expect_eq(access(file, F_OK), 0);
    run_release(&run);
    run = RUN("baseline", "save");
    cr_expect_eq(run.status, 2);
    EXPECT_SAYS(run.err, "save [RUN] FILE");
    run_release(&run);
    free(file);
    free(path);
    test_directory_remove(directory);
}

/* What a report offers to replay is what replay takes by itself. */
Test(manners, the_first_harm_is_replayed)
{
    char *directory = test_directory();
    char *path = test_scenario("leaked"), *harmless = test_scenario("gap");
    char *results = results_of(directory), *latest = mem_printf("%s/latest", results);
    struct run run = RUN("run", path, CENSUS), named, unnamed, alone;

    cr_expect_eq(run.status, 0, "%s", run.err);
    named = RUN("replay", latest, "set-then-expire:1");
    unnamed = RUN("replay", latest);
    alone = RUN("replay");
    cr_expect_eq(unnamed.status, 0, "%s", unnamed.err);
    EXPECT_SAYS(named.out, "leaked");
    cr_expect_eq(says(unnamed.out, "leaked"), true, "%s", unnamed.out);
    cr_expect_eq(says(alone.out, "leaked"), true, "%s", alone.out);
    run_release(&run);
    run_release(&named);
    run_release(&unnamed);
    run_release(&alone);
    run = RUN("run", harmless, CENSUS);
    alone = RUN("replay");
    cr_expect_eq(alone.status, 2, "%s", alone.out);
    EXPECT_SAYS(alone.err, "no crash point of the run");
    EXPECT_SAYS(alone.err, "STRATEGY:POINT");
    run_release(&run);
    run_release(&alone);
    free(latest);
    free(results);
    free(path);
    free(harmless);
    test_directory_remove(directory);
}

/* A run that never began leaves nothing, and the newest stays the newest. */
Test(manners, failed_starts_leave_nothing)
{
    char *directory = test_directory();
    char *path = test_scenario("gap"), *wrong = mistaken(directory);
    char *results = results_of(directory), *latest = mem_printf("%s/latest", results);
    char *kept = mem_printf("%s/kept", directory);
    struct run first, run;

    run = RUN("run", wrong);
    cr_expect_eq(run.status, 2, "%s", run.err);
    cr_expect_lt(access(results, F_OK), 0, "something was kept");
    run_release(&run);
    first = RUN("run", path, CENSUS);
    cr_expect_eq(first.status, 0, "%s", first.err);
    for (int i = 0; i < 4; i++) {
        run = i == 0   ? RUN("run", wrong)
              : i == 1 ? RUN("run", path, "--redis-server", "/nowhere/redis-server")
              : i == 2 ? RUN("run", wrong, "-o", kept)
                       : RUN("run", path, "--redis-server", "/bin/false", "-o", kept);
        cr_expect_eq(run.status, i % 2 ? 4 : 2, "%d: %d: %s", i, run.status, run.err);
        EXPECT_SILENT(run.out);
        cr_expect_eq(test_directory_entries(results), 2, "the run, and the link");
        cr_expect_lt(access(kept, F_OK), 0, "something was kept");
        run_release(&run);
    }
    run = RUN("report", latest);
    cr_expect_eq(run.status, 0, "%s", run.err);
    EXPECT_SAYS(run.out, "a value that is missing for a moment");
    run_release(&run);
    run = RUN("report", latest, "--fleet", "9", "--kills-per-day", "1");
    cr_expect_eq(run.status, 2, "%s", run.out);
    EXPECT_SAYS(run.err, "no parameter 'period'");
    run_release(&run);
    run = RUN("run", path, CENSUS, "-o", kept);
    cr_expect_eq(run.status, 0, "%s", run.err);
    run_release(&run);
    run_release(&first);
    free(kept);
    free(latest);
    free(results);
    free(path);
    free(wrong);
    test_directory_remove(directory);
}

/* Help is given wherever it is asked for, and in the same words. */
Test(manners, help_in_every_way)
{
    static const char *const commands[] = { "run",     "check",    "report", "replay",
                                            "compare", "baseline", "merge",  "new",
                                            "list",    "help" };
    char *usage;

    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        struct run asked = RUN("help", commands[i]), letter = RUN(commands[i], "-h"),
                   word = RUN(commands[i], "--help"), brief = RUN(commands[i], "--usage");

        usage = mem_printf("Usage: afterkill %s", commands[i]);
        cr_expect_eq(asked.status, 0, "%s: %s", commands[i], asked.err);
        EXPECT_SAYS(asked.out, usage);
        cr_expect_eq(letter.status, 0, "%s: %s", commands[i], letter.err);
        cr_expect_str_eq(letter.out, asked.out);
        cr_expect_eq(word.status, 0, "%s: %s", commands[i], word.err);
        cr_expect_str_eq(word.out, asked.out);
        EXPECT_SAYS(word.out, "-h, --help");
        cr_expect_eq(brief.status, 0, "%s: %s", commands[i], brief.err);
        EXPECT_SAYS(brief.out, usage);
        run_release(&asked);
        run_release(&letter);
        run_release(&word);
        run_release(&brief);
        free(usage);
    }
}

Test(manners, help_in_groups_and_of_words)
{
    static const char *const headings[] = {
        "Run:",      "Look at a run:", "Compare runs:", "Scenarios:",
        "Examples:", "replay",         "help words"
    };
    static const char *const words[] = { "census", "control", "crash point", "gap",
                                         "harm",   "lane",    "passing",     "residue",
                                         "torn",   "trial",   "leaked",      "duplicated",
                                         "lost",   "mixed",   "stuck",       "broken" };
    struct run run = RUN("help");
    size_t lines = 0;

    cr_expect_eq(run.status, 0, "%s", run.err);
    for (size_t i = 0; i < ARRAY_SIZE(headings); i++)
        EXPECT_SAYS(run.out, headings[i]);
    run_release(&run);
    run = RUN("help", "words");
    cr_expect_eq(run.status, 0, "%s", run.err);
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        EXPECT_SAYS(run.out, words[i]);
    for (char *line = run.out; *line; line += strcspn(line, "\n") + 1, lines++)
        cr_expect_leq(strcspn(line, "\n"), 90, "%s", line);
    cr_expect_eq(lines, ARRAY_SIZE(words) + 2, "and a heading");
    run_release(&run);
    run = RUN("help", "wrods");
    cr_expect_eq(run.status, 2);
    EXPECT_SAYS(run.err, "no command 'wrods'");
    run_release(&run);
}

/* --strategy adds up, and takes patterns; -q says nothing while a run goes on; -j is
 * --lanes, and more of them than CPUs are worth a warning. */
Test(manners, options_in_short)
{
    static const char *const wanted[] = { "script", "batched", "batched-multi" };
    char *directory = test_directory();
    char *path = test_scenario("known_rate");
    char *many = mem_printf("%ld", sysconf(_SC_NPROCESSORS_ONLN) + 1);
    struct run run = RUN("run", "sidekiq_busy", CENSUS, "--format", "json", "--strategy",
                         "script", "--strategy", "batched*");

    cr_expect_eq(run.status, 0, "%s", run.err);
    json_expect_strategies(&run, wanted, ARRAY_SIZE(wanted));
    run_release(&run);
    run = RUN("run", path, "-q", "-j", "1", "--trials", "20", "--sweep", "turns=10",
              "--strategy", "never");
    EXPECT_SILENT(run.err);
    run_release(&run);
    run = RUN("check", path, "-q", "-j", many, "--quick");
    EXPECT_SAYS(run.err, "but this process may use");
    cr_expect_null(strstr(run.err, " of "), "%s", run.err);
    run_release(&run);
    free(many);
    free(path);
    test_directory_remove(directory);
}

/* What is printed as a percentage or a duration is taken as one. */
Test(manners_alone, numbers_as_they_are_printed)
{
    char *directory = test_directory();
    char *path = test_scenario("leaked");
    struct run run =
        RUN("run", path, "--trials", "300", "--confidence", "99%", "--timeout", "10s",
            "--max-harm-rate", "50%", "--strategy", "set-ex", "--format", "json");
    json_t *rate = json_object_get(json_strategy(&run, "set-ex"), "harm_rate");

    cr_expect_eq(run.status, 0, "%d: %s", run.status, run.err);
    cr_expect_float_eq(json_number_value(json_object_get(rate, "confidence")), 0.99,
                       1e-12);
    run_release(&run);
    run = RUN("check", path, "--kill-time", "100ms", "--timeout", "10s");
    cr_expect_eq(run.status, 0, "%d: %s", run.status, run.err);
    run_release(&run);
    run = RUN("compare", "--confidence", "90%");
    cr_expect_eq(run.status, 0, "%d: %s", run.status, run.err);
    run_release(&run);
    free(path);
    test_directory_remove(directory);
}

static size_t lines_that_begin(const char *text, const char *prefix)
{
    size_t count = 0;

    for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
        count += strncmp(text, prefix, strlen(prefix)) == 0;
    return count;
}

Test(manners, lists)
{
    struct run all = RUN("list"), some = RUN("list", "sidekiq_*"),
               one = RUN("list", "sidekiq_busy"),
               json = RUN("list", "--format", "json", "sidekiq_*");
    json_t *scenario = json_array_get(json.json, 0), *strategy;

    cr_expect_eq(lines_that_begin(some.out, "sidekiq_"), 2, "%s", some.out);
    cr_expect(strstr(all.out, some.out), "a list of some is a part of that of all");
    EXPECT_SAYS(one.out, "Source: https://github.com/sidekiq/sidekiq/issues/6227");
    EXPECT_SAYS(one.out, "scenarios/sidekiq_busy.lua");
    EXPECT_SAYS(one.out, "jobs=25");
    EXPECT_SAYS(one.out, "Expected: atomic a reader never sees");
    EXPECT_SAYS(one.out, "Expected: leaked some deaths leave what");
    EXPECT_SAYS(one.out, "(the reference");
    cr_assert_eq(json_array_size(json.json), 2, "%s", json.out);
    cr_expect_str_eq(json_string_value(json_object_get(scenario, "name")),
                     "sidekiq_busy");
    cr_expect_str_eq(json_string_value(json_object_get(scenario, "source")),
                     "https://github.com/sidekiq/sidekiq/issues/6227");
    cr_expect_not_null(json_object_get(scenario, "title"));
    cr_expect_eq(access(json_string_value(json_object_get(scenario, "path")), R_OK), 0);
    cr_expect_eq(json_integer_value(
                     json_object_get(json_object_get(scenario, "parameters"), "jobs")),
                 25);
    strategy = json_array_get(json_object_get(scenario, "strategies"), 0);
    cr_expect_str_eq(json_string_value(json_object_get(strategy, "name")), "per-field");
    cr_expect_not_null(json_object_get(strategy, "about"));
    cr_expect_str_eq(
        json_string_value(json_array_get(json_object_get(strategy, "expect"), 0)),
        "leaked");
    run_release(&all);
    run_release(&some);
    run_release(&one);
    run_release(&json);
}

/* One scenario with a mistake does not hide the others. */
Test(manners, a_mistake_does_not_end_the_list)
{
    char *directory = test_directory();
    char *wrong = test_file(directory, "a.lua", "return 1");
    char *right = test_file(directory, "b.lua",
                            "return { strategies = { { name = 'fine', update = "
                            "function() end } } }");
    struct run run;

    setenv("AFTERKILL_SCENARIOS", directory, 1);
    run = RUN("list");
    cr_expect_eq(run.status, 2, "%d", run.status);
    EXPECT_SAYS(run.err, "a.lua:1:");
    EXPECT_SAYS(run.out, "fine");
    run_release(&run);
    free(wrong);
    free(right);
    test_directory_remove(directory);
}

/* A report goes to a pipe whose reader is gone. */
static struct run run_into_the_void(const char *const *arguments)
{
    struct live_run live = run_start(arguments);

    close(live.out_fd);
    live.out_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return run_finish(&live);
}

/* `| head -1` has what it wants: the program ends without a word, and what it was to keep
 * is kept. A full disk is another matter. */
Test(manners, nobody_reads_any_more)
{
    char *directory = test_directory();
    char *path = test_scenario("gap");
    char *kept = mem_printf("%s/kept", directory), *file = mem_printf("%s/f", directory);
    const char *const rows[][10] = {
        { "run", path, CENSUS, "-q", "-o", kept, NULL },
        { "check", path, "--quick", "-q", "--format", "tap", NULL },
        { "check", path, "--quick", "-q", "-o", file, NULL },
        { "report", kept, NULL },
        { "replay", kept, "overwrite:0", NULL },
        { "list", NULL },
        { "help", NULL },
        { "run", "--help", NULL },
    };
    char *saved = mem_printf("%s/run.json", kept);
    struct run run;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        run = run_into_the_void(rows[i]);
        cr_expect_eq(run.status, 141, "%s: %d", rows[i][0], run.status);
        EXPECT_SILENT(run.err);
        run_release(&run);
    }
    cr_expect_eq(access(saved, F_OK), 0, "%s is not there", saved);
    cr_expect_eq(access(file, F_OK), 0, "%s is not there", file);
    run = run_afterkill_into("/dev/full",
                             (const char *const[]){ "run", path, CENSUS, NULL });
    cr_expect_eq(run.status, 4, "%d", run.status);
    EXPECT_SAYS(run.err, "standard output: No space left");
    run_release(&run);
    free(saved);
    free(kept);
    free(file);
    free(path);
    test_directory_remove(directory);
}

/* A run of a second says nothing before its report, where nobody watches. */
Test(manners_alone, short_runs_show_no_progress)
{
    char *directory = test_directory();
    char *path = test_scenario("gap");

    /* On a machine that is busy it may take longer, and then it may say so. */
    for (int i = 0; i < 3; i++) {
        uint64_t begin_ns = clock_now_ns();
        struct run run = RUN("run", path, "--trials", "100");
        bool short_one = clock_now_ns() - begin_ns < NSEC_PER_SEC;

        cr_expect_eq(run.status, 0, "%s", run.err);
        if (short_one)
            EXPECT_SILENT(run.err);
        run_release(&run);
    }
    free(path);
    test_directory_remove(directory);
}

/* The text of a file, up to some size; freed by the caller. */
static char *contents(const char *path)
{
    size_t length;
    char *bytes = file_read(path, &length);

    cr_assert_not_null(bytes, "%s cannot be read", path);
    return bytes;
}

/* Does the template have the key, as one would write it? */
static bool has_key(const char *template, const char *key)
{
    size_t length = strlen(key);

    for (const char *p = template; (p = strstr(p, key)); p += length)
        if (p > template && p[-1] == ' ' && strncmp(p + length, " = ", 3) == 0)
            return true;
    return false;
}

/* new makes what is missing on the way, takes the name with and without .lua, and what it
 * writes shows every key that there is. */
Test(manners, new_shows_every_key)
{
    char *directory = test_directory();
    char *name = mem_printf("%s/crash/tests/lock.lua", directory);
    struct run run = RUN("new", name);
    char *template;

    cr_assert_eq(run.status, 0, "%d: %s", run.status, run.err);
    run_release(&run);
    run = RUN("run", name, CENSUS);
    cr_expect_eq(run.status, 0, "%d: %s", run.status, run.err);
    run_release(&run);
    template = contents(name);
    for (size_t i = 0; scenario_key(i); i++)
        cr_expect(has_key(template, scenario_key(i)), "no '%s'", scenario_key(i));
    cr_expect_not(has_key(template, "updat"));
    free(template);
    free(name);
    test_directory_remove(directory);
}

/* Runs the program with the file as standard input, through a pipe. */
static struct run run_from_pipe(const char *path, const char *const *arguments)
{
    char *text = contents(path);
    int saved = dup(STDIN_FILENO), fds[2];
    struct run run;

    cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
    cr_assert_lt(strlen(text), 4096, "more than a pipe surely takes");
    cr_assert_eq(write(fds[1], text, strlen(text)), (ssize_t)strlen(text));
    close(fds[1]);
    dup2(fds[0], STDIN_FILENO);
    close(fds[0]);
    run = run_afterkill(arguments);
    dup2(saved, STDIN_FILENO);
    close(saved);
    free(text);
    return run;
}

/* "-" is standard input; the run has all it needs to be gone on with and replayed. */
Test(manners, a_scenario_from_standard_input)
{
    char *directory = test_directory();
    char *path = test_scenario("leaked");
    char *kept = mem_printf("%s/kept", directory);
    char *wrong = test_file(directory, "wrong.lua", "return {\n strat = 1 }");
    const char *const first[] = { "run", "-", CENSUS, "-o", kept, NULL },
                      *const again[] = { "run", "--resume", kept, "-", NULL },
                      *const checked[] = { "check", "-", "--quick", NULL },
                      *const refused[] = { "run", "-", NULL };
    struct run run = run_from_pipe(path, first);

    cr_expect_eq(run.status, 0, "%d: %s", run.status, run.err);
    EXPECT_SAYS(run.out, "stdin a key that never expires");
    run_release(&run);
    run = RUN("run", "--resume", kept);
    cr_expect_eq(run.status, 2, "%d: %s", run.status, run.err);
    EXPECT_SAYS(run.err, "came from standard input");
    run_release(&run);
    run = run_from_pipe(path, again);
    cr_expect_eq(run.status, 0, "%d: %s", run.status, run.err);
    run_release(&run);
    run = RUN("replay", kept);
    cr_expect_eq(run.status, 0, "%d: %s", run.status, run.err);
    run_release(&run);
    run = run_from_pipe(path, checked);
    cr_expect_eq(run.status, 0, "%d: %s", run.status, run.err);
    EXPECT_SAYS(run.out, "ok stdin");
    run_release(&run);
    run = run_from_pipe(wrong, refused);
    cr_expect_eq(run.status, 2, "%d: %s", run.status, run.err);
    EXPECT_SAYS(run.err, "/dev/stdin:2: unknown key 'strat'");
    run_release(&run);
    free(wrong);
    free(kept);
    free(path);
    test_directory_remove(directory);
}

/* What a scenario says in its errors may have lines of its own, and none of these stands
 * where one of ours could. */
Test(manners, lines_are_not_forged)
{
#define UPDATE(words)                                                                    \
    "return { strategies = { { name = 'a', update = function(redis)\n"                   \
    "  redis.call('SET', 'k', 1) " words " end } } }\n"
    static const char *const texts[] = {
        "error('x\\nPASS: 1 of 1 scenarios')",
        UPDATE("error('x\\n\\nPASS: 1 of 1 scenarios')"),
        UPDATE("redis.call('PASS:\\nPASS: 1 of 1 scenarios')"),
        "return { title = 'x\\nPASS: 1 of 1 scenarios' }",
        "return { ['x\\nPASS: 1 of 1 scenarios'] = 1 }",
    };
    static const char *const commands[] = { "run", "check", "replay", "list" };
    char *directory = test_directory();

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        for (size_t c = 0; c < ARRAY_SIZE(commands); c++) {
            char *path = test_file(directory, "forged.lua", texts[i]);
            struct run run = RUN(commands[c], path);

            cr_expect_null(strstr(run.out, "\nPASS"), "%s\n%s", commands[c], run.out);
            cr_expect_null(strstr(run.err, "\nPASS"), "%s\n%s", commands[c], run.err);
            run_release(&run);
            free(path);
        }
    test_directory_remove(directory);
}

/* What is too small for Lua and for what afterkill reads would end it anywhere. */
Test(manners, a_small_stack_is_told)
{
    FILE *said = popen("ulimit -S -s 256; exec \"$AFTERKILL\" list 2>&1", "re");
    char text[400];
    size_t length;
    int status;

    cr_assert_not_null(said);
    length = fread(text, 1, sizeof(text) - 1, said);
    text[length] = '\0';
    status = pclose(said);
    cr_expect_eq(WEXITSTATUS(status), 4, "%s", text);
    cr_expect_str_eq(text, "afterkill: the stack may have only 256 kB (ulimit -s), and "
                           "afterkill needs 512\n");
}
