/* transcript.h - what a worker sent and what it heard, line by line, and where it died.
 *
 * Of a worker that was recorded until its death; what it did not come to send is taken
 * from the recording of one that nobody interrupted. Commands are in the notation,
 * replies look as in redis-cli, cut to fit into a line, with every byte that is not
 * printable as \xHH. */
#pragma once

#include <stdio.h>

#include "redis/recording.h"
#include "trial/fault.h"

struct transcript {
    struct recording sent; /* owned: by the one that died; empty if there was no worker */
    const struct recording *whole; /* by one that nobody interrupted */
    uint64_t commands, replies;    /* written; read */
    const struct fault *fault;
    enum outcome outcome;
    uint64_t kill_ns; /* when SIGKILL was due, from the update's beginning */
    uint64_t end_ns;  /* when the update was over, from there; 0: it was not */
    uint64_t point;   /* at which the fault struck */
    char error[512];  /* what it raised; "" if nothing */
    bool of_program;  /* and not of a worker */
    /* Of a program: on which connection each command came; and, if that is known, by when
     * it was answered (told.h); else NULL; borrowed. */
    const uint64_t *connection_of, *answered;
};

/* The commands, one per line, and the death among them. */
int transcript_write(FILE *out, const struct transcript *transcript, struct err *err);

/* One command: its words, quoted where they have to be. Pure. */
void transcript_command(char *buffer, size_t size, int argc, const char *const *argv,
                        const size_t *lengths);
/* One reply: OK, (integer) 1, "text", (nil), (error) ..., 3 items. Pure. */
void transcript_reply(char *buffer, size_t size, const redisReply *reply);
/* The same of the bytes up to a reply's end, which follow those that the reader was given
 * before. If it cannot read them (hiredis 0.14: arrays in each other, more than 7), that
 * is said, and the replies behind are read by another one. */
void transcript_next_reply(redisReader **reader, struct str bytes, char *buffer,
                           size_t size);
