/* database: a file is believed when it says that it is what is looked for, and only then;
 * what is somebody else's is left as it is; who writes is alone. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "store/database.h"
#include "testlib.h"

static const struct database_kind kind = {
    0x1234, 3, "a box of eggs", { "white" }, { NULL }
};
static const struct database_kind other = {
    0x4321, 3, "a crate of apples", { NULL }, { NULL }
};

static char *home, *path;

static void set_up(void)
{
    home = test_directory();
    path = mem_printf("%s/file", home);
}

static void tear_down(void)
{
    free(path);
    test_directory_remove(home);
}

TestSuite(database, .init = set_up, .fini = tear_down);

static void run(struct database *database, const char *sql)
{
    struct err err = ERR_NULL;

    cr_assert_eq(database_run(database, sql, &err), 0, "%s: %s", sql, err.msg);
}

/* A file of a kind with a table and as many rows. */
static void make(const struct database_kind *of, unsigned rows)
{
    struct database database = DATABASE_NULL;
    struct err err = ERR_NULL;

    cr_assert_eq(database_open(path, DATABASE_CREATE, of, &database, &err), 0, "%s",
                 err.msg);
    run(&database, "BEGIN");
    cr_assert_eq(database_mark(&database, of, &err), 0, "%s", err.msg);
    run(&database, "CREATE TABLE eggs(id INTEGER PRIMARY KEY, colour TEXT, weight REAL)");
    for (unsigned i = 0; i < rows; i++)
        run(&database, "INSERT INTO eggs(colour, weight) VALUES('white', 0.1)");
    run(&database, "COMMIT");
    database_close(&database);
}

/* Opening it is an error with this code, whose message says this. */
static void expect_error(enum database_access access_mode, int code, const char *words)
{
    struct database database = DATABASE_NULL;
    struct err err = ERR_NULL;

    cr_expect_eq(database_open(path, access_mode, &kind, &database, &err), code, "%d: %s",
                 err.code, err.msg);
    EXPECT_SAYS(err.msg, words);
    EXPECT_SAYS(err.msg, path);
    cr_expect_null(database.handle, "written on success only");
}

static void expect_opens(enum database_access access_mode)
{
    struct database database = DATABASE_NULL;
    struct err err = ERR_NULL;

    cr_expect_eq(database_open(path, access_mode, &kind, &database, &err), 0, "%s",
                 err.msg);
    database_close(&database);
    database_close(&database);
}

static void write_bytes(const void *bytes, size_t count)
{
    FILE *file = fopen(path, "we");

    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, count, file), count);
    cr_assert_eq(fclose(file), 0);
}

static size_t read_bytes(char *bytes, size_t room)
{
    FILE *file = fopen(path, "re");
    size_t count;

    cr_assert_not_null(file);
    count = fread(bytes, 1, room, file);
    fclose(file);
    return count;
}

Test(database, opens_what_it_made)
{
    make(&kind, 2);
    cr_expect_eq(test_directory_entries(home), 1, "no journal is left");
    expect_opens(DATABASE_READ);
    expect_opens(DATABASE_WRITE);
    expect_error(DATABASE_CREATE, -EEXIST, "is there already, and is left as it is");
    database_remove(path);
    cr_expect_eq(test_directory_entries(home), 0);
    database_remove(path);
}

Test(database, what_is_not_there)
{
    expect_error(DATABASE_READ, -ENOENT, "No such file");
    expect_error(DATABASE_WRITE, -ENOENT, "No such file");
    cr_expect_eq(test_directory_entries(home), 0, "and nothing is made");
}

Test(database, another_kind)
{
    make(&other, 2);
    expect_error(DATABASE_READ, ERR_USAGE, "is not a box of eggs");
    expect_error(DATABASE_WRITE, ERR_USAGE, "is not a box of eggs");
    expect_error(DATABASE_CREATE, -EEXIST, "is there already");
}

Test(database, versions)
{
    static const struct database_kind older = { 0x1234, 2, "", { NULL }, { NULL } },
                                      newer = { 0x1234, 4, "", { NULL }, { NULL } };

    make(&older, 1);
    expect_opens(DATABASE_READ);
    database_remove(path);
    make(&newer, 1);
    expect_error(DATABASE_READ, ERR_USAGE,
                 "was written by a newer afterkill (its schema is 4; this one reads 3)");
    expect_error(DATABASE_WRITE, ERR_USAGE, "was written by a newer afterkill");
}

/* What would be computed when it is read, and how long that takes only SQLite knows. */
Test(database, nothing_is_computed)
{
    static const struct {
        const char *sql, *says;
    } rows[] = {
        { "CREATE VIEW white AS SELECT * FROM eggs", NULL },
        { "CREATE VIEW brown AS SELECT * FROM eggs", "it has a view 'brown'" },
        { "DROP TABLE eggs; CREATE VIEW eggs AS WITH RECURSIVE n(id) AS (SELECT 1 UNION "
          "ALL SELECT id + 1 FROM n) SELECT id, 'white' AS colour, 1.0 AS weight FROM n",
          "it has a view 'eggs'" },
        { "CREATE TRIGGER hatch AFTER INSERT ON eggs BEGIN DELETE FROM eggs; END",
          "it has a trigger 'hatch'" },
        { "CREATE TABLE nests (twigs, grass AS (hex(zeroblob(100000000))))",
          "it has a computed column in the table 'nests'" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct database database = DATABASE_NULL;
        struct err err = ERR_NULL;

        make(&kind, 1);
        cr_assert_eq(database_open(path, DATABASE_WRITE, &kind, &database, &err), 0);
        run(&database, rows[i].sql);
        database_close(&database);
        if (rows[i].says) {
            expect_error(DATABASE_READ, ERR_USAGE, rows[i].says);
            expect_error(DATABASE_WRITE, ERR_USAGE, rows[i].says);
        } else {
            expect_opens(DATABASE_READ);
        }
        database_remove(path);
    }
}

/* A journal of a transaction over several files names another file, which SQLite removes
 * when it has brought this one back: any file of whoever reads. */
Test(database, journals_of_others_are_not_believed)
{
    CLEANUP(mem_freep) char *journal = mem_printf("%s-journal", path);
    CLEANUP(mem_freep) char *elsewhere = mem_printf("%s/elsewhere", home);
    CLEANUP(mem_freep) char *beside = mem_printf("%s-journal", elsewhere);
    CLEANUP(mem_freep) char *victim = test_file(home, "victim", "precious\n");
    const unsigned length = (unsigned)strlen(victim);
    unsigned char tail[16] = { 0,    0,    0,    0,    0,    0,    0,    0,
                               0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7 };
    struct database database = DATABASE_NULL;
    struct err err = ERR_NULL;
    unsigned sum = 0;
    pid_t writer;
    FILE *file;

    make(&kind, 1);
    expect_opens(DATABASE_READ);
    writer = fork();
    if (writer == 0) { /* dies in the middle */
        database_open(path, DATABASE_WRITE, &kind, &database, &err);
        database_run(
            &database,
            "PRAGMA cache_size = 1; BEGIN; WITH RECURSIVE n(i) AS (SELECT 1 "
            "UNION ALL SELECT i + 1 FROM n LIMIT 20000) INSERT INTO eggs(colour) "
            "SELECT 'brown' FROM n",
            &err);
        raise(SIGKILL);
    }
    cr_assert_eq(waitpid(writer, NULL, 0), writer);
    file = fopen(journal, "a");
    cr_assert_not_null(file, "there is no journal");
    for (unsigned i = 0; i < length; i++)
        sum += (unsigned char)victim[i];
    for (unsigned i = 0; i < 4; i++) {
        tail[i] = (unsigned char)(length >> (24 - 8 * i));
        tail[4 + i] = (unsigned char)(sum >> (24 - 8 * i));
    }
    fwrite("\0\4\0\1", 1, 4, file);
    fputs(victim, file);
    fwrite(tail, 1, sizeof(tail), file);
    fclose(file);
    expect_error(DATABASE_READ, ERR_USAGE,
                 "a journal of a kind that a box of eggs never has");
    expect_error(DATABASE_WRITE, ERR_USAGE, "a journal of a kind");
    cr_assert_eq(rename(path, elsewhere), 0);
    cr_assert_eq(rename(journal, beside), 0);
    cr_assert_eq(symlink("elsewhere", path), 0);
    expect_error(DATABASE_READ, ERR_USAGE, "a journal of a kind");
    cr_expect_eq(access(victim, F_OK), 0, "somebody else's file is gone");
    cr_assert_eq(rename(elsewhere, path), 0);
    cr_assert_eq(rename(beside, journal), 0);
    cr_assert_eq(unlink(journal), 0);
    cr_assert_eq(symlink(victim, journal), 0);
    expect_error(DATABASE_READ, ERR_USAGE, "a journal of a kind");
}

Test(database, in_the_mode_of_others)
{
    struct database database = DATABASE_NULL;
    struct err err = ERR_NULL;

    make(&kind, 1);
    cr_assert_eq(database_open(path, DATABASE_READ, &kind, &database, &err), 0);
    run(&database, "PRAGMA journal_mode = WAL; PRAGMA journal_mode");
    database_close(&database);
    expect_error(DATABASE_READ, ERR_USAGE, "a journal of a kind");
    cr_expect_eq(test_directory_entries(home), 1, "it has made files beside it");
}

/* Neither one value nor all of a table that is read whole is more than fits. */
Test(database, nothing_is_too_large)
{
    static const struct database_kind whole = {
        0x1234, 3, "a box of eggs", { NULL }, { "eggs" }
    };
    static const struct {
        const char *sql, *says;
    } rows[] = {
        { "UPDATE eggs SET colour = hex(zeroblob(17000000))", "longer than 32 MB" },
        { "INSERT INTO eggs(colour) SELECT hex(zeroblob(12000000)) FROM eggs LIMIT 3",
          "its table 'eggs' is larger than any of one" },
        { "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20001) "
          "INSERT INTO eggs(colour) SELECT 'blue' FROM n",
          "its table 'eggs' is larger than any of one" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct database database = DATABASE_NULL;
        struct err err = ERR_NULL;

        make(&whole, 3);
        cr_assert_eq(database_open(path, DATABASE_WRITE, &whole, &database, &err), 0);
        sqlite3_limit(database.handle, SQLITE_LIMIT_LENGTH, 1 << 30);
        run(&database, rows[i].sql);
        database_close(&database);
        cr_expect_lt(database_open(path, DATABASE_READ, &whole, &database, &err), 0);
        cr_expect(says(err.msg, rows[i].says), "%s", err.msg);
        database_remove(path);
    }
}

/* What is empty was begun by somebody who died: nothing to read, and free to take. */
Test(database, empty_file)
{
    write_bytes("", 0);
    expect_error(DATABASE_READ, -ENODATA, "is empty");
    expect_error(DATABASE_WRITE, -ENODATA, "is empty");
    make(&kind, 1);
    expect_opens(DATABASE_READ);
}

/* Text, another program's files, and what only begins like a database. */
Test(database, garbage)
{
    static const size_t lengths[] = { 1, 15, 16, 100, 511, 512, 4096, 10000 };
    static const char magic[] = "SQLite format 3";

    for (size_t i = 0; i < 2 * ARRAY_SIZE(lengths); i++) {
        size_t length = lengths[i / 2], count;
        char bytes[10000], after[10001];

        memset(bytes, 'x', sizeof(bytes));
        if (i % 2 && length >= sizeof(magic))
            memcpy(bytes, magic, sizeof(magic));
        write_bytes(bytes, length);
        expect_error(DATABASE_READ, ERR_USAGE, "is not a box of eggs");
        expect_error(DATABASE_WRITE, ERR_USAGE, "is not a box of eggs");
        expect_error(DATABASE_CREATE, ERR_USAGE, "");
        count = read_bytes(after, sizeof(after));
        cr_expect(count == length && memcmp(bytes, after, count) == 0,
                  "it has been changed (%zu bytes)", length);
    }
}

Test(database, directories_are_no_files)
{
    cr_assert_eq(mkdir(path, 0700), 0);
    expect_error(DATABASE_READ, ERR_USAGE, "is not a box of eggs");
    expect_error(DATABASE_CREATE, ERR_USAGE, "is not a box of eggs");
}

/* Without its end a file is damaged, wherever it was cut. */
Test(database, truncated)
{
    char bytes[1 << 16];
    size_t count;

    make(&kind, 500);
    count = read_bytes(bytes, sizeof(bytes));
    cr_assert(count > 8192 && count < sizeof(bytes));
    for (size_t length = 512; length < count; length += 512) {
        write_bytes(bytes, length);
        expect_error(DATABASE_READ, -EBADMSG, "is damaged");
        expect_error(DATABASE_WRITE, -EBADMSG, "is damaged");
    }
}

/* A process that has the file open for writing; it says when, by closing the pipe. */
static pid_t writer(void)
{
    int fds[2];
    char byte;
    pid_t pid;

    cr_assert_eq(pipe(fds), 0);
    pid = fork();
    if (pid == 0) {
        struct database database = DATABASE_NULL;
        struct err err = ERR_NULL;

        close(fds[0]);
        if (database_open(path, DATABASE_WRITE, &kind, &database, &err) < 0 ||
            database_run(&database, "BEGIN; DELETE FROM eggs", &err) < 0)
            _exit(1);
        close(fds[1]);
        pause();
        _exit(0);
    }
    close(fds[1]);
    cr_assert_eq(read(fds[0], &byte, 1), 0);
    close(fds[0]);
    return pid;
}

/* Who writes is alone; if it dies, the file is as it last committed it. */
Test(database, busy)
{
    CLEANUP(statement_finalizep) sqlite3_stmt *count = NULL;
    struct database database = DATABASE_NULL;
    struct err err = ERR_NULL;
    pid_t pid;

    make(&kind, 7);
    pid = writer();
    expect_error(DATABASE_READ, -EBUSY, "another afterkill is writing to it");
    expect_error(DATABASE_WRITE, -EBUSY, "another afterkill is writing to it");
    expect_error(DATABASE_CREATE, -EBUSY, "another afterkill is writing to it");
    kill(pid, SIGKILL);
    cr_assert_eq(waitpid(pid, NULL, 0), pid);
    cr_assert_eq(database_open(path, DATABASE_READ, &kind, &database, &err), 0, "%s",
                 err.msg);
    cr_assert_eq(database_prepare(&database, "SELECT count(*) FROM eggs", &count, &err),
                 0);
    cr_assert_eq(database_step(&database, count, &err), 1);
    cr_expect_eq(sqlite3_column_int(count, 0), 7);
    sqlite3_finalize(TAKE_PTR(count));
    database_close(&database);
}

#define RIVALS 20
#define ROUNDS 30

/* One of many that want the file in the same instant. The one that has it keeps it until
 * nobody can be waiting for it any more. */
__attribute__((noreturn)) static void compete(enum database_access access_mode,
                                              int begin_fd, int end_fd)
{
    struct database database = DATABASE_NULL;
    struct err err = ERR_NULL;
    char byte;
    int code;

    if (read(begin_fd, &byte, 1) != 0)
        _exit(3);
    code = database_open(path, access_mode, &kind, &database, &err);
    if (code == 0 && read(end_fd, &byte, 1) != 0)
        _exit(3);
    database_close(&database);
    _exit(code == 0 ? 0 : code == -EBUSY ? 1 : 2);
}

/* How many of them got it; all others were told that somebody has it. */
static unsigned count_winners(enum database_access access_mode)
{
    int begin[2], end[2], status;
    unsigned winners = 0, losers = 0;

    cr_assert_eq(pipe2(begin, O_CLOEXEC), 0);
    cr_assert_eq(pipe2(end, O_CLOEXEC), 0);
    for (int i = 0; i < RIVALS; i++) {
        pid_t pid = fork();

        cr_assert(pid >= 0);
        if (pid == 0) {
            close(begin[1]);
            close(end[1]);
            compete(access_mode, begin[0], end[0]);
        }
    }
    close(begin[0]);
    close(end[0]);
    close(begin[1]);
    for (int i = 0; i < RIVALS; i++) {
        if (i == RIVALS - 1)
            close(end[1]);
        cr_assert(wait(&status) > 0);
        cr_assert(WIFEXITED(status) && WEXITSTATUS(status) < 2, "status %x", status);
        winners += WEXITSTATUS(status) == 0;
        losers += WEXITSTATUS(status) == 1;
    }
    cr_expect_eq(winners + losers, RIVALS);
    return winners;
}

/* Whoever begins in the same instant, one of them gets it, also where the file is not
 * there yet. */
Test(database, exactly_one_of_many_gets_it)
{
    for (int i = 0; i < ROUNDS; i++) {
        database_remove(path);
        cr_expect_eq(count_winners(DATABASE_CREATE), 1, "of those that make it");
        database_remove(path);
        make(&kind, 3);
        cr_expect_eq(count_winners(DATABASE_WRITE), 1, "of those that go on with it");
    }
}

/* Does anybody else hold the byte of the file that SQLite locks to be the only one who
 * may write? */
static bool is_reserved(int fd)
{
    struct flock lock = { .l_type = F_WRLCK, .l_start = 0x40000001, .l_len = 1 };

    cr_assert_eq(fcntl(fd, F_GETLK, &lock), 0);
    return lock.l_type != F_UNLCK;
}

/* Who has got it waits for those who still look at it, among them who did not get it. */
Test(database, who_writes_waits_for_who_looks)
{
    struct timespec pause = { .tv_nsec = 1000000 };
    int begin[2], fd, status = 0;
    pid_t pid, ended = 0;
    sqlite3 *reader;

    make(&kind, 1);
    cr_assert_eq(pipe2(begin, O_CLOEXEC), 0);
    pid = fork(); /* before SQLite knows of a reader, who would be the child's own */
    if (pid == 0) {
        struct database database = DATABASE_NULL;
        struct err err = ERR_NULL;
        char byte;

        close(begin[1]);
        _exit(read(begin[0], &byte, 1) != 0 ||
              database_open(path, DATABASE_WRITE, &kind, &database, &err) < 0);
    }
    fd = open(path, O_RDWR | O_CLOEXEC);
    cr_assert(fd >= 0);
    cr_assert_eq(sqlite3_open(path, &reader), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(reader, "BEGIN; SELECT * FROM eggs", NULL, NULL, NULL),
                 SQLITE_OK);
    close(begin[1]);
    while (!is_reserved(fd) && (ended = waitpid(pid, &status, WNOHANG)) == 0)
        nanosleep(&pause, NULL);
    cr_expect_eq(ended, 0, "it does not wait");
    sqlite3_close_v2(reader);
    cr_assert(ended || waitpid(pid, &status, 0) == pid);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", status);
    close(begin[0]);
    close(fd);
}

/* Who may only read it can; who wants to write is told. Root may write everything, so
 * this is done as nobody. */
Test(database, read_only)
{
    int status;
    pid_t pid;

    make(&kind, 1);
    cr_assert_eq(chmod(path, 0444), 0);
    cr_assert_eq(chmod(home, 0755), 0);
    pid = fork();
    if (pid == 0) {
        struct database database = DATABASE_NULL;
        struct err err = ERR_NULL;

        if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
            _exit(1);
        if (database_open(path, DATABASE_READ, &kind, &database, &err) < 0)
            _exit(2);
        database_close(&database);
        if (database_open(path, DATABASE_WRITE, &kind, &database, &err) != -EROFS)
            _exit(3);
        if (!strstr(err.msg, "it cannot be written to"))
            _exit(4);
        _exit(0);
    }
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_expect_eq(WEXITSTATUS(status), 0, "%d", WEXITSTATUS(status));
}

/* ---- statements ---- */

Test(database, values_come_back)
{
    static const int64_t wholes[] = { 0, -1, 1, INT64_MAX, INT64_MIN };
    CLEANUP(statement_finalizep) sqlite3_stmt *put = NULL, *get = NULL;
    struct database database = DATABASE_NULL;
    struct err err = ERR_NULL;

    make(&kind, 0);
    cr_assert_eq(database_open(path, DATABASE_WRITE, &kind, &database, &err), 0);
    cr_assert_eq(
        database_prepare(&database, "INSERT INTO eggs VALUES(?, ?, ?)", &put, &err), 0);
    cr_assert_eq(database_prepare(&database,
                                  "SELECT colour, weight FROM eggs WHERE id = ?", &get,
                                  &err),
                 0);
    for (size_t i = 0; i < ARRAY_SIZE(wholes); i++) {
        char text[] = "a 'quoted' \xc3\xa9";

        cr_expect_eq(database_put(&database, put, &err, "itd", wholes[i], text, 1.0 / 3),
                     0, "%s", err.msg);
        memset(text, 0, sizeof(text));
        database_bind(get, "i", wholes[i]);
        cr_assert_eq(database_step(&database, get, &err), 1);
        cr_expect_str_eq(database_text(get, 0), "a 'quoted' \xc3\xa9", "it is copied");
        cr_expect_eq(sqlite3_column_double(get, 1), 1.0 / 3);
        cr_expect_eq(database_step(&database, get, &err), 0);
        sqlite3_reset(get);
    }
    cr_expect_eq(database_put(&database, put, &err, "itd", INT64_C(5), NULL, 0.0), 0);
    database_bind(get, "i", INT64_C(5));
    cr_assert_eq(database_step(&database, get, &err), 1);
    cr_expect_eq(sqlite3_column_type(get, 0), SQLITE_NULL);
    cr_expect_str_eq(database_text(get, 0), "");
    sqlite3_reset(get);
    /* After an error the statement can be used again. */
    cr_expect_eq(database_put(&database, put, &err, "itd", INT64_C(5), "", 0.0), -EIO);
    EXPECT_SAYS(err.msg, "UNIQUE constraint failed");
    EXPECT_SAYS(err.msg, path);
    cr_expect_eq(database_put(&database, put, &err, "itd", INT64_C(6), "", 0.0), 0);
    sqlite3_finalize(TAKE_PTR(put));
    sqlite3_finalize(TAKE_PTR(get));
    database_close(&database);
}

Test(database, what_is_no_sql_is_an_error)
{
    struct database database = DATABASE_NULL;
    sqlite3_stmt *statement = NULL;
    struct err err = ERR_NULL;

    make(&kind, 0);
    cr_assert_eq(database_open(path, DATABASE_READ, &kind, &database, &err), 0);
    cr_expect_eq(database_prepare(&database, "SELECT * FROM apples", &statement, &err),
                 -EIO);
    EXPECT_SAYS(err.msg, "no such table: apples");
    cr_expect_eq(database_run(&database, "nonsense", &err), -EIO);
    database_close(&database);
}
