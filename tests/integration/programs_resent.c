/* programs_resent.c - a recording held against itself: what a program sent is sent again,
 * and leaves the same states, or it is told which command does something else. */
#include "acted.h"

#include <stdio.h>
#include <stdlib.h>

#include "trial/fake_time.h"

#define P(command) "strategies = { { name = 'p', command = " command " } }"

/* How many states were compared, and how many were the same; and what a report says. */
struct outcome {
    long long compared, same;
    char *text; /* owned */
};

static struct outcome resend(const char *entries)
{
    char *directory = test_directory();
    CLEANUP(mem_freep) char *path = acted_scenario(directory, entries);
    CLEANUP(mem_freep) char *kept = mem_printf("%s/kept", directory);
    struct run run = RUN("run", path, "-o", kept, "--format", "json", "--prove", "0",
                         "--now", "1000000000");
    struct run told = RUN("report", kept);
    struct outcome outcome = { .text = TAKE_PTR(told.out) };

    cr_assert_eq(run.status, 0, "%s\nstatus %d: %s", entries, run.status, run.err);
    outcome.compared = json_count(json_strategy(&run, "p"), "program", "resent_compared");
    outcome.same = json_count(json_strategy(&run, "p"), "program", "resent_same");
    run_release(&run);
    run_release(&told);
    test_directory_remove(directory);
    return outcome;
}

#define SCRIPT "\"return redis.call('incr','k')\""
#define SHA "1f71dc1cd0b838440b29a02b9ecb8480e01af28a"

static const struct {
    const char *entries;
    long long states;
} alike[] = {
    { P("actor('tcp', 'say=SET a 1', 'say=GET a', 'unix', 'say=SET b 1')"), 2 },
    /* Not the same as the old state: that is left by no command. */
    { "before = 'SET a 1'," P("actor('tcp', 'say=SET a 2', 'say=INCR b')"), 2 },

    /* Transactions, one of which comes to nothing, and one that is given up. */
    { P("actor('tcp', 'say=MULTI', 'say=SET a 1', 'say=INCR b', 'say=EXEC', "
        "'say=MULTI', 'say=SET c 1', 'say=DISCARD', 'say=WATCH a', 'say=SET a 2', "
        "'say=MULTI', 'say=SET d 1', 'say=EXEC', 'say=SET e 1')"),
      3 },
    { P("actor('tcp', 'say=MULTI', 'say=NOSUCH', 'say=EXEC', 'say=LPUSH l 1')"), 1 },

    /* Messages, on a connection that has asked for them and goes on to do other things.
     */
    { P("actor('fork', 'tcp', 'say=SUBSCRIBE c d', 'hear', 'ready', 'hear', "
        "'say=UNSUBSCRIBE', 'hear', 'say=SET got 1', 'end', "
        "'tcp', 'say=PUBLISH c go', 'say=SET sent 1', 'join', 'say=SET over 1')"),
      3 },
    { P("actor('fork', 'tcp', 'say=PSUBSCRIBE *', 'ready', 'hear', 'tcp', "
        "'say=SET got 1', 'end', 'tcp', 'say=PUBLISH c go', 'join', 'say=SET over 1')"),
      2 },
    /* Beside replies, in RESP3. */
    { P("actor('tcp', 'say=HELLO 3', 'say=SUBSCRIBE c', 'say=HSET h f 1', "
        "'say=PUBLISH c go', 'hear', 'say=HGETALL h', 'say=SET k 1')"),
      2 },
    { P("actor('tcp', 'say=HELLO 3', 'say=HSET h f 1', 'say=HGETALL h', 'say=SMEMBERS "
        "s', "
        "'say=GET none', 'say=HELLO 2', 'say=HSET h g 1', 'say=RESET', 'say=SET k 1')"),
      3 },

    /* Who waits is woken by another one. */
    { P("actor('fork', 'tcp', 'send=BLPOP q 0', 'ready', 'hear', 'say=SET got 1', "
        "'say=SET got 2', 'end', "
        "'tcp', 'until=cmd=blpop CLIENT LIST', 'say=LPUSH q job', 'join', "
        "'say=SET over 1')"),
      3 },
    /* Or by nobody, and goes on later; or never. */
    { P("actor('tcp', 'say=SET a 1', 'say=BLPOP nobody 1', 'say=SET b 1')"), 2 },
    { P("actor('tcp', 'send=BLPOP nobody 0', 'tcp', 'until=cmd=blpop CLIENT LIST', "
        "'say=SET a 1')"),
      1 },

    /* Scripts that are not there, as in the recording. */
    { P("actor('tcp', 'say=EVALSHA " SHA " 0', 'want=NOSCRIPT', [[say=SCRIPT LOAD " SCRIPT
        "]], 'say=EVALSHA " SHA " 0', 'want=:1')"),
      1 },
    { P("actor('tcp', 'say=EVALSHA " SHA " 0', 'want=NOSCRIPT', [[say=EVAL " SCRIPT
        " 0]], 'say=EVALSHA " SHA " 0', 'want=:2')"),
      2 },

    /* Replies that nobody hears, or waits for. */
    { P("actor('tcp', 'send=CLIENT REPLY OFF', 'send=SET a 1', 'send=INCR b', "
        "'say=CLIENT REPLY ON', 'send=CLIENT REPLY SKIP', 'send=INCR b', 'say=INCR b')"),
      4 },
    { P("actor('tcp', 'send=SET a 1', 'send=SET b 1', 'send=QUIT', 'wait', 'tcp', "
        "'say=SET c 1')"),
      3 },
    /* An error is a reply. */
    { P("actor('tcp', 'say=SET a 1', 'say=LPUSH a 1', 'say=NOSUCH', 'say=GET', "
        "'say=SET b 1')"),
      2 },
    /* Expiries, by whichever clock. */
    { P("actor('tcp', 'say=SET a 1 EX 600', 'say=SET b 1', 'say=EXPIRE b 600')"), 3 },
};

/* Nothing is said of it then. Returns how many states there were. */
static long long expect_same(const char *entries)
{
    struct outcome outcome = resend(entries);

    cr_expect_eq(outcome.same, outcome.compared, "%s\n%lld of %lld the same", entries,
                 outcome.same, outcome.compared);
    cr_expect_not(says(outcome.text, "Sent again"), "%s", outcome.text);
    free(outcome.text);
    return outcome.compared;
}

Test(programs_resent, come_to_the_same)
{
    for (size_t i = 0; i < ARRAY_SIZE(alike); i++) {
        long long compared = expect_same(alike[i].entries);

        cr_expect_eq(compared, alike[i].states, "%s\n%lld compared", alike[i].entries,
                     compared);
    }
}

/* Who waits for a group's entries is a consumer of it from then on. Redis 8 counts
 * that as a change, 7.0 does not: there it is a state more, which must be looked at when
 * Redis has the command. */
Test(programs_resent, make_a_consumer_that_waits)
{
    long long compared = expect_same(
        P("actor('fork', 'tcp', 'say=XGROUP CREATE s g 0 MKSTREAM', 'send=XREADGROUP "
          "GROUP g me BLOCK 0 STREAMS s >', 'ready', 'hear', 'say=XACK s g 1-1', 'end', "
          "'tcp', 'until=cmd=xreadgroup CLIENT LIST', 'say=XADD s 1-1 f v', 'join', "
          "'say=SET over 1')"));

    cr_expect(compared == 4 || compared == 5, "%lld compared", compared);
}

/* An instant of the program's clock is one of its clock the second time, too. */
Test(programs_resent, by_a_clock_that_stands)
{
    struct outcome outcome;

    if (!fake_time_is_there())
        cr_skip_test("libfaketime is not installed");
    outcome = resend("clock = 'frozen'," P(
        "actor('tcp', 'say=SET a 1 PXAT {ms+600000}', 'say=SET b 1', "
        "'say=PEXPIREAT b {ms+600000}', 'say=EXISTS a b', 'want=:2')"));
    cr_expect_eq(outcome.compared, 3);
    cr_expect_eq(outcome.same, 3, "%s", outcome.text);
    free(outcome.text);
}

/* What does something else each time is named. */
#define FILL                                                                             \
    "[[say=EVAL \"for i = 1, 1000 do redis.call('SADD', 's', i) end return 1\" 0]]"
#define NOW                                                                              \
    "[[say=EVAL \"local t = redis.call('TIME') redis.call('SET', 't', t[1] .. t[2]) "    \
    "return 1\" 0]]"

static const struct {
    const char *entries, *said;
} different[] = {
    { P("actor('tcp', " FILL ", 'say=SPOP s 500', 'say=SET a 1', 'say=DEL s')"),
      "Sent again, its commands leave 2 of 4 states as they were; the first that differs "
      "is behind command 2, which may do something else each time." },
    { P("actor('tcp', 'say=GET t', 'say=SET a 1', " NOW ", 'say=DEL t')"),
      "Sent again, its commands leave 1 of 2 states as they were; the first that differs "
      "is behind command 3, which may do something else each time." },
    { P("actor('tcp', 'say=MULTI', " NOW ", 'say=SET b 1', 'say=EXEC', 'say=DEL t')"),
      "Sent again, its commands leave 1 of 2 states as they were; the first that differs "
      "is behind command 4, which may do something else each time." },
    /* On another connection, of which no other one hears. */
    { P("actor('tcp', 'say=SET a 1', 'unix', " NOW ", 'tcp', 'say=SET b 1', "
        "'say=DEL t')"),
      "Sent again, its commands leave 2 of 4 states as they were; the first that differs "
      "is behind command 2, which may do something else each time." },
};

Test(programs_resent, that_do_something_else_each_time)
{
    for (size_t i = 0; i < ARRAY_SIZE(different); i++) {
        struct outcome outcome = resend(different[i].entries);

        cr_expect_lt(outcome.same, outcome.compared, "%s", different[i].entries);
        EXPECT_SAYS(outcome.text, different[i].said);
        free(outcome.text);
    }
}

/* A job that is there while an instant has not passed, which it has when the program has
 * ended: who waits for it the second time is not woken, is not waited for for ever, and
 * what it would have sent then is left out. */
Test(programs_resent, is_given_up_when_no_reply_comes)
{
    struct outcome outcome = resend(
        P("actor('fork', 'tcp', 'send=BLPOP q 0', 'ready', 'hear', 'say=SET got 1', "
          "'say=SET got 2', 'say=SET got 3', 'end', "
          "'tcp', 'until=cmd=blpop CLIENT LIST', "
          "[[until=:1 EVAL \"local t = redis.call('TIME') if t[1] * 1000 + t[2] / 1000 < "
          "tonumber(ARGV[1]) then return redis.call('LPUSH', 'q', 1) end return 0\" 0 "
          "{ms+1000}]], 'join', 'say=BLPOP nobody 2', 'say=SET over 1')"));

    cr_expect_eq(outcome.compared, 4, "%lld", outcome.compared);
    cr_expect_eq(outcome.same, 0, "%lld", outcome.same);
    EXPECT_SAYS(outcome.text,
                "Sent again, its commands leave 0 of 4 states as they were");
    free(outcome.text);
}
