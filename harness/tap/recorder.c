/* recorder.c - see recorder.h. */
#include "tap/recorder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "tap/client.h"
#include "tap/door.h"
#include "tap/inquiry.h"
#include "tap/peer.h"

#define DOORS 2

struct recorder {
    uv_loop_t *loop; /* borrowed */
    struct recorder_options options;
    struct door doors[DOORS]; /* a unix socket, and TCP */
    struct inquiry inquiry;
    struct command_table table; /* unless it was given one */
    int handles;                /* that are open, but for clients' */

    struct client **clients; /* owned */
    size_t count, room;

    struct client *running;    /* whose command is under way, or what it did is asked */
    enum tap_event_kind round; /* what of it */
    uint64_t connections, arrivals, gone, events, blocks;
    bool cut, ended, stopping;
};

static void step(struct recorder *recorder);

static void release(struct recorder *recorder)
{
    if (!recorder->stopping || recorder->handles || recorder->count)
        return;
    for (size_t i = 0; i < DOORS; i++)
        door_release(&recorder->doors[i]);
    inquiry_release(&recorder->inquiry);
    table_release(&recorder->table);
    free(recorder->clients);
    free(recorder);
}

static void on_door_closed(struct door *door)
{
    struct recorder *recorder = door->context;

    recorder->handles--;
    release(recorder);
}

/* Nobody is let in from here on. */
static void shut(struct recorder *recorder)
{
    for (size_t i = 0; i < DOORS; i++)
        door_shut(&recorder->doors[i]);
}

/* Nothing goes on, but what is being closed. */
static void end(struct recorder *recorder)
{
    if (recorder->ended)
        return;
    recorder->ended = true;
    shut(recorder);
    inquiry_close(&recorder->inquiry);
    for (size_t i = 0; i < recorder->count; i++)
        client_close(recorder->clients[i]);
}

static void fail(struct recorder *recorder, const struct err *err)
{
    if (recorder->ended)
        return;
    end(recorder);
    if (recorder->options.failed)
        recorder->options.failed(recorder->options.context, err);
}

static void cut(struct recorder *recorder)
{
    recorder->cut = true;
    recorder->running = NULL;
    inquiry_end(&recorder->inquiry);
    shut(recorder);
    for (size_t i = 0; i < recorder->count; i++)
        client_mute(recorder->clients[i]);
    if (recorder->options.cut)
        recorder->options.cut(recorder->options.context);
}

/* Have so many commands gone that no more may? */
static bool is_cut_here(const struct recorder *recorder)
{
    uint64_t most = recorder->options.cut_after;

    if (mutant("tap-one-more") && most != RECORDER_NO_CUT)
        most++;
    return recorder->gone >= most;
}

static bool is_blocked(const struct client *client)
{
    return client->state == CLIENT_BLOCKED && !client->closing;
}

static bool anybody_is_blocked(const struct recorder *recorder)
{
    for (size_t i = 0; i < recorder->count; i++)
        if (is_blocked(recorder->clients[i]))
            return true;
    return false;
}

/* What was said on other connections before the question was answered has come. */
static void hear_who_was_woken(struct recorder *recorder)
{
    for (size_t i = 0; i < recorder->count; i++)
        if (is_blocked(recorder->clients[i]))
            link_drain(&recorder->clients[i]->up);
}

/* Who gets a client's reply: itself. */
static struct client *addressee(const struct recorder *recorder, struct client *client)
{
    if (mutant("tap-reply-astray"))
        for (size_t i = 0; i < recorder->count; i++)
            if (recorder->clients[i] != client)
                return recorder->clients[i];
    return client;
}

static int tell_event(struct recorder *recorder, bool changed, struct err *err)
{
    const struct client *client = recorder->running;
    const struct waiting *command = client->current;
    struct tap_event event = {
        .kind = recorder->round,
        .order = recorder->events++,
        .command = command->index,
        .connection = client->number,
        .client_id = client->id,
        .words = command->words,
        .count = command->count,
        .reply = buffer_str(&client->reply),
        .reply_bytes = client->reply_bytes,
        .reply_whole = client->reply_whole,
        .changed = changed,
        .arrived_ns = command->arrived_ns,
        .arrival = command->stamp,
        .heard = command->heard,
    };

    if (event.kind == TAP_BLOCKED)
        event.reply = STR(""), event.reply_bytes = 0, event.reply_whole = false;
    return recorder->options.executed(recorder->options.context, &event, err);
}

/* What the command did is known. */
static void on_seen(void *context, bool changed)
{
    struct recorder *recorder = context;
    struct client *client = recorder->running;
    struct err err = ERR_NULL;
    int code = tell_event(recorder, changed, &err);

    if (code < 0) {
        fail(recorder, &err);
        return;
    }
    if (recorder->ended) /* whoever was told has stopped it */
        return;
    if (code == TAP_CUT || (recorder->round != TAP_WOKEN && is_cut_here(recorder))) {
        cut(recorder);
        return;
    }
    if (code == TAP_TOUCHED) /* its changes are nobody else's */
        inquiry_begin_anew(&recorder->inquiry);
    hear_who_was_woken(recorder);
    client->looked_at = false;
    recorder->running = NULL;
    if (recorder->round == TAP_BLOCKED)
        client_settle(client);
    else
        client_deliver(client, addressee(recorder, client));
    step(recorder);
}

/* Something became of this client's command; what has it changed? */
static void begin_round(struct recorder *recorder, struct client *client,
                        enum tap_event_kind kind)
{
    recorder->running = client;
    recorder->round = kind;
    client->looked_at = true;
    if (kind == TAP_EXECUTED)
        inquiry_look(&recorder->inquiry);
    else
        inquiry_look_again(&recorder->inquiry, client);
}

static void on_blocks(void *context)
{
    struct recorder *recorder = context;
    struct client *client = recorder->running;

    client_block(client);
    client->blocked_since = recorder->blocks++;
    begin_round(recorder, client, TAP_BLOCKED);
}

static void on_ready(void *context)
{
    step(context);
}

static void on_lost(void *context, const struct err *err)
{
    fail(context, err);
}

static void on_inquiry_closed(void *context)
{
    struct recorder *recorder = context;

    recorder->handles--;
    release(recorder);
}

static const struct inquiry_calls inquiry_calls = { on_seen, on_blocks, on_ready, on_lost,
                                                    on_inquiry_closed };

/* As its program sent it, or as it would have by the server's clock. */
static void send_command(struct recorder *recorder, struct client *client,
                         struct str question)
{
    const struct waiting *command = client->current;
    CLEANUP(buffer_release) struct buffer shifted = BUFFER_NULL;
    bool differs;

    if (recorder->options.shifts && !recorder->options.shifts(recorder->options.context))
        recorder->options.shift = SHIFT_NONE;
    recorder->options.shifts = NULL;
    differs = shift_command(&recorder->options.shift, clock_real_ms(), command->words,
                            command->count, &shifted);

    client_send(client,
                differs ? buffer_str(&shifted)
                        : (struct str){ command->bytes, command->length },
                question);
}

/* The first one lets its next command go. */
static void go(struct recorder *recorder, struct client *client)
{
    struct err err = ERR_NULL;

    recorder->running = client;
    recorder->round = TAP_EXECUTED;
    client->first->index = recorder->gone++;
    client_begin(client);
    if (client->expect.unfollowed) {
        err_set(&err, -EOPNOTSUPP,
                "connection %llu: what CLIENT REPLY does inside MULTI cannot be followed",
                (unsigned long long)client->number);
        fail(recorder, &err);
        return;
    }
    send_command(recorder, client,
                 inquiry_begin(&recorder->inquiry, client, anybody_is_blocked(recorder)));
    if (recorder->running == client && client->state == CLIENT_RUNNING)
        inquiry_await(&recorder->inquiry);
}

/* Is it this one's turn before the other's? Who was woken comes first. */
static bool comes_first(const struct client *client, const struct client *other)
{
    bool woken = client->state == CLIENT_WOKEN;

    if (!other)
        return true;
    if (woken != (other->state == CLIENT_WOKEN))
        return woken;
    return woken ? client->blocked_since < other->blocked_since
                 : client->first->stamp < other->first->stamp;
}

static void step(struct recorder *recorder)
{
    struct client *next = NULL;

    if (!inquiry_ready(&recorder->inquiry) || recorder->running || recorder->ended ||
        recorder->cut)
        return;
    for (size_t i = 0; i < recorder->count; i++) {
        struct client *client = recorder->clients[i];
        bool can = client->state == CLIENT_WOKEN ||
                   (client->state == CLIENT_IDLE && client->first && !client->closing);

        if (can && comes_first(client, next))
            next = client;
    }
    if (!next)
        return;
    if (next->state == CLIENT_WOKEN)
        begin_round(recorder, next, TAP_WOKEN);
    else if (is_cut_here(recorder))
        cut(recorder);
    else
        go(recorder, next);
}

static void forget(struct recorder *recorder, struct client *client)
{
    for (size_t i = 0; i < recorder->count; i++)
        if (recorder->clients[i] == client)
            recorder->clients[i] = recorder->clients[--recorder->count];
    client_release(client);
    if (!recorder->count && !recorder->ended && recorder->options.quiet)
        recorder->options.quiet(recorder->options.context);
    release(recorder);
}

static void on_news(struct client *client, enum client_news news)
{
    struct recorder *recorder = client->recorder;
    struct err err = ERR_NULL;

    if (news == CLIENT_NEWS_FREE) {
        forget(recorder, client);
        return;
    }
    if (recorder->ended || recorder->cut)
        return;
    if (news == CLIENT_NEWS_BROKEN) {
        err_set(&err, -EPROTO, "connection %llu: what Redis says is no reply",
                (unsigned long long)client->number);
        fail(recorder, &err);
    } else if (news == CLIENT_NEWS_REPLIED) {
        begin_round(recorder, client, TAP_EXECUTED);
    } else {
        if (news == CLIENT_NEWS_LEFT)
            inquiry_leave(&recorder->inquiry, client);
        step(recorder);
    }
}

static void on_arrived(struct client *client, struct waiting *waiting)
{
    struct recorder *recorder = client->recorder;

    waiting->stamp = recorder->arrivals++;
    waiting->heard = recorder->events;
}

static void add_client(struct recorder *recorder, struct client *client)
{
    if (recorder->count == recorder->room) {
        recorder->room = recorder->room ? 2 * recorder->room : 8;
        recorder->clients =
            mem_grow(recorder->clients, recorder->room, sizeof(struct client *));
    }
    recorder->clients[recorder->count++] = client;
}

static void let_in(struct recorder *recorder, int fd)
{
    struct client *client = MEM_NEW(struct client);
    struct err err = ERR_NULL;
    int code;

    *client = (struct client){ .tell = on_news,
                               .arrived = on_arrived,
                               .recorder = recorder,
                               .number = ++recorder->connections };
    code = client_open(client, recorder->loop, fd, recorder->options.server, &err);
    if (code == 0 || client->open)
        add_client(recorder, client);
    else
        client_release(client);
    if (code == 0)
        return;
    close(fd);
    err_wrap(&err, "connection %llu", (unsigned long long)recorder->connections);
    fail(recorder, &err);
}

static void on_enter(struct door *door, int fd)
{
    struct recorder *recorder = door->context;
    bool welcome = true;
    struct err err = ERR_NULL;

    if (!door->address.path &&
        peer_check(fd, &recorder->options.peers, &welcome, &err) < 0)
        fail(recorder, &err);
    if (welcome && !err.code)
        let_in(recorder, fd);
    else
        close(fd);
}

static int open_door(struct recorder *recorder, struct door *door, struct address address,
                     struct err *err)
{
    int code;

    *door =
        (struct door){ .enter = on_enter, .closed = on_door_closed, .context = recorder };
    code = door_open(door, recorder->loop, address, err);
    recorder->handles += code == 0;
    return code;
}

static int open_path(struct recorder *recorder, struct door *door, struct err *err)
{
    struct address path = { .path =
                                mem_printf("%s/tap.sock", recorder->options.directory) };

    return open_door(recorder, door, path, err);
}

/* At the port that is wanted, or at any. */
static int open_port(struct recorder *recorder, struct door *door, struct err *err)
{
    struct address wanted = { .path = NULL, .port = recorder->options.port },
                   any = { .path = NULL };
    struct err ignored = ERR_NULL;
    int code = -EADDRINUSE;

    if (wanted.port)
        code = open_door(recorder, door, wanted, &ignored);
    if (code < 0)
        code = open_door(recorder, door, any, err);
    if (code == 0)
        peer_hold_ends(door->fd);
    return code;
}

int recorder_start(uv_loop_t *loop, const struct recorder_options *options,
                   struct recorder **ret, struct err *err)
{
    struct recorder *recorder = MEM_NEW(struct recorder);

    recorder->loop = loop;
    recorder->options = *options;
    recorder->doors[0].fd = recorder->doors[1].fd = -1;
    recorder->handles = 1; /* the inquiry, even if it fails */
    if (inquiry_open(&recorder->inquiry, loop, options->server,
                     options->table ? options->table : &recorder->table, &inquiry_calls,
                     recorder, err) < 0) {
        recorder->ended = recorder->stopping = true;
        return err_wrap(err, "start a tap");
    }
    if (open_path(recorder, &recorder->doors[0], err) < 0 ||
        open_port(recorder, &recorder->doors[1], err) < 0) {
        recorder->stopping = true;
        end(recorder);
        return err_wrap(err, "start a tap");
    }
    *ret = recorder;
    return 0;
}

const struct address *recorder_socket(const struct recorder *recorder)
{
    return &recorder->doors[0].address;
}

const struct address *recorder_tcp(const struct recorder *recorder)
{
    return &recorder->doors[1].address;
}

uint64_t recorder_connections(const struct recorder *recorder)
{
    return recorder->connections;
}

void recorder_finish(struct recorder *recorder)
{
    for (size_t i = 0; i < DOORS && !recorder->ended && !recorder->cut; i++)
        door_admit(&recorder->doors[i]);
    shut(recorder);
    if (!recorder->count && !recorder->ended && recorder->options.quiet)
        recorder->options.quiet(recorder->options.context);
}

void recorder_stop(struct recorder *recorder)
{
    if (!recorder)
        return;
    recorder->stopping = true;
    end(recorder);
    release(recorder);
}

void recorder_abandon(struct recorder *recorder)
{
    inquiry_abandon(&recorder->inquiry);
    for (size_t i = 0; i < recorder->count; i++)
        client_abandon(recorder->clients[i]);
}
