/* trial.h - one death: the old state is put back, a worker runs and is killed, Redis lets
 * go of it, and what it left is looked at.
 *
 * All of it takes place on a bench: a judge, the page of the workers that die, and the
 * connection of the next one. A lane owns one; a replay takes place on it, too. */
#pragma once

#include "trial/controls.h"
#include "trial/lateness.h"
#include "trial/phase.h"

struct bench {
    struct judge judge; /* knows where workers find Redis, and how long they may take */
    struct page *page;  /* of the workers that die; owned */
    enum request_killer killer;
    bool record;        /* workers are recorded: what they say and hear, and when */
    redisContext *next; /* of the next worker, which has looked already; NULL: none */
    int64_t next_id;
    struct lateness lateness; /* of SIGKILL; 0: not known */
    uint64_t most_ns; /* what most updates of the subject that is killed take at most */
    struct worker_end last; /* how the worker that ran last ended */
    struct trial_times times;
    uint64_t phase_ns; /* when the phase that goes on began */
};

/* What a trial came to. */
struct death {
    enum outcome outcome;
    uint64_t commands, replies; /* written; read: what Redis executed is between them */
    uint64_t kill_ns;           /* see worker.h */
    double weight_ns;           /* of a kill, see plan/aim.h; set by who aimed it */
    struct snapshot state;      /* owned: what it left */
};
#define DEATH_NULL ((struct death){ .state = SNAPSHOT_NULL })
void death_release(struct death *death);

/* The judge's scenario, address and timeout are set; it learns later. */
int bench_init(struct bench *bench, struct err *err);
/* From here on it is looked at whether workers and this redis-server have to wait for
 * their CPU, if the kernel tells. */
void bench_watch(struct bench *bench, pid_t server);
void bench_release(struct bench *bench);

const struct strategy *bench_strategy(const struct bench *bench,
                                      const struct subject *subject);

/* Says of the worker that ran last, which the watchdog killed, whose fault that is; see
 * worker_explain_late(). */
int bench_explain_late(const struct bench *bench, const struct subject *subject,
                       struct err *err);

/* A phase is over. One that something has held up may seem to end before it began. */
void bench_end_phase(struct bench *bench, enum phase phase, uint64_t now_ns);

/* A worker that runs a subject's update. The fault's point is the caller's to set. */
struct worker_job trial_job(const struct bench *bench, const struct subject *subject,
                            enum fault_id fault);

/* Prepares for a subject, runs a worker, waits until Redis has let go of it, and looks.
 */
int trial_run(struct bench *bench, const struct subject *subject,
              const struct worker_job *job, struct death *ret, struct err *err);

/* In place of a program that dies, what the first so many commands of its recording
 * leave. */
int trial_recorded(struct bench *bench, struct subject *subject, uint64_t commands,
                   struct death *ret, struct err *err);

/* A fault strikes; what is left is judged. */
int trial_strike(struct bench *bench, struct subject *subject, const struct fault *fault,
                 uint64_t point, struct death *ret,
                 const struct judgement **ret_judgement, struct err *err);
/* Is an error of a trial's a mistake of the scenario's, or a survivor that takes too
 * long? These are told whole: whose they are is among what is said. */
bool trial_is_scenarios(int code);

/* A death that was judged for the first time, once more and as often as it takes to be
 * sure: it must leave the same state at this point of its fault, and the same must become
 * of it. Else the scenario is not fit to be tested, which is ERR_USAGE. */
int trial_repeat(struct bench *bench, struct subject *subject, const struct fault *fault,
                 uint64_t point, const struct death *death, struct err *err);

/* In place of a worker, exactly so many bytes of the subject's recorded update arrive.
 * TRIAL_VARIES: what it sends depends on replies that differ from run to run, so it
 * cannot be sent again. */
#define TRIAL_VARIES 1
int trial_cut(struct bench *bench, struct subject *subject, uint64_t bytes,
              struct snapshot *snapshot, struct err *err);
