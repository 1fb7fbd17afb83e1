/* stream.h - what a stream holds: entries, groups, consumers and what is pending. Pure.
 *
 * A row of the keyspace tells of a stream
 *
 *     elements    { id, { field, value, ... } } for each entry
 *     extra       { last id ever, greatest id deleted, entries ever added,
 *                   { group, ... } }; "" for what the server does not tell
 *     group       { name, last id read, entries ever read, { consumer, ... },
 *                   { { id, consumer, deliveries }, ... } }
 *
 * The ids of entries are mostly made by the server, and carry the time: they are never
 * the same twice. So atoms have none, and an id stands for its rank, which is how many
 * entries come before it. A pending entry is told by its fields, or by its rank if it was
 * deleted meanwhile. */
#pragma once

#include <hiredis/hiredis.h>
#include <stdbool.h>

#include "base/arena.h"
#include "state/state.h"

/* Are elements and extra as described? */
bool stream_is_told(const redisReply *elements, const redisReply *extra);

/* Adds the atoms of a stream, which must be as described: `atom` with other types, ids
 * and values. What is made for them lives in the arena. */
void stream_add(struct state *state, struct atom atom, const redisReply *elements,
                const redisReply *extra, struct arena *arena);

/* Does the last id carry the time, as those do that the server makes? None of the others
 * does then if this one does not. */
bool stream_knows_the_time(const redisReply *extra);
