/* audit: a live server, looked at as an operator would, by commands that only read. */
#include "audited.h"

#include <ctype.h>
#include <signal.h>
#include <stdlib.h>

#include "base/file.h"

TestSuite(audit, .init = audited_begin, .fini = audited_end);

static json_t *group_at(const struct run *run, const char *pattern)
{
    json_t *group;
    size_t i;

    json_array_foreach (json_object_get(run->json, "groups"), i, group)
        if (strcmp(json_string_value(json_object_get(group, "pattern")), pattern) == 0)
            return group;
    cr_assert_fail("no group %s in:\n%s", pattern, run->out);
    return NULL;
}

Test(audit, finds_what_leaks_and_nothing_else)
{
    CLEANUP(mem_freep) char *pass = test_file(directory, "pass", "hush\n");
    struct run run, text;
    json_t *leak;

    audited_fill("user:", ":sess", 40, "3600");
    audited_fill("lock:", "", 30, "60");
    audited_fill("user:", ":name", 40, NULL);
    SEND("SET", "user:17:sess", "some text");
    audited_add_user();
    SEND("SELECT", "3");
    audited_fill("cart:", "", 5, "60");
    SEND("HSET", "cart:77", "item", "1");
    run = AUDIT("--user", "auditor", "--pass-file", pass, "--format", "json", "--fail");
    cr_assert_eq(run.status, 1, "%d: %s", run.status, run.err);
    cr_assert_not_null(run.json);
    cr_expect_eq(json_whole(run.json, "keys"), 116);
    cr_expect_eq(json_whole(run.json, "leaking_groups"), 2);
    leak = group_at(&run, "user:{num}:sess");
    cr_expect(json_is_true(json_object_get(leak, "leaks")));
    cr_expect_eq(json_whole(leak, "keys"), 40);
    cr_expect_eq(json_whole(leak, "without_expiry"), 1);
    cr_expect_eq(json_whole(leak, "sample"), 40);
    leak = json_array_get(json_object_get(leak, "suspects"), 0);
    cr_expect_str_eq(json_string_value(json_object_get(leak, "key")), "user:17:sess");
    cr_expect_gt(json_whole(leak, "bytes"), 0);
    cr_expect_geq(json_whole(leak, "idle_s"), 0);
    leak = group_at(&run, "cart:{num}");
    cr_expect(json_is_true(json_object_get(leak, "leaks")));
    cr_expect_eq(json_whole(leak, "db"), 3);
    cr_expect_not(json_is_true(json_object_get(group_at(&run, "lock:{num}"), "leaks")));
    cr_expect_not(
        json_is_true(json_object_get(group_at(&run, "user:{num}:name"), "leaks")));
    text = AUDIT("-n", "0");
    cr_expect_eq(text.status, 0);
    EXPECT_SAYS(text.out, "user:{num}:sess, db 0: 1 of 40 keys never expire;");
    EXPECT_SAYS(text.out, "user:17:sess string,");
    EXPECT_SAYS(text.out, "1 group leaks: 1 key never expires, and should.");
    EXPECT_SILENT(text.err);
    run_release(&text);
    text = AUDIT("--format", "prometheus", "--top", "1");
    EXPECT_SAYS(text.out, "afterkill_audit_keys 116");
    EXPECT_SAYS(text.out, "# TYPE afterkill_audit_leaking_groups gauge "
                          "afterkill_audit_leaking_groups 2");
    EXPECT_SAYS(text.out, "afterkill_audit_group_keys_without_expiry{db=\"0\","
                          "pattern=\"user:{num}:sess\"} 1");
    EXPECT_SAYS(text.out, "db=\"3\",pattern=\"cart:{num}\"} 6");
    EXPECT_SAYS(text.out, "group_leaks{db=\"3\",pattern=\"cart:{num}\"} 1");
    cr_expect_null(strstr(text.out, "lock:{num}"));
    run_release(&text);
    text = AUDIT("--format", "markdown");
    EXPECT_SAYS(text.out, "| 0 | `user:{num}:sess` | yes | 40 | 1 |");
    EXPECT_SAYS(text.out, "1 of 1: user:17:sess. The group's keys: SCAN 0 MATCH");
    EXPECT_SAYS(text.out, "2 groups leak: 2 keys never expire, and should.");
    cr_expect_null(strstr(text.out, "taken to be meant so"));
    run_release(&run);
    run_release(&text);
}

Test(audit, sees_any_keys)
{
    struct run run;

    SEND("SET", "", "1");
    SEND("SET", "a b\n\xff", "1");
    SEND("XADD", "stream", "*", "f", "v");
    SEND("ZADD", "zset", "1", "m");
    SEND("SADD", "set", "m");
    SEND("RPUSH", "list", "m");
    SEND("HSET", "hash", "f", "v");
    run = AUDIT("--format", "json", "--count", "1");
    cr_expect_eq(run.status, 0, "%s", run.err);
    cr_assert_not_null(run.json, "%s", run.out);
    cr_expect_eq(json_whole(run.json, "keys"), 7);
    cr_expect_eq(json_count(group_at(&run, "zset"), "types", "zset"), 1);
    run_release(&run);
    run = AUDIT("--type", "hash", "--pattern", "h*");
    EXPECT_SAYS(run.out, "1 key looked at");
    run_release(&run);
}

/* Each key is seen, in parts and slowly as at once. */
Test(audit, goes_on_where_it_ended)
{
    long long seen = 0, cursor = 0;

    audited_fill("k:", "", 300, NULL);
    do {
        CLEANUP(mem_freep) char *from = mem_printf("%lld", cursor);
        struct run run = cursor ? AUDIT("--format", "json", "--count", "10", "--limit",
                                        "50", "-i", "1us", "-n", "0", "--cursor", from)
                                : AUDIT("--format", "json", "--count", "10", "--limit",
                                        "50", "--max-latency", "1us");

        cr_assert_not_null(run.json, "%s", run.err);
        seen += json_whole(run.json, "keys");
        cursor = json_is_object(json_object_get(run.json, "rest"))
                     ? json_count(run.json, "rest", "cursor")
                     : 0;
        run_release(&run);
    } while (cursor);
    cr_expect_geq(seen, 300);
    cr_expect_lt(seen, 330, "SCAN may show a key twice, but not each");
}

Test(audit, keeps_the_limit_over_databases)
{
    struct run run;

    audited_fill("k:", "", 3, NULL);
    SEND("SELECT", "3");
    audited_fill("k:", "", 3, NULL);
    run = AUDIT("--limit", "2");
    EXPECT_SAYS(run.out, "3 keys looked at");
    EXPECT_SAYS(run.out, "Ended at --limit; to go on: --db 3 --cursor 0");
    run_release(&run);
    run = AUDIT("--db", "3", "--cursor", "0", "--limit", "2");
    EXPECT_SAYS(run.out, "3 keys looked at");
    cr_expect_null(strstr(run.out, "to go on"));
    run_release(&run);
}

Test(audit, says_why_it_cannot)
{
    struct run run;

    audited_add_user();
    SEND("ACL", "SETUSER", "auditor", "-pttl");
    setenv("REDIS_URL", "redis://me:hushhush@127.0.0.1:1", 1);
    run = RUN("audit");
    cr_expect_eq(run.status, 4);
    EXPECT_SAYS(run.err, "connect to Redis at 127.0.0.1:1: Connection refused");
    cr_expect_null(strstr(run.err, "hushhush"));
    run_release(&run);
    setenv("REDISCLI_AUTH", "hush", 1);
    audited_fill("k:", "", 2, NULL);
    run = AUDIT("--user", "auditor");
    cr_expect_eq(run.status, 4);
    EXPECT_SAYS(run.err, "PTTL: this user may not do what an audit needs");
    run_release(&run);
    run = RUN("audit", "--redis", "redis://:hushhush@h");
    cr_expect_eq(run.status, 2);
    EXPECT_SAYS(run.err, "there is a password in the URL");
    cr_expect_null(strstr(run.err, "hushhush"));
    run_release(&run);
    run = RUN("audit", "--redis", "http://h");
    cr_expect_eq(run.status, 2);
    EXPECT_SAYS(run.err, "redis[s]://HOST[:PORT][/DB] or unix:///PATH; "
                         "[USER[:PASSWORD]@] may be before HOST");
    run_release(&run);
    unsetenv("REDISCLI_AUTH");
    run = AUDIT("--user", "auditor");
    cr_expect_eq(run.status, 4);
    EXPECT_SAYS(run.err, "AUTH: it does not let in this user without a password");
    run_release(&run);
    SEND("ACL", "SETUSER", "guest", "on", "nopass", "~*", "+info");
    run = AUDIT("--user", "guest");
    cr_expect_eq(run.status, 4);
    EXPECT_SAYS(run.err, "TYPE: this user may not do what an audit needs");
    run_release(&run);
    SEND("CONFIG", "SET", "requirepass", "other");
    run = AUDIT();
    cr_expect_eq(run.status, 4);
    EXPECT_SAYS(run.err, "INFO: it wants a password");
    run_release(&run);
}

/* What may be a password stands nowhere else than where the user has put it. */
Test(audit, repeats_no_password)
{
    static const char *const words[] = {
        "redis://me:hushhush@127.0.0.1:1",
        "hushhush",
        "--password=hushhush",
        "--p=hushhush",
    };

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        struct run run = RUN("audit", words[i]);

        cr_expect_eq(run.status, 2, "%s: %d", words[i], run.status);
        cr_expect(*run.err);
        cr_expect_null(strstr(run.err, "hushhush"), "%s", run.err);
        run_release(&run);
    }
}

/* Also where a message has no room for the end of the URL, by which one knows that there
 * is a password in it; and where the password stands in the place of its file. */
Test(audit, repeats_no_long_password)
{
    static const char *const options[] = { "--host",  "--socket",    "--redis",
                                           "--count", "--pass-file", "--rules",
                                           "--since", "--format" };
    CLEANUP(mem_freep) char *zeros = mem_printf("hushhush%01100d", 0);
    CLEANUP(mem_freep) char *url = mem_printf("redis://me:%s@127.0.0.1:1", zeros);
    struct run run;

    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        run = RUN("audit", options[i], url);
        cr_expect(run.status == 2 || run.status == 4, "%s: %d", options[i], run.status);
        cr_expect(*run.err);
        cr_expect_null(strstr(run.err, "hush"), "%s: %s", options[i], run.err);
        run_release(&run);
    }
    run = RUN("audit", "--pass", "hushhush");
    cr_expect_eq(run.status, 4);
    EXPECT_SAYS(run.err, "--pass-file, whose first line is the password: No such file");
    cr_expect_null(strstr(run.err, "hushhush"), "%s", run.err);
    run_release(&run);
}

/* A suite between two audits. */
Test(audit, tells_what_is_new)
{
    CLEANUP(mem_freep) char *file = mem_printf("%s/keys", directory);
    CLEANUP(mem_freep) char *other = test_file(directory, "other", "nothing\n");
    struct run run;

    audited_fill("kept:", "", 3, NULL);
    SEND("SET", "lock", "1", "EX", "60");
    run = AUDIT("--before", file);
    cr_expect_eq(run.status, 0, "%s", run.err);
    run_release(&run);
    audited_fill("cache:", "", 3, "60");
    run = AUDIT("--since", file, "--after-time");
    cr_expect_eq(run.status, 0, "%s", run.err);
    EXPECT_SAYS(run.out, "No key is new that outlives every expiry.");
    run_release(&run);
    SEND("SET", "a b\n", "1");
    SEND("PERSIST", "lock");
    run = AUDIT("--since", file, "--after-time");
    cr_expect_eq(run.status, 1, "%s", run.err);
    EXPECT_SAYS(run.out, "2 keys outlive every expiry, and did not before:");
    EXPECT_SAYS(run.out, "db 0: \"a b\\n\"");
    EXPECT_SAYS(run.out, "db 0: lock");
    run_release(&run);
    run = AUDIT("--since", file, "--format", "json");
    cr_expect_eq(run.status, 1, "%s", run.err);
    cr_expect_eq(
        json_array_size(json_object_get(json_object_get(run.json, "since"), "keys")), 4);
    run_release(&run);
    run = AUDIT("--since", other);
    cr_expect_eq(run.status, 2);
    EXPECT_SAYS(run.err, "was not written by audit --before");
    run_release(&run);
}

/* All keys of a group never expire, but they are known, or a file says that they must. */
Test(audit, knows_what_must_expire)
{
    CLEANUP(mem_freep)
    char *rules = test_file(directory, "rules", "# ours\nthe shop: expires cart:* 60\n");
    CLEANUP(mem_freep) char *wrong = test_file(directory, "wrong", "\ncart:* 60\n");
    static const char zero[] = "# ours\na: expires b:* 6\0000\nc: no rule\n";
    struct err err = ERR_NULL;
    struct run run;

    SEND("HSET", "app-1:4242:9f8e7d6c5b4a:work", "b91c", "{}");
    audited_fill("cart:", "", 3, "600");
    run = AUDIT("--rules", rules);
    EXPECT_SAYS(run.out, "1 of 1 keys never expire. These are keys of Sidekiq, and must "
                         "expire within 60 s.");
    EXPECT_SAYS(run.out, "These are keys of the shop, and must expire within 60 s: one "
                         "does so too late.");
    EXPECT_SAYS(run.out, "2 groups leak: 1 key never expires, and should; keys of 1 "
                         "expire later than they must.");
    run_release(&run);
    SEND("EXPIRE", "app-1:4242:9f8e7d6c5b4a:work", "60");
    run = AUDIT("--fail");
    cr_expect_eq(run.status, 0);
    EXPECT_SAYS(run.out, "No leak found");
    run_release(&run);
    run = AUDIT("--rules", wrong);
    cr_expect_eq(run.status, 2);
    EXPECT_SAYS(run.err, "wrong:2: expected SYSTEM: expires GLOB [SECONDS]");
    run_release(&run);
    cr_assert_eq(file_write(wrong, zero, sizeof(zero) - 1, &err), 0, "%s", err.msg);
    run = AUDIT("--rules", wrong);
    cr_expect_eq(run.status, 2);
    EXPECT_SAYS(run.err, "wrong:2: there is a zero byte in the file");
    run_release(&run);
}

/* Names that are too long are not kept, so nobody can look at them again. */
Test(audit, is_not_sure_of_very_long_names)
{
    CLEANUP(mem_freep) char *rules =
        test_file(directory, "rules", "\x1b[2J: expires s:*\n");
    CLEANUP(mem_freep) char *key = mem_printf("s: %0600d", 1);
    struct run run;

    SEND("SET", key, "1");
    run = AUDIT("--rules", rules, "--fail");
    cr_expect_eq(run.status, 3, "%d: %s", run.status, run.err);
    EXPECT_SAYS(run.out, "These are keys of \\x1b[2J, and must expire. Their names are "
                         "too long to be looked at again. the group's keys: SCAN 0 "
                         "MATCH s:*");
    EXPECT_SAYS(run.out,
                "1 group may leak: of keys without an expiry not all could be looked");
    run_release(&run);
}

/* As redis-cli takes them, and a terminal may have them. */
Test(audit, quotes_globs)
{
    struct run run;

    audited_fill("a b\xe2\x80\xae:", "", 20, "60");
    audited_fill("a b\xe2\x80\xae:", "", 8, NULL);
    run = AUDIT();
    EXPECT_SAYS(run.out, "and 3 more; the group's keys: SCAN 0 MATCH \"a "
                         "b\\xe2\\x80\\xae:*\"");
    cr_expect_null(strstr(run.out, "\xe2\x80\xae"));
    run_release(&run);
    run = AUDIT("--format", "tap");
    EXPECT_SAYS(run.out, "db 0, a b\\\\xe2");
    cr_expect_null(strstr(run.out, "\xe2\x80\xae"));
    run_release(&run);
}

Test(audit, says_that_it_has_seen_nothing)
{
    static const char *const none[][3] = { { "--type", "stream" }, { "--db", "3" } };
    CLEANUP(reply_freep) redisReply *reply = NULL;
    struct run run;

    SEND("SET", "a", "1");
    for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
        run = AUDIT(none[i][0], none[i][1], "--fail");
        cr_expect_eq(run.status, 5, "%s: %d", none[i][0], run.status);
        EXPECT_SAYS(run.out, "No keys were looked at, so nothing is known of leaks.");
        run_release(&run);
    }
    run = AUDIT("--db", "99");
    cr_expect_eq(run.status, 4);
    EXPECT_SAYS(run.err, "SELECT: it has no such database");
    run_release(&run);
    /* Valkey knows which types there are, since 8; others find no keys. */
    reply = redisCommand(connection, "SCAN 0 TYPE foo");
    run = AUDIT("--type", "foo", "--fail");
    if (reply->type == REDIS_REPLY_ERROR) {
        cr_expect_eq(run.status, 4);
        EXPECT_SAYS(run.err, "SCAN: it has no such type of keys");
    } else {
        cr_expect_eq(run.status, 5);
        EXPECT_SAYS(run.out, "No keys were looked at, so nothing is known of leaks.");
    }
    run_release(&run);
}

static json_t *set_at(const struct run *run, size_t i)
{
    json_t *set = json_array_get(json_object_get(run->json, "sets"), i);

    cr_assert_not_null(set, "%s%s", run->out, run->err);
    return set;
}

/* Processes of Sidekiq without their hashes, by the commands that docs/audit.md names. */
Test(audit, knows_which_members_need_keys)
{
    CLEANUP(mem_freep) char *pass = test_file(directory, "pass", "hush\n");
    CLEANUP(mem_freep)
    char *rules = test_file(directory, "rules", "shop: members open have cart:*:items\n");
    struct run run;

    audited_add_user();
    SEND("SADD", "processes", "app-1:1:9f8e7d6c5b4a", "app-1:2:9f8e7d6c5b4b",
         "another's");
    SEND("HSET", "app-1:1:9f8e7d6c5b4a", "info", "{}");
    SEND("EXPIRE", "app-1:1:9f8e7d6c5b4a", "60");
    SEND("ZADD", "open", "1", "x", "2", "y", "3", "z");
    SEND("HSET", "cart:y:items", "book", "1");
    SEND("SET", "resque:workers", "no set");
    run = AUDIT("--user", "auditor", "--pass-file", pass, "--rules", rules, "--format",
                "json", "--count", "1", "--fail");
    cr_assert_eq(run.status, 1, "%d: %s", run.status, run.err);
    cr_expect_eq(json_whole(run.json, "leaking_sets"), 2);
    cr_expect_eq(json_array_size(json_object_get(run.json, "sets")), 2);
    cr_expect_eq(json_whole(set_at(&run, 0), "members"), 2);
    cr_expect_eq(json_whole(set_at(&run, 0), "without_key"), 1);
    cr_expect_str_eq(json_string_value(
                         json_array_get(json_object_get(set_at(&run, 0), "suspects"), 0)),
                     "app-1:2:9f8e7d6c5b4b");
    cr_expect_eq(json_whole(set_at(&run, 1), "members"), 3);
    cr_expect_eq(json_array_size(json_object_get(set_at(&run, 1), "suspects")), 2);
    run_release(&run);
    run = AUDIT();
    EXPECT_SAYS(run.out,
                "processes, db 0: 1 of 2 members have no key of their name, which "
                "those of Sidekiq must have. Still so when looked at again, 1 of "
                "1: app-1:2:9f8e7d6c5b4b");
    EXPECT_SAYS(run.out, "1 set has members whose keys are gone.");
    run_release(&run);
    run = AUDIT("--pattern", "c*", "--fail");
    cr_expect_eq(run.status, 0, "who asks for some keys has not asked for sets");
    run_release(&run);
}

Test(audit, writes_its_report_into_a_file)
{
    static const char *const wrong[][4] = {
        { "--watch", "1s", "--format", "csv" },
        { "--watch", "1s", "--command", " *:work" },
        { "--watch", "1s", "--fail", "--color=never" },
        { "--command", "HSET", "--top", "1" },
    };
    CLEANUP(mem_freep) char *report = mem_printf("%s/audit.json", directory),
                            *text = NULL;
    struct run run;

    audited_fill("k:", "", 3, NULL);
    run = AUDIT("--format", "json", "-o", report);
    cr_expect_eq(run.status, 0, "%s", run.err);
    EXPECT_SAYS(run.out, "3 keys looked at");
    text = file_text(report);
    EXPECT_SAYS(text, "\"pattern\": \"k:{num}\"");
    run_release(&run);
    run = AUDIT("-o", "/dev/null/none");
    cr_expect_eq(run.status, 4);
    EXPECT_SAYS(run.err, "--output: ");
    EXPECT_SAYS(run.out, "3 keys looked at"); /* it has taken its time */
    run_release(&run);
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        run = AUDIT(wrong[i][0], wrong[i][1], wrong[i][2], wrong[i][3]);
        cr_expect_eq(run.status, 2, "%zu: %d", i, run.status);
        run_release(&run);
    }
}

/* The first of what a suspect has, in compact JSON; the caller frees it. */
static char *first_of(const struct run *run, const char *pattern, const char *key)
{
    json_t *suspect;
    size_t i;

    json_array_foreach (json_object_get(group_at(run, pattern), "suspects"), i, suspect)
        if (strcmp(json_string_value(json_object_get(suspect, "key")), key) == 0)
            return json_dumps(json_object_get(suspect, "first"), JSON_COMPACT);
    cr_assert_fail("no suspect %s in:\n%s", key, run->out);
    return NULL;
}

/* Any bytes of any type, by a user who may do what docs/audit.md names. */
Test(audit, reads_the_first_of_suspects)
{
    static const struct {
        const char *key, *first;
    } cases[] = {
        { "k:1", "[[\"\\\"a \\\\xff\\\\n\\\"\"]]" },
        { "k:2", "[[\"1\"],[\"\\\"\\\"\"]]" },
        { "k:3", "[[\"m\"]]" },
        { "k:4", "[[\"a\",\"1.5\"],[\"b\",\"2\"]]" },
        { "k:5", "[[\"f\",\"\\\"<b>\\\\x00\\\"\"]]" },
        { "k:6", "[[\"1-0\",\"f\",\"v\"],[\"2-0\",\"f\",\"w\"]]" },
        { "k:7", "[[\"" /* 64 of 0 */
                 "0000000000000000000000000000000000000000000000000000000000000000"
                 "...\"]]" },
    };
    CLEANUP(mem_freep) char *pass = test_file(directory, "pass", "hush\n");
    CLEANUP(mem_freep) char *rules = test_file(directory, "rules", "shop: expires k:*\n");
    static const char *const formats[] = { "text", "markdown", "html", "tap", "github" };
    struct run run;

    SEND("SET", "k:1", "a \xff\n");
    SEND("RPUSH", "k:2", "1", "", "3");
    SEND("SADD", "k:3", "m");
    SEND("ZADD", "k:4", "1.5", "a", "2", "b", "3", "c");
    SEND("EVAL", "redis.call('HSET', 'k:5', 'f', '<b>\\0')", "0");
    SEND("XADD", "k:6", "1-0", "f", "v");
    SEND("XADD", "k:6", "2-0", "f", "w");
    SEND("XADD", "k:6", "3-0", "f", "x");
    SEND("EVAL", "redis.call('RPUSH', 'k:7', string.rep('0', 100000))", "0");
    SEND("EVAL", "redis.call('RPUSH', 'k:8', string.rep('0', 17000000))", "0");
    audited_add_user();
    run = AUDIT("--user", "auditor", "--pass-file", pass, "--rules", rules, "--fields",
                "2", "--format", "json");
    cr_assert_eq(run.status, 0, "%d: %s", run.status, run.err);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(mem_freep) char *first = first_of(&run, "k:*", cases[i].key);

        cr_expect_str_eq(first, cases[i].first, "%s: %s", cases[i].key, first);
    }
    cr_expect_null(first_of(&run, "k:*", "k:8"), "it is very large");
    run_release(&run);
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
        run = AUDIT("--rules", rules, "--fields", "2", "--format", formats[i]);
        if (strcmp(formats[i], "html") == 0 || strcmp(formats[i], "markdown") == 0)
            cr_expect_null(strstr(run.out, "<b>"), "%s: %s", formats[i], run.out);
        cr_expect_null(strchr(run.out, '\xff'), "%s", formats[i]);
        run_release(&run);
    }
    run = AUDIT("--rules", rules, "--fields", "1", "--pattern", "k:5");
    EXPECT_SAYS(run.out, "hash, ");
    EXPECT_SAYS(run.out, " f \"<b>\\x00\"");
    run_release(&run);
    run = AUDIT("--fields", "1", "--watch", "1s");
    cr_expect_eq(run.status, 2);
    EXPECT_SAYS(run.err, "--fields resets the idle time of what it reads");
    run_release(&run);
}

/* Keys of a rule that a setting may switch off, or that others may be called like. */
Test(audit, minds_rules_of_some_where_others_expire)
{
    CLEANUP(mem_freep) char *rules =
        test_file(directory, "rules", "shop: expires s:* 60 if others do\n");
    struct run run;

    audited_fill("celery-task-meta-", "", 3, NULL);
    audited_fill("s:", "", 3, NULL);
    run = AUDIT("--rules", rules, "--fail");
    cr_expect_eq(run.status, 0, "%s", run.out);
    EXPECT_SAYS(run.out, "Of 2 groups no key expires, which is taken to be meant so");
    run_release(&run);
    run = AUDIT("--format", "tap");
    EXPECT_SAYS(run.out, "SKIP no key of it expires, which is taken to be meant so");
    run_release(&run);
    SEND("EXPIRE", "celery-task-meta-0", "86400");
    SEND("EXPIRE", "s:0", "60");
    run = AUDIT("--rules", rules, "--fail");
    cr_expect_eq(run.status, 1, "%s", run.out);
    EXPECT_SAYS(run.out, "celery-task-meta-*, db 0: 2 of 3 keys never expire; the others "
                         "have at most 24 h left. These are keys of Celery, and should "
                         "expire.");
    EXPECT_SAYS(run.out, "These are keys of shop, and should expire within 60 s.");
    run_release(&run);
}

/* Fields of a hash that must be in a sorted set, and a set that is not there at all; by
 * the commands that docs/audit.md names. */
Test(audit, knows_which_members_must_be_elsewhere)
{
    CLEANUP(mem_freep) char *pass = test_file(directory, "pass", "hush\n");
    CLEANUP(mem_freep) char *rules =
        test_file(directory, "rules", "shop: members open in carts if [0-9]*\n");
    struct run run;

    audited_add_user();
    SEND("HSET", "unacked", "tag-1", "[]", "tag-2", "[]");
    SEND("ZADD", "unacked_index", "1", "tag-1", "2", "tag-2");
    run = AUDIT("--fail");
    cr_expect_eq(run.status, 0, "%s", run.out);
    run_release(&run);
    SEND("ZREM", "unacked_index", "tag-2");
    SEND("SADD", "open", "1", "2", "x");
    run = AUDIT("--user", "auditor", "--pass-file", pass, "--rules", rules, "--format",
                "json", "--fail");
    cr_assert_eq(run.status, 1, "%d: %s", run.status, run.err);
    cr_expect_eq(json_whole(run.json, "leaking_sets"), 2);
    cr_expect_eq(json_whole(set_at(&run, 0), "members"), 2);
    cr_expect_eq(json_whole(set_at(&run, 0), "without_key"), 1);
    cr_expect_str_eq(json_string_value(json_object_get(set_at(&run, 0), "in")),
                     "unacked_index");
    cr_expect(json_is_null(json_object_get(set_at(&run, 0), "needs")));
    cr_expect_eq(json_whole(set_at(&run, 1), "members"), 2);
    cr_expect_eq(json_whole(set_at(&run, 1), "without_key"), 2);
    run_release(&run);
    run = AUDIT();
    EXPECT_SAYS(run.out, "unacked, db 0: 1 of 2 members are not in unacked_index, where "
                         "those of Celery must be. Still so when looked at again, 1 "
                         "of 1: tag-2");
    EXPECT_SAYS(run.out, "1 set has members without what they need.");
    run_release(&run);
}

static void run_script(const char *script)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    struct err err = ERR_NULL;

    cr_assert_eq(CONNECTION_COMMAND(connection, &reply, &err, "EVAL", script, "0"), 0,
                 "%s", err.msg);
}

/* Keys of two queues, in sets of all kinds, by the commands that docs/audit.md names. */
Test(audit, knows_where_keys_must_be)
{
    CLEANUP(mem_freep) char *pass = test_file(directory, "pass", "hush\n");
    CLEANUP(mem_freep)
    char *rules =
        test_file(directory, "rules",
                  "shop: keys q:*:* in one of q:*:wait q:*:busy q:*:done q:*:failed "
                  "have kept:*:* if [0-9]*\n"
                  "shop: members q:*:wait have q:*:*\n");
    struct run run;

    audited_add_user();
    run_script("for i = 1, 3000 do redis.call('HSET', 'q:a:' .. i, 'f', 'v') "
               "redis.call(i % 2 == 0 and 'RPUSH' or 'LPUSH', 'q:a:wait', i) end "
               "for i = 1, 4 do redis.call('SET', 'q:b:' .. i, 'v') end "
               "redis.call('SADD', 'q:b:busy', 1) redis.call('ZADD', 'q:b:done', 1, 2) "
               "redis.call('HSET', 'q:b:failed', 3, 1) redis.call('SET', 'kept:b:4', 1)");
    run = AUDIT("--user", "auditor", "--pass-file", pass, "--rules", rules, "--count",
                "10", "--fail");
    cr_expect_eq(run.status, 0, "%s%s", run.out, run.err);
    run_release(&run);
    SEND("LREM", "q:a:wait", "1", "77");
    SEND("SADD", "q:a:busy", "78");
    SEND("SET", "q:b:5", "v", "EX", "60"); /* it goes by itself */
    SEND("SREM", "q:b:busy", "1");
    SEND("DEL", "q:a:79");
    run = AUDIT("--user", "auditor", "--pass-file", pass, "--rules", rules, "--count",
                "100");
    EXPECT_SAYS(
        run.out,
        "q:a:*, db 0: 1 of 2999 keys are in none of q:*:wait, q:*:busy, q:*:done, "
        "q:*:failed, and have no key kept:*:*, where those of shop must be; 1 is there "
        "more than once. Still so when looked at again, 2 of 2: q:a:");
    EXPECT_SAYS(run.out, " q:a:77 ");
    EXPECT_SAYS(run.out, " q:a:78 ");
    EXPECT_SAYS(run.out, "q:b:*, db 0: 1 of 4 keys are in none of ");
    EXPECT_SAYS(run.out, "looked at again, 1 of 1: q:b:1 ");
    EXPECT_SAYS(run.out,
                "q:a:wait, db 0: 1 of 2999 members have no key q:*:*, which those of "
                "shop must have. Still so when looked at again, 1 of 1: 79 ");
    run_release(&run);
    run = AUDIT("--rules", rules, "--limit", "5", "--fail");
    cr_expect_eq(run.status, 0, "who has not seen all keys has not seen all places");
    run_release(&run);
}

/* Of a list that is too long to be read nothing is known. */
Test(audit, does_not_judge_by_a_part_of_a_list)
{
    CLEANUP(mem_freep)
    char *rules = test_file(directory, "rules", "shop: keys job:* in waiting\n");
    CLEANUP(mem_freep) char *keys = mem_printf("%s/keys", directory);
    struct run run;

    SEND("SET", "job:1", "v");
    run_script("for i = 2, 100000 do redis.call('RPUSH', 'waiting', i) end");
    run = AUDIT("--rules", rules, "--fail", "--count", "10000");
    cr_expect_eq(run.status, 1, "%s", run.out);
    run_release(&run);
    SEND("RPUSH", "waiting", "a", "1");
    run = AUDIT("--rules", rules, "--format", "json", "--count", "10000");
    cr_expect_eq(json_whole(run.json, "leaking_sets"), 0, "%s", run.out);
    cr_expect(json_is_false(json_object_get(set_at(&run, 0), "complete")));
    cr_expect_eq(json_whole(set_at(&run, 0), "unseen"), 1);
    cr_expect_str_eq(json_string_value(json_object_get(run.json, "verdict")),
                     "inconclusive");
    run_release(&run);
    run = AUDIT("--before", keys);
    run_release(&run);
    run = AUDIT("--rules", rules, "--format", "json", "--since", keys);
    cr_expect_eq(run.status, 0, "only keys are compared: %s", run.out);
    cr_expect_eq(json_array_size(json_object_get(run.json, "sets")), 0);
    run_release(&run);
    run = AUDIT("--rules", rules, "--format", "tap");
    EXPECT_SAYS(run.out, "places of job:* # SKIP not all of them could be looked at");
    EXPECT_SAYS(run.out, "Of 1 key or member that must be somewhere nothing is known");
    run_release(&run);
    run = AUDIT("--rules", rules);
    EXPECT_SAYS(run.out,
                "Of 1 key or member that must be somewhere nothing is known: there are "
                "too many, or a list or a name is too long.");
    run_release(&run);
}

/* Nor of a member so far behind in a list that the server does not look for it. */
Test(audit, does_not_judge_whom_lists_have_far_behind)
{
    CLEANUP(mem_freep)
    char *rules = test_file(directory, "rules", "shop: members waiting have job:*\n");
    struct run run;

    run_script("for i = 1, 100000 do redis.call('RPUSH', 'waiting', 1) end "
               "redis.call('SET', 'job:1', 'v') redis.call('RPUSH', 'waiting', 'last')");
    run = AUDIT("--rules", rules, "--count", "10000", "--fail");
    cr_expect_eq(run.status, 3, "%s", run.out);
    EXPECT_SAYS(run.out,
                "1 of 100001 members have no key job:*, which those of shop must "
                "have. Of 1 it is not known whether they still are.");
    run_release(&run);
    SEND("LPUSH", "waiting", "first");
    run = AUDIT("--rules", rules, "--count", "10000", "--fail");
    cr_expect_eq(run.status, 1, "%s", run.out);
    EXPECT_SAYS(run.out, "Still so when looked at again, 1 of 2: first ");
    run_release(&run);
}

/* A place that was not there when SCAN went by is one at the second look, if another one
 * of its queue was. */
Test(audit, knows_places_that_come)
{
    CLEANUP(mem_freep)
    char *rules =
        test_file(directory, "rules", "shop: keys job:* in wait:* busy:* for 4\n");
    struct live_run live;
    struct run run;

    SEND("SET", "job:1", "v");
    SEND("RPUSH", "wait:mail", "2");
    live = START("audit", "-s", server.address.path, "--rules", rules, "--fail");
    cr_assert(run_wait_for(&live, "2 of about 2 keys"), "while it waits to look again");
    SEND("SADD", "busy:mail", "1");
    run = run_finish(&live);
    cr_expect_eq(run.status, 0, "%s", run.out);
    run_release(&run);
}

/* Who is interrupted before the second look knows nothing of what was found. */
Test(audit, ends_before_it_looks_again)
{
    CLEANUP(mem_freep)
    char *rules = test_file(directory, "rules", "shop: keys job:* in wait for 3600\n");
    struct live_run live;
    struct run run;

    SEND("SET", "job:1", "v");
    live = START("audit", "-s", server.address.path, "--rules", rules, "--format", "json",
                 "--fail");
    cr_assert(run_wait_for(&live, "1 of about 1 keys"), "while it waits to look again");
    run = audited_stop(&live, SIGINT);
    cr_expect_eq(run.status, 130, "%d: %s", run.status, run.out);
    cr_expect(json_is_true(json_object_get(run.json, "interrupted")));
    cr_expect(json_is_true(json_object_get(set_at(&run, 0), "unsure")), "%s", run.out);
    cr_expect_eq(json_whole(set_at(&run, 0), "looked_at_again"), 0);
    run_release(&run);
}

/* There are more queues, and more places, than anybody keeps. */
Test(audit, says_what_it_had_no_room_for)
{
    CLEANUP(mem_freep)
    char *rules = test_file(directory, "rules",
                            "shop: keys q:*:* in q:*:wait\n"
                            "shop: keys job:* in free:*\n");
    struct run run;

    run_script("for i = 1, 300 do redis.call('SET', 'q:' .. i .. ':1', 'v') end "
               "for i = 1, 600 do redis.call('SADD', 'free:' .. i, i) end "
               "redis.call('SET', 'job:x', 1)");
    run = AUDIT("--rules", rules, "--format", "json");
    cr_expect_eq(json_array_size(json_object_get(run.json, "sets")), 257, "%s", run.out);
    cr_expect_eq(json_whole(run.json, "leaking_sets"), 256);
    cr_expect_eq(json_whole(set_at(&run, 256), "unseen"), 1);
    run_release(&run);
}

static long long idle_s(const char *key)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    struct err err = ERR_NULL;

    cr_assert_eq(CONNECTION_COMMAND(connection, &reply, &err, "OBJECT", "IDLETIME", key),
                 0, "%s", err.msg);
    return reply->integer;
}

/* What the audit reads stays as idle as it was, where the server lets it; what it does
 * not read does so everywhere; and what it has read itself is not told. */
Test(audit, leaves_idle_times_alone)
{
    static const char *const keys[] = { "k:1", "k:2", "k:3", "k:4", "k:5", "k:6" };
    CLEANUP(mem_freep) char *pass = test_file(directory, "pass", "hush\n");
    CLEANUP(mem_freep) char *rules = test_file(directory, "rules", "shop: expires k:*\n");
    const char *path = server.address.path;
    bool untouched = audited_has_no_touch();
    json_t *suspect, *idle;
    struct run run;
    size_t i;

    SEND("SET", "k:1", "text");
    SEND("RPUSH", "k:2", "1");
    SEND("SADD", "k:3", "m");
    SEND("ZADD", "k:4", "1.5", "a");
    SEND("HSET", "k:5", "f", "v");
    SEND("XADD", "k:6", "1-0", "f", "v");
    SEND("SADD", "processes", "app-1:1:9f8e7d6c5b4a");
    SEND("EVAL",
         "for _, k in ipairs(redis.call('KEYS', '*')) do redis.call('RESTORE', k, 0, "
         "redis.call('DUMP', k), 'REPLACE', 'IDLETIME', 5000) end",
         "0");
    audited_add_user();
    run = RUN("audit", "-s", path, "--user", "auditor", "--pass-file", pass, "--rules",
              rules, "--max-latency", "1ms", "--format", "json");
    cr_assert_eq(run.status, 0, "%d: %s", run.status, run.err);
    json_array_foreach (json_object_get(group_at(&run, "k:*"), "suspects"), i, suspect)
        cr_expect_geq(json_whole(suspect, "idle_s"), 5000);
    cr_expect_eq(i, ARRAY_SIZE(keys));
    idle = json_object_get(group_at(&run, "processes"), "half_idle_below_s");
    cr_expect(untouched ? json_integer_value(idle) > 5000 : json_is_null(idle));
    run_release(&run);
    run = RUN("audit", "-s", path, "--type", "hash");
    run_release(&run);
    for (i = 0; i < ARRAY_SIZE(keys); i++)
        cr_expect_geq(idle_s(keys[i]), 5000, "%s", keys[i]);
    run = RUN("audit", "-s", path, "--user", "auditor", "--pass-file", pass, "--rules",
              rules, "--fields", "1", "--format", "json");
    cr_assert_eq(run.status, 0, "%d: %s", run.status, run.err);
    json_array_foreach (json_object_get(group_at(&run, "k:*"), "suspects"), i, suspect)
        cr_expect_geq(json_whole(suspect, "idle_s"), 5000, "it was asked before");
    run_release(&run);
    for (i = 0; i < ARRAY_SIZE(keys) && untouched; i++)
        cr_expect_geq(idle_s(keys[i]), 5000, "%s", keys[i]);
    if (untouched)
        cr_expect_geq(idle_s("processes"), 5000);
}

/* Is there a command of this name in the counters? Before Redis 7, those of all that
 * begin with its first word are one. */
static bool has_run(const char *stats, const char *command)
{
    CLEANUP(mem_freep) char *whole = mem_printf("cmdstat_%s:calls=", command);
    CLEANUP(mem_freep) char *first =
        mem_printf("cmdstat_%.*s:calls=", (int)strcspn(command, "|"), command);

    return strstr(stats, whole) || strstr(stats, first);
}

/* What docs/audit.md says in words, and what was sent; set by the test below. */
static char *said, *stats;

static void expect_used(const char *word)
{
    char *name = mem_strdup(word + (*word == '+')), *quoted;
    bool has = strcmp(word, "+client|no-touch") == 0     ? audited_has_no_touch()
               : strcmp(word, "+latency|histogram") == 0 ? audited_has_histograms()
                                                         : true;

    if (*word == '+' && has)
        cr_expect(has_run(stats, name), "nothing sends %s", name);
    for (char *at = name; *at; at++)
        *at = *at == '|' ? ' ' : (char)toupper((unsigned char)*at);
    quoted = mem_printf("`%s`", name);
    if (*word == '+')
        cr_expect_not_null(strstr(said, quoted), "%s is only in the user", quoted);
    free(quoted);
    free(name);
}

/* The user of docs/audit.md may do all that is needed, whatever is asked for, and nothing
 * that is not. */
Test(audit, sends_what_the_docs_name)
{
    CLEANUP(mem_freep) char *pass = test_file(directory, "pass", "hush\n");
    CLEANUP(mem_freep)
    char *rules = test_file(directory, "rules",
                            "shop: members set in zset\nshop: members zset in hash\n"
                            "shop: members hash in set\nshop: members set have cart:*\n"
                            "shop: members set in list\n"
                            "shop: expires s:* 60 if others do\nshop: expires k:*\n");
    CLEANUP(mem_freep) char *keys = mem_printf("%s/keys", directory);
    CLEANUP(reply_freep) redisReply *log = NULL, *info = NULL;
    const char *const ways[][6] = {
        { "--rules", rules },
        { "--rules", rules, "--fields", "3" },
        { "--rules", rules, "--fields", "20", "--count", "1" },
        { "--db", "3", "--max-latency", "1us" },
        { "--type", "hash", "--pattern", "k:*", "-i", "1us" },
        { "--limit", "1", "--count", "1" },
        { "--db", "0", "--cursor", "0", "--format", "prometheus" },
        { "--before", keys },
        { "--since", keys, "--after-time" },
        { "--fail", "--format", "html", "--top", "1" },
    };
    const char *path = server.address.path;
    struct live_run live;
    struct err err = ERR_NULL;
    struct run run;

    SEND("SADD", "set", "a", "b");
    SEND("ZADD", "zset", "1", "a", "2", "c");
    SEND("HSET", "hash", "a", "1", "d", "2");
    SEND("RPUSH", "list", "a");
    SEND("SET", "k:1", "text");
    SEND("RPUSH", "k:2", "1");
    SEND("SADD", "k:3", "m");
    SEND("ZADD", "k:4", "1.5", "a");
    SEND("HSET", "k:5", "f", "v");
    SEND("XADD", "k:6", "1-0", "f", "v");
    audited_fill("s:", "", 3, "60");
    SEND("SELECT", "3");
    audited_fill("cart:", "", 3, NULL);
    audited_add_user();
    SEND("CONFIG", "RESETSTAT");
    SEND("ACL", "LOG", "RESET");
    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        const char *const *way = ways[i];

        run = RUN("audit", "-s", path, "--user", "auditor", "--pass-file", pass, way[0],
                  way[1], way[2], way[3], way[4], way[5]);
        cr_expect(run.status <= 1, "%zu: %d: %s", i, run.status, run.err);
        EXPECT_SILENT(run.err);
        run_release(&run);
    }
    live = START("audit", "-s", path, "--user", "auditor", "--pass-file", pass, "--watch",
                 "10ms", "--command", "SET k:*", "--rules", rules);
    audited_wait_rounds(&live);
    run = audited_stop(&live, SIGINT);
    run_release(&run);
    cr_assert_eq(CONNECTION_COMMAND(connection, &log, &err, "ACL", "LOG"), 0);
    for (size_t i = 0; i < log->elements; i++) /* .., object, COMMAND, .. */
        for (size_t k = 0; k + 1 < log->element[i]->elements; k += 2)
            if (strcmp(log->element[i]->element[k]->str, "object") == 0)
                cr_expect(
                    !audited_has_histograms() &&
                        strncmp(log->element[i]->element[k + 1]->str, "latency", 7) == 0,
                    "it sends %s", log->element[i]->element[k + 1]->str);
    cr_assert_eq(CONNECTION_COMMAND(connection, &info, &err, "INFO", "commandstats"), 0);
    stats = info->str;
    said = audited_guide();
    audited_each_right(expect_used);
    free(said);
}
