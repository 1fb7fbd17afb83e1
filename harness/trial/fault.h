/* fault.h - the table of faults: how each one arms, and when a death counts.
 *
 * Adding a fault is adding a row to the table in fault.c. Arming happens in the worker,
 * as the last thing before its update; whether a death counts is decided in the lane,
 * from what the worker's page says and how it ended, and is pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct wire;
struct page;

enum fault_id { FAULT_NONE, FAULT_STEP, FAULT_KILL, FAULT_BYTE, FAULT_COUNT };

/* Where the fault strikes: one of these is used, as the fault says. */
struct fault_point {
    uint64_t delay_ns; /* after the update's beginning; 0 with FAULT_KILL: somebody else
                          kills */
    uint64_t lead_ns;  /* how long the worker takes to begin after it started the timer */
    uint64_t commands; /* how many leave the worker */
};

enum outcome {
    OUTCOME_VALID,   /* died inside the update */
    OUTCOME_MISSED,  /* the update was over */
    OUTCOME_EARLY,   /* the update had not begun */
    OUTCOME_TIMEOUT, /* neither died nor ended; the watchdog killed it */
    OUTCOME_ERROR,   /* the update raised, or the worker ended in a way nobody planned */
    OUTCOME_COUNT,
};

/* How a worker ended, as seen by whoever reaped it. */
struct ending {
    bool by_sigkill;
    bool by_watchdog;
};

struct fault {
    const char *name;
    const char *about;
    /* Called in the worker. Returns 0 or -errno. */
    int (*arm)(struct wire *wire, const struct fault_point *point);
    /* Did a worker that SIGKILL ended inside its update die of this fault? */
    bool (*struck)(const struct page *page);
};

const struct fault *fault_by_id(enum fault_id id);
const struct fault *fault_by_name(const char *name); /* NULL if there is none */

/* A list of names with commas in the form in which a request (request.h) has it: in the
 * table's order, each once, and `step` always, because the others are judged by it. The
 * caller frees it. */
int faults_parse(const char *list, char **ret, struct err *err);
/* Is it in such a list? */
bool faults_include(const char *list, enum fault_id id);

enum outcome fault_outcome(const struct fault *fault, const struct page *page,
                           struct ending ending);
const char *outcome_name(enum outcome outcome);
