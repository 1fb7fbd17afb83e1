/* remedy: an update with a cure, as a text, for each kind of cure: what is made, and of
 * what nothing can be made. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "redis/resp.h"
#include "trial/remedy.h"

#define MOST 12

/* Commands are separated by |, and wait for the reply of the one before; or by ;, and do
 * not. */
static struct recording record(const char *text)
{
    struct recording recording = RECORDING_NULL;
    CLEANUP(mem_freep) char *copy = mem_strdup(text);
    struct buffer output = BUFFER_NULL;
    char *at = copy;
    bool waits = true;

    recording.traces = mem_alloc(MOST * sizeof(*recording.traces));
    while (*at) {
        struct trace *trace = &recording.traces[recording.commands++];
        size_t length = strcspn(at, "|;"), count = 0;
        char mark = at[length], *word, *rest;
        struct str words[MOST];

        at[length] = '\0';
        for (rest = at; (word = strsep(&rest, " "));)
            if (*word)
                words[count++] = str_of(word);
        resp_put_count(&output, count);
        for (size_t i = 0; i < count; i++)
            resp_put_word(&output, words[i]);
        trace->end = output.length;
        trace->replies = waits ? recording.commands - 1
                               : recording.traces[recording.commands - 2].replies;
        waits = mark != ';';
        at += length + (mark != '\0');
    }
    recording.output = output.bytes;
    recording.output_bytes = output.length;
    return recording;
}

static const struct {
    enum remedy_kind kind;
    const char *update;
    uint64_t from, first, second;
    const char *cured; /* NULL: it cannot be made */
} rows[] = {
    { REMEDY_MULTI, "INCR k|EXPIRE k 60", 0, 0, 1, "[INCR k ; EXPIRE k 60]" },
    { REMEDY_MULTI, "SET z 1|SADD a m|SADD b m|SET y 1", 1, 1, 2,
      "SET z 1 | [SADD a m ; SADD b m] | SET y 1" },
    { REMEDY_MULTI, "SET z 1;SADD a m;SADD b m;SET y 1", 1, 1, 2,
      "SET z 1 | [SADD a m ; SADD b m] ; SET y 1" },
    /* What was deleted before comes along. */
    { REMEDY_MULTI, "UNLINK h|HSET h a 1|HSET h b 2|EXPIRE h 60", 0, 1, 3,
      "[UNLINK h ; HSET h a 1 ; HSET h b 2 ; EXPIRE h 60]" },
    /* Transactions become one. */
    { REMEDY_MULTI, "MULTI|SADD a m|SADD b m|EXEC|SADD c m", 1, 1, 4,
      "[SADD a m ; SADD b m ; SADD c m]" },
    { REMEDY_MULTI, "MULTI|SADD a m|INCR n|EXEC|MULTI|SADD c m|EXEC", 2, 2, 5,
      "[SADD a m ; INCR n ; SADD c m]" },
    { REMEDY_MULTI, "WATCH k|SADD a m|SADD b m", 0, 0, 2, NULL },
    { REMEDY_MULTI, "BLPOP q 0|SADD b m", 0, 0, 1, NULL },
    { REMEDY_MULTI, "EVALSHA 01 1 k|SADD b m", 0, 0, 1, "[EVALSHA 01 1 k ; SADD b m]" },
    { REMEDY_MULTI, "SADD a m|PUBLISH c m", 0, 0, 1, "[SADD a m ; PUBLISH c m]" },
    { REMEDY_MULTI_NX, "INCR k|EXPIRE k 60", 0, 0, 1, "[INCR k ; EXPIRE k 60 NX]" },
    { REMEDY_MULTI_NX, "INCR k|EXPIRE k 60 GT", 0, 0, 1, NULL },
    { REMEDY_MULTI_NX, "HSET h f v|HEXPIRE h 60 FIELDS 1 f", 0, 0, 1, NULL },
    { REMEDY_SCRIPT, "RPOP w|LPUSH q x", 0, 0, 1, "lua(RPOP w ; LPUSH q x)" },
    { REMEDY_SCRIPT, "MULTI|RPOP w|EXEC|LPUSH q x", 1, 1, 3, "lua(RPOP w ; LPUSH q x)" },
    { REMEDY_SCRIPT, "LPOP q|TIME|LPUSH r x", 0, 0, 2, "lua(LPOP q ; TIME ; LPUSH r x)" },
    { REMEDY_SCRIPT, "EVAL return 0|LPUSH q x", 0, 0, 1, NULL },
    { REMEDY_SCRIPT, "BZPOPMIN z 0|LPUSH q x", 0, 0, 1, NULL },

    { REMEDY_SET_EXPIRY, "SETNX k v|EXPIRE k 60", 0, 0, 1, "SET k v NX EX 60" },
    { REMEDY_SET_EXPIRY, "SET k v NX|PEXPIRE k 60", 0, 0, 1, "SET k v NX PX 60" },
    { REMEDY_SET_EXPIRY, "SET k v|SADD s m|EXPIREAT k 60", 0, 0, 2,
      "SET k v EXAT 60 | SADD s m" },
    { REMEDY_SET_EXPIRY, "GETSET k v|PEXPIREAT k 60", 0, 0, 1, "SET k v GET PXAT 60" },
    { REMEDY_SET_EXPIRY, "EXPIRE k 60|SET k v", 0, 1, 0, "SET k v EX 60" },
    { REMEDY_SET_EXPIRY, "SET k v EX 5|EXPIRE k 60", 0, 0, 1, NULL },
    { REMEDY_SET_EXPIRY, "SET k v KEEPTTL|EXPIRE k 60", 0, 0, 1, NULL },
    { REMEDY_SET_EXPIRY, "MSET k v l w|EXPIRE k 60", 0, 0, 1, NULL },
    { REMEDY_SET_EXPIRY, "SET k v|EXPIRE k 60 NX", 0, 0, 1, NULL },
    { REMEDY_HSETEX, "HSET h f v g w|HEXPIRE h 60 FIELDS 2 f g", 0, 0, 1,
      "HSETEX h EX 60 FIELDS 2 f v g w" },
    { REMEDY_HSETEX, "HSET h f v g w|HEXPIRE h 60 FIELDS 1 f", 0, 0, 1, NULL },

    { REMEDY_ONE, "HSET h a 1|HSET h b 2|HSET h c 3", 0, 0, 2, "HSET h a 1 b 2 c 3" },
    { REMEDY_ONE, "RPUSH q a|GET k|RPUSH q b c", 0, 0, 2, "RPUSH q a b c | GET k" },
    { REMEDY_ONE, "ZADD z 1 a|ZADD z 2 b", 0, 0, 1, "ZADD z 1 a 2 b" },
    { REMEDY_ONE, "ZADD z NX 1 a|ZADD z 2 b", 0, 0, 1, NULL },
    { REMEDY_ONE, "SET a 1|SET b 2", 0, 0, 1, "MSET a 1 b 2" },
    { REMEDY_ONE, "SET a 1|SET b 2 EX 9", 0, 0, 1, NULL },
    { REMEDY_ONE, "SADD a 1|SADD b 2", 0, 0, 1, NULL },
    { REMEDY_ONE, "RPUSH q a|LPUSH q b", 0, 0, 1, NULL },
    { REMEDY_ONE, "HSETNX h a 1|HSETNX h b 2", 0, 0, 1, NULL },
    { REMEDY_ONE, "XADD s * a 1|XADD s * b 2", 0, 0, 1, NULL },

    { REMEDY_ONE_MULTI, "UNLINK h|HSET h a 1|INCR n|HSET h b 2|EXPIRE h 9", 0, 1, 4,
      "[UNLINK h ; HSET h a 1 b 2 ; INCR n ; EXPIRE h 9]" },
    { REMEDY_MOVE, "RPOP w|LPUSH q x", 0, 0, 1, "LMOVE w q RIGHT LEFT" },
    { REMEDY_MOVE, "LPOP w|RPUSH q x", 0, 0, 1, "LMOVE w q LEFT RIGHT" },
    { REMEDY_MOVE, "BRPOP w 5|LPUSH q x", 0, 0, 1, "BLMOVE w q RIGHT LEFT 5" },
    { REMEDY_MOVE, "BRPOP v w 5|LPUSH q x", 0, 0, 1, NULL },
    { REMEDY_MOVE, "RPOP w 2|LPUSH q x y", 0, 0, 1, NULL },
    { REMEDY_MOVE, "SREM a m|SADD b m", 0, 0, 1, "SMOVE a b m" },
    { REMEDY_MOVE, "SADD b m|SREM a m", 0, 0, 1, "SMOVE a b m" },
    { REMEDY_MOVE, "ZREM a m|ZADD b 1 m", 0, 0, 1, NULL },

    { REMEDY_LEAVE_OUT, "DEL k|SET k v", 0, 0, 1, "SET k v" },
    { REMEDY_LEAVE_OUT, "DEL k l|SET k v", 0, 0, 1, NULL },
    { REMEDY_EXPIRE_FIRST, "RENAME a b|EXPIRE b 60", 0, 0, 1,
      "EXPIRE a 60 | RENAME a b" },
    { REMEDY_EXPIRE_BEHIND, "EXPIRE k 60|SADD k a", 0, 1, 0, "[SADD k a ; EXPIRE k 60]" },
    { REMEDY_KEEP_EXPIRY, "SET k v EX 9|SET k w", 0, 1, 0,
      "SET k v EX 9 | SET k w KEEPTTL" },
    { REMEDY_KEEP_EXPIRY, "SET k v EX 9|GETSET k w", 0, 1, 0,
      "SET k v EX 9 | SET k w GET KEEPTTL" },
    { REMEDY_KEEP_EXPIRY, "MSET k v", 0, 0, 0, NULL },
    { REMEDY_EXPIRE, "SET l me NX|GET x|DEL l", 0, 0, 2,
      "SET l me NX EX 30 | GET x | DEL l" },
    { REMEDY_EXPIRE, "SETNX l me", 0, 0, 0, "SET l me NX EX 30" },
    { REMEDY_EXPIRE, "RPUSH q a|SADD s b", 0, 0, 0,
      "[RPUSH q a ; EXPIRE q 30] | SADD s b" },
    { REMEDY_EXPIRE, "MULTI;INCR n;EXEC", 1, 1, 1, "[INCR n ; EXPIRE n 30]" },
    { REMEDY_EXPIRE, "PING", 0, 0, 0, NULL },

    { REMEDY_NONE, "INCR k|EXPIRE k 60", 0, 0, 1, NULL },
    { REMEDY_MULTI, "INCR k|EXPIRE k 60", 0, 0, 2, NULL },
    { REMEDY_MULTI, "INCR k|EXPIRE k 60", 1, 0, 1, NULL },
    /* Any bytes come back. */
    { REMEDY_MULTI, "SET k [a|SET l ')'", 0, 0, 1, "[SET k [a ; SET l \"')'\"]" },
};

Test(remedy, is_made_of_a_recording)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct remedy remedy = { .kind = rows[i].kind,
                                       .places = 1,
                                       .at[0] = { rows[i].from, rows[i].first,
                                                  rows[i].second },
                                       .expiry_s = 30 };
        struct recording recording = record(rows[i].update);
        CLEANUP(mem_freep) char *text = remedy_text(&recording, &remedy, 1);

        if (rows[i].cured)
            cr_expect_str_eq(text ? text : "(none)", rows[i].cured, "%s, %s: %s",
                             remedy_name(rows[i].kind), rows[i].update, text);
        else
            cr_expect_null(text, "%s, %s: %s", remedy_name(rows[i].kind), rows[i].update,
                           text);
        recording_release(&recording);
    }
}

/* What is wrong at several places is mended at all of them; places that overlap become
 * one. */
Test(remedy, is_made_at_all_places)
{
    static const struct {
        struct remedy remedy;
        const char *update, *cured;
    } cases[] = {
        { { .kind = REMEDY_MULTI, .places = 2, .at = { { 0, 0, 1 }, { 2, 2, 3 } } },
          "INCR a|EXPIRE a 9|INCR b|EXPIRE b 9",
          "[INCR a ; EXPIRE a 9] | [INCR b ; EXPIRE b 9]" },
        { { .kind = REMEDY_EXPIRE,
            .places = 2,
            .expiry_s = 30,
            .at = { { 0, 0, 0 }, { 2, 2, 2 } } },
          "INCR a|GET a|INCR b",
          "[INCR a ; EXPIRE a 30] | GET a | [INCR b ; EXPIRE b 30]" },
        { { .kind = REMEDY_SET_EXPIRY, .places = 2, .at = { { 0, 0, 1 }, { 2, 2, 3 } } },
          "SET a 1|EXPIRE a 9|SET b 1|EXPIRE b 9",
          "SET a 1 EX 9 | SET b 1 EX 9" },
        { { .kind = REMEDY_MULTI, .places = 2, .at = { { 0, 0, 1 }, { 1, 1, 2 } } },
          "INCR a|INCR b|INCR c",
          "[INCR a ; INCR b ; INCR c]" },
        { { .kind = REMEDY_MULTI, .places = 0 }, "INCR a|INCR b|INCR c", NULL },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct recording recording = record(cases[i].update);
        CLEANUP(mem_freep) char *text = remedy_text(&recording, &cases[i].remedy, 1);

        cr_expect_str_eq(text ? text : "", cases[i].cured ? cases[i].cured : "", "%s",
                         cases[i].update);
        recording_release(&recording);
    }
}

/* Cures of several kinds make one update, whatever the ones before have moved. */
Test(remedy, are_made_together)
{
    static const struct {
        const char *update;
        struct remedy remedies[2];
        const char *cured;
    } cases[] = {
        { "SETNX l me|HSET j s d|SADD d 1|DEL l",
          { { .kind = REMEDY_EXPIRE, .places = 1, .at = { { 0, 0, 3 } } },
            { .kind = REMEDY_MULTI, .places = 1, .at = { { 1, 1, 2 } } } },
          "SET l me NX EX 30 | [HSET j s d ; SADD d 1] | DEL l" },
        { "INCR n|SADD a m|SADD b m",
          { { .kind = REMEDY_EXPIRE_NX, .places = 1, .at = { { 0, 0, 0 } } },
            { .kind = REMEDY_MULTI, .places = 1, .at = { { 1, 1, 2 } } } },
          "[INCR n ; EXPIRE n 30 NX] | [SADD a m ; SADD b m]" },
        { "INCR n|SADD a m|SADD b m",
          { { .kind = REMEDY_EXPIRE, .places = 1, .at = { { 0, 0, 0 } } },
            { .kind = REMEDY_MULTI, .places = 1, .at = { { 0, 0, 2 } } } },
          "[INCR n ; EXPIRE n 30 ; SADD a m ; SADD b m]" },
        { "INCR n|SADD a m|SADD b m",
          { { .kind = REMEDY_MULTI, .places = 1, .at = { { 0, 0, 1 } } },
            { .kind = REMEDY_SCRIPT, .places = 1, .at = { { 1, 1, 2 } } } },
          "lua(INCR n ; SADD a m ; SADD b m)" },
        { "GET x|RENAME a b|EXPIRE b 9|SADD s m",
          { { .kind = REMEDY_MULTI, .places = 1, .at = { { 0, 0, 3 } } },
            { .kind = REMEDY_EXPIRE_FIRST, .places = 1, .at = { { 1, 1, 2 } } } },
          "[GET x ; EXPIRE a 9 ; RENAME a b ; SADD s m]" },
        { "SETNX l me|EXPIRE l 9|DEL l|SADD s m",
          { { .kind = REMEDY_SET_EXPIRY_OWNED, .places = 1, .at = { { 0, 0, 1 } } },
            { .kind = REMEDY_SCRIPT, .places = 1, .at = { { 2, 2, 3 } } } },
          NULL },
        { "BLPOP q 0|SADD a m|SADD b m",
          { { .kind = REMEDY_MULTI, .places = 1, .at = { { 1, 1, 2 } } },
            { .kind = REMEDY_MULTI, .places = 1, .at = { { 0, 0, 1 } } } },
          NULL },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct recording recording = record(cases[i].update);
        struct remedy remedies[2];
        CLEANUP(mem_freep) char *text = NULL;

        memcpy(remedies, cases[i].remedies, sizeof(remedies));
        remedies[0].expiry_s = remedies[1].expiry_s = 30;
        text = remedy_text(&recording, remedies, 2);
        cr_expect_str_eq(text ? text : "", cases[i].cured ? cases[i].cured : "", "%s",
                         cases[i].update);
        recording_release(&recording);
    }
}

/* What an answer is for may be looked at; what left before cannot. */
Test(remedy, knows_what_may_be_asked)
{
    static const struct {
        const char *update;
        bool waits, asks;
    } cases[] = {
        { "INCR k|EXPIRE k 60", true, false },   { "INCR k;EXPIRE k 60", false, false },
        { "SETNX k v|SADD s m", true, true },    { "SETNX k v;SADD s m", false, false },
        { "RPOP w|LPUSH q x", true, true },      { "GETSET k v|SADD s m", true, true },
        { "HSETNX h f v|SADD s m", true, true }, { "HSET h f v|SADD s m", true, false },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct remedy remedy = { .kind = REMEDY_MULTI,
                                       .places = 1,
                                       .at[0].second = 1 };
        struct recording recording = record(cases[i].update);

        cr_expect_eq(remedy_waits(&recording, &remedy), cases[i].waits, "%s",
                     cases[i].update);
        cr_expect_eq(remedy_asks(&recording, &remedy), cases[i].asks, "%s",
                     cases[i].update);
        recording_release(&recording);
    }
}

Test(remedy, has_names)
{
    for (enum remedy_kind kind = 0; kind < REMEDY_COUNT; kind++) {
        enum remedy_kind read = REMEDY_COUNT;

        cr_expect(remedy_parse(remedy_name(kind), &read));
        cr_expect_eq(read, kind);
    }
    for (enum cure_outcome outcome = 0; outcome < CURE_OUTCOMES; outcome++) {
        enum cure_outcome read = CURE_OUTCOMES;

        cr_expect(cure_outcome_parse(cure_outcome_name(outcome), &read));
        cr_expect_eq(read, outcome);
    }
    cr_expect_not(remedy_parse("prayer", &(enum remedy_kind){ 0 }));
    cr_expect_not(cure_outcome_parse("hoped", &(enum cure_outcome){ 0 }));
}
