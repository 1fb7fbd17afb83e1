/* silence.c - see silence.h. */
#include "run/silence.h"

#include "base/clock.h"
#include "base/mutant.h"
#include "base/process.h"

/* After so long without a word it is looked at whether somebody is stopped. */
#define STOPPED_NS (2 * NSEC_PER_SEC)
/* Between two turns on a CPU a process may well sleep for an instant. */
#define ASLEEP_NS (5 * NSEC_PER_SEC)
#define PATIENCE 10

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

bool silence_is_too_long(uint64_t silence_ns, uint64_t asleep_ns, uint64_t most_ns)
{
    if (mutant("silence-blamed"))
        asleep_ns = silence_ns;
    return silence_ns >= most_ns &&
           (asleep_ns >= ASLEEP_NS || silence_ns / PATIENCE >= most_ns);
}

/* Workers, and the programs of a scenario, are the lane's children. */
static bool is_awake(const struct fleet_lane *lane)
{
    return process_is_awake(lane->lane_child.pid) ||
           process_is_awake(lane->server_child.pid) ||
           process_is_awake(lane->relay_child.pid);
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
        if (silence_ns + ASLEEP_NS < most_ns || is_awake(lane))
            lane->awake_ns = now_ns;
        if (silence_is_too_long(silence_ns, now_ns - lane->awake_ns, most_ns))
            return err_set(err, -ETIMEDOUT,
                           "lane %zu has said nothing for %.0f s, and %s", i,
                           ns_to_s((double)silence_ns),
                           lane->awake_ns == now_ns
                               ? "is not done: is the machine too busy with other work?"
                               : "waits for something that does not come");
    }
    return 0;
}
