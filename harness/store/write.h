/* write.h - a run that is kept: a directory with one SQLite file, and at the end the
 * reports.
 *
 * What lanes tell the fleet is what is stored, a row or two per event, and loading a
 * run means telling the tally the same events again: a report of a stored run is made
 * by the code that made it the first time. Rows are committed twice a second; who is
 * killed in between loses what came since, and nothing else. The schema is described,
 * table by table, in docs/results.md.
 *
 * Times are the monotonic clock's, so that a clock that is set back does no harm; the
 * wall clock is asked once, when the run begins. */
#pragma once

#include "plan/request.h"
#include "result/result.h"
#include "store/database.h"
#include "store/environment.h"

struct rows;
struct store;

/* Makes the file in a directory that exists. The result says what takes part; nothing of
 * it is found yet. A directory that holds a run is ERR_USAGE. */
int store_create(const char *directory, const struct request *request,
                 const struct environment *environment, const struct result *result,
                 struct store **ret, struct err *err);
/* The same, but nothing is committed before store_finish(): who is killed until then
 * leaves a file without a table, in which another run may be begun. */
int store_begin(const char *directory, const struct request *request,
                const struct environment *environment, const struct result *result,
                struct store **ret, struct err *err);
/* Opens it to go on: nobody else may be writing to it. */
int store_open(const char *directory, struct store **ret, struct err *err);
/* NULL is fine; returns NULL. What is not committed is lost. */
struct store *store_close(struct store *store);
DEFINE_CLEANUP(struct store *, store_close)

/* Stores what an event says. Call it for every event that the tally has taken. Once this
 * or store_tick() has failed (the disk is full), nothing more is taken; store_finish()
 * has room that was kept for it, and says how the run ended. */
int store_take(struct store *store, enum event_type type, const void *body, size_t bytes,
               struct err *err);
/* Commits, with how far the result has come, if the last time is some time ago. Call it
 * often. */
int store_tick(struct store *store, const struct result *result, struct err *err);
/* Commits what is there: the run is over, or ends here for now. */
int store_finish(struct store *store, const struct result *result, struct err *err);

/* Of a run with programs: forgets all that was found of strategies of which not all is
 * known, because what one recording of a program found is nothing to another. *ret: so
 * many strategies, the first ones, are left; of a run that is complete all that take
 * part. */
int store_forget_begun(struct store *store, const struct result *result, size_t *ret,
                       struct err *err);
/* Forgets measurements of stages that were not finished: they are made again. */
int store_forget_unfinished(struct store *store, struct err *err);
struct database *store_database(struct store *store);
struct rows *store_rows(struct store *store);
/* Removes a file that its maker could not finish; frees like store_close(). */
struct store *store_discard(struct store *store);
/* Adds a fact to a run that is kept, and whose maker has finished. */
int stored_note(const char *directory, const char *name, const char *value,
                struct err *err);
/* Sets a fact about the run, with what is not committed yet. */
int store_put_fact(struct store *store, const char *name, const char *value,
                   struct err *err);
