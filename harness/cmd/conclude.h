/* conclude.h - holds a run to what gate_options.h asks for: gates, and another run or a
 * baseline. */
#pragma once

#include "cmd/gate_options.h"
#include "result/conclusion.h"
#include "store/baseline.h"
#include "store/load.h"

struct conclude {
    const struct gate_options *options;
    struct saved saved;        /* of --against */
    struct baseline *baseline; /* of --baseline; NULL: none */
    struct conclusion conclusion;
};

/* Which seed lets most be told of what the run will be compared with, if there is
 * anything: its own, because of a run it is kept what came of each attempt; another one,
 * if it is a baseline (docs/results.md). Else, or if it cannot be read, `seed`. */
uint64_t conclude_seed(const struct gate_options *options, uint64_t seed);

/* Loads what the run will be compared with, and refuses gates that could not be judged:
 * before hours of work, not after. `result` says which strategies take part. */
int conclude_prepare(struct conclude *ret, const struct gate_options *options,
                     const struct result *result, struct err *err);
/* Is it to be kept what comes of each attempt, because the run is compared with one of
 * which that is known? */
bool conclude_by_pairs(const struct conclude *conclude);
/* Judges the finished run. */
int conclude_run(struct conclude *conclude, const struct result *result, struct err *err);
void conclude_release(struct conclude *conclude); /* may be called twice */
