/* calibration.h - how long an update takes that is run as those that will be killed, and
 * so at which instants they are aimed. The machine's speed changes while a run
 * goes on, so only the newest updates count. */
#pragma once

#include "plan/aim.h"
#include "trial/trial.h"

#define CALIBRATION_UPDATES 24
/* Who makes that many at once makes at least so many, and no more after so long. */
#define CALIBRATION_LEAST 3
#define CALIBRATION_BUDGET_NS (2 * NSEC_PER_SEC)

struct calibration {
    uint64_t durations_ns[CALIBRATION_UPDATES]; /* a ring */
    size_t count;                               /* ever made */
    uint64_t longest_ns;                        /* that was ever seen */
    uint64_t kills;                             /* that were aimed by it */
    size_t timed;                               /* updates, command by command */
    struct aim aim;
};

/* Runs one uninterrupted update of a subject by a job of the fault `kill`. One that is
 * over when it ends is OUTCOME_MISSED; anything else is for the caller to judge. How long
 * it took, and how much of that it waited for its CPU while others had it. */
struct calibration_update {
    uint64_t duration_ns, waited_ns;
};
int calibration_run(struct bench *bench, const struct subject *subject,
                    struct worker_job *job, enum outcome *ret_outcome,
                    struct calibration_update *ret, struct err *err);

/* Takes an update into account, by how long it would have taken undisturbed. */
void calibration_add(struct calibration *calibration,
                     const struct calibration_update *update);

/* An update that was to be killed was over before: if it took longer than any that was
 * seen, kills are aimed later from now on. Durations of such updates are no sample of
 * all, so that nothing else follows. */
void calibration_saw(struct calibration *calibration, uint64_t duration_ns);
