/* write.c - see write.h. */
#include "store/write.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "store/beginning.h"
#include "store/file.h"
#include "store/schema.h"

#define COMMIT_NS (NSEC_PER_SEC / 2)
/* Of the file that is kept in memory (kB): rows are appended, so more would only fill up.
 */
#define STORE_CACHE "PRAGMA cache_size = -64"

/* Statements that are run again and again. */
enum query {
    PUT_RUN,
    PUT_CONTROL,
    PUT_COMMAND,
    PUT_SAMPLES,
    PUT_STATE,
    FIND_STATE,
    PUT_POINT,
    FIND_POINT,
    PUT_NOTE,
    QUERY_COUNT,
};

static const char *const queries[QUERY_COUNT] = {
    [PUT_RUN] = "INSERT OR REPLACE INTO run VALUES(?, ?)",
    [PUT_CONTROL] = "INSERT OR IGNORE INTO controls "
                    "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [PUT_COMMAND] = "INSERT OR REPLACE INTO commands "
                    "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [PUT_SAMPLES] = "INSERT INTO samples(strategy, kind, ns) VALUES(?, ?, ?)",
    [PUT_STATE] = "INSERT INTO states(strategy, signature, now, later, passing, lasts) "
                  "VALUES(?, ?, ?, ?, ?, ?)",
    [FIND_STATE] = "SELECT id FROM states WHERE strategy = ? AND signature = ? "
                   "AND now = ? AND later = ? AND passing = ?",
    [PUT_POINT] = "INSERT OR REPLACE INTO points VALUES(?, ?, ?, ?, ?)",
    [FIND_POINT] = "SELECT state FROM points WHERE strategy = ? AND number = ?",
    [PUT_NOTE] = "INSERT OR IGNORE INTO notes VALUES(?, ?)",
};

struct store {
    struct database database;
    /* Prepared when they are needed; behind them those that put deaths. */
    sqlite3_stmt *statements[QUERY_COUNT + DEATHS_TABLES];
    bool begun; /* a transaction is open */
    uint64_t begun_ns;
};

struct database *store_database(struct store *store)
{
    return &store->database;
}

static int statement(struct store *store, size_t query, sqlite3_stmt **ret,
                     struct err *err)
{
    int code = 0;

    if (!store->statements[query])
        code = database_prepare(
            &store->database,
            query < QUERY_COUNT ? queries[query] : deaths_tables[query - QUERY_COUNT].put,
            &store->statements[query], err);
    *ret = store->statements[query];
    return code;
}

#define PUT(store, query, err, ...)                                                      \
    ({                                                                                   \
        sqlite3_stmt *statement_ = NULL;                                                 \
        int code_ = statement((store), (query), &statement_, (err));                     \
        code_ == 0 ? database_put(&(store)->database, statement_, (err), __VA_ARGS__)    \
                   : code_;                                                              \
    })

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

static void signature_text(struct signature signature, char text[40])
{
    snprintf(text, 40, "%016" PRIx64 "%016" PRIx64, signature.high, signature.low);
}

/* The number that a bound query finds; 0: none. The query is reset. */
static int find(struct store *store, sqlite3_stmt *query, int64_t *ret, struct err *err)
{
    int code = database_step(&store->database, query, err);

    *ret = code == 1 ? sqlite3_column_int64(query, 0) : 0;
    sqlite3_reset(query);
    return code < 0 ? code : 0;
}

static double stored_lasts(int64_t lasts_ms)
{
    return lasts_ms == LASTS_FOREVER ? STORED_FOREVER : (double)lasts_ms / 1e3;
}

int store_state(struct store *store, int64_t strategy, struct signature signature,
                const struct verdict *verdict, int64_t *ret, struct err *err)
{
    const char *now = now_name(verdict->now);
    char hex[40], later[LATER_TEXT], passing[LATER_TEXT];
    sqlite3_stmt *query;
    int code = statement(store, FIND_STATE, &query, err);

    if (code < 0)
        return code;
    signature_text(signature, hex);
    later_text(verdict->later, later);
    later_text(verdict->passing, passing);
    database_bind(query, "itttt", strategy, hex, now, later, passing);
    code = find(store, query, ret, err);
    if (code < 0 || *ret)
        return code;
    code = PUT(store, PUT_STATE, err, "ittttd", strategy, hex, now, later, passing,
               stored_lasts(verdict->lasts_ms));
    *ret = sqlite3_last_insert_rowid(store->database.handle);
    return code;
}

int store_state_of_point(struct store *store, int64_t strategy, int64_t point,
                         int64_t *ret, struct err *err)
{
    sqlite3_stmt *query;
    int code = statement(store, FIND_POINT, &query, err);

    if (code < 0)
        return code;
    database_bind(query, "ii", strategy, point);
    return find(store, query, ret, err);
}

static int put_text(struct store *store, const char *name, const char *value,
                    struct err *err)
{
    return PUT(store, PUT_RUN, err, "tt", name, value);
}

int store_put_fact(struct store *store, const char *name, const char *value,
                   struct err *err)
{
    int code = begin(store, err);

    return code == 0 ? put_text(store, name, value, err) : code;
}

static int put_whole(struct store *store, const char *name, uint64_t value,
                     struct err *err)
{
    return PUT(store, PUT_RUN, err, "ti", name, (int64_t)value);
}

static int put_real(struct store *store, const char *name, double value, struct err *err)
{
    return PUT(store, PUT_RUN, err, "td", name, value);
}

static int take_hello(struct store *store, const struct event_hello *hello,
                      struct err *err)
{
    int code = put_text(store, "server", hello->version, err);

    return code == 0 ? put_whole(store, "read_bytes", hello->read_bytes, err) : code;
}

static int take_control(struct store *store, const struct event_control *control,
                        struct err *err)
{
    char hex[40], uncrashed[LATER_TEXT], passing[LATER_TEXT], unbegun[LATER_TEXT];

    signature_text(control->done, hex);
    return PUT(store, PUT_CONTROL, err, "iiiittttdtt", (int64_t)control->strategy,
               (int64_t)control->commands, (int64_t)control->bytes,
               (int64_t)control->trips, later_text(control->uncrashed, uncrashed),
               control->example, hex, later_text(control->uncrashed_passing, passing),
               stored_lasts(control->uncrashed_lasts_ms),
               later_text(control->unbegun, unbegun), control->unbegun_example);
}

static int take_command(struct store *store, const struct event_command *event,
                        struct err *err)
{
    const struct command *command = &event->command;

    return PUT(store, PUT_COMMAND, err, "iitttiiiiiiii", (int64_t)event->strategy,
               (int64_t)event->index, command->name, command->label, command->key,
               (int64_t)command->key_hash, (int64_t)command->second_key_hash,
               (int64_t)command->element_hash, (int64_t)command->flags,
               (int64_t)event->end, (int64_t)event->write, (int64_t)event->replies,
               (int64_t)event->key_was_there);
}

static int take_samples(struct store *store, const struct event_samples *samples,
                        struct err *err)
{
    CLEANUP(mem_freep) char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    if (!out)
        return err_errno(err, "write numbers");
    for (uint64_t i = 0; i < samples->count; i++)
        fprintf(out, "%s%" PRIu64, i ? "," : "", samples->values[i]);
    fclose(out);
    return PUT(store, PUT_SAMPLES, err, "itt", (int64_t)samples->strategy,
               samples_kinds[samples->kind], text);
}

static int take_point(struct store *store, const struct event_point *point,
                      struct err *err)
{
    int64_t state;
    int code = store_state(store, point->strategy, point->signature, &point->verdict,
                           &state, err);

    if (code < 0)
        return code;
    return PUT(store, PUT_POINT, err, "iiiti", (int64_t)point->strategy,
               (int64_t)point->index, state, point->example, (int64_t)point->alike);
}

static int take_trial(struct store *store, const struct event_trial *trial,
                      struct err *err)
{
    size_t table = 0;
    int64_t state;
    int code = store_state(store, trial->strategy, trial->signature, &trial->verdict,
                           &state, err);

    if (code < 0)
        return code;
    while (table < DEATHS_TABLES && deaths_tables[table].fault != trial->fault)
        table++;
    if (table == DEATHS_TABLES)
        return err_set(err, -EINVAL, "fault %u has no table to be kept in", trial->fault);
    return PUT(store, QUERY_COUNT + table, err, "iiiiii", (int64_t)trial->number,
               (int64_t)trial->strategy, (int64_t)trial->outcome, state,
               (int64_t)trial->replies, (int64_t)trial->commands);
}

static int take_trials(struct store *store, const struct event_trial *trials,
                       size_t count, struct err *err)
{
    int code = 0;

    for (size_t i = 0; i < count && code == 0; i++)
        code = take_trial(store, &trials[i], err);
    return code;
}

static int take(struct store *store, enum event_type type, const void *body, size_t bytes,
                struct err *err)
{
    const struct event_note *note = body;

    switch (type) {
    case EVENT_HELLO:
        return take_hello(store, body, err);
    case EVENT_CONTROL:
        return take_control(store, body, err);
    case EVENT_COMMAND:
        return take_command(store, body, err);
    case EVENT_SAMPLES:
        return take_samples(store, body, err);
    case EVENT_POINT:
        return take_point(store, body, err);
    case EVENT_TRIALS:
        return take_trials(store, body, bytes / sizeof(struct event_trial), err);
    case EVENT_NOTE:
        return PUT(store, PUT_NOTE, err, "it", (int64_t)note->number, note->text);
    case EVENT_READY:
    case EVENT_ALIVE:
    case EVENT_DONE:
    case EVENT_ERROR:
    case EVENT_TIMES: /* the result has their sum */
    case EVENT_TEXT:
    case EVENT_REPLAY: /* a replay is not kept */
        break;
    }
    return 0;
}

int store_take(struct store *store, enum event_type type, const void *body, size_t bytes,
               struct err *err)
{
    int code = begin(store, err);

    if (code == 0)
        code = take(store, type, body, bytes, err);
    return code < 0 ? err_wrap(err, "keep the run") : 0;
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
    int code = put_text(store, "status", status_of(result, over), err);

    if (code == 0)
        code = put_text(store, "trouble", result->trouble, err);
    if (code == 0)
        code = put_whole(store, "lanes", result->lanes, err);
    if (code == 0)
        code = put_whole(store, "stages", result->stages, err);
    for (size_t i = 0; i < STAGE_COUNT && code == 0; i++) {
        CLEANUP(mem_freep) char *name =
            mem_printf("seconds.%s", stage_name((enum stage)i));

        code = put_real(store, name, result->stage_seconds[i], err);
    }
    if (code == 0 && result->times.trials)
        code = put_whole(store, "trial_ns", result->times.trials, err);
    for (size_t i = 0; i < PHASE_COUNT && code == 0 && result->times.trials; i++) {
        CLEANUP(mem_freep) char *name =
            mem_printf("trial_ns.%s", phase_name((enum phase)i));

        code = put_whole(store, name, result->times.phase_ns[i], err);
    }
    return code;
}

static int write_out(struct store *store, const struct result *result, bool over,
                     struct err *err)
{
    int code = begin(store, err);

    if (code == 0)
        code = put_progress(store, result, over, err);
    if (code == 0)
        code = commit(store, err);
    return code < 0 ? err_wrap(err, "keep the run") : 0;
}

int store_tick(struct store *store, const struct result *result, struct err *err)
{
    if (!store->begun || clock_now_ns() - store->begun_ns < COMMIT_NS)
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
        code = put_text(store, "afterkill", VERSION, err);
    if (code == 0)
        code = put_whole(store, "started", (uint64_t)time(NULL), err);
    if (code == 0)
        code = put_text(store, "title", result->scenario->title, err);
    if (code == 0)
        code = put_text(store, "source", result->scenario->source, err);
    return code == 0 ? put_progress(store, result, false, err) : code;
}

static int take_over(struct database *database, struct store **ret, struct err *err)
{
    CLEANUP(store_closep) struct store *store = MEM_NEW(struct store);
    int code;

    store->database = *database;
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

int store_create(const char *directory, const struct request *request,
                 const struct environment *environment, const struct result *result,
                 struct store **ret, struct err *err)
{
    CLEANUP(store_closep) struct store *store = NULL;
    int code = store_begin(directory, request, environment, result, &store, err);

    if (code == 0 && commit(store, err) < 0) {
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
    for (size_t i = 0; i < ARRAY_SIZE(store->statements); i++)
        sqlite3_finalize(store->statements[i]);
    database_close(&store->database);
    free(store);
    return NULL;
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
