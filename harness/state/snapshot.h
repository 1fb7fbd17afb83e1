/* snapshot.h - the whole state of a database in one round trip.
 *
 * The database is read in one question (keyspace.h), behind another one in the same
 * write, whether a client is still connected: what is read counts only if redis-server
 * had freed the dead worker's connection by then, or the state might still have been
 * changing while it was looked at. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "redis/connection.h"
#include "redis/glob.h"
#include "state/keyspace.h"
#include "state/moments.h"
#include "state/state.h"
#include "state/ttls.h"

/* The longest expiry that is right, of a key or of a field of its: what "within its
 * bound" means. Of a key that is not in it, any expiry is beyond. */
struct bounds {
    struct bound *items; /* owned, keys too */
    size_t count;
};
#define BOUNDS_NULL ((struct bounds){ NULL, 0 })
void bounds_release(struct bounds *bounds);

#define POSITION_TEXT 10

/* One look at the database. The atoms point into the reply. */
struct snapshot {
    struct arena arena;               /* of the reply */
    const redisReply *reply;          /* NULL: empty */
    char (*positions)[POSITION_TEXT]; /* owned; ids of the entries of ordered lists */
    struct state state;
    struct signature signature;
    int64_t by; /* client id of the connection that looked */
    /* Of one that is told by a file, and was not looked at here, in place of the reply;
     * borrowed. */
    const struct ttls *told;
};
#define SNAPSHOT_NULL ((struct snapshot){ .reply = NULL })

/* A connection that looks. */
struct observer {
    redisContext *connection;                       /* owned */
    const struct ignored *ignore;          /* this and these: borrowed; NULL: none */
    const struct patterns *ordered, *zero, *effects; /* keys */
    struct bounds bounds;
    struct keyspace keyspace;
    struct buffer question; /* of the latest look */
};

/* Takes over the connection, finds out what the server can do. Keys and fields of hashes
 * that match `ignore` are not looked at, and a hash that has no other fields is there all
 * the same; in lists that match `ordered`, order counts; a string or a hash's
 * field that is 0 is not there if the key matches `zero`; what keys that match `effects`
 * hold is judged as such (effect.h). */
int observer_init(struct observer *observer, redisContext *connection,
                  const struct ignored *ignore, const struct patterns *ordered,
                  const struct patterns *zero, const struct patterns *effects,
                  struct err *err);
void observer_release(struct observer *observer);

/* Waits until the client is gone (0: nobody to wait for), then reads everything. The
 * snapshot's former contents are released. */
int snapshot_take(struct observer *observer, int64_t client_id, struct snapshot *snapshot,
                  struct err *err);
/* The same by another connection than the observer's. */
int snapshot_take_by(struct observer *observer, redisContext *connection,
                     int64_t client_id, struct snapshot *snapshot, struct err *err);
/* Takes the reply apart again, with the bounds as they are now. */
int snapshot_digest(struct observer *observer, struct snapshot *snapshot,
                    struct err *err);
void snapshot_release(struct snapshot *snapshot);

/* The state's signature, and how long keys and fields live, as moments (moments.h) tell
 * times apart. */
struct signature snapshot_timed(const struct snapshot *snapshot);

/* The fingerprint of all that commands can tell apart in a state, but for how long
 * entries have been pending: times to live as moments tell them apart, the order of elements counts, the ids of a
 * stream, how often an entry was delivered, and keys and fields that are ignored. False: ids were
 * made by the server, which makes no two alike, so that only the state itself is the
 * same. */
bool snapshot_exact(const struct snapshot *snapshot, struct signature *ret);

/* The time to live of a key, or of a hash's field ("": of the key itself), as the
 * snapshot saw it; -1: it has none, or is not there. */
int64_t snapshot_ttl_ms(const struct snapshot *snapshot, struct str key,
                        struct str field);

/* Of a key's row of the reply: the times to live of a hash's fields, in their order, if
 * they were asked for; else NULL. */
const redisReply *snapshot_field_ttls(const redisReply *one);

/* Adds the times to live of all keys, and of fields of hashes. */
void snapshot_lapses(const struct snapshot *snapshot, struct lapses *lapses);

/* Raises the bounds to cover the expiries of a snapshot, but for those of ignored fields.
 */
void observer_cover(struct observer *observer, const struct snapshot *snapshot);
