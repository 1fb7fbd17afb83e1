/* fleet.c - see fleet.h. */
#include "run/fleet.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "redis/relay.h"
#include "redis/server.h"
#include "result/stopping.h"
#include "result/tally.h"
#include "run/pipe.h"
#include "run/progress.h"
#include "store/read.h"

#define VIEW_MS 100
/* A lane is silent while it runs the controls and measures: up to some twenty workers a
 * strategy, each of which may take as long as the watchdog lets it. */
#define SILENCE_NS(timeout_ns, strategies)                                               \
    (30 * NSEC_PER_SEC + (4 + 20 * (strategies)) * (timeout_ns))

static const int stop_signals[] = { SIGINT, SIGTERM, SIGHUP };

/* A process that the fleet waits for. */
struct child {
    struct fleet *fleet;
    size_t lane;
    pid_t pid; /* 0 once it is reaped */
    int pidfd;
    uv_poll_t ended;
    void (*on_end)(struct fleet *fleet, struct child *child, int status);
};

struct fleet_lane {
    struct server server; /* private; pid is the child's */
    struct relay relay;   /* likewise; there may be none */
    struct child server_child, relay_child, lane_child;
    uv_pipe_t pipe;
    struct pipe_reader reader;
    int out_fd; /* the lane's events, read here */
    int go_fd;  /* a byte here lets the next stage begin */
    bool ready, done;
    uint64_t heard_ns; /* when it last said anything */
};

struct fleet {
    const struct fleet_options *options;
    struct result *result;
    struct fleet_lane *lanes;
    size_t lane_count;
    struct tempdir directory;
    uv_loop_t loop;
    uv_timer_t tick;
    uv_signal_t signals[ARRAY_SIZE(stop_signals)];
    struct agenda agenda;
    enum stage stage;  /* that all lanes are in */
    uint64_t noted_ns; /* until when time is in the result */
    sigset_t held;     /* the stop signals */
    bool stopping;
    struct err err;       /* the first error */
    unsigned grace_ticks; /* since it came */
};

const char *fleet_libuv_version(void)
{
    return uv_version_string();
}

size_t fleet_default_lanes(void)
{
    CLEANUP(mem_freep) int *cpus = NULL;

    return (size_t)process_cpus(&cpus);
}

/* Lanes, relays and servers lead groups of their own; a server's may hold more than one
 * process if it is started through a script. */
static void kill_child(struct child *child)
{
    if (child->pid > 0)
        kill(-child->pid, SIGKILL);
}

static void close_handle(uv_handle_t *handle)
{
    if (handle->type != UV_UNKNOWN_HANDLE && !uv_is_closing(handle))
        uv_close(handle, NULL);
}

/* Adds what has passed since the last time to the stage that is on. */
static void note_time(struct fleet *fleet)
{
    uint64_t now_ns = clock_now_ns();

    fleet->result->stage_seconds[fleet->stage] +=
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
        kill_child(&fleet->lanes[i].lane_child);
        kill_child(&fleet->lanes[i].relay_child);
        kill_child(&fleet->lanes[i].server_child);
    }
    note_time(fleet);
    close_handle((uv_handle_t *)&fleet->tick);
    sigprocmask(SIG_BLOCK, &fleet->held, NULL); /* until all is cleaned up */
    for (size_t i = 0; i < ARRAY_SIZE(stop_signals); i++)
        close_handle((uv_handle_t *)&fleet->signals[i]);
}

/* Keeps the first error; what follows it is usually its consequence. */
static void fail(struct fleet *fleet, const struct err *err)
{
    if (!fleet->err.code && !fleet->stopping)
        fleet->err = *err;
    stop(fleet);
}

static bool all_lanes(const struct fleet *fleet,
                      bool (*is)(const struct fleet_lane *lane))
{
    for (size_t i = 0; i < fleet->lane_count; i++)
        if (!is(&fleet->lanes[i]))
            return false;
    return true;
}

static bool lane_is_ready(const struct fleet_lane *lane)
{
    return lane->ready;
}

static bool lane_is_done(const struct fleet_lane *lane)
{
    return lane->done;
}

/* What the kills are for, before they begin. */
static void announce(struct fleet *fleet)
{
    char text[512];

    stopping_describe(&fleet->result->stopping, fleet->result, text, sizeof(text));
    if (fleet->options->view && text[0])
        progress_view_say(fleet->options->view, text);
}

static void begin_next_stage(struct fleet *fleet)
{
    note_time(fleet);
    fleet->stage++;
    if (fleet->result->stages < fleet->stage)
        fleet->result->stages = fleet->stage;
    for (size_t i = 0; i < fleet->lane_count; i++) {
        fleet->lanes[i].ready = false;
        if (fleet->stage == STAGE_AIM)
            server_come_second(&fleet->lanes[i].server);
    }
    if (fleet->stage == STAGE_AIM)
        announce(fleet);
    for (size_t i = 0; i < fleet->lane_count; i++)
        if (write(fleet->lanes[i].go_fd, "g", 1) != 1 && errno != EPIPE) {
            struct err err = ERR_NULL;

            err_errno(&err, "lane %zu: tell it to go on", i);
            fail(fleet, &err);
        }
}

static void finish(struct fleet *fleet)
{
    fleet->result->complete = true;
    fleet->result->stages = STAGE_COUNT;
    stop(fleet);
}

struct delivery {
    struct fleet *fleet;
    struct fleet_lane *lane;
};

static int take_event(void *context, enum event_type type, const void *body, size_t bytes)
{
    struct delivery *delivery = context;
    struct fleet *fleet = delivery->fleet;
    struct err err = ERR_NULL;

    delivery->lane->heard_ns = clock_now_ns();
    if (type == EVENT_ERROR) {
        memcpy(&err, body, sizeof(err));
        if (err.code != ERR_USAGE)
            err_wrap(&err, "lane %zu", (size_t)(delivery->lane - fleet->lanes));
        if (err.code == ERR_USAGE)
            fail(fleet, &err);
        else if (!fleet->err.code)
            fleet->err = err; /* perhaps its server is dying, and has the better story */
        return 0;
    }
    if (tally_take(fleet->result, type, body, bytes, &err) < 0 ||
        (fleet->options->store &&
         store_take(fleet->options->store, type, body, bytes, &err) < 0)) {
        fail(fleet, &err);
        return err.code;
    }
    if (fleet->stopping)
        return 0;
    if (type == EVENT_READY) {
        delivery->lane->ready = true;
        if (all_lanes(fleet, lane_is_ready))
            begin_next_stage(fleet);
    }
    if (type == EVENT_DONE) {
        delivery->lane->done = true;
        if (all_lanes(fleet, lane_is_done))
            finish(fleet);
    }
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
    struct delivery delivery = { lane->lane_child.fleet, lane };

    if (count < 0) {
        close_handle((uv_handle_t *)stream);
        return;
    }
    pipe_feed(&lane->reader, buffer->base, (size_t)count);
    pipe_each(&lane->reader, take_event, &delivery);
}

/* Reads what is still in the pipe of a lane that has ended. */
static void drain_pipe(struct fleet_lane *lane)
{
    struct delivery delivery = { lane->lane_child.fleet, lane };
    char bytes[4096];
    uv_os_fd_t fd;
    ssize_t n;

    if (uv_is_closing((uv_handle_t *)&lane->pipe) ||
        uv_fileno((uv_handle_t *)&lane->pipe, &fd) < 0)
        return;
    while ((n = read(fd, bytes, sizeof(bytes))) > 0) {
        pipe_feed(&lane->reader, bytes, (size_t)n);
        pipe_each(&lane->reader, take_event, &delivery);
    }
}

static void lane_ended(struct fleet *fleet, struct child *child, int status)
{
    struct fleet_lane *lane = &fleet->lanes[child->lane];
    struct err err = ERR_NULL;

    drain_pipe(lane);
    close_handle((uv_handle_t *)&lane->pipe);
    if (lane->done || fleet->stopping)
        return;
    if (fleet->err.code)
        return; /* it has said what is wrong; on_tick() ends the run */
    if (WIFSIGNALED(status))
        err_set(&err, -ECHILD, "lane %zu was killed by signal %d (%s)", child->lane,
                WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        err_set(&err, -ECHILD, "lane %zu ended with status %d without a word",
                child->lane, WEXITSTATUS(status));
    fail(fleet, &err);
}

/* A lane's complaint, if there was one, is a consequence. */
static void fail_instead(struct fleet *fleet, const struct child *child, struct err *err)
{
    err_wrap(err, "lane %zu", child->lane);
    fleet->err.code = 0;
    fail(fleet, err);
}

static void server_ended(struct fleet *fleet, struct child *child, int status)
{
    struct err err = ERR_NULL;

    if (fleet->stopping)
        return;
    server_explain(&fleet->lanes[child->lane].server, status, &err);
    fail_instead(fleet, child, &err);
}

static void relay_ended(struct fleet *fleet, struct child *child, int status)
{
    struct err err = ERR_NULL;
    bool killed = WIFSIGNALED(status);

    if (fleet->stopping)
        return;
    err_set(&err, -ECONNRESET, "the relay that makes the round trip longer (--rtt) %s %d",
            killed ? "was killed by signal" : "ended with status",
            killed ? WTERMSIG(status) : WEXITSTATUS(status));
    fail_instead(fleet, child, &err);
}

static void on_ended(uv_poll_t *handle, int status, int events)
{
    struct child *child = handle->data;
    int wait_status = 0;

    (void)status, (void)events;
    while (waitpid(child->pid, &wait_status, 0) < 0 && errno == EINTR)
        ;
    child->pid = 0;
    close_handle((uv_handle_t *)handle);
    child->on_end(child->fleet, child, wait_status);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct fleet *fleet = handle->data;
    struct err err = ERR_NULL;

    fleet->result->interrupted = true;
    err_set(&err, ERR_STOPPED, "stopped by signal %d (%s)", number, strsignal(number));
    fail(fleet, &err);
}

/* A lane that says nothing for longer than any trial can take is stuck. */
static void watch(struct fleet *fleet)
{
    uint64_t now_ns = clock_now_ns();

    for (size_t i = 0; i < fleet->lane_count; i++) {
        struct fleet_lane *lane = &fleet->lanes[i];
        struct err err = ERR_NULL;

        if (lane->done || lane->ready)
            lane->heard_ns = now_ns;
        if (now_ns - lane->heard_ns <
            SILENCE_NS(fleet->options->timeout_ns, fleet->options->plan.strategies))
            continue;
        err_set(&err, -ETIMEDOUT,
                "lane %zu has said nothing for %.0f s; is its redis-server "
                "stopped?",
                i, ns_to_s((double)(now_ns - lane->heard_ns)));
        fail(fleet, &err);
        return;
    }
}

static void keep(struct fleet *fleet)
{
    struct err err = ERR_NULL;

    note_time(fleet);
    if (fleet->options->store &&
        store_tick(fleet->options->store, fleet->result, &err) < 0)
        fail(fleet, &err);
}

/* Has it been shown what the run was to show? */
static void look(struct fleet *fleet)
{
    if (fleet->stage == STAGE_KILLS &&
        stopping_reached(&fleet->result->stopping, fleet->result))
        agenda_enough(&fleet->agenda);
}

static void on_tick(uv_timer_t *handle)
{
    struct fleet *fleet = handle->data;

    if (fleet->options->view)
        progress_view_show(fleet->options->view, fleet->result);
    if (fleet->err.code && fleet->grace_ticks++ > 0)
        stop(fleet);
    watch(fleet);
    look(fleet);
    keep(fleet);
}

static int start_server(struct fleet *fleet, size_t index, int cpu, struct err *err)
{
    struct fleet_lane *lane = &fleet->lanes[index];
    CLEANUP(mem_freep) char *directory =
        mem_printf("%s/%zu", fleet->directory.path, index);
    struct server_options options = { fleet->options->redis_server, directory, cpu,
                                      fleet->options->transport == TRANSPORT_TCP };
    int code = file_make_directory(directory, err);

    if (code == 0)
        code = server_start(&options, &lane->server, err);
    if (code < 0)
        return err_wrap(err, "lane %zu", index);
    lane->server_child.pid = lane->server.pid;
    return 0;
}

static int start_relay(struct fleet *fleet, size_t index, int cpu, struct err *err)
{
    struct fleet_lane *lane = &fleet->lanes[index];
    struct relay_options options = {
        .to = server_address(&lane->server),
        .directory = lane->server.options.directory,
        .rtt_ns = fleet->options->rtt_ns,
        .cpu = cpu,
    };

    if (!options.rtt_ns)
        return 0;
    if (relay_start(&options, &lane->relay, err) < 0)
        return err_wrap(err, "lane %zu", index);
    lane->relay_child.pid = lane->relay.pid;
    return 0;
}

/* Where a lane's workers find Redis. */
static struct address worker_address(const struct fleet_lane *lane)
{
    return lane->relay.pid ? lane->relay.address : *server_address(&lane->server);
}

/* In the child. Ends of other lanes' pipes are closed, so that a lane's end is seen as
 * its own. */
__attribute__((noreturn)) static void become_lane(struct fleet *fleet, size_t index,
                                                  int cpu, int out_fd, int in_fd)
{
    const struct fleet_options *options = fleet->options;
    struct lane_settings settings = {
        .scenario = options->scenario,
        .strategies = options->strategies,
        .plan = options->plan,
        .faults = fleet->result->faults,
        .killer = options->killer,
        .timeout_ns = options->timeout_ns,
        .skip_costs =
            options->skip_costs || fleet->result->stages > STAGE_LEARN || options->replay,
        .skip_timelines = options->skip_costs || fleet->result->stages > STAGE_AIM,
        .replay = options->replay,
        .kill_ns = options->kill_ns,
        .agenda = &fleet->agenda,
        .address = fleet->lanes[index].server.address,
        .worker_address = worker_address(&fleet->lanes[index]),
        .index = index,
        .out_fd = out_fd,
        .in_fd = in_fd,
    };
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (size_t i = 0; i < index; i++) {
        close(fleet->lanes[i].out_fd);
        close(fleet->lanes[i].go_fd);
    }
    process_pin(cpu);
    _exit(lane_run(&settings));
}

static int start_lane(struct fleet *fleet, size_t index, int cpu, struct err *err)
{
    struct fleet_lane *lane = &fleet->lanes[index];
    int out[2] = { -1, -1 }, go[2] = { -1, -1 };

    if (pipe2(out, O_CLOEXEC) < 0 || pipe2(go, O_CLOEXEC) < 0) {
        err_errno(err, "lane %zu: pipe", index);
    } else {
        lane->lane_child.pid = process_fork(true, err);
        if (lane->lane_child.pid == 0) {
            close(out[0]);
            close(go[1]);
            become_lane(fleet, index, cpu, out[1], go[0]);
        }
    }
    close(out[1]);
    close(go[0]);
    lane->out_fd = out[0];
    lane->go_fd = go[1];
    lane->heard_ns = clock_now_ns();
    if (lane->lane_child.pid < 0)
        lane->lane_child.pid = 0;
    return lane->lane_child.pid > 0 ? 0 : err->code;
}

static int start_all(struct fleet *fleet, struct err *err)
{
    CLEANUP(mem_freep) int *cpus = NULL;
    size_t cpu_count = (size_t)process_cpus(&cpus);
    int code = 0;

    for (size_t i = 0; i < fleet->lane_count && code == 0; i++)
        code = start_server(fleet, i, cpus[i % cpu_count], err);
    for (size_t i = 0; i < fleet->lane_count && code == 0; i++) {
        struct server *server = &fleet->lanes[i].server;

        code = server_wait(server, err);
        fleet->lanes[i].server_child.pid = server->pid;
        if (code < 0)
            err_wrap(err, "lane %zu", i);
    }
    for (size_t i = 0; i < fleet->lane_count && code == 0; i++)
        code = start_relay(fleet, i, cpus[i % cpu_count], err);
    for (size_t i = 0; i < fleet->lane_count && code == 0; i++)
        code = start_lane(fleet, i, cpus[i % cpu_count], err);
    return code;
}

static int watch_child(struct fleet *fleet, struct child *child, struct err *err)
{
    if (child->pid <= 0)
        return 0;
    child->pidfd = process_pidfd(child->pid, err);
    if (child->pidfd < 0)
        return err->code;
    uv_poll_init(&fleet->loop, &child->ended, child->pidfd);
    child->ended.data = child;
    uv_poll_start(&child->ended, UV_READABLE, on_ended);
    return 0;
}

static int watch_all(struct fleet *fleet, struct err *err)
{
    int code = 0;

    for (size_t i = 0; i < fleet->lane_count && code == 0; i++) {
        struct fleet_lane *lane = &fleet->lanes[i];

        uv_pipe_init(&fleet->loop, &lane->pipe, 0);
        lane->pipe.data = lane;
        if (uv_pipe_open(&lane->pipe, lane->out_fd) < 0)
            return err_set(err, -EIO, "lane %zu: watch its pipe", i);
        lane->out_fd = -1; /* the handle's now */
        uv_read_start((uv_stream_t *)&lane->pipe, on_alloc, on_read);
        code = watch_child(fleet, &lane->lane_child, err);
        if (code == 0)
            code = watch_child(fleet, &lane->relay_child, err);
        if (code == 0)
            code = watch_child(fleet, &lane->server_child, err);
    }
    for (size_t i = 0; i < ARRAY_SIZE(stop_signals); i++) {
        uv_signal_init(&fleet->loop, &fleet->signals[i]);
        fleet->signals[i].data = fleet;
        if (sigismember(&fleet->held, stop_signals[i]))
            uv_signal_start(&fleet->signals[i], on_signal, stop_signals[i]);
    }
    uv_timer_init(&fleet->loop, &fleet->tick);
    fleet->tick.data = fleet;
    uv_timer_start(&fleet->tick, on_tick, VIEW_MS, VIEW_MS);
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
    free(fleet->lanes);
    agenda_release(&fleet->agenda);
    tempdir_remove(&fleet->directory);
}

static struct child new_child(struct fleet *fleet, size_t lane,
                              void (*on_end)(struct fleet *, struct child *, int))
{
    return (struct child){ .fleet = fleet, .lane = lane, .pidfd = -1, .on_end = on_end };
}

static void init(struct fleet *fleet)
{
    fleet->lanes = mem_alloc(fleet->lane_count * sizeof(*fleet->lanes));
    for (size_t i = 0; i < fleet->lane_count; i++) {
        struct fleet_lane *lane = &fleet->lanes[i];

        lane->out_fd = lane->go_fd = -1;
        lane->lane_child = new_child(fleet, i, lane_ended);
        lane->relay_child = new_child(fleet, i, relay_ended);
        lane->server_child = new_child(fleet, i, server_ended);
    }
}

/* Who started us with a signal ignored (nohup, a shell's background jobs) wants it to
 * stay so. */
static sigset_t stop_set(void)
{
    struct sigaction action;
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < ARRAY_SIZE(stop_signals); i++)
        if (sigaction(stop_signals[i], NULL, &action) == 0 &&
            action.sa_handler != SIG_IGN)
            sigaddset(&set, stop_signals[i]);
    return set;
}

/* From the first fork on a signal must not end us before we have cleaned up. Blocked
 * until the loop has handlers for them; children get the old mask back. */
static void hold_signals(struct fleet *fleet, sigset_t *ret_before)
{
    fleet->held = stop_set();
    sigprocmask(SIG_BLOCK, &fleet->held, ret_before);
}

/* Who asks twice is served once: there is a report to be written. */
static void swallow_signals(const sigset_t *held)
{
    struct timespec none = { 0, 0 };

    while (sigtimedwait(held, NULL, &none) > 0)
        ;
}

void fleet_hold_signals(sigset_t *ret_before)
{
    sigset_t held = stop_set();

    sigprocmask(SIG_BLOCK, &held, ret_before);
}

bool fleet_stop_asked(void)
{
    sigset_t held = stop_set(), pending;

    sigpending(&pending);
    for (size_t i = 0; i < ARRAY_SIZE(stop_signals); i++)
        if (sigismember(&held, stop_signals[i]) && sigismember(&pending, stop_signals[i]))
            return true;
    return false;
}

void fleet_release_signals(const sigset_t *before)
{
    sigset_t held = stop_set();

    swallow_signals(&held);
    sigprocmask(SIG_SETMASK, before, NULL);
}

static int run_loop(struct fleet *fleet, struct err *err)
{
    int code;

    fleet->noted_ns = clock_now_ns();
    uv_loop_init(&fleet->loop);
    code = watch_all(fleet, err);
    if (code < 0)
        fail(fleet, err);
    sigprocmask(SIG_UNBLOCK, &fleet->held, NULL); /* the caller may hold them too */
    uv_run(&fleet->loop, UV_RUN_DEFAULT);
    uv_loop_close(&fleet->loop);
    if (fleet->err.code)
        *err = fleet->err;
    return fleet->err.code;
}

int fleet_run(const struct fleet_options *options, struct result *result, struct err *err)
{
    struct fleet fleet = {
        .options = options,
        .result = result,
        .lane_count = options->lanes ? options->lanes : fleet_default_lanes(),
        .directory = TEMPDIR_NULL,
    };
    sigset_t mask;
    int code;

    if (options->replay)
        fleet.lane_count = 1;
    result->lanes = fleet.lane_count;
    signal(SIGPIPE,
           SIG_IGN); /* a lane that is gone is an error, not our end; lanes inherit it */
    result->complete = result->interrupted = false;
    result->trouble[0] = '\0';
    init(&fleet);
    tempdir_sweep();
    hold_signals(&fleet, &mask);
    code = agenda_init(&fleet.agenda, result->shard, err);
    if (code == 0 && options->store)
        code =
            stored_done(store_database(options->store), result, fleet.agenda.done, err);
    if (code == 0)
        code = tempdir_make(&fleet.directory, err);
    if (code == 0)
        code = start_all(&fleet, err);
    if (code == 0)
        code = run_loop(&fleet, err);
    release(&fleet);
    if (result->interrupted)
        swallow_signals(&fleet.held);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    if (options->view)
        progress_view_end(options->view);
    if (code < 0)
        snprintf(result->trouble, sizeof(result->trouble), "%s", err->msg);
    return code;
}
