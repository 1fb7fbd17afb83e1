/* suspend.c - see suspend.h. */
#include "run/suspend.h"

#include <signal.h>

#include "base/clock.h"
#include "base/signals.h"

static void on_suspend(uv_signal_t *handle, int number)
{
    struct suspend *suspend = handle->data;
    uint64_t began_ns = clock_now_ns(), ns;

    (void)number;
    agenda_hold(suspend->agenda, true);
    signals_suspend();
    ns = clock_now_ns() - began_ns;
    agenda_lose(suspend->agenda, ns);
    agenda_hold(suspend->agenda, false);
    *suspend->noted_ns += ns;
    for (size_t i = 0; i < suspend->lane_count; i++) {
        suspend->lanes[i].heard_ns += ns;
        suspend->lanes[i].awake_ns += ns;
    }
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
