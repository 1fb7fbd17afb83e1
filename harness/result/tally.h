/* tally.h - what was found, counted. Pure: events of lanes go in, a result comes out, of
 * which totals.h tells what it comes to. */
#pragma once

#include "result/totals.h"

/* Takes one event into account. A lane that contradicts another one is an error: then
 * the scenario, or afterkill, is not repeatable. */
int tally_take(struct result *result, enum event_type type, const void *body,
               size_t bytes, struct err *err);

/* The error of a lane that says something else than what is known. */
int tally_contradiction(const struct finding *finding, const char *what, struct err *err);

void tally_add_times(struct result *result, const struct trial_times *times);

/* The crash point whose state a death left, and whose verdict it got: Redis executed a
 * prefix, of a length between the replies that were read and the commands that were
 * written. NULL: unexplained. */
struct point *tally_explain(struct finding *finding, const struct event_trial *trial);
