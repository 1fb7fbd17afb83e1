/* snapshot: how the audit's answer is taken apart into atoms. The answers are written
 * here, as they come from a server, so that those of servers that are not installed can
 * be read too: expiries of hash fields came with Redis 7.4. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "state/snapshot.h"

/* A snapshot of an answer in Redis's protocol, all of whose expiries are right. Returns
 * what snapshot_digest() says. */
static int digest(const char *protocol, struct snapshot *ret, struct err *err)
{
    struct observer observer = { .keyspace = { .field_expiries = true } };
    redisReader *reader = redisReaderCreate();
    void *reply = NULL;
    int code;

    cr_assert_eq(redisReaderFeed(reader, protocol, strlen(protocol)), REDIS_OK);
    cr_assert_eq(redisReaderGetReply(reader, &reply), REDIS_OK, "%s", reader->errstr);
    cr_assert_not_null(reply, "not a whole answer: %s", protocol);
    redisReaderFree(reader);
    ret->reply = reply;
    code = snapshot_digest(&observer, ret, err);
    if (code == 0) {
        bounds_cover(&observer.bounds, ret);
        code = snapshot_digest(&observer, ret, err);
    }
    observer_release(&observer);
    return code;
}

static void release(struct snapshot *snapshot)
{
    freeReplyObject((void *)(uintptr_t)snapshot->reply);
    snapshot_release(snapshot);
}

/* Of a hash with two fields: times to live of the key and of each field in milliseconds,
 * -1 is none, and which of the fields expire. The key's time to live is that of all its
 * fields; a field's own is its alone. */
Test(digest, fields_of_a_hash_expire_one_by_one)
{
    static const struct {
        int key, fields[2];
        enum expiry expiries[2];
    } cases[] = {
        { -1, { -1, -1 }, { EXPIRY_NEVER, EXPIRY_NEVER } },
        { -1, { 5000, -1 }, { EXPIRY_BOUNDED, EXPIRY_NEVER } },
        { -1, { -1, 0 }, { EXPIRY_NEVER, EXPIRY_BOUNDED } },
        { -1, { 1, 60000 }, { EXPIRY_BOUNDED, EXPIRY_BOUNDED } },
        { 5000, { -1, -1 }, { EXPIRY_BOUNDED, EXPIRY_BOUNDED } },
        { 5000, { 1, -1 }, { EXPIRY_BOUNDED, EXPIRY_BOUNDED } },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *protocol = mem_printf("*1\r\n*5\r\n$4\r\nwork\r\n$4\r\nhash\r\n:%d\r\n"
                                    "*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n"
                                    "*2\r\n:%d\r\n:%d\r\n",
                                    cases[i].key, cases[i].fields[0], cases[i].fields[1]);
        struct snapshot snapshot = SNAPSHOT_NULL;
        struct err err = ERR_NULL;

        cr_assert_eq(digest(protocol, &snapshot, &err), 0, "%s", err.msg);
        cr_expect_eq(snapshot.state.count, 2, "case %zu", i);
        for (size_t f = 0; f < 2 && snapshot.state.count == 2; f++)
            cr_expect_eq(snapshot.state.atoms[f].expiry, cases[i].expiries[f],
                         "case %zu, field %zu: %d", i, f,
                         (int)snapshot.state.atoms[f].expiry);
        release(&snapshot);
        free(protocol);
    }
}

/* A server that sends something else is not understood, rather than misread. */
Test(digest, answers_of_the_wrong_shape_are_errors)
{
    static const char *const answers[] = {
        "$4\r\nwork\r\n",
        ":1\r\n",
        "*1\r\n$4\r\nwork\r\n",
        "*1\r\n*3\r\n$4\r\nwork\r\n$4\r\nhash\r\n:-1\r\n",
        "*1\r\n*4\r\n$4\r\nwork\r\n$4\r\nhash\r\n:-1\r\n:1\r\n",
        "*1\r\n*4\r\n$4\r\nwork\r\n$4\r\nhash\r\n$2\r\n-1\r\n*0\r\n",
    };

    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        struct snapshot snapshot = SNAPSHOT_NULL;
        struct err err = ERR_NULL;

        cr_expect_eq(digest(answers[i], &snapshot, &err), -EPROTO, "answer %zu", i);
        cr_expect_not_null(strstr(err.msg, "the audit's answer"), "%s", err.msg);
        release(&snapshot);
    }
}
