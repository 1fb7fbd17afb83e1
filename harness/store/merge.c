/* merge.c - see merge.h. */
#include "store/merge.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/signals.h"
#include "result/tally.h"
#include "store/load.h"
#include "store/rows.h"
#include "store/schema.h"
#include "store/shards.h"
#include "store/write.h"

/* A state of a shard. */
struct shard_state {
    int64_t strategy;
    int64_t merged; /* its number in the merged run; 0: it is not there (yet) */
};

/* A shard, as its trials are copied. */
struct source {
    struct merge *merge; /* borrowed, like the run */
    struct shard_run *run;
    struct shard_state *states; /* by number, 0 is none; owned */
    size_t state_count;
    int64_t *taken_by; /* the state that became a merged one; while states are mapped */
    sqlite3_stmt *trials; /* a cursor in the order of numbers */
    bool row;             /* the cursor stands on one */
};

struct merge {
    struct shards shards;
    struct source *sources; /* one per shard, in their order; owned */
    const char *into;
    struct saved first; /* what all agree about, without trials */
    struct store *store;
    int64_t points_states; /* states from 1 to this one are those of crash points */
    const struct deaths_table *table; /* that is being copied, and what puts its rows */
    sqlite3_stmt *insert;
};

/* Is a shard's census that of the first? Signatures may differ. */
static int compare_findings(const struct finding *a, const struct finding *b,
                            const char **ret_what)
{
    *ret_what = "what it sends";
    if (a->controlled != b->controlled || a->commands != b->commands ||
        a->bytes != b->bytes || a->trips != b->trips)
        return -EBADMSG;
    *ret_what = "what a completed update leaves";
    if (a->unbegun != b->unbegun || a->uncrashed != b->uncrashed ||
        a->uncrashed_passing != b->uncrashed_passing)
        return -EBADMSG;
    *ret_what = "what a crash point leaves";
    for (uint64_t k = 0; a->controlled && k <= a->commands; k++)
        if (a->points[k].taken != b->points[k].taken ||
            !verdict_equal(&a->points[k].verdict, &b->points[k].verdict))
            return -EBADMSG;
    return 0;
}

static int compare_census(const struct merge *merge, struct shard_run *run,
                          struct err *err)
{
    const struct result *first = &merge->first.result;
    CLEANUP(saved_release) struct saved saved = { .directory = NULL };
    int code =
        saved_load_parts(run->directory, &run->database, STORED_KNOWN, &saved, err);

    if (code == 0 && strcmp(saved.result.server, first->server) != 0)
        code = err_set(err, -EXDEV, "'%s' was run with %s, '%s' with %s",
                       merge->shards.items[0].directory, first->server, run->directory,
                       saved.result.server);
    for (size_t i = 0; code == 0 && i < first->plan.strategies; i++) {
        const char *what;

        if (compare_findings(&first->findings[i], &saved.result.findings[i], &what) < 0)
            code = err_set(err, -EBADMSG,
                           "'%s' and '%s' disagree about %s, strategy '%s': is the "
                           "scenario repeatable?",
                           merge->shards.items[0].directory, run->directory, what,
                           first->findings[i].strategy->name);
    }
    return code;
}

static int copy_event(void *context, enum event_type type, const void *body, size_t bytes,
                      struct err *err)
{
    struct merge *merge = context;

    return store_take(merge->store, type, body, bytes, err);
}

/* Their numbers begin at 1, and none is left out. */
static int count_states(struct database *database, int64_t *ret, struct err *err)
{
    CLEANUP(statement_finalizep) sqlite3_stmt *most = NULL;
    int code =
        database_prepare(database, "SELECT coalesce(max(id), 0) FROM states", &most, err);

    if (code == 0)
        code = database_step(database, most, err);
    if (code < 0)
        return code;
    *ret = sqlite3_column_int64(most, 0);
    return 0;
}

/* The merged run without a trial: what all agree about, and everybody's measurements. */
static int begin_merged(struct merge *merge, struct err *err)
{
    CLEANUP(environment_release) struct environment environment = ENVIRONMENT_NULL;
    CLEANUP(request_release) struct request request = { .text = NULL };
    struct listener listener = { copy_event, merge, merge->first.result.plan.strategies,
                                 plan_trials(&merge->first.result.plan) };
    int code = stored_environment(&merge->shards.items[0].database, &environment, err);

    request_copy(&request, &merge->first.request);
    request.shard = SHARD_WHOLE;
    if (code == 0)
        code = file_make_directory(merge->into, err);
    if (code == 0)
        code = store_begin(merge->into, &request, &environment, &merge->first.result,
                           &merge->store, err);
    if (code == 0)
        code =
            stored_tell(&merge->shards.items[0].database, STORED_KNOWN, &listener, err);
    if (code == 0)
        code = count_states(store_database(merge->store), &merge->points_states, err);
    for (size_t i = 0; i < merge->shards.count && code == 0; i++)
        code = stored_tell(&merge->shards.items[i].database, STORED_MEASURED, &listener,
                           err);
    return code;
}

static int contradiction(const struct source *source, struct err *err)
{
    return err_set(err, -EBADMSG,
                   "'%s': its crash points do not leave the states that those of '%s' "
                   "leave; is the scenario repeatable?",
                   source->run->directory, source->merge->shards.items[0].directory);
}

static struct shard_state *state_of(const struct source *source, int64_t number)
{
    return number > 0 && (uint64_t)number < source->state_count ? &source->states[number]
                                                                : NULL;
}

/* Identifies a shard's states: by the points that leave them, or, if none does, by what
 * they are. A state of two points that are two states elsewhere is a contradiction, and
 * so are two states of points that are one elsewhere. */
static int map_point(void *context, sqlite3_stmt *row, struct err *err)
{
    struct source *source = context;
    int64_t number = sqlite3_column_int64(row, 0), merged = 0;
    struct shard_state *state = state_of(source, number);
    int code = rows_state_of_point(store_rows(source->merge->store),
                                   sqlite3_column_int64(row, 1),
                                   sqlite3_column_int64(row, 2), &merged, err);

    if (code < 0)
        return code;
    if (!state || !merged || (state->merged && state->merged != merged) ||
        (source->taken_by[merged] && source->taken_by[merged] != number))
        return contradiction(source, err);
    state->merged = merged;
    source->taken_by[merged] = number;
    return 0;
}

/* A state that no crash point leaves: of kills that ended in an error or are unexplained.
 * If a crash point of the first shard leaves it, they would be explained by a census that
 * is not theirs. */
static int map_other(void *context, sqlite3_stmt *row, struct err *err)
{
    struct source *source = context;
    struct shard_state *state = state_of(source, sqlite3_column_int64(row, 0));
    struct verdict verdict;
    int code;

    if (!state)
        return 0; /* no row can name it */
    state->strategy = sqlite3_column_int64(row, 1);
    if (state->merged)
        return 0;
    if (!stored_verdict(row, &verdict))
        return contradiction(source, err);
    code = rows_state(store_rows(source->merge->store), state->strategy,
                      stored_signature(row), &verdict, &state->merged, err);
    return code == 0 && state->merged <= source->merge->points_states
               ? contradiction(source, err)
               : code;
}

static int map_states(struct source *source, struct err *err)
{
    struct database *database = &source->run->database;
    int64_t last = 0;
    int code = count_states(database, &last, err);

    if (code < 0)
        return code;
    source->state_count = (size_t)last + 1;
    source->states = mem_alloc(source->state_count * sizeof(*source->states));
    source->taken_by =
        mem_alloc(((size_t)source->merge->points_states + 1) * sizeof(*source->taken_by));
    code = database_each(database, "SELECT state, strategy, number FROM points",
                         map_point, source, err);
    if (code == 0)
        code = database_each(database, store_states[database->version], map_other, source,
                             err);
    free(source->taken_by);
    return code;
}

static int next_trial(struct source *source, struct err *err)
{
    int code = database_step(&source->run->database, source->trials, err);

    source->row = code == 1;
    return code < 0 ? code : 0;
}

/* The merged state of a row; 0 if the row is nonsense. */
static int64_t merged_state(const struct source *source, int64_t number, int64_t strategy)
{
    const struct shard_state *state = state_of(source, number);

    return state && state->strategy == strategy ? state->merged : 0;
}

static int nonsense(const struct source *source, struct err *err)
{
    return err_set(err, -EBADMSG,
                   "'%s' is damaged: a trial is not this shard's, or not of its "
                   "strategy, or its state is not there",
                   source->run->database.path);
}

/* Is it one of the update's points, and the shard's? A kill's number says whose it is. */
static bool owns(const struct source *source, int64_t strategy, int64_t number)
{
    const struct result *result = &source->merge->first.result;
    enum fault_id fault = source->merge->table->fault;

    if (strategy < 0 || (uint64_t)strategy >= result->plan.strategies || number < 0)
        return false;
    if (!fault_by_id(fault)->points)
        return plan_trial(&result->plan, (uint64_t)number).strategy == (size_t)strategy;
    return (uint64_t)number < finding_fault_points(&result->findings[strategy], fault) &&
           shard_has(source->run->request.shard,
                     tally_item(result, fault, (size_t)strategy, (uint64_t)number));
}

static int copy_death(void *context, sqlite3_stmt *row, struct err *err)
{
    const struct source *source = context;
    struct merge *merge = source->merge;
    int64_t number = sqlite3_column_int64(row, 0);
    int64_t strategy = sqlite3_column_int64(row, 1);
    int64_t state = merged_state(source, sqlite3_column_int64(row, 3), strategy);

    if (!state || !owns(source, strategy, number))
        return nonsense(source, err);
    return database_put(store_database(merge->store), merge->insert, err, "iiiiiidi",
                        number, strategy, sqlite3_column_int64(row, 2), state,
                        sqlite3_column_int64(row, 4), sqlite3_column_int64(row, 5),
                        sqlite3_column_double(row, 6), sqlite3_column_int64(row, 7));
}

static int start_cursors(struct merge *merge, struct err *err)
{
    int code = 0;

    for (size_t i = 0; i < merge->shards.count && code == 0; i++) {
        struct source *source = &merge->sources[i];

        code = database_prepare(&source->run->database, merge->table->get,
                                &source->trials, err);
        if (code == 0)
            code = next_trial(source, err);
    }
    return code;
}

/* Trial t is in shard t mod n, or nowhere. */
static int copy_trials(struct merge *merge, struct err *err)
{
    uint64_t trials = plan_trials(&merge->first.result.plan);
    int code = start_cursors(merge, err);
    size_t left = 0;

    for (size_t i = 0; i < merge->shards.count; i++)
        left += merge->sources[i].row;
    for (uint64_t t = 0; t < trials && left && code == 0; t++) {
        const struct shard_run *run = merge->shards.by_index[t % merge->shards.total];
        struct source *source = run ? &merge->sources[run - merge->shards.items] : NULL;

        if (!source || !source->row ||
            sqlite3_column_int64(source->trials, 0) != (int64_t)t)
            continue;
        code = copy_death(source, source->trials, err);
        if (code == 0)
            code = next_trial(source, err);
        left -= !source->row;
    }
    for (size_t i = 0; i < merge->shards.count && code == 0; i++)
        if (merge->sources[i].row)
            code = nonsense(&merge->sources[i], err);
    return code;
}

/* Points come one shard after the other; trials in the order of their numbers. */
static int copy_deaths(struct merge *merge, const struct deaths_table *table,
                       struct err *err)
{
    CLEANUP(statement_finalizep) sqlite3_stmt *insert = NULL;
    int code = database_prepare(store_database(merge->store), table->put, &insert, err);

    merge->table = table;
    merge->insert = insert;
    if (code == 0 && !fault_by_id(table->fault)->points)
        return copy_trials(merge, err);
    for (size_t i = 0; i < merge->shards.count && code == 0; i++)
        code = database_each(&merge->sources[i].run->database, table->get, copy_death,
                             &merge->sources[i], err);
    return code;
}

/* The result as the merged run's file says it: times are those of all shards together, as
 * if they had been run one after the other. */
static void add_times(struct merge *merge)
{
    struct result *result = &merge->first.result;

    result->complete = true;
    result->interrupted = false;
    result->stages = STAGE_COUNT;
    result->trouble[0] = '\0';
    memset(result->stage_seconds, 0, sizeof(result->stage_seconds));
    result->times = (struct trial_times){ .trials = 0 };
    for (size_t i = 0; i < merge->shards.count; i++) {
        struct database *database = &merge->shards.items[i].database;
        struct trial_times times = stored_times(database);

        tally_add_times(result, &times);
        for (size_t s = 0; s < STAGE_COUNT; s++)
            result->stage_seconds[s] += stored_seconds(database, (enum stage)s);
    }
}

static int fill(struct merge *merge, struct err *err)
{
    CLEANUP(mem_freep)
    char *total = mem_printf("%llu", (unsigned long long)merge->shards.total);
    int code = 0;

    for (size_t i = 1; i < merge->shards.count && code == 0; i++)
        code = compare_census(merge, &merge->shards.items[i], err);
    if (code == 0)
        code = begin_merged(merge, err);
    for (size_t i = 0; i < merge->shards.count && code == 0; i++)
        code = map_states(&merge->sources[i], err);
    for (size_t i = DEATHS_TABLES; i-- > 0 && code == 0;)
        code = copy_deaths(merge, &deaths_tables[i], err);
    if (code == 0)
        code = store_put_fact(merge->store, "missing_shards", merge->shards.missing, err);
    if (code == 0)
        code = store_put_fact(merge->store, STORED_SHARDS, total, err);
    if (code == 0)
        code = signals_check_stop(err);
    add_times(merge);
    return code == 0 ? store_finish(merge->store, &merge->first.result, err) : code;
}

static void release(struct merge *merge)
{
    for (size_t i = 0; merge->sources && i < merge->shards.count; i++) {
        sqlite3_finalize(merge->sources[i].trials);
        free(merge->sources[i].states);
    }
    free(merge->sources);
    shards_release(&merge->shards);
    saved_release(&merge->first);
    store_close(merge->store);
}

int merge_runs(const char *const *directories, size_t count, const char *into,
               bool allow_missing, struct err *err)
{
    CLEANUP(release) struct merge merge = { .into = into };
    int code = shards_open(directories, count, allow_missing, &merge.shards, err);

    if (code == 0)
        code = saved_load_parts(merge.shards.items[0].directory,
                                &merge.shards.items[0].database, STORED_KNOWN,
                                &merge.first, err);
    if (code == 0) {
        merge.sources = mem_alloc(merge.shards.count * sizeof(*merge.sources));
        for (size_t i = 0; i < merge.shards.count; i++)
            merge.sources[i] =
                (struct source){ .merge = &merge, .run = &merge.shards.items[i] };
        code = fill(&merge, err);
    }
    if (code < 0)
        merge.store = store_discard(merge.store);
    return code < 0 ? err_wrap(err, "merge") : 0;
}
