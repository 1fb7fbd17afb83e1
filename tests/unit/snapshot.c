/* snapshot: how the audit's answer is taken apart into atoms. The answers are written
 * here, as they come from a server, so that those of servers that are not installed can
 * be read too: expiries of hash fields came with Redis 7.4. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "state/snapshot.h"

/* An answer in Redis's protocol. */
static redisReply *parse(const char *protocol)
{
    redisReader *reader = redisReaderCreate();
    void *reply = NULL;

    cr_assert_eq(redisReaderFeed(reader, protocol, strlen(protocol)), REDIS_OK);
    cr_assert_eq(redisReaderGetReply(reader, &reply), REDIS_OK, "%s", reader->errstr);
    cr_assert_not_null(reply, "not a whole answer: %s", protocol);
    redisReaderFree(reader);
    return reply;
}

/* A snapshot of such an answer, all of whose expiries are right. Returns
 * what snapshot_digest() says. */
static int digest(const char *protocol, struct snapshot *ret, struct err *err)
{
    struct observer observer = { .keyspace = { .field_expiries = true } };
    int code;

    ret->reply = parse(protocol);
    code = snapshot_digest(&observer, ret, err);
    if (code == 0) {
        observer_cover(&observer, ret);
        code = snapshot_digest(&observer, ret, err);
    }
    observer_release(&observer);
    return code;
}

/* An answer of words, numbers and lists: "(key stream :-1 (a 'b c') '')". Freed by the
 * caller. */
static char *protocol_of(const char **at)
{
    CLEANUP(mem_freep) char *items = NULL;
    size_t count = 0, length;
    FILE *out;
    const char *word;

    *at += strspn(*at, " ");
    if (**at != '(') {
        bool quoted = **at == '\'';

        word = *at + quoted;
        length = strcspn(word, quoted ? "'" : " ()");
        *at = word + length + quoted;
        if (*word == ':' && !quoted)
            return mem_printf("%.*s\r\n", (int)length, word);
        return mem_printf("$%zu\r\n%.*s\r\n", length, (int)length, word);
    }
    out = mem_stream(&items);
    for (++*at; *(*at += strspn(*at, " ")) != ')'; count++) {
        CLEANUP(mem_freep) char *item = protocol_of(at);

        fputs(item, out);
    }
    ++*at;
    fclose(out);
    return mem_printf("*%zu\r\n%s", count, items);
}

/* A snapshot of one row. Returns what snapshot_digest() says. */
static int digest_row(const char *row, struct snapshot *ret, struct err *err)
{
    CLEANUP(mem_freep) char *protocol = protocol_of(&row);
    CLEANUP(mem_freep) char *whole = mem_printf("*1\r\n%s", protocol);

    return digest(whole, ret, err);
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

/* Of a hash that expires, and of one whose fields do, one after the other: what is late
 * for the bound that the first makes. */
Test(digest, fields_of_a_hash_have_the_bound_of_their_key)
{
    static const struct {
        const char *right, *row;
        enum expiry expiry; /* of the first field */
    } cases[] = {
        { "(h hash :60000 (f 1) (:-1))", "(h hash :-1 (f 1) (:60000))", EXPIRY_BOUNDED },
        { "(h hash :60000 (f 1) (:-1))", "(h hash :-1 (f 1) (:80000))", EXPIRY_BEYOND },
        { "(h hash :-1 (f 1) (:60000))", "(h hash :-1 (f 1) (:61000))", EXPIRY_BOUNDED },
        { "(h hash :-1 (f 1) (:60000))", "(h hash :-1 (f 1) (:80000))", EXPIRY_BEYOND },
        { "(h hash :-1 (f 1) (:60000))", "(h hash :80000 (f 1) (:-1))", EXPIRY_BEYOND },
        { "(h hash :-1 (f 1 g 2) (:60000 :90000))", "(h hash :-1 (f 1) (:80000))",
          EXPIRY_BOUNDED },
        { "(h hash :-1 (f 1) (:-1))", "(h hash :-1 (f 1) (:5))", EXPIRY_BEYOND },
        { "(h hash :-1 (f 1) (:60000))", "(h hash :-1 (f 1) (:-1))", EXPIRY_NEVER },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct snapshot right = SNAPSHOT_NULL, snapshot = SNAPSHOT_NULL;
        struct observer observer = { .keyspace = { .field_expiries = true } };
        struct err err = ERR_NULL;

        cr_assert_eq(digest_row(cases[i].right, &right, &err), 0, "%s", err.msg);
        cr_assert_eq(digest_row(cases[i].row, &snapshot, &err), 0, "%s", err.msg);
        observer_cover(&observer, &right);
        cr_assert_eq(snapshot_digest(&observer, &snapshot, &err), 0, "%s", err.msg);
        cr_expect_eq(snapshot.state.atoms[0].expiry, cases[i].expiry, "%s beside %s",
                     cases[i].row, cases[i].right);
        observer_release(&observer);
        release(&right);
        release(&snapshot);
    }
}

/* Of hashes beside each other, with `ignore`: which atoms there are. */
Test(digest, fields_that_are_ignored)
{
    static const struct {
        const char *ignore, *rows, *atoms;
    } cases[] = {
        { "j#ats", "((j hash :-1 (f 1 ats 2) (:-1 :-1)))", "j.f=1" },
        { "j#ats", "((j hash :-1 (ats 2) (:-1)))", "j.=" },
        { "j#ats", "((j hash :5000 (ats 2) (:-1)))", "j.=~" },
        { "j#ats", "((j hash :-1 (ats 2) (:5000)))", "j.=" },
        { "j#ats", "((j hash :-1 (f 1 ats 2) (:5000 :9000)))", "j.f=1~" },
        { "j#ats", "((j hash :-1 (ats 1) (:-1)) (k hash :-1 (ats 1) (:-1)))",
          "j.= k.ats=1" },
        { "j*#*ts", "((j1 hash :-1 (ats 1 bts 2 c 3) (:-1 :-1 :-1)))", "j1.c=3" },
        { "j#a#b", "((j hash :-1 (a 1 a#b 2) (:-1 :-1)))", "j.a=1" },
        { "j\\#ats", "((j hash :-1 (ats 2) (:-1)) (j#ats string :-1 (1)))", "j.ats=2" },
        { "j\\#k#ats", "((j#k hash :-1 (ats 1 f 2) (:-1 :-1)))", "j#k.f=2" },
        { "j#ats", "((j#ats string :-1 (1)))", "j#ats.=1" },
        { "j#ats", "((j zset :-1 (ats 1)) (k set :-1 (ats)))", "j.ats=1 k.ats=" },
        { "j#ats", "((j hash :-1 () ()))", "j.=" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct ignored ignored = { .keys = { mem_alloc(sizeof(char *)), 1 } };
        struct observer observer = { .keyspace = { .field_expiries = true },
                                     .ignore = &ignored };
        struct snapshot snapshot = SNAPSHOT_NULL;
        struct err err = ERR_NULL;
        const char *rows = cases[i].rows;
        CLEANUP(mem_freep) char *protocol = protocol_of(&rows);
        CLEANUP(mem_freep) char *text = NULL;
        FILE *out = mem_stream(&text);

        ignored.keys.globs[0] = mem_strdup(cases[i].ignore);
        cr_assert_null(ignored_split(&ignored));
        snapshot.reply = parse(protocol);
        observer_cover(&observer, &snapshot);
        cr_assert_eq(snapshot_digest(&observer, &snapshot, &err), 0, "%s", err.msg);
        state_sort(&snapshot.state);
        for (size_t a = 0; a < snapshot.state.count; a++) {
            const struct atom *atom = &snapshot.state.atoms[a];

            fprintf(out, "%s%.*s.%.*s=%.*s%s", a ? " " : "", (int)atom->key.length,
                    atom->key.bytes, (int)atom->id.length, atom->id.bytes,
                    (int)atom->value.length, atom->value.bytes,
                    atom->expiry == EXPIRY_BOUNDED  ? "~"
                    : atom->expiry == EXPIRY_BEYOND ? "~~"
                                                    : "");
        }
        fclose(out);
        cr_expect_str_eq(text, cases[i].atoms, "%s of %s", cases[i].ignore,
                         cases[i].rows);
        observer_release(&observer);
        release(&snapshot);
        ignored_release(&ignored);
    }
}

/* How long an ignored field lives is no bound for what counts. */
Test(digest, ignored_fields_set_no_bound)
{
    struct ignored ignored = { .keys = { mem_alloc(sizeof(char *)), 1 } };
    struct observer observer = { .keyspace = { .field_expiries = true },
                                 .ignore = &ignored };
    struct snapshot right = SNAPSHOT_NULL, late = SNAPSHOT_NULL;
    struct err err = ERR_NULL;

    ignored.keys.globs[0] = mem_strdup("h#ats");
    cr_assert_null(ignored_split(&ignored));
    cr_assert_eq(digest_row("(h hash :-1 (f 1 ats 2) (:60000 :3600000))", &right, &err),
                 0);
    cr_assert_eq(digest_row("(h hash :-1 (f 1) (:1800000))", &late, &err), 0);
    observer_cover(&observer, &right);
    cr_assert_eq(snapshot_digest(&observer, &late, &err), 0, "%s", err.msg);
    cr_expect_eq(late.state.atoms[0].expiry, EXPIRY_BEYOND);
    observer_release(&observer);
    release(&right);
    release(&late);
    ignored_release(&ignored);
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

/* Of a stream everything is looked at before it is taken apart. */
Test(digest, streams_of_the_wrong_shape_are_errors)
{
    static const struct {
        const char *row;
        int code;
    } cases[] = {
        { "(s stream :-1 () (0-0 '' '' ()))", 0 },
        { "(s stream :-1 ((1-1 (m 1))) (1-1 0-0 :1 ((g 1-1 :1 (c) ((1-1 c :1))))))", 0 },
        { "(s stream :-1 ())", -EPROTO },
        { "(s stream :-1 () ())", -EPROTO },
        { "(s stream :-1 () (last '' '' ()))", -EPROTO },
        { "(s stream :-1 () (0-0 '' '' ''))", -EPROTO },
        { "(s stream :-1 (1-1) (0-0 '' '' ()))", -EPROTO },
        { "(s stream :-1 ((1-1)) (0-0 '' '' ()))", -EPROTO },
        { "(s stream :-1 ((1-1 ())) (0-0 '' '' ()))", -EPROTO },
        { "(s stream :-1 ((1-1 (m))) (0-0 '' '' ()))", -EPROTO },
        { "(s stream :-1 ((1-1 (m :1))) (0-0 '' '' ()))", -EPROTO },
        { "(s stream :-1 ((1 (m 1))) (0-0 '' '' ()))", -EPROTO },
        { "(s stream :-1 ((1- (m 1))) (0-0 '' '' ()))", -EPROTO },
        { "(s stream :-1 ((-1 (m 1))) (0-0 '' '' ()))", -EPROTO },
        { "(s stream :-1 ((1-1-1 (m 1))) (0-0 '' '' ()))", -EPROTO },
        { "(s stream :-1 (('1- 1' (m 1))) (0-0 '' '' ()))", -EPROTO },
        { "(s stream :-1 () (0-0 '' '' (g)))", -EPROTO },
        { "(s stream :-1 () (0-0 '' '' ((g 0-0 :1 ()))))", -EPROTO },
        { "(s stream :-1 () (0-0 '' '' ((g 0 :1 () ()))))", -EPROTO },
        { "(s stream :-1 () (0-0 '' '' ((g 0-0 :1 (:1) ()))))", -EPROTO },
        { "(s stream :-1 () (0-0 '' '' ((g 0-0 :1 c ()))))", -EPROTO },
        { "(s stream :-1 () (0-0 '' '' ((g 0-0 :1 () (1-1)))))", -EPROTO },
        { "(s stream :-1 () (0-0 '' '' ((g 0-0 :1 () ((1-1 c))))))", -EPROTO },
        { "(s stream :-1 () (0-0 '' '' ((g 0-0 :1 () ((1 c :1))))))", -EPROTO },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct snapshot snapshot = SNAPSHOT_NULL;
        struct err err = ERR_NULL;

        cr_expect_eq(digest_row(cases[i].row, &snapshot, &err), cases[i].code, "%s: %s",
                     cases[i].row, err.msg);
        release(&snapshot);
    }
}

#define ONE_READ "(1-1 '' '' ((g 1-1 :1 () ())))"

/* What is the same whatever the ids are, and what is not although it reads alike. */
Test(digest, streams_are_told_by_contents_and_ranks)
{
    static const struct {
        const char *one, *other;
        bool same;
    } cases[] = {
        { "(s stream :-1 ((1-1 (m 1))) " ONE_READ ")",
          "(s stream :-1 ((7-0 (m 1))) (9-0 '' '' ((g 8-0 :4 () ()))))", true },
        { "(s stream :-1 ((1-1 (m 1))) " ONE_READ ")",
          "(s stream :-1 ((7-0 (m 1))) (9-0 '' '' ((g 6-9 :4 () ()))))", false },
        { "(s stream :-1 ((1-1 (m 1)) (1-2 (m 2))) " ONE_READ ")",
          "(s stream :-1 ((1-1 (m 2)) (1-2 (m 1))) " ONE_READ ")", true },
        { "(s stream :-1 ((1-1 (m 1)) (1-2 (m 1))) " ONE_READ ")",
          "(s stream :-1 ((1-1 (m 1))) " ONE_READ ")", false },
        { "(s stream :-1 ((1-1 (m 1 n 2))) " ONE_READ ")",
          "(s stream :-1 ((1-1 (m '1 n=2'))) " ONE_READ ")", false },
        { "(s stream :-1 ((1-1 (m '' n 2))) " ONE_READ ")",
          "(s stream :-1 ((1-1 (m n '' 2))) " ONE_READ ")", false },
        /* Consumers: where the name of the group ends; how many there are. */
        { "(s stream :-1 () (0-0 '' '' ((a 0-0 :0 (b/c) ()) (a/b 0-0 :0 () ()))))",
          "(s stream :-1 () (0-0 '' '' ((a 0-0 :0 () ()) (a/b 0-0 :0 (c) ()))))", false },
        { "(s stream :-1 () (0-0 '' '' ((g 0-0 :0 (c) ()))))",
          "(s stream :-1 () (0-0 '' '' ((g 0-0 :0 (c d) ()))))", false },
        /* Pending: by whom, of which group, which entry; not how often delivered. */
        { "(s stream :-1 ((1-1 (m 1))) (1-1 '' '' ((g 1-1 :1 () ((1-1 c :1))))))",
          "(s stream :-1 ((2-2 (m 1))) (2-2 '' '' ((g 2-2 :1 () ((2-2 c :5))))))", true },
        { "(s stream :-1 ((1-1 (m 1))) (1-1 '' '' ((g 1-1 :1 () ((1-1 c :1))))))",
          "(s stream :-1 ((1-1 (m 1))) (1-1 '' '' ((g 1-1 :1 () ((1-1 d :1))))))",
          false },
        { "(s stream :-1 ((1-1 (m 1))) (1-1 '' '' ((g 1-1 :1 () ((1-1 c :1))))))",
          "(s stream :-1 ((1-1 (m 1))) (1-1 '' '' ((g 1-1 :1 () ((1-0 c :1))))))",
          false },
        { "(s stream :-1 ((3-1 (m 1))) (3-1 '' '' ((g 3-1 :1 () ((1-1 c :1))))))",
          "(s stream :-1 ((3-1 (m 1))) (3-1 '' '' ((g 3-1 :1 () ((2-1 c :1))))))", true },
        { "(s stream :-1 ((3-1 (m 1))) (3-1 '' '' ((g 3-1 :1 () ((2-1 c :1))))))",
          "(s stream :-1 ((3-1 (m 1))) (3-1 '' '' ((g 3-1 :1 () ((3-2 c :1))))))",
          false },
        /* Ids are numbers: 10-1 comes behind 9-1. */
        { "(s stream :-1 ((9-1 (m 1)) (10-1 (m 2))) (10-1 '' '' ((g 9-5 :1 () ()))))",
          "(s stream :-1 ((1-1 (m 1)) (2-1 (m 2))) (2-1 '' '' ((g 1-1 :1 () ()))))",
          true },
        /* Nothing in it: as good as any other, but not as none. */
        { "(s stream :-1 () (0-0 '' '' ()))", "(s stream :-1 () (9-9 1-1 :7 ()))", true },
        { "(s stream :-1 () (0-0 '' '' ()))", "(s stream :50 () (0-0 '' '' ()))", false },
        { "(s stream :-1 () (0-0 '' '' ()))", "(s set :-1 ())", false },
        { "(s stream :-1 () (0-0 '' '' ()))",
          "(s stream :-1 () (0-0 '' '' ((g 0-0 :0 () ()))))", false },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct snapshot one = SNAPSHOT_NULL, other = SNAPSHOT_NULL;
        struct err err = ERR_NULL;

        cr_assert_eq(digest_row(cases[i].one, &one, &err), 0, "%s", err.msg);
        cr_assert_eq(digest_row(cases[i].other, &other, &err), 0, "%s", err.msg);
        cr_expect_eq(signature_equal(one.signature, other.signature), cases[i].same,
                     "%s and %s", cases[i].one, cases[i].other);
        release(&one);
        release(&other);
    }
}
