/* read.h - what a run's file says.
 *
 * Rows become the events that they were, in an order in which a tally can take them, so
 * that a report of a stored run is made by the code that made it the first time. */
#pragma once

#include "plan/agenda.h"
#include "plan/request.h"
#include "result/result.h"
#include "store/environment.h"
#include "store/file.h"

/* By which the run's facts say what a strategy's line for `try` begins with. */
#define STORE_TRY "try.%zu"

/* A fact about the run; NULL if it is not there. The caller frees it. */
char *stored_fact(struct database *database, const char *name);
/* Those of two runs that took turns: the one which both have in common, and how many
 * slices each is made of. */
#define STORED_TURNS "turns"
#define STORED_SLICES "slices"
/* That of a merged run: how many shards it is made of, with those that are missing. */
#define STORED_SHARDS "shards"
uint64_t stored_whole(struct database *database, const char *name); /* 0: not there */
double stored_seconds(struct database *database, enum stage stage);
struct trial_times stored_times(struct database *database);
int stored_environment(struct database *database, struct environment *ret,
                       struct err *err);
/* What was asked for. */
int stored_request(struct database *database, struct request *ret, struct err *err);

/* Parts of what is stored. */
enum stored {
    STORED_KNOWN = 1 << 0,    /* controls, commands, crash points */
    STORED_MEASURED = 1 << 1, /* samples, and notes */
    STORED_DEATHS = 1 << 2,   /* points of other faults than the census's, kills */
    STORED_ALL = (1 << 3) - 1,
    STORED_ATTEMPTS =
        1 << 3, /* and of kills, what came of each (result_keep_attempts()) */
};

/* Of a row of states (schema.h). False: it has words that are none. */
struct signature stored_signature(sqlite3_stmt *row);
bool stored_verdict(sqlite3_stmt *row, struct verdict *ret);

/* Who is told. */
struct listener {
    int (*take)(void *context, enum event_type type, const void *body, size_t bytes,
                struct err *err);
    void *context;
    size_t strategies; /* that take part */
    uint64_t trials;   /* numbers of kills are below that */
};
/* Tells somebody what is stored, as the events that it was. */
int stored_tell(struct database *database, unsigned what, const struct listener *listener,
                struct err *err);
/* What has been done, by stage, as far as it need not be done again. */
int stored_done(struct database *database, const struct result *result,
                struct done done[STAGE_COUNT], struct err *err);
