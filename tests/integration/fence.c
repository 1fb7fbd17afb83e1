/* fence.c - nothing that a strategy sends, scripts included, reaches what the harness
 * relies on: whoever tries gets no verdict, but the reason. */
#include "testlib.h"

static char *directory;

static void enter_directory(void)
{
    directory = test_directory();
}

static void leave_directory(void)
{
    test_directory_remove(directory);
}

TestSuite(fence, .init = enter_directory, .fini = leave_directory);

/* Who tries what, and how. */
struct attempt {
    const char *when, *script, *command;
};

static struct run attempt_often(const struct attempt *attempt, const char *trials)
{
    CLEANUP(mem_freep) char *path = test_scenario("fence");
    CLEANUP(mem_freep) char *when = mem_printf("when=%s", attempt->when);
    CLEANUP(mem_freep)
    char *script = mem_printf("script=%s", attempt->script ? attempt->script : "");
    CLEANUP(mem_freep)
    char *command = mem_printf("command=%s", attempt->command ? attempt->command : "");

    return RUN("run", path, "--trials", trials, "--lanes", "1", "--no-store", "--set",
               when, "--set", script, "--set", command, "--format", "json");
}

static struct run attempt(const struct attempt *row)
{
    return attempt_often(row, "20");
}

static void expect_refused(const struct attempt *row, const char *who, const char *why)
{
    struct run run = attempt(row);
    const char *what = row->script ? row->script : row->command;

    cr_expect_eq(run.status, 2, "%s: %s: status %d: %s", row->when, what, run.status,
                 run.err);
    cr_expect(says(run.err, who), "%s: %s: %s", row->when, what, run.err);
    cr_expect(says(run.err, why), "%s: %s: %s", row->when, what, run.err);
    run_release(&run);
}

/* A script that is refused something may not hide it, wherever it runs. */
Test(fence, keeps_scripts_in)
{
    static const struct {
        struct attempt attempt;
        const char *who, *why;
    } rows[] = {
        { { "before", "redis.pcall('SELECT', 1)", NULL }, "before", "SELECT" },
        { { "update", "redis.call('SELECT', 1)", NULL }, "'one': update", "SELECT" },
        { { "update", "redis.pcall('SELECT', 1) redis.pcall('SET', 'k', 'new')", NULL },
          "'one': update",
          "a script sent SELECT, which is refused: a scenario's state is in database 0" },
        { { "update", "redis.pcall('FLUSHALL')", NULL },
          "'one': update",
          "a script sent FLUSHALL, which is refused" },
        { { "update", "redis.pcall('SWAPDB', 0, 1)", NULL }, "'one': update", "SWAPDB" },
        { { "update", "redis.pcall('MOVE', 'k', 1)", NULL }, "'one': update", "MOVE" },
        { { "update", "redis.pcall('MIGRATE', '127.0.0.1', 1, 'k', 0, 1)", NULL },
          "'one': update",
          "MIGRATE" },
        { { "recover", "redis.pcall('SELECT', 1)", NULL }, "'one': recover", "SELECT" },
        { { "alive", "redis.pcall('MOVE', 'k', 1)", NULL }, "'one': alive", "MOVE" },
        { { "recover a crash", "redis.call('SELECT', 1)", NULL },
          "'one': recover",
          "SELECT" },
        { { "try a crash", "redis.call('SELECT', 1)", NULL }, "'one': alive", "SELECT" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        expect_refused(&rows[i].attempt, rows[i].who, rows[i].why);
}

/* Nor may a function that the harness itself refuses a command. */
Test(fence, refusals_are_not_to_be_caught)
{
    static const struct attempt rows[] = {
        { "before", NULL, "SELECT 1" },
        { "update", NULL, "FLUSHALL" },
        { "update", NULL, "COPY k k REPLACE REPLACE DB 1" },
        { "recover", NULL, "SWAPDB 0 1" },
        { "recover a crash", NULL, "SELECT 1" },
        { "alive", NULL, "MOVE k 1" },
        { "try a crash", NULL, "MOVE k 1" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        expect_refused(&rows[i], "", "is refused: ");
}

/* COPY is the one command that may name another database. */
Test(fence, other_databases_are_looked_at)
{
    for (int database = 1; database < 16; database++) {
        CLEANUP(mem_freep)
        char *script =
            mem_printf("redis.pcall('COPY', 'k', 'k', 'DB', %d, 'REPLACE')", database);
        CLEANUP(mem_freep) char *why = mem_printf(
            "update writes to database %d; only database 0 is looked at", database);
        struct attempt row = { "update", script, NULL };

        expect_refused(&row, "strategy 'one'", why);
    }
    expect_refused(&(struct attempt){ "recover a crash",
                                      "redis.call('COPY', 'k', 'x', 'DB', 7)", NULL },
                   "'one': recover", "database 7");
}

/* One that waits until the controls are over is found at the end of the kills. */
Test(fence, nobody_steals_away_later)
{
    static const char script[] =
        "local seen = redis.call('INFO', 'stats'):match('connections_received:(%d+)') "
        "if tonumber(seen) > 600 then redis.pcall('SELECT', 1) end";
    struct run run = attempt_often(&(struct attempt){ "update", script, NULL }, "2000");

    cr_expect_eq(run.status, 2, "status %d: %s", run.status, run.err);
    EXPECT_SAYS(run.err, "a script sent SELECT, which is refused");
    run_release(&run);
}

/* What scripts may do, and what Redis itself refuses to them, changes no verdict. */
Test(fence, hinders_nobody_else)
{
    static const struct attempt rows[] = {
        { "", NULL, NULL },
        { "update", "redis.call('COPY', 'k', 'DB') redis.call('DEL', 'DB')", NULL },
        { "update", "redis.call('RENAME', 'k', 'x') redis.call('RENAME', 'x', 'k')",
          NULL },
        { "update", "return redis.call('KEYS', '*')", NULL },
        { "update", "return redis.call('INFO')", NULL },
        { "update", "redis.pcall('SCRIPT', 'FLUSH')", NULL },
        { "update", "redis.pcall('DEBUG', 'SLEEP', 0)", NULL },
        { "update", "redis.pcall('CONFIG', 'SET', 'maxmemory', 1)", NULL },
        { "update",
          "local d = redis.call('DUMP', 'k') redis.call('RESTORE', 'k', 0, d, 'REPLACE')",
          NULL },
        { "update",
          "redis.call('SORT', 'list', 'ALPHA', 'STORE', 'x') redis.call('DEL', 'x')",
          NULL },
        { "update", NULL, "COPY k k REPLACE" },
        { "update", NULL, "WAIT 0 1" },
        { "update", NULL, "CLIENT NO-EVICT on" },
        { "update", NULL, "AUTH nobody wrong" },
        { "recover a crash",
          "redis.call('FLUSHDB') redis.call('SET', 'k', 'old') "
          "redis.call('RPUSH', 'list', 'a', 'b', 'x')",
          NULL },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct run run = attempt(&rows[i]);

        cr_expect(run.status == 0 || rows[i].when[0] == 'r', "%s%s: status %d: %s%s",
                  rows[i].script ? rows[i].script : "",
                  rows[i].command ? rows[i].command : "", run.status, run.err, run.out);
        cr_expect_lt(run.status, 2, "%s", run.err);
        run_release(&run);
    }
}
