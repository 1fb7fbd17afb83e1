/* coverage.c - 300 campaigns of real kills cover rates that are known by construction, as
 * often as their intervals promise.
 *
 * Campaign i has seed i and one strategy of tests/scenarios/known_share.lua, which leaks
 * in 1, 5 or 9 of its ten round trips of the same length. What an update does besides
 * takes less than 2% of it (known.h), so the truth is less than 2% of itself lower. That
 * is not a fifth of the half width of any of these intervals (about 0.08, 0.13 and 0.08
 * with 53 valid kills), and costs less than two points of coverage where it costs most,
 * at 0.9, while intervals of so few kills cover one to three points more than promised.
 *
 * The bounds are those of coverage.h for 300 campaigns: a correct program fails one of
 * the four sides with a probability below 1e-9 together. */
#include "testlib.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/process.h"
#include "coverage.h"
#include "known.h"

#define ERROR 2.5e-10
#define CALM 0.02

enum { CAMPAIGNS = 300, AT_ONCE = 8 };
/* One of eight shards makes 80 of them, and an eighth of the updates by which a run says
 * what they cost, which took longer than the kills. */
#define TRIALS "640"
#define SHARD "1/8"

static struct kind {
    const char *strategy;
    unsigned tenths;
    double sum, squares; /* of the estimates of all its campaigns */
    double hidden;       /* what kills have not seen, by their reports; a sum, too */
    unsigned campaigns;
} kinds[] = { { .strategy = "tenth", .tenths = 1 },
              { .strategy = "half", .tenths = 5 },
              { .strategy = "nine-tenths", .tenths = 9 } };

static struct coverage coverages[] = { { .confidence = 0.95 }, { .confidence = 0.5 } };

static struct kind *kind_of(int campaign)
{
    return &kinds[(size_t)campaign % ARRAY_SIZE(kinds)];
}

/* On a CPU of its own, whatever else goes on: there it has one lane. */
static struct live_run start(const char *scenario, const char *rtt, int campaign, int cpu)
{
    CLEANUP(mem_freep) char *seed = mem_printf("%d", campaign);
    struct live_run live;
    cpu_set_t before;

    sched_getaffinity(0, sizeof(before), &before);
    process_pin(cpu);
    live = START("run", scenario, "--rtt", rtt, "--set", "turns=" KNOWN_IDLE,
                 "--strategy", kind_of(campaign)->strategy, "--trials", TRIALS, "--shard",
                 SHARD, "--seed", seed, "--no-store", "--format", "json");
    sched_setaffinity(0, sizeof(before), &before);
    return live;
}

static void finish(struct live_run *live, int campaign)
{
    struct kind *kind = kind_of(campaign);
    struct run run = run_finish(live);
    json_t *strategy = json_strategy(&run, kind->strategy);
    double estimate, truth = kind->tenths / 10.0, hidden;
    uint64_t leaked, valid;

    cr_assert_eq(run.status, 0, "seed %d: status %d: %s", campaign, run.status, run.err);
    leaked = (uint64_t)json_count(strategy, "kills", "leaked");
    valid = (uint64_t)json_count(strategy, "kills", "valid");
    cr_assert_gt(valid, 0, "seed %d: no kill is valid", campaign);
    estimate = json_number(strategy, "leak_rate", "estimate");
    /* At 0.95 the interval is that of the report. */
    coverage_add(&coverages[0],
                 (struct interval){ json_number(strategy, "leak_rate", "low"),
                                    json_number(strategy, "leak_rate", "high") },
                 valid, truth);
    hidden = json_hidden(strategy);
    /* At another one it is known where all kills weigh the same, and have seen all. */
    if (hidden < CALM && fabs(estimate - (double)leaked / (double)valid) < 1e-8)
        coverage_add(&coverages[1],
                     interval_proportion(leaked, valid, coverages[1].confidence), valid,
                     truth);
    kind->sum += estimate;
    kind->squares += estimate * estimate;
    kind->hidden += hidden;
    kind->campaigns++;
    run_release(&run);
}

/* All campaigns of one strategy together: a bias that is too small to show in a campaign.
 * It may be what known.h allows for, and what the reports say that kills have not seen,
 * which is more the busier the machine is. */
static void check_pooled(const struct kind *kind)
{
    double n = kind->campaigns, mean = kind->sum / n, hidden = kind->hidden / n;
    double error = sqrt((kind->squares / n - mean * mean) / (n - 1));
    /* 1e-10 by Student's t of 99 degrees of freedom. */
    struct interval pooled = { mean - 7.2 * error - hidden, mean + 7.2 * error + hidden };

    fprintf(stderr, "%s: %.4f [%.4f, %.4f]\n", kind->strategy, mean, pooled.low,
            pooled.high);
    cr_expect(known_covers(pooled, kind->tenths),
              "%s: the truth is not in the pooled [%g, %g]", kind->strategy, pooled.low,
              pooled.high);
}

Test(coverage, is_as_promised_for_real_kills)
{
    CLEANUP(mem_freep) int *cpus = NULL;
    char *directory = test_directory(), *path = test_scenario("known_share");
    char *rtt = known_rtt("timer", KNOWN_IDLE);
    int at_once = process_cpus(&cpus);

    if (at_once > AT_ONCE)
        at_once = AT_ONCE;
    for (int first = 1; first <= CAMPAIGNS; first += at_once) {
        struct live_run live[AT_ONCE];

        for (int i = 0; i < at_once && first + i <= CAMPAIGNS; i++)
            live[i] = start(path, rtt, first + i, cpus[i]);
        for (int i = 0; i < at_once && first + i <= CAMPAIGNS; i++)
            finish(&live[i], first + i);
    }
    coverage_expect(&coverages[0], ERROR, "real kills");
    if (coverages[1].campaigns)
        coverage_expect(&coverages[1], ERROR, "real kills that have seen all");
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        check_pooled(&kinds[i]);
    free(path);
    free(rtt);
    test_directory_remove(directory);
}
