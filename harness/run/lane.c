/* lane.c - see lane.h. */
#include "run/lane.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mutant.h"
#include "redis/server.h"
#include "run/pipe.h"
#include "trial/calibration.h"
#include "trial/cost.h"

/* Each strategy's span is calibrated on the newest updates: one more is made every so
 * many of its attempts. */
#define RECALIBRATE_EVERY 24
#define TIMELINE_UPDATES 15
/* Of all these updates together: longer ones are timed less often. */
#define TIMELINE_TIMES 1000000

#define TEXT_BYTES 32768 /* of a narrative, in one event */
#define BATCH_TRIALS 64
#define BATCH_NS (50 * NSEC_PER_MSEC)

struct lane {
    const struct lane_settings *settings;
    struct bench bench;
    struct calibration *calibrations; /* one per strategy that takes part */
    struct event_trial batch[BATCH_TRIALS];
    size_t batched;
    uint64_t batch_start_ns;
    bool noted; /* an error was told */
};

static int tell(struct lane *lane, enum event_type type, const void *body, size_t bytes,
                struct err *err)
{
    return pipe_send(lane->settings->out_fd, type, body, bytes, err);
}

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
        code = tell(lane, EVENT_HELLO, &hello, sizeof(hello), err);
    if (code == 0)
        *ret = TAKE_PTR(connection);
    return code;
}

struct telling {
    struct lane *lane;
    size_t subject;
    struct err *err; /* of the first that could not be told */
};

static void tell_command(void *context, size_t index, int argc, const char *const *argv,
                         const size_t *lengths)
{
    struct telling *telling = context;
    struct lane *lane = telling->lane;
    const struct trace *trace =
        &subject_at(lane, telling->subject)->recording.traces[index];
    struct event_command event = {
        .strategy = (uint32_t)telling->subject,
        .index = index,
        .end = trace->end,
        .write = trace->write,
        .replies = trace->replies,
    };

    command_parse(&event.command, argc, argv, lengths);
    event.key_was_there = judge_key_was_there(&lane->bench.judge, event.command.key_hash);
    if (!telling->err->code)
        tell(lane, EVENT_COMMAND, &event, sizeof(event), telling->err);
}

static int tell_commands(struct lane *lane, size_t subject, struct err *err)
{
    struct telling telling = { lane, subject, err };
    int code = recording_each(&subject_at(lane, subject)->recording, tell_command,
                              &telling, err);

    return code == 0 ? err->code : code;
}

static int tell_controls(struct lane *lane, struct err *err)
{
    int code = 0;

    for (size_t i = 0; i < lane->bench.judge.subject_count && code == 0; i++) {
        const struct subject *subject = subject_at(lane, i);
        struct event_control control = {
            .strategy = (uint32_t)i,
            .uncrashed = subject->uncrashed,
            .commands = subject->commands,
            .bytes = subject->bytes,
            .trips = subject->trips,
            .done = subject->done.signature,
        };

        memcpy(control.example, subject->uncrashed_example, sizeof(control.example));
        code = tell(lane, EVENT_CONTROL, &control, sizeof(control), err);
        if (code == 0 && lane->settings->index == 0)
            code = tell_commands(lane, i, err);
    }
    return code;
}

/* One that stalls until the watchdog comes leaves *ret_ns as it is, if that is known
 * already (not 0). */
static int run_uninterrupted(struct lane *lane, size_t subject, bool times,
                             uint64_t *ret_ns, struct err *err)
{
    struct worker_job job =
        trial_job(&lane->bench, subject_at(lane, subject), FAULT_KILL);
    const struct page *page = lane->bench.page;
    enum outcome outcome;
    int code;

    job.times = times;
    code = calibration_run(&lane->bench, &job, &outcome, err);
    if (code < 0 || (outcome == OUTCOME_TIMEOUT && *ret_ns))
        return code;
    if (outcome != OUTCOME_MISSED)
        return err_set(err, page->error_code ? page->error_code : -ECHILD,
                       "strategy '%s': an uninterrupted update ended with %s%s%s",
                       name_of(lane, subject), outcome_name(outcome),
                       page->error[0] ? ": " : "", page->error);
    *ret_ns = page->end_ns - page->begin_ns;
    return 0;
}

static int calibrate(struct lane *lane, size_t subject, struct err *err)
{
    struct calibration *calibration = &lane->calibrations[subject];
    uint64_t duration_ns = calibration->span_ns; /* should the update stall */
    int code = run_uninterrupted(lane, subject, false, &duration_ns, err);

    if (code == 0)
        calibration_add(calibration, duration_ns);
    return code;
}

/* Rounds over all strategies until there are enough samples or the time is up. */
static int calibrate_all(struct lane *lane, struct err *err)
{
    size_t subjects = lane->bench.judge.subject_count;
    uint64_t budget_ns = CALIBRATION_BUDGET_NS * subjects;
    uint64_t start_ns = clock_now_ns();
    size_t least = CALIBRATION_LEAST;
    int code = 0;

    if (lane->settings->kill_ns && lane->settings->kill_ns / 4 < budget_ns) {
        budget_ns = lane->settings->kill_ns / 4;
        least = 1;
    }
    for (size_t round = 0; round < CALIBRATION_UPDATES && code == 0; round++) {
        if (round >= least && clock_now_ns() - start_ns > budget_ns)
            break;
        for (size_t i = 0; i < subjects && code == 0; i++) {
            code = calibrate(lane, i, err);
            if (code == 0)
                code = tell(lane, EVENT_ALIVE, NULL, 0, err);
        }
    }
    return code;
}

static int tell_samples(struct lane *lane, size_t subject, enum samples_kind kind,
                        const uint64_t *values, size_t count, struct err *err)
{
    size_t bytes = sizeof(struct event_samples) + count * sizeof(*values);
    CLEANUP(mem_freep) struct event_samples *samples = mem_alloc(bytes);

    samples->strategy = (uint32_t)subject;
    samples->kind = kind;
    samples->count = count;
    if (count)
        memcpy(samples->values, values, count * sizeof(*values));
    return tell(lane, EVENT_SAMPLES, samples, bytes, err);
}

/* When each command was written, and when the update ended, in a few uninterrupted ones.
 */
static int find_timeline(struct lane *lane, size_t subject, struct err *err)
{
    size_t commands = (size_t)subject_at(lane, subject)->commands;
    size_t most = TIMELINE_TIMES / (commands + 1);
    CLEANUP(mem_freep) uint64_t *times_ns = MEM_ARRAY(uint64_t, commands + 1);
    uint64_t start_ns = clock_now_ns();

    for (size_t runs = 0;
         runs == 0 || (runs < TIMELINE_UPDATES && runs < most &&
                       clock_now_ns() - start_ns < CALIBRATION_BUDGET_NS);
         runs++) {
        uint64_t *end_ns = &times_ns[commands];
        int code;

        *end_ns = UINT64_MAX; /* stays so if the update stalls */
        code = run_uninterrupted(lane, subject, true, end_ns, err);
        for (size_t k = 0; k < commands; k++)
            times_ns[k] = lane->bench.page->traces[k].write_ns;
        if (code == 0 && *end_ns != UINT64_MAX)
            code = tell_samples(lane, subject, SAMPLES_TIMELINE, times_ns, commands + 1,
                                err);
        if (code < 0)
            return code;
    }
    return 0;
}

static int measure_all(struct lane *lane, struct err *err)
{
    const struct lane_settings *settings = lane->settings;
    const struct cost_order order = {
        .scenario = settings->scenario,
        .strategies = settings->strategies,
        .count = settings->plan.strategies,
        .address = &settings->address,
        .worker_address = &settings->worker_address,
        .kept = lane->bench.judge.auditor.kept,
        .timeout_ns = settings->timeout_ns,
    };
    CLEANUP(cost_release) struct cost cost = COST_NULL;
    int code = cost_measure(&order, &cost, err);

    judge_touched(&lane->bench.judge);
    for (size_t i = 0; i < order.count && code == 0; i++)
        code = tell_samples(lane, i, SAMPLES_UPDATE, &cost.durations_ns[i * COST_UPDATES],
                            cost.counts[i], err);
    return code;
}

/* From here on Redis comes second on its CPU, as it does when workers are killed. */
static int aim(struct lane *lane, struct err *err)
{
    bool timelines = lane->settings->index == 0 && !lane->settings->skip_timelines;
    int code = 0;

    for (size_t i = 0; i < lane->bench.judge.subject_count && code == 0 && timelines; i++)
        code = find_timeline(lane, i, err);
    if (code == 0 && lane->settings->plan.attempts)
        code = calibrate_all(lane, err);
    return code;
}

/* A trial, and its verdict. */
static int try_once(struct lane *lane, size_t subject, const struct worker_job *job,
                    struct worker_end *ret_end, struct snapshot *snapshot,
                    const struct judgement **ret, struct err *err)
{
    struct bench *bench = &lane->bench;
    int code = trial_run(bench, job, ret_end, snapshot, err);

    if (code < 0)
        return code;
    code = judge_state(&bench->judge, subject_at(lane, subject), snapshot, ret, err);
    bench_end_phase(bench, PHASE_JUDGE, clock_now_ns());
    return code;
}

static int census_point(struct lane *lane, size_t subject, uint64_t index,
                        struct snapshot *snapshot, struct err *err)
{
    struct worker_job job =
        trial_job(&lane->bench, subject_at(lane, subject), FAULT_STEP);
    struct event_point point = {
        .strategy = (uint32_t)subject,
        .index = index,
    };
    const struct judgement *judgement;
    struct worker_end end;
    uint64_t commands = subject_at(lane, subject)->commands;
    int code;

    job.point.commands = index;
    code = try_once(lane, subject, &job, &end, snapshot, &judgement, err);
    if (code < 0)
        return code;
    /* The last point is that of a worker that survived: it proves that the end was
     * reached. */
    if (end.outcome != (index == commands ? OUTCOME_MISSED : OUTCOME_VALID) ||
        lane->bench.page->commands != index)
        return err_set(
            err, lane->bench.page->error_code ? lane->bench.page->error_code : ERR_USAGE,
            "strategy '%s' does not repeat itself: cut after %llu of %llu commands, the "
            "worker ended with '%s' after %llu%s%s",
            name_of(lane, subject), (unsigned long long)index,
            (unsigned long long)commands, outcome_name(end.outcome),
            (unsigned long long)lane->bench.page->commands,
            lane->bench.page->error[0] ? ": " : "", lane->bench.page->error);
    point.now = judgement->now;
    point.later = judgement->later;
    point.signature = judgement->signature;
    memcpy(point.example, judgement->example, sizeof(point.example));
    return tell(lane, EVENT_POINT, &point, sizeof(point), err);
}

/* Some items of a stage are numbered through all strategies. How many there are, if
 * `count` says how many a strategy has. */
static uint64_t sum_of(const struct lane *lane,
                       uint64_t (*count)(const struct subject *subject))
{
    uint64_t sum = 0;

    for (size_t i = 0; i < lane->bench.judge.subject_count; i++)
        sum += count(subject_at(lane, i));
    return sum;
}

/* Which strategy has an item, and which of its own it is. */
static size_t subject_of(const struct lane *lane,
                         uint64_t (*count)(const struct subject *subject), uint64_t item,
                         uint64_t *ret_own)
{
    size_t subject = 0;

    while (item >= count(subject_at(lane, subject)))
        item -= count(&lane->bench.judge.subjects[subject++]);
    *ret_own = item;
    return subject;
}

static uint64_t points_of(const struct subject *subject)
{
    return subject->commands + 1;
}

static uint64_t positions_of(const struct subject *subject)
{
    return subject->bytes + 1;
}

/* This lane's share of the crash points of all strategies. */
static int take_census(struct lane *lane, struct err *err)
{
    CLEANUP(snapshot_release) struct snapshot snapshot = SNAPSHOT_NULL;
    uint64_t points = sum_of(lane, points_of), item, k;
    int code = 0;

    while (code == 0 &&
           agenda_next(lane->settings->agenda, STAGE_CENSUS, points, &item)) {
        size_t subject = subject_of(lane, points_of, item, &k);

        if (k > 0 || !mutant("census-short"))
            code = census_point(lane, subject, k, &snapshot, err);
    }
    return code;
}

static int flush_batch(struct lane *lane, struct err *err)
{
    int code = 0;

    if (lane->batched)
        code = tell(lane, EVENT_TRIALS, lane->batch, lane->batched * sizeof(*lane->batch),
                    err);
    lane->batched = 0;
    return code;
}

static int note_trial(struct lane *lane, const struct event_trial *trial, struct err *err)
{
    uint64_t now_ns = clock_now_ns();

    if (lane->batched == 0)
        lane->batch_start_ns = now_ns;
    lane->batch[lane->batched++] = *trial;
    if (lane->batched < BATCH_TRIALS && now_ns - lane->batch_start_ns < BATCH_NS)
        return 0;
    return flush_batch(lane, err);
}

/* The first error of a lane is told in words; all are counted. */
static void note_error(struct lane *lane, uint64_t number, struct err *err)
{
    struct event_note note = { .number = number };

    if (lane->noted)
        return;
    lane->noted = true;
    snprintf(note.text, sizeof(note.text), "%s",
             lane->bench.page->error[0] ? lane->bench.page->error
                                        : "the worker died of something else");
    tell(lane, EVENT_NOTE, &note, sizeof(note), err);
}

/* Commands that depend on replies that differ from run to run cannot be sent again. */
static int check_repeatable(const struct lane *lane, size_t subject, struct err *err)
{
    const struct subject *known = subject_at(lane, subject);

    if (known->repeated == known->commands)
        return 0;
    return err_set(
        err, ERR_USAGE,
        "strategy '%s': the fault 'byte' sends a recorded update again, but two "
        "uninterrupted updates sent different bytes from command %zu on: it "
        "depends on replies that differ from run to run; leave the strategy out "
        "with --strategy, or the fault with --fault step,kill",
        name_of(lane, subject), known->repeated + 1);
}

/* Exactly so many bytes of a recorded update arrive. */
static int byte_cut(struct lane *lane, size_t subject, uint64_t bytes,
                    struct snapshot *snapshot, struct err *err)
{
    struct subject *known = subject_at(lane, subject);
    size_t complete = recording_complete(&known->recording, bytes);
    const struct judgement *judgement;
    struct event_trial cut;
    int code = trial_cut(&lane->bench, known, bytes, snapshot, err);

    if (code == TRIAL_VARIES)
        return check_repeatable(lane, subject, err);
    if (code == 0)
        code = judge_state(&lane->bench.judge, known, snapshot, &judgement, err);
    if (code < 0)
        return err_wrap(err, "strategy '%s'", name_of(lane, subject));
    cut = (struct event_trial){
        .number = bytes,
        .strategy = (uint32_t)subject,
        .fault = FAULT_BYTE,
        .outcome = OUTCOME_VALID,
        .now = (uint8_t)judgement->now,
        .later = (uint16_t)judgement->later,
        .replies = complete,
        .commands = complete,
        .signature = judgement->signature,
    };
    return note_trial(lane, &cut, err);
}

/* This lane's share of the byte positions of all strategies. */
static int take_bytes(struct lane *lane, struct err *err)
{
    CLEANUP(snapshot_release) struct snapshot snapshot = SNAPSHOT_NULL;
    uint64_t positions = sum_of(lane, positions_of), item, bytes;
    int code = 0;

    if (!lane->settings->bytes)
        return 0;
    for (size_t i = 0; i < lane->bench.judge.subject_count && code == 0; i++)
        code = check_repeatable(lane, i, err);
    while (code == 0 &&
           agenda_next(lane->settings->agenda, STAGE_BYTES, positions, &item)) {
        size_t subject = subject_of(lane, positions_of, item, &bytes);

        code = byte_cut(lane, subject, bytes, &snapshot, err);
    }
    return code == 0 ? flush_batch(lane, err) : code;
}

static int kill_trial(struct lane *lane, const struct plan_trial *planned,
                      struct snapshot *snapshot, struct err *err)
{
    size_t subject = planned->strategy;
    struct worker_job job =
        trial_job(&lane->bench, subject_at(lane, subject), FAULT_KILL);
    const struct judgement *judgement;
    struct event_trial trial;
    struct worker_end end;
    double delay_ns;
    int code;

    if (lane->calibrations[subject].kills++ % RECALIBRATE_EVERY == 0) {
        code = calibrate(lane, subject, err);
        if (code < 0)
            return code;
    }
    delay_ns = planned->fraction * (double)lane->calibrations[subject].span_ns;
    job.point.delay_ns = 1 + (uint64_t)delay_ns;
    code = try_once(lane, subject, &job, &end, snapshot, &judgement, err);
    if (code < 0)
        return err_wrap(err, "trial %llu of strategy '%s'",
                        (unsigned long long)planned->number, name_of(lane, subject));
    if (end.outcome == OUTCOME_ERROR)
        note_error(lane, planned->number, err);
    trial = (struct event_trial){
        .number = planned->number,
        .strategy = (uint32_t)subject,
        .fault = FAULT_KILL,
        .outcome = (uint8_t)end.outcome,
        .now = (uint8_t)judgement->now,
        .later = (uint16_t)judgement->later,
        .replies = lane->bench.page->replies,
        .commands = lane->bench.page->commands,
        .signature = judgement->signature,
    };
    code = note_trial(lane, &trial, err);
    bench_end_phase(&lane->bench, PHASE_TELL, clock_now_ns());
    lane->bench.times.trials++;
    return code;
}

static bool out_of_time(const struct lane *lane, uint64_t start_ns)
{
    return lane->settings->kill_ns && clock_now_ns() - start_ns > lane->settings->kill_ns;
}

static int run_kills(struct lane *lane, struct err *err)
{
    CLEANUP(snapshot_release) struct snapshot snapshot = SNAPSHOT_NULL;
    uint64_t trials = plan_trials(&lane->settings->plan);
    uint64_t start_ns = clock_now_ns(), number;
    int code = 0;

    lane->bench.times = (struct trial_times){ .trials = 0 }; /* those of the census */
    while (code == 0 && !out_of_time(lane, start_ns) &&
           agenda_next(lane->settings->agenda, STAGE_KILLS, trials, &number)) {
        struct plan_trial planned = plan_trial(&lane->settings->plan, number);

        code = kill_trial(lane, &planned, &snapshot, err);
    }
    if (code == 0)
        code = flush_batch(lane, err);
    return code == 0 ? tell(lane, EVENT_TIMES, &lane->bench.times,
                            sizeof(lane->bench.times), err)
                     : code;
}

/* What is found in a stage is compared with what all lanes found in those before, so no
 * lane begins before all are through. */
static int wait_for_go(struct lane *lane, struct err *err)
{
    int code = tell(lane, EVENT_READY, NULL, 0, err);
    char byte;
    ssize_t n;

    if (code < 0)
        return code;
    do
        n = read(lane->settings->in_fd, &byte, 1);
    while (n < 0 && errno == EINTR);
    return n == 1 ? 0 : err_set(err, ERR_STOPPED, "the fleet is gone");
}

/* The controls, and what can be known without killing anybody. */
static int learn(struct lane *lane, struct err *err)
{
    CLEANUP(connection_closep) redisContext *connection = NULL;
    int code = watchdog_start(err);

    if (code == 0)
        code = connect_lane(lane, &connection, err);
    if (code == 0)
        code = controls_learn(&lane->bench.judge, TAKE_PTR(connection),
                              lane->settings->strategies, lane->settings->plan.strategies,
                              err);
    if (code == 0)
        code = tell_controls(lane, err);
    for (size_t i = 0; i < lane->bench.judge.subject_count && !lane->settings->bytes &&
                       !lane->settings->replay;
         i++)
        recording_release(&subject_at(lane, i)->recording); /* nobody needs it now */
    return code == 0 && !lane->settings->skip_costs ? measure_all(lane, err) : code;
}

static int tell_text(struct lane *lane, const char *text, size_t length, struct err *err)
{
    int code = 0;

    for (size_t at = 0, piece; at < length && code == 0; at += piece) {
        piece = length - at < TEXT_BYTES ? length - at : TEXT_BYTES;
        code = tell(lane, EVENT_TEXT, text + at, piece, err);
    }
    return code;
}

/* One trial again, in place of all. */
static int narrate(struct lane *lane, struct err *err)
{
    CLEANUP(mem_freep) char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    int code;

    if (!out)
        return err_errno(err, "make room for a narrative");
    code = replay_perform(&lane->bench, lane->settings->replay, lane->settings->plan.seed,
                          out, err);
    fclose(out);
    return code == 0 ? tell_text(lane, text, length, err) : code;
}

static int skip(struct lane *lane, struct err *err)
{
    (void)lane, (void)err;
    return 0;
}

static int run_stages(struct lane *lane, struct err *err)
{
    static int (*const trials[STAGE_COUNT])(struct lane * lane, struct err * err) = {
        [STAGE_LEARN] = learn, [STAGE_CENSUS] = take_census, [STAGE_BYTES] = take_bytes,
        [STAGE_AIM] = aim,     [STAGE_KILLS] = run_kills,
    };
    static int (*const replay[STAGE_COUNT])(struct lane * lane, struct err * err) = {
        [STAGE_LEARN] = learn, [STAGE_CENSUS] = skip,   [STAGE_BYTES] = skip,
        [STAGE_AIM] = skip,    [STAGE_KILLS] = narrate,
    };
    int (*const *stages)(struct lane * lane, struct err * err) =
        lane->settings->replay ? replay : trials;
    int code = 0;

    for (size_t i = 0; i < STAGE_COUNT && code == 0; i++) {
        code = stages[i](lane, err);
        if (code == 0 && i + 1 < STAGE_COUNT)
            code = wait_for_go(lane, err);
    }
    return code == 0 ? tell(lane, EVENT_DONE, NULL, 0, err) : code;
}

int lane_run(const struct lane_settings *settings)
{
    struct lane lane = {
        .settings = settings,
        .bench = { .judge = { .scenario = settings->scenario,
                              .address = &settings->worker_address,
                              .timeout_ns = settings->timeout_ns },
                   .killer = settings->killer,
                   .record = settings->replay },
    };
    struct err err = ERR_NULL;
    int code;

    /* Memory that goes back to the kernel comes back as page faults. */
    mallopt(M_TRIM_THRESHOLD, 16 << 20);
    mallopt(M_MMAP_THRESHOLD, 16 << 20);
    lane.calibrations = mem_alloc(settings->plan.strategies * sizeof(*lane.calibrations));
    code = bench_init(&lane.bench, &err);
    if (code == 0)
        code = run_stages(&lane, &err);
    if (code < 0) {
        struct err ignored = ERR_NULL;

        flush_batch(&lane, &ignored);
        tell(&lane, EVENT_ERROR, &err, sizeof(err), &ignored);
    }
    bench_release(&lane.bench);
    free(lane.calibrations);
    return code < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
