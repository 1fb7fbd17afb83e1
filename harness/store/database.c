/* database.c - see database.h. */
#include "store/database.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mutant.h"
#include "base/signals.h"

/* Of a file that is not empty; SQLite overwrites shorter ones. */
#define LEAST_BYTES 512
/* Of a value, or a row. The longest that there can be are the times of an update of a
 * million commands, and the text of a scenario. */
#define VALUE_MOST (32 << 20)
#define WHOLE_ROWS_MOST 20000 /* of tables that are read into memory as they are */
#define WHOLE_BYTES_MOST (64 << 20)
/* Instructions of SQLite's machine: a fraction of a millisecond. */
#define STEPS_BETWEEN_SIGNALS 10000

static const struct {
    int sqlite; /* primary result code */
    int code;
    const char *text;
} errors[] = {
    { SQLITE_BUSY, -EBUSY, "another afterkill is writing to it" },
    { SQLITE_FULL, -ENOSPC, "the disk is full" },
    { SQLITE_READONLY, -EROFS, "it cannot be written to" },
    { SQLITE_CANTOPEN, -EACCES, "it cannot be opened; is its directory writable?" },
    { SQLITE_NOTADB, ERR_USAGE, "it is not a database" },
    { SQLITE_CORRUPT, -EBADMSG, "it is damaged" },
    { SQLITE_TOOBIG, ERR_USAGE, "a value is longer than 32 MB, which none of a run is" },
};

/* The error that SQLite has just reported, in our words. */
static int explain(const struct database *database, struct err *err)
{
    int sqlite = sqlite3_errcode(database->handle);
    struct rlimit limit;

    if (sqlite == SQLITE_CANTOPEN && sqlite3_system_errno(database->handle) == EMFILE)
        return err_set(err, -EMFILE,
                       "'%s': too many files would be open at once (see ulimit -n)",
                       database->path);
    if ((sqlite & 0xff) == SQLITE_IOERR && getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
        limit.rlim_cur != RLIM_INFINITY)
        return err_set(err, -EFBIG,
                       "'%s': it cannot be written; is it that no file may grow beyond "
                       "%llu kB (ulimit -f)?",
                       database->path, (unsigned long long)limit.rlim_cur / 1024);
    if (sqlite == SQLITE_INTERRUPT && signals_check_stop(err) < 0)
        return err_wrap(err, "'%s'", database->path);
    for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
        if (errors[i].sqlite == (sqlite & 0xff))
            return err_set(err, errors[i].code, "'%s': %s", database->path,
                           errors[i].text);
    return err_set(err, -EIO, "'%s': %s", database->path,
                   sqlite3_errmsg(database->handle));
}

int database_damaged(const struct database *database, const char *what, struct err *err)
{
    return err_set(err, -EBADMSG, "'%s' is damaged: %s", database->path, what);
}

int database_run(struct database *database, const char *sql, struct err *err)
{
    return sqlite3_exec(database->handle, sql, NULL, NULL, NULL) == SQLITE_OK
               ? 0
               : explain(database, err);
}

int database_prepare(struct database *database, const char *sql, sqlite3_stmt **ret,
                     struct err *err)
{
    return sqlite3_prepare_v2(database->handle, sql, -1, ret, NULL) == SQLITE_OK
               ? 0
               : explain(database, err);
}

int database_step(struct database *database, sqlite3_stmt *statement, struct err *err)
{
    int sqlite = sqlite3_step(statement);

    if (sqlite == SQLITE_ROW)
        return 1;
    return sqlite == SQLITE_DONE ? 0 : explain(database, err);
}

static void bind_all(sqlite3_stmt *statement, const char *format, va_list values)
{
    for (int i = 1; *format; i++, format++) {
        const struct str *bytes;
        const char *text;

        switch (*format) {
        case 'i':
            sqlite3_bind_int64(statement, i, va_arg(values, int64_t));
            break;
        case 'd':
            sqlite3_bind_double(statement, i, va_arg(values, double));
            break;
        case 'b': /* no bytes are none, and not null */
            bytes = va_arg(values, const struct str *);
            sqlite3_bind_blob64(statement, i, bytes->length ? bytes->bytes : "",
                                bytes->length, SQLITE_TRANSIENT);
            break;
        default:
            text = va_arg(values, const char *);
            sqlite3_bind_text(statement, i, text, -1, SQLITE_TRANSIENT);
            break;
        }
    }
}

struct str database_bytes(sqlite3_stmt *statement, int column)
{
    const void *bytes = sqlite3_column_blob(statement, column);

    return (struct str){ bytes ? bytes : "",
                         (size_t)sqlite3_column_bytes(statement, column) };
}

void database_bind(sqlite3_stmt *statement, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    bind_all(statement, format, values);
    va_end(values);
}

int database_put(struct database *database, sqlite3_stmt *statement, struct err *err,
                 const char *format, ...)
{
    va_list values;
    int code;

    va_start(values, format);
    bind_all(statement, format, values);
    va_end(values);
    code = database_step(database, statement, err);
    sqlite3_reset(statement);
    return code;
}

const char *database_text(sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);

    return text ? text : "";
}

int database_each(struct database *database, const char *sql, database_row *take,
                  void *context, struct err *err)
{
    CLEANUP(statement_finalizep) sqlite3_stmt *statement = NULL;
    int code = database_prepare(database, sql, &statement, err);

    if (code < 0)
        return code;
    while ((code = database_step(database, statement, err)) == 1) {
        code = take(context, statement, err);
        if (code < 0)
            return code;
    }
    return code;
}

/* What a pragma says; 0 if it says nothing. */
static int pragma(struct database *database, const char *name, int *ret, struct err *err)
{
    CLEANUP(mem_freep) char *sql = mem_printf("PRAGMA %s", name);
    CLEANUP(statement_finalizep) sqlite3_stmt *statement = NULL;
    int code = database_prepare(database, sql, &statement, err);

    if (code == 0)
        code = database_step(database, statement, err);
    if (code >= 0)
        *ret = code ? sqlite3_column_int(statement, 0) : 0;
    return code < 0 ? code : 0;
}

/* Is there no table in it? */
static int is_empty(struct database *database, bool *ret, struct err *err)
{
    CLEANUP(statement_finalizep) sqlite3_stmt *statement = NULL;
    int code = database_prepare(database, "SELECT 1 FROM sqlite_master LIMIT 1",
                                &statement, err);

    if (code == 0)
        code = database_step(database, statement, err);
    *ret = code == 0;
    return code < 0 ? code : 0;
}

/* SQLite notices that the end is gone only when it wants to read it. */
static int check_length(struct database *database, struct err *err)
{
    int pages = 0, page_bytes = 0;
    struct stat st;
    int code = pragma(database, "page_count", &pages, err);

    if (code == 0)
        code = pragma(database, "page_size", &page_bytes, err);
    if (code == 0 && stat(database->path, &st) == 0 &&
        st.st_size < (off_t)pages * page_bytes)
        return err_set(err, -EBADMSG, "'%s' is damaged: its end is missing",
                       database->path);
    return code;
}

static bool is_view_of(const struct database_kind *kind, const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(kind->views) && kind->views[i]; i++)
        if (strcmp(kind->views[i], name) == 0)
            return true;
    return false;
}

/* Nothing that SQLite would compute is in the place of a table. */
static int check_schema(struct database *database, const struct database_kind *kind,
                        struct err *err)
{
    CLEANUP(statement_finalizep) sqlite3_stmt *statement = NULL;
    int code = database_prepare(
        database,
        "SELECT type, name FROM sqlite_master WHERE type NOT IN ('table', 'index')"
        " UNION ALL SELECT 'virtual table', name FROM sqlite_master WHERE sql LIKE"
        " 'CREATE VIRTUAL%'"
        " UNION ALL SELECT 'computed column in the table', m.name FROM sqlite_master m"
        " JOIN pragma_table_xinfo(m.name) x WHERE m.type = 'table' AND x.hidden",
        &statement, err);

    while (code == 0 && (code = database_step(database, statement, err)) == 1) {
        const char *type = database_text(statement, 0),
                   *name = database_text(statement, 1);

        code = 0;
        if (strcmp(type, "view") != 0 || !is_view_of(kind, name))
            return err_set(err, ERR_USAGE,
                           "'%s' is not %s: it has a %s '%s', which none has",
                           database->path, kind->what, type, name);
    }
    return code;
}

/* What is read as it is, whatever is in it, must not be more than fits. */
static int check_whole(struct database *database, const struct database_kind *kind,
                       struct err *err)
{
    uint64_t rows = 0, bytes = 0;
    int code = 0;

    for (size_t i = 0; i < ARRAY_SIZE(kind->whole) && kind->whole[i] && code == 0; i++) {
        CLEANUP(mem_freep) char *sql = mem_printf("SELECT * FROM %s", kind->whole[i]);
        CLEANUP(statement_finalizep) sqlite3_stmt *statement = NULL;

        if (sqlite3_prepare_v2(database->handle, sql, -1, &statement, NULL) != SQLITE_OK)
            continue; /* whoever wants to read it will say so */
        while ((code = database_step(database, statement, err)) == 1) {
            rows++;
            for (int column = 0; column < sqlite3_column_count(statement); column++)
                bytes += (uint64_t)sqlite3_column_bytes(statement, column);
            if (rows > WHOLE_ROWS_MOST || bytes > WHOLE_BYTES_MOST)
                return err_set(err, ERR_USAGE,
                               "'%s' is not %s: its table '%s' is larger than any of one",
                               database->path, kind->what, kind->whole[i]);
        }
    }
    return code;
}

static int check_kind(struct database *database, const struct database_kind *kind,
                      struct err *err)
{
    int application_id = 0, *version = &database->version;
    bool empty = false;
    int code = pragma(database, "application_id", &application_id, err);

    if (code == 0)
        code = pragma(database, "user_version", version, err);
    if (code == 0)
        code = check_length(database, err);
    if (code == 0)
        code = is_empty(database, &empty, err);
    if (code == 0 && empty)
        return err_set(err, -ENODATA, "'%s' is empty", database->path);
    if (code == ERR_USAGE || (code == 0 && application_id != kind->application_id))
        return err_set(err, ERR_USAGE, "'%s' is not %s", database->path, kind->what);
    if (code == 0 && *version < 1)
        return err_set(err, ERR_USAGE, "'%s' is not %s", database->path, kind->what);
    if (code == 0 && *version > kind->version)
        return err_set(
            err, ERR_USAGE,
            "'%s' was written by a newer afterkill (its schema is %d; this one "
            "reads %d)",
            database->path, *version, kind->version);
    if (code == 0)
        code = check_schema(database, kind, err);
    return code == 0 ? check_whole(database, kind, err) : code;
}

static int check_empty(struct database *database, struct err *err)
{
    bool empty;
    int code = is_empty(database, &empty, err);

    if (code == 0 && !empty)
        return err_set(err, -EEXIST, "'%s' is there already, and is left as it is",
                       database->path);
    return code;
}

int database_mark(struct database *database, const struct database_kind *kind,
                  struct err *err)
{
    CLEANUP(mem_freep) char *sql =
        mem_printf("PRAGMA application_id = %d; PRAGMA user_version = %d;",
                   kind->application_id, kind->version);

    return database_run(database, sql, err);
}

/* How long a writer waits for those who are still reading, or have just been refused. */
#define READERS_MS 10000

/* The lock is taken at once, not when the first row is written. SQLite would open a file
 * that it may not write to for reading, and take no lock.
 *
 * Of those who begin in the same instant exactly one gets it. IMMEDIATE is what a single
 * one has, whoever else looks at the file; the others are told at once. If all wanted
 * EXCLUSIVE, which nobody gets while another looks, each could be in the way of each. */
static int lock(struct database *database, struct err *err)
{
    const char *wanted =
        mutant("refuse-each-other") ? "BEGIN EXCLUSIVE" : "BEGIN IMMEDIATE";
    int code;

    if (sqlite3_db_readonly(database->handle, "main") == 1)
        return err_set(err, -EROFS, "'%s': it cannot be written to", database->path);
    code = database_run(database, wanted, err);
    sqlite3_busy_timeout(database->handle, READERS_MS);
    return code == 0 ? database_run(database,
                                    "PRAGMA locking_mode = EXCLUSIVE; COMMIT;"
                                    "PRAGMA synchronous = FULL; BEGIN EXCLUSIVE; COMMIT",
                                    err)
                     : code;
}

/* Bytes of a regular file, from its beginning or (< 0) its end. False: they are not
 * there. */
static bool read_at(const char *path, off_t at, void *ret, size_t bytes)
{
    CLEANUP(file_closep)
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return false;
    at += at < 0 ? st.st_size : 0;
    return at >= 0 && pread(fd, ret, bytes, at) == (ssize_t)bytes;
}

/* Whoever reads a file brings it back to where its journal says, which is anybody's, too.
 * One of a transaction over several files, as we make none, names a file that SQLite then
 * removes: any file of the user's. Such names stand at its end. It is beside the file
 * itself, where that is a symbolic link. */
static bool has_foreign_journal(const char *path)
{
    static const unsigned char magic[] = {
        0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7
    };
    CLEANUP(mem_freep) char *real = realpath(path, NULL);
    CLEANUP(mem_freep) char *journal = mem_printf("%s-journal", real ? real : path);
    unsigned char end[sizeof(magic)];
    struct stat st;

    if (lstat(journal, &st) < 0)
        return false;
    return !S_ISREG(st.st_mode) ||
           (read_at(journal, -(off_t)sizeof(end), end, sizeof(end)) &&
            memcmp(end, magic, sizeof(end)) == 0);
}

/* In the file's head: it would be read with another one beside it (a WAL). */
static bool has_other_journal(const char *path)
{
    static const char name[] = "SQLite format 3";
    char head[20];

    return read_at(path, 0, head, sizeof(head)) &&
           memcmp(head, name, sizeof(name)) == 0 && (head[18] == 2 || head[19] == 2);
}

/* Is there a file that can be one? */
static int check_file(const char *path, const struct database_kind *kind, struct err *err)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return err_errno(err, "open '%s'", path);
    if (!S_ISREG(st.st_mode) || (st.st_size > 0 && st.st_size < LEAST_BYTES))
        return err_set(err, ERR_USAGE, "'%s' is not %s", path, kind->what);
    if ((has_foreign_journal(path) || has_other_journal(path)) &&
        !mutant("journal-believed"))
        return err_set(err, ERR_USAGE,
                       "'%s' has a journal of a kind that %s never has: nothing is read, "
                       "for what it says would be done",
                       path, kind->what);
    return 0;
}

/* A reader may have to bring back what a killed writer left, so it asks for more than it
 * needs, and SQLite gives what the file's permissions allow. */
static int open_file(struct database *database, enum database_access mode,
                     struct err *err)
{
    int flags =
        SQLITE_OPEN_READWRITE | (mode == DATABASE_CREATE ? SQLITE_OPEN_CREATE : 0);

    if (sqlite3_open_v2(database->path, &database->handle, flags, NULL) != SQLITE_OK)
        return explain(database, err);
    sqlite3_limit(database->handle, SQLITE_LIMIT_LENGTH, VALUE_MOST);
    sqlite3_db_config(database->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(database->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return 0;
}

/* Who wants to create a file may find that another has done so a moment before: it is
 * locked, or there is something in it. */
static bool is_of_others(int code)
{
    return code == -EBUSY || code == -EEXIST || code == ERR_USAGE;
}

int database_open(const char *path, enum database_access mode,
                  const struct database_kind *kind, struct database *ret, struct err *err)
{
    struct database database = { .path = mem_strdup(path) };
    bool was_there = access(path, F_OK) == 0;
    int code = mode != DATABASE_CREATE || was_there ? check_file(path, kind, err) : 0;

    if (code == 0)
        code = open_file(&database, mode, err);
    if (code == 0 && mode != DATABASE_CREATE)
        code = check_kind(&database, kind, err);
    if (code == 0 && mode != DATABASE_READ)
        code = lock(&database, err);
    if (code == 0 && mode == DATABASE_CREATE)
        code = check_empty(&database, err);
    if (code < 0) {
        database_close(&database);
        if (mode == DATABASE_CREATE && !was_there && !is_of_others(code))
            database_remove(path);
        return code;
    }
    *ret = database;
    return 0;
}

void database_remove(const char *path)
{
    CLEANUP(mem_freep) char *journal = mem_printf("%s-journal", path);

    unlink(path);
    unlink(journal);
}

static int stop_asked(void *ignored)
{
    (void)ignored;
    return signals_stop_asked();
}

void database_stoppable(struct database *database, bool stoppable)
{
    sqlite3_progress_handler(database->handle, stoppable ? STEPS_BETWEEN_SIGNALS : 0,
                             stoppable ? stop_asked : NULL, NULL);
}

void database_close(struct database *database)
{
    sqlite3_close(database->handle);
    free(database->path);
    *database = DATABASE_NULL;
}
