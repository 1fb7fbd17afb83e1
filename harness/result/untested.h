/* untested.h - which updates were not tested by their census, although it is complete.
 *
 * If every crash point leaves the old state, there was nothing to see, and "never torn"
 * says nothing. Of an update that is one piece (a command, a transaction, a script) it is
 * true nevertheless: there is nothing between its old state and its new one, which may
 * well be equal, as those of a heartbeat. Not so if all that it writes is ignored. (One
 * that changes nothing at all is refused before: trial/controls.c.) Pure. */
#pragma once

#include "redis/glob.h"
#include "result/result.h"

/* Looks at the strategies whose census is complete. One that tests nothing, and does not
 * say that it is meant (noop), is ERR_USAGE. `ignore`: what does not count. */
int untested_check(const struct result *result, const struct ignored *ignore,
                   struct err *err);
