/* stream.h - where commands and replies begin and end in what passes between a program
 * and Redis. Pure.
 *
 * Bytes arrive in pieces that were cut anywhere; what is found does not depend on where.
 * Both directions are taken for what Redis takes them for, RESP2 and RESP3 alike.
 *
 * A command is held until it is whole, since it goes on as a whole; Redis' own limits
 * bound it. A reply is not held at all: its bytes can be passed on as they come, and what
 * is known of it is where it ends, of which kind it is, and how it begins. So a value of
 * 512 MB passes in as little memory as any other. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum stream_found {
    STREAM_MORE,     /* nothing whole: more bytes are needed */
    STREAM_FRAME,    /* one was found */
    STREAM_NONSENSE, /* these bytes are no protocol, for good */
};

/* From a client: arrays of bulk strings, and inline commands. */
struct command_frame {
    struct str bytes; /* as they came */
    const struct str
        *words; /* none: nothing that Redis would answer ("*0", a blank line) */
    size_t count;
};

#define STREAM_BULK_MOST (UINT64_C(512) << 20) /* proto-max-bulk-len's default */
#define STREAM_WORDS_MOST UINT64_C(2147483647) /* of one command */
#define STREAM_LINE_MOST ((size_t)65536)       /* PROTO_INLINE_MAX_SIZE */

struct span {
    size_t at, length;
};

struct command_stream {
    uint64_t bulk_most;     /* proto-max-bulk-len */
    struct buffer bytes;    /* `taken` of them were given out */
    size_t taken;           /* where the command under way begins */
    size_t at;              /* how far it is understood */
    size_t looked;          /* how far its line has been searched for an end */
    uint64_t missing;       /* words that it lacks; 0: it has no first line yet */
    bool in_bulk;           /* the next word's length is known: */
    uint64_t bulk;          /* this */
    struct span *spans;     /* owned; words of the command under way */
    struct str *words;      /* owned; of the latest frame */
    size_t count, room;     /* of both */
    struct buffer unquoted; /* words of an inline command */
    char nonsense[64];      /* what Redis would say: "Protocol error: .." */
};

struct command_stream command_stream_new(void);
void command_stream_release(struct command_stream *stream);
void command_stream_add(struct command_stream *stream, struct str bytes);

/* The next command. What it points to is there until the next call of any function. */
enum stream_found command_stream_next(struct command_stream *stream,
                                      struct command_frame *ret);

/* How many bytes were added and not given out. */
size_t command_stream_pending(const struct command_stream *stream);

/* From a server. */
#define REPLY_HEAD 32
struct reply_frame {
    char kind;     /* the byte that it begins with, behind attributes; 0: not known yet */
    bool is_error; /* - or ! */
    bool is_push;  /* > */
    bool is_null;  /* _, $-1, *-1 */
    uint64_t bytes;    /* its length, attributes included, as far as it has come */
    uint64_t elements; /* of an aggregate; pairs of a map count twice */
    /* How it begins: the text of a line or string, or of an aggregate's first element. */
    char head[REPLY_HEAD];
    size_t head_length;
    bool head_whole; /* there is no more of it, or no room */
};

struct reply_stream {
    uint64_t missing; /* values that the frame lacks; 0: none has begun */
    uint64_t bulk;    /* bytes that a string lacks, its end included */
    char type;        /* of the value under way; 0: it has not begun */
    char line[24];    /* a length */
    size_t line_length;
    bool return_seen; /* the last byte of the line was \r */
    bool in_bulk;
    bool inside; /* an aggregate */
    bool heads;  /* the value under way is what the frame's head shows */
    struct reply_frame frame;
};
#define REPLY_STREAM_NULL ((struct reply_stream){ .type = 0 })

/* Goes as far as the end of the next reply, or of the bytes; *ret_used says how far.
 * What is known of the reply is in stream->frame, whole if one was found, until the
 * next call. */
enum stream_found reply_stream_next(struct reply_stream *stream, struct str bytes,
                                    size_t *ret_used);

/* Does the head say this? */
bool reply_head_is(const struct reply_frame *frame, struct str text);
