/* resp.h - Redis's protocol: commands put together, replies taken apart where they
 * arrived.
 *
 * Bytes are received into an arena, and replies are what hiredis would make of them
 * (redisReply), with strings that lie between the bytes. They live as long as the arena
 * is not reset, and nobody frees them. hiredis keeps what it reads in the heap, and a
 * worker must keep off that (worker.h). Meanwhile nothing may be under way on the
 * connection in hiredis' own buffers. */
#pragma once

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* How many bytes a command takes at most; writing it, which returns where it ends. */
size_t resp_most(int argc, const size_t *lengths);
char *resp_write(char *at, int argc, const char *const *argv, const size_t *lengths);

/* Adds a command to a buffer: first how many words it has, then each one. */
void resp_put_count(struct buffer *buffer, size_t words);
void resp_put_word(struct buffer *buffer, struct str word);
/* All of it; NULL among the words is the key. */
void resp_put(struct buffer *buffer, size_t count, const char *const *words,
              struct str key);

/* The text of a string or a status, "" of anything else. */
static inline struct str resp_text(const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS)
        return STR("");
    return (struct str){ reply->str, (size_t)reply->len };
}

/* What comes in on a connection. */
struct resp {
    int fd;              /* borrowed; blocking */
    struct arena *arena; /* borrowed */
    char *bytes;
    size_t room, used, scanned, taken; /* of the bytes; `taken` were given out */
    uint64_t missing;                  /* values that the reply lacks that is scanned */
    uint64_t whole;                    /* replies that have come and were not given out */
    uint64_t received;                 /* bytes ever */
    bool nonsense;                     /* what came is no reply */
};

struct resp resp_of(int fd, struct arena *arena);

int resp_send(struct resp *resp, struct str commands, struct err *err);

/* Receives once, with the flags of recv(2), and counts which replies are whole. The
 * number of bytes, 0 at the end, or -errno. */
ssize_t resp_receive(struct resp *resp, int flags);

/* The next reply, if one is whole; -EIO if it makes no sense. */
int resp_take(struct resp *resp, const redisReply **ret);

/* Bytes of all the replies that were given out. */
uint64_t resp_taken(const struct resp *resp);

/* The arena is about to be reset, and nothing was received that was not given out. */
void resp_forget(struct resp *resp);

/* The next reply, which may be an error, on a connection with a time limit. `what` was
 * asked. */
int resp_next(struct resp *resp, const char *what, const redisReply **ret,
              struct err *err);
