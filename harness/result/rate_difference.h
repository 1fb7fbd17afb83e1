/* rate_difference.h - a rate on two sides: how far apart, can that be chance, and what
 * would tell. Pure.
 *
 * A verdict needs both: the test, corrected for the number of tests, and the interval,
 * which is wider by what kills on either side have not seen (hidden.h). So it never rests
 * on less than the intervals of the two rates do. */
#pragma once

#include "result/census_change.h"
#include "result/pairing.h"
#include "stats/difference.h"

enum margin_verdict {
    MARGIN_UNASKED,
    MARGIN_HELD,      /* not worse by the margin or more */
    MARGIN_EXCEEDED,  /* worse by more than the margin */
    MARGIN_UNDECIDED, /* the interval holds the margin */
};

struct rate_difference {
    bool tested; /* takes part; else only the samples mean something */
    struct sample base, new;
    const struct difference_method *method;
    double confidence;
    struct pairing pairing; /* of a method that needs pairs */
    double estimate;
    struct interval shift;    /* how much of `interval` is for what kills have not seen */
    struct interval interval; /* of this one difference, not of all together */
    double p, p_adjusted;
    enum compare_verdict verdict;
    uint64_t kills_needed; /* per side, if unseen; 0: the rates are equal, or no more
                              apart than what kills have not seen may come to */
};

/* A side of a comparison. */
struct rate_side {
    const struct result *result;
    const struct finding *finding;
};

/* Of two samples, not yet judged. */
struct rate_difference rate_difference_of(struct rate_side base, struct rate_side new,
                                          enum tally_rate rate,
                                          const struct difference_method *method,
                                          double confidence);
/* With its p corrected for so many tests. */
void rate_difference_judge(struct rate_difference *difference, double p_adjusted,
                           size_t tests);
/* Are the rates apart, but by no more than what kills have not seen may come to? Then
 * more kills tell only if they leave less of that. */
bool rate_difference_is_hidden(const struct rate_difference *difference);

/* Is the new rate greater by more than the margin? If that is undecided, *ret_kills per
 * side would decide; 0: no number would. */
enum margin_verdict rate_difference_margin(const struct rate_difference *difference,
                                           double margin, uint64_t *ret_kills);
