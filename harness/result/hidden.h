/* hidden.h - what kills have not seen, and what that may come to. Pure.
 *
 * Of some of the time that updates take, the kills say nothing: it was later than all of
 * them, or belonged to updates that were held up (figures.h). In it a death may always do
 * what a rate counts, if any crash point does, or never. So intervals are wider by it:
 * those of rates, and those of their differences. */
#pragma once

#include "result/tally.h"

/* Shares of the time, and whether any crash point does what the rate counts. */
struct hidden {
    double unsampled, contention;
    bool possible;
};
struct hidden hidden_from(const struct finding *finding, enum tally_rate rate);

/* The interval of a rate of all the time, by that of the time that kills saw. */
struct interval hidden_widen(struct hidden hidden, struct interval seen);

/* How much less (<= 0) and how much more (>= 0) the rate may be, if that of the time that
 * kills saw is somewhere in the interval. */
struct interval hidden_shift(struct hidden hidden, struct interval seen);
