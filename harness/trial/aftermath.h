/* aftermath.h - what becomes of a state as time passes.
 *
 * It is looked at at moments (state/moments.h). At each, what is due by then goes away,
 * survivors recover if it is time for them to, and what there is now is noted: the state,
 * which invariant is violated, whether a fresh worker can do the operation (tried on a
 * copy). Functions see the time of the moment as p.now. At the last everything that has
 * an expiry goes, before recovery and after it. */
#pragma once

#include "base/err.h"
#include "state/moments.h"
#include "state/snapshot.h"

struct judge;
struct judge_beside;
struct subject;

/* How things are at a moment; code 0: nothing is wrong. */
struct station {
    struct snapshot state; /* owned */
    struct err failed;     /* what `recover` raised: survivors cannot clean up */
    struct err broken;     /* an invariant that is violated, but for those of expiries */
    struct err stuck;      /* why `alive` fails */
};

/* Can the operation go on? */
static inline bool station_is_well(const struct station *station)
{
    return !station->failed.code && !station->stuck.code;
}

struct aftermath {
    struct moments moments;
    struct station *stations; /* of each, and of the last behind them; owned */
    size_t room;
    struct err violated; /* an invariant of expiries, as the death left the state */
    int64_t violated_ms; /* the expiry that was found; INT64_MAX: there was none */
    bool settled;        /* the last is as the one before it: nothing changes any more */
};
#define AFTERMATH_NULL ((struct aftermath){ .stations = NULL })
void aftermath_release(struct aftermath *aftermath);

/* moments.count: at the last. */
const struct station *aftermath_at(const struct aftermath *aftermath, size_t moment);

/* Lets time pass over the state that the database holds, which holds anything
 * afterwards. `beside` is for the watch; NULL: there is none. */
int aftermath_find(struct judge *judge, const struct subject *subject,
                   const struct moments *moments, const struct judge_beside *beside,
                   struct aftermath *ret, struct err *err);
