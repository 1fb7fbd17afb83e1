/* pipe.h - the way of events from a lane to the fleet.
 *
 * An event is a header and its body, native structs: both ends are the same program. The
 * lane writes blocking; the fleet collects what comes until an event is whole. */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "result/event.h"

struct pipe_header {
    uint32_t type;
    uint32_t bytes; /* of the body */
};

/* Writes one event. */
int pipe_send(int fd, enum event_type type, const void *body, size_t bytes,
              struct err *err);

/* The same later, and many at once. */
void pipe_put(struct buffer *later, enum event_type type, const void *body, size_t bytes);
int pipe_flush(int fd, struct buffer *later, struct err *err);

/* Collects bytes as they come and gives out whole events. */
struct pipe_reader {
    char *bytes;
    size_t used, room;
};

void pipe_feed(struct pipe_reader *reader, const char *bytes, size_t count);
/* Calls take(context, type, body, bytes) for every whole event, until it returns an
 * error. */
int pipe_each(struct pipe_reader *reader,
              int (*take)(void *context, enum event_type type, const void *body,
                          size_t bytes),
              void *context);
void pipe_reader_release(struct pipe_reader *reader);
