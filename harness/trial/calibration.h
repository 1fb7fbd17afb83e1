/* calibration.h - how long an update takes that is run as those that will be killed, and
 * so the span over which kill instants are drawn. The machine's speed changes while a run
 * goes on, so only the newest updates count. */
#pragma once

#include "trial/trial.h"

#define CALIBRATION_UPDATES 48
/* Who makes that many at once makes at least so many, and no more after so long. */
#define CALIBRATION_LEAST 3
#define CALIBRATION_BUDGET_NS (2 * NSEC_PER_SEC)

struct calibration {
    uint64_t durations_ns[CALIBRATION_UPDATES]; /* a ring */
    size_t count;                               /* ever made */
    uint64_t kills;                             /* that were aimed by it */
    uint64_t span_ns;
};

/* Runs one uninterrupted update of a subject by a job of the fault `kill`. One that is
 * over when it ends is OUTCOME_MISSED, and the bench's page tells when; anything else is
 * for the caller to judge. */
int calibration_run(struct bench *bench, const struct subject *subject,
                    struct worker_job *job, enum outcome *ret, struct err *err);

/* Takes a duration into account. */
void calibration_add(struct calibration *calibration, uint64_t duration_ns);

/* The time over which kill instants are drawn, from the durations of uninterrupted
 * updates. Pure.
 *
 * Drawn uniformly over a span and kept only if the update was still running, instants are
 * distributed as those of a SIGKILL at a random time that happens to land inside an
 * update, for every update shorter than the span. So the span should be long; but
 * attempts that come too late are wasted. The longest observed duration at which a share
 * `valid` of the attempts is expected to land inside is taken (never below the median).
 * 0 of none. */
uint64_t calibration_span_ns(const uint64_t *durations_ns, size_t count, double valid);
