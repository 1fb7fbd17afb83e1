/* merge.c - see merge.h. */
#include "merge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/file.h"
#include "store.h"

#define LISTED 8 /* missing shards that are named; of more, how many */
/* Of a shard's file that is kept in memory: enough to walk through it, and little enough
 * for a thousand of them. */
#define PART_CACHE "PRAGMA cache_size = -64"

/* A state of a shard. */
struct part_state {
    int64_t strategy;
    int64_t merged; /* its number in the merged run; 0: it is not there (yet) */
};

struct part {
    const char *directory; /* borrowed */
    struct database database;
    struct terms terms;
    struct shard shard;
    struct part_state *states; /* by number, 0 is none; owned */
    size_t state_count;
    sqlite3_stmt *trials; /* a cursor in the order of numbers */
    bool row;             /* the cursor stands on one */
};

struct merge {
    struct part *parts; /* from place_parts() on in the order of shards */
    size_t count;
    struct part **by_index; /* NULL where a shard is missing */
    uint64_t total;
    const char *into;
    struct saved first; /* what all agree about, without trials */
    struct store *store;
    int64_t points_states; /* states from 1 to this one are those of crash points */
    char missing[256];
};

static const char *no_variable(void *context, const char *name)
{
    (void)context, (void)name;
    return NULL;
}

static int open_part(struct part *part, const char *directory, struct err *err)
{
    const char *shard;
    int code;

    part->directory = directory;
    code = stored_open(directory, &part->database, err);
    if (code == 0)
        code = database_run(&part->database, PART_CACHE, err);
    if (code == 0)
        code = stored_terms(&part->database, &part->terms, err);
    if (code < 0)
        return code;
    shard = terms_get(&part->terms, "shard");
    return shard_parse(shard ? shard : "", no_variable, NULL, &part->shard, err);
}

/* A shard needs a file; so many may be open at once as the system allows at most. */
static void allow_files(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int open_all(struct merge *merge, const char *const *directories, struct err *err)
{
    allow_files();
    for (size_t i = 0; i < merge->count; i++) {
        int code = open_part(&merge->parts[i], directories[i], err);

        if (code < 0)
            return code;
    }
    return 0;
}

static int check_plans(const struct merge *merge, struct err *err)
{
    static const char *const own[] = { "shard", "now", TERM_PATH, TERM_SHA1, NULL };
    const struct part *first = &merge->parts[0];
    char difference[400];

    for (size_t i = 1; i < merge->count; i++) {
        const struct part *part = &merge->parts[i];
        CLEANUP(mem_freep) char *was = mem_printf("in '%s'", first->directory);
        CLEANUP(mem_freep) char *is = mem_printf("in '%s'", part->directory);

        if (part->shard.total != first->shard.total)
            return err_set(err, -EXDEV,
                           "'%s' is one of %llu shards, '%s' one of %llu: they do not "
                           "belong together",
                           first->directory, (unsigned long long)first->shard.total,
                           part->directory, (unsigned long long)part->shard.total);
        if (terms_difference(&first->terms, was, &part->terms, is, own, difference,
                             sizeof(difference)))
            return err_set(err, -EXDEV, "these are shards of different runs: %s",
                           difference);
    }
    return 0;
}

static int compare_parts(const void *a, const void *b)
{
    const struct part *x = a, *y = b;

    if (x->shard.index != y->shard.index)
        return x->shard.index < y->shard.index ? -1 : 1;
    return strcmp(x->directory, y->directory);
}

/* Whatever the order of the command line, the merged run is the same. */
static int place_parts(struct merge *merge, struct err *err)
{
    merge->total = merge->parts[0].shard.total;
    merge->by_index = mem_alloc((size_t)merge->total * sizeof(*merge->by_index));
    qsort(merge->parts, merge->count, sizeof(*merge->parts), compare_parts);
    for (size_t i = 0; i < merge->count; i++) {
        struct part *part = &merge->parts[i];
        struct part **place = &merge->by_index[part->shard.index];

        if (*place)
            return err_set(err, -EEXIST,
                           "'%s' and '%s' are both shard %llu/%llu: its trials would "
                           "count twice",
                           (*place)->directory, part->directory,
                           (unsigned long long)part->shard.index + 1,
                           (unsigned long long)merge->total);
        *place = part;
    }
    return 0;
}

static bool finished(struct part *part)
{
    CLEANUP(mem_freep) char *status = stored_fact(&part->database, "status");

    return status && strcmp(status, "complete") == 0;
}

/* Has the shard taken its whole census? Without it no death can be explained. */
static bool has_census(struct part *part)
{
    CLEANUP(mem_freep) char *stages = stored_fact(&part->database, "stages");

    return stages && strtoul(stages, NULL, 10) > STAGE_CENSUS;
}

static void part_release(struct part *part)
{
    sqlite3_finalize(part->trials);
    database_close(&part->database);
    terms_release(&part->terms);
    free(part->states);
    *part = (struct part){ .trials = NULL };
}

/* Leaves out the shards that have nothing to give yet; before they are placed. */
static int leave_out_unbegun(struct merge *merge, struct err *err)
{
    size_t kept = 0;

    for (size_t i = 0; i < merge->count; i++) {
        if (!has_census(&merge->parts[i]))
            part_release(&merge->parts[i]);
        else if (kept++ < i) {
            merge->parts[kept - 1] = merge->parts[i];
            merge->parts[i] = (struct part){ .trials = NULL };
        }
    }
    merge->count = kept;
    return kept ? 0
                : err_set(err, -ENOENT,
                          "there is nothing to merge: no shard has finished its census");
}

/* Prints a shard behind others, unless there were enough of them. */
static void list_shard(FILE *out, const char *words, uint64_t number, uint64_t total,
                       uint64_t before, bool first)
{
    if (before < LISTED)
        fprintf(out, "%s%s%llu/%llu", first ? "" : ", ", words,
                (unsigned long long)number, (unsigned long long)total);
}

/* "3/8, 5/8, part of 6/8": what is not there; "" if nothing is missing. Returns how many
 * shards are missing as a whole. */
static uint64_t list_missing(struct merge *merge)
{
    FILE *out = fmemopen(merge->missing, sizeof(merge->missing), "w");
    uint64_t missing = 0, parts = 0;

    if (!out)
        return 0;
    for (uint64_t i = 0; i < merge->total; i++)
        if (!merge->by_index[i]) {
            list_shard(out, "", i + 1, merge->total, missing, missing == 0);
            missing++;
        }
    if (missing > LISTED)
        fprintf(out, " and %llu more", (unsigned long long)(missing - LISTED));
    for (uint64_t i = 0; i < merge->total; i++)
        if (merge->by_index[i] && !finished(merge->by_index[i])) {
            list_shard(out, "part of ", i + 1, merge->total, parts, missing + parts == 0);
            parts++;
        }
    if (parts > LISTED)
        fprintf(out, " and of %llu more", (unsigned long long)(parts - LISTED));
    fclose(out);
    return missing;
}

static int refuse_unfinished(struct part *part, struct err *err)
{
    CLEANUP(mem_freep) char *status = stored_fact(&part->database, "status");

    return err_set(err, -EBUSY,
                   "shard %llu/%llu in '%s' is not finished (%s): go on with it by "
                   "afterkill run --resume, or leave out what it has not done with "
                   "--allow-missing",
                   (unsigned long long)part->shard.index + 1,
                   (unsigned long long)part->shard.total, part->directory,
                   status ? status : "status unknown");
}

static int check_complete(struct merge *merge, bool allow_missing, struct err *err)
{
    uint64_t missing = list_missing(merge);
    int code = 0;

    if (allow_missing)
        return 0;
    if (missing)
        return err_set(err, -ENOENT,
                       "shards are missing: %s (--allow-missing merges the others)",
                       merge->missing);
    for (size_t i = 0; i < merge->count && code == 0; i++)
        if (!finished(&merge->parts[i]))
            code = refuse_unfinished(&merge->parts[i], err);
    return code;
}

/* Is a shard's census that of the first? Signatures may differ. */
static int compare_findings(const struct finding *a, const struct finding *b,
                            const char **ret_what)
{
    *ret_what = "what it sends";
    if (a->controlled != b->controlled || a->commands != b->commands ||
        a->bytes != b->bytes || a->trips != b->trips)
        return -EBADMSG;
    *ret_what = "what a completed update leaves";
    if (a->uncrashed != b->uncrashed)
        return -EBADMSG;
    *ret_what = "what a crash point leaves";
    for (uint64_t k = 0; a->controlled && k <= a->commands; k++)
        if (a->points[k].taken != b->points[k].taken ||
            a->points[k].now != b->points[k].now ||
            a->points[k].later != b->points[k].later)
            return -EBADMSG;
    return 0;
}

static int compare_census(const struct merge *merge, struct part *part, struct err *err)
{
    const struct result *first = &merge->first.result;
    CLEANUP(saved_release) struct saved saved = { .terms = TERMS_NULL };
    int code =
        saved_load_parts(part->directory, &part->database, STORED_KNOWN, &saved, err);

    if (code == 0 && strcmp(saved.result.server, first->server) != 0)
        code = err_set(err, -EXDEV, "'%s' was run with %s, '%s' with %s",
                       merge->parts[0].directory, first->server, part->directory,
                       saved.result.server);
    for (size_t i = 0; code == 0 && i < first->plan.strategies; i++) {
        const char *what;

        if (compare_findings(&first->findings[i], &saved.result.findings[i], &what) < 0)
            code = err_set(err, -EBADMSG,
                           "'%s' and '%s' disagree about %s, strategy '%s': is the "
                           "scenario repeatable?",
                           merge->parts[0].directory, part->directory, what,
                           first->findings[i].strategy->name);
    }
    return code;
}

static int copy_message(void *context, enum message_type type, const void *body,
                        size_t bytes, struct err *err)
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
    CLEANUP(terms_release) struct terms terms = TERMS_NULL;
    struct listener listener = { copy_message, merge,
                                 merge->first.result.plan.strategies };
    int code = stored_environment(&merge->parts[0].database, &environment, err);

    for (size_t i = 0; i < merge->first.terms.count; i++) {
        const struct term *term = &merge->first.terms.items[i];

        terms_add(&terms, term->name,
                  strcmp(term->name, "shard") == 0 ? "1/1" : term->value);
    }
    if (code == 0)
        code = file_make_directory(merge->into, err);
    if (code == 0)
        code = store_begin(merge->into, &terms, &environment, &merge->first.result,
                           &merge->store, err);
    if (code == 0)
        code = stored_tell(&merge->parts[0].database, STORED_KNOWN, &listener, err);
    if (code == 0)
        code = count_states(store_database(merge->store), &merge->points_states, err);
    for (size_t i = 0; i < merge->count && code == 0; i++)
        code = stored_tell(&merge->parts[i].database, STORED_MEASURED, &listener, err);
    return code;
}

static int contradiction(const struct merge *merge, const struct part *part,
                         struct err *err)
{
    return err_set(err, -EBADMSG,
                   "'%s': its crash points do not leave the states that those of '%s' "
                   "leave; is the scenario repeatable?",
                   part->directory, merge->parts[0].directory);
}

static struct part_state *state_of(const struct part *part, int64_t number)
{
    return number > 0 && (uint64_t)number < part->state_count ? &part->states[number]
                                                              : NULL;
}

/* Identifies a shard's states: by the points that leave them, or, if none does, by what
 * they are. A state of two points that are two states elsewhere is a contradiction, and
 * so are two states of points that are one elsewhere. */
static int map_point(struct merge *merge, struct part *part, sqlite3_stmt *row,
                     int64_t *taken_by, struct err *err)
{
    int64_t number = sqlite3_column_int64(row, 0), merged = 0;
    struct part_state *state = state_of(part, number);
    int code = store_state_of_point(merge->store, sqlite3_column_int64(row, 1),
                                    sqlite3_column_int64(row, 2), &merged, err);

    if (code < 0)
        return code;
    if (!state || !merged || (state->merged && state->merged != merged) ||
        (taken_by[merged] && taken_by[merged] != number))
        return contradiction(merge, part, err);
    state->merged = merged;
    taken_by[merged] = number;
    return 0;
}

static int map_points(struct merge *merge, struct part *part, struct err *err)
{
    CLEANUP(mem_freep)
    int64_t *taken_by = mem_alloc(((size_t)merge->points_states + 1) * sizeof(*taken_by));
    CLEANUP(statement_finalizep) sqlite3_stmt *points = NULL;
    int code = database_prepare(
        &part->database, "SELECT state, strategy, number FROM points", &points, err);

    while (code == 0 && (code = database_step(&part->database, points, err)) == 1)
        code = map_point(merge, part, points, taken_by, err);
    return code;
}

/* A state that no crash point leaves: kills that missed, or are unexplained. If a crash
 * point of the first shard leaves it, they would be explained by a census that is not
 * theirs. */
static int map_other(struct merge *merge, struct part *part, sqlite3_stmt *row,
                     struct err *err)
{
    struct part_state *state = state_of(part, sqlite3_column_int64(row, 0));
    int code;

    if (!state)
        return 0; /* no row can name it */
    state->strategy = sqlite3_column_int64(row, 1);
    if (state->merged)
        return 0;
    code = store_state(merge->store, state->strategy, database_text(row, 2),
                       database_text(row, 3), database_text(row, 4), &state->merged, err);
    return code == 0 && state->merged <= merge->points_states
               ? contradiction(merge, part, err)
               : code;
}

static int map_rest(struct merge *merge, struct part *part, struct err *err)
{
    CLEANUP(statement_finalizep) sqlite3_stmt *states = NULL;
    int code = database_prepare(&part->database,
                                "SELECT id, strategy, signature, now, later FROM states",
                                &states, err);

    while (code == 0 && (code = database_step(&part->database, states, err)) == 1)
        code = map_other(merge, part, states, err);
    return code;
}

static int map_states(struct merge *merge, struct part *part, struct err *err)
{
    int64_t last = 0;
    int code = count_states(&part->database, &last, err);

    if (code < 0)
        return code;
    part->state_count = (size_t)last + 1;
    part->states = mem_alloc(part->state_count * sizeof(*part->states));
    code = map_points(merge, part, err);
    return code == 0 ? map_rest(merge, part, err) : code;
}

static int next_trial(struct part *part, struct err *err)
{
    int code = database_step(&part->database, part->trials, err);

    part->row = code == 1;
    return code < 0 ? code : 0;
}

/* The merged state of a row; 0 if the row is nonsense. */
static int64_t merged_state(const struct part *part, int64_t number, int64_t strategy)
{
    const struct part_state *state = state_of(part, number);

    return state && state->strategy == strategy ? state->merged : 0;
}

static int nonsense(const struct part *part, struct err *err)
{
    return err_set(err, -EBADMSG,
                   "'%s' is damaged: a trial is not this shard's, or not of its "
                   "strategy, or its state is not there",
                   part->database.path);
}

/* Copies the row on which a shard's cursor stands. */
static int copy_trial(struct merge *merge, struct part *part, sqlite3_stmt *insert,
                      struct err *err)
{
    int64_t number = sqlite3_column_int64(part->trials, 0);
    int64_t strategy = sqlite3_column_int64(part->trials, 1);
    int64_t state = merged_state(part, sqlite3_column_int64(part->trials, 3), strategy);
    struct plan_trial planned = plan_trial(&merge->first.result.plan, (uint64_t)number);
    int code;

    if (!state || strategy != (int64_t)planned.strategy)
        return nonsense(part, err);
    code = database_put(store_database(merge->store), insert, err, "iiiiii", number,
                        strategy, sqlite3_column_int64(part->trials, 2), state,
                        sqlite3_column_int64(part->trials, 4),
                        sqlite3_column_int64(part->trials, 5));
    return code == 0 ? next_trial(part, err) : code;
}

static int start_cursors(struct merge *merge, struct err *err)
{
    int code = 0;

    for (size_t i = 0; i < merge->count && code == 0; i++) {
        struct part *part = &merge->parts[i];

        code = database_prepare(&part->database,
                                "SELECT number, strategy, outcome, state, replies, "
                                "commands FROM trials ORDER BY number",
                                &part->trials, err);
        if (code == 0)
            code = next_trial(part, err);
    }
    return code;
}

/* Trial t is in shard t mod n, or nowhere. */
static int copy_trials(struct merge *merge, struct err *err)
{
    CLEANUP(statement_finalizep) sqlite3_stmt *insert = NULL;
    uint64_t trials = plan_trials(&merge->first.result.plan);
    size_t left = 0;
    int code =
        database_prepare(store_database(merge->store),
                         "INSERT INTO trials VALUES(?, ?, ?, ?, ?, ?)", &insert, err);

    if (code == 0)
        code = start_cursors(merge, err);
    for (size_t i = 0; i < merge->count; i++)
        left += merge->parts[i].row;
    for (uint64_t t = 0; t < trials && left && code == 0; t++) {
        struct part *part = merge->by_index[t % merge->total];

        if (!part || !part->row || sqlite3_column_int64(part->trials, 0) != (int64_t)t)
            continue;
        code = copy_trial(merge, part, insert, err);
        left -= !part->row;
    }
    for (size_t i = 0; i < merge->count && code == 0; i++)
        if (merge->parts[i].row)
            code = nonsense(&merge->parts[i], err);
    return code;
}

/* Is a byte position one of the update's, and the shard's? */
static bool owns_cut(const struct merge *merge, const struct part *part, int64_t strategy,
                     int64_t bytes)
{
    const struct result *result = &merge->first.result;

    return strategy >= 0 && (uint64_t)strategy < result->plan.strategies && bytes >= 0 &&
           (uint64_t)bytes <= result->findings[strategy].bytes &&
           shard_has(part->shard,
                     tally_cut_item(result, (size_t)strategy, (uint64_t)bytes));
}

static int copy_cut(struct merge *merge, struct part *part, sqlite3_stmt *row,
                    sqlite3_stmt *insert, struct err *err)
{
    int64_t strategy = sqlite3_column_int64(row, 0), bytes = sqlite3_column_int64(row, 1);
    int64_t state = merged_state(part, sqlite3_column_int64(row, 2), strategy);

    if (!state || !owns_cut(merge, part, strategy, bytes))
        return nonsense(part, err);
    return database_put(store_database(merge->store), insert, err, "iiii", strategy,
                        bytes, state, sqlite3_column_int64(row, 3));
}

static int copy_cuts(struct merge *merge, struct part *part, struct err *err)
{
    CLEANUP(statement_finalizep) sqlite3_stmt *cuts = NULL;
    CLEANUP(statement_finalizep) sqlite3_stmt *insert = NULL;
    int code = database_prepare(
        &part->database, "SELECT strategy, bytes, state, commands FROM cuts", &cuts, err);

    if (code == 0)
        code = database_prepare(store_database(merge->store),
                                "INSERT INTO cuts VALUES(?, ?, ?, ?)", &insert, err);
    while (code == 0 && (code = database_step(&part->database, cuts, err)) == 1)
        code = copy_cut(merge, part, cuts, insert, err);
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
    for (size_t i = 0; i < merge->count; i++)
        for (size_t s = 0; s < STAGE_COUNT; s++)
            result->stage_seconds[s] += stored_seconds(&merge->parts[i].database, s);
}

static int fill(struct merge *merge, struct err *err)
{
    int code = 0;

    for (size_t i = 1; i < merge->count && code == 0; i++)
        code = compare_census(merge, &merge->parts[i], err);
    if (code == 0)
        code = begin_merged(merge, err);
    for (size_t i = 0; i < merge->count && code == 0; i++)
        code = map_states(merge, &merge->parts[i], err);
    if (code == 0)
        code = copy_trials(merge, err);
    for (size_t i = 0; i < merge->count && code == 0; i++)
        code = copy_cuts(merge, &merge->parts[i], err);
    if (code == 0)
        code = store_put_fact(merge->store, "missing_shards", merge->missing, err);
    add_times(merge);
    return code == 0 ? store_finish(merge->store, &merge->first.result, err) : code;
}

static void release(struct merge *merge)
{
    for (size_t i = 0; i < merge->count; i++)
        part_release(&merge->parts[i]);
    free(merge->parts);
    free(merge->by_index);
    saved_release(&merge->first);
    store_close(merge->store);
}

int merge_runs(const char *const *directories, size_t count, const char *into,
               bool allow_missing, struct err *err)
{
    CLEANUP(release) struct merge merge = { .count = count, .into = into };
    int code;

    merge.parts = mem_alloc(count * sizeof(*merge.parts));
    code = open_all(&merge, directories, err);
    if (code == 0)
        code = check_plans(&merge, err);
    if (code == 0 && allow_missing)
        code = leave_out_unbegun(&merge, err);
    if (code == 0)
        code = place_parts(&merge, err);
    if (code == 0)
        code = check_complete(&merge, allow_missing, err);
    if (code == 0)
        code = saved_load_parts(merge.parts[0].directory, &merge.parts[0].database,
                                STORED_KNOWN, &merge.first, err);
    if (code == 0)
        code = fill(&merge, err);
    if (code < 0)
        merge.store = store_discard(merge.store);
    return code < 0 ? err_wrap(err, "merge") : 0;
}
