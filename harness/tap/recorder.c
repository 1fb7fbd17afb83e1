/* recorder.c - see recorder.h. */
#include "tap/recorder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "tap/client.h"
#include "tap/control.h"
#include "tap/door.h"
#include "tap/table.h"

#define PATIENCE_MS 5 /* until a command that is not answered may be blocked */
#define PATIENCE_MOST_MS 100
#define DOORS 2

/* What has a command changed? */
enum asking {
    ASK_AFTER,   /* asked on the tap's own connection when it is answered */
    ASK_BEHIND,  /* sent in the same write, and answered in the same */
    ASK_NOTHING, /* nothing */
};

struct recorder {
    uv_loop_t *loop; /* borrowed */
    struct recorder_options options;
    struct door doors[DOORS]; /* a unix socket, and TCP */
    uv_timer_t patience;
    uint64_t patience_ms;
    uv_check_t caught_up; /* the loop has read whatever had come */
    struct control control;
    struct table table; /* of the server's commands */
    int handles;        /* that are open, but for clients' */

    struct client **clients; /* owned */
    size_t count, room;
    int64_t *leaving; /* owned; clients that the server has not let go yet */
    size_t leaving_count, leaving_room;

    struct client *running;    /* whose command is under way, or what it did is asked */
    enum tap_event_kind round; /* what of it */
    enum asking asks;          /* about it, if it is executed and that is all */
    uint64_t connections, arrivals, gone, events, blocks, changes;
    bool changes_known, cut, ended, stopping;
};

static void step(struct recorder *recorder);

static void release(struct recorder *recorder)
{
    if (!recorder->stopping || recorder->handles || recorder->count)
        return;
    for (size_t i = 0; i < DOORS; i++)
        door_release(&recorder->doors[i]);
    table_release(&recorder->table);
    free(recorder->clients);
    free(recorder->leaving);
    free(recorder);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct recorder *recorder = handle->data;

    recorder->handles--;
    release(recorder);
}

static void open_handles(struct recorder *recorder)
{
    uv_timer_init(recorder->loop, &recorder->patience);
    uv_check_init(recorder->loop, &recorder->caught_up);
    recorder->patience.data = recorder->caught_up.data = recorder;
    recorder->handles += 2;
}

static void close_handles(struct recorder *recorder)
{
    uv_close((uv_handle_t *)&recorder->patience, on_handle_closed);
    uv_close((uv_handle_t *)&recorder->caught_up, on_handle_closed);
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
    control_close(&recorder->control);
    close_handles(recorder);
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

static void on_control_lost(void *context, const char *why)
{
    struct err err = ERR_NULL;

    err_set(&err, -EIO, "the tap's own connection to Redis: %s", why);
    fail(context, &err);
}

static void on_control_closed(void *context)
{
    struct recorder *recorder = context;

    recorder->handles--;
    release(recorder);
}

static void cut(struct recorder *recorder)
{
    recorder->cut = true;
    recorder->running = NULL;
    uv_timer_stop(&recorder->patience);
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

/* Who is blocked may be woken by anything, and is heard once a question that was asked
 * afterwards is answered. */
static enum asking choose(const struct recorder *recorder, const struct client *client)
{
    const struct expect *expect = &client->expect;
    enum table_class class = table_find(&recorder->table, client->current->words[0]);

    if (anybody_is_blocked(recorder))
        return ASK_AFTER;
    if (mutant("tap-skips-writes") && class != TABLE_UNKNOWN)
        return ASK_NOTHING;
    if (expect_changes_nothing(expect) || (class == TABLE_READS && !expect->may_block))
        return ASK_NOTHING;
    if (class == TABLE_UNKNOWN || client->refuses || !expect_takes_another(expect))
        return ASK_AFTER;
    return ASK_BEHIND;
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

static int tell_event(struct recorder *recorder, uint64_t changes, struct err *err)
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
        .changed = changes != recorder->changes,
        .arrived_ns = command->arrived_ns,
        .arrival = command->stamp,
        .heard = command->heard,
    };

    if (event.kind == TAP_BLOCKED)
        event.reply = STR(""), event.reply_bytes = 0, event.reply_whole = false;
    recorder->changes = changes;
    return recorder->options.executed(recorder->options.context, &event, err);
}

static void on_changes(void *context, struct str answer);

/* What the command did is known. */
static void end_round(struct recorder *recorder, uint64_t changes)
{
    struct client *client = recorder->running;
    struct err err = ERR_NULL;
    int code = tell_event(recorder, changes, &err);

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
    if (code == TAP_TOUCHED) { /* its changes are nobody else's */
        recorder->changes_known = false;
        control_ask_changes(&recorder->control, on_changes, recorder);
    }
    hear_who_was_woken(recorder);
    client->looked_at = false;
    recorder->running = NULL;
    if (recorder->round == TAP_BLOCKED)
        client_settle(client);
    else
        client_deliver(client, addressee(recorder, client));
    step(recorder);
}

static void on_changes(void *context, struct str answer)
{
    struct recorder *recorder = context;
    struct err err = ERR_NULL;
    uint64_t changes;

    if (recorder->ended || recorder->cut)
        return;
    if (!control_changes(answer, &changes)) {
        err_set(&err, -EPROTO, "Redis does not say how often its data has changed");
        fail(recorder, &err);
    } else if (!recorder->changes_known) {
        recorder->changes_known = true;
        recorder->changes = changes;
        step(recorder);
    } else {
        end_round(recorder, changes);
    }
}

static void on_commands(void *context, struct str answer)
{
    struct recorder *recorder = context;

    table_learn(&recorder->table, answer);
}

/* Has the question that went behind the command been answered? */
static bool is_answered(struct client *client, uint64_t *ret_changes)
{
    if (client->asked)
        return false;
    if (control_changes(buffer_str(&client->answer), ret_changes))
        return true;
    client->refuses = true; /* who may not ask INFO, say */
    return false;
}

/* Nothing is asked on the tap's own connection about the command that was answered. */
static void on_caught_up(uv_check_t *check)
{
    struct recorder *recorder = check->data;
    uint64_t changes = recorder->changes;

    uv_check_stop(check);
    if (recorder->asks == ASK_NOTHING || is_answered(recorder->running, &changes))
        end_round(recorder, changes);
    else
        control_ask_changes(&recorder->control, on_changes, recorder);
}

/* What did the command of this client do? What had come on other connections when its
 * reply came is read before the event is told, in any case: its program had not heard of
 * it. */
static void begin_round(struct recorder *recorder, struct client *client,
                        enum tap_event_kind kind)
{
    bool later = kind != TAP_EXECUTED || recorder->asks == ASK_AFTER || client->up.ended;

    recorder->running = client;
    recorder->round = kind;
    client->looked_at = true;
    uv_timer_stop(&recorder->patience);
    if (later)
        control_ask_changes(&recorder->control, on_changes, recorder);
    else
        uv_check_start(&recorder->caught_up, on_caught_up);
}

static void ask_whether_blocked(struct recorder *recorder);

static void on_patience(uv_timer_t *timer)
{
    ask_whether_blocked(timer->data);
}

static void on_flags(void *context, struct str answer)
{
    struct recorder *recorder = context;
    struct client *client = recorder->running;

    if (recorder->ended || recorder->cut || !client || client->state != CLIENT_RUNNING ||
        client->reply_whole)
        return;
    if (control_is_blocked(answer)) {
        client_block(client);
        client->blocked_since = recorder->blocks++;
        begin_round(recorder, client, TAP_BLOCKED);
        return;
    }
    uv_timer_start(&recorder->patience, on_patience, recorder->patience_ms, 0);
    if (recorder->patience_ms < PATIENCE_MOST_MS)
        recorder->patience_ms *= 2;
}

static void ask_whether_blocked(struct recorder *recorder)
{
    if (!recorder->ended && recorder->running)
        control_ask_client(&recorder->control, recorder->running->id, on_flags, recorder);
}

/* As its program sent it, or as it would have by the server's clock. */
static void send_command(struct recorder *recorder, struct client *client)
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
                recorder->asks == ASK_BEHIND ? CONTROL_CHANGES : STR(""));
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
    recorder->asks = choose(recorder, client);
    send_command(recorder, client);
    if (recorder->running != client || client->state != CLIENT_RUNNING)
        return;
    recorder->patience_ms = client->expect.may_block ? 1 : PATIENCE_MS;
    if (client->expect.may_block)
        ask_whether_blocked(recorder);
    else
        uv_timer_start(&recorder->patience, on_patience, recorder->patience_ms, 0);
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

    if (!recorder->changes_known || recorder->running || recorder->leaving_count ||
        recorder->ended || recorder->cut)
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

static void on_leaving(void *context, struct str answer)
{
    struct recorder *recorder = context;

    if (recorder->ended)
        return;
    if (!control_is_there(answer))
        recorder->leaving_count--;
    if (recorder->leaving_count)
        control_ask_client(&recorder->control,
                           recorder->leaving[recorder->leaving_count - 1], on_leaving,
                           recorder);
    else
        step(recorder);
}

/* Waits until the server has let the client go; the first question asks for the others
 * as well. */
static void wait_for_leaving(struct recorder *recorder, const struct client *client)
{
    if (client->up.ended || !client->id)
        return;
    if (recorder->leaving_count == recorder->leaving_room) {
        recorder->leaving_room = recorder->leaving_room ? 2 * recorder->leaving_room : 8;
        recorder->leaving =
            mem_grow(recorder->leaving, recorder->leaving_room, sizeof(int64_t));
    }
    /* The one that was asked about stays the last. */
    recorder->leaving[recorder->leaving_count++] = client->id;
    if (recorder->leaving_count > 1) {
        int64_t *last = &recorder->leaving[recorder->leaving_count - 1], id = *last;

        *last = last[-1];
        last[-1] = id;
        return;
    }
    control_ask_client(&recorder->control, client->id, on_leaving, recorder);
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
            wait_for_leaving(recorder, client);
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

static void on_enter(struct door *door, int fd)
{
    struct recorder *recorder = door->context;
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

/* At the port that is wanted, or at any. */
static int open_port(struct recorder *recorder, struct door *door, struct err *err)
{
    struct address wanted = { NULL, recorder->options.port }, any = { NULL, 0 };
    struct err ignored = ERR_NULL;

    if (wanted.port && open_door(recorder, door, wanted, &ignored) == 0)
        return 0;
    return open_door(recorder, door, any, err);
}

int recorder_start(uv_loop_t *loop, const struct recorder_options *options,
                   struct recorder **ret, struct err *err)
{
    struct recorder *recorder = MEM_NEW(struct recorder);
    struct address path = { mem_printf("%s/tap.sock", options->directory), 0 };

    recorder->loop = loop;
    recorder->options = *options;
    recorder->doors[1].fd = -1;
    open_handles(recorder);
    recorder->control.lost = on_control_lost;
    recorder->control.closed = on_control_closed;
    recorder->control.context = recorder;
    if (open_door(recorder, &recorder->doors[0], path, err) < 0 ||
        open_port(recorder, &recorder->doors[1], err) < 0 ||
        control_open(&recorder->control, loop, options->server, err) < 0) {
        recorder->ended = recorder->stopping = true;
        shut(recorder);
        close_handles(recorder);
        return err_wrap(err, "start a tap");
    }
    recorder->handles++;
    control_ask_commands(&recorder->control, on_commands, recorder);
    control_ask_changes(&recorder->control, on_changes, recorder);
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
    control_abandon(&recorder->control);
    for (size_t i = 0; i < recorder->count; i++)
        client_abandon(recorder->clients[i]);
}
