/* program.c - programs behind a tap, from their start until all that they started is dead
 * (tap/program.h). The program is tests/programs/actor.c, which does what it is told. */
#include "testlib.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"
#include "redis/connection.h"
#include "tap/output.h"
#include "tap/program.h"

#define FAR_NS (600 * NSEC_PER_SEC) /* no test takes so long */

/* A server, and how the next program is run. */
struct stage {
    char *directory;
    struct server server;
    struct program program;
    struct program_run run;
    redisContext *direct; /* to the server */
    struct program_end end;
    struct err err;
};

static void stage_set(struct stage *stage)
{
    memset(stage, 0, sizeof(*stage));
    stage->directory = test_directory();
    stage->server = test_server(stage->directory);
    stage->program.directory = stage->directory;
    stage->run = (struct program_run){
        .program = &stage->program,
        .server = &stage->server.address,
        .directory = stage->directory,
        .timeout_ns = FAR_NS,
        .cut_after = RECORDER_NO_CUT,
        .context = stage,
    };
    cr_assert_eq(connection_open(&stage->server.address, &stage->direct, &stage->err), 0,
                 "%s", stage->err.msg);
}

static void stage_clear(struct stage *stage)
{
    program_end_release(&stage->end);
    connection_close(stage->direct);
    server_stop(&stage->server);
    test_directory_remove(stage->directory);
}

/* What a command of one word and a key replies. */
static char *ask(const struct stage *stage, const char *command)
{
    redisReply *reply = redisCommand(stage->direct, command);
    char *text;

    cr_assert_not_null(reply, "%s: %s", command, stage->direct->errstr);
    if (reply->type == REDIS_REPLY_INTEGER)
        text = mem_printf("%lld", reply->integer);
    else
        text = mem_strdup(reply->str ? reply->str : "nil");
    freeReplyObject(reply);
    return text;
}

#define EXPECT_REPLY(stage, command, expected)                                           \
    do {                                                                                 \
        CLEANUP(mem_freep) char *reply_ = ask((stage), (command));                       \
        cr_expect_str_eq(reply_, (expected), "%s: %s", (command), reply_);               \
    } while (0)

/* Nobody but this test talks to the server. */
static void expect_alone(const struct stage *stage)
{
    CLEANUP(mem_freep) char *list = ask(stage, "CLIENT LIST");
    const char *end = strchr(list, '\n');

    cr_expect(end && !end[1], "the server still has others:\n%s", list);
}

static int run(struct stage *stage, const char *const *argv)
{
    stage->program.argv = (char *const *)(uintptr_t)argv;
    stage->err = ERR_NULL;
    program_end_release(&stage->end);
    return program_run(&stage->run, &stage->end, &stage->err);
}

/* The actor does this; afterwards the database is as it left it. */
static int act(struct stage *stage, const char *const *argv)
{
    int code;

    cr_assert_not_null(argv[0], "ACTOR is not set; run the tests with meson test");
    free(ask(stage, "FLUSHALL"));
    code = run(stage, argv);
    if (stage->server.pid) {
        expect_alone(stage);
    }
    return code;
}
#define ACT(stage, ...)                                                                  \
    cr_assert_eq(                                                                        \
        act((stage), (const char *const[]){ getenv("ACTOR"), __VA_ARGS__, NULL }), 0,    \
        "%s", (stage)->err.msg)

#define EXPECT_END(stage, wanted_fate, wanted_code)                                      \
    do {                                                                                 \
        cr_expect_eq((stage)->end.fate, (wanted_fate), "%d: %s", (int)(stage)->end.fate, \
                     (stage)->end.output);                                               \
        cr_expect_eq((stage)->end.code, (wanted_code), "%d: %s", (stage)->end.code,      \
                     (stage)->end.output);                                               \
    } while (0)

Test(program, ends_in_its_own_way)
{
    struct stage stage;

    stage_set(&stage);
    ACT(&stage, "tcp", "say=INCR k", "unix", "say=INCR k", "line=done");
    EXPECT_END(&stage, PROGRAM_EXITED, 0);
    EXPECT_REPLY(&stage, "GET k", "2");
    cr_expect_str_eq(stage.end.output, "done\n");
    cr_expect_eq(stage.end.output_bytes, 5);
    cr_expect_eq(stage.end.connections, 2);
    cr_expect_eq(stage.end.commands, 2);
    cr_expect_eq(stage.end.left_behind, 0);

    ACT(&stage, "exit=3");
    EXPECT_END(&stage, PROGRAM_EXITED, 3);
    cr_expect_eq(stage.end.connections, 0);
    ACT(&stage, "unix", "say=INCR k", "raise=11");
    EXPECT_END(&stage, PROGRAM_SIGNALLED, SIGSEGV);
    EXPECT_REPLY(&stage, "GET k", "1");
    stage_clear(&stage);
}

/* What it had written is executed, though it did not wait for it; whatever the socket was
 * accepted by then. */
Test(program, ends_before_its_replies)
{
    struct stage stage;

    stage_set(&stage);
    for (int i = 0; i < 20; i++) {
        ACT(&stage, i % 2 ? "tcp" : "unix", "send=INCR k", "send=INCR k");
        EXPECT_END(&stage, PROGRAM_EXITED, 0);
        EXPECT_REPLY(&stage, "GET k", "2");
        cr_expect_eq(stage.end.commands, 2);
    }
    stage_clear(&stage);
}

Test(program, cut_behind_each_command)
{
    struct stage stage;

    stage_set(&stage);
    for (uint64_t k = 0; k <= 5; k++) {
        char wanted[16];

        snprintf(wanted, sizeof(wanted), "%d", (int)(k < 4 ? k : 4));
        stage.run.cut_after = k;
        ACT(&stage, "tcp", "send=INCR k", "say=INCR k", "unix", "say=INCR k",
            "say=INCR k");
        EXPECT_END(&stage, k <= 4 ? PROGRAM_CUT : PROGRAM_EXITED, 0);
        EXPECT_REPLY(&stage, "GET k", k ? wanted : "nil");
        cr_expect_eq(stage.end.commands, k < 4 ? k : 4);
    }
    stage_clear(&stage);
}

Test(program, takes_too_long)
{
    struct stage stage;

    stage_set(&stage);
    stage.run.timeout_ns = 50 * NSEC_PER_MSEC;
    ACT(&stage, "sleep");
    EXPECT_END(&stage, PROGRAM_TIMEOUT, 0);
    ACT(&stage, "tcp", "again=INCR k");
    EXPECT_END(&stage, PROGRAM_TIMEOUT, 0);
    stage_clear(&stage);
}

static const char *line_of(const char *text, const char *begin)
{
    const char *found = strstr(text, begin);

    cr_assert_not_null(found, "no \"%s\" in:\n%s", begin, text);
    return found + strlen(begin);
}

static void expect_dead(const struct stage *stage, const char *name)
{
    pid_t pid = (pid_t)strtol(line_of(stage->end.output, name), NULL, 10);

    cr_expect_gt(pid, 0);
    cr_expect(kill(pid, 0) < 0 && errno == ESRCH, "%s%d is alive", name, (int)pid);
    kill(pid, SIGKILL);
}

/* By two forks and setsid(), as daemons do. */
Test(program, nobody_is_left_behind)
{
    struct stage stage;

    stage_set(&stage);
    ACT(&stage, "fork", "setsid", "fork", "ignore=15", "about", "ready", "sleep", "end",
        "end");
    EXPECT_END(&stage, PROGRAM_EXITED, 0);
    cr_expect_eq(stage.end.left_behind, 1);
    expect_dead(&stage, "pid ");

    ACT(&stage, "fork", "tcp", "say=INCR k", "ready", "again=INCR k", "end");
    EXPECT_END(&stage, PROGRAM_EXITED, 0);
    cr_expect_eq(stage.end.left_behind, 1);
    stage_clear(&stage);
}
