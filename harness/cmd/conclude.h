/* conclude.h - what a run is held to besides what its scenario expects: gates, and
 * another run or a baseline. For the commands that take gate_options.h. */
#pragma once

#include "cmd/gate_options.h"
#include "result/compare.h"
#include "store/baseline.h"
#include "store/load.h"

struct conclusion {
    const struct gate_options *options;
    struct saved saved;        /* of --against */
    struct baseline *baseline; /* of --baseline; NULL: none */
    struct comparison comparison;
    struct gate_report gates;
};

/* Loads what the run will be compared with, and refuses gates that could not be judged:
 * before hours of work, not after. `result` says which strategies take part. */
int conclude_prepare(struct conclusion *ret, const struct gate_options *options,
                     const struct result *result, struct err *err);
/* Judges the finished run. */
int conclude(struct conclusion *conclusion, const struct result *result, struct err *err);
void conclusion_release(struct conclusion *conclusion); /* may be called twice */

/* What reports are to show of it; NULL: nothing was asked for. */
const struct comparison *conclusion_comparison(const struct conclusion *conclusion);
const struct gate_report *conclusion_gates(const struct conclusion *conclusion);
