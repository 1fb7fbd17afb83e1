/* cost.c - see cost.h. The samples come back in shared memory. */
#include "trial/cost.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "redis/wire.h"

#define WARM_UP 3

struct shared {
    struct err err;
    struct cost costs[];
};

static int measure_once(const struct cost_order *order, size_t i, struct wire *wire,
                        uint64_t *ret_ns, struct err *err)
{
    struct scenario *scenario = order->scenario;
    size_t strategy = order->strategies[i];
    uint64_t start_ns;
    bool refused;
    int code = keeper_restore(order->keeper, order->kept[i], err);

    if (code < 0)
        return code;
    start_ns = clock_now_ns();
    code = scenario_call(scenario, scenario->functions[strategy].update, wire, &refused,
                         err);
    *ret_ns = clock_now_ns() - start_ns;
    return code < 0 ? err_wrap(err,
                               "strategy '%s': repeat the update in one process, on one "
                               "connection",
                               scenario->outline.strategies[strategy].name)
                    : 0;
}

static int measure_rounds(const struct cost_order *order, struct wire *wire,
                          struct shared *shared, struct err *err)
{
    uint64_t deadline_ns = clock_now_ns() + COST_BUDGET_NS * order->count;

    for (size_t round = 0; round < WARM_UP + COST_UPDATES; round++) {
        if (round >= WARM_UP + COST_LEAST && clock_now_ns() > deadline_ns)
            return 0;
        for (size_t i = 0; i < order->count; i++) {
            struct cost *cost = &shared->costs[i];
            uint64_t duration_ns = 0;
            int code = measure_once(order, i, wire, &duration_ns, err);

            if (code < 0)
                return code;
            if (round >= WARM_UP)
                cost->durations_ns[cost->count++] = duration_ns;
        }
    }
    return 0;
}

/* The lane waits meanwhile, and its keeper's connection is this process's. */
__attribute__((noreturn)) static void live(const struct cost_order *order,
                                           struct shared *shared)
{
    redisContext *connection = NULL;
    struct err err = ERR_NULL;
    int code = connection_open(order->worker_address, &connection, &err);

    if (code == 0)
        code = measure_rounds(order, wire_new(connection->fd, NULL), shared, &err);
    shared->err = err;
    _exit(code < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

static int wait_for(pid_t pid, uint64_t deadline_ns, const struct shared *shared,
                    struct err *err)
{
    int status;

    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return err_errno(err, "wait for the measuring worker");
        if (clock_now_ns() > deadline_ns)
            kill(pid, SIGKILL);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS)
        return 0;
    if (shared->err.code) {
        *err = shared->err;
        return err->code;
    }
    return err_set(err, -ECHILD, "the measuring worker died or did not end in time");
}

int cost_measure(const struct cost_order *order, struct cost *costs, struct err *err)
{
    size_t count = order->count;
    size_t bytes = sizeof(struct shared) + count * sizeof(*costs);
    uint64_t longest_ns = count * (WARM_UP + COST_LEAST) * order->timeout_ns;
    struct shared *shared = mem_map(bytes, MAP_SHARED);
    pid_t pid;
    int code;

    if (!shared)
        return err_errno(err, "map %zu bytes of shared memory", bytes);
    pid = process_fork(false, err);
    if (pid == 0)
        live(order, shared);
    code = pid < 0 ? pid
                   : wait_for(pid, clock_now_ns() + COST_BUDGET_NS * count + longest_ns,
                              shared, err);
    if (code == 0)
        memcpy(costs, shared->costs, count * sizeof(*costs));
    munmap(shared, bytes);
    return code;
}
