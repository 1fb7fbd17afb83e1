/* What follows from a finding: window, prediction, coverage, exposure. Findings are
 * written down here, without lanes or messages. */
#include <math.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/mem.h"
#include "result/figures.h"

#define MOST 40

static struct point points[MOST + 1];
static struct step steps[MOST];
static uint64_t times_ns[200 + 4 * (MOST + 1)];
static struct finding finding;

/* A strategy whose crash points are written as one word: L leaks, x does other harm, . is
 * clean; every point leaves a state of its own. */
static const struct result result = { .confidence = 0.95, .plan.seed = 1 };

static void write_down(const char *word)
{
    memset(points, 0, sizeof(points));
    memset(steps, 0, sizeof(steps));
    memset(&finding, 0, sizeof(finding));
    finding.controlled = true;
    finding.read_bytes = 16384;
    finding.commands = strlen(word) - 1;
    finding.points = points;
    finding.steps = steps;
    finding.timelines_ns = times_ns;
    for (size_t k = 0; word[k]; k++) {
        points[k].taken = true;
        points[k].verdict.later = word[k] == 'L'   ? LATER_LEAKED | LATER_LOST
                                  : word[k] == 'x' ? LATER_MIXED
                                                   : 0;
        points[k].signature = (struct signature){ k + 1, 0 };
    }
}

/* Adds an update whose commands are written every step_ns, and which ends that much after
 * the last. */
static void add_timeline(uint64_t step_ns)
{
    uint64_t *row = times_ns + finding.timeline_count++ * (finding.commands + 1);

    for (uint64_t k = 0; k <= finding.commands; k++)
        row[k] = (k + 1) * step_ns;
}

Test(figures, window_goes_from_the_first_leak_to_the_end_of_the_last)
{
    static const struct {
        const char *points;
        uint64_t window_ns, leaking_ns;
    } cases[] = {
        { ".....", 0, 0 },   { "..x..", 0, 0 },   { ".L...", 10, 10 },
        { ".LL..", 20, 20 }, { ".LLL.", 30, 30 }, { ".L.L.", 30, 20 },
        { "..L.L", 30, 20 }, { "....L", 10, 10 }, { "L....", 10, 10 },
        { "LLLLL", 50, 50 }, { "x.Lx.", 10, 10 }, { "L", 10, 10 },
        { ".", 0, 0 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct prediction prediction;
        double share =
            (double)cases[i].leaking_ns / (10 * (double)strlen(cases[i].points));

        write_down(cases[i].points);
        cr_expect_eq(figure_window_ns(&finding, RATE_LEAKED), 0, "no timeline yet");
        cr_expect_eq(figure_duration_ns(&finding), 0);
        cr_expect(!figure_prediction(&result, &finding, RATE_LEAKED).known);
        add_timeline(10);
        cr_expect_eq(figure_window_ns(&finding, RATE_LEAKED), cases[i].window_ns, "'%s'",
                     cases[i].points);
        prediction = figure_prediction(&result, &finding, RATE_LEAKED);
        cr_expect(prediction.known);
        cr_expect_float_eq(prediction.rate, share, 1e-12, "'%s': %g", cases[i].points,
                           prediction.rate);
    }
}

Test(figures, prediction_is_of_all_updates_and_tells_how_sure_it_is)
{
    struct prediction prediction;

    write_down(".L");
    for (unsigned i = 0; i < 40; i++)
        add_timeline(10); /* 10 of 20 ns leak */
    for (unsigned i = 0; i < 20; i++) {
        times_ns[2 * i] = 30;
        times_ns[2 * i + 1] = 40; /* 10 of 40 */
    }
    prediction = figure_prediction(&result, &finding, RATE_LEAKED);
    cr_expect_float_eq(prediction.rate, 20.0 / 60, 1e-12);
    cr_expect_eq(prediction.updates, 40);
    /* The mean of 40 durations of 20 or 40 ns is 30 +- 1.6, so the rate 10 / 30 has a
     * standard error of 0.018. */
    cr_expect(prediction.interval.low > 0.28 && prediction.interval.low < 0.32);
    cr_expect(prediction.interval.high > 0.35 && prediction.interval.high < 0.39);
    finding.timeline_count = 2;
    prediction = figure_prediction(&result, &finding, RATE_LEAKED);
    cr_expect_eq(prediction.interval.low, 0, "two updates say little");
    cr_expect_eq(prediction.interval.high, 1);
}

static void set_kills(uint64_t leaked, uint64_t valid)
{
    finding.kills.outcomes[OUTCOME_VALID] = valid;
    finding.kills.words.later[0] = leaked;
}

static struct agreement agreement_of_leaks(void)
{
    struct prediction prediction = figure_prediction(&result, &finding, RATE_LEAKED);

    return figure_agreement(&finding, figure_kill_rate(&result, &finding, RATE_LEAKED),
                            &prediction);
}

Test(figures, kills_and_prediction_agree_or_do_not)
{
    struct agreement agreement;

    write_down(".L");
    for (unsigned i = 0; i < 100; i++)
        add_timeline(10);
    agreement = agreement_of_leaks();
    cr_expect(!agreement.known && agreement.agrees, "there are no kills");
    set_kills(500, 1000);
    agreement = agreement_of_leaks();
    cr_expect(agreement.known && agreement.agrees);
    cr_expect_float_eq(agreement.difference, 0, 1e-12);
    set_kills(540, 1000); /* two points and what chance allows */
    cr_expect(agreement_of_leaks().agrees);
    set_kills(607, 1000);
    finding.kills.unexecuted = 250;
    agreement = agreement_of_leaks();
    cr_expect(!agreement.agrees);
    cr_expect_float_eq(agreement.difference, 0.107, 1e-12);
    cr_expect(agreement.interval.low > 0.07 && agreement.interval.low < 0.08);
    cr_expect_float_eq(agreement.unexecuted, 0.25, 1e-12);
    set_kills(393, 1000);
    cr_expect(!agreement_of_leaks().agrees);
}

/* Ten updates of 100 ns as those that are killed, and what the latest kill has seen. */
static void set_cold(struct cold *cold, uint64_t latest_ns)
{
    for (unsigned i = 0; i < 10; i++)
        cold[i] = (struct cold){ 100, 3 };
    finding.cold = cold;
    finding.cold_count = 10;
    finding.kills.latest_ns = latest_ns;
    for (unsigned i = 0; i < 1000; i++) {
        weighted_add(&finding.kills.weights, 120);
        if (i < 500)
            weighted_add(&finding.kills.counted[RATE_LEAKED], 120);
    }
}

Test(figures, time_that_no_kill_has_seen_widens)
{
    struct interval exact = interval_proportion(500, 1000, 0.95);
    struct cold cold[10];
    struct rate rate;
    double share;

    write_down(".L");
    set_kills(500, 1000);
    set_cold(cold, 100);
    cr_expect_eq(figure_unsampled(&finding), 0);
    rate = figure_kill_rate(&result, &finding, RATE_LEAKED);
    cr_expect_float_eq(rate.interval.low, exact.low, 1e-12);
    cr_expect_float_eq(rate.interval.high, exact.high, 1e-12);
    finding.kills.latest_ns = 90; /* a tenth of the time is later, as far as ten tell */
    share = figure_unsampled(&finding);
    cr_expect(share > 0.12 && share < 0.13, "%g", share);
    rate = figure_kill_rate(&result, &finding, RATE_LEAKED);
    cr_expect_float_eq(rate.interval.low, (1 - share) * exact.low, 1e-12);
    cr_expect_float_eq(rate.interval.high, (1 - share) * exact.high + share, 1e-12);
    points[1].verdict.later = 0; /* by the census nothing can do harm there */
    rate = figure_kill_rate(&result, &finding, RATE_LEAKED);
    cr_expect_float_eq(rate.interval.high, exact.high, 1e-12);
}

/* One update in ten is long: by Poisson's distribution there may be 5.57 times as many
 * (and more than half of the time is theirs as it is). */
Test(figures, few_long_updates_may_be_more)
{
    struct cold cold[10];
    double share;

    write_down(".L");
    set_kills(500, 1000);
    set_cold(cold, 100);
    cold[7].ran_ns = 1100;
    finding.kills.latest_ns = 100;
    share = figure_unsampled(&finding);
    cr_expect(share > 4500 / 5500.0 && share < 5570 / 6570.0, "%g", share);
}

Test(figures, contention_widens)
{
    struct interval exact = interval_proportion(500, 1000, 0.95);
    struct cold cold[10];
    struct rate rate;
    double share;

    write_down(".L");
    set_kills(500, 1000);
    set_cold(cold, 100);
    cr_expect_eq(figure_contention(&finding), 0, "a little is Redis and workers' own");
    for (unsigned i = 0; i < 10; i++)
        cold[i].waited_ns = i == 3 ? 5 : 0;
    cr_expect_eq(figure_contention(&finding), 0);
    cold[3].waited_ns = 4000; /* kills look at a little more than 100 ns of it */
    share = figure_contention(&finding);
    cr_expect(share > 0.1 && share < 0.11, "%g", share);
    rate = figure_kill_rate(&result, &finding, RATE_LEAKED);
    cr_expect_float_eq(rate.interval.low, (exact.low - share) / (1 - share), 1e-12);
    cr_expect_float_eq(rate.interval.high, exact.high / (1 - share), 1e-12);
    cold[3].ran_ns = 900; /* a long one that was held up is looked at as a whole */
    cr_expect_float_eq(figure_contention(&finding), 4900 / 5800.0, 1e-12);
    for (unsigned i = 0; i < 10; i++)
        cold[i].waited_ns = 4000;
    rate = figure_kill_rate(&result, &finding, RATE_LEAKED);
    cr_expect(rate.interval.low == 0 && rate.interval.high == 1, "all were held up");
}

/* Commands of so many bytes each; `writes` and `replies` give for each command a digit.
 */
static void lay_out(uint64_t bytes, const char *writes, const char *replies)
{
    for (uint64_t k = 0; k < finding.commands; k++)
        steps[k] = (struct step){ .end = (k + 1) * bytes,
                                  .write = (uint64_t)(writes[k] - '0'),
                                  .replies = (uint64_t)(replies[k] - '0') };
}

/* What kills can reach, point by point: r or -. */
Test(figures, kills_reach_ends_of_writes_and_of_reads)
{
    static const struct {
        const char *what;
        uint64_t bytes;
        const char *writes, *replies, *reach;
    } cases[] = {
        { "each waits", 100, "01234", "01234", "rrrrrr" },
        { "each a write", 100, "01234", "00000", "rrrrrr" },
        { "one small buffer", 3000, "00000", "00000", "r----r" },
        { "exactly one read", 3276, "00000", "00000", "r----r" },
        { "one read ends inside the fifth", 3500, "00000", "00000", "r---rr" },
        { "a read ends with the fourth", 4096, "00000", "00000", "r---rr" },
        { "a read per command", 16384, "00000", "00000", "rrrrrr" },
        { "several reads per command", 40000, "00000", "00000", "rrrrrr" },
        { "two reads", 7000, "00000", "00000", "r-r-rr" },
        { "two buffers, the second waits", 7000, "00111", "00222", "r-r-rr" },
        { "two buffers, no wait", 5000, "00111", "00000", "r-rr-r" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        write_down("......");
        lay_out(cases[i].bytes, cases[i].writes, cases[i].replies);
        for (uint64_t k = 0; k <= finding.commands; k++)
            cr_expect_eq(figure_reachable(&finding, k), cases[i].reach[k] == 'r',
                         "%s: point %d", cases[i].what, (int)k);
    }
}

Test(figures, coverage_counts_places_not_points)
{
    struct reach reach;

    write_down("......");
    lay_out(100, "01234", "01234");
    reach = figure_reach(&finding);
    cr_expect_eq(reach.reachable, 6);
    cr_expect_eq(reach.hit, 0);
    cr_expect_eq(reach.missing, 0);
    points[0].kills = points[1].kills = points[4].kills = 7;
    reach = figure_reach(&finding);
    cr_expect_eq(reach.hit, 3);
    cr_expect_eq(reach.missing, 2);
    points[3].signature = points[4].signature = points[2].signature;
    reach = figure_reach(&finding);
    cr_expect_eq(reach.reachable, 4, "points 2 to 4 are one place now");
    cr_expect_eq(reach.hit, 3);
    cr_expect_eq(reach.missing, 5);
    lay_out(100, "00000", "00000");
    reach = figure_reach(&finding);
    cr_expect_eq(reach.reachable, 4, "what was hit can be reached");
    cr_expect_eq(reach.hit, 3);
}

static const struct stopping fixed, until = { .width = 0.01 };

/* Of 1,250 attempts 1,000 landed inside the update, each standing for 1.25 ms, and a
 * tenth of them leaks; so an update takes 1 ms. One is made every 10 s: of a million
 * SIGKILLs at random times 100 land in an update, and 10 leak. */
Test(figures, exposure_is_harmful_time_by_the_period)
{
    struct exposure exposure;

    write_down(".L.");
    cr_expect(!figure_exposure(&finding, RATE_LEAKED, 10, 0.95, &fixed).known,
              "nothing is known");
    finding.kills.outcomes[OUTCOME_VALID] = 1000;
    finding.kills.outcomes[OUTCOME_MISSED] = 250;
    finding.kills.words.later[0] = 100;
    cr_expect(!figure_exposure(&finding, RATE_LEAKED, 10, 0.95, &fixed).known,
              "weights are not known");
    for (unsigned i = 0; i < 1000; i++) {
        weighted_add(&finding.kills.weights, 1.25e6);
        if (i < 100)
            weighted_add(&finding.kills.counted[RATE_LEAKED], 1.25e6);
    }
    cr_expect(!figure_exposure(&finding, RATE_LEAKED, 0, 0.95, &fixed).known,
              "no period");
    exposure = figure_exposure(&finding, RATE_LEAKED, 10, 0.95, &fixed);
    cr_expect(exposure.known);
    cr_expect_float_eq(exposure.estimate, 10, 1e-9);
    cr_expect_lt(exposure.low, 10 * 0.85);
    cr_expect_gt(exposure.low, 10 * 0.5);
    cr_expect_gt(exposure.high, 10 * 1.2);
    cr_expect_lt(figure_exposure(&finding, RATE_LEAKED, 10, 0.95, &until).low,
                 exposure.low);
    cr_expect_gt(figure_exposure(&finding, RATE_LEAKED, 10, 0.95, &until).high,
                 exposure.high);
    finding.kills.words.later[0] = 0;
    finding.kills.counted[RATE_LEAKED] = (struct weighted){ .count = 0 };
    exposure = figure_exposure(&finding, RATE_LEAKED, 10, 0.95, &fixed);
    cr_expect_float_eq(exposure.estimate, 0, 1e-12);
    cr_expect_float_eq(exposure.low, 0, 1e-12);
    cr_expect_gt(exposure.high, 0);
}
