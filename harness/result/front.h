/* front.h - harm against cost: which strategies is none better than in both? Pure. */
#pragma once

#include "result/figures.h"

/* Where a strategy stands between the two. */
struct front_place {
    bool known; /* its census is whole, it was measured, and killed if it does harm */
    bool clean; /* no crash point does harm: then both shares are 0 */
    /* Does no other strategy take as little and do as little harm, and less of one? Harm
     * counts as the upper end of its interval, so that nobody stands there because kills
     * did not get where it does harm. False if the place is not known. */
    bool front;
    double us;       /* the median update */
    double estimate; /* share of SIGKILLs that do harm */
    struct interval interval;
};

/* Of all strategies, in their order; the caller frees them. */
struct front_place *front_places(const struct result *result);
