/* resp.c - see resp.h. */
#include "redis/resp.h"

#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "redis/connection.h"

#define LEAST_BYTES ((size_t)20 << 10)

struct resp resp_of(int fd, struct arena *arena)
{
    return (struct resp){ .fd = fd, .arena = arena };
}

/* "*3\r\n" or "$3\r\n"; at most HEAD_BYTES. Returns where it ends. */
#define HEAD_BYTES 24
static char *write_head(char *at, char kind, size_t number)
{
    char digits[20];
    size_t count = 0;

    do
        digits[count++] = (char)('0' + number % 10);
    while (number /= 10);
    *at++ = kind;
    while (count)
        *at++ = digits[--count];
    *at++ = '\r';
    *at++ = '\n';
    return at;
}

static char *write_word(char *at, const char *bytes, size_t length)
{
    at = write_head(at, '$', length);
    if (length)
        memcpy(at, bytes, length);
    at += length;
    *at++ = '\r';
    *at++ = '\n';
    return at;
}

size_t resp_most(int argc, const size_t *lengths)
{
    size_t most = HEAD_BYTES;

    for (int i = 0; i < argc; i++)
        most += HEAD_BYTES + lengths[i] + 2;
    return most;
}

char *resp_write(char *at, int argc, const char *const *argv, const size_t *lengths)
{
    at = write_head(at, '*', (size_t)argc);
    for (int i = 0; i < argc; i++)
        at = write_word(at, argv[i], lengths[i]);
    return at;
}

void resp_put_count(struct buffer *buffer, size_t words)
{
    char *at = buffer_room(buffer, HEAD_BYTES);

    buffer->length += (size_t)(write_head(at, '*', words) - at);
}

void resp_put_word(struct buffer *buffer, struct str word)
{
    char *at = buffer_room(buffer, HEAD_BYTES + word.length + 2);

    buffer->length += (size_t)(write_word(at, word.bytes, word.length) - at);
}

void resp_put(struct buffer *buffer, size_t count, const char *const *words,
              struct str key)
{
    resp_put_count(buffer, count);
    for (size_t i = 0; i < count; i++)
        resp_put_word(buffer, words[i] ? str_of(words[i]) : key);
}

int resp_send(struct resp *resp, struct str commands, struct err *err)
{
    while (commands.length) {
        ssize_t n = send(resp->fd, commands.bytes, commands.length, MSG_NOSIGNAL);

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
static void scan(struct resp *resp)
{
    struct parser parser = { NULL, resp->bytes + resp->scanned,
                             resp->bytes + resp->used };
    uint64_t elements;
    enum parsed parsed;

    while ((parsed = pass_value(&parser, &elements)) == PARSED) {
        resp->missing = (resp->missing ? resp->missing : 1) - 1 + elements;
        resp->whole += resp->missing == 0;
        resp->scanned = (size_t)(parser.at - resp->bytes);
    }
    resp->nonsense = parsed == PARSED_NONSENSE;
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

/* Without its elements, for which there is room. */
static enum parsed take_array(struct parser *parser, redisReply *ret)
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
    ret->elements = (size_t)count;
    ret->element = arena_take(parser->arena, ret->elements * sizeof(*ret->element));
    elements = arena_take(parser->arena, ret->elements * sizeof(*elements));
    for (size_t i = 0; i < ret->elements; i++)
        ret->element[i] = &elements[i];
    return PARSED;
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

static enum parsed take_value(struct parser *parser, redisReply *ret)
{
    memset(ret, 0, sizeof(*ret));
    switch (*parser->at++) {
    case '$':
        ret->type = REDIS_REPLY_STRING;
        return take_string(parser, ret);
    case '*':
        ret->type = REDIS_REPLY_ARRAY;
        return take_array(parser, ret);
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

/* An array whose elements are being taken. */
struct filling {
    const redisReply *array;
    size_t taken;
    struct filling *outer;
};

/* A reply of which all is there. A script can return 8,000 arrays in each other, for
 * which the stack of a worker has no room. */
static enum parsed take_reply(struct parser *parser, redisReply *ret)
{
    struct filling *innermost = NULL;
    enum parsed parsed;

    while ((parsed = take_value(parser, ret)) == PARSED) {
        if (ret->elements) {
            struct filling *filling = arena_take(parser->arena, sizeof(*filling));

            *filling = (struct filling){ ret, 0, innermost };
            innermost = filling;
        }
        while (innermost && innermost->taken == innermost->array->elements)
            innermost = innermost->outer;
        if (!innermost)
            return PARSED;
        ret = innermost->array->element[innermost->taken++];
    }
    return parsed;
}

static void make_room(struct resp *resp)
{
    size_t left = resp->used - resp->taken;
    char *bytes;

    if (resp->used < resp->room)
        return;
    resp->room = left < LEAST_BYTES / 2 ? LEAST_BYTES : 2 * left;
    bytes = arena_take(resp->arena, resp->room);
    if (left)
        memcpy(bytes, resp->bytes + resp->taken, left);
    resp->bytes = bytes;
    resp->used = left;
    resp->scanned -= resp->taken;
    resp->taken = 0;
}

ssize_t resp_receive(struct resp *resp, int flags)
{
    ssize_t n;

    make_room(resp);
    n = recv(resp->fd, resp->bytes + resp->used, resp->room - resp->used, flags);
    if (n < 0)
        return -errno;
    resp->used += (size_t)n;
    resp->received += (uint64_t)n;
    scan(resp);
    return n;
}

int resp_take(struct resp *resp, const redisReply **ret)
{
    struct parser parser = { resp->arena, resp->bytes + resp->taken,
                             resp->bytes + resp->used };
    redisReply *reply = arena_take(resp->arena, sizeof(*reply));

    if (take_reply(&parser, reply) != PARSED)
        return -EIO;
    resp->taken = (size_t)(parser.at - resp->bytes);
    resp->whole--;
    *ret = reply;
    return 0;
}

uint64_t resp_taken(const struct resp *resp)
{
    return resp->received - (resp->used - resp->taken);
}

void resp_forget(struct resp *resp)
{
    resp->bytes = NULL;
    resp->room = resp->used = resp->scanned = resp->taken = 0;
}

/* The watchdog's tick interrupts, and the socket's own time limit begins anew. */
static int wait_for_more(struct resp *resp, const char *what, struct err *err)
{
    uint64_t start_ns = clock_now_ns();
    ssize_t n;

    if (resp->used - resp->taken > CONNECTION_REPLY_MOST)
        return connection_too_long(what, err);
    do
        n = resp_receive(resp, 0);
    while (n == -EINTR &&
           clock_now_ns() - start_ns < CONNECTION_TIMEOUT_S * NSEC_PER_SEC);
    if (n == -EINTR || n == -EAGAIN)
        return connection_too_slow(what, err);
    return n > 0 ? 0
                 : err_set(err, -EIO, "Redis did not answer %s: %s", what,
                           n ? err_words((int)-n) : "connection lost");
}

int resp_next(struct resp *resp, const char *what, const redisReply **ret,
              struct err *err)
{
    int code = 0;

    while (code == 0 && !resp->whole && !resp->nonsense)
        code = wait_for_more(resp, what, err);
    if (code == 0 && (!resp->whole || resp_take(resp, ret) < 0))
        code =
            err_set(err, -EIO, "Redis did not answer %s: what it says is no reply", what);
    return code;
}
