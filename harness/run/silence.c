/* silence.c - see silence.h. */
#include "run/silence.h"

#include "base/clock.h"
#include "base/mutant.h"
#include "base/process.h"

/* After so long without a word it is looked at whether somebody is stopped. */
#define STOPPED_NS (2 * NSEC_PER_SEC)

/* Whoever is stopped does not go on by itself, and who waits for it only sees that
 * nothing comes. */
static int check_stopped(const struct fleet_lane *lane, size_t index, struct err *err)
{
    const struct {
        const char *what;
        pid_t pid;
    } all[] = {
        { "the lane itself", lane->lane_child.pid },
        { "its redis-server", lane->server_child.pid },
        { "its relay (--rtt)", lane->relay_child.pid },
    };

    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        if (all[i].pid > 0 && process_is_stopped(all[i].pid))
            return err_set(err, -ETIMEDOUT,
                           "lane %zu: somebody has stopped %s (process %ld, by SIGSTOP "
                           "for instance), and so the run",
                           index, all[mutant("stopped-misnamed") ? 0 : i].what,
                           (long)all[i].pid);
    return 0;
}

int silence_check(struct fleet_lane *lanes, size_t count, uint64_t most_ns,
                  struct err *err)
{
    uint64_t now_ns = clock_now_ns();

    for (size_t i = 0; i < count; i++) {
        struct fleet_lane *lane = &lanes[i];
        uint64_t silence_ns;

        if (lane->waits)
            lane->heard_ns = now_ns;
        silence_ns = now_ns - lane->heard_ns;
        if (silence_ns > STOPPED_NS && check_stopped(lane, i, err) < 0)
            return err->code;
        if (silence_ns >= most_ns)
            return err_set(err, -ETIMEDOUT,
                           "lane %zu has said nothing for %.0f s; is its redis-server "
                           "stopped?",
                           i, ns_to_s((double)silence_ns));
    }
    return 0;
}
