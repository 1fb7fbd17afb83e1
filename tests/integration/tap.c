/* tap.c - programs behind a tap, before a real server: what was executed in which order
 * is known, with the state behind each command, and can be cut.
 *
 * What the programs hear, tap_heard.c. */
#include "tapped.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "state/snapshot.h"
#include "tap/peer.h"

/* Both ask before either hears. */
static void talk_on_two(const struct tapped_program *to)
{
    redisContext *a = program_dial(&to->socket), *b = program_dial(&to->tcp);
    void *reply;
    int done = 0;

    MUST(redisAppendCommand(a, "ECHO a") == REDIS_OK);
    while (!done)
        MUST(redisBufferWrite(a, &done) == REDIS_OK);
    MUST(redisAppendCommand(b, "ECHO b") == REDIS_OK);
    MUST(redisGetReply(b, &reply) == REDIS_OK);
    MUST(strcmp(((redisReply *)reply)->str, "b") == 0);
    freeReplyObject(reply);
    MUST(redisGetReply(a, &reply) == REDIS_OK);
    MUST(strcmp(((redisReply *)reply)->str, "a") == 0);
    freeReplyObject(reply);
    redisFree(a);
    redisFree(b);
}

Test(tap, replies_go_to_who_asked)
{
    struct tapped tapped = tapped_start();

    for (int i = 0; i < 20; i++) {
        tapped_run(&tapped, talk_on_two);
        EXPECT_WENT_WELL(&tapped);
        cr_expect_eq(tapped.events, 2);
    }
    tapped_remove(&tapped);
}

static void take_turns(const struct tapped_program *to)
{
    redisContext *a = program_dial(&to->socket), *b;

    program_say(a, "SET k 1", "OK");
    b = program_dial(&to->tcp);
    program_say(b, "INCR k", "2");
    program_say(a, "GET k", "2");
    program_say(b, "set k 2", "OK");
    program_say(a, "LPUSH k x",
                "WRONGTYPE Operation against a key holding the wrong kind of value");
    program_say(b, "DEL k", "1");
    program_say(a, "DEL k", "0");
    redisFree(a);
    redisFree(b);
}

/* Looks at the database whenever something was executed. */
struct looks {
    struct observer observer;
    struct snapshot now, before;
    int differ;
};

static int look(struct tapped *tapped, const struct tap_event *event, struct err *err)
{
    struct looks *looks = tapped->context;

    /* Each command was sent when all replies before it had been heard. */
    cr_expect_eq(event->heard, event->order);
    cr_expect_eq(event->arrival, event->order);
    snapshot_release(&looks->before);
    looks->before = looks->now;
    looks->now = SNAPSHOT_NULL;
    if (snapshot_take(&looks->observer, 0, &looks->now, err) < 0)
        return err->code;
    if (event->order)
        looks->differ += memcmp(&looks->before.signature, &looks->now.signature,
                                sizeof(looks->now.signature)) != 0;
    return 0;
}

Test(tap, events_in_the_order_of_execution)
{
    struct tapped tapped = tapped_start();
    struct looks looks = { .now = SNAPSHOT_NULL, .before = SNAPSHOT_NULL };
    redisContext *connection = NULL;
    struct err err = ERR_NULL;

    cr_assert_eq(connection_open(&tapped.server.address, &connection, &err), 0);
    cr_assert_eq(observer_init(&looks.observer, connection, NULL, NULL, NULL, NULL, &err),
                 0, "%s", err.msg);
    tapped.executed = look;
    tapped.context = &looks;
    tapped_run(&tapped, take_turns);
    EXPECT_WENT_WELL(&tapped);
    cr_expect_str_eq(tapped.trace,
                     "1 EXECUTED* SET k 1 = +OK\n"
                     "2 EXECUTED* INCR k = :2\n"
                     "1 EXECUTED GET k = $1\\x0d\\x0a2\n"
                     "2 EXECUTED* set k 2 = +OK\n"
                     "1 EXECUTED LPUSH k x = -WRONGTYPE Operation against a key holding "
                     "the wrong kind of...\n"
                     "2 EXECUTED* DEL k = :1\n"
                     "1 EXECUTED DEL k = :0\n");
    /* The second SET writes what was there. */
    cr_expect_eq(looks.differ, 2);
    snapshot_release(&looks.now);
    snapshot_release(&looks.before);
    observer_release(&looks.observer);
    tapped_remove(&tapped);
}

#define PIPELINE 1000
static void send_pipeline(const struct tapped_program *to)
{
    redisContext *a = program_dial(&to->socket);

    for (int i = 0; i < PIPELINE; i++)
        MUST(redisAppendCommand(a, "INCR k") == REDIS_OK);
    for (long long i = 1; i <= PIPELINE; i++) {
        redisReply *reply;

        MUST(redisGetReply(a, (void **)&reply) == REDIS_OK);
        MUST(reply->integer == i);
        freeReplyObject(reply);
    }
    redisFree(a);
}

/* The state at each event is what it was then. */
static int count_up(struct tapped *tapped, const struct tap_event *event, struct err *err)
{
    redisReply *reply = redisCommand(tapped->context, "GET k");

    (void)err;
    cr_assert(event->changed && event->reply_whole);
    cr_assert_eq(strtoull(reply->str, NULL, 10), event->order + 1);
    cr_assert_eq(event->command, event->order);
    cr_assert_eq(event->arrival, event->order);
    freeReplyObject(reply);
    return 0;
}

Test(tap, pipelines_one_by_one)
{
    struct tapped tapped = tapped_start();
    redisContext *connection = NULL;
    struct err err = ERR_NULL;

    cr_assert_eq(connection_open(&tapped.server.address, &connection, &err), 0);
    tapped.executed = count_up;
    tapped.context = connection;
    tapped_run(&tapped, send_pipeline);
    EXPECT_WENT_WELL(&tapped);
    cr_expect_eq(tapped.events, PIPELINE);
    connection_close(connection);
    tapped_remove(&tapped);
}

static void block_and_wake(const struct tapped_program *to)
{
    int a = program_connect(&to->socket), b;
    redisContext *c;

    program_write(a, STR("BLPOP q 0\r\nPING\r\n"));
    program_await_blocked(to, 1);
    b = program_connect(&to->tcp);
    program_write(b, STR("BLPOP q p 0\r\n"));
    program_await_blocked(to, 2);
    c = program_dial(&to->tcp);
    program_say(c, "SET k 1", "OK");
    program_say(c, "RPUSH q x y", "2");
    program_say(c, "GET k", "1");
    program_expect(b, "*2\r\n$1\r\nq\r\n$1\r\ny\r\n");
    program_expect(a, "*2\r\n$1\r\nq\r\n$1\r\nx\r\n+PONG\r\n");
    program_write(a, STR("BLPOP q 0.01\r\n"));
    program_expect(a, "*-1\r\n");
    redisFree(c);
}

Test(tap, who_is_blocked_and_who_wakes_him)
{
    static const char begin[] = "1 BLOCKED BLPOP q 0 =\n"
                                "2 BLOCKED BLPOP q p 0 =\n"
                                "3 EXECUTED* SET k 1 = +OK\n"
                                "3 EXECUTED* RPUSH q x y = :2\n"
                                "1 WOKEN BLPOP q 0 = *2\\x0d\\x0a$1\\x0d\\x0aq";
    struct tapped tapped = tapped_start();

    for (int i = 0; i < 5; i++) {
        tapped_run(&tapped, block_and_wake);
        EXPECT_WENT_WELL(&tapped);
        cr_expect(strncmp(tapped.trace, begin, strlen(begin)) == 0, "%s", tapped.trace);
        cr_expect_not_null(strstr(tapped.trace, "\n2 WOKEN BLPOP q p 0 = "));
        cr_expect_not_null(strstr(tapped.trace, "\n1 EXECUTED PING = +PONG\n"));
    }
    tapped_remove(&tapped);
}

static void ask_who_it_is(const struct tapped_program *to)
{
    redisContext *a = program_dial(&to->socket), *b = program_dial(&to->tcp);

    for (int i = 0; i < 4; i++)
        freeReplyObject(redisCommand(i % 2 ? a : b, "CLIENT ID"));
    redisFree(a);
    redisFree(b);
}

static int compare_ids(struct tapped *tapped, const struct tap_event *event,
                       struct err *err)
{
    char id[32];

    (void)tapped, (void)err;
    snprintf(id, sizeof(id), ":%d\r\n", (int)event->client_id);
    cr_expect(str_compare(event->reply, str_of(id)) == 0, "not %s", id);
    return 0;
}

Test(tap, connections_are_known_by_the_servers_ids)
{
    struct tapped tapped = tapped_start();

    tapped.executed = compare_ids;
    tapped_run(&tapped, ask_who_it_is);
    EXPECT_WENT_WELL(&tapped);
    cr_expect_eq(tapped.events, 4);
    tapped_remove(&tapped);
}

/* As another user, who may connect to any port. */
static void come_as_a_stranger(const struct tapped_program *to)
{
    char byte;
    int fd;

    MUST(setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0);
    fd = program_connect(&to->tcp);
    MUST(send(fd, "FLUSHALL\r\n", 10, MSG_NOSIGNAL) >= -1);
    MUST(read(fd, &byte, 1) <= 0);
}

static bool everybody(void *context, uid_t uid)
{
    (void)context;
    return uid == 65534;
}

static void come_as_one_of_us(const struct tapped_program *to)
{
    redisContext *connection;

    MUST(setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0);
    connection = program_dial(&to->tcp);
    program_say(connection, "SET k 1", "OK");
    redisFree(connection);
}

/* What they say does not reach the server; a program that has changed its user does. */
Test(tap, strangers_are_not_let_in)
{
    struct tapped tapped;

    if (geteuid() != 0)
        cr_skip_test("nobody but root can become another user");
    tapped = tapped_start();
    tapped_run(&tapped, come_as_a_stranger);
    EXPECT_WENT_WELL(&tapped);
    cr_expect_eq(tapped.events, 0, "%s", tapped.trace);
    tapped.knows = everybody;
    tapped_run(&tapped, come_as_one_of_us);
    EXPECT_WENT_WELL(&tapped);
    cr_expect_eq(tapped.events, 1, "%s", tapped.trace);
    tapped_remove(&tapped);
}

static bool lives(void *context)
{
    (void)context;
    return false;
}

static void write_and_go(const struct tapped_program *to)
{
    int fd = program_connect(&to->tcp);

    program_write(fd, STR("SET k 1\r\n"));
    close(fd);
}

static void write_and_go_as_a_stranger(const struct tapped_program *to)
{
    MUST(setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0);
    write_and_go(to);
}

static bool closed_sockets_keep_users(void)
{
    unsigned major = 0, minor = 0;
    struct utsname name;

    return uname(&name) == 0 && sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
           major * 1000 + minor >= 6017;
}

/* Nobody waits for a reply; whose it was is known all the same. */
Test(tap, who_writes_and_is_gone_is_known)
{
    struct tapped tapped;

    if (!closed_sockets_keep_users())
        cr_skip_test("before Linux 6.17 nobody knows whose a closed socket was");
    tapped = tapped_start();
    tapped.dies = lives;
    for (int i = 0; i < 50; i++) {
        tapped_run(&tapped, write_and_go);
        EXPECT_WENT_WELL(&tapped);
        cr_expect_eq(tapped.events, 1, "%s", tapped.trace);
    }
    for (int i = 0; i < 10 && geteuid() == 0; i++) {
        tapped_run(&tapped, write_and_go_as_a_stranger);
        EXPECT_WENT_WELL(&tapped);
        cr_expect_eq(tapped.events, 0, "%s", tapped.trace);
    }
    tapped_remove(&tapped);
}

/* A connection whose client has written and is gone; the listener was told to hold ends,
 * or was not. */
static int what_is_left(bool held)
{
    struct address address = { .path = NULL };
    struct err err = ERR_NULL;
    int listener = address_listen(&address, &err), client, fd;

    cr_assert_geq(listener, 0, "%s", err.msg);
    if (held)
        peer_hold_ends(listener);
    client = address_connect(&address, CONNECTION_TIMEOUT_S, &err);
    cr_assert_geq(client, 0, "%s", err.msg);
    fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    cr_assert_geq(fd, 0);
    program_write(client, STR("FLUSHALL\r\n"));
    close(client);
    close(listener);
    address_release(&address);
    return fd;
}

/* Once the kernel has acknowledged its end, nobody knows any more whose a connection was.
 * If it was not the program's, which lives, it was somebody else's. */
Test(tap, who_has_gone_before_he_was_looked_at_is_nobody_we_know)
{
    struct peer_rules rules = { NULL, lives, NULL };
    struct err err = ERR_NULL;
    int fd = what_is_left(false), code;
    bool welcome;

    do
        code = peer_check(fd, &rules, &welcome, &err);
    while (code == 0);
    cr_expect_eq(code, PEER_NOBODY_KNOWS);
    cr_expect(says(err.msg, "written and gone at once"), "%s", err.msg);
    rules.dies = NULL;
    cr_expect_eq(peer_check(fd, &rules, &welcome, &err), 0);
    cr_expect(welcome);
    close(fd);
}

/* How often the other end has sent again what it waits to be acknowledged; -1: it waits
 * for nothing. */
static int sent_again(int fd)
{
    struct sockaddr_in peer;
    socklen_t length = sizeof(peer);
    FILE *table = fopen("/proc/net/tcp", "re");
    char line[256];
    int again = -1;

    cr_assert_not_null(table);
    cr_assert_eq(getpeername(fd, (struct sockaddr *)&peer, &length), 0);
    while (fgets(line, sizeof(line), table)) {
        unsigned port, state, count;

        if (sscanf(line, " %*u: %*x:%x %*x:%*x %x %*x:%*x %*x:%*x %x", &port, &state,
                   &count) == 3 &&
            port == ntohs(peer.sin_port) && state == TCP_FIN_WAIT1)
            again = (int)count;
    }
    fclose(table);
    return again;
}

/* However late he is looked at. */
Test(tap, nobody_is_gone_before_he_was_looked_at)
{
    struct peer_rules rules = { NULL, lives, NULL };
    struct err err = ERR_NULL;
    bool welcome = false;
    char bytes[32];
    int fd, again;

    if (!closed_sockets_keep_users())
        cr_skip_test("before Linux 6.17 nobody knows whose a closed socket was");
    fd = what_is_left(true);
    do
        again = sent_again(fd);
    while (again == 0);
    cr_expect_gt(again, 0, "its end was acknowledged");
    cr_expect_eq(peer_check(fd, &rules, &welcome, &err), 0, "%s", err.msg);
    cr_expect(welcome);
    cr_expect_eq(recv(fd, bytes, sizeof(bytes), 0), 10);
    while (recv(fd, bytes, sizeof(bytes), 0) < 0) /* is not kept from us for good */
        cr_assert_eq(errno, EAGAIN);
    close(fd);
}

static void die_early(const struct tapped_program *to)
{
    int a = program_connect(&to->socket), b;

    program_write(a, STR("BLPOP q 0\r\nSET never 1\r\n"));
    program_await_blocked(to, 1);
    b = program_connect(&to->tcp);
    program_write(b, STR("SET k 1\r\nRPUSH q x\r\nSET half"));
    raise(SIGKILL);
}

/* What a dead program had written is executed; but not behind what blocks. */
Test(tap, a_program_that_dies_before_its_replies)
{
    struct tapped tapped = tapped_start();

    for (int i = 0; i < 10; i++) {
        tapped_run(&tapped, die_early);
        cr_expect(WIFSIGNALED(tapped.status));
        cr_expect_not(tapped.failed, "%s", tapped.err.msg);
        cr_expect_not_null(strstr(tapped.trace, "2 EXECUTED* SET k 1 = +OK\n"));
        cr_expect_not_null(strstr(tapped.trace, "2 EXECUTED* RPUSH q x = :1\n"));
        cr_expect_null(strstr(tapped.trace, "SET half"));
    }
    tapped_remove(&tapped);
}

static void watch_it_go(const struct tapped_program *to)
{
    int a = program_connect(&to->socket), b = program_connect(&to->tcp);

    program_write(a, STR("SET k 1\r\nSET k 2\r\nSET k 3\r\n"));
    program_expect(a, "+OK\r\n+OK\r\n");
    program_expect_end(a);
    program_expect_end(b);
}

static int lose_server(struct tapped *tapped, const struct tap_event *event,
                       struct err *err)
{
    (void)err;
    if (event->order == 1)
        server_stop(&tapped->server);
    return 0;
}

Test(tap, a_server_that_is_gone_is_an_error)
{
    struct tapped tapped = tapped_start();
    struct recorder_options options = { .directory = tapped.directory };
    struct recorder *recorder;
    struct err err = ERR_NULL;
    uv_loop_t loop;

    tapped.executed = lose_server;
    tapped_run(&tapped, watch_it_go);
    cr_expect(tapped.failed);
    EXPECT_SAYS(tapped.err.msg, "connection");
    cr_expect_eq(tapped.status, 0);
    cr_expect_eq(tapped.events, 2, "%s", tapped.trace);

    uv_loop_init(&loop);
    options.server = &(struct address){ .path = tapped.directory };
    cr_expect_lt(recorder_start(&loop, &options, &recorder, &err), 0);
    EXPECT_SAYS(err.msg, "start a tap: connect to Redis at");
    uv_run(&loop, UV_RUN_DEFAULT);
    cr_expect_eq(uv_loop_close(&loop), 0);
    tapped_remove(&tapped);
}

static int refuse(struct tapped *tapped, const struct tap_event *event, struct err *err)
{
    (void)tapped, (void)event;
    return err_set(err, -EIO, "no such snapshot");
}

static void be_refused(const struct tapped_program *to)
{
    int a = program_connect(&to->socket);

    program_write(a, STR("SET k 1\r\n"));
    program_expect_end(a);
}

Test(tap, what_is_told_may_fail)
{
    struct tapped tapped = tapped_start();

    tapped.executed = refuse;
    tapped_run(&tapped, be_refused);
    cr_expect(tapped.failed);
    cr_expect_str_eq(tapped.err.msg, "no such snapshot");
    cr_expect_eq(tapped.status, 0);
    tapped_remove(&tapped);
}

static void confuse(const struct tapped_program *to)
{
    int a = program_connect(&to->socket);

    program_write(a, STR("MULTI\r\nCLIENT REPLY OFF\r\nEXEC\r\n"));
    program_expect(a, "+OK\r\n");
    program_expect_end(a);
}

Test(tap, what_cannot_be_followed_is_said)
{
    struct tapped tapped = tapped_start();

    tapped_run(&tapped, confuse);
    cr_expect(tapped.failed);
    EXPECT_SAYS(tapped.err.msg, "CLIENT REPLY");
    cr_expect_eq(tapped.status, 0);
    tapped_remove(&tapped);
}

/* Counts by two connections in turn; and notes, beside the tap, what it has heard. */
#define COUNTED 6
static void count_and_note(const struct tapped_program *to)
{
    redisContext *direct = program_dial(&to->server);
    redisContext *turns[] = { program_dial(&to->socket), program_dial(&to->tcp) };

    for (int i = 1; i <= COUNTED; i++) {
        char number[16];

        snprintf(number, sizeof(number), "%d", i);
        program_say(turns[i % 2], "INCR counted", number);
        program_say(direct, "INCR heard", number);
    }
    redisFree(turns[0]);
    redisFree(turns[1]);
    redisFree(direct);
}

static void count_at_once(const struct tapped_program *to)
{
    int a = program_connect(&to->socket);

    for (int i = 0; i < COUNTED; i++)
        program_write(a, STR("INCR counted\r\n"));
    for (int i = 1; i <= COUNTED; i++) {
        char reply[16];

        snprintf(reply, sizeof(reply), ":%d\r\n", i);
        program_expect(a, reply);
    }
}

/* What the server has, once the programs are dead. */
static void expect_value(const struct tapped *tapped, const char *command,
                         const char *value)
{
    redisContext *connection = NULL;
    redisReply *reply;
    struct err err = ERR_NULL;

    cr_assert_eq(connection_open(&tapped->server.address, &connection, &err), 0);
    reply = redisCommand(connection, command);
    cr_assert_not_null(reply);
    cr_expect_str_eq(reply->str ? reply->str : "nil", value, "%s after %d", command,
                     (int)tapped->cut_after);
    freeReplyObject(reply);
    connection_close(connection);
}

static const char *number_or_nil(int number, char text[16])
{
    snprintf(text, 16, "%d", number);
    return number > 0 ? text : "nil";
}

Test(tap, cuts_behind_exactly_so_many_commands)
{
    struct tapped tapped = tapped_start();
    char text[16];

    for (int k = 0; k <= COUNTED + 1; k++) {
        bool dies = k <= COUNTED;

        tapped.cut_after = (uint64_t)k;
        tapped_run(&tapped, count_at_once);
        cr_expect_eq(tapped.was_cut, dies, "after %d", k);
        cr_expect_eq(tapped.events, (uint64_t)(dies ? k : COUNTED));
        cr_expect_eq(WIFSIGNALED(tapped.status), dies);
        expect_value(&tapped, "GET counted", number_or_nil(dies ? k : COUNTED, text));

        /* The last reply is not heard. */
        tapped_run(&tapped, count_and_note);
        cr_expect_eq(tapped.was_cut, dies, "after %d", k);
        expect_value(&tapped, "GET counted", number_or_nil(dies ? k : COUNTED, text));
        expect_value(&tapped, "GET heard", number_or_nil(dies ? k - 1 : COUNTED, text));
        cr_expect_not(tapped.failed, "%s", tapped.err.msg);
    }
    tapped_remove(&tapped);
}

static void be_woken(const struct tapped_program *to)
{
    int b = program_connect(&to->tcp), a;

    program_write(b, STR("PING\r\n"));
    program_expect(b, "+PONG\r\n");
    a = program_connect(&to->socket);
    program_write(a, STR("BLMOVE q p LEFT LEFT 0\r\n"));
    program_await_blocked(to, 1);
    program_write(b, STR("RPUSH q x\r\n"));
    program_expect(a, "$1\r\nx\r\n");
}

Test(tap, cuts_who_is_blocked)
{
    struct tapped tapped = tapped_start();

    tapped.cut_after = 2;
    tapped_run(&tapped, be_woken);
    cr_expect(tapped.was_cut);
    cr_expect_str_eq(tapped.trace, "1 EXECUTED PING = +PONG\n"
                                   "2 BLOCKED BLMOVE q p LEFT LEFT 0 =\n");
    expect_value(&tapped, "LINDEX p 0", "nil");
    tapped.cut_after = 3;
    tapped_run(&tapped, be_woken);
    cr_expect(tapped.was_cut);
    cr_expect_str_eq(tapped.trace, "1 EXECUTED PING = +PONG\n"
                                   "2 BLOCKED BLMOVE q p LEFT LEFT 0 =\n"
                                   "1 EXECUTED* RPUSH q x = :1\n");
    expect_value(&tapped, "LINDEX p 0", "x");
    tapped_remove(&tapped);
}
