/* recorder.h - the tap: programs talk to it as to their Redis, and it knows what was
 * executed in which order, and what changed anything.
 *
 * It listens on a unix socket and on a port of the loopback. For each connection it opens
 * one to the server. Over all of them **one command at a time** goes to the server: its
 * reply is waited for, and whether the data has changed is known; then the event is told
 * (so that a snapshot can be taken), and only then the program hears the reply. So the
 * order of events is that of execution, and the state behind each of them is exact.
 *
 * Whether the data has changed is what INFO says. Nothing is asked about a command that
 * cannot have changed any: one that the server itself says only reads (table.h), one that
 * waits in a transaction, MULTI, DISCARD, WATCH, RESET, QUIT. About an ordinary command
 * the question goes behind it in the same write, on the program's connection, so that
 * both are answered at once. About all others (what may block, is special about its
 * replies, is a module's or an administrator's, or unknown; what is sent by subscribers
 * and monitors, or by who may not ask) the tap asks on a connection of its own when the
 * reply has come; and about everything while somebody is blocked, since who is woken is
 * heard when that question is answered.
 *
 * Exceptions: a command that blocks gives way to others; that it does is one event, and
 * that it is answered another, behind the command that woke it. Redis executes both as
 * one: the state behind the first of them is that behind both. A reply that is longer
 * than CLIENT_HELD_MOST is executed when it begins, and passes while others go on.
 *
 * What the tap changes: MONITOR, CLIENT LIST and INFO show its own connection and its
 * questions, some of which come on the program's connections (`cmd=info`; and an entry of
 * ACL LOG, once, if they are refused there). CLIENT KILL TYPE normal kills its
 * connection, which is an error. CLIENT REPLY OFF and SKIP are kept here and not by the
 * server (expect.h). Whatever a program had written is executed although it has ended,
 * unless it blocks; when it has ended, nobody's command goes on until the server has
 * noticed. A program that has shut down its side of a socket is answered nevertheless.
 *
 * Any user of the machine can connect to the port, and programs know no password, so who
 * comes that way is looked at (peer.h): what another user sends is not even read.
 *
 * Cutting: exactly the first `cut_after` commands go to the server. When the last of them
 * is executed (for 0: when the first one comes), cut() is called, and nothing passes any
 * more in any direction, nor is anybody let in; the last reply is not heard. A program
 * that sends no more commands than that ends in its own way. executed() can have the cut
 * made behind the event that it was told, too.
 *
 * Nothing is kept: an event is there while it is told, so memory does not grow with a
 * trace. All happens on the loop, which is borrowed. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "base/err.h"
#include "base/str.h"
#include "redis/address.h"
#include "tap/peer.h"
#include "tap/shift.h"
#include "tap/table.h"

enum tap_event_kind {
    TAP_EXECUTED, /* and answered, or its connection was closed */
    TAP_BLOCKED,  /* it waits for others */
    TAP_WOKEN,    /* one that was blocked is answered */
};

struct tap_event {
    enum tap_event_kind kind;
    uint64_t order;      /* among events, from 0 on */
    uint64_t command;    /* among commands, from 0 on, as they went to the server */
    uint64_t connection; /* from 1 on, as they were accepted */
    int64_t client_id;   /* at the server */
    const struct str *words;
    size_t count;
    struct str reply;     /* the first CLIENT_REPLY_KEPT bytes of what has come of it */
    uint64_t reply_bytes; /* that have come */
    bool reply_whole;     /* there are no more */
    bool changed;         /* the data, or what the server counts as a change of it */
    uint64_t arrived_ns;  /* when its last byte was read; monotonic */
    uint64_t arrival;     /* in order of arrival, from 0 on */
    uint64_t heard;       /* so many events had been heard of when it arrived: those
                             happened before it */
};

#define RECORDER_NO_CUT UINT64_MAX
#define TAP_CUT 1     /* it is cut behind this command */
#define TAP_TOUCHED 2 /* who was told has changed something in the server itself */
struct recorder_options {
    const struct address *server; /* borrowed until it ends */
    /* Of the server's commands: it is learned by the first of the recorders that are
     * given it, one after the other, and not asked for again. Borrowed until the loop is
     * done; NULL: it has one of its own. */
    struct command_table *table;
    const char *directory; /* for its socket */
    uint16_t port;         /* to listen on, if it is free; 0: any */
    uint64_t cut_after;
    struct shift shift; /* of the programs' clock: what they say of instants is told to
                           the server by its own */
    /* Asked before the first command, if there is a shift: is that their clock, indeed?
     * NULL: it is. */
    bool (*shifts)(void *context);
    struct peer_rules peers; /* who may come over TCP */
    /* A command was executed: go on (0), or one of TAP_*. An error ends the recorder. */
    int (*executed)(void *context, const struct tap_event *event, struct err *err);
    void (*cut)(void *context); /* may be NULL, as those that follow */
    /* It cannot go on: the server is gone, or what was told failed. The programs'
     * connections are closed by then. */
    void (*failed)(void *context, const struct err *err);
    /* The last connection is gone, and all of its commands are executed. Others may
     * come, before recorder_finish(). */
    void (*quiet)(void *context);
    void *context;
};

struct recorder;
int recorder_start(uv_loop_t *loop, const struct recorder_options *options,
                   struct recorder **ret, struct err *err);
const struct address *recorder_socket(const struct recorder *recorder);
const struct address *recorder_tcp(const struct recorder *recorder);
uint64_t recorder_connections(const struct recorder *recorder); /* accepted so far */
/* The programs are dead: who has knocked is let in, and nobody after him; what they had
 * written is executed, and then quiet() is called, at once if there is nothing. */
void recorder_finish(struct recorder *recorder);
/* Closes everything. The loop must run until it has nothing left to do, as after a start
 * that failed. That is when the server has let go of all connections, so that nothing can
 * change any more. NULL is fine. */
void recorder_stop(struct recorder *recorder);
/* Stopped: the server is not waited for any longer. */
void recorder_abandon(struct recorder *recorder);
