/* inquiry.h - what the tap asks the server: has a command changed the data, does it
 * block, has a client that left been let go?
 *
 * One command at a time is inquired into. Nothing is asked about one that cannot have
 * changed anything; about an ordinary one the question goes behind it in the same write,
 * on the program's connection; about all others on a connection of the tap's own, when
 * the command is answered (recorder.h tells which are which, and why).
 *
 * What had come on other connections when a reply came is read before what the command
 * did is told, in any case: its program had not heard of it.
 *
 * All happens on the loop. Answers that come behind inquiry_end() are dropped. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/err.h"
#include "redis/address.h"
#include "tap/client.h"
#include "tap/control.h"
#include "tap/table.h"

struct inquiry_calls {
    /* What was to be looked at has changed the data, or not. */
    void (*seen)(void *context, bool changed);
    void (*blocks)(void *context); /* the command that is under way does */
    void (*ready)(void *context);  /* inquiry_ready() is true, and was not */
    void (*lost)(void *context, const struct err *err); /* nothing can be asked */
    void (*closed)(void *context);                      /* the memory is free */
};

/* What has a command changed? */
enum inquiry_way {
    INQUIRY_AFTER,   /* asked on the tap's own connection when it is answered */
    INQUIRY_BEHIND,  /* sent in the same write, and answered in the same */
    INQUIRY_NOTHING, /* nothing */
};

struct inquiry {
    const struct inquiry_calls *calls;
    void *context;
    struct control control;
    struct command_table *table; /* of the server's commands; borrowed */
    uv_timer_t patience;
    uint64_t patience_ms;
    uv_check_t caught_up; /* the loop has read whatever had come */
    int handles;          /* that are open, and the control connection */
    bool ended;

    struct client *client; /* whose command is under way, or was */
    enum inquiry_way way;  /* for it */
    uint64_t changes;      /* as they were last told */
    bool changes_known;

    int64_t *leaving; /* owned; clients that the server has not let go yet */
    size_t leaving_count, leaving_room;
};

/* The table is learned from the server unless it has been. If it fails, it is as after
 * inquiry_end(), and `closed` is called as well. */
int inquiry_open(struct inquiry *inquiry, uv_loop_t *loop, const struct address *server,
                 struct command_table *table, const struct inquiry_calls *calls,
                 void *context, struct err *err);
/* Is it known what had changed before, and is everybody gone who has left? */
bool inquiry_ready(const struct inquiry *inquiry);

/* The client's command is about to be sent, while others are blocked, or nobody is;
 * returns what has to be sent behind it in the same write, perhaps nothing. */
struct str inquiry_begin(struct inquiry *inquiry, struct client *client,
                         bool others_blocked);
/* It was sent: blocks() is called if that is what it does. */
void inquiry_await(struct inquiry *inquiry);
/* The command under way is answered: seen() is called, later. */
void inquiry_look(struct inquiry *inquiry);
/* What became of others has to be seen, too: by a question of the tap's own. */
void inquiry_look_again(struct inquiry *inquiry, struct client *client);
/* Whatever has changed until now is nobody's. */
void inquiry_begin_anew(struct inquiry *inquiry);
/* This client has left the server, which is to let it go before anything else goes on. */
void inquiry_leave(struct inquiry *inquiry, const struct client *client);

/* Nothing is asked or told any more; its handles stay. May be called twice. */
void inquiry_end(struct inquiry *inquiry);
/* Closes everything: `closed` follows when the server has let go of it, and at once if it
 * is abandoned. */
void inquiry_close(struct inquiry *inquiry);
void inquiry_abandon(struct inquiry *inquiry);
void inquiry_release(struct inquiry *inquiry); /* it is closed */
