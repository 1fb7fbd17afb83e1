/* program.c - see program.h. */
#include "tap/program.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "base/process.h"
#include "tap/output.h"
#include "tap/peer.h"
#include "tap/variables.h"

#define ALIVE_MS WARDEN_LOOK_MS
#define ABSENT_MS 1000
#define LET_GO_MS 10000 /* a server that takes longer to close a connection hangs */
#define PIECE_BYTES 65536
#define PIECES_AT_ONCE 16 /* before others come */

struct running {
    const struct program_run *run;
    uv_loop_t loop;
    struct recorder *recorder; /* its own owner once it was stopped */
    struct warden warden;
    uv_poll_t news, says; /* of the warden; of the program */
    uv_timer_t deadline, settle, alive, let_go;
    uint64_t looked_ms;
    unsigned stopped_looks; /* at the warden */
    struct output output;
    bool decided;  /* end.fate is */
    bool stopping; /* what is written is not waited for */
    bool over;     /* all processes are dead */
    bool concluded;
    struct program_end end;
    struct err err;
};

static uint64_t to_ms(uint64_t ns)
{
    return (ns + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC;
}

static void on_let_go_late(uv_timer_t *timer)
{
    struct running *running = timer->data;

    if (!uv_loop_alive(&running->loop)) /* just in time */
        return;
    if (!running->err.code)
        err_set(&running->err, -ETIMEDOUT,
                "Redis does not close the connections of a program that is dead");
    recorder_abandon(running->recorder);
}

/* The program is over, and so is what it wrote: everything is closed. */
static void conclude(struct running *running)
{
    uv_handle_t *handles[] = {
        (uv_handle_t *)&running->news,     (uv_handle_t *)&running->says,
        (uv_handle_t *)&running->deadline, (uv_handle_t *)&running->settle,
        (uv_handle_t *)&running->alive,
    };

    if (running->concluded)
        return;
    running->concluded = true;
    for (size_t i = 0; i < ARRAY_SIZE(handles); i++)
        if (handles[i]->type != UV_UNKNOWN_HANDLE)
            uv_close(handles[i], NULL);
    if (running->recorder)
        running->end.connections = recorder_connections(running->recorder);
    recorder_stop(running->recorder);
    if (running->recorder && mutant("let-go-unheard"))
        recorder_abandon(running->recorder);
    uv_timer_start(&running->let_go, on_let_go_late, LET_GO_MS, 0);
    uv_unref((uv_handle_t *)&running->let_go);
}

/* All is killed, and nothing is waited for but their deaths. */
static void stop(struct running *running)
{
    running->stopping = true;
    uv_timer_stop(&running->settle);
    if (running->over)
        conclude(running);
    else
        warden_kill(&running->warden);
}

static void decide(struct running *running, enum program_fate fate, int code)
{
    running->decided = true;
    running->end.fate = fate;
    running->end.code = code;
}

static void on_failed(void *context, const struct err *err)
{
    struct running *running = context;

    running->err = *err;
    stop(running);
}

static void on_cut(void *context)
{
    struct running *running = context;

    decide(running, PROGRAM_CUT, 0);
    stop(running);
}

static void on_quiet(void *context)
{
    struct running *running = context;

    if (running->over)
        conclude(running);
}

static void on_too_late(uv_timer_t *timer)
{
    struct running *running = timer->data;

    if (running->stopping)
        return;
    decide(running, PROGRAM_TIMEOUT, 0);
    stop(running);
}

static void start_deadline(struct running *running, uint64_t ns)
{
    if (running->run->timeout_ns)
        uv_timer_start(&running->deadline, on_too_late, to_ms(ns), 0);
}

static void on_grace_over(uv_timer_t *timer)
{
    struct running *running = timer->data;

    warden_kill(&running->warden);
}

static void on_settled(uv_timer_t *timer)
{
    struct running *running = timer->data;

    if (running->decided)
        return;
    decide(running, PROGRAM_SETTLED, 0);
    warden_terminate(&running->warden);
    uv_timer_start(timer, on_grace_over, to_ms(PROGRAM_GRACE_NS), 0);
    start_deadline(running, running->run->timeout_ns + PROGRAM_GRACE_NS);
}

static int on_executed(void *context, const struct tap_event *event, struct err *err)
{
    struct running *running = context;
    const struct program_run *run = running->run;

    if (event->kind != TAP_WOKEN)
        running->end.commands++;
    if (run->settle_ns && !running->decided &&
        (event->changed || !uv_is_active((uv_handle_t *)&running->settle)))
        uv_timer_start(&running->settle, on_settled, to_ms(run->settle_ns), 0);
    return run->executed ? run->executed(run->context, event, err) : 0;
}

static void put_off(uv_timer_t *timer, uint64_t ms)
{
    if (uv_is_active((uv_handle_t *)timer))
        uv_timer_start(timer, timer->timer_cb, uv_timer_get_due_in(timer) + ms, 0);
}

/* A program that has stopped it may do so again while it is killed. */
static void look_at_warden(struct running *running)
{
    struct err err = ERR_NULL;

    if (warden_check_stopped(&running->warden, &running->stopped_looks, &err) == 0)
        return;
    if (!running->err.code)
        running->err = err;
    stop(running);
}

/* Whoever has not been here for so long was stopped, as the program was with it. */
static void on_alive(uv_timer_t *timer)
{
    struct running *running = timer->data;
    uint64_t now_ms = uv_now(&running->loop), gap_ms = now_ms - running->looked_ms;

    running->looked_ms = now_ms;
    if (gap_ms > ALIVE_MS + ABSENT_MS) {
        put_off(&running->deadline, gap_ms);
        put_off(&running->settle, gap_ms);
        running->stopped_looks = 0;
    }
    if (!running->over && !mutant("warden-unwatched"))
        look_at_warden(running);
    if (running->run->alive)
        running->run->alive(running->run->context);
}

/* False: there is nothing to read for now, or ever. */
static bool hear_output(struct running *running)
{
    char piece[PIECE_BYTES];
    ssize_t n = read(running->warden.output, piece, sizeof(piece));

    if (n > 0)
        output_add(&running->output, (struct str){ piece, (size_t)n });
    if (n == 0)
        uv_poll_stop(&running->says);
    return n > 0;
}

static void on_says(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    for (int i = 0; i < PIECES_AT_ONCE && hear_output(poll->data); i++)
        ;
}

static void on_main_ended(struct running *running, int status)
{
    uv_timer_stop(&running->settle);
    if (!running->decided) {
        if (WIFEXITED(status))
            decide(running, PROGRAM_EXITED, WEXITSTATUS(status));
        else
            decide(running, PROGRAM_SIGNALLED, WTERMSIG(status));
    }
    warden_kill(&running->warden);
}

static void on_over(struct running *running)
{
    uv_poll_stop(&running->news);
    uv_timer_stop(&running->settle);
    running->over = true;
    while (hear_output(running))
        ;
    if (running->stopping)
        conclude(running);
    else
        recorder_finish(running->recorder);
}

static void on_news(uv_poll_t *poll, int status, int events)
{
    struct running *running = poll->data;

    (void)status, (void)events;
    while (!running->over) {
        struct warden_news news = warden_hear(&running->warden);

        if (news.kind == WARDEN_NO_NEWS)
            return;
        if (news.kind == WARDEN_ENDED) {
            on_main_ended(running, news.status);
            continue;
        }
        running->end.left_behind = news.left_behind;
        if (news.kind == WARDEN_LOST) {
            running->stopping = true;
            if (!running->err.code)
                err_set(&running->err, -ECHILD, "what was to watch over it has died");
        }
        if (news.kind == WARDEN_ALIVE) { /* what it does from here on is no part of it */
            running->stopping = true;
            if (!running->err.code && !mutant("alive-unsaid"))
                warden_complain(&news, &running->err);
        }
        on_over(running);
    }
}

static void start_timers(struct running *running)
{
    uv_timer_t *timers[] = { &running->deadline, &running->settle, &running->alive,
                             &running->let_go };

    for (size_t i = 0; i < ARRAY_SIZE(timers); i++) {
        uv_timer_init(&running->loop, timers[i]);
        timers[i]->data = running;
    }
    start_deadline(running, running->run->timeout_ns);
    running->looked_ms = uv_now(&running->loop);
    uv_timer_start(&running->alive, on_alive, ALIVE_MS, ALIVE_MS);
}

/* What cannot be run, or where. */
static const int mistakes[] = { ENOENT, EACCES, ENOTDIR, ENOEXEC,
                                EISDIR, ELOOP,  EPERM,   ENAMETOOLONG };

static int start_program(struct running *running, struct err *err)
{
    struct program program = *running->run->program;
    char **variables =
        variables_make(environ, recorder_tcp(running->recorder),
                       recorder_socket(running->recorder), program.environment);
    int code;

    program.environment = variables;
    code = warden_start(&program, &running->warden, err);
    running->end.pid = running->warden.main;
    variables_free(variables);
    for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++)
        if (code == -mistakes[i]) /* whoever named it is to know */
            err->code = ERR_USAGE;
    return err->code;
}

/* Has its main process the library that fakes the time? One that is linked statically, or
 * starts others with an environment of its own, has not. */
static bool sees_faked_time(void *context)
{
    const struct running *running = context;
    CLEANUP(mem_freep)
    char *path = mem_printf("/proc/%d/maps", (int)running->warden.main);
    CLEANUP(mem_freep) char *maps = file_text(path);

    return !maps || strstr(maps, "libfaketime");
}

/* Programs may change their user: those that are below the warden are ours. */
static bool knows(void *context, uid_t uid)
{
    const struct running *running = context;

    return running->warden.pid && peer_is_below(running->warden.pid, uid);
}

static bool dies(void *context)
{
    const struct running *running = context;
    struct process_look look;

    return running->decided || !running->warden.main ||
           !process_look(running->warden.main, &look) || look.exits;
}

/* Who had a port may have told others. */
static uint16_t latest_port;

static int start(struct running *running, struct err *err)
{
    const struct program_run *run = running->run;
    struct recorder_options options = {
        .server = run->server,
        .table = run->table,
        .directory = run->directory,
        .port = latest_port,
        .shift = run->shift,
        .shifts = sees_faked_time,
        .peers = { knows, dies, running },
        .cut_after = run->cut_after,
        .executed = on_executed,
        .cut = on_cut,
        .failed = on_failed,
        .quiet = on_quiet,
        .context = running,
    };

    if (recorder_start(&running->loop, &options, &running->recorder, err) < 0)
        return err->code;
    latest_port = recorder_tcp(running->recorder)->port;
    if (start_program(running, err) < 0)
        return err->code;
    uv_poll_init(&running->loop, &running->news, running->warden.socket);
    uv_poll_init(&running->loop, &running->says, running->warden.output);
    running->news.data = running->says.data = running;
    uv_poll_start(&running->news, UV_READABLE, on_news);
    uv_poll_start(&running->says, UV_READABLE, on_says);
    return 0;
}

int program_run(const struct program_run *run, struct program_end *ret, struct err *err)
{
    struct running running = { .run = run, .warden = WARDEN_NULL };
    int code = uv_loop_init(&running.loop);

    if (code < 0)
        return err_set(err, code, "open a loop: %s", uv_strerror(code));
    start_timers(&running);
    if (start(&running, &running.err) < 0)
        conclude(&running);
    uv_run(&running.loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&running.let_go, NULL);
    uv_run(&running.loop, UV_RUN_DEFAULT);
    uv_loop_close(&running.loop);
    if (running.err.code && running.warden.pid)
        err_wrap(&running.err, "run '%s'", run->program->argv[0]);
    warden_close(&running.warden);
    if (running.err.code) {
        *err = running.err;
    } else {
        *ret = running.end;
        ret->output = output_text(&running.output);
        ret->output_bytes = running.output.bytes;
    }
    output_release(&running.output);
    return running.err.code;
}

void program_end_release(struct program_end *end)
{
    free(end->output);
    end->output = NULL;
}
