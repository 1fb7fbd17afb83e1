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

static int none_arm(struct wire *wire, const struct fault_point *point)
{
    (void)wire, (void)point;
    return 0;
}

static bool none_struck(const struct page *page)
{
    (void)page;
    return false;
}

/* The crash model of `kill`: the kernel's timer delivers SIGKILL at a nanosecond of its
 * choosing, inside a system call or outside; nothing in the worker can catch, delay or
 * notice it. */
static int kill_arm(struct wire *wire, const struct fault_point *point)
{
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL };
    struct itimerspec when = {
        .it_value = ns_to_timespec(clock_now_ns() + point->lead_ns + point->delay_ns),
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

static bool kill_struck(const struct page *page)
{
    (void)page;
    return true;
}

/* The crash model of `step`: exactly n commands leave the worker, every reply that is due
 * has been read, then the worker is gone. The wire does it, because only the wire knows.
 */
static int step_arm(struct wire *wire, const struct fault_point *point)
{
    wire_cut(wire, point->commands);
    return 0;
}

static bool step_struck(const struct page *page)
{
    return page->cut;
}

/* The crash model of `byte`: exactly n bytes of the worker's output arrive. Nothing arms
 * it in a worker, because there is none: see recording.h. */
static const struct fault faults[FAULT_COUNT] = {
    [FAULT_NONE] = { "none", "the worker is left alone", none_arm, none_struck },
    [FAULT_STEP] = { "step", "the worker dies at a command boundary", step_arm,
                     step_struck },
    [FAULT_BYTE] = { "byte", "exactly n bytes of the worker's output arrive", none_arm,
                     none_struck },
    [FAULT_KILL] = { "kill", "SIGKILL at any instant", kill_arm, kill_struck },
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
    return fault->struck(page) ? OUTCOME_VALID : OUTCOME_ERROR;
}

const char *outcome_name(enum outcome outcome)
{
    static const char *const names[OUTCOME_COUNT] = { "valid", "missed", "early",
                                                      "timeout", "error" };

    return names[outcome];
}
