/* results_dir.h - where a run is kept if nobody says: a new directory in results/, named
 * after the scenario, the time and the seed, and a link `latest` to the newest. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "plan/shard.h"

/* Makes the directory, below $AFTERKILL_RESULTS or results/. Its path is the caller's. */
int results_dir_make(const char *scenario, uint64_t seed, struct shard shard, char **ret,
                     struct err *err);
/* A run is in it: the link points there. Without one the directory goes again. */
void results_dir_settle(const char *directory, bool kept);
