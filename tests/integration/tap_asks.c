/* tap_asks.c - when the tap asks whether a command has changed the data, and how; and
 * that whether it has is known exactly, whichever way.
 *
 * How it was asked is seen from beside the tap: by how often INFO was called, and by
 * whether the program's connection was the last to call it. */
#include "tapped.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* How a command is asked about: - not at all, b behind it, a after its reply. A star: it
 * has changed the data. */
struct row {
    const char *how;
    const char *words[10];
};

/* The first row is where counting begins. */
static const struct row rows[] = {
    { "b", { "PING" } },
    { "b*", { "SET", "k", "1" } },
    { "-", { "GET", "k" } },
    { "-", { "get", "k" } },
    { "-", { "GET" } },
    { "b*", { "incr", "k" } },
    { "b", { "DEL", "nothing" } },
    { "b", { "LPUSH", "k", "x" } }, /* of the wrong type */
    { "-", { "SCAN", "0" } },
    { "b", { "GETEX", "k" } },
    { "b*", { "GETEX", "k", "EX", "100" } },
    { "-", { "TTL", "k" } },
    { "b", { "OBJECT", "ENCODING", "k" } },
    { "b", { "CONFIG", "GET", "hz" } },
    { "a", { "REPLICAOF", "NO", "ONE" } },
    { "a", { "M.GET", "k" } }, /* nobody knows it */
    { "a", { "CLIENT", "ID" } },

    /* It is called readonly, and writes down what it has counted. */
    { "b*", { "PFADD", "p", "a" } },
    { "b*", { "PFADD", "p", "b" } },
    { "b*", { "PFCOUNT", "p" } },
    { "b", { "PFCOUNT", "p" } },

    /* Scripts. */
    { "b", { "EVAL", "return redis.call('get', 'k')", "0" } },
    { "b*", { "EVAL", "return redis.call('incr', 'k')", "0" } },
    { "-", { "EVAL_RO", "return redis.call('get', 'k')", "0" } },
    { "b*", { "PFADD", "p", "c" } },
    { "-", { "EVAL_RO", "return redis.call('pfcount','p')", "0" } },
    { "-", { "EVALSHA_RO", "81e051aa74d5742d0de30a692e578819fa68c798", "0" } },
    { "-", { "EVAL_RO", "return redis.call('incr', 'k')", "0" } },
    { "b", { "DEL", "nothing" } }, /* they were refused */
    { "b", { "EVALSHA", "0123456789012345678901234567890123456789", "0" } },
    { "b", { "FCALL", "nothing", "0" } },

    /* What stores only if it is told to. */
    { "b*", { "RPUSH", "l", "2", "1" } },
    { "b", { "SORT", "l" } },
    { "-", { "SORT_RO", "l" } },
    { "b*", { "SORT", "l", "STORE", "sorted" } },
    { "b*", { "GEOADD", "g", "1", "1", "a" } },
    { "b", { "GEORADIUS", "g", "1", "1", "10", "km" } },
    { "-", { "GEORADIUS_RO", "g", "1", "1", "10", "km" } },
    { "b*", { "GEORADIUS", "g", "1", "1", "10", "km", "STORE", "near" } },

    /* What may block. */
    { "b*", { "XADD", "s", "*", "f", "v" } },
    { "b*", { "XGROUP", "CREATE", "s", "g", "0" } },
    { "a*", { "XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">" } },
    { "-", { "XREAD", "STREAMS", "s", "0" } },
    { "a", { "XREAD", "BLOCK", "1000000", "STREAMS", "s", "0" } },
    { "a*", { "BLPOP", "l", "0" } },

    /* Transactions. */
    { "-", { "WATCH", "k" } },
    { "-", { "MULTI" } },
    { "-", { "INCR", "k" } },
    { "-", { "GET", "k" } },
    { "-", { "PFCOUNT", "p" } },
    { "b*", { "EXEC" } },
    { "-", { "MULTI" } },
    { "-", { "INCR", "k" } },
    { "-", { "DISCARD" } },
    { "-", { "MULTI" } },
    { "-", { "GET", "k" } },
    { "b", { "EXEC" } },
    { "-", { "MULTI" } },
    { "-", { "SUBSCRIBE", "c" } },
    { "-", { "INCR", "k" } },
    { "a*", { "EXEC" } },
    { "a", { "PING" } },
    { "a", { "UNSUBSCRIBE", "c" } },

    /* Users. */
    { "b*", { "SET", "k", "1" } },
    { "b", { "ACL", "SETUSER", "u", "on", "nopass", "~*", "+@all", "-info" } },
    { "b", { "AUTH", "u", "x" } }, /* and was refused, so asked again */
    { "a*", { "SET", "k", "2" } },
    { "-", { "GET", "k" } },
    { "-", { "RESET" } },
};

static size_t count_words(const char *const *words)
{
    size_t count = 0;

    while (count < ARRAY_SIZE(rows[0].words) && words[count])
        count++;
    return count;
}

static void say_all(const struct tapped_program *to)
{
    redisContext *a = program_dial(&to->socket);

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        redisReply *reply = redisCommandArgv(a, (int)count_words(rows[i].words),
                                             (const char **)rows[i].words, NULL);

        MUST(reply);
        freeReplyObject(reply);
    }
    redisFree(a);
}

/* Looks from beside the tap. */
struct beside {
    redisContext *connection;
    uint64_t infos; /* calls of INFO */
    char *hows;     /* owned; so far, a word each */
};

static char *ask_beside(const struct beside *beside, const char *command)
{
    redisReply *reply = redisCommand(beside->connection, command);
    char *text;

    cr_assert(reply && reply->str);
    text = mem_strdup(reply->str);
    freeReplyObject(reply);
    return text;
}

/* How often INFO was called since the last time, but for our own call. */
static uint64_t count_infos(struct beside *beside)
{
    CLEANUP(mem_freep) char *text = ask_beside(beside, "INFO commandstats");
    const char *calls = strstr(text, "cmdstat_info:calls=");
    uint64_t now = calls ? strtoull(calls + strlen("cmdstat_info:calls="), NULL, 10) : 0;
    uint64_t count = now - beside->infos;

    beside->infos = now + 1;
    return count;
}

/* Was INFO the last thing that came on the program's connection? */
static bool asked_behind(const struct beside *beside, int64_t id)
{
    CLEANUP(mem_freep) char *command = mem_printf("CLIENT LIST ID %d", (int)id);
    CLEANUP(mem_freep) char *text = ask_beside(beside, command);

    return strstr(text, " cmd=info ");
}

static int note_how(struct tapped *tapped, const struct tap_event *event, struct err *err)
{
    struct beside *beside = tapped->context;
    uint64_t count = count_infos(beside);
    char how = count ? asked_behind(beside, event->client_id) ? 'b' : 'a' : '-';
    char *hows = beside->hows;

    (void)err;
    if (event->order > 0)
        cr_expect_leq(count, 1);
    beside->hows = mem_printf("%s%c%s ", hows, how, event->changed ? "*" : "");
    free(hows);
    return 0;
}

static struct beside beside_open(struct tapped *tapped)
{
    struct beside beside = { .hows = mem_strdup("") };
    struct err err = ERR_NULL;

    cr_assert_eq(connection_open(&tapped->server.address, &beside.connection, &err), 0);
    tapped->executed = note_how;
    return beside;
}

static void beside_close(struct beside *beside)
{
    connection_close(beside->connection);
    free(beside->hows);
}

Test(tap_asks, only_about_what_may_have_changed_something)
{
    struct tapped tapped = tapped_start();
    struct beside beside = beside_open(&tapped);
    char *at;

    tapped.context = &beside;
    tapped_run(&tapped, say_all);
    EXPECT_WENT_WELL(&tapped);
    cr_expect_eq(tapped.events, ARRAY_SIZE(rows));
    at = beside.hows;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *how = strsep(&at, " ");

        cr_expect_str_eq(how, rows[i].how, "row %zu, %s: %s, not %s", i, rows[i].words[0],
                         how, rows[i].how);
    }
    beside_close(&beside);
    tapped_remove(&tapped);
}

static void speak_resp3(const struct tapped_program *to)
{
    int a = program_connect(&to->socket);

    program_write(a, STR("HELLO 3\r\n"));
    for (char last[5] = ""; memcmp(last, "*0\r\n", 4) != 0;) { /* it tells much */
        memmove(last, last + 1, 3);
        MUST(recv(a, last + 3, 1, 0) == 1);
    }
    program_write(a, STR("CLIENT TRACKING ON\r\nGET k\r\nSET k 1\r\nGET k\r\n"));
    program_expect(a, "+OK\r\n_\r\n+OK\r\n>2\r\n$10\r\ninvalidate\r\n"
                      "*1\r\n$1\r\nk\r\n$1\r\n1\r\n");
}

/* A push between the reply and the answer goes where it should. */
Test(tap_asks, in_the_protocol_that_is_spoken)
{
    struct tapped tapped = tapped_start();
    struct beside beside = beside_open(&tapped);

    tapped.context = &beside;
    tapped_run(&tapped, speak_resp3);
    EXPECT_WENT_WELL(&tapped);
    cr_expect_str_eq(strchr(beside.hows, ' '), " a - b* - ");
    beside_close(&beside);
    tapped_remove(&tapped);
}

/* Without INFO, whose calls are counted. */
static void await_blocked(redisContext *direct)
{
    for (bool there = false; !there;) {
        redisReply *reply = redisCommand(direct, "CLIENT LIST");

        MUST(reply && reply->str);
        there = strstr(reply->str, " flags=b");
        freeReplyObject(reply);
    }
}

static void go_on_beside_who_is_blocked(const struct tapped_program *to)
{
    redisContext *direct = program_dial(&to->server), *a = program_dial(&to->socket);
    int b;

    program_say(a, "SET k 1", "OK");
    b = program_connect(&to->tcp);
    program_write(b, STR("BLPOP q 0\r\n"));
    await_blocked(direct);
    program_say(a, "GET k", "1");
    program_say(a, "SET k 2", "OK");
    program_say(a, "RPUSH q x", "1");
    program_expect(b, "*2\r\n$1\r\nq\r\n$1\r\nx\r\n");
    program_say(a, "GET k", "2");
    program_say(a, "SET k 3", "OK");
    redisFree(a);
    redisFree(direct);
}

/* Who is woken is heard behind the command that woke him, which takes a question. */
Test(tap_asks, about_everything_while_somebody_is_blocked)
{
    struct tapped tapped = tapped_start();
    struct beside beside = beside_open(&tapped);

    tapped.context = &beside;
    tapped_run(&tapped, go_on_beside_who_is_blocked);
    EXPECT_WENT_WELL(&tapped);
    /* SET, BLPOP blocks, GET, SET, RPUSH, BLPOP is woken, GET, SET. */
    cr_expect_str_eq(beside.hows, "b* a a a* a* a - b* ");
    beside_close(&beside);
    tapped_remove(&tapped);
}

static void write_while_writes_pause(const struct tapped_program *to)
{
    redisContext *direct = program_dial(&to->server), *a = program_dial(&to->socket);
    int b;

    program_say(a, "CLIENT PAUSE 1000000 WRITE", "OK");
    b = program_connect(&to->tcp);
    program_write(b, STR("SET k 1\r\nGET k\r\nINCR k\r\n"));
    await_blocked(direct);
    program_say(a, "CLIENT UNPAUSE", "OK");
    program_expect(b, "+OK\r\n$1\r\n1\r\n:2\r\n");
    redisFree(a);
    redisFree(direct);
}

/* The question waits with the command, and is answered when nobody needs it any more. */
Test(tap_asks, behind_what_waits_all_the_same)
{
    struct tapped tapped = tapped_start();

    tapped_run(&tapped, write_while_writes_pause);
    EXPECT_WENT_WELL(&tapped);
    cr_expect_not_null(strstr(tapped.trace, "2 BLOCKED SET k 1 =\n"), "%s", tapped.trace);
    cr_expect_not_null(strstr(tapped.trace, " SET k 1 = +OK\n"
                                            "2 EXECUTED GET k = $1\\x0d\\x0a1\n"
                                            "2 EXECUTED* INCR k = :2\n"),
                       "%s", tapped.trace);
    tapped_remove(&tapped);
}

/* Longer than what is held of a reply: it passes while the question is asked anew. */
#define LONG (3u << 20)
static void replace_what_is_long(const struct tapped_program *to)
{
    redisContext *a = program_dial(&to->socket);
    char *value = mem_alloc(LONG + 1);
    redisReply *reply;

    memset(value, 'x', LONG);
    reply = redisCommand(a, "SET k %s", value);
    MUST(reply && reply->type == REDIS_REPLY_STATUS);
    freeReplyObject(reply);
    for (int i = 0; i < 5; i++) {
        reply = redisCommand(a, "SET k %s GET", value);
        MUST(reply && reply->len == LONG && strcmp(reply->str, value) == 0);
        freeReplyObject(reply);
    }
    reply = redisCommand(a, "GETDEL k");
    MUST(reply && reply->len == LONG && strcmp(reply->str, value) == 0);
    freeReplyObject(reply);
    program_say(a, "DEL k", "0");
    redisFree(a);
    free(value);
}

static int all_but_the_last_change(struct tapped *tapped, const struct tap_event *event,
                                   struct err *err)
{
    (void)tapped, (void)err;
    cr_expect_eq(event->changed, event->order < 7, "%d", (int)event->order);
    return 0;
}

Test(tap_asks, behind_what_has_a_long_reply)
{
    struct tapped tapped = tapped_start();

    tapped.executed = all_but_the_last_change;
    tapped_run(&tapped, replace_what_is_long);
    EXPECT_WENT_WELL(&tapped);
    cr_expect_eq(tapped.events, 8);
    tapped_remove(&tapped);
}

/* Bytes of the heap in use; a sanitizer keeps its own count. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t heap_bytes(void)
{
    return __sanitizer_get_current_allocated_bytes
               ? __sanitizer_get_current_allocated_bytes()
               : mallinfo2().uordblks;
}

#define MANY 4000
#define VALUE "%05000d"
static void send_many(const struct tapped_program *to)
{
    redisContext *a = program_dial(&to->socket);
    CLEANUP(mem_freep) char *value = mem_printf(VALUE, 0);

    for (int i = 0; i < MANY; i++) {
        redisReply *reply =
            redisCommand(a, i % 2 ? "GET k%d" : "SET k%d %s", i % 8, value);

        MUST(reply && reply->type != REDIS_REPLY_ERROR);
        freeReplyObject(reply);
    }
    redisFree(a);
}

static int note_heap(struct tapped *tapped, const struct tap_event *event,
                     struct err *err)
{
    size_t *heap = tapped->context;

    (void)err;
    if (event->order == MANY / 10)
        heap[0] = heap_bytes();
    if (event->order == MANY - 1)
        heap[1] = heap_bytes();
    return 0;
}

/* The trace that the test keeps itself takes some 100 bytes a command; what is sent and
 * heard, 5000. */
Test(tap_asks, and_keeps_nothing_of_it)
{
    struct tapped tapped = tapped_start();
    size_t heap[2] = { 0, 0 };

    tapped.executed = note_heap;
    tapped.context = heap;
    tapped_run(&tapped, send_many);
    EXPECT_WENT_WELL(&tapped);
    cr_expect_eq(tapped.events, MANY);
    cr_expect_gt(heap[0], 0);
    cr_expect_lt(heap[1], heap[0] + (2u << 20), "%zu bytes, then %zu", heap[0], heap[1]);
    tapped_remove(&tapped);
}
