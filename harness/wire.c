/* wire.c - see wire.h. */
#include "wire.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mutant.h"

struct wire {
    redisContext *connection; /* owned */
    struct progress *page;
    struct wire_manner manner;
    char *buffer; /* commands queued and not sent */
    size_t used, room;
    size_t *ends; /* where each queued command ends in the buffer */
    size_t queued, ends_room;
    uint64_t limit; /* of commands; counts down from wire_cut() */
    uint64_t sent;  /* commands */
    uint64_t writes;
    redisReply **early; /* replies that were read before they were asked for; owned */
    size_t early_count, early_room, early_taken;
    uint64_t read;  /* replies, early ones too */
    uint64_t asked; /* replies that were given out */
    uint64_t fed;   /* bytes of replies */
    bool writing;   /* wrote since it last waited */
};

/* All that a worker writes, one after the other, and where its wire lives until it needs
 * more.
 *
 * The kernel maps a shared page at the first touch, alone if that is a write; but if it
 * is a read, with all present pages of the same 64 kB. So the mapping begins at such a
 * border, and the worker begins with a look at `released`. */
#define WINDOW_BYTES ((size_t)64 << 10)
struct mapping {
    _Alignas(WINDOW_BYTES) struct progress page;
    struct wire wire;
    size_t ends[256];
    char buffer[24 << 10];
    _Alignas(16) char scratch[PROGRESS_SCRATCH];
    struct trace traces[PROGRESS_TRACES]; /* these are filled lazily */
    char output[RECORD_BYTES];
    char answers[RECORD_BYTES];
};

static struct mapping *mapping_of(struct progress *page)
{
    return (struct mapping *)page;
}

char *progress_scratch(struct progress *page)
{
    return mapping_of(page)->scratch;
}

struct progress *progress_map(struct err *err)
{
    struct mapping *mapping =
        mem_map(sizeof(*mapping), WINDOW_BYTES, MAP_SHARED | MAP_NORESERVE);

    if (!mapping) {
        err_errno(err, "map %zu bytes of shared memory for the progress page",
                  sizeof(*mapping));
        return NULL;
    }
    progress_reset(&mapping->page);
    return &mapping->page;
}

struct progress *progress_unmap(struct progress *page)
{
    if (page)
        munmap(page, sizeof(struct mapping));
    return NULL;
}

void progress_reset(struct progress *page)
{
    memset(page, 0, sizeof(*page)); /* traces are overwritten as they come */
    page->traces = mapping_of(page)->traces;
    page->output = mapping_of(page)->output;
    page->answers = mapping_of(page)->answers;
}

struct wire *wire_new(redisContext *connection, struct progress *page)
{
    struct mapping *mapping = mapping_of(page);
    struct wire *wire = mapping ? &mapping->wire : MEM_NEW(struct wire);

    *wire = (struct wire){ .connection = connection,
                           .page = page,
                           .limit = UINT64_MAX,
                           .manner = WIRE_ONE_BUFFER };
    if (mapping) {
        wire->buffer = mapping->buffer;
        wire->room = sizeof(mapping->buffer);
        wire->ends = mapping->ends;
        wire->ends_room = ARRAY_SIZE(mapping->ends);
    }
    return wire;
}

static bool is_lent(const struct wire *wire, const void *block)
{
    const struct mapping *mapping = mapping_of(wire->page);

    return mapping &&
           (block == mapping->buffer || block == mapping->ends || block == wire);
}

static void forget_early(struct wire *wire)
{
    while (wire->early_taken < wire->early_count)
        freeReplyObject(wire->early[wire->early_taken++]);
}

struct wire *wire_free(struct wire *wire)
{
    if (wire) {
        redisFree(wire->connection);
        forget_early(wire);
        free(wire->early);
        if (!is_lent(wire, wire->buffer))
            free(wire->buffer);
        if (!is_lent(wire, wire->ends))
            free(wire->ends);
        if (!is_lent(wire, wire))
            free(wire);
    }
    return NULL;
}

void wire_cut(struct wire *wire, uint64_t commands)
{
    wire->limit = wire->sent + commands + mutant("census-late");
}

void wire_set_manner(struct wire *wire, struct wire_manner manner)
{
    wire->manner = manner;
}

uint64_t wire_due(const struct wire *wire)
{
    return wire->sent - wire->asked;
}

static int send_all(struct wire *wire, size_t length, struct err *err)
{
    const char *bytes = wire->buffer;

    while (length) {
        ssize_t n = send(wire->connection->fd, bytes, length, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, "send %zu bytes to Redis", length);
        bytes += n;
        length -= (size_t)n;
    }
    return 0;
}

static bool is_traced(const struct wire *wire)
{
    return wire->page && (wire->page->record || wire->page->times);
}

/* Notes where and when the first `commands` of the queue are written. */
static void trace_write(struct wire *wire, size_t commands, size_t length)
{
    struct progress *page = wire->page;
    uint64_t now_ns = page->times ? clock_now_ns() - page->begin_ns : 0;

    for (size_t i = 0; i < commands; i++)
        page->traces[wire->sent + i] = (struct trace){
            .end = page->bytes + wire->ends[i],
            .write = wire->writes,
            .replies = wire->read,
            .write_ns = now_ns,
        };
    if (page->record)
        memcpy(page->output + page->bytes, wire->buffer, length);
    /* The page counts a command only once its trace is there: the worker may be killed in
     * between. */
    atomic_signal_fence(memory_order_release);
}

static int check_traceable(const struct wire *wire, size_t length, struct err *err)
{
    if (wire->sent + wire->queued > PROGRESS_TRACES)
        return err_set(err, ERR_USAGE, "the update sends more than %d commands",
                       PROGRESS_TRACES);
    if (wire->page->record && wire->page->bytes + length > RECORD_BYTES)
        return err_set(err, ERR_USAGE, "the update sends more than %u bytes",
                       RECORD_BYTES);
    return 0;
}

/* Sends the first `commands` of the queue. */
static int send_commands(struct wire *wire, size_t commands, struct err *err)
{
    size_t length = commands ? wire->ends[commands - 1] : 0;

    if (is_traced(wire)) {
        if (check_traceable(wire, length, err) < 0)
            return err->code;
        trace_write(wire, commands, length);
    }
    if (wire->page) {
        wire->page->bytes = wire->page->bytes + length;
        wire->page->commands = wire->sent + commands;
    }
    wire->sent += commands;
    wire->queued -= commands;
    wire->writes++;
    wire->writing = wire->writing || commands;
    return send_all(wire, length, err);
}

static int record_answer(struct wire *wire, const char *bytes, size_t length,
                         struct err *err)
{
    if (wire->fed + length > RECORD_BYTES)
        return err_set(err, ERR_USAGE, "Redis answers the update with more than %u bytes",
                       RECORD_BYTES);
    memcpy(wire->page->answers + wire->fed, bytes, length);
    wire->page->heard = wire->fed + length;
    return 0;
}

/* Reads what has come. Returns the number of bytes; 0 if there is nothing now and the
 * flags say not to wait. */
static ssize_t receive(struct wire *wire, int flags, struct err *err)
{
    char piece[4096];
    ssize_t n;

    /* A command may block for as long as the watchdog lets it: the socket's own time
     * limit is for those who have none. */
    do {
        n = recv(wire->connection->fd, piece, sizeof(piece), flags);
        if (n < 0 && errno == EAGAIN && flags & MSG_DONTWAIT)
            return 0;
    } while (n < 0 && (errno == EINTR || errno == EAGAIN));
    if (n < 0)
        return err_errno(err, "read a reply from Redis");
    if (n == 0)
        return err_set(err, -EIO, "read a reply from Redis: connection lost");
    if (wire->page && wire->page->record &&
        record_answer(wire, piece, (size_t)n, err) < 0)
        return err->code;
    redisReaderFeed(wire->connection->reader, piece, (size_t)n);
    wire->fed += (uint64_t)n;
    return n;
}

/* The next reply of those that have come; NULL: none is complete. */
static int take_apart(struct wire *wire, redisReply **ret, struct err *err)
{
    redisReader *reader = wire->connection->reader;
    void *reply = NULL;

    if (redisReaderGetReply(reader, &reply) != REDIS_OK)
        return err_set(err, -EIO, "read a reply from Redis: %s", reader->errstr);
    *ret = reply;
    if (!reply)
        return 0;
    if (wire->page && wire->page->record && wire->read < wire->sent)
        wire->page->traces[wire->read].reply_end =
            wire->fed - (reader->len - reader->pos);
    wire->read++;
    atomic_signal_fence(memory_order_release); /* as with commands */
    if (wire->page)
        wire->page->replies = wire->read;
    return 0;
}

/* Reads the replies that have come so far, and keeps them. */
static int read_early(struct wire *wire, struct err *err)
{
    ssize_t n;

    if (wire->early_taken == wire->early_count)
        wire->early_taken = wire->early_count = 0;
    while (wire->read < wire->sent && (n = receive(wire, MSG_DONTWAIT, err))) {
        redisReply *reply;

        if (n < 0)
            return (int)n;
        for (;;) {
            int code = take_apart(wire, &reply, err);

            if (code < 0)
                return code;
            if (!reply)
                break;
            if (wire->early_count == wire->early_room) {
                wire->early_room = 2 * wire->early_room + 16;
                wire->early =
                    mem_grow(wire->early, wire->early_room, sizeof(*wire->early));
            }
            wire->early[wire->early_count++] = reply;
        }
    }
    return 0;
}

int wire_abandon(struct wire *wire, struct err *err)
{
    wire->queued = 0;
    wire->used = 0;
    while (wire_due(wire)) {
        redisReply *reply;
        int code = wire_read(wire, &reply, err);

        if (code < 0)
            return code;
        freeReplyObject(reply);
    }
    return 0;
}

/* The end of a worker whose limit is reached: it has read all that Redis had to say. */
__attribute__((noreturn)) static void die(struct wire *wire)
{
    struct err err = ERR_NULL;

    if (wire_abandon(wire, &err) < 0)
        _exit(EXIT_FAILURE);
    if (wire->page)
        wire->page->cut = true;
    kill(getpid(), SIGKILL);
    _exit(EXIT_FAILURE); /* UNTESTED: nobody survives the line above */
}

int wire_flush(struct wire *wire, struct err *err)
{
    size_t commands = wire->queued;
    int code = wire->manner.reads ? read_early(wire, err) : 0;

    if (code < 0 || commands == 0)
        return code;
    if (wire->sent + commands > wire->limit) {
        code = send_commands(wire, wire->limit - wire->sent, err);
        if (code < 0)
            return code;
        die(wire);
    }
    code = send_commands(wire, commands, err);
    wire->used = 0;
    return code;
}

/* What mem_grow() does, for a block that may be lent. */
static void *grow(const struct wire *wire, void *block, size_t old_bytes, size_t bytes)
{
    void *grown;

    if (!is_lent(wire, block))
        return mem_grow(block, bytes, 1);
    grown = mem_alloc(bytes);
    memcpy(grown, block, old_bytes);
    return grown;
}

/* Makes room for so many more bytes in the buffer and for one more end. */
static void make_room(struct wire *wire, size_t bytes)
{
    if (wire->used + bytes > wire->room) {
        wire->room = 2 * (wire->used + bytes);
        wire->buffer = grow(wire, wire->buffer, wire->used, wire->room);
    }
    if (wire->queued == wire->ends_room) {
        wire->ends_room = 2 * wire->ends_room + 32;
        wire->ends = grow(wire, wire->ends, wire->queued * sizeof(*wire->ends),
                          wire->ends_room * sizeof(*wire->ends));
    }
}

/* "*3\r\n" or "$3\r\n"; at most HEAD_BYTES. Returns where it ends. */
#define HEAD_BYTES 24
static char *put_head(char *at, char kind, size_t number)
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

/* Formats the command where it will be sent from. hiredis does so in memory of its own,
 * but in a forked child the first write to a page of the heap costs a fault and a copy.
 */
int wire_append(struct wire *wire, int argc, const char **argv, const size_t *lengths,
                struct err *err)
{
    size_t most = HEAD_BYTES;
    char *at;

    for (int i = 0; i < argc; i++)
        most += HEAD_BYTES + lengths[i] + 2;
    make_room(wire, most);
    at = put_head(wire->buffer + wire->used, '*', (size_t)argc);
    for (int i = 0; i < argc; i++) {
        at = put_head(at, '$', lengths[i]);
        memcpy(at, argv[i], lengths[i]);
        at += lengths[i];
        *at++ = '\r';
        *at++ = '\n';
    }
    wire->used = (size_t)(at - wire->buffer);
    wire->ends[wire->queued++] = wire->used;
    return wire->used >= wire->manner.chunk ? wire_flush(wire, err) : 0;
}

int wire_read(struct wire *wire, redisReply **ret, struct err *err)
{
    struct progress *page = wire->page;
    redisReply *reply = NULL;

    /* Whether the reply has come already is chance, and must not show in the count. */
    if (page && wire->writing)
        page->trips = page->trips + 1;
    wire->writing = false;
    if (wire->early_taken < wire->early_count) {
        *ret = wire->early[wire->early_taken++];
        wire->asked++;
        return 0;
    }
    for (;;) {
        if (take_apart(wire, &reply, err) < 0)
            return err->code;
        if (reply)
            break;
        if (receive(wire, 0, err) < 0)
            return err->code;
    }
    wire->asked++;
    *ret = reply;
    return 0;
}

int wire_load_script(struct wire *wire, struct str text, struct err *err)
{
    const char *argv[] = { "SCRIPT", "LOAD", text.bytes };
    const size_t lengths[] = { 6, 4, text.length };
    redisReply *reply;
    int code = 0;

    if (!wire->page || !wire->page->undisturbed)
        return 0;
    reply = redisCommandArgv(wire->connection, ARRAY_SIZE(argv), argv, lengths);
    if (!reply)
        return err_set(err, -EIO, "load a script: %s", wire->connection->errstr);
    if (reply->type == REDIS_REPLY_ERROR)
        code = err_set(err, ERR_USAGE, "redis.script: %s", reply->str);
    freeReplyObject(reply);
    return code;
}
