/* server.c - see server.h. */
#include "redis/server.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mutant.h"
#include "base/printable.h"
#include "base/process.h"
#include "base/signals.h"

#define READY_TIMEOUT_S 30
#define READY_PATIENCE 10 /* times as long for one that others keep from running */
#define READY_CPU_S 5     /* with so much CPU it is not the others */
#define POLL_NS (NSEC_PER_MSEC / 2)
#define PORTS_MOST 8 /* that are tried before giving up */

/* A pipe from which the server reads what nobody else may: a process list shows its
 * arguments, and a file would be there for a while. Returns the end that is read. */
static int whisper(const struct server *server)
{
    char text[64];
    int length = snprintf(text, sizeof(text), "requirepass %s\n", server->tcp.password);
    int fds[2];

    if (!server->tcp.password[0])
        return open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (pipe2(fds, O_CLOEXEC) < 0)
        return -1;
    if (write(fds[1], text, (size_t)length) != length) { /* it fits into any pipe */
        close(fds[0]);
        fds[0] = -1;
    }
    close(fds[1]);
    return fds[0];
}

/* In the child: becomes the server, or writes errno to the pipe. */
__attribute__((noreturn)) static void become_server(const struct server *server,
                                                    int failure_fd)
{
    const struct server_options *options = &server->options;
    const char *const binaries[] = { "redis-server", "valkey-server" };
    char port[8];
    /* Protected mode would take most addresses of the loopback for strangers. */
    const char *argv[] = {
        NULL,
        "--port",
        port,
        "--bind",
        LOOPBACK,
        "--protected-mode",
        "no",
        "--unixsocket",
        server->address.path,
        "--unixsocketperm",
        "700",
        "--save",
        "",
        "--appendonly",
        "no",
        "--daemonize",
        "no",
        "--dir",
        options->directory,
        "--logfile",
        "",
        /* Not "-", which must be first or last: a script that is given as --redis-server
         * may put its own before and behind. */
        server->tcp.password[0] ? "--include" : NULL,
        "/dev/stdin",
        NULL,
    };
    int in_fd = whisper(server);
    int log_fd = open(server->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    sigset_t none;
    int code;

    snprintf(port, sizeof(port), "%u", server->tcp.port);
    process_pin(options->cpu);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signals_as_others();
    /* Sorts as everywhere; and Redis 8 refuses locales that the system does not have. */
    setenv("LC_ALL", "C", 1);
    if (in_fd >= 0 && log_fd >= 0 && dup2(in_fd, 0) == 0 && dup2(log_fd, 1) == 1 &&
        dup2(log_fd, 2) == 2) {
        for (size_t i = 0; i < ARRAY_SIZE(binaries); i++) {
            argv[0] = options->binary ? options->binary : binaries[i];
            execvp(argv[0], (char *const *)(uintptr_t)argv);
            if (options->binary || errno != ENOENT)
                break;
        }
    }
    code = errno;
    if (write(failure_fd, &code, sizeof(code)) < 0)
        _exit(126);
    _exit(127);
}

static int explain_exec(const struct server_options *options, int code, struct err *err)
{
    if (options->binary)
        return err_set(err, -code, "start '%s': %s (option --redis-server)",
                       options->binary, err_words(code));
    if (code == ENOENT)
        return err_set(
            err, -code,
            "there is no redis-server (or valkey-server) on the PATH; install it "
            "(apt-get install redis-server) or name one with --redis-server");
    return err_set(err, -code, "start redis-server: %s", err_words(code));
}

/* The exec's error; 0: none, for the pipe closes without a word when exec succeeds. */
static int read_failure(int fd)
{
    int code = 0;
    ssize_t n;

    do
        n = read(fd, &code, sizeof(code));
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof(code) ? code : 0;
}

/* Forks it and waits until exec has worked. */
static int launch(struct server *server, struct err *err)
{
    int pipe_fds[2];
    int code;

    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        return err_errno(err, "pipe");
    server->pid = process_fork(true, err);
    if (server->pid == 0)
        become_server(server, pipe_fds[1]);
    close(pipe_fds[1]);
    code = server->pid > 0 ? read_failure(pipe_fds[0]) : 0;
    close(pipe_fds[0]);
    if (server->pid < 0)
        return err->code;
    return code ? explain_exec(&server->options, code, err) : 0;
}

/* A server cannot be asked which port it has found for itself, so it is told one that is
 * free. */
static int launch_at_free_port(struct server *server, struct err *err)
{
    int code = 0;

    server->ports_tried++;
    if (server->options.listens_on_tcp)
        code = address_free_port(&server->tcp.port, err);
    return code == 0 ? launch(server, err) : code;
}

int server_start(const struct server_options *options, struct server *ret,
                 struct err *err)
{
    struct server server = { .options = *options };
    int code;

    server.options.directory = mem_strdup(options->directory);
    server.address.path = mem_printf("%s/redis.sock", options->directory);
    server.log_path = mem_printf("%s/redis.log", options->directory);
    code = address_check(&server.address, err);
    if (code == 0 && options->listens_on_tcp && !mutant("door-open"))
        code = secret_make(server.tcp.password, err);
    memcpy(server.address.password, server.tcp.password, sizeof(server.tcp.password));
    if (code == 0)
        code = launch_at_free_port(&server, err);
    if (code == 0)
        *ret = server;
    else
        server_stop(&server);
    return code;
}

const struct address *server_address(const struct server *server)
{
    return server->tcp.port ? &server->tcp : &server->address;
}

int server_explain(const struct server *server, int wait_status, struct err *err)
{
    char tail[600], how[64];

    if (WIFSIGNALED(wait_status))
        snprintf(how, sizeof(how), "was killed by signal %d (%s)", WTERMSIG(wait_status),
                 strsignal(WTERMSIG(wait_status)));
    else
        snprintf(how, sizeof(how), "ended with status %d", WEXITSTATUS(wait_status));
    file_tail(server->log_path, tail, sizeof(tail));
    return err_set(err, -ECONNRESET, "redis-server (pid %ld) %s; its last words:\n%s",
                   (long)server->pid, how, tail[0] ? tail : "(none)");
}

/* Whatever is started has yet to show that it is a Redis, so little is expected of it. */
static int ping(int fd, struct err *err)
{
    static const char words[] = "*1\r\n$4\r\nPING\r\n";
    char line[256];

    if (send(fd, words, strlen(words), MSG_NOSIGNAL) != (ssize_t)strlen(words) ||
        !address_read_line(fd, CONNECTION_TIMEOUT_S, line, sizeof(line)))
        return err_set(err, -EIO, "Redis did not answer PING");
    return line[0] == '+' ? 0 : err_set(err, -EPROTO, "Redis refused PING: %s", line + 1);
}

/* 0: not yet; 1: it does; or it answers, but wants a password that is not ours. */
static int answers(const struct server *server, struct err *err)
{
    struct err why = ERR_NULL;
    CLEANUP(file_closep)
    int fd = address_connect(&server->address, CONNECTION_TIMEOUT_S, &why);
    int code = fd < 0 ? fd : ping(fd, &why);

    if (code == -EACCES && strstr(why.msg, "without any password"))
        return err_set(err, -EACCES,
                       "the server has not read its password from standard input: let "
                       "what is started (--redis-server) hand that on (%s)",
                       why.msg);
    if (code == -EACCES || (code == -EPROTO && strstr(why.msg, "NOAUTH")))
        return err_set(err, -EACCES,
                       "the server asks for a password that it was not started with "
                       "(%s). It is to be afterkill's alone, and needs none of its own: "
                       "let what is started (--redis-server) set no requirepass and no "
                       "users, in its arguments as in its configuration",
                       why.msg);
    return code == 0;
}

/* Has it ended because its port was taken between our finding it and its own bind()? */
static bool has_lost_its_port(const struct server *server)
{
    char tail[600];

    file_tail(server->log_path, tail, sizeof(tail));
    return server->tcp.port && strstr(tail, err_words(EADDRINUSE));
}

/* After its end before it has answered: perhaps another port will do. */
static int start_again(struct server *server, int wait_status, struct err *err)
{
    bool again = server->ports_tried < PORTS_MOST && has_lost_its_port(server);

    if (!again)
        server_explain(server, wait_status, err);
    server->pid = 0;
    return again ? launch_at_free_port(server, err) : err->code;
}

bool server_is_late(uint64_t elapsed_ns, uint64_t ran_ns, char state)
{
    uint64_t timeout_ns = READY_TIMEOUT_S * NSEC_PER_SEC;
    bool kept = (state == 'R' || state == 'D') && ran_ns < READY_CPU_S * NSEC_PER_SEC;

    if (kept && !mutant("server-blamed"))
        timeout_ns *= READY_PATIENCE;
    return elapsed_ns > timeout_ns;
}

/* How a process that does not answer is, by the letter that /proc has for it. */
static const char *said_of(char state)
{
    static const struct {
        char state;
        const char *words;
    } all[] = {
        { 'R', "it is ready to run" },
        { 'D', "it waits for a disk" },
        { 'T', "somebody has stopped it, by SIGSTOP for instance" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        if (all[i].state == state)
            return all[i].words;
    return "it waits for something";
}

static int explain_late(const struct server *server, uint64_t elapsed_ns, uint64_t ran_ns,
                        char state, struct err *err)
{
    char tail[600];

    file_tail(server->log_path, tail, sizeof(tail));
    return err_set(err, -ETIMEDOUT,
                   "redis-server (pid %ld) did not answer within %.0f s: %s, and had a "
                   "CPU for %.2f s; its last words:\n%s",
                   (long)server->pid, ns_to_s((double)elapsed_ns), said_of(state),
                   ns_to_s((double)ran_ns), tail[0] ? tail : "(none)");
}

/* 0, or whose fault it is that it does not answer yet. */
static int check_late(const struct server *server, uint64_t since_ns, struct err *err)
{
    struct process_look look = { .state = '?' };
    struct process_turns turns = { 0, 0 };
    uint64_t elapsed_ns = clock_now_ns() - since_ns;
    CLEANUP(file_closep) int fd = -1;

    if (elapsed_ns < READY_TIMEOUT_S * NSEC_PER_SEC)
        return 0;
    fd = process_turns_open(server->pid);
    process_turns_read(fd, &turns);
    process_look(server->pid, &look);
    return server_is_late(elapsed_ns, turns.ran_ns, look.state)
               ? explain_late(server, elapsed_ns, turns.ran_ns, look.state, err)
               : 0;
}

/* A server that has a port too and answers on its unix socket has bound the port: it ends
 * if it cannot. */
int server_wait(struct server *server, struct err *err)
{
    struct timespec pause = ns_to_timespec(POLL_NS);
    uint64_t since_ns = clock_now_ns();
    int code;

    while ((code = answers(server, err)) == 0) {
        int status;

        /* A signal to all of us has ended it as well. */
        if (!mutant("launch-unheard") && signals_check_stop(err) < 0)
            return err->code;
        if (waitpid(server->pid, &status, WNOHANG) == server->pid &&
            start_again(server, status, err) < 0)
            return err->code;
        if (check_late(server, since_ns, err) < 0)
            return err->code;
        nanosleep(&pause, NULL);
    }
    return code < 0 ? code : 0;
}

#define SERVER_NICE 10

void server_come_second(const struct server *server)
{
    setpriority(PRIO_PGRP, (id_t)server->pid, getpriority(PRIO_PROCESS, 0) + SERVER_NICE);
}

/* A script may have put the server where what ends its process group does not reach it:
 * whoever still answers at the socket that was made for it is that server. One in another
 * namespace is not to be seen. */
static void end_stray(const struct server *server)
{
    struct ucred peer = { .pid = 0 };
    socklen_t size = sizeof(peer);
    struct err err = ERR_NULL;
    CLEANUP(file_closep)
    int fd = address_connect(&server->address, CONNECTION_TIMEOUT_S, &err);

    if (fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
        peer.pid > 0 && !mutant("server-strays"))
        kill(peer.pid, SIGKILL);
}

void server_stop(struct server *server)
{
    process_destroy(server->pid);
    if (server->address.path)
        end_stray(server);
    address_release(&server->address);
    free(server->log_path);
    free((char *)(uintptr_t)server->options.directory);
    *server = (struct server){ .pid = 0 };
}

/* The value of a line "name:value\r\n" of INFO, printable; false if there is none. */
static bool info_value(const char *info, const char *name, char *buffer, size_t size)
{
    CLEANUP(mem_freep) char *start = mem_printf("\n%s:", name);
    const char *at = strstr(info, start);
    CLEANUP(mem_freep) char *value = NULL;

    if (!at)
        return false;
    at += strlen(start);
    value = mem_printf("%.*s", (int)strcspn(at, "\r\n"), at);
    printable_copy(buffer, size, value, "");
    return true;
}

/* The number behind " name=" in CLIENT INFO; 0 if it is not there. */
static uint64_t client_number(const char *info, const char *name)
{
    CLEANUP(mem_freep) char *start = mem_printf(" %s=", name);
    const char *at = strstr(info, start);

    return at ? strtoull(at + strlen(start), NULL, 10) : 0;
}

/* Before 7.0 the room says nothing: it was larger, and not used. */
int server_read_bytes(redisContext *connection, const char *version, uint64_t *ret,
                      struct err *err)
{
    CLEANUP(reply_freep) redisReply *info = NULL;
    int code = CONNECTION_COMMAND(connection, &info, err, "CLIENT", "INFO");
    int major = 0;
    uint64_t room;

    if (code < 0)
        return code;
    *ret = SERVER_READ_BYTES;
    room = client_number(info->str, "qbuf") + client_number(info->str, "qbuf-free");
    if (sscanf(version, "%*s %d", &major) == 1 && major >= 7 &&
        room > SERVER_READ_BYTES && room < 2 * SERVER_READ_BYTES)
        *ret = room;
    return 0;
}

int server_needs(redisContext *connection, const struct patterns *commands,
                 const char *version, struct err *err)
{
    for (size_t i = 0; i < commands->count && !mutant("needs-unasked"); i++) {
        CLEANUP(reply_freep) redisReply *reply = NULL;
        int code = CONNECTION_COMMAND(connection, &reply, err, "COMMAND", "INFO",
                                      commands->globs[i]);

        if (code < 0)
            return code;
        if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 1 ||
            reply->element[0]->type != REDIS_REPLY_ARRAY || !reply->element[0]->elements)
            return err_set(err, ERR_LACKING,
                           "nothing was tried: it needs the command %.60s, which %s does "
                           "not have",
                           commands->globs[i], version);
    }
    return 0;
}

/* A number that INFO has in a section; `what` it tells. */
static int ask_number(redisContext *connection, const char *section, const char *name,
                      const char *what, uint64_t *ret, struct err *err)
{
    CLEANUP(reply_freep) redisReply *info = NULL;
    char number[32];
    int code = CONNECTION_COMMAND(connection, &info, err, "INFO", section);

    if (code < 0)
        return code;
    if (!info_value(info->str, name, number, sizeof(number)))
        return err_set(err, -EPROTO, "Redis does not say %s", what);
    *ret = strtoull(number, NULL, 10);
    return 0;
}

int server_changes(redisContext *connection, uint64_t *ret, struct err *err)
{
    return ask_number(connection, "persistence", "rdb_changes_since_last_save",
                      "how often its data has changed", ret, err);
}

int server_blocked(redisContext *connection, uint64_t *ret, struct err *err)
{
    return ask_number(connection, "clients", "blocked_clients",
                      "how many clients are blocked", ret, err);
}

/* CLIENT INFO, COPY and LMOVE came with it; relatives say which version of Redis they are
 * like. */
static int check_age(const char *info, const char *shown, struct err *err)
{
    int major = 0, minor = 0;
    char version[32];

    if (info_value(info, "redis_version", version, sizeof(version)) &&
        sscanf(version, "%d.%d", &major, &minor) == 2 &&
        (major < 6 || (major == 6 && minor < 2)))
        return err_set(err, -ENOTSUP,
                       "%s is too old: what looks into it needs Redis 6.2 or later",
                       shown);
    return 0;
}

int server_version(redisContext *connection, char *buffer, size_t size, struct err *err)
{
    static const char *const names[] = { "valkey", "redict", "redis" };
    CLEANUP(reply_freep) redisReply *reply = NULL;
    int code = CONNECTION_COMMAND(connection, &reply, err, "INFO", "server");

    if (code < 0)
        return code;
    snprintf(buffer, size, "unknown");
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        CLEANUP(mem_freep) char *field = mem_printf("%s_version", names[i]);
        char version[32];

        if (!info_value(reply->str, field, version, sizeof(version)))
            continue;
        snprintf(buffer, size, "%s %s", names[i], version);
        break;
    }
    return check_age(reply->str, buffer, err);
}
