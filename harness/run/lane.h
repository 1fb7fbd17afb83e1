/* lane.h - one trial after another on one CPU.
 *
 * A lane is a small single-threaded process: a fork of the first one, with the scenario
 * loaded, pinned to the CPU of its own redis-server. It goes through the stages of a run
 * (plan/stage.h): it learns what is right and measures the updates, takes its share of
 * the points of each fault, and of the kills. Before each stage but the first it waits
 * until all lanes have come so far. What it finds it tells the fleet over a pipe.
 *
 * Or it learns what is right, and performs one trial again (replay/replay.h). */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "plan/agenda.h"
#include "redis/address.h"

struct fleet_options;

struct lane_settings {
    const struct fleet_options *options; /* of the run */
    const bool *faults;                  /* that strike, by their ids */
    uint64_t attempts;                   /* of this run or shard, per strategy */
    size_t cost_rounds;            /* of what updates cost (cost.h), that are over, or
                                      other shards' */
    bool skip_timelines;           /* do not measure when their commands are written */
    struct agenda *agenda;         /* what is to be done */
    struct address address;        /* for audits */
    struct address worker_address; /* for everybody else */
    const char *directory;         /* for sockets of its own */
    pid_t server;                  /* its redis-server */
    size_t index;                  /* of this lane */
    int out_fd;                    /* events go here */
    int in_fd; /* one byte comes from here when the next stage may begin */
};

/* Runs a lane to its end. Errors have been told to the fleet; returns the process's exit
 * status. */
int lane_run(const struct lane_settings *settings);
