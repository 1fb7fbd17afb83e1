/* pipe.c - see pipe.h. */
#include "run/pipe.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

int pipe_send(int fd, enum event_type type, const void *body, size_t bytes,
              struct err *err)
{
    struct pipe_header header = { (uint32_t)type, (uint32_t)bytes };
    size_t total = sizeof(header) + bytes;
    CLEANUP(mem_freep) char *whole = MEM_ARRAY(char, total);

    memcpy(whole, &header, sizeof(header));
    if (bytes)
        memcpy(whole + sizeof(header), body, bytes);
    for (size_t sent = 0; sent < total;) {
        ssize_t n = write(fd, whole + sent, total - sent);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, "tell the fleet");
        sent += (size_t)n;
    }
    return 0;
}

void pipe_feed(struct pipe_reader *reader, const char *bytes, size_t count)
{
    if (reader->used + count > reader->room) {
        reader->room = 2 * (reader->used + count);
        reader->bytes = mem_grow(reader->bytes, reader->room, 1);
    }
    memcpy(reader->bytes + reader->used, bytes, count);
    reader->used += count;
}

int pipe_each(struct pipe_reader *reader,
              int (*take)(void *context, enum event_type type, const void *body,
                          size_t bytes),
              void *context)
{
    size_t at = 0;
    int code = 0;

    while (code >= 0 && reader->used - at >= sizeof(struct pipe_header)) {
        struct pipe_header header;
        CLEANUP(mem_freep) void *body = NULL;

        memcpy(&header, reader->bytes + at, sizeof(header));
        if (reader->used - at - sizeof(header) < header.bytes)
            break;
        body = mem_copy(reader->bytes + at + sizeof(header), header.bytes); /* aligned */
        at += sizeof(header) + header.bytes;
        code = take(context, (enum event_type)header.type, body, header.bytes);
    }
    if (at)
        memmove(reader->bytes, reader->bytes + at, reader->used - at);
    reader->used -= at;
    return code < 0 ? code : 0;
}

void pipe_reader_release(struct pipe_reader *reader)
{
    free(reader->bytes);
    *reader = (struct pipe_reader){ NULL, 0, 0 };
}
