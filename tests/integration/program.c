/* program.c - programs behind a tap, from their start until all that they started is dead
 * (tap/program.h). The program is tests/programs/actor.c, which does what it is told.
 *
 * All processes of a program hold a FIFO open. When program_run() has returned nobody may
 * hold it, and that is looked at behind every run, as are this process's descriptors and
 * the connections that the server has. */
#include "testlib.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "base/process.h"
#include "base/str.h"
#include "redis/connection.h"
#include "tap/output.h"
#include "tap/program.h"

#define FAR_NS (600 * NSEC_PER_SEC) /* no test takes so long */

/* A server, and how the next program is run. */
struct stage {
    char *directory;
    struct server server;
    redisContext *direct; /* to the server */
    char *fifo;
    int held; /* its reading end */

    struct program program;
    struct program_run run;
    struct program_end end;
    struct err err;

    uint64_t event; /* at which a test's executed() acts */
    int acts;       /* what it returns then */
    int alive;      /* calls */
    bool went_on; /* a server that was stopped had gone on when program_run() returned */
};

static volatile sig_atomic_t goes_on;

static void stage_set(struct stage *stage)
{
    uv_loop_t loop;

    memset(stage, 0, sizeof(*stage));
    stage->directory = test_directory();
    stage->server = test_server(stage->directory);
    stage->fifo = mem_printf("%s/held", stage->directory);
    cr_assert_eq(mkfifo(stage->fifo, 0600), 0);
    stage->held = open(stage->fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
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
    /* The first loop opens what later ones share. */
    uv_loop_init(&loop);
    uv_loop_close(&loop);
}

static void stage_clear(struct stage *stage)
{
    program_end_release(&stage->end);
    connection_close(stage->direct);
    server_stop(&stage->server);
    close(stage->held);
    free(stage->fifo);
    test_directory_remove(stage->directory);
}

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

static size_t descriptors(void)
{
    return test_directory_entries("/proc/self/fd");
}

/* Nothing is left. */
static void expect_alone(const struct stage *stage)
{
    CLEANUP(mem_freep) char *socket = mem_printf("%s/tap.sock", stage->directory);
    CLEANUP(mem_freep) char *list = NULL;
    const char *end;
    char byte;

    cr_expect_eq(read(stage->held, &byte, 1), 0, "a process of the program is alive");
    cr_expect_leq(waitpid(-1, NULL, WNOHANG), 0, "a process was not waited for");
    cr_expect_neq(access(socket, F_OK), 0);
    if (!stage->server.pid)
        return;
    list = ask(stage, "CLIENT LIST");
    end = strchr(list, '\n');
    cr_expect(end && !end[1], "the server still has others:\n%s", list);
}

#define AS_ARGV(words) ((char *const *)(uintptr_t)(words))
#define ARGV(...) AS_ARGV(((const char *const[]){ __VA_ARGS__, NULL }))

static int run(struct stage *stage, const char *const *argv)
{
    size_t before = descriptors();
    int code;

    free(ask(stage, "FLUSHALL"));
    stage->program.argv = AS_ARGV(argv);
    stage->err = ERR_NULL;
    program_end_release(&stage->end);
    code = program_run(&stage->run, &stage->end, &stage->err);
    stage->went_on = goes_on;
    cr_expect_eq(descriptors(), before);
    expect_alone(stage);
    return code;
}

/* The actor does this. */
static int act(struct stage *stage, const char *const *verbs)
{
    const char *actor = getenv("ACTOR"), *argv[32] = { actor };
    CLEANUP(mem_freep) char *hold = mem_printf("hold=%s", stage->fifo);

    cr_assert_not_null(actor, "ACTOR is not set; run the tests with meson test");
    argv[1] = hold;
    for (size_t i = 0; verbs[i]; i++)
        argv[i + 2] = verbs[i];
    return run(stage, argv);
}
#define ACT(stage, ...)                                                                  \
    cr_assert_eq(act((stage), (const char *const[]){ __VA_ARGS__, NULL }), 0, "%s",      \
                 (stage)->err.msg)
#define ACT_FAILS(stage, ...)                                                            \
    cr_assert_lt(act((stage), (const char *const[]){ __VA_ARGS__, NULL }), 0)
#define RUN_FAILS(stage, ...)                                                            \
    cr_assert_lt(run((stage), (const char *const[]){ __VA_ARGS__, NULL }), 0)

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
    ACT(&stage, "unix", "say=INCR k", "raise=10");
    EXPECT_END(&stage, PROGRAM_SIGNALLED, SIGUSR1);
    EXPECT_REPLY(&stage, "GET k", "1");
    stage_clear(&stage);
}

/* What it had written is executed, though it did not wait for it, nor perhaps for its
 * connection to be accepted. */
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
            "send=INCR k");
        EXPECT_END(&stage, k <= 4 ? PROGRAM_CUT : PROGRAM_EXITED, 0);
        EXPECT_REPLY(&stage, "GET k", k ? wanted : "nil");
        cr_expect_eq(stage.end.commands, k < 4 ? k : 4);
    }
    stage_clear(&stage);
}

/* Where a process may trace its parent, which may be root alone. */
static bool can_trace(void)
{
    pid_t parent = getpid(), pid = fork();
    int status = 0;

    if (pid == 0)
        _exit(ptrace(PTRACE_SEIZE, parent, NULL, NULL) != 0);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    return status == 0;
}

/* A program may stop the process that is to kill it: when it has been answered, so that
 * it is known to have started, and goes on to do so; or perhaps before. */
Test(program, stops_what_watches_over_it)
{
    static const char *const ways[] = {
        "\"$ACTOR\" tcp 'say=INCR k'; kill -STOP $PPID",
        "\"$ACTOR\" tcp 'say=INCR k'; setsid sh -c 'while kill -STOP $0; do :; done' "
        "$PPID & kill -STOP $PPID",
        "kill -STOP $PPID",
        "\"$ACTOR\" tcp 'say=INCR k' trace=$PPID sleep",
    };
    size_t count = ARRAY_SIZE(ways) - !can_trace();
    struct stage stage;

    stage_set(&stage);
    stage.run.timeout_ns = 30 * NSEC_PER_SEC;
    for (size_t i = 0; i < count; i++) {
        CLEANUP(mem_freep) char *script =
            mem_printf("exec 3> held; %s; sleep 600", ways[i]);

        RUN_FAILS(&stage, "sh", "-c", script);
        EXPECT_SAYS(stage.err.msg, "somebody has stopped what watches over it (process ");
    }
    stage_clear(&stage);
}

/* It is asked to die for two reasons at once. */
Test(program, ends_where_it_is_cut)
{
    struct stage stage;

    stage_set(&stage);
    stage.run.cut_after = 2;
    for (int i = 0; i < 50; i++) {
        ACT(&stage, "tcp", "say=INCR k", "send=INCR k");
        EXPECT_END(&stage, PROGRAM_CUT, 0);
        EXPECT_REPLY(&stage, "GET k", "2");
    }
    stage_clear(&stage);
}

static int act_at_event(void *context, const struct tap_event *event, struct err *err)
{
    struct stage *stage = context;

    if (event->order != stage->event)
        return 0;
    return stage->acts < 0 ? err_set(err, stage->acts, "no such snapshot") : stage->acts;
}

Test(program, cut_by_who_is_told)
{
    struct stage stage;

    stage_set(&stage);
    stage.run.executed = act_at_event;
    stage.acts = 1;
    for (stage.event = 0; stage.event < 3; stage.event++) {
        char wanted[16];

        snprintf(wanted, sizeof(wanted), "%d", (int)stage.event + 1);
        ACT(&stage, "fork", "setsid", "ready", "sleep", "end", "unix", "again=INCR k");
        EXPECT_END(&stage, PROGRAM_CUT, 0);
        EXPECT_REPLY(&stage, "GET k", wanted);
        cr_expect_eq(stage.end.left_behind, 1);
    }
    stage_clear(&stage);
}

static int stop_server(void *context, const struct tap_event *event, struct err *err)
{
    struct stage *stage = context;

    (void)err;
    if (event->order == stage->event)
        server_stop(&stage->server);
    return 0;
}

Test(program, errors)
{
    struct stage stage;

    stage_set(&stage);
    stage.run.executed = act_at_event;
    stage.event = 2;
    stage.acts = -EIO;
    ACT_FAILS(&stage, "tcp", "again=INCR k");
    cr_expect_eq(stage.err.code, -EIO);
    EXPECT_SAYS(stage.err.msg, "actor': no such snapshot");
    EXPECT_REPLY(&stage, "GET k", "3");

    stage.run.executed = stop_server;
    ACT_FAILS(&stage, "unix", "again=INCR k");
    EXPECT_SAYS(stage.err.msg, "connection lost");

    stage.run.server = &(struct address){ .path = stage.fifo };
    stage.program.argv = ARGV(getenv("ACTOR"));
    cr_expect_lt(program_run(&stage.run, &stage.end, &stage.err), 0);
    EXPECT_SAYS(stage.err.msg, "start a tap: connect to Redis at");
    expect_alone(&stage);
    stage_clear(&stage);
}

Test(program, takes_too_long)
{
    struct stage stage;

    stage_set(&stage);
    stage.run.timeout_ns = 50 * NSEC_PER_MSEC;
    ACT(&stage, "sleep");
    EXPECT_END(&stage, PROGRAM_TIMEOUT, 0);
    ACT(&stage, "tcp", "ignore=15", "again=INCR k");
    EXPECT_END(&stage, PROGRAM_TIMEOUT, 0);
    /* It never had a command executed. */
    stage.run.settle_ns = NSEC_PER_MSEC;
    ACT(&stage, "tcp", "sleep");
    EXPECT_END(&stage, PROGRAM_TIMEOUT, 0);
    stage_clear(&stage);
}

/* The server goes on when the alarm rings, and not before. */
static pid_t stopped_server;

static void on_alarm(int number)
{
    (void)number;
    goes_on = 1;
    kill(stopped_server, SIGCONT);
}

static int halt_server(void *context, const struct tap_event *event, struct err *err)
{
    struct stage *stage = context;

    (void)event, (void)err;
    kill(stage->server.pid, SIGSTOP);
    alarm(1);
    return 1;
}

Test(program, is_over_when_the_server_has_let_go)
{
    struct stage stage;

    stage_set(&stage);
    stopped_server = stage.server.pid;
    signal(SIGALRM, on_alarm);
    stage.run.executed = halt_server;
    ACT(&stage, "tcp", "send=INCR k", "say=INCR k");
    EXPECT_END(&stage, PROGRAM_CUT, 0);
    cr_expect(stage.went_on, "nobody has waited for the server");
    EXPECT_REPLY(&stage, "GET k", "1");
    stage_clear(&stage);
}

/* The number behind these words in what the program has said. */
static long number_behind(const struct stage *stage, const char *words)
{
    const char *found = strstr(stage->end.output, words);

    cr_assert_not_null(found, "no \"%s\" in:\n%s", words, stage->end.output);
    return strtol(found + strlen(words), NULL, 10);
}

static void expect_dead(const struct stage *stage)
{
    pid_t pid = (pid_t)number_behind(stage, "pid ");

    cr_assert_gt(pid, 0);
    cr_expect(kill(pid, 0) < 0 && errno == ESRCH, "%d is alive", (int)pid);
    kill(pid, SIGKILL);
}

Test(program, leaves_nobody_behind)
{
    struct stage stage;

    stage_set(&stage);
    /* As daemons do it. */
    ACT(&stage, "fork", "setsid", "fork", "ignore=15", "about", "ready", "sleep", "end",
        "end");
    EXPECT_END(&stage, PROGRAM_EXITED, 0);
    cr_expect_eq(stage.end.left_behind, 1);
    expect_dead(&stage);

    ACT(&stage, "fork", "tcp", "say=INCR k", "about", "ready", "again=INCR k", "end");
    EXPECT_END(&stage, PROGRAM_EXITED, 0);
    cr_expect_eq(stage.end.left_behind, 1);
    expect_dead(&stage);

    /* Children that have ended were not left behind. */
    ACT(&stage, "fork", "fork", "end", "end", "fork", "raise=15", "end");
    EXPECT_END(&stage, PROGRAM_EXITED, 0);
    cr_expect_eq(stage.end.left_behind, 0);

    stage_clear(&stage);
}

/* Each of them has forked and ended again by the time that one has looked. */
Test(program, kills_who_forks_meanwhile)
{
    struct stage stage;

    stage_set(&stage);
    stage.run.cut_after = 2;
    ACT(&stage, "fork", "setsid", "storm", "ready", "sleep", "end", "tcp", "say=INCR k",
        "again=INCR k");
    EXPECT_END(&stage, PROGRAM_CUT, 0);
    EXPECT_REPLY(&stage, "GET k", "2");
    stage_clear(&stage);
}

static int die(void *context, const struct tap_event *event, struct err *err)
{
    const struct stage *stage = context;

    (void)err;
    if (event->order == stage->event)
        kill(0, SIGKILL); /* the whole process group */
    return 0;
}

Test(program, does_not_outlive_who_started_it)
{
    struct stage stage;
    CLEANUP(mem_freep) char *hold = NULL, *socket = NULL;
    struct pollfd held;

    stage_set(&stage);
    hold = mem_printf("hold=%s", stage.fifo);
    socket = mem_printf("%s/tap.sock", stage.directory);
    stage.program.argv =
        ARGV(getenv("ACTOR"), hold, "ignore=15", "fork", "setsid", "fork", "tcp",
             "say=INCR k", "ready", "again=INCR k", "end", "end", "unix", "again=INCR k");
    stage.run.executed = die;
    stage.event = 3;
    for (int i = 0; i < 5; i++) {
        struct err err = ERR_NULL;
        int status;
        pid_t pid = process_fork(true, &err);

        cr_assert_geq(pid, 0, "%s", err.msg);
        if (pid == 0) {
            program_run(&stage.run, &stage.end, &err);
            _exit(0);
        }
        cr_assert_eq(waitpid(pid, &status, 0), pid);
        cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        held = (struct pollfd){ .fd = stage.held };
        cr_expect_eq(poll(&held, 1, 60 * 1000), 1, "somebody is alive");
        cr_expect_eq(held.revents, POLLHUP);
        unlink(socket); /* nobody was left to do that */
    }
    stage_clear(&stage);
}

Test(program, settles)
{
    struct stage stage;

    stage_set(&stage);
    stage.run.settle_ns = 50 * NSEC_PER_MSEC;
    ACT(&stage, "unix", "goodbye=INCR k", "say=INCR k", "sleep");
    EXPECT_END(&stage, PROGRAM_SETTLED, 0);
    EXPECT_REPLY(&stage, "GET k", "2");
    /* Who only looks changes nothing. */
    ACT(&stage, "tcp", "say=INCR k", "again=GET k");
    EXPECT_END(&stage, PROGRAM_SETTLED, 0);
    /* Who is deaf to SIGTERM is killed. */
    ACT(&stage, "tcp", "ignore=15", "say=INCR k", "sleep");
    EXPECT_END(&stage, PROGRAM_SETTLED, 0);
    EXPECT_REPLY(&stage, "GET k", "1");
    stage.run.settle_ns = FAR_NS;
    ACT(&stage, "unix", "say=INCR k", "exit=4");
    EXPECT_END(&stage, PROGRAM_EXITED, 4);
    stage_clear(&stage);
}

static void push(void *context)
{
    struct stage *stage = context;

    stage->alive++;
    free(ask(stage, "RPUSH q x"));
}

Test(program, tells_that_it_is_alive)
{
    struct stage stage;

    stage_set(&stage);
    stage.run.alive = push;
    ACT(&stage, "tcp", "say=BLPOP q 0", "say=BLPOP q 0");
    EXPECT_END(&stage, PROGRAM_EXITED, 0);
    cr_expect_geq(stage.alive, 1);
    stage_clear(&stage);
}

Test(program, may_say_much)
{
    struct stage stage;
    const char *left_out;

    stage_set(&stage);
    ACT(&stage, "line=begin", "print=100000000", "line=end");
    EXPECT_END(&stage, PROGRAM_EXITED, 0);
    cr_expect_eq(stage.end.output_bytes, 100000010);
    cr_expect_eq(strncmp(stage.end.output, "begin\nxxx", 9), 0);
    left_out = strstr(stage.end.output, "[99934474 bytes are left out here]\n");
    cr_expect_not_null(left_out);
    cr_expect_lt(strlen(stage.end.output), OUTPUT_FIRST + OUTPUT_LAST + 64);
    cr_expect_str_eq(stage.end.output + strlen(stage.end.output) - 5, "\nend\n");
    stage_clear(&stage);
}

Test(program, is_started_clean)
{
    struct stage stage;
    sigset_t blocked, before;
    long pid;
    int code;

    stage_set(&stage);
    signal(SIGPIPE, SIG_IGN);
    sigfillset(&blocked);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    code = run(&stage, (const char *[]){ getenv("ACTOR"), "about", "read", NULL });
    sigprocmask(SIG_SETMASK, &before, NULL);
    cr_assert_eq(code, 0, "%s", stage.err.msg);
    pid = number_behind(&stage, "pid ");
    cr_expect_neq(pid, 0);
    cr_expect_eq(number_behind(&stage, " group "), pid);
    cr_expect_eq(number_behind(&stage, " session "), pid);
    cr_expect_eq(number_behind(&stage, "\ndescriptors "), 3);
    cr_expect_eq(number_behind(&stage, "SigBlk:"), 0);
    cr_expect_eq(number_behind(&stage, "SigIgn:"), 0);
    EXPECT_SAYS(stage.end.output, "read 0");
    EXPECT_SAYS(stage.end.output, strrchr(stage.directory, '/'));
    stage_clear(&stage);
}

Test(program, knows_where_its_redis_is)
{
    struct stage stage;
    CLEANUP(mem_freep) char *wanted = NULL;
    long port;

    stage_set(&stage);
    setenv("REDIS_URL", "redis://elsewhere", 1);
    setenv("AFTERKILL_OTHER", "for the harness", 1);
    setenv("KEPT", "{port}", 1);
    setenv("TWICE", "before", 1);
    stage.program.environment =
        ARGV("AFTERKILL_JOBS=25", "BROKER={url}?at={host}:{port},{socket},{port",
             "TWICE={x}", "EMPTY=");
    ACT(&stage, "getenv=REDIS_PORT", "getenv=REDIS_URL", "getenv=REDIS_HOST",
        "getenv=REDIS_SOCKET", "getenv=AFTERKILL_OTHER", "getenv=AFTERKILL_JOBS",
        "getenv=KEPT", "getenv=TWICE", "getenv=BROKER", "getenv=EMPTY");
    port = strtol(stage.end.output, NULL, 10);
    wanted =
        mem_printf("%ld\nredis://127.0.0.1:%ld/0\n127.0.0.1\n%s/tap.sock\nunset\n25\n"
                   "{port}\n{x}\nredis://127.0.0.1:%ld/0?at=127.0.0.1:%ld,"
                   "%s/tap.sock,{port\n\n",
                   port, port, stage.directory, port, port, stage.directory);
    cr_expect_str_eq(stage.end.output, wanted);
    stage_clear(&stage);
}

Test(program, finds_the_same_port_again)
{
    struct stage stage;
    struct address taken = { .path = NULL };
    struct err err = ERR_NULL;
    long port = 0;
    int fd;

    stage_set(&stage);
    for (int i = 0; i < 3; i++) {
        /* Who closes first keeps the port busy for a while: here it is the tap. */
        ACT(&stage, "getenv=REDIS_PORT", "tcp", "say=QUIT", "wait");
        EXPECT_END(&stage, PROGRAM_EXITED, 0);
        if (i)
            cr_expect_eq(strtol(stage.end.output, NULL, 10), port);
        port = strtol(stage.end.output, NULL, 10);
    }
    taken.port = (uint16_t)port;
    fd = address_listen(&taken, &err);
    cr_assert_geq(fd, 0, "%s", err.msg);
    ACT(&stage, "getenv=REDIS_PORT", "tcp", "say=PING");
    EXPECT_END(&stage, PROGRAM_EXITED, 0);
    cr_expect_neq(strtol(stage.end.output, NULL, 10), port);
    close(fd);
    stage_clear(&stage);
}

Test(program, cannot_be_started)
{
    struct stage stage;
    CLEANUP(mem_freep) char *path = NULL, *variable = NULL;

    stage_set(&stage);
    RUN_FAILS(&stage, "nodee", "work.js");
    cr_expect_str_eq(stage.err.msg, "start 'nodee': No such file or directory");
    cr_expect_eq(stage.err.code, ERR_USAGE);
    RUN_FAILS(&stage, "/");
    cr_expect_str_eq(stage.err.msg, "start '/': Permission denied");
    free(test_file(stage.directory, "plain", "#!/bin/sh\nexit 7\n"));
    RUN_FAILS(&stage, "./plain");
    cr_expect_str_eq(stage.err.msg, "start './plain': Permission denied");
    cr_expect_eq(stage.err.code, ERR_USAGE);

    /* It is the program's PATH that counts. */
    path = mem_printf("%s/plain", stage.directory);
    cr_assert_eq(chmod(path, 0700), 0);
    RUN_FAILS(&stage, "plain");
    variable = mem_printf("PATH=%s", stage.directory);
    stage.program.environment = ARGV(variable);
    cr_expect_eq(run(&stage, (const char *[]){ "plain", NULL }), 0, "%s", stage.err.msg);
    EXPECT_END(&stage, PROGRAM_EXITED, 7);
    RUN_FAILS(&stage, "sh");
    stage.program.directory = "/nowhere";
    RUN_FAILS(&stage, "sh");
    cr_expect_str_eq(stage.err.msg,
                     "start 'sh' in '/nowhere': No such file or directory");
    stage_clear(&stage);
}
