/* programs.h - what a scenario says about its programs: where they run, with what
 * environment, by what clock and for how long. Nothing is run here. */
#pragma once

#include <stdbool.h>

#include "redis/glob.h"
#include "scenario/mistake.h"
#include "scenario/outline.h"
#include "scenario/parameters.h"

struct program_settings {
    bool any; /* the scenario has a command somewhere; else all but `effects` is unset */
    char *directory; /* where they run, as found from the scenario's path; owned */
    /* "NAME=value": `env`, with its {url} and the like; parameters as AFTERKILL_NAME;
     * AFTERKILL_SEED and PYTHONHASHSEED. In order; NULL behind the last; owned. */
    char **environment;
    bool frozen;                /* the clock that programs see */
    double timeout_s, settle_s; /* 0: not given */
    struct patterns effects, vary;
};

/* Of the table on top of the stack, whose keys have been checked, once its parameters and
 * its commands (any: there are some) have been read. */
int programs_load(const struct mistake_file *file,
                  const struct parameter_settings *settings,
                  const struct outline *outline, bool any, struct program_settings *ret);
void programs_release(struct program_settings *programs);
