/* cures.c - what is told of harm is tried first: the cure of an update is made of its
 * recording, and its own crash points are looked at. What cannot be made is advice. */
#include "testlib.h"

#include <stdlib.h>

#define ARGUMENTS 12

/* What the first harm's cure is, in JSON. */
struct wanted {
    const char *says[2];  /* of the text, and what is beside it */
    const char *notation; /* what was tried; NULL: nothing was */
    long long harmful, points;
    bool crossslot;
};

static void expect_cure(const json_t *strategy, const char *name,
                        const struct wanted *wanted)
{
    const json_t *harms = json_object_get(strategy, "harms");
    const json_t *cure = json_object_get(json_array_get(harms, 0), "cure");
    const char *text = json_string_value(json_object_get(cure, "text"));
    const char *beside = json_string_value(json_object_get(cure, "beside"));
    CLEANUP(mem_freep)
    char *all = mem_printf("%s; %s", text ? text : "", beside ? beside : "");
    const char *notation = json_string_value(json_object_get(cure, "notation"));

    cr_assert_not_null(text, "%s has no cure", name);
    for (size_t i = 0; i < ARRAY_SIZE(wanted->says) && wanted->says[i]; i++)
        cr_expect(strstr(all, wanted->says[i]), "%s: \"%s\" in: %s", name,
                  wanted->says[i], all);
    cr_expect_eq(json_is_true(json_object_get(cure, "tried")), wanted->notation != NULL,
                 "%s: %s", name, text);
    cr_expect_str_eq(notation ? notation : "(none)",
                     wanted->notation ? wanted->notation : "(none)", "%s: %s", name,
                     notation);
    cr_expect_eq(json_object_get(cure, "reason") != NULL, !wanted->notation, "%s", name);
    if (!wanted->notation)
        return;
    cr_expect_eq(json_integer_value(json_object_get(cure, "harmful_points")),
                 wanted->harmful, "%s: %s", name, notation);
    cr_expect_eq(json_integer_value(json_object_get(cure, "points")), wanted->points,
                 "%s: %s", name, notation);
    cr_expect_eq(json_is_true(json_object_get(cure, "crossslot")), wanted->crossslot,
                 "%s: %s", name, notation);
}

static struct run try_json(const char *const *arguments)
{
    const char *all[ARGUMENTS + 4] = { "try", "--format", "json" };

    for (size_t i = 0; arguments[i]; i++)
        all[i + 3] = arguments[i];
    return run_afterkill(all);
}

struct tried {
    const char *arguments[ARGUMENTS]; /* the update is the last */
    struct wanted wanted;
};

/* By these, mutants die (mutants.c). */
static const struct tried first[] = {
    { { "BRPOP {w}1 0 | LPUSH {w}2 done", "--before", "LPUSH {w}1 job" },
      { .says = { "a script cannot wait as BRPOP does" } } },
    { { "INCR k | EXPIRE k 60" },
      { { "MULTI .. EXEC around both" }, "[INCR k ; EXPIRE k 60 NX]", 0, 5, false } },
    { { "INCR k | EXPIRE k 60 | SET r 1 | DECR k" },
      { { "MULTI .. EXEC around both", "a set of holders" },
        "[INCR k ; EXPIRE k 60] | SET r 1 | DECR k",
        0,
        7,
        false } },
    { { "SET k v NX | SET r 1 | EVAL \"return redis.call('del', KEYS[1])\" 1 k" },
      { { "k needs an expiry from the start" },
        "SET k v NX EX 60 | SET r 1 | EVAL \"return redis.call('del', KEYS[1])\" 1 k",
        0,
        4,
        false } },
    { { "SETNX k v | DEL k" },
      { { "longer than the work can take" },
        "SET k v NX EX 60 | EVAL \"if redis.call('get',KEYS[1])==ARGV[1] then return "
        "redis.call('del',KEYS[1]) end\" 1 k v",
        0,
        3,
        false } },
};

static const struct tried others[] = {
    { { "SETNX k v | EXPIRE k 30 | SET r 1 | UNLINK k" },
      { { "SET k value NX EX seconds is one command", "compares the value first" },
        "SET k v NX EX 30 | SET r 1 | EVAL \"if redis.call('get',KEYS[1])==ARGV[1] "
        "then return "
        "redis.call('del',KEYS[1]) end\" 1 k v",
        0,
        4,
        false } },
    /* Another key is deleted with it. */
    { { "SETNX {k} v | SET {k}1 1 | DEL {k} {k}2" },
      { { "needs an expiry from the start", "{k} may be another's" },
        "SET {k} v NX EX 60 | SET {k}1 1 | DEL {k} {k}2",
        0,
        4,
        false } },
    { { "INCR k | SET r 1", "--reference", "SET r 1" },
      { { "k needs an expiry (EXPIRE k seconds NX, in one MULTI .. EXEC; Redis 7)",
          "to delete k at the end" },
        "[INCR k ; EXPIRE k 60 NX] | SET r 1",
        0,
        6,
        false } },
    { { "INCR k | EXPIRE k 60 NX" },
      { { "MULTI .. EXEC around both, with EXPIRE k .. NX" },
        "[INCR k ; EXPIRE k 60 NX]",
        0,
        5,
        false } },
    { { "SET {d}1 1 NX | RPUSH {d}2 job" },
      { { "RPUSH {d}2 depends on the reply of SET",
          "SET {d}1 value NX EX seconds alone would at least end the harm" },
        "lua(SET {d}1 1 NX ; RPUSH {d}2 job)",
        0,
        2,
        false } },
    { { "SPOP {s}1 | SADD {s}2 a", "--before", "SADD {s}1 a" },
      { { "a script that does both", "SRANDMEMBER {s}1, then SMOVE" },
        "lua(SPOP {s}1 ; SADD {s}2 a)",
        0,
        2,
        false } },
    { { "RENAME q q:p | SET r 1 | DEL q:p", "--before", "RPUSH q a" },
      { .says = { "what RENAME q has moved stays in q:p" } } },
    { { "PERSIST k | SET r 1 | EXPIRE k 60", "--before", "SET k v EX 100" },
      { .says = { "EXPIRE k in place of PERSIST k" } } },
    /* What is alike is cured together. */
    { { "INCR {k}a | EXPIRE {k}a 60 | INCR {k}b | EXPIRE {k}b 60" },
      { { "MULTI .. EXEC around both" },
        "[INCR {k}a ; EXPIRE {k}a 60 NX] | [INCR {k}b ; EXPIRE {k}b 60 NX]",
        0,
        9,
        false } },
    { { "SETNX k v | EXPIRE k 60" },
      { { "SET k value NX EX seconds" }, "SET k v NX EX 60", 0, 2, false } },
    { { "GETSET k v | PEXPIRE k 60000" },
      { { "SET k value PX milliseconds GET" }, "SET k v GET PX 60000", 0, 2, false } },
    { { "HSET h a 1 | HSET h b 2 | HSET h c 3" },
      { { "one HSET h with all fields" }, "HSET h a 1 b 2 c 3", 0, 2, false } },
    { { "HSET h a 1 | HSET h b 2 | EXPIRE h 60" },
      { { "inside MULTI" }, "[HSET h a 1 b 2 ; EXPIRE h 60]", 0, 5, false } },
    { { "SET {u}:name b | SET {u}:mail c" },
      { { "MSET with all keys" }, "MSET {u}:name b {u}:mail c", 0, 2, false } },
    /* Two keys of a cluster have two places. */
    { { "SET user:1:name b | SET index:b 1" },
      { { "MSET with all keys" }, "MSET user:1:name b index:b 1", 0, 2, true } },
    { { "SADD a m | INCR n | SADD b m" },
      { { "put all 3 into one MULTI" }, "[SADD a m ; INCR n ; SADD b m]", 0, 6, true } },
    { { "SREM {x}a m | SADD {x}b m", "--before", "SADD {x}a m" },
      { { "SMOVE {x}a {x}b member" }, "SMOVE {x}a {x}b m", 0, 2, false } },
    { { "RENAME {x}a {x}b | EXPIRE {x}b 60", "--before", "SET {x}a 1" },
      { { "EXPIRE {x}a before RENAME" },
        "EXPIRE {x}a 60 | RENAME {x}a {x}b",
        0,
        3,
        false } },
    { { "DEL k | SET k w", "--before", "SET k v" },
      { { "leave DEL k out" }, "SET k w", 0, 2, false } },
    { { "RPOP {w}1 | LPUSH {w}2 job", "--before", "LPUSH {w}1 job" },
      { { "LMOVE {w}1 {w}2 RIGHT LEFT" }, "LMOVE {w}1 {w}2 RIGHT LEFT", 0, 2, false } },
    { { "BRPOP {w}1 0 | LPUSH {w}2 job", "--before", "LPUSH {w}1 job" },
      { { "BLMOVE {w}1 {w}2 RIGHT LEFT" },
        "BLMOVE {w}1 {w}2 RIGHT LEFT 0",
        0,
        2,
        false } },
    /* What is pushed is not what was popped. */
    { { "RPOP {w}1 | LPUSH {w}2 done", "--before", "LPUSH {w}1 job" },
      { { "a script, because LPUSH {w}2 puts there something else" },
        "lua(RPOP {w}1 ; LPUSH {w}2 done)",
        0,
        2,
        false } },
    { { "LPOP {w}1 | RPUSH {w}2 done:job", "--before", "LPUSH {w}1 job" },
      { { "something else than LPOP has taken" },
        "lua(LPOP {w}1 ; RPUSH {w}2 done:job)",
        0,
        2,
        false } },
    { { "SETNX u tmp | SADD ids i | MSET u id" },
      { { "a script that does all 3" },
        "lua(SETNX u tmp ; SADD ids i ; MSET u id)",
        0,
        2,
        true } },
    { { "SETNX u tmp ; SADD ids i ; MSET u id" },
      { { "put all 3 into one MULTI", "an expiry would not outlive MSET u" },
        "[SETNX u tmp ; SADD ids i ; MSET u id]",
        0,
        6,
        true } },
    { { "BZPOPMIN z 0 | ZADD busy 1 a", "--before", "ZADD z 1 a" },
      { .says = { "a script cannot wait", "pop without waiting inside of it" } } },
    /* A lock: it ends, in time. */
    { { "SET l me NX | SET r 1 | DEL l", "--ref", "SET r 1" },
      { { "l needs an expiry from the start" },
        "SET l me NX EX 60 | SET r 1 | EVAL \"if redis.call('get',KEYS[1])==ARGV[1] "
        "then return "
        "redis.call('del',KEYS[1]) end\" 1 l me",
        0,
        4,
        false } },
    { { "HSET run:1 by me | SET r 1 | DEL run:1", "--ref", "SET r 1", "--tolerate",
        "20" },
      { { "run:1 needs an expiry from the start" },
        "[HSET run:1 by me ; EXPIRE run:1 20] | SET r 1 | DEL run:1",
        0,
        7,
        false } },
    /* Acquired, worked under, released: no transaction. */
    { { "SADD tasks t1 | SET answer 1 | SREM tasks t1" },
      { .says = { "a lease with an expiry or a deadline", "survivors that look" } } },
    { { "HSETNX tasks t1 me | SET answer 1 | HDEL tasks t1" },
      { .says = { "a lease with an expiry or a deadline" } } },
    { { "ZADD tasks 1 t1 | SET answer 1 | ZREM tasks t1" },
      { .says = { "a lease with an expiry or a deadline" } } },
    { { "RPUSH tasks t1 | SET answer 1 | LREM tasks 1 t1" },
      { .says = { "a lease with an expiry or a deadline" } } },
    { { "HINCRBY tasks t1 1 | SET answer 1 | HINCRBY tasks t1 -1" },
      { .says = { "a set of holders, each with a deadline" } } },
    { { "INCR in_use | SET r 1 | DECR in_use" },
      { .says = { "a set of holders, each with a deadline",
                  "let survivors count again" } } },
    { { "XREADGROUP GROUP g c STREAMS s > | SADD done 1 | XACK s g 1-1", "--before",
        "XADD s 1-1 f v | XGROUP CREATE s g 0 | XGROUP CREATECONSUMER s g c" },
      { .says = { "survivors must claim it (XAUTOCLAIM)" } } },
    { { "XGROUP CREATE s g 0 | SADD done 1 | XGROUP DESTROY s g", "--before",
        "XADD s 1-1 f v" },
      { .says = { "a janitor must look" } } },
};

/* The update, its cure, and the cure tried by whoever reads of it. */
static void check_tried(const struct tried *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct wanted *wanted = &rows[i].wanted;
        struct run run = try_json(rows[i].arguments);

        cr_assert_eq(run.status, 1, "%s: %s", rows[i].arguments[0], run.err);
        expect_cure(json_strategy(&run, "given"), rows[i].arguments[0], wanted);
        run_release(&run);
        if (wanted->notation && !wanted->harmful) {
            const char *again[ARGUMENTS];

            memcpy(again, rows[i].arguments, sizeof(again));
            again[0] = wanted->notation;
            run = try_json(again);
            cr_expect_eq(run.status, 0, "%s: %s", wanted->notation, run.err);
            cr_expect_eq(
                json_array_size(json_object_get(json_strategy(&run, "given"), "points")),
                (size_t)wanted->points, "%s", wanted->notation);
            run_release(&run);
        }
    }
}

Test(cures, are_tried)
{
    check_tried(first, ARRAY_SIZE(first));
}

Test(cures, of_all_kinds_are_tried)
{
    check_tried(others, ARRAY_SIZE(others));
}

/* Of several harms one update comes that has none of them. */
Test(cures, are_tried_together)
{
    static const struct {
        const char *arguments[ARGUMENTS];
        const char *says[3]; /* of each harm */
        const char *notation;
        long long points;
    } rows[] = {
        { { "INCR k | EXPIRE k 60 | HSET {j} s d | SADD {j}d 1" },
          { "INCR k and EXPIRE k must be one", "HSET {j} and SADD {j}d must be one" },
          "[INCR k ; EXPIRE k 60 NX] | [HSET {j} s d ; SADD {j}d 1]",
          9 },
        { { "SETNX k me | HSET {j} s d | SADD {j}d 1 | DEL k" },
          { "SETNX k holds until DEL k", "put both into one MULTI .. EXEC" },
          "SET k me NX EX 60 | [HSET {j} s d ; SADD {j}d 1] | EVAL \"if "
          "redis.call('get',KEYS[1])==ARGV[1] then return redis.call('del',KEYS[1]) "
          "end\" 1 k me",
          7 },
        { { "INCR k | HSET {j} s d | SADD {j}d 1", "--reference",
            "HSET {j} s d | SADD {j}d 1" },
          { "nothing ends what INCR k begins", "put both into one MULTI .. EXEC" },
          "[INCR k ; EXPIRE k 60 NX] | [HSET {j} s d ; SADD {j}d 1]",
          9 },
        { { "RPOP {w} | LPUSH {w}q job | SADD {w}s job | EXPIRE {w}s 60", "--before",
            "RPUSH {w} job" },
          { "LMOVE {w} {w}q RIGHT LEFT", "put both into one MULTI .. EXEC" },
          "LMOVE {w} {w}q RIGHT LEFT | [SADD {w}s job ; EXPIRE {w}s 60]",
          6 },
        { { "INCR a | EXPIRE a 60 | SETNX b 1 | EXPIRE b 30 | SADD {x} 1 | SADD {x}y 1" },
          { "INCR a and EXPIRE a must be one", "SET b value NX EX seconds",
            "put both into one MULTI .. EXEC" },
          "[INCR a ; EXPIRE a 60 NX] | SET b 1 NX EX 30 | [SADD {x} 1 ; SADD {x}y 1]",
          10 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct run run = try_json(rows[i].arguments);
        const json_t *harms = json_object_get(json_strategy(&run, "given"), "harms");
        const char *again[ARGUMENTS];

        cr_assert_eq(run.status, 1, "%s: %s", rows[i].arguments[0], run.err);
        for (size_t k = 0; k < ARRAY_SIZE(rows[i].says) && rows[i].says[k]; k++) {
            const json_t *cure = json_object_get(json_array_get(harms, k), "cure");
            const char *text = json_string_value(json_object_get(cure, "text"));
            const char *notation = json_string_value(json_object_get(cure, "notation"));

            cr_assert(text && notation, "%s: no cure of %zu", rows[i].arguments[0], k);
            cr_expect(strstr(text, rows[i].says[k]), "%s: %s", rows[i].arguments[0],
                      text);
            cr_expect_str_eq(notation, rows[i].notation);
            cr_expect(json_is_true(json_object_get(cure, "together")), "%s", notation);
            cr_expect_eq(json_integer_value(json_object_get(cure, "harmful_points")), 0);
            cr_expect_eq(json_integer_value(json_object_get(cure, "points")),
                         rows[i].points, "%s", notation);
        }
        run_release(&run);
        memcpy(again, rows[i].arguments, sizeof(again));
        again[0] = rows[i].notation;
        run = try_json(again);
        cr_expect_eq(run.status, 0, "%s: %s", rows[i].notation, run.err);
        run_release(&run);
    }
}

/* Work inside of what is only advised keeps its own cure, and says what is left. */
Test(cures, of_work_inside_of_a_hold)
{
    struct run run =
        RUN("try", "SADD holders me | HSET {j} s d | SADD {j}d 1 | SREM holders me");

    EXPECT_SAYS(run.out, "Advice (not tried): SADD holders holds until SREM holders");
    EXPECT_SAYS(run.out, "HSET {j} and SADD {j}d must be one: put both into one MULTI .. "
                         "EXEC. Tried: 5 of 7 points still do harm (leaked).");
    run_release(&run);
    run = RUN("try", "HSETNX tasks t1 me | SET {a} 1 | SET {a}b 1 | HDEL tasks t1");
    EXPECT_SAYS(run.out, "MSET with all keys is one command. Tried: 2 of 4 points");
    run_release(&run);
}

/* Fields that expire: of Redis 8 in one command, of 7.4 in a transaction. */
Test(cures, of_fields_that_expire)
{
    struct run run = try_json(
        (const char *const[]){ "HSET h f v g w | HPEXPIRE h 60000 FIELDS 2 f g", NULL });
    const json_t *harms = json_object_get(json_strategy(&run, "given"), "harms");
    const json_t *cure = json_object_get(json_array_get(harms, 0), "cure");
    const char *notation = json_string_value(json_object_get(cure, "notation"));
    char *directory = test_directory();
    bool missing = !test_server_has(directory, "HPEXPIRE");

    if (!missing) {
        bool one = test_server_has(directory, "HSETEX");

        cr_assert_eq(run.status, 1, "%s", run.err);
        cr_expect_str_eq(notation, one ? "HSETEX h PX 60000 FIELDS 2 f v g w"
                                       : "[HSET h f v g w ; HPEXPIRE h 60000 FIELDS 2 f "
                                         "g]");
        cr_expect_eq(json_integer_value(json_object_get(cure, "points")), one ? 2 : 5);
        cr_expect_eq(json_integer_value(json_object_get(cure, "harmful_points")), 0);
    }
    run_release(&run);
    test_directory_remove(directory);
    if (missing)
        cr_skip_test(NO_FIELDS);
}

/* An update that looks at what it is answered is no list of commands. */
Test(cures, know_what_depends_on_replies)
{
    static const struct {
        const char *strategy;
        struct wanted wanted;
    } rows[] = {
        { "guard",
          { { "a script that does both" },
            "lua(HSET job state done ; SADD done job)",
            0,
            2,
            true } },
        { "straight",
          { { "put both into one MULTI" },
            "[HSET job state done ; SADD done job]",
            0,
            5,
            true } },
        { "joined",
          { { "put both into one MULTI" },
            "[HSET job state done ; SADD done job]",
            0,
            5,
            true } },
        { "numbered",
          { { "put both into one MULTI" },
            "INCR seen | [HMSET job state done ; SADD done job] | SET seen 1",
            0,
            7,
            true } },
        { "read",
          { { "a script that does both" },
            "lua(HSET job state done ; GET seen ; SADD done job)",
            0,
            2,
            true } },
        { "list",
          { { "log needs an expiry" },
            "[HSET job state done ; SADD done job] | [RPUSH log a ; EXPIRE log 60]",
            0,
            9,
            true } },
        { "set",
          { { "log needs an expiry" },
            "[HSET job state done ; SADD done job] | [SADD log a ; EXPIRE log 60]",
            0,
            9,
            true } },
        { "zset",
          { { "log needs an expiry" },
            "[HSET job state done ; SADD done job] | [ZADD log 1 a ; EXPIRE log 60]",
            0,
            9,
            true } },
        { "stream",
          { { "log needs an expiry" },
            "[HSET job state done ; SADD done job] | [XADD log 1-1 f a ; EXPIRE log 60]",
            0,
            9,
            true } },
        { "string",
          { { "log needs an expiry" },
            "[HSET job state done ; SADD done job] | SET log a NX EX 60",
            0,
            6,
            true } },
    };
    CLEANUP(mem_freep) char *path = test_scenario("cures");
    struct run run = RUN("run", path, CENSUS, "--no-store", "--format", "json");

    cr_assert_eq(run.status, 0, "%s", run.err);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        expect_cure(json_strategy(&run, rows[i].strategy), rows[i].strategy,
                    &rows[i].wanted);
    run_release(&run);
}

/* Whoever reads a run later is told the same. */
Test(cures, are_kept_with_the_run)
{
    char *directory = test_directory();
    CLEANUP(mem_freep) char *path = test_scenario("cures");
    CLEANUP(mem_freep) char *kept = mem_printf("%s/kept", directory);
    struct run run = RUN("run", path, CENSUS, "-o", kept);
    struct run again = RUN("report", "--full", kept);

    cr_assert_eq(run.status, 0, "%s", run.err);
    cr_assert_eq(again.status, 0, "%s", again.err);
    EXPECT_SAYS(again.out,
                "because what the update sends depends on what it is answered. "
                "Tried: harmless at all 2 points.");
    EXPECT_SAYS(again.out, "update = 'lua(HSET job state done ; SADD done job)'");
    run_release(&run);
    run_release(&again);
    test_directory_remove(directory);
}
