/* tally.h - what was found, counted. Pure: events of lanes go in, a result comes out. */
#pragma once

#include "result/exit_status.h"
#include "result/result.h"
#include "stats/sample.h"

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

/* Derived figures. */
struct words tally_census(const struct finding *finding);
bool tally_census_complete(const struct finding *finding);
/* How many crash points the points of a fault left. */
uint64_t tally_classes(const struct finding *finding, enum fault_id id);
/* The number of a fault's point among those of its stage, through the stage's faults and
 * all strategies: which shard's it is. A trial's number is what it is. */
uint64_t tally_item(const struct result *result, enum fault_id id, size_t strategy,
                    uint64_t point);
uint64_t tally_attempts(const struct finding *finding);    /* all outcomes */
uint64_t tally_valid(const struct finding *finding);       /* kills inside the update */
uint64_t tally_unexplained(const struct finding *finding); /* deaths of any fault */
uint64_t tally_all_unexplained(const struct result *result);
/* The number of strategies of which something is expected, and known. */
size_t tally_judged(const struct result *result);
uint64_t tally_harmed(const struct words *words); /* that did harm of any kind */
/* The first crash point that does harm; finding_points() if there is none. */
uint64_t tally_first_harm(const struct finding *finding);

/* Does a rate count a death of this verdict? */
bool tally_counts(enum tally_rate rate, const struct verdict *verdict);
struct sample tally_sample(const struct finding *finding, enum tally_rate rate);

/* The same of those that did harm which ends before it is not tolerated. */
struct sample tally_passing(const struct finding *finding);

enum strategy_verdict tally_verdict(const struct finding *finding);

/* Of a run by itself; conclusion.h allows for all that it is held to. */
enum exit_status tally_exit_status(const struct result *result);
