/* inquiry.c - see inquiry.h. */
#include "tap/inquiry.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/mutant.h"

#define PATIENCE_MS 5 /* until a command that is not answered may be blocked */
#define PATIENCE_MOST_MS 100

static void lose(struct inquiry *inquiry, const struct err *err)
{
    if (!inquiry->ended)
        inquiry->calls->lost(inquiry->context, err);
}

static void on_control_lost(void *context, const char *why)
{
    struct err err = ERR_NULL;

    err_set(&err, -EIO, "the tap's own connection to Redis: %s", why);
    lose(context, &err);
}

static void let_go_of_one(struct inquiry *inquiry)
{
    if (--inquiry->handles == 0)
        inquiry->calls->closed(inquiry->context);
}

static void on_control_closed(void *context)
{
    let_go_of_one(context);
}

static void on_handle_closed(uv_handle_t *handle)
{
    let_go_of_one(handle->data);
}

static void on_changes(void *context, struct str answer);

static void on_commands(void *context, struct str answer)
{
    struct inquiry *inquiry = context;

    table_learn(inquiry->table, answer);
}

int inquiry_open(struct inquiry *inquiry, uv_loop_t *loop, const struct address *server,
                 struct command_table *table, const struct inquiry_calls *calls,
                 void *context, struct err *err)
{
    *inquiry = (struct inquiry){ .calls = calls, .context = context, .table = table };
    uv_timer_init(loop, &inquiry->patience);
    uv_check_init(loop, &inquiry->caught_up);
    inquiry->patience.data = inquiry->caught_up.data = inquiry;
    inquiry->handles = 2;
    inquiry->control.lost = on_control_lost;
    inquiry->control.closed = on_control_closed;
    inquiry->control.context = inquiry;
    if (control_open(&inquiry->control, loop, server, err) < 0) {
        inquiry_end(inquiry);
        uv_close((uv_handle_t *)&inquiry->patience, on_handle_closed);
        uv_close((uv_handle_t *)&inquiry->caught_up, on_handle_closed);
        return err->code;
    }
    inquiry->handles++;
    if (!table->count)
        control_ask_commands(&inquiry->control, on_commands, inquiry);
    inquiry_begin_anew(inquiry);
    return 0;
}

bool inquiry_ready(const struct inquiry *inquiry)
{
    return inquiry->changes_known && !inquiry->leaving_count;
}

/* Who is blocked may be woken by anything, and is heard once a question that was asked
 * afterwards is answered. */
static enum inquiry_way choose(const struct inquiry *inquiry, const struct client *client,
                               bool others_blocked)
{
    const struct expect *expect = &client->expect;
    enum table_class class = table_find(inquiry->table, client->current->words[0]);

    if (others_blocked)
        return INQUIRY_AFTER;
    if (mutant("tap-skips-writes") && class != TABLE_UNKNOWN)
        return INQUIRY_NOTHING;
    if (expect_changes_nothing(expect) || (class == TABLE_READS && !expect->may_block))
        return INQUIRY_NOTHING;
    if (class == TABLE_UNKNOWN || client->refuses || !expect_takes_another(expect))
        return INQUIRY_AFTER;
    return INQUIRY_BEHIND;
}

struct str inquiry_begin(struct inquiry *inquiry, struct client *client,
                         bool others_blocked)
{
    inquiry->client = client;
    inquiry->way = choose(inquiry, client, others_blocked);
    return inquiry->way == INQUIRY_BEHIND ? CONTROL_CHANGES : STR("");
}

static void ask_changes(struct inquiry *inquiry)
{
    control_ask_changes(&inquiry->control, on_changes, inquiry);
}

static void tell(struct inquiry *inquiry, uint64_t changes)
{
    bool changed = changes != inquiry->changes;

    inquiry->changes = changes;
    inquiry->client = NULL;
    inquiry->calls->seen(inquiry->context, changed);
}

static void on_changes(void *context, struct str answer)
{
    struct inquiry *inquiry = context;
    struct err err = ERR_NULL;
    uint64_t changes;

    if (inquiry->ended)
        return;
    if (!control_changes(answer, &changes)) {
        err_set(&err, -EPROTO, "Redis does not say how often its data has changed");
        lose(inquiry, &err);
    } else if (!inquiry->changes_known) {
        inquiry->changes_known = true;
        inquiry->changes = changes;
        if (inquiry_ready(inquiry))
            inquiry->calls->ready(inquiry->context);
    } else {
        tell(inquiry, changes);
    }
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

/* Nothing has been asked on the tap's own connection about the command that was
 * answered. */
static void on_caught_up(uv_check_t *check)
{
    struct inquiry *inquiry = check->data;
    uint64_t changes = inquiry->changes;

    uv_check_stop(check);
    if (inquiry->ended)
        return;
    if (inquiry->way == INQUIRY_NOTHING || is_answered(inquiry->client, &changes))
        tell(inquiry, changes);
    else
        ask_changes(inquiry);
}

void inquiry_look(struct inquiry *inquiry)
{
    uv_timer_stop(&inquiry->patience);
    if (inquiry->way == INQUIRY_AFTER || inquiry->client->up.ended)
        ask_changes(inquiry);
    else
        uv_check_start(&inquiry->caught_up, on_caught_up);
}

void inquiry_look_again(struct inquiry *inquiry, struct client *client)
{
    uv_timer_stop(&inquiry->patience);
    inquiry->client = client;
    ask_changes(inquiry);
}

void inquiry_begin_anew(struct inquiry *inquiry)
{
    inquiry->changes_known = false;
    ask_changes(inquiry);
}

static void ask_whether_blocked(struct inquiry *inquiry);

static void on_patience(uv_timer_t *timer)
{
    ask_whether_blocked(timer->data);
}

static bool is_under_way(const struct client *client)
{
    return client->state == CLIENT_RUNNING && !client->reply_whole;
}

static void wait_on(struct inquiry *inquiry)
{
    uv_timer_start(&inquiry->patience, on_patience, inquiry->patience_ms, 0);
}

static void on_flags(void *context, struct str answer)
{
    struct inquiry *inquiry = context;

    if (inquiry->ended || !inquiry->client || !is_under_way(inquiry->client))
        return;
    if (control_is_blocked(answer)) {
        inquiry->calls->blocks(inquiry->context);
        return;
    }
    wait_on(inquiry);
    if (inquiry->patience_ms < PATIENCE_MOST_MS)
        inquiry->patience_ms *= 2;
}

static void ask_whether_blocked(struct inquiry *inquiry)
{
    if (!inquiry->client)
        return;
    control_ask_client(&inquiry->control, inquiry->client->id, on_flags, inquiry);
}

void inquiry_await(struct inquiry *inquiry)
{
    bool may_block = inquiry->client->expect.may_block;

    inquiry->patience_ms = may_block ? 1 : PATIENCE_MS;
    if (may_block)
        ask_whether_blocked(inquiry);
    else
        wait_on(inquiry);
}

static void on_leaving(void *context, struct str answer)
{
    struct inquiry *inquiry = context;

    if (inquiry->ended)
        return;
    if (!control_is_there(answer))
        inquiry->leaving_count--;
    if (inquiry->leaving_count)
        control_ask_client(&inquiry->control,
                           inquiry->leaving[inquiry->leaving_count - 1], on_leaving,
                           inquiry);
    else if (inquiry_ready(inquiry))
        inquiry->calls->ready(inquiry->context);
}

/* The first question asks for the others as well. */
void inquiry_leave(struct inquiry *inquiry, const struct client *client)
{
    if (client->up.ended || !client->id)
        return;
    if (inquiry->leaving_count == inquiry->leaving_room) {
        inquiry->leaving_room = inquiry->leaving_room ? 2 * inquiry->leaving_room : 8;
        inquiry->leaving =
            mem_grow(inquiry->leaving, inquiry->leaving_room, sizeof(int64_t));
    }
    /* The one that was asked about stays the last. */
    inquiry->leaving[inquiry->leaving_count++] = client->id;
    if (inquiry->leaving_count > 1) {
        int64_t *last = &inquiry->leaving[inquiry->leaving_count - 1], id = *last;

        *last = last[-1];
        last[-1] = id;
        return;
    }
    control_ask_client(&inquiry->control, client->id, on_leaving, inquiry);
}

void inquiry_end(struct inquiry *inquiry)
{
    inquiry->ended = true;
    inquiry->client = NULL;
    uv_timer_stop(&inquiry->patience);
    uv_check_stop(&inquiry->caught_up);
}

void inquiry_close(struct inquiry *inquiry)
{
    inquiry_end(inquiry);
    control_close(&inquiry->control);
    uv_close((uv_handle_t *)&inquiry->patience, on_handle_closed);
    uv_close((uv_handle_t *)&inquiry->caught_up, on_handle_closed);
}

void inquiry_abandon(struct inquiry *inquiry)
{
    control_abandon(&inquiry->control);
}

void inquiry_release(struct inquiry *inquiry)
{
    free(inquiry->leaving);
}
