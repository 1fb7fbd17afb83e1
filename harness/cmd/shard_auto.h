/* shard_auto.h - which shard this process is, as told by what started it.
 *
 * CI engines and schedulers that start the same command many times say in its environment
 * which copy it is. Nothing is guessed: a wrong shard is a trial that nobody does, or
 * that counts twice. Variables are looked up through a function, so that all but
 * shard_auto_announce() is pure. */
#pragma once

#include "plan/shard.h"

/* The value of an environment variable; NULL if it is not set. */
typedef const char *shard_variable(void *context, const char *name);

/* The text of --shard: "i/n" (shard.h), or "auto", or "auto/n" for engines that do not
 * say how many shards there are; where the engine says it, n must be the same. ERR_USAGE
 * says what is wrong, and what to write. */
int shard_auto_parse(const char *text, shard_variable *get, void *context,
                     struct shard *ret, struct err *err);

/* Tells the engine that it has been understood, where one wants to know: Bazel and
 * GoogleTest name a file that must be there afterwards. For after shard_auto_parse() of
 * "auto". */
int shard_auto_announce(shard_variable *get, void *context, struct err *err);
