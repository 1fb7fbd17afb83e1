/* trust.c - functions and updates that are not fit to be tested are refused: those that
 * depend on chance or on the clock. */
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
      { "two runs of `recover` after the old state differ", "string 'now'",
        "use p.seed and p.now" } },
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
