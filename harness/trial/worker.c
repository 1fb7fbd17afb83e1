/* worker.c - see worker.h. */
#include "trial/worker.h"

#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mutant.h"
#include "base/process.h"
#include "base/signals.h"
#include "scenario/invariants.h"
#include "scenario/sandbox.h"

#define TICK_US 100000
#define ABSENT_NS NSEC_PER_SEC /* between two ticks: this process was not there */
/* Less is what it takes to go from one to the other and back, a few times. */
#define WAITED_LEAST_NS (20 * NSEC_PER_USEC)
#define HELD_UP_NS ((int64_t)(100 * NSEC_PER_USEC))
#define SHARED_MOST ((size_t)8 << 20)

static void tick(int signal_number)
{
    (void)signal_number;
}

int watchdog_start(struct err *err)
{
    struct sigaction action = { .sa_handler = tick }; /* no SA_RESTART: waits return */
    struct itimerval interval = { { 0, TICK_US }, { 0, TICK_US } };

    if (sigaction(SIGALRM, &action, NULL) < 0 ||
        setitimer(ITIMER_REAL, &interval, NULL) < 0)
        return err_errno(err, "start the watchdog's timer");
    return 0;
}

/* Waits until the word is not zero, for the timeout (NULL: for ever), or a signal. */
static void word_wait(_Atomic uint32_t *word, const struct timespec *timeout)
{
    if (atomic_load(word) == 0)
        syscall(SYS_futex, word, FUTEX_WAIT, 0, timeout, NULL, 0);
}

static void word_set(_Atomic uint32_t *word)
{
    atomic_store(word, 1);
    syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* A kill by the parent is as exact as the parent's waking. By default a sleep may last 50
 * us longer than asked, and the CPU is given at once for sure only to a real-time process
 * (root or CAP_SYS_NICE). */
static void wake_exactly(void)
{
    static bool done;
    struct sched_param priority = { .sched_priority = 1 };

    if (done)
        return;
    done = true;
    prctl(PR_SET_TIMERSLACK, 1);
    if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &priority) < 0)
        process_short_turns();
}

/* What the child is given. It lies in the lane's memory until the child is gone. */
struct life {
    const struct worker_job *job;
    struct page *page;
    int fd; /* the connection */
};

/* `fd`: of the worker (base/process.h), which may be a zombie by now. */
static struct turns turns_of(int fd, const struct worker_job *job)
{
    struct turns turns = { .known = false };

    turns.known = job->server_turns > 0 && process_turns_read(fd, &turns.worker) &&
                  process_turns_read(job->server_turns, &turns.server);
    return turns;
}

/* The child, which may share the lane's memory: nothing here or below may write to what
 * is not the worker's (the page and its memory, the stack, the scenario's Lua state).
 * There are two exceptions, which do no harm: errno, and the constants that localeconv(3)
 * writes anew each time that Lua asks for the decimal point. */
static int live(void *context)
{
    const struct life *life = context;
    const struct worker_job *job = life->job;
    const struct fault *fault = fault_by_id(job->fault);
    struct page *page = life->page;
    struct fault_point point = job->point;
    struct err err = ERR_NULL;
    struct wire *wire;
    int own = job->server_turns > 0 ? process_turns_open(getpid()) : -1;
    int code;

    while (!atomic_load(&page->released))
        word_wait(&page->released, NULL);
    wire = wire_new(life->fd, page);
    sandbox_collect_nothing(job->scenario->lua);
    page->begun = turns_of(own, job);
    if (job->fault == FAULT_KILL && job->killer == KILLER_PARENT)
        word_set(&page->ready);
    page->arm_ns = point.armed_ns = clock_now_ns();
    code = fault->arm ? fault->arm(wire, &point) : 0;
    while (clock_now_ns() < point.armed_ns + point.before_ns)
        ;
    page->begin_ns = clock_now_ns();
    if (code < 0)
        err_set(&err, code, "arm the fault '%s': %s", fault->name, err_words(-code));
    else
        code = scenario_call(job->scenario, job->function, wire, &page->refused, &err);
    if (code == 0 && wire_due(wire))
        code = err_set(&err, ERR_USAGE, "the function ended with replies unread");
    if (code == 0) {
        page->end_ns = clock_now_ns();
        page->ended = turns_of(own, job);
        _exit(EXIT_SUCCESS);
    }
    page->error_code = err.code;
    page->violated_ms = invariants_violated_ms(job->scenario->lua);
    snprintf(page->error, sizeof(page->error), "%.*s", (int)sizeof(page->error) - 1,
             err.msg[0] ? err.msg : "unknown error");
    _exit(EXIT_FAILURE);
}

/* The scenario's Lua state has to be put back after each worker that shares it. With a
 * large one a fork is cheaper, which copies only what is written: sharing makes 2.3 times
 * the trials with 1 MB, 1.8 with 5 MB, 1.1 with 9 MB. */
static bool shares(const struct scenario *scenario)
{
    return process_can_share() && sandbox_bytes(scenario->lua) <= SHARED_MOST;
}

static pid_t start(struct life *life, bool shared, struct err *err)
{
    struct room stack = page_stack(life->page);
    pid_t pid;

    if (shared) {
        sandbox_keep(life->job->scenario->lua);
        return process_share(live, life, stack.at, stack.bytes, err);
    }
    pid = process_fork(false, err);
    return pid == 0 ? live(life) : pid;
}

/* What the worker has left in the lane's memory. */
static void clean_up(const struct life *life)
{
    process_shared();
    if (!mutant("lua-stays"))
        sandbox_put_back(life->job->scenario->lua);
    wire_free(life->page->wire);
}

/* Adds a sample to the typical value of something that is measured again and again;
 * samples that something else must have held up do not count. */
static void typical_add(int64_t *typical_ns, int64_t sample_ns)
{
    if (sample_ns > -HELD_UP_NS && sample_ns < HELD_UP_NS)
        *typical_ns += (sample_ns - *typical_ns) / 8;
}

/* Kills the worker `delay_ns` after it began to get ready. It says so by waking us, and
 * may not have had the time to note when; sleeping and killing take their time too. How
 * much later than asked kills come in all shows afterwards, and the next one is aimed so
 * much earlier. Returns when it killed. */
static uint64_t kill_after(int pidfd, struct page *page, uint64_t delay_ns,
                           uint64_t timeout_ns)
{
    static int64_t late_ns; /* typically */
    struct timespec timeout = ns_to_timespec(timeout_ns);
    uint64_t start_ns = clock_now_ns(), armed_ns, kill_ns;
    struct timespec when;

    while (!atomic_load(&page->ready) && clock_now_ns() - start_ns < timeout_ns)
        word_wait(&page->ready, &timeout);
    armed_ns = page->arm_ns ? page->arm_ns : clock_now_ns();
    when = ns_to_timespec(armed_ns + delay_ns - (uint64_t)late_ns);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL) == EINTR)
        ;
    kill_ns = clock_now_ns();
    syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
    /* If there was something to sleep for. */
    if (page->arm_ns && (int64_t)delay_ns > 2 * late_ns)
        typical_add(&late_ns, (int64_t)(kill_ns - page->arm_ns - delay_ns) + late_ns);
    return kill_ns;
}

#define PATIENCE 40

bool worker_is_late(uint64_t elapsed_ns, uint64_t starved_ns, uint64_t timeout_ns)
{
    if (mutant("starved-blamed"))
        starved_ns = 0;
    return elapsed_ns > timeout_ns &&
           (elapsed_ns - starved_ns > timeout_ns || elapsed_ns / PATIENCE >= timeout_ns);
}

int worker_explain_late(const struct worker_end *end, uint64_t timeout_ns,
                        const char *what, const char *path, struct err *err)
{
    double limit_s = ns_to_s((double)timeout_ns);

    if (end->stopped)
        return err_set(err, -ETIMEDOUT,
                       "%s did not return within %g s (--timeout): somebody has stopped "
                       "its process (SIGSTOP)",
                       what, limit_s);
    if (end->starved_ns)
        return err_set(err, -ETIMEDOUT,
                       "%s did not return, not even when its %g s (--timeout) were made "
                       "longer: for %.1f s it or its server had no CPU, which others "
                       "had. The machine is too busy with something else; fewer --lanes "
                       "or more --timeout may do",
                       what, limit_s, ns_to_s((double)end->starved_ns));
    return err_set(err, ERR_USAGE, "%s: %s did not return within %g s (--timeout)", path,
                   what, limit_s);
}

uint64_t worker_starved_ns(uint64_t elapsed_ns, const struct process_turns *worker,
                           uint64_t server_waited_ns)
{
    uint64_t awake_ns = worker->ran_ns + worker->waited_ns;
    uint64_t asleep_ns = elapsed_ns > awake_ns ? elapsed_ns - awake_ns : 0;

    uint64_t starved_ns = worker->waited_ns;

    if (mutant("waits-add-up"))
        return starved_ns + server_waited_ns;
    starved_ns += server_waited_ns < asleep_ns ? server_waited_ns : asleep_ns;
    return starved_ns < elapsed_ns ? starved_ns : elapsed_ns;
}

uint64_t worker_absent_ns(uint64_t gap_ns, uint64_t awake_ns)
{
    if (mutant("starved-absent"))
        awake_ns = 0;
    return gap_ns <= ABSENT_NS || awake_ns >= gap_ns ? 0 : gap_ns - awake_ns;
}

/* What a worker that has not been reaped, and its server, have had of the CPU until now;
 * of whom the kernel does not tell it stays as it was. */
static void look(pid_t pid, const struct worker_job *job, struct turns *turns)
{
    int fd = process_turns_open(pid);
    bool told = process_turns_read(fd, &turns->worker);

    if (fd >= 0)
        close(fd);
    turns->known = job->server_turns > 0 &&
                   process_turns_read(job->server_turns, &turns->server) && told;
}

static uint64_t awake_ns(const struct process_turns *then,
                         const struct process_turns *now)
{
    return now->ran_ns - then->ran_ns + now->waited_ns - then->waited_ns;
}

/* Of the worker or its server, whichever was so for longer. */
static uint64_t either_awake_ns(const struct turns *then, const struct turns *now)
{
    uint64_t worker_ns = awake_ns(&then->worker, &now->worker);
    uint64_t server_ns = awake_ns(&then->server, &now->server);

    return worker_ns > server_ns ? worker_ns : server_ns;
}

/* Waits for the child's end; when it has had its time it is killed. It stays a zombie,
 * which can still be asked. */
static int await(pid_t pid, const struct worker_job *job, struct ending *ret,
                 struct worker_end *end, struct err *err)
{
    struct turns then, now = { .known = false };
    uint64_t server_waited_ns = 0; /* before the first tick */
    bool first = true;
    uint64_t start_ns = clock_now_ns(), looked_ns = start_ns;
    siginfo_t info = { .si_pid = 0 };
    bool killed = false;

    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0) {
        uint64_t now_ns = clock_now_ns(), elapsed_ns, starved_ns;

        if (errno == ECHILD) /* else: a tick. The worker may have changed errno */
            return err_errno(err, "wait for worker %ld", (long)pid);
        then = now;
        look(pid, job, &now); /* most end before the first tick */
        if (first) {
            then.server = now.server;
            server_waited_ns = now.server.waited_ns;
            first = false;
        }
        start_ns += worker_absent_ns(now_ns - looked_ns, either_awake_ns(&then, &now));
        looked_ns = now_ns;
        elapsed_ns = now_ns - start_ns;
        if (killed || elapsed_ns <= job->timeout_ns)
            continue;
        end->stopped = process_is_stopped(pid);
        starved_ns = worker_starved_ns(elapsed_ns, &now.worker,
                                       now.server.waited_ns - server_waited_ns);
        if (worker_is_late(elapsed_ns, starved_ns, job->timeout_ns)) {
            if (starved_ns + job->timeout_ns >= elapsed_ns)
                end->starved_ns = starved_ns;
            killed = true;
            kill(pid, SIGKILL);
        }
    }
    *ret = (struct ending){
        .by_sigkill = info.si_code == CLD_KILLED && info.si_status == SIGKILL,
        .by_watchdog = killed && info.si_code == CLD_KILLED,
    };
    /* A kill that went wrong is counted; of what must repeat itself nothing is known. */
    if (info.si_code == CLD_KILLED && signals_is_stop(info.si_status) &&
        job->fault != FAULT_KILL)
        return err_set(err, -ECHILD,
                       "worker %ld was killed by signal %d (%s), which somebody else has "
                       "sent",
                       (long)pid, info.si_status, strsignal(info.si_status));
    return 0;
}

static void reap(pid_t pid)
{
    siginfo_t info;

    while (waitid(P_PID, (id_t)pid, &info, WEXITED) < 0 && errno != ECHILD)
        ;
}

/* Time between two moments in which neither the worker nor the server ran, as far as one
 * of them was ready to: the rest they were asleep, as both are while a reply is on its
 * way. */
static uint64_t waited(const struct turns *from, const struct turns *to,
                       uint64_t elapsed_ns)
{
    uint64_t ran_ns, waited_ns;

    if (!from->known || !to->known)
        return 0;
    ran_ns =
        to->worker.ran_ns - from->worker.ran_ns + to->server.ran_ns - from->server.ran_ns;
    waited_ns = to->worker.waited_ns - from->worker.waited_ns + to->server.waited_ns -
                from->server.waited_ns;
    if (ran_ns >= elapsed_ns)
        return 0;
    waited_ns = elapsed_ns - ran_ns < waited_ns ? elapsed_ns - ran_ns : waited_ns;
    return waited_ns < WAITED_LEAST_NS ? 0 : waited_ns;
}

static struct lasted lasted(const struct worker_job *job, const struct page *page,
                            pid_t pid, uint64_t kill_ns)
{
    uint64_t begin_ns = page->begin_ns, end_ns = page->end_ns, now_ns = clock_now_ns();
    struct lasted lasted = { .lived_ns = 0 };
    struct turns to;

    if (!begin_ns)
        return lasted;
    lasted.lived_ns = end_ns               ? end_ns - begin_ns
                      : kill_ns > begin_ns ? kill_ns - begin_ns
                                           : 0;
    lasted.elapsed_ns = (end_ns ? end_ns : now_ns) - begin_ns;
    if (lasted.lived_ns <= job->most_ns || job->fault != FAULT_KILL)
        return lasted;
    to = page->ended;
    if (!to.known)
        look(pid, job, &to);
    lasted.waited_ns = waited(&page->begun, &to, lasted.elapsed_ns);
    return lasted;
}

bool lasted_by_waiting(const struct lasted *lasted, uint64_t most_ns)
{
    uint64_t lived_ns = mutant("dying-disturbs") ? lasted->elapsed_ns : lasted->lived_ns;

    return most_ns && lasted->waited_ns && lived_ns > most_ns &&
           lasted->elapsed_ns - lasted->waited_ns <= most_ns;
}

static bool is_disturbed(enum outcome outcome, const struct lasted *lasted,
                         uint64_t most_ns)
{
    return (outcome == OUTCOME_VALID || outcome == OUTCOME_MISSED) &&
           lasted_by_waiting(lasted, most_ns);
}

static bool parent_kills(const struct worker_job *job)
{
    return job->fault == FAULT_KILL && job->killer == KILLER_PARENT &&
           job->point.delay_ns;
}

int worker_run(const struct worker_job *job, const struct address *address,
               struct page *page, struct worker_end *ret, struct err *err)
{
    CLEANUP(connection_closep) redisContext *connection = NULL;
    CLEANUP(reply_freep) redisReply *reply = NULL;
    int code = connection_open(address, &connection, err);

    if (code == 0)
        code = CONNECTION_COMMAND(connection, &reply, err, "CLIENT", "ID");
    if (code < 0)
        return err_wrap(err, "a worker's connection");
    return worker_run_on(job, TAKE_PTR(connection), reply->integer, page, ret, err);
}

int worker_run_on(const struct worker_job *job, redisContext *taken, int64_t client_id,
                  struct page *page, struct worker_end *ret, struct err *err)
{
    CLEANUP(connection_closep) redisContext *connection = taken;
    struct worker_job inherited = *job;
    struct life life = { &inherited, page, connection->fd };
    bool shared = shares(job->scenario); /* its Lua state may grow in the worker */
    uint64_t kill_ns = 0;                /* monotonic clock */
    uint64_t connected_ns, released_ns;
    enum outcome outcome;
    struct lasted lasts;
    struct worker_end late = { .starved_ns = 0 };
    struct ending ending;
    int pidfd = -1;
    pid_t pid;
    int code;

    connected_ns = clock_now_ns();
    page_reset(page);
    page->record = job->record;
    page->times = job->times;
    page->undisturbed = job->fault == FAULT_NONE;
    if (job->killer == KILLER_PARENT)
        wake_exactly(); /* for calibrations too: they must run as kills do */
    if (parent_kills(job))
        inherited.point.delay_ns = 0;
    pid = start(&life, shared, err);
    if (pid < 0)
        return pid;
    connection = connection_close(connection);
    if (parent_kills(job)) {
        pidfd = process_pidfd(pid, err);
        if (pidfd < 0) {
            process_destroy(pid);
            if (shared)
                clean_up(&life);
            return err->code;
        }
    }
    released_ns = clock_now_ns();
    word_set(&page->released);
    if (pidfd >= 0) {
        kill_ns = kill_after(pidfd, page, job->point.delay_ns, job->timeout_ns);
        close(pidfd);
    }
    code = await(pid, job, &ending, &late, err);
    if (!kill_ns)
        kill_ns = page->arm_ns + inherited.point.delay_ns + job->late_ns;
    lasts = lasted(job, page, pid, kill_ns);
    reap(pid);
    if (shared)
        clean_up(&life);
    if (code < 0)
        return code;
    outcome = fault_outcome(fault_by_id(job->fault), page, ending);
    *ret = (struct worker_end){
        is_disturbed(outcome, &lasts, job->most_ns) ? OUTCOME_DISTURBED : outcome,
        late.starved_ns,
        late.stopped,
        client_id,
        kill_ns > page->begin_ns && page->begin_ns ? kill_ns - page->begin_ns : 0,
        lasts.waited_ns,
        connected_ns,
        released_ns,
        page->end_ns ? page->end_ns : kill_ns,
        clock_now_ns(),
    };
    return 0;
}
