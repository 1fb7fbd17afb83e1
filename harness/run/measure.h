/* measure.h - what a lane learns from updates that nobody interrupts, and tells: what
 * they cost, when their commands are written, and how long they take, by which kills are
 * aimed.
 *
 * Costs are those of a process that makes its updates over and over (trial/cost.h).
 * Timelines and durations are those of workers as kills find them (trial/calibration.h).
 * All are measured behind the census, when Redis has come second on its CPU, and again
 * and again while kills go on. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct address;
struct aim;
struct bench;
struct fleet_options;
struct teller;

struct measure {
    const struct fleet_options *options;
    const struct address *worker_address;
    struct bench *bench;              /* borrowed, as all above */
    struct teller *teller;            /* borrowed; hears what is found */
    uint64_t attempts;                /* per strategy, of all lanes */
    size_t rounds;                    /* of costs, that are over */
    bool kills_wait;                  /* while there is one */
    struct calibration *calibrations; /* one per strategy that takes part; owned */
};

/* The others must outlive it. The bench's judge has learned before anything is measured.
 */
void measure_init(struct measure *measure, const struct fleet_options *options,
                  const struct address *worker_address, struct bench *bench,
                  struct teller *teller);
void measure_release(struct measure *measure);

/* What an update of each strategy takes, side by side. Some of the rounds, before kills;
 * those that are due when a kill of this number is over, so long after kills began; all
 * that are missing. */
int measure_costs_first(struct measure *measure, struct err *err);
int measure_costs_meanwhile(struct measure *measure, uint64_t number, uint64_t passed_ns,
                            struct err *err);
int measure_costs(struct measure *measure, struct err *err);

/* When each command is written and when the update ends, of each strategy. */
int measure_timelines(struct measure *measure, struct err *err);

/* The same, and by it the first aims of all strategies. */
int measure_spans(struct measure *measure, struct err *err);

/* Where a strategy's kills are aimed, for one more; now and then another update is made
 * for it. Borrowed, until the next call. */
int measure_aim(struct measure *measure, size_t subject, const struct aim **ret,
                struct err *err);
/* How long an update took that was over before its kill came. */
void measure_saw(struct measure *measure, size_t subject, uint64_t duration_ns);
