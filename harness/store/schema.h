/* schema.h - the tables of a run's file. They are described in docs/results.md: whoever
 * changes one changes the other, and counts the version up. `strategy` is always the
 * place among the strategies that take part, from 0. */
#pragma once

#include <inttypes.h>

#include "result/event.h"
#include "store/database.h"
#include "trial/fault.h"

static const struct database_kind store_kind = { 0x61666b6c /* "afkl" */,
                                                 5,
                                                 "a run of afterkill",
                                                 { "kills", "traces", "census" },
                                                 { "run", "plan", "environment",
                                                   "parameters", "strategies" } };

static const char store_schema[] =
    "CREATE TABLE run(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE plan(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE environment(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE parameters(name TEXT PRIMARY KEY, value TEXT, kind TEXT) WITHOUT "
    "ROWID;"
    "CREATE TABLE strategies(number INTEGER PRIMARY KEY, strategy INTEGER UNIQUE,"
    " name TEXT, about TEXT, expect TEXT, reference INTEGER);"
    "CREATE TABLE controls(strategy INTEGER PRIMARY KEY, commands INTEGER,"
    " bytes INTEGER, trips INTEGER, uncrashed TEXT, example TEXT, signature TEXT,"
    " passing TEXT, lasts REAL, unbegun TEXT, unbegun_example TEXT);"
    "CREATE TABLE commands(strategy INTEGER, number INTEGER, name TEXT, label TEXT,"
    " key TEXT, key_hash INTEGER, second_key_hash INTEGER, element_hash INTEGER,"
    " flags INTEGER, ends_at INTEGER, write INTEGER, replies INTEGER,"
    " key_was_there INTEGER, connection INTEGER, state INTEGER, PRIMARY KEY(strategy, "
    "number)) WITHOUT ROWID;"
    "CREATE TABLE lines(strategy INTEGER, number INTEGER, line TEXT,"
    " PRIMARY KEY(strategy, number)) WITHOUT ROWID;"
    "CREATE TABLE samples(id INTEGER PRIMARY KEY, strategy INTEGER, kind TEXT, ns TEXT);"
    "CREATE TABLE states(id INTEGER PRIMARY KEY, strategy INTEGER, signature TEXT,"
    " now TEXT, later TEXT, passing TEXT, lasts REAL, merged INTEGER,"
    " UNIQUE(strategy, signature, now, later, passing));"
    "CREATE TABLE points(strategy INTEGER, number INTEGER, state INTEGER, example TEXT,"
    " alike INTEGER,"
    " PRIMARY KEY(strategy, number)) WITHOUT ROWID;"
    "CREATE TABLE trials(number INTEGER PRIMARY KEY, strategy INTEGER, outcome INTEGER,"
    " state INTEGER, replies INTEGER, commands INTEGER, weight REAL, kill INTEGER);"
    "CREATE TABLE cuts(strategy INTEGER, bytes INTEGER, state INTEGER, commands INTEGER,"
    " PRIMARY KEY(strategy, bytes)) WITHOUT ROWID;"
    "CREATE TABLE programs(strategy INTEGER PRIMARY KEY, connections INTEGER,"
    " states INTEGER, varying INTEGER, compared INTEGER, same INTEGER,"
    " first INTEGER, true_time INTEGER, output TEXT);"
    "CREATE TABLE proofs(strategy INTEGER, point INTEGER, tried INTEGER, came INTEGER,"
    " proved INTEGER, same INTEGER, words TEXT, PRIMARY KEY(strategy, point)) WITHOUT "
    "ROWID;"
    "CREATE TABLE cures(strategy INTEGER, point INTEGER, remedy TEXT, outcome TEXT,"
    " first TEXT, points INTEGER, harmful INTEGER, words TEXT, lasts REAL,"
    " slots INTEGER, ns INTEGER, notation TEXT, PRIMARY KEY(strategy, point)) WITHOUT "
    "ROWID;"
    "CREATE TABLE trace(strategy INTEGER, number INTEGER, ns INTEGER, sent BLOB,"
    " sent_bytes INTEGER, reply BLOB, reply_bytes INTEGER, reply_whole INTEGER,"
    " answered INTEGER, PRIMARY KEY(strategy, number));"
    "CREATE TABLE contents(strategy INTEGER, state INTEGER, omitted INTEGER,"
    " PRIMARY KEY(strategy, state)) WITHOUT ROWID;"
    "CREATE TABLE changes(id INTEGER PRIMARY KEY, strategy INTEGER, state INTEGER,"
    " copies INTEGER, key BLOB, type TEXT, element BLOB, value BLOB, shown BLOB,"
    " expires INTEGER, effect INTEGER, whole INTEGER);"
    "CREATE TABLE lives(id INTEGER PRIMARY KEY, strategy INTEGER, state INTEGER,"
    " key BLOB, field BLOB, ms INTEGER);"
    "CREATE TABLE outputs(id INTEGER PRIMARY KEY, strategy INTEGER, point INTEGER,"
    " killed INTEGER, what TEXT, command TEXT, fate TEXT, well INTEGER, printed TEXT,"
    " bytes INTEGER);"
    "CREATE TABLE finished(strategy INTEGER PRIMARY KEY);"
    "CREATE TABLE notes(trial INTEGER PRIMARY KEY, text TEXT);"
    "CREATE TABLE outcomes(id INTEGER PRIMARY KEY, name TEXT);"
    "CREATE VIEW kills AS SELECT trials.number, strategies.name AS strategy,"
    " outcomes.name AS outcome, states.now, states.later, states.passing, states.lasts,"
    " trials.replies,"
    " trials.commands FROM trials JOIN strategies USING (strategy)"
    " JOIN outcomes ON outcomes.id = trials.outcome"
    " JOIN states ON states.id = trials.state;"
    "CREATE VIEW traces AS SELECT strategies.name AS strategy,"
    " trace.number + 1 AS command, commands.connection, trace.ns,"
    " coalesce(lines.line, commands.label) AS sent, CAST(trace.reply AS TEXT) AS reply,"
    " commands.state FROM trace JOIN strategies USING (strategy)"
    " JOIN commands USING (strategy, number) LEFT JOIN lines USING (strategy, number);"
    "CREATE VIEW census AS SELECT strategies.name AS strategy, points.number AS point,"
    " commands.label AS after, states.now, states.later, states.passing, states.lasts,"
    " points.example"
    " FROM points JOIN strategies USING (strategy)"
    " JOIN states ON states.id = points.state"
    " LEFT JOIN commands ON commands.strategy = points.strategy"
    " AND commands.number = points.number - 1;";

/* Since then words have meant what they mean. */
#define STORE_JUDGED_SINCE 2

/* Since then what programs said and heard, and what they left, is kept. */
#define STORE_TRACED_SINCE 4

#define STORED_FOREVER (-1.0) /* states.lasts, which are seconds */

/* All states, by version of the schema. In the first, nobody asked how long harm lasts,
 * and what it says is for ever. */
static const char *const store_states[] = {
    [1] = "SELECT id, strategy, signature, now, later, 'clean',"
          " CASE later WHEN 'clean' THEN 0 ELSE -1 END, 0 FROM states ORDER BY id",
    [2 ... 5] =
        "SELECT id, strategy, signature, now, later, passing, lasts, merged FROM states"
        " ORDER BY id",
};

/* And all controls. */
static const char *const store_controls[] = {
    [1] =
        "SELECT strategy, commands, bytes, trips, uncrashed, example, signature, 'clean',"
        " CASE uncrashed WHEN 'clean' THEN 0 ELSE -1 END, 'clean', '' FROM controls"
        " ORDER BY strategy",
    [2 ... 5] =
        "SELECT strategy, commands, bytes, trips, uncrashed, example, signature, passing,"
        " lasts, unbegun, unbegun_example FROM controls ORDER BY strategy",
};

/* And all crash points. */
static const char *const store_points[] = {
    [1] = "SELECT strategy, number, state, example, 0 FROM points",
    [2 ... 5] = "SELECT strategy, number, state, example, alike FROM points",
};

/* And all commands. Before the third, none was kept whole. */
#define STORE_COMMANDS(more)                                                             \
    "SELECT strategy, number, name, label, key, key_hash, second_key_hash,"              \
    " element_hash, flags, ends_at, write, replies, key_was_there, " more                \
    " FROM commands"
static const char *const store_commands[] = {
    [1 ... 2] = STORE_COMMANDS("NULL, 0, 0"),
    [3 ... 5] = STORE_COMMANDS(
        "line, connection, state") " LEFT JOIN lines USING(strategy, number)",
};

/* Since then cures are tried, and what comes of it is kept. */
#define STORE_CURED_SINCE 5

/* What the columns `kind` of samples and of parameters say. */
static const char *const samples_kinds[] = {
    [SAMPLES_UPDATE] = "update", [SAMPLES_COLD] = "cold", [SAMPLES_TIMELINE] = "timeline"
};

/* Where deaths are kept, by fault: rows of number, strategy, outcome, state, replies,
 * commands, weight, kill. A fault that is added needs a table, and a row here. Since the
 * fourth version kills have weights. */
#define STORE_WEIGHED_SINCE 4
static const struct deaths_table {
    enum fault_id fault;
    const char *get, *get_unweighed, *put;
} deaths_tables[] = {
    { FAULT_BYTE,
      "SELECT bytes, strategy, 0, state, commands, commands, 0, 0 FROM cuts"
      " ORDER BY strategy, bytes",
      NULL, /* they never have any */
      "INSERT INTO cuts VALUES(?2, ?1, ?4, ?6)" },
    { FAULT_KILL,
      "SELECT number, strategy, outcome, state, replies, commands, weight, kill"
      " FROM trials ORDER BY number",
      "SELECT number, strategy, outcome, state, replies, commands, 0, 0 FROM trials"
      " ORDER BY number",
      "INSERT INTO trials VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)" },
};

/* Tables with a row for each death. Of a run that is complete, the fact STORED_ROWS says
 * how many each has: rows that are missing are not seen otherwise, for a run may end
 * before all its attempts. Older runs do not say it. */
#define STORED_ROWS "rows.%s"
static const struct counted_table {
    const char *name, *what; /* the second for people */
} counted_tables[] = {
    { "points", "crash points" },
    { "cuts", "lost links" },
    { "trials", "kills" },
};

static inline const char *deaths_get(const struct deaths_table *table, int version)
{
    return version < STORE_WEIGHED_SINCE && table->get_unweighed ? table->get_unweighed
                                                                 : table->get;
}
#define DEATHS_TABLES (sizeof(deaths_tables) / sizeof(deaths_tables[0]))
