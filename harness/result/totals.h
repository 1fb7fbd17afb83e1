/* totals.h - what a result comes to: sums and samples over what was counted (tally.h).
 * Nothing of it is kept, for all follows from the counts. Pure. */
#pragma once

#include "result/exit_status.h"
#include "result/result.h"
#include "stats/sample.h"

/* Counts one more verdict under each of its words. */
void words_count(struct words *words, const struct verdict *verdict);

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
