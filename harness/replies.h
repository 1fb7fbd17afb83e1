/* replies.h - a round trip in memory that no worker gets: what Redis says is taken apart
 * where it arrived.
 *
 * hiredis keeps what it reads in the heap, twice, and after a fork each page of that
 * costs the lane a fault. Here bytes are received into an arena, and replies are what
 * hiredis would make of them (redisReply), with strings that lie between the bytes. They
 * live as long as the arena is not reset, and nobody frees them. Nothing may be under way
 * on the connection in hiredis' own buffers meanwhile. */
#pragma once

#include <hiredis/hiredis.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct replies {
    int fd;              /* borrowed; blocking, with a time limit */
    struct arena *arena; /* borrowed */
    char *bytes;
    size_t room, used, taken; /* of the bytes; `taken` were given out */
};

struct replies replies_of(int fd, struct arena *arena);

/* Adds a command, of at most 6 words, to a text; NULL among them is the key. The text's
 * memory is owned. */
void replies_put(struct str *commands, int argc, const char *const *words,
                 struct str key);

int replies_ask(struct replies *replies, struct str commands, struct err *err);

/* The next reply, which may be an error. `what` was asked. */
int replies_next(struct replies *replies, const char *what, const redisReply **ret,
                 struct err *err);
