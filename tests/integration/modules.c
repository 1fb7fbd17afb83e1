/* modules.c - wire, snapshot and worker against a real server, through their headers.
 *
 * The claim that all of afterkill rests on is tested here at its root: what Redis
 * executed is a prefix of what the worker sent, as long as the wire or the page says. */
#include "testlib.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "redis/wire.h"
#include "state/keeper.h"
#include "trial/trespass.h"
#include "trial/worker.h"

/* A server, and a connection that looks at what others do to it. */
struct bench {
    char *directory;
    struct server server;
    struct observer observer;
    struct keeper keeper;
    struct kept kept;
    struct page *page;
};

static const struct scenario plain_scenario; /* ignores nothing, orders nothing */

static redisContext *bench_connect(const struct bench *bench)
{
    redisContext *connection = NULL;
    struct err err = ERR_NULL;

    cr_assert_eq(connection_open(&bench->server.address, &connection, &err), 0, "%s",
                 err.msg);
    return connection;
}

static struct bench bench_make(const struct scenario *scenario)
{
    struct bench bench = { .directory = test_directory() };
    struct err err = ERR_NULL;

    bench.server = test_server(bench.directory);
    bench.page = page_map(&err);
    cr_assert_not_null(bench.page, "%s", err.msg);
    cr_assert_eq(observer_init(&bench.observer, bench_connect(&bench), &scenario->ignore,
                               &scenario->ordered, &scenario->zero,
                               &scenario->programs.effects, &err),
                 0, "%s", err.msg);
    cr_assert_eq(keeper_init(&bench.keeper, bench.observer.connection, &err), 0, "%s",
                 err.msg);
    return bench;
}

static void bench_remove(struct bench *bench)
{
    kept_release(&bench->kept);
    keeper_release(&bench->keeper);
    observer_release(&bench->observer);
    page_unmap(bench->page);
    server_stop(&bench->server);
    test_directory_remove(bench->directory);
}

/* A command of blank-separated words on a connection; its reply, which must not be an
 * error. */
static redisReply *ask(redisContext *connection, const char *format, ...)
{
    redisReply *reply;
    va_list args;

    va_start(args, format);
    reply = redisvCommand(connection, format, args);
    va_end(args);
    cr_assert_not_null(reply, "%s: %s", format, connection->errstr);
    cr_assert_neq(reply->type, REDIS_REPLY_ERROR, "%s: %s", format, reply->str);
    return reply;
}

static long long ask_integer(redisContext *connection, const char *command)
{
    redisReply *reply = ask(connection, command);
    long long value = reply->integer;

    cr_assert_eq(reply->type, REDIS_REPLY_INTEGER, "%s", command);
    freeReplyObject(reply);
    return value;
}

static void tell(redisContext *connection, const char *command)
{
    freeReplyObject(ask(connection, command));
}

static void take(struct bench *bench, int64_t client_id, struct snapshot *snapshot)
{
    struct err err = ERR_NULL;

    cr_assert_eq(snapshot_take(&bench->observer, client_id, snapshot, &err), 0, "%s",
                 err.msg);
}

/* Is there an atom of this description? */
static bool has_atom(const struct snapshot *snapshot, const char *description)
{
    for (size_t i = 0; i < snapshot->state.count; i++) {
        char text[256];

        atom_describe(text, sizeof(text), &snapshot->state.atoms[i]);
        if (strcmp(text, description) == 0)
            return true;
    }
    return false;
}

/* --- wire --- */

#define COMMANDS 12

/* How commands leave. */
enum way { WAY_WAIT, WAY_BUFFER, WAY_EACH, WAY_CHUNKS, WAY_READS };
static const enum way ways_out[] = { WAY_WAIT, WAY_BUFFER, WAY_EACH, WAY_CHUNKS,
                                     WAY_READS };

static void set_way(struct wire *wire, enum way way)
{
    static const struct wire_manner manners[] = {
        [WAY_WAIT] = { SIZE_MAX, false }, [WAY_BUFFER] = { SIZE_MAX, false },
        [WAY_EACH] = { 1, false },        [WAY_CHUNKS] = { 100, false },
        [WAY_READS] = { 1, true },
    };

    wire_set_manner(wire, manners[way]);
}

/* For processes that may not fail a test: the framework must not run in them. */
static void must(int code, const struct err *err)
{
    if (code < 0) {
        fprintf(stderr, "%s\n", err->msg);
        _exit(99);
    }
}

static void append_words(struct wire *wire, int argc, const char *const *words)
{
    size_t lengths[4];
    struct err err = ERR_NULL;

    for (int i = 0; i < argc; i++)
        lengths[i] = strlen(words[i]);
    must(wire_append(wire, argc, words, lengths, &err), &err);
}

static void read_all(struct wire *wire)
{
    struct err err = ERR_NULL;

    must(wire_flush(wire, &err), &err);
    while (wire_due(wire)) {
        const redisReply *reply;

        must(wire_read(wire, &reply, &err), &err);
    }
}

/* RPUSH list 0, RPUSH list 1, ...: so that the list tells how many were executed, and
 * which. */
static void push_numbers(struct wire *wire, enum way mode, int count)
{
    set_way(wire, mode);
    for (int i = 0; i < count; i++) {
        char number[12];

        snprintf(number, sizeof(number), "%d", i);
        append_words(wire, 3, (const char *[]){ "RPUSH", "list", number });
        if (mode == WAY_WAIT)
            read_all(wire);
    }
    read_all(wire);
}

/* The list holds exactly 0, 1, ... count - 1. */
static void expect_prefix(struct bench *bench, long long count)
{
    redisReply *list = ask(bench->observer.connection, "LRANGE list 0 -1");

    cr_expect_eq((long long)list->elements, count, "%zu entries, not %lld",
                 list->elements, count);
    for (size_t i = 0; i < list->elements; i++)
        cr_expect_eq(atoi(list->element[i]->str), (int)i);
    freeReplyObject(list);
}

Test(wire, counts_what_it_sends)
{
    static const uint64_t most_trips[] = { COMMANDS, 1, 1, 1, 1 };
    struct bench bench = bench_make(&plain_scenario);
    uint64_t bytes = 0;

    for (int i = 0; i < COMMANDS; i++) {
        char *command;
        int length = redisFormatCommand(&command, "RPUSH list %d", i);

        cr_assert_gt(length, 0);
        bytes += (uint64_t)length;
        redisFreeCommand(command);
    }
    for (size_t m = 0; m < ARRAY_SIZE(ways_out); m++) {
        redisContext *connection;
        struct wire *wire;

        tell(bench.observer.connection, "FLUSHALL");
        page_reset(bench.page);
        connection = bench_connect(&bench);
        wire = wire_new(connection->fd, bench.page);
        push_numbers(wire, ways_out[m], COMMANDS);
        cr_expect_eq(bench.page->commands, COMMANDS, "mode %zu", m);
        cr_expect_eq(bench.page->replies, COMMANDS, "mode %zu", m);
        cr_expect_eq(bench.page->bytes, bytes, "mode %zu: %" PRIu64, m,
                     bench.page->bytes);
        cr_expect_leq(bench.page->trips, most_trips[m], "mode %zu: %" PRIu64, m,
                      bench.page->trips);
        cr_expect(bench.page->trips == most_trips[m] || ways_out[m] == WAY_READS);
        cr_expect_eq(wire_due(wire), 0);
        expect_prefix(&bench, COMMANDS);
        wire_free(wire);
        redisFree(connection);
    }
    bench_remove(&bench);
}

/* Runs work(wire, context) in a process of its own on a connection of its own, cut after
 * k commands. Returns true if it died of the cut, false if it came to its end. */
static bool run_cut(struct bench *bench, uint64_t k,
                    void (*work)(struct wire *wire, int context), int context)
{
    redisContext *connection = bench_connect(bench);
    long long id = ask_integer(connection, "CLIENT ID");
    struct snapshot snapshot = SNAPSHOT_NULL;
    struct err err = ERR_NULL;
    int status;
    pid_t pid;

    page_reset(bench->page);
    pid = process_fork(false, &err);
    cr_assert_geq(pid, 0, "%s", err.msg);
    if (pid == 0) {
        struct wire *wire = wire_new(connection->fd, bench->page);

        wire_cut(wire, k);
        work(wire, context);
        _exit(0);
    }
    redisFree(connection);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    take(bench, id, &snapshot); /* drained */
    snapshot_release(&snapshot);
    if (WIFSIGNALED(status)) {
        cr_expect_eq(WTERMSIG(status), SIGKILL);
        cr_expect(bench->page->cut);
        return true;
    }
    cr_expect_eq(WEXITSTATUS(status), 0);
    cr_expect_not(bench->page->cut);
    return false;
}

static void work_push(struct wire *wire, int mode)
{
    push_numbers(wire, (enum way)mode, COMMANDS);
}

/* Every cut leaves exactly that prefix; the last one is no cut at all. */
Test(wire, cut_leaves_exactly_the_prefix)
{
    struct bench bench = bench_make(&plain_scenario);

    for (size_t m = 0; m < ARRAY_SIZE(ways_out); m++) {
        for (int k = 0; k <= COMMANDS; k++) {
            tell(bench.observer.connection, "FLUSHALL");
            cr_expect_eq(run_cut(&bench, (uint64_t)k, work_push, (int)ways_out[m]),
                         k < COMMANDS);
            cr_expect_eq(bench.page->commands, (uint64_t)k, "mode %zu", m);
            cr_expect_eq(bench.page->replies, (uint64_t)k, "mode %zu", m);
            expect_prefix(&bench, k);
        }
    }
    bench_remove(&bench);
}

static void work_multi(struct wire *wire, int mode)
{
    set_way(wire, (enum way)mode);
    append_words(wire, 1, (const char *[]){ "MULTI" });
    append_words(wire, 3, (const char *[]){ "RPUSH", "list", "0" });
    append_words(wire, 3, (const char *[]){ "RPUSH", "list", "1" });
    append_words(wire, 1, (const char *[]){ "EXEC" });
    read_all(wire);
}

Test(wire, multi_without_exec_leaves_nothing)
{
    struct bench bench = bench_make(&plain_scenario);

    for (size_t m = 1; m < ARRAY_SIZE(ways_out); m++) {
        for (int k = 0; k <= 4; k++) {
            tell(bench.observer.connection, "FLUSHALL");
            cr_expect_eq(run_cut(&bench, (uint64_t)k, work_multi, (int)ways_out[m]),
                         k < 4);
            expect_prefix(&bench, k < 4 ? 0 : 2);
        }
    }
    bench_remove(&bench);
}

/* More than any buffer of the page, the socket or the server holds at once. */
Test(wire, long_pipeline_goes_through)
{
    enum { LONG = 400, BYTES = 500 };
    struct bench bench = bench_make(&plain_scenario);
    char value[BYTES + 1];

    memset(value, 'x', BYTES);
    value[BYTES] = '\0';
    for (size_t m = 0; m < ARRAY_SIZE(ways_out); m++) {
        redisContext *connection = bench_connect(&bench);
        struct wire *wire;
        redisReply *last;

        tell(bench.observer.connection, "FLUSHALL");
        page_reset(bench.page);
        wire = wire_new(connection->fd, bench.page);
        set_way(wire, ways_out[m]);
        for (int i = 0; i < LONG; i++) {
            char key[16];

            snprintf(key, sizeof(key), "key:%d", i);
            append_words(wire, 3, (const char *[]){ "SET", key, value });
            if (ways_out[m] == WAY_WAIT)
                read_all(wire);
        }
        read_all(wire);
        cr_expect_eq(bench.page->commands, LONG);
        cr_expect_eq(bench.page->replies, LONG);
        cr_expect_gt(bench.page->bytes, LONG * BYTES);
        cr_expect_eq(ask_integer(bench.observer.connection, "DBSIZE"), LONG);
        last = ask(bench.observer.connection, "GET key:%d", LONG - 1);
        cr_expect_str_eq(last->str, value);
        freeReplyObject(last);
        wire_free(wire);
        redisFree(connection);
    }
    bench_remove(&bench);
}

/* After an abandoned pipeline the wire is as new, and what was queued has not been sent.
 */
Test(wire, abandoned_commands_are_not_sent)
{
    struct bench bench = bench_make(&plain_scenario);
    redisContext *connection = bench_connect(&bench);
    struct wire *wire = wire_new(connection->fd, bench.page);
    struct err err = ERR_NULL;

    set_way(wire, WAY_BUFFER);
    append_words(wire, 3, (const char *[]){ "RPUSH", "list", "never" });
    cr_expect_eq(wire_abandon(wire, &err), 0, "%s", err.msg);
    expect_prefix(&bench, 0);
    /* In WAY_EACH they are gone already, and only their replies are left to read. */
    set_way(wire, WAY_EACH);
    append_words(wire, 3, (const char *[]){ "RPUSH", "list", "0" });
    cr_expect_eq(wire_due(wire), 1);
    cr_expect_eq(wire_abandon(wire, &err), 0, "%s", err.msg);
    cr_expect_eq(wire_due(wire), 0);
    expect_prefix(&bench, 1);
    wire_free(wire);
    redisFree(connection);
    bench_remove(&bench);
}

/* --- snapshot --- */

static const char *const every_type[] = {
    "SET string value",   "HSET hash f 1 g 2",
    "SADD set a b",       "ZADD zset 1.5 a 2 b",
    "RPUSH list x y x",   "RPUSH log x y",
    "XADD stream * f 1",  "XGROUP CREATE stream group 0",
    "SET stat:hits 5",    "SET expires 1 EX 100",
    "PFADD sketch a b c",
};

static char *const ignored_globs[] = { (char *)(uintptr_t) "stat:*" };
static char *const ordered_globs[] = { (char *)(uintptr_t) "log" };

static struct scenario patterned_scenario(void)
{
    return (
        struct scenario){ .ignore = { .keys = { (char **)(uintptr_t)ignored_globs, 1 } },
                          .ordered = { (char **)(uintptr_t)ordered_globs, 1 } };
}

Test(snapshot, sees_every_type)
{
    static const char *const atoms[] = {
        "string 'string' = 'value', which never expires",
        "hash 'hash', element 'f' = '1', which never expires",
        "hash 'hash', element 'g' = '2', which never expires",
        "set 'set', element 'a', which never expires",
        "set 'set', element 'b', which never expires",
        "zset 'zset', element 'a' = '1.5', which never expires",
        "zset 'zset', element 'b' = '2', which never expires",
        "list 'list', element 'x', which never expires",
        "list 'list', element 'y', which never expires",
        "list 'log', element '0000000000' = 'x', which never expires",
        "list 'log', element '0000000001' = 'y', which never expires",
        "stream 'stream', element 'f=1', which never expires",
        "stream group 'stream', element 'group' = '0 read', which never expires",
    };
    const struct scenario scenario = patterned_scenario();
    struct bench bench = bench_make(&scenario);
    struct snapshot snapshot = SNAPSHOT_NULL;

    take(&bench, 0, &snapshot);
    cr_expect_eq(snapshot.state.count, 0);
    for (size_t i = 0; i < ARRAY_SIZE(every_type); i++)
        tell(bench.observer.connection, every_type[i]);
    take(&bench, 0, &snapshot);
    for (size_t i = 0; i < ARRAY_SIZE(atoms); i++)
        cr_expect(has_atom(&snapshot, atoms[i]), "%s", atoms[i]);
    /* Those above; the list's second x, `expires` and the sketch. */
    cr_expect_eq(snapshot.state.count, ARRAY_SIZE(atoms) + 3, "%zu atoms",
                 snapshot.state.count);
    for (size_t i = 0; i < snapshot.state.count; i++) {
        const struct atom *atom = &snapshot.state.atoms[i];

        cr_expect(str_compare(atom->key, STR("stat:hits")) != 0, "an ignored key");
        cr_expect_eq(atom->expiry != EXPIRY_NEVER,
                     str_compare(atom->key, STR("expires")) == 0);
    }
    snapshot_release(&snapshot);
    bench_remove(&bench);
}

/* Each of these changes the signature, and undoing it brings the old one back; what is
 * ignored or does not count changes nothing. */
Test(snapshot, signature_follows_the_state)
{
    static const struct {
        const char *there, *back;
        bool counts;
    } rows[] = {
        { "SET string other", "SET string value", true },
        { "EXPIRE string 100", "PERSIST string", true },
        { "HSET hash f 2", "HSET hash f 1", true },
        { "HDEL hash g", "HSET hash g 2", true },
        { "SADD set c", "SREM set c", true },
        { "ZADD zset 3 a", "ZADD zset 1.5 a", true },
        { "RPUSH list x", "RPOP list", true },
        { "LREM list 1 x", "RPUSH list x", true },
        { "RPOPLPUSH list list", "PING", false },
        { "RPOPLPUSH log log", "RPOPLPUSH log log", true },
        { "XREADGROUP GROUP group me STREAMS stream >", "XGROUP SETID stream group 0",
          true },
        { "XGROUP SETID stream group $", "XGROUP SETID stream group 0", true },
        { "XGROUP CREATECONSUMER stream group other",
          "XGROUP DELCONSUMER stream group other", true },
        { "XADD trimmed MAXLEN 0 * f 1", "DEL trimmed", true },
        { "PFADD sketch d", "DEL sketch", true },
        { "SET stat:hits 6", "DEL stat:hits", false },
        { "RENAME set other", "RENAME other set", true },
        { "EXPIRE expires 50", "EXPIRE expires 100", false },
        { "PERSIST expires", "EXPIRE expires 100", true },
    };
    const struct scenario scenario = patterned_scenario();
    struct bench bench = bench_make(&scenario);
    struct snapshot snapshot = SNAPSHOT_NULL;
    struct signature before;

    for (size_t i = 0; i < ARRAY_SIZE(every_type); i++)
        tell(bench.observer.connection, every_type[i]);
    take(&bench, 0, &snapshot);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        before = snapshot.signature;
        tell(bench.observer.connection, rows[i].there);
        take(&bench, 0, &snapshot);
        cr_expect_eq(!signature_equal(before, snapshot.signature), rows[i].counts, "%s",
                     rows[i].there);
        tell(bench.observer.connection, rows[i].back);
        take(&bench, 0, &snapshot);
        /* A pending entry and a deleted sketch do not come back. */
        if (strncmp(rows[i].back, "XGROUP", 6) != 0 &&
            strncmp(rows[i].back, "DEL sk", 6) != 0)
            cr_expect(signature_equal(before, snapshot.signature), "%s", rows[i].back);
    }
    snapshot_release(&snapshot);
    bench_remove(&bench);
}

/* Each command adds an atom or two to a stream, or changes one. */
Test(snapshot, sees_all_of_a_stream)
{
    static const struct {
        const char *command;
        const char *description; /* of an atom that is there behind it; none expires */
        size_t atoms;
    } rows[] = {
        { "XADD s 1-1 m m1", "stream 's', element '1-1 m=m1'", 1 },
        { "XADD s 2-1 a 1 b 2", "stream 's', element '2-1 a=1 b=2'", 2 },
        { "XADD s 1700000000000-0 m m3", "stream 's', element 'm=m3'", 3 },
        { "XGROUP CREATE s g 1-1", "stream group 's', element 'g' = '1 read'", 4 },
        { "XGROUP CREATECONSUMER s g w1", "stream consumer 's', element 'g/w1'", 5 },
        { "XREADGROUP GROUP g w1 COUNT 1 STREAMS s >",
          "stream pending 's', element 'g/w1: 2-1 a=1 b=2'", 6 },
        { "XREADGROUP GROUP g w2 COUNT 1 STREAMS s >",
          "stream pending 's', element 'g/w2: m=m3'", 8 },
        { "XINFO GROUPS s", "stream consumer 's', element 'g/w2'", 8 },
        { "XINFO GROUPS s", "stream group 's', element 'g' = '3 read'", 8 },
        { "XCLAIM s g w1 0 1-1 FORCE", "stream pending 's', element 'g/w1: 1-1 m=m1'",
          9 },
        { "XDEL s 2-1", "stream pending 's', element 'g/w1: 2-1, deleted'", 8 },
        { "XDEL s 1700000000000-0", "stream pending 's', element 'g/w2: deleted'", 7 },
        { "XINFO GROUPS s", "stream group 's', element 'g' = '1 read'", 7 },
        { "XADD s 1700000000001-0 m m3", "stream 's', element 'm=m3'", 8 },
        { "XGROUP SETID s g 18446744073709551615-18446744073709551615",
          "stream group 's', element 'g' = '2 read'", 8 },
        { "XGROUP DELCONSUMER s g w1", "stream pending 's', element 'g/w2: deleted'", 5 },
        { "XTRIM s MAXLEN 0", "stream group 's', element 'g' = '0 read'", 3 },
        { "XGROUP DESTROY s g", "empty stream 's'", 1 },
    };
    struct bench bench = bench_make(&plain_scenario);
    struct snapshot snapshot = SNAPSHOT_NULL;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(mem_freep)
        char *whole = mem_printf("%s, which never expires", rows[i].description);

        tell(bench.observer.connection, rows[i].command);
        take(&bench, 0, &snapshot);
        cr_expect_eq(snapshot.state.count, rows[i].atoms, "%s: %zu atoms",
                     rows[i].command, snapshot.state.count);
        cr_expect(has_atom(&snapshot, whole), "%s: %s", rows[i].command, whole);
    }
    tell(bench.observer.connection, "EXPIRE s 100");
    take(&bench, 0, &snapshot);
    cr_assert_eq(snapshot.state.count, 1);
    cr_expect_eq(snapshot.state.atoms[0].expiry, EXPIRY_BEYOND);
    snapshot_release(&snapshot);
    bench_remove(&bench);
}

/* More than a script may unpack, more than XINFO shows unasked: each is counted. */
Test(snapshot, sees_all_of_a_large_stream)
{
    static const char fill[] =
        "redis.call('XGROUP', 'CREATE', 's', 'g', '0', 'MKSTREAM') "
        "for i = 1, 20000 do redis.call('XADD', 's', i .. '-1', 'm', i) end "
        "for i = 1, 300 do redis.call('XGROUP', 'CREATECONSUMER', 's', 'g', i) end "
        "redis.call('XREADGROUP', 'GROUP', 'g', 'w', 'STREAMS', 's', '>') "
        "redis.call('XTRIM', 's', 'MAXLEN', 12000)";
    struct bench bench = bench_make(&plain_scenario);
    struct snapshot snapshot = SNAPSHOT_NULL;

    freeReplyObject(ask(bench.observer.connection, "EVAL %s 0", fill));
    take(&bench, 0, &snapshot);
    cr_expect_eq(snapshot.state.count, 12000 + 1 + 301 + 20000, "%zu atoms",
                 snapshot.state.count);
    cr_expect(has_atom(&snapshot, "stream group 's', element 'g' = '12000 read', which "
                                  "never expires"));
    cr_expect(has_atom(&snapshot, "stream pending 's', element 'g/w: 20000-1 m=20000', "
                                  "which never expires"));
    cr_expect(has_atom(&snapshot,
                       "stream pending 's', element 'g/w: 1-1, deleted', which "
                       "never expires"));
    snapshot_release(&snapshot);
    bench_remove(&bench);
}

/* What functions can tell apart although it may be the same bag of atoms. */
Test(snapshot, knows_what_functions_can_tell_apart)
{
    static const struct {
        const char *there, *back;
        bool known; /* after `there` */
        bool same;  /* after `back`, as before */
    } rows[] = {
        { "RPOPLPUSH list list", "RPOPLPUSH list list", true, true },
        { "SET stat:hits 2", "SET stat:hits 1", true, true },
        { "XCLAIM stream group me 0 1-1", "XCLAIM stream group me 0 1-1 RETRYCOUNT 1",
          true, true },
        { "XGROUP CREATECONSUMER stream group other",
          "XGROUP DELCONSUMER stream group other", true, true },
        { "XGROUP SETID stream group 2-2", "XGROUP SETID stream group 2-2", true, false },
        { "XADD stream 3-1 m 3", "XDEL stream 3-1", true, false },
        { "XADD other * m 3", "DEL other", false, true },
        { "XADD other 1-1 m 3", "DEL other", true, true },
    };
    static const char *const before[] = {
        "RPUSH list a b",
        "XADD stream 1-1 m 1",
        "XADD stream 2-1 m 2",
        "XGROUP CREATE stream group 0",
        "XREADGROUP GROUP group me STREAMS stream >",
        "SET stat:hits 1",
    };
    const struct scenario scenario = patterned_scenario();
    struct bench bench = bench_make(&scenario);
    struct snapshot snapshot = SNAPSHOT_NULL;
    struct signature was, there, back;

    for (size_t i = 0; i < ARRAY_SIZE(before); i++)
        tell(bench.observer.connection, before[i]);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        take(&bench, 0, &snapshot);
        cr_assert(snapshot_exact(&snapshot, &was), "%s", rows[i].there);
        tell(bench.observer.connection, rows[i].there);
        take(&bench, 0, &snapshot);
        cr_expect_eq(snapshot_exact(&snapshot, &there), rows[i].known, "%s",
                     rows[i].there);
        cr_expect_not(signature_equal(was, there), "%s", rows[i].there);
        tell(bench.observer.connection, rows[i].back);
        take(&bench, 0, &snapshot);
        cr_assert(snapshot_exact(&snapshot, &back), "%s", rows[i].back);
        cr_expect_eq(signature_equal(was, back), rows[i].same, "%s", rows[i].back);
    }
    /* An id that the server made leaves its trace where no entry is left. */
    tell(bench.observer.connection, "XADD stream * m 3");
    tell(bench.observer.connection, "XGROUP DESTROY stream group");
    tell(bench.observer.connection, "XTRIM stream MAXLEN 0");
    take(&bench, 0, &snapshot);
    cr_expect_not(snapshot_exact(&snapshot, &there));
    snapshot_release(&snapshot);
    bench_remove(&bench);
}

Test(snapshot, keys_and_values_may_be_any_bytes)
{
    static const char bytes[] = "\0\r\n*3\r\n\xff\xfe' \"[?*";
    const struct str any = { bytes, sizeof(bytes) - 1 };
    struct bench bench = bench_make(&plain_scenario);
    struct snapshot snapshot = SNAPSHOT_NULL, restored = SNAPSHOT_NULL;
    struct err err = ERR_NULL;
    const struct atom *atom;

    freeReplyObject(ask(bench.observer.connection, "HSET %b %b %b", any.bytes, any.length,
                        any.bytes, any.length, any.bytes, any.length));
    take(&bench, 0, &snapshot);
    cr_assert_eq(snapshot.state.count, 1);
    atom = &snapshot.state.atoms[0];
    cr_expect_eq(str_compare(atom->key, any), 0);
    cr_expect_eq(str_compare(atom->id, any), 0);
    cr_expect_eq(str_compare(atom->value, any), 0);
    cr_expect_eq(keeper_keep(&bench.keeper, &snapshot, &bench.kept, &err), 0, "%s",
                 err.msg);
    tell(bench.observer.connection, "SET other 1");
    cr_expect_eq(keeper_restore(&bench.keeper, &bench.kept, &err), 0, "%s", err.msg);
    take(&bench, 0, &restored);
    cr_expect(signature_equal(snapshot.signature, restored.signature));
    freeReplyObject(
        ask(bench.observer.connection, "PEXPIRE %b 100000", any.bytes, any.length));
    cr_expect_eq(keeper_pass(&bench.keeper, KEEPER_FOREVER, &err), 0, "%s", err.msg);
    cr_expect_eq(ask_integer(bench.observer.connection, "DBSIZE"), 0);
    snapshot_release(&snapshot);
    snapshot_release(&restored);
    bench_remove(&bench);
}

static enum expiry only_expiry(struct bench *bench, struct snapshot *snapshot)
{
    take(bench, 0, snapshot);
    cr_assert_eq(snapshot->state.count, 1);
    return snapshot->state.atoms[0].expiry;
}

/* Never, in time, and far beyond what a complete update sets. */
Test(snapshot, expiries_have_bounds)
{
    static const struct {
        const char *command;
        enum expiry expiry;
    } rows[] = {
        { "EXPIRE key 60", EXPIRY_BOUNDED },   { "EXPIRE key 1", EXPIRY_BOUNDED },
        { "EXPIRE key 66", EXPIRY_BOUNDED },   { "EXPIRE key 6000", EXPIRY_BEYOND },
        { "EXPIRE key 80", EXPIRY_BEYOND },    { "PERSIST key", EXPIRY_NEVER },
        { "PEXPIRE key 900", EXPIRY_BOUNDED },
    };
    struct bench bench = bench_make(&plain_scenario);
    struct snapshot snapshot = SNAPSHOT_NULL;

    tell(bench.observer.connection, "SET key value EX 6000");
    cr_expect_eq(only_expiry(&bench, &snapshot), EXPIRY_BEYOND,
                 "without a bound none is in it");
    tell(bench.observer.connection, "EXPIRE key 60");
    take(&bench, 0, &snapshot);
    observer_cover(&bench.observer, &snapshot);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        tell(bench.observer.connection, rows[i].command);
        cr_expect_eq(only_expiry(&bench, &snapshot), rows[i].expiry, "%s",
                     rows[i].command);
    }
    /* Bounds grow, and never shrink. */
    tell(bench.observer.connection, "EXPIRE key 6000");
    take(&bench, 0, &snapshot);
    observer_cover(&bench.observer, &snapshot);
    cr_expect_eq(only_expiry(&bench, &snapshot), EXPIRY_BOUNDED);
    tell(bench.observer.connection, "EXPIRE key 5");
    take(&bench, 0, &snapshot);
    observer_cover(&bench.observer, &snapshot);
    tell(bench.observer.connection, "EXPIRE key 6000");
    cr_expect_eq(only_expiry(&bench, &snapshot), EXPIRY_BOUNDED);
    snapshot_release(&snapshot);
    bench_remove(&bench);
}

Test(snapshot, restore_brings_back_everything)
{
    struct bench bench = bench_make(&plain_scenario);
    struct snapshot kept = SNAPSHOT_NULL, restored = SNAPSHOT_NULL;
    struct err err = ERR_NULL;
    long long pttl;

    for (size_t i = 0; i < ARRAY_SIZE(every_type); i++)
        tell(bench.observer.connection, every_type[i]);
    take(&bench, 0, &kept);
    cr_assert_eq(keeper_keep(&bench.keeper, &kept, &bench.kept, &err), 0, "%s", err.msg);
    for (int round = 0; round < 3; round++) {
        tell(bench.observer.connection, "DEL hash list");
        tell(bench.observer.connection, "SET string other");
        tell(bench.observer.connection, "SET new 1");
        tell(bench.observer.connection, "PERSIST expires");
        tell(bench.observer.connection, "EXPIRE set 10");
        tell(bench.observer.connection, "RENAME zset stream");
        cr_assert_eq(keeper_restore(&bench.keeper, &bench.kept, &err), 0, "%s", err.msg);
        take(&bench, 0, &restored);
        cr_expect(signature_equal(kept.signature, restored.signature), "round %d", round);
        cr_expect_eq(ask_integer(bench.observer.connection, "DBSIZE"),
                     ARRAY_SIZE(every_type) - 1);
        pttl = ask_integer(bench.observer.connection, "PTTL expires");
        cr_expect(90000 < pttl && pttl <= 100000, "%lld ms", pttl);
        cr_expect_eq(ask_integer(bench.observer.connection, "PTTL set"), -1);
    }
    cr_expect_eq(keeper_empty(&bench.keeper, &err), 0, "%s", err.msg);
    cr_expect_eq(ask_integer(bench.observer.connection, "DBSIZE"), 0);
    snapshot_release(&kept);
    snapshot_release(&restored);
    bench_remove(&bench);
}

/* Does the state hold a key that plain commands do not tell all of? */
static bool needs_script(const struct keyspace *keyspace, const struct state *state)
{
    static const char *const plain[] = { "string", "set", "zset", "list", "hash" };
    size_t types = ARRAY_SIZE(plain) - keyspace->field_expiries;

    for (size_t i = 0; i < state->count; i++) {
        size_t type = 0;

        while (type < types &&
               str_compare(state->atoms[i].type, str_of(plain[type])) != 0)
            type++;
        if (type == types)
            return true;
    }
    return false;
}

/* Keys that were met before are asked for by plain commands, others by a script: both
 * must see the same, and none may hide behind those that were met. Streams are always
 * asked for by the script, and where fields of hashes expire one by one, hashes; so it
 * goes once with a hash from the beginning, and once without. */
Test(snapshot, sees_the_same_by_plain_commands)
{
    static const char *const changes[] = {
        "SET string other",  "DEL string",       "SADD string a",    "DEL string",
        "SET string value",  "SET new 1",        "RENAME new newer", "DEL newer",
        "HDEL hash f g",     "HSET hash f 1",    "EXPIRE hash 100",  "PERSIST hash",
        "LPUSH list first",  "ZADD zset 3 a",    "SPOP set",         "RENAME set hash",
        "XADD stream * f 1", "PFADD sketch a b", "FLUSHDB",          "SET string value",
    };
    struct bench bench = bench_make(&plain_scenario);
    struct keyspace *keyspace = &bench.observer.keyspace;
    struct snapshot plain = SNAPSHOT_NULL, full = SNAPSHOT_NULL;

    for (size_t i = 0; i < 2 * ARRAY_SIZE(changes); i++) {
        const char *change = changes[i % ARRAY_SIZE(changes)];
        char difference[200];
        bool strange;

        if (i % ARRAY_SIZE(changes) == 0) {
            tell(bench.observer.connection, "FLUSHALL");
            for (size_t k = 0; k < 5; k++)
                tell(bench.observer.connection, every_type[k]);
            if (i)
                tell(bench.observer.connection, "DEL hash");
        }
        tell(bench.observer.connection, change);
        take(&bench, 0, &plain); /* meets what is new */
        take(&bench, 0, &plain);
        strange = keyspace->strange;
        keyspace->strange = true;
        take(&bench, 0, &full);
        keyspace->strange = false;
        cr_expect_eq(strange, needs_script(keyspace, &full.state), "%zu: %s", i, change);
        state_sort(&plain.state);
        state_sort(&full.state);
        cr_expect_not(
            state_difference(&plain.state, &full.state, difference, sizeof(difference)),
            "%zu: %s: %s", i, change, difference);
    }
    snapshot_release(&plain);
    snapshot_release(&full);
    bench_remove(&bench);
}

/* A key that is due while it is asked for is there or not, but never half. */
Test(snapshot, keys_lapse_while_they_are_looked_at)
{
    struct bench bench = bench_make(&plain_scenario);
    struct snapshot snapshot = SNAPSHOT_NULL;
    size_t there = 0;

    for (int round = 0; round < 300; round++) {
        tell(bench.observer.connection, "HSET key f 1 g 2");
        tell(bench.observer.connection, "PEXPIRE key 1");
        for (int k = 0; k < 3; k++) {
            take(&bench, 0, &snapshot);
            cr_assert(snapshot.state.count == 0 || snapshot.state.count == 2, "%zu atoms",
                      snapshot.state.count);
            there += snapshot.state.count == 2;
        }
    }
    cr_expect_gt(there, 0);
    snapshot_release(&snapshot);
    bench_remove(&bench);
}

/* By plain commands, unless fields of hashes expire one by one: such states are kept and
 * put back by scripts, and once there was a hash, they are looked at by one. */
Test(snapshot, undoes_what_was_looked_at)
{
    static const char *const left[] = {
        "SET string other",  "DEL string hash set", "SET new 1",     "LPUSH list first",
        "RENAME list hash",  "PERSIST expires",     "EXPIRE set 10", "DEL expires",
        "ZADD string:2 1 a", "EXPIRE expires 5000", "FLUSHDB",
    };
    struct bench bench = bench_make(&plain_scenario);
    struct snapshot old = SNAPSHOT_NULL, now = SNAPSHOT_NULL;
    bool scripts = bench.keeper.field_expiries;
    struct err err = ERR_NULL;
    long long pttl;

    for (size_t i = 0; i < 5; i++)
        tell(bench.observer.connection, every_type[i]);
    tell(bench.observer.connection, "SET expires 1 EX 100");
    take(&bench, 0, &old);
    cr_assert_eq(keeper_keep(&bench.keeper, &old, &bench.kept, &err), 0, "%s", err.msg);
    cr_expect_eq(bench.kept.undo.length == 0, scripts);
    for (size_t i = 0; i < ARRAY_SIZE(left); i++) {
        tell(bench.observer.connection, left[i]);
        take(&bench, 0, &now);
        cr_expect_eq(bench.observer.keyspace.strange, scripts, "%s", left[i]);
        cr_assert_eq(
            keeper_undo(&bench.keeper, &bench.kept, &bench.observer.keyspace, &err), 0,
            "%s: %s", left[i], err.msg);
        take(&bench, 0, &now);
        cr_expect(signature_equal(old.signature, now.signature), "%s", left[i]);
        cr_expect_eq(ask_integer(bench.observer.connection, "DBSIZE"), 6, "%s", left[i]);
        pttl = ask_integer(bench.observer.connection, "PTTL expires");
        cr_expect(90000 < pttl && pttl <= 100000, "%s: %lld ms", left[i], pttl);
        cr_expect_eq(ask_integer(bench.observer.connection, "PTTL set"), -1, "%s",
                     left[i]);
    }
    tell(bench.observer.connection, "FLUSHALL");
    cr_expect_lt(keeper_undo(&bench.keeper, &bench.kept, &bench.observer.keyspace, &err),
                 0, "what was kept is gone");
    snapshot_release(&old);
    snapshot_release(&now);
    bench_remove(&bench);
}

/* Two states are kept, neither is the other, and whoever changed one would be noticed. */
Test(snapshot, what_is_kept_is_looked_at)
{
    struct bench bench = bench_make(&plain_scenario);
    struct scenario scenario = { .outline.path = (char[]){ "s.lua" } };
    struct snapshot first = SNAPSHOT_NULL, second = SNAPSHOT_NULL;
    struct kept other;
    struct judge judge = { .scenario = &scenario };
    struct err err = ERR_NULL;
    redisReply *changed;

    tell(bench.observer.connection, "SET string value");
    take(&bench, 0, &first);
    cr_assert_eq(keeper_keep(&bench.keeper, &first, &bench.kept, &err), 0, "%s", err.msg);
    tell(bench.observer.connection, "RPUSH list a");
    take(&bench, 0, &second);
    cr_assert_eq(keeper_keep(&bench.keeper, &second, &other, &err), 0, "%s", err.msg);
    state_sort(&first.state);
    state_sort(&second.state);
    judge.keeper = bench.keeper;
    judge.observer = bench.observer;
    cr_expect_eq(trespass_check_kept(&judge, &bench.kept, &first, &err), 0, "%s",
                 err.msg);
    cr_expect_eq(trespass_check_kept(&judge, &other, &second, &err), 0, "%s", err.msg);
    cr_expect_eq(trespass_check(&judge, "nobody", &err), 0, "%s", err.msg);
    changed = redisCommand(
        bench.observer.connection, "EVAL %s 0",
        "redis.call('SELECT', 1) "
        "redis.call('SET', redis.call('KEYS', '*:0:key:string')[1], 'other')");
    freeReplyObject(changed);
    cr_expect_eq(trespass_check_kept(&judge, &bench.kept, &first, &err), ERR_REFUSED);
    EXPECT_SAYS(err.msg, "has changed");
    cr_expect_eq(trespass_check_kept(&judge, &other, &second, &err), 0, "%s", err.msg);
    bench.keeper = judge.keeper;
    bench.observer = judge.observer;
    kept_release(&other);
    snapshot_release(&first);
    snapshot_release(&second);
    bench_remove(&bench);
}

/* An old state of nothing is a state too. */
Test(snapshot, restore_of_nothing_is_nothing)
{
    struct bench bench = bench_make(&plain_scenario);
    struct snapshot kept = SNAPSHOT_NULL;
    struct err err = ERR_NULL;

    take(&bench, 0, &kept);
    cr_assert_eq(keeper_keep(&bench.keeper, &kept, &bench.kept, &err), 0, "%s", err.msg);
    tell(bench.observer.connection, "SET new 1");
    cr_assert_eq(keeper_restore(&bench.keeper, &bench.kept, &err), 0, "%s", err.msg);
    cr_expect_eq(ask_integer(bench.observer.connection, "DBSIZE"), 0);
    snapshot_release(&kept);
    bench_remove(&bench);
}

Test(snapshot, expire_drops_exactly_what_expires)
{
    static const char *const stays[] = { "SET a 1", "HSET b f 1", "RPUSH c 1",
                                         "SADD d 1" };
    static const char *const goes[] = { "SET e 1 EX 100", "SET f 1 PX 500000" };
    struct bench bench = bench_make(&plain_scenario);
    struct snapshot without = SNAPSHOT_NULL, with = SNAPSHOT_NULL;
    struct err err = ERR_NULL;

    for (size_t i = 0; i < ARRAY_SIZE(stays); i++)
        tell(bench.observer.connection, stays[i]);
    take(&bench, 0, &without);
    for (size_t i = 0; i < ARRAY_SIZE(goes); i++)
        tell(bench.observer.connection, goes[i]);
    tell(bench.observer.connection, "ZADD g 1 a");
    tell(bench.observer.connection, "EXPIRE g 1000");
    cr_expect_eq(keeper_pass(&bench.keeper, KEEPER_FOREVER, &err), 0, "%s", err.msg);
    take(&bench, 0, &with);
    cr_expect(signature_equal(without.signature, with.signature));
    cr_expect_eq(with.state.count, ARRAY_SIZE(stays));
    snapshot_release(&without);
    snapshot_release(&with);
    bench_remove(&bench);
}

/* Servers from 7.4 on have expiries of hash fields. The key's own is -1 all the time. */
Test(snapshot, expiries_of_hash_fields)
{
    struct bench bench = bench_make(&plain_scenario);
    struct snapshot snapshot = SNAPSHOT_NULL;
    struct err err = ERR_NULL;

    if (!bench.keeper.field_expiries) {
        bench_remove(&bench);
        cr_skip_test(
            "this redis-server has no expiries of hash fields (they came with 7.4)");
    }
    tell(bench.observer.connection, "HSET hash stays 1 goes 2");
    tell(bench.observer.connection, "HPEXPIRE hash 100000 FIELDS 1 goes");
    take(&bench, 0, &snapshot);
    observer_cover(&bench.observer, &snapshot);
    take(&bench, 0, &snapshot);
    for (size_t i = 0; i < snapshot.state.count; i++) {
        const struct atom *atom = &snapshot.state.atoms[i];
        bool goes = str_compare(atom->id, STR("goes")) == 0;

        cr_expect_eq(atom->expiry, goes ? EXPIRY_BOUNDED : EXPIRY_NEVER);
    }
    cr_expect_eq(keeper_keep(&bench.keeper, &snapshot, &bench.kept, &err), 0, "%s",
                 err.msg);
    cr_expect_eq(keeper_pass(&bench.keeper, KEEPER_FOREVER, &err), 0, "%s", err.msg);
    cr_expect_eq(ask_integer(bench.observer.connection, "HLEN hash"), 1);
    cr_expect_eq(keeper_restore(&bench.keeper, &bench.kept, &err), 0, "%s", err.msg);
    cr_expect_eq(ask_integer(bench.observer.connection, "HLEN hash"), 2);
    snapshot_release(&snapshot);
    bench_remove(&bench);
}

/* How often somebody has looked at the whole database; for processes that may not fail a
 * test. */
static long long looks_made(redisContext *connection)
{
    static const char name[] = "cmdstat_dbsize:calls=";
    redisReply *reply = redisCommand(connection, "INFO commandstats");
    const char *at;
    long long calls;

    if (!reply)
        _exit(99);
    at = strstr(reply->str, name);
    calls = at ? atoll(at + sizeof(name) - 1) : 0;
    freeReplyObject(reply);
    return calls;
}

/* Whoever is waited for: stays until the observer has looked several times in vain, then
 * sends more than the server reads at once, and dies without waiting for an answer. */
__attribute__((noreturn)) static void linger(redisContext *observer, redisContext *worker)
{
    enum { LATE = 3000 };
    long long before = looks_made(observer);
    struct err err = ERR_NULL;
    struct wire *wire;

    while (looks_made(observer) < before + 5)
        ;
    wire = wire_new(worker->fd, NULL);
    set_way(wire, WAY_BUFFER);
    for (int i = 0; i < LATE; i++)
        append_words(wire, 2, (const char *[]){ "INCR", "late" });
    must(wire_flush(wire, &err), &err);
    kill(getpid(), SIGKILL);
    _exit(99);
}

/* A snapshot that did not wait would be taken before the lingering client had even begun,
 * or while Redis was still executing what it left behind. */
Test(snapshot, waits_until_the_client_is_gone)
{
    struct bench bench = bench_make(&plain_scenario);
    struct snapshot snapshot = SNAPSHOT_NULL, again = SNAPSHOT_NULL;
    struct err err = ERR_NULL;

    for (int round = 0; round < 5; round++) {
        redisContext *worker = bench_connect(&bench), *observer = bench_connect(&bench);
        long long id = ask_integer(worker, "CLIENT ID");
        pid_t pid;

        tell(bench.observer.connection, "FLUSHALL");
        pid = process_fork(false, &err);
        cr_assert_geq(pid, 0, "%s", err.msg);
        if (pid == 0)
            linger(observer, worker);
        redisFree(worker);
        redisFree(observer);
        take(&bench, id, &snapshot);
        cr_expect_eq(snapshot.state.count, 1,
                     "taken before the client had written anything");
        take(&bench, 0, &again);
        cr_expect(signature_equal(snapshot.signature, again.signature),
                  "the state went on changing");
        cr_assert_eq(waitpid(pid, NULL, 0), pid);
        take(&bench, 0, &again);
        cr_expect(signature_equal(snapshot.signature, again.signature),
                  "the state went on changing");
    }
    snapshot_release(&snapshot);
    snapshot_release(&again);
    bench_remove(&bench);
}

/* A dead client whose bytes are still being executed. The server reads some 16 kB at a
 * time, takes its time over every piece, and serves others in between. Replies are off,
 * or the first one that cannot be written would end it. A snapshot that did not wait
 * would be taken between two pieces, unless the machine held us up for all of them. */
Test(snapshot, waits_for_what_a_dead_client_left)
{
    enum { PIECES = 8, PADDING = 16000 };
    static const char slowly[] = "for i = 1, 8000000 do end";
    struct bench bench = bench_make(&plain_scenario);
    struct snapshot snapshot = SNAPSHOT_NULL;
    redisContext *dead = bench_connect(&bench);
    long long id = ask_integer(dead, "CLIENT ID");
    char padding[PADDING + 1];
    int done = 0;

    memset(padding, 'x', PADDING);
    padding[PADDING] = '\0';
    redisAppendCommand(dead, "CLIENT REPLY OFF");
    for (int i = 0; i < PIECES; i++) {
        redisAppendCommand(dead, "EVAL %s 0", slowly);
        redisAppendCommand(dead, "ECHO %s", padding);
    }
    redisAppendCommand(dead, "SET marker last");
    while (!done)
        cr_assert_eq(redisBufferWrite(dead, &done), REDIS_OK, "%s", dead->errstr);
    redisFree(dead);
    take(&bench, id, &snapshot);
    cr_expect(has_atom(&snapshot, "string 'marker' = 'last', which never expires"),
              "taken while the dead client's bytes were being executed");
    snapshot_release(&snapshot);
    bench_remove(&bench);
}

/* --- worker --- */

/* A bench with a scenario whose workers are run. */
struct shop {
    struct bench bench;
    struct scenario *scenario;
};

static struct shop shop_of(const char *path)
{
    struct parameter_settings settings = { .seed = 1, .now = 1000000000 };
    struct shop shop;
    struct err err = ERR_NULL;

    cr_assert_eq(scenario_load(path, &settings, &shop.scenario, &err), 0, "%s", err.msg);
    shop.bench = bench_make(shop.scenario);
    cr_assert_eq(watchdog_start(&err), 0, "%s", err.msg);
    return shop;
}

static struct shop shop_make(void)
{
    CLEANUP(mem_freep) char *path = test_scenario("worker");

    return shop_of(path);
}

static void shop_remove(struct shop *shop)
{
    bench_remove(&shop->bench);
    scenario_free(shop->scenario);
}

/* Runs a worker of the strategy on an empty database and waits until its connection is
 * gone. */
static enum outcome run_worker(struct shop *shop, const char *strategy,
                               struct worker_job job)
{
    struct snapshot snapshot = SNAPSHOT_NULL;
    ptrdiff_t index = outline_find(&shop->scenario->outline, strategy);
    struct worker_end end;
    struct err err = ERR_NULL;

    cr_assert_geq(index, 0);
    tell(shop->bench.observer.connection, "FLUSHALL");
    job.scenario = shop->scenario;
    job.function = shop->scenario->functions[index].update;
    cr_assert_eq(
        worker_run(&job, &shop->bench.server.address, shop->bench.page, &end, &err), 0,
        "%s", err.msg);
    cr_expect_gt(end.client_id, 0);
    take(&shop->bench, end.client_id, &snapshot);
    snapshot_release(&snapshot);
    return end.outcome;
}

static const char *const ways[] = { "wait", "each", "buffer" };

Test(worker, comes_to_its_end)
{
    static const uint64_t trips[] = { 20, 1, 1 };
    struct shop shop = shop_make();
    const struct page *page = shop.bench.page;

    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        cr_expect_eq(run_worker(&shop, ways[i],
                                (struct worker_job){ .timeout_ns = 20 * NSEC_PER_SEC,
                                                     .record = true,
                                                     .times = true }),
                     OUTCOME_MISSED);
        cr_expect_eq(page->commands, 20);
        cr_expect_eq(page->replies, 20);
        cr_expect_eq(page->trips, trips[i]);
        cr_expect_gt(page->end_ns, page->begin_ns);
        cr_expect_eq(memcmp(page->output, "*3\r\n$5\r\nRPUSH\r\n", 15), 0);
        cr_expect_eq(page->traces[19].end, page->bytes);
        cr_expect_eq(page->traces[19].reply_end, page->heard);
        cr_expect_eq(memcmp(page->answers, ":1\r\n:2\r\n", 8), 0);
        for (size_t k = 1; k < 20; k++)
            cr_expect_geq(page->traces[k].write_ns, page->traces[k - 1].write_ns);
        cr_expect_eq(ask_integer(shop.bench.observer.connection, "LLEN list"), 20);
    }
    shop_remove(&shop);
}

Test(worker, dies_at_every_step)
{
    struct shop shop = shop_make();

    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        for (long long k = 0; k <= 20; k++) {
            struct worker_job job = { .fault = FAULT_STEP,
                                      .point = { .commands = (uint64_t)k },
                                      .timeout_ns = 20 * NSEC_PER_SEC };

            cr_expect_eq(run_worker(&shop, ways[i], job),
                         k < 20 ? OUTCOME_VALID : OUTCOME_MISSED);
            cr_expect_eq(ask_integer(shop.bench.observer.connection, "LLEN list"), k);
        }
    }
    shop_remove(&shop);
}

/* By either killer, at instants from the first on until updates survive: what was
 * executed is a prefix whose length lies between the replies read and the commands
 * written. */
Test(worker, what_was_executed_lies_between_replies_and_commands)
{
    static const enum request_killer killers[] = { KILLER_TIMER, KILLER_PARENT };
    struct shop shop = shop_make();
    const struct page *page = shop.bench.page;

    for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
        for (size_t k = 0; k < ARRAY_SIZE(killers); k++) {
            size_t survived = 0, died = 0;

            for (uint64_t delay_ns = 1; survived < 3 && delay_ns < NSEC_PER_SEC;
                 delay_ns += delay_ns / 16 + 7 * NSEC_PER_USEC) {
                struct worker_job job = { .fault = FAULT_KILL,
                                          .point = { .delay_ns = delay_ns },
                                          .killer = killers[k],
                                          .timeout_ns = 20 * NSEC_PER_SEC };
                enum outcome outcome = run_worker(&shop, ways[w], job);
                long long length =
                    ask_integer(shop.bench.observer.connection, "LLEN list");

                cr_expect_neq(outcome, OUTCOME_ERROR, "%s", page->error);
                cr_expect_neq(outcome, OUTCOME_TIMEOUT);
                cr_expect((long long)page->replies <= length &&
                              length <= (long long)page->commands,
                          "%s: %lld executed, but %llu replies and %llu commands",
                          ways[w], length, (unsigned long long)page->replies,
                          (unsigned long long)page->commands);
                survived += outcome == OUTCOME_MISSED;
                died += outcome == OUTCOME_VALID;
                if (outcome == OUTCOME_MISSED)
                    cr_expect_eq(length, 20);
            }
            cr_expect_eq(survived, 3, "%s: no update survived", ways[w]);
            cr_expect_gt(died, 0, "%s: no update died", ways[w]);
        }
    }
    shop_remove(&shop);
}

Test(worker, that_raises_tells_where)
{
    struct shop shop = shop_make();

    cr_expect_eq(run_worker(&shop, "raises",
                            (struct worker_job){ .timeout_ns = 20 * NSEC_PER_SEC }),
                 OUTCOME_ERROR);
    EXPECT_SAYS(shop.bench.page->error, "worker.lua:18: had enough");
    cr_expect_eq(shop.bench.page->error_code, ERR_USAGE);
    cr_expect_eq(ask_integer(shop.bench.observer.connection, "LLEN list"), 1);
    shop_remove(&shop);
}

/* Whether it is to be killed or not: the watchdog has the last word. */
Test(worker, that_does_not_end_is_ended)
{
    static const struct worker_job jobs[] = {
        { .timeout_ns = 200 * NSEC_PER_MSEC },
        { .timeout_ns = 200 * NSEC_PER_MSEC,
          .fault = FAULT_KILL,
          .point = { .delay_ns = 1000 * NSEC_PER_SEC } },
        { .timeout_ns = 200 * NSEC_PER_MSEC,
          .fault = FAULT_STEP,
          .point = { .commands = 5 } },
    };
    struct shop shop = shop_make();

    for (size_t i = 0; i < ARRAY_SIZE(jobs); i++) {
        cr_expect_eq(run_worker(&shop, "endless", jobs[i]), OUTCOME_TIMEOUT);
        cr_expect_eq(ask_integer(shop.bench.observer.connection, "LLEN list"), 1);
    }
    shop_remove(&shop);
}

/* A scenario whose state is so many bytes large, and whose update notices what another
 * left behind. */
static char *forgetful_scenario(const char *directory, size_t bytes)
{
    CLEANUP(mem_freep) char *text =
        mem_printf("local ballast, seen, before = (' '):rep(%zu), {}, 0\n"
                   "return { title = 'forgetful', strategies = { { name = 'one',\n"
                   "  update = function(redis)\n"
                   "    if #seen > 0 or before > 0 or #ballast ~= %zu then\n"
                   "      error('somebody was here') end\n"
                   "    for i = 1, 20 do\n"
                   "      before, seen[i] = i, { ('x'):rep(i * 50) }\n"
                   "      redis.call('RPUSH', 'list', before)\n"
                   "    end\n"
                   "  end } } }\n",
                   bytes, bytes);

    return test_file(directory, "forgetful.lua", text);
}

/* However it dies, and whether the lane's memory was shared or copied. */
Test(worker, leaves_nothing_in_lua)
{
    static const size_t sizes[] = { 0, 16 << 20 };
    char *directory = test_directory();

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        CLEANUP(mem_freep) char *path = forgetful_scenario(directory, sizes[i]);
        struct shop shop = shop_of(path);
        size_t died = 0;

        for (uint64_t k = 0; k < 400; k++) {
            struct worker_job job = { .fault = k % 2 ? FAULT_KILL : FAULT_STEP,
                                      .point = { .commands = k % 20,
                                                 .delay_ns = 1 + 977 * k },
                                      .timeout_ns = 20 * NSEC_PER_SEC };
            enum outcome outcome = run_worker(&shop, "one", job);

            cr_assert_neq(outcome, OUTCOME_ERROR, "%s", shop.bench.page->error);
            died += outcome == OUTCOME_VALID;
        }
        cr_expect_geq(died, 200);
        cr_expect_eq(run_worker(&shop, "one",
                                (struct worker_job){ .timeout_ns = 20 * NSEC_PER_SEC }),
                     OUTCOME_MISSED);
        cr_expect_eq(ask_integer(shop.bench.observer.connection, "LLEN list"), 20);
        shop_remove(&shop);
    }
    test_directory_remove(directory);
}

/* Of this process: "VmSize:", "RssShmem:", ...; in MB. */
static long memory(const char *what)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    long kb = -1;

    cr_assert_not_null(file);
    while (fgets(line, sizeof(line), file))
        if (strncmp(line, what, strlen(what)) == 0)
            kb = strtol(line + strlen(what), NULL, 10);
    fclose(file);
    cr_assert_geq(kb, 0, "%s", what);
    return kb / 1024;
}

/* More than the memory that lies there for it, whether the worker dies or not. */
Test(worker, leaves_no_memory_behind)
{
    char *directory = test_directory();
    char *path = test_file(directory, "large.lua",
                           "return { title = 'large', strategies = { { name = 'one',\n"
                           "  update = function(redis)\n"
                           "    local megabyte = ('x'):rep(1 << 20)\n"
                           "    redis.pipeline(function()\n"
                           "      for i = 1, 31 do redis.call('SET', i, megabyte) end\n"
                           "    end)\n"
                           "    for i = 1, 31 do redis.call('GET', i) end\n"
                           "  end } } }\n");
    struct shop shop = shop_of(path);
    long size_mb = 0;

    for (uint64_t k = 0; k < 6; k++) {
        struct worker_job job = { .fault = k % 2 ? FAULT_STEP : FAULT_NONE,
                                  .point = { .commands = 40 },
                                  .timeout_ns = 20 * NSEC_PER_SEC };

        cr_expect_eq(run_worker(&shop, "one", job),
                     k % 2 ? OUTCOME_VALID : OUTCOME_MISSED, "%s",
                     shop.bench.page->error);
        if (k == 1)
            size_mb = memory("VmSize:");
    }
    cr_expect_leq(memory("VmSize:"), size_mb + 32, "%ld, %ld", memory("VmSize:"),
                  size_mb);
    cr_expect_leq(memory("RssShmem:"), 32, "%ld", memory("RssShmem:"));
    cr_expect_leq(memory("RssAnon:"), 32 + (SANITIZED ? 400 : 0), "%ld",
                  memory("RssAnon:"));
    shop_remove(&shop);
    free(path);
    test_directory_remove(directory);
}

/* A server that is not there is an error of the infrastructure, not an outcome. */
Test(worker, without_a_server_is_an_error)
{
    struct shop shop = shop_make();
    struct worker_job job = { .scenario = shop.scenario,
                              .function = shop.scenario->functions[0].update,
                              .timeout_ns = NSEC_PER_SEC };
    char *path = mem_printf("%s/nowhere.sock", shop.bench.directory);
    struct address nowhere = { .path = path };
    struct worker_end end;
    struct err err = ERR_NULL;

    cr_expect_lt(worker_run(&job, &nowhere, shop.bench.page, &end, &err), 0);
    EXPECT_SAYS(err.msg, path);
    cr_expect_neq(err.code, ERR_USAGE);
    free(path);
    shop_remove(&shop);
}
