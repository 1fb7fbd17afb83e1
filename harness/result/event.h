/* event.h - what a lane tells the fleet, over a pipe.
 *
 * A message is a header and its body, native structs: both ends are the same program. The
 * lane writes blocking and in pieces that the fleet collects; trials are sent in batches.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "redis/command.h"
#include "state/state.h"

/* What a lane does, one after the other; all lanes begin a stage together. */
enum stage {
    STAGE_LEARN,  /* the controls; what updates cost */
    STAGE_CENSUS, /* every command boundary */
    STAGE_BYTES,  /* every byte */
    STAGE_AIM,    /* how long the updates take that will be killed */
    STAGE_KILLS,
    STAGE_COUNT,
};

const char *stage_name(enum stage stage); /* one word */

/* Where the time of a kill trial goes. */
enum phase {
    PHASE_PREPARE, /* the old state is put back */
    PHASE_CONNECT, /* the worker's connection */
    PHASE_FORK,    /* until the worker may begin */
    PHASE_RUN,     /* until its end: the kill was due, or the update was over */
    PHASE_REAP,    /* until the lane knows */
    PHASE_AUDIT,   /* drain, and the whole state */
    PHASE_JUDGE,
    PHASE_TELL, /* bookkeeping */
    PHASE_COUNT,
};

const char *phase_name(enum phase phase); /* one word */

enum message_type {
    MESSAGE_HELLO,   /* struct message_hello: connected */
    MESSAGE_CONTROL, /* struct message_control: what one strategy does when nobody kills
                        it */
    MESSAGE_COMMAND, /* struct message_command: one command of an uninterrupted update */
    MESSAGE_SAMPLES, /* struct message_samples */
    MESSAGE_POINT,   /* struct message_point: one crash point of the census */
    MESSAGE_READY,   /* nothing: the lane's share of a stage is done; it waits for "go" */
    MESSAGE_TRIALS,  /* struct message_trial, as many as the length says */
    MESSAGE_NOTE,    /* struct message_note: why a trial ended in an error */
    MESSAGE_ALIVE,   /* nothing: still working */
    MESSAGE_DONE,    /* nothing: the lane has nothing left to do */
    MESSAGE_ERROR,   /* struct err: the lane gives up */
    MESSAGE_TEXT,    /* a piece of a replay's narrative, not terminated */
    MESSAGE_TIMES,   /* struct message_times: of all kills of the lane */
};

struct message_header {
    uint32_t type;
    uint32_t bytes; /* of the body */
};

struct message_hello {
    char version[64];
    uint64_t read_bytes; /* see server.h */
};

struct message_control {
    uint32_t strategy; /* index among those that take part */
    uint32_t uncrashed;
    uint64_t commands, bytes, trips;
    struct signature done;
    char example[200];
};

struct message_command {
    uint32_t strategy;
    uint64_t index;
    struct command command;
    uint64_t end;       /* byte of the output at which it ends */
    uint64_t write;     /* which write it left in */
    uint64_t replies;   /* read when it was written */
    bool key_was_there; /* its key existed before the update */
};

enum samples_kind {
    SAMPLES_UPDATE,   /* durations of warm updates, ns */
    SAMPLES_TIMELINE, /* one update: when each command was written, and the end, ns */
};

struct message_samples {
    uint32_t strategy;
    uint32_t kind;
    uint64_t count;
    uint64_t values[]; /* count of them */
};

struct message_point {
    uint32_t strategy;
    uint32_t now;
    uint32_t later;
    uint64_t index; /* commands executed */
    struct signature signature;
    char example[200];
};

struct message_trial {
    uint64_t number; /* of a kill: the trial's; of a byte cut: how many bytes arrived */
    uint32_t strategy;
    uint8_t fault;
    uint8_t outcome;
    uint8_t now;
    uint16_t later;
    uint64_t replies, commands; /* executed was a prefix of a length between these */
    struct signature signature;
};

struct message_note {
    uint64_t number; /* of the trial */
    char text[512];
};

/* Sums over trials; calibrations in between are in none. */
struct message_times {
    uint64_t trials;
    uint64_t phase_ns[PHASE_COUNT];
};

/* Writes one message. */
int message_send(int fd, enum message_type type, const void *body, size_t bytes,
                 struct err *err);

/* Collects bytes as they come and gives out whole messages. */
struct message_reader {
    char *bytes;
    size_t used, room;
};

void message_feed(struct message_reader *reader, const char *bytes, size_t count);
/* Calls take(context, type, body, bytes) for every whole message; stops when it returns <
 * 0. */
int message_each(struct message_reader *reader,
                 int (*take)(void *context, enum message_type type, const void *body,
                             size_t bytes),
                 void *context);
void message_reader_release(struct message_reader *reader);
