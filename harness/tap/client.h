/* client.h - one connection of a program, and the one to the server that stands for it.
 *
 * Commands are read as they come, whatever goes on, because when they came matters; they
 * wait here until the recorder lets the first of them go, perhaps with a question of our
 * own behind it. What the server says while a command is under way is held until the
 * recorder has seen what the command did. The rest passes.
 *
 *     OPENING -> IDLE -> RUNNING -> REPLIED -> IDLE
 *                          |          \-> DELIVERING -> IDLE    a reply too long to hold
 *                          \-> BLOCKED -> WOKEN -> IDLE
 *
 * Back-pressure: a program whose commands are not executed yet is not read from beyond
 * QUEUE_MOST; a server is not read from while a program does not take what it has, unless
 * the program may be waiting for us to read (then memory grows, as Redis' own would). */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/err.h"
#include "redis/address.h"
#include "tap/expect.h"
#include "tap/link.h"
#include "tap/stream.h"

#define CLIENT_QUEUE_MOST (4u << 20)  /* bytes of commands that wait */
#define CLIENT_HELD_MOST (1u << 20)   /* bytes of a reply until it counts as one */
#define CLIENT_UNREAD_MOST (1u << 20) /* bytes that the program has not taken */
#define CLIENT_REPLY_KEPT (64u << 10) /* bytes of a reply that an event shows */

struct waiting; /* a command that waits */

enum client_state {
    CLIENT_OPENING,    /* it was asked which client it is */
    CLIENT_IDLE,       /* it has no command under way */
    CLIENT_RUNNING,    /* the server has its command */
    CLIENT_REPLIED,    /* and has executed it; what it says is held */
    CLIENT_DELIVERING, /* the rest of a long reply passes */
    CLIENT_BLOCKED,    /* the server will answer when another one acts */
    CLIENT_WOKEN,      /* and has; what it says is held */
};

enum client_news {
    CLIENT_NEWS_READY,   /* perhaps a command can go, or went away */
    CLIENT_NEWS_REPLIED, /* it is REPLIED now */
    CLIENT_NEWS_WOKEN,   /* it is WOKEN now */
    CLIENT_NEWS_LEFT,    /* its connection to the server was closed from this side */
    CLIENT_NEWS_FREE,    /* nothing of it is open; whoever is told frees it */
    CLIENT_NEWS_BROKEN,  /* what the server says makes no sense */
};

struct client {
    void (*tell)(struct client *client, enum client_news news);
    void (*arrived)(struct client *client, struct waiting *command);
    void *recorder;
    uint64_t number; /* of the connection, from 1 on */
    int64_t id;      /* at the server */
    enum client_state state;
    struct link down, up; /* to the program; to the server */
    int open;             /* how many of them */
    struct command_stream commands;
    struct reply_stream replies;
    struct expect expect;
    struct waiting *first, *last; /* commands; owned */
    size_t waiting_bytes;
    struct waiting *current; /* owned */
    struct buffer held;      /* what the server has said, since the command went */
    size_t frame_at;         /* where in it the reply under way begins */
    struct buffer reply;     /* to the current command, as much as is kept */
    uint64_t reply_bytes;
    bool reply_whole, reply_heard;
    bool asked;             /* behind the command went a question, whose answer is due */
    struct buffer answer;   /* to it, as far as it has come */
    bool refuses;           /* such questions are not answered here */
    uint64_t blocked_since; /* in order of blocking */
    bool looked_at;         /* what its command did is being asked; it must stay */
    bool closing;           /* it has left the server, and perhaps the program */
    bool muted;             /* nothing passes any more */
};

/* A command as it came, with what was known then. */
struct waiting {
    struct waiting *next;
    char *bytes; /* owned, words between them; or behind, of an inline command */
    size_t length;
    struct str *words; /* owned */
    size_t count;
    uint64_t stamp;      /* in order of arrival */
    uint64_t arrived_ns; /* by the monotonic clock */
    uint64_t heard;      /* see struct tap_event */
    uint64_t index;      /* in the order in which they went to the server */
};

/* Connects it to the server, and takes over the program's descriptor. If that fails, it
 * took nothing over; if a link is open by then, CLIENT_NEWS_FREE follows. */
int client_open(struct client *client, uv_loop_t *loop, int fd,
                const struct address *server, struct err *err);

/* Lets the first command go: it becomes the one under way, and is sent, with a question
 * of ours behind it, or with none (an empty one). It must be IDLE and have one. The
 * question must have one reply (expect_takes_another()), which the program does not hear;
 * the command counts as executed when that has come, too. */
void client_begin(struct client *client);
void client_send(struct client *client, struct str command, struct str question);
/* The server says that the command blocks. */
void client_block(struct client *client);
/* What the command did has been seen: what was held goes to the program, which is `to`
 * (itself, but for a mutant). */
void client_deliver(struct client *client, struct client *to);
/* What follows from the state it is in. */
void client_settle(struct client *client);
/* Nothing passes any more, in no direction; it stays open. */
void client_mute(struct client *client);
/* What waits is lost. The program hears of it at once; it is free when the server has let
 * go of it, unless the server is abandoned. */
void client_close(struct client *client);
void client_abandon(struct client *client);
/* Both are closed: what is left. */
void client_release(struct client *client);
