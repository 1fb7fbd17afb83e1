/* sweep_words.h - where in a sweep a strategy begins to do harm, in words and for charts.
 */
#pragma once

#include "result/sweep.h"

/* "pipelined: none up to bytes=560 (15236 bytes; below 0.9%), 25.4% [22.5, 28.4] from
 * bytes=800 (21776 bytes)."; the caller frees it. NULL: nothing is known. */
char *sweep_story(const struct sweep *sweep, size_t strategy);
/* The run of the first value that does harm, if all greater ones do and none below. By
 * the kills, or if there are none by the census. */
bool sweep_break(const struct sweep *sweep, size_t strategy, size_t *ret_run);
