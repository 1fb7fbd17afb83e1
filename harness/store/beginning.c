/* beginning.c - see beginning.h. */
#include "store/beginning.h"

#include "store/schema.h"

/* A row; for tables of a few. */
#define INSERT(database, sql, err, ...)                                                  \
    ({                                                                                   \
        CLEANUP(statement_finalizep) sqlite3_stmt *insert_ = NULL;                       \
        int code_ = database_prepare((database), (sql), &insert_, (err));                \
        code_ == 0 ? database_put((database), insert_, (err), __VA_ARGS__) : code_;      \
    })

static int put_plan(struct database *database, const struct request *request,
                    const struct environment *environment, struct err *err)
{
    int code = 0;

    for (size_t i = 0; i < request_items && code == 0; i++) {
        CLEANUP(mem_freep) char *value = request_item_text(request, i);

        if (value)
            code = INSERT(database, "INSERT OR REPLACE INTO plan VALUES(?, ?)", err, "tt",
                          request_item_name(i), value);
    }
    for (size_t i = 0; i < environment->count && code == 0; i++)
        code = INSERT(database, "INSERT OR REPLACE INTO environment VALUES(?, ?)", err,
                      "tt", environment->entries[i].name, environment->entries[i].value);
    return code;
}

static int put_parameters(struct database *database, const struct outline *scenario,
                          struct err *err)
{
    int code = 0;

    for (size_t i = 0; i < scenario->parameter_count && code == 0; i++) {
        const struct parameter *parameter = &scenario->parameters[i];

        code = INSERT(database, "INSERT INTO parameters VALUES(?, ?, ?)", err, "ttt",
                      parameter->name, parameter->value,
                      parameter->is_text   ? "text"
                      : parameter->is_flag ? "flag"
                                           : "number");
    }
    return code;
}

static int put_strategy(struct database *database, sqlite3_stmt *insert,
                        const struct result *result, size_t number, struct err *err)
{
    const struct outline *scenario = result->scenario;
    const struct strategy *strategy = &scenario->strategies[number];
    char expect[EXPECT_TEXT];

    database_bind(insert, "i", (int64_t)number);
    sqlite3_bind_null(insert, 2);
    for (size_t i = 0; i < result->plan.strategies; i++)
        if (result->findings[i].strategy == strategy)
            sqlite3_bind_int64(insert, 2, (int64_t)i);
    sqlite3_bind_text(insert, 3, strategy->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(insert, 4, strategy->about, -1, SQLITE_STATIC);
    sqlite3_bind_text(insert, 5, expect_text(strategy->expect, expect), -1,
                      SQLITE_TRANSIENT);
    sqlite3_bind_int(insert, 6, number == scenario->reference);
    return database_put(database, insert, err, "");
}

static int put_strategies(struct database *database, const struct result *result,
                          struct err *err)
{
    CLEANUP(statement_finalizep) sqlite3_stmt *insert = NULL;
    int code = database_prepare(
        database, "INSERT INTO strategies VALUES(?, ?, ?, ?, ?, ?)", &insert, err);

    for (size_t i = 0; i < result->scenario->strategy_count && code == 0; i++)
        code = put_strategy(database, insert, result, i, err);
    return code;
}

static int put_outcomes(struct database *database, struct err *err)
{
    int code = 0;

    for (int i = 0; i < OUTCOME_COUNT && code == 0; i++)
        code = INSERT(database, "INSERT INTO outcomes VALUES(?, ?)", err, "it",
                      (int64_t)i, outcome_name((enum outcome)i));
    return code;
}

int beginning_write(struct database *database, const struct request *request,
                    const struct environment *environment, const struct result *result,
                    struct err *err)
{
    int code = database_mark(database, &store_kind, err);

    if (code == 0)
        code = database_run(database, store_schema, err);
    if (code == 0)
        code = put_plan(database, request, environment, err);
    if (code == 0)
        code = put_parameters(database, result->scenario, err);
    if (code == 0)
        code = put_strategies(database, result, err);
    return code == 0 ? put_outcomes(database, err) : code;
}
