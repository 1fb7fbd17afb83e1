/* fleet.c - see fleet.h. */
#include "run/fleet.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "base/signals.h"
#include "result/stopping.h"
#include "result/tally.h"
#include "result/untested.h"
#include "run/go.h"
#include "run/launch.h"
#include "run/load.h"
#include "run/progress.h"
#include "run/silence.h"
#include "run/suspend.h"
#include "store/read.h"

struct fleet {
    const struct fleet_options *options;
    struct result *result;
    struct fleet_lane *lanes;
    size_t lane_count;
    struct tempdir directory;
    uv_loop_t loop;
    uv_timer_t tick;
    uv_poll_t signals; /* those that ask to stop, which are held all the time */
    int signal_fd;
    struct agenda agenda;
    enum stage stage;  /* that all lanes are in */
    enum stage timed;  /* on which time is spent: mostly that */
    uint64_t noted_ns; /* until when time is in the result */
    struct suspend suspend;
    bool stopping;
    struct err err;       /* the first error */
    bool all_asked;       /* it is of one who was asked to stop, perhaps as we are */
    unsigned grace_ticks; /* since it came */
};

void fleet_ask(struct fleet_options *options, const struct request *request)
{
    options->killer = request->killer;
    options->timeout_ns = (uint64_t)(request->timeout_s * (double)NSEC_PER_SEC);
    options->transport = request->transport;
    options->rtt_ns = (uint64_t)llround(request->rtt_s * (double)NSEC_PER_SEC);
}

const char *fleet_libuv_version(void)
{
    return uv_version_string();
}

/* Adds what has passed since the last time to the stage that is on. */
static void note_time(struct fleet *fleet)
{
    uint64_t now_ns = clock_now_ns();

    fleet->result->stage_seconds[fleet->timed] +=
        ns_to_s((double)(now_ns - fleet->noted_ns));
    fleet->noted_ns = now_ns;
}

/* The end, for whatever reason: everybody is killed; the loop ends when all have been
 * reaped. */
static void stop(struct fleet *fleet)
{
    if (fleet->stopping)
        return;
    fleet->stopping = true;
    for (size_t i = 0; i < fleet->lane_count; i++) {
        child_kill(&fleet->lanes[i].lane_child);
        child_kill(&fleet->lanes[i].relay_child);
        child_kill(&fleet->lanes[i].server_child);
    }
    note_time(fleet);
    child_close((uv_handle_t *)&fleet->tick);
    child_close((uv_handle_t *)&fleet->suspend.signal);
    child_close((uv_handle_t *)&fleet->signals); /* what comes now is the caller's */
}

/* Keeps the first error; what follows it is usually its consequence. */
static void fail(struct fleet *fleet, const struct err *err)
{
    if (!fleet->err.code && !fleet->stopping)
        fleet->err = *err;
    stop(fleet);
}

/* Whoever stops a run may stop all of its processes at once (a batch system, a service
 * that is stopped): ours may not have come yet. */
static void fail_soon(struct fleet *fleet, const struct err *err)
{
    fleet->err = *err;
    fleet->all_asked = true;
}

/* What the kills are for, before they begin. */
static void announce(struct fleet *fleet)
{
    char text[512];

    stopping_describe(&fleet->result->stopping, fleet->result, text, sizeof(text));
    if (fleet->options->view && text[0])
        run_progress_say(fleet->options->view, text);
}

static void begin_next_stage(struct fleet *fleet)
{
    struct err untested = ERR_NULL, err = ERR_NULL;

    if (fleet->stage == STAGE_CENSUS &&
        untested_check(fleet->result, &fleet->options->scenario->ignore, &untested) < 0) {
        fail(fleet, &untested);
        return;
    }
    if (fleet->stage == STAGE_CENSUS && fleet->options->begun)
        fleet->options->begun(fleet->options->context);
    if (fleet->stage == STAGE_CENSUS &&
        cures_ask(fleet->result, go_ask, fleet->lanes[0].go_fd, &err) < 0)
        fail(fleet, &err);
    note_time(fleet);
    fleet->timed = ++fleet->stage;
    if (fleet->result->stages < fleet->stage)
        fleet->result->stages = fleet->stage;
    for (size_t i = 0; i < fleet->lane_count; i++) {
        fleet->lanes[i].waits = LANE_WORKS;
        if (fleet->stage == STAGE_AIM)
            server_come_second(&fleet->lanes[i].server);
    }
    if (fleet->stage == STAGE_AIM)
        announce(fleet);
    for (size_t i = 0; i < fleet->lane_count; i++)
        if (go_say(fleet->lanes[i].go_fd, &err) < 0)
            fail(fleet, &err);
}

/* When all have come as far as this one, things go on. */
static void wait_for_others(struct fleet *fleet, struct fleet_lane *lane,
                            enum fleet_waits waits)
{
    lane->waits = waits;
    for (size_t i = 0; i < fleet->lane_count; i++)
        if (fleet->lanes[i].waits != waits)
            return;
    if (waits == LANE_READY) {
        begin_next_stage(fleet);
        return;
    }
    fleet->result->complete = true;
    fleet->result->stages = STAGE_COUNT;
    stop(fleet);
}

/* Which lane it was; of programs, which have one, that says nothing. */
static void name_lane(const struct fleet *fleet, size_t lane, struct err *err)
{
    if (!fleet->options->scenario->programs.any)
        err_wrap(err, "lane %zu", lane);
}

/* Of programs it is said what time is spent on, and when one is found to be sound. */
static void note_programs(struct fleet *fleet, enum event_type type, const void *body)
{
    if (type == EVENT_OVER && fleet->options->begun)
        fleet->options->begun(fleet->options->context);
    if (type != EVENT_TIMED)
        return;
    note_time(fleet);
    fleet->timed = (enum stage) * (const uint32_t *)body;
}

static int take_event(void *context, enum event_type type, const void *body, size_t bytes)
{
    struct fleet_lane *lane = context;
    struct fleet *fleet = lane->lane_child.context;
    struct err err = ERR_NULL;

    suspend_hear(&fleet->suspend);
    lane->heard_ns = clock_now_ns();
    if (type == EVENT_ALIVE && bytes == sizeof(struct doing) && fleet->options->view) {
        struct doing doing;

        memcpy(&doing, body, sizeof(doing));
        run_progress_doing(fleet->options->view, &doing);
    }
    if (type == EVENT_ERROR) {
        memcpy(&err, body, sizeof(err));
        if (err.code == ERR_USAGE || err.code == ERR_LACKING) { /* it is that of all */
            fail(fleet, &err);
            return 0;
        }
        name_lane(fleet, lane->lane_child.lane, &err);
        if (!fleet->err.code)
            fail_soon(fleet, &err); /* perhaps its server is dying, and has the better
                                       story */
        return 0;
    }
    if (tally_take(fleet->result, type, body, bytes, &err) < 0 ||
        (fleet->options->store &&
         store_take(fleet->options->store, type, body, bytes, &err) < 0)) {
        fail(fleet, &err);
        return err.code;
    }
    note_programs(fleet, type, body);
    if ((type == EVENT_READY || type == EVENT_DONE) && !fleet->stopping)
        wait_for_others(fleet, lane, type == EVENT_READY ? LANE_READY : LANE_DONE);
    return 0;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    static char space[65536];

    (void)handle, (void)suggested;
    *buffer = uv_buf_init(space, sizeof(space));
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    struct fleet_lane *lane = stream->data;

    if (count < 0) {
        child_close((uv_handle_t *)stream);
        return;
    }
    pipe_feed(&lane->reader, buffer->base, (size_t)count);
    pipe_each(&lane->reader, take_event, lane);
}

/* Reads what is still in the pipe of a lane that has ended. */
static void drain_pipe(struct fleet_lane *lane)
{
    char bytes[4096];
    uv_os_fd_t fd;
    ssize_t n;

    if (uv_is_closing((uv_handle_t *)&lane->pipe) ||
        uv_fileno((uv_handle_t *)&lane->pipe, &fd) < 0)
        return;
    while ((n = read(fd, bytes, sizeof(bytes))) > 0) {
        pipe_feed(&lane->reader, bytes, (size_t)n);
        pipe_each(&lane->reader, take_event, lane);
    }
}

static void lane_ended(void *context, struct child *child, int status)
{
    struct fleet *fleet = context;
    struct fleet_lane *lane = &fleet->lanes[child->lane];
    struct err err = ERR_NULL;

    drain_pipe(lane);
    child_close((uv_handle_t *)&lane->pipe);
    if (lane->waits == LANE_DONE || fleet->stopping)
        return;
    if (fleet->err.code)
        return; /* it has said what is wrong; on_tick() ends the run */
    if (WIFSIGNALED(status))
        err_set(&err, -ECHILD, "lane %zu was killed by signal %d (%s)", child->lane,
                WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        err_set(&err, -ECHILD, "lane %zu ended with status %d without a word",
                child->lane, WEXITSTATUS(status));
    if (WIFSIGNALED(status) && signals_is_stop(WTERMSIG(status)))
        fail_soon(fleet, &err);
    else
        fail(fleet, &err);
}

/* A server ends by itself when it is asked to. */
static bool was_asked(int status)
{
    return WIFSIGNALED(status) ? signals_is_stop(WTERMSIG(status)) : !WEXITSTATUS(status);
}

/* A lane's complaint, if there was one, is a consequence. */
static void fail_instead(struct fleet *fleet, const struct child *child, int status,
                         struct err *err)
{
    name_lane(fleet, child->lane, err);
    fleet->err.code = 0;
    if (was_asked(status))
        fail_soon(fleet, err);
    else
        fail(fleet, err);
}

static void server_ended(void *context, struct child *child, int status)
{
    struct fleet *fleet = context;
    struct err err = ERR_NULL;

    if (fleet->stopping)
        return;
    server_explain(&fleet->lanes[child->lane].server, status, &err);
    fail_instead(fleet, child, status, &err);
}

static void relay_ended(void *context, struct child *child, int status)
{
    struct fleet *fleet = context;
    struct err err = ERR_NULL;
    bool killed = WIFSIGNALED(status);

    if (fleet->stopping)
        return;
    err_set(&err, -ECONNRESET, "the relay that makes the round trip longer (--rtt) %s %d",
            killed ? "was killed by signal" : "ended with status",
            killed ? WTERMSIG(status) : WEXITSTATUS(status));
    fail_instead(fleet, child, status, &err);
}

static void on_signal(uv_poll_t *handle, int status, int events)
{
    struct fleet *fleet = handle->data;
    struct signalfd_siginfo info;
    struct err err = ERR_NULL;

    (void)status, (void)events;
    if (read(fleet->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return;
    fleet->result->interrupted = true;
    if (fleet->all_asked)
        fleet->err.code = 0;
    signals_stopped_by((int)info.ssi_signo, &err);
    fail(fleet, &err);
}

/* It is silent while it runs the controls and measures: up to some forty workers a
 * strategy, each of which may take as long as the watchdog lets it. */
static void watch(struct fleet *fleet)
{
    const struct fleet_options *options = fleet->options;
    uint64_t most_ns =
        30 * NSEC_PER_SEC + (4 + 40 * options->plan.strategies) * options->timeout_ns;
    struct err err = ERR_NULL;

    if (silence_check(fleet->lanes, fleet->lane_count, most_ns, &err) < 0)
        fail(fleet, &err);
}

static void keep(struct fleet *fleet)
{
    struct err err = ERR_NULL;

    note_time(fleet);
    if (fleet->options->store &&
        store_tick(fleet->options->store, fleet->result, &err) < 0)
        fail(fleet, &err);
}

static void on_tick(uv_timer_t *handle)
{
    struct fleet *fleet = handle->data;

    suspend_look(&fleet->suspend);
    if (fleet->options->view)
        run_progress_show(fleet->options->view, fleet->result);
    if (fleet->err.code && fleet->grace_ticks++ > 0)
        stop(fleet);
    watch(fleet);
    if (fleet->stage == STAGE_KILLS &&
        stopping_reached(&fleet->result->stopping, fleet->result))
        agenda_enough(&fleet->agenda);
    keep(fleet);
}

/* One that comes while nobody reads any more is not lost. */
static int watch_signals(struct fleet *fleet, struct err *err)
{
    sigset_t stop = signals_stop_set();

    fleet->signal_fd = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fleet->signal_fd < 0)
        return err_errno(err, "signalfd");
    uv_poll_init(&fleet->loop, &fleet->signals, fleet->signal_fd);
    fleet->signals.data = fleet;
    uv_poll_start(&fleet->signals, UV_READABLE, on_signal);
    return 0;
}

static int watch_all(struct fleet *fleet, struct err *err)
{
    int code = watch_signals(fleet, err);

    for (size_t i = 0; i < fleet->lane_count && code == 0; i++) {
        struct fleet_lane *lane = &fleet->lanes[i];

        uv_pipe_init(&fleet->loop, &lane->pipe, 0);
        lane->pipe.data = lane;
        if (uv_pipe_open(&lane->pipe, lane->out_fd) < 0)
            return err_set(err, -EIO, "lane %zu: watch its pipe", i);
        lane->out_fd = -1; /* the handle's now */
        uv_read_start((uv_stream_t *)&lane->pipe, on_alloc, on_read);
        code = child_watch(&fleet->loop, &lane->lane_child, err);
        if (code == 0)
            code = child_watch(&fleet->loop, &lane->relay_child, err);
        if (code == 0)
            code = child_watch(&fleet->loop, &lane->server_child, err);
    }
    suspend_watch(&fleet->suspend, &fleet->loop, &fleet->agenda, fleet->lanes,
                  fleet->lane_count, &fleet->noted_ns);
    uv_timer_init(&fleet->loop, &fleet->tick);
    fleet->tick.data = fleet;
    uv_timer_start(&fleet->tick, on_tick, SUSPEND_LOOK_MS, SUSPEND_LOOK_MS);
    return code;
}

static void release(struct fleet *fleet)
{
    for (size_t i = 0; i < fleet->lane_count; i++) {
        struct fleet_lane *lane = &fleet->lanes[i];
        int fds[] = { lane->out_fd, lane->go_fd, lane->lane_child.pidfd,
                      lane->relay_child.pidfd, lane->server_child.pidfd };

        process_destroy(lane->lane_child.pid);
        lane->relay.pid = lane->relay_child.pid;
        relay_stop(&lane->relay);
        lane->server.pid = lane->server_child.pid;
        server_stop(&lane->server);
        pipe_reader_release(&lane->reader);
        for (size_t f = 0; f < ARRAY_SIZE(fds); f++)
            if (fds[f] >= 0)
                close(fds[f]);
    }
    if (fleet->signal_fd >= 0)
        close(fleet->signal_fd);
    free(fleet->lanes);
    agenda_release(&fleet->agenda);
    tempdir_remove(&fleet->directory);
}

static void init(struct fleet *fleet)
{
    fleet->lanes = mem_alloc(fleet->lane_count * sizeof(*fleet->lanes));
    for (size_t i = 0; i < fleet->lane_count; i++) {
        struct fleet_lane *lane = &fleet->lanes[i];

        lane->out_fd = lane->go_fd = -1;
        lane->lane_child = child_new(fleet, i, lane_ended);
        lane->relay_child = child_new(fleet, i, relay_ended);
        lane->server_child = child_new(fleet, i, server_ended);
    }
}

static int run_loop(struct fleet *fleet, struct err *err)
{
    int code = uv_loop_init(&fleet->loop);

    if (code < 0)
        return err_set(err, code, "begin a loop: %s", uv_strerror(code));
    fleet->noted_ns = clock_now_ns();
    code = watch_all(fleet, err);
    if (code < 0)
        fail(fleet, err);
    uv_run(&fleet->loop, UV_RUN_DEFAULT);
    uv_loop_close(&fleet->loop);
    if (fleet->err.code)
        *err = fleet->err;
    return fleet->err.code;
}

/* All strategies were finished when the run was interrupted. */
static int end_without_lanes(const struct fleet_options *options, struct result *result,
                             struct err *err)
{
    result->interrupted = false;
    result->trouble[0] = '\0';
    if (untested_check(result, &options->scenario->ignore, err) < 0) {
        snprintf(result->trouble, sizeof(result->trouble), "%s", err->msg);
        return err->code;
    }
    result->complete = true;
    result->stages = STAGE_COUNT;
    return 0;
}

int fleet_run(const struct fleet_options *options, struct result *result, struct err *err)
{
    CLEANUP(mem_freep) int *cpus = NULL;
    struct fleet fleet = {
        .options = options,
        .result = result,
        .lane_count = options->lanes ? options->lanes : (size_t)process_cpus(&cpus),
        .directory = TEMPDIR_NULL,
        .signal_fd = -1,
    };
    sigset_t mask;
    int code;

    if (options->finished && options->finished == options->plan.strategies)
        return end_without_lanes(options, result, err);
    if (options->replay || options->scenario->programs.any)
        fleet.lane_count = 1; /* one recording is what all is found in */
    result->lanes = fleet.lane_count;
    /* A lane that is gone is an error, not our end; lanes inherit it. */
    signal(SIGPIPE, SIG_IGN);
    result->complete = result->interrupted = false;
    result->trouble[0] = '\0';
    load_before(&result->machine);
    init(&fleet);
    tempdir_sweep();
    signals_hold(&mask);
    code = agenda_init(&fleet.agenda, result->shard, err);
    if (code == 0 && options->store && !options->scenario->programs.any)
        code =
            stored_done(store_database(options->store), result, fleet.agenda.done, err);
    if (code == 0)
        code = tempdir_make(&fleet.directory, err);
    if (code == 0)
        code = launch_all(&(struct launch){ options, result, &fleet.agenda,
                                            fleet.directory.path, fleet.lanes,
                                            fleet.lane_count },
                          err);
    result->interrupted = code == ERR_STOPPED;
    if (code == 0)
        code = run_loop(&fleet, err);
    load_behind(&result->machine);
    release(&fleet);
    if (result->interrupted)
        signals_swallow();
    sigprocmask(SIG_SETMASK, &mask, NULL);
    if (options->view)
        run_progress_end(options->view);
    if (code < 0)
        snprintf(result->trouble, sizeof(result->trouble), "%s", err->msg);
    return code;
}
