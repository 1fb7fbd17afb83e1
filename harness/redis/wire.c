/* wire.c - see wire.h. */
#include "redis/wire.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/mutant.h"
#include "redis/resp.h"

#define LEAST_BUFFER ((size_t)24 << 10)

struct wire {
    struct page *page;
    struct wire_manner manner;
    struct arena memory; /* of all that follows */
    char *buffer;        /* commands queued and not sent */
    size_t used, room;
    size_t *ends; /* where each queued command ends in the buffer */
    size_t queued, ends_room;
    uint64_t limit; /* of commands; counts down from wire_cut() */
    uint64_t sent;  /* commands */
    uint64_t writes;
    struct arena heard; /* of replies */
    struct resp replies;
    uint64_t read;  /* replies, also those that nobody asked for yet */
    uint64_t asked; /* replies that were given out */
    bool writing;   /* wrote since it last waited */
};

static struct arena arena_of(struct room room)
{
    return arena_in(room.at, room.bytes);
}

struct wire *wire_new(int fd, struct page *page)
{
    struct arena memory = ARENA_NULL, heard = ARENA_NULL;
    struct wire *wire;

    if (page) {
        memory = arena_of(page_queue(page));
        heard = arena_of(page_replies(page));
    }
    wire = arena_take(&memory, sizeof(*wire));
    *wire = (struct wire){ .page = page,
                           .memory = memory,
                           .heard = heard,
                           .limit = UINT64_MAX,
                           .manner = WIRE_ONE_BUFFER };
    wire->replies = resp_of(fd, &wire->heard);
    if (page)
        page->wire = wire;
    return wire;
}

struct wire *wire_free(struct wire *wire)
{
    if (wire) {
        struct arena memory = wire->memory;

        if (wire->page)
            wire->page->wire = NULL;
        arena_release(&wire->heard);
        arena_release(&memory);
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

/* Sends so much of the buffer. */
static int send_bytes(struct wire *wire, size_t length, struct err *err)
{
    return resp_send(&wire->replies, (struct str){ wire->buffer, length }, err);
}

static bool is_traced(const struct wire *wire)
{
    return wire->page && (wire->page->record || wire->page->times);
}

/* Notes where and when the first `commands` of the queue are written. */
static void trace_write(struct wire *wire, size_t commands, size_t length)
{
    struct page *page = wire->page;
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
    if (wire->sent + wire->queued > PAGE_TRACES)
        return err_set(err, ERR_USAGE, "the update sends more than %d commands",
                       PAGE_TRACES);
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
    return send_bytes(wire, length, err);
}

static int record_answer(struct wire *wire, size_t length, struct err *err)
{
    const struct resp *replies = &wire->replies;
    uint64_t before = replies->received - length;

    if (replies->received > RECORD_BYTES)
        return err_set(err, ERR_USAGE, "Redis answers the update with more than %u bytes",
                       RECORD_BYTES);
    memcpy(wire->page->answers + before, replies->bytes + replies->used - length, length);
    wire->page->heard = replies->received;
    return 0;
}

/* Reads what has come. Returns the number of bytes; 0 if there is nothing now and the
 * flags say not to wait. */
static ssize_t receive_aside(struct wire *wire, int flags, struct err *err)
{
    ssize_t n;

    /* A command may block for as long as the watchdog lets it: the socket's own time
     * limit is for those who have none. */
    do {
        n = resp_receive(&wire->replies, flags);
        if (n == -EAGAIN && flags & MSG_DONTWAIT)
            return 0;
    } while (n == -EINTR || n == -EAGAIN);
    if (n <= 0)
        return err_set(err, n ? (int)n : -EIO, "read a reply from Redis: %s",
                       n ? err_words((int)-n) : "connection lost");
    return n;
}

/* The same for replies of the update. */
static ssize_t receive(struct wire *wire, int flags, struct err *err)
{
    ssize_t n = receive_aside(wire, flags, err);

    if (n > 0 && wire->page && wire->page->record)
        return record_answer(wire, (size_t)n, err) < 0 ? err->code : n;
    return n;
}

/* So many replies have been read by now. */
static void note_read(struct wire *wire, uint64_t replies)
{
    if (replies <= wire->read)
        return;
    wire->read = replies;
    atomic_signal_fence(memory_order_release); /* as with commands */
    if (wire->page)
        wire->page->replies = wire->read;
}

/* Reads the replies that have come so far, and keeps them. */
static int read_early(struct wire *wire, struct err *err)
{
    while (wire->asked + wire->replies.whole < wire->sent) {
        ssize_t n = receive(wire, MSG_DONTWAIT, err);

        if (n <= 0)
            return (int)n;
        note_read(wire, wire->asked + wire->replies.whole);
    }
    return 0;
}

int wire_abandon(struct wire *wire, struct err *err)
{
    wire->queued = 0;
    wire->used = 0;
    while (wire_due(wire)) {
        const redisReply *reply;
        int code = wire_read(wire, &reply, err);

        if (code < 0)
            return code;
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

static void *grow(struct wire *wire, const void *block, size_t old_bytes, size_t bytes)
{
    void *grown = arena_take(&wire->memory, bytes);

    if (old_bytes)
        memcpy(grown, block, old_bytes);
    return grown;
}

/* Makes room for so many more bytes in the buffer and for one more end. */
static void make_room(struct wire *wire, size_t bytes)
{
    if (wire->used + bytes > wire->room) {
        wire->room = 2 * (wire->used + bytes) + LEAST_BUFFER;
        wire->buffer = grow(wire, wire->buffer, wire->used, wire->room);
    }
    if (wire->queued == wire->ends_room) {
        wire->ends_room = 2 * wire->ends_room + 32;
        wire->ends = grow(wire, wire->ends, wire->queued * sizeof(*wire->ends),
                          wire->ends_room * sizeof(*wire->ends));
    }
}

/* Formats a command where it will be sent from. */
static void put_command(struct wire *wire, int argc, const char *const *argv,
                        const size_t *lengths)
{
    make_room(wire, resp_most(argc, lengths));
    wire->used = (size_t)(resp_write(wire->buffer + wire->used, argc, argv, lengths) -
                          wire->buffer);
}

int wire_append(struct wire *wire, int argc, const char *const *argv,
                const size_t *lengths, struct err *err)
{
    put_command(wire, argc, argv, lengths);
    wire->ends[wire->queued++] = wire->used;
    return wire->used >= wire->manner.chunk ? wire_flush(wire, err) : 0;
}

static int take(struct wire *wire, const redisReply **ret, struct err *err)
{
    if (wire->replies.whole && resp_take(&wire->replies, ret) == 0)
        return 0;
    return err_set(err, -EIO, "read a reply from Redis: what it says is no reply");
}

/* A reply that ends the buffer leaves nothing behind that would have to be kept. */
static void forget_read(struct wire *wire)
{
    if (wire->replies.taken < wire->replies.used)
        return;
    resp_forget(&wire->replies);
    arena_reset(&wire->heard);
}

int wire_read(struct wire *wire, const redisReply **ret, struct err *err)
{
    struct page *page = wire->page;

    /* Whether the reply has come already is chance, and must not show in the count. */
    if (page && wire->writing)
        page->trips = page->trips + 1;
    wire->writing = false;
    forget_read(wire);
    while (!wire->replies.whole && !wire->replies.nonsense)
        if (receive(wire, 0, err) < 0)
            return err->code;
    if (take(wire, ret, err) < 0)
        return err->code;
    if (page && page->record && wire->asked < wire->sent)
        page->traces[wire->asked].reply_end = resp_taken(&wire->replies);
    note_read(wire, ++wire->asked);
    return 0;
}

int wire_load_script(struct wire *wire, struct str text, struct err *err)
{
    const char *const words[] = { "SCRIPT", "LOAD", text.bytes };
    const size_t lengths[] = { 6, 4, text.length };
    uint64_t received = wire->replies.received;
    const redisReply *reply;
    int code;

    if (!wire->page || !wire->page->undisturbed)
        return 0;
    forget_read(wire);
    put_command(wire, ARRAY_SIZE(words), words, lengths);
    code = send_bytes(wire, wire->used, err);
    wire->used = 0;
    while (code == 0 && !wire->replies.whole && !wire->replies.nonsense)
        code = receive_aside(wire, 0, err) < 0 ? err->code : 0;
    if (code == 0)
        code = take(wire, &reply, err);
    if (code == 0 && reply->type == REDIS_REPLY_ERROR)
        code = err_set(err, ERR_USAGE, "redis.script: %s", reply->str);
    wire->replies.received = received; /* it does not belong to the update */
    return code;
}
