/* recording.c - see recording.h. */
#include "redis/recording.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "redis/resp.h"

void recording_take(struct recording *ret, const struct page *page)
{
    ret->output_bytes = (size_t)page->bytes;
    ret->answer_bytes = (size_t)page->heard;
    ret->commands = (size_t)page->commands;
    ret->output = mem_copy(page->output, ret->output_bytes);
    ret->answers = mem_copy(page->answers, ret->answer_bytes);
    ret->traces = mem_copy(page->traces, ret->commands * sizeof(*ret->traces));
    ret->answers_vary = false;
}

void recording_copy(struct recording *ret, const struct recording *recording,
                    size_t commands)
{
    *ret = *recording;
    ret->commands = commands;
    ret->output_bytes = commands ? (size_t)recording->traces[commands - 1].end : 0;
    ret->answer_bytes = commands ? (size_t)recording->traces[commands - 1].reply_end : 0;
    ret->output = mem_copy(recording->output, ret->output_bytes);
    ret->answers = mem_copy(recording->answers, ret->answer_bytes);
    ret->traces = mem_copy(recording->traces, commands * sizeof(*ret->traces));
}

void recording_release(struct recording *recording)
{
    free(recording->output);
    free(recording->answers);
    free(recording->traces);
    *recording = RECORDING_NULL;
}

size_t recording_agree(struct recording *recording, const struct recording *again)
{
    size_t least = recording->output_bytes < again->output_bytes ? recording->output_bytes
                                                                 : again->output_bytes;
    size_t same = 0;

    recording->answers_vary |=
        recording->answer_bytes != again->answer_bytes ||
        memcmp(recording->answers, again->answers, again->answer_bytes) != 0;
    while (same < least && recording->output[same] == again->output[same])
        same++;
    return recording_complete(recording, same);
}

/* The traces' ends rise: a binary search for the first that lies behind. */
size_t recording_complete(const struct recording *recording, uint64_t bytes)
{
    size_t from = 0, to = recording->commands;

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (recording->traces[middle].end <= bytes)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static void show_command(const redisReply *command, size_t index, recording_visit *visit,
                         void *context)
{
    CLEANUP(mem_freep) const char **argv = MEM_ARRAY(const char *, command->elements);
    CLEANUP(mem_freep) size_t *lengths = MEM_ARRAY(size_t, command->elements);

    for (size_t i = 0; i < command->elements; i++) {
        argv[i] = command->element[i]->str;
        lengths[i] = (size_t)command->element[i]->len;
    }
    visit(context, index, (int)command->elements, argv, lengths);
}

/* A command has the form of a reply that is an array of texts. */
int recording_each(const struct recording *recording, recording_visit *visit,
                   void *context, struct err *err)
{
    redisReader *reader = redisReaderCreate();
    size_t from = 0;
    int code = 0;

    for (size_t i = 0; i < recording->commands && code == 0; i++) {
        size_t end = (size_t)recording->traces[i].end;
        void *command = NULL;

        redisReaderFeed(reader, recording->output + from, end - from);
        if (redisReaderGetReply(reader, &command) != REDIS_OK || !command)
            code = err_set(err, -EPROTO, "take command %zu of a recording apart: %s",
                           i + 1, reader->errstr); /* UNTESTED: we wrote it ourselves */
        else
            show_command(command, i, visit, context);
        freeReplyObject(command);
        from = end;
    }
    redisReaderFree(reader);
    return code;
}

static int send_cut(int fd, const char *output, size_t bytes, struct err *err)
{
    static const char who[] = "*2\r\n$6\r\nCLIENT\r\n$2\r\nID\r\n";
    struct iovec parts[] = {
        { (void *)(uintptr_t)who, sizeof(who) - 1 },
        { (void *)(uintptr_t)output, bytes },
    };
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = ARRAY_SIZE(parts) };

    while (parts[0].iov_len + parts[1].iov_len) {
        ssize_t n = sendmsg(fd, &message, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, "send %zu bytes to Redis", bytes);
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
            size_t gone = (size_t)n < parts[i].iov_len ? (size_t)n : parts[i].iov_len;

            parts[i].iov_base = (char *)parts[i].iov_base + gone;
            parts[i].iov_len -= gone;
            n -= (ssize_t)gone;
        }
    }
    return 0;
}

static int receive(int fd, char *piece, size_t size, ssize_t *ret, struct err *err)
{
    do
        *ret = recv(fd, piece, size, 0);
    while (*ret < 0 && errno == EINTR);
    if (*ret < 0)
        return err_errno(err, "wait for the answers to a part of an update");
    return *ret ? 0 : err_set(err, -EIO, "Redis closed the connection of a byte cut");
}

/* ":123\r\n" */
static const char *read_id(const char *at, const char *end, int64_t *ret)
{
    int64_t id = 0;

    for (at++; at < end && *at != '\r'; at++)
        id = 10 * id + (*at - '0');
    *ret = id;
    return at + 2 <= end ? at + 2 : NULL;
}

/* What is expected are the very bytes that were recorded. */
static int hear_same(int fd, const struct recording *recording, size_t expected,
                     int64_t *ret_id, struct err *err)
{
    char piece[4096];
    size_t used = 0, heard = 0;
    bool has_id = false;

    while (!has_id || heard < expected) {
        const char *at = piece;
        ssize_t n;
        int code = receive(fd, piece + used, sizeof(piece) - used, &n, err);

        if (code < 0)
            return code;
        used += (size_t)n;
        if (!has_id) {
            at = read_id(piece, piece + used, ret_id);
            if (!at)
                continue;
            has_id = true;
        }
        n = piece + used - at;
        used = 0;
        if ((size_t)n > expected - heard ||
            memcmp(at, recording->answers + heard, (size_t)n) != 0)
            return err_set(
                err, RECORDING_ANSWERS_DIFFER,
                "Redis's answers differ from those to the same commands before");
        heard += (size_t)n;
    }
    return 0;
}

/* Answers that vary are only counted. */
static int hear_any(int fd, size_t commands, int64_t *ret_id, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = ARENA_NULL;
    struct resp replies = resp_of(fd, &arena);
    int code = 0;

    for (size_t heard = 0; heard < 1 + commands && code == 0; heard++) {
        const redisReply *reply;

        code = resp_next(&replies, "a part of an update", &reply, err);
        if (code == 0 && heard == 0)
            *ret_id = reply->integer;
    }
    return code;
}

int recording_cut(const struct recording *recording, const struct address *address,
                  uint64_t bytes, int64_t *ret_client_id, struct err *err)
{
    size_t commands = recording_complete(recording, bytes);
    size_t expected = commands ? (size_t)recording->traces[commands - 1].reply_end : 0;
    int fd = address_connect(address, CONNECTION_TIMEOUT_S, err);
    int code = fd < 0 ? fd : send_cut(fd, recording->output, (size_t)bytes, err);

    if (code == 0 && recording->answers_vary)
        code = hear_any(fd, commands, ret_client_id, err);
    else if (code == 0)
        code = hear_same(fd, recording, expected, ret_client_id, err);
    if (fd >= 0)
        close(fd);
    return code < 0 ? err_wrap(err, "the first %llu bytes of the update",
                               (unsigned long long)bytes)
                    : 0;
}
