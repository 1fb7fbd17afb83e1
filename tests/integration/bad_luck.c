/* bad_luck.c - what goes wrong around a run, and what the program says about it.
 *
 * Each mishap has an exit status (2: the scenario is wrong; 4: the machine is; 130: a
 * signal asked) and a message that says what to do. Nothing may be left in the temporary
 * directory, whatever happened, and what was done until then must be reported. */
#include "testlib.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Around every test: its own TMPDIR, which must be empty at the end. Files that the test
 * itself needs stand in a directory beside it. */
struct place {
    char *temporary, *files;
};

static struct place place_make(void)
{
    char *files = test_directory();

    return (struct place){ .files = files, .temporary = test_directory() };
}

static void place_remove(struct place *place)
{
    cr_expect_eq(test_directory_entries(place->temporary), 0, "leftovers in TMPDIR");
    test_directory_remove(place->temporary);
    test_directory_remove(place->files);
}

/* Expects that a run ends with the status, nothing on standard output and all of these
 * words on standard error. Releases it. */
static void expect_failure(struct run run, int status, const char *const *words)
{
    cr_expect_eq(run.status, status, "status %d: %s", run.status, run.err);
    EXPECT_SILENT(run.out);
    EXPECT_SAYS(run.err, "afterkill: ");
    for (size_t i = 0; words[i]; i++)
        EXPECT_SAYS(run.err, words[i]);
    run_release(&run);
}
#define EXPECT_FAILURE(run, status, ...)                                                 \
    expect_failure((run), (status), (const char *const[]){ __VA_ARGS__, NULL })

Test(bad_luck, no_redis_server_on_the_path)
{
    struct place place = place_make();

    setenv("PATH", place.files, 1);
    EXPECT_FAILURE(RUN("run", "sidekiq_busy"), 4, "no redis-server",
                   "apt-get install redis-server", "--redis-server");
    place_remove(&place);
}

Test(bad_luck, redis_server_that_is_not_there)
{
    struct place place = place_make();

    EXPECT_FAILURE(RUN("run", "sidekiq_busy", "--redis-server", "/nowhere/redis-server"),
                   4, "/nowhere/redis-server", "No such file", "--redis-server");
    EXPECT_FAILURE(RUN("run", "sidekiq_busy", "--redis-server", place.files), 4,
                   place.files, "--redis-server");
    place_remove(&place);
}

/* What the server itself said must be shown, and how it ended. */
Test(bad_luck, redis_server_that_does_not_start)
{
    struct place place = place_make();
    char *script =
        test_file(place.files, "server",
                  "#!/bin/sh\necho first line\necho the moon is in the wrong phase >&2\n"
                  "exit 1\n");

    cr_assert_eq(chmod(script, 0700), 0);
    EXPECT_FAILURE(RUN("run", "sidekiq_busy", "--redis-server", script), 4,
                   "the moon is in the wrong phase", "ended with status 1", "lane ");
    free(script);
    place_remove(&place);
}

/* Nor does one that is outside of the process group that was started outlive the run. */
Test(bad_luck, redis_server_that_goes_its_own_way)
{
    struct place place = place_make();
    char *script = test_file(place.files, "server",
                             "#!/bin/sh\nsetsid redis-server \"$@\" &\nwait\n");
    pid_t stray;
    struct run run;

    cr_assert_eq(chmod(script, 0700), 0);
    processes_adopt();
    run = RUN("run", "sidekiq_busy", "--trials", "0", "--lanes", "2", "--redis-server",
              script);
    cr_expect_lt(run.status, 2, "status %d: %s", run.status, run.err);
    run_release(&run);
    while ((stray = process_child(getpid(), "redis-server"))) {
        int status = 0;

        kill(stray, SIGTERM); /* comes to nothing if it is being killed */
        cr_assert_eq(waitpid(stray, &status, 0), stray);
        cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "it was left");
    }
    processes_wait();
    free(script);
    place_remove(&place);
}

/* Scenarios with mistakes. Functions' names stand in the messages, and the line of the
 * mistake. */
Test(bad_luck, scenarios_with_mistakes)
{
#define REFERENCE "{name='r', update=function(redis) redis.call('SET', 'k', 'v') end}"
    static const struct {
        const char *text;
        const char *words[3];
    } rows[] = {
        { "return {\n  strategies = = {}\n}\n", { "s.lua:2:" } },
        { "return {\n  strategies = {\n}\n", { "s.lua:" } },
        { "return 7\n", { "expected a table" } },
        { "return {}\n", { "strategies" } },
        { "error('no')\n", { "s.lua:1:", "no" } },
        /* An update that raises, and one whose command Redis refuses. */
        { "return { strategies = { {name='u', update=function(redis)\n  error('oh "
          "dear')\nend} } }",
          { "s.lua:2:", "oh dear", "strategy 'u'" } },
        { "return { strategies = { {name='u', update=function(redis)\n\n"
          "  redis.call('INCRBY', 'k', 'x')\nend} } }",
          { "s.lua:3:", "not an integer", "strategy 'u'" } },
        { "return { strategies = { {name='u', update=function(redis)\n"
          "  redis.call('NOSUCHCOMMAND')\nend} } }",
          { "s.lua:2:", "unknown command", "strategy 'u'" } },
        { "return { strategies = { {name='u', update=function(redis)\n"
          "  redis.calls('PING')\nend} } }",
          { "s.lua:2:", "strategy 'u'" } },
        /* It raises only later in a pipeline. */
        { "return { strategies = { {name='u', update=function(redis)\n"
          "  redis.pipeline(function() redis.call('SET', 'k', 'v') redis.call('HGET', "
          "'k', 'f') "
          "end)\nend} } }",
          { "s.lua:2:", "WRONGTYPE", "strategy 'u'" } },
        { "return { before = function()\n  error('before it began') end,\n"
          "  strategies = { " REFERENCE " } }",
          { "s.lua:2:", "before it began", "before" } },
        /* Not the same twice: what it writes, how much it writes, what was there before.
         */
        { "return { strategies = { {name='u', update=function(redis)\n"
          "  local t = redis.call('TIME')\n  redis.call('SET', 'k', t[1] .. '.' .. "
          "t[2])\n"
          "end} } }",
          { "'u'", "differ", "p.seed" } },
        { "return { before = function(redis)\n"
          "  local t = redis.call('TIME')\n  redis.call('SET', 'k', t[1] .. '.' .. t[2]) "
          "end,\n"
          "  strategies = { " REFERENCE " } }",
          { "before", "differ", "string 'k'" } },
        /* The reference is not clean by itself. */
        { "return { strategies = { " REFERENCE
          " }, alive = function() return false end }",
          { "not clean without any crash", "alive", "old state" } },
        { "return { strategies = { " REFERENCE " }, alive = function(redis)\n"
          "  if redis.call('EXISTS', 'k') == 1 then error('a key is in the way') end end "
          "}",
          { "not clean without any crash", "s.lua:2:", "a key is in the way" } },
        { "return { strategies = { " REFERENCE " }, recover = function(redis)\n"
          "  if redis.call('EXISTS', 'k') == 1 then error('cannot recover') end end }",
          { "not clean without any crash", "s.lua:2:", "cannot recover" } },
    };
    struct place place = place_make();

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char *path = test_file(place.files, "s.lua", rows[i].text);
        struct run run = RUN("run", path, "--trials", "10");

        cr_expect_eq(run.status, 2, "%s\nstatus %d: %s", rows[i].text, run.status,
                     run.err);
        EXPECT_SILENT(run.out);
        for (size_t w = 0; w < ARRAY_SIZE(rows[i].words) && rows[i].words[w]; w++)
            cr_expect(says(run.err, rows[i].words[w]), "expected '%s' of\n%s\nin: %s",
                      rows[i].words[w], rows[i].text, run.err);
        run_release(&run);
        free(path);
    }
    place_remove(&place);
}

/* An update that does not return once it has been made so often: controls are over. */
#define RETURNS(times)                                                                   \
    "return { strategies = { {name='u', update=function(redis)\n"                        \
    "  redis.call('SET', 'k', 1)\n"                                                      \
    "  local calls = redis.call('INFO', 'commandstats'):match('cmdstat_type:calls=(%d+)')\n" \
    "  redis.call('TYPE', 'k')\n"                                                        \
    "  while calls and tonumber(calls) > " times " do end\n"                             \
    "  redis.call('EXPIRE', 'k', 60) end} } }"

/* Functions that do not return: the watchdog ends them, and the message says what can be
 * done. */
Test(bad_luck, functions_that_never_return)
{
    static const struct {
        const char *text;
        const char *what;
    } rows[] = {
        { "return { strategies = { {name='u', update=function() while true do end end} } "
          "}",
          "strategy 'u'" },
        { "return { strategies = { {name='u', update=function(redis)\n"
          "  redis.call('BLPOP', 'nothing', 0) end} } }",
          "strategy 'u'" },
        { "return { before = function() while true do end end,\n"
          "  strategies = { " REFERENCE " } }",
          "before" },
        { RETURNS("9"), "strategy 'u'" }, /* in the census */
    };
    struct place place = place_make();

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char *path = test_file(place.files, "s.lua", rows[i].text);

        EXPECT_FAILURE(RUN("run", path, "--timeout", "0.5", "--lanes", "1"), 2, path,
                       rows[i].what, "did not return within 0.5 s", "--timeout");
        free(path);
    }
    place_remove(&place);
}

/* Recovery that fails on what a crash leaves is a verdict, not an error: survivors are
 * stuck. The same goes for one that does not return. */
Test(bad_luck, recovery_that_fails_is_a_verdict)
{
    struct place place = place_make();
    char *path = test_file(
        place.files, "s.lua",
        "return {\n"
        "  strategies = {\n"
        "    { name = 'marked', expect = 'stuck', update = function(redis)\n"
        "        redis.call('SET', 'marker', 1) redis.call('DEL', 'marker')\n"
        "      end },\n"
        "    { name = 'plain', update = function(redis)\n"
        "        redis.call('PING') end },\n"
        "  },\n"
        "  recover = function(redis)\n"
        "    if redis.call('EXISTS', 'marker') == 1 then\n"
        "      redis.call('BLPOP', 'nothing', 0) end\n"
        "  end }\n");
    char *raises = test_scenario("recover_raises");
    const char *const scenarios[] = { path, raises };

    for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++) {
        struct run run = RUN("run", scenarios[i], CENSUS, "--timeout", "2", "--strategy",
                             "marked", "--format", "json");

        cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
        cr_expect_eq(json_count(json_strategy(&run, "marked"), "census", "stuck"), 1);
        run_release(&run);
    }
    free(path);
    free(raises);
    place_remove(&place);
}

/* A run that will not end by itself. */
static struct live_run start_endless(const char *lanes)
{
    CLEANUP(mem_freep) char *path = test_scenario("leaked");

    return START("run", path, "--strategy", "set-then-expire", ENDLESS, "--lanes", lanes,
                 "--format", "json");
}

static void expect_kills(struct live_run *live)
{
    cr_assert(run_wait_for(live, "kills "), "the run ended before its kills began");
}

/* What was done until a run's end must be there, and be marked as less than everything.
 */
static void check_partial(const struct run *run, const char *verdict)
{
    json_t *strategy = json_strategy(run, "set-then-expire");
    long long sum;

    cr_assert_not_null(run->json, "no report: %s%s", run->out, run->err);
    cr_expect_str_eq(json_string_value(json_object_get(run->json, "verdict")), verdict);
    cr_expect(json_is_false(json_object_get(run->json, "complete")));
    cr_assert_not_null(strategy);
    cr_expect_eq(json_count(strategy, "census", "leaked"), 1);
    sum =
        json_count(strategy, "kills", "valid") + json_count(strategy, "kills", "missed");
    cr_expect_gt(sum, 0);
    cr_expect_lt(sum, 1000000);
    cr_expect_eq(json_count(strategy, "kills", "requested"), 1000000);
    cr_expect_eq(json_count(strategy, "kills", "unexplained"), 0);
    cr_expect_eq(json_count(strategy, "kills", "errors"), 0);
}

Test(bad_luck, redis_server_killed_in_the_middle)
{
    struct place place = place_make();
    struct live_run live = start_endless("2");
    pid_t server;
    char *said;
    struct run run;

    expect_kills(&live);
    server = process_child(live.pid, "redis-server");
    cr_assert_gt(server, 0, "no redis-server below the run");
    cr_assert_eq(kill(server, SIGKILL), 0);
    run = run_finish(&live);
    said = mem_printf("redis-server (pid %ld) was killed by signal 9", (long)server);
    cr_expect_eq(run.status, 4, "status %d: %s", run.status, run.err);
    EXPECT_SAYS(run.err, said);
    EXPECT_SAYS(run.err, "lane ");
    check_partial(&run, "error");
    run_release(&run);
    free(said);
    place_remove(&place);
}

Test(bad_luck, lane_killed_in_the_middle)
{
    struct place place = place_make();
    struct live_run live = start_endless("2");
    pid_t lane;
    struct run run;

    expect_kills(&live);
    lane = process_child(live.pid, "afterkill");
    cr_assert_gt(lane, 0, "no lane below the run");
    cr_assert_eq(kill(lane, SIGKILL), 0);
    run = run_finish(&live);
    cr_expect_eq(run.status, 4, "status %d: %s", run.status, run.err);
    EXPECT_SAYS(run.err, "lane ");
    EXPECT_SAYS(run.err, "killed by signal 9");
    check_partial(&run, "error");
    run_release(&run);
    place_remove(&place);
}

/* All at once: each waits most of the time. */
Test(bad_luck, signals_end_a_run_with_a_report)
{
    static const int signals[] = { SIGINT,  SIGTERM, SIGHUP,  SIGXCPU,
                                   SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM };
    struct place place = place_make();
    struct live_run live[ARRAY_SIZE(signals)];

    for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
        live[i] = start_endless(signals[i] == SIGINT ? "2" : "1");
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        struct run run;

        expect_kills(&live[i]);
        cr_assert_eq(kill(live[i].pid, signals[i]), 0);
        run = run_finish(&live[i]);
        cr_expect_eq(run.status, 130, "signal %d: status %d: %s", signals[i], run.status,
                     run.err);
        expect_stopped_by(run.err, signals[i]);
        check_partial(&run, "interrupted");
        run_release(&run);
    }
    place_remove(&place);
}

Test(bad_luck, interrupted_run_says_so_in_text_and_is_saved)
{
    struct place place = place_make();
    char *saved = mem_printf("%s/saved", place.files);
    char *file = mem_printf("%s/run.json", saved);
    struct live_run live =
        START("run", "sidekiq_busy", "--strategy", "per-field", ENDLESS, "--lanes", "1",
              "-o", saved);
    struct run run;
    json_t *json;

    cr_assert(run_wait_for(&live, "kills "));
    cr_assert_eq(kill(live.pid, SIGINT), 0);
    run = run_finish(&live);
    cr_expect_eq(run.status, 130, "status %d: %s", run.status, run.err);
    EXPECT_SAYS(run.out, "INCOMPLETE: stopped by signal 2 (Interrupt)");
    EXPECT_SAYS(run.out, "25 of 28");
    cr_expect_null(strstr(run.out, "PASS"), "%s", run.out);
    json = json_load_file(file, 0, NULL);
    cr_assert_not_null(json, "%s was not saved", file);
    cr_expect_str_eq(json_string_value(json_object_get(json, "verdict")), "interrupted");
    json_decref(json);
    run_release(&run);
    free(saved);
    free(file);
    place_remove(&place);
}

Test(bad_luck, standard_output_that_cannot_be_written)
{
    static const char *const formats[] = { "text", "json" };
    struct place place = place_make();
    char *path = test_scenario("gap");

    for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
        struct run run = run_afterkill_into(
            "/dev/full",
            (const char *const[]){ "run", path, CENSUS, "--format", formats[i], NULL });

        cr_expect_eq(run.status, 4, "%s: status %d", formats[i], run.status);
        EXPECT_SAYS(run.err, "standard output");
        EXPECT_SAYS(run.err, "No space left on device");
        run_release(&run);
    }
    free(path);
    place_remove(&place);
}

/* That -o cannot be made is known before anything is run. */
Test(bad_luck, output_directory_that_cannot_be)
{
    struct place place = place_make();
    char *path = test_scenario("gap");
    char *file = test_file(place.files, "file", "precious\n");
    char *below = mem_printf("%s/below", file);
    const char *const places[] = { file, below, "/proc/nowhere" };
    char contents[32] = "";
    FILE *stream;

    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        struct run run = RUN("run", path, CENSUS, "-o", places[i]);

        cr_expect_eq(run.status, 4, "'%s': status %d", places[i], run.status);
        EXPECT_SAYS(run.err, "afterkill: create directory");
        EXPECT_SAYS(run.err, places[i]);
        EXPECT_SILENT(run.out);
        run_release(&run);
    }
    stream = fopen(file, "re");
    cr_assert_not_null(stream);
    cr_expect_not_null(fgets(contents, sizeof(contents), stream));
    cr_expect_str_eq(contents, "precious\n");
    fclose(stream);
    free(path);
    free(file);
    free(below);
    place_remove(&place);
}

/* A thing in the way that is not a file is not replaced. */
Test(bad_luck, output_over_a_directory)
{
    struct place place = place_make();
    char *path = test_scenario("gap");
    char *in_the_way = mem_printf("%s/run.json", place.files);
    struct run run;

    cr_assert_eq(mkdir(in_the_way, 0700), 0);
    run = RUN("run", path, CENSUS, "-o", place.files);
    cr_expect_eq(run.status, 4, "status %d", run.status);
    EXPECT_SAYS(run.err, in_the_way);
    EXPECT_SAYS(run.out, "PASS");
    run_release(&run);
    free(path);
    free(in_the_way);
    place_remove(&place);
}

/* A file system of one page, full. Only root may mount one, in a mount namespace of its
 * own. */
static bool mount_full(const char *directory)
{
    char *name = mem_printf("%s/ballast", directory);
    char bytes[4096] = "";
    int fd;

    if (unshare(CLONE_NEWNS) < 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("tmpfs", directory, "tmpfs", 0, "size=4096") < 0) {
        free(name);
        return false;
    }
    fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    cr_assert_geq(fd, 0);
    while (write(fd, bytes, sizeof(bytes)) > 0)
        ;
    cr_assert_eq(errno, ENOSPC);
    close(fd);
    free(name);
    return true;
}

Test(bad_luck, full_disk_for_output)
{
    struct place place = place_make();
    char *path = test_scenario("gap");
    struct run run;

    if (!mount_full(place.files)) {
        free(path);
        place_remove(&place);
        cr_skip_test("mounting a small file system is not allowed here");
    }
    run = RUN("run", path, CENSUS, "-o", place.files);
    cr_expect_eq(run.status, 4, "status %d: %s", run.status, run.err);
    EXPECT_SAYS(run.err, place.files);
    EXPECT_SAYS(run.err, "the disk is full");
    /* Nothing is run that could not be kept. */
    EXPECT_SILENT(run.out);
    cr_expect_eq(test_directory_entries(place.files), 1,
                 "something else than the ballast is there");
    run_release(&run);
    cr_expect_eq(umount(place.files), 0);
    free(path);
    place_remove(&place);
}

Test(bad_luck, temporary_directory_that_cannot_be)
{
    struct place place = place_make();
    char *deep = mem_printf("%s/%0100d", place.files, 0);

    setenv("TMPDIR", "/nowhere", 1);
    EXPECT_FAILURE(RUN("run", "sidekiq_busy", CENSUS), 4, "/nowhere/afterkill-",
                   "TMPDIR");
    cr_assert_eq(mkdir(deep, 0700), 0);
    setenv("TMPDIR", deep, 1);
    EXPECT_FAILURE(RUN("run", "sidekiq_busy", CENSUS), 4, "too long", "TMPDIR");
    cr_expect_eq(test_directory_entries(deep), 0);
    free(deep);
    place_remove(&place);
}
