/* audit_watch: a live server, looked at again and again (audit --watch). */
#include "audited.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

TestSuite(audit_watch, .init = audited_begin, .fini = audited_end);

Test(audit_watch, watches)
{
    struct live_run live;
    struct run run;

    audited_fill("sess:", "", 5, "3600");
    live = START("audit", "-s", server.address.path, "--watch", "10ms");
    audited_wait_said(&live, "5 keys, 0 leaked; round trips p50 ");
    SEND("SET", "sess:7", "1");
    audited_wait_said(&live, "; new: sess:{num} in db 0, 1 more\n");
    SEND("DEL", "sess:7");
    audited_wait_said(&live, "; gone: sess:{num} in db 0\n");
    SEND("EVAL",
         "for i = 1, 40 do redis.call('sadd', 'processes', "
         "string.format('app-2:%d:9f8e7d6c5b4a', i)) end",
         "0");
    audited_wait_said(&live, "; new: processes in db 0, 40 more\n");
    SEND("SADD", "processes", "app-1:1:9f8e7d6c5b4a");
    audited_wait_said(&live, "; growing: processes in db 0, 1 more\n");
    run = audited_stop(&live, SIGINT);
    run_release(&run);
    run = AUDIT("--watch", "1s", "--limit", "5");
    cr_expect_eq(run.status, 2);
    EXPECT_SAYS(run.err, "--watch is about all keys");
    run_release(&run);
}

/* In each line, for it is in none of the figures there. */
Test(audit_watch, watches_and_tells_what_is_not_known)
{
    CLEANUP(mem_freep)
    char *rules =
        test_file(directory, "rules", "shop: expires s:*\nshop: keys job:* in waiting\n");
    CLEANUP(mem_freep) char *key = mem_printf("s:%0600d", 1);
    CLEANUP(mem_freep) char *job = mem_printf("job:%0600d", 1);
    struct live_run live;
    struct run run;

    SEND("SET", key, "1");
    SEND("SET", job, "1");
    SEND("RPUSH", "waiting", "2");
    live = START("audit", "-s", server.address.path, "--watch", "10ms", "--rules", rules);
    audited_wait_said(&live, "3 keys, 0 leaked, 0 an hour [");
    audited_wait_said(&live,
                      "]; 1 group may leak; 1 key or member of which nothing is known; "
                      "round trips p50 ");
    run = audited_stop(&live, SIGINT);
    run_release(&run);
}

static char *info_connections(void)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    struct err err = ERR_NULL;
    const char *at;

    cr_assert_eq(CONNECTION_COMMAND(connection, &reply, &err, "INFO", "stats"), 0, "%s",
                 err.msg);
    at = strstr(reply->str, "total_connections_received:");
    cr_assert_not_null(at);
    return strndup(at, strcspn(at, "\r"));
}

/* As beside a pager that nobody scrolls. It may be that no round has come for other
 * reasons; then it is ended like any other. */
static void expect_end_unread(const char *format, const char *begun)
{
    char *before = mem_strdup("");
    struct live_run live;
    int status;

    live =
        START("audit", "-s", server.address.path, "--watch", "1ms", "--format", format);
    fcntl(live.out_fd, F_SETPIPE_SZ, 4096); /* else it takes some more rounds */
    audited_wait_said(&live, begun);
    for (unsigned same = 0; same < 2000;) { /* until it does not connect any more */
        char *now = info_connections();

        same = strcmp(now, before) == 0 ? same + 1 : 0;
        free(before);
        before = now;
    }
    free(before);
    cr_assert_eq(kill(live.pid, SIGTERM), 0);
    cr_assert_eq(waitpid(live.pid, &status, 0), live.pid);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 130, "%d", status);
    close(live.out_fd);
    close(live.err_fd);
}

Test(audit_watch, ends_although_nobody_reads)
{
    expect_end_unread("text", "0 keys, ");
}

/* A line for which no pipe has room at once. */
Test(audit_watch, ends_although_nobody_reads_a_long_line)
{
    CLEANUP(mem_freep) char *long_name = mem_printf("%0400d:", 1);
    const char *const databases[] = { "0", "1", "2", "3" };

    for (size_t i = 0; i < ARRAY_SIZE(databases); i++) {
        SEND("SELECT", databases[i]);
        audited_fill(long_name, "", 20, "3600");
        audited_fill(long_name, "", 8, NULL);
    }
    expect_end_unread("json", "{");
}

/* Small whole numbers are one value for all keys, whose idle time is that of none: but
 * not in Valkey, from 8.1 on. */
static bool is_shared(const char *key)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    struct err err = ERR_NULL;

    cr_assert_eq(CONNECTION_COMMAND(connection, &reply, &err, "OBJECT", "REFCOUNT", key),
                 0, "%s", err.msg);
    return reply->integer > 1;
}

/* By a user who may do what docs/audit.md names. */
Test(audit_watch, watches_a_command)
{
    CLEANUP(mem_freep) char *pass = test_file(directory, "pass", "hush\n");
    CLEANUP(mem_freep) char *report = mem_printf("%s/audit.prom", directory),
                            *text = NULL;
    size_t files;
    bool shared;
    struct live_run live;
    struct run run;

    audited_fill("sess:", "", 1, "3600");
    shared = is_shared("sess:0");
    audited_add_user();
    files = test_directory_entries(directory);
    live = START("audit", "-s", server.address.path, "--user", "auditor", "--pass-file",
                 pass, "--watch", "10ms", "--command", "SET sess:*", "--format",
                 "prometheus", "--output", report);
    audited_wait_said(&live, " blocked; sess:* 1 key\n");
    audited_wait_said(&live, shared ? "; SET 0 a second; sess:* 1 key\n"
                                    : "; SET 0 a second; sess:* 1 key, ");
    SEND("CONFIG", "SET", "slowlog-log-slower-than", "0");
    audited_wait_said(&live, " slow, longest ");
    SEND("SET", "sess:1", "text", "EX", "3600");
    audited_wait_said(&live, " slow, 1 of them watched, longest ");
    SEND("SET", "sess:1", "text", "EX", "3600");
    audited_wait_said(&live, " a second, mean ");
    if (audited_has_histograms())
        audited_wait_said(&live, ", p50 at most ");
    audited_wait_said(&live,
                      shared ? "; sess:* 2 keys, 1 of 1 used\n" : "; sess:* 2 keys, ");
    audited_wait_rounds(&live);
    text = file_text(report);
    EXPECT_SAYS(text, "# TYPE afterkill_audit_rounds_total counter");
    EXPECT_SAYS(text, "afterkill_audit_command_calls_total{command=\"set\"} ");
    EXPECT_SAYS(text, "afterkill_audit_watched_keys{pattern=\"sess:*\"} 2");
    EXPECT_SAYS(text, "afterkill_audit_round_trip_seconds{quantile=\"0.99\"} ");
    run = audited_stop(&live, SIGTERM);
    EXPECT_SILENT(run.err);
    cr_expect_eq(test_directory_entries(directory), files + 1, "nothing beside the file");
    run_release(&run);
}

/* Reads a round, which is a line of JSON; the caller releases it. */
static json_t *read_round(const struct live_run *live)
{
    char line[32768];
    size_t length = 0;
    json_t *round;

    while (read(live->out_fd, line + length, 1) == 1 && line[length] != '\n')
        cr_assert_lt(++length, sizeof(line));
    round = json_loadb(line, length, 0, NULL);
    cr_assert_not_null(round, "%.*s", (int)length, line);
    return round;
}

/* Reads rounds until one has said as many of a count and returns that one. */
static json_t *read_until(const struct live_run *live, const char *part, const char *key,
                          long long least)
{
    for (;;) {
        json_t *round = read_round(live), *watch = json_object_get(round, "watch");
        json_t *count = json_object_get(json_object_get(watch, part), key);

        if (count && json_integer_value(count) >= least)
            return round;
        json_decref(round);
    }
}

/* What stands in a line is in JSON, too; also what is let in later only. */
Test(audit_watch, watches_in_json)
{
    CLEANUP(mem_freep) char *pass = test_file(directory, "pass", "hush\n");
    struct live_run live;
    json_t *round, *watch;
    struct run run;

    audited_fill("sess:", "", 3, "3600");
    audited_add_user();
    SEND("CONFIG", "SET", "slowlog-log-slower-than", "0");
    audited_fill("slow:", "", 20, "3600");
    SEND("ACL", "SETUSER", "auditor", "-slowlog|get");
    live = START("audit", "-s", server.address.path, "--user", "auditor", "--pass-file",
                 pass, "--watch", "10ms", "--command", "SET sess:*", "--format", "json");
    round = read_round(&live);
    watch = json_object_get(round, "watch");
    cr_expect_eq(json_whole(watch, "round"), 1);
    cr_expect(json_is_null(json_object_get(watch, "slowlog")));
    cr_expect(json_is_null(json_object_get(watch, "seconds")));
    cr_expect(json_is_null(
        json_object_get(json_object_get(watch, "command"), "calls_per_second")));
    cr_expect_gt(
        json_real_value(json_object_get(json_object_get(watch, "round_trips"), "p99_us")),
        0);
    cr_expect_eq(json_whole(watch, "blocked_clients"), 0);
    json_decref(round);
    SEND("CONFIG", "SET", "slowlog-log-slower-than", "-1");
    SEND("ACL", "SETUSER", "auditor", "+slowlog|get");
    round = read_until(&live, "slowlog", "commands", 0);
    watch = json_object_get(round, "watch");
    cr_expect_eq(json_count(watch, "slowlog", "commands"), 0,
                 "what was there is no news");
    json_decref(round);
    SEND("SET", "sess:0", "1");
    round = read_until(&live, "command", "calls", 1);
    watch = json_object_get(round, "watch");
    cr_expect_gt(
        json_real_value(json_object_get(json_object_get(watch, "command"), "mean_us")),
        0);
    cr_expect_eq(json_count(watch, "watched_keys", "keys"), 3);
    cr_expect_eq(json_array_size(json_object_get(watch, "leaks")), 1);
    cr_expect_eq(json_whole(watch, "leaked_since_first_round"), 1);
    json_decref(round);
    SEND("CONFIG", "SET", "slowlog-log-slower-than", "0");
    round = read_until(&live, "slowlog", "commands", 1);
    json_decref(round);
    run = audited_stop(&live, SIGINT);
    run_release(&run);
}

/* Counters that begin anew are told, and make no rates. */
Test(audit_watch, watches_a_server_that_counts_anew)
{
    struct live_run live;
    struct run run;

    audited_fill("sess:", "", 50, "3600");
    live =
        START("audit", "-s", server.address.path, "--watch", "10ms", "--command", "SET");
    audited_wait_said(&live, " blocked; SET 0 a second\n");
    SEND("CONFIG", "RESETSTAT");
    audited_wait_said(&live, "; SET 0 a second, counted from 0 meanwhile\n");
    run = audited_stop(&live, SIGINT);
    run_release(&run);
}

Test(audit_watch, watches_without_what_is_refused)
{
    CLEANUP(mem_freep) char *pass = test_file(directory, "pass", "hush\n");
    struct live_run live;
    struct run run;

    audited_fill("sess:", "", 1, "3600");
    audited_add_user();
    SEND("ACL", "SETUSER", "auditor", "-slowlog", "-latency");
    live = START("audit", "-s", server.address.path, "--user", "auditor", "--pass-file",
                 pass, "--watch", "10ms", "--command", "SET");
    audited_wait_said(&live, "; SET 0 a second\n");
    SEND("SET", "sess:0", "1", "EX", "3600");
    audited_wait_said(&live, " a second, mean ");
    run = audited_stop(&live, SIGINT);
    EXPECT_SAYS(run.err, "--watch goes on without SLOWLOG GET: this user may not");
    EXPECT_SAYS(run.err, "--watch goes on without LATENCY HISTOGRAM: ");
    run_release(&run);
}
