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
    enum wire_mode mode;
    char *buffer; /* commands queued and not sent */
    size_t used, room;
    size_t *ends; /* where each queued command ends in the buffer */
    size_t queued, ends_room;
    uint64_t limit; /* of commands; counts down from wire_cut() */
    uint64_t sent;  /* commands */
    uint64_t read;  /* replies */
    bool writing;   /* wrote since it last read */
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
    struct trace traces[PROGRESS_TRACES]; /* filled lazily */
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
}

struct wire *wire_new(redisContext *connection, struct progress *page)
{
    struct mapping *mapping = mapping_of(page);
    struct wire *wire = mapping ? &mapping->wire : MEM_NEW(struct wire);

    *wire = (struct wire){ .connection = connection, .page = page, .limit = UINT64_MAX };
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

struct wire *wire_free(struct wire *wire)
{
    if (wire) {
        redisFree(wire->connection);
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

enum wire_mode wire_mode(const struct wire *wire)
{
    return wire->mode;
}

void wire_set_mode(struct wire *wire, enum wire_mode mode)
{
    wire->mode = mode;
}

uint64_t wire_due(const struct wire *wire)
{
    return wire->sent - wire->read;
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

static void note_times(struct wire *wire, size_t commands)
{
    uint64_t now_ns;

    if (!wire->page || !wire->page->times)
        return;
    now_ns = clock_now_ns() - wire->page->begin_ns;
    for (size_t i = 0; i < commands; i++)
        wire->page->traces[wire->sent + i].write_ns = now_ns;
}

/* Sends the first `commands` of the queue. */
static int send_commands(struct wire *wire, size_t commands, struct err *err)
{
    size_t length = commands ? wire->ends[commands - 1] : 0;

    note_times(wire, commands);
    if (wire->page) {
        wire->page->bytes = wire->page->bytes + length;
        wire->page->commands = wire->sent + commands;
    }
    wire->sent += commands;
    wire->queued -= commands;
    wire->writing = wire->writing || commands;
    return send_all(wire, length, err);
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
    int code;

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

/* The command's first words: the name, the key and perhaps a field. */
static void label(char *buffer, size_t size, int argc, const char **argv,
                  const size_t *lengths)
{
    FILE *out = fmemopen(buffer, size - 1, "w");
    int words = argc < 3 ? argc : 3;

    buffer[size - 1] = '\0';
    if (!out)
        return;
    for (int i = 0; i < words; i++) {
        if (i)
            fputc(' ', out);
        str_print(out, (struct str){ argv[i], lengths[i] }, i == 1 ? 22 : 12);
    }
    fclose(out);
}

static int trace_append(struct wire *wire, int argc, const char **argv,
                        const size_t *lengths, struct err *err)
{
    uint64_t index = wire->sent + wire->queued;

    if (!wire->page || !(wire->page->labels || wire->page->times))
        return 0;
    if (index >= PROGRESS_TRACES)
        return err_set(err, ERR_USAGE, "the update sends more than %d commands",
                       PROGRESS_TRACES);
    if (wire->page->labels)
        label(wire->page->traces[index].label, sizeof(wire->page->traces[index].label),
              argc, argv, lengths);
    return 0;
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
    int code = trace_append(wire, argc, argv, lengths, err);

    if (code < 0)
        return code;
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
    return wire->mode == WIRE_EACH ? wire_flush(wire, err) : 0;
}

int wire_read(struct wire *wire, redisReply **ret, struct err *err)
{
    struct progress *page = wire->page;
    void *reply = NULL;

    if (page && wire->writing)
        page->trips = page->trips + 1;
    wire->writing = false;
    if (redisGetReply(wire->connection, &reply) != REDIS_OK || !reply) {
        const char *what = wire->connection->errstr;

        return err_set(err, -EIO, "read a reply from Redis: %s",
                       *what ? what : "connection lost");
    }
    if (page)
        page->replies = wire->read + 1;
    wire->read++;
    *ret = reply;
    return 0;
}
