/* worker.h - the child's whole life: a process that runs one function of the scenario
 * once, on a connection of its own.
 *
 * A fork copies the lane's page tables, every page that the child writes, and has all of
 * it to give back: that was half of a trial. So the child shares the lane's memory
 * (process.h) and keeps to what is the worker's: the page with the wire's memory and its
 * stack, and the scenario's Lua state, which the lane itself never runs. What it leaves
 * there, wherever it died, the lane puts back by one copy. With a large Lua state, or
 * under a sanitizer that cannot have it, the child is forked, and all else is the same.
 *
 * The lane opens the connection, asks for its client id and starts the child, which
 * inherits the connection. The child does nothing until the lane has closed its own copy,
 * because a connection dies with its last copy, and the worker's death must be its death.
 * The page says how far it came. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/process.h"
#include "plan/request.h"
#include "redis/connection.h"
#include "redis/wire.h"
#include "scenario/scenario.h"
#include "trial/fault.h"

struct worker_job {
    struct scenario *scenario;
    scenario_function function;
    enum fault_id fault;
    struct fault_point point;
    uint64_t late_ns;           /* that a timer's SIGKILL typically comes */
    enum request_killer killer; /* with FAULT_KILL */
    bool record, times;         /* traces that are wanted */
    uint64_t timeout_ns;        /* after which the watchdog kills it */
    /* What the server has of its CPU (base/process.h); 0: nobody looks. If the update
     * takes longer than most do, or than it may, it is looked at whether it had to wait.
     */
    int server_turns;
    uint64_t most_ns;
};

struct worker_end {
    enum outcome outcome;
    /* Of one that never had its time: how long it had to wait for a CPU, it or its
     * server, while others had it. Of one that took too long: has somebody stopped it? */
    uint64_t starved_ns;
    bool stopped;
    int64_t client_id; /* whom to wait for before looking at the state */
    /* With FAULT_KILL: when SIGKILL came, as late as it typically does, or was sent,
     * after the update's beginning; 0: before it. */
    uint64_t kill_ns;
    /* How long the worker or the server was ready to run while somebody else did, from
     * the update's beginning on, at most; 0 if nobody looked. */
    uint64_t waited_ns;
    /* When it was connected, was let go, ended (its kill was due, or its update was
     * over), and was reaped; monotonic clock. */
    uint64_t connected_ns, released_ns, ended_ns, reaped_ns;
};

/* How long an update lasted until its end, or until it was killed; until its end, or
 * until its worker was dead; and how much of the latter it waited for its CPU while
 * others had it (0: it did not, or nobody looked). */
struct lasted {
    uint64_t lived_ns, elapsed_ns, waited_ns;
};

/* Did it last longer than most, and would it not have, had nobody else had the CPU? A
 * worker that is killed while it is asleep needs the CPU once more to die, and may wait
 * for that too, which one that is killed while it runs does not. So that counts on both
 * sides, and only of updates that had taken longer than most when they were killed: else
 * whether a kill is left out would depend on where in the update it fell. */
bool lasted_by_waiting(const struct lasted *lasted, uint64_t most_ns);

/* Its lane has not looked for so long, in which it or its server ran, or were ready to,
 * for so long. How much of that does not count, as all were stopped together? When others
 * have the CPU its lane looks late, too, but then it waits, which worker_starved_ns()
 * tells. Pure. */
uint64_t worker_absent_ns(uint64_t gap_ns, uint64_t awake_ns);

/* How long a worker that has been there for so long was ready to run and did not, or
 * slept while its server was ready and did not. What the server waits for while the
 * worker runs holds nobody up. No longer than it has been there, although it may have
 * waited longer: time in which its lane was not there either does not count. Pure. */
uint64_t worker_starved_ns(uint64_t elapsed_ns, const struct process_turns *worker,
                           uint64_t server_waited_ns);

/* Has it had its time? What it did not get of the CPU is added to it, up to 39 times as
 * much: it is not the update's fault. Pure. */
bool worker_is_late(uint64_t elapsed_ns, uint64_t starved_ns, uint64_t timeout_ns);

/* Says of one that was late whose fault that is: the scenario's (ERR_USAGE), whose path
 * is named, only if it had its time. `what` is what did not return. */
int worker_explain_late(const struct worker_end *end, uint64_t timeout_ns,
                        const char *what, const char *path, struct err *err);

/* The watchdog's tick: interrupts a wait ten times a second, so that worker_run() can
 * look at the clock. Once per lane. */
int watchdog_start(struct err *err);

/* Runs a worker from birth to reaping. How far it came is in the page. An error is one of
 * the infrastructure (clone, connect); what happened to the worker is an outcome. */
int worker_run(const struct worker_job *job, const struct address *address,
               struct page *page, struct worker_end *ret, struct err *err);

/* The same on a connection that is open and idle, and is taken over. */
int worker_run_on(const struct worker_job *job, redisContext *connection,
                  int64_t client_id, struct page *page, struct worker_end *ret,
                  struct err *err);
