/* tap/expect: which of what Redis says answers a command. The dialogues are those of
 * Redis 7.0.15. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tap/expect.h"

#define HELLO3 "%1\r\n+proto\r\n:3\r\n"
#define MESSAGE "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nm\r\n"
#define PUSH ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nm\r\n"
#define SUB(kind, name) kind "3\r\n" name "\r\n+a\r\n:1\r\n"

/* What the program sends, what Redis says to it (if CLIENT REPLY is ON), and for each
 * piece: r a reply, R the last one, m a message; a dash in front if it is not heard.
 * Behind the last command: x it closes, b it may block, o CLIENT REPLY ON is sent,
 * u unknowable. */
#define LONGEST 6
static const struct {
    const char *about;
    struct {
        const char *command, *said, *found;
    } steps[LONGEST];
} rows[] = {
    { "one reply", { { "get a", "$1\r\nx\r\n", "R" }, { "get a", "-ERR\r\n", "R" } } },
    { "nothing was asked", { { NULL, PUSH, "m" } } },
    { "a push before the reply", { { "get a", PUSH "+OK\r\n", "mR" } } },
    { "a confirmation each",
      { { "subscribe a b a",
          SUB("*", "+subscribe") SUB("*", "+subscribe") MESSAGE SUB("*", "+subscribe"),
          "rrmR" },
        { NULL, MESSAGE, "m" },
        { "UnSubscribe", SUB("*", "+unsubscribe") SUB("*", "+unsubscribe"), "rR" },
        { "unsubscribe", "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n", "R" } } },
    { "patterns and shards are counted by themselves",
      { { "subscribe a", SUB("*", "+subscribe"), "R" },
        { "psubscribe a* b*", SUB("*", "+psubscribe") SUB("*", "+psubscribe"), "rR" },
        { "ssubscribe s", SUB("*", "+ssubscribe"), "R" },
        { "punsubscribe", SUB("*", "+punsubscribe") SUB("*", "+punsubscribe"), "rR" },
        { "sunsubscribe", SUB("*", "+sunsubscribe"), "R" },
        { "unsubscribe", SUB("*", "+unsubscribe"), "R" } } },
    { "some of them",
      { { "subscribe a b c",
          SUB("*", "+subscribe") SUB("*", "+subscribe") SUB("*", "+subscribe"), "rrR" },
        { "unsubscribe b z", SUB("*", "+unsubscribe") SUB("*", "+unsubscribe"), "rR" },
        { "unsubscribe", SUB("*", "+unsubscribe") SUB("*", "+unsubscribe"), "rR" } } },
    { "an error is the only reply",
      { { "subscribe", "-ERR\r\n", "R" },
        { "subscribe a b", "-NOPERM\r\n", "R" },
        { "unsubscribe", SUB("*", "+unsubscribe"), "R" } } },
    { "with RESP2, a subscriber's ping",
      { { "subscribe a", SUB("*", "+subscribe"), "R" },
        { "ping", MESSAGE "*2\r\n+pong\r\n$0\r\n\r\n", "mR" },
        { "get a", "-ERR Can't execute 'get'\r\n", "R" } } },
    { "an array that looks like a message", { { "lrange a 0 -1", MESSAGE, "R" } } },
    { "with RESP3, all are pushes",
      { { "hello 3", HELLO3, "R" },
        { "subscribe a b", SUB(">", "+subscribe") PUSH SUB(">", "+subscribe"), "rmR" },
        { "lrange a 0 -1", PUSH MESSAGE, "mR" },
        { "unsubscribe", SUB(">", "+unsubscribe") SUB(">", "+unsubscribe"), "rR" } } },
    { "a version that is refused",
      { { "subscribe a", SUB("*", "+subscribe"), "R" },
        { "hello 4", "-NOPROTO\r\n", "R" },
        { "hello 3", "-ERR Can't execute\r\n", "R" },
        { "ping", MESSAGE "*2\r\n+pong\r\n$0\r\n\r\n", "mR" } } },
    { "a transaction",
      { { "multi", "+OK\r\n", "R" },
        { "blpop a 0", "+QUEUED\r\n", "R" },
        { "exec", "*1\r\n*-1\r\n", "R" },
        { "subscribe a b", SUB("*", "+subscribe") SUB("*", "+subscribe"), "rR" } } },
    { "one that subscribes",
      { { "multi", "+OK\r\n", "R" },
        { "subscribe a b", "+QUEUED\r\n", "R" },
        { "get a", "+QUEUED\r\n", "R" },
        { "exec", "*2\r\n" SUB("*", "+subscribe") SUB("*", "+subscribe") "$-1\r\n",
          "rR" },
        { "unsubscribe", SUB("*", "+unsubscribe") SUB("*", "+unsubscribe"), "rR" } } },
    { "one that is aborted",
      { { "multi", "+OK\r\n", "R" },
        { "subscribe a b", "+QUEUED\r\n", "R" },
        { "exec", "*-1\r\n", "R" },
        { "unsubscribe", SUB("*", "+unsubscribe"), "R" } } },
    { "one that is refused",
      { { "multi", "+OK\r\n", "R" },
        { "subscribe a b", "+QUEUED\r\n", "R" },
        { "nonsense", "-ERR\r\n", "R" },
        { "exec", "-EXECABORT\r\n", "R" },
        { "unsubscribe", SUB("*", "+unsubscribe"), "R" } } },
    { "one that is discarded",
      { { "multi", "+OK\r\n", "R" },
        { "multi", "-ERR nested\r\n", "R" },
        { "hello 3", "+QUEUED\r\n", "R" },
        { "discard", "+OK\r\n", "R" },
        { "subscribe a b", SUB("*", "+subscribe") SUB("*", "+subscribe"), "rR" } } },
    { "QUIT is never queued",
      { { "multi", "+OK\r\n", "R" }, { "quit", "+OK\r\n", "xR" } } },
    { "RESET ends everything",
      { { "subscribe a", SUB("*", "+subscribe"), "R" },
        { "multi", "-ERR\r\n", "R" },
        { "reset", "+RESET\r\n", "R" },
        { "unsubscribe", SUB("*", "+unsubscribe"), "R" },
        { "blpop a 0", "*-1\r\n", "bR" } } },
    { "MONITOR",
      { { "monitor", "+OK\r\n", "R" },
        { NULL, "+1339518083.107412 [0 127.0.0.1:1] \"get\" \"a\"\r\n", "m" },
        { "ping", "+1.1 [0 x] \"a\"\r\n+PONG\r\n+1.1 [0 x] \"ping\"\r\n", "mRm" },
        { "reset", "+RESET\r\n", "R" },
        { "echo 1.1", "+1.1\r\n", "R" } } },
    { "CLIENT REPLY OFF",
      { { "client reply off", "+OK\r\n", "o-R" },
        { "set a 1", "+OK\r\n", "-R" },
        { "subscribe a b", SUB("*", "+subscribe") SUB("*", "+subscribe"), "rR" },
        { "ping", MESSAGE "*2\r\n+pong\r\n+\r\n", "m-R" },
        { "client reply on", "-ERR Can't execute\r\n", "-R" },
        { "quit", "+OK\r\n", "x-R" } } },
    { "and ON again",
      { { "CLIENT REPLY OFF", "+OK\r\n", "o-R" },
        { "client reply skip", "+OK\r\n", "o-R" },
        { "set a 1", "+OK\r\n", "-R" },
        { "client reply on", "+OK\r\n", "R" },
        { "set a 1", "+OK\r\n", "R" } } },
    { "CLIENT REPLY SKIP",
      { { "client reply skip", "+OK\r\n", "o-R" },
        { "client reply skip", "+OK\r\n", "o-R" },
        { "set a 1", "+OK\r\n", "-R" },
        { "set a 1", "+OK\r\n", "R" },
        { "client reply sometimes", "-ERR syntax\r\n", "R" } } },
    { "SKIP and ON",
      { { "client reply skip", "+OK\r\n", "o-R" },
        { "client reply on", "+OK\r\n", "R" },
        { "set a 1", "+OK\r\n", "R" } } },
    { "OFF and RESET",
      { { "client reply off", "+OK\r\n", "o-R" },
        { "reset", "+RESET\r\n", "R" },
        { "ping", "+PONG\r\n", "R" } } },
    { "SKIP and RESET",
      { { "client reply skip", "+OK\r\n", "o-R" },
        { "reset", "+RESET\r\n", "-R" },
        { "ping", "+PONG\r\n", "R" } } },
    { "inside a transaction nobody can follow it",
      { { "multi", "+OK\r\n", "R" }, { "client reply off", "", "uo" } } },
    { "blocking",
      { { "xread count 1 block 0 streams a 0", "", "b" },
        { "xread count 1 streams block 0", "*-1\r\n", "R" },
        { "XREADGROUP GROUP g c BLOCK 1 STREAMS a >", "", "b" },
        { "waitaof 1 0 0", "", "b" },
        { "BZMPOP 0 1 a MIN", "", "b" },
        { "brpoplpush a b 0", "", "b" } } },
};

static void send(struct expect *expect, const char *command, FILE *out)
{
    static const struct {
        char letter;
        size_t offset;
    } marks[] = {
        { 'x', offsetof(struct expect, closes) },
        { 'b', offsetof(struct expect, may_block) },
        { 'u', offsetof(struct expect, unfollowed) },
        { 'o', offsetof(struct expect, asks_on) },
    };
    CLEANUP(command_stream_release) struct command_stream stream = command_stream_new();
    struct command_frame frame;

    command_stream_add(&stream, str_of(command));
    command_stream_add(&stream, STR("\n"));
    cr_assert_eq(command_stream_next(&stream, &frame), STREAM_FRAME);
    expect_command(expect, frame.words, frame.count);
    for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
        if (*((const char *)expect + marks[i].offset))
            fputc(marks[i].letter, out);
}

static void hear(struct expect *expect, const char *said, FILE *out)
{
    struct reply_stream stream = REPLY_STREAM_NULL;
    struct str bytes = str_of(said);

    while (bytes.length) {
        size_t used;
        bool heard;
        enum expect_found found;

        cr_assert_eq(reply_stream_next(&stream, bytes, &used), STREAM_FRAME, "%s", said);
        bytes = (struct str){ bytes.bytes + used, bytes.length - used };
        found = expect_frame(expect, &stream.frame, &heard);
        fprintf(out, "%s%c", heard ? "" : "-", "mrR"[found]);
    }
}

Test(tap_expect, dialogues)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(expect_release) struct expect expect = expect_new();

        for (size_t j = 0; j < LONGEST && rows[i].steps[j].found; j++) {
            CLEANUP(mem_freep) char *found = NULL;
            FILE *out = mem_stream(&found);

            if (rows[i].steps[j].command)
                send(&expect, rows[i].steps[j].command, out);
            hear(&expect, rows[i].steps[j].said, out);
            fclose(out);
            cr_expect_str_eq(found, rows[i].steps[j].found, "%s: step %zu: %s, not %s",
                             rows[i].about, j, found, rows[i].steps[j].found);
        }
    }
}

/* What may be asked about a command: n nothing, it changes no data; t behind it, Redis
 * takes another one; - neither. */
static const struct {
    const char *command, *said;
    char may;
} asked[] = {
    { "set a 1", "+OK\r\n", 't' },
    { "eval x 0", ":1\r\n", 't' },
    { "select 1", "+OK\r\n", 't' },
    { "client id", ":1\r\n", '-' },
    { "blpop q 0", "*-1\r\n", '-' },
    { "xread streams s 0", "*-1\r\n", '-' },
    { "watch a", "+OK\r\n", 'n' },
    { "multi", "+OK\r\n", 'n' },
    { "incr a", "+QUEUED\r\n", 'n' },
    { "blpop q 0", "+QUEUED\r\n", 'n' },
    { "exec", "*2\r\n:1\r\n*-1\r\n", 't' },
    { "multi", "+OK\r\n", 'n' },
    { "discard", "+OK\r\n", 'n' },
    { "multi", "+OK\r\n", 'n' },
    { "subscribe a", "+QUEUED\r\n", 'n' },
    { "exec", "*1\r\n" SUB("*", "+subscribe"), '-' },
    { "set a 1", "-ERR Can't execute 'set'\r\n", '-' },
    { "unsubscribe a", SUB("*", "+unsubscribe"), '-' },
    { "set a 1", "+OK\r\n", 't' },
    { "multi", "-ERR\r\n", 'n' },
    { "incr a", ":1\r\n", 't' },
    { "monitor", "+OK\r\n", '-' },
    { "set a 1", "+OK\r\n", '-' },
    { "reset", "+RESET\r\n", 'n' },
    { "set a 1", "+OK\r\n", 't' },
    { "hello 3", HELLO3, '-' },
    { "set a 1", "+OK\r\n", 't' },
    { "quit", "+OK\r\n", 'n' },
};

Test(tap_expect, what_may_be_asked_about_a_command)
{
    CLEANUP(expect_release) struct expect expect = expect_new();

    for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
        CLEANUP(mem_freep) char *found = NULL;
        FILE *out = mem_stream(&found);
        char may = '-';

        send(&expect, asked[i].command, out);
        if (expect_takes_another(&expect))
            may = 't';
        if (expect_changes_nothing(&expect))
            may = may == 't' ? '!' : 'n'; /* never both */
        cr_expect_eq(may, asked[i].may, "%zu %s: %c", i, asked[i].command, may);
        hear(&expect, asked[i].said, out);
        fclose(out);
    }
}
