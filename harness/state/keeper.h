/* keeper.h - old states, kept inside the server and put back as often as wanted.
 *
 * They lie in the harness' own database (redis/fence.h), which no strategy can read or
 * leave its own for; what a script may copy into it meets none of theirs, because their
 * names begin with a text that nobody can guess.
 *
 * Of times to live that are longer than TTL_MOST_MS only so much is put back: the latest
 * instant that Redis takes is nearer by then. */
#pragma once

#include "base/secret.h"
#include "state/snapshot.h"

#define TTL_MOST_MS (1LL << 47) /* some 4,000 years */

enum keeper_script {
    KEEPER_KEEP,
    KEEPER_FORGET,
    KEEPER_RESTORE,
    KEEPER_PASS,
    KEEPER_SCRIPTS,
};

struct keeper {
    redisContext *connection; /* borrowed */
    bool field_expiries;      /* the server has them */
    char secret[SECRET_TEXT]; /* how names of what is kept begin */
    unsigned states;          /* kept so far */
    size_t names;             /* keys in the harness' own database */
    struct arena arena;       /* of the answers */
    char shas[KEEPER_SCRIPTS][41];
};

/* One of the states that are kept. */
struct kept {
    char prefix[SECRET_TEXT + 12]; /* of its keys' names */
    size_t keys;
    struct buffer undo; /* the plain commands that bring them back; "": too many */
    size_t undo_ones;   /* how many of these must answer 1 */
};
#define KEPT_NULL ((struct kept){ .undo = BUFFER_NULL })
void kept_release(struct kept *kept);

int keeper_init(struct keeper *keeper, redisContext *connection, struct err *err);
void keeper_release(struct keeper *keeper);
/* Loads its scripts again, after somebody has flushed them. */
int keeper_load(struct keeper *keeper, struct err *err);

/* Keeps the state of a snapshot, which must be what the database holds. */
int keeper_keep(struct keeper *keeper, const struct snapshot *snapshot, struct kept *ret,
                struct err *err);

/* Forgets and releases it. */
int keeper_forget(struct keeper *keeper, struct kept *kept, struct err *err);

/* Makes the database hold exactly what was kept; or nothing. */
int keeper_restore(struct keeper *keeper, const struct kept *kept, struct err *err);
int keeper_empty(struct keeper *keeper, struct err *err);

/* What keeper_restore() does, for less, if nothing has happened to the database since it
 * was looked at through the keyspace. */
int keeper_undo(struct keeper *keeper, const struct kept *kept,
                const struct keyspace *keyspace, struct err *err);

/* Time passes over what the database holds: drops the keys and hash fields that are due
 * by then. KEEPER_FOREVER: all that have an expiry. */
#define KEEPER_FOREVER (-1)
int keeper_pass(struct keeper *keeper, int64_t ms, struct err *err);
