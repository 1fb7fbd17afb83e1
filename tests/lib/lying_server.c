/* lying_server.c - a redis-server that does not always do what it says.
 *
 * It takes redis-server's command line, starts a real one whose socket is at PATH.real,
 * listens at PATH itself, and passes everything through. Its lie: on a connection that it
 * lies to, the second HSET is not executed, yet answered as if it were.
 *
 * When it lies is said by LYING_SERVER_FROM and LYING_SERVER_UNTIL, numbers of deaths:
 * the harness asks after every worker of the census and of the kills, and after no other,
 * until its connection is gone (CLIENT LIST ID n), so these numbers are the same in every
 * run, which numbers of connections are not. Without LYING_SERVER_FROM it is honest.
 *
 * If LYING_SERVER_REFUSES is the name of a command, it does not lie, but answers that
 * command by an error from the first of these deaths to the last. To the question after a
 * client 0 it always answers as Valkey does since 8.1, by an error. LYING_SERVER_INFO is
 * what it says of itself if it is asked (INFO server), one field; and first, if it is
 * asked for everything (INFO).
 *
 * If LYING_SERVER_DRIBBLES is the name of a command, it is not executed, and the answer
 * to it never ends: a byte comes, and another one. Each time that begins it writes a byte
 * into LYING_SERVER_KNOCKS, a FIFO.
 *
 * The lie is a command that does nothing and has the same reply, so that replies need not
 * be looked into, and their order, also inside MULTI, is Redis's own. An end of a stream
 * is passed on at once, what was read before goes first, and a command that is not
 * complete is as good as none: what a dead worker leaves is what Redis alone would make
 * of it.
 *
 * It dies with its parent, and the real server with it. */
#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

#define PIECE_BYTES 16384
#define DRIBBLE_MS 20

/* Bytes that were read from one side and not yet written to the other. As long as there
 * are any, no more are read. */
struct flow {
    char *bytes;
    size_t length, room;
};

struct link {
    int client_fd, server_fd;
    struct flow commands, replies;
    redisReader *reader; /* of commands */
    size_t hsets;
    bool lied_to, dribbles;
};

struct liar {
    struct sockaddr_un real;
    unsigned long from, until; /* deaths */
    const char *refuses;       /* NULL: it lies */
    const char *dribbles;      /* NULL: to no command */
    const char *info;          /* the script that says what it is; NULL: the truth */
    const char *info_first;    /* the same, and behind it the truth */
    unsigned long deaths;
    long long last_dead; /* the client that was asked after last */
    struct link *links;
    size_t count, room;
};

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...)
{
    va_list arguments;

    fputs("lying_server: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, ": %s\n", strerror(errno));
    exit(EXIT_FAILURE);
}

static unsigned long number_of(const char *name, unsigned long otherwise)
{
    const char *text = getenv(name);

    return text && *text ? strtoul(text, NULL, 10) : otherwise;
}

static void flow_add(struct flow *flow, const char *bytes, size_t length)
{
    if (flow->length + length > flow->room) {
        flow->room = 2 * (flow->length + length);
        flow->bytes = mem_grow(flow->bytes, flow->room, 1);
    }
    memcpy(flow->bytes + flow->length, bytes, length);
    flow->length += length;
}

/* Writes what can be written now; false if the other side is gone. */
static bool flow_write(struct flow *flow, int fd)
{
    ssize_t n;

    if (!flow->length)
        return true;
    n = send(fd, flow->bytes, flow->length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    flow->length -= (size_t)n;
    memmove(flow->bytes, flow->bytes + n, flow->length);
    return true;
}

static bool is_word(const redisReply *command, size_t i, const char *word)
{
    return i < command->elements && command->element[i]->type == REDIS_REPLY_STRING &&
           strcasecmp(command->element[i]->str, word) == 0;
}

static bool asks_after(const redisReply *command, long long *ret_id)
{
    if (!is_word(command, 0, "CLIENT") || !is_word(command, 1, "LIST") ||
        !is_word(command, 2, "ID") || command->elements != 4)
        return false;
    *ret_id = strtoll(command->element[3]->str, NULL, 10);
    return true;
}

/* Is the harness asking after a dead worker? It may ask several times. */
static void note_death(struct liar *liar, const redisReply *command)
{
    long long id;

    if (!asks_after(command, &id) || id == liar->last_dead)
        return;
    liar->last_dead = id;
    liar->deaths++;
}

static bool is_time(const struct liar *liar)
{
    return liar->deaths >= liar->from && liar->deaths < liar->until;
}

/* Whom it lies to shows with the first HSET: a worker's connection may be opened before
 * its predecessor's death is asked after. */
static bool lies_to(const struct liar *liar, struct link *link, const redisReply *command)
{
    if (liar->refuses || !is_word(command, 0, "HSET"))
        return false;
    if (++link->hsets == 1)
        link->lied_to = is_time(liar);
    return link->hsets == 2 && link->lied_to;
}

/* The script that answers a command, mostly by an error; NULL: Redis answers it. */
static const char *refusal(const struct liar *liar, const redisReply *command)
{
    long long id;

    if (asks_after(command, &id) && id <= 0)
        return "return redis.error_reply('ERR client-id should be greater than 0')";
    if (liar->refuses && is_word(command, 0, liar->refuses) && is_time(liar))
        return "return redis.error_reply('ERR refused by the lying server')";
    if (liar->info && is_word(command, 0, "INFO") &&
        (command->elements == 1 || is_word(command, 1, "server")))
        return command->elements == 1 ? liar->info_first : liar->info;
    return NULL;
}

static void knock(void)
{
    int fd = open(getenv("LYING_SERVER_KNOCKS"), O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, ".", 1) != 1)
        fail("knock");
    close(fd);
}

static void begin_dribble(struct link *link)
{
    link->dribbles = true;
    flow_add(&link->replies, "+", 1);
    knock();
}

static bool any_dribbles(const struct liar *liar)
{
    bool any = false;

    for (size_t i = 0; i < liar->count; i++) {
        struct link *link = &liar->links[i];

        if (link->dribbles)
            flow_add(&link->replies, "x", 1);
        any |= link->dribbles;
    }
    return any;
}

static void pass_command(struct liar *liar, struct link *link, const redisReply *command)
{
    const char *instead[] = { "EVAL", NULL, "0" };
    size_t count = command->elements;
    const char **argv = MEM_ARRAY(const char *, count);
    size_t *lengths = MEM_ARRAY(size_t, count);
    char *bytes;
    long long length;

    for (size_t i = 0; i < count; i++) {
        argv[i] = command->element[i]->str;
        lengths[i] = (size_t)command->element[i]->len;
    }
    note_death(liar, command);
    instead[1] = lies_to(liar, link, command) ? "return 1" : refusal(liar, command);
    if (instead[1])
        length = redisFormatCommandArgv(&bytes, 3, instead, NULL);
    else
        length = redisFormatCommandArgv(&bytes, (int)count, argv, lengths);
    if (length < 0)
        fail("format a command");
    flow_add(&link->commands, bytes, (size_t)length);
    free(bytes);
    free(argv);
    free(lengths);
}

/* Takes complete commands from what the client has sent; false if that is not RESP. */
static bool take_commands(struct liar *liar, struct link *link, const char *bytes,
                          size_t length)
{
    void *reply = NULL;

    redisReaderFeed(link->reader, bytes, length);
    while (redisReaderGetReply(link->reader, &reply) == REDIS_OK && reply) {
        redisReply *command = reply;
        bool good = command->type == REDIS_REPLY_ARRAY && command->elements;

        if (good && liar->dribbles && is_word(command, 0, liar->dribbles))
            begin_dribble(link);
        else if (good && !link->dribbles)
            pass_command(liar, link, command);
        freeReplyObject(command);
        if (!good)
            return false;
    }
    return !link->reader->err;
}

/* Reads from one side if the other one has got everything; false at the end. */
static bool pass(struct liar *liar, struct link *link, bool from_client)
{
    struct flow *flow = from_client ? &link->commands : &link->replies;
    char piece[PIECE_BYTES];
    ssize_t n;

    if (flow->length)
        return false; /* the reader's end came before it had taken everything */
    n = recv(from_client ? link->client_fd : link->server_fd, piece, sizeof(piece),
             MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    if (n == 0)
        return false;
    if (from_client)
        return take_commands(liar, link, piece, (size_t)n);
    flow_add(flow, piece, (size_t)n);
    return true;
}

static int unix_socket(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        fail("socket");
    return fd;
}

/* A client of the real server's; while that is not there yet, nobody is served. */
static void link_open(struct liar *liar, int listen_fd)
{
    struct link link = {
        .client_fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC),
    };

    if (link.client_fd < 0)
        return;
    link.server_fd = unix_socket();
    if (connect(link.server_fd, (struct sockaddr *)&liar->real, sizeof(liar->real)) < 0) {
        close(link.server_fd);
        close(link.client_fd);
        return;
    }
    link.reader = redisReaderCreate();
    if (liar->count == liar->room) {
        liar->room = 2 * liar->room + 8;
        liar->links = mem_grow(liar->links, liar->room, sizeof(*liar->links));
    }
    liar->links[liar->count++] = link;
}

static void link_close(struct liar *liar, size_t i)
{
    struct link *link = &liar->links[i];

    close(link->server_fd);
    close(link->client_fd);
    redisReaderFree(link->reader);
    free(link->commands.bytes);
    free(link->replies.bytes);
    *link = liar->links[--liar->count];
}

/* What to wait for: input where there is room for it, output where some is left. */
static void ask(const struct link *link, struct pollfd fds[2])
{
    fds[0] = (struct pollfd){ .fd = link->client_fd };
    fds[1] = (struct pollfd){ .fd = link->server_fd };
    fds[0].events = (short)((link->commands.length ? 0 : POLLIN) |
                            (link->replies.length ? POLLOUT : 0));
    fds[1].events = (short)((link->replies.length ? 0 : POLLIN) |
                            (link->commands.length ? POLLOUT : 0));
}

static bool serve(struct liar *liar, struct link *link, const struct pollfd fds[2])
{
    for (int side = 0; side < 2; side++)
        if (fds[side].revents & (POLLIN | POLLHUP | POLLERR) &&
            !pass(liar, link, side == 0))
            return false;
    return flow_write(&link->commands, link->server_fd) &&
           flow_write(&link->replies, link->client_fd);
}

/* Until the real server ends. */
static void run(struct liar *liar, int listen_fd, int end_fd)
{
    struct pollfd *fds = NULL;

    for (;;) {
        size_t links = liar->count; /* those that are asked about */
        int pause_ms = any_dribbles(liar) ? DRIBBLE_MS : -1;

        fds = mem_grow(fds, 2 + 2 * links, sizeof(*fds));
        fds[0] = (struct pollfd){ .fd = listen_fd, .events = POLLIN };
        fds[1] = (struct pollfd){ .fd = end_fd, .events = POLLIN };
        for (size_t i = 0; i < links; i++)
            ask(&liar->links[i], &fds[2 + 2 * i]);
        if (poll(fds, 2 + 2 * links, pause_ms) < 0 && errno != EINTR)
            fail("poll");
        if (fds[1].revents)
            break;
        /* From the last to the first, because the last takes the place of one that is
         * closed. */
        for (size_t i = links; i-- > 0;)
            if (!serve(liar, &liar->links[i], &fds[2 + 2 * i]))
                link_close(liar, i);
        if (fds[0].revents)
            link_open(liar, listen_fd);
    }
    free(fds);
}

/* Starts the real server. It keeps the write end of a pipe open, so *ret_end_fd says when
 * it has ended. */
static pid_t start_real(char **argv, int *ret_end_fd)
{
    static const char *const binaries[] = { "redis-server", "valkey-server" };
    pid_t parent = getpid(), pid;
    int ends[2];

    if (pipe(ends) < 0)
        fail("pipe");
    pid = fork();
    if (pid < 0)
        fail("fork");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(EXIT_FAILURE);
        close(ends[0]);
        for (size_t i = 0; i < ARRAY_SIZE(binaries); i++) {
            argv[0] = (char *)(uintptr_t)binaries[i];
            execvp(argv[0], argv);
        }
        _exit(127);
    }
    close(ends[1]);
    *ret_end_fd = ends[0];
    return pid;
}

int main(int argc, char **argv)
{
    struct liar liar = { .real = { .sun_family = AF_UNIX } };
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int place = 0, listen_fd, end_fd, status;
    pid_t pid;

    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], "--unixsocket") == 0)
            place = i + 1;
    if (!place || strlen(argv[place]) + sizeof(".real") > sizeof(address.sun_path)) {
        fputs("lying_server: expected --unixsocket PATH, and not a long one\n", stderr);
        return EXIT_FAILURE;
    }
    strcpy(address.sun_path, argv[place]);
    snprintf(liar.real.sun_path, sizeof(liar.real.sun_path), "%.*s.real",
             (int)(sizeof(liar.real.sun_path) - sizeof(".real")), argv[place]);
    liar.from = number_of("LYING_SERVER_FROM", ULONG_MAX);
    liar.until = number_of("LYING_SERVER_UNTIL", ULONG_MAX);
    liar.refuses = getenv("LYING_SERVER_REFUSES");
    liar.dribbles = getenv("LYING_SERVER_DRIBBLES");
    if (getenv("LYING_SERVER_INFO")) {
        liar.info =
            mem_printf("return '# Server\\r\\n%s\\r\\n'", getenv("LYING_SERVER_INFO"));
        liar.info_first = mem_printf("%s .. redis.call('INFO')", liar.info);
    }
    listen_fd = unix_socket();
    if (bind(listen_fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(listen_fd, 64) < 0)
        fail("listen at '%s'", address.sun_path);
    argv[place] = liar.real.sun_path;
    pid = start_real(argv, &end_fd);
    run(&liar, listen_fd, end_fd);
    while (liar.count)
        link_close(&liar, liar.count - 1);
    free(liar.links);
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}
