/* campaign.c - runs beside each other and held to bounds, as a user asks for it: compare,
 * gates, baselines, and their exit statuses.
 *
 * Rates are so far from the bounds that neither chance nor the machine can reach them. An
 * old update leaks for 31 of its 32 round trips, so even a worker that takes as long as
 * ten of these until its first command leaks from two kills in three; that fewer than 1
 * in 5 of 200 are then harmed has a probability far below 1e-9. Of the kills of a fixed
 * one none can do harm; but it is over in some ten microseconds, and many are too late
 * for it: that it harms in less than 1 of 5, twenty show. */
#include "kept.h"
#include "testlib.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Leaks if the worker dies in between; `fixed` does not. */
#define SCENARIO(old_expect, old_update)                                                 \
    "local function old(redis) " old_update " end\n"                                     \
    "return { params = { period = 10 }, strategies = {\n"                                \
    "  { name = 'old', " old_expect " update = old },\n"                                 \
    "  { name = 'fixed', reference = true, update = function(redis)\n"                   \
    "      redis.call('SET', 'lock', 'me', 'EX', 60) end } } }\n"
#define WORK "for _ = 1, 30 do redis.call('PING') end "
#define LEAKY "redis.call('SET', 'lock', 'me') " WORK "redis.call('EXPIRE', 'lock', 60)"
#define SAFE                                                                             \
    "redis.call('SET', 'lock', 'me', 'EX', 60) " WORK "redis.call('EXPIRE', 'lock', 60)"

#define MANY UNLESS_SANITIZED("1000", "300")
/* How many do it is not what is looked at; and what each has to learn first takes longer
 * than so few kills. Under sanitizers a lane measures speed twice only, too seldom for a
 * bound on it. */
#define BY_ONE "--lanes", UNLESS_SANITIZED("1", "2")

/* Runs a scenario file that says so, kept in the directory under a name. */
static struct run keep(const char *directory, const char *name, const char *text,
                       const char *seed)
{
    char *path = test_file(directory, "lock.lua", text);
    char *kept = mem_printf("%s/%s", directory, name);
    struct run run =
        RUN("run", path, BY_ONE, "--trials", MANY, "--seed", seed, "-o", kept);

    cr_expect_eq(run.status, 0, "%s", run.err);
    free(path);
    free(kept);
    return run;
}

/* A copy of a run under another name. */
static void copy(const char *directory, const char *name, const char *as)
{
    CLEANUP(mem_freep) char *from = mem_printf("%s/%s", directory, name);
    CLEANUP(mem_freep) char *to = mem_printf("%s/%s", directory, as);

    kept_copy(from, to);
}

/* Runs afterkill in the directory, so that operands can be short. */
static struct run in(const char *directory, const char *const *arguments)
{
    struct run run;

    cr_assert_eq(chdir(directory), 0);
    run = run_afterkill(arguments);
    cr_assert_eq(chdir("/"), 0);
    return run;
}
#define IN(directory, ...) in((directory), (const char *const[]){ __VA_ARGS__, NULL })

/* What a run is held to, and what comes of it. */
struct row {
    const char *arguments[14];
    int status;
    const char *says; /* on standard output, or on standard error if that is empty */
};

static void check_rows(const char *directory, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct run run = in(directory, rows[i].arguments);

        expect_decided(&run, rows[i].status, rows[i].says);
        cr_expect_null(strstr(run.out, "nan"), "row %zu:\n%s", i, run.out);
        cr_expect_null(strstr(run.out, "inf]"), "row %zu:\n%s", i, run.out);
        run_release(&run);
    }
}

Test(campaign, gates)
{
#define GATED(trials, strategy, ...)                                                     \
    "run", "lock.lua", BY_ONE, "--trials", trials, "--strategy", strategy, __VA_ARGS__,  \
        NULL
    static const struct row rows[] = {
        { { GATED(MANY, "fixed", "--max-leak-rate", "0.2") }, 0, "pass" },
        { { GATED(MANY, "old", "--max-leak-rate", "0.2") },
          1,
          "fails --max-leak-rate 20%" },
        { { GATED(MANY, "old,fixed", "--max-leak-rate", "0.2") }, 1, "old" },
        { { GATED("20", "fixed", "--max-leak-rate", "0.0001") },
          3,
          "does not decide --max-leak-rate" },
        { { GATED("0", "fixed", "--max-leak-rate", "0.01") }, 3, "does not decide" },
        { { GATED(MANY, "fixed", "--max-torn-rate", "0.2") }, 0, "pass" },
        { { GATED("5", "old,fixed", "--min-updates-ratio", "0.0001") }, 0, "pass" },
        { { GATED("5", "old,fixed", "--min-updates-ratio", "100000") }, 1, "fails" },
        { { GATED("5", "fixed", "--min-updates-ratio", "2") }, 2, "min-updates-ratio" },
        { { GATED("5", "old", "--min-updates-ratio", "2") }, 2, "min-updates-ratio" },
        { { GATED("5", "old", "--max-leak-rate", "nan") }, 2, "expected a number" },
        { { GATED("5", "old", "--max-leak-rate", "-0.1") }, 2, "expected a number" },
        { { GATED("5", "old", "--max-leak-rate", "1.5") }, 2, "expected a number" },
        { { GATED("5", "old", "--max-torn-rate", "inf") }, 2, "expected a number" },
        { { GATED("5", "old", "--min-updates-ratio", "") }, 2, "expected a number" },
        { { GATED("5", "old", "--margin", "0.1") }, 2, "--against" },
        { { GATED("5", "old", "--max-leak-rate", "0.1", "--shard", "1/2") },
          2,
          "afterkill merge" },
        { { GATED("5", "old", "--baseline", "nothing.json") }, 2, "nothing.json" },
        { { GATED("5", "old", "--against", "nothing") }, 2, "there is no run in" },
    };
    char *directory = test_directory();

    free(test_file(directory, "lock.lua", SCENARIO("", LEAKY)));
    check_rows(directory, rows, ARRAY_SIZE(rows));
    test_directory_remove(directory);
}

Test(campaign, compare)
{
    static const struct row rows[] = {
        { { "compare", "leaky", "safe" }, 0, "PASS" },
        /* Chance alone makes a difference one time in 1e9, and the machine a small one.
         */
        { { "compare", "leaky", "again", "--confidence", "0.999999999" },
          0,
          "not distinguishable" },
        { { "compare", "safe", "leaky" }, 1, "old regressed" },
        { { "compare", "safe", "leaky", "--format", "json" },
          1,
          "\"verdict\": \"fail\"" },
        /* What a busy machine adds to intervals is far from such a margin. */
        { { "compare", "leaky", "safe", "--margin", "0.5" }, 0, "PASS" },
        { { "compare", "safe", "leaky", "--margin", "0.9" }, 1, "regressed" },
        { { "compare", "few", "few2", "--margin", "0.0001" }, 3, "" },
        { { "compare", "leaky" }, 0, "fixed" },
        { { "compare", "leaky", "--margin", "0.1" }, 2, "name two runs" },
        { { "compare", "leaky", "safe", "more" }, 2, "more than two runs" },
        { { "compare", "leaky", "nowhere" }, 2, "there is no run in" },
        { { "compare", "none", "leaky" }, 3, "" },
        { { "compare", "safe", "one" }, 3, "only in the base: old" },
        { { "compare", "one", "safe" }, 0, "only in the new run: old" },
        { { "compare", "until", "safe" }, 0, "two-confidence-sequences" },
        { { "compare", "base.json", "leaky" }, 1, "old regressed" },
        { { "compare", "leaky", "lock.lua" }, 2, "lock.lua" },
        { { "compare", "leaky", "leaky" }, 0, "one and the same run" },
        { { "compare", "leaky", "copy" }, 0, "one and the same run" },
        { { "compare", "base.json", "safe" }, 0, "one and the same run" },
        { { "compare", "base.json", "base.json" }, 0, "one and the same run" },
        { { "compare", "leaky", "leaky", "--format", "json" }, 0, "\"same_run\": true" },
        { { "compare", "again", "leaky", "--format", "json" }, 0, "\"same_run\": false" },
        { { "compare", "leaky", "safe", "--confidence", "nan" }, 2, "confidence" },
    };
    char *directory = test_directory();
    struct run run;

    run = keep(directory, "safe", SCENARIO("", SAFE), "1");
    run_release(&run);
    run = IN(directory, "baseline", "save", "safe", "base.json");
    cr_expect_eq(run.status, 0, "%s", run.err);
    run_release(&run);
    run = IN(directory, "run", "lock.lua", BY_ONE, "--trials", "20", "-o", "few",
             "--seed", "3");
    run_release(&run);
    run = IN(directory, "run", "lock.lua", BY_ONE, "--trials", "20", "-o", "few2",
             "--seed", "4");
    run_release(&run);
    run = IN(directory, "run", "lock.lua", BY_ONE, "--trials", "100", "--strategy",
             "fixed", "-o", "one");
    run_release(&run);
    run =
        IN(directory, "run", "lock.lua", BY_ONE, "--until-below", "0.02", "-o", "until");
    run_release(&run);
    run = keep(directory, "leaky", SCENARIO("", LEAKY), "1");
    run_release(&run);
    run = keep(directory, "again", SCENARIO("", LEAKY), "2");
    run_release(&run);
    run = IN(directory, "run", "lock.lua", CENSUS, "-o", "none");
    run_release(&run);
    copy(directory, "leaky", "copy");
    check_rows(directory, rows, ARRAY_SIZE(rows));
    test_directory_remove(directory);
}

/* With the same seed attempts are compared in pairs, of which a baseline knows nothing.
 */
Test(campaign, seed_is_what_tells_most)
{
    static const struct {
        const char *option, *value, *more, *seed;
        json_int_t is;
        const char *test;
    } rows[] = {
        { "--against", "safe", "--seed", "3", 3, "fisher" },
        { "--against", "safe", "--confidence", "0.9", 5, "mcnemar-mid-p" },
        { "--baseline", "base.json", "--confidence", "0.9", 6, "fisher" },
        { "--baseline", "base.json", "--seed", "5", 5, "two-binomial-tails" },
    };
    char *directory = test_directory();
    struct run run = keep(directory, "safe", SCENARIO("", SAFE), "5");

    run_release(&run);
    run = IN(directory, "baseline", "save", "safe", "base.json");
    run_release(&run);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        json_t *comparison;

        run = IN(directory, "run", "lock.lua", BY_ONE, "--trials", "50", "--no-store",
                 "--format", "json", rows[i].option, rows[i].value, rows[i].more,
                 rows[i].seed);
        cr_assert_not_null(run.json, "%s", run.err);
        comparison = json_object_get(run.json, "comparison");
        cr_expect_eq(json_integer_value(json_object_get(run.json, "seed")), rows[i].is,
                     "row %zu", i);
        cr_expect_str_eq(json_string_value(json_object_get(comparison, "test")),
                         rows[i].test, "row %zu", i);
        run_release(&run);
    }
    test_directory_remove(directory);
}

/* A baseline in a repository: what got worse is told in a sentence that names the
 * strategy and the crash point; what got better passes. */
Test(campaign, baseline)
{
    static const struct row rows[] = {
        { { "baseline", "show", "base.json" }, 0, "old" },
        { { "baseline", "save", "safe", "nowhere/base.json" }, 4, "nowhere/base.json" },
        { { "baseline", "save", "nowhere", "x.json" }, 2, "there is no run in" },
        { { "baseline", "save" }, 2, "expected `save [RUN] FILE`" },
        { { "baseline", "forget", "x" }, 2, "expected `save [RUN] FILE` or `show FILE`" },
        { { "baseline" }, 2, "expected `save [RUN] FILE` or `show FILE`" },
        { { "baseline", "show", "lock.lua" }, 2, "lock.lua" },
    };
    char *directory = test_directory();
    struct run run = keep(directory, "safe", SCENARIO("", SAFE), "1");

    run_release(&run);
    run = IN(directory, "baseline", "save", "safe", "base.json");
    cr_expect_eq(run.status, 0, "%s", run.err);
    run_release(&run);
    run = IN(directory, "run", "lock.lua", BY_ONE, "--trials", "100", "--seed", "9",
             "--baseline", "base.json");
    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.out);
    run_release(&run);
    check_rows(directory, rows, ARRAY_SIZE(rows));
    free(test_file(directory, "lock.lua", SCENARIO("", LEAKY)));
    run = IN(directory, "run", "lock.lua", BY_ONE, "--trials", "100", "--seed", "9",
             "--baseline", "base.json");
    cr_expect_eq(run.status, 1, "status %d: %s", run.status, run.out);
    EXPECT_SAYS(run.out,
                "lock/old regressed: a worker that dies after SET lock me now leaves it "
                "leaked");
    run_release(&run);
    run = IN(directory, "run", "lock.lua", BY_ONE, "--trials", "100", "--against", "safe",
             "--format", "json");
    cr_expect_eq(run.status, 1, "status %d: %s", run.status, run.err);
    cr_assert_not_null(run.json);
    cr_expect_str_eq(json_string_value(json_object_get(run.json, "verdict")), "fail");
    cr_expect(json_is_object(json_object_get(run.json, "comparison")));
    run_release(&run);
    test_directory_remove(directory);
}

/* Stopping rules: what is needed is said before the kills begin, and then it is so. */
Test(campaign, kills_end_when_enough_is_known)
{
    char *directory = test_directory();
    char *path = test_scenario("mixed");
    struct run run = RUN("run", path, "--strategy", "both", "--until-below", "0.01",
                         "--format", "json");
    json_t *both = json_strategy(&run, "both");
    double width;

    cr_expect_eq(run.status, 0, "%s", run.err);
    EXPECT_SAYS(run.err,
                "368 clean kills of the one strategy that is clean (both) needed");
    cr_expect_geq(json_count(both, "kills", "valid"), 368);
    cr_expect_lt(json_number(both, "harm_rate", "high"), 0.01);
    cr_expect_str_eq(
        json_string_value(json_object_get(json_object_get(both, "harm_rate"), "method")),
        "confidence-sequence");
    run_release(&run);
    run = RUN("run", path, BY_ONE, "--strategy", "one-by-one,both", "--until-width",
              "0.3", "--time", "40s", "--format", "json");
    EXPECT_SAYS(run.err, "until-width 0.3: at most");
    both = json_strategy(&run, "one-by-one");
    width =
        json_number(both, "harm_rate", "high") - json_number(both, "harm_rate", "low");
    if (run.status == 3) /* beside so much load as there may be */
        cr_expect(says(run.out, "what a busy machine hides does not") ||
                      says(run.out, "more kills of each strategy would") ||
                      says(run.out, "it nearly is: run it again"),
                  "%s", run.out);
    else
        cr_expect(run.status == 0 && width <= 0.3, "status %d, width %g: %s", run.status,
                  width, run.err);
    run_release(&run);
    /* What is not shown does not pass: too few kills, or nobody of whom it could be. */
    run = RUN("run", path, BY_ONE, "--strategy", "both", "--until-below", "0.01",
              "--trials", "9");
    cr_expect_eq(run.status, 3, "%s", run.err);
    EXPECT_SAYS(run.out, "INCONCLUSIVE");
    run_release(&run);
    run = RUN("run", path, BY_ONE, "--strategy", "one-by-one", "--until-below", "0.01");
    cr_expect_eq(run.status, 3, "%s", run.err);
    run_release(&run);
    free(path);
    test_directory_remove(directory);
}
