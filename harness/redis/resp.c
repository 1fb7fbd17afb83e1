/* resp.c - see resp.h. */
#include "redis/resp.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "redis/connection.h"

#define LEAST_BYTES ((size_t)20 << 10)
#define DEPTH_MOST 8 /* arrays in arrays, as in hiredis */

struct replies replies_of(int fd, struct arena *arena)
{
    return (struct replies){ .fd = fd, .arena = arena };
}

void replies_put(struct str *commands, int argc, const char *const *words, struct str key)
{
    const char *argv[6];
    size_t lengths[6];
    char *text = NULL, *grown;
    int bytes;

    for (int i = 0; i < argc; i++) {
        argv[i] = words[i] ? words[i] : key.bytes;
        lengths[i] = words[i] ? strlen(words[i]) : key.length;
    }
    bytes = redisFormatCommandArgv(&text, argc, argv, lengths);
    if (bytes < 0)
        abort(); /* UNTESTED: out of memory */
    grown =
        mem_grow((char *)(uintptr_t)commands->bytes, commands->length + (size_t)bytes, 1);
    memcpy(grown + commands->length, text, (size_t)bytes);
    *commands = (struct str){ grown, commands->length + (size_t)bytes };
    redisFreeCommand(text);
}

int replies_ask(struct replies *replies, struct str commands, struct err *err)
{
    while (commands.length) {
        ssize_t n = send(replies->fd, commands.bytes, commands.length, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, "send %zu bytes to Redis", commands.length);
        commands.bytes += n;
        commands.length -= (size_t)n;
    }
    return 0;
}

enum parsed { PARSED, PARSED_PART, PARSED_NONSENSE };

struct parser {
    struct arena *arena;
    char *at, *end;
};

/* A line without what ends it. */
static enum parsed take_line(struct parser *parser, struct str *ret)
{
    char *newline = memchr(parser->at, '\n', (size_t)(parser->end - parser->at));

    if (!newline)
        return PARSED_PART;
    if (newline == parser->at)
        return PARSED_NONSENSE;
    *ret = (struct str){ parser->at, (size_t)(newline - 1 - parser->at) };
    parser->at = newline + 1;
    return PARSED;
}

static enum parsed take_number(struct parser *parser, long long *ret)
{
    struct str line;
    enum parsed parsed = take_line(parser, &line);
    bool negative = parsed == PARSED && line.bytes[0] == '-';
    unsigned long long number = 0;

    if (parsed != PARSED)
        return parsed;
    if (line.length == negative || line.length > 20)
        return PARSED_NONSENSE;
    for (size_t i = negative; i < line.length; i++) {
        if (line.bytes[i] < '0' || line.bytes[i] > '9')
            return PARSED_NONSENSE;
        number = 10 * number + (unsigned)(line.bytes[i] - '0');
    }
    *ret = (long long)(negative ? 0 - number : number);
    return PARSED;
}

/* Passes over one value, and tells how many follow that are its elements. */
static enum parsed pass_value(struct parser *parser, uint64_t *ret_elements)
{
    struct str line;
    long long number;
    enum parsed parsed;

    *ret_elements = 0;
    if (parser->at == parser->end)
        return PARSED_PART;
    switch (*parser->at++) {
    case ':':
    case '+':
    case '-':
        return take_line(parser, &line);
    case '$':
        parsed = take_number(parser, &number);
        if (parsed != PARSED || number < 0)
            return parsed;
        if (number > parser->end - parser->at - 2)
            return PARSED_PART;
        parser->at += number + 2;
        return PARSED;
    case '*':
        parsed = take_number(parser, &number);
        if (parsed == PARSED && number > INT32_MAX)
            return PARSED_NONSENSE;
        *ret_elements = parsed == PARSED && number > 0 ? (uint64_t)number : 0;
        return parsed;
    default:
        return PARSED_NONSENSE;
    }
}

/* Counts the replies that are whole by now; nothing is looked at twice. */
static void scan(struct replies *replies)
{
    struct parser parser = { NULL, replies->bytes + replies->scanned,
                             replies->bytes + replies->used };
    uint64_t elements;
    enum parsed parsed;

    while ((parsed = pass_value(&parser, &elements)) == PARSED) {
        replies->missing = (replies->missing ? replies->missing : 1) - 1 + elements;
        replies->whole += replies->missing == 0;
        replies->scanned = (size_t)(parser.at - replies->bytes);
    }
    replies->nonsense = parsed == PARSED_NONSENSE;
}

static enum parsed take_string(struct parser *parser, redisReply *ret)
{
    long long length;
    enum parsed parsed = take_number(parser, &length);

    if (parsed != PARSED)
        return parsed;
    if (length < 0) {
        ret->type = REDIS_REPLY_NIL;
        return PARSED;
    }
    ret->str = parser->at;
    ret->len = (size_t)length;
    ret->str[length] = '\0';
    parser->at += length + 2;
    return PARSED;
}

static enum parsed take_reply(struct parser *parser, redisReply *ret, int depth);

static enum parsed take_array(struct parser *parser, redisReply *ret, int depth)
{
    long long count;
    enum parsed parsed = take_number(parser, &count);
    redisReply *elements;

    if (parsed != PARSED)
        return parsed;
    if (count < 0) {
        ret->type = REDIS_REPLY_NIL;
        return PARSED;
    }
    if (depth == DEPTH_MOST)
        return PARSED_NONSENSE;
    ret->elements = (size_t)count;
    ret->element = arena_take(parser->arena, ret->elements * sizeof(*ret->element));
    elements = arena_take(parser->arena, ret->elements * sizeof(*elements));
    for (size_t i = 0; i < ret->elements && parsed == PARSED; i++) {
        ret->element[i] = &elements[i];
        parsed = take_reply(parser, &elements[i], depth + 1);
    }
    return parsed;
}

static enum parsed take_text(struct parser *parser, redisReply *ret)
{
    struct str line;
    enum parsed parsed = take_line(parser, &line);

    if (parsed == PARSED) {
        ret->str = (char *)(uintptr_t)line.bytes;
        ret->len = line.length;
        ret->str[line.length] = '\0';
    }
    return parsed;
}

/* A reply of which all is there. */
static enum parsed take_reply(struct parser *parser, redisReply *ret, int depth)
{
    memset(ret, 0, sizeof(*ret));
    switch (*parser->at++) {
    case '$':
        ret->type = REDIS_REPLY_STRING;
        return take_string(parser, ret);
    case '*':
        ret->type = REDIS_REPLY_ARRAY;
        return take_array(parser, ret, depth);
    case ':':
        ret->type = REDIS_REPLY_INTEGER;
        return take_number(parser, &ret->integer);
    case '+':
        ret->type = REDIS_REPLY_STATUS;
        return take_text(parser, ret);
    case '-':
        ret->type = REDIS_REPLY_ERROR;
        return take_text(parser, ret);
    default:
        return PARSED_NONSENSE;
    }
}

static void make_room(struct replies *replies)
{
    size_t left = replies->used - replies->taken;
    char *bytes;

    if (replies->used < replies->room)
        return;
    replies->room = left < LEAST_BYTES / 2 ? LEAST_BYTES : 2 * left;
    bytes = arena_take(replies->arena, replies->room);
    if (left)
        memcpy(bytes, replies->bytes + replies->taken, left);
    replies->bytes = bytes;
    replies->used = left;
    replies->scanned -= replies->taken;
    replies->taken = 0;
}

ssize_t replies_receive(struct replies *replies, int flags)
{
    ssize_t n;

    make_room(replies);
    n = recv(replies->fd, replies->bytes + replies->used, replies->room - replies->used,
             flags);
    if (n < 0)
        return -errno;
    replies->used += (size_t)n;
    replies->received += (uint64_t)n;
    scan(replies);
    return n;
}

int replies_take(struct replies *replies, const redisReply **ret)
{
    struct parser parser = { replies->arena, replies->bytes + replies->taken,
                             replies->bytes + replies->used };
    redisReply *reply = arena_take(replies->arena, sizeof(*reply));

    if (take_reply(&parser, reply, 0) != PARSED)
        return -EIO;
    replies->taken = (size_t)(parser.at - replies->bytes);
    replies->whole--;
    *ret = reply;
    return 0;
}

uint64_t replies_taken(const struct replies *replies)
{
    return replies->received - (replies->used - replies->taken);
}

void replies_forget(struct replies *replies)
{
    replies->bytes = NULL;
    replies->room = replies->used = replies->scanned = replies->taken = 0;
}

/* The watchdog's tick interrupts, and the socket's own time limit begins anew. */
static int wait_for_more(struct replies *replies, const char *what, struct err *err)
{
    uint64_t start_ns = clock_now_ns();
    ssize_t n;

    do
        n = replies_receive(replies, 0);
    while (n == -EINTR &&
           clock_now_ns() - start_ns < CONNECTION_TIMEOUT_S * NSEC_PER_SEC);
    return n > 0 ? 0
                 : err_set(err, -EIO, "Redis did not answer %s: %s", what,
                           n ? strerror((int)-n) : "connection lost");
}

int replies_next(struct replies *replies, const char *what, const redisReply **ret,
                 struct err *err)
{
    int code = 0;

    while (code == 0 && !replies->whole && !replies->nonsense)
        code = wait_for_more(replies, what, err);
    if (code == 0 && (!replies->whole || replies_take(replies, ret) < 0))
        code =
            err_set(err, -EIO, "Redis did not answer %s: what it says is no reply", what);
    return code;
}
