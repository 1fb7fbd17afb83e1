/* advice.h - which strategy to choose: of those that do no harm, the fastest. Pure.
 *
 * Without harm is who has a whole census in which nothing is wrong for good, and leaves
 * what is right when nobody is killed. Where there are such, those of whom nothing is
 * wrong even for a while come first. */
#pragma once

#include "result/result.h"

struct advice {
    const struct finding *best;  /* the fastest without harm; NULL: there is none */
    const struct finding *rival; /* the next of them; NULL: there is none */
    bool rival_is_as_fast;       /* their durations cannot be told apart */
    const struct finding *than;  /* the first that does harm; NULL: there is none */
    double times;                /* as fast as that, by the medians; 0: not known */
    bool than_is_as_fast;
    const struct finding *least; /* without a best: who does harm at the smallest share of
                                    crash points; NULL: nothing is known */
};

struct advice advice_of(const struct result *result);
