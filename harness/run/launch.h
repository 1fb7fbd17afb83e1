/* launch.h - the processes of a fleet are started: for each lane a redis-server, perhaps
 * a relay before it, and the lane itself. */
#pragma once

#include "redis/relay.h"
#include "redis/server.h"
#include "run/child.h"
#include "run/fleet.h"
#include "run/lane.h"
#include "run/pipe.h"

struct fleet_lane {
    struct server server; /* private; pid is the child's */
    struct relay relay;   /* likewise; there may be none */
    struct child server_child, relay_child, lane_child;
    uv_pipe_t pipe;
    struct pipe_reader reader;
    int out_fd; /* the lane's events, read here */
    int go_fd;  /* a byte here lets the next stage begin */
    enum fleet_waits { LANE_WORKS, LANE_READY, LANE_DONE } waits; /* for all others */
    uint64_t heard_ns; /* when it last said anything */
    uint64_t awake_ns; /* when anybody it consists of was last seen ready to run */
};

/* What they are started for, and with. All is borrowed. */
struct launch {
    const struct fleet_options *options;
    const struct result *result;
    struct agenda *agenda;
    const char *directory; /* each server's is made in it */
    struct fleet_lane *lanes;
    size_t count;
};

/* Starts them all. Who is started stands in the lanes, also when this fails. */
int launch_all(const struct launch *launch, struct err *err);
