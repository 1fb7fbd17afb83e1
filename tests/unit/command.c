/* command: what a command is, from its words; whatever the words are. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/mem.h"
#include "redis/command.h"

#define WORDS_MOST 32

struct split {
    const char *argv[WORDS_MOST];
    size_t lengths[WORDS_MOST];
    int argc;
};

/* Words are separated by one space. The text is the words'. */
static struct split split(char *text)
{
    struct split split = { .argc = 0 };

    while (text) {
        split.argv[split.argc] = strsep(&text, " ");
        split.lengths[split.argc] = strlen(split.argv[split.argc]);
        split.argc++;
    }
    return split;
}

static struct command parse(const char *text)
{
    CLEANUP(mem_freep) char *copy = mem_strdup(text);
    struct split words = split(copy);
    struct command command;

    command_parse(&command, words.argc, words.argv, words.lengths);
    return command;
}

static uint64_t hash_of(const char *key)
{
    return key ? XXH3_64bits(key, strlen(key)) : 0;
}

Test(command, has_keys)
{
    static const struct {
        const char *text, *name, *key, *second;
    } rows[] = {
        { "GET k", "GET", "k", NULL },
        { "get k", "GET", "k", NULL },
        { "SET k v EX 10", "SET", "k", NULL },
        { "DEL a b c", "DEL", "a", "b" },
        { "DEL a", "DEL", "a", NULL },
        { "RENAME a b", "RENAME", "a", "b" },
        { "COPY a b", "COPY", "a", "b" },
        { "LMOVE a b LEFT RIGHT", "LMOVE", "a", "b" },
        { "BRPOPLPUSH a b 0", "BRPOPLPUSH", "a", "b" },
        { "RPOPLPUSH a b", "RPOPLPUSH", "a", "b" },
        { "SMOVE a b m", "SMOVE", "a", "b" },
        { "SUNIONSTORE to a b", "SUNIONSTORE", "to", "a" },
        { "ZUNIONSTORE to 2 a b", "ZUNIONSTORE", "to", "a" },
        { "BITOP AND to a b", "BITOP", "to", "a" },
        { "MSET a 1 b 2", "MSET", "a", "b" },
        { "EVAL return 0", "EVAL", "", NULL },
        { "EVAL return 2 a b x", "EVAL", "a", NULL },
        { "EVALSHA 0123 1 a", "EVALSHA", "a", NULL },
        { "FCALL f 1 a", "FCALL", "a", NULL },
        { "EVAL return 1", "EVAL", "", NULL }, /* Redis refuses it */
        { "LMPOP 2 a b LEFT", "LMPOP", "a", NULL },
        { "BLMPOP 0 2 a b LEFT", "BLMPOP", "a", NULL },
        { "XADD s * f v", "XADD", "s", NULL },
        { "XREADGROUP GROUP g me COUNT 1 STREAMS s >", "XREADGROUP", "s", NULL },
        { "xread count 1 streams s t 0 0", "XREAD", "s", NULL },
        { "XREAD COUNT 1", "XREAD", "", NULL },
        { "XGROUP CREATE s g $", "XGROUP", "s", NULL },
        { "OBJECT ENCODING k", "OBJECT", "k", NULL },
        { "MULTI", "MULTI", "", NULL },
        { "EXEC", "EXEC", "", NULL },
        { "PUBLISH channel word", "PUBLISH", "", NULL },
        { "JSON.SET k $ 1", "JSON.SET", "k", NULL },
        { "GET", "GET", "", NULL },
        { "RENAME a", "RENAME", "a", NULL },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct command command = parse(rows[i].text);
        const char *key = *rows[i].key ? rows[i].key : NULL;

        cr_expect_str_eq(command.name, rows[i].name, "%s: %s", rows[i].text,
                         command.name);
        cr_expect_str_eq(command.key, rows[i].key, "%s: %s", rows[i].text, command.key);
        cr_expect_eq(command.key_hash, hash_of(key), "%s", rows[i].text);
        cr_expect_eq(command.second_key_hash, hash_of(rows[i].second), "%s",
                     rows[i].text);
    }
}

/* Each row: a command, flags that it has, and flags that it does not have. */
Test(command, has_flags)
{
    enum { EXPIRES = COMMAND_SETS_EXPIRY, ONLY = COMMAND_ONLY_EXPIRY | EXPIRES };
    static const struct {
        const char *text;
        uint32_t has, has_not;
    } rows[] = {
        { "SET k v", COMMAND_REPLACES, EXPIRES | COMMAND_IF_ABSENT },
        { "SET k v EX 10", EXPIRES, COMMAND_IF_ABSENT | ONLY },
        { "SET k v px 10", EXPIRES, COMMAND_IF_ABSENT },
        { "SET k v NX PXAT 10", EXPIRES | COMMAND_IF_ABSENT, 0 },
        { "SET k v EXAT 10 GET", EXPIRES | COMMAND_RETURNS, 0 },
        { "SET k v XX KEEPTTL", COMMAND_KEEPS_EXPIRY, EXPIRES | COMMAND_IF_ABSENT },
        { "SET EX NX", 0, EXPIRES | COMMAND_IF_ABSENT }, /* a key and a value */
        { "SETNX k v", COMMAND_IF_ABSENT | COMMAND_REPLACES, EXPIRES },
        { "SETEX k 10 v", EXPIRES, ONLY },
        { "PSETEX k 10 v", EXPIRES, ONLY },
        { "GETSET k v", COMMAND_RETURNS | COMMAND_REPLACES, EXPIRES },
        { "GETEX k", 0, EXPIRES },
        { "GETEX k EX 10", EXPIRES, 0 },
        { "GETEX k PERSIST", 0, EXPIRES },
        { "EXPIRE k 10", ONLY, COMMAND_OF_FIELDS },
        { "PEXPIREAT k 10 NX", ONLY, COMMAND_IF_ABSENT },
        { "HEXPIRE k 10 FIELDS 1 f", ONLY | COMMAND_OF_FIELDS, 0 },
        { "HSET k EX NX", COMMAND_ADDS, EXPIRES | COMMAND_IF_ABSENT },
        { "HSETEX k EX 10 FIELDS 1 f v", EXPIRES | COMMAND_OF_FIELDS, ONLY },
        { "HSETEX k FIELDS 1 EX PX", COMMAND_OF_FIELDS, EXPIRES },
        { "RESTORE k 0 payload", COMMAND_REPLACES, EXPIRES },
        { "RESTORE k 5 payload", COMMAND_REPLACES | EXPIRES, 0 },
        { "DEL k", COMMAND_DELETES, COMMAND_READS },
        { "UNLINK k", COMMAND_DELETES, COMMAND_READS },
        { "GET k", COMMAND_READS, COMMAND_DELETES },
        { "TTL k", COMMAND_READS, EXPIRES },
        { "GEOSEARCH k FROMMEMBER m BYRADIUS 1 km", COMMAND_READS | COMMAND_ZSET, 0 },
        { "VADD k VALUES 2 0.1 0.2 m", COMMAND_ADDS, COMMAND_READS },
        { "VREM k m", COMMAND_REMOVES, COMMAND_ADDS },
        { "DELEX k IFEQ v", COMMAND_DELETES, COMMAND_READS },
        { "LPOP k", COMMAND_POPS | COMMAND_LIST, COMMAND_BLOCKS },
        { "BRPOP k 0", COMMAND_POPS | COMMAND_BLOCKS, COMMAND_PUSHES },
        { "LMOVE a b LEFT LEFT", COMMAND_POPS | COMMAND_PUSHES, COMMAND_BLOCKS },
        { "RPUSH k v", COMMAND_PUSHES | COMMAND_ADDS, COMMAND_POPS },
        { "ZADD k 1 m", COMMAND_ADDS | COMMAND_ZSET, COMMAND_REMOVES },
        { "INCRBY k 2", COMMAND_COUNTS | COMMAND_STRING, COMMAND_READS },
        { "MULTI", COMMAND_BEGINS | COMMAND_CONTROL, COMMAND_ENDS },
        { "exec", COMMAND_ENDS | COMMAND_CONTROL, COMMAND_BEGINS },
        { "EVALSHA 0 0", COMMAND_SCRIPT, COMMAND_READS },
        { "EVAL_RO x 0", COMMAND_READS, COMMAND_SCRIPT },
        { "JSON.SET k $ 1", 0, UINT32_MAX },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        uint32_t flags = parse(rows[i].text).flags;
        uint32_t wrong = flags & rows[i].has_not;

        cr_expect_eq(flags & rows[i].has, rows[i].has, "%s: %x", rows[i].text, flags);
        /* ONLY includes EXPIRES: a row forbids the one that is not also wanted. */
        cr_expect_eq(wrong & ~rows[i].has, 0, "%s: %x", rows[i].text, flags);
    }
}

Test(command, has_a_label)
{
    static const struct {
        const char *text, *label;
    } rows[] = {
        { "PING", "PING" },
        { "hset work tid value", "hset work tid" },
        { "EXPIRE work 60", "EXPIRE work 60" },
        { "SET 0123456789012345678901234567 0123456789abcdef",
          "SET 0123456789012345678901... 0123456789ab..." },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        cr_expect_str_eq(parse(rows[i].text).label, rows[i].label, "%s: %s", rows[i].text,
                         parse(rows[i].text).label);
}

/* What is shown whole can be pasted; what is not ends in "..". */
Test(command, is_shown_whole_or_says_that_it_is_not)
{
    static const struct {
        const char *text, *shown;
    } rows[] = {
        { "PING", "PING" },
        { "SET k v EX 10", "SET k v EX 10" },
        { "hset work tid say\"it\"", "hset work tid \"say\\\"it\\\"\"" },
        { "RPUSH q a;b c|d", "RPUSH q \"a;b\" \"c|d\"" },
        { "HSET work tid 0123456789012345678901234567890", "HSET work tid .." },
        { "SET 0123456789012345678901234567 0123456789abcdef",
          "SET 0123456789012345678901... 0123456789ab... .." },
    };
    char buffer[COMMAND_SHOWN];
    struct command old;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct command command = parse(rows[i].text);

        cr_expect_str_eq(command_shown(&command, 40, buffer), rows[i].shown, "%s: %s",
                         rows[i].text, command_shown(&command, 40, buffer));
    }
    /* Of a run that was kept before there were lines. */
    old = parse("SET k v EX 10");
    old.line[0] = '\0';
    cr_expect_str_eq(command_shown(&old, 40, buffer), "SET k v");
}

/* A line has room for all of the command, or there is none. */
Test(command, has_a_line_if_there_is_room)
{
    char text[400];

    for (size_t length = 6; length < sizeof(text); length++) {
        struct command command;

        memset(text, 'v', length);
        memcpy(text, "SET k ", 6);
        text[length] = '\0';
        command = parse(text);
        if (length < sizeof(command.line) && length > 6) {
            cr_expect_str_eq(command.line, text);
            cr_expect_not(command_has(&command, COMMAND_LONG));
        } else if (length > 6) {
            cr_expect_str_eq(command.line, "");
            cr_expect(command_has(&command, COMMAND_LONG));
        }
    }
}

static bool is_printable(const char *text, size_t size)
{
    if (!memchr(text, '\0', size))
        return false;
    for (; *text; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

/* Keys are any bytes of any length; what is printed has an end and is printable. */
Test(command, takes_any_bytes)
{
    static char bytes[70000];
    const size_t lengths[] = { 0, 1, 22, 23, 24, 47, 48, 79, 80, 81, sizeof(bytes) };

    for (int byte = 0; byte < 256; byte++) {
        memset(bytes, byte, sizeof(bytes));
        for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
            const char *argv[] = { bytes, bytes, bytes };
            const size_t same[] = { lengths[i], lengths[i], lengths[i] };
            struct command command;

            command_parse(&command, 3, argv, same);
            cr_assert(is_printable(command.name, sizeof(command.name)));
            cr_assert(is_printable(command.label, sizeof(command.label)));
            cr_assert(is_printable(command.key, sizeof(command.key)));
            cr_assert(is_printable(command.line, sizeof(command.line)));
            cr_assert_eq(command.key_hash, XXH3_64bits(bytes, lengths[i]));
        }
    }
}

/* Keys that look the same when they are cut are not the same. */
Test(command, tells_long_keys_apart)
{
    struct command a, b;
    char text[300];

    memset(text, 'k', sizeof(text));
    memcpy(text, "GET ", 4);
    text[298] = text[299] = '\0';
    a = parse(text);
    text[298] = 'x';
    b = parse(text);
    cr_expect_str_eq(a.key, b.key);
    cr_expect_neq(a.key_hash, b.key_hash);
    cr_expect_str_eq(a.key + strlen(a.key) - 3, "...");
}

Test(command, has_elements)
{
    static const struct {
        const char *text, *element;
    } rows[] = {
        { "SADD k m n", "m" },           { "HSET k f v", "f" }, { "SMOVE a b m", "m" },
        { "XGROUP CREATE s g", "g" },    { "GET k", NULL },     { "MULTI", NULL },
        { "VADD k VALUES 1 2 m", NULL },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        cr_expect_eq(parse(rows[i].text).element_hash, hash_of(rows[i].element), "%s",
                     rows[i].text);
}

Test(command, no_words)
{
    struct command command, zero;

    memset(&zero, 0, sizeof(zero));
    memset(&command, 1, sizeof(command));
    command_parse(&command, 0, NULL, NULL);
    cr_expect_eq(memcmp(&command, &zero, sizeof(zero)), 0);
}

/* The moments in which something lapses by the clock. */
Test(command, has_deadlines)
{
    static const struct {
        const char *text;
        int64_t at_ms;
    } rows[] = {
        { "EXPIREAT k 1700000000", 1700000000000 },
        { "expireat k 1700000000 NX", 1700000000000 },
        { "PEXPIREAT k 1700000000123", 1700000000123 },
        { "HEXPIREAT h 1700000000 FIELDS 1 f", 1700000000000 },
        { "HPEXPIREAT h 1700000000123 NX FIELDS 1 f", 1700000000123 },
        { "SET k v EXAT 1700000000", 1700000000000 },
        { "SET k v NX GET PXAT 1700000000123", 1700000000123 },
        { "GETEX k exat 1700000000", 1700000000000 },
        { "HSETEX h EXAT 1700000000 FIELDS 1 f v", 1700000000000 },
        { "HGETEX h PXAT 1700000000123 FIELDS 1 f", 1700000000123 },
        { "MSETEX 1 k v EXAT 1700000000", 1700000000000 },
        { "RESTORE k 1700000000123 payload ABSTTL", 1700000000123 },
        { "RESTORE k 5000 payload", 0 },
        { "RESTORE k 0 payload REPLACE ABSTTL", 0 },
        { "EXPIRE k 1700000000", 0 },
        { "SET k v EX 1700000000", 0 },
        { "SET EXAT 1700000000", 0 },
        { "HSETEX h EX 60 FIELDS 1 EXAT 1700000000", 0 },
        { "HSET h EXAT 1700000000", 0 },
        { "LPUSH l EXAT 1700000000", 0 },
        { "EXPIREAT k", 0 },
        { "EXPIREAT k soon", 0 },
        { "EXPIREAT k -1", 0 },
        { "SET k v EXAT", 0 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(mem_freep) char *copy = mem_strdup(rows[i].text);
        struct split words = split(copy);

        cr_expect_eq(command_deadline_ms(words.argc, words.argv, words.lengths),
                     rows[i].at_ms, "%s", rows[i].text);
    }
}
