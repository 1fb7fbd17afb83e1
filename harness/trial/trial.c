/* trial.c - see trial.h. */
#include "trial/trial.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "trial/recorded.h"
#include "trial/repeat.h"
#include "trial/routine.h"
#include "trial/sure.h"

void death_release(struct death *death)
{
    snapshot_release(&death->state);
}

int bench_init(struct bench *bench, struct err *err)
{
    bench->page = page_map(err);
    return bench->page ? 0 : err->code;
}

void bench_watch(struct bench *bench, pid_t server)
{
    struct process_turns turns;
    int fd = process_turns_open(server);

    /* A server that is up and never ran is that of a kernel that does not count
     * (sched_info_on() in kernel/sched). */
    if (fd >= 0 && process_turns_read(fd, &turns) && turns.ran_ns)
        bench->judge.server_turns = fd;
    else if (fd >= 0)
        close(fd);
}

void bench_release(struct bench *bench)
{
    bench->next = connection_close(bench->next);
    if (bench->judge.server_turns > 0)
        close(bench->judge.server_turns);
    bench->judge.server_turns = 0;
    judge_release(&bench->judge);
    bench->page = page_unmap(bench->page);
}

const struct strategy *bench_strategy(const struct bench *bench,
                                      const struct subject *subject)
{
    return &bench->judge.scenario->outline.strategies[subject->strategy];
}

int bench_explain_late(const struct bench *bench, const struct subject *subject,
                       struct err *err)
{
    CLEANUP(mem_freep)
    char *what =
        mem_printf("strategy '%s': update", bench_strategy(bench, subject)->name);

    return worker_explain_late(&bench->last, bench->judge.timeout_ns, what,
                               bench->judge.scenario->outline.path, err);
}

void bench_end_phase(struct bench *bench, enum phase phase, uint64_t now_ns)
{
    if (now_ns < bench->phase_ns)
        return;
    bench->times.phase_ns[phase] += now_ns - bench->phase_ns;
    bench->phase_ns = now_ns;
}

static void end_worker_phases(struct bench *bench, const struct worker_end *end)
{
    bench_end_phase(bench, PHASE_CONNECT, end->connected_ns);
    bench_end_phase(bench, PHASE_FORK, end->released_ns);
    bench_end_phase(bench, PHASE_RUN,
                    end->ended_ns < end->reaped_ns ? end->ended_ns : end->reaped_ns);
    bench_end_phase(bench, PHASE_REAP, end->reaped_ns);
}

struct worker_job trial_job(const struct bench *bench, const struct subject *subject,
                            enum fault_id fault)
{
    return (struct worker_job){
        .scenario = bench->judge.scenario,
        .function = bench->judge.scenario->functions[subject->strategy].update,
        .fault = fault,
        .point.before_ns = fault == FAULT_KILL ? bench->lateness.most_ns : 0,
        .late_ns = bench->lateness.typical_ns,
        .killer = bench->killer,
        .record = bench->record,
        .times = bench->record,
        .timeout_ns = bench->judge.timeout_ns,
        .server_turns = bench->judge.server_turns,
        .most_ns = fault == FAULT_KILL ? bench->most_ns : 0,
    };
}

/* Drain and audit, on the connection of the next worker. A new connection costs Redis the
 * same whether it is there for that or not, and what Redis reads from it first is read
 * after the end of the dead worker's, so that one look is enough. */
static int look(struct bench *bench, int64_t client_id, struct snapshot *snapshot,
                struct err *err)
{
    int code = connection_open(bench->judge.address, &bench->next, err);

    bench_end_phase(bench, PHASE_CONNECT, clock_now_ns());
    if (code < 0)
        return code;
    code =
        snapshot_take_by(&bench->judge.observer, bench->next, client_id, snapshot, err);
    bench->next_id = snapshot->by;
    bench_end_phase(bench, PHASE_AUDIT, clock_now_ns());
    return code;
}

int trial_run(struct bench *bench, const struct subject *subject,
              const struct worker_job *job, struct death *ret, struct err *err)
{
    struct worker_end end;
    int code;

    bench->phase_ns = clock_now_ns();
    code = judge_prepare(&bench->judge, subject, err);
    bench_end_phase(bench, PHASE_PREPARE, clock_now_ns());
    if (code == 0)
        code = bench->next
                   ? worker_run_on(job, TAKE_PTR(bench->next), bench->next_id,
                                   bench->page, &end, err)
                   : worker_run(job, bench->judge.address, bench->page, &end, err);
    if (bench->page->commands)
        judge_touched(&bench->judge);
    if (code < 0)
        return code;
    end_worker_phases(bench, &end);
    bench->last = end;
    ret->outcome = end.outcome;
    ret->commands = bench->page->commands;
    ret->replies = bench->page->replies;
    ret->kill_ns = end.kill_ns;
    return look(bench, end.client_id, &ret->state, err);
}

int trial_recorded(struct bench *bench, struct subject *subject, uint64_t commands,
                   struct death *ret, struct err *err)
{
    int code = recorded_cut(&bench->judge, subject, commands, err);

    ret->outcome = commands < subject->commands ? OUTCOME_VALID : OUTCOME_MISSED;
    ret->commands = ret->replies = commands;
    return code == 0 ? snapshot_take(&bench->judge.observer, 0, &ret->state, err) : code;
}

/* If a key has lapsed by the clock meanwhile, that may be why things are what they are.
 */
int trial_strike(struct bench *bench, struct subject *subject, const struct fault *fault,
                 uint64_t point, struct death *ret,
                 const struct judgement **ret_judgement, struct err *err)
{
    int code = fault->perform(bench, subject, point, ret, err);

    if (code == 0)
        code = judge_state(&bench->judge, subject, &ret->state, ret_judgement, err);
    bench_end_phase(bench, PHASE_JUDGE, clock_now_ns());
    return overheard_check(&subject->overheard, err) < 0 ? err->code : code;
}

bool trial_is_scenarios(int code)
{
    return code == ERR_USAGE || code == ERR_REFUSED || code == ROUTINE_LATE;
}

/* A death that is to happen again. */
struct encore {
    struct bench *bench;
    struct subject *subject;
    const struct fault *fault;
    uint64_t point;
    const struct death *death;
};

static int die_again(void *context, struct err *err)
{
    CLEANUP(death_release) struct death death = DEATH_NULL;
    const struct encore *encore = context;
    char difference[EXAMPLE_TEXT];
    int code = encore->fault->perform(encore->bench, encore->subject, encore->point,
                                      &death, err);

    state_sort(&death.state.state);
    if (code != 0 || !state_difference(&encore->death->state.state, &death.state.state,
                                       difference, sizeof(difference)))
        return code;
    return err_set(err, ERR_USAGE,
                   "%s: two deaths of strategy '%s' at %s %llu left different states "
                   "(%s); " SURE_ADVICE,
                   encore->bench->judge.scenario->outline.path,
                   bench_strategy(encore->bench, encore->subject)->name,
                   encore->fault->point, (unsigned long long)encore->point, difference);
}

int trial_repeat(struct bench *bench, struct subject *subject, const struct fault *fault,
                 uint64_t point, const struct death *death, struct err *err)
{
    CLEANUP(mem_freep)
    char *name =
        mem_printf("the death at %s %llu", fault->point, (unsigned long long)point);
    struct moments moments = bench->judge.aftermath.moments;
    struct encore encore = { bench, subject, fault, point, death };

    return repeat_aftermath(&bench->judge, subject,
                            &(struct remake){ die_again, &encore, name, true }, &moments,
                            true, &bench->judge.aftermath, err);
}

/* Also when answers differ, nothing may be done before Redis has let go of the cut. */
static int cut_once(struct bench *bench, const struct subject *subject, uint64_t bytes,
                    struct snapshot *snapshot, struct err *err)
{
    const struct recording *recording = &subject->recording;
    int64_t client_id = 0;
    int code = judge_prepare(&bench->judge, subject, err), heard;

    if (code < 0)
        return code;
    heard = recording_cut(recording, bench->judge.address, bytes, &client_id, err);
    if (recording_complete(recording, bytes))
        judge_touched(&bench->judge);
    if (heard == 0 || heard == RECORDING_ANSWERS_DIFFER)
        code = snapshot_take(&bench->judge.observer, client_id, snapshot, err);
    return code == 0 ? heard : code;
}

/* Answers that differ from run to run were not known as such if they did not differ
 * before; then the cut is made once more. */
int trial_cut(struct bench *bench, struct subject *subject, uint64_t bytes,
              struct snapshot *snapshot, struct err *err)
{
    int code;

    if (!subject_repeats(subject))
        return TRIAL_VARIES;
    code = cut_once(bench, subject, bytes, snapshot, err);
    if (code != RECORDING_ANSWERS_DIFFER)
        return code;
    *err = ERR_NULL;
    code = controls_record_again(&bench->judge, subject, err);
    if (code < 0)
        return code;
    if (!subject_repeats(subject))
        return TRIAL_VARIES;
    return cut_once(bench, subject, bytes, snapshot, err);
}
