/* conclusion.h - what a run is held to besides what its scenario expects. Pure. */
#pragma once

#include "result/compare.h"
#include "result/gate.h"

struct conclusion {
    struct comparison comparison; /* with another run; its base is NULL: with none */
    struct gate_report gates;     /* none: not asked for */
};

/* The exit status of a run with all that it is held to: `conclusion` (NULL: nothing), and
 * what it was to go on for (stopping.h). */
enum exit_status conclusion_exit_status(const struct result *result,
                                        const struct conclusion *conclusion);
void conclusion_release(struct conclusion *conclusion); /* may be called twice */
