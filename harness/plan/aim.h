/* aim.h - at which instants of an update kills are aimed, and what each one counts for.
 * Pure.
 *
 * Wanted is the harm that a SIGKILL does at an instant drawn uniformly from all time that
 * is spent in updates. Updates do not all take the same time: a few may take fifty times
 * as long, and then most of the time is theirs. An instant drawn from the span that most
 * updates take never kills them late; one drawn from the span of the longest mostly comes
 * when the update is over, and the attempt is lost.
 *
 * So the time from the beginning is cut into strata: the first is the span of most
 * updates, and each of the others half as long as all before it, up to beyond the longest
 * that was seen. A stratum is drawn with a probability that is known, and the instant
 * uniformly within. Each kill then weighs the stratum's length over its probability
 * (weighted.h), whatever became of the others: that makes any choice of strata and
 * probabilities right, and a good one cheap. The probability is proportional to the
 * stratum's length times the root of the share of updates that are still running in it
 * (Neyman, "On the two different aspects of the representative method", Journal of the
 * Royal Statistical Society 97 (1934)); but strata behind the first get a fifth of the
 * attempts at most, or as much of them as of the time.
 *
 * Instants begin a little before the update does: SIGKILL comes some microseconds late,
 * and late by a varying time, so instants from the very beginning on would leave its
 * first microseconds out. How much before is how much later it comes at most than at
 * least (trial/lateness.h). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define AIM_STRATA 64

struct aim {
    uint64_t before_ns; /* instants begin so long before the update; set by the caller */
    size_t strata;      /* 0 at first */
    struct stratum {
        double start_ns, end_ns; /* from where instants begin */
        double probability;
    } stratum[AIM_STRATA];
};

struct aimed {
    uint64_t instant_ns; /* from where instants begin */
    double weight_ns;    /* a multiple of 1/1024 ns: sums up to two hours are exact, and
                            the same in the order of the trials and in which they ended */
};

/* An aim by the durations of uninterrupted updates, at least one, and the longest that
 * was ever seen. What is aimed at stays the same as long as nothing speaks against it, so
 * that kills weigh the same: updates that are hardly faster or slower change nothing. */
void aim_by(struct aim *aim, const uint64_t *durations_ns, size_t count,
            uint64_t longest_ns);

/* An instant by a random number in [0, 1). Without an aim: at once, and of no weight. */
struct aimed aim_at(const struct aim *aim, double fraction);

/* What most of these updates, at least one, take at most: an aim that is made by them has
 * a first stratum that ends there at the latest. */
double aim_most_of(const uint64_t *durations_ns, size_t count);
/* The same of an aim: the end of its first stratum. */
double aim_most_ns(const struct aim *aim);
/* Up to here instants are drawn, from the update's beginning; 0 without an aim. */
double aim_end_ns(const struct aim *aim);
