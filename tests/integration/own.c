/* own.c - strategies that have functions of their own: `before`, `recover`, `alive`. */
#include "testlib.h"

#include <stdlib.h>

/* What is found in tests/scenarios/own.lua, and what is expected of it. */
static const struct {
    const char *strategy;
    const char *later; /* of every point */
    const char *unbegun, *verdict;
} rows[] = {
    /* A reaper that forgets another's job is no harm that a death does. */
    { "forgets", "clean mixed mixed mixed mixed mixed mixed clean", "lost", "pass" },
    { "forgets-once", "clean clean", "lost", "fail" },
    { "raises", "clean clean", "stuck", "fail" },
    { "unminded", "clean clean leaked clean clean clean clean clean", "clean", "pass" },
    { "minded", "clean clean leaked+stuck clean clean clean clean clean", "clean",
      "pass" },
    { "locked", "clean lost lost clean", "clean", "pass" },
    { "reference", "clean clean", "clean", "pass" },
};

/* Of each point, with blanks between them. */
static char *later_of(const json_t *strategy)
{
    char *text = mem_strdup("");
    json_t *point;
    size_t i;

    json_array_foreach (json_object_get(strategy, "points"), i, point) {
        CLEANUP(mem_freep) char *words = json_words(json_object_get(point, "later"));
        char *longer = mem_printf("%s%s%s", text, i ? " " : "", words);

        free(text);
        text = longer;
    }
    return text;
}

static void check_row(const struct run *run, size_t i)
{
    json_t *strategy = json_strategy(run, rows[i].strategy);
    CLEANUP(mem_freep) char *later = NULL;
    CLEANUP(mem_freep) char *unbegun = NULL;
    CLEANUP(mem_freep) char *uncrashed = NULL;

    cr_assert_not_null(strategy, "no %s in: %s", rows[i].strategy, run->err);
    later = later_of(strategy);
    unbegun = json_words(json_object_get(strategy, "unbegun"));
    uncrashed = json_words(json_object_get(strategy, "uncrashed"));
    cr_expect_str_eq(later, rows[i].later, "%s: %s", rows[i].strategy, later);
    cr_expect_str_eq(unbegun, rows[i].unbegun, "%s: %s", rows[i].strategy, unbegun);
    cr_expect_str_eq(uncrashed, "clean", "%s: %s", rows[i].strategy, uncrashed);
    cr_expect_str_eq(json_string_value(json_object_get(strategy, "verdict")),
                     rows[i].verdict, "%s", rows[i].strategy);
}

Test(own, functions_of_strategies)
{
    CLEANUP(mem_freep) char *path = test_scenario("own");
    struct run run = RUN("run", path, CENSUS, "--format", "json", "--no-store");

    cr_expect_eq(run.status, 1, "status %d: %s", run.status, run.err);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        check_row(&run, i);
    run_release(&run);
}

/* Each alone: the reference takes no part, and is learned from the old state of each. */
Test(own, without_the_others)
{
    CLEANUP(mem_freep) char *path = test_scenario("own");

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct run run = RUN("run", path, "--strategy", rows[i].strategy, "--trials",
                             "10", "--lanes", "1", "--format", "json", "--no-store");

        cr_expect_eq(run.status, strcmp(rows[i].verdict, "fail") == 0 ? 1 : 0,
                     "%s: status %d: %s", rows[i].strategy, run.status, run.err);
        check_row(&run, i);
        run_release(&run);
    }
}

/* Told once, in words; kept, told again and replayed. */
Test(own, a_recovery_that_differs_is_told)
{
    static const char sentence[] = "forgets-once: none of 2 crash points does harm";
    static const char told[] = "its own recovery leaves";
    CLEANUP(mem_freep) char *path = test_scenario("own");
    char *directory = test_directory();
    CLEANUP(mem_freep) char *kept = mem_printf("%s/kept", directory);
    struct run runs[] = {
        RUN("run", path, "--trials", "10", "--lanes", "1", "-o", kept, "--full"),
        RUN("report", kept, "--full"),
        RUN("check", "--quick", path),
        RUN("replay", kept, "locked:1"),
        RUN("replay", kept, "forgets-once:0"),
        RUN("replay", kept, "minded:2"),
    };

    for (size_t i = 0; i < ARRAY_SIZE(runs); i++)
        cr_expect_eq(runs[i].status, i < 3 ? 1 : 0, "%zu: status %d: %s", i,
                     runs[i].status, runs[i].err);
    EXPECT_SAYS(runs[0].out, sentence);
    EXPECT_SAYS(runs[0].out, told);
    EXPECT_SAYS(runs[0].out, "(gone: list 'queue', element 'held')");
    cr_expect_str_eq(runs[1].out, runs[0].out);
    EXPECT_SAYS(runs[2].out, "lost of the old state by its own recovery");
    EXPECT_SAYS(runs[2].out, "stuck of the old state by its own recovery");
    for (size_t i = 3; i < ARRAY_SIZE(runs); i++)
        EXPECT_SAYS(runs[i].out, "as recorded");
    for (size_t i = 0; i < ARRAY_SIZE(runs); i++)
        run_release(&runs[i]);
    test_directory_remove(directory);
}

/* The reference has to work from every old state. */
Test(own, the_reference_must_work_from_each_old_state)
{
    static const char text[] =
        "return { strategies = {\n"
        "  { name = 'other', before = function(redis) redis.call('SET', 'k', 'x') end,\n"
        "    update = function(redis) redis.call('SET', 'k', 1) end },\n"
        "  { name = 'right', update = function(redis) redis.call('INCR', 'k') end } } "
        "}\n";
    char *directory = test_directory();
    CLEANUP(mem_freep) char *path = test_file(directory, "s.lua", text);
    struct run run = RUN("check", "--quick", path);

    cr_expect_eq(run.status, 2, "status %d: %s", run.status, run.err);
    EXPECT_SAYS(run.err, "the reference from the old state of strategy 'other': ");
    EXPECT_SAYS(run.err, "strategy 'right': update");
    run_release(&run);
    test_directory_remove(directory);
}

/* What is left differs by where one starts, and times to live are bounded there. */
Test(own, old_states_are_kept_apart)
{
    static const char text[] =
        "local function twice(redis)\n"
        "  redis.call('SET', 'k', 1, 'EX', 100000)\n"
        "  redis.call('SET', 'k', 1, 'EX', 60)\n"
        "end\n"
        "local function long(redis) redis.call('SET', 'k', 1, 'EX', 100000) end\n"
        "return {\n"
        "  before = function(redis) redis.call('SET', 'k', 1, 'EX', 60) end,\n"
        "  noop = true,\n"
        "  strategies = {\n"
        "    { name = 'here', expect = 'safe', update = twice },\n"
        "    { name = 'there', expect = 'safe', update = twice, before = long },\n"
        "    { name = 'right', reference = true, update = function(redis)\n"
        "        redis.call('SET', 'k', 1, 'EX', 60) end } } }\n";
    static const struct {
        const char *strategy, *now[3];
    } points[] = {
        { "here", { "intact", "torn", "intact" } },
        { "there", { "intact", "intact", "intact" } },
    };
    char *directory = test_directory();
    CLEANUP(mem_freep) char *path = test_file(directory, "s.lua", text);
    struct run run = RUN("run", path, CENSUS, "--format", "json", "--strategy",
                         "here,there", "--no-store");

    for (size_t s = 0; s < ARRAY_SIZE(points); s++) {
        json_t *strategy = json_strategy(&run, points[s].strategy);

        cr_assert_not_null(strategy, "%s", run.err);
        for (size_t k = 0; k < 3; k++) {
            json_t *point = json_array_get(json_object_get(strategy, "points"), k);
            const char *now = json_string_value(json_object_get(point, "now"));

            cr_expect_str_eq(now, points[s].now[k], "%s:%zu: %s", points[s].strategy, k,
                             now);
        }
    }
    run_release(&run);
    test_directory_remove(directory);
}
