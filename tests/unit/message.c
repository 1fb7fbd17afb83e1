/* message: what a lane says arrives whole and in order, in whatever pieces the pipe gives
 * it. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "run/pipe.h"

/* Message i of a conversation: types take turns, bodies have many lengths, 0 among them,
 * and a pattern of their own. */
static const size_t lengths[] = { 0, 1, 7, 8, 9, 0, 0, 63, 64, 200, 1024, 3 };
#define MESSAGES (2 * ARRAY_SIZE(lengths))

static size_t length_of(size_t i)
{
    return lengths[i % ARRAY_SIZE(lengths)];
}

static enum event_type type_of(size_t i)
{
    return (enum event_type)(i % (EVENT_TEXT + 1));
}

static void fill(char *body, size_t i)
{
    for (size_t k = 0; k < length_of(i); k++)
        body[k] = (char)(31 * i + 7 * k);
}

/* Sends the conversation through a pipe, which holds it all, and returns what came
 * out. */
static char *conversation(size_t *ret_bytes)
{
    char body[1024], *bytes = mem_alloc(65536);
    int fds[2];
    ssize_t n;

    cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
    for (size_t i = 0; i < MESSAGES; i++) {
        struct err err = ERR_NULL;

        fill(body, i);
        cr_assert_eq(
            pipe_send(fds[1], type_of(i), length_of(i) ? body : NULL, length_of(i), &err),
            0, "%s", err.msg);
    }
    close(fds[1]);
    for (*ret_bytes = 0; (n = read(fds[0], bytes + *ret_bytes, 65536 - *ret_bytes)) > 0;)
        *ret_bytes += (size_t)n;
    cr_assert_eq(n, 0);
    close(fds[0]);
    return bytes;
}

/* Listens until message `stop_at` and refuses that one. */
struct listener {
    size_t heard, stop_at;
};

static int listen(void *context, enum event_type type, const void *body, size_t bytes)
{
    struct listener *listener = context;
    char expected[1024];

    fill(expected, listener->heard);
    cr_expect_eq(type, type_of(listener->heard), "message %zu", listener->heard);
    cr_assert_eq(bytes, length_of(listener->heard), "message %zu", listener->heard);
    if (bytes)
        cr_expect_eq(memcmp(body, expected, bytes), 0, "message %zu", listener->heard);
    cr_expect_eq((uintptr_t)body % sizeof(uint64_t), 0,
                 "a body of structs is not aligned");
    return listener->heard++ == listener->stop_at ? -EPROTO : 0;
}

Test(message, arrives_in_any_pieces)
{
    static const size_t pieces[] = { 1, 2, 3, 7, 8, 13, 100, 1000, 65536 };
    size_t length;
    CLEANUP(mem_freep) char *bytes = conversation(&length);

    for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
        struct pipe_reader reader = { NULL, 0, 0 };
        struct listener listener = { 0, SIZE_MAX };

        for (size_t at = 0; at < length; at += pieces[i]) {
            size_t piece = length - at < pieces[i] ? length - at : pieces[i];

            pipe_feed(&reader, bytes + at, piece);
            cr_assert_eq(pipe_each(&reader, listen, &listener), 0);
        }
        cr_expect_eq(listener.heard, MESSAGES, "pieces of %zu: %zu messages", pieces[i],
                     listener.heard);
        cr_expect_eq(reader.used, 0, "pieces of %zu: bytes are left", pieces[i]);
        pipe_reader_release(&reader);
        pipe_reader_release(&reader);
    }
}

Test(message, half_a_message_is_none)
{
    static const struct event_point point = { .index = 5, .example = "stays: it" };
    const struct pipe_header header = { EVENT_POINT, sizeof(point) };
    struct pipe_reader reader = { NULL, 0, 0 };
    struct listener listener = { 0, SIZE_MAX };

    cr_expect_eq(pipe_each(&reader, listen, &listener), 0, "nothing was fed");
    pipe_feed(&reader, (const char *)&header, sizeof(header));
    pipe_feed(&reader, (const char *)&point, sizeof(point) - 1);
    cr_expect_eq(pipe_each(&reader, listen, &listener), 0);
    cr_expect_eq(listener.heard, 0);
    pipe_reader_release(&reader);
}

/* The refused message counts as taken; the rest waits. */
Test(message, a_listener_can_stop)
{
    size_t length;
    CLEANUP(mem_freep) char *bytes = conversation(&length);

    for (size_t stop_at = 0; stop_at < MESSAGES; stop_at++) {
        struct pipe_reader reader = { NULL, 0, 0 };
        struct listener listener = { 0, stop_at };

        pipe_feed(&reader, bytes, length);
        cr_expect_eq(pipe_each(&reader, listen, &listener), -EPROTO);
        cr_expect_eq(listener.heard, stop_at + 1);
        cr_expect_eq(pipe_each(&reader, listen, &listener), 0);
        cr_expect_eq(listener.heard, MESSAGES);
        pipe_reader_release(&reader);
    }
}

Test(message, a_fleet_that_is_gone_is_an_error)
{
    struct err err = ERR_NULL;
    int fds[2];

    signal(SIGPIPE, SIG_IGN);
    cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
    close(fds[0]);
    cr_expect_eq(pipe_send(fds[1], EVENT_ALIVE, NULL, 0, &err), -EPIPE);
    cr_expect_not_null(strstr(err.msg, "fleet"), "%s", err.msg);
    close(fds[1]);
}
