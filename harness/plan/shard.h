/* shard.h - a share of a run's trials, so that several machines can do it together. Pure.
 *
 * Trial t belongs to shard t mod n: every trial is in exactly one shard, all shards are
 * equally large but for one trial, and each of them tries all strategies. Inside, shards
 * count from 0; people see and write them from 1. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define SHARDS_MOST 1000000

struct shard {
    uint64_t index, total; /* index < total */
};
#define SHARD_WHOLE ((struct shard){ 0, 1 })

/* Of the items 0 .. items - 1: how many are this shard's, which one is its j-th (from 0),
 * is this one among them? */
uint64_t shard_size(struct shard shard, uint64_t items);
uint64_t shard_item(struct shard shard, uint64_t j); /* j < shard_size() */
bool shard_has(struct shard shard, uint64_t item);

/* The place of an item among all, if those of the first shard come first, then those of
 * the next, and so on, as when shards are run one after the other. 0 or 1 shards: the
 * item. */
uint64_t shard_order(uint64_t shards, uint64_t items, uint64_t item);

/* "i/n" with 1 <= i <= n <= SHARDS_MOST. ERR_USAGE says what is wrong, and what to write
 * for --shard. */
int shard_parse(const char *text, struct shard *ret, struct err *err);

/* Parts of such texts. Digits and nothing but digits; a number that is too large becomes
 * the largest. */
bool shard_number(const char *text, uint64_t *ret);
/* 1 <= total <= SHARDS_MOST; `text` is all of what was written, for the message. */
int shard_check_total(const char *text, uint64_t total, struct err *err);
