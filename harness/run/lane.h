/* lane.h - one trial after another on one CPU.
 *
 * A lane is a small single-threaded process: a fork of the first one, with the scenario
 * loaded, pinned to the CPU of its own redis-server. It goes through the stages of a run
 * (plan/stage.h): it learns what is right and measures the updates, takes its share of
 * the points of each fault, and of the kills. Before each stage it waits until all lanes
 * have come so far. What it finds it tells the fleet over a pipe.
 *
 * Or it learns what is right, and performs one trial again (replay/replay.h). */
#pragma once

#include <stdbool.h>

#include "plan/agenda.h"
#include "plan/plan.h"
#include "replay/operand.h"
#include "scenario/scenario.h"
#include "trial/worker.h"

struct lane_settings {
    struct scenario *scenario;
    const size_t *strategies; /* that take part: indices into the scenario's */
    struct plan plan;         /* plan.strategies of them */
    const bool *faults;       /* that strike, by their ids */
    bool skip_costs;          /* do not measure what updates cost */
    bool skip_timelines;      /* nor when their commands are written */
    struct agenda *agenda;    /* what is to be done */
    uint64_t kill_ns;         /* kills end after so long; 0: when all are done */
    enum killer killer;
    uint64_t timeout_ns;
    struct address address;        /* for audits */
    struct address worker_address; /* for everybody else */
    size_t index;                  /* of this lane */
    int out_fd;                    /* events go here */
    int in_fd; /* one byte comes from here when the next stage may begin */
    const struct replay *replay; /* performed alone; NULL: an ordinary run */
};

/* Runs a lane to its end. Errors have been told to the fleet; returns the process's exit
 * status. */
int lane_run(const struct lane_settings *settings);
