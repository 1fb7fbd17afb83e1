/* programs_printed.c - what programs print that are not recorded is kept with the run,
 * and shown when they fail: of survivors, and of what makes the old state. */
#include "acted.h"
#include "kept.h"

#include <stdio.h>
#include <stdlib.h>

struct keeping {
    char *directory, *kept, *path;
    struct run run;
};

static struct keeping keep(const char *entries)
{
    struct keeping keeping = { .directory = test_directory() };

    keeping.path = acted_scenario(keeping.directory, entries);
    keeping.kept = mem_printf("%s/kept", keeping.directory);
    keeping.run = RUN("run", keeping.path, "-o", keeping.kept);
    cr_assert_eq(keeping.run.status, 0, "status %d: %s%s", keeping.run.status,
                 keeping.run.out, keeping.run.err);
    return keeping;
}

static void forget(struct keeping *keeping)
{
    run_release(&keeping->run);
    free(keeping->path);
    free(keeping->kept);
    test_directory_remove(keeping->directory);
}

#define LOCKS                                                                            \
    "strategies = { { name = 'p', expect = 'harm', command = actor('tcp', "              \
    "'say=SET lock 1', 'say=SET k 1', 'say=DEL lock') } }"
/* Fails where there is a lock. */
#define FAILS(printing)                                                                  \
    "recover = { actor('line=looking', 'tcp', 'say=GET k'), { 'sh', '-c', [[" printing   \
    "; test $(redis-cli -u $REDIS_URL exists lock) = 0 || exit 3]] } }, "

/* Of those that end well the first of each is kept, and of the others the first after
 * each death. */
Test(programs_printed, is_kept)
{
    struct keeping keeping = keep(
        "before = { command = actor('line=old', 'tcp', 'say=SET q 1') },"
        "alive = actor('tcp', 'say=GET k', 'line=alive')," FAILS("echo trying") LOCKS);
    CLEANUP(mem_freep)
    char *kept = kept_ask(
        keeping.kept,
        "SELECT group_concat(coalesce(strategy, '-') || ' ' || coalesce(point, '-') ||"
        " ' ' || killed || ' ' || what || ' ' || fate || ' ' || well || ' ' ||"
        " bytes || ' ' || replace(printed, char(10), '/'), '; ') FROM outputs"
        " WHERE command NOT LIKE 'sh %' OR NOT well");

    cr_expect_str_eq(kept,
                     "- - 0 before exited with status 0 1 4 old/; "
                     "0 - 0 recover exited with status 0 1 8 looking/; "
                     "0 - 0 alive exited with status 0 1 6 alive/; "
                     "0 1 0 recover exited with status 3 0 7 trying/; "
                     "0 2 0 recover exited with status 3 0 7 trying/; "
                     "0 1 1 recover exited with status 3 0 7 trying/",
                     "%s", kept);
    forget(&keeping);
}

Test(programs_printed, is_shown_when_they_fail)
{
    struct keeping keeping = keep(FAILS("echo one; echo two >&2") LOCKS);
    struct run text = RUN("report", keeping.kept);
    struct run full = RUN("report", "--full", keeping.kept);
    struct run json = RUN("report", keeping.kept, "--format", "json");
    const json_t *failures = json_object_get(json_strategy(&json, "p"), "failures");
    const json_t *first = json_array_get(failures, 0),
                 *last = json_array_get(failures, 2);

    EXPECT_SAYS(text.out, "p:1: `recover`, which is sh -c 'echo one; echo two >&2; test");
    EXPECT_SAYS(text.out,
                "|| exit 3', exited with status 3. It did so 2 times more, the last time "
                "at p:1, after a real kill. It printed:\n        one\n        two\n");
    cr_expect_str_eq(text.out, keeping.run.out, "%s\n%s", text.out, keeping.run.out);
    EXPECT_SAYS(full.out, "It printed:\n        one\n        two\n");
    cr_assert_eq(json_array_size(failures), 3);
    cr_expect_eq(json_integer_value(json_object_get(first, "point")), 1);
    cr_expect(json_is_false(json_object_get(first, "killed")));
    cr_expect(json_is_true(json_object_get(last, "killed")));
    cr_expect_str_eq(json_string_value(json_object_get(first, "survivor")), "recover");
    cr_expect_str_eq(json_string_value(json_object_get(first, "fate")),
                     "exited with status 3");
    cr_expect_str_eq(json_string_value(json_object_get(first, "printed")), "one\ntwo\n");
    cr_expect_eq(json_integer_value(json_object_get(first, "printed_bytes")), 8);
    run_release(&text);
    run_release(&full);
    run_release(&json);
    forget(&keeping);
}

/* Of much that is printed the beginning and the end, and how much is missing; and any
 * bytes. */
static const struct {
    const char *printing, *said, *kept;
} printings[] = {
    { "echo first; head -c 5000000 /dev/zero | tr '\\0' x; echo; echo last",
      "It printed:\n        first\n", "first\nx" },
    { "seq 1 30", "        4\n        5\n        [20 lines more]\n        26\n",
      "1\n2\n3\n" },
    { "printf '\\377\\033[31mred\\n'", "        \\xff\\x1b[31mred\n", NULL },
    { "true",
      "exited with status 3. It did so 2 times more, the last time at p:1, after "
      "a real kill. It printed nothing.\n",
      "" },
};

Test(programs_printed, whatever_it_is)
{
    for (size_t i = 0; i < ARRAY_SIZE(printings); i++) {
        CLEANUP(mem_freep)
        char *entries = mem_printf(FAILS("%s") LOCKS, printings[i].printing);
        struct keeping keeping = keep(entries);
        struct run json = RUN("report", keeping.kept, "--format", "json");
        const json_t *failure =
            json_array_get(json_object_get(json_strategy(&json, "p"), "failures"), 0);
        const char *printed = json_string_value(json_object_get(failure, "printed"));

        EXPECT_SAYS(keeping.run.out, printings[i].said);
        cr_assert_not_null(printed, "%s", json.out);
        cr_expect_leq(strlen(printed), 8192 + 80);
        if (printings[i].kept)
            cr_expect_eq(strncmp(printed, printings[i].kept, strlen(printings[i].kept)),
                         0, "%s", printed);
        if (i == 0) {
            EXPECT_SAYS(printed, "bytes are left out here]");
            cr_expect_str_eq(printed + strlen(printed) - 5, "last\n");
            cr_expect_eq(json_integer_value(json_object_get(failure, "printed_bytes")),
                         5000012);
        }
        run_release(&json);
        forget(&keeping);
    }
}

/* Workers in Lua have such survivors, too. */
Test(programs_printed, by_survivors_of_lua)
{
    struct keeping keeping = keep(
        FAILS("echo trying") "strategies = { { name = 'p', expect = 'harm', update = "
                             "'SET lock 1 | SET k 1 | DEL lock' } }");

    EXPECT_SAYS(keeping.run.out, "p:1: `recover`, which is sh -c 'echo trying; test");
    EXPECT_SAYS(keeping.run.out, "It did so 1 time more, the last time at p:2. It "
                                 "printed:\n        trying\n");
    forget(&keeping);
}
