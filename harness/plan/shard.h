/* shard.h - a share of a run's trials, so that several machines can do it together.
 *
 * Trial t belongs to shard t mod n: every trial is in exactly one shard, all shards are
 * equally large but for one trial, and each of them tries all strategies. Inside, shards
 * count from 0; people see and write them from 1.
 *
 * Which shard this process is may be written ("2/4") or found out from what the engine
 * that started it says in its environment ("auto"). Guessing is not done: a wrong shard
 * is a trial that nobody does, or that counts twice. Environment variables are looked up
 * through a function, so everything here is pure, except shard_announce(). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define SHARDS_MOST 1000000

struct shard {
    uint64_t index, total; /* index < total */
};
#define SHARD_WHOLE                                                                      \
    {                                                                                    \
        0, 1                                                                             \
    }

/* Of the items 0 .. items - 1: how many are this shard's, which one is its j-th (from 0),
 * is this one among them? */
uint64_t shard_size(struct shard shard, uint64_t items);
uint64_t shard_item(struct shard shard, uint64_t j); /* j < shard_size() */
bool shard_has(struct shard shard, uint64_t item);

/* The value of an environment variable; NULL if it is not set. */
typedef const char *shard_variable(void *context, const char *name);

/* The text of --shard: "i/n" with 1 <= i <= n <= SHARDS_MOST, or "auto", or "auto/n" for
 * engines that do not say how many shards there are; where the engine says it, n must be
 * the same. ERR_USAGE says what is wrong, and what to write. */
int shard_parse(const char *text, shard_variable *get, void *context, struct shard *ret,
                struct err *err);

/* Only "i/n". */
int shard_written(const char *text, struct shard *ret, struct err *err);

/* Tells the engine that it has been understood, where one wants to know: Bazel and
 * GoogleTest name a file that must be there afterwards. For after shard_parse() of
 * "auto". */
int shard_announce(shard_variable *get, void *context, struct err *err);
