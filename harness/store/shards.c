/* shards.c - see shards.h. */
#include "store/shards.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define LISTED 8 /* missing shards that are named; of more, how many */
/* Of a shard's file that is kept in memory: enough to walk through it, and little enough
 * for a thousand of them. */
#define SHARD_CACHE "PRAGMA cache_size = -64"

static int open_one(struct shard_run *run, const char *directory, struct err *err)
{
    int code;

    run->directory = directory;
    code = stored_open(directory, DATABASE_READ, &run->database, err);
    if (code < 0)
        return code;
    database_stoppable(&run->database, true);
    code = stored_current(&run->database, err);
    if (code == 0)
        code = database_run(&run->database, SHARD_CACHE, err);
    if (code == 0)
        code = stored_request(&run->database, &run->request, err);
    return code;
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

static int open_all(struct shards *shards, const char *const *directories,
                    struct err *err)
{
    allow_files();
    for (size_t i = 0; i < shards->count; i++) {
        int code = open_one(&shards->items[i], directories[i], err);

        if (code < 0)
            return code;
    }
    return 0;
}

static int check_plans(const struct shards *shards, struct err *err)
{
    static const char *const own[] = { "shard", "now", NULL };
    const struct shard_run *first = &shards->items[0];
    char difference[400];

    for (size_t i = 1; i < shards->count; i++) {
        const struct shard_run *run = &shards->items[i];
        CLEANUP(mem_freep) char *was = mem_printf("in '%s'", first->directory);
        CLEANUP(mem_freep) char *is = mem_printf("in '%s'", run->directory);

        if (run->request.shard.total != first->request.shard.total)
            return err_set(err, -EXDEV,
                           "'%s' is one of %llu shards, '%s' one of %llu: they do not "
                           "belong together",
                           first->directory,
                           (unsigned long long)first->request.shard.total, run->directory,
                           (unsigned long long)run->request.shard.total);
        if (request_difference(&first->request, was, &run->request, is, own, difference,
                               sizeof(difference)))
            return err_set(err, -EXDEV, "these are shards of different runs: %s",
                           difference);
    }
    return 0;
}

static int compare_shards(const void *a, const void *b)
{
    const struct shard_run *x = a, *y = b;

    if (x->request.shard.index != y->request.shard.index)
        return x->request.shard.index < y->request.shard.index ? -1 : 1;
    return strcmp(x->directory, y->directory);
}

/* Whatever the order of the command line, the merged run is the same. */
static int place_shards(struct shards *shards, struct err *err)
{
    shards->total = shards->items[0].request.shard.total;
    shards->by_index = mem_alloc((size_t)shards->total * sizeof(*shards->by_index));
    qsort(shards->items, shards->count, sizeof(*shards->items), compare_shards);
    for (size_t i = 0; i < shards->count; i++) {
        struct shard_run *run = &shards->items[i];
        struct shard_run **place = &shards->by_index[run->request.shard.index];

        if (*place)
            return err_set(err, -EEXIST,
                           "'%s' and '%s' are both shard %llu/%llu: its trials would "
                           "count twice",
                           (*place)->directory, run->directory,
                           (unsigned long long)run->request.shard.index + 1,
                           (unsigned long long)shards->total);
        *place = run;
    }
    return 0;
}

static bool finished(struct shard_run *run)
{
    CLEANUP(mem_freep) char *status = stored_fact(&run->database, "status");

    return status && strcmp(status, "complete") == 0;
}

/* Has the shard taken its whole census? Without it no death can be explained. */
static bool has_census(struct shard_run *run)
{
    CLEANUP(mem_freep) char *stages = stored_fact(&run->database, "stages");

    return stages && strtoul(stages, NULL, 10) > STAGE_CENSUS;
}

static void shard_run_release(struct shard_run *run)
{
    database_close(&run->database);
    request_release(&run->request);
    *run = (struct shard_run){ .directory = NULL };
}

/* Leaves out the shards that have nothing to give yet; before they are placed. */
static int leave_out_unbegun(struct shards *shards, struct err *err)
{
    size_t kept = 0;

    for (size_t i = 0; i < shards->count; i++) {
        if (!has_census(&shards->items[i]))
            shard_run_release(&shards->items[i]);
        else if (kept++ < i) {
            shards->items[kept - 1] = shards->items[i];
            shards->items[i] = (struct shard_run){ .directory = NULL };
        }
    }
    shards->count = kept;
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
static uint64_t list_missing(struct shards *shards)
{
    FILE *out = fmemopen(shards->missing, sizeof(shards->missing), "w");
    uint64_t missing = 0, partial = 0;

    if (!out)
        return 0;
    for (uint64_t i = 0; i < shards->total; i++)
        if (!shards->by_index[i]) {
            list_shard(out, "", i + 1, shards->total, missing, missing == 0);
            missing++;
        }
    if (missing > LISTED)
        fprintf(out, " and %llu more", (unsigned long long)(missing - LISTED));
    for (uint64_t i = 0; i < shards->total; i++)
        if (shards->by_index[i] && !finished(shards->by_index[i])) {
            list_shard(out, "part of ", i + 1, shards->total, partial,
                       missing + partial == 0);
            partial++;
        }
    if (partial > LISTED)
        fprintf(out, " and of %llu more", (unsigned long long)(partial - LISTED));
    fclose(out);
    return missing;
}

static int refuse_unfinished(struct shard_run *run, struct err *err)
{
    CLEANUP(mem_freep) char *status = stored_fact(&run->database, "status");

    return err_set(err, -EBUSY,
                   "shard %llu/%llu in '%s' is not finished (%s): go on with it by "
                   "afterkill run --resume, or leave out what it has not done with "
                   "--allow-missing",
                   (unsigned long long)run->request.shard.index + 1,
                   (unsigned long long)run->request.shard.total, run->directory,
                   status ? status : "status unknown");
}

static int check_complete(struct shards *shards, bool allow_missing, struct err *err)
{
    uint64_t missing = list_missing(shards);
    int code = 0;

    if (allow_missing)
        return 0;
    if (missing)
        return err_set(err, -ENOENT,
                       "shards are missing: %s (--allow-missing merges the others)",
                       shards->missing);
    for (size_t i = 0; i < shards->count && code == 0; i++)
        if (!finished(&shards->items[i]))
            code = refuse_unfinished(&shards->items[i], err);
    return code;
}

void shards_release(struct shards *shards)
{
    for (size_t i = 0; i < shards->count; i++)
        shard_run_release(&shards->items[i]);
    free(shards->items);
    free(shards->by_index);
    *shards = (struct shards){ .items = NULL };
}

int shards_open(const char *const *directories, size_t count, bool allow_missing,
                struct shards *ret, struct err *err)
{
    CLEANUP(shards_release) struct shards shards = { .count = count };
    int code;

    shards.items = mem_alloc(count * sizeof(*shards.items));
    code = open_all(&shards, directories, err);
    if (code == 0)
        code = check_plans(&shards, err);
    if (code == 0 && allow_missing)
        code = leave_out_unbegun(&shards, err);
    if (code == 0)
        code = place_shards(&shards, err);
    if (code == 0)
        code = check_complete(&shards, allow_missing, err);
    if (code == 0) {
        *ret = shards;
        shards = (struct shards){ .items = NULL };
    }
    return code;
}
