/* phase.h - where the time of a kill trial goes. */
#pragma once

#include <stdint.h>

enum phase {
    PHASE_PREPARE, /* the old state is put back */
    PHASE_CONNECT, /* the worker's connection */
    PHASE_FORK,    /* until the worker may begin */
    PHASE_RUN,     /* until its end: the kill was due, or the update was over */
    PHASE_REAP,    /* until the lane knows */
    PHASE_AUDIT,   /* drain, and the whole state */
    PHASE_JUDGE,
    PHASE_TELL, /* bookkeeping */
    PHASE_COUNT,
};

const char *phase_name(enum phase phase); /* one word */

/* Sums over trials; calibrations in between are in none. */
struct trial_times {
    uint64_t trials;
    uint64_t phase_ns[PHASE_COUNT];
};
