/* merge.h - the shards of a run, put together.
 *
 * Every shard has taken the whole census, and its share of the kills and of the points of
 * other faults; the merged run holds all of them, as if one machine had done everything.
 * What is compared is what must be the same: the plans, but for the shard's own number
 * and the clock; the commands, and the verdict of every crash point. Signatures of states
 * need not be: a scenario may write the time (p.now), which is another in every shard. So
 * the states of shards are identified by the crash points that leave them.
 *
 * Trials are merged in the order of their numbers, from all files at once, in memory that
 * does not grow with them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Writes the merged run into a directory that holds no run, and is made if it is not
 * there; in one transaction, so that who is killed leaves none. Shards that are
 * missing, overlap, are not finished or belong to different runs are an error that names
 * them; with `allow_missing`, those that are there and as far as they came are merged,
 * and the run says so; those without a whole census count as missing. Who holds signals
 * back gets ERR_STOPPED when one has come, and nothing of the run is left. */
int merge_runs(const char *const *directories, size_t count, const char *into,
               bool allow_missing, struct err *err);
