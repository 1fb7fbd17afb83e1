/* fault.h - the table of faults: at which points of an update each one can strike, how it
 * is performed, and when a death counts.
 *
 * Adding a fault is adding a name to enum fault_id, a row to the table in fault.c with
 * the function that performs it, and a row to the table of deaths in store/schema.h. It
 * either has points that can be counted, which are all tried one after the other, or
 * strikes at instants, and then every trial is a sample.
 *
 * Whatever strikes, Redis is taken to have executed a prefix of the update: a state that
 * no crash point leaves is unexplained, and fails the run (tally_explain() in
 * result/tally.h; replay/perform.c asks the same). A fault that leaves other states, as a
 * command that is sent twice would, must also say there which are right.
 *
 * Arming happens in the worker, as the last thing before its update; whether a death
 * counts is decided in the lane, from what the worker's page says and how it ended, and
 * is pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "plan/stage.h"

struct bench;
struct death;
struct page;
struct subject;
struct wire;

enum fault_id { FAULT_NONE, FAULT_STEP, FAULT_KILL, FAULT_BYTE, FAULT_COUNT };

/* Where the fault strikes: one of these is used, as the fault says. */
struct fault_point {
    /* After `armed_ns`, of the monotonic clock, when the worker begins to get ready; it
     * begins its update `before_ns` after that. 0: the lane kills, or nobody. */
    uint64_t delay_ns;
    uint64_t armed_ns; /* set by the worker */
    uint64_t before_ns;
    uint64_t commands; /* how many leave the worker */
};

enum outcome {
    OUTCOME_VALID,   /* died inside the update */
    OUTCOME_MISSED,  /* the update was over */
    OUTCOME_EARLY,   /* the update had not begun */
    OUTCOME_TIMEOUT, /* neither died nor ended; the watchdog killed it */
    OUTCOME_ERROR,   /* the update raised, or the worker ended in a way nobody planned */
    OUTCOME_DISTURBED, /* it took longer than most only because others had the CPU */
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
    enum stage stage;      /* in which its points are taken */
    const char *point;     /* what one is called */
    const char *plural[2]; /* several of them: reports have columns and keys of these */
    const char *title;     /* what a replay of one is called */
    const char *operand;   /* how a user names one, in words */
    char mark;             /* stands there between the strategy and the point's number */
    const char *death;     /* told among the commands where it strikes at a point */
    /* Sends a recorded update again, in place of a worker (which needs no `death`), so
     * the update must send the same each time. */
    bool sends_recording;
    /* How many points an update of so many commands and bytes has; they are numbered from
     * 0. NULL: they cannot be counted, and are instants, in ns from the update's
     * beginning. */
    uint64_t (*points)(uint64_t commands, uint64_t bytes);
    /* Lets it strike a subject's update at a point, and waits until Redis is through with
     * it. See trial.h. */
    int (*perform)(struct bench *bench, struct subject *subject, uint64_t point,
                   struct death *ret, struct err *err);
    /* Called in the worker. Returns 0 or -errno. NULL: no worker dies of it. */
    int (*arm)(struct wire *wire, const struct fault_point *point);
    /* Did a worker that SIGKILL ended inside its update die of it? NULL: certainly. */
    bool (*struck)(const struct page *page);
};

const struct fault *fault_by_id(enum fault_id id);
const struct fault *fault_by_name(const char *name); /* NULL if there is none */
enum fault_id fault_id(const struct fault *fault);

/* A list of names with commas in the form in which a request (request.h) has it: in the
 * order of enum fault_id, each once, and `step` always, because the others are judged by
 * it. The caller frees it. */
int faults_parse(const char *list, char **ret, struct err *err);
/* Is it in such a list? */
bool faults_include(const char *list, enum fault_id id);

enum outcome fault_outcome(const struct fault *fault, const struct page *page,
                           struct ending ending);
const char *outcome_name(enum outcome outcome);
