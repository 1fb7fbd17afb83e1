/* merge.c - see merge.h. */
#include "merge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "store.h"

#define LISTED 8 /* missing shards that are named; of more, how many */

struct part {
    const char *directory; /* borrowed */
    struct database database;
    struct terms terms;
    struct shard shard;
    int64_t *states; /* the merged run's numbers of this one's states; owned */
    size_t state_count;
    sqlite3_stmt *trials; /* a cursor in the order of numbers */
    bool row;             /* the cursor stands on one */
};

struct merge {
    struct part *parts; /* in the order of the command line */
    size_t count;
    struct part **by_index; /* NULL where a shard is missing */
    uint64_t total;
    const char *into;
    struct saved first; /* what all agree about, without trials */
    struct store *store;
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

static int place_parts(struct merge *merge, struct err *err)
{
    merge->total = merge->parts[0].shard.total;
    merge->by_index = mem_alloc((size_t)merge->total * sizeof(*merge->by_index));
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

/* "3/8, 5/8": the shards that are not there; "" if all are. */
static void list_missing(struct merge *merge)
{
    FILE *out = fmemopen(merge->missing, sizeof(merge->missing), "w");
    uint64_t missing = 0;

    for (uint64_t i = 0; out && i < merge->total; i++)
        if (!merge->by_index[i] && missing++ < LISTED)
            fprintf(out, "%s%llu/%llu", missing > 1 ? ", " : "",
                    (unsigned long long)i + 1, (unsigned long long)merge->total);
    if (out && missing > LISTED)
        fprintf(out, " and %llu more", (unsigned long long)(missing - LISTED));
    if (out)
        fclose(out);
}

/* Appends what is not finished, in the same words. */
static int check_finished(struct merge *merge, bool allow_missing, struct err *err)
{
    for (uint64_t i = 0; i < merge->total; i++) {
        struct part *part = merge->by_index[i];
        CLEANUP(mem_freep) char *status =
            part ? stored_fact(&part->database, "status") : NULL;
        size_t used = strlen(merge->missing);

        if (!part || (status && strcmp(status, "complete") == 0))
            continue;
        if (!allow_missing)
            return err_set(err, -EBUSY,
                           "shard %llu/%llu in '%s' is not finished (%s): go on with it "
                           "by afterkill run --resume, or leave out what it has not done "
                           "with --allow-missing",
                           (unsigned long long)i + 1, (unsigned long long)merge->total,
                           part->directory, status ? status : "status unknown");
        snprintf(merge->missing + used, sizeof(merge->missing) - used,
                 "%spart of %llu/%llu", used ? ", " : "", (unsigned long long)i + 1,
                 (unsigned long long)merge->total);
    }
    return 0;
}

static int check_complete(struct merge *merge, bool allow_missing, struct err *err)
{
    list_missing(merge);
    if (merge->missing[0] && !allow_missing)
        return err_set(err, -ENOENT,
                       "shards are missing: %s (--allow-missing merges the others)",
                       merge->missing);
    return check_finished(merge, allow_missing, err);
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
        code = store_create(merge->into, &terms, &environment, &merge->first.result,
                            &merge->store, err);
    if (code == 0)
        code = stored_tell(&merge->parts[0].database, STORED_KNOWN, &listener, err);
    for (size_t i = 0; i < merge->count && code == 0; i++)
        code = stored_tell(&merge->parts[i].database, STORED_MEASURED, &listener, err);
    return code;
}

/* Identifies a shard's states: by the points that leave them, or, if none does, by what
 * they are. A state of two points that are two states elsewhere is a contradiction. */
static int map_state(struct merge *merge, struct part *part, sqlite3_stmt *row,
                     struct err *err)
{
    int64_t state = sqlite3_column_int64(row, 0), merged = 0;
    int code = store_state_of_point(merge->store, sqlite3_column_int64(row, 1),
                                    sqlite3_column_int64(row, 2), &merged, err);

    if (code < 0)
        return code;
    if (state <= 0 || (uint64_t)state >= part->state_count || !merged ||
        (part->states[state] && part->states[state] != merged))
        return err_set(err, -EBADMSG,
                       "'%s': its crash points do not leave the states that those of "
                       "'%s' leave; is the scenario repeatable?",
                       part->directory, merge->parts[0].directory);
    part->states[state] = merged;
    return 0;
}

static int map_points(struct merge *merge, struct part *part, struct err *err)
{
    CLEANUP(statement_finalizep) sqlite3_stmt *points = NULL;
    int code = database_prepare(
        &part->database, "SELECT state, strategy, number FROM points", &points, err);

    while (code == 0 && (code = database_step(&part->database, points, err)) == 1)
        code = map_state(merge, part, points, err);
    return code;
}

/* States that no crash point leaves: kills that are unexplained. */
static int map_rest(struct merge *merge, struct part *part, struct err *err)
{
    CLEANUP(statement_finalizep) sqlite3_stmt *states = NULL;
    int code = database_prepare(&part->database,
                                "SELECT id, strategy, signature, now, later FROM states",
                                &states, err);

    while (code == 0 && (code = database_step(&part->database, states, err)) == 1) {
        int64_t id = sqlite3_column_int64(states, 0);

        code = 0;
        if (id > 0 && (uint64_t)id < part->state_count && !part->states[id])
            code = store_state(merge->store, sqlite3_column_int64(states, 1),
                               database_text(states, 2), database_text(states, 3),
                               database_text(states, 4), &part->states[id], err);
    }
    return code;
}

static int map_states(struct merge *merge, struct part *part, struct err *err)
{
    CLEANUP(statement_finalizep) sqlite3_stmt *most = NULL;
    int code = database_prepare(&part->database,
                                "SELECT coalesce(max(id), 0) FROM states", &most, err);

    if (code == 0)
        code = database_step(&part->database, most, err);
    if (code < 0)
        return code;
    part->state_count = (size_t)sqlite3_column_int64(most, 0) + 1;
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
static int64_t merged_state(const struct part *part, int64_t state)
{
    return state > 0 && (uint64_t)state < part->state_count ? part->states[state] : 0;
}

static int nonsense(const struct part *part, struct err *err)
{
    return err_set(err, -EBADMSG,
                   "'%s' is damaged: a trial is not its own, or its state "
                   "is not there",
                   part->database.path);
}

/* Copies the row on which a shard's cursor stands. */
static int copy_trial(struct merge *merge, struct part *part, sqlite3_stmt *insert,
                      struct err *err)
{
    int64_t state = merged_state(part, sqlite3_column_int64(part->trials, 3));
    int code;

    if (!state)
        return nonsense(part, err);
    code = database_put(
        store_database(merge->store), insert, err, "iiiiii",
        sqlite3_column_int64(part->trials, 0), sqlite3_column_int64(part->trials, 1),
        sqlite3_column_int64(part->trials, 2), state,
        sqlite3_column_int64(part->trials, 4), sqlite3_column_int64(part->trials, 5));
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

static int copy_cuts(struct merge *merge, struct part *part, struct err *err)
{
    CLEANUP(statement_finalizep) sqlite3_stmt *cuts = NULL;
    CLEANUP(statement_finalizep) sqlite3_stmt *insert = NULL;
    struct database *merged = store_database(merge->store);
    int code = database_prepare(
        &part->database, "SELECT strategy, bytes, state, commands FROM cuts", &cuts, err);

    if (code == 0)
        code =
            database_prepare(merged, "INSERT INTO cuts VALUES(?, ?, ?, ?)", &insert, err);
    while (code == 0 && (code = database_step(&part->database, cuts, err)) == 1) {
        int64_t state = merged_state(part, sqlite3_column_int64(cuts, 2));

        code = state ? database_put(merged, insert, err, "iiii",
                                    sqlite3_column_int64(cuts, 0),
                                    sqlite3_column_int64(cuts, 1), state,
                                    sqlite3_column_int64(cuts, 3))
                     : nonsense(part, err);
    }
    return code;
}

/* The result as the merged run's file says it: times are those of all shards together, as
 * if they had been run one after the other. */
static void add_times(struct merge *merge)
{
    struct result *result = &merge->first.result;

    result->complete = true;
    memset(result->stage_seconds, 0, sizeof(result->stage_seconds));
    result->times = (struct message_times){ .trials = 0 };
    for (size_t i = 0; i < merge->count; i++) {
        struct message_times times = stored_times(&merge->parts[i].database);

        tally_add_times(result, &times);
        for (size_t s = 0; s < STAGE_COUNT; s++)
            result->stage_seconds[s] += stored_seconds(&merge->parts[i].database, s);
    }
}

static int fill(struct merge *merge, struct err *err)
{
    int code = begin_merged(merge, err);

    for (size_t i = 1; i < merge->count && code == 0; i++)
        code = compare_census(merge, &merge->parts[i], err);
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
    for (size_t i = 0; i < merge->count; i++) {
        sqlite3_finalize(merge->parts[i].trials);
        database_close(&merge->parts[i].database);
        terms_release(&merge->parts[i].terms);
        free(merge->parts[i].states);
    }
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
    if (code == 0)
        code = place_parts(&merge, err);
    if (code == 0)
        code = check_complete(&merge, allow_missing, err);
    if (code == 0)
        code = saved_load_parts(directories[0], &merge.parts[0].database, STORED_KNOWN,
                                &merge.first, err);
    if (code == 0)
        code = fill(&merge, err);
    if (code < 0)
        merge.store = store_discard(merge.store);
    return code < 0 ? err_wrap(err, "merge") : 0;
}
