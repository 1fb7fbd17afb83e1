/* database.h - SQLite, as far as a store needs it: files that are checked before they are
 * believed, statements, and errors in our own words.
 *
 * Whoever opens a file for writing has it alone until it is closed (an exclusive lock,
 * which the kernel drops with the process); who only reads waits for nobody and is told
 * that the file is busy. A file that a killed writer left is brought back to its last
 * commit by whoever opens it next.
 *
 * A file may come from anybody. What SQLite would compute when it is read is refused:
 * views in the place of tables, triggers, virtual tables; and so are values that are
 * longer than any of ours, tables that would not fit into memory, and journals that are
 * none of ours. */
#pragma once

#include <sqlite3.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

struct database {
    sqlite3 *handle; /* owned */
    char *path;      /* owned */
    int version;     /* of its schema, if it was not just created */
};
#define DATABASE_NULL ((struct database){ .handle = NULL })

enum database_access { DATABASE_READ, DATABASE_WRITE, DATABASE_CREATE };

/* What a file must say that it is. */
struct database_kind {
    int application_id;
    int version;      /* of the schema; a file with a greater one is refused */
    const char *what; /* for people: "a run of afterkill" */
    const char
        *views[4]; /* that it has for people, up to a NULL; nothing here reads them */
    const char *whole[6]; /* tables that are read into memory as they are, likewise */
};

/* Opens a file. DATABASE_CREATE makes one, or takes one in which there is no table: what
 * somebody left who was killed before the first commit; another is -EEXIST. To be read
 * or gone on with, a file of another kind, or of a newer version, is ERR_USAGE; one that
 * is not there -ENOENT; one without a table -ENODATA. */
int database_open(const char *path, enum database_access mode,
                  const struct database_kind *kind, struct database *ret,
                  struct err *err);
/* Says what the file is: in the transaction that makes its tables. */
int database_mark(struct database *database, const struct database_kind *kind,
                  struct err *err);
void database_close(struct database *database); /* may be called twice */

/* From here on a statement that is at work when a signal waits (base/signals.h) ends with
 * ERR_STOPPED, or does no longer. For who holds signals back while it reads what others
 * wrote. */
void database_stoppable(struct database *database, bool stoppable);

/* Removes a closed file with what belongs to it. */
void database_remove(const char *path);

/* Runs statements without parameters and results. */
int database_run(struct database *database, const char *sql, struct err *err);
int database_prepare(struct database *database, const char *sql, sqlite3_stmt **ret,
                     struct err *err);
/* 1: there is a row; 0: no more; or an error. */
int database_step(struct database *database, sqlite3_stmt *statement, struct err *err);

/* Takes a row of a query; < 0 ends it. */
typedef int database_row(void *context, sqlite3_stmt *row, struct err *err);
/* Calls take() for every row of a query, until it returns < 0. */
int database_each(struct database *database, const char *sql, database_row *take,
                  void *context, struct err *err);

/* Binds values, runs a statement that returns no rows, and resets it. One letter of the
 * format per value: i (int64_t), t (text, or NULL for null; copied), d (double), b
 * (bytes: a struct str *; copied). */
int database_put(struct database *database, sqlite3_stmt *statement, struct err *err,
                 const char *format, ...);
/* Only binds, for statements that return rows. */
void database_bind(sqlite3_stmt *statement, const char *format, ...);

/* What SQLite reads, but makes no sense. */
int database_damaged(const struct database *database, const char *what, struct err *err);

/* A column as text, "" for null; valid until the next step. */
const char *database_text(sqlite3_stmt *statement, int column);

/* A column as it is; valid until the next step. */
struct str database_bytes(sqlite3_stmt *statement, int column);

static inline void statement_finalizep(sqlite3_stmt **statement)
{
    sqlite3_finalize(*statement);
}
