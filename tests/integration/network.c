/* network.c - workers on TCP, and with a longer round trip.
 *
 * The way to Redis may change rates, but neither the census nor what is left behind. That
 * a round trip is at least as long as asked is certain, so it is asserted; how much
 * longer it is depends on the machine, so only ratios are, with much room. */
#include "testlib.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"
#include "redis/relay.h"

#define SEED 20261205

/* --- the relay by itself --- */

#define TIMEOUT_S 20
#define RTT_NS (4 * NSEC_PER_MSEC)
#define MEGABYTE ((size_t)1 << 20)

/* A relay between two sockets of this test: one plays a worker, the other one Redis. */
struct track {
    char *directory;
    struct relay relay;
    int worker_fd, redis_fd;
};

static struct track track_make(enum transport transport)
{
    struct track track = { .directory = test_directory() };
    struct address to = { .path = NULL };
    struct relay_options options = { &to, track.directory, RTT_NS, -1 };
    struct err err = ERR_NULL;
    int listen_fd;

    if (transport == TRANSPORT_UNIX)
        to.path = mem_printf("%s/redis.sock", track.directory);
    listen_fd = address_listen(&to, &err);
    cr_assert_geq(listen_fd, 0, "%s", err.msg);
    cr_assert_eq(relay_start(&options, &track.relay, &err), 0, "%s", err.msg);
    cr_assert_eq(track.relay.address.path == NULL, transport == TRANSPORT_TCP);
    track.worker_fd = address_connect(&track.relay.address, TIMEOUT_S, &err);
    cr_assert_geq(track.worker_fd, 0, "%s", err.msg);
    track.redis_fd = accept(listen_fd, NULL, NULL);
    cr_assert_geq(track.redis_fd, 0);
    close(listen_fd);
    address_release(&to);
    return track;
}

static void track_remove(struct track *track)
{
    relay_stop(&track->relay);
    test_directory_remove(track->directory);
}

/* What the side that is called `which` sends: something that shows every displacement. */
static char pattern(size_t which, size_t at)
{
    return (char)rng_below(256, SEED, which, at / 7 + at % 7 * MEGABYTE);
}

struct end {
    int fd;
    char *sends; /* a megabyte */
    size_t sent, received;
    bool ended; /* the other side's end has come */
};

static struct end end_make(int fd, size_t which)
{
    struct end end = { .fd = fd, .sends = mem_alloc(MEGABYTE) };

    for (size_t i = 0; i < MEGABYTE; i++)
        end.sends[i] = pattern(which, i);
    return end;
}

/* Sends as much as goes, then the end. */
static void end_send(struct end *end)
{
    ssize_t n = send(end->fd, end->sends + end->sent, MEGABYTE - end->sent,
                     MSG_DONTWAIT | MSG_NOSIGNAL);

    if (n < 0)
        cr_assert_eq(errno, EAGAIN);
    else
        end->sent += (size_t)n;
    if (end->sent == MEGABYTE)
        cr_assert_eq(shutdown(end->fd, SHUT_WR), 0);
}

static void end_receive(struct end *end, const char *expected)
{
    char bytes[10000];
    ssize_t n = recv(end->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

    if (n < 0) {
        cr_assert_eq(errno, EAGAIN);
        return;
    }
    cr_assert_leq(end->received + (size_t)n, MEGABYTE);
    cr_assert_eq(memcmp(bytes, expected + end->received, (size_t)n), 0,
                 "not what was sent, within %zd bytes from %zu", n, end->received);
    end->received += (size_t)n;
    end->ended = n == 0;
}

static void pass_a_megabyte_each_way(enum transport transport)
{
    struct track track = track_make(transport);
    struct end ends[2] = { end_make(track.worker_fd, 0), end_make(track.redis_fd, 1) };

    while (!ends[0].ended || !ends[1].ended) {
        struct pollfd polled[2];

        for (size_t i = 0; i < 2; i++)
            polled[i] = (struct pollfd){
                .fd = ends[i].fd,
                .events = (short)((ends[i].ended ? 0 : POLLIN) |
                                  (ends[i].sent < MEGABYTE ? POLLOUT : 0)),
            };
        cr_assert_gt(poll(polled, 2, -1), 0);
        for (size_t i = 0; i < 2; i++) {
            if (ends[i].sent < MEGABYTE)
                end_send(&ends[i]);
            if (!ends[i].ended)
                end_receive(&ends[i], ends[1 - i].sends);
        }
    }
    for (size_t i = 0; i < 2; i++) {
        cr_expect_eq(ends[i].received, MEGABYTE, "%zu bytes before the end",
                     ends[i].received);
        close(ends[i].fd);
        free(ends[i].sends);
    }
    track_remove(&track);
}

Test(relay, a_megabyte_each_way_on_a_unix_socket)
{
    pass_a_megabyte_each_way(TRANSPORT_UNIX);
}

Test(relay, a_megabyte_each_way_on_tcp)
{
    pass_a_megabyte_each_way(TRANSPORT_TCP);
}

/* The first one also waits for the handshake: a connection costs one round trip. */
static void no_trip_is_too_short(enum transport transport)
{
    struct track track = track_make(transport);

    for (int trip = 0; trip < 20; trip++) {
        uint64_t start_ns = clock_now_ns(), there_ns, back_ns;
        char byte = 'x';

        cr_assert_eq(send(track.worker_fd, &byte, 1, 0), 1);
        cr_assert_eq(recv(track.redis_fd, &byte, 1, 0), 1);
        there_ns = clock_now_ns();
        cr_assert_eq(send(track.redis_fd, &byte, 1, 0), 1);
        cr_assert_eq(recv(track.worker_fd, &byte, 1, 0), 1);
        back_ns = clock_now_ns();
        cr_expect_geq(there_ns - start_ns, RTT_NS / 2);
        cr_expect_geq(back_ns - there_ns, RTT_NS / 2);
    }
    close(track.worker_fd);
    close(track.redis_fd);
    track_remove(&track);
}

Test(relay, no_trip_is_shorter_than_asked)
{
    no_trip_is_too_short(TRANSPORT_UNIX);
    no_trip_is_too_short(TRANSPORT_TCP);
}

/* Pieces do not wait for one another: what is sent during one trip arrives during one.
 * Were every piece a trip of its own, this would be 200 of them, and a second. */
Test(relay, much_is_on_its_way_at_once)
{
    struct track track = track_make(TRANSPORT_UNIX);
    uint64_t start_ns = clock_now_ns();
    size_t received = 0;
    char bytes[200];

    for (size_t i = 0; i < sizeof(bytes); i++) {
        struct pollfd nothing = { .fd = -1 };
        struct timespec pause = { 0, 50000 };

        cr_assert_eq(send(track.worker_fd, "x", 1, 0), 1);
        cr_assert_eq(ppoll(&nothing, 1, &pause, NULL), 0); /* so that pieces are many */
    }
    while (received < sizeof(bytes)) {
        ssize_t n = recv(track.redis_fd, bytes, sizeof(bytes), 0);

        cr_assert_gt(n, 0);
        received += (size_t)n;
    }
    cr_expect_lt(clock_now_ns() - start_ns, 100 * RTT_NS);
    close(track.worker_fd);
    close(track.redis_fd);
    track_remove(&track);
}

/* A worker dies: what it wrote arrives, then its end. Redis may still write; when that
 * has come to where the worker was, Redis is told. */
Test(relay, a_death_is_passed_on_as_a_network_does)
{
    struct track track = track_make(TRANSPORT_UNIX);
    struct pollfd gone = { .fd = track.redis_fd };
    char bytes[8];

    cr_assert_eq(send(track.worker_fd, "last", 4, 0), 4);
    close(track.worker_fd);
    cr_assert_eq(recv(track.redis_fd, bytes, 4, MSG_WAITALL), 4);
    cr_expect_eq(memcmp(bytes, "last", 4), 0);
    cr_expect_eq(recv(track.redis_fd, bytes, sizeof(bytes), 0), 0);
    cr_expect_eq(send(track.redis_fd, "reply", 5, MSG_NOSIGNAL), 5);
    cr_expect_eq(poll(&gone, 1, -1), 1);
    cr_expect_eq(send(track.redis_fd, "reply", 5, MSG_NOSIGNAL), -1);
    close(track.redis_fd);
    track_remove(&track);
}

/* --- whole runs --- */

/* What a census is made of, of all strategies: one line per crash point. Freed by the
 * caller. */
static char *census_text(const struct run *run)
{
    json_t *strategies = json_object_get(run->json, "strategies"), *strategy, *point;
    char *text = mem_strdup("");
    size_t i, k;

    cr_assert_gt(json_array_size(strategies), 0, "%s", run->err);
    json_array_foreach (strategies, i, strategy) {
        json_array_foreach (json_object_get(strategy, "points"), k, point) {
            CLEANUP(mem_freep) char *later = json_words(json_object_get(point, "later"));
            CLEANUP(mem_freep) char *before = text;

            text = mem_printf("%s%s %zu: %s, %s\n", before,
                              json_string_value(json_object_get(strategy, "name")), k,
                              json_string_value(json_object_get(point, "now")), later);
        }
    }
    return text;
}

static void expect_clean_kills(const struct run *run)
{
    json_t *strategies = json_object_get(run->json, "strategies"), *strategy;
    size_t i;

    json_array_foreach (strategies, i, strategy) {
        const char *name = json_string_value(json_object_get(strategy, "name"));

        cr_expect_eq(json_count(strategy, "kills", "unexplained"), 0, "%s", name);
        cr_expect_eq(json_count(strategy, "kills", "errors"), 0, "%s", name);
        cr_expect_gt(json_count(strategy, "kills", "valid"), 0, "%s", name);
    }
}

/* Every way to Redis gives the census that the shortest one gives, and kills whose states
 * are among it. */
Test(network, every_way_gives_the_same_census)
{
    static const struct {
        const char *transport, *rtt, *lanes, *title;
        double rtt_us;
    } ways[] = {
        { "unix", "0us", "1", "unix socket", 0 },
        { "tcp", "0us", "1", "tcp", 0 },
        { "unix", "1ms", "1", "unix socket", 1000 },
        { "tcp", "0.5ms", "2", "tcp", 500 },
    };
    char *directory = test_directory();
    char *expected = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        struct run run = RUN("run", "sidekiq_busy", "--set", "jobs=6", "--trials", "60",
                             "--format", "json", "--transport", ways[i].transport,
                             "--rtt", ways[i].rtt, "--lanes", ways[i].lanes);
        json_t *redis = json_object_get(run.json, "redis");
        char *census;

        cr_assert_eq(run.status, 0, "status %d: %s", run.status, run.err);
        census = census_text(&run);
        if (!expected)
            expected = mem_strdup(census);
        cr_expect_str_eq(census, expected);
        cr_expect_str_eq(json_string_value(json_object_get(redis, "transport")),
                         ways[i].title);
        cr_expect_float_eq(json_number_value(json_object_get(redis, "rtt_us")),
                           ways[i].rtt_us, 1e-6);
        expect_clean_kills(&run);
        cr_expect_eq(test_directory_entries(directory), 0);
        free(census);
        run_release(&run);
    }
    free(expected);
    test_directory_remove(directory);
}

Test(network, the_text_says_which_way)
{
    char *directory = test_directory();
    struct run run = RUN("run", "sidekiq_busy", "--trials", "0", "--strategy", "script",
                         "--transport", "tcp", "--rtt", "500us", "--lanes", "1");

    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    EXPECT_SAYS(run.out, "private, tcp, rtt 500 us 1 lane");
    run_release(&run);
    test_directory_remove(directory);
}

/* An update takes as many round trips as it waits for replies: never less. Returns how
 * many times as long as one trip many of them take, over how many they are. */
static double measure_trips(const char *transport)
{
    struct run run = RUN("run", "sidekiq_busy", "--set", "jobs=6", "--trials", "0",
                         "--strategy", "per-field,pipelined", "--rtt", "5ms",
                         "--transport", transport, "--format", "json", "--lanes", "1");
    static const char *const names[] = { "per-field", "pipelined" };
    double p50_us[2], trips[2];

    cr_assert_eq(run.status, 0, "status %d: %s", run.status, run.err);
    for (size_t i = 0; i < 2; i++) {
        json_t *strategy = json_strategy(&run, names[i]);

        p50_us[i] = json_number(strategy, "update_us", "p50");
        trips[i] = json_number_value(json_object_get(strategy, "round_trips"));
        cr_expect_geq(p50_us[i], trips[i] * 5000, "%s, %s: %g us in %g trips", names[i],
                      transport, p50_us[i], trips[i]);
    }
    cr_expect_eq(trips[0], 8);
    cr_expect_eq(trips[1], 1);
    run_release(&run);
    return p50_us[0] / p50_us[1] / (trips[0] / trips[1]);
}

/* A machine that is busy with something else may make either one longer; it would not do
 * so every time. */
Test(network, updates_take_their_round_trips)
{
    static const char *const transports[] = { "unix", "tcp" };
    char *directory = test_directory();

    for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
        double ratio = 0;

        for (int attempt = 0; attempt < 5 && (ratio < 0.6 || ratio > 1.5); attempt++)
            ratio = measure_trips(transports[i]);
        cr_expect(ratio > 0.6 && ratio < 1.5, "%s: %g times the arithmetic",
                  transports[i], ratio);
    }
    test_directory_remove(directory);
}

Test(network, bad_values_say_what_is_expected)
{
    static const char *const durations[] = { "-1us", "5",    "1h",   "nan",    "nanus",
                                             "",     "us",   "0x1s", "inf",    "1.5s",
                                             " 1ms", "1 ms", "1msx", "1.2.3ms" };
    struct run run;

    for (size_t i = 0; i < ARRAY_SIZE(durations); i++) {
        run = RUN("run", "sidekiq_busy", "--rtt", durations[i]);
        cr_expect_eq(run.status, 2, "'%s': status %d", durations[i], run.status);
        EXPECT_SAYS(run.err, "expected a duration like 500us, 2ms or 0.1s");
        EXPECT_SILENT(run.out);
        run_release(&run);
    }
    run = RUN("run", "sidekiq_busy", "--transport", "udp");
    cr_expect_eq(run.status, 2);
    EXPECT_SAYS(run.err, "--transport 'udp': expected unix or tcp");
    run_release(&run);
}

/* Somebody else takes the port that was found free. The first server is told one that is
 * in use, as if that had happened in between. */
Test(network, a_port_that_was_taken_is_another_try)
{
    char *directory = test_directory();
    char *inner = mem_printf("%s/tmp", directory);
    struct address taken = { .path = NULL };
    struct err err = ERR_NULL;
    int fd = address_listen(&taken, &err);
    char *script = mem_printf("#!/bin/sh\n"
                              "if mkdir %s/once; then\n"
                              "  exec redis-server \"$@\" --port %u\n"
                              "fi 2>/dev/null\n"
                              "exec redis-server \"$@\"\n",
                              directory, taken.port);
    char *path = test_file(directory, "server", script);
    char *once = mem_printf("%s/once", directory);
    struct run run;

    cr_assert_geq(fd, 0, "%s", err.msg);
    cr_assert_eq(chmod(path, 0700), 0);
    cr_assert_eq(mkdir(inner, 0700), 0);
    setenv("TMPDIR", inner, 1);
    run = RUN("run", "sidekiq_busy", "--transport", "tcp", "--redis-server", path,
              "--trials", "0", "--lanes", "1", "--strategy", "script");
    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    cr_expect_eq(access(once, F_OK), 0, "the taken port was not tried");
    cr_expect_eq(test_directory_entries(inner), 0);
    run_release(&run);
    close(fd);
    free(once);
    free(path);
    free(script);
    free(inner);
    test_directory_remove(directory);
}

/* A script that starts the server may have a configuration file before what it is given,
 * and options behind. */
Test(network, a_server_with_a_configuration_of_its_own)
{
    static const char *const transports[] = { "unix", "tcp" };
    char *directory = test_directory();
    char *settings = test_file(directory, "settings", "maxmemory 100mb\n");
    CLEANUP(mem_freep)
    char *script =
        mem_printf("#!/bin/sh\nexec redis-server '%s' \"$@\" --hz 20\n", settings);
    char *path = test_file(directory, "server", script);

    cr_assert_eq(chmod(path, 0700), 0);
    for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
        struct run run =
            RUN("run", "sidekiq_busy", "--transport", transports[i], "--redis-server",
                path, "--trials", "0", "--lanes", "1", "--no-store");

        cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
        run_release(&run);
    }
    free(path);
    free(settings);
    test_directory_remove(directory);
}

/* A server that was given a password by somebody else is not waited for: it says what it
 * wants, and so does the run. */
Test(network, a_password_that_is_not_ours)
{
    static const char *const transports[] = { "unix", "tcp" };
    char *directory = test_directory();
    char *inner = mem_printf("%s/tmp", directory);
    char *path =
        test_file(directory, "server",
                  "#!/bin/sh\nexec redis-server \"$@\" --requirepass of-others\n");

    cr_assert_eq(chmod(path, 0700), 0);
    cr_assert_eq(mkdir(inner, 0700), 0);
    setenv("TMPDIR", inner, 1);
    for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
        struct run run =
            RUN("run", "sidekiq_busy", "--transport", transports[i], "--redis-server",
                path, "--trials", "0", "--lanes", "1", "--no-store");

        cr_expect_eq(run.status, 4, "status %d: %s", run.status, run.err);
        EXPECT_SAYS(run.err, "asks for a password that it was not started with");
        EXPECT_SAYS(run.err, i ? "WRONGPASS" : "NOAUTH");
        cr_expect_null(strstr(run.err, "did not answer"), "%s", run.err);
        cr_expect_eq(test_directory_entries(inner), 0);
        run_release(&run);
    }
    free(path);
    free(inner);
    test_directory_remove(directory);
}

/* --- what is left behind --- */

static struct live_run start_far_away(const char *transport, const char *lanes)
{
    return START("run", "sidekiq_busy", "--strategy", "batched-multi", "--trials",
                 "1000000", "--lanes", lanes, "--transport", transport, "--rtt", "500us");
}

/* After SIGKILL nobody is left, and the next run removes what is; after SIGINT there is
 * nothing to remove. */
Test(network, nothing_is_left_behind)
{
    static const int signals[] = { SIGINT, SIGKILL, SIGTERM };
    char *directory = test_directory();
    char *path = test_scenario("gap");

    processes_adopt();
    for (uint64_t i = 0; i < 12; i++) {
        struct live_run live = start_far_away(i % 2 ? "tcp" : "unix", i < 6 ? "2" : "1");
        int number = signals[i % ARRAY_SIZE(signals)];
        struct run run;

        cr_expect(
            run_let(&live, rng_below((i % 4 ? 500 : 40) * NSEC_PER_MSEC, SEED, 2, i)));
        cr_assert_eq(kill(live.pid, number), 0);
        run = run_finish(&live);
        cr_expect(run.status == 128 + number || run.status == 130, "status %d: %s",
                  run.status, run.err);
        run_release(&run);
        processes_wait();
        if (number == SIGKILL) {
            run = RUN("run", path, CENSUS, "--transport", "tcp", "--rtt", "1ms",
                      "--no-store");
            cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
            run_release(&run);
            processes_wait();
        }
        cr_expect_eq(test_directory_entries(directory), 0,
                     "leftovers in TMPDIR after signal %d", number);
    }
    free(path);
    test_directory_remove(directory);
}

/* The command line of a process, as whoever lists processes sees it; freed by the caller.
 */
static char *line_of(pid_t pid)
{
    CLEANUP(mem_freep) char *path = mem_printf("/proc/%ld/cmdline", (long)pid);
    char bytes[4096];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, bytes, sizeof(bytes) - 1);

    if (fd >= 0)
        close(fd);
    for (ssize_t i = 0; i < n; i++)
        if (!bytes[i])
            bytes[i] = ' ';
    bytes[n > 0 ? n : 0] = '\0';
    return mem_strdup(bytes);
}

/* The port of the server of a run that goes on: its command line says it. */
static uint16_t port_of_server(const struct live_run *live)
{
    for (;;) {
        pid_t server = process_child(live->pid, "redis-server");
        CLEANUP(mem_freep) char *line = server ? line_of(server) : mem_strdup("");
        const char *at = strstr(line, LOOPBACK ":");

        if (at) {
            cr_expect_null(strstr(line, "pass"), "%s", line);
            return (uint16_t)strtoul(at + strlen(LOOPBACK ":"), NULL, 10);
        }
        cr_assert(run_let(live, NSEC_PER_MSEC), "it ended before its server was seen");
    }
}

/* To a port any user of the machine can connect: whoever does not know the password can
 * neither look at what is there, nor change it. */
Test(network, strangers_are_refused)
{
    static const char *const tries[][4] = {
        { "PING" },     { "SET", "app-1:4242:9f8e7d6c5b4a:work", "1" },
        { "FLUSHALL" }, { "CONFIG", "GET", "requirepass" },
        { "AUTH", "" },
    };
    char *directory = test_directory();
    struct live_run live = START("run", "sidekiq_busy", "--strategy", "script", ENDLESS,
                                 "--transport", "tcp", "--lanes", "1");
    struct address door = { .path = NULL, .port = port_of_server(&live) };
    CLEANUP(connection_closep) redisContext *stranger = NULL;
    struct err err = ERR_NULL;
    struct run run;

    cr_assert(run_wait_for(&live, "kills"));
    cr_assert_eq(connection_open(&door, &stranger, &err), 0, "%s", err.msg);
    for (size_t i = 0; i < ARRAY_SIZE(tries); i++) {
        CLEANUP(reply_freep) redisReply *reply = NULL;

        cr_expect_eq(connection_command(stranger, &reply, &err, tries[i]), -EPROTO, "%s",
                     tries[i][0]);
        cr_expect(says(err.msg, "NOAUTH") || says(err.msg, "WRONGPASS"), "%s", err.msg);
    }
    kill(live.pid, SIGINT);
    run = run_finish(&live);
    cr_expect_eq(run.status, 130, "%s", run.err);
    run_release(&run);
    test_directory_remove(directory);
}

/* A relay that dies ends the run, and the error says who it was. */
Test(network, sigkill_of_a_relay)
{
    static const char *const transports[] = { "unix", "tcp" };
    char *directory = test_directory();

    processes_adopt();
    for (uint64_t i = 0; i < 4; i++) {
        struct live_run live = start_far_away(transports[i % 2], i < 2 ? "2" : "1");
        struct run run;
        pid_t victim;

        while (!(victim = process_child(live.pid, "afterkill-relay")))
            cr_assert(run_let(&live, NSEC_PER_MSEC));
        cr_expect(run_let(&live, rng_below(300 * NSEC_PER_MSEC, SEED, 3, i)));
        cr_assert_eq(kill(victim, SIGKILL), 0);
        run = run_finish(&live);
        cr_expect_eq(run.status, 4, "status %d: %s", run.status, run.err);
        EXPECT_SAYS(run.err, "the relay that makes the round trip longer (--rtt) was "
                             "killed by signal 9");
        cr_expect_eq(test_directory_entries(directory), 0, "leftovers in TMPDIR");
        processes_wait();
        run_release(&run);
    }
    test_directory_remove(directory);
}
