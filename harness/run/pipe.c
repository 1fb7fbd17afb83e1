/* pipe.c - see pipe.h. */
#include "run/pipe.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

static int write_all(int fd, const char *bytes, size_t count, struct err *err)
{
    for (size_t sent = 0; sent < count;) {
        ssize_t n = write(fd, bytes + sent, count - sent);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, "tell the fleet");
        sent += (size_t)n;
    }
    return 0;
}

void pipe_put(struct buffer *later, enum event_type type, const void *body, size_t bytes)
{
    struct pipe_header header = { (uint32_t)type, (uint32_t)bytes };

    buffer_add(later, (struct str){ (const char *)&header, sizeof(header) });
    buffer_add(later, (struct str){ body, bytes });
}

int pipe_flush(int fd, struct buffer *later, struct err *err)
{
    size_t count = later->length;

    later->length = 0;
    return write_all(fd, later->bytes, count, err);
}

int pipe_send(int fd, enum event_type type, const void *body, size_t bytes,
              struct err *err)
{
    struct pipe_header header = { (uint32_t)type, (uint32_t)bytes };
    size_t total = sizeof(header) + bytes;
    CLEANUP(mem_freep) char *whole = MEM_ARRAY(char, total);

    memcpy(whole, &header, sizeof(header));
    if (bytes)
        memcpy(whole + sizeof(header), body, bytes);
    return write_all(fd, whole, total, err);
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
