/* store.c - runs that are kept: told again as they were, gone on with after any death,
 * and files that are not what they should be.
 *
 * Where a kill lands is the machine's business, so two runs of one seed differ in what
 * their kills found. Compared is all that no chance is in: which trials there are and
 * which strategy each is of, every count of the census, attempts; and that what was in
 * the file when somebody was killed is in it afterwards, row by row. */
#include "handmade.h"
#include "kept.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"
#include "plan/plan.h"
#include "store/write.h"

#define KILLS UNLESS_SANITIZED(50, 20)
#define TRIALS "100" /* of a run that is killed */

/* A run of a scenario of tests/scenarios/ that is kept in the directory. */
static struct run keep_of(const char *lanes, const char *name, const char *directory,
                          const char *trials)
{
    char *path = test_scenario(name);
    struct run run = RUN("run", path, "--trials", trials, "--seed", "7", "--lanes", lanes,
                         "--format", "json", "-o", directory);

    free(path);
    return run;
}

/* Where it does not matter whose rows they are, which costs half of it. */
static struct run keep(const char *name, const char *directory, const char *trials)
{
    return keep_of("1", name, directory, trials);
}

/* The report of a kept run is, byte for byte, what the run itself said. */
Test(store, a_kept_run_is_told_again)
{
    static const struct {
        const char *name, *lanes, *trials;
    } scenarios[] = {
        { "mixed", "2", "30" },
        { "stuck", "1", "30" },
        { "uncrashed", "1", "30" },
        { "types", "1", "5" },
    };
    char *directory = test_directory();

    for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++) {
        char *kept = mem_printf("%s/%s", directory, scenarios[i].name);
        struct run run =
            keep_of(scenarios[i].lanes, scenarios[i].name, kept, scenarios[i].trials);
        char *text = kept_text(kept, "report.txt");
        struct run again = RUN("report", kept, "--format", "json");
        struct run points = RUN("report", kept, "--points");

        cr_expect_eq(again.status, run.status, "%s", again.err);
        cr_expect_str_eq(again.out, run.out);
        cr_expect_str_eq(points.out, text);
        EXPECT_SILENT(again.err);
        run_release(&run);
        run_release(&again);
        run_release(&points);
        free(text);
        free(kept);
    }
    test_directory_remove(directory);
}

/* A run without -o is kept all the same, and `latest` points to it. */
Test(store, runs_are_kept_by_default)
{
    char *directory = test_directory();
    char *path = test_scenario("gap");
    char *latest = mem_printf("%s.results/latest", directory);
    char *results = mem_printf("%s.results", directory);
    struct run run = RUN("run", path, "--trials", "5", "--lanes", "1", "--full"), report,
               none;

    cr_expect_eq(run.status, 0, "%s", run.err);
    report = RUN("report", latest, "--full");
    cr_expect_str_eq(report.out, run.out);
    none = RUN("run", path, "--trials", "0", "--lanes", "1", "--no-store");
    cr_expect_eq(none.status, 0, "%s", none.err);
    cr_expect_eq(test_directory_entries(results), 2, "the run, and the link");
    run_release(&run);
    run_release(&report);
    run_release(&none);
    free(path);
    free(latest);
    free(results);
    test_directory_remove(directory);
}

/* Lets a run go on for so long (-1: to its end), then kills it; does nothing to one that
 * ends before. */
static bool kill_after(struct live_run *live, int ms)
{
    struct pollfd ended = { .fd = live->out_fd, .events = POLLIN };
    struct run run;
    bool killed = poll(&ended, 1, ms) == 0;

    if (killed)
        kill(live->pid, SIGKILL);
    run = run_finish(live);
    cr_expect(killed ? run.status == 128 + SIGKILL || run.status == 0 : run.status == 0,
              "status %d: %s", run.status, run.err);
    killed = run.status != 0;
    run_release(&run);
    return killed;
}

/* Whatever was committed is there after going on: kept in a table of the test's own. */
static void remember(const char *directory)
{
    free(kept_ask(directory, "DROP TABLE IF EXISTS seen"));
    free(kept_ask(directory, "CREATE TABLE seen AS SELECT * FROM trials"));
}

static void expect_remembered(const char *directory)
{
    cr_expect_eq(kept_number(directory, "SELECT count(*) FROM (SELECT * FROM seen EXCEPT "
                                        "SELECT * FROM trials)"),
                 0, "trials are gone or have changed");
}

static void expect_same_but_for_chance(const char *directory, const struct run *whole,
                                       uint64_t attempts)
{
    struct run run = RUN("report", directory, "--format", "json");
    size_t strategies = json_array_size(json_object_get(run.json, "strategies"));
    struct plan plan = { 7, strategies, attempts };
    char *of, *at;
    json_t *strategy;
    size_t i;

    cr_assert_not_null(run.json, "%s", run.err);
    json_array_foreach (json_object_get(run.json, "strategies"), i, strategy) {
        json_t *other =
            json_strategy(whole, json_string_value(json_object_get(strategy, "name")));

        cr_expect(json_equal(json_object_get(strategy, "census"),
                             json_object_get(other, "census")));
        cr_expect(json_equal(json_object_get(strategy, "bytes_census"),
                             json_object_get(other, "bytes_census")));
        cr_expect_eq(json_count(strategy, "kills", "requested"),
                     json_count(other, "kills", "requested"));
        cr_expect_eq(json_count(strategy, "kills", "valid") +
                         json_count(strategy, "kills", "missed") +
                         json_count(strategy, "kills", "early") +
                         json_count(strategy, "kills", "timeouts") +
                         json_count(strategy, "kills", "errors") +
                         json_count(strategy, "kills", "disturbed"),
                     (long long)attempts);
    }
    of = at = kept_ask(directory, "SELECT group_concat(number || ' ' || strategy || "
                                  "char(10), '') FROM (SELECT * FROM trials ORDER BY "
                                  "number)");
    for (uint64_t t = 0; t < plan_trials(&plan); t++) {
        unsigned long long number = strtoull(at, &at, 10);
        unsigned long long strategy_of = strtoull(at, &at, 10);

        cr_expect(number == t && strategy_of == plan_trial(&plan, t).strategy,
                  "trial %llu: %llu is of %llu", (unsigned long long)t, number,
                  strategy_of);
    }
    free(of);
    cr_expect_eq(kept_number(directory, "SELECT count(*) FROM trials"),
                 (long long)plan_trials(&plan));
    run_release(&run);
}

/* SIGKILL at random moments, again and again, until the run has ended by itself; as often
 * as it takes to have been killed KILLS times. Moments are drawn of what a run takes on
 * this machine as it is now: of its first half to begin with, then of more and more, or a
 * slow machine never comes to an end; and nobody is killed once there were enough. */
Test(store, goes_on_after_any_death)
{
    char *directory = test_directory();
    char *path = test_scenario("mixed");
    char *reference = mem_printf("%s/reference", directory);
    uint64_t usual_ms, begun_ns = clock_now_ns();
    struct run whole = RUN("run", path, "--trials", TRIALS, "--seed", "7", "--fault",
                           "kill,step,byte", "--format", "json", "-o", reference);
    unsigned killed = 0;

    usual_ms = (clock_now_ns() - begun_ns) / NSEC_PER_MSEC;
    processes_adopt();
    for (unsigned round = 0; killed < KILLS; round++) {
        char *kept = mem_printf("%s/%u", directory, round);
        bool again = true, remembered = false;

        for (unsigned i = 0; again; i++) {
            int ms = killed < KILLS
                         ? 20 + (int)rng_below(usual_ms * (i + 2) / 4 + 1, 1, round, i)
                         : -1;
            struct live_run live =
                START("run", path, "--trials", TRIALS, "--seed", "7", "--fault",
                      "kill,step,byte", "--now", "1700000000", "--lanes",
                      round % 2 ? "1" : "2", "--resume", kept);

            again = kill_after(&live, ms);
            processes_wait(); /* lanes and servers die with it, a moment later */
            killed += again;
            if (!again || !kept_has_begun(kept))
                continue;
            if (remembered)
                expect_remembered(kept);
            remember(kept);
            remembered = true;
        }
        expect_same_but_for_chance(kept, &whole, strtoull(TRIALS, NULL, 10));
        free(kept);
    }
    run_release(&whole);
    free(reference);
    free(path);
    test_directory_remove(directory);
}

/* Does the journal undo nothing? Then all that is in the file has been committed. */
static bool is_void(const char *journal)
{
    FILE *file = fopen(journal, "r");
    int first = file ? fgetc(file) : EOF;

    if (file)
        fclose(file);
    return first == EOF || first == 0;
}

/* Waits until a run has committed trials. That they are in the file is not enough: who is
 * killed before the disk has them all has not committed them. */
static void wait_for_commit(const struct live_run *live, const char *directory)
{
    CLEANUP(mem_freep) char *journal = mem_printf("%s/run.sqlite-journal", directory);

    while (!kept_number_so_far(directory, "SELECT count(*) FROM trials"))
        cr_assert(run_let(live, 10 * NSEC_PER_MSEC));
    while (!is_void(journal))
        cr_assert(run_let(live, NSEC_PER_MSEC));
}

/* Ends a run by the signal that has committed some of its trials; it is finished later.
 */
static void expect_to_go_on_after(int number, int status)
{
    char *directory = test_directory();
    char *kept = mem_printf("%s/kept", directory);
    char *path = test_scenario("mixed");
    struct live_run live = START("run", path, ENDLESS, "--lanes", "1", "--seed", "7",
                                 "--time", "10000s", "-o", kept);
    struct run run, again;
    long long before;

    processes_adopt();
    cr_assert(run_wait_for(&live, "kills"));
    wait_for_commit(&live, kept);
    kill(live.pid, number);
    run = run_finish(&live);
    cr_expect_eq(run.status, status, "status %d: %s", run.status, run.err);
    if (status == 130)
        EXPECT_SAYS(run.out, "INCOMPLETE");
    processes_wait();
    before = kept_number(kept, "SELECT count(*) FROM trials");
    cr_expect_gt(before, 0);
    remember(kept);
    kept_plan_time(
        kept,
        kept_number(kept, "SELECT value FROM run WHERE name = 'seconds.kills'") + 2);
    again = RUN("run", "--resume", kept);
    cr_expect_eq(again.status, 0, "%s", again.err);
    cr_expect_gt(kept_number(kept, "SELECT count(*) FROM trials"), before);
    expect_remembered(kept);
    run_release(&run);
    run_release(&again);
    free(kept);
    free(path);
    test_directory_remove(directory);
}

/* A run that somebody stopped says so, and keeps what it has. */
Test(store, goes_on_after_a_signal)
{
    expect_to_go_on_after(SIGTERM, 130);
}

/* The same if nobody could say anything. */
Test(store, goes_on_after_a_death_among_kills)
{
    expect_to_go_on_after(SIGKILL, 128 + SIGKILL);
}

/* What was asked for must be what is asked for now. */
Test(store, another_run_is_not_gone_on_with)
{
    static const char text[] = "return { params = { n = 1 }, strategies = { {\n"
                               "  name = 'one', update = function(redis, p)\n"
                               "    redis.call('SET', 'a', p.n)\n"
                               "  end } } }\n";
    static const char changed[] = "return { params = { n = 1 }, strategies = { {\n"
                                  "  name = 'one', update = function(redis, p)\n"
                                  "    redis.call('SET', 'b', p.n)\n"
                                  "  end } } }\n";
    static const struct {
        const char *option, *value, *says;
    } rows[] = {
        { "--seed", "2", "seed: 1 in the run, 2 now" },
        { "--trials", "9", "trials: 5 in the run, 9 now" },
        { "--set", "n=2", "set n: 1 in the run, 2 now" },
        { "--confidence", "0.9", "confidence: 0.95 in the run, 0.9 now" },
        { "--shard", "1/2", "shard: 1/1 in the run, 1/2 now" },
    };
    char *directory = test_directory();
    char *kept = mem_printf("%s/kept", directory);
    char *path = test_file(directory, "one.lua", text);
    struct run run = RUN("run", path, "--trials", "5", "--lanes", "1", "-o", kept);

    cr_expect_eq(run.status, 0, "%s", run.err);
    run_release(&run);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        run = RUN("run", "--resume", kept, rows[i].option, rows[i].value);
        cr_expect_eq(run.status, 2, "%s: %s", rows[i].option, run.err);
        EXPECT_SAYS(run.err, rows[i].says);
        run_release(&run);
    }
    free(path);
    path = test_file(directory, "one.lua", changed);
    run = RUN("run", "--resume", kept);
    cr_expect_eq(run.status, 2, "%s", run.err);
    EXPECT_SAYS(run.err,
                "line 3 of the scenario: 'redis.call('SET', 'a', p.n)' in the run, "
                "'redis.call('SET', 'b', p.n)' now");
    run_release(&run);
    free(path);
    free(kept);
    test_directory_remove(directory);
}

/* Only one may write; who comes second is told so, and what the first does is not hurt.
 */
Test(store, two_cannot_write_to_one)
{
    char *directory = test_directory();
    char *kept = mem_printf("%s/kept", directory);
    char *path = test_scenario("mixed");
    struct live_run live = START("run", path, ENDLESS, "--lanes", "1", "-o", kept);
    struct run run;

    cr_assert(run_wait_for(&live, "kills"));
    run = RUN("run", "--resume", kept);
    cr_expect_eq(run.status, 4, "%s", run.err);
    EXPECT_SAYS(run.err, "another afterkill is writing to it");
    run_release(&run);
    run = RUN("run", path, "-o", kept);
    cr_expect_eq(run.status, 4, "%s", run.err);
    EXPECT_SAYS(run.err, "another afterkill is writing to it");
    run_release(&run);
    run = RUN("report", kept);
    cr_expect_eq(run.status, 4, "%s", run.err);
    EXPECT_SAYS(run.err, "another afterkill is writing to it");
    run_release(&run);
    kill(live.pid, SIGINT);
    run = run_finish(&live);
    cr_expect_eq(run.status, 130, "%s", run.err);
    run_release(&run);
    free(path);
    free(kept);
    test_directory_remove(directory);
}

/* Of many that begin in one directory in the same instant exactly one runs, and what it
 * keeps is its own. */
Test(store, of_many_in_one_directory_one_runs)
{
    char *directory = test_directory();
    char *kept = mem_printf("%s/kept", directory);
    char *path = test_scenario("mixed");
    struct live_run all[20];
    unsigned done = 0;
    struct run run;

    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        all[i] = START("run", path, "--trials", "5", "--lanes", "1", "-o", kept);
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        run = run_finish(&all[i]);
        cr_expect(run.status == 0 || run.status == 4, "%s", run.err);
        cr_expect(run.status == 0 ||
                      says(run.err, "another afterkill is writing to it") ||
                      says(run.err, "is there already, and is left as it is"),
                  "%s", run.err);
        done += run.status == 0;
        run_release(&run);
    }
    cr_expect_eq(done, 1, "%u of them ran", done);
    run = RUN("report", kept);
    cr_expect_eq(run.status, 0, "%s", run.err);
    run_release(&run);
    free(path);
    free(kept);
    test_directory_remove(directory);
}

/* Also if it is none that the parameter takes, and however long the line is. */
Test(store, wrong_secrets_are_not_told)
{
    char *directory = test_directory();
    CLEANUP(mem_freep) char *zeros = mem_printf("redis://me:hunter22%01100d@h", 0);
    CLEANUP(mem_freep)
    char *path = test_file(directory, "secret.lua",
                           "return { params = { passwords = 1, auth = true },\n"
                           "strategies = { { name = 'a', update = 'SET k 1' } } }\n");
    const char *const wrong[][2] = { { "--set", "passwords=hunter22" },
                                     { "--set", "auth=hunter22" },
                                     { "--sweep", "passwords=hunter22,hunter23" },
                                     { "--trials", zeros } };

    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct run run = RUN("run", path, "--no-store", wrong[i][0], wrong[i][1]);

        cr_expect_eq(run.status, 2, "%zu: %d", i, run.status);
        cr_expect(*run.err);
        cr_expect_null(strstr(run.err, "hunter"), "%s", run.err);
        run_release(&run);
    }
    test_directory_remove(directory);
}

/* What is given to a parameter that is called a secret is neither told nor kept; what
 * needs it afterwards asks for it. */
Test(store, secrets_are_not_kept)
{
    static const char *const files[] = { "run.sqlite", "run.json", "report.txt" };
    char *directory = test_directory();
    char *kept = mem_printf("%s/kept", directory);
    char *path =
        test_file(directory, "secret.lua",
                  "return { title = 't', params = { password = '', tokens = 3 },\n"
                  "strategies = { { name = 'a', expect = 'leaked',\n"
                  "update = function(redis, p)\n"
                  "  if p.password ~= 'hunter2' then error('not let in') end\n"
                  "  redis.call('INCR', 'k') redis.call('EXPIRE', 'k', 60)\n"
                  "end } } }\n");
    struct run run = RUN("run", path, "--trials", "0", "--lanes", "1", "-o", kept,
                         "--set", "password=hunter2", "--set", "tokens=7");

    cr_expect_eq(run.status, 0, "%s", run.err);
    EXPECT_SAYS(run.out, "password=***");
    EXPECT_SAYS(run.out, "tokens=7");
    run_release(&run);
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        CLEANUP(mem_freep) char *name = mem_printf("kept/%s", files[i]);
        CLEANUP(mem_freep) char *file = mem_printf("%s/%s", directory, name);
        FILE *in = fopen(file, "re");
        CLEANUP(mem_freep) char *bytes = mem_alloc(1 << 20);
        size_t size;

        cr_assert_not_null(in, "%s", file);
        size = fread(bytes, 1, 1 << 20, in);
        fclose(in);
        cr_expect_null(
            memmem(bytes, size, "password=hunter2", strlen("password=hunter2")), "%s",
            files[i]);
        cr_expect_null(memmem(bytes, size, "\"hunter2", strlen("\"hunter2")), "%s",
                       files[i]);
    }
    cr_expect_eq(kept_number(kept, "SELECT count(*) FROM parameters WHERE value LIKE"
                                   " '%hunter%'"),
                 0);
    run = RUN("replay", kept, "a:1");
    cr_expect_eq(run.status, 2, "%s", run.err);
    EXPECT_SAYS(run.err, "give it again, by --set password=..");
    run_release(&run);
    run = RUN("replay", kept, "a:1", "--set", "password=hunter2");
    cr_expect_eq(run.status, 0, "%s", run.err);
    run_release(&run);
    cr_assert_eq(setenv("password", "hunter2", 1), 0);
    run = RUN("replay", kept, "a:1", "--set", "password");
    cr_expect_eq(run.status, 0, "%s", run.err);
    run_release(&run);
    unsetenv("password");
    run = RUN("replay", kept, "a:1", "--set", "password");
    cr_expect_eq(run.status, 2, "%s", run.err);
    EXPECT_SAYS(run.err, "or as NAME alone if the environment has it");
    run_release(&run);
    run = RUN("replay", kept, "a:1", "--set", "tokens=8");
    cr_expect_eq(run.status, 2, "%s", run.err);
    EXPECT_SAYS(run.err, "only what was not kept, because it is a secret");
    run_release(&run);
    run = RUN("run", path, "--sweep", "password=a,b", "--no-store");
    cr_expect_eq(run.status, 2, "%s", run.err);
    EXPECT_SAYS(run.err, "says that it is a secret");
    run_release(&run);
    free(path);
    free(kept);
    test_directory_remove(directory);
}

/* Whether they were the same is kept nowhere, and not taken for granted. */
Test(store, secrets_of_shards_are_not_compared)
{
    char *directory = test_directory();
    char *first = mem_printf("%s/1", directory), *second = mem_printf("%s/2", directory);
    char *merged = mem_printf("%s/merged", directory);
    char *path = test_file(directory, "secret.lua",
                           "return { title = 't', params = { password = '' },\n"
                           "strategies = { { name = 'a', expect = 'leaked',\n"
                           "update = function(redis, p)\n"
                           "  redis.call('INCR', 'k') redis.call('EXPIRE', 'k', 60)\n"
                           "end } } }\n");
    struct run run = RUN("run", path, "--trials", "10", "--lanes", "1", "-o", first,
                         "--shard", "1/2", "--set", "password=one");

    cr_expect_eq(run.status, 0, "%s", run.err);
    run_release(&run);
    run = RUN("run", path, "--trials", "10", "--lanes", "1", "-o", second, "--shard",
              "2/2", "--set", "password=two");
    cr_expect_eq(run.status, 0, "%s", run.err);
    run_release(&run);
    run = RUN("merge", "-o", merged, first, second);
    EXPECT_SAYS(run.err, "nothing is kept of the parameter 'password'");
    EXPECT_SAYS(run.err, "that all shards had the same cannot be seen");
    run_release(&run);
    free(first), free(second), free(merged), free(path);
    test_directory_remove(directory);
}

/* A kept run may be anybody's: what it calls things must not speak to a terminal, nor
 * begin a line that looks like one of ours. */
Test(store, says_nothing_of_its_own_to_a_terminal)
{
    static const char *const formats[] = { "text", "json", "html",  "markdown",
                                           "csv",  "tap",  "junit", "github" };
    char *directory = test_directory();
    char *kept = mem_printf("%s/kept", directory);
    struct run run = RUN("run", "sidekiq_busy", "--trials", "10", "--lanes", "1",
                         "--strategy", "per-field", "-o", kept);

    cr_expect_eq(run.status, 0, "%s", run.err);
    run_release(&run);
    kept_change(kept,
                "UPDATE run SET value = 'x' || char(27) || '[31m' || char(10) || 'PASS'"
                " WHERE name IN ('title', 'source', 'server', 'turns');"
                "UPDATE parameters SET value = 'x' || char(27) || char(10) || 'PASS';"
                "UPDATE strategies SET name = 'x' || char(27) || char(10) || 'PASS',"
                " about = 'x' || char(155) || char(10) || 'PASS';"
                "UPDATE commands SET name = name || char(27), label = label || char(27);"
                "UPDATE points SET example = 'x' || char(27);");
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
        run = RUN("report", kept, "--points", "--format", formats[i]);
        cr_expect_null(strchr(run.out, 27), "%s: %s", formats[i], run.out);
        cr_expect_null(strstr(run.out, "\xc2\x9b"), "%s: %s", formats[i], run.out);
        cr_expect_null(strstr(run.out, "\nPASS\n"), "%s: %s", formats[i], run.out);
        cr_expect_null(strchr(run.err, 27), "%s: %s", formats[i], run.err);
        cr_expect(*run.out, "%s: %s", formats[i], run.err);
        run_release(&run);
    }
    free(kept);
    test_directory_remove(directory);
}

/* What any user of the machine can read of it. */
static void expect_no_line_says(pid_t pid, const char *secret)
{
    CLEANUP(mem_freep) char *path = mem_printf("/proc/%ld/cmdline", (long)pid);
    FILE *in = fopen(path, "re");
    char line[4096];
    size_t size;

    cr_assert_not_null(in, "%s", path);
    size = fread(line, 1, sizeof(line), in);
    fclose(in);
    cr_assert_gt(size, 0);
    cr_expect_null(memmem(line, size, secret, strlen(secret)), "of %ld", (long)pid);
}

Test(store, secrets_are_not_in_command_lines)
{
    static const char *const given[] = { "password=hunter2", "password" };
    char *directory = test_directory();
    char *path = test_file(directory, "secret.lua",
                           "return { title = 't', params = { password = '' },\n"
                           "strategies = { { name = 'a', expect = 'leaked',\n"
                           "update = function(redis, p)\n"
                           "  if p.password ~= 'hunter2' then error('not let in') end\n"
                           "  redis.call('INCR', 'k') redis.call('EXPIRE', 'k', 60)\n"
                           "end } } }\n");

    cr_assert_eq(setenv("password", "hunter2", 1), 0);
    for (size_t i = 0; i < ARRAY_SIZE(given); i++) {
        struct live_run live =
            START("run", path, ENDLESS, "--lanes", "1", "--no-store", "--set", given[i]);
        struct run run;

        cr_assert(run_wait_for(&live, "kills"));
        expect_no_line_says(live.pid, "hunter2");
        expect_no_line_says(process_child(live.pid, "afterkill"), "hunter2");
        kill(live.pid, SIGINT);
        run = run_finish(&live);
        cr_expect_eq(run.status, 130, "%s", run.err);
        run_release(&run);
    }
    unsetenv("password");
    free(path);
    test_directory_remove(directory);
}

/* Every command that reads a run says the same of what is none. */
static void expect_refused(const char *directory, int status, const char *words)
{
    static const char *const commands[] = { "report", "merge" };

    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        struct run run = RUN(commands[i], directory);

        cr_expect_eq(run.status, status, "%s: status %d: %s", commands[i], run.status,
                     run.err);
        EXPECT_SAYS(run.err, words);
        EXPECT_SILENT(run.out);
        run_release(&run);
    }
}

Test(store, files_that_are_no_runs)
{
    static const char *const garbage[] = { "x", "SQLite format 3", "return {}\n" };
    char *directory = test_directory();
    char *kept = mem_printf("%s/kept", directory);
    char *bad = mem_printf("%s/bad", directory);
    struct run run = keep("mixed", kept, "50");
    char *path = mem_printf("%s/run.sqlite", kept);
    char bytes[1 << 20];
    FILE *file = fopen(path, "re");
    size_t count;

    run_release(&run);
    cr_assert_not_null(file);
    count = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    expect_refused(directory, 2, "there is no run in");
    expect_refused("/nowhere", 2, "there is no run in");
    cr_assert_eq(mkdir(bad, 0700), 0);
    for (size_t i = 0; i < ARRAY_SIZE(garbage); i++) {
        kept_write(bad, garbage[i], strlen(garbage[i]));
        expect_refused(bad, 2, "is not a run of afterkill");
    }
    kept_write(bad, "", 0);
    expect_refused(bad, 2, "had not begun when it was ended");
    /* Truncated anywhere: an error, never a crash, never a report. */
    for (size_t length = 100; length + 512 < count; length += 1 + count / 40) {
        kept_write(bad, bytes, length);
        run = RUN("report", bad);
        cr_expect(run.status == 4 || run.status == 2, "%zu of %zu bytes: status %d: %s",
                  length, count, run.status, run.err);
        EXPECT_SILENT(run.out);
        run_release(&run);
    }
    free(kept_ask(kept, "PRAGMA user_version = 6"));
    expect_refused(kept, 2, "was written by a newer afterkill (its schema is 6");
    free(path);
    free(bad);
    free(kept);
    test_directory_remove(directory);
}

/* What it calls harm was something else: it is told as it was, and that is all. */
Test(store, runs_by_an_older_afterkill_are_reported_and_no_more)
{
    char *directory = test_directory();
    char *kept = mem_printf("%s/kept", directory);
    char *new = mem_printf("%s/new", directory);
    CLEANUP(mem_freep) char *path = test_scenario("mixed");
    struct run run = keep("mixed", kept, "0");

    run_release(&run);
    run = keep("mixed", new, "0");
    run_release(&run);
    free(kept_ask(kept, "PRAGMA user_version = 1"));
    run = RUN("report", kept, "--full");
    cr_expect_eq(run.status, 0, "%s", run.err);
    EXPECT_SAYS(run.out, "1 of  3  1 mixed");
    run_release(&run);
    run = RUN("run", "--resume", kept);
    cr_expect_eq(run.status, 2, "%s", run.err);
    EXPECT_SAYS(run.err, "was made by an older afterkill, which kept less");
    run_release(&run);
    run = RUN("merge", kept);
    cr_expect_eq(run.status, 2, "%s", run.err);
    EXPECT_SAYS(run.err, "was made by an older afterkill");
    run_release(&run);
    run = RUN("compare", kept, new);
    cr_expect_eq(run.status, 2, "%s", run.err);
    EXPECT_SAYS(run.err,
                "the base was made by an older afterkill, which judged otherwise");
    run_release(&run);
    run = RUN("run", path, "--trials", "0", "--against", kept, "--no-store");
    cr_expect_eq(run.status, 2, "%s", run.err);
    EXPECT_SAYS(run.err, "the base was made by an older afterkill");
    run_release(&run);
    free(new);
    free(kept);
    test_directory_remove(directory);
}

/* Runs were kept before whole commands were: what is shown of them are the labels, which
 * are what runs are compared by, and nothing is lost. */
Test(store, runs_without_lines)
{
    char *directory = test_directory();
    char *kept = mem_printf("%s/kept", directory);
    char *new = mem_printf("%s/new", directory);
    struct run run = keep("leaked", kept, "20");

    run_release(&run);
    run = keep("leaked", new, "20");
    run_release(&run);
    free(kept_ask(kept, "DROP TABLE lines"));
    free(kept_ask(kept, "DROP TABLE programs"));
    free(kept_ask(kept, "DROP TABLE proofs"));
    free(kept_ask(kept, "PRAGMA user_version = 2"));
    free(kept_ask(kept, "UPDATE commands SET flags = flags & 67108863")); /* 1 << 26 */
    run = RUN("report", kept, "--points");
    cr_expect_eq(run.status, 0, "%s", run.err);
    EXPECT_SAYS(run.out, "0 - SET session data intact clean");
    EXPECT_SAYS(run.out, "1 SET session data - intact clean");
    cr_expect(!says(run.out, "As one execution sent it"), "%s", run.out);
    run_release(&run);
    /* Chance makes a difference of two equal runs one time in 1e9. */
    run = RUN("compare", kept, new, "--confidence", "0.999999999");
    cr_expect_eq(run.status, 0, "%s%s", run.out, run.err);
    run_release(&run);
    run = RUN("compare", new, kept, "--confidence", "0.999999999");
    cr_expect_eq(run.status, 0, "%s%s", run.out, run.err);
    run_release(&run);
    free(new);
    free(kept);
    test_directory_remove(directory);
}

/* Rows can be anything: what makes no sense is damage. */
Test(store, rows_that_make_no_sense)
{
    static const char *const damages[] = {
        "UPDATE trials SET state = 99999",
        "UPDATE trials SET strategy = 99",
        "UPDATE trials SET number = 2000000000000 WHERE number = 3",
        "UPDATE trials SET number = -5 WHERE number = 3",
        "UPDATE trials SET outcome = -1",
        "UPDATE points SET state = 0",
        "UPDATE points SET number = number + 100000",
        "UPDATE controls SET commands = 9223372036854775807",
        "UPDATE controls SET commands = -1",
        "UPDATE states SET now = 'then'",
        "UPDATE plan SET value = 'nan' WHERE name = 'confidence'",
        "UPDATE plan SET value = '9/4' WHERE name = 'shard'",
        "UPDATE plan SET value = 'garbage' WHERE name = 'fault'",
        "UPDATE states SET later = 'eaten' WHERE id = 1",
        "UPDATE plan SET value = '99999999999' WHERE name = 'trials'",
        "DELETE FROM strategies",
        "DELETE FROM plan",
        "DROP TABLE trials",
        "DELETE FROM states WHERE id = 2",
    };
    char *directory = test_directory();
    CLEANUP(mem_freep) char *whole = mem_printf("%s/whole", directory);
    struct run run = keep("mixed", whole, "10");

    run_release(&run);
    run = RUN("report", whole, "--format", "json");
    cr_expect_eq(run.status, 0, "without any damage: %s", run.err);
    run_release(&run);
    for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
        CLEANUP(mem_freep) char *kept = mem_printf("%s/%zu", directory, i);

        kept_copy(whole, kept);
        free(kept_ask(kept, damages[i]));
        run = RUN("report", kept, "--format", "json");
        cr_expect(run.status == 4 || run.status == 2, "%s: status %d: %s", damages[i],
                  run.status, run.err);
        EXPECT_SILENT(run.out);
        cr_expect(run.err[0], "%s", damages[i]);
        run_release(&run);
    }
    test_directory_remove(directory);
}

/* A run may be anybody's, and its scenario's name stands in names of files: nothing is
 * read of one that leads elsewhere, or is none. */
Test(store, names_lead_nowhere)
{
    static const char *const names[] = { "../elsewhere/own", "/own",     "own/", "",
                                         "\033[2Jown",       "own\nPASS" };
    char *directory = test_directory();
    CLEANUP(mem_freep) char *whole = mem_printf("%s/whole", directory);
    CLEANUP(mem_freep) char *results = mem_printf("%s/results", directory);
    CLEANUP(mem_freep) char *elsewhere = mem_printf("%s/elsewhere", directory);
    struct run run = keep("mixed", whole, "10");

    run_release(&run);
    cr_assert_eq(mkdir(elsewhere, 0777), 0);
    cr_assert_eq(setenv("AFTERKILL_RESULTS", results, 1), 0);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        CLEANUP(mem_freep) char *kept = mem_printf("%s/%zu", directory, i);
        const char *const commands[][4] = {
            { "report", kept, NULL },
            { "replay", kept, "0", NULL },
            { "merge", kept, NULL },
            { "run", "--resume", kept, NULL },
        };

        kept_copy(whole, kept);
        kept_change(kept, "UPDATE plan SET value = '%s' WHERE name = 'scenario.name'",
                    names[i]);
        for (size_t k = 0; k < ARRAY_SIZE(commands); k++) {
            run = run_afterkill(commands[k]);
            cr_expect_eq(run.status, 4, "%s of '%s': status %d: %s", commands[k][0],
                         names[i], run.status, run.err);
            EXPECT_SAYS(run.err, "its scenario has a name that no scenario's file has");
            EXPECT_SILENT(run.out);
            run_release(&run);
        }
    }
    cr_expect_eq(test_directory_entries(elsewhere), 0, "written outside of results");
    cr_expect_neq(access(results, F_OK), 0, "something is in results");
    test_directory_remove(directory);
}

/* A run may end before all its attempts, so that only it can tell that some are gone. */
Test(store, rows_that_are_gone_are_told)
{
    static const struct {
        const char *sql, *says;
    } rows[] = {
        { "DELETE FROM trials WHERE number >= 18",
          "is damaged: it had 20 kills when it was complete, and has 18" },
        { "DELETE FROM points WHERE number = 1", " crash points when it was complete" },
        { "DELETE FROM cuts WHERE bytes = 1", " lost links when it was complete" },
    };
    char *directory = test_directory();
    CLEANUP(mem_freep) char *whole = mem_printf("%s/whole", directory);
    CLEANUP(mem_freep) char *shard = mem_printf("%s/shard", directory);
    CLEANUP(mem_freep) char *into = mem_printf("%s/into", directory);
    struct run run =
        RUN("run", "sidekiq_busy", "--trials", "20", "--strategy", "per-field", "--fault",
            "byte,kill", "--lanes", "1", "-o", whole);

    cr_assert_eq(run.status, 0, "%s", run.err);
    run_release(&run);
    kept_copy(whole, shard);
    kept_change(shard, "UPDATE plan SET value = '1/2' WHERE name = 'shard'");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(mem_freep) char *kept = mem_printf("%s/%zu", directory, i);
        CLEANUP(mem_freep) char *part = mem_printf("%s/part%zu", directory, i);
        const char *const commands[][6] = {
            { "report", kept, NULL },
            { "replay", kept, "0", NULL },
            { "compare", whole, kept, NULL },
            { "merge", part, "--allow-missing", "-o", into, NULL },
        };

        kept_copy(whole, kept);
        kept_change(kept, "%s", rows[i].sql);
        kept_copy(shard, part);
        kept_change(part, "%s", rows[i].sql);
        for (size_t k = 0; k < ARRAY_SIZE(commands); k++) {
            run = run_afterkill(commands[k]);
            cr_expect_eq(run.status, 4, "%s after %s: status %d: %s", commands[k][0],
                         rows[i].sql, run.status, run.err);
            EXPECT_SAYS(run.err, rows[i].says);
            EXPECT_SILENT(run.out);
            run_release(&run);
        }
        kept_change(kept, "UPDATE run SET value = 'interrupted' WHERE name = 'status'");
        run = RUN("report", kept);
        cr_expect_neq(run.status, 4, "%s", run.err);
        run_release(&run);
    }
    test_directory_remove(directory);
}

/* Who reads a report copies its lines into a shell: nothing that a run says of its own is
 * in them but words. */
Test(store, lines_for_a_shell)
{
    static const struct {
        const char *options; /* NULL: as they were kept */
        bool told;
    } rows[] = {
        { NULL, true },
        { "", true },
        { "--before SET --alive ''it''\\''''s ; a'' ", true },
        { "; id ", false },
        { "--before $(id) ", false },
        { "--before ''a'' ; id ''", false },
        { "--before ''a''; ", false },
        { "--before ''a", false },
        { "--before a", false },
        { "--redis-server ./own ", false },
    };
    char *directory = test_directory();
    CLEANUP(mem_freep) char *kept = mem_printf("%s/kept", directory);
    CLEANUP(mem_freep)
    char *path = test_file(directory, "s.lua",
                           "return { strategies = { { name = 'only', expect = 'leaked',"
                           " update = 'SET a 1 | EXPIRE a 60',"
                           " before = 'SET b 1' } } }");
    struct run run = RUN("run", path, CENSUS, "-o", kept);

    cr_assert_eq(run.status, 0, "%s%s", run.out, run.err);
    run_release(&run);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (rows[i].options)
            kept_change(kept, "UPDATE run SET value = '%s' WHERE name = 'try.0'",
                        rows[i].options);
        run = RUN("report", kept, "--full");
        cr_expect_eq(run.status, 0, "%s", run.err);
        cr_expect_eq(says(run.out, "As it was tried: "), rows[i].told, "'%s': %s",
                     rows[i].options, run.out);
        cr_expect_eq(says(run.out, "As it was tried (in a file"), !rows[i].told, "'%s'",
                     rows[i].options);
        run_release(&run);
    }
    test_directory_remove(directory);
}

/* A clock that was wrong when the run began changes nothing that is counted. */
Test(store, clock_set_back)
{
    static const char *const starts[] = { "0", "99999999999", "-5" };
    char *directory = test_directory();
    char *kept = mem_printf("%s/kept", directory);
    struct run run = keep("mixed", kept, "20"), again;

    for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
        char *sql =
            mem_printf("UPDATE run SET value = %s WHERE name = 'started'", starts[i]);

        free(kept_ask(kept, sql));
        again = RUN("report", kept, "--format", "json");
        cr_expect_str_eq(again.out, run.out);
        run_release(&again);
        free(sql);
    }
    run_release(&run);
    free(kept);
    test_directory_remove(directory);
}

/* A file system of so many bytes, or of which nothing can be written. Only root may mount
 * one, in a mount namespace of its own. */
static bool mount_small(const char *directory, const char *size)
{
    return unshare(CLONE_NEWNS) == 0 &&
           mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", directory, "tmpfs", 0, size) == 0;
}

/* The disk fills while the run goes on: the run ends, says so, and what it had committed
 * is a run that can be told. */
Test(store, disk_that_fills)
{
    char *directory = test_directory();
    char *small = mem_printf("%s/small", directory);
    char *kept = mem_printf("%s/kept", small);
    struct run run;

    cr_assert_eq(mkdir(small, 0700), 0);
    if (!mount_small(small, "size=260k")) {
        free(small);
        free(kept);
        test_directory_remove(directory);
        cr_skip_test("mounting a small file system is not allowed here");
    }
    run = keep("mixed", kept, "30000");
    cr_expect_eq(run.status, 4, "status %d: %s", run.status, run.err);
    EXPECT_SAYS(run.err, "the disk is full");
    EXPECT_SAYS(run.out, "\"trouble\"");
    run_release(&run);
    run = RUN("report", kept);
    cr_expect(run.status == 4, "status %d: %s", run.status, run.err);
    EXPECT_SAYS(run.out, "INCOMPLETE");
    run_release(&run);
    cr_expect_eq(umount(small), 0);
    free(small);
    free(kept);
    test_directory_remove(directory);
}

/* A file takes all that is left. */
static void fill_up(const char *path)
{
    static const char zeros[4096];
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    cr_assert_geq(fd, 0);
    for (size_t bytes = sizeof(zeros); bytes > 0;)
        if (write(fd, zeros, bytes) != (ssize_t)bytes)
            bytes /= 2;
    close(fd);
}

/* Not a page is left, and what the file says of the run fills its last to a different
 * degree: how the run ended finds its room all the same. */
Test(store, disk_that_is_full)
{
    static const struct handmade_strategy strategies[HANDMADE_STRATEGIES] = {
        { .name = "old", .points = "." },
    };
    char *directory = test_directory();
    char *small = mem_printf("%s/small", directory);
    char *filler = mem_printf("%s/filler", small);
    struct environment nothing = ENVIRONMENT_NULL;
    struct handmade handmade;
    struct request request = { .name = NULL };
    char title[4200] = "";

    cr_assert_eq(mkdir(small, 0700), 0);
    if (!mount_small(small, "size=4m")) {
        free(filler);
        free(small);
        test_directory_remove(directory);
        cr_skip_test("mounting a small file system is not allowed here");
    }
    handmade_init(&handmade, 1, strategies);
    handmade.scenario.title = title;
    for (size_t letters = 0; letters < sizeof(title) - 1; letters += 50) {
        char *kept = mem_printf("%s/%zu", small, letters);
        CLEANUP(store_closep) struct store *store = NULL;
        struct err err = ERR_NULL;

        memset(title, 't', letters);
        handmade.result.trouble[0] = '\0';
        cr_assert_eq(mkdir(kept, 0700), 0);
        cr_assert_eq(
            store_create(kept, &request, &nothing, &handmade.result, &store, &err), 0,
            "%s", err.msg);
        fill_up(filler);
        memset(handmade.result.trouble, 't', sizeof(handmade.result.trouble) - 1);
        cr_expect_eq(store_finish(store, &handmade.result, &err), 0, "title of %zu: %s",
                     letters, err.msg);
        unlink(filler);
        store = store_discard(store);
        free(kept);
    }
    handmade_release(&handmade);
    cr_expect_eq(umount(small), 0);
    free(filler);
    free(small);
    test_directory_remove(directory);
}

/* What cannot be written can be read; and nothing new is begun there. */
Test(store, read_only_directory)
{
    char *directory = test_directory();
    char *small = mem_printf("%s/small", directory);
    char *kept = mem_printf("%s/kept", small), *new = mem_printf("%s/new", small);
    struct run run, again;

    cr_assert_eq(mkdir(small, 0700), 0);
    if (!mount_small(small, "size=4m")) {
        free(small);
        free(kept);
        free(new);
        test_directory_remove(directory);
        cr_skip_test("mounting a small file system is not allowed here");
    }
    run = keep("mixed", kept, "20");
    cr_expect_eq(run.status, 0, "%s", run.err);
    cr_assert_eq(mount(NULL, small, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
    again = RUN("report", kept, "--format", "json");
    cr_expect_str_eq(again.out, run.out);
    run_release(&again);
    again = RUN("run", "--resume", kept);
    cr_expect_eq(again.status, 4, "%s", again.err);
    EXPECT_SAYS(again.err, "it cannot be written to");
    run_release(&again);
    again = keep("mixed", new, "20");
    cr_expect_eq(again.status, 4, "%s", again.err);
    EXPECT_SAYS(again.err, "Read-only file system");
    run_release(&again);
    run_release(&run);
    cr_expect_eq(umount(small), 0);
    free(small);
    free(kept);
    free(new);
    test_directory_remove(directory);
}

/* Who wants nobody else to read what he makes has said so once. */
Test(store, files_are_as_private_as_the_umask_says)
{
    static const char *const names[] = { "run.sqlite", "run.json", "run.html",
                                         "report.txt" };
    char *home = test_directory(), *scenario = test_scenario("gap");
    CLEANUP(mem_freep) char *kept = mem_printf("%s/kept", home);
    struct run run;

    umask(027);
    run = RUN("run", scenario, "--trials", "5", "--lanes", "1", "-o", kept);
    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        CLEANUP(mem_freep) char *path = mem_printf("%s/%s", kept, names[i]);
        struct stat st;

        cr_assert_eq(stat(path, &st), 0, "%s", names[i]);
        cr_expect_eq(st.st_mode & 0777, 0640, "%s: %o", names[i], st.st_mode & 0777);
    }
    run_release(&run);
    free(scenario);
    test_directory_remove(home);
}
