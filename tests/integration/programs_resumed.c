/* programs_resumed.c - runs with several programs that are interrupted, at any phase, and
 * gone on with: strategies of which all was known are not run again, the others are begun
 * anew, and what comes of it is what comes of a run that nobody has interrupted. */
#include "acted.h"
#include "kept.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define STRATEGIES 4
#define PLACES 5 /* at which runs are interrupted */

/* Three programs, each of which counts its starts in a file, and a strategy in Lua. All
 * come to a gate before they do anything. */
#define GATE "'knock=knocks', 'await=gate'"
#define COUNTED(name, sends)                                                             \
    "command = actor('count=" name "', " GATE ", 'tcp', " sends ") },\n"
#define SENDS_A "'say=SET lock 1', 'say=SET x 1', 'say=SET k 1', 'say=DEL x lock'"
#define SENDS_C "'line=hello', 'say=SET other 1', 'say=SET k 1', 'say=DEL other'"
#define SENDS_D "'say=SET k 1'"

#define A COUNTED("a", SENDS_A)
#define C COUNTED("c", SENDS_C)
#define D COUNTED("d", SENDS_D)

/* `first` stands in the first strategy. */
#define SCENARIO(first)                                                                  \
    "before = { command = actor(" GATE ", 'tcp', 'say=SET q 1') },"                      \
    "recover = actor(" GATE ", 'tcp', 'say=DEL lock'), strategies = {\n"                 \
    "{ name = 'a', expect = 'leaked', " first A                                          \
    "{ name = 'b', expect = 'safe', update = 'SET k 1' },\n"                             \
    "{ name = 'c', expect = 'leaked', " C "{ name = 'd', expect = 'safe', " D "}"

static const char *const names[STRATEGIES] = { "a", "b", "c", "d" };

struct trip {
    char *directory, *path;
    int knocks, gate;
    long long starts[STRATEGIES]; /* when the latest run was interrupted */
};

static struct trip set_out(const char *entries)
{
    struct trip trip = { .directory = test_directory() };

    trip.path = acted_scenario(trip.directory, entries);
    trip.knocks = test_fifo(trip.directory, "knocks", O_RDWR);
    trip.gate = test_fifo(trip.directory, "gate", O_RDWR);
    return trip;
}

static void come_home(struct trip *trip)
{
    close(trip->knocks);
    close(trip->gate);
    free(trip->path);
    test_directory_remove(trip->directory);
}

static int waiting(int fd)
{
    int left;

    cr_assert_eq(ioctl(fd, FIONREAD, &left), 0);
    return left;
}

static void empty(int fd)
{
    char bytes[1024];

    while (waiting(fd) > 0)
        cr_assert_gt(read(fd, bytes, sizeof(bytes)), 0);
}

/* The gate is open for so many, and shut behind them. */
static void open_gate(const struct trip *trip, int times)
{
    static const char bytes[1024];

    empty(trip->knocks);
    empty(trip->gate);
    cr_assert_eq(write(trip->gate, bytes, (size_t)times), times);
}

static long long starts_of(const struct trip *trip, const char *name)
{
    CLEANUP(mem_freep) char *path = mem_printf("%s/%s", trip->directory, name);
    struct stat st;

    return stat(path, &st) == 0 ? st.st_size : 0;
}

static char *timeless(const char *kept)
{
    static const char *const timed[] = {
        "kills_per_second", "points_per_second", "seconds", "timings", "lanes", "machine"
    };
    struct run told = RUN("report", kept, "--format", "json");
    char *text;

    cr_assert_not_null(told.json, "%s%s", told.out, told.err);
    for (size_t i = 0; i < ARRAY_SIZE(timed); i++)
        json_object_del(told.json, timed[i]);
    text = json_dumps(told.json, JSON_SORT_KEYS | JSON_INDENT(1));
    run_release(&told);
    return text;
}

/* Interrupted when a program has come to its gate for the n-th time. */
static void interrupt(struct trip *trip, const char *kept, int n, int signal)
{
    struct live_run live;
    struct run stopped;
    char byte;

    open_gate(trip, n - 1);
    live = kept_has_begun(kept)
               ? START("run", "--resume", kept)
               : START("run", trip->path, "--now", "1700000000", "-o", kept);
    for (int i = 0; i < n; i++)
        cr_assert_eq(read(trip->knocks, &byte, 1), 1);
    cr_assert_eq(kill(live.pid, signal), 0);
    stopped = run_finish(&live);
    cr_expect_eq(stopped.status, signal == SIGINT ? 130 : 128 + signal, "%d: %d: %s", n,
                 stopped.status, stopped.err);
    run_release(&stopped);
    processes_wait();
    for (size_t i = 0; i < STRATEGIES; i++)
        trip->starts[i] = starts_of(trip, names[i]);
}

static void go_on(const struct trip *trip, const char *kept, int n)
{
    struct run again;

    open_gate(trip, 1000);
    again = kept_has_begun(kept)
                ? RUN("run", "--resume", kept)
                : RUN("run", trip->path, "--now", "1700000000", "-o", kept);
    cr_expect_eq(again.status, 0, "%d: status %d: %s%s", n, again.status, again.out,
                 again.err);
    run_release(&again);
}

/* How many strategies need not be run again. */
static size_t finished(const char *kept)
{
    return kept_has_begun(kept)
               ? (size_t)kept_number(kept, "SELECT count(*) FROM finished")
               : 0;
}

/* Of the one that says what is right a recording is needed as long as others are judged.
 */
static void expect_not_run_again(const struct trip *trip, size_t count, size_t reference,
                                 int n)
{
    for (size_t i = 0; i < count && i < STRATEGIES; i++) {
        long long more = starts_of(trip, names[i]) - trip->starts[i];

        cr_expect_eq(more, i == reference && count < STRATEGIES ? 2 : 0,
                     "%d: '%s' was started %lld times more", n, names[i], more);
    }
}

/* Nothing is there twice, and nothing of what was forgotten. */
static void expect_sound(const char *kept, const char *whole, int n)
{
    CLEANUP(mem_freep) char *text = timeless(kept);
    CLEANUP(mem_freep)
    char *rows = kept_ask(kept, "SELECT (SELECT count(*) FROM trace) || ' ' ||"
                                "(SELECT count(*) FROM contents) || ' ' ||"
                                "(SELECT count(*) FROM changes) || ' ' ||"
                                "(SELECT count(*) FROM points) || ' ' ||"
                                "(SELECT count(*) FROM finished) || ' ' ||"
                                "(SELECT count(*) FROM outputs WHERE what = 'before')");

    cr_expect_str_eq(text, whole, "%d: %s\n%s", n, text, whole);
    cr_expect_str_eq(rows, "8 11 12 13 4 1", "%d: %s", n, rows);
}

/* What comes of it if nobody interrupts, and how often programs come to their gates. */
static char *run_whole(const struct trip *trip, int *ret_times)
{
    CLEANUP(mem_freep) char *kept = mem_printf("%s/whole", trip->directory);
    struct run run;

    open_gate(trip, 1000);
    run = RUN("run", trip->path, "--now", "1700000000", "-o", kept);
    cr_assert_eq(run.status, 0, "status %d: %s%s", run.status, run.out, run.err);
    *ret_times = waiting(trip->knocks);
    run_release(&run);
    return timeless(kept);
}

/* From the end, near which strategies are finished, to the beginning: `last` gates before
 * the last one, and so on. */
static void interrupt_everywhere(const char *entries, size_t reference, int signal,
                                 int last)
{
    struct trip trip = set_out(entries);
    size_t seen[STRATEGIES + 1] = { 0 };
    CLEANUP(mem_freep) char *whole = NULL;
    int times;

    processes_adopt();
    whole = run_whole(&trip, &times);
    for (int n = times - last; n > 0; n -= times / PLACES) {
        CLEANUP(mem_freep) char *kept = mem_printf("%s/%d", trip.directory, n);
        size_t count;

        interrupt(&trip, kept, n, signal);
        count = finished(kept);
        cr_assert_leq(count, STRATEGIES);
        seen[count]++;
        go_on(&trip, kept, n);
        expect_sound(kept, whole, n);
        expect_not_run_again(&trip, count, reference, n);
    }
    /* In the middle of any of the programs; SIGKILL may lose what was not committed. */
    cr_expect(seen[0] && (signal == SIGKILL || (seen[2] && !seen[4])),
              "%zu %zu %zu %zu %zu", seen[0], seen[1], seen[2], seen[3], seen[4]);
    come_home(&trip);
}

Test(programs_resumed, interrupted)
{
    if (SANITIZED)
        cr_skip_test("as the two below, which differ by what is read back");
    interrupt_everywhere(SCENARIO(""), 3, SIGINT, 5);
}

Test(programs_resumed, killed)
{
    interrupt_everywhere(SCENARIO(""), 3, SIGKILL, 1);
}

Test(programs_resumed, the_reference_is_recorded_again)
{
    interrupt_everywhere(SCENARIO("reference = true, "), 0, SIGINT, 5);
}

/* Interrupted again and again, each time a little later. */
Test(programs_resumed, more_than_once)
{
    struct trip trip = set_out(SCENARIO(""));
    CLEANUP(mem_freep) char *kept = mem_printf("%s/kept", trip.directory);
    CLEANUP(mem_freep) char *whole = NULL;
    int times;

    processes_adopt();
    whole = run_whole(&trip, &times);
    for (int n = 1; n < times / 2; n += times / 12 | 1)
        interrupt(&trip, kept, n, n % 2 ? SIGINT : SIGKILL);
    go_on(&trip, kept, 0);
    expect_sound(kept, whole, 0);
    come_home(&trip);
}

/* When all was known, and it was not yet said that the run is complete. */
Test(programs_resumed, at_the_very_end)
{
    struct trip trip = set_out(SCENARIO(""));
    CLEANUP(mem_freep) char *kept = mem_printf("%s/whole", trip.directory);
    CLEANUP(mem_freep) char *whole = NULL;
    int times;

    whole = run_whole(&trip, &times);
    kept_change(kept, "UPDATE run SET value = 'running' WHERE name = 'status'");
    for (size_t i = 0; i < STRATEGIES; i++)
        trip.starts[i] = starts_of(&trip, names[i]);
    go_on(&trip, kept, 0);
    expect_sound(kept, whole, 0);
    expect_not_run_again(&trip, STRATEGIES, 3, 0);
    come_home(&trip);
}
