/* spans.h - crash points that are told together: neighbours of one verdict, where there
 * are too many to tell each; and how much of an update's time is theirs. Pure. */
#pragma once

#include "result/result.h"

struct span {
    uint64_t first, last; /* crash points */
    uint64_t kills;       /* that left one of them */
    double from, to;      /* shares of the median update's time; equal if unknown */
};

struct spans {
    struct span *items; /* in order, without gaps; owned */
    size_t count;
    bool timed; /* are shares of time known? */
};

/* Each point by itself if there are at most so many; else, and so always of 0, neighbours
 * of one verdict are one span. */
struct spans spans_of(const struct finding *finding, uint64_t each);
void spans_release(struct spans *spans);

/* Commands of one name, one behind the other: from number `first`, counted from 0, so
 * many. 0: there are no more. */
uint64_t spans_of_commands(const struct finding *finding, uint64_t first);
