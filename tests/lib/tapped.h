/* tapped.h - a program behind a tap: a function, run in a process of its own, whose Redis
 * is a recorder (tap/recorder.h) before a private server. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <uv.h>

#include "tap/recorder.h"
#include "testlib.h"

/* What a program is told. */
struct tapped_program {
    struct address socket, tcp; /* of the tap */
    struct address server;      /* directly */
};

struct tapped {
    char *directory;
    struct server server;

    /* How it is to go. */
    uint64_t cut_after;
    struct shift shift;                      /* of the program's clock */
    bool (*knows)(void *context, uid_t uid); /* see peer.h; may be NULL, as the next */
    bool (*dies)(void *context);
    /* Beside the trace; may be NULL. */
    int (*executed)(struct tapped *tapped, const struct tap_event *event,
                    struct err *err);
    void *context;

    /* How it went. */
    char *trace; /* a line an event: "1 EXECUTED* SET k v = +OK" */
    uint64_t events;
    bool was_cut, failed;
    struct err err;
    int status; /* of the program, as wait(2) has it */

    uv_loop_t loop;
    struct recorder *recorder;
    FILE *out;
    pid_t pid;
    int pipe; /* ends with the program */
    uv_poll_t end;
    bool quiet, over;
};

struct tapped tapped_start(void);
void tapped_remove(struct tapped *tapped);

/* Runs the program on an empty database, until it has ended and its commands are
 * executed. It is killed at a cut. */
void tapped_run(struct tapped *tapped, void (*program)(const struct tapped_program *to));

/* In the program: ends it if this is not so. */
#define MUST(condition)                                                                  \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);      \
            _exit(1);                                                                    \
        }                                                                                \
    } while (0)
/* In the test: the program has ended as it should. */
#define EXPECT_WENT_WELL(tapped)                                                         \
    do {                                                                                 \
        cr_expect_eq((tapped)->status, 0, "the program failed");                         \
        cr_expect_not((tapped)->failed, "%s", (tapped)->err.msg);                        \
    } while (0)

/* A socket of the program's own. Which of two connections the tap accepts first is known
 * only if the first of them was answered before the second was made. */
int program_connect(const struct address *to);
void program_write(int fd, struct str bytes);
void program_expect(int fd, const char *bytes); /* they come next */
void program_expect_end(int fd);

/* A connection of hiredis', and a command on it with its reply as text. */
redisContext *program_dial(const struct address *to);
void program_say(redisContext *connection, const char *command, const char *expected);

/* Waits until the server has so many clients that are blocked; asks it directly. */
void program_await_blocked(const struct tapped_program *to, int count);
