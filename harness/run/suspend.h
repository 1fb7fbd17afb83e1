/* suspend.h - a run that is stopped from the terminal (Ctrl-Z) and goes on later (fg).
 *
 * The signal reaches the first process only: lanes and servers lead groups of their own.
 * So that lanes do not go on without it, they begin nothing until it goes on; what has
 * begun ends as it would. The time does not count, neither as the run's, nor as a silence
 * of theirs, nor as that of kills that have a limit.
 *
 * The same goes for time in which all of its processes are stopped, by SIGSTOP or a
 * freezer of the kernel's (docker pause). Nobody is told of that. What can be seen is
 * that this process has not looked for a second or more, and that the lanes, which never
 * wait for it that long, have hardly run. */
#pragma once

#include "run/launch.h"

struct suspend {
    uv_signal_t signal;
    struct agenda *agenda;
    struct fleet_lane *lanes;
    size_t lane_count;
    uint64_t *noted_ns; /* until when time has been counted; all borrowed */
    uint64_t looked_ns; /* when it was last looked; 0: not yet */
    uint64_t ran_ns;    /* how long all lanes had run by then */
};

/* Unless who started us has the signal ignored. The handle is the caller's to close. */
void suspend_watch(struct suspend *suspend, uv_loop_t *loop, struct agenda *agenda,
                   struct fleet_lane *lanes, size_t lane_count, uint64_t *noted_ns);

/* To be called again and again, so many ms from each other at most where all goes on. */
#define SUSPEND_LOOK_MS 100
void suspend_look(struct suspend *suspend);
/* Before anything that was said is taken down with the time: it may be the first thing
 * after all were stopped. */
void suspend_hear(struct suspend *suspend);
