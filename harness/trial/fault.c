/* fault.c - see fault.h. */
#include "trial/fault.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "redis/wire.h"
#include "trial/trial.h"

/* The crash model of `kill`: the kernel's timer delivers SIGKILL at a nanosecond of its
 * choosing, inside a system call or outside; nothing in the worker can catch, delay or
 * notice it. */
static int kill_arm(struct wire *wire, const struct fault_point *point)
{
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL };
    struct itimerspec when = {
        .it_value = ns_to_timespec(point->armed_ns + point->delay_ns),
    };
    int timer; /* the kernel's: timer_create(3) may want malloc(3), see worker.h */

    (void)wire;
    if (point->delay_ns == 0)
        return 0;
    if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) < 0 ||
        syscall(SYS_timer_settime, timer, TIMER_ABSTIME, &when, NULL) < 0)
        return -errno;
    return 0;
}

static int kill_perform(struct bench *bench, struct subject *subject, uint64_t delay_ns,
                        struct death *ret, struct err *err)
{
    struct worker_job job = trial_job(bench, subject, FAULT_KILL);

    job.point.delay_ns = delay_ns;
    return trial_run(bench, subject, &job, ret, err);
}

/* The crash model of `step`: exactly n commands leave the worker, every reply that is due
 * has been read, then the worker is gone. The wire does it: only the wire knows. */
static int step_arm(struct wire *wire, const struct fault_point *point)
{
    wire_cut(wire, point->commands);
    return 0;
}

static bool step_struck(const struct page *page)
{
    return page->cut;
}

static uint64_t step_points(uint64_t commands, uint64_t bytes)
{
    (void)bytes;
    return commands + 1;
}

/* At the last point the worker survives: that proves that the end was reached. */
static int step_perform(struct bench *bench, struct subject *subject, uint64_t commands,
                        struct death *ret, struct err *err)
{
    struct worker_job job = trial_job(bench, subject, FAULT_STEP);
    const struct page *page = bench->page;
    int code;

    if (commands > subject->commands)
        return err_set(err, ERR_USAGE,
                       "strategy '%s' has no crash point %llu: its update sends %llu "
                       "command%s",
                       bench_strategy(bench, subject)->name, (unsigned long long)commands,
                       (unsigned long long)subject->commands,
                       subject->commands == 1 ? "" : "s");
    if (subject->recorded)
        return trial_recorded(bench, subject, commands, ret, err);
    job.point.commands = commands;
    code = trial_run(bench, subject, &job, ret, err);
    if (code < 0 ||
        (ret->commands == commands &&
         ret->outcome == (commands < subject->commands ? OUTCOME_VALID : OUTCOME_MISSED)))
        return code;
    if (ret->outcome == OUTCOME_TIMEOUT)
        return bench_explain_late(bench, subject, err);
    return err_set(
        err, page->error_code ? page->error_code : ERR_USAGE,
        "strategy '%s' does not repeat itself: cut after %llu of %llu commands, the "
        "worker ended with '%s' after %llu%s%s",
        bench_strategy(bench, subject)->name, (unsigned long long)commands,
        (unsigned long long)subject->commands, outcome_name(ret->outcome),
        (unsigned long long)ret->commands, page->error[0] ? ": " : "", page->error);
}

/* The crash model of `byte`: exactly n bytes of the worker's output arrive. Nothing arms
 * it in a worker, because there is none: see recording.h. */
static uint64_t byte_points(uint64_t commands, uint64_t bytes)
{
    (void)commands;
    return bytes + 1;
}

static int byte_perform(struct bench *bench, struct subject *subject, uint64_t bytes,
                        struct death *ret, struct err *err)
{
    const struct recording *recording = &subject->recording;
    int code;

    if (bytes > recording->output_bytes)
        return err_set(err, ERR_USAGE, "the update of strategy '%s' has only %zu bytes",
                       bench_strategy(bench, subject)->name, recording->output_bytes);
    code = trial_cut(bench, subject, bytes, &ret->state, err);
    ret->outcome = OUTCOME_VALID;
    ret->commands = ret->replies = recording_complete(recording, bytes);
    return code;
}

static const struct fault faults[FAULT_COUNT] = {
    [FAULT_NONE] = { .name = "none", .about = "the worker is left alone" },
    [FAULT_STEP] = { "step", "the worker dies at a command boundary", STAGE_CENSUS,
                     "crash point", .title = "Crash point",
                     .operand = "a crash point as STRATEGY:POINT", .mark = ':',
                     .death = "the worker dies by itself here, every reply read",
                     .points = step_points, .perform = step_perform, .arm = step_arm,
                     .struck = step_struck },
    [FAULT_BYTE] = { "byte", "exactly n bytes of the worker's output arrive",
                     STAGE_POINTS, "byte position", .plural[0] = "byte",
                     .plural[1] = "positions", .title = "Cut after byte",
                     .operand = "a cut as STRATEGY@BYTES", .mark = '@',
                     .sends_recording = true, .points = byte_points,
                     .perform = byte_perform },
    [FAULT_KILL] = { "kill", "SIGKILL at any instant", STAGE_KILLS, "trial",
                     .title = "Trial", .operand = "a trial's number",
                     .perform = kill_perform, .arm = kill_arm },
};

const struct fault *fault_by_id(enum fault_id id)
{
    return &faults[id];
}

const struct fault *fault_by_name(const char *name)
{
    for (size_t i = FAULT_STEP; i < FAULT_COUNT; i++)
        if (strcmp(name, faults[i].name) == 0)
            return &faults[i];
    return NULL;
}

bool faults_include(const char *list, enum fault_id id)
{
    size_t length = strlen(faults[id].name);

    for (; list; list = strchr(list, ',') ? strchr(list, ',') + 1 : NULL)
        if (strcspn(list, ",") == length && strncmp(list, faults[id].name, length) == 0)
            return true;
    return false;
}

int faults_parse(const char *list, char **ret, struct err *err)
{
    CLEANUP(mem_freep) char *copy = mem_strdup(list);
    char *rest = copy, *name;

    while ((name = strsep(&rest, ",")))
        if (!fault_by_name(name))
            return err_set(err, ERR_USAGE,
                           "--fault '%s': expected kill, step or byte, or several with "
                           "commas",
                           name);
    *ret = mem_strdup(faults[FAULT_STEP].name);
    for (enum fault_id id = FAULT_STEP + 1; id < FAULT_COUNT; id++)
        if (faults_include(list, id)) {
            char *longer = mem_printf("%s,%s", *ret, faults[id].name);

            free(*ret);
            *ret = longer;
        }
    return 0;
}

enum fault_id fault_id(const struct fault *fault)
{
    return (enum fault_id)(fault - faults);
}

enum outcome fault_outcome(const struct fault *fault, const struct page *page,
                           struct ending ending)
{
    if (ending.by_watchdog)
        return OUTCOME_TIMEOUT;
    if (page->error[0])
        return OUTCOME_ERROR;
    if (page->end_ns)
        return OUTCOME_MISSED;
    if (!ending.by_sigkill)
        return OUTCOME_ERROR;
    if (!page->begin_ns)
        return OUTCOME_EARLY;
    return fault->arm && (!fault->struck || fault->struck(page)) ? OUTCOME_VALID
                                                                 : OUTCOME_ERROR;
}

const char *outcome_name(enum outcome outcome)
{
    static const char *const names[OUTCOME_COUNT] = {
        "valid", "missed", "early", "timeout", "error", "disturbed",
    };

    return names[outcome];
}
