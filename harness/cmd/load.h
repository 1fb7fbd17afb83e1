/* load.h - a scenario file is loaded, by whoever wants one.
 *
 * Lua code that takes too long is stopped (sandbox.h), but not while it is within one
 * function of Lua's own: a pattern that backtracks, or a string that is repeated 2^62
 * times, may take longer than anybody lives. So a file is first loaded in a child, which
 * can be given up, and which a signal ends. What loads there in time does so again: both
 * begin with the same sandbox, down to its addresses, and nothing in a scenario can tell
 * the one from the other. */
#pragma once

#include "scenario/scenario.h"

/* scenario_load(), but ERR_USAGE in any case if that is late by a second more (see
 * sandbox_is_late()), -ETIMEDOUT if the child does not run, and ERR_STOPPED if a signal
 * asked meanwhile. Forks: call it from the main thread. */
int load_scenario(const char *path, const struct parameter_settings *settings,
                  struct scenario **ret, struct err *err);

/* The same of a text that was in the file of that path, which may be gone, or is another
 * one by now: nothing there is looked at. */
int load_scenario_text(const char *path, const char *text,
                       const struct parameter_settings *settings, struct scenario **ret,
                       struct err *err);
