/* trace.c - see trace.h. */
#include "store/trace.h"

#include <string.h>

#include "store/schema.h"
#include "trial/recorded.h"

static bool is_kept(const struct database *database)
{
    return database->version >= STORE_TRACED_SINCE;
}

/* What has been read so far. */
struct reading {
    struct told *told;
    struct buffer sent, answers;
    uint64_t commands; /* that there are */
};

static void read_command(struct reading *reading, size_t index, sqlite3_stmt *row)
{
    struct told *told = reading->told;

    struct str reply = database_bytes(row, 3);
    uint64_t bytes = (uint64_t)sqlite3_column_int64(row, 4);

    buffer_add(&reading->sent, database_bytes(row, 2));
    told->answered[index] = (uint64_t)sqlite3_column_int64(row, 6);
    if (told->answered[index])
        recorded_answer(reply, bytes, sqlite3_column_int(row, 5) && reply.length == bytes,
                        &reading->answers);
    else
        buffer_add(&reading->answers, STR("+(waits)\r\n"));
    told->connection_of[index] = (uint64_t)sqlite3_column_int64(row, 7);
    told->sent.traces[index] = (struct trace){
        .end = reading->sent.length,
        .reply_end = reading->answers.length,
        .write = index,
        .replies = index,
        .write_ns = (uint64_t)sqlite3_column_int64(row, 1),
    };
}

static int read_commands(struct database *database, sqlite3_stmt *rows,
                         struct reading *reading, struct err *err)
{
    uint64_t count = 0;
    int code;

    while ((code = database_step(database, rows, err)) == 1) {
        if (count == reading->commands || sqlite3_column_int64(rows, 0) != (int64_t)count)
            return database_damaged(database, "its trace has other commands than it",
                                    err);
        read_command(reading, (size_t)count++, rows);
    }
    if (code == 0 && count && count < reading->commands)
        code = database_damaged(database, "its trace lacks commands", err);
    reading->told->sent.commands = (size_t)count;
    return code;
}

int stored_trace(struct database *database, size_t strategy, uint64_t commands,
                 struct told *ret, bool *ret_there, struct err *err)
{
    CLEANUP(statement_finalizep) sqlite3_stmt *rows = NULL;
    struct reading reading = { .told = ret, .commands = commands };
    int code;

    *ret_there = false;
    if (!is_kept(database))
        return 0;
    ret->sent.traces = MEM_ARRAY(struct trace, (size_t)commands + 1);
    ret->connection_of = MEM_ARRAY(uint64_t, (size_t)commands + 1);
    ret->answered = MEM_ARRAY(uint64_t, (size_t)commands + 1);
    code = database_prepare(
        database,
        "SELECT trace.number, ns, sent, reply, reply_bytes, reply_whole, answered,"
        " connection FROM trace LEFT JOIN commands USING (strategy, number)"
        " WHERE strategy = ? ORDER BY trace.number",
        &rows, err);
    if (code == 0)
        database_bind(rows, "i", (int64_t)strategy);
    if (code == 0)
        code = read_commands(database, rows, &reading, err);
    ret->sent.output = reading.sent.bytes;
    ret->sent.output_bytes = reading.sent.length;
    ret->sent.answers = reading.answers.bytes;
    ret->sent.answer_bytes = reading.answers.length;
    *ret_there = code == 0 && ret->sent.commands == commands;
    return code;
}

/* --- states --- */

/* A query about a strategy, and one of its states. */
static int ask(struct database *database, const char *sql, size_t strategy, size_t state,
               sqlite3_stmt **ret, struct err *err)
{
    int code = database_prepare(database, sql, ret, err);

    if (code == 0)
        database_bind(*ret, "ii", (int64_t)strategy, (int64_t)state);
    return code;
}

#define COPIES_MOST                                                                      \
    10000000 /* of one element; more are none that a recording has made                  \
              */

/* Into the snapshot's memory. */
static struct str keep(struct told_state *state, sqlite3_stmt *row, int column)
{
    struct str text = database_bytes(row, column);
    char *copy = arena_take(&state->snapshot.arena, text.length + 1);

    memcpy(copy, text.bytes, text.length);
    return (struct str){ copy, text.length };
}

static int read_atom(struct database *database, sqlite3_stmt *row, struct told_state *ret,
                     struct err *err)
{
    int64_t expiry = sqlite3_column_int64(row, 5), copies = sqlite3_column_int64(row, 8);
    struct atom atom = {
        .key = keep(ret, row, 0),
        .type = keep(ret, row, 1),
        .id = keep(ret, row, 2),
        .value = keep(ret, row, 3),
        .shown = keep(ret, row, 4),
        .expiry = (enum expiry)expiry,
        .effect = sqlite3_column_int(row, 6) != 0,
    };

    if (expiry < EXPIRY_NEVER || expiry > EXPIRY_BEYOND || copies > COPIES_MOST)
        return database_damaged(database, "a state holds what cannot be", err);
    ret->whole &= sqlite3_column_int(row, 7) != 0;
    for (int64_t i = 0; i < copies; i++)
        state_add(&ret->snapshot.state, atom);
    return 0;
}

/* What came on the way to the state, less what went. */
static int read_atoms(struct database *database, size_t strategy, size_t state,
                      struct told_state *ret, struct err *err)
{
    CLEANUP(statement_finalizep) sqlite3_stmt *rows = NULL;
    int code = ask(database,
                   "SELECT key, type, element, value, shown, expires, effect, min(whole),"
                   " sum(copies) FROM changes WHERE strategy = ? AND state <= ?"
                   " GROUP BY key, type, element, value, expires"
                   " HAVING sum(copies) > 0",
                   strategy, state, &rows, err);

    while (code == 0 && (code = database_step(database, rows, err)) == 1)
        code = read_atom(database, rows, ret, err);
    state_sort(&ret->snapshot.state);
    return code;
}

/* The latest that is known of each; of several rows SQLite takes that of the maximum. */
static int read_lives(struct database *database, size_t strategy, size_t state,
                      struct told_state *ret, struct err *err)
{
    CLEANUP(statement_finalizep) sqlite3_stmt *rows = NULL;
    int code = ask(database,
                   "SELECT key, field, ms, max(state) FROM lives"
                   " WHERE strategy = ? AND state <= ? GROUP BY key, field"
                   " ORDER BY key, field",
                   strategy, state, &rows, err);

    while (code == 0 && (code = database_step(database, rows, err)) == 1) {
        struct ttl ttl = { keep(ret, rows, 0), keep(ret, rows, 1),
                           sqlite3_column_int64(rows, 2) };

        code = 0;
        if (ttl.ms < 0)
            continue;
        ret->ttls.items =
            mem_grow(ret->ttls.items, ret->ttls.count + 1, sizeof(*ret->ttls.items));
        ret->ttls.items[ret->ttls.count++] = ttl;
    }
    return code;
}

int stored_state(struct database *database, size_t strategy, size_t state,
                 struct told_state *ret, bool *ret_there, struct err *err)
{
    CLEANUP(statement_finalizep) sqlite3_stmt *row = NULL;
    int code = ask(database,
                   "SELECT sum(omitted), max(state) FROM contents"
                   " WHERE strategy = ? AND state <= ?",
                   strategy, state, &row, err);

    *ret_there = false;
    if (code == 0)
        code = database_step(database, row, err);
    if (code < 0 || sqlite3_column_type(row, 1) == SQLITE_NULL ||
        sqlite3_column_int64(row, 1) != (int64_t)state)
        return code < 0 ? code : 0;
    *ret_there = true;
    ret->omitted = (uint64_t)sqlite3_column_int64(row, 0);
    ret->whole = true;
    code = read_atoms(database, strategy, state, ret, err);
    return code == 0 ? read_lives(database, strategy, state, ret, err) : code;
}
