/* audit: real servers that are not alone, or not well: replicas, nodes of a cluster,
 * those that load, end, or whose keys change all the time. */
#include "audited.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

TestSuite(audit_live, .init = audited_directory, .fini = audited_end);

#define PAUSE_US 1000

/* Asks until the reply says the text, and lets others have the CPU in between. */
static void wait_for(redisContext *whom, const char *const *words, const char *text)
{
    for (bool said = false; !said;) {
        redisReply *reply = audited_ask(whom, words);

        said = reply->str && strstr(reply->str, text);
        reply_free(reply);
        if (!said)
            usleep(PAUSE_US);
    }
}
#define WAIT_FOR(whom, text, ...)                                                        \
    wait_for(whom, (const char *const[]){ __VA_ARGS__, NULL }, text)

/* A program that starts the server with more arguments; the caller frees its name. */
static char *wrapper(const char *name, const char *arguments)
{
    CLEANUP(mem_freep) char *text = mem_printf("#!/bin/sh\nfor server in redis-server "
                                               "valkey-server; do\ncommand -v $server "
                                               ">/dev/null && exec $server \"$@\" %s\n"
                                               "done\nexit 1\n",
                                               arguments);
    char *path = test_file(directory, name, text);

    cr_assert_eq(chmod(path, 0700), 0);
    return path;
}

static struct server start_in(const char *name, const char *arguments)
{
    CLEANUP(mem_freep) char *own = mem_printf("%s/%s", directory, name);
    CLEANUP(mem_freep) char *file = mem_printf("%s.sh", name);
    CLEANUP(mem_freep) char *binary = wrapper(file, arguments);
    struct server_options options = { .binary = binary, .directory = own, .cpu = -1 };
    struct server ret;
    struct err err = ERR_NULL;

    cr_assert_eq(file_make_directory(own, &err), 0, "%s", err.msg);
    cr_assert_eq(server_start(&options, &ret, &err), 0, "%s", err.msg);
    cr_assert_eq(server_wait(&ret, &err), 0, "%s", err.msg);
    return ret;
}

/* What a replica has is what its primary has, and it lets itself be read. */
Test(audit_live, looks_at_a_replica)
{
    CLEANUP(mem_freep) char *port = mem_printf("%u", audited_hold_port());
    CLEANUP(mem_freep) char *at =
        mem_printf("--bind 127.0.0.1 --port %s --repl-diskless-sync-delay 0", port);
    struct server replica;
    redisContext *to_replica;
    struct run run;

    server = start_in("primary", at);
    connection = audited_connect(&server);
    SEND("SET", "k:1", "v", "EX", "3600");
    SEND("SET", "k:2", "v", "EX", "3600");
    SEND("SET", "k:3", "v");
    replica = start_in("replica", "--repl-diskless-load disabled");
    to_replica = audited_connect(&replica);
    SEND_TO(to_replica, "REPLICAOF", "127.0.0.1", port);
    WAIT_FOR(to_replica, "master_link_status:up", "INFO", "replication");
    run = RUN("audit", "-s", replica.address.path, "--format", "json", "--fail");
    cr_expect_eq(run.status, 1, "%d: %s", run.status, run.err);
    cr_assert_not_null(run.json, "%s", run.err);
    cr_expect_str_eq(json_string_value(json_object_get(run.json, "role")), "slave");
    cr_expect_eq(json_whole(run.json, "keys"), 3);
    cr_expect_eq(json_whole(run.json, "leaking_groups"), 1);
    run_release(&run);
    connection_close(to_replica);
    server_stop(&replica);
}

/* The others of the cluster are not asked, and none listens there. */
#define OTHER "00000000000000000000000000000000000000b2"

/* A node that has half of the slots; another one, whom nobody ever sees, has the rest. */
Test(audit_live, looks_at_a_primary_of_a_cluster)
{
    CLEANUP(mem_freep) char *nodes =
        test_file(directory, "nodes.conf",
                  "00000000000000000000000000000000000000a1 127.0.0.1:1@10001 "
                  "myself,master - 0 0 1 "
                  "connected 0-8191\n" OTHER
                  " 127.0.0.1:2@10002 master - 0 0 2 connected 8192-16383\n"
                  "vars currentEpoch 2 lastVoteEpoch 0\n");
    CLEANUP(mem_freep) char *arguments = mem_printf(
        "--bind 127.0.0.1 --port %u --cluster-enabled yes --cluster-config-file %s "
        "--cluster-node-timeout 100000000",
        audited_hold_port(), nodes);
    CLEANUP(mem_freep)
    char *rules = test_file(directory, "rules", "shop: members {b}set have {*\n");
    struct run run;
    json_t *set;

    server = start_in("node", arguments);
    connection = audited_connect(&server);
    WAIT_FOR(connection, "cluster_state:ok", "CLUSTER", "INFO");
    /* All in slot 3300. Those of the set "processes" and of "{a" are the other's. */
    SEND("SADD", "{b}set", "b}x", "a");
    SEND("SET", "{b}1", "v", "EX", "3600");
    SEND("SET", "{b}2", "v", "EX", "3600");
    SEND("SET", "{b}3", "v");
    run = AUDIT("--format", "json", "--rules", rules);
    cr_expect_eq(run.status, 0, "%d: %s", run.status, run.err);
    cr_assert_not_null(run.json, "%s", run.err);
    cr_expect(json_is_true(json_object_get(run.json, "cluster")));
    cr_expect_eq(json_whole(run.json, "keys"), 4);
    cr_expect_eq(json_whole(run.json, "leaking_groups"), 1);
    cr_expect_eq(json_array_size(json_object_get(run.json, "sets")), 1);
    set = json_array_get(json_object_get(run.json, "sets"), 0);
    cr_expect_eq(json_whole(set, "members"), 2);
    cr_expect_eq(json_whole(set, "without_key"), 1, "of the other it is not known");
    run_release(&run);
    run = AUDIT();
    EXPECT_SAYS(run.out, "This is one node of a cluster; the other primaries have the "
                         "other keys: 'redis-cli cluster nodes' lists them.");
    run_release(&run);
}

Test(audit_live, does_not_wait_for_a_server_to_load)
{
    CLEANUP(mem_freep) char *dump = mem_printf("%s/saved", directory);
    CLEANUP(mem_freep) char *into = mem_printf("--dir %s --dbfilename all.rdb", dump);
    CLEANUP(mem_freep)
    char *arguments = mem_printf("%s --key-load-delay 100000 "
                                 "--loading-process-events-interval-bytes 1024",
                                 into);
    CLEANUP(mem_freep) char *binary = wrapper("loads", arguments);
    struct server_options options = { .binary = binary,
                                      .directory = directory,
                                      .cpu = -1 };
    struct server loads;
    struct err err = ERR_NULL;
    struct run run;

    cr_assert_eq(file_make_directory(dump, &err), 0);
    server = start_in("saves", into);
    connection = audited_connect(&server);
    SEND("EVAL", "for i = 1, 10000 do redis.call('SET', 'key:' .. i, i) end", "0");
    SEND("SAVE");
    cr_assert_eq(server_start(&options, &loads, &err), 0, "%s", err.msg);
    while (access(loads.address.path, F_OK) < 0)
        if (waitpid(loads.pid, NULL, WNOHANG) == loads.pid) {
            loads.pid = 0;
            server_stop(&loads);
            cr_skip_test("this server cannot be told to load slowly");
        }
    do {
        run = RUN("audit", "-s", loads.address.path);
        if (strstr(run.err, "Connection refused"))
            run_release(&run);
    } while (!run.err);
    cr_expect_eq(run.status, 4, "%d: %s", run.status, run.err);
    EXPECT_SAYS(run.err, "it is loading its data; try again when it has done so");
    run_release(&run);
    cr_assert_eq(kill(loads.pid, SIGKILL), 0);
    server_stop(&loads);
}

Test(audit_live, says_that_the_server_has_gone_away)
{
    struct live_run live;
    struct run run;

    audited_start();
    audited_fill("key:", "", 300, "3600");
    live = START("audit", "-s", server.address.path, "--count", "10", "-i", "20ms");
    WAIT_FOR(connection, "cmdstat_scan:calls=", "INFO", "commandstats");
    cr_assert_eq(kill(server.pid, SIGKILL), 0);
    run = run_finish(&live);
    cr_expect_eq(run.status, 4, "%d: %s", run.status, run.err);
    EXPECT_SAYS(run.err, "the server has gone away");
    run_release(&run);
}

/* Keys come, go, expire, and become of other types, all the time. */
Test(audit_live, minds_no_change)
{
    struct live_run live;
    struct run run;

    audited_start();
    audited_fill("key:", "", 300, "3600");
    live = START("audit", "-s", server.address.path, "--count", "10", "-i", "1ms",
                 "--type", "string", "--format", "json");
    WAIT_FOR(connection, "cmdstat_scan:calls=", "INFO", "commandstats");
    for (size_t i = 0; run_let(&live, 1); i++) {
        CLEANUP(mem_freep) char *key = mem_printf("key:%zu", i * 7 % 300);

        SEND("DEL", key);
        switch (i % 3) {
        case 0:
            SEND("RPUSH", key, "1");
            break;
        case 1:
            SEND("SET", key, "v", "PX", "1");
            break;
        default:
            break;
        }
    }
    run = run_finish(&live);
    cr_expect_eq(run.status, 0, "%d: %s", run.status, run.err);
    cr_assert_not_null(run.json, "%s", run.err);
    cr_expect_leq(json_whole(run.json, "keys"), 330);
    cr_expect_eq(json_whole(run.json, "leaking_groups"), 0);
    run_release(&run);
}

/* Every command that is sent of a key takes one with any bytes, as long as it may be. */
Test(audit_live, takes_very_long_names)
{
    static const char *const fillers[] = {
        "redis.call('SET', string.rep('\\0\\255\\r\\n', 250000), 'v')",
        "redis.call('SADD', 'open', string.rep('m\\n', 100000))",
        "for i = 1, 40 do redis.call('SETEX', string.rep('a', 1000) .. ':' .. i, 60, "
        "'v') "
        "end",
    };
    CLEANUP(mem_freep) char *rules =
        test_file(directory, "rules", "shop: members open have cart:*\n");
    struct run run;

    audited_start();
    for (size_t i = 0; i < ARRAY_SIZE(fillers); i++)
        SEND("EVAL", fillers[i], "0");
    run = AUDIT("--format", "json", "--rules", rules);
    cr_expect_eq(run.status, 0, "%d: %s", run.status, run.err);
    cr_assert_not_null(run.json, "%s", run.err);
    cr_expect_eq(json_whole(run.json, "keys"), 42);
    run_release(&run);
}

Test(audit_live, tells_a_wrong_password)
{
    CLEANUP(mem_freep) char *pass = test_file(directory, "pass", "wrong\n");
    struct run run;

    audited_start();
    SEND("CONFIG", "SET", "requirepass", "right");
    run = AUDIT("--pass-file", pass);
    cr_expect_eq(run.status, 4);
    EXPECT_SAYS(run.err, "AUTH: the name of the user or the password is wrong");
    run_release(&run);
    run = AUDIT();
    cr_expect_eq(run.status, 4);
    EXPECT_SAYS(run.err, "INFO: it wants a password: put it into REDIS_URL");
    run_release(&run);
}
