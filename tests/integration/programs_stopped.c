/* programs_stopped.c - a run with programs ends before its time, and nothing is left:
 * whoever descends from its programs holds a FIFO open, which ends when all of them are
 * dead. Each program knocks when it has come to where it waits, so the test knows. */
#include "acted.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"

/* A grandchild in a session of its own holds the FIFO, too, and takes no notice of
 * anybody's wish. */
#define HOLD                                                                             \
    "'hold=held', 'fork', 'setsid', 'ignore=15', 'ignore=2', 'fork', 'ready', 'sleep', " \
    "'end', 'ready', 'sleep', 'end'"
#define WAIT HOLD ", 'knock=knocks', 'await=gate'"
#define COUNT "'tcp', 'say=INCR k', 'say=EXPIRE k 60'"
#define ONE(command)                                                                     \
    "strategies = { { name = 'p', expect = 'leaked', command = actor(" command ") } }"

struct stage {
    char *directory;
    int held, knocks, gate; /* FIFOs; the first is only read, and ends */
    struct live_run live;
};

/* A run begins, whose TMPDIR is `tmp` in the directory. */
static void stage_set(struct stage *stage, const char *entries)
{
    CLEANUP(mem_freep) char *path = NULL;
    CLEANUP(mem_freep) char *tmp = NULL;

    processes_adopt();
    stage->directory = test_directory();
    tmp = mem_printf("%s/tmp", stage->directory);
    cr_assert_eq(mkdir(tmp, 0700), 0);
    setenv("TMPDIR", tmp, 1);
    path = acted_scenario(stage->directory, entries);
    stage->held = test_fifo(stage->directory, "held", O_RDONLY | O_NONBLOCK);
    stage->knocks = test_fifo(stage->directory, "knocks", O_RDWR);
    stage->gate = test_fifo(stage->directory, "gate", O_RDWR);
    stage->live = START("run", path, "--no-store", "--lanes", "1");
}

/* So many programs have come to their gates, all but the last of which opened. */
static void await_knocks(const struct stage *stage, int count)
{
    char byte;

    for (int i = 0; i < count; i++) {
        cr_assert_eq(read(stage->knocks, &byte, 1), 1);
        if (i + 1 < count)
            cr_assert_eq(write(stage->gate, ".", 1), 1);
    }
}

/* Everybody who held the FIFO is dead. */
static void expect_all_dead(const struct stage *stage)
{
    char byte;

    cr_assert_eq(fcntl(stage->held, F_SETFL, 0), 0);
    cr_expect_eq(read(stage->held, &byte, 1), 0);
    processes_wait();
}

static void expect_tidy(const struct stage *stage)
{
    CLEANUP(mem_freep) char *tmp = mem_printf("%s/tmp", stage->directory);

    cr_expect_eq(test_directory_entries(tmp), 0, "leftovers in TMPDIR");
}

static void stage_clear(struct stage *stage)
{
    close(stage->held);
    close(stage->knocks);
    close(stage->gate);
    test_directory_remove(stage->directory);
}

/* Where the program is that waits, and how many have waited there before. */
static const struct {
    const char *where, *entries;
    int knocks;
} places[] = {
    { "before", "before = actor(" WAIT ")," ONE(COUNT), 1 },
    { "the recording", ONE(WAIT ", " COUNT), 1 },
    { "the recording, in mid-operation", ONE(COUNT ", " WAIT), 1 },
    { "a survivor", "recover = actor(" WAIT ", 'tcp', 'say=PING')," ONE(COUNT), 1 },
    { "alive", "alive = actor(" WAIT ", 'tcp', 'say=PING')," ONE(COUNT), 1 },
    /* Behind the two recordings. */
    { "a proof", ONE(WAIT ", " COUNT), 3 },
    { "another proof", ONE(WAIT ", " COUNT), 4 },
};

Test(programs_stopped, by_signals)
{
    static const int signals[] = { SIGINT, SIGTERM };

    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        struct stage stage;
        struct run run;

        stage_set(&stage, places[i].entries);
        await_knocks(&stage, places[i].knocks);
        cr_assert_eq(kill(stage.live.pid, signals[i % 2]), 0);
        run = run_finish(&stage.live);
        cr_expect_eq(run.status, 130, "%s: status %d: %s%s", places[i].where, run.status,
                     run.out, run.err);
        expect_stopped_by(run.err, signals[i % 2]);
        expect_all_dead(&stage);
        expect_tidy(&stage);
        run_release(&run);
        stage_clear(&stage);
    }
}

static bool is_warden(void *context, pid_t pid, const struct process_look *look)
{
    pid_t *ret = context;
    CLEANUP(mem_freep) char *path = mem_printf("/proc/%ld/comm", (long)pid);
    CLEANUP(mem_freep) char *name = file_text(path);

    (void)look;
    if (!name || strcmp(name, "afterkill-ward\n") != 0)
        return false;
    *ret = pid;
    return true;
}

/* Who is killed removes nothing, but what it started dies with it. */
Test(programs_stopped, by_a_kill)
{
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        struct stage stage;
        struct run run;

        stage_set(&stage, places[i].entries);
        await_knocks(&stage, places[i].knocks);
        cr_assert_eq(kill(stage.live.pid, SIGKILL), 0);
        run = run_finish(&stage.live);
        cr_expect_eq(run.status, 128 + SIGKILL);
        expect_all_dead(&stage);
        run_release(&run);
        stage_clear(&stage);
    }
}

/* Nor does anybody outlive it because what was to kill him is stopped. */
Test(programs_stopped, by_a_kill_although_their_warden_is_stopped)
{
    struct stage stage;
    struct run run;
    pid_t warden = 0;

    stage_set(&stage, places[1].entries);
    await_knocks(&stage, places[1].knocks);
    process_any(stage.live.pid, is_warden, &warden);
    cr_assert_gt(warden, 0);
    cr_assert_eq(kill(warden, SIGSTOP), 0);
    cr_assert_eq(kill(stage.live.pid, SIGKILL), 0);
    run = run_finish(&stage.live);
    cr_expect_eq(run.status, 128 + SIGKILL);
    expect_all_dead(&stage);
    run_release(&run);
    stage_clear(&stage);
}

/* Nobody knows what would have come of it. */
Test(programs_stopped, by_the_death_of_the_server)
{
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        struct stage stage;
        struct run run;
        pid_t server;

        stage_set(&stage, places[i].entries);
        await_knocks(&stage, places[i].knocks);
        server = process_child(stage.live.pid, "redis-server");
        cr_assert_gt(server, 0);
        cr_assert_eq(kill(server, SIGKILL), 0);
        run = run_finish(&stage.live);
        cr_expect_eq(run.status, 4, "%s: status %d: %s%s", places[i].where, run.status,
                     run.out, run.err);
        expect_all_dead(&stage);
        expect_tidy(&stage);
        run_release(&run);
        stage_clear(&stage);
    }
}

/* One that hangs gives no verdict, whoever it is. */
static const struct {
    const char *entries, *said;
} hangs[] = {
    { "before = actor(" HOLD ", 'tcp', 'say=SET a 1', 'sleep')," ONE(COUNT),
      "before did" },
    { ONE(HOLD ", 'tcp', 'say=INCR k', 'line=so far', 'sleep'"),
      "strategy 'p': the program did" },
    { "recover = actor(" HOLD ", 'tcp', 'say=SET a 1', 'sleep')," ONE(COUNT),
      "strategy 'p': recover did" },
    { "alive = actor(" HOLD ", 'tcp', 'say=SET a 1', 'sleep')," ONE(COUNT),
      "strategy 'p': alive did" },
};

Test(programs_stopped, by_their_timeout)
{
    for (size_t i = 0; i < ARRAY_SIZE(hangs); i++) {
        CLEANUP(mem_freep) char *entries =
            mem_printf("timeout = '2s', %s", hangs[i].entries);
        struct stage stage;
        struct run run;

        stage_set(&stage, entries);
        run = run_finish(&stage.live);
        cr_expect_eq(run.status, 4, "status %d: %s%s", run.status, run.out, run.err);
        EXPECT_SAYS(run.err, hangs[i].said);
        EXPECT_SAYS(run.err, "did not end within 2 s; say `timeout` if it takes longer, "
                             "or `settle` if it never ends by itself");
        expect_all_dead(&stage);
        expect_tidy(&stage);
        run_release(&run);
        stage_clear(&stage);
    }
}

/* Programs that never end by themselves are done when nothing changes any more. The time
 * is longer than any that passes between two commands of one that is to send both. */
static const struct {
    const char *entries, *said;
} settles[] = {
    { "settle = '2s'," ONE(HOLD ", " COUNT ", 'sleep'"),
      "2 commands on 1 connection leave 3 states. p:1, leaked, is proved by 2 real "
      "kills." },
    { "settle = '0.2s', recover = actor(" HOLD ", 'tcp', 'say=SET a 1', 'poll=PING'),"
      "strategies = { { name = 'p', command = actor('tcp', 'say=SET k 1') } }",
      "1 command on 1 connection leaves 2 states." },
};

Test(programs_stopped, when_they_have_settled)
{
    for (size_t i = 0; i < ARRAY_SIZE(settles); i++) {
        struct stage stage;
        struct run run;

        stage_set(&stage, settles[i].entries);
        run = run_finish(&stage.live);
        cr_expect_eq(run.status, 0, "status %d: %s%s", run.status, run.out, run.err);
        EXPECT_SAYS(run.out, settles[i].said);
        expect_all_dead(&stage);
        expect_tidy(&stage);
        run_release(&run);
        stage_clear(&stage);
    }
}
