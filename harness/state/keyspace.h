/* keyspace.h - what a database holds, a row per key, in one round trip.
 *
 * A row is what Redis replies to a script that returns
 *
 *     { key, type, pttl, elements, extra }
 *
 * Elements: string {value}; hash {field, value, ...}; set {member, ...}; zset {member,
 * score, ...}; list {entry, ...}; stream {{id, {field, value, ...}}, ...}; vector set
 * {element, attributes and vector, ...}; any other type (modules) {DUMP}. Extra: of
 * hashes, if the server has such, the fields' times to live; of streams all else that is
 * known of them (stream.h), but for times.
 *
 * There is such a script. But being called, calling commands and passing each byte
 * through Lua cost a script time; with few keys, more than all the rest takes. So keys
 * that were met before are asked for by plain commands: DBSIZE, and TYPE, PTTL and the
 * elements of each. Their answers are taken if they account for every key there is, each
 * of the type that was expected; else the script is asked. All this holds only while
 * nobody writes: about a state that is still changing, the answer may be any. */
#pragma once

#include <stdbool.h>

#include "base/str.h"
#include "redis/connection.h"
#include "redis/resp.h"

struct keyspace {
    bool field_expiries; /* the server has them */
    bool strange;        /* keys are too many or of other types: ask the script only */
    struct acquaintance *met; /* keys met before; owned */
    size_t met_count;
    struct buffer plain, script; /* the two questions */
    struct buffer drop;          /* the commands that delete all keys met, one each */
    unsigned in_vain;            /* plain questions in a row that were not enough */
};

/* Do fields of hashes expire one by one on this server? */
int keyspace_field_expiries(redisContext *connection, bool *ret, struct err *err);

int keyspace_init(struct keyspace *keyspace, redisContext *connection, struct err *err);
void keyspace_release(struct keyspace *keyspace);
/* Loads its script again, after somebody has flushed it. */
int keyspace_load(redisContext *connection, struct err *err);

/* What to ask. */
struct str keyspace_question(const struct keyspace *keyspace);
/* Reads the answer, perhaps after another question: an array of rows in the arena. */
int keyspace_read(struct keyspace *keyspace, struct resp *resp, const redisReply **ret,
                  struct err *err);
