/* resp.h - what Redis says, taken apart where it arrived.
 *
 * Bytes are received into an arena, and replies are what hiredis would make of them
 * (redisReply), with strings that lie between the bytes. They live as long as the arena
 * is not reset, and nobody frees them. hiredis keeps what it reads in the heap, and a
 * worker must keep off that (worker.h).
 * Nothing may be under way on the connection in hiredis' own buffers meanwhile. */
#pragma once

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct replies {
    int fd;              /* borrowed; blocking */
    struct arena *arena; /* borrowed */
    char *bytes;
    size_t room, used, scanned, taken; /* of the bytes; `taken` were given out */
    uint64_t missing;                  /* values that the reply lacks that is scanned */
    uint64_t whole;                    /* replies that have come and were not given out */
    uint64_t received;                 /* bytes ever */
    bool nonsense;                     /* what came is no reply */
};

struct replies replies_of(int fd, struct arena *arena);

/* Adds a command, of at most 6 words, to a text; NULL among them is the key. The text's
 * memory is owned. */
void replies_put(struct str *commands, int argc, const char *const *words,
                 struct str key);

int replies_ask(struct replies *replies, struct str commands, struct err *err);

/* Receives once, with the flags of recv(2), and counts which replies are whole. The
 * number of bytes, 0 at the end, or -errno. */
ssize_t replies_receive(struct replies *replies, int flags);

/* The next reply, if one is whole; -EIO if it makes no sense. */
int replies_take(struct replies *replies, const redisReply **ret);

/* Bytes of all the replies that were given out. */
uint64_t replies_taken(const struct replies *replies);

/* The arena is about to be reset, and nothing was received that was not given out. */
void replies_forget(struct replies *replies);

/* The next reply, which may be an error, on a connection with a time limit. `what` was
 * asked. */
int replies_next(struct replies *replies, const char *what, const redisReply **ret,
                 struct err *err);
