/* forged.c - lines that others would have written among ours: every text of a baseline,
 * of a kept run and of INFO is changed, one at a time, into one that a terminal would
 * obey, or in which a line of a report begins, or one that a log's viewer would obey; and
 * a scenario says such a thing of what it has found. Whatever becomes of it (many such
 * files are refused), what is printed is printable, and no line of it begins as the text
 * would have it. */
#include "acted.h"
#include "kept.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/printable.h"

/* What a line would say, for a reader and for a machine. */
#define SAYS "PASS: 1 of 1 forged"
#define ANNOTATES "::error file=README.md,line=1::forged"

/* In JSON there are characters alone. The annotations behind are where lines are broken.
 */
#define HOSTILE                                                                          \
    "a\033[31mb\n" SAYS "\r\n" ANNOTATES "\n\tc\302\2331md\342\200\256e\342\201\246"     \
    "f\357\273\277g\177 ##[error]h " ANNOTATES " " ANNOTATES " \302\240" ANNOTATES       \
    " " ANNOTATES

/* Names begin lines. */
static const char *const hostile[] = { HOSTILE, SAYS, ANNOTATES };
/* Each takes the same way through the program, as does each text of a kind. */
#define HOSTILES UNLESS_SANITIZED(ARRAY_SIZE(hostile), 1)
#define EVERY UNLESS_SANITIZED(1, 5)

/* Blanks in front of a command are nothing to who shows logs. */
static void expect_line(const char *line, const char *where)
{
    cr_expect(strncmp(line, SAYS, strlen(SAYS)) != 0 && !printable_command(line),
              "%s: a line begins with %.40s", where, line);
}

/* Lines of printable text, and each of them is ours. Whether tabs are in them is the same
 * to a terminal. */
static void expect_ours(const char *text, const char *where)
{
    size_t size = 4 * strlen(text) + 1;
    CLEANUP(mem_freep) char *shown = mem_alloc(size);

    printable_copy(shown, size, text, "\n\t");
    cr_expect(strcmp(shown, text) == 0, "%s: %s", where, shown);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        expect_line(line, where);
    }
}

static void expect_all_ours(const char *const *arguments, const char *where)
{
    CLEANUP(mem_freep) char *what = mem_printf("%s: %s", arguments[0], where);
    struct run run = run_afterkill(arguments);

    cr_expect_lt(run.status, 128, "%s: status %d", what, run.status);
    expect_ours(run.out, what);
    expect_ours(run.err, what);
    run_release(&run);
}
#define EXPECT_OURS(where, ...)                                                          \
    expect_all_ours((const char *const[]){ __VA_ARGS__, NULL }, where)

static const char scenario[] =
    "return {\n"
    "  title = 'what is kept',\n"
    "  params = { text = 'a', number = 3 },\n"
    "  tolerate = '2s',\n"
    "  strategies = {\n"
    "    { name = 'parts', about = 'one by one', expect = 'leaked',\n"
    "      update = 'SET a 1 | SET b 1 EX 60 | DEL a' },\n"
    "    { name = 'whole', reference = true, update = 'SET b 1 EX 60' },\n"
    "  },\n"
    "}\n";

/* A run that is kept, and in which something is told of each kind. */
static char *keep(const char *directory, const char *path, const char *trials)
{
    char *kept = mem_printf("%s/kept", directory);
    struct run run = trials ? RUN("run", path, "--trials", trials, "-o", kept)
                            : RUN("run", path, "-o", kept);

    cr_assert_lt(run.status, 2, "status %d: %s", run.status, run.err);
    run_release(&run);
    return kept;
}

/* ---- baselines ---- */

struct baselines {
    const char *kept, *path; /* of the file that is changed */
    json_t *root;
    size_t count; /* of texts that were changed */
};

static void expect_of_file(struct baselines *baselines, const char *where)
{
    cr_assert_eq(json_dump_file(baselines->root, baselines->path, JSON_INDENT(1)), 0);
    EXPECT_OURS(where, "baseline", "show", baselines->path);
    EXPECT_OURS(where, "compare", baselines->path, baselines->kept);
    baselines->count++;
}

static void change_texts(struct baselines *baselines, json_t *value, const char *where);

static void change_key(struct baselines *baselines, json_t *object, const char *key)
{
    CLEANUP(mem_freep) char *name = mem_strdup(key);
    json_t *value = json_incref(json_object_get(object, name));

    json_object_del(object, name);
    for (size_t i = 0; i < HOSTILES; i++) {
        json_object_set(object, hostile[i], value);
        expect_of_file(baselines, name);
        json_object_del(object, hostile[i]);
    }
    json_object_set_new(object, name, value);
}

static void change_members(struct baselines *baselines, json_t *object)
{
    size_t count = json_object_size(object), i = 0;
    CLEANUP(mem_freep) char **keys = MEM_ARRAY(char *, count);
    const char *key;
    json_t *value;

    json_object_foreach (object, key, value)
        keys[i++] = mem_strdup(key);
    for (i = 0; i < count; i++) {
        change_texts(baselines, json_object_get(object, keys[i]), keys[i]);
        change_key(baselines, object, keys[i]);
        free(keys[i]);
    }
}

static void change_texts(struct baselines *baselines, json_t *value, const char *where)
{
    CLEANUP(mem_freep) char *was = NULL;

    if (json_is_object(value))
        change_members(baselines, value);
    for (size_t i = 0; i < json_array_size(value); i++)
        change_texts(baselines, json_array_get(value, i), where);
    if (!json_is_string(value))
        return;
    was = mem_strdup(json_string_value(value));
    for (size_t i = 0; i < HOSTILES; i++) {
        cr_assert_eq(json_string_set(value, hostile[i]), 0);
        expect_of_file(baselines, where);
    }
    json_string_set(value, was);
}

Test(forged, by_texts_of_baselines)
{
    char *directory = test_directory();
    CLEANUP(mem_freep) char *path = test_file(directory, "one.lua", scenario);
    CLEANUP(mem_freep) char *kept = keep(directory, path, "10");
    CLEANUP(mem_freep) char *file = mem_printf("%s/base.json", directory);
    struct baselines baselines = { .kept = kept, .path = file };
    struct run run = RUN("baseline", "save", kept, file);

    cr_assert_eq(run.status, 0, "%s", run.err);
    baselines.root = json_load_file(file, 0, NULL);
    cr_assert_not_null(baselines.root);
    change_texts(&baselines, baselines.root, "");
    cr_expect_gt(baselines.count, 30, "%zu", baselines.count);
    json_decref(baselines.root);
    run_release(&run);
    test_directory_remove(directory);
}

/* ---- kept runs ---- */

struct runs {
    const char *directory, *kept;
    size_t count;
};

static void remove_tree(const char *path)
{
    struct err err = ERR_NULL;

    cr_expect_eq(file_remove_tree(path, &err), 0, "%s", err.msg);
}

/* What reads the run, and what performs a death of it again. */
static void expect_of_run(struct runs *runs, const char *change, const char *where)
{
    CLEANUP(mem_freep) char *changed = mem_printf("%s/changed", runs->directory);
    struct run run;

    kept_copy(runs->kept, changed);
    kept_change(changed, "%s", change);
    run = RUN("report", changed);
    expect_ours(run.out, where);
    expect_ours(run.err, where);
    EXPECT_OURS(where, "report", changed, "--full", "--points");
    EXPECT_OURS(where, "compare", changed, runs->kept);
    EXPECT_OURS(where, "compare", runs->kept, changed);
    if (run.status < 2)
        EXPECT_OURS(where, "replay", changed);
    run_release(&run);
    remove_tree(changed);
    runs->count++;
}

/* The changes: a row for each text of tables that are lists of names and values, and for
 * the others all texts of a column at once. */
static const char changes[] =
    "SELECT 'run', name, 'value' FROM run UNION ALL "
    "SELECT 'plan', name, 'value' FROM plan UNION ALL "
    "SELECT 'environment', name, 'value' FROM environment UNION ALL "
    "SELECT m.name, NULL, x.name FROM sqlite_master m JOIN pragma_table_info(m.name) x "
    "WHERE m.type = 'table' AND x.type IN ('TEXT', 'BLOB')";

/* To bytes, which may be no characters. */
static void change_to(struct runs *runs, const char *table, const char *column,
                      const char *where, const char *text)
{
    size_t length = strlen(text);
    CLEANUP(mem_freep) char *hex = mem_alloc(2 * length + 1);
    CLEANUP(mem_freep) char *change = NULL, *what = NULL;

    for (size_t i = 0; i < length; i++)
        snprintf(hex + 2 * i, 3, "%02x", (unsigned)(unsigned char)text[i]);
    change = mem_printf("UPDATE OR IGNORE %s SET %s = CAST(x'%s' AS TEXT) WHERE %s",
                        table, column, hex, where);
    what = mem_printf("%s.%s, %s", table, column, where);
    expect_of_run(runs, change, what);
}

static bool is_name(const char *name, const char *column)
{
    return strcmp(name ? name : column, "name") == 0 ||
           (name && (strcmp(name, "scenario.name") == 0 || strcmp(name, "server") == 0));
}

static void change_column(struct runs *runs, const char *table, const char *name,
                          const char *column)
{
    CLEANUP(mem_freep)
    char *where = name ? mem_printf("name = '%s'", name)
                       : mem_printf("typeof(%s) IN ('text', 'blob')", column);
    CLEANUP(mem_freep)
    char *there = mem_printf("SELECT count(*) FROM %s WHERE %s", table, where);

    if (!kept_number(runs->kept, there))
        return;
    change_to(runs, table, column, where, HOSTILE "\377\200h");
    for (size_t i = 1; i < HOSTILES && is_name(name, column); i++)
        change_to(runs, table, column, where, hostile[i]);
}

static void change_run(const char *directory, const char *kept)
{
    CLEANUP(mem_freep) char *file = mem_printf("%s/run.sqlite", kept);
    struct runs runs = { .directory = directory, .kept = kept };
    sqlite3 *database = NULL;
    sqlite3_stmt *row = NULL;

    cr_assert_eq(sqlite3_open_v2(file, &database, SQLITE_OPEN_READONLY, NULL), 0);
    cr_assert_eq(sqlite3_prepare_v2(database, changes, -1, &row, NULL), 0);
    for (size_t i = 0; sqlite3_step(row) == SQLITE_ROW; i++)
        if (i % EVERY == 0)
            change_column(&runs, (const char *)sqlite3_column_text(row, 0),
                          (const char *)sqlite3_column_text(row, 1),
                          (const char *)sqlite3_column_text(row, 2));
    sqlite3_finalize(row);
    sqlite3_close(database);
    cr_expect_gt(runs.count, 50 / EVERY - 1, "%zu", runs.count);
}

Test(forged, by_texts_of_kept_runs)
{
    char *directory = test_directory();
    CLEANUP(mem_freep) char *path = test_file(directory, "one.lua", scenario);
    CLEANUP(mem_freep) char *kept = keep(directory, path, "10");

    change_run(directory, kept);
    test_directory_remove(directory);
}

Test(forged, by_texts_of_kept_runs_of_programs)
{
    char *directory = test_directory();
    CLEANUP(mem_freep)
    char *path = acted_scenario(
        directory, "recover = actor('tcp', 'say=EXISTS lock', 'want=:0'),"
                   "strategies = { { name = 'p', expect = 'leaked', command = "
                   "actor('tcp', 'say=SET lock {uuid}', 'say=INCR k', 'say=DEL lock') "
                   "} }");
    CLEANUP(mem_freep) char *kept = keep(directory, path, NULL);

    change_run(directory, kept);
    test_directory_remove(directory);
}

/* ---- servers ---- */

Test(forged, by_what_servers_say_they_are)
{
    static const char *const fields[] = {
        "redis_version", "valkey_version",  "role", "run_id", "os",
        "redis_mode",    "maxmemory_policy"
    };
    const char *liar = getenv("LYING_SERVER");
    char *directory = test_directory();
    CLEANUP(mem_freep) char *path = test_file(directory, "one.lua", scenario);

    signal(SIGPIPE, SIG_IGN); /* it hangs up as long as the real one is not there */
    cr_assert_not_null(liar, "LYING_SERVER is not set; run the tests with meson test");
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        CLEANUP(mem_freep) char *own = mem_printf("%s/%zu", directory, i);
        CLEANUP(mem_freep)
        char *info = mem_printf("%s:7.2.4\\27[31m\\r" SAYS "\\194\\155\\255", fields[i]);
        struct server_options options = { .binary = liar, .directory = own, .cpu = -1 };
        struct server server;
        struct err err = ERR_NULL;

        setenv("LYING_SERVER_INFO", info, 1);
        cr_assert_eq(file_make_directory(own, &err), 0, "%s", err.msg);
        cr_assert_eq(server_start(&options, &server, &err), 0, "%s", err.msg);
        cr_assert_eq(server_wait(&server, &err), 0, "%s", err.msg);
        EXPECT_OURS(fields[i], "audit", "-s", server.address.path);
        EXPECT_OURS(fields[i], "audit", "-s", server.address.path, "--full");
        EXPECT_OURS(fields[i], "run", path, CENSUS, "--no-store", "--redis-server", liar);
        server_stop(&server);
    }
    unsetenv("LYING_SERVER_INFO");
    test_directory_remove(directory);
}

/* ---- scenarios ---- */

Test(forged, by_what_scenarios_say)
{
    static const char *const entries[] = {
        "invariants = { i = function(r) if broken(r) then return false, text end end }",
        "invariants = { i = function(r) if broken(r) then error(text) end end }",
        "alive = function(r) if broken(r) then error(text) end end",
        "alive = function(r) if broken(r) then error(text, 0) end end",
        "recover = function(r) if broken(r) then error(text, 0) end end",
        "before = function(r) error(text, 0) end",
        "alive = function(r) if broken(r) then return redis.error_reply(text) end end",
    };
    char *directory = test_directory();
    CLEANUP(mem_freep) char *kept = mem_printf("%s/kept", directory);

    for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
        CLEANUP(mem_freep)
        char *text = mem_printf(
            "local text = 'oops\\n" SAYS "\\n" ANNOTATES "\\n\\27[31m\\r\\n\\u{202e}'\n"
            "local function broken(r) return r.call('EXISTS', 'b') == 0 and "
            "r.call('EXISTS', 'a') == 1 end\n"
            "return { %s, strategies = { { name = 'a', expect = 'safe', update = 'SET a "
            "1 "
            "| SET b 1' } } }",
            entries[i]);
        CLEANUP(mem_freep) char *path = test_file(directory, "one.lua", text);

        EXPECT_OURS(entries[i], "run", path, CENSUS, "-o", kept);
        EXPECT_OURS(entries[i], "run", path, CENSUS, "--no-store", "--full", "--points");
        EXPECT_OURS(entries[i], "check", path, "--quick");
        EXPECT_OURS(entries[i], "report", kept);
        EXPECT_OURS(entries[i], "report", kept, "--full", "--points");
        EXPECT_OURS(entries[i], "replay", kept);
        remove_tree(kept);
    }
    test_directory_remove(directory);
}
