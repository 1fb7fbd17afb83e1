/* expect.h - which of the things that Redis says on a connection answer its commands.
 * Pure.
 *
 * Most commands have one reply. The others are why there is this file: subscriptions have
 * a confirmation for each channel, and bring messages that answer nothing; MONITOR brings
 * lines; a transaction queues; HELLO, RESET and CLIENT REPLY change what follows. What a
 * command changes is noted when its reply has come and is no error.
 *
 * One command is under way at a time. Redis is made to answer every one of them, because
 * nothing else tells when it was executed: CLIENT REPLY OFF and SKIP reach it as CLIENT
 * REPLY ON, and what the program must not hear is held back here (`heard`). As Redis 7
 * does it, confirmations of subscriptions are heard nevertheless.
 *
 * Known limits: CLIENT REPLY inside MULTI cannot be followed; and UNSUBSCRIBE without
 * names inside MULTI, behind SUBSCRIBE in the same MULTI, is taken to have the
 * confirmations that it would have had when it was queued. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "tap/stream.h"

enum subscription { SUBSCRIPTION_CHANNEL, SUBSCRIPTION_PATTERN, SUBSCRIPTION_SHARD };
#define SUBSCRIPTIONS 3

/* Hashes of names (command_key_hash()), each once. */
struct name_set {
    uint64_t *hashes; /* owned */
    size_t count, room;
};

/* What a command does to its connection, once it is executed. */
struct effect;
struct effects {
    struct effect *items; /* owned */
    size_t count, room;
};

struct expect_rule;
struct expect {
    int resp; /* the protocol's version */
    bool in_multi, in_monitor;
    bool off, skip; /* CLIENT REPLY: nothing is heard, or not this once */
    struct name_set subscribed[SUBSCRIPTIONS];

    /* The command under way. */
    const struct expect_rule *rule; /* NULL: an ordinary one */
    uint64_t owed;                  /* replies that it lacks; 0: there is none */
    bool queues;                    /* it is answered by QUEUED, or an error */
    bool may_block;
    bool closes;     /* Redis closes the connection behind the reply */
    bool unfollowed; /* nobody knows what it will be answered by */
    bool asks_on;    /* CLIENT REPLY ON is to be sent in its place */
    bool begun;      /* one of its replies has come */
    struct effects effects;

    /* Of the transaction. */
    uint64_t queued_more; /* replies that EXEC has besides its own */
    struct effects queued;
};

struct expect expect_new(void);
void expect_release(struct expect *expect);

/* A command is sent; its words are not needed any longer than this call. */
void expect_command(struct expect *expect, const struct str *words, size_t count);

enum expect_found {
    EXPECT_MESSAGE, /* it answers nothing */
    EXPECT_REPLY,   /* more of them are due */
    EXPECT_LAST,    /* the command is answered */
};
/* Redis has said this; *ret_heard: the program hears it. */
enum expect_found expect_frame(struct expect *expect, const struct reply_frame *frame,
                               bool *ret_heard);

/* Does what has begun, and whose head is whole, answer the command under way? */
bool expect_is_reply(const struct expect *expect, const struct reply_frame *frame);

/* Has it any subscription? */
bool expect_subscribed(const struct expect *expect);

/* Does the command under way change no data, whatever it is called? It waits in a
 * transaction, or begins or drops one, or ends the connection. */
bool expect_changes_nothing(const struct expect *expect);
/* Would Redis answer another command, sent right behind the one under way, by one reply
 * after all of its replies? */
bool expect_takes_another(const struct expect *expect);
