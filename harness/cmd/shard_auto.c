/* shard_auto.c - see shard_auto.h. */
#include "cmd/shard_auto.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

/* Engines that start the same command many times, and the variables by which each copy
 * knows which one it is. To add an engine, add a row. */
static const struct engine {
    const char *name;
    const char *index;    /* set: this engine is at work */
    uint64_t first;       /* the least index */
    const char *total;    /* NULL: it does not say how many there are */
    bool alone_is_nobody; /* an index without a total: not this engine's work after all */
    const char *file; /* names the file that shard_auto_announce() makes; NULL: none */
} engines[] = {
    /* Every job of GitLab's has a total, 1 of those without `parallel:`; only those with
     * it have an index. */
    { "GitLab with parallel:", "CI_NODE_INDEX", 1, "CI_NODE_TOTAL", false, NULL },
    /* A batch script is process 0, too, before it has started any task. */
    { "Slurm's srun", "SLURM_PROCID", 0, "SLURM_NTASKS", true, NULL },
    { "a Kubernetes Indexed Job", "JOB_COMPLETION_INDEX", 0, NULL, false, NULL },
    /* Bazel's wrapper sets GoogleTest's variables as well, to the same. */
    { "Bazel", "TEST_SHARD_INDEX", 0, "TEST_TOTAL_SHARDS", false,
      "TEST_SHARD_STATUS_FILE" },
    { "GoogleTest", "GTEST_SHARD_INDEX", 0, "GTEST_TOTAL_SHARDS", false,
      "GTEST_SHARD_STATUS_FILE" },
};

struct search {
    const char *text; /* of --shard */
    shard_variable *get;
    void *context;
    uint64_t wanted_total; /* 0: auto does not say */
};

static const char *look_up(const struct search *search, const char *name)
{
    return name ? search->get(search->context, name) : NULL;
}

/* The number in a variable, or an error that names both. */
static int read_variable(const struct search *search, const char *name, uint64_t least,
                         uint64_t most, uint64_t *ret, struct err *err)
{
    const char *value = look_up(search, name);
    uint64_t number;

    if (!shard_number(value, &number) || number < least || number > most)
        return err_set(err, ERR_USAGE,
                       "--shard '%s': %s is '%s': expected a whole number from %llu to "
                       "%llu",
                       search->text, name, value, (unsigned long long)least,
                       (unsigned long long)most);
    *ret = number;
    return 0;
}

static int told_total(const struct search *search, const struct engine *engine,
                      uint64_t *ret, struct err *err)
{
    uint64_t total;

    if (!look_up(search, engine->total))
        return err_set(err, ERR_USAGE,
                       "--shard '%s': %s is set (%s), but %s, which says how many shards "
                       "there are, is not",
                       search->text, engine->index, engine->name, engine->total);
    if (read_variable(search, engine->total, 1, SHARDS_MOST, &total, err) < 0)
        return err->code;
    if (search->wanted_total && search->wanted_total != total)
        return err_set(err, ERR_USAGE,
                       "--shard '%s' says that there are %llu shards, but %s (%s) says "
                       "%llu",
                       search->text, (unsigned long long)search->wanted_total,
                       engine->total, engine->name, (unsigned long long)total);
    *ret = total;
    return 0;
}

static int find_total(const struct search *search, const struct engine *engine,
                      uint64_t *ret, struct err *err)
{
    if (engine->total)
        return told_total(search, engine, ret, err);
    if (!search->wanted_total)
        return err_set(err, ERR_USAGE,
                       "--shard '%s': %s is set (%s), and nothing says how many shards "
                       "there are; write auto/N, with N as many as there are "
                       "(spec.completions)",
                       search->text, engine->index, engine->name);
    *ret = search->wanted_total;
    return 0;
}

static int ask_engine(const struct search *search, const struct engine *engine,
                      struct shard *ret, struct err *err)
{
    uint64_t total = 0, index = 0;

    if (find_total(search, engine, &total, err) < 0 ||
        read_variable(search, engine->index, engine->first, engine->first + total - 1,
                      &index, err) < 0)
        return err->code;
    *ret = (struct shard){ index - engine->first, total };
    return 0;
}

static bool at_work(const struct search *search, const struct engine *engine)
{
    return look_up(search, engine->index) &&
           (!engine->alone_is_nobody || look_up(search, engine->total));
}

/* Inside an array's task, SLURM_PROCID is 0 of 1. SLURM_ARRAY_TASK_COUNT and _MAX are
 * those of the array that was submitted last: if single tasks are run again, theirs. */
static int refuse_array(const struct search *search, struct err *err)
{
    static const char *const signs[] = { "SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_JOB_ID" };

    for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
        if (look_up(search, signs[i]))
            return err_set(
                err, ERR_USAGE,
                "--shard '%s': %s is set, and a Slurm array does not reliably say how "
                "many tasks it has (SLURM_ARRAY_TASK_COUNT changes when some are run "
                "again); submit it with --array=1-N and write --shard "
                "\"$SLURM_ARRAY_TASK_ID/N\", with the same number N",
                search->text, signs[i]);
    return 0;
}

/* Outside of srun, a batch script of n tasks is told that it is task 0 of n, and there is
 * no other. */
static int refuse_batch(const struct search *search, struct err *err)
{
    if (!look_up(search, "SLURM_JOB_ID") || look_up(search, "SLURM_STEP_ID") ||
        !look_up(search, "SLURM_PROCID") || !look_up(search, "SLURM_NTASKS"))
        return 0;
    return err_set(
        err, ERR_USAGE,
        "--shard '%s': this is Slurm's batch script, which runs once; start one "
        "task per shard with srun",
        search->text);
}

static int refuse_conflict(const struct search *search, const struct engine *a,
                           struct shard in_a, const struct engine *b, struct shard in_b,
                           struct err *err)
{
    return err_set(err, ERR_USAGE,
                   "--shard '%s': by %s (%s) this is shard %llu/%llu, by %s (%s) it is "
                   "%llu/%llu; write which one it is",
                   search->text, a->index, a->name, (unsigned long long)in_a.index + 1,
                   (unsigned long long)in_a.total, b->index, b->name,
                   (unsigned long long)in_b.index + 1, (unsigned long long)in_b.total);
}

static int refuse_nobody(const struct search *search, struct err *err)
{
    char list[512] = "";
    size_t used = 0;

    for (size_t i = 0; i < ARRAY_SIZE(engines) && used < sizeof(list); i++)
        used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s (%s)",
                                 i ? ", " : "", engines[i].index, engines[i].name);
    return err_set(err, ERR_USAGE,
                   "--shard '%s': nothing here says which shard this is; looked for %s",
                   search->text, list);
}

static int ask_all(const struct search *search, struct shard *ret, struct err *err)
{
    const struct engine *found = NULL;
    struct shard shard = SHARD_WHOLE;

    if (refuse_array(search, err) < 0 || refuse_batch(search, err) < 0)
        return err->code;
    for (size_t i = 0; i < ARRAY_SIZE(engines); i++) {
        struct shard other = SHARD_WHOLE;

        if (!at_work(search, &engines[i]))
            continue;
        if (ask_engine(search, &engines[i], &other, err) < 0)
            return err->code;
        if (found && (other.index != shard.index || other.total != shard.total))
            return refuse_conflict(search, found, shard, &engines[i], other, err);
        found = &engines[i];
        shard = other;
    }
    if (!found)
        return refuse_nobody(search, err);
    *ret = shard;
    return 0;
}

/* What follows the word "auto": nothing, or the total. */
static int parse_total(const char *text, const char *rest, uint64_t *ret, struct err *err)
{
    *ret = 0;
    if (!*rest)
        return 0;
    if (*rest != '/' || !shard_number(rest + 1, ret))
        return err_set(err, ERR_USAGE,
                       "--shard '%s': expected auto, or auto/n with n, a whole number, "
                       "as many shards as there are",
                       text);
    return shard_check_total(text, *ret, err);
}

int shard_auto_parse(const char *text, shard_variable *get, void *context,
                     struct shard *ret, struct err *err)
{
    static const char word[] = "auto";
    struct search search = { text, get, context, 0 };

    if (strncmp(text, word, sizeof(word) - 1) != 0)
        return shard_parse(text, ret, err);
    if (parse_total(text, text + sizeof(word) - 1, &search.wanted_total, err) < 0)
        return err->code;
    return ask_all(&search, ret, err);
}

int shard_auto_announce(shard_variable *get, void *context, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(engines); i++) {
        const char *path = engines[i].file ? get(context, engines[i].file) : NULL;
        int fd;

        if (!path || !*path)
            continue;
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
        if (fd < 0)
            return err_errno(err, "create '%s', the file named by %s (%s)", path,
                             engines[i].file, engines[i].name);
        close(fd);
    }
    return 0;
}
