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

struct shared {
    struct err err;
    size_t count;            /* of updates that are kept of each strategy */
    uint64_t durations_ns[]; /* COST_UPDATES of each */
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

/* One update of each, which are kept if there is room for them. */
static int take_turns(const struct cost_order *order, struct wire *wire,
                      struct shared *shared, struct err *err)
{
    int code = 0;

    for (size_t i = 0; i < order->count && code == 0; i++)
        code = measure_once(order, i, wire,
                            &shared->durations_ns[i * COST_UPDATES + shared->count], err);
    return code;
}

static int measure_round(const struct cost_order *order, struct wire *wire,
                         struct shared *shared, struct err *err)
{
    uint64_t start_ns = clock_now_ns(), turn_ns = start_ns;
    uint64_t long_ns = order->count * COST_LONG_NS;
    int code = 0;

    for (size_t i = 0; i < COST_WARM_UP && !shared->count && code == 0; i++) {
        code = take_turns(order, wire, shared, err);
        shared->count = clock_now_ns() - turn_ns > long_ns;
        turn_ns = clock_now_ns();
    }
    while (
        code == 0 && shared->count < COST_UPDATES &&
        (!shared->count || clock_now_ns() - start_ns < COST_BUDGET_NS * order->count)) {
        code = take_turns(order, wire, shared, err);
        shared->count++;
    }
    return code;
}

/* The lane waits meanwhile, and its keeper's connection is this process's. */
__attribute__((noreturn)) static void live(const struct cost_order *order,
                                           struct shared *shared)
{
    redisContext *connection = NULL;
    struct err err = ERR_NULL;
    int code = connection_open(order->worker_address, &connection, &err);

    if (code == 0)
        code = measure_round(order, wire_new(connection->fd, NULL), shared, &err);
    shared->err = err;
    _exit(code < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

static int wait_for(pid_t pid, uint64_t deadline_ns, const struct shared *shared,
                    struct err *err)
{
    bool late = false;
    int status;

    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return err_errno(err, "wait for the measuring worker");
        late = clock_now_ns() > deadline_ns;
        if (late)
            kill(pid, SIGKILL);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS)
        return 0;
    if (shared->err.code) {
        *err = shared->err;
        return err->code;
    }
    if (late)
        return err_set(err, -ETIMEDOUT,
                       "updates that are timed one after the other did not return in "
                       "time (--timeout), although single ones did: does one depend on "
                       "how many there were, or is the machine too busy?");
    return err_set(err, -ECHILD, "the measuring worker died");
}

/* Only as many of each as there are. */
static uint64_t *gathered(const struct shared *shared, size_t strategies)
{
    uint64_t *durations_ns = MEM_ARRAY(uint64_t, strategies * shared->count + 1);

    for (size_t i = 0; i < strategies; i++)
        memcpy(durations_ns + i * shared->count, shared->durations_ns + i * COST_UPDATES,
               shared->count * sizeof(*durations_ns));
    return durations_ns;
}

int cost_measure(const struct cost_order *order, uint64_t **ret_ns, size_t *ret_count,
                 struct err *err)
{
    size_t count = order->count;
    size_t bytes = sizeof(struct shared) + count * COST_UPDATES * sizeof(uint64_t);
    uint64_t longest_ns = count * (COST_WARM_UP + 1) * order->timeout_ns;
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
    if (code == 0) {
        *ret_ns = gathered(shared, count);
        *ret_count = shared->count;
    }
    munmap(shared, bytes);
    return code;
}
