/* snapshot_cost.c - what one look at a hash of n fields costs.
 *
 *     snapshot_cost FIELDS [BYTES]
 *
 * The census takes one snapshot per crash point, so its time grows with their number and
 * with what a snapshot costs at that size. Starts a private redis-server on the same CPU
 * as itself, as a lane does, writes one hash of FIELDS fields with BYTES bytes each
 * (default 560) and an expiry, and prints the median time of snapshot_take() in
 * microseconds. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "redis/server.h"
#include "state/snapshot.h"
#include "stats/durations.h"

#define LOOKS 301

static int write_field(redisContext *connection, size_t number, const char *value,
                       struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    CLEANUP(mem_freep) char *field = mem_printf("%zx", number + 0xb91c);

    return CONNECTION_COMMAND(connection, &reply, err, "HSET", "work", field, value);
}

static int write_hash(redisContext *connection, size_t fields, size_t bytes,
                      struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    CLEANUP(mem_freep) char *value = mem_alloc(bytes + 1);
    int code = 0;

    for (size_t i = 0; i < bytes; i++)
        value[i] = (char)('a' + i % 26);
    for (size_t i = 0; i < fields && code == 0; i++)
        code = write_field(connection, i, value, err);
    return code == 0
               ? CONNECTION_COMMAND(connection, &reply, err, "EXPIRE", "work", "3600")
               : code;
}

static int time_looks(struct observer *observer, double *ret_us, struct err *err)
{
    CLEANUP(snapshot_release) struct snapshot snapshot = SNAPSHOT_NULL;
    uint64_t times_ns[LOOKS];
    int code = 0;

    for (size_t i = 0; i < LOOKS && code == 0; i++) {
        uint64_t start_ns = clock_now_ns();

        code = snapshot_take(observer, 0, &snapshot, err);
        times_ns[i] = clock_now_ns() - start_ns;
    }
    *ret_us = durations_quantile(times_ns, LOOKS, 0.5) / 1e3;
    return code;
}

static int measure(const struct address *address, size_t fields, size_t bytes,
                   struct err *err)
{
    CLEANUP(connection_closep) redisContext *connection = NULL;
    CLEANUP(observer_release) struct observer observer = { .connection = NULL };
    double us = 0;
    int code = connection_open(address, &connection, err);

    if (code == 0)
        code = write_hash(connection, fields, bytes, err);
    if (code == 0)
        code =
            observer_init(&observer, TAKE_PTR(connection), NULL, NULL, NULL, NULL, err);
    if (code == 0)
        code = time_looks(&observer, &us, err);
    if (code == 0)
        printf("%.1f\n", us);
    return code;
}

/* What a lane has: a server of its own, on its own CPU. */
static int measure_in(const char *directory, size_t fields, size_t bytes, struct err *err)
{
    CLEANUP(mem_freep) int *cpus = NULL;
    struct server_options options = { .directory = directory, .cpu = -1 };
    struct server server = { .pid = 0 };
    int code;

    if (process_cpus(&cpus) > 0)
        options.cpu = cpus[0];
    process_pin(options.cpu);
    code = server_start(&options, &server, err);
    if (code == 0)
        code = server_wait(&server, err);
    if (code == 0)
        code = measure(&server.address, fields, bytes, err);
    server_stop(&server);
    return code;
}

int main(int argc, char **argv)
{
    char directory[] = "/tmp/afterkill_bench.XXXXXX";
    long fields = argc > 1 ? atol(argv[1]) : 0, bytes = argc > 2 ? atol(argv[2]) : 560;
    struct err err = ERR_NULL, ignored = ERR_NULL;
    int code;

    if (fields < 1 || bytes < 0) {
        fputs("usage: snapshot_cost FIELDS [BYTES]\n", stderr);
        return 2;
    }
    if (!mkdtemp(directory)) {
        perror("snapshot_cost: make a directory in /tmp");
        return EXIT_FAILURE;
    }
    code = measure_in(directory, (size_t)fields, (size_t)bytes, &err);
    file_remove_tree(directory, &ignored);
    if (code < 0)
        fprintf(stderr, "snapshot_cost: %s\n", err.msg);
    return code < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
