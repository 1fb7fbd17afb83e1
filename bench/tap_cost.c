/* tap_cost.c - what a round trip through the tap costs, over one without it; and whether
 * its memory grows with what passes.
 *
 *     tap_cost [--quick]
 *
 * A private redis-server; before it a tap, in a process of its own, that is told what was
 * executed and does nothing with it (no snapshots); and beside that a bare relay, which
 * passes bytes on with a system call for each thing that it must do: nothing that is
 * between two processes can be much faster. One connection to each, over the unix socket
 * and over TCP; tap and relay have theirs to the server over its unix socket. What is
 * compared is done in turns, a thousand commands each, one after the other's reply. A
 * block counts by its median command, a ratio is formed within a round, and the median of
 * the rounds is printed with the smallest and the largest. Nobody is bound to a CPU.
 *
 * Then a million commands go through the tap, half of them writes. Exit status 1: a peak
 * of its resident memory that is not below 64 MB, or anything that went wrong. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/process.h"
#include "redis/server.h"
#include "stats/durations.h"
#include "tap/recorder.h"

#define ROUNDS 41
#define BLOCK 1000
#define COMMANDS 1000000
#define BATCH 100 /* commands in one write, of the million */
#define MEMORY_MOST_KB 65536

static const char *const read_words[] = { "GET", "key", NULL };
static const char *const write_words[] = { "SET", "key", "0123456789abcdef", NULL };

static const struct {
    const char *name;
    const char *const *words;
} kinds[] = { { "read (GET)", read_words }, { "write (SET)", write_words } };

/* A process before the server, and how it is reached. */
struct between {
    pid_t pid;
    struct address socket, tcp; /* the socket's path is owned */
};

static int ignore(void *context, const struct tap_event *event, struct err *err)
{
    (void)context, (void)event, (void)err;
    return 0;
}

static void give_up(void *context, const struct err *err)
{
    (void)context;
    fprintf(stderr, "tap_cost: the tap: %s\n", err->msg);
    _exit(EXIT_FAILURE);
}

/* The process of the tap. It is killed with its parent, or by it. */
__attribute__((noreturn)) static void be_tap(const struct address *server,
                                             const char *directory, int answer)
{
    struct recorder_options options = { .server = server,
                                        .directory = directory,
                                        .cut_after = RECORDER_NO_CUT,
                                        .executed = ignore,
                                        .failed = give_up };
    struct recorder *recorder = NULL;
    struct err err = ERR_NULL;
    uint16_t port;
    uv_loop_t loop;

    uv_loop_init(&loop);
    if (recorder_start(&loop, &options, &recorder, &err) < 0)
        give_up(NULL, &err);
    port = recorder_tcp(recorder)->port;
    if (write(answer, &port, sizeof(port)) == sizeof(port))
        uv_run(&loop, UV_RUN_DEFAULT);
    _exit(EXIT_FAILURE);
}

/* Passes on what comes on either socket, until one of them ends. */
static void pass_on(int down, int up)
{
    struct pollfd fds[2] = { { down, POLLIN, 0 }, { up, POLLIN, 0 } };
    char bytes[4096];

    while (poll(fds, 2, -1) > 0)
        for (int i = 0; i < 2; i++) {
            ssize_t n = fds[i].revents ? recv(fds[i].fd, bytes, sizeof(bytes), 0) : -1;

            if (n == 0)
                return;
            if (n > 0 && send(fds[!i].fd, bytes, (size_t)n, MSG_NOSIGNAL) < n)
                return;
        }
}

/* The process of the relay: one connection at a time, on one socket after the other. */
__attribute__((noreturn)) static void be_relay(const struct address *server,
                                               const char *directory, int answer)
{
    struct address socket = { .path = mem_printf("%s/relay.sock", directory) };
    struct address tcp = { .path = NULL };
    struct err err = ERR_NULL;
    int doors[] = { address_listen(&socket, &err), address_listen(&tcp, &err) };

    if (write(answer, &tcp.port, sizeof(tcp.port)) != sizeof(tcp.port))
        _exit(EXIT_FAILURE);
    for (size_t i = 0;; i = !i) {
        int down = accept(doors[i], NULL, NULL);
        int up = address_connect(server, CONNECTION_TIMEOUT_S, &err);

        if (down < 0 || up < 0)
            _exit(EXIT_FAILURE);
        if (i == 1)
            address_no_delay(down);
        pass_on(down, up);
        close(down);
        close(up);
    }
}

static int start(void (*live)(const struct address *, const char *, int),
                 const char *name, const struct address *server, const char *directory,
                 struct between *ret, struct err *err)
{
    int ends[2];

    if (pipe(ends) < 0)
        return err_set(err, -errno, "make a pipe: %s", strerror(errno));
    ret->pid = process_fork(false, err);
    if (ret->pid == 0)
        live(server, directory, ends[1]);
    close(ends[1]);
    ret->socket.path = mem_printf("%s/%s.sock", directory, name);
    if (ret->pid > 0 &&
        read(ends[0], &ret->tcp.port, sizeof(uint16_t)) != (ssize_t)sizeof(uint16_t))
        err_set(err, -EIO, "the %s has not started", name);
    close(ends[0]);
    return err->code;
}

static int say(redisContext *connection, const char *const *words, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;

    return connection_command(connection, &reply, err, words);
}

static int time_block(redisContext *connection, const char *const *words, double *ret_us,
                      struct err *err)
{
    static uint64_t times_ns[BLOCK];
    int code = 0;

    for (size_t i = 0; i < BLOCK && code == 0; i++) {
        uint64_t start_ns = clock_now_ns();

        code = say(connection, words, err);
        times_ns[i] = clock_now_ns() - start_ns;
    }
    *ret_us = ns_to_us(durations_quantile(times_ns, BLOCK, 0.5));
    return code;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *numbers, size_t count)
{
    qsort(numbers, count, sizeof(*numbers), by_size);
    return numbers[count / 2];
}

enum way { DIRECT, RELAY, TAP };
#define WAYS 3

static double median_ratio(double *const us[WAYS], enum way way, size_t rounds,
                           struct interval *ret_range)
{
    double ratios[ROUNDS], middle;

    for (size_t round = 0; round < rounds; round++)
        ratios[round] = us[way][round] / us[DIRECT][round];
    middle = median(ratios, rounds);
    *ret_range = (struct interval){ ratios[0], ratios[rounds - 1] };
    return middle;
}

/* One kind of command, on all ways. */
static int compare(const char *transport, size_t kind, size_t rounds,
                   redisContext *const ways[WAYS], struct err *err)
{
    double direct_us[ROUNDS], relay_us[ROUNDS], tap_us[ROUNDS];
    double *const us[] = { direct_us, relay_us, tap_us };

    for (size_t round = 0; round < rounds; round++)
        for (size_t way = 0; way < WAYS; way++)
            if (time_block(ways[way], kinds[kind].words, &us[way][round], err) < 0)
                return err->code;
    printf("%-4s  %-11s", transport, kinds[kind].name);
    for (enum way way = TAP; way > DIRECT; way--) {
        struct interval range;
        double ratio = median_ratio(us, way, rounds, &range);

        printf("  %.2f [%.2f, %.2f]", ratio, range.low, range.high);
    }
    printf("  %.1f us\n", median(direct_us, rounds));
    return 0;
}

static int compare_over(const char *transport, const struct address *const to[WAYS],
                        size_t rounds, struct err *err)
{
    redisContext *ways[WAYS] = { NULL };
    int code = 0;

    for (size_t way = 0; way < WAYS && code == 0; way++)
        code = connection_open(to[way], &ways[way], err);
    for (size_t kind = 0; kind < ARRAY_SIZE(kinds) && code == 0; kind++)
        code = compare(transport, kind, rounds, ways, err);
    for (size_t way = 0; way < WAYS; way++)
        connection_close(ways[way]);
    return code;
}

static int pass_many(const struct address *tap, size_t commands, struct err *err)
{
    CLEANUP(connection_closep) redisContext *connection = NULL;
    int code = connection_open(tap, &connection, err);

    for (size_t i = 0; i < commands && code == 0; i += BATCH) {
        for (size_t j = i; j < i + BATCH; j++)
            redisAppendCommand(connection, j % 2 ? "GET key:%d" : "SET key:%d %d",
                               (int)(j / 2 % 1000), (int)j);
        for (size_t j = i; j < i + BATCH && code == 0; j++) {
            CLEANUP(reply_freep) redisReply *reply = NULL;

            code = connection_read(connection, "a command", &reply, err);
        }
    }
    return code;
}

/* The peak of a process' resident memory, in kB; 0 if it is not known. */
static unsigned long peak_kb(pid_t pid)
{
    CLEANUP(mem_freep) char *path = mem_printf("/proc/%d/status", (int)pid);
    FILE *status = fopen(path, "re");
    unsigned long kb = 0;
    char line[256];

    while (status && fgets(line, sizeof(line), status))
        if (strncmp(line, "VmHWM:", 6) == 0)
            kb = strtoul(line + 6, NULL, 10);
    if (status)
        fclose(status);
    return kb;
}

static int measure_memory(const struct between *tap, size_t commands, struct err *err)
{
    unsigned long before_kb = peak_kb(tap->pid), after_kb;

    if (pass_many(&tap->socket, commands, err) < 0)
        return err->code;
    after_kb = peak_kb(tap->pid);
    printf("\nThe tap's memory: %.1f MB at its peak, and %.1f MB %zu commands later.\n",
           (double)before_kb / 1024, (double)after_kb / 1024, commands);
    if (!before_kb || after_kb >= MEMORY_MOST_KB)
        return err_set(err, -E2BIG, "the tap took %lu kB, not less than %d", after_kb,
                       MEMORY_MOST_KB);
    return 0;
}

static int measure(const struct server *server, const struct between *relay,
                   const struct between *tap, bool quick, struct err *err)
{
    size_t rounds = quick ? 1 : ROUNDS;
    const struct address *const sockets[] = { &server->address, &relay->socket,
                                              &tap->socket };
    const struct address *const ports[] = { &server->tcp, &relay->tcp, &tap->tcp };

    printf("over a round trip without: the tap, a bare relay; that round trip\n");
    if (compare_over("unix", sockets, rounds, err) < 0 ||
        compare_over("TCP", ports, rounds, err) < 0)
        return err->code;
    return measure_memory(tap, quick ? COMMANDS / 100 : COMMANDS, err);
}

static void end(struct between *between)
{
    if (between->pid > 0)
        process_destroy(between->pid);
    address_release(&between->socket);
}

static int measure_in(const char *directory, bool quick, struct err *err)
{
    struct server_options options = { .directory = directory,
                                      .cpu = -1,
                                      .listens_on_tcp = true };
    struct server server = { .pid = 0 };
    struct between relay = { .pid = 0 }, tap = { .pid = 0 };
    int code = server_start(&options, &server, err);

    if (code == 0)
        code = server_wait(&server, err);
    if (code == 0)
        code = start(be_relay, "relay", &server.address, directory, &relay, err);
    if (code == 0)
        code = start(be_tap, "tap", &server.address, directory, &tap, err);
    if (code == 0)
        code = measure(&server, &relay, &tap, quick, err);
    end(&tap);
    end(&relay);
    server_stop(&server);
    return code;
}

int main(int argc, char **argv)
{
    char directory[] = "/tmp/afterkill_bench.XXXXXX";
    bool quick = argc == 2 && strcmp(argv[1], "--quick") == 0;
    struct err err = ERR_NULL, ignored = ERR_NULL;
    int code;

    if (argc > 1 && !quick) {
        fputs("usage: tap_cost [--quick]\n", stderr);
        return 2;
    }
    if (!mkdtemp(directory)) {
        perror("tap_cost: make a directory in /tmp");
        return EXIT_FAILURE;
    }
    code = measure_in(directory, quick, &err);
    file_remove_tree(directory, &ignored);
    if (code < 0)
        fprintf(stderr, "tap_cost: %s\n", err.msg);
    return code < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
