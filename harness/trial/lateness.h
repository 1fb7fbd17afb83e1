/* lateness.h - how late SIGKILL comes after the instant for which the kernel's timer was
 * set: a few microseconds on a machine of one's own, dozens on a virtual one.
 *
 * It is not the same each time. If instants were drawn from the beginning of an update
 * on, its first microseconds would be killed too rarely, and what is done there would be
 * seen too rarely. So workers begin their updates as much later after the first instant
 * that is drawn as SIGKILL is late at most, and instants go on for as long after the
 * update's end as it comes earlier than that. */
#pragma once

#include <stdint.h>

#include "base/err.h"

struct page;

struct lateness {
    uint64_t least_ns, most_ns; /* but for one in twenty each */
    uint64_t typical_ns;        /* the median */
};

/* How much it varies: instants begin so long before an update (plan/aim.h). */
static inline uint64_t lateness_spread_ns(const struct lateness *lateness)
{
    return lateness->most_ns - lateness->least_ns;
}

/* Kills children that do nothing but look at the clock. */
int lateness_measure(struct page *page, struct lateness *ret, struct err *err);
