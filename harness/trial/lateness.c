/* lateness.c - see lateness.h. */
#include "trial/lateness.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/process.h"
#include "redis/page.h"
#include "stats/durations.h"
#include "trial/fault.h"

#define CHILDREN 100
#define CHILDREN_FORKED 20 /* which take a hundred times as long to be born */
#define DELAY_NS (30 * NSEC_PER_USEC)
/* A machine that is busy may be late by milliseconds: no update is held up for so long.
 */
#define MOST_NS (100 * NSEC_PER_USEC)

/* Notes the time until it is killed; nothing else of the caller's memory is touched. */
static int look_at_the_clock(void *context)
{
    struct page *page = context;
    struct fault_point point = { .delay_ns = DELAY_NS };

    page->arm_ns = point.armed_ns = clock_now_ns();
    if (fault_by_id(FAULT_KILL)->arm(NULL, &point) < 0)
        _exit(EXIT_FAILURE);
    while (page->arm_ns)
        page->begin_ns = clock_now_ns();
    _exit(EXIT_FAILURE);
}

static pid_t start(struct page *page, struct err *err)
{
    struct room stack = page_stack(page);
    pid_t pid;

    if (process_can_share())
        return process_share(look_at_the_clock, page, stack.at, stack.bytes, err);
    pid = process_fork(false, err);
    return pid == 0 ? look_at_the_clock(page) : pid;
}

static int kill_one(struct page *page, uint64_t *ret_ns, struct err *err)
{
    uint64_t due_ns;
    siginfo_t info;
    pid_t pid;

    page_reset(page);
    pid = start(page, err);
    if (pid < 0)
        return err_wrap(err, "measure how late SIGKILL comes");
    while (waitid(P_PID, (id_t)pid, &info, WEXITED) < 0 && errno == EINTR)
        ;
    if (process_can_share())
        process_shared();
    due_ns = page->arm_ns + DELAY_NS;
    *ret_ns = page->begin_ns > due_ns ? page->begin_ns - due_ns : 0;
    return 0;
}

int lateness_measure(struct page *page, struct lateness *ret, struct err *err)
{
    CLEANUP(mem_freep) uint64_t *sorted_ns = NULL;
    uint64_t late_ns[CHILDREN];
    size_t count = process_can_share() ? CHILDREN : CHILDREN_FORKED;

    for (size_t i = 0; i < count; i++) {
        if (kill_one(page, &late_ns[i], err) < 0)
            return err->code;
        if (late_ns[i] > MOST_NS)
            late_ns[i] = MOST_NS;
    }
    sorted_ns = durations_sorted(late_ns, count);
    *ret = (struct lateness){ .least_ns = sorted_ns[count / 20],
                              .most_ns = sorted_ns[count - 1 - count / 20],
                              .typical_ns = sorted_ns[count / 2] };
    return 0;
}
