/* tap_heard.c - programs behind a tap hear what they would hear without it: however their
 * commands are cut, however long what they hear is, whatever they ask.
 *
 * What was executed in which order, tap.c. */
#include "tapped.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tap/client.h"

/* Between the two parts another connection is answered, so they arrive one by one. */
static void send_in_parts(const struct tapped_program *to)
{
    static const char text[] = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\na\r\nb\r\nset k "
                               "\"c\\x20d\"\r\nMULTI\r\n*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n"
                               "EXEC\r\n";
    static const char replies[] = "+OK\r\n+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n:1\r\n";
    redisContext *other = program_dial(&to->socket);

    for (size_t i = 0; i <= strlen(text); i++) {
        int a = program_connect(i % 2 ? &to->tcp : &to->socket);

        program_write(a, (struct str){ text, i });
        program_say(other, "PING", "PONG");
        program_write(a, str_of(text + i));
        program_expect(a, replies);
        program_say(other, "DEL n", "1");
        close(a);
    }
    redisFree(other);
}

Test(tap_heard, commands_in_parts)
{
    struct tapped tapped = tapped_start();

    tapped_run(&tapped, send_in_parts);
    EXPECT_WENT_WELL(&tapped);
    cr_expect_not_null(strstr(tapped.trace, "2 EXECUTED* SET k a\\x0d\\x0ab = +OK\n"));
    cr_expect_not_null(strstr(tapped.trace, "2 EXECUTED INCR n = +QUEUED\n"
                                            "2 EXECUTED* EXEC = *1\\x0d\\x0a:1\n"));
    tapped_remove(&tapped);
}

/* Longer than a reply that is held; and more than all buffers take before anything is
 * read. */
#define LONG (3u << 20)
#define TIMES 40
static void send_much(const struct tapped_program *to)
{
    redisContext *a = program_dial(&to->socket);
    char *value = mem_alloc(LONG);
    redisReply *reply;

    for (size_t i = 0; i < LONG; i++)
        value[i] = "ab\r\n"[i % 4];
    for (size_t size = 100000; size <= LONG; size += LONG - 100000) {
        reply = redisCommand(a, "SET k %b", value, size);
        MUST(reply && reply->type == REDIS_REPLY_STATUS);
        freeReplyObject(reply);
        reply = redisCommand(a, "GET k");
        MUST(reply && (size_t)reply->len == size);
        MUST(memcmp(reply->str, value, size) == 0);
        freeReplyObject(reply);
    }
    for (int i = 0; i < TIMES; i++) {
        MUST(redisAppendCommand(a, "SET j%d %b", i, value, (size_t)1000000) == REDIS_OK);
        MUST(redisAppendCommand(a, "GET k") == REDIS_OK);
    }
    for (int done = 0; !done;)
        MUST(redisBufferWrite(a, &done) == REDIS_OK);
    for (int i = 0; i < 2 * TIMES; i++) {
        MUST(redisGetReply(a, (void **)&reply) == REDIS_OK);
        MUST(i % 2 ? reply->len == LONG : reply->type == REDIS_REPLY_STATUS);
        freeReplyObject(reply);
    }
    redisFree(a);
    free(value);
}

static int is_bounded(struct tapped *tapped, const struct tap_event *event,
                      struct err *err)
{
    (void)tapped, (void)err;
    cr_expect_leq(event->reply.length, CLIENT_REPLY_KEPT);
    cr_expect_leq(event->reply_bytes, CLIENT_HELD_MOST + 65536);
    cr_expect_eq(event->reply_whole, event->reply_bytes < CLIENT_HELD_MOST);
    return 0;
}

Test(tap_heard, long_values_and_full_buffers)
{
    struct tapped tapped = tapped_start();

    tapped.executed = is_bounded;
    tapped_run(&tapped, send_much);
    EXPECT_WENT_WELL(&tapped);
    cr_expect_eq(tapped.events, 4 + 2 * TIMES);
    tapped_remove(&tapped);
}

/* Everything that a server says to these bytes until it closes; ids are masked. */
static char *hear_all(int fd, const char *bytes, bool half_closed)
{
    char *text = NULL, piece[4096], *id;
    FILE *out = mem_stream(&text);
    ssize_t n;

    program_write(fd, str_of(bytes));
    if (half_closed)
        shutdown(fd, SHUT_WR);
    while ((n = recv(fd, piece, sizeof(piece), 0)) > 0)
        fwrite(piece, 1, (size_t)n, out);
    fclose(out);
    close(fd);
    for (id = text; (id = strstr(id, "id\r\n:"));)
        for (id += 5; *id >= '0' && *id <= '9'; id++)
            *id = 'N';
    return text;
}

#define EVAL3(text) "HELLO 3\r\nEVAL \"redis.setresp(3) return " text "\" 0\r\nQUIT\r\n"
static const char *const dialogues[] = {
    "PING\r\nQUIT\r\nPING\r\n",
    "set \"a b\" 'c\\'d'\r\nget \"a\\x20b\"\r\n\r\n*0\r\nquit\r\n",
    "SUBSCRIBE a b a\r\nPING\r\nGET x\r\nUNSUBSCRIBE\r\nGET x\r\nQUIT\r\n",
    "SUBSCRIBE a\r\nPSUBSCRIBE *\r\nSSUBSCRIBE s\r\nUNSUBSCRIBE\r\nPUNSUBSCRIBE\r\n"
    "SUNSUBSCRIBE\r\nUNSUBSCRIBE\r\nUNSUBSCRIBE x y\r\nSUBSCRIBE\r\nQUIT\r\n",
    "HELLO 3\r\nSUBSCRIBE a b\r\nPUBLISH a hi\r\nGET x\r\nUNSUBSCRIBE\r\nHELLO 2\r\n"
    "UNSUBSCRIBE\r\nHELLO 9\r\nQUIT\r\n",
    "MULTI\r\nSUBSCRIBE a b\r\nGET x\r\nEXEC\r\nPING\r\nUNSUBSCRIBE\r\nPING\r\nQUIT\r\n",
    "HELLO 3\r\nMULTI\r\nSUBSCRIBE a b\r\nGET x\r\nEXEC\r\nPING\r\nQUIT\r\n",
    "MULTI\r\nHELLO 3\r\nEXEC\r\nGET x\r\nQUIT\r\n",
    "MULTI\r\nMULTI\r\nNONSENSE\r\nEXEC\r\nEXEC\r\nMULTI\r\nSET a 1\r\nDISCARD\r\nGET "
    "a\r\n"
    "QUIT\r\n",
    "WATCH a\r\nMULTI\r\nBLPOP q 0\r\nEXEC\r\nMULTI\r\nQUIT\r\n",
    "CLIENT REPLY OFF\r\nSET a 1\r\nGET a\r\nCLIENT REPLY ON\r\nGET a\r\nQUIT\r\n",
    "CLIENT REPLY SKIP\r\nSET a 1\r\nGET a\r\nCLIENT REPLY SKIP\r\nCLIENT REPLY ON\r\n"
    "CLIENT REPLY maybe\r\nQUIT\r\n",
    "CLIENT REPLY OFF\r\nSUBSCRIBE a b\r\nPING\r\nRESET\r\nGET a\r\nQUIT\r\n",
    "CLIENT REPLY SKIP\r\nSUBSCRIBE a\r\nPING\r\nCLIENT REPLY OFF\r\nQUIT\r\n",
    "CLIENT REPLY OFF\r\nMULTI\r\nSET a 1\r\nEXEC\r\nCLIENT REPLY ON\r\nQUIT\r\n",
    "CLIENT REPLY OFF\r\nQUIT\r\n",
    "SELECT 1\r\nSET a 1\r\nRESET\r\nGET a\r\nHELLO 3\r\nRESET\r\nGET a\r\nQUIT\r\n",
    "AUTH nobody nothing\r\nACL WHOAMI\r\nNONSENSE a b\r\nGET\r\nQUIT\r\n",
    "BLPOP q 0.01\r\nPING\r\nXREAD BLOCK 10 STREAMS s $\r\nWAIT 1 10\r\nQUIT\r\n",
    "HELLO 3\r\nCLIENT TRACKING ON\r\nGET a\r\nSET a 1\r\nGET a\r\nQUIT\r\n",
    EVAL3("{double=1.5}"),
    EVAL3("{map={a={set={b=true}}}}"),
    EVAL3("{true, false, {big_number='123456789012345678901234567890'}}"),
    EVAL3("{verbatim_string={format='txt', string='a'}}"),
    EVAL3("{err='NO way'}"),
    "EVAL \"return {1,{2,{3,{4,{5,{6,{7,{8,{9}}}}}}}}}\" 0\r\nQUIT\r\n",
    "PING\r\n*x\r\n",
    "PING\r\n*1\r\nPING\r\n",
    "*1\r\n$-5\r\n",
    "*1\r\n$999999999999\r\nx",
    "*3000000000\r\n",
    "set 'a\r\n",
};

static void converse(const struct tapped_program *to)
{
    redisContext *direct = program_dial(&to->server);

    for (size_t i = 0; i < ARRAY_SIZE(dialogues); i++) {
        char *without, *with;

        program_say(direct, "FLUSHALL", "OK");
        without = hear_all(program_connect(&to->server), dialogues[i], false);
        program_say(direct, "FLUSHALL", "OK");
        with = hear_all(program_connect(i % 2 ? &to->tcp : &to->socket), dialogues[i],
                        false);
        if (strcmp(with, without) != 0)
            fprintf(stderr, "%s: with the tap\n%s\nwithout\n%s\n", dialogues[i], with,
                    without);
        MUST(strcmp(with, without) == 0);
        free(with);
        free(without);
    }
    redisFree(direct);
}

Test(tap_heard, programs_hear_what_they_would_hear_without_it)
{
    struct tapped tapped = tapped_start();

    tapped_run(&tapped, converse);
    EXPECT_WENT_WELL(&tapped);
    tapped_remove(&tapped);
}

static void say_it_all_and_listen(const struct tapped_program *to)
{
    char *heard =
        hear_all(program_connect(&to->tcp), "SET k 1\r\nINCR k\r\nGET k\r\n", true);

    MUST(strcmp(heard, "+OK\r\n:2\r\n$1\r\n2\r\n") == 0);
    free(heard);
    heard = hear_all(program_connect(&to->socket), "BLPOP q 0\r\n", true);
    MUST(strcmp(heard, "") == 0);
    free(heard);
    program_await_blocked(to, 0);
}

Test(tap_heard, half_closed_sockets_are_answered)
{
    struct tapped tapped = tapped_start();

    tapped_run(&tapped, say_it_all_and_listen);
    EXPECT_WENT_WELL(&tapped);
    cr_expect_eq(tapped.events, 4);
    tapped_remove(&tapped);
}

static void publish_and_listen(const struct tapped_program *to)
{
    int a = program_connect(&to->socket), b;
    redisContext *c;

    program_write(a, STR("SUBSCRIBE x y\r\nPSUBSCRIBE x*\r\n"));
    program_expect(a, "*3\r\n$9\r\nsubscribe\r\n$1\r\nx\r\n:1\r\n"
                      "*3\r\n$9\r\nsubscribe\r\n$1\r\ny\r\n:2\r\n"
                      "*3\r\n$10\r\npsubscribe\r\n$2\r\nx*\r\n:3\r\n");
    b = program_connect(&to->tcp);
    program_write(b, STR("HELLO 3 SETNAME b\r\nSUBSCRIBE x\r\nCLIENT GETNAME\r\n"));
    for (char last[5] = ""; memcmp(last, "*0\r\n", 4) != 0;) { /* HELLO tells much */
        memmove(last, last + 1, 3);
        MUST(recv(b, last + 3, 1, 0) == 1);
    }
    program_expect(b, ">3\r\n$9\r\nsubscribe\r\n$1\r\nx\r\n:1\r\n$1\r\nb\r\n");
    c = program_dial(&to->socket);
    program_say(c, "PUBLISH x hi", "3");
    program_expect(a, "*3\r\n$7\r\nmessage\r\n$1\r\nx\r\n$2\r\nhi\r\n"
                      "*4\r\n$8\r\npmessage\r\n$2\r\nx*\r\n$1\r\nx\r\n$2\r\nhi\r\n");
    program_expect(b, ">3\r\n$7\r\nmessage\r\n$1\r\nx\r\n$2\r\nhi\r\n");
    program_write(a, STR("UNSUBSCRIBE\r\nPING\r\n"));
    program_expect(a, "*3\r\n$11\r\nunsubscribe\r\n$1\r\n");
    redisFree(c);
}

Test(tap_heard, messages_answer_nothing)
{
    struct tapped tapped = tapped_start();

    tapped_run(&tapped, publish_and_listen);
    EXPECT_WENT_WELL(&tapped);
    cr_expect_not_null(strstr(tapped.trace, "2 EXECUTED SUBSCRIBE x = >3"));
    cr_expect_not_null(strstr(tapped.trace, "2 EXECUTED CLIENT GETNAME = $1\\x0d\\x0ab\n"
                                            "3 EXECUTED PUBLISH x hi = :3\n"
                                            "1 EXECUTED UNSUBSCRIBE = *3"));
    cr_expect_not_null(strstr(tapped.trace, "1 EXECUTED PING = *2"), "%s", tapped.trace);
    tapped_remove(&tapped);
}
