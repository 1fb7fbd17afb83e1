/* repeat.h - a state judged as often as it takes to be sure of what becomes of it.
 *
 * What `recover`, `alive` and invariants do is part of the verdict, and a verdict that
 * depends on chance is none. So each control and each state of the census is judged at
 * least twice (sure.h says how often), and the same must come of it each time. */
#pragma once

#include "trial/judge.h"

/* How a state is made again, and what it is called in words: "the old state". */
struct remake {
    int (*make)(void *context, struct err *err); /* the database holds it then */
    void *context;
    const char *name;
    bool in_another_second; /* too, where Redis was asked for the time */
};

/* Did the same become of two states, whatever the words for it? */
bool aftermath_equal(const struct aftermath *a, const struct aftermath *b);

/* What becomes of a state, for sure. *ret: what that is; or, if it was judged once
 * already (`judged`), what it was then. A function that does not do the same each time is
 * ERR_USAGE. */
int repeat_aftermath(struct judge *judge, const struct subject *subject,
                     const struct remake *remake, const struct moments *moments,
                     bool judged, struct aftermath *ret, struct err *err);
