/* results_dir.h - where a run is kept if nobody says: a new directory in results/, named
 * after the scenario, the time and the seed, and a link `latest` to the newest. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "cmd/options.h"
#include "plan/shard.h"

/* Makes the directory, below $AFTERKILL_RESULTS or results/. Its path is the caller's. */
int results_dir_make(const char *scenario, uint64_t seed, struct shard shard, char **ret,
                     struct err *err);
/* A run in it has begun: the link points there. */
void results_dir_settle(const char *directory);
/* The run has not begun, and its directory is gone: so does the one that holds the runs,
 * if there is no other. */
void results_dir_tidy(const char *directory);

/* Says on standard error, if that is a terminal, where the run is kept. */
void results_dir_tell(const char *directory);

/* The newest run, for whoever names none; there must be one. The caller frees it. */
int results_dir_latest(char **ret, struct err *err);
/* The run that an operand names; the newest, if there are not so many operands. The
 * caller frees it. */
int results_dir_named(const struct operands *operands, size_t index, char **ret,
                      struct err *err);
