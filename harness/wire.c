/* wire.c - see wire.h. */
#include "wire.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

struct wire {
    redisContext *connection; /* owned */
    struct progress *page;
    enum wire_mode mode;
    char *buffer; /* commands queued and not sent */
    char *lent;   /* what the page offers for it; NULL: nothing */
    size_t used, room;
    size_t *ends; /* where each queued command ends in the buffer */
    size_t queued, ends_room;
    uint64_t limit;  /* of commands; counts down from wire_cut() */
    uint64_t sent;   /* commands */
    uint64_t read;   /* replies */
    bool writing;    /* wrote since it last read */
};

#define PROGRESS_TRACED                                                                            \
    ((sizeof(struct progress) + PROGRESS_TRACES * sizeof(struct trace) + 4095) & ~(size_t)4095)

#define PROGRESS_BYTES (PROGRESS_TRACED + PROGRESS_SCRATCH + PROGRESS_OUTPUT)

char *progress_scratch(struct progress *page)
{
    return (char *)page + PROGRESS_TRACED;
}

struct progress *progress_map(struct err *err)
{
    void *page = mmap(NULL, PROGRESS_BYTES, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (page == MAP_FAILED) {
        err_errno(err, "map %zu bytes of shared memory for the progress page", PROGRESS_BYTES);
        return NULL;
    }
    return page;
}

struct progress *progress_unmap(struct progress *page)
{
    if (page)
        munmap(page, PROGRESS_BYTES);
    return NULL;
}

void progress_reset(struct progress *page)
{
    memset(page, 0, sizeof(*page)); /* the header; traces are overwritten as they come */
}

struct wire *wire_new(redisContext *connection, struct progress *page)
{
    struct wire *wire = MEM_NEW(struct wire);

    wire->connection = connection;
    wire->page = page;
    wire->limit = UINT64_MAX;
    if (page) {
        wire->buffer = wire->lent = progress_scratch(page) + PROGRESS_SCRATCH;
        wire->room = PROGRESS_OUTPUT;
    }
    return wire;
}

struct wire *wire_free(struct wire *wire)
{
    if (wire) {
        redisFree(wire->connection);
        if (wire->buffer != wire->lent)
            free(wire->buffer);
        free(wire->ends);
        free(wire);
    }
    return NULL;
}

void wire_cut(struct wire *wire, uint64_t commands)
{
    wire->limit = wire->sent + commands;
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
static void label(char *buffer, size_t size, int argc, const char **argv, const size_t *lengths)
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

static int trace_append(struct wire *wire, int argc, const char **argv, const size_t *lengths,
                        struct err *err)
{
    uint64_t index = wire->sent + wire->queued;

    if (!wire->page || !(wire->page->labels || wire->page->times))
        return 0;
    if (index >= PROGRESS_TRACES)
        return err_set(err, ERR_USAGE, "the update sends more than %d commands", PROGRESS_TRACES);
    if (wire->page->labels)
        label(wire->page->traces[index].label, sizeof(wire->page->traces[index].label), argc,
              argv, lengths);
    return 0;
}

int wire_append(struct wire *wire, int argc, const char **argv, const size_t *lengths,
                struct err *err)
{
    char *command = NULL;
    long long length = redisFormatCommandArgv(&command, argc, argv, lengths);
    int code;

    if (length < 0)
        return err_set(err, -ENOMEM, "format a command of %d arguments", argc);
    code = trace_append(wire, argc, argv, lengths, err);
    if (code < 0) {
        redisFreeCommand(command);
        return code;
    }
    if (wire->used + (size_t)length > wire->room) {
        char *old = wire->buffer;

        wire->room = 2 * (wire->used + (size_t)length);
        wire->buffer = mem_grow(old == wire->lent ? NULL : old, wire->room, 1);
        if (old && old == wire->lent)
            memcpy(wire->buffer, old, wire->used);
    }
    if (wire->queued == wire->ends_room) {
        wire->ends_room = 2 * wire->ends_room + 32;
        wire->ends = mem_grow(wire->ends, wire->ends_room, sizeof(*wire->ends));
    }
    memcpy(wire->buffer + wire->used, command, (size_t)length);
    redisFreeCommand(command);
    wire->used += (size_t)length;
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

        return err_set(err, -EIO, "read a reply from Redis: %s", *what ? what : "connection lost");
    }
    if (page)
        page->replies = wire->read + 1;
    wire->read++;
    *ret = reply;
    return 0;
}
