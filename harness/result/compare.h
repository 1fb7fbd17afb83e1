/* compare.h - two runs beside each other, or the strategies of one. Pure.
 *
 * Runs are compared strategy by strategy, matched by name: the rates of what kills left,
 * the crash points of the census, what an update costs. The strategies of one run are
 * compared pair by pair. Differences are always new minus base; of a pair, the strategy
 * that stands first in the run is the base.
 *
 * Every rate that takes part in a comparison is one test, and Holm's correction is over
 * all tests of the comparison. Samples that share their instants, those of pairs always
 * and those of runs if the seeds are the same, are compared attempt by attempt
 * (pairing.h), if both results have kept them.
 *
 * The census has no sampling error, so it takes no test: a crash point that does harm of
 * a kind which it did not do before, or harm that lasts longer, is a regression. */
#pragma once

#include "result/census_change.h"
#include "result/comparable.h"
#include "result/exit_status.h"
#include "result/figures.h"
#include "result/rate_difference.h"
#include "result/tally.h"
#include "stats/ratio.h"

/* A difference of exposures; the interval holds whatever the sides share. */
struct exposure_difference {
    bool known;
    double base, new, estimate;
    struct interval interval;
};

/* How much time there is to do what a rate counts. */
struct exposed {
    struct exposure_difference us;          /* of an update: rate x mean duration */
    struct exposure_difference per_million; /* SIGKILLs at random times; unknown without a
                                               period */
};

struct comparison_row {
    const struct finding *base, *new; /* borrowed from the results */
    struct rate_difference rates[RATE_COUNT];
    struct exposed exposed[RATE_COUNT];
    struct ratio speed; /* updates per second, new over base */
    struct census_change census;
    unsigned uncrashed; /* damage without any crash that was not done before; none in
                           pairs */
    enum margin_verdict margin;
    uint64_t margin_kills; /* per side, that would decide; 0: no number would */
};

struct compare_options {
    double confidence;
    double margin; /* of the harm rate's difference, for non-inferiority; 0: none */
    bool chosen;   /* the new run's strategies were: those of the base that are not among
                      them are not missed */
    bool interleaved; /* the two runs were made by turns (speed.h) */
};

struct comparison {
    const struct result *base, *new; /* borrowed; the same one for pairs */
    struct compare_options options;
    bool pairs;
    const struct difference_method *method;
    size_t tests; /* that the correction is over */
    struct comparison_row *rows;
    size_t count;
    struct comparable comparable;
};

void compare_runs(const struct result *base, const struct result *new,
                  const struct compare_options *options, struct comparison *ret);
void compare_pairs(const struct result *result, const struct compare_options *options,
                   struct comparison *ret);
void comparison_release(struct comparison *comparison); /* may be called twice */

/* Are its sides one and the same run? Then nothing is compared. */
bool compare_is_itself(const struct comparison *comparison);

/* Is the new side worse in something that cannot be chance? By its rates (beyond the
 * margin, if there is one), by its crash points, or by what it does uncrashed. */
bool compare_regressed(const struct comparison *comparison,
                       const struct comparison_row *row);

/* A rate per kill can change only because the update got longer or shorter around the
 * same harm. True if the harm rate seems to have changed, the mean update has changed
 * with it, and the time in which a SIGKILL does harm does not show the same change. Never
 * of two runs of which one was made after the other: the machine may have changed. */
bool compare_is_padding(const struct comparison_row *row);

/* The difference that stands for a rate: where it counts the same kills as harm does, on
 * both sides, that of harm, which is tested. */
const struct rate_difference *compare_rate(const struct comparison_row *row,
                                           enum tally_rate id);

/* The most by which an interval of a rate is wider, to one side, for what kills have not
 * seen. */
double compare_shift(const struct comparison *comparison);

/* Of pairs: pass. Of runs, the worst of all rows: fail if one has regressed;
 * inconclusive if the margin is in an interval, if a side has no valid kills and the
 * other has, or if neither kills nor censuses can be compared; else pass. Inconclusive
 * if there are no rows. */
enum exit_status compare_exit_status(const struct comparison *comparison);

const char *compare_rate_name(enum tally_rate rate);            /* "harmed" */
const char *compare_verdict_name(enum compare_verdict verdict); /* "worse" */
const char *margin_verdict_name(enum margin_verdict verdict);   /* "held" */
