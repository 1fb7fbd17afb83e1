/* write.c - see write.h. */
#include "store/write.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mutant.h"
#include "result/machine.h"
#include "store/beginning.h"
#include "store/file.h"
#include "store/read.h"
#include "store/rows.h"
#include "store/schema.h"

#define COMMIT_NS (NSEC_PER_SEC / 2)
/* Of the file that is kept in memory (kB): rows are appended, so more would only fill up.
 */
#define STORE_CACHE "PRAGMA cache_size = -64"

/* Room that nobody may take before the run is over: a disk that fills cannot keep it from
 * saying so. */
#define KEEP_ROOM "INSERT OR IGNORE INTO run VALUES('room', zeroblob(8192))"
#define GIVE_ROOM "DELETE FROM run WHERE name = 'room'"

struct store {
    struct database database;
    struct rows *rows; /* owned */
    bool begun;        /* a transaction is open */
    bool failed;       /* what came since the last commit is lost: so is what comes now */
    uint64_t begun_ns;
};

struct database *store_database(struct store *store)
{
    return &store->database;
}

struct rows *store_rows(struct store *store)
{
    return store->rows;
}

/* SQLite ends a transaction of its own when the disk is full. */
static int begin(struct store *store, struct err *err)
{
    if (sqlite3_get_autocommit(store->database.handle))
        store->begun = false;
    if (store->begun)
        return 0;
    if (database_run(&store->database, "BEGIN", err) < 0)
        return err->code;
    store->begun = true;
    store->begun_ns = clock_now_ns();
    return 0;
}

static int commit(struct store *store, struct err *err)
{
    int code = store->begun ? database_run(&store->database, "COMMIT", err) : 0;

    if (code == 0)
        store->begun = false;
    return code;
}

int store_put_fact(struct store *store, const char *name, const char *value,
                   struct err *err)
{
    int code = begin(store, err);

    return code == 0 ? rows_put_text(store->rows, name, value, err) : code;
}

/* What has been committed stays; rows that came after a gap would tell something else. */
static int give_up(struct store *store, struct err *err)
{
    struct err second = ERR_NULL;

    store->failed = true;
    if (!sqlite3_get_autocommit(store->database.handle))
        database_run(&store->database, "ROLLBACK", &second);
    return err_wrap(err, "keep the run");
}

int store_take(struct store *store, enum event_type type, const void *body, size_t bytes,
               struct err *err)
{
    int code = store->failed ? 0 : begin(store, err);

    if (code == 0 && !store->failed)
        code = rows_take(store->rows, type, body, bytes, err);
    return code < 0 ? give_up(store, err) : 0;
}

static const char *status_of(const struct result *result, bool over)
{
    return result->complete      ? "complete"
           : result->interrupted ? "interrupted"
           : over                ? "failed"
                                 : "running";
}

/* How far the run has come. */
static int put_progress(struct store *store, const struct result *result, bool over,
                        struct err *err)
{
    int code = rows_put_text(store->rows, "status", status_of(result, over), err);

    if (code == 0)
        code = rows_put_text(store->rows, "trouble", result->trouble, err);
    if (code == 0)
        code = rows_put_whole(store->rows, "lanes", result->lanes, err);
    if (code == 0)
        code = rows_put_whole(store->rows, "stages", result->stages, err);
    for (size_t i = 0; i < STAGE_COUNT && code == 0; i++) {
        CLEANUP(mem_freep) char *name =
            mem_printf("seconds.%s", stage_name((enum stage)i));

        code = rows_put_real(store->rows, name, result->stage_seconds[i], err);
    }
    if (code == 0 && result->times.trials)
        code = rows_put_whole(store->rows, "trial_ns", result->times.trials, err);
    for (size_t i = 0; i < PHASE_COUNT && code == 0 && result->times.trials; i++) {
        CLEANUP(mem_freep) char *name =
            mem_printf("trial_ns.%s", phase_name((enum phase)i));

        code = rows_put_whole(store->rows, name, result->times.phase_ns[i], err);
    }
    return code;
}

static int put_environment(struct store *store, const char *name, char *value,
                           struct err *err)
{
    CLEANUP(mem_freep) char *owned = value;
    CLEANUP(statement_finalizep) sqlite3_stmt *insert = NULL;
    int code =
        database_prepare(&store->database,
                         "INSERT OR REPLACE INTO environment VALUES(?, ?)", &insert, err);

    return code == 0 ? database_put(&store->database, insert, err, "tt", name, owned)
                     : code;
}

/* How busy the machine was, which is known at the end. */
static int put_load(struct store *store, const struct result *result, struct err *err)
{
    struct waited waited = machine_waited(result);
    int code = 0;

    if (result->machine.begun)
        code = put_environment(store, "load_begin",
                               mem_printf("%.2f", result->machine.load_begin), err);
    if (code == 0 && result->machine.ended)
        code = put_environment(store, "load_end",
                               mem_printf("%.2f", result->machine.load_end), err);
    if (code == 0 && waited.known)
        code =
            put_environment(store, "waited_begin", mem_printf("%.4f", waited.begin), err);
    if (code == 0 && waited.known)
        code = put_environment(store, "waited_end", mem_printf("%.4f", waited.end), err);
    return code;
}

/* How many rows a run that is complete has (schema.h). */
static int put_counts(struct store *store, struct err *err)
{
    int code = 0;

    for (size_t i = 0; i < ARRAY_SIZE(counted_tables) && code == 0; i++) {
        const char *name = counted_tables[i].name;
        CLEANUP(mem_freep)
        char *sql = mem_printf("INSERT OR REPLACE INTO run SELECT '" STORED_ROWS
                               "', count(*) FROM %s",
                               name, name);

        code = database_run(&store->database, sql, err);
    }
    return code;
}

static int write_out(struct store *store, const struct result *result, bool over,
                     struct err *err)
{
    int code = begin(store, err);

    if (code == 0)
        code = database_run(&store->database, over ? GIVE_ROOM : KEEP_ROOM, err);
    if (code == 0)
        code = put_progress(store, result, over, err);
    if (code == 0 && over)
        code = put_load(store, result, err);
    if (code == 0 && over && result->complete)
        code = put_counts(store, err);
    if (code == 0)
        code = commit(store, err);
    return code < 0 ? give_up(store, err) : 0;
}

int store_tick(struct store *store, const struct result *result, struct err *err)
{
    if (store->failed || !store->begun || clock_now_ns() - store->begun_ns < COMMIT_NS)
        return 0;
    return write_out(store, result, false, err);
}

int store_finish(struct store *store, const struct result *result, struct err *err)
{
    return write_out(store, result, true, err);
}

static int fill(struct store *store, const struct request *request,
                const struct environment *environment, const struct result *result,
                struct err *err)
{
    int code = begin(store, err);

    if (code == 0)
        code = beginning_write(&store->database, request, environment, result, err);
    if (code == 0)
        code = rows_put_text(store->rows, "afterkill", VERSION, err);
    if (code == 0)
        code = rows_put_whole(store->rows, "started", (uint64_t)time(NULL), err);
    if (code == 0)
        code = rows_put_text(store->rows, "title", result->scenario->title, err);
    if (code == 0)
        code = rows_put_text(store->rows, "source", result->scenario->source, err);
    for (int i = 0; i < TIME_COUNT && code == 0; i++)
        if (result->scenario->times[i])
            code = rows_put_text(store->rows, outline_time_name((enum outline_time)i),
                                 result->scenario->times[i], err);
    for (size_t i = 0; i < result->scenario->strategy_count && code == 0; i++) {
        const char *options = result->scenario->strategies[i].try_options;
        CLEANUP(mem_freep) char *name = mem_printf(STORE_TRY, i);

        if (options)
            code = rows_put_text(store->rows, name, options, err);
    }
    return code == 0 ? put_progress(store, result, false, err) : code;
}

static int take_over(struct database *database, struct store **ret, struct err *err)
{
    CLEANUP(store_closep) struct store *store = MEM_NEW(struct store);
    int code;

    store->database = *database;
    store->rows = rows_open(&store->database);
    code = database_run(&store->database, STORE_CACHE, err);
    if (code == 0)
        *ret = TAKE_PTR(store);
    return code;
}

struct store *store_discard(struct store *store)
{
    CLEANUP(mem_freep) char *path = NULL;

    if (!store)
        return NULL;
    path = mem_strdup(store->database.path);
    store_close(store);
    database_remove(path);
    return NULL;
}

int store_begin(const char *directory, const struct request *request,
                const struct environment *environment, const struct result *result,
                struct store **ret, struct err *err)
{
    CLEANUP(store_closep) struct store *store = NULL;
    struct database database;
    int code = stored_create(directory, &database, err);

    if (code == -EEXIST)
        return err_set(err, ERR_USAGE,
                       "'%s' holds a run already: go on with it by --resume, or choose "
                       "another directory with -o",
                       directory);
    if (code == 0)
        code = take_over(&database, &store, err);
    if (code == 0 && (code = fill(store, request, environment, result, err)) < 0)
        store = store_discard(store); /* nothing is in it */
    if (code < 0)
        return err_wrap(err, "keep the run");
    *ret = TAKE_PTR(store);
    return 0;
}

/* Twice: what the second time writes to SQLite's journal keeps its room there as well. */
static int keep_room(struct store *store, struct err *err)
{
    int code = database_run(&store->database, KEEP_ROOM, err);

    if (code == 0)
        code = commit(store, err);
    return code == 0 ? database_run(&store->database,
                                    "BEGIN;" GIVE_ROOM ";" KEEP_ROOM "; COMMIT", err)
                     : code;
}

int store_create(const char *directory, const struct request *request,
                 const struct environment *environment, const struct result *result,
                 struct store **ret, struct err *err)
{
    CLEANUP(store_closep) struct store *store = NULL;
    int code = store_begin(directory, request, environment, result, &store, err);

    if (code == 0 && keep_room(store, err) < 0) {
        store = store_discard(store);
        code = err_wrap(err, "keep the run");
    }
    if (code == 0)
        *ret = TAKE_PTR(store);
    return code;
}

int store_open(const char *directory, struct store **ret, struct err *err)
{
    struct database database;
    int code = stored_open(directory, DATABASE_WRITE, &database, err);

    if (code == 0 && stored_current(&database, err) < 0)
        database_close(&database);
    return err->code ? err->code : take_over(&database, ret, err);
}

struct store *store_close(struct store *store)
{
    if (!store)
        return NULL;
    rows_close(store->rows);
    database_close(&store->database);
    free(store);
    return NULL;
}

/* How many of so many strategies are finished, from the first one on: they are taken in
 * their order, and what follows one that is not is begun anew. */
static int count_finished(struct database *database, size_t strategies, size_t *ret,
                          struct err *err)
{
    CLEANUP(statement_finalizep) sqlite3_stmt *rows = NULL;
    size_t count = 0;
    int code = database_prepare(
        database, "SELECT strategy FROM finished ORDER BY strategy", &rows, err);

    while (code == 0 && count < strategies && database_step(database, rows, err) == 1 &&
           sqlite3_column_int64(rows, 0) == (int64_t)count)
        count++;
    *ret = mutant("finished-again") ? 0 : count;
    return err->code;
}

/* What was found of all strategies from this one on. */
static int forget_from(struct database *database, size_t first, struct err *err)
{
    static const char *const tables[] = { "controls", "commands", "lines",   "samples",
                                          "points",   "trials",   "cuts",    "states",
                                          "programs", "proofs",   "trace",   "contents",
                                          "changes",  "lives",    "outputs", "cures",
                                          "finished" };
    int code = 0;

    for (size_t i = 0; i < ARRAY_SIZE(tables) && code == 0; i++) {
        CLEANUP(mem_freep)
        char *sql = mem_printf("DELETE FROM %s WHERE strategy >= %zu", tables[i], first);

        code = database_run(database, sql, err);
    }
    if (code == 0)
        code = database_run(database,
                            "DELETE FROM notes;"
                            "DELETE FROM outputs WHERE strategy IS NULL;"
                            "DELETE FROM run WHERE name = 'stages'",
                            err);
    if (code == 0 && !first) /* nor has it taken any time */
        code = database_run(database,
                            "DELETE FROM run WHERE name LIKE 'seconds.%'"
                            " OR name LIKE 'trial_ns%'",
                            err);
    return code;
}

int store_forget_begun(struct store *store, const struct result *result, size_t *ret,
                       struct err *err)
{
    CLEANUP(mem_freep) char *status = stored_fact(&store->database, "status");
    size_t strategies = result->plan.strategies;
    int code = 0;

    *ret = strategies;
    if (status && strcmp(status, "complete") == 0)
        return 0;
    code = begin(store, err);
    if (code == 0)
        code = count_finished(&store->database, strategies, ret, err);
    if (code == 0 && *ret < strategies)
        code = forget_from(&store->database, *ret, err);
    return code == 0 ? commit(store, err) : code;
}

int store_forget_unfinished(struct store *store, struct err *err)
{
    static const struct {
        enum stage stage;
        enum samples_kind kind;
    } measured[] = { { STAGE_LEARN, SAMPLES_UPDATE }, { STAGE_AIM, SAMPLES_TIMELINE } };
    int code = begin(store, err);

    for (size_t i = 0; i < ARRAY_SIZE(measured) && code == 0; i++) {
        CLEANUP(mem_freep) char *sql =
            mem_printf("DELETE FROM samples WHERE kind = '%s' AND "
                       "(SELECT value FROM run WHERE name = 'stages') <= %d",
                       samples_kinds[measured[i].kind], (int)measured[i].stage);

        code = database_run(&store->database, sql, err);
    }
    return code == 0 ? commit(store, err) : code;
}

int stored_note(const char *directory, const char *name, const char *value,
                struct err *err)
{
    CLEANUP(database_close) struct database database = DATABASE_NULL;
    CLEANUP(statement_finalizep) sqlite3_stmt *put = NULL;

    if (stored_open(directory, DATABASE_WRITE, &database, err) < 0 ||
        database_prepare(&database, "INSERT OR REPLACE INTO run VALUES(?1, ?2)", &put,
                         err) < 0)
        return err->code;
    return database_put(&database, put, err, "tt", name, value);
}
