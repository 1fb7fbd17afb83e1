/* liar.c - a wrong verdict is the worst bug, so a server that does not do what it says
 * must not get one.
 *
 * The harness takes nothing from redis-server on trust but this: what it executes is a
 * prefix of what it was sent. Here it drops a command in the middle and answers it. The
 * states that follow are at no crash point, and the run must fail. Without the lie, the
 * same server passes: so it is the lie that is found, not the way it is told. */
#include "testlib.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Crash points, in the order of the census: none, UNLINK, three HSETs and EXPIRE; the
 * same between MULTI and EXEC. */
#define FIELD_POINTS 6
#define POINTS (FIELD_POINTS + 8)

static const char *const strategies[] = { "field-by-field", "transaction" };

/* Runs the scenario on a server that lies to workers from one death on until another one;
 * -1: never. */
static struct run run_with(int from, int until, const char *trials, const char *format)
{
    const char *server = getenv("LYING_SERVER");
    char *directory = test_directory(), *path = test_scenario("liar");
    char number[16];
    struct run run;

    cr_assert_not_null(server, "LYING_SERVER is not set; run the tests with meson test");
    snprintf(number, sizeof(number), "%d", from);
    if (from >= 0)
        setenv("LYING_SERVER_FROM", number, 1);
    else
        unsetenv("LYING_SERVER_FROM");
    snprintf(number, sizeof(number), "%d", until);
    if (until >= 0)
        setenv("LYING_SERVER_UNTIL", number, 1);
    else
        unsetenv("LYING_SERVER_UNTIL");
    processes_adopt();
    run = RUN("run", path, "--redis-server", server, "--lanes", "1", "--trials", trials,
              "--no-store", "--format", format);
    processes_wait();
    cr_expect_eq(test_directory_entries(directory), 0, "leftovers in TMPDIR");
    test_directory_remove(directory);
    free(path);
    return run;
}

/* The commands of a look: who asks, is the dead worker's client gone, how many keys are
 * there, and a key's type, time to live and elements; then the script that asks for all,
 * and one that puts back. Of hashes, a server whose fields can expire is asked by the
 * script alone. An error is no answer, and least of all "still there", which would be
 * asked again until the time is up. */
Test(liar, errors_in_the_audit)
{
    static const struct {
        const char *command;
        bool is_plain;
    } refused[] = { { "CLIENT", false }, { "DBSIZE", true },  { "TYPE", true },
                    { "PTTL", true },    { "HGETALL", true }, { "EVALSHA", false } };
    char *directory = test_directory();
    bool by_script = test_server_has(directory, "HPTTL");

    test_directory_remove(directory);
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        struct run run;

        if (by_script && refused[i].is_plain)
            continue;
        setenv("LYING_SERVER_REFUSES", refused[i].command, 1);
        run = run_with(1, -1, "20", "text");
        cr_expect_eq(run.status, 4, "%s: status %d: %s", refused[i].command, run.status,
                     run.err);
        EXPECT_SAYS(run.err, "Redis refused");
        EXPECT_SAYS(run.err, "ERR refused by the lying server");
        run_release(&run);
    }
    unsetenv("LYING_SERVER_REFUSES");
}

/* One that is too old is refused in one sentence, and relatives by what they are like. */
Test(liar, versions)
{
    static const struct {
        const char *info;
        int status;
        const char *says;
    } rows[] = {
        { "redis_version:6.0.16", 4, "redis 6.0.16 is too old" },
        { "redis_version:5.0.7", 4, "redis 5.0.7 is too old" },
        { "redis_version:6.2.0", 0, NULL },
        { "redis_version:8.0.2", 0, NULL },
        { "redis_version:7.2.4\\r\\nvalkey_version:9.1.0", 0, NULL },
        { "redis_version:6.0.0\\r\\nredict_version:1.0", 4, "redict 1.0 is too old" },
        { "other:1", 0, NULL },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct run run;

        setenv("LYING_SERVER_INFO", rows[i].info, 1);
        run = run_with(-1, -1, "0", "text");
        cr_expect_eq(run.status, rows[i].status, "%s: status %d: %s", rows[i].info,
                     run.status, run.err);
        if (rows[i].says)
            EXPECT_SAYS(run.err, rows[i].says);
        run_release(&run);
    }
    unsetenv("LYING_SERVER_INFO");
}

static long long unexplained(const struct run *run)
{
    long long sum = 0;

    for (size_t i = 0; i < ARRAY_SIZE(strategies); i++)
        sum += json_count(json_strategy(run, strategies[i]), "kills", "unexplained");
    return sum;
}

Test(liar, honest)
{
    struct run run = run_with(-1, -1, "200", "json");
    long long points = 0;

    cr_assert_eq(run.status, 0, "status %d: %s", run.status, run.err);
    cr_expect_eq(unexplained(&run), 0);
    for (size_t i = 0; i < ARRAY_SIZE(strategies); i++)
        points += json_count(json_strategy(&run, strategies[i]), "census", "points");
    cr_expect_eq(points, POINTS, "the scenario is not what the tests below assume");
    run_release(&run);
}

/* Controls and census are honest, kills are not. */
Test(liar, in_the_kills)
{
    struct run run = run_with(POINTS, -1, "200", "json");

    cr_assert_eq(run.status, 4, "status %d: %s", run.status, run.err);
    for (size_t i = 0; i < ARRAY_SIZE(strategies); i++)
        cr_expect_gt(
            json_count(json_strategy(&run, strategies[i]), "kills", "unexplained"), 0,
            "%s", strategies[i]);
    run_release(&run);
}

Test(liar, is_told_in_words)
{
    struct run run = run_with(POINTS, -1, "200", "text");

    cr_assert_eq(run.status, 4, "status %d: %s", run.status, run.err);
    EXPECT_SAYS(run.out, "UNEXPLAINED");
    cr_expect_not(says(run.out, "PASS"));
    run_release(&run);
}

/* From any point of the census on: either census and controls disagree, or kills and
 * census do. */
Test(liar, from_the_census_on)
{
    for (int from = 1; from < POINTS; from++) {
        struct run run = run_with(from, -1, "100", "json");

        cr_expect_neq(run.status, 0, "from point %d on: nothing was noticed", from);
        cr_expect(run.status == 1 || run.status == 4, "from point %d on: status %d: %s",
                  from, run.status, run.err);
        run_release(&run);
    }
}

/* At one point of the census only: the kills that land there disagree with it. (Before
 * the second HSET there is nothing to lie about.) */
Test(liar, once_in_the_census)
{
    for (int point = 3; point < FIELD_POINTS; point++) {
        struct run run = run_with(point, point + 1, "200", "json");

        cr_assert_eq(run.status, 4, "point %d: status %d: %s", point, run.status,
                     run.err);
        cr_expect_gt(unexplained(&run), 0, "point %d", point);
        run_release(&run);
    }
}

/* A reply that never ends, while a byte of it comes now and then: to the first question,
 * which is whether it is there, and to those of a lane, at its begin and when it looks.
 * Whoever asks for an end gets it, and nothing is left. */
Test(liar, is_not_waited_for)
{
    static const struct {
        const char *command;
        int number;
    } rows[] = { { "PING", SIGTERM }, { "INFO", SIGINT }, { "EVALSHA", SIGTERM } };

    processes_adopt();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char *directory = test_directory();
        CLEANUP(mem_freep) char *tmp = mem_printf("%s/tmp", directory);
        CLEANUP(mem_freep) char *knocks = mem_printf("%s/knocks", directory);
        int fd = test_fifo(directory, "knocks", O_RDWR);
        struct live_run live;
        struct run run;
        char byte;

        cr_assert_eq(mkdir(tmp, 0700), 0);
        setenv("TMPDIR", tmp, 1);
        setenv("LYING_SERVER_KNOCKS", knocks, 1);
        setenv("LYING_SERVER_DRIBBLES", rows[i].command, 1);
        live = START("try", "INCR k | EXPIRE k 60", "--redis-server",
                     getenv("LYING_SERVER"));
        cr_assert_eq(read(fd, &byte, 1), 1);
        cr_assert_eq(kill(live.pid, rows[i].number), 0);
        run = run_finish(&live);
        cr_expect_eq(run.status, 130, "%s: %d: %s", rows[i].command, run.status, run.err);
        expect_stopped_by(run.err, rows[i].number);
        processes_wait();
        cr_expect_eq(test_directory_entries(tmp), 0, "leftovers in TMPDIR");
        run_release(&run);
        close(fd);
        test_directory_remove(directory);
    }
}
