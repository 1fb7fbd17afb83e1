/* lane.c - see lane.h. */
#include "run/lane.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "plan/aim.h"
#include "redis/fence.h"
#include "redis/server.h"
#include "replay/replay.h"
#include "run/fleet.h"
#include "run/go.h"
#include "run/measure.h"
#include "run/points.h"
#include "run/tell_ending.h"
#include "run/tell_trace.h"
#include "trial/routine.h"
#include "trial/trespass.h"

struct lane {
    const struct lane_settings *settings;
    const struct fleet_options *options;
    struct bench bench;
    struct teller teller;
    struct trace_teller tracing; /* of programs, by the teller */
    struct recording_watch recordings;
    struct ending_teller ended; /* programs that are not recorded */
    struct routine_watch endings;
    struct measure measure; /* of the bench, told by the teller */
    struct points points;   /* of its census, and of other faults */
    struct cures cures;     /* that are to be tried here */
};

static struct subject *subject_at(const struct lane *lane, size_t subject)
{
    return &lane->bench.judge.subjects[subject];
}

static const char *name_of(const struct lane *lane, size_t subject)
{
    return bench_strategy(&lane->bench, subject_at(lane, subject))->name;
}

static int connect_lane(struct lane *lane, redisContext **ret, struct err *err)
{
    struct event_hello hello;
    CLEANUP(connection_closep) redisContext *connection = NULL;
    int code = connection_open(&lane->settings->address, &connection, err);

    if (code == 0)
        code = server_version(connection, hello.version, sizeof(hello.version), err);
    if (code == 0)
        code = server_read_bytes(connection, hello.version, &hello.read_bytes, err);
    if (code == 0)
        code = fence_raise(connection, err);
    if (code == 0)
        code = tell_event(&lane->teller, EVENT_HELLO, &hello, sizeof(hello), err);
    if (code == 0)
        code =
            server_needs(connection, &lane->options->scenario->needs, hello.version, err);
    if (code == 0)
        *ret = TAKE_PTR(connection);
    return code;
}

/* From here on Redis comes second on its CPU, as it does when workers are killed. */
static int aim(struct lane *lane, enum stage stage, struct err *err)
{
    int code = 0;

    (void)stage;
    if (lane->options->plan.attempts) {
        code = measure_costs_first(&lane->measure, err);
        if (code == 0)
            code = lateness_measure(lane->bench.page, &lane->bench.lateness, err);
        return code == 0 ? measure_spans(&lane->measure, err) : code;
    }
    code = measure_costs(&lane->measure, err);
    if (code == 0 && lane->settings->index == 0 && !lane->settings->skip_timelines &&
        !lane->options->scenario->programs.any)
        code = measure_timelines(&lane->measure, err);
    return code;
}

/* The cures of what one census has found come before the points of other faults. */
static int take_points(struct lane *lane, enum stage stage, struct err *err)
{
    int code = cures_try(&lane->cures, &lane->bench, &lane->teller, err);

    return code == 0 ? points_take(&lane->points, stage, err) : code;
}

static int kill_trial(struct lane *lane, const struct plan_trial *planned,
                      struct death *death, struct err *err)
{
    const struct fault *fault = fault_by_id(FAULT_KILL);
    size_t subject = planned->strategy;
    const struct page *page = lane->bench.page;
    const struct judgement *judgement;
    const struct aim *aim;
    struct aimed aimed;
    int code = measure_aim(&lane->measure, subject, &aim, err);

    if (code < 0)
        return code;
    aimed = aim_at(aim, planned->fraction);
    lane->bench.most_ns = (uint64_t)aim_most_ns(aim);
    code = trial_strike(&lane->bench, subject_at(lane, subject), fault,
                        1 + aimed.instant_ns, death, &judgement, err);
    death->weight_ns = aimed.weight_ns;
    if (code == 0 && death->outcome == OUTCOME_MISSED)
        measure_saw(&lane->measure, subject, page->end_ns - page->begin_ns);
    if (code < 0)
        return trial_is_scenarios(code) ? code
                                        : err_wrap(err, "trial %llu of strategy '%s'",
                                                   (unsigned long long)planned->number,
                                                   name_of(lane, subject));
    if (death->outcome == OUTCOME_ERROR)
        tell_error(&lane->teller, planned->number, lane->bench.page->error, err);
    code =
        tell_death(&lane->teller, fault, subject, planned->number, death, judgement, err);
    bench_end_phase(&lane->bench, PHASE_TELL, clock_now_ns());
    lane->bench.times.trials++;
    return code;
}

/* Not that in which the run was stopped. */
static uint64_t passed_ns(const struct lane *lane, uint64_t start_ns)
{
    uint64_t now_ns = agenda_clock_ns(lane->settings->agenda);

    return now_ns > start_ns ? now_ns - start_ns : 0;
}

static bool out_of_time(const struct lane *lane, uint64_t start_ns)
{
    return lane->options->kill_ns && passed_ns(lane, start_ns) > lane->options->kill_ns;
}

static int run_kills(struct lane *lane, enum stage stage, struct err *err)
{
    CLEANUP(death_release) struct death death = DEATH_NULL;
    uint64_t trials = plan_trials(&lane->options->plan);
    uint64_t start_ns = agenda_clock_ns(lane->settings->agenda), number;
    int code = 0;

    lane->bench.times = (struct trial_times){ .trials = 0 }; /* those of the census */
    while (code == 0 && !out_of_time(lane, start_ns) &&
           agenda_next(lane->settings->agenda, stage, trials, &number)) {
        struct plan_trial planned = plan_trial(&lane->options->plan, number);

        code = kill_trial(lane, &planned, &death, err);
        if (code == 0)
            code = measure_costs_meanwhile(&lane->measure, number,
                                           passed_ns(lane, start_ns), err);
    }
    if (code == 0)
        code = measure_costs(&lane->measure, err);
    if (code == 0)
        code = tell_flush(&lane->teller, err);
    return code == 0 ? tell_event(&lane->teller, EVENT_TIMES, &lane->bench.times,
                                  sizeof(lane->bench.times), err)
                     : code;
}

/* What is found in a stage is compared with what all lanes found in those before, so no
 * lane begins before all are through. */
static int wait_for_go(struct lane *lane, struct err *err)
{
    int code = tell_event(&lane->teller, EVENT_READY, NULL, 0, err);

    return code == 0 ? go_wait(lane->settings->in_fd, &lane->cures, err) : code;
}

/* Does anybody need the recordings of uninterrupted updates? The first lane tries cures.
 */
static bool needs_recordings(const struct lane *lane)
{
    bool needed = lane->options->replay || lane->settings->index == 0;

    for (enum fault_id id = 0; id < FAULT_COUNT; id++)
        needed |= lane->settings->faults[id] && fault_by_id(id)->sends_recording;
    return needed;
}

/* The controls, and what can be known without killing anybody. */
static int learn(struct lane *lane, enum stage stage, struct err *err)
{
    CLEANUP(connection_closep) redisContext *connection = NULL;
    int code = watchdog_start(err);

    (void)stage;
    if (code == 0)
        code = connect_lane(lane, &connection, err);
    if (code == 0)
        code =
            controls_learn(&lane->bench.judge, TAKE_PTR(connection),
                           lane->options->strategies + lane->options->finished,
                           lane->options->plan.strategies - lane->options->finished, err);
    if (code == 0)
        code = tell_controls(&lane->teller, &lane->bench.judge,
                             lane->settings->index == 0, err);
    for (size_t i = 0; i < lane->bench.judge.subject_count; i++)
        if (!needs_recordings(lane) && !subject_at(lane, i)->recorded)
            recording_release(&subject_at(lane, i)->recording);
    return code;
}

/* One trial again, in place of all. */
static int narrate(struct lane *lane, enum stage stage, struct err *err)
{
    CLEANUP(mem_freep) char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    enum replay_likeness likeness;
    int code;

    (void)stage;
    if (!out)
        return err_errno(err, "make room for a narrative");
    code = replay_perform(&lane->bench, lane->options->replay, lane->options->plan.seed,
                          out, &likeness, err);
    fclose(out);
    return code == 0 ? tell_replay(&lane->teller, text, length, likeness, err) : code;
}

static int run_stages(struct lane *lane, struct err *err)
{
    typedef int stage_function(struct lane * lane, enum stage stage, struct err * err);
    static stage_function *const trials[STAGE_COUNT] = {
        [STAGE_LEARN] = learn, [STAGE_CENSUS] = take_points, [STAGE_POINTS] = take_points,
        [STAGE_AIM] = aim,     [STAGE_KILLS] = run_kills,
    };
    static stage_function *const replay[STAGE_COUNT] = {
        [STAGE_LEARN] = learn,
        [STAGE_KILLS] = narrate,
    };
    stage_function *const *stages = lane->options->replay ? replay : trials;
    int code = 0;

    for (size_t i = 0; i < STAGE_COUNT && code == 0; i++) {
        if (stages[i])
            code = stages[i](lane, (enum stage)i, err);
        if (code == 0 && stages[i])
            code = trespass_check(&lane->bench.judge, "an update", err);
        if (code == 0 && i + 1 < STAGE_COUNT)
            code = wait_for_go(lane, err);
    }
    return code == 0 ? tell_event(&lane->teller, EVENT_DONE, NULL, 0, err) : code;
}

static void say_alive(void *context)
{
    struct lane *lane = context;
    struct err ignored = ERR_NULL; /* the fleet is gone: the next event says so */

    tell_event(&lane->teller, EVENT_ALIVE, &lane->bench.judge.doing,
               sizeof(lane->bench.judge.doing), &ignored);
}

int lane_run(const struct lane_settings *settings)
{
    const struct fleet_options *options = settings->options;
    struct lane lane = {
        .settings = settings,
        .options = options,
        .teller = { .fd = settings->out_fd, .first = options->finished, .point = -1 },
        .bench = { .judge = { .scenario = options->scenario,
                              .address = &settings->worker_address,
                              .directory = settings->directory,
                              .alive = say_alive,
                              .alive_context = &lane,
                              .names = { .vary = &options->scenario->programs.vary },
                              .timeout_ns = options->timeout_ns },
                   .killer = options->killer,
                   .record = options->replay },
    };
    struct err err = ERR_NULL;
    int code;

    /* Memory that goes back to the kernel comes back as page faults. */
    mallopt(M_TRIM_THRESHOLD, 16 << 20);
    mallopt(M_MMAP_THRESHOLD, 16 << 20);
    measure_init(&lane.measure, options, &settings->worker_address, &lane.bench,
                 &lane.teller);
    lane.points = (struct points){ .options = options,
                                   .faults = settings->faults,
                                   .agenda = settings->agenda,
                                   .bench = &lane.bench,
                                   .teller = &lane.teller };
    lane.measure.attempts = settings->attempts;
    lane.measure.rounds = settings->cost_rounds;
    lane.tracing.teller = &lane.teller;
    lane.tracing.judge = &lane.bench.judge;
    lane.recordings = trace_teller_watch(&lane.tracing);
    lane.ended.teller = &lane.teller;
    lane.ended.judge = &lane.bench.judge;
    lane.endings = ending_teller_watch(&lane.ended);
    if (!options->replay) {
        lane.bench.judge.recordings = &lane.recordings;
        lane.bench.judge.endings = &lane.endings;
    }
    bench_watch(&lane.bench, settings->server);
    code = bench_init(&lane.bench, &err);
    if (code == 0)
        code = run_stages(&lane, &err);
    if (code < 0) {
        struct err ignored = ERR_NULL;

        if (err.code == ERR_REFUSED)
            err.code = ERR_USAGE;
        tell_flush(&lane.teller, &ignored);
        tell_event(&lane.teller, EVENT_ERROR, &err, sizeof(err), &ignored);
    }
    bench_release(&lane.bench);
    measure_release(&lane.measure);
    points_release(&lane.points);
    cures_release(&lane.cures);
    trace_teller_release(&lane.tracing);
    ending_teller_release(&lane.ended);
    teller_release(&lane.teller);
    return code < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
