/* longer.c - an update whose harm has the words that it had, and no end any more: seen
 * beside an earlier run, beside a baseline, and beside another strategy. */
#include "testlib.h"

#include <stdlib.h>

/* Of the time to live of a key that a death leaves. */
#define HARM(set)                                                                        \
    "return { tolerate = 10, strategies = { { name = 'old', expect = 'harm',\n"          \
    "  reference = true, update = '" set " | SET r 1 | DEL k' } } }\n"
#define PASSES(seconds)                                                                  \
    "return { strategies = { { name = 'old', expect = 'safe', reference = true,\n"       \
    "  update = 'SET k 1 EX " seconds " | SET r 1 | DEL k' } } }\n"

static const struct {
    const char *base, *new;
    int status;
    const char *says; /* NULL: nothing of how long */
} cases[] = {
    { HARM("SET k 1 EX 100"), HARM("SET k 1"), 1,
      "scenario/old regressed: a worker that dies after SET k 1 leaves it leaked for "
      "ever now, for 100 s before; harm lasts longer at 2 of 4 crash points" },
    { HARM("SET k 1 EX 100"), HARM("SET k 1 EX 86400"), 1,
      "leaked for 24 h now, for 100 s before" },
    { HARM("SET k 1 EX 100"), HARM("SET k 1 EX 105"), 0, NULL },
    { HARM("SET k 1"), HARM("SET k 1 EX 100"), 0, NULL },
    { PASSES("600"), PASSES("43200"), 0,
      "nothing got worse that these runs can show, but passing harm of old lasts longer "
      "at 2 of 4 crash points: after SET k 1 EX 43200 for 12 h now, for 10 min before" },
};

static void check(const struct run *run, size_t i)
{
    cr_expect_eq(run->status, cases[i].status, "case %zu: %d\n%s%s", i, run->status,
                 run->out, run->err);
    if (cases[i].says)
        EXPECT_SAYS(run->out, cases[i].says);
    else
        cr_expect(!says(run->out, "lasts longer"), "%s", run->out);
}

static char *kept(const char *directory, const char *name, const char *text)
{
    CLEANUP(mem_freep) char *path = test_file(directory, "scenario.lua", text);
    char *into = mem_printf("%s/%s", directory, name);
    struct run run = RUN("run", path, CENSUS, "-o", into);

    cr_assert_eq(run.status, 0, "%s%s", run.out, run.err);
    run_release(&run);
    return into;
}

Test(longer, than_in_an_earlier_run)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *directory = test_directory();
        CLEANUP(mem_freep) char *base = kept(directory, "base", cases[i].base);
        CLEANUP(mem_freep) char *new = kept(directory, "new", cases[i].new);
        CLEANUP(mem_freep) char *file = mem_printf("%s/base.json", directory);
        CLEANUP(mem_freep) char *path = mem_printf("%s/scenario.lua", directory);
        struct run run = RUN("compare", base, new);

        check(&run, i);
        run_release(&run);
        run = RUN("baseline", "save", base, file);
        cr_assert_eq(run.status, 0, "%s", run.err);
        run_release(&run);
        run = RUN("run", path, CENSUS, "--no-store", "--baseline", file);
        check(&run, i);
        run_release(&run);
        test_directory_remove(directory);
    }
}

/* What is harm, and when it is looked at, is not to change unseen between two runs. */
Test(longer, than_is_tolerated)
{
    static const struct {
        const char *lines, *says; /* NULL: nothing */
    } rows[] = {
        { "tolerate = 10", NULL },
        { "tolerate = 1000", "NOT ALIKE: tolerate: 10 s in the base, 1000 s in the new" },
        { "tolerate = 10, recover_after = 2",
          "NOT ALIKE: recover_after: 0 s in the base, 2 s in the new run" },
        { "params = { t = 10 }, tolerate = 't', moments = { 90, 't' }",
          "NOT ALIKE: moments: none in the base, 10,90 s in the new run" },
        { "noop = false",
          "NOT ALIKE: tolerate: 10 s in the base, whatever ends in the " },
    };
    char *directory = test_directory();
    CLEANUP(mem_freep) char *base = kept(directory, "base", HARM("SET k 1 EX 100"));
    CLEANUP(mem_freep) char *file = mem_printf("%s/base.json", directory);
    struct run run = RUN("baseline", "save", base, file);

    cr_assert_eq(run.status, 0, "%s", run.err);
    run_release(&run);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(mem_freep) char *name = mem_printf("new%zu", i);
        CLEANUP(mem_freep)
        char *text = mem_printf("return { %s, strategies = { { name = 'old',\n"
                                "  update = 'SET k 1 EX 100 | SET r 1 | DEL k' } } }\n",
                                rows[i].lines);
        CLEANUP(mem_freep) char *new = kept(directory, name, text);

        for (int kind = 0; kind < 2; kind++) {
            run = RUN("compare", kind ? file : base, new);
            if (rows[i].says)
                EXPECT_SAYS(run.out, rows[i].says);
            else
                cr_expect(!says(run.out, "ALIKE: tol"), "%s", run.out);
            run_release(&run);
        }
    }
    test_directory_remove(directory);
}

Test(longer, than_another_strategy)
{
    static const char text[] =
        "return { tolerate = 10, strategies = {\n"
        "  { name = 'long', update = 'SET k 1 EX 43200 | SET r 1 | DEL k' },\n"
        "  { name = 'short', update = 'SET k 1 EX 30 | SET r 1 | DEL k' } } }\n";
    char *directory = test_directory();
    CLEANUP(mem_freep) char *run = kept(directory, "run", text);
    struct run pairs = RUN("compare", run);

    cr_expect_eq(pairs.status, 0, "%s", pairs.err);
    EXPECT_SAYS(pairs.out, "better: ends sooner");
    EXPECT_SAYS(pairs.out, "short beside long: its harm lasts less long (for up to 30 s) "
                           "than that of long (for up to 12 h)");
    run_release(&pairs);
    test_directory_remove(directory);
}
