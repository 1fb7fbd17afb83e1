/* resp: what Redis says is taken apart as hiredis does it, however it arrives. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "redis/connection.h"
#include "redis/resp.h"

/* What a reply holds, as text; as hiredis' reader and as ours must see it. */
static void describe(FILE *out, const redisReply *reply)
{
    fprintf(out, "%d:", reply->type);
    if (reply->type == REDIS_REPLY_INTEGER)
        fprintf(out, "%lld ", reply->integer);
    if (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS ||
        reply->type == REDIS_REPLY_ERROR) {
        fprintf(out, "%zu=", (size_t)reply->len);
        fwrite(reply->str, 1, (size_t)reply->len + 1, out); /* what ends it, too */
    }
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
        describe(out, reply->element[i]);
    fputc(';', out);
}

static const char whole[] = "+OK\r\n:0\r\n:-12\r\n:9223372036854775807\r\n$0\r\n\r\n$"
                            "5\r\na\r\nbc\r\n$-1\r\n*-1\r\n*0\r\n"
                            "*3\r\n$1\r\nk\r\n+hash\r\n*2\r\n:1\r\n*1\r\n$3\r\nxyz\r\n-"
                            "ERR no\r\n*2\r\n-ERR in\r\n+\r\n"
                            "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:8\r\n";

static char *described_by_hiredis(size_t *ret_count)
{
    redisReader *reader = redisReaderCreate();
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    void *reply = NULL;

    redisReaderFeed(reader, whole, strlen(whole));
    for (*ret_count = 0; redisReaderGetReply(reader, &reply) == REDIS_OK && reply;
         ++*ret_count) {
        describe(out, reply);
        freeReplyObject(reply);
    }
    fclose(out);
    redisReaderFree(reader);
    return text;
}

/* Each piece is one packet, and so one read. */
static char *described_by_us(size_t count, size_t first, size_t second)
{
    struct arena arena = ARENA_NULL;
    struct err err = ERR_NULL;
    struct resp replies;
    char *text = NULL;
    size_t length = 0, at = 0;
    const size_t ends[] = { first, second, strlen(whole) };
    FILE *out = open_memstream(&text, &length);
    int fds[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
    for (size_t i = 0; i < ARRAY_SIZE(ends); at = ends[i++])
        if (ends[i] > at)
            cr_assert_gt(send(fds[1], whole + at, ends[i] - at, 0), 0);
    close(fds[1]);
    replies = resp_of(fds[0], &arena);
    for (size_t i = 0; i < count; i++) {
        const redisReply *reply;

        cr_assert_eq(resp_next(&replies, "the test", &reply, &err), 0, "%s", err.msg);
        describe(out, reply);
    }
    fclose(out);
    close(fds[0]);
    arena_release(&arena);
    return text;
}

Test(replies, are_those_of_hiredis_however_they_are_cut)
{
    size_t count, total = strlen(whole);
    char *expected = described_by_hiredis(&count);

    cr_assert_eq(count, 13);
    for (size_t first = 1; first <= total; first++) {
        char *text = described_by_us(count, first, first + (total - first) / 2);

        cr_expect_str_eq(text, expected, "cut at %zu", first);
        free(text);
    }
    free(expected);
}

/* One that is larger than all that was reserved. */
Test(replies, grow)
{
    size_t length = 3 << 20;
    struct arena arena = ARENA_NULL;
    struct err err = ERR_NULL;
    const redisReply *reply;
    struct resp replies;
    int fds[2];
    pid_t pid;

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    pid = fork();
    if (pid == 0) {
        char *text = mem_alloc(length);
        FILE *out = fdopen(fds[1], "w");

        memset(text, 'x', length);
        for (int i = 0; i < 3; i++) {
            fprintf(out, "*2\r\n$%zu\r\n", length);
            fwrite(text, 1, length, out);
            fprintf(out, "\r\n:%d\r\n", i);
        }
        fflush(out);
        _exit(0);
    }
    close(fds[1]);
    replies = resp_of(fds[0], &arena);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(resp_next(&replies, "the test", &reply, &err), 0, "%s", err.msg);
        cr_assert_eq(reply->elements, 2);
        cr_expect_eq(reply->element[0]->len, length);
        cr_expect_eq(reply->element[0]->str[length - 1], 'x');
        cr_expect_eq(reply->element[1]->integer, i);
    }
    cr_expect_eq(resp_next(&replies, "the test", &reply, &err), -EIO, "the end");
    close(fds[0]);
    waitpid(pid, NULL, 0);
    arena_release(&arena);
}

Test(replies, nonsense_is_an_error)
{
    static const char *const nonsense[] = {
        "hello\r\n", "$x\r\n", "$\r\n", "\r\n", "*1x\r\n", ":--1\r\n", ":1 \r\n", "\n",
    };

    for (size_t i = 0; i < ARRAY_SIZE(nonsense); i++) {
        struct arena arena = ARENA_NULL;
        struct err err = ERR_NULL;
        const redisReply *reply;
        struct resp replies;
        int fds[2];

        cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
        cr_assert_gt(write(fds[1], nonsense[i], strlen(nonsense[i])), 0);
        close(fds[1]);
        replies = resp_of(fds[0], &arena);
        cr_expect_eq(resp_next(&replies, "the test", &reply, &err), -EIO, "%s",
                     nonsense[i]);
        close(fds[0]);
        arena_release(&arena);
    }
}

/* Arrays in arrays: scripts can return 8,000, and no depth is too much for the stack. */
Test(replies, are_as_deep_as_scripts_make_them)
{
    static const size_t depths[] = { 1, 9, 12, 128, 129, 8000, 100000 };

    for (size_t i = 0; i < ARRAY_SIZE(depths); i++) {
        struct arena arena = ARENA_NULL;
        struct err err = ERR_NULL;
        const redisReply *reply = NULL;
        struct buffer text = BUFFER_NULL;
        struct resp replies;
        int fds[2];
        pid_t pid;

        for (size_t d = 0; d < depths[i]; d++)
            buffer_add(&text, STR("*1\r\n"));
        buffer_add(&text, STR(":7\r\n"));
        cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
        pid = fork();
        if (pid == 0)
            _exit(write(fds[1], text.bytes, text.length) < 0);
        close(fds[1]);
        replies = resp_of(fds[0], &arena);
        cr_expect_eq(resp_next(&replies, "the test", &reply, &err), 0, "%zu: %s",
                     depths[i], err.msg);
        for (size_t d = 0; reply && d < depths[i]; d++)
            reply = reply->element[0];
        cr_expect(reply && reply->integer == 7);
        close(fds[0]);
        waitpid(pid, NULL, 0);
        buffer_release(&text);
        arena_release(&arena);
    }
}

/* Not a part of it, and nothing of it is sent. */
Test(connection, refuses_commands_of_too_many_words)
{
    const char *words[18] = { NULL };
    redisReply *reply = NULL;
    struct err err = ERR_NULL;

    for (size_t i = 0; i < 17; i++)
        words[i] = "DEL";
    cr_expect_eq(connection_command(NULL, &reply, &err, words), -E2BIG);
    cr_expect_str_eq(err.msg, "send DEL: the command has more than 16 words");
}
