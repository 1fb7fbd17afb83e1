/* known.c - see known.h. */
#include "known.h"

#include "testlib.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define ROUND_TRIPS 10
#define TRIES 200 /* 20 were too few at a load of 170 on two CPUs, under sanitizers */

static double duration_us(const struct run *run, const char *strategy)
{
    return json_number_value(
        json_object_get(json_strategy(run, strategy), "duration_us"));
}

char *known_rtt(const char *killer, const char *turns)
{
    char *path = test_scenario("known_share"), *set = mem_printf("turns=%s", turns);
    double waiting_us = 0, plain_us = 0, missing_us;

    /* On a machine that is busy enough, hardly any goes on undisturbed. Then round trips
     * count for nothing, and the relay makes all of it. */
    for (int i = 0; i < TRIES && plain_us <= 0; i++) {
        struct run run = RUN("run", path, "--strategy", "nine-tenths,never", "--trials",
                             "0", "--set", set, "--killer", killer, "--format", "json");

        cr_assert_eq(run.status, 0, "status %d: %s", run.status, run.err);
        waiting_us = duration_us(&run, "nine-tenths");
        plain_us = duration_us(&run, "never");
        run_release(&run);
    }
    cr_assert_gt(plain_us, 0, "no plain update could be timed");
    missing_us = fmax(0, ceil((KNOWN_WAITING * plain_us - waiting_us) / ROUND_TRIPS));
    fprintf(stderr,
            "killer %s: an update that waits takes %.0f us, a plain one %.1f: "
            "%.0f us are missing in each round trip\n",
            killer, waiting_us, plain_us, missing_us);
    free(path);
    free(set);
    return mem_printf("%.0fus", missing_us);
}

bool known_covers(struct interval interval, unsigned tenths)
{
    double most = tenths / 10.0;

    return interval.low <= most && (1 - KNOWN_ERROR) * most <= interval.high;
}
