/* lane.c - see lane.h. */
#include "run/lane.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mutant.h"
#include "plan/aim.h"
#include "redis/fence.h"
#include "redis/server.h"
#include "replay/replay.h"
#include "run/fleet.h"
#include "run/go.h"
#include "run/measure.h"
#include "run/places.h"
#include "run/prove.h"
#include "run/tell_ending.h"
#include "run/tell_trace.h"
#include "trial/recorded.h"
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
    struct prove prove;     /* harms of programs */
    struct cures cures;     /* that are to be tried here */
    struct latest {         /* what a program left at its latest point */
        const struct subject *subject;
        size_t state;
        struct judgement judgement;
        bool alike;
    } latest;
    uint64_t states_begun; /* of the strategy that is at work */
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

/* Commands that depend on replies that differ from run to run cannot be sent again. */
static int refuse_varying(const struct lane *lane, const struct fault *fault,
                          size_t subject, struct err *err)
{
    return err_set(
        err, ERR_USAGE,
        "strategy '%s': the fault '%s' sends a recorded update again, but two "
        "uninterrupted updates sent different bytes from command %zu on: it "
        "depends on replies that differ from run to run; leave the strategy out "
        "with --strategy, or the fault with --fault step,kill",
        name_of(lane, subject), fault->name, subject_at(lane, subject)->repeated + 1);
}

/* Mistakes of the scenario's, and survivors that take too long, are told whole: whose
 * they are is among what is said. */
static bool is_scenarios(int code)
{
    return code == ERR_USAGE || code == ERR_REFUSED || code == ROUTINE_LATE;
}

/* A fault strikes; what is left is judged. If a key has lapsed by the clock meanwhile,
 * that may be why things are what they are. */
static int strike(struct lane *lane, const struct fault *fault, size_t subject,
                  uint64_t point, struct death *death, const struct judgement **ret,
                  struct err *err)
{
    struct bench *bench = &lane->bench;
    int code = fault->perform(bench, subject_at(lane, subject), point, death, err);

    if (code == 0)
        code = judge_state(&bench->judge, subject_at(lane, subject), &death->state, ret,
                           err);
    bench_end_phase(bench, PHASE_JUDGE, clock_now_ns());
    return overheard_check(&subject_at(lane, subject)->overheard, err) < 0 ? err->code
                                                                           : code;
}

/* Times to live included, as far as moments tell them apart. */
static bool leaves_old_state(const struct lane *lane, const struct place *place,
                             const struct death *death)
{
    const struct snapshot *old = &subject_at(lane, place->subject)->origin->old;

    return signature_equal(snapshot_timed(&death->state), snapshot_timed(old));
}

/* A point of the census: what it is judged. */
static int tell_census(struct lane *lane, const struct place *place,
                       const struct judgement *judgement, bool alike, struct err *err)
{
    const struct subject *subject = subject_at(lane, place->subject);

    prove_note(&lane->prove, subject, place->subject, place->point, &judgement->verdict);
    return tell_point(&lane->teller, place->subject, place->point, judgement, alike, err);
}

/* Is the state that of the point before, because the command between them changed
 * nothing? It is known of what was recorded. */
static bool is_as_before(const struct lane *lane, const struct place *place)
{
    const struct subject *subject = subject_at(lane, place->subject);

    return place->fault->stage == STAGE_CENSUS && subject->recorded && place->point &&
           lane->latest.subject == subject &&
           lane->latest.state == subject->recorded->states_at[place->point];
}

static void note_latest(struct lane *lane, const struct place *place,
                        const struct judgement *judgement, bool alike)
{
    const struct subject *subject = subject_at(lane, place->subject);

    if (subject->recorded)
        lane->latest =
            (struct latest){ subject, subject->recorded->states_at[place->point],
                             *judgement, alike };
}

/* The states of a program are numbered as they came, and some come again. */
static void note_state(struct lane *lane, const struct place *place)
{
    struct judge *judge = &lane->bench.judge;
    const struct recorded *recorded = subject_at(lane, place->subject)->recorded;

    if (!recorded || place->fault->stage != STAGE_CENSUS) {
        if (judge->doing.what)
            judge_does(judge, DOING_NOTHING, 0, 0, 0);
        return;
    }
    if (!place->point)
        lane->states_begun = 0;
    if (recorded->states_at[place->point] + 1 <= lane->states_begun)
        return;
    lane->states_begun = recorded->states_at[place->point] + 1;
    judge_does(judge, DOING_STATES, subject_at(lane, place->subject)->strategy,
               lane->states_begun, recorded->state_count);
}

static int take_point(struct lane *lane, const struct place *place, struct death *death,
                      struct err *err)
{
    const struct judgement *judgement;
    bool alike;
    int code;

    note_state(lane, place);
    if (is_as_before(lane, place))
        return tell_census(lane, place, &lane->latest.judgement, lane->latest.alike, err);
    code =
        strike(lane, place->fault, place->subject, place->point, death, &judgement, err);

    if (code == TRIAL_VARIES)
        return refuse_varying(lane, place->fault, place->subject, err);
    if (code < 0)
        return is_scenarios(code)
                   ? code
                   : err_wrap(err, "strategy '%s'", name_of(lane, place->subject));
    /* Programs take their time: what does no harm is not looked at twice. */
    if (place->fault->stage == STAGE_CENSUS && judge_was_new(&lane->bench.judge) &&
        (!lane->options->scenario->programs.any ||
         judgement->verdict.later | judgement->verdict.passing))
        code = trial_repeat(&lane->bench, subject_at(lane, place->subject), place->fault,
                            place->point, death, err);
    if (code < 0)
        return overheard_check(&subject_at(lane, place->subject)->overheard, err) < 0
                   ? err->code
                   : code;
    if (place->fault->stage == STAGE_CENSUS) {
        alike = leaves_old_state(lane, place, death);
        note_latest(lane, place, judgement, alike);
        return tell_census(lane, place, judgement, alike, err);
    }
    return tell_death(&lane->teller, place->fault, place->subject, place->point, death,
                      judgement, err);
}

/* The same; what survivors print meanwhile is told with it. */
static int take_place(struct lane *lane, const struct place *place, struct death *death,
                      struct err *err)
{
    int code;

    lane->teller.point = (int64_t)place->point;
    code = take_point(lane, place, death, err);
    lane->teller.point = -1;
    return code;
}

/* What a fault needs of all strategies is looked at before the first is struck. */
static int check_subjects(struct lane *lane, const struct places *places, struct err *err)
{
    for (enum fault_id id = 0; id < FAULT_COUNT; id++)
        for (size_t i = 0; i < lane->bench.judge.subject_count; i++)
            if (places_of(places, id, i) && fault_by_id(id)->sends_recording &&
                !subject_repeats(subject_at(lane, i)))
                return refuse_varying(lane, fault_by_id(id), i, err);
    return 0;
}

/* Is it the last point of a strategy of a run with programs? This one lane takes them
 * all. */
static bool finishes(const struct lane *lane, const struct place *place)
{
    return lane->options->scenario->programs.any && place->fault->stage == STAGE_CENSUS &&
           place->point == subject_at(lane, place->subject)->commands;
}

/* This lane's share of a stage's points. */
static int take_points(struct lane *lane, enum stage stage, struct err *err)
{
    CLEANUP(death_release) struct death death = DEATH_NULL;
    const struct places places = { stage, lane->settings->faults, &lane->bench.judge };
    struct place place;
    uint64_t points = place_find(&places, UINT64_MAX, &place), item;
    int code = cures_try(&lane->cures, &lane->bench, &lane->teller, err);

    if (code == 0)
        code = check_subjects(lane, &places, err);
    while (code == 0 && agenda_next(lane->settings->agenda, stage, points, &item)) {
        place_find(&places, item, &place);
        if (item > 0 || stage != STAGE_CENSUS || !mutant("census-short"))
            code = take_place(lane, &place, &death, err);
        if (code == 0 && finishes(lane, &place))
            code = prove_all(&lane->prove, &lane->bench, place.subject,
                             lane->options->prove, &lane->teller, err);
    }
    return code == 0 ? tell_flush(&lane->teller, err) : code;
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
    code = strike(lane, fault, subject, 1 + aimed.instant_ns, death, &judgement, err);
    death->weight_ns = aimed.weight_ns;
    if (code == 0 && death->outcome == OUTCOME_MISSED)
        measure_saw(&lane->measure, subject, page->end_ns - page->begin_ns);
    if (code < 0)
        return is_scenarios(code) ? code
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

static bool out_of_time(const struct lane *lane, uint64_t start_ns)
{
    return lane->options->kill_ns && clock_now_ns() - start_ns > lane->options->kill_ns;
}

static int run_kills(struct lane *lane, enum stage stage, struct err *err)
{
    CLEANUP(death_release) struct death death = DEATH_NULL;
    uint64_t trials = plan_trials(&lane->options->plan);
    uint64_t start_ns = clock_now_ns(), number;
    int code = 0;

    lane->bench.times = (struct trial_times){ .trials = 0 }; /* those of the census */
    while (code == 0 && !out_of_time(lane, start_ns) &&
           agenda_next(lane->settings->agenda, stage, trials, &number)) {
        struct plan_trial planned = plan_trial(&lane->options->plan, number);

        code = kill_trial(lane, &planned, &death, err);
        if (code == 0)
            code = measure_costs_meanwhile(&lane->measure, number, start_ns, err);
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
    prove_release(&lane.prove);
    cures_release(&lane.cures);
    trace_teller_release(&lane.tracing);
    ending_teller_release(&lane.ended);
    teller_release(&lane.teller);
    return code < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
