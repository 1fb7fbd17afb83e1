/* keeper.h - the old state, kept inside the server and put back as often as wanted. */
#pragma once

#include "state/snapshot.h"

enum keeper_script { KEEPER_KEEP, KEEPER_RESTORE, KEEPER_EXPIRE, KEEPER_SCRIPTS };

struct keeper {
    redisContext *connection; /* borrowed */
    bool field_expiries;      /* the server has them */
    size_t kept;              /* keys of the old state */
    struct buffer undo;       /* the plain commands that bring them back; "": too many */
    size_t undo_ones;         /* how many of these must answer 1 */
    struct arena arena;       /* of the answers */
    char shas[KEEPER_SCRIPTS][41];
};

int keeper_init(struct keeper *keeper, redisContext *connection, struct err *err);
void keeper_release(struct keeper *keeper);

/* Keeps the state of a snapshot, which must be what the database holds. Once. */
int keeper_keep(struct keeper *keeper, const struct snapshot *snapshot, struct err *err);

/* Makes the database hold exactly what was kept; or nothing. */
int keeper_restore(struct keeper *keeper, struct err *err);
int keeper_empty(struct keeper *keeper, struct err *err);

/* What keeper_restore() does, for less, if nothing has happened to the database since it
 * was looked at through the keyspace. */
int keeper_undo(struct keeper *keeper, const struct keyspace *keyspace, struct err *err);

/* Time passes: drops every key and hash field that has an expiry. */
int keeper_expire(struct keeper *keeper, struct err *err);
