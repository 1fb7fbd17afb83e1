/* audit: what is made of INFO, of URLs, of refusals, and of the keys of a group. */
#include <criterion/criterion.h>

#include <linux/sockios.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xxhash.h>

#include "audit/ask.h"
#include "audit/claims.h"
#include "audit/fresh.h"
#include "audit/group.h"
#include "audit/grouping.h"
#include "audit/info.h"
#include "audit/inventory.h"
#include "audit/rounds.h"
#include "audit/rules.h"
#include "audit/stars.h"
#include "audit/target.h"
#include "audit/vitals.h"
#include "base/clock.h"
#include "base/mem.h"
#include "redis/connection.h"
#include "testlib.h"

Test(audit, reads_info)
{
    struct info info = info_parse(
        STR("# Server\r\nredis_version:7.2.4\r\nvalkey_version:8.1.1\r\n"
            "maxmemory_policy:allkeys-lfu\r\nloading:0\r\nrole:slave\r\n"
            "cluster_enabled:1\r\n# Keyspace\r\ndb0:keys=12,expires=3,avg_ttl=9\r\n"
            "db15:keys=5,expires=5,avg_ttl=0,subexpiry=1\r\n"));

    cr_expect_str_eq(info.server, "valkey 8.1.1");
    cr_expect_str_eq(info.role, "slave");
    cr_expect_str_eq(info.policy, "allkeys-lfu");
    cr_expect(info.cluster && !info.loading);
    cr_expect_eq(info.db_count, 2);
    cr_expect_eq(info_sum(&info, -1).keys, 17);
    cr_expect_eq(info_sum(&info, -1).expires, 8);
    cr_expect_eq(info_sum(&info, 15).keys, 5);
    cr_expect_eq(info_sum(&info, 7).keys, 0);
    info_release(&info);
}

static const char *or_none(const char *text)
{
    return text ? text : "-";
}

Test(audit, reads_urls)
{
    static const struct {
        const char *url, *name, *user, *password;
        int db;
    } cases[] = {
        { "redis://", "127.0.0.1:6379", NULL, NULL, -1 },
        { "redis://h", "h:6379", NULL, NULL, -1 },
        { "redis://h/3", "h:6379", NULL, NULL, 3 },
        { "REDIS://:p%40s@h:7/", "h:7", NULL, "p@s", -1 },
        { "redis://me:a:b@c@h:7/0", "h:7", "me", "a:b@c", 0 },
        { "redis://me@[::1]:7", "[::1]:7", "me", NULL, -1 },
        { "unix:///run/redis.sock", "/run/redis.sock", NULL, NULL, -1 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct target target = TARGET_NULL;
        struct err err = ERR_NULL;
        char name[TARGET_TEXT];

        cr_assert_eq(target_parse_url(cases[i].url, &target, &err), 0, "%s: %s",
                     cases[i].url, err.msg);
        cr_expect_str_eq(target_name(&target, name), cases[i].name);
        cr_expect_str_eq(or_none(target.user), or_none(cases[i].user));
        cr_expect_str_eq(or_none(target.password), or_none(cases[i].password));
        cr_expect_eq(target.db, cases[i].db, "%s", cases[i].url);
        target_release(&target);
    }
}

/* The text may hold a password, so no message does. */
Test(audit, refuses_other_urls)
{
    static const char *const urls[] = {
        "",
        "secret",
        "http://secret@h",
        "redis://:secret@h:x",
        "redis://secret/x",
        "redis://secret%zz@h",
        "redis://:secret%00@h",
        "rediss://:secret@h/x",
        "unix://secret",
        "redis://[secret",
        "redis://h:70000?secret",
    };

    for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
        struct target target = TARGET_NULL;
        bool is_tls = strncmp(urls[i], "rediss", 6) == 0;
        struct err err = ERR_NULL;

        cr_expect_eq(target_parse_url(urls[i], &target, &err), ERR_USAGE, "%s", urls[i]);
        cr_expect_null(strstr(err.msg, "secret"), "%s", err.msg);
        cr_expect(strstr(err.msg, is_tls && !tls_version() ? "TLS" : "URL"), "%s",
                  err.msg);
        cr_expect_null(target.password);
    }
}

Test(audit, says_what_refusals_mean)
{
    static const struct {
        const char *reply, *says;
    } cases[] = {
        { "NOAUTH Authentication required.", "wants a password" },
        { "WRONGPASS invalid username-password pair or user is disabled.", "wrong" },
        { "NOPERM this user has no permissions to run the 'scan' command",
          "docs/audit.md names the commands" },
        { "LOADING Redis is loading the dataset in memory", "try again" },
        { "MOVED 3999 127.0.0.1:6381", "audit each primary" },
        { "ASK 3999 127.0.0.1:6381", "settled" },
        { "MASTERDOWN Link with MASTER is down", "lost its primary" },
        { "BUSY Redis is busy running a script", "script" },
        { "ERR DB index is out of range", "no such database" },
        { "WHATEVER it is", "refused" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = ERR_NULL;

        cr_expect_lt(target_refused("SCAN", cases[i].reply, &err), 0);
        cr_expect(strstr(err.msg, cases[i].says), "%s", err.msg);
        cr_expect(strstr(err.msg, cases[i].reply), "%s", err.msg);
        cr_expect_eq(strncmp(err.msg, "SCAN: ", 6), 0, "%s", err.msg);
    }
}

/* So many keys that expire, and others that do not. */
static struct group group_of(size_t expiring, size_t persistent)
{
    struct group group = { .keys = 0 };

    for (size_t i = 0; i < expiring; i++)
        group_add(&group, STR("e"), KEY_HASH, (int64_t)i);
    for (size_t i = 0; i < persistent; i++)
        group_add(&group, STR("p"), KEY_STRING, -1);
    return group;
}

Test(audit, tells_mixed_groups)
{
    static const struct {
        size_t expiring, persistent;
        bool mixed;
    } cases[] = {
        { 2, 1, true },  { 1000, 1, true }, { 51, 49, true },  { 1, 1, false },
        { 5, 0, false }, { 0, 5, false },   { 49, 51, false },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct group group = group_of(cases[i].expiring, cases[i].persistent);

        cr_expect_eq(group_is_mixed(&group), cases[i].mixed, "%zu and %zu",
                     cases[i].expiring, cases[i].persistent);
        group_release(&group);
    }
}

Test(audit, puts_groups_together)
{
    struct group group = group_of(100, 20), other = group_of(200, 30);
    static const uint64_t idle[] = { 0, 3, 5, 100, 4000 };

    for (size_t i = 0; i < ARRAY_SIZE(idle); i++)
        group_add_idle(&group, idle[i]);
    group_add_bytes(&group, 50);
    group_add_bytes(&other, 100);
    group_merge(&group, &other);
    cr_expect_eq(group.keys, 350);
    cr_expect_eq(group.persistent, 50);
    cr_expect_eq(group.types[KEY_HASH], 300);
    cr_expect_eq(group.ttl_most_ms, 199);
    cr_expect_eq(group.drawn.count, DRAWN_MOST);
    for (size_t i = 0; i < DRAWN_MOST; i++)
        cr_expect_eq(*group.drawn.names[i].bytes, 'p');
    cr_expect_eq(group_memory(&group), 75 * 350);
    cr_expect_eq(group_idle_s(&group), 8, "half are below 8 s");
    group_release(&other);
    group_release(&group);
}

/* What is new, and what has lost its expiry. */
Test(audit, compares_inventories)
{
    static const struct {
        bool after_time;
        const char *lines[4];
    } cases[] = {
        { false, { "0 expires new", "0 stays other", "3 stays kept" } },
        { true, { "0 stays other", "0 stays was", "3 stays kept" } },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct inventory before = INVENTORY_NULL, now = INVENTORY_NULL;
        size_t count = 0;

        inventory_add(&before, 0, STR("was"), false);
        inventory_add(&before, 0, STR("kept"), true);
        inventory_add(&before, 0, STR("gone"), true);
        inventory_add(&now, 3, STR("kept"), true);
        inventory_add(&now, 0, STR("was"), true);
        inventory_add(&now, 0, STR("other"), true);
        inventory_add(&now, 0, STR("other"), true);
        inventory_add(&now, 0, STR("new"), false);
        inventory_add(&now, 0, STR("kept"), true);
        inventory_settle(&before);
        inventory_settle(&now);
        inventory_subtract(&now, &before, cases[i].after_time);
        for (; cases[i].lines[count]; count++)
            cr_expect_str_eq(count < now.count ? now.lines[count] : "nothing",
                             cases[i].lines[count]);
        cr_expect_eq(now.count, count);
        inventory_release(&before);
        inventory_release(&now);
    }
}

Test(audit, reads_rules)
{
    static const char text[] = "# ours\n\nshop: expires cart:* 60\nshop: members carts "
                               "have cart:* if [0-9]*\n";
    static const char *const wrong[] = {
        "cart:* 60",
        "shop: expires",
        "shop: expires cart:* soon",
        "shop: expires cart:* 60 s",
        "shop: forgets cart:*",
        "shop: members carts",
        "shop: members carts are *",
        "shop: members carts have cart",
        "shop: members carts have *:*",
        "shop: members carts have * if",
        "shop: members carts have * unless a*",
        "shop: members carts have * if a b",
        "shop: members carts in",
        "shop: members carts in one of",
        "shop: members carts in open:*",
        "shop: members *:carts in *:*:open",
        "shop: members carts in open for ever",
        "shop: keys cart have *",
        "shop: keys cart in open",
        "shop: keys *:*:* in open",
        "shop: keys *cart* in open",
        "shop: keys *:cart:* in *:*",
        "shop: keys cart:* in open have cart",
    };
    struct rules rules = RULES_NULL;
    struct err err = ERR_NULL;

    cr_assert_eq(rules_parse(&rules, "text", text, &err), 0, "%s", err.msg);
    cr_assert_eq(rules.count, 2);
    cr_expect_str_eq(rules.items[0].glob.globs[0], "cart:*");
    cr_expect_eq(rules.items[0].within_s, 60);
    cr_expect_null(rules.items[0].key);
    cr_expect_str_eq(rules.items[1].system, "shop");
    cr_expect_str_eq(rules.items[1].key, "carts");
    cr_expect_str_eq(rules.items[1].needs, "cart:*");
    cr_expect_str_eq(rules.items[1].glob.globs[0], "[0-9]*");
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        err = ERR_NULL;
        cr_expect_eq(rules_parse(&rules, "text", wrong[i], &err), ERR_USAGE, "%s",
                     wrong[i]);
        cr_expect_eq(strncmp(err.msg, "text:1: expected SYSTEM: ", 25), 0, "%s", err.msg);
    }
    cr_expect_eq(rules.count, 2);
    rules_release(&rules);
}

Test(audit, reads_rules_of_places)
{
    static const char text[] =
        "shop: keys *:cart:* in one of *:open *:paid have *:bill:* if [0-9]* for 5\n"
        "shop: keys bill:* in bills:* all-bills\n"
        "shop: members *:open in *:carts\n";
    struct rules rules = RULES_NULL;
    struct err err = ERR_NULL;
    const struct rule *rule;

    cr_assert_eq(rules_parse(&rules, "text", text, &err), 0, "%s", err.msg);
    cr_assert_eq(rules.count, 3);
    rule = &rules.items[0];
    cr_expect(rule->of_keys && rule->one_of && rule_has_stars(rule));
    cr_expect_not(rule_is_free(rule));
    cr_expect_str_eq(rule->key, "*:cart:*");
    cr_assert_eq(rule->places.count, 2);
    cr_expect_str_eq(rule->places.globs[1], "*:paid");
    cr_expect_str_eq(rule->needs, "*:bill:*");
    cr_expect_str_eq(rule->glob.globs[0], "[0-9]*");
    cr_expect_eq(rule->for_s, 5);
    cr_expect(rule_is_free(&rules.items[1]));
    cr_expect_not(rules.items[1].one_of);
    cr_expect_null(rules.items[1].needs);
    cr_expect_not(rules.items[2].of_keys);
    cr_expect(rule_has_stars(&rules.items[2]));
    cr_expect_null(rules_match(&rules, STR("a:cart:1")), "it says nothing of expiries");
    rules_release(&rules);
}

Test(audit, reads_names_with_stars)
{
    static const struct {
        const char *name, *key;
        const char *words[STARS_MOST]; /* NULL: it has none there, or is no such name */
    } cases[] = {
        { "cart:*", "cart:a:b", { "a:b", NULL } },
        { "cart:*", "cart:", { NULL, NULL } },
        { "*:open", "a:b:open", { "a:b", NULL } },
        { "w:*:started", "w:a:b:started", { "a:b", NULL } },
        { "w:*:started", "w:started", { NULL, NULL } },
        { "bull:*:*", "bull:mail:17", { "mail", "17" } },
        { "bull:*:*", "bull:mail:17:lock", { NULL, NULL } },
        { "bull:*:*", "bull::17", { NULL, NULL } },
        { "bull:*:*", "bull:mail:", { NULL, NULL } },
        { "bull:*:*", "bull:mail", { NULL, NULL } },
        { "*:job:*:x", "mail:job:17:x", { "mail", "17" } },
        { "*:job:*:x", "mail:jobs:17:x", { NULL, NULL } },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *const *words = cases[i].words;
        struct str found[STARS_MOST];
        struct buffer name;
        bool is = stars_match(cases[i].name, str_of(cases[i].key), found);

        cr_expect_eq(is, words[0] != NULL, "%s: %s", cases[i].name, cases[i].key);
        for (size_t k = 0; is && k < stars_count(cases[i].name); k++)
            cr_expect_eq(str_compare(found[k], str_of(words[k])), 0, "%s: %.*s",
                         cases[i].key, (int)found[k].length, found[k].bytes);
        if (!is)
            continue;
        name = stars_fill(cases[i].name, found);
        cr_expect_eq(str_compare(buffer_str(&name), str_of(cases[i].key)), 0, "%s",
                     cases[i].key);
        buffer_release(&name);
    }
    cr_expect(stars_match("plain", STR("plain"), (struct str[STARS_MOST]){ { 0 } }));
    cr_expect_not(stars_match("plain", STR("plains"), (struct str[STARS_MOST]){ { 0 } }));
    cr_expect(stars_can("a:*:*") && stars_can("*") && stars_can("none"));
    cr_expect_not(stars_can("*a*") || stars_can("*:*:*"));
}

static bool is_even(const struct claim *claim)
{
    return (claim->bytes[claim->length - 1] - '0') % 2 == 0;
}

/* Each name once, and no more of them than there is room for. */
Test(audit, keeps_claims)
{
    struct claims claims = CLAIMS_NULL;
    char name[16];

    cr_expect_null(claims_find(&claims, STR("0")));
    for (size_t i = 0; i < CLAIMS_MOST + 3; i++) {
        struct claim *claim;

        snprintf(name, sizeof(name), "%zu", i);
        claim = claims_add(&claims, str_of(name));
        cr_expect_eq(claim == NULL, i >= CLAIMS_MOST, "%s", name);
        cr_expect_eq(claims_add(&claims, str_of(name)), claim, "%s", name);
    }
    cr_expect_eq(claims.count, CLAIMS_MOST);
    claims_settle(&claims, 10, is_even);
    cr_expect_eq(claims.count, 10 + (CLAIMS_MOST - 10) / 2);
    for (size_t i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "%zu", i);
        cr_expect_eq(claims_find(&claims, str_of(name)) != NULL, i < 10 || i % 2, "%s",
                     name);
    }
    cr_expect_not_null(claims_add(&claims, STR("again")));
    claims_release(&claims);
    claims_release(&claims);
}

/* Those that stay are found, and the others are not, whatever was settled before. */
Test(audit, settles_claims_again_and_again)
{
    enum { EACH = 400 };
    const unsigned times = UNLESS_VALGRIND(300, 30);
    struct claims claims = CLAIMS_NULL;
    char name[16];

    for (unsigned t = 0; t < times; t++) {
        size_t before = claims.count;

        for (unsigned i = 0; i < EACH; i++) {
            snprintf(name, sizeof(name), "%u.%u", t, i);
            cr_assert_not_null(claims_add(&claims, str_of(name)));
        }
        claims_settle(&claims, before - before / 8, is_even);
    }
    for (size_t i = 0; i < claims.count; i++)
        cr_assert_eq(claims_find(&claims, claim_str(&claims.items[i])), &claims.items[i]);
    for (unsigned t = 0; t < times; t++)
        for (unsigned i = 0; i < EACH; i++) {
            snprintf(name, sizeof(name), "%u.%u", t, i);
            cr_assert_eq(claims_find(&claims, str_of(name)) != NULL, i % 2, "%s", name);
        }
    cr_expect_eq(claims.count, times * EACH / 2);
    claims_release(&claims);
}

/* Whatever patterns are made of their names. */
Test(audit, counts_the_keys_of_a_rule_by_themselves)
{
    static const char text[] = "a: expires *:7 60\nb: expires p7:* 60\n"
                               "c: expires p[89]:[1-3] 60\n";
    static const struct {
        const char *pattern;
        uint64_t keys;
    } expected[] = { { "*:7", 299 }, { "p7:*", 10 }, { "p[89]:[1-3]", 6 } };
    struct rules rules = RULES_NULL;
    struct audit audit = { .groups = NULL };
    struct grouping grouping;
    struct err err = ERR_NULL;
    uint64_t learned = 0;

    cr_assert_eq(rules_parse(&rules, "text", text, &err), 0, "%s", err.msg);
    grouping = grouping_of(&rules);
    for (size_t i = 0; i < 3000; i++) {
        CLEANUP(mem_freep) char *key = mem_printf("p%zu:%zu", i / 10, i % 10);

        group_add(grouping_add(&grouping, str_of(key)), str_of(key), KEY_STRING, -1);
        cr_assert_not_null(grouping_find(&grouping, str_of(key)));
    }
    grouping_collect(&grouping, 3, &audit);
    for (size_t i = 0; i < audit.group_count; i++) {
        const struct audit_group *group = &audit.groups[i];
        size_t rule = group->rule ? (size_t)(group->rule - rules.items) : 0;

        cr_expect_eq(group->db, 3);
        if (!group->rule) {
            learned += group->keys.keys;
            continue;
        }
        cr_expect_str_eq(group->pattern, expected[rule].pattern);
        cr_expect_str_eq(group->glob, expected[rule].pattern);
        cr_expect_eq(group->keys.keys, expected[rule].keys, "%s: %llu", group->pattern,
                     (unsigned long long)group->keys.keys);
    }
    cr_expect_eq(learned, 3000 - 299 - 10 - 6);
    audit_release(&audit);
    grouping_release(&grouping);
    rules_release(&rules);
}

Test(audit, knows_rules_that_can_be_read)
{
    struct rules rules = RULES_NULL;
    size_t members = 0;

    rules_add_known(&rules);
    for (size_t i = 0; i < rules.count; i++)
        members += rules.items[i].key != NULL;
    cr_expect_eq(members, 17);
    cr_expect_str_eq(rules.items[rules.count - 1].system, "Spring Session");
    rules_release(&rules);
}

/* So many that were not there the round before, all of them leaked. */
static struct newcomers *newcomers_of(size_t count)
{
    struct newcomers *newcomers = NULL;

    for (size_t i = 0; i < count; i++)
        newcomers_add(&newcomers, STR("n"), 1);
    if (newcomers)
        newcomers->left = count;
    return newcomers;
}

/* Groups a and b of rounds, by keys that leak; 0: it does not. */
Test(audit, counts_what_leaks_between_rounds)
{
    static const struct {
        uint64_t leaked[2], more[2];
        enum leak_change change[2];
        uint64_t gone, arrived;
    } cases[] = {
        { { 3, 0 }, { 0, 0 }, { LEAK_SAME, LEAK_SAME }, 0, 0 },
        { { 3, 2 }, { 0, 2 }, { LEAK_SAME, LEAK_NEW }, 0, 2 },
        { { 5, 1 }, { 2, 0 }, { LEAK_GROWING, LEAK_SHRINKING }, 0, 4 },
        { { 0, 1 }, { 0, 0 }, { LEAK_SAME, LEAK_SAME }, 1, 4 },
        { { 0, 1 }, { 0, 1 }, { LEAK_SAME, LEAK_GROWING }, 0, 5 }, /* another one */
    };
    struct rounds rounds = ROUNDS_NULL;
    struct interval interval;
    double estimate;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char names[2][2] = { "a", "b" };
        struct audit_group groups[2] = { { .pattern = names[0] },
                                         { .pattern = names[1] } };
        struct audit audit = { .groups = groups, .group_count = 2 };
        size_t at = 0;

        for (size_t g = 0; g < 2; g++) {
            groups[g].leaks = cases[i].leaked[g] > 0;
            /* Half of the keys had their expiry the second time. */
            groups[g].keys.persistent = 2 * cases[i].leaked[g];
            groups[g].keys.keys = 100;
            groups[g].keys.drawn.count = 2 * cases[i].leaked[g];
            groups[g].suspect_count = cases[i].leaked[g];
            groups[g].keys.newcomers = newcomers_of(cases[i].more[g]);
        }
        rounds_add(&rounds, &audit, (i + 1) * 1800 * NSEC_PER_SEC);
        for (size_t g = 0; g < 2; g++) {
            newcomers_free(&groups[g].keys.newcomers);
            if (!cases[i].leaked[g])
                continue;
            cr_expect_eq(rounds.now.items[at].keys, cases[i].leaked[g]);
            cr_expect_eq(rounds.now.items[at].change, cases[i].change[g], "%zu", i);
            cr_expect_eq(leak_more(&rounds.now.items[at]), cases[i].more[g]);
            at++;
        }
        cr_expect_eq(rounds.now.count, at);
        cr_expect_eq(rounds.gone.count, cases[i].gone);
        cr_expect_eq(rounds_arrived(&rounds), cases[i].arrived, "%zu", i);
        cr_expect_eq(rounds_per_hour(&rounds, &estimate, &interval), i > 0);
    }
    cr_expect_float_eq(estimate, 5 / 2.0, 1e-9);
    /* 5 events: [1.6235, 11.6683], Garwood's table. */
    cr_expect_float_eq(interval.low, 1.6235 / 2, 1e-3);
    cr_expect_float_eq(interval.high, 11.6683 / 2, 1e-3);
    rounds_release(&rounds);
}

/* Is a name one of those between two commands? */
static bool is_busy(struct group_name name)
{
    return *name.bytes == 'b';
}

static size_t still_so(const struct drawn *drawn)
{
    size_t count = 0;

    for (size_t i = 0; i < drawn->count; i++)
        count += !is_busy(drawn->names[i]);
    return count;
}

static void see(struct audit_group *group, struct members *set, struct fresh *fresh,
                struct str name)
{
    group_add(&group->keys, name, KEY_STRING, -1);
    group_add_fresh(&group->keys, name, fresh_add(fresh, 0, STR(""), name));
    name.length--; /* other ones, that are drawn otherwise */
    set->alone.count++;
    drawn_add(&set->alone.drawn, name, DRAWN_MOST);
    newcomers_add(&set->newcomers, name, fresh_add(fresh, 0, STR("set"), name));
}

static void see_many(struct audit_group *group, struct members *set, struct fresh *fresh,
                     const char *kind, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        CLEANUP(mem_freep) char *name = mem_printf("%s:%u!", kind, i);

        see(group, set, fresh, str_of(name));
    }
}

/* A group of a thousand keys that expire, and a set: in each round 300 of them have
 * leaked long ago, so many have since, and up to 160 are between two commands. Returns
 * by how much what has leaked was more than the round before, where it was, summed. */
static double watch_busy(unsigned round_count, unsigned leaks_a_round,
                         struct rounds *rounds)
{
    struct fresh fresh = FRESH_NULL;
    char pattern[] = "group", key[] = "set";
    double jumps = 0, had[2] = { 0, 0 };
    unsigned busy = 0;

    for (unsigned r = 0; r < round_count; r++) {
        struct audit_group group = { .pattern = pattern };
        struct members set = { .key = { key, strlen(key) }, .done = true };
        struct audit audit = {
            .groups = &group, .group_count = 1, .sets = &set, .set_count = 1
        };
        unsigned more = 10 + r * 37 % 150;

        fresh_next(&fresh);
        for (unsigned i = 0; i < 1000; i++)
            group_add(&group.keys, STR("e"), KEY_STRING, 1000);
        see_many(&group, &set, &fresh, "busy", busy, busy + more / 2);
        see_many(&group, &set, &fresh, "old", 0, 300 + r * leaks_a_round);
        see_many(&group, &set, &fresh, "busy", busy + more / 2, busy + more);
        busy += more;
        group.suspect_count = still_so(&group.keys.drawn);
        set.alone.lost = still_so(&set.alone.drawn);
        if (group.keys.newcomers) {
            group.keys.newcomers->left = still_so(&group.keys.newcomers->drawn);
            set.newcomers->left = still_so(&set.newcomers->drawn);
        }
        rounds_add(rounds, &audit, (r + 1) * 3600 * NSEC_PER_SEC);
        for (size_t i = 0; i < rounds->now.count && i < 2; i++) {
            double keys = (double)rounds->now.items[i].keys;

            jumps += r && keys > had[i] ? keys - had[i] : 0;
            had[i] = keys;
        }
        group_release(&group.keys);
        drawn_forget(&set.alone.drawn);
        newcomers_free(&set.newcomers);
    }
    fresh_release(&fresh);
    return jumps;
}

/* Where a server is busy, what has leaked differs from round to round by who is between
 * two commands, and who is looked at again; what has leaked since does not. */
Test(audit, takes_nobody_who_is_busy_for_leaked)
{
    enum { ROUNDS = 60 };
    struct rounds rounds = ROUNDS_NULL;
    struct interval interval;
    double estimate, jumps = watch_busy(ROUNDS, 0, &rounds);

    cr_expect_gt(jumps, 1000, "%g", jumps);
    cr_expect_eq(rounds_arrived(&rounds), 0);
    cr_expect(rounds_per_hour(&rounds, &estimate, &interval));
    cr_expect_eq(estimate, 0);
    cr_expect_eq(interval.low, 0);
    cr_expect_gt(interval.high, 0);
    rounds_release(&rounds);
    watch_busy(ROUNDS, 4, &rounds); /* of the group, and of the set */
    cr_expect(rounds_per_hour(&rounds, &estimate, &interval));
    cr_expect(6 < estimate && estimate < 10, "%g", estimate);
    cr_expect(interval.low < 8 && 8 < interval.high, "[%g, %g]", interval.low,
              interval.high);
    rounds_release(&rounds);
}

/* Each as likely as any other. */
Test(audit, draws_names)
{
    enum { TIMES = 400 };
    unsigned firsts = 0;

    for (unsigned t = 0; t < TIMES; t++) {
        struct drawn drawn = { .count = 0 };

        for (unsigned i = 0; i < 32 + t; i++) {
            CLEANUP(mem_freep)
            char *name = mem_printf("%c:%u", i < 16 + t / 2 ? 'f' : 'o', i);

            drawn_add(&drawn, str_of(name), DRAWN_MOST);
        }
        cr_expect_eq(drawn.count, DRAWN_MOST);
        cr_expect_eq(drawn_left(&drawn), 16 + t);
        for (size_t i = 0; i < drawn.count; i++)
            firsts += *drawn.names[i].bytes == 'f';
        drawn_forget(&drawn);
        cr_expect_eq(drawn_left(&drawn), 16 + t);
    }
    cr_expect(TIMES * 6 < firsts && firsts < TIMES * 10, "%u", firsts);
}

/* Who was there the round before, and who is new; where there is no room for all names,
 * one stands for others. */
Test(audit, knows_who_is_new)
{
    struct fresh fresh = FRESH_NULL;
    double count = 0;

    fresh_next(&fresh);
    cr_expect_eq(fresh_add(&fresh, 0, STR(""), STR("a")), 0, "of the first round");
    fresh_next(&fresh);
    cr_expect_eq(fresh_add(&fresh, 0, STR(""), STR("a")), 0, "as before");
    cr_expect_eq(fresh_add(&fresh, 0, STR(""), STR("b")), 1);
    cr_expect_eq(fresh_add(&fresh, 0, STR(""), STR("b")), 0, "for the second time");
    cr_expect_eq(fresh_add(&fresh, 1, STR(""), STR("a")), 1, "of another database");
    cr_expect_eq(fresh_add(&fresh, 0, STR("a"), STR("b")), 1, "of a set");
    fresh_next(&fresh);
    cr_expect_eq(fresh_add(&fresh, 0, STR(""), STR("b")), 0);
    fresh_next(&fresh);
    cr_expect_eq(fresh_add(&fresh, 0, STR(""), STR("b")), 0);
    cr_expect_eq(fresh_add(&fresh, 0, STR(""), STR("a")), 1, "it was gone");
    fresh_next(&fresh);
    for (unsigned i = 0; i < 4 * FRESH_MOST; i++)
        count += fresh_add(&fresh, 0, STR("many"), (struct str){ (char *)&i, sizeof(i) });
    cr_expect(3.9 * FRESH_MOST < count && count < 4.1 * FRESH_MOST, "%g", count);
    cr_expect_geq(fresh_weight(&fresh), 4);
    fresh_next(&fresh);
    for (unsigned i = 0; i < 4 * FRESH_MOST; i++)
        cr_assert_eq(
            fresh_add(&fresh, 0, STR("many"), (struct str){ (char *)&i, sizeof(i) }), 0);
    fresh_release(&fresh);
}

/* Whatever names a server makes up: here ones whose hashes are below the bound. */
Test(audit, holds_no_more_names_than_there_is_room_for)
{
    struct fresh fresh = FRESH_NULL;
    uint64_t seed = XXH3_64bits_withSeed("", 0, 0);

    fresh_next(&fresh);
    for (unsigned i = 0, kept = 0; kept < 3 * FRESH_MOST; i++) {
        if (XXH3_64bits_withSeed(&i, sizeof(i), seed) >> 62)
            continue;
        fresh_add(&fresh, 0, STR(""), (struct str){ (char *)&i, sizeof(i) });
        kept++;
        cr_assert_leq(fresh.now.count, FRESH_MOST);
    }
    cr_expect_geq(fresh_weight(&fresh), 8, "%g", fresh_weight(&fresh));
    fresh_release(&fresh);
}

/* Of which nothing is known in a round is neither gone, nor new in the next one. */
Test(audit, counts_on_where_nothing_is_known)
{
    char name[] = "a", key[] = "q:\xff\0:*";
    struct audit_group group = {
        .pattern = name,
        .leaks = true,
        .keys = { .keys = 50, .persistent = 20, .drawn = { .count = 16 } },
        .suspect_count = 16
    };
    struct members set = {
        .key = { key, 6 },
        .done = true,
        .alone = { .count = 1, .drawn = { .count = 1, .seen = 1 }, .lost = 1 },
    };
    struct audit audit = {
        .groups = &group, .group_count = 1, .sets = &set, .set_count = 1
    };
    struct rounds rounds = ROUNDS_NULL;

    rounds_add(&rounds, &audit, NSEC_PER_SEC);
    cr_expect_str_eq(rounds.now.items[1].name, "\"q:\\xff\\x00:*\"");
    group.leaks = false;
    group.unsure = true;
    group.suspect_count = 0;
    set.alone.lost = 0;
    set.cut = true;
    rounds_add(&rounds, &audit, 2 * NSEC_PER_SEC);
    cr_expect_eq(rounds.gone.count, 0);
    cr_expect_eq(rounds_leaked(&rounds), 21);
    cr_expect_eq(rounds.now.items[0].change, LEAK_SAME);
    group.unsure = false;
    set.cut = false;
    set.alone.lost = 1;
    set.newcomers = newcomers_of(1);
    rounds_add(&rounds, &audit, 3 * NSEC_PER_SEC);
    cr_expect_eq(rounds.gone.count, 1);
    cr_expect_eq(rounds_arrived(&rounds), 0, "perhaps it was there before");
    rounds_add(&rounds, &audit, 4 * NSEC_PER_SEC);
    cr_expect_eq(rounds_arrived(&rounds), 1);
    set.alone.lost = 0; /* of those that were drawn, but not of those that are new */
    set.cut = true;
    rounds_add(&rounds, &audit, 5 * NSEC_PER_SEC);
    rounds_add(&rounds, &audit, 6 * NSEC_PER_SEC);
    cr_expect_eq(rounds.now.count, 1);
    cr_expect_eq(rounds.now.items[0].keys, 1);
    newcomers_free(&set.newcomers);
    rounds_release(&rounds);
}

/* A set for which there is no room is not gone, and one that was not seen the round
 * before, as there was none then, has had its members perhaps. */
Test(audit, counts_on_where_there_is_no_room)
{
    static const struct {
        size_t set; /* that is seen */
        bool crowded;
        uint64_t leaks, gone, arrived;
    } cases[] = {
        { 0, true, 1, 0, 0 },
        { 1, true, 2, 0, 0 },  /* it was there, perhaps */
        { 1, false, 1, 1, 1 }, /* and is the only one */
        { 0, false, 1, 1, 2 }, /* it was not there */
    };
    struct rule rule = { .key = NULL };
    char a[] = "a", b[] = "b";
    struct members sets[] = {
        { .rule = &rule, .key = { a, 1 }, .done = true, .alone.count = 1 },
        { .rule = &rule, .key = { b, 1 }, .done = true, .alone.count = 1 },
    };
    struct rounds rounds = ROUNDS_NULL;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct members *set = &sets[cases[i].set];
        struct audit audit = { .sets = set, .set_count = 1 };

        set->crowded = cases[i].crowded;
        set->alone.drawn.count = set->alone.lost = 1;
        set->newcomers = newcomers_of(i > 0);
        rounds_add(&rounds, &audit, (i + 1) * NSEC_PER_SEC);
        newcomers_free(&set->newcomers);
        cr_expect_eq(rounds.now.count, cases[i].leaks, "%zu", i);
        cr_expect_eq(rounds.gone.count, cases[i].gone, "%zu", i);
        cr_expect_eq(rounds_arrived(&rounds), cases[i].arrived, "%zu", i);
    }
    rounds_release(&rounds);
}

/* What a server would say in these bytes. */
static redisReply *reply_of(const char *bytes)
{
    redisReader *reader = redisReaderCreate();
    void *reply = NULL;

    redisReaderFeed(reader, bytes, strlen(bytes));
    cr_assert_eq(redisReaderGetReply(reader, &reply), REDIS_OK);
    cr_assert_not_null(reply);
    redisReaderFree(reader);
    return reply;
}

Test(audit, reads_counters)
{
    static const char text[] =
        "# Commandstats\r\n"
        "cmdstat_hset:calls=7,usec=21,usec_per_call=3.00,rejected_calls=1,"
        "failed_calls=2\r\n"
        "cmdstat_hsetnx:calls=9,usec=9,usec_per_call=1.00\r\n"
        "cmdstat_config|get:calls=1,usec=9,usec_per_call=9.00,rejected_calls=0,"
        "failed_calls=0\r\n";
    struct calls calls = calls_parse(STR(text), "hset"), more;

    cr_expect_eq(calls.calls, 7);
    cr_expect_eq(calls.usec, 21);
    cr_expect_eq(calls.rejected, 1);
    cr_expect_eq(calls.failed, 2);
    more = calls_since(&(struct calls){ .calls = 5, .usec = 11 }, &calls);
    cr_expect_eq(more.calls, 2);
    cr_expect_eq(more.usec, 10);
    cr_expect_eq(calls_parse(STR(text), "hsetnx").failed, 0, "before Redis 6.2");
    cr_expect_eq(calls_parse(STR(text), "config|get").calls, 1);
    cr_expect_eq(calls_parse(STR(text), "set").calls, 0);
}

/* Buckets in which nothing is are left out, and counts are of all shorter ones, too. */
Test(audit, reads_histograms)
{
    static const char before[] =
        "*2\r\n$4\r\nhset\r\n*4\r\n$5\r\ncalls\r\n:3\r\n"
        "$14\r\nhistogram_usec\r\n*4\r\n:4\r\n:2\r\n:16\r\n:3\r\n";
    static const char now[] = "*2\r\n$4\r\nhset\r\n*4\r\n$5\r\ncalls\r\n:103\r\n"
                              "$14\r\nhistogram_usec\r\n*8\r\n:4\r\n:2\r\n:8\r\n:100\r\n"
                              ":16\r\n:101\r\n:33\r\n:103\r\n";
    static const char *const nothing[] = { "*0\r\n", ":1\r\n", "*2\r\n+a\r\n*0\r\n",
                                           "*2\r\n+a\r\n*4\r\n+a\r\n:1\r\n+b\r\n:1\r\n" };
    CLEANUP(reply_freep) redisReply *first = reply_of(before), *second = reply_of(now);
    struct latencies old = latencies_of(first), all = latencies_of(second);
    struct latencies since = latencies_since(&old, &all);

    cr_expect_eq(latencies_bound_us(&old, 0.5), 4);
    cr_expect_eq(latencies_bound_us(&old, 0.99), 16);
    cr_expect_eq(since.count[since.buckets - 1], 100);
    cr_expect_eq(latencies_bound_us(&since, 0.5), 8);
    cr_expect_eq(latencies_bound_us(&since, 0.98), 8);
    cr_expect_eq(latencies_bound_us(&since, 0.99), 33);
    cr_expect_eq(latencies_bound_us(&since, 1), 33);
    since = latencies_since(&all, &all);
    cr_expect_eq(latencies_bound_us(&since, 0.5), 0, "nothing came");
    for (size_t i = 0; i < ARRAY_SIZE(nothing); i++) {
        CLEANUP(reply_freep) redisReply *reply = reply_of(nothing[i]);

        cr_expect_eq(latencies_of(reply).buckets, 0, "%s", nothing[i]);
    }
}

/* Another run id: the same server, started again, or another one. */
Test(audit, counts_from_where_it_can)
{
    static const char had[] = "*2\r\n$3\r\nset\r\n*4\r\n$5\r\ncalls\r\n:9\r\n"
                              "$14\r\nhistogram_usec\r\n*2\r\n:4\r\n:9\r\n";
    static const char has[] = "*2\r\n$3\r\nset\r\n*4\r\n$5\r\ncalls\r\n:12\r\n"
                              "$14\r\nhistogram_usec\r\n*4\r\n:4\r\n:9\r\n:8\r\n:12\r\n";
    static const struct {
        const char *run_id, *histogram; /* NULL: refused */
        uint64_t calls, more, taken;    /* taken: the bound of half of them */
        bool restarted, reset;
    } rounds[] = {
        { "a", had, 9, 0, 0, false, false },
        { "a", has, 12, 3, 8, false, false },
        { "a", NULL, 13, 1, 0, false, false },
        { "a", has, 14, 1, 0, false,
          false }, /* what came while it was refused is not told */
        { "a", has, 14, 0, 0, false, false },
        { "a", had, 9, 9, 4, false, true },
        { "b", has, 900, 0, 0, true, false },
        { "b", has, 901, 1, 0, false, false },
        { "a", had, 9, 0, 0, true, false },
    };
    struct vitals vitals = VITALS_NULL;

    for (size_t i = 0; i < ARRAY_SIZE(rounds); i++, vitals.rounds++) {
        CLEANUP(reply_freep) redisReply *histogram =
            rounds[i].histogram ? reply_of(rounds[i].histogram) : NULL;

        vitals_meet(&vitals, rounds[i].run_id);
        vitals_take_calls(&vitals, (struct calls){ .calls = rounds[i].calls }, histogram);
        cr_expect_eq(vitals.restarted, rounds[i].restarted, "%zu", i);
        cr_expect_eq(vitals.reset, rounds[i].reset, "%zu", i);
        cr_expect_eq(vitals.more.calls, rounds[i].more, "%zu: %lu", i,
                     (unsigned long)vitals.more.calls);
        cr_expect_eq(latencies_bound_us(&vitals.taken, 0.5), rounds[i].taken, "%zu", i);
    }
    cr_expect_eq(vitals.restarts, 2);
    vitals_release(&vitals);
}

#define ENTRY(id, us, name, key)                                                         \
    "*6\r\n:" id "\r\n:1700000000\r\n:" us "\r\n*2\r\n" name "\r\n" key                  \
    "\r\n$3\r\na:1\r\n$0\r\n\r\n"

/* A log that was refused at first, or is another server's, has a history that is nobody's
 * news; one that was emptied has none, whatever the numbers. */
Test(audit, counts_no_history_as_slow)
{
    static const char five[] = "*1\r\n" ENTRY("500", "90", "+HSET", "+a:work");
    static const struct {
        const char *run_id, *reply; /* NULL: refused */
        uint64_t count;
    } rounds[] = {
        { "a", NULL, 0 },
        { "a", five, 0 },
        { "a", "*1\r\n" ENTRY("502", "90", "+HSET", "+a:work"), 2 },
        { "b", five, 0 },
        { "c", "*0\r\n", 0 },
        { "c", five, 1 },
    };
    struct vitals vitals = VITALS_NULL;

    for (size_t i = 0; i < ARRAY_SIZE(rounds); i++, vitals.rounds++) {
        CLEANUP(reply_freep) redisReply *reply =
            rounds[i].reply ? reply_of(rounds[i].reply) : NULL;

        vitals_meet(&vitals, rounds[i].run_id);
        if (reply)
            vitals_take_slow(&vitals, reply);
        cr_expect_eq(vitals.slow.count, rounds[i].reply ? rounds[i].count : 0, "%zu", i);
    }
    cr_expect_eq(vitals.slow_total, 3);
    vitals_release(&vitals);
}

Test(audit, counts_slow_commands)
{
    static const struct {
        const char *reply;
        uint64_t count, about, most_us, total;
    } cases[] = {
        /* What was there before is none of this audit's. */
        { "*1\r\n" ENTRY("5", "90", "+HSET", "+a:work"), 0, 0, 0, 0 },
        { "*2\r\n" ENTRY("6", "70", "+hset", "+b:work")
              ENTRY("5", "90", "+HSET", "+a:work"),
          1, 1, 70, 1 },
        { "*1\r\n" ENTRY("6", "70", "+hset", "+b:work"), 0, 0, 0, 1 },
        /* It keeps fewer than there were; who has another name or key is not watched. */
        { "*2\r\n" ENTRY("9", "50", "+HSET", "+b") ENTRY("8", "60", "+DEL", "+b:work"), 3,
          0, 60, 4 },
        { "*0\r\n", 0, 0, 0, 4 },
        { "*1\r\n" ENTRY("10", "1", "+HSET", "+c:work"), 1, 1, 1, 5 },
        { "*1\r\n" ENTRY("0", "2", "+HSET", "+c:work"), 1, 1, 2, 6 }, /* started again */
        { ":1\r\n", 0, 0, 0, 6 },
        { "*2\r\n:1\r\n*4\r\n+a\r\n+b\r\n+c\r\n+d\r\n", 0, 0, 0, 6 },
    };
    struct vitals vitals = VITALS_NULL;
    struct err err = ERR_NULL;

    cr_assert_eq(vitals_choose(&vitals, "HSet  *:work", &err), 0);
    cr_expect_str_eq(vitals.name, "hset");
    cr_expect(vitals_match(&vitals, STR("a:work")));
    cr_expect_not(vitals_match(&vitals, STR("a:works")));
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++, vitals.rounds++) {
        CLEANUP(reply_freep) redisReply *reply = reply_of(cases[i].reply);

        vitals_take_slow(&vitals, reply);
        cr_expect_eq(vitals.slow.count, cases[i].count, "%zu", i);
        cr_expect_eq(vitals.slow.about, cases[i].about, "%zu", i);
        cr_expect_eq(vitals.slow.most_us, cases[i].most_us, "%zu", i);
        cr_expect_eq(vitals.slow_total, cases[i].total, "%zu", i);
    }
    vitals_release(&vitals);
    cr_expect_eq(vitals_choose(&vitals, " *:work", &err), ERR_USAGE);
    cr_expect_eq(vitals_choose(&vitals, "", &err), ERR_USAGE);
    cr_expect_eq(vitals_choose(&vitals, "a=b", &err), ERR_USAGE);
}

/* A server that says at once what is to come at once, and of the rest a byte when the one
 * before was read. Returns its process. */
static pid_t dribble(int fds[2], const char *at_once, size_t length, const char *rest)
{
    pid_t pid;

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    pid = fork();
    if (pid) {
        close(fds[1]);
        return pid;
    }
    close(fds[0]);
    while (length) {
        ssize_t n = write(fds[1], at_once, length);

        if (n <= 0)
            _exit(0);
        at_once += n;
        length -= (size_t)n;
    }
    for (; *rest; rest++) {
        int unread = 1;

        while (ioctl(fds[1], SIOCOUTQ, &unread) == 0 && unread)
            usleep(1000);
        if (write(fds[1], rest, 1) != 1)
            break;
    }
    _exit(0);
}

/* With a patience that is over as soon as there was any need for it. */
static int take_dribbled(const int fds[2], pid_t pid, struct err *err)
{
    CLEANUP(connection_closep) redisContext *connection = redisConnectFd(fds[0]);
    CLEANUP(reply_freep) redisReply *reply = NULL;
    struct ask ask = ask_of(connection);
    int code;

    ask.patience_ns = NSEC_PER_MSEC;
    code = ask_answer(&ask, ASK_INFO, &reply, err);
    ask_release(&ask);
    connection = connection_close(connection);
    waitpid(pid, NULL, 0);
    return code;
}

/* Each byte comes soon, and the answer never. There are so many of them that some are
 * waited for, however busy the machine is. */
Test(audit, waits_for_no_answer_that_dribbles)
{
    static const char *const begins[] = { "+", "$100000\r\n", "*100000\r\n:" };
    CLEANUP(mem_freep) char *rest = mem_printf("%02000d", 0);

    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < ARRAY_SIZE(begins); i++) {
        struct err err = ERR_NULL;
        int fds[2];
        pid_t pid = dribble(fds, begins[i], strlen(begins[i]), rest);

        cr_expect_eq(take_dribbled(fds, pid, &err), -ETIMEDOUT, "%zu: %s", i, err.msg);
        EXPECT_SAYS(err.msg, "s the server has not answered in full; that may take 0 s, "
                             "and 1 s more for each 64 KiB, of which it sent 0");
    }
}

/* What came counts: half a minute for two MiB, of which the last bytes dribble. */
Test(audit, waits_for_a_long_answer)
{
    enum { BYTES = 2 << 20 };
    CLEANUP(mem_freep) char *answer = mem_printf("$%d\r\n%0*d", BYTES, BYTES - 30, 0);
    struct err err = ERR_NULL;
    int fds[2];
    pid_t pid =
        dribble(fds, answer, strlen(answer), "000000000000000000000000000000\r\n");

    signal(SIGPIPE, SIG_IGN);
    cr_expect_eq(take_dribbled(fds, pid, &err), 0, "%s", err.msg);
}
