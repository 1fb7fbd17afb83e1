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
static uint64_t times_ns[4 * (MOST + 1)];
static struct finding finding;

/* A strategy whose crash points are written as one word: L leaks, x does other harm, . is
 * clean; every point leaves a state of its own. */
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
        cr_expect(!figure_prediction(&finding, RATE_LEAKED).known);
        add_timeline(10);
        cr_expect_eq(figure_window_ns(&finding, RATE_LEAKED), cases[i].window_ns, "'%s'",
                     cases[i].points);
        prediction = figure_prediction(&finding, RATE_LEAKED);
        cr_expect(prediction.known);
        cr_expect_float_eq(prediction.rate, share, 1e-12, "'%s': %g", cases[i].points,
                           prediction.rate);
    }
}

Test(figures, prediction_is_of_all_updates_and_tells_their_spread)
{
    struct prediction prediction;

    write_down(".L");
    add_timeline(10); /* 10 of 20 ns leak */
    times_ns[2] = 30;
    times_ns[3] = 40; /* 10 of 40 */
    finding.timeline_count = 2;
    prediction = figure_prediction(&finding, RATE_LEAKED);
    cr_expect_float_eq(prediction.rate, 20.0 / 60, 1e-12);
    cr_expect_float_eq(prediction.low, 0.25, 1e-12);
    cr_expect_float_eq(prediction.high, 0.5, 1e-12);
    cr_expect(!figure_disagrees(prediction, (struct interval){ 0.1, 0.3 }));
    cr_expect(!figure_disagrees(prediction, (struct interval){ 0.3, 0.4 }));
    cr_expect(figure_disagrees(prediction, (struct interval){ 0.1, 0.22 }));
    cr_expect(figure_disagrees(prediction, (struct interval){ 0.53, 0.6 }));
    prediction.known = false;
    cr_expect(!figure_disagrees(prediction, (struct interval){ 0.9, 1 }));
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

/* A tenth of the kills leak, an update takes 1 ms, one is made every 10 s: of a million
 * SIGKILLs at random times 100 land in an update, and 10 leak. */
Test(figures, exposure_is_rate_times_share_of_time)
{
    uint64_t samples_ns[] = { 1000000, 900000, 1100000, 1000000 };
    struct exposure exposure;

    write_down(".L.");
    cr_expect(!figure_exposure(&finding, RATE_LEAKED, 10, 0.95, &fixed).known,
              "nothing is known");
    finding.samples_ns = samples_ns;
    finding.sample_count = ARRAY_SIZE(samples_ns);
    finding.kills.outcomes[OUTCOME_VALID] = 1000;
    finding.kills.words.later[0] = 100;
    cr_expect(!figure_exposure(&finding, RATE_LEAKED, 0, 0.95, &fixed).known,
              "no period");
    exposure = figure_exposure(&finding, RATE_LEAKED, 10, 0.95, &fixed);
    cr_expect(exposure.known);
    cr_expect_float_eq(exposure.estimate, 10, 1e-9);
    cr_expect_lt(exposure.low, 10 * 0.8);
    cr_expect_gt(exposure.low, 10 * 0.5);
    cr_expect_gt(exposure.high, 10 * 1.2);
    cr_expect_lt(figure_exposure(&finding, RATE_LEAKED, 10, 0.95, &until).low,
                 exposure.low);
    cr_expect_gt(figure_exposure(&finding, RATE_LEAKED, 10, 0.95, &until).high,
                 exposure.high);
    finding.kills.words.later[0] = 0;
    exposure = figure_exposure(&finding, RATE_LEAKED, 10, 0.95, &fixed);
    cr_expect_float_eq(exposure.estimate, 0, 1e-12);
    cr_expect_float_eq(exposure.low, 0, 1e-12);
    cr_expect_gt(exposure.high, 0);
}
