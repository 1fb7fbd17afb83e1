/* launch.c - see launch.h. */
#include "run/launch.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "trial/cost.h"

/* Descriptors that the first process takes, with some to spare. */
#define FILES_OF_ALL 32
#define FILES_OF_LANE 8

static int start_server(const struct launch *launch, size_t index, int cpu,
                        struct err *err)
{
    struct fleet_lane *lane = &launch->lanes[index];
    CLEANUP(mem_freep) char *directory = mem_printf("%s/%zu", launch->directory, index);
    /* What stands before it has a port of its own for programs; without one, the server
     * has no password, which a program's RESET would take back. */
    bool listens = launch->options->transport == TRANSPORT_TCP &&
                   !launch->options->scenario->programs.any;
    struct server_options options = { launch->options->redis_server, directory, cpu,
                                      listens };
    int code = file_make_directory(directory, err);

    if (code == 0)
        code = server_start(&options, &lane->server, err);
    if (code < 0)
        return err_wrap(err, "lane %zu", index);
    lane->server_child.pid = lane->server.pid;
    return 0;
}

static int start_relay(const struct launch *launch, size_t index, int cpu,
                       struct err *err)
{
    struct fleet_lane *lane = &launch->lanes[index];
    struct relay_options options = {
        .to = server_address(&lane->server),
        .directory = lane->server.options.directory,
        .rtt_ns = launch->options->rtt_ns,
        .cpu = cpu,
    };

    if (!options.rtt_ns)
        return 0;
    if (relay_start(&options, &lane->relay, err) < 0)
        return err_wrap(err, "lane %zu", index);
    lane->relay_child.pid = lane->relay.pid;
    return 0;
}

/* A shard makes its share of the rounds, so that all shards together are a whole run. */
static size_t cost_rounds_over(const struct launch *launch)
{
    const struct fleet_options *options = launch->options;
    const struct result *result = launch->result;
    uint64_t share = (COST_ROUNDS + result->shard.total - 1) / result->shard.total;
    size_t over =
        COST_ROUNDS - (size_t)share + result->findings->block_count / launch->count;

    return options->skip_costs || options->replay || options->scenario->programs.any ||
                   over > COST_ROUNDS
               ? COST_ROUNDS
               : over;
}

/* In the child. Ends of other lanes' pipes are closed, so that a lane's end is seen as
 * its own. */
__attribute__((noreturn)) static void become_lane(const struct launch *launch,
                                                  size_t index, int cpu, int out_fd,
                                                  int in_fd)
{
    const struct fleet_options *options = launch->options;
    const struct fleet_lane *lane = &launch->lanes[index];
    struct lane_settings settings = {
        .options = options,
        .faults = launch->result->faults,
        .attempts = shard_size(launch->result->shard, options->plan.attempts),
        .cost_rounds = cost_rounds_over(launch),
        .skip_timelines = options->skip_costs || launch->result->stages > STAGE_AIM,
        .agenda = launch->agenda,
        .address = lane->server.address,
        .worker_address =
            lane->relay.pid ? lane->relay.address : *server_address(&lane->server),
        .directory = lane->server.options.directory,
        .server = lane->server.pid,
        .index = index,
        .out_fd = out_fd,
        .in_fd = in_fd,
    };
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (size_t i = 0; i < index; i++) {
        close(launch->lanes[i].out_fd);
        close(launch->lanes[i].go_fd);
    }
    process_pin(cpu);
    _exit(lane_run(&settings));
}

static int start_lane(const struct launch *launch, size_t index, int cpu, struct err *err)
{
    struct fleet_lane *lane = &launch->lanes[index];
    int out[2] = { -1, -1 }, go[2] = { -1, -1 };

    if (pipe2(out, O_CLOEXEC) < 0 || pipe2(go, O_CLOEXEC) < 0) {
        err_errno(err, "lane %zu: pipe", index);
    } else {
        lane->lane_child.pid = process_fork(true, err);
        if (lane->lane_child.pid == 0) {
            close(out[0]);
            close(go[1]);
            become_lane(launch, index, cpu, out[1], go[0]);
        }
    }
    close(out[1]);
    close(go[0]);
    lane->out_fd = out[0];
    lane->go_fd = go[1];
    lane->heard_ns = clock_now_ns();
    if (lane->lane_child.pid < 0)
        lane->lane_child.pid = 0;
    return lane->lane_child.pid > 0 ? 0 : err->code;
}

/* libuv aborts where it gets no descriptor; and who begins a run must be able to end it.
 */
static int check_descriptors(size_t lanes, struct err *err)
{
    rlim_t needed = FILES_OF_ALL + FILES_OF_LANE * (rlim_t)lanes;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= needed)
        return 0;
    return err_set(err, -EMFILE,
                   "only %llu files may be open at once (ulimit -n), and a run with %zu "
                   "lane%s needs %llu",
                   (unsigned long long)limit.rlim_cur, lanes, lanes == 1 ? "" : "s",
                   (unsigned long long)needed);
}

int launch_all(const struct launch *launch, struct err *err)
{
    CLEANUP(mem_freep) int *cpus = NULL;
    size_t cpu_count = (size_t)process_cpus(&cpus);
    /* Of runs that have fewer lanes than there are CPUs, not all that go on beside each
     * other take the first; those of one job, which may be compared, take the same. */
    size_t first = (size_t)getpgrp();
    int code = check_descriptors(launch->count, err);

    for (size_t i = 0; i < launch->count && code == 0; i++)
        code = start_server(launch, i, cpus[(first + i) % cpu_count], err);
    for (size_t i = 0; i < launch->count && code == 0; i++) {
        struct server *server = &launch->lanes[i].server;

        code = server_wait(server, err);
        launch->lanes[i].server_child.pid = server->pid;
        if (code < 0)
            err_wrap(err, "lane %zu", i);
    }
    for (size_t i = 0; i < launch->count && code == 0; i++)
        code = start_relay(launch, i, cpus[(first + i) % cpu_count], err);
    for (size_t i = 0; i < launch->count && code == 0; i++)
        code = start_lane(launch, i, cpus[(first + i) % cpu_count], err);
    return code;
}
