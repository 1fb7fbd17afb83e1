/* tapped.c - see tapped.h. */
#include "tapped.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"

struct tapped tapped_start(void)
{
    struct tapped tapped = { .directory = test_directory(),
                             .cut_after = RECORDER_NO_CUT };

    tapped.server = test_server(tapped.directory);
    return tapped;
}

void tapped_remove(struct tapped *tapped)
{
    free(tapped->trace);
    server_stop(&tapped->server);
    test_directory_remove(tapped->directory);
}

static void print_word(FILE *out, struct str word)
{
    fputc(' ', out);
    str_print(out, word, 60);
}

static void print_event(FILE *out, const struct tap_event *event)
{
    static const char *const kinds[] = { "EXECUTED", "BLOCKED", "WOKEN" };

    fprintf(out, "%d %s%s", (int)event->connection, kinds[event->kind],
            event->changed ? "*" : "");
    for (size_t i = 0; i < event->count; i++)
        print_word(out, event->words[i]);
    fputs(" =", out);
    if (event->reply.length) {
        struct str reply = event->reply;

        while (reply.length && strchr("\r\n", reply.bytes[reply.length - 1]))
            reply.length--;
        print_word(out, reply);
    }
    fputc('\n', out);
}

static int on_executed(void *context, const struct tap_event *event, struct err *err)
{
    struct tapped *tapped = context;

    tapped->quiet = false;
    cr_assert_eq(event->order, tapped->events++);
    cr_assert_leq(event->heard, event->order);
    print_event(tapped->out, event);
    return tapped->executed ? tapped->executed(tapped, event, err) : 0;
}

static void check_over(struct tapped *tapped)
{
    if (tapped->over && (tapped->quiet || tapped->was_cut || tapped->failed))
        recorder_stop(TAKE_PTR(tapped->recorder));
}

static void on_cut(void *context)
{
    struct tapped *tapped = context;
    struct err err = ERR_NULL;

    tapped->was_cut = true;
    cr_expect_lt(address_connect(recorder_socket(tapped->recorder), 1, &err), 0);
    cr_expect_lt(address_connect(recorder_tcp(tapped->recorder), 1, &err), 0);
    kill(tapped->pid, SIGKILL);
}

static void on_failed(void *context, const struct err *err)
{
    struct tapped *tapped = context;

    tapped->failed = true;
    tapped->err = *err;
    check_over(tapped);
}

static void on_quiet(void *context)
{
    struct tapped *tapped = context;

    tapped->quiet = true;
    check_over(tapped);
}

static void on_end(uv_poll_t *poll, int status, int events)
{
    struct tapped *tapped = poll->data;

    (void)status, (void)events;
    tapped->over = true;
    uv_close((uv_handle_t *)poll, NULL);
    if (!recorder_connections(tapped->recorder)) /* then nothing tells that it is quiet */
        recorder_finish(tapped->recorder);
    check_over(tapped);
}

static void empty_database(const struct tapped *tapped)
{
    redisContext *connection = NULL;
    redisReply *reply = NULL;
    struct err err = ERR_NULL;

    cr_assert_eq(connection_open(&tapped->server.address, &connection, &err), 0);
    cr_assert_eq(CONNECTION_COMMAND(connection, &reply, &err, "FLUSHALL"), 0);
    reply_free(reply);
    connection_close(connection);
}

static void start_program(struct tapped *tapped,
                          void (*program)(const struct tapped_program *to))
{
    struct tapped_program to = { *recorder_socket(tapped->recorder),
                                 *recorder_tcp(tapped->recorder),
                                 tapped->server.address };
    struct err err = ERR_NULL;
    int ends[2];

    cr_assert_eq(pipe(ends), 0);
    tapped->pid = process_fork(false, &err);
    if (tapped->pid == 0) {
        for (int fd = 3; fd < 256; fd++) /* nothing of the tap's is the program's */
            if (fd != ends[1])
                close(fd);
        program(&to);
        _exit(0);
    }
    cr_assert_gt(tapped->pid, 0, "%s", err.msg);
    close(ends[1]);
    tapped->pipe = ends[0];
}

void tapped_run(struct tapped *tapped, void (*program)(const struct tapped_program *to))
{
    struct recorder_options options = {
        .server = &tapped->server.address,
        .directory = tapped->directory,
        .cut_after = tapped->cut_after,
        .shift = tapped->shift,
        .peers = { tapped->knows, tapped->dies, tapped },
        .executed = on_executed,
        .cut = on_cut,
        .failed = on_failed,
        .quiet = on_quiet,
        .context = tapped,
    };
    struct err err = ERR_NULL;

    free(tapped->trace);
    tapped->out = mem_stream(&tapped->trace);
    tapped->events = 0;
    tapped->was_cut = tapped->failed = tapped->quiet = tapped->over = false;
    empty_database(tapped);
    cr_assert_eq(uv_loop_init(&tapped->loop), 0);
    cr_assert_eq(recorder_start(&tapped->loop, &options, &tapped->recorder, &err), 0,
                 "%s", err.msg);
    start_program(tapped, program);
    cr_assert_eq(uv_poll_init(&tapped->loop, &tapped->end, tapped->pipe), 0);
    tapped->end.data = tapped;
    uv_poll_start(&tapped->end, UV_READABLE | UV_DISCONNECT, on_end);
    cr_assert_eq(uv_run(&tapped->loop, UV_RUN_DEFAULT), 0);
    cr_assert_eq(uv_loop_close(&tapped->loop), 0);
    close(tapped->pipe);
    fclose(tapped->out);
    cr_assert_eq(waitpid(tapped->pid, &tapped->status, 0), tapped->pid);
}

int program_connect(const struct address *to)
{
    struct err err = ERR_NULL;
    int fd = address_connect(to, CONNECTION_TIMEOUT_S, &err);

    MUST(fd >= 0);
    return fd;
}

void program_write(int fd, struct str bytes)
{
    while (bytes.length) {
        ssize_t n = send(fd, bytes.bytes, bytes.length, MSG_NOSIGNAL);

        MUST(n > 0);
        bytes = (struct str){ bytes.bytes + n, bytes.length - (size_t)n };
    }
}

void program_expect(int fd, const char *bytes)
{
    size_t length = strlen(bytes), at = 0;
    char *got = mem_alloc(length + 1);

    while (at < length) {
        ssize_t n = recv(fd, got + at, length - at, 0);

        if (n <= 0 || memcmp(got + at, bytes + at, (size_t)n) != 0) {
            fprintf(stderr, "expected \"%s\", got \"%s\" (%zd)\n", bytes, got, n);
            _exit(1);
        }
        at += (size_t)n;
    }
    free(got);
}

void program_expect_end(int fd)
{
    char byte;

    MUST(recv(fd, &byte, 1, 0) == 0);
}

redisContext *program_dial(const struct address *to)
{
    redisContext *connection = NULL;
    struct err err = ERR_NULL;

    MUST(connection_open(to, &connection, &err) == 0);
    return connection;
}

/* A command's reply as text. */
void program_say(redisContext *connection, const char *command, const char *expected)
{
    redisReply *reply = redisCommand(connection, command);
    const char *said = "nil";
    char number[24];

    MUST(reply);
    snprintf(number, sizeof(number), "%lld", reply->integer);
    if (reply->type == REDIS_REPLY_INTEGER)
        said = number;
    else if (reply->str)
        said = reply->str;
    if (strcmp(said, expected) != 0)
        fprintf(stderr, "%s: %s, not %s\n", command, said, expected);
    MUST(strcmp(said, expected) == 0);
    freeReplyObject(reply);
}

/* Waits until the server has so many clients that are blocked; asks it directly. */
void program_await_blocked(const struct tapped_program *to, int count)
{
    redisContext *direct = program_dial(&to->server);
    char wanted[64];

    snprintf(wanted, sizeof(wanted), "blocked_clients:%d\r\n", count);
    for (bool there = false; !there;) {
        redisReply *reply = redisCommand(direct, "INFO clients");

        MUST(reply && reply->type == REDIS_REPLY_STRING);
        there = strstr(reply->str, wanted);
        freeReplyObject(reply);
    }
    redisFree(direct);
}
