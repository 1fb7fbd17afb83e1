/* fleet.h - a run: all of its lanes and servers, from their start to their end.
 *
 * The first process forks one redis-server and one lane per CPU (and a relay between
 * them, if there is to be a longer round trip) before it makes an event loop, so that a
 * lane inherits the loaded scenario and no loop, and can be a plain blocking program.
 * From then on the loop (libuv) waits for events in the lanes' pipes, for the end of any
 * process (pidfd), for signals, and for a tick, at which it shows how far the run has
 * come and looks for lanes that have said nothing for too long. Children are forked
 * rather than started by uv_spawn(), because each has to set its parent-death signal and
 * its CPU before it does anything else (launch.h). */
#pragma once

#include "replay/operand.h"
#include "result/result.h"
#include "scenario/scenario.h"
#include "store/write.h"

struct run_progress;

struct fleet_options {
    struct scenario *scenario;
    const size_t *strategies; /* that take part */
    size_t finished; /* of a run with programs that is gone on with: so many of them, the
                        first ones, are not begun anew */
    struct plan plan;
    enum request_killer killer;
    uint64_t timeout_ns;
    bool skip_costs;     /* for verdicts alone: do not measure what updates cost */
    struct store *store; /* keeps what lanes tell; borrowed; NULL: it is not kept */
    uint64_t kill_ns;    /* each lane's kills end after so long; 0: when all are done */
    uint64_t prove;      /* harms of programs, per strategy (prove.h) */
    size_t lanes;        /* 0: one per CPU; a run with programs has one */
    const char *redis_server;  /* binary; NULL: from the PATH */
    enum transport transport;  /* of workers; audits always take the unix socket */
    uint64_t rtt_ns;           /* that is added between workers and Redis; 0: none */
    struct run_progress *view; /* may be NULL */
    /* Called when the scenario has been found to be sound and there is something to keep:
     * behind the census; and behind that of each strategy of a run with programs. NULL:
     * nobody wants to know. */
    void (*begun)(void *context);
    void *context; /* of begun(); borrowed */
    /* One lane performs this alone, for result->narrative. NULL: an ordinary run. */
    const struct replay *replay;
};

/* Takes what a request says of how workers are killed, and of their way to Redis. */
void fleet_ask(struct fleet_options *options, const struct request *request);

/* Runs everything that the result does not hold yet. The result is filled as far as
 * things came, also when this returns an error. Nothing is left behind: no process, no
 * socket, no file. A signal that is held (base/signals.h) ends the run at once. */
int fleet_run(const struct fleet_options *options, struct result *result,
              struct err *err);

const char *fleet_libuv_version(void);
