/* census.c - crash points one by one, in bytes and in order, and what follows from them.
 *
 * A byte cut must leave what the command boundary before it leaves: every position is
 * tried, of every way of sending, and each crash point must have as many of them as the
 * command behind it has bytes. Then the same points as people see them: strips, tables,
 * what kills can reach, what a leak rate was predicted to be, and what it costs. */
#include "testlib.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static json_t *points_of(const json_t *strategy)
{
    return json_object_get(strategy, "points");
}

static json_int_t number_of(const json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);

    cr_assert(json_is_integer(value), "%s is not a whole number", name);
    return json_integer_value(value);
}

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static json_t *strategies_of(const struct run *run)
{
    cr_assert_not_null(run->json, "status %d, no report: %s", run->status, run->err);
    return json_object_get(run->json, "strategies");
}

/* How many byte positions belong to points that bear the word. */
static json_int_t positions_with(const json_t *strategy, const char *word)
{
    json_int_t sum = 0;
    json_t *point;
    size_t i;

    json_array_foreach (points_of(strategy), i, point) {
        char *later = json_words(json_object_get(point, "later"));

        if (strcmp(text_of(point, "now"), word) == 0 || strcmp(later, word) == 0)
            sum += number_of(point, "byte_positions");
        free(later);
    }
    return sum;
}

static void check_byte_words(const json_t *strategy)
{
    static const char *const words[] = { "intact", "gap",   "torn", "clean",
                                         "leaked", "mixed", "lost" };
    json_t *cuts = json_object_get(strategy, "bytes_census");

    cr_expect_eq(number_of(cuts, "intact") + number_of(cuts, "gap") +
                     number_of(cuts, "torn"),
                 number_of(cuts, "positions"));
    for (size_t w = 0; w < ARRAY_SIZE(words); w++)
        cr_expect_eq(number_of(cuts, words[w]), positions_with(strategy, words[w]),
                     "%s: positions that are %s", text_of(strategy, "name"), words[w]);
}

/* No position is left out, and each leaves what the command boundary before it leaves. */
static void check_bytes(const json_t *strategy)
{
    const char *name = text_of(strategy, "name");
    json_t *cuts = json_object_get(strategy, "bytes_census");
    json_int_t commands = number_of(strategy, "commands"), sum = 0;
    json_t *point;
    size_t i;

    cr_assert_not_null(cuts, "%s has no census of bytes", name);
    cr_expect_eq(number_of(cuts, "positions"), number_of(strategy, "bytes") + 1);
    cr_expect_eq(number_of(cuts, "classes"), commands + 1);
    cr_expect_eq(number_of(cuts, "unexplained"), 0);
    cr_assert_eq(json_array_size(points_of(strategy)), (size_t)commands + 1);
    json_array_foreach (points_of(strategy), i, point) {
        cr_expect_eq(number_of(point, "index"), (json_int_t)i);
        sum += number_of(point, "byte_positions");
    }
    cr_expect_eq(sum, number_of(strategy, "bytes") + 1, "%s", name);
    cr_expect_eq(number_of(json_array_get(points_of(strategy), (size_t)commands),
                           "byte_positions"),
                 1, "%s: only the last byte completes the update", name);
    check_byte_words(strategy);
}

/* The bytes of a command on the wire: "*3\r\n$3\r\nSET\r\n...". */
static size_t wire_bytes(const char *const *words)
{
    size_t count = 0, bytes = 0;

    for (; words[count]; count++)
        bytes += (size_t)snprintf(NULL, 0, "$%zu\r\n\r\n", strlen(words[count])) +
                 strlen(words[count]);
    return bytes + (size_t)snprintf(NULL, 0, "*%zu\r\n", count);
}

Test(census, byte_positions_are_as_long_as_commands)
{
    static const char *const commands[][4] = { { "SET", "session", "data", NULL },
                                               { "EXPIRE", "session", "60", NULL } };
    char *directory = test_directory();
    char *path = test_scenario("leaked");
    struct run run = RUN("run", path, "--fault", "byte", "--format", "json");
    json_t *strategy;

    strategies_of(&run);
    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    strategy = json_strategy(&run, "set-then-expire");
    check_bytes(strategy);
    for (size_t k = 0; k < ARRAY_SIZE(commands); k++)
        cr_expect_eq(number_of(json_array_get(points_of(strategy), k), "byte_positions"),
                     (json_int_t)wire_bytes(commands[k]), "before command %zu", k + 1);
    run_release(&run);
    free(path);
    test_directory_remove(directory);
}

Test(census, every_byte_of_every_way_of_sending)
{
    char *directory = test_directory();
    char *path = test_scenario("ways");
    const char *const runs[][8] = {
        { "run", "sidekiq_busy", "--set", "jobs=4", "--set",
          UNLESS_SANITIZED("bytes=200", "bytes=20") },
        { "run", path },
    };

    for (size_t r = 0; r < ARRAY_SIZE(runs); r++) {
        const char *arguments[16] = { NULL };
        size_t used = 0, i;
        struct run run;
        json_t *strategy;

        for (; runs[r][used]; used++)
            arguments[used] = runs[r][used];
        arguments[used++] = "--fault";
        arguments[used++] = "byte";
        arguments[used++] = "--format";
        arguments[used++] = "json";
        run = run_afterkill(arguments);
        cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
        cr_assert_gt(json_array_size(strategies_of(&run)), 5);
        json_array_foreach (strategies_of(&run), i, strategy) {
            check_bytes(strategy);
            /* Nobody asked for kills. */
            cr_expect_eq(json_count(strategy, "kills", "requested"), 0);
            cr_expect_eq(json_count(strategy, "kills", "valid"), 0);
            cr_expect_null(json_object_get(strategy, "coverage"));
        }
        cr_expect_gt(
            json_number_value(json_object_get(run.json, "byte_positions_per_second")), 0);
        run_release(&run);
    }
    free(path);
    test_directory_remove(directory);
}

/* The text says it too, and a byte census that nobody asked for is not there. */
Test(census, bytes_in_the_text)
{
    char *directory = test_directory();
    char *path = test_scenario("leaked");
    struct run run = RUN("run", path, "--fault", "byte", "--points");
    struct run without = RUN("run", path, CENSUS, "--format", "json");
    struct run unknown = RUN("run", path, "--fault", "bytes");
    size_t i;
    json_t *strategy;

    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    EXPECT_SAYS(run.out, "74 byte positions, 3 classes: each leaves what the command "
                         "boundary before it leaves");
    EXPECT_SAYS(run.out, "1 SET session data EXPIRE session 60 torn leaked for ever 37");
    cr_expect(!says(run.out, "per SIGKILL"));
    cr_expect(!says(run.out, "kills hit"));
    json_array_foreach (strategies_of(&without), i, strategy)
        cr_expect_null(json_object_get(strategy, "bytes_census"));
    cr_expect_null(json_object_get(without.json, "byte_positions_per_second"));
    cr_expect_eq(unknown.status, 2);
    EXPECT_SILENT(unknown.out);
    EXPECT_SAYS(unknown.err, "'bytes'");
    EXPECT_SAYS(unknown.err, "expected kill, step or byte");
    run_release(&run);
    run_release(&without);
    run_release(&unknown);
    free(path);
    test_directory_remove(directory);
}

/* Commands that depend on replies are sent again, as long as the replies are the same;
 * replies that vary do not matter to who does not use them, nor does waiting for them. */
Test(census, replies_may_matter_or_vary)
{
    char *directory = test_directory();
    char *path = test_scenario("replies");
    struct run run = RUN("run", path, "--strategy", "asks,adds,clock,blocks", "--fault",
                         "byte", "--format", "json");
    json_t *strategy;
    size_t i;

    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    cr_assert_eq(json_array_size(strategies_of(&run)), 4);
    json_array_foreach (strategies_of(&run), i, strategy)
        check_bytes(strategy);
    strategy = json_strategy(&run, "asks");
    cr_expect_eq(number_of(strategy, "commands"), 5);
    cr_expect_str_eq(text_of(json_array_get(points_of(strategy), 2), "command"),
                     "EXPIRE visits 60");
    cr_expect_eq(json_array_size(json_object_get(strategy, "uncrashed")), 0,
                 "it has not sent what its replies ask for");
    run_release(&run);
    free(path);
    test_directory_remove(directory);
}

/* Both are not the case: such an update cannot be sent again, and the message says so. */
Test(census, commands_that_depend_on_what_varies_are_refused)
{
    static const struct {
        const char *strategy, *words;
        json_int_t commands;
    } rows[] = {
        { "deletes", "from command 5 on", 5 },
        { "acknowledges", "from command 3 on", 7 },
    };
    char *directory = test_directory();
    char *path = test_scenario("replies");

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(mem_freep) char *named = mem_printf("strategy '%s'", rows[i].strategy);
        struct run refused =
            RUN("run", path, "--fault", "byte", "--strategy", rows[i].strategy);
        struct run run = RUN("run", path, "--trials", "20", "--strategy",
                             rows[i].strategy, "--format", "json");

        cr_expect_eq(refused.status, 2, "status %d: %s", refused.status, refused.err);
        EXPECT_SILENT(refused.out);
        EXPECT_SAYS(refused.err, named);
        EXPECT_SAYS(refused.err, rows[i].words);
        EXPECT_SAYS(refused.err, "'byte'");
        EXPECT_SAYS(refused.err, "depends on replies that differ from run to run");
        EXPECT_SAYS(refused.err, "--fault step,kill");
        cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
        strategies_of(&run);
        cr_expect_eq(
            json_count(json_strategy(&run, rows[i].strategy), "census", "points"),
            rows[i].commands + 1);
        run_release(&refused);
        run_release(&run);
    }
    cr_expect_eq(test_directory_entries(directory), 0);
    free(path);
    test_directory_remove(directory);
}

/* One letter per crash point. `ways` has nine points of one strategy beside two of
 * another; long updates are counted. */
Test(census, strips_show_every_point)
{
    static const struct {
        const char *scenario;
        const char *lines[3];
    } rows[] = {
        { "leaked",
          { ": . clean, L leaked\n", "set-then-expire  .L.\n",
            "set-ex           ..\n" } },
        { "gap", { ": . clean, x lost for a while\n", "delete-first  .x.\n" } },
        { "torn", { ": . clean, m mixed for a while\n", "field-by-field  .m.\n" } },
        { "mixed", { ": . clean, M mixed\n", "one-by-one      .M.\n" } },
        { "lost", { ": . clean, X lost\n", "pop-then-push  .X.\n" } },
        /* Harm goes before harm that passes, and that before what a reader sees; a zombie
         * before all. */
        { "stuck",
          { "l leaked for a while, L leaked\n", "lock              .LL.\n",
            "lock-with-expiry  .ll.\n" } },
        { "recover_raises", { ": . clean, S stuck\n", "marked    .S.\n" } },
        { "ways", { "waiting               .MMMMMMM.\n", "script                ..\n" } },
    };
    char *directory = test_directory();
    struct run many = RUN("run", "sidekiq_busy", "--set", "jobs=98", "--set", "bytes=10",
                          CENSUS, "--strategy", "per-field", "--full");

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char *path = test_scenario(rows[i].scenario);
        struct run run = RUN("run", path, CENSUS, "--full");

        cr_expect_eq(run.status, 0, "%s: %s", path, run.err);
        for (size_t l = 0; l < ARRAY_SIZE(rows[i].lines) && rows[i].lines[l]; l++)
            cr_expect(strstr(run.out, rows[i].lines[l]), "no line \"%s\" in:\n%s",
                      rows[i].lines[l], run.out);
        run_release(&run);
        free(path);
    }
    cr_expect(strstr(many.out, "per-field  .xL{98}.\n"), "%s", many.out);
    run_release(&many);
    test_directory_remove(directory);
}

Test(census, strips_are_coloured_if_asked)
{
    char *directory = test_directory();
    char *path = test_scenario("leaked");
    struct run color = RUN("run", path, CENSUS, "--points", "--color", "always");
    struct run never = RUN("run", path, "--trials", "20", "--points", "--color", "never");
    struct run pipe = RUN("run", path, CENSUS, "--points");

    cr_expect(strstr(color.out, "  \033[32m.\033[0m\033[31mL\033[0m\033[32m.\033[0m\n"),
              "%s", color.out);
    cr_expect_null(strchr(never.out, '\033'), "%s", never.out);
    cr_expect_null(strchr(pipe.out, '\033'), "%s", pipe.out);
    EXPECT_SAYS(never.out, ".L.");
    run_release(&color);
    run_release(&never);
    run_release(&pipe);
    free(path);
    test_directory_remove(directory);
}

Test(census, points_are_a_table)
{
    char *directory = test_directory();
    char *leaked = test_scenario("leaked"), *ways = test_scenario("ways");
    struct run run = RUN("run", leaked, CENSUS, "--points");
    struct run kills =
        RUN("run", ways, "--trials", "50", "--points", "--strategy", "one-buffer");
    struct run without = RUN("run", leaked, CENSUS);

    EXPECT_SAYS(run.out, "set-then-expire dead after dead before");
    EXPECT_SAYS(run.out, "0 - SET session data intact clean");
    EXPECT_SAYS(run.out, "1 SET session data EXPIRE session 60 torn leaked");
    EXPECT_SAYS(run.out, "2 EXPIRE session 60 - intact clean");
    EXPECT_SAYS(run.out, "one line (--before says what it finds): afterkill try "
                         "'SET session data | EXPIRE session 60'");
    EXPECT_SAYS(run.out, "set-ex dead after dead before");
    EXPECT_SAYS(run.out, "1 SET session data EX 60 - intact clean");
    cr_expect(!says(run.out, "that hit"), "there were no kills");
    EXPECT_SAYS(kills.out, "that hit");
    for (int k = 1; k < 8; k++) {
        CLEANUP(mem_freep) char *key = mem_printf("%d SET key:%d new", k, k);

        EXPECT_SAYS(kills.out, key);
    }
    EXPECT_SAYS(kills.out, "torn mixed for ever no reach 7");
    cr_expect(!says(kills.out, "intact clean no reach"));
    EXPECT_SAYS(kills.out, "in reach");
    cr_expect(!says(without.out, "dead before"), "nobody asked for the table");
    run_release(&run);
    run_release(&kills);
    run_release(&without);
    free(leaked);
    free(ways);
    test_directory_remove(directory);
}

/* What kills can reach of a way of sending, if every point leaves another state. */
enum reach { REACH_ENDS, REACH_CHUNKS, REACH_ALL };

/* Where writes end, computed from the commands' lengths: whole commands, as soon as there
 * are `chunk` bytes or more. */
static bool chunk_ends(const json_t *points, size_t point, json_int_t chunk)
{
    json_int_t bytes = 0;
    bool ends = true;

    for (size_t k = 0; k < point; k++) {
        bytes += number_of(json_array_get(points, k), "byte_positions");
        ends = bytes >= chunk;
        bytes = ends ? 0 : bytes;
    }
    return ends || point + 1 == json_array_size(points);
}

static bool is_reachable(const json_t *strategy, size_t point, enum reach expected,
                         json_int_t chunk)
{
    bool end = point == 0 || point + 1 == json_array_size(points_of(strategy));

    return expected == REACH_ALL || end ||
           (expected == REACH_CHUNKS && chunk_ends(points_of(strategy), point, chunk));
}

static void check_reachable(const json_t *strategy, enum reach expected, json_int_t chunk)
{
    json_t *point;
    size_t k;

    json_array_foreach (points_of(strategy), k, point)
        cr_expect_eq(json_is_true(json_object_get(point, "reachable")),
                     is_reachable(strategy, k, expected, chunk), "%s, point %zu",
                     text_of(strategy, "name"), k);
}

/* Every point leaves another state here, so it is known which one a kill has hit. */
static void check_hits(const json_t *strategy)
{
    const char *name = text_of(strategy, "name");
    json_int_t reachable = 0, hit = 0;
    json_t *point;
    size_t k;

    json_array_foreach (points_of(strategy), k, point) {
        bool reach = json_is_true(json_object_get(point, "reachable"));
        json_int_t kills = number_of(point, "kills");

        cr_expect(reach || kills == 0, "%s: kills have reached point %zu", name, k);
        reachable += reach;
        hit += kills > 0;
    }
    cr_expect_eq(json_count(strategy, "coverage", "reachable"), reachable, "%s", name);
    cr_expect_eq(json_count(strategy, "coverage", "hit"), hit, "%s", name);
    cr_expect_gt(hit, 0);
}

Test(census, kills_reach_the_ends_of_writes_only)
{
    static const struct {
        const char *strategy;
        enum reach reach;
        bool multi; /* its points inside are one place */
    } rows[] = {
        { "waiting", REACH_ALL, false },
        { "one-buffer", REACH_ENDS, false },
        { "chunks", REACH_CHUNKS, false },
        { "chunks-reading", REACH_CHUNKS, false },
        { "each", REACH_ALL, false },
        { "each-reading", REACH_ALL, false },
        { "script", REACH_ALL, false },
        { "multi", REACH_ENDS, true },
        { "multi-chunks", REACH_CHUNKS, true },
        { "multi-chunks-reading", REACH_CHUNKS, true },
        { "multi-each", REACH_ALL, true },
    };
    char *directory = test_directory();
    char *path = test_scenario("ways");
    struct run run = RUN("run", path, "--fault", "byte,kill", "--trials", "300",
                         "--lanes", "1", "--format", "json");
    json_int_t chunk;

    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    strategies_of(&run);
    chunk = number_of(json_object_get(run.json, "params"), "chunk");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const json_t *strategy = json_strategy(&run, rows[i].strategy);

        check_reachable(strategy, rows[i].reach, chunk);
        if (rows[i].multi)
            cr_expect_eq(json_count(strategy, "coverage", "reachable"), 2);
        else
            check_hits(strategy);
    }
    run_release(&run);
    free(path);
    test_directory_remove(directory);
}

/* Leaks are to harm as their rates are. How long an update takes on average is in no
 * report; but not much less than the median one. */
static void check_exposure(const json_t *strategy, double period_s)
{
    double leaks = json_number(strategy, "leaks_per_million_sigkills", "estimate");
    double harm = json_number(strategy, "harm_per_million_sigkills", "estimate");
    double leak_rate = json_number(strategy, "leak_rate", "estimate");
    double harm_rate = json_number(strategy, "harm_rate", "estimate");
    double median_us = json_number_value(json_object_get(strategy, "duration_us"));

    cr_expect_leq(fabs(leaks * harm_rate - harm * leak_rate), 1e-6 * leaks * harm_rate,
                  "%s: leaks %g at %g, harm %g at %g", text_of(strategy, "name"), leaks,
                  leak_rate, harm, harm_rate);
    cr_expect_geq(leaks, 0.3 * median_us / period_s * leak_rate, "%s",
                  text_of(strategy, "name"));
    cr_expect_leq(json_number(strategy, "leaks_per_million_sigkills", "low"), leaks);
    if (!json_is_null(json_object_get(
            json_object_get(strategy, "leaks_per_million_sigkills"), "high")))
        cr_expect_geq(json_number(strategy, "leaks_per_million_sigkills", "high"), leaks);
    cr_expect_float_eq(json_number(strategy, "leaks_per_million_sigkills", "period_s"),
                       period_s, 1e-9);
}

Test(census, exposure_needs_a_period)
{
    static const struct {
        const char *set;
        double period_s;
    } rows[] = { { "period=10", 10 }, { "period=0.5", 0.5 }, { "period=0", 0 } };
    char *directory = test_directory();
    char *path = test_scenario("leaked");
    struct run none = RUN("run", path, "--trials", "20", "--format", "json");
    json_t *strategy;
    size_t s;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct run run = RUN("run", "sidekiq_busy", "--set", rows[i].set, "--trials",
                             "100", "--format", "json", "--strategy",
                             "per-field,batched,batched-multi", "--set", "jobs=5");

        json_array_foreach (strategies_of(&run), s, strategy) {
            if (rows[i].period_s > 0)
                check_exposure(strategy, rows[i].period_s);
            else
                cr_expect_null(json_object_get(strategy, "leaks_per_million_sigkills"));
        }
        run_release(&run);
    }
    json_array_foreach (strategies_of(&none), s, strategy)
        cr_expect_null(json_object_get(strategy, "leaks_per_million_sigkills"));
    run_release(&none);
    free(path);
    test_directory_remove(directory);
}

/* Where there are kills, the prediction says whether it agrees with them; a hint names
 * the pair, and only where there is one. */
Test(census, prediction_and_hint)
{
    char *directory = test_directory();
    char *path = test_scenario("leaked");
    struct run run = RUN("run", path, "--trials", "200", "--format", "json");
    struct run census = RUN("run", path, CENSUS, "--format", "json");
    struct run text = RUN("run", path, CENSUS, "--full");
    json_t *strategy;
    size_t i;

    json_array_foreach (strategies_of(&run), i, strategy) {
        json_t *predicted = json_object_get(strategy, "predicted_leak_rate");

        cr_expect(json_is_boolean(json_object_get(predicted, "agrees")));
        cr_expect_leq(json_number(strategy, "predicted_leak_rate", "low"),
                      json_number(strategy, "predicted_leak_rate", "high"));
        cr_expect_eq(json_number(strategy, "predicted_leak_rate", "estimate") > 0,
                     strcmp(text_of(strategy, "name"), "set-then-expire") == 0);
    }
    json_array_foreach (strategies_of(&census), i, strategy)
        cr_expect_null(
            json_object_get(json_object_get(strategy, "predicted_leak_rate"), "agrees"),
            "there is nothing to agree with");
    cr_expect_str_eq(text_of(json_strategy(&run, "set-then-expire"), "hint"),
                     "SET session and EXPIRE session must be one: SET session value EX "
                     "seconds is one command");
    cr_expect_null(json_object_get(json_strategy(&run, "set-ex"), "hint"));
    EXPECT_SAYS(text.out, "Cure: SET session and EXPIRE session must be one");
    run_release(&run);
    run_release(&census);
    run_release(&text);
    free(path);
    test_directory_remove(directory);
}

Test(census, mistakes_in_options_of_pipelines)
{
    static const struct {
        const char *function, *options;
        const char *words[3];
    } rows[] = {
        { "pipeline",
          "{ writes = \"each\", chunk = 100 }",
          { "both writes and chunk", "expected one of them" } },
        { "pipeline", "{ chunk = 0 }", { "chunk is 0", "a number of bytes, 1 or more" } },
        { "pipeline", "{ chunk = \"x\" }", { "chunk is x", "a number of bytes" } },
        { "pipeline", "{ chunk = 1.5 }", { "chunk is 1.5", "a number of bytes" } },
        { "pipeline",
          "{ replies = \"maybe\" }",
          { "replies is 'maybe'", "expected \"read\" or \"unread\"" } },
        { "pipeline",
          "{ writes = \"all\" }",
          { "writes is 'all'", "expected \"one\" or \"each\"" } },
        { "pipeline",
          "{ wirtes = \"each\" }",
          { "unknown option 'wirtes'", "expected writes, chunk or replies" } },
        { "pipeline", "{ writes = \"one\\0\" }", { "writes is 'one\\x00'" } },
        { "pipeline", "{ [\"chunk\\0\"] = 7 }", { "unknown option 'chunk\\x00'" } },
        { "pipeline", "\"each\"", { "options are string", "expected a table" } },
        { "multi",
          "{ writes = \"one\", chunk = 7 }",
          { "redis.multi", "both writes and chunk" } },
        { "multi", "{ chunk = -1 }", { "redis.multi", "chunk is -1" } },
        { "multi", "{ replies = true }", { "redis.multi", "\"read\" or \"unread\"" } },
    };
    char *directory = test_directory();

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char *text =
            mem_printf("return { title = \"options\", strategies = { { name = \"all\",\n"
                       "  reference = true, update = function(redis)\n"
                       "    redis.%s(function() redis.call(\"SET\", \"a\", 1) end, %s)\n"
                       "  end } } }\n",
                       rows[i].function, rows[i].options);
        char *path = test_file(directory, "options.lua", text);
        char *line = mem_printf("%s:3:", path);
        struct run run = RUN("run", path, CENSUS);

        cr_expect_eq(run.status, 2, "%s: status %d: %s", rows[i].options, run.status,
                     run.err);
        EXPECT_SILENT(run.out);
        EXPECT_SAYS(run.err, line);
        for (size_t w = 0; w < ARRAY_SIZE(rows[i].words) && rows[i].words[w]; w++)
            EXPECT_SAYS(run.err, rows[i].words[w]);
        run_release(&run);
        free(line);
        free(path);
        free(text);
    }
    test_directory_remove(directory);
}
