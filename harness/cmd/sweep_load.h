/* sweep_load.h - the scenario of a run, loaded once per value of a sweep.
 *
 * All values are loaded before anything runs: what a scenario refuses is known at once,
 * not after an hour. */
#pragma once

#include "result/sweep.h"
#include "scenario/scenario.h"

/* `ret` has room for sweep->wanted scenarios, all NULL. The caller frees them, also after
 * an error; the sweep borrows their outlines. Refuses a parameter that is among the
 * settings' assignments, and two values that mean the same. */
int sweep_load(struct sweep *sweep, const char *path,
               const struct parameter_settings *settings, struct scenario **ret,
               struct err *err);
