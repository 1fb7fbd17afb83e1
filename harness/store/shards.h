/* shards.h - the shards of a run as they lie in their directories: opened, found to be of
 * one run, and put in order.
 *
 * What their plans say is compared here; what is in them (census, trials) is merge.c's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "plan/request.h"
#include "store/database.h"
#include "store/read.h"

/* One of them. */
struct shard_run {
    const char *directory; /* borrowed */
    struct database database;
    struct request request;
};

struct shards {
    struct shard_run *items; /* in the order of shards; owned */
    size_t count;
    struct shard_run **by_index; /* `total`, NULL where one is missing; owned */
    uint64_t total;
    char missing[256]; /* "3/8, part of 6/8"; "" if everything is there */
};

/* Shards that are missing, overlap, are not finished or belong to different runs are an
 * error that names them. With `allow_missing`, those that are missing or not finished are
 * listed, and those without a whole census count as missing. */
int shards_open(const char *const *directories, size_t count, bool allow_missing,
                struct shards *ret, struct err *err);
void shards_release(struct shards *shards); /* may be called twice */
