/* programs_line.c - afterkill run -- COMMAND..: a program without a scenario. */
#include "acted.h"

#include <stdlib.h>
#include <unistd.h>

static const char *actor(void)
{
    const char *path = getenv("ACTOR");

    cr_assert_not_null(path, "ACTOR is not set; run the tests with meson test");
    return path;
}
#define LINE(...) RUN("run", "--no-store", "--", actor(), __VA_ARGS__)

Test(programs_line, is_safe_or_not)
{
    char *directory = test_directory();
    struct run safe = LINE("tcp", "say=SET k 1 EX 60", "exit=0");
    struct run leaks = LINE("unix", "say=INCR k", "say=EXPIRE k 60");

    cr_expect_eq(safe.status, 0, "status %d: %s%s", safe.status, safe.out, safe.err);
    EXPECT_SAYS(safe.out,
                "program, a program: 1 command on 1 connection leaves 2 states.");
    cr_expect_eq(leaks.status, 1, "status %d: %s%s", leaks.status, leaks.out, leaks.err);
    EXPECT_SAYS(leaks.out, "program:1, leaked, is proved by 2 real kills.");
    EXPECT_SAYS(leaks.out, "program was expected to be safe");
    /* What is tested is told as one would type it. */
    EXPECT_SAYS(leaks.out, "actor unix 'say=INCR k' 'say=EXPIRE k 60'");
    run_release(&safe);
    run_release(&leaks);
    test_directory_remove(directory);
}

/* Options behind the -- are the program's, whatever they look like. */
Test(programs_line, takes_all_words_behind_it)
{
    char *directory = test_directory();
    CLEANUP(mem_freep) char *script = mem_printf("%s \"$@\" 'say=SET k 1'", actor());
    struct run run = RUN("run", "--no-store", "--format", "json", "--", "sh", "-c",
                         script, "--trials", "tcp", "say=SET --help 1");
    const json_t *strategy = json_strategy(&run, "program");

    cr_expect_eq(run.status, 1, "status %d: %s", run.status, run.err);
    cr_expect_eq(json_integer_value(json_object_get(strategy, "commands")), 2);
    run_release(&run);
    test_directory_remove(directory);
}

static const struct {
    const char *words[12];
    const char *said[3];
} mistakes[] = {
    { { "run", "--" }, { "which command? As in: afterkill run -- node add.js" } },
    { { "run", "sidekiq_busy", "--", "true" },
      { "a scenario ('sidekiq_busy') and a command behind --; give one of them" } },
    { { "run", "--", "no-such-program" },
      { "start 'no-such-program': No such file or directory" } },
    { { "run", "--", "/" }, { "start '/': Permission denied" } },
    { { "run", "--", "true" },
      { "true: ended without connecting to the Redis that it was offered as REDIS_URL, "
        "as "
        "REDIS_HOST with REDIS_PORT, and as REDIS_SOCKET",
        "env = { BROKER = \"{url}\" }" } },
    { { "run", "--", "sh", "-c", "echo cannot find my config; exit 3" },
      { "exited with status 3; it printed:", "cannot find my config" } },
    { { "run", "--", "sh", "-c", "echo never mind; kill -11 $$" },
      { "died by signal 11 (Segmentation fault); it printed:", "never mind" } },
    { { "run", "--", "sh", "-c", "exit 4" },
      { "the command 'sh': strategy 'program'",
        "exited with status 4; it printed nothing" } },
    { { "run", "--set", "jobs=1", "--", "true" },
      { "the command 'true' has no parameter 'jobs'" } },
    { { "run", "--trials", "100", "--", "true" },
      { "the command 'true': the census of programs is taken",
        "rates of them are not measured yet: leave out --trials" } },
    { { "run", "--fault", "byte", "--", "true" }, { "are not measured yet" } },
    { { "run", "--prove", "some", "--", "true" },
      { "--prove 'some': expected a whole number, all or every" } },
};

Test(programs_line, says_what_is_wrong)
{
    char *directory = test_directory();

    for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
        struct run run = run_afterkill(mistakes[i].words);

        expect_mistake(&run, mistakes[i].said, ARRAY_SIZE(mistakes[i].said));
        cr_expect_null(strstr(run.err, "/dev/stdin"), "nobody wrote this: %s", run.err);
        cr_expect_eq(test_directory_entries(directory), 0, "leftovers in TMPDIR");
        run_release(&run);
    }
    test_directory_remove(directory);
}

/* One that reads changes nothing that could be interrupted. */
Test(programs_line, that_writes_nothing)
{
    char *directory = test_directory();
    struct run run = LINE("tcp", "say=GET k");

    cr_expect_eq(run.status, 2, "status %d: %s%s", run.status, run.out, run.err);
    EXPECT_SAYS(run.err,
                "nothing was tested: its update changes nothing in the database");
    run_release(&run);
    test_directory_remove(directory);
}

/* Of 50 MB that somebody prints the end is kept for messages, and nobody waits for it to
 * be read. */
Test(programs_line, that_says_much)
{
    char *directory = test_directory();
    struct run run = LINE("print=50000000", "tcp", "say=SET k 1 EX 60", "print=50000000");
    struct run fails = LINE("tcp", "print=50000000", "line=at last", "exit=9");

    cr_expect_eq(run.status, 0, "status %d: %s%s", run.status, run.out, run.err);
    cr_expect_lt(strlen(run.out) + strlen(run.err), 10000);
    cr_expect_eq(fails.status, 2, "status %d: %s", fails.status, fails.err);
    EXPECT_SAYS(fails.err, "exited with status 9; it printed:");
    EXPECT_SAYS(fails.err, "at last");
    cr_expect_lt(strlen(fails.err), 2000);
    run_release(&run);
    run_release(&fails);
    test_directory_remove(directory);
}

/* What is kept of it can be told again; it is called what its file is called. */
Test(programs_line, is_kept)
{
    char *directory = test_directory();
    CLEANUP(mem_freep) char *kept = mem_printf("%s/kept", directory);
    struct run run =
        RUN("run", "-o", kept, "--", actor(), "tcp", "say=INCR k", "say=EXPIRE k 60");
    struct run told = RUN("report", kept);

    cr_expect_eq(run.status, 1, "status %d: %s", run.status, run.err);
    cr_expect_eq(strncmp(run.out, "actor ", 6), 0, "%s", run.out);
    cr_expect_str_eq(told.out, run.out, "%s\n%s", told.out, run.out);
    run_release(&run);
    run_release(&told);
    test_directory_remove(directory);
}

/* Reports print the name, and directories are called by it. */
Test(programs_line, has_a_printable_name)
{
    char *directory = test_directory();
    CLEANUP(mem_freep) char *path = mem_printf("%s/a\tb", directory);
    CLEANUP(mem_freep) char *kept = mem_printf("%s/kept", directory);
    struct run run, told;

    cr_assert_eq(symlink(actor(), path), 0);
    run = RUN("run", "-o", kept, "--", path, "tcp", "say=INCR k", "say=EXPIRE k 60");
    told = RUN("report", kept);
    cr_expect_eq(run.status, 1, "status %d: %s", run.status, run.err);
    cr_expect_eq(strncmp(run.out, "a\\x09b ", 7), 0, "%s", run.out);
    cr_expect_str_eq(told.out, run.out, "%s\n%s", told.err, run.out);
    run_release(&run);
    run_release(&told);
    test_directory_remove(directory);
}
