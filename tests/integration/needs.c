/* needs.c - scenarios that need commands which not every server has.
 *
 * The server is asked, whatever its version says. Where it lacks one, nothing is tried,
 * and that is what everybody is told; where it has them, the scenarios of fields that
 * expire, and of vector sets, are judged as any others. */
#include "testlib.h"

#include <stdlib.h>

#define UPDATE "strategies = { { name = 'old', expect = 'atomic', update = 'SET k v' } }"

static const char none_has[] = "return { needs = { 'GET', 'NOBODYHASIT' }, " UPDATE " }";
static const char all_have[] = "return { needs = { 'get' }, " UPDATE " }";

#define LACKS "nothing was tried: it needs the command NOBODYHASIT, which "

/* A scenario of which nothing ran is no pass. */
Test(needs, are_told_where_they_are_not_met)
{
    char *directory = test_directory();
    CLEANUP(mem_freep) char *lacking = test_file(directory, "lacking.lua", none_has);
    CLEANUP(mem_freep) char *met = test_file(directory, "met.lua", all_have);
    static const struct {
        const char *format, *says;
    } reports[] = {
        { "text", "skip lacking " LACKS },
        { "text", "1 scenario skipped" },
        { "tap", "ok 2 - lacking # SKIP " LACKS },
        { "junit", "<skipped message=\"" LACKS },
        { "junit", "errors=\"0\" skipped=\"1\"" },
        { "json", "\"state\": \"skipped\"" },
    };
    struct run run = RUN("run", lacking, CENSUS);

    cr_expect_eq(run.status, 5, "%d: %s", run.status, run.err);
    EXPECT_SAYS(run.err, "afterkill: " LACKS);
    run_release(&run);
    run = RUN("check", "--quick", lacking);
    cr_expect_eq(run.status, 5, "%d: %s", run.status, run.out);
    EXPECT_SAYS(run.out, "NO VERDICT: 1 scenario, 0 strategies");
    run_release(&run);
    for (size_t i = 0; i < ARRAY_SIZE(reports); i++) {
        run = RUN("check", "--quick", "--format", reports[i].format, met, lacking);
        cr_expect_eq(run.status, 0, "%s: %d: %s", reports[i].format, run.status, run.err);
        EXPECT_SAYS(run.out, reports[i].says);
        run_release(&run);
    }
    test_directory_remove(directory);
}

/* The scenarios of tests/scenarios/ about what not every server has, and what they need
 * last. */
static const struct {
    const char *scenario, *command;
    size_t strategies;
} later[] = {
    { "hash_fields", "HSETEX", 3 },
    { "hash_fields_renewed", "HGETEX", 4 },
    { "hash_fields_taken", "HGETDEL", 2 },
    { "vectors", "VSETATTR", 3 },
};

/* Who has what is needed last has what is needed first, too: it came earlier. */
Test(needs, fields_that_expire_and_vectors)
{
    for (size_t i = 0; i < ARRAY_SIZE(later); i++) {
        char *directory = test_directory();
        CLEANUP(mem_freep) char *path = test_scenario(later[i].scenario);
        bool has = test_server_has(directory, later[i].command);
        struct run run = RUN("check", "--trials", "40", path);
        CLEANUP(mem_freep)
        char *all = mem_printf("1 scenario, %zu strategies: %zu as expected, 0 not (",
                               later[i].strategies, later[i].strategies);

        cr_expect_eq(run.status, has ? 0 : 5, "%d: %s", run.status, run.out);
        EXPECT_SAYS(run.out, has ? all : "nothing was tried: it needs the command ");
        run_release(&run);
        test_directory_remove(directory);
    }
}
