/* make_shards - shards with any number of trials, without killing anybody: what merging
 * them costs can be measured at sizes that would take days to run.
 *
 *     make_shards RUN TRIALS SHARDS DIRECTORY
 *
 * RUN is a small one that has really been made. Its scenario, controls, census and
 * measurements are every shard's; trial t is of the strategy that the plan says, and has
 * the outcome, the state and the progress of one of RUN's deaths of that strategy, drawn
 * at random. The shards are DIRECTORY/1 .. DIRECTORY/SHARDS. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/rng.h"
#include "store/load.h"
#include "store/write.h"

#define BATCH 256

/* The real deaths of one strategy. */
struct deaths {
    struct event_trial *items; /* owned */
    size_t count;
};

struct maker {
    struct saved run;
    struct database database; /* the run's */
    struct deaths *deaths;    /* by strategy; owned */
    struct store *store;      /* of the shard that is being made */
    struct plan plan;
};

static int collect(void *context, enum event_type type, const void *body, size_t bytes,
                   struct err *err)
{
    struct maker *maker = context;
    const struct event_trial *trials = body;

    (void)type, (void)err;
    for (size_t i = 0; i < bytes / sizeof(*trials); i++) {
        struct deaths *deaths = &maker->deaths[trials[i].strategy];

        if (trials[i].fault != FAULT_KILL)
            continue;
        deaths->items =
            mem_grow(deaths->items, deaths->count + 1, sizeof(*deaths->items));
        deaths->items[deaths->count++] = trials[i];
    }
    return 0;
}

static int copy(void *context, enum event_type type, const void *body, size_t bytes,
                struct err *err)
{
    struct maker *maker = context;

    return store_take(maker->store, type, body, bytes, err);
}

static int load(struct maker *maker, const char *directory, uint64_t trials,
                struct err *err)
{
    struct listener listener = { collect, maker, 0, UINT64_MAX };
    int code = stored_open(directory, DATABASE_READ, &maker->database, err);

    if (code == 0)
        code =
            saved_load_parts(directory, &maker->database, STORED_ALL, &maker->run, err);
    if (code < 0)
        return code;
    maker->plan = maker->run.result.plan;
    listener.strategies = maker->plan.strategies;
    maker->plan.attempts = (trials + listener.strategies - 1) / listener.strategies;
    maker->deaths = mem_alloc(listener.strategies * sizeof(*maker->deaths));
    code = stored_tell(&maker->database, STORED_DEATHS, &listener, err);
    for (size_t i = 0; i < listener.strategies && code == 0; i++)
        if (!maker->deaths[i].count)
            code = err_set(err, ERR_USAGE, "no trial of strategy %zu is in '%s'", i,
                           directory);
    return code;
}

static int make_trials(struct maker *maker, struct shard shard, struct err *err)
{
    uint64_t own = shard_size(shard, plan_trials(&maker->plan));
    struct event_trial batch[BATCH];
    size_t used = 0;
    int code = 0;

    for (uint64_t j = 0; j < own && code == 0; j++) {
        uint64_t t = shard_item(shard, j);
        size_t strategy = plan_trial(&maker->plan, t).strategy;
        const struct deaths *deaths = &maker->deaths[strategy];

        batch[used] = deaths->items[rng_below(deaths->count, maker->plan.seed, 99, t)];
        batch[used++].number = t;
        if (used == BATCH || j + 1 == own) {
            code =
                store_take(maker->store, EVENT_TRIALS, batch, used * sizeof(*batch), err);
            used = 0;
        }
    }
    return code;
}

static int make_shard(struct maker *maker, struct shard shard, const char *home,
                      struct err *err)
{
    CLEANUP(mem_freep)
    char *directory = mem_printf("%s/%llu", home, (unsigned long long)shard.index + 1);
    CLEANUP(environment_release) struct environment environment = ENVIRONMENT_NULL;
    CLEANUP(request_release) struct request request = { .text = NULL };
    struct listener listener = { copy, maker, maker->plan.strategies, UINT64_MAX };
    int code = file_make_directory(directory, err);

    request_copy(&request, &maker->run.request);
    request.shard = shard;
    request.trials = maker->plan.attempts;
    if (code == 0)
        code = stored_environment(&maker->database, &environment, err);
    if (code == 0)
        code = store_begin(directory, &request, &environment, &maker->run.result,
                           &maker->store, err);
    if (code == 0)
        code =
            stored_tell(&maker->database, STORED_KNOWN | STORED_MEASURED, &listener, err);
    if (code == 0)
        code = make_trials(maker, shard, err);
    if (code == 0)
        code = store_finish(maker->store, &maker->run.result, err);
    maker->store = store_close(maker->store);
    return code;
}

static void release(struct maker *maker)
{
    for (size_t i = 0; maker->deaths && i < maker->run.result.plan.strategies; i++)
        free(maker->deaths[i].items);
    free(maker->deaths);
    saved_release(&maker->run);
    database_close(&maker->database);
}

int main(int argc, char **argv)
{
    CLEANUP(release) struct maker maker = { .database = DATABASE_NULL };
    struct err err = ERR_NULL;
    uint64_t trials = argc == 5 ? strtoull(argv[2], NULL, 10) : 0;
    uint64_t shards = argc == 5 ? strtoull(argv[3], NULL, 10) : 0;
    int code;

    if (!trials || !shards || shards > SHARDS_MOST) {
        fprintf(stderr, "usage: make_shards RUN TRIALS SHARDS DIRECTORY\n");
        return 2;
    }
    code = load(&maker, argv[1], trials, &err);
    for (uint64_t i = 0; i < shards && code == 0; i++)
        code = make_shard(&maker, (struct shard){ i, shards }, argv[4], &err);
    if (code < 0)
        fprintf(stderr, "make_shards: %s\n", err.msg);
    return code < 0 ? 1 : 0;
}
