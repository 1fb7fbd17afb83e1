/* unseen.c - what no state shows is heard, or refused: keys that lapse by the clock,
 * messages, libraries of functions. */
#include "testlib.h"

#include <time.h>

#include "base/clock.h"
#include "kept.h"
#include "redis/connection.h"

static char *directory;

static void enter_directory(void)
{
    directory = test_directory();
}

static void leave_directory(void)
{
    test_directory_remove(directory);
}

TestSuite(unseen, .init = enter_directory, .fini = leave_directory);

/* An update of these commands, behind these of `before`, in scenario files' own words. */
static char *scenario(const char *before, const char *update)
{
    CLEANUP(mem_freep)
    char *text =
        mem_printf("return { before = function(redis, p)\n%s end,\n"
                   "  strategies = { { name = 'one', update = function(redis, p)\n"
                   "    redis.call('SET', 'a', 1)\n%s\n"
                   "    redis.call('SET', 'b', 1) end } } }\n",
                   before, update);

    return test_file(directory, "s.lua", text);
}

/* A run that began so many seconds ago, as one that is gone on with another day. */
static struct run run_since(const char *before, const char *update, int seconds)
{
    CLEANUP(mem_freep) char *path = scenario(before, update);
    CLEANUP(mem_freep) char *now = mem_printf("%lld", (long long)time(NULL) - seconds);

    return RUN("run", path, "--trials", "5", "--lanes", "1", "--no-store", "--now", now,
               "--format", "json");
}

/* Every way to let a key expire by the clock, a minute after p.now, and what the report
 * calls it. */
static const struct {
    const char *update, *label;
} by_the_clock[] = {
    { "redis.call('EXPIREAT', 'a', p.now + 60)", "'one': update: 'EXPIREAT a" },
    { "redis.call('PEXPIREAT', 'a', (p.now + 60) * 1000, 'NX')", "'PEXPIREAT a" },
    { "redis.call('SET', 'k', 1, 'EXAT', p.now + 60)", "'SET k 1'" },
    { "redis.call('SET', 'k', 1, 'NX', 'PXAT', (p.now + 60) * 1000)", "'SET k 1'" },
    { "redis.call('GETEX', 'a', 'EXAT', p.now + 60)", "'GETEX a EXAT'" },
    { "redis.pipeline(function() redis.call('EXPIREAT', 'a', p.now + 60) end)",
      "'EXPIREAT a" },
    { "redis.multi(function() redis.call('EXPIREAT', 'a', p.now + 60) end)",
      "'EXPIREAT a" },
    /* Gone again before anybody could see it. */
    { "redis.call('SET', 'lock', 1, 'EXAT', p.now + 60) redis.call('DEL', 'lock')",
      "'SET lock 1'" },
    { "redis.call('EVAL', \"redis.call('EXPIREAT', 'a', ARGV[1])\", 0, p.now + 60)",
      "'EXPIREAT a" },
    { "redis.call('EVAL', [[local k = 'x\"\\n' redis.call('SET', k, 1) "
      "redis.call('EXPIREAT', k, ARGV[1]) redis.call('DEL', k)]], 0, p.now + 60)",
      "EXPIREAT x" },
    { "redis.script(\"redis.call('EXPIREAT', KEYS[1], ARGV[1])\")({ 'a' }, { p.now + 60 "
      "})",
      "'EXPIREAT a" },
};

Test(unseen, expiries_by_the_clock_that_have_passed)
{
    for (size_t i = 0; i < ARRAY_SIZE(by_the_clock); i++) {
        struct run run = run_since("", by_the_clock[i].update, 100);

        cr_expect_eq(run.status, 2, "%s: status %d: %s", by_the_clock[i].update,
                     run.status, run.err);
        cr_expect(says(run.err, by_the_clock[i].label), "%s: %s", by_the_clock[i].update,
                  run.err);
        EXPECT_SAYS(run.err, "60 s after p.now");
        EXPECT_SAYS(run.err, "use a time to live");
        run_release(&run);
        run = run_since("", by_the_clock[i].update, 0);
        cr_expect_lt(run.status, 2, "%s: status %d: %s", by_the_clock[i].update,
                     run.status, run.err);
        run_release(&run);
    }
}

/* Not even to those who fail because of it. */
Test(unseen, what_fails_because_time_has_passed)
{
    static const char update[] = "redis.call('SET', 'k', 1, 'EXAT', p.now + 60)\n"
                                 "if not redis.call('GET', 'k') then error('gone!') end";
    static const char before[] = "redis.call('SET', 'k', 1, 'EXAT', p.now + 60)\n"
                                 "redis.lapse('k')";
    struct run run = run_since("", update, 100);

    cr_expect_eq(run.status, 2, "status %d: %s", run.status, run.err);
    EXPECT_SAYS(run.err, "'one': update: 'SET k 1' lets a key expire");
    run_release(&run);
    run = run_since(before, "", 100);
    cr_expect_eq(run.status, 2, "status %d: %s", run.status, run.err);
    EXPECT_SAYS(run.err, "before: 'SET k 1' lets a key expire");
    run_release(&run);
}

/* Nothing lapses that has lapsed from the start, or that has a time to live. */
Test(unseen, other_expiries_may_be)
{
    static const char *const updates[] = {
        "redis.call('EXPIREAT', 'a', p.now - 60)",
        "redis.call('EXPIREAT', 'a', p.now)",
        "redis.call('EXPIRE', 'a', 60)",
        "redis.call('SET', 'EXAT', p.now + 60)",
        "redis.call('HSET', 'h', 'EXAT', p.now + 60)",
        "redis.call('ZADD', 'z', p.now + 60, 'EXPIREAT')",
    };

    for (size_t i = 0; i < ARRAY_SIZE(updates); i++) {
        struct run run = run_since("", updates[i], 100);

        cr_expect_lt(run.status, 2, "%s: status %d: %s", updates[i], run.status, run.err);
        run_release(&run);
    }
}

/* In `before`, a time that is to come is a time to live: nobody waits for it. */
Test(unseen, expiries_by_the_clock_in_before)
{
    static const char before[] = "redis.call('SET', 'x', 1, 'EXAT', p.now + 60)";
    struct run run = run_since(before, "", 100);

    cr_expect_eq(run.status, 2, "status %d: %s", run.status, run.err);
    EXPECT_SAYS(run.err, "before: 'SET x 1'");
    run_release(&run);
    run = run_since(before, "", 0);
    cr_expect_lt(run.status, 2, "status %d: %s", run.status, run.err);
    run_release(&run);
}

/* The time comes in the middle of the run, which takes a while to begin, and would take
 * longer; none of the deaths after it counts as unexplained. */
Test(unseen, time_that_comes_while_a_run_goes_on)
{
    CLEANUP(mem_freep)
    char *path = scenario("", "redis.call('EXPIREAT', 'a', p.now + 8)");
    CLEANUP(mem_freep) char *kept = mem_printf("%s/kept", directory);
    struct run run =
        RUN("run", path, "--trials", "1000000", "--rtt", "300us", "-o", kept);

    cr_expect_eq(run.status, 2, "status %d: %s", run.status, run.err);
    EXPECT_SAYS(run.err, "'one': update: 'EXPIREAT a");
    EXPECT_SAYS(run.err, "8 s after p.now");
    cr_expect_not(says(run.err, "unexplained"), "%s", run.err);
    run_release(&run);
    run = RUN("run", "--resume", kept);
    cr_expect_eq(run.status, 2, "status %d: %s", run.status, run.err);
    EXPECT_SAYS(run.err, "'EXPIREAT a");
    run_release(&run);
}

/* Whether a message was sent is not judged, and that is said, again and again. */
Test(unseen, messages_are_spoken_of)
{
    static const struct {
        const char *update;
        bool publishes;
    } rows[] = {
        { "redis.call('PUBLISH', 'c', 'm')", true },
        { "redis.call('EVAL', \"redis.call('PUBLISH', 'c', 'm')\", 0)", true },
        { "redis.call('EVAL', \"redis.call('SET', 'PUBLISH', 'm')\", 0)", false },
        { "redis.call('SET', 'PUBLISH', 'm')", false },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(mem_freep) char *path = scenario("", rows[i].update);
        CLEANUP(mem_freep) char *kept = mem_printf("%s/%zu", directory, i);
        struct run run =
            RUN("run", path, "--trials", "5", "--lanes", "1", "-o", kept, "--full");
        struct run again = RUN("report", kept, "--format", "json");

        cr_expect_eq(says(run.out, "Not judged: the messages of one (PUBLISH)."),
                     rows[i].publishes, "%s: %s", rows[i].update, run.out);
        cr_expect_eq(
            json_is_true(json_object_get(json_strategy(&again, "one"), "publishes")),
            rows[i].publishes, "%s", again.out);
        run_release(&run);
        run_release(&again);
    }
}

/* Servers from 7.0 on have functions. */
static bool has_functions(void)
{
    struct server server = test_server(directory);
    redisContext *connection = NULL;
    struct err err = ERR_NULL;
    redisReply *reply;
    bool has;

    cr_assert_eq(connection_open(&server.address, &connection, &err), 0, "%s", err.msg);
    reply = redisCommand(connection, "FUNCTION LIST");
    has = reply && reply->type == REDIS_REPLY_ARRAY;
    freeReplyObject(reply);
    redisFree(connection);
    server_stop(&server);
    return has;
}

Test(unseen, functions_are_loaded_before)
{
    static const char load[] =
        "redis.call('FUNCTION', 'LOAD', 'REPLACE', \"#!lua name=f\\n"
        "redis.register_function('put', function(keys, args) "
        "redis.call('PUBLISH', 'c', 'm') return redis.call('SET', keys[1], args[1]) "
        "end)\")";
    static const char *const refused[] = {
        load,
        "redis.call('FUNCTION', 'DELETE', 'f')",
        "redis.call('FUNCTION', 'FLUSH')",
        "pcall(redis.call, 'FUNCTION', 'FLUSH')",
        "redis.call('FUNCTION', 'RESTORE', 'x')",
    };
    struct run run;

    if (!has_functions())
        cr_skip_test("this redis-server has no functions (they came with 7.0)");
    run = run_since(load, "redis.call('FCALL', 'put', 1, 'k', 'v')", 0);
    cr_expect_lt(run.status, 2, "status %d: %s", run.status, run.err);
    cr_expect(json_is_true(json_object_get(json_strategy(&run, "one"), "publishes")));
    run_release(&run);
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        run = run_since(load, refused[i], 0);
        cr_expect_eq(run.status, 2, "%s: status %d", refused[i], run.status);
        EXPECT_SAYS(run.err, "is refused: libraries of functions are part of no state");
        run_release(&run);
    }
}
