/* read_plan.c - of what a run's file says, what was asked for, and facts about the run.
 * See read.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mutant.h"
#include "scenario/outline.h"
#include "store/read.h"
#include "trial/fault.h"

/* A statement that stands on the fact; NULL if it is not there. */
static sqlite3_stmt *find_fact(struct database *database, const char *name)
{
    CLEANUP(statement_finalizep) sqlite3_stmt *statement = NULL;
    struct err ignored = ERR_NULL;

    if (database_prepare(database, "SELECT value FROM run WHERE name = ?", &statement,
                         &ignored) < 0)
        return NULL;
    database_bind(statement, "t", name);
    return database_step(database, statement, &ignored) == 1 ? TAKE_PTR(statement) : NULL;
}

char *stored_fact(struct database *database, const char *name)
{
    CLEANUP(statement_finalizep) sqlite3_stmt *row = find_fact(database, name);

    return row ? mem_strdup(database_text(row, 0)) : NULL;
}

uint64_t stored_whole(struct database *database, const char *name)
{
    CLEANUP(mem_freep) char *text = stored_fact(database, name);

    return text ? strtoull(text, NULL, 10) : 0;
}

/* As text a number would lose its last digits. */
double stored_seconds(struct database *database, enum stage stage)
{
    CLEANUP(mem_freep) char *name = mem_printf("seconds.%s", stage_name(stage));
    CLEANUP(statement_finalizep) sqlite3_stmt *row = find_fact(database, name);

    return row ? sqlite3_column_double(row, 0) : 0;
}

struct trial_times stored_times(struct database *database)
{
    struct trial_times times = { .trials = stored_whole(database, "trial_ns") };

    for (size_t i = 0; i < PHASE_COUNT; i++) {
        CLEANUP(mem_freep) char *name =
            mem_printf("trial_ns.%s", phase_name((enum phase)i));

        times.phase_ns[i] = stored_whole(database, name);
    }
    return times;
}

/* A request, as it is read. */
struct asking {
    struct database *database;
    struct request *request;
    bool *said; /* by item */
};

static int read_item(void *context, sqlite3_stmt *row, struct err *err)
{
    struct asking *asking = context;
    const char *name = database_text(row, 0);
    struct err why = ERR_NULL;

    if (request_set(asking->request, name, database_text(row, 1), &why) < 0)
        return database_damaged(asking->database, why.msg, err);
    for (size_t i = 0; i < request_items; i++)
        asking->said[i] |= strcmp(request_item_name(i), name) == 0;
    return 0;
}

static int read_assignment(void *context, sqlite3_stmt *row, struct err *err)
{
    (void)err;
    request_assign(context, database_text(row, 0));
    return 0;
}

/* Are all of the faults known? */
static bool faults_are_known(const struct request *request)
{
    CLEANUP(mem_freep) char *faults = NULL;
    struct err ignored = ERR_NULL;

    return faults_parse(request->faults, &faults, &ignored) == 0;
}

int stored_request(struct database *database, struct request *ret, struct err *err)
{
    CLEANUP(mem_freep) bool *said = mem_alloc(request_items);
    struct asking asking = { database, ret, said };
    int code =
        database_each(database, "SELECT name, value FROM plan", read_item, &asking, err);

    if (code == 0)
        code = database_each(database, "SELECT name || '=' || value FROM parameters",
                             read_assignment, ret, err);
    for (size_t i = 0; i < request_items && code == 0; i++)
        if (request_item_is_needed(i) && !said[i])
            code =
                database_damaged(database, "it does not say all that was asked for", err);
    if (code == 0 && !faults_are_known(ret))
        code = database_damaged(database, "it asks for faults that there are not", err);
    if (code == 0 && !outline_is_name(ret->name) && !mutant("names-believed"))
        code = database_damaged(
            database, "its scenario has a name that no scenario's file has", err);
    return code;
}

static int read_entry(void *context, sqlite3_stmt *row, struct err *err)
{
    (void)err;
    environment_add(context, database_text(row, 0), database_text(row, 1));
    return 0;
}

int stored_environment(struct database *database, struct environment *ret,
                       struct err *err)
{
    return database_each(database, "SELECT name, value FROM environment", read_entry, ret,
                         err);
}
