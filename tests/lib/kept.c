/* kept.c - see kept.h. */
#include "kept.h"

#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static sqlite3 *open_file(const char *directory)
{
    char *path = mem_printf("%s/run.sqlite", directory);
    sqlite3 *database = NULL;

    cr_assert_eq(sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK,
                 "%s: %s", path, sqlite3_errmsg(database));
    free(path);
    return database;
}

char *kept_ask(const char *directory, const char *sql)
{
    sqlite3 *database = open_file(directory);
    sqlite3_stmt *statement = NULL;
    char *text;

    cr_assert_eq(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK,
                 "%s: %s", sql, sqlite3_errmsg(database));
    text = mem_strdup(sqlite3_step(statement) == SQLITE_ROW &&
                              sqlite3_column_text(statement, 0)
                          ? (const char *)sqlite3_column_text(statement, 0)
                          : "");
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return text;
}

long long kept_number(const char *directory, const char *sql)
{
    char *text = kept_ask(directory, sql);
    long long number = strtoll(text, NULL, 10);

    free(text);
    return number;
}

long long kept_number_so_far(const char *directory, const char *sql)
{
    char *uri = mem_printf("file:%s/run.sqlite?immutable=1", directory);
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    long long number = 0;

    if (sqlite3_open_v2(uri, &database, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) ==
            SQLITE_OK &&
        sqlite3_prepare_v2(database, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(database);
    free(uri);
    return number;
}

void kept_change(const char *directory, const char *sql, ...)
{
    sqlite3 *database = open_file(directory);
    char *text = NULL;
    va_list args;

    va_start(args, sql);
    cr_assert_gt(vasprintf(&text, sql, args), 0);
    va_end(args);
    cr_assert_eq(sqlite3_exec(database, text, NULL, NULL, NULL), SQLITE_OK, "%s: %s",
                 text, sqlite3_errmsg(database));
    sqlite3_close(database);
    free(text);
}

void kept_plan_time(const char *directory, long long seconds)
{
    kept_change(directory,
                "UPDATE plan SET value = '%lld.000000000s' WHERE name = 'time'", seconds);
}

static char *file_bytes(const char *directory, const char *name, size_t *ret_count)
{
    char *path = mem_printf("%s/%s", directory, name), *bytes;
    FILE *file = fopen(path, "re");
    struct stat st;

    cr_assert_not_null(file, "%s", path);
    cr_assert_eq(fstat(fileno(file), &st), 0);
    *ret_count = (size_t)st.st_size;
    bytes = mem_alloc(*ret_count + 1);
    cr_assert_eq(fread(bytes, 1, *ret_count, file), *ret_count);
    fclose(file);
    free(path);
    return bytes;
}

char *kept_text(const char *directory, const char *name)
{
    size_t count;

    return file_bytes(directory, name, &count);
}

char *kept_bytes(const char *directory, size_t *ret_count)
{
    return file_bytes(directory, "run.sqlite", ret_count);
}

void kept_write(const char *directory, const void *bytes, size_t count)
{
    char *path = mem_printf("%s/run.sqlite", directory);
    FILE *file = fopen(path, "we");

    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, count, file), count);
    fclose(file);
    free(path);
}

void kept_copy(const char *from, const char *to)
{
    size_t count;
    char *bytes = kept_bytes(from, &count);

    cr_assert_eq(mkdir(to, 0700), 0);
    kept_write(to, bytes, count);
    free(bytes);
}

void kept_make_traceless(const char *directory)
{
    kept_change(
        directory,
        "DROP VIEW traces; DROP TABLE trace; DROP TABLE contents;"
        "DROP TABLE changes; DROP TABLE lives; DROP TABLE finished; DROP TABLE outputs;"
        "DROP TABLE cures;"
        "PRAGMA user_version = 3");
}

bool kept_has_begun(const char *directory)
{
    char *path = mem_printf("%s/run.sqlite", directory);
    bool begun = access(path, F_OK) == 0 &&
                 kept_number(directory, "SELECT count(*) FROM sqlite_master") > 0;

    free(path);
    return begun;
}
