/* audit's rules of known systems, one after the other: a key space as a death leaves it,
 * in which each must find what was left, and one of a healthy system, about which all of
 * them must say nothing. What real programs leave is in tests/libraries. */
#include "audited.h"

#include <stdlib.h>

#include "audit/rules.h"

TestSuite(audit_known, .init = audited_begin, .fini = audited_end);

#define JOB "0aa1b2c3-1111-2222-3333-123456789012"
#define UUID "33fdd1b6-b496-4b33-9f7d-df96679d32fe"
#define SHA1 "da39a3ee5e6b4b0d3255bfef95601890afd80709"

/* Commands are separated by semicolons. */
static const struct {
    const char *rule;    /* its glob, or key */
    const char *at;      /* what the report calls it; NULL: the same */
    const char *leaked;  /* how the key space came about */
    const char *suspect; /* what must be found there */
    const char *healthy;
} cases[] = {
    { "*:*:????????????:work", NULL, "HSET app:1:9f8e7d6c5b4a:work a {}",
      "app:1:9f8e7d6c5b4a:work",
      "HSET app:1:9f8e7d6c5b4b:work a {};EXPIRE app:1:9f8e7d6c5b4b:work 60" },
    { "*:*:????????????:workers", NULL, "HSET app:1:9f8e7d6c5b4a:workers a {}",
      "app:1:9f8e7d6c5b4a:workers",
      "HSET app:1:9f8e7d6c5b4b:workers a {};EXPIRE app:1:9f8e7d6c5b4b:workers 60" },
    { "stat:processed:*-*-*", NULL, "INCR stat:processed:2026-01-02",
      "stat:processed:2026-01-02",
      "SET stat:processed:2026-01-03 7 EX 157680000;INCR stat:processed" },
    { "stat:failed:*-*-*", NULL, "INCR stat:failed:2026-01-02", "stat:failed:2026-01-02",
      "SET stat:failed:2026-01-03 7 EX 157680000;INCR stat:failed" },
    { "processes", NULL, "SADD processes app:1:9f8e7d6c5b4a", "app:1:9f8e7d6c5b4a",
      "SADD processes app:1:9f8e7d6c5b4b another's;HSET app:1:9f8e7d6c5b4b info {};"
      "EXPIRE app:1:9f8e7d6c5b4b 60" },

    { "bull:*:*:lock", NULL, "SET bull:mail:1:lock token", "bull:mail:1:lock",
      "SET bull:mail:7:lock token PX 30000" },
    { "bull:*:stalled-check", NULL, "SET bull:mail:stalled-check 1",
      "bull:mail:stalled-check", "SET bull:post:stalled-check 1 PX 30000" },
    { "bull:*:limiter", NULL, "SET bull:mail:limiter 1", "bull:mail:limiter",
      "SET bull:post:limiter 1 PX 30000" },
    { "bull:*:*", "bull:mail:*",
      "HSET bull:mail:1 name a;HSET bull:mail:2 name a;RPUSH bull:mail:active 2",
      "bull:mail:1",
      "HSET bull:post:1 name a;HSET bull:post:2 name a;HSET bull:post:3 name a;"
      "HSET bull:post:4 name a;HSET bull:post:5 name a;HSET bull:post:6 name a;"
      "HSET bull:post:7 name a;HSET bull:post:8 name a;RPUSH bull:post:wait 1 0:9;"
      "RPUSH bull:post:paused 2;RPUSH bull:post:active 3;ZADD bull:post:delayed 1 4;"
      "ZADD bull:post:prioritized 1 5;ZADD bull:post:waiting-children 1 6;"
      "ZADD bull:post:completed 1 7;ZADD bull:post:failed 1 8;ZADD bull:post:priority 1 "
      "1;SADD bull:post:stalled 3;HSET bull:post:meta x 1;SET bull:post:id 8;"
      "RPUSH bull:post:7:logs x;HSET bull:post:6:processed x 1;SADD "
      "bull:post:6:dependencies x;HSET bull:post:repeat:4f2a:17000 name a;"
      "HSET bull:post:my:own name a;HSET bull:post:own name a" },
    { "bull:*:*", "bull:mail:*",
      "HSET bull:mail:1 name a;RPUSH bull:mail:active 1;ZADD bull:mail:completed 1 1",
      "bull:mail:1", "" },
    { "bull:*:*", "bull:mail:*",
      "HSET bull:mail:1 name a;ZADD bull:mail:failed 1 1;ZADD bull:mail:completed 1 1",
      "bull:mail:1", "" },
    { "bull:*:*", "bull:mail:*",
      "HSET bull:mail:1 name a;RPUSH bull:mail:wait 1;RPUSH bull:mail:paused 1",
      "bull:mail:1", "" },
    { "bull:*:*", "bull:mail:*", "HSET bull:mail:1 name a;RPUSH bull:mail:wait 1 1",
      "bull:mail:1", "" },
    { "bull:*:wait", "bull:mail:wait", "RPUSH bull:mail:wait 4", "4", "" },
    { "bull:*:paused", "bull:mail:paused", "RPUSH bull:mail:paused 4", "4", "" },
    { "bull:*:active", "bull:mail:active", "RPUSH bull:mail:active 4", "4", "" },
    { "bull:*:delayed", "bull:mail:delayed", "ZADD bull:mail:delayed 1 4", "4", "" },

    { "bq:*:stallBlock", NULL, "SET bq:mail:stallBlock 1", "bq:mail:stallBlock",
      "SET bq:post:stallBlock 1 PX 5000" },
    { "bq:*:jobs", "bq:mail:jobs", "HSET bq:mail:jobs 1 a", "1",
      "HSET bq:post:jobs 1 a 2 a 3 a 4 a own a;RPUSH bq:post:waiting 1;RPUSH "
      "bq:post:active 2;SADD bq:post:succeeded 3;SADD bq:post:failed 4;ZADD "
      "bq:post:delayed 1 own;SADD bq:post:stalling 2;SET bq:post:id 4" },
    { "bq:*:waiting", "bq:mail:waiting", "RPUSH bq:mail:waiting 4", "4", "" },
    { "bq:*:active", "bq:mail:active", "RPUSH bq:mail:active 4", "4", "" },

    { "resque:resque_scheduler_leader_lock", NULL,
      "SET resque:resque_scheduler_leader_lock h", "resque:resque_scheduler_leader_lock",
      "SET resque:resque_scheduler_leader_lock h EX 180" },
    { "resque:workers", NULL, "SADD resque:workers h:1:mail", "h:1:mail",
      "SADD resque:workers h:2:mail;SET resque:worker:h:2:mail {};"
      "SET resque:worker:h:2:mail:started 1;SET resque:worker:ping:h:2 {}" },
    { "resque:worker:*", NULL, "SET resque:worker:h:1:mail {}", "resque:worker:h:1:mail",
      "" },
    { "resque:worker:*:started", NULL, "SET resque:worker:h:1:mail:started 1",
      "resque:worker:h:1:mail:started", "" },
    { "resque:delayed:*", NULL, "RPUSH resque:delayed:1800000000 {}",
      "resque:delayed:1800000000",
      "RPUSH resque:delayed:1800000001 {};ZADD resque:delayed_queue_schedule 1800000001 "
      "1800000001;HSET resque:delayed:last_enqueued_at job 1" },

    { "rq:worker:*", NULL, "HSET rq:worker:w birth 1", "rq:worker:w",
      "HSET rq:worker:v birth 1;EXPIRE rq:worker:v 420" },
    { "rq:clean_registries:*", NULL, "SET rq:clean_registries:mail 1",
      "rq:clean_registries:mail", "SET rq:clean_registries:post 1 EX 899" },
    { "rq:scheduler-lock:*", NULL, "SET rq:scheduler-lock:mail 1",
      "rq:scheduler-lock:mail", "SET rq:scheduler-lock:post 1 EX 61" },
    { "rq:workers", NULL, "SADD rq:workers rq:worker:w", "rq:worker:w",
      "SADD rq:workers rq:worker:v;HSET rq:worker:v birth 1;EXPIRE rq:worker:v 420" },
    { "rq:scheduled:*", "rq:scheduled:mail", "ZADD rq:scheduled:mail 1 " JOB, JOB,
      "HSET rq:job:" UUID " status scheduled;ZADD rq:scheduled:post 1 " UUID },
    { "rq:job:*", NULL, "HSET rq:job:" JOB " status queued", "rq:job:" JOB,
      "HSET rq:job:" JOB " status queued;RPUSH rq:queue:post " JOB ";SADD rq:job:" JOB
      ":dependents x;"
      "HSET rq:job:11111111-1111-1111-1111-111111111111 status started;"
      "ZADD rq:executions:11111111-1111-1111-1111-111111111111 1 x;"
      "HSET rq:job:11111111-1111-1111-1111-111111111112 status finished;"
      "EXPIRE rq:job:11111111-1111-1111-1111-111111111112 500;"
      "HSET rq:job:11111111-1111-1111-1111-111111111113 status failed;"
      "ZADD rq:failed:post 1 11111111-1111-1111-1111-111111111113;"
      "HSET rq:job:mine status queued" },

    { "rack::attack:*", NULL, "INCR rack::attack:28000000:logins:1.2.3.4",
      "rack::attack:28000000:logins:1.2.3.4",
      "SET rack::attack:28000001:logins:1.2.3.4 1 EX 60" },
    { "LIMITER/*", NULL, "INCR LIMITER/1.2.3.4/10/1/minute",
      "LIMITER/1.2.3.4/10/1/minute", "SET LIMITER/1.2.3.5/10/1/minute 1 EX 60" },
    { "fastify-rate-limit-*", NULL, "INCR fastify-rate-limit-1.2.3.4",
      "fastify-rate-limit-1.2.3.4", "SET fastify-rate-limit-1.2.3.5 1 PX 60000" },
    { "rlflx:*", NULL, "INCR rlflx:1.2.3.4;SET rlflx:1.2.3.5 1 EX 60", "rlflx:1.2.3.4",
      "SET rlflx:1.2.3.5 1 EX 60" },

    { "celery-task-meta-*", NULL,
      "SET celery-task-meta-1 a;SET celery-task-meta-2 a EX 86400", "celery-task-meta-1",
      "SET celery-task-meta-2 a EX 86400" },
    { "celery-taskset-meta-*", NULL,
      "SET celery-taskset-meta-1 a;SET celery-taskset-meta-2 a EX 86400",
      "celery-taskset-meta-1", "SET celery-taskset-meta-2 a EX 86400" },
    { "unacked", NULL, "HSET unacked 1 a", "1",
      "HSET unacked 2 a;ZADD unacked_index 1 2" },

    { "*framework/schedule-????????????????????????????????????????", NULL,
      "SET laravel_cache:framework/schedule-" SHA1 " b",
      "laravel_cache:framework/schedule-" SHA1,
      "SET shop_database_shop_cache:framework/schedule-" SHA1 " b EX 86400" },

    { "spring:session:expirations:*", NULL,
      "SADD spring:session:expirations:1439245080000 expires:" UUID,
      "spring:session:expirations:1439245080000",
      "SADD spring:session:expirations:1439245140000 expires:" UUID
      ";EXPIRE spring:session:expirations:1439245140000 2100;"
      "ZADD spring:session:sessions:expirations 1 " UUID },
    { "spring:session:sessions:*-*-*-*-*", NULL,
      "HSET spring:session:sessions:" UUID
      " creationTime 1;HSET spring:session:sessions:" JOB
      " creationTime 1;EXPIRE spring:session:sessions:" JOB " 2100",
      "spring:session:sessions:" UUID,
      "HSET spring:session:sessions:" JOB " creationTime 1;"
      "EXPIRE spring:session:sessions:" JOB " 2100" },
    { "spring:session:sessions:expires:*", NULL,
      "APPEND spring:session:sessions:expires:" UUID " a;"
      "SET spring:session:sessions:expires:" JOB " a EX 1800",
      "spring:session:sessions:expires:" UUID,
      "SET spring:session:sessions:expires:" JOB " a EX 1800" },
};

static void send(const char *commands)
{
    CLEANUP(mem_freep) char *copy = mem_strdup(commands);
    char *rest = copy, *command;

    while ((command = strsep(&rest, ";"))) {
        CLEANUP(reply_freep) redisReply *reply = NULL;

        if (!*command)
            continue;
        reply = redisCommand(connection, command);
        cr_assert(reply && reply->type != REDIS_REPLY_ERROR, "%s: %s", command,
                  reply ? reply->str : connection->errstr);
    }
}

static struct run audit_it(void)
{
    struct run run = AUDIT("--format", "json", "--fail");

    cr_assert_not_null(run.json, "%s%s", run.out, run.err);
    return run;
}

static bool is_text(const json_t *value, const char *text)
{
    return json_is_string(value) && strcmp(json_string_value(value), text) == 0;
}

/* What leaks of a group or set has that name; NULL: none does. */
static json_t *leaking(const struct run *run, const char *list, const char *name_key,
                       const char *name)
{
    json_t *item;
    size_t i;

    json_array_foreach (json_object_get(run->json, list), i, item)
        if (json_is_true(json_object_get(item, "leaks")) &&
            is_text(json_object_get(item, name_key), name))
            return item;
    return NULL;
}

static bool is_found(const struct run *run, const char *at, const char *suspect)
{
    json_t *group = leaking(run, "groups", "pattern", at);
    json_t *set = leaking(run, "sets", "key", at), *item;
    size_t i;

    json_array_foreach (json_object_get(group, "suspects"), i, item)
        if (is_text(json_object_get(item, "key"), suspect) &&
            json_is_string(json_object_get(group, "rule")))
            return true;
    json_array_foreach (json_object_get(set, "suspects"), i, item)
        if (is_text(item, suspect))
            return true;
    return false;
}

Test(audit_known, finds_what_was_left)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *at = cases[i].at ? cases[i].at : cases[i].rule;
        struct run run;

        send(cases[i].leaked);
        run = audit_it();
        cr_expect_eq(run.status, 1, "%s: %d", cases[i].leaked, run.status);
        cr_expect(is_found(&run, at, cases[i].suspect), "%s: %s", cases[i].leaked,
                  run.out);
        run_release(&run);
        send("FLUSHALL");
    }
}

/* One after the other, and all of them beside each other. */
Test(audit_known, says_nothing_of_healthy_systems)
{
    struct run run;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        if (!*cases[i].healthy)
            continue;
        send(cases[i].healthy);
        run = audit_it();
        cr_expect_eq(run.status, 0, "%s: %s", cases[i].healthy, run.out);
        run_release(&run);
        send("FLUSHALL");
    }
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        send(cases[i].healthy);
    run = audit_it();
    cr_expect_eq(run.status, 0, "%s", run.out);
    run_release(&run);
}

/* No rule is built in that none of these is about. */
Test(audit_known, has_a_case_for_every_rule)
{
    struct rules rules = RULES_NULL;

    rules_add_known(&rules);
    for (size_t i = 0; i < rules.count; i++) {
        const struct rule *rule = &rules.items[i];
        const char *name = rule->key ? rule->key : rule->glob.globs[0];
        size_t at = 0;

        while (at < ARRAY_SIZE(cases) && strcmp(cases[at].rule, name) != 0)
            at++;
        cr_expect_lt(at, ARRAY_SIZE(cases), "%s: %s", rule->system, name);
    }
    rules_release(&rules);
}
