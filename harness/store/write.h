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

#include "plan/agenda.h"
#include "plan/request.h"
#include "result/result.h"
#include "store/database.h"
#include "store/environment.h"

#define STORE_FILE "run.sqlite"

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
struct store *store_close(
    struct store *store); /* NULL is fine; returns NULL; what is not committed is lost */
DEFINE_CLEANUP(struct store *, store_close)

/* Stores what an event says. Call it for every event that the tally has taken. */
int store_take(struct store *store, enum event_type type, const void *body, size_t bytes,
               struct err *err);
/* Commits, with how far the result has come, if the last time is some time ago. Call it
 * often. */
int store_tick(struct store *store, const struct result *result, struct err *err);
/* Commits what is there: the run is over, or ends here for now. */
int store_finish(struct store *store, const struct result *result, struct err *err);

/* Forgets measurements of stages that were not finished: they are made again. */
int store_forget_unfinished(struct store *store, struct err *err);
/* What has been done, by stage, as far as it need not be done again. */
int store_done(struct store *store, const struct result *result,
               struct done done[STAGE_COUNT], struct err *err);

struct database *store_database(struct store *store);
/* Removes a file that its maker could not finish; frees like store_close(). */
struct store *store_discard(struct store *store);
/* The number of the state that a crash point leaves, 0 if there is none; and of any
 * state, which gets one if it has none. Words are as in the file. */
int store_state_of_point(struct store *store, int64_t strategy, int64_t point,
                         int64_t *ret, struct err *err);
int store_state(struct store *store, int64_t strategy, const char *signature,
                const char *now, const char *later, int64_t *ret, struct err *err);
/* Sets a fact about the run, with what is not committed yet. */
int store_put_fact(struct store *store, const char *name, const char *value,
                   struct err *err);

/* A run as it was loaded. Its scenario has names, words and parameters, and no
 * functions. */
struct saved {
    char *directory;
    struct request request;
    struct outline *scenario;
    struct result result;
};

/* Loads a run, finished or not. What is not one, or of a newer schema, is ERR_USAGE;
 * what is damaged, an error that says so. */
int saved_load(const char *directory, struct saved *ret, struct err *err);
void saved_release(struct saved *saved); /* may be called twice */

/* The same of an open file, and only a part of it (of enum stored). */
int saved_load_parts(const char *directory, struct database *database, unsigned what,
                     struct saved *ret, struct err *err);

/* A fact about the run; NULL if it is not there. The caller frees it. */
char *stored_fact(struct database *database, const char *name);
uint64_t stored_whole(struct database *database, const char *name); /* 0: not there */
double stored_seconds(struct database *database, enum stage stage);
struct trial_times stored_times(struct database *database);
int stored_environment(struct database *database, struct environment *ret,
                       struct err *err);
/* What was asked for. */
int stored_request(struct database *database, struct request *ret, struct err *err);
/* Tells somebody what is stored, as the events that it was. */
enum stored {
    STORED_KNOWN = 1 << 0,    /* controls, commands, crash points */
    STORED_MEASURED = 1 << 1, /* samples, and notes */
    STORED_DEATHS = 1 << 2,   /* byte cuts, kills */
    STORED_ALL = (1 << 3) - 1,
};
struct listener {
    int (*take)(void *context, enum event_type type, const void *body, size_t bytes,
                struct err *err);
    void *context;
    size_t strategies; /* that take part */
};
int stored_tell(struct database *database, unsigned what, const struct listener *listener,
                struct err *err);
/* Tells the tally everything that is stored. The result has been begun (result_init) for
 * the strategies that took part, in their order. */
int stored_replay(struct database *database, struct result *result, struct err *err);
/* Is there a run in the directory? Not if who began it was killed before anything was
 * committed. */
int stored_begun(const char *directory, bool *ret, struct err *err);
/* Maps the error of opening a file that is missing or empty to ERR_USAGE. */
int stored_there(const char *directory, int code, struct err *err);
/* How a run's file is opened for reading. */
int stored_open(const char *directory, struct database *ret, struct err *err);
