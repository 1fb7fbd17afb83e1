/* trust.c - functions and updates that are not fit to be tested are refused: those that
 * depend on chance or on the clock, and those whose deaths show nothing. */
#include "testlib.h"

#include <stdlib.h>

/* Who tosses a coin in tests/scenarios/chance.lua, and what is said of it. */
static const struct {
    const char *who;
    const char *said[3];
} coins[] = {
    { "before", { "two runs of `before` left different states (string 'side'" } },
    { "update", { "two uninterrupted runs of strategy 'locked' differ (string 'side'" } },
    { "recover",
      { "strategy 'locked': two runs of `recover` after the death at crash point 1",
        "string 'lock' = 'me'" } },
    { "script",
      { "strategy 'locked': two runs of `recover` after ", "string 'last' = " } },
    { "own",
      { "strategy 'own': two runs of `recover` after the old state differ",
        "string 'zombie'" } },
    { "alive",
      { "two runs of `alive` after the death at crash point 1 differ",
        "alive returned false" } },
    { "invariant",
      { "two runs of an invariant after the death at crash point 1 differ", "luck" } },
    { "clock",
      { "two runs of `recover` after ", "string 'now'", "use p.seed and p.now" } },
};

static struct run run_chance(const char *who)
{
    CLEANUP(mem_freep) char *path = test_scenario("chance");
    CLEANUP(mem_freep) char *setting = mem_printf("who=%s", who);

    return RUN("run", path, "--set", setting, "--trials", "20", "--no-store");
}

/* Each of them, whatever side the coin shows first. */
Test(trust, coins_are_noticed)
{
    for (size_t i = 0; i < ARRAY_SIZE(coins); i++) {
        struct run run = run_chance(coins[i].who);

        cr_expect_eq(run.status, 2, "%s: status %d: %s", coins[i].who, run.status,
                     run.err);
        for (size_t s = 0; s < ARRAY_SIZE(coins[i].said) && coins[i].said[s]; s++)
            cr_expect(strstr(run.err, coins[i].said[s]), "%s: no '%s' in: %s",
                      coins[i].who, coins[i].said[s], run.err);
        run_release(&run);
    }
}

/* Chance that changes nothing is none: SPOP until nothing is left. */
Test(trust, chance_without_consequence)
{
    struct run run = run_chance("drain");

    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    run_release(&run);
}

/* What is said of tests/scenarios/untested.lua; NULL: nothing, it is a test. */
static const struct {
    const char *what;
    const char *said;
} updates[] = {
    { "nothing", "its update sends no command; say noop = true if that is meant" },
    { "reads", "its update changes nothing in the database; say noop" },
    { "failing", "its update changes nothing in the database; say noop" },
    { "same", "none of its 3 crash points leaves anything but the old state" },
    { "ignored", "the keys that it writes are all in `ignore` (stat:b)" },
    { "stamps", "expiries included, and what is in `ignore` does not count" },
    { "beat", NULL },
    { "script", NULL },
    { "gap", NULL },
    { "order", NULL },
    { "expiry", NULL },
};

Test(trust, nothing_tested)
{
    CLEANUP(mem_freep) char *path = test_scenario("untested");

    for (size_t i = 0; i < ARRAY_SIZE(updates); i++) {
        CLEANUP(mem_freep) char *what = mem_printf("what=%s", updates[i].what);
        struct run run = RUN("run", path, "--set", what, "--trials", "20", "--fault",
                             "kill", "--no-store");

        cr_expect_eq(run.status, updates[i].said ? 2 : 0, "%s: status %d: %s", what,
                     run.status, run.err);
        if (updates[i].said) {
            EXPECT_SAYS(run.err, "strategy 'update': nothing was tested: ");
            EXPECT_SAYS(run.err, updates[i].said);
        }
        run_release(&run);
    }
}

/* `noop` says that it is meant, in the scenario or in the strategy; of another strategy
 * it says nothing. */
Test(trust, nothing_is_meant)
{
#define TWO(all, one)                                                                    \
    "return { " all " strategies = {\n"                                                  \
    "  { name = 'reads', " one                                                           \
    " update = function(redis) redis.call('GET', 'a') end },\n"                          \
    "  { name = 'nothing', noop = true, update = function() end },\n"                    \
    "} }\n"
    static const struct {
        const char *text;
        int status;
    } rows[] = {
        { TWO("noop = true,", ""), 0 },
        { TWO("", "noop = true,"), 0 },
        { TWO("noop = false,", "noop = true,"), 0 },
        { TWO("", ""), 2 },
        { TWO("", "noop = false,"), 2 },
    };
    char *directory = test_directory();

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(mem_freep) char *path = test_file(directory, "s.lua", rows[i].text);
        struct run run = RUN("check", "--quick", path);

        cr_expect_eq(run.status, rows[i].status, "%s\nstatus %d: %s", rows[i].text,
                     run.status, run.err);
        run_release(&run);
    }
    test_directory_remove(directory);
}

/* A run that is refused is no run: nothing of it can be gone on with, told or merged. */
Test(trust, nothing_tested_is_not_kept)
{
    CLEANUP(mem_freep) char *path = test_scenario("untested");
    char *directory = test_directory();
    CLEANUP(mem_freep) char *kept = mem_printf("%s/kept", directory);
    CLEANUP(mem_freep) char *merged = mem_printf("%s/merged", directory);
    struct run runs[] = {
        RUN("run", path, "--set", "what=same", "-o", kept),
        RUN("run", "--resume", kept),
        RUN("report", kept),
        RUN("merge", "--allow-missing", kept, "-o", merged),
    };

    for (size_t i = 0; i < ARRAY_SIZE(runs); i++)
        cr_expect_eq(runs[i].status, 2, "step %zu: status %d: %s", i, runs[i].status,
                     runs[i].err);
    EXPECT_SAYS(runs[0].err, "nothing was tested");
    for (size_t i = 1; i < ARRAY_SIZE(runs); i++)
        EXPECT_SAYS(runs[i].err, "there is no run in");
    for (size_t i = 0; i < ARRAY_SIZE(runs); i++)
        run_release(&runs[i]);
    test_directory_remove(directory);
}
