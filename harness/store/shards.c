/* shards.c - see shards.h. */
#include "store/shards.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define LISTED 8 /* missing shards that are named; of more, how many */
/* Of a shard's file that is kept in memory: enough to walk through it, and little enough
 * for a thousand of them. */
#define PART_CACHE "PRAGMA cache_size = -64"

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
    return shard_parse(shard ? shard : "", &part->shard, err);
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

static int open_all(struct parts *parts, const char *const *directories, struct err *err)
{
    allow_files();
    for (size_t i = 0; i < parts->count; i++) {
        int code = open_part(&parts->items[i], directories[i], err);

        if (code < 0)
            return code;
    }
    return 0;
}

static int check_plans(const struct parts *parts, struct err *err)
{
    static const char *const own[] = { "shard", "now", TERM_PATH, TERM_SHA1, NULL };
    const struct part *first = &parts->items[0];
    char difference[400];

    for (size_t i = 1; i < parts->count; i++) {
        const struct part *part = &parts->items[i];
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
static int place_parts(struct parts *parts, struct err *err)
{
    parts->total = parts->items[0].shard.total;
    parts->by_index = mem_alloc((size_t)parts->total * sizeof(*parts->by_index));
    qsort(parts->items, parts->count, sizeof(*parts->items), compare_parts);
    for (size_t i = 0; i < parts->count; i++) {
        struct part *part = &parts->items[i];
        struct part **place = &parts->by_index[part->shard.index];

        if (*place)
            return err_set(err, -EEXIST,
                           "'%s' and '%s' are both shard %llu/%llu: its trials would "
                           "count twice",
                           (*place)->directory, part->directory,
                           (unsigned long long)part->shard.index + 1,
                           (unsigned long long)parts->total);
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
    database_close(&part->database);
    terms_release(&part->terms);
    *part = (struct part){ .directory = NULL };
}

/* Leaves out the shards that have nothing to give yet; before they are placed. */
static int leave_out_unbegun(struct parts *parts, struct err *err)
{
    size_t kept = 0;

    for (size_t i = 0; i < parts->count; i++) {
        if (!has_census(&parts->items[i]))
            part_release(&parts->items[i]);
        else if (kept++ < i) {
            parts->items[kept - 1] = parts->items[i];
            parts->items[i] = (struct part){ .directory = NULL };
        }
    }
    parts->count = kept;
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
static uint64_t list_missing(struct parts *parts)
{
    FILE *out = fmemopen(parts->missing, sizeof(parts->missing), "w");
    uint64_t missing = 0, partial = 0;

    if (!out)
        return 0;
    for (uint64_t i = 0; i < parts->total; i++)
        if (!parts->by_index[i]) {
            list_shard(out, "", i + 1, parts->total, missing, missing == 0);
            missing++;
        }
    if (missing > LISTED)
        fprintf(out, " and %llu more", (unsigned long long)(missing - LISTED));
    for (uint64_t i = 0; i < parts->total; i++)
        if (parts->by_index[i] && !finished(parts->by_index[i])) {
            list_shard(out, "part of ", i + 1, parts->total, partial,
                       missing + partial == 0);
            partial++;
        }
    if (partial > LISTED)
        fprintf(out, " and of %llu more", (unsigned long long)(partial - LISTED));
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

static int check_complete(struct parts *parts, bool allow_missing, struct err *err)
{
    uint64_t missing = list_missing(parts);
    int code = 0;

    if (allow_missing)
        return 0;
    if (missing)
        return err_set(err, -ENOENT,
                       "shards are missing: %s (--allow-missing merges the others)",
                       parts->missing);
    for (size_t i = 0; i < parts->count && code == 0; i++)
        if (!finished(&parts->items[i]))
            code = refuse_unfinished(&parts->items[i], err);
    return code;
}

void parts_release(struct parts *parts)
{
    for (size_t i = 0; i < parts->count; i++)
        part_release(&parts->items[i]);
    free(parts->items);
    free(parts->by_index);
    *parts = (struct parts){ .items = NULL };
}

int parts_open(const char *const *directories, size_t count, bool allow_missing,
               struct parts *ret, struct err *err)
{
    CLEANUP(parts_release) struct parts parts = { .count = count };
    int code;

    parts.items = mem_alloc(count * sizeof(*parts.items));
    code = open_all(&parts, directories, err);
    if (code == 0)
        code = check_plans(&parts, err);
    if (code == 0 && allow_missing)
        code = leave_out_unbegun(&parts, err);
    if (code == 0)
        code = place_parts(&parts, err);
    if (code == 0)
        code = check_complete(&parts, allow_missing, err);
    if (code == 0) {
        *ret = parts;
        parts = (struct parts){ .items = NULL };
    }
    return code;
}
