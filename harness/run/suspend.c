/* suspend.c - see suspend.h. */
#include "run/suspend.h"

#include <signal.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "base/process.h"
#include "base/signals.h"

#define STOPPED_LEAST_NS NSEC_PER_SEC

/* How long all lanes have run so far; 0: nobody knows. */
static uint64_t ran(const struct suspend *suspend)
{
    uint64_t sum_ns = 0;

    for (size_t i = 0; i < suspend->lane_count; i++) {
        CLEANUP(file_closep) int fd =
            process_turns_open(suspend->lanes[i].lane_child.pid);
        struct process_turns turns;

        if (!process_turns_read(fd, &turns))
            return 0;
        sum_ns += turns.ran_ns;
    }
    return sum_ns;
}

static void note_look(struct suspend *suspend, uint64_t now_ns)
{
    suspend->looked_ns = now_ns;
    suspend->ran_ns = ran(suspend);
    agenda_look(suspend->agenda, now_ns);
}

/* What was after the time that is lost stays where it was: nothing comes from later than
 * now. */
static void put_off(uint64_t *at_ns, uint64_t ns, uint64_t now_ns)
{
    *at_ns = *at_ns + ns < now_ns ? *at_ns + ns : now_ns;
}

static void lose(struct suspend *suspend, uint64_t ns)
{
    uint64_t now_ns = clock_now_ns();

    agenda_lose(suspend->agenda, ns);
    put_off(suspend->noted_ns, ns, now_ns);
    for (size_t i = 0; i < suspend->lane_count; i++) {
        put_off(&suspend->lanes[i].heard_ns, ns, now_ns);
        put_off(&suspend->lanes[i].awake_ns, ns, now_ns);
    }
}

static void on_suspend(uv_signal_t *handle, int number)
{
    struct suspend *suspend = handle->data;
    uint64_t began_ns = clock_now_ns();

    (void)number;
    agenda_hold(suspend->agenda, true);
    signals_suspend();
    lose(suspend, clock_now_ns() - began_ns);
    agenda_hold(suspend->agenda, false);
    note_look(suspend, clock_now_ns());
}

/* A lane that was not stopped itself has run on. */
void suspend_look(struct suspend *suspend)
{
    uint64_t now_ns = clock_now_ns(), gap_ns = now_ns - suspend->looked_ns;
    uint64_t least_ns = SUSPEND_LOOK_MS * NSEC_PER_MSEC, then_ns = suspend->ran_ns;
    uint64_t ran_ns = ran(suspend);

    if (suspend->looked_ns && gap_ns >= STOPPED_LEAST_NS && then_ns && ran_ns &&
        ran_ns - then_ns <= 2 * least_ns * suspend->lane_count && !mutant("stop-counts"))
        lose(suspend, gap_ns - least_ns);
    note_look(suspend, clock_now_ns());
}

void suspend_hear(struct suspend *suspend)
{
    if (suspend->looked_ns && clock_now_ns() - suspend->looked_ns >= STOPPED_LEAST_NS)
        suspend_look(suspend);
}

void suspend_watch(struct suspend *suspend, uv_loop_t *loop, struct agenda *agenda,
                   struct fleet_lane *lanes, size_t lane_count, uint64_t *noted_ns)
{
    struct sigaction action;

    *suspend = (struct suspend){
        .agenda = agenda, .lanes = lanes, .lane_count = lane_count, .noted_ns = noted_ns
    };
    uv_signal_init(loop, &suspend->signal);
    suspend->signal.data = suspend;
    if (sigaction(SIGTSTP, NULL, &action) == 0 && action.sa_handler != SIG_IGN)
        uv_signal_start(&suspend->signal, on_suspend, SIGTSTP);
}
