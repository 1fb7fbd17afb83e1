/* client.c - see client.h. */
#include "tap/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "redis/connection.h"

/* Is what the server says kept from the program for now? */
static bool holds(const struct client *client)
{
    return client->state == CLIENT_RUNNING || client->state == CLIENT_REPLIED ||
           client->state == CLIENT_BLOCKED || client->state == CLIENT_WOKEN;
}

/* Who is read from. */
static void flow(struct client *client)
{
    bool full = client->waiting_bytes > CLIENT_QUEUE_MOST;
    bool unread = link_waiting(&client->down) > CLIENT_UNREAD_MOST;
    bool awaited = client->state == CLIENT_OPENING || client->state == CLIENT_RUNNING ||
                   client->state == CLIENT_BLOCKED;
    bool judged = client->state == CLIENT_REPLIED || client->state == CLIENT_WOKEN;
    bool room = judged ? client->held.length <= CLIENT_HELD_MOST : !unread || full;

    link_read(&client->down, !full && !client->muted && !client->commands.nonsense[0]);
    link_read(&client->up, !client->muted && (awaited || room));
}

static void free_waiting(struct waiting *waiting)
{
    if (!waiting)
        return;
    free(waiting->bytes);
    free(waiting->words);
    free(waiting);
}

/* What is between the command's bytes stays so; words of an inline command may not be. */
static struct waiting *copy_frame(const struct command_frame *frame)
{
    struct waiting *copy = MEM_NEW(struct waiting);
    const char *from = frame->bytes.bytes, *end = from + frame->bytes.length;
    size_t most = frame->bytes.length;
    char *at;

    for (size_t i = 0; i < frame->count; i++)
        if (frame->words[i].bytes < from || frame->words[i].bytes >= end)
            most += frame->words[i].length;
    copy->bytes = MEM_ARRAY(char, most);
    copy->words = MEM_ARRAY(struct str, frame->count);
    copy->length = frame->bytes.length;
    copy->count = frame->count;
    memcpy(copy->bytes, from, copy->length);
    at = copy->bytes + copy->length;
    for (size_t i = 0; i < frame->count; i++) {
        struct str word = frame->words[i];

        if (word.bytes >= from && word.bytes < end) {
            copy->words[i] =
                (struct str){ copy->bytes + (word.bytes - from), word.length };
            continue;
        }
        if (word.length)
            memcpy(at, word.bytes, word.length);
        copy->words[i] = (struct str){ at, word.length };
        at += word.length;
    }
    return copy;
}

static void on_program_says(struct link *link, struct str bytes)
{
    struct client *client = link->context;
    uint64_t now_ns = clock_now_ns();
    struct command_frame frame;

    if (client->muted || client->closing)
        return;
    command_stream_add(&client->commands, bytes);
    while (command_stream_next(&client->commands, &frame) == STREAM_FRAME) {
        struct waiting *waiting;

        if (!frame.count) /* Redis would not answer it */
            continue;
        waiting = copy_frame(&frame);
        waiting->arrived_ns = now_ns;
        client->arrived(client, waiting);
        if (client->last)
            client->last->next = waiting;
        else
            client->first = waiting;
        client->last = waiting;
        client->waiting_bytes += waiting->length;
    }
    client_settle(client);
}

static struct waiting *take_first(struct client *client)
{
    struct waiting *first = client->first;

    client->first = first->next;
    if (!client->first)
        client->last = NULL;
    client->waiting_bytes -= first->length;
    first->next = NULL;
    return first;
}

void client_begin(struct client *client)
{
    free_waiting(client->current);
    client->current = take_first(client);
    client->state = CLIENT_RUNNING;
    client->reply.length = 0;
    client->reply_bytes = 0;
    client->reply_whole = client->reply_heard = false;
    client->answer.length = 0;
    client->frame_at = client->held.length;
    expect_command(&client->expect, client->current->words, client->current->count);
}

void client_send(struct client *client, struct str command, struct str question)
{
    client->asked = question.length > 0;
    link_put(&client->up, client->expect.asks_on ? STR("CLIENT REPLY ON\r\n") : command);
    link_send(&client->up, question);
    flow(client);
    if (client->up.ended) { /* it was closed before */
        client->state = CLIENT_REPLIED;
        client->tell(client, CLIENT_NEWS_REPLIED);
    }
}

void client_block(struct client *client)
{
    client->state = CLIENT_BLOCKED;
}

/* A part of the reply, for the event. */
static void keep_reply(struct client *client)
{
    struct str part = { client->held.bytes + client->frame_at,
                        client->held.length - client->frame_at };
    size_t left = CLIENT_REPLY_KEPT - client->reply.length;

    client->reply_bytes += part.length;
    part.length = part.length < left ? part.length : left;
    buffer_add(&client->reply, part);
}

/* The command is executed. */
static void answered(struct client *client)
{
    bool woken = client->state == CLIENT_BLOCKED;

    client->state = woken ? CLIENT_WOKEN : CLIENT_REPLIED;
    flow(client);
    client->tell(client, woken ? CLIENT_NEWS_WOKEN : CLIENT_NEWS_REPLIED);
}

/* All that is awaited of the server has come. */
static void over(struct client *client)
{
    if (client->state == CLIENT_RUNNING || client->state == CLIENT_BLOCKED) {
        answered(client);
    } else if (client->state == CLIENT_DELIVERING) {
        client->state = CLIENT_IDLE;
        client_settle(client);
    }
}

/* Something that the server says has come to its end. */
static void take_frame(struct client *client)
{
    bool heard, held = holds(client);
    enum expect_found found =
        expect_frame(&client->expect, &client->replies.frame, &heard);

    if (found != EXPECT_MESSAGE &&
        (client->state == CLIENT_RUNNING || client->state == CLIENT_BLOCKED))
        keep_reply(client);
    if (held && !heard)
        client->held.length = client->frame_at;
    if (found == EXPECT_MESSAGE && client->state == CLIENT_BLOCKED) {
        link_send(&client->down, buffer_str(&client->held));
        client->held.length = 0;
    }
    client->frame_at = client->held.length;
    if (found != EXPECT_LAST)
        return;
    client->reply_whole = true;
    if (client->state == CLIENT_BLOCKED || !client->asked)
        over(client);
}

/* A reply that has begun, and is too long to be held until it ends. */
static void take_begin(struct client *client)
{
    if ((client->state != CLIENT_RUNNING && client->state != CLIENT_BLOCKED) ||
        client->held.length <= CLIENT_HELD_MOST || !client->replies.missing ||
        !expect_is_reply(&client->expect, &client->replies.frame))
        return;
    keep_reply(client);
    answered(client);
}

/* Is what the server says the answer to our question? */
static bool is_answer(const struct client *client)
{
    return client->asked && client->reply_whole && !client->replies.frame.is_push;
}

static void take_answer(struct client *client, struct str piece, bool whole)
{
    buffer_add(&client->answer, piece);
    if (!whole)
        return;
    client->asked = false;
    over(client);
}

/* Which client it is. */
static void take_id(struct client *client)
{
    char digits[REPLY_HEAD + 1] = "";
    const struct reply_frame *frame = &client->replies.frame;

    memcpy(digits, frame->head, frame->head_length);
    client->id = strtoll(digits, NULL, 10);
    client->state = CLIENT_IDLE;
    client_settle(client);
}

/* Passes a piece of what the server says, or holds it. */
static void pass(struct client *client, struct str piece)
{
    bool deaf = client->state == CLIENT_DELIVERING && !client->reply_heard;

    if (client->state == CLIENT_OPENING || deaf)
        return;
    if (holds(client))
        buffer_add(&client->held, piece);
    else
        link_send(&client->down, piece);
}

static void on_server_says(struct link *link, struct str bytes)
{
    struct client *client = link->context;

    while (bytes.length && !client->closing) {
        size_t used;
        enum stream_found found = reply_stream_next(&client->replies, bytes, &used);

        struct str piece = { bytes.bytes, used };
        bool is_ours = is_answer(client);

        if (!is_ours)
            pass(client, piece);
        bytes = (struct str){ bytes.bytes + used, bytes.length - used };
        if (found == STREAM_NONSENSE) {
            client->tell(client, CLIENT_NEWS_BROKEN);
            return;
        }
        if (is_ours)
            take_answer(client, piece, found == STREAM_FRAME);
        else if (found == STREAM_MORE)
            take_begin(client);
        else if (client->state == CLIENT_OPENING)
            take_id(client);
        else
            take_frame(client);
    }
    if (!client->closing)
        flow(client);
}

void client_deliver(struct client *client, struct client *to)
{
    const struct expect *expect = &client->expect;

    client->reply_heard = !expect->off && !expect->skip;
    if (!client->reply_whole && !client->reply_heard && !client->up.ended)
        client->held.length = client->frame_at;
    link_send(&to->down, buffer_str(&client->held));
    client->held.length = client->frame_at = 0;
    if (client->held.room > CLIENT_HELD_MOST)
        buffer_release(&client->held);
    client->state = (client->reply_whole && !client->asked) || client->up.ended
                        ? CLIENT_IDLE
                        : CLIENT_DELIVERING;
    client_settle(client);
}

static void on_program_ended(struct link *link)
{
    client_settle(link->context);
}

static void on_server_ended(struct link *link)
{
    struct client *client = link->context;

    if (client->state == CLIENT_RUNNING || client->state == CLIENT_BLOCKED) {
        answered(client);
        return;
    }
    if (client->state == CLIENT_OPENING || client->state == CLIENT_DELIVERING)
        client->state = CLIENT_IDLE;
    client_settle(client);
}

static void on_program_drained(struct link *link)
{
    flow(link->context);
}

static void on_server_drained(struct link *link)
{
    (void)link;
}

static void on_closed(struct link *link)
{
    struct client *client = link->context;

    if (--client->open == 0)
        client->tell(client, CLIENT_NEWS_FREE);
}

static const struct link_calls program_calls = { on_program_says, on_program_ended,
                                                 on_program_drained, on_closed };
static const struct link_calls server_calls = { on_server_says, on_server_ended,
                                                on_server_drained, on_closed };

int client_open(struct client *client, uv_loop_t *loop, int fd,
                const struct address *server, struct err *err)
{
    int up = address_connect(server, CONNECTION_TIMEOUT_S, err);

    if (up < 0)
        return up;
    client->commands = command_stream_new();
    client->replies = REPLY_STREAM_NULL;
    client->expect = expect_new();
    if (link_open(&client->up, loop, up, &server_calls, client, err) < 0) {
        close(up);
        return err->code;
    }
    client->open = 1;
    if (link_open(&client->down, loop, fd, &program_calls, client, err) < 0) {
        client->down.closing = true; /* it is not open */
        link_close(&client->up);
        return err->code;
    }
    client->open = 2;
    link_send(&client->up, STR("CLIENT ID\r\n"));
    return 0;
}

/* The connection to the server is over; the program gets what it has not taken yet. */
static void leave(struct client *client)
{
    if (client->closing)
        return;
    client->closing = true;
    link_part(&client->up);
    link_leave(&client->down);
    client->tell(client, CLIENT_NEWS_LEFT);
}

void client_settle(struct client *client)
{
    bool quit = client->expect.closes && client->state == CLIENT_IDLE;

    if (client->closing || client->muted)
        return;
    while (client->first && quit) /* Redis reads nothing behind it */
        free_waiting(take_first(client));
    if (client->state == CLIENT_IDLE && client->up.ended) {
        leave(client);
    } else if (client->state == CLIENT_BLOCKED) {
        if (client->down.ended && !client->looked_at)
            leave(client); /* a server does not wait for who is gone */
    } else if (client->state == CLIENT_IDLE && !client->first) {
        if (client->commands.nonsense[0]) {
            link_send(&client->down, STR("-ERR "));
            link_send(&client->down, str_of(client->commands.nonsense));
            link_send(&client->down, STR("\r\n"));
        }
        if (client->commands.nonsense[0] || (client->down.ended && !quit))
            leave(client);
    }
    if (!client->closing)
        flow(client);
    client->tell(client, CLIENT_NEWS_READY);
}

void client_mute(struct client *client)
{
    client->muted = true;
    flow(client);
}

void client_close(struct client *client)
{
    client->closing = true;
    link_close(&client->down);
    link_part(&client->up);
}

void client_abandon(struct client *client)
{
    link_close(&client->up);
}

void client_release(struct client *client)
{
    while (client->first)
        free_waiting(take_first(client));
    free_waiting(client->current);
    command_stream_release(&client->commands);
    expect_release(&client->expect);
    buffer_release(&client->held);
    buffer_release(&client->reply);
    buffer_release(&client->answer);
    free(client);
}
