/* command.c - see command.h. */
#include "redis/command.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <xxhash.h>

#include "base/mem.h"
#include "base/str.h"

/* Where the first key stands: a word's number, or behind something. */
enum place {
    NO_KEY = 0,
    BEHIND_COUNT_1 = -1, /* word 1 is how many keys there are, from word 2 on */
    BEHIND_COUNT_2 = -2,
    BEHIND_STREAMS = -3, /* behind the word STREAMS */
};

struct row {
    const char *name;
    int key;     /* enum place, or the word's number */
    int second;  /* the second key's word; 0: none */
    int options; /* words from here on may be options that change the flags; 0: none */
    uint32_t flags;
};

#define STRING COMMAND_STRING
#define LIST COMMAND_LIST
#define SET COMMAND_SET
#define ZSET COMMAND_ZSET
#define HASH COMMAND_HASH
#define READS COMMAND_READS
#define REPLACES COMMAND_REPLACES
#define ADDS COMMAND_ADDS
#define PUSHES (COMMAND_PUSHES | LIST | ADDS)
#define COUNTS (COMMAND_COUNTS | ADDS)
#define POPS COMMAND_POPS
#define REMOVES COMMAND_REMOVES
#define DELETES COMMAND_DELETES
#define MOVES COMMAND_MOVES
#define IF_ABSENT COMMAND_IF_ABSENT
#define BLOCKS COMMAND_BLOCKS
#define RETURNS COMMAND_RETURNS
#define SETS_EXPIRY COMMAND_SETS_EXPIRY
#define ONLY_EXPIRY (COMMAND_ONLY_EXPIRY | SETS_EXPIRY)
#define OF_FIELDS COMMAND_OF_FIELDS
#define SCRIPT COMMAND_SCRIPT
#define CONTROL COMMAND_CONTROL

static const struct row rows[] = {
    { "SET", 1, 0, 3, STRING | REPLACES },
    { "SETNX", 1, 0, 0, STRING | REPLACES | IF_ABSENT },
    { "SETEX", 1, 0, 0, STRING | REPLACES | SETS_EXPIRY },
    { "PSETEX", 1, 0, 0, STRING | REPLACES | SETS_EXPIRY },
    { "GETSET", 1, 0, 0, STRING | REPLACES | RETURNS },
    { "GETDEL", 1, 0, 0, STRING | DELETES | POPS },
    { "GETEX", 1, 0, 2, STRING | RETURNS },
    { "MSET", 1, 3, 0, STRING | REPLACES },
    { "MSETNX", 1, 3, 0, STRING | REPLACES | IF_ABSENT },
    { "APPEND", 1, 0, 0, STRING | ADDS },
    { "SETRANGE", 1, 0, 0, STRING | ADDS },
    { "SETBIT", 1, 0, 0, STRING | ADDS },
    { "BITFIELD", 1, 0, 0, STRING | ADDS },
    { "BITOP", 2, 3, 0, STRING | REPLACES },
    { "PFADD", 1, 0, 0, STRING | ADDS },
    { "PFMERGE", 1, 2, 0, STRING | ADDS },
    { "INCR", 1, 0, 0, STRING | COUNTS },
    { "INCRBY", 1, 0, 0, STRING | COUNTS },
    { "INCRBYFLOAT", 1, 0, 0, STRING | COUNTS },
    { "DECR", 1, 0, 0, STRING | COUNTS },
    { "DECRBY", 1, 0, 0, STRING | COUNTS },
    { "GET", 1, 0, 0, STRING | READS },
    { "MGET", 1, 2, 0, STRING | READS },
    { "GETRANGE", 1, 0, 0, STRING | READS },
    { "GETBIT", 1, 0, 0, STRING | READS },
    { "BITCOUNT", 1, 0, 0, STRING | READS },
    { "STRLEN", 1, 0, 0, STRING | READS },
    { "PFCOUNT", 1, 2, 0, STRING | READS },

    { "HSET", 1, 0, 0, HASH | ADDS },
    { "HMSET", 1, 0, 0, HASH | ADDS },
    { "HSETNX", 1, 0, 0, HASH | ADDS | IF_ABSENT },
    { "HSETEX", 1, 0, 2, HASH | ADDS | OF_FIELDS },
    { "HINCRBY", 1, 0, 0, HASH | COUNTS },
    { "HINCRBYFLOAT", 1, 0, 0, HASH | COUNTS },
    { "HDEL", 1, 0, 0, HASH | REMOVES },
    { "HGETDEL", 1, 0, 0, HASH | POPS },
    { "HGETEX", 1, 0, 2, HASH | RETURNS | OF_FIELDS },
    { "HGET", 1, 0, 0, HASH | READS },
    { "HMGET", 1, 0, 0, HASH | READS },
    { "HGETALL", 1, 0, 0, HASH | READS },
    { "HKEYS", 1, 0, 0, HASH | READS },
    { "HVALS", 1, 0, 0, HASH | READS },
    { "HLEN", 1, 0, 0, HASH | READS },
    { "HEXISTS", 1, 0, 0, HASH | READS },
    { "HSCAN", 1, 0, 0, HASH | READS },
    { "HTTL", 1, 0, 0, HASH | READS },
    { "HPTTL", 1, 0, 0, HASH | READS },

    { "LPUSH", 1, 0, 0, PUSHES },
    { "RPUSH", 1, 0, 0, PUSHES },
    { "LPUSHX", 1, 0, 0, PUSHES },
    { "RPUSHX", 1, 0, 0, PUSHES },
    { "LINSERT", 1, 0, 0, LIST | ADDS },
    { "LSET", 1, 0, 0, LIST | ADDS },
    { "LPOP", 1, 0, 0, LIST | POPS },
    { "RPOP", 1, 0, 0, LIST | POPS },
    { "BLPOP", 1, 0, 0, LIST | POPS | BLOCKS },
    { "BRPOP", 1, 0, 0, LIST | POPS | BLOCKS },
    { "LMPOP", BEHIND_COUNT_1, 0, 0, POPS },
    { "BLMPOP", BEHIND_COUNT_2, 0, 0, POPS | BLOCKS },
    { "LMOVE", 1, 2, 0, PUSHES | POPS },
    { "RPOPLPUSH", 1, 2, 0, PUSHES | POPS },
    { "BLMOVE", 1, 2, 0, PUSHES | POPS | BLOCKS },
    { "BRPOPLPUSH", 1, 2, 0, PUSHES | POPS | BLOCKS },
    { "LREM", 1, 0, 0, LIST | REMOVES },
    { "LTRIM", 1, 0, 0, LIST | REMOVES },
    { "LRANGE", 1, 0, 0, LIST | READS },
    { "LINDEX", 1, 0, 0, LIST | READS },
    { "LLEN", 1, 0, 0, LIST | READS },
    { "LPOS", 1, 0, 0, LIST | READS },

    { "SADD", 1, 0, 0, SET | ADDS },
    { "SREM", 1, 0, 0, SET | REMOVES },
    { "SPOP", 1, 0, 0, SET | POPS },
    { "SMOVE", 1, 2, 0, SET | REMOVES | ADDS },
    { "SINTERSTORE", 1, 2, 0, SET | REPLACES },
    { "SUNIONSTORE", 1, 2, 0, SET | REPLACES },
    { "SDIFFSTORE", 1, 2, 0, SET | REPLACES },
    { "SMEMBERS", 1, 0, 0, SET | READS },
    { "SISMEMBER", 1, 0, 0, SET | READS },
    { "SMISMEMBER", 1, 0, 0, SET | READS },
    { "SRANDMEMBER", 1, 0, 0, SET | READS },
    { "SCARD", 1, 0, 0, SET | READS },
    { "SSCAN", 1, 0, 0, SET | READS },
    { "SINTER", 1, 2, 0, SET | READS },
    { "SUNION", 1, 2, 0, SET | READS },
    { "SDIFF", 1, 2, 0, SET | READS },

    { "ZADD", 1, 0, 0, ZSET | ADDS },
    { "ZINCRBY", 1, 0, 0, ZSET | COUNTS },
    { "GEOADD", 1, 0, 0, ZSET | ADDS },
    { "ZREM", 1, 0, 0, ZSET | REMOVES },
    { "ZREMRANGEBYSCORE", 1, 0, 0, ZSET | REMOVES },
    { "ZREMRANGEBYRANK", 1, 0, 0, ZSET | REMOVES },
    { "ZREMRANGEBYLEX", 1, 0, 0, ZSET | REMOVES },
    { "ZPOPMIN", 1, 0, 0, ZSET | POPS },
    { "ZPOPMAX", 1, 0, 0, ZSET | POPS },
    { "BZPOPMIN", 1, 0, 0, ZSET | POPS | BLOCKS },
    { "BZPOPMAX", 1, 0, 0, ZSET | POPS | BLOCKS },
    { "ZMPOP", BEHIND_COUNT_1, 0, 0, ZSET | POPS },
    { "BZMPOP", BEHIND_COUNT_2, 0, 0, ZSET | POPS | BLOCKS },
    { "ZRANGESTORE", 1, 2, 0, ZSET | REPLACES },
    { "ZUNIONSTORE", 1, 3, 0, ZSET | REPLACES },
    { "ZINTERSTORE", 1, 3, 0, ZSET | REPLACES },
    { "ZDIFFSTORE", 1, 3, 0, ZSET | REPLACES },
    { "GEOSEARCHSTORE", 1, 2, 0, ZSET | REPLACES },
    { "ZRANGE", 1, 0, 0, ZSET | READS },
    { "ZRANGEBYSCORE", 1, 0, 0, ZSET | READS },
    { "ZRANGEBYLEX", 1, 0, 0, ZSET | READS },
    { "ZREVRANGE", 1, 0, 0, ZSET | READS },
    { "ZREVRANGEBYSCORE", 1, 0, 0, ZSET | READS },
    { "ZRANDMEMBER", 1, 0, 0, ZSET | READS },
    { "ZSCORE", 1, 0, 0, ZSET | READS },
    { "ZMSCORE", 1, 0, 0, ZSET | READS },
    { "ZRANK", 1, 0, 0, ZSET | READS },
    { "ZCARD", 1, 0, 0, ZSET | READS },
    { "ZCOUNT", 1, 0, 0, ZSET | READS },
    { "ZSCAN", 1, 0, 0, ZSET | READS },

    { "XADD", 1, 0, 0, ADDS },
    { "XDEL", 1, 0, 0, REMOVES },
    { "XTRIM", 1, 0, 0, REMOVES },
    { "XACK", 1, 0, 0, REMOVES },
    { "XCLAIM", 1, 0, 0, ADDS },
    { "XAUTOCLAIM", 1, 0, 0, POPS },
    { "XGROUP", 2, 0, 0, ADDS },
    { "XREADGROUP", BEHIND_STREAMS, 0, 0, POPS },
    { "XREAD", BEHIND_STREAMS, 0, 0, READS },
    { "XRANGE", 1, 0, 0, READS },
    { "XREVRANGE", 1, 0, 0, READS },
    { "XLEN", 1, 0, 0, READS },
    { "XPENDING", 1, 0, 0, READS },
    { "XINFO", 2, 0, 0, READS },

    { "DEL", 1, 2, 0, DELETES },
    { "UNLINK", 1, 2, 0, DELETES },
    { "RENAME", 1, 2, 0, MOVES | DELETES },
    { "RENAMENX", 1, 2, 0, MOVES | DELETES | IF_ABSENT },
    { "COPY", 1, 2, 0, MOVES },
    { "RESTORE", 1, 0, 0, REPLACES },
    { "EXPIRE", 1, 0, 0, ONLY_EXPIRY },
    { "PEXPIRE", 1, 0, 0, ONLY_EXPIRY },
    { "EXPIREAT", 1, 0, 0, ONLY_EXPIRY },
    { "PEXPIREAT", 1, 0, 0, ONLY_EXPIRY },
    { "HEXPIRE", 1, 0, 0, HASH | ONLY_EXPIRY | OF_FIELDS },
    { "HPEXPIRE", 1, 0, 0, HASH | ONLY_EXPIRY | OF_FIELDS },
    { "HEXPIREAT", 1, 0, 0, HASH | ONLY_EXPIRY | OF_FIELDS },
    { "HPEXPIREAT", 1, 0, 0, HASH | ONLY_EXPIRY | OF_FIELDS },
    { "PERSIST", 1, 0, 0, 0 },
    { "HPERSIST", 1, 0, 0, HASH },
    { "SORT", 1, 0, 0, 0 }, /* STORE makes it a write */
    { "SORT_RO", 1, 0, 0, READS },
    { "EXISTS", 1, 2, 0, READS },
    { "TYPE", 1, 0, 0, READS },
    { "TTL", 1, 0, 0, READS },
    { "PTTL", 1, 0, 0, READS },
    { "EXPIRETIME", 1, 0, 0, READS },
    { "PEXPIRETIME", 1, 0, 0, READS },
    { "TOUCH", 1, 2, 0, READS },
    { "DUMP", 1, 0, 0, READS },
    { "OBJECT", 2, 0, 0, READS },
    { "MEMORY", 2, 0, 0, READS },
    { "KEYS", NO_KEY, 0, 0, READS },
    { "SCAN", NO_KEY, 0, 0, READS },
    { "RANDOMKEY", NO_KEY, 0, 0, READS },
    { "DBSIZE", NO_KEY, 0, 0, READS },
    { "FLUSHDB", NO_KEY, 0, 0, DELETES },

    { "EVAL", BEHIND_COUNT_2, 0, 0, SCRIPT },
    { "EVALSHA", BEHIND_COUNT_2, 0, 0, SCRIPT },
    { "FCALL", BEHIND_COUNT_2, 0, 0, SCRIPT },
    { "EVAL_RO", BEHIND_COUNT_2, 0, 0, READS },
    { "EVALSHA_RO", BEHIND_COUNT_2, 0, 0, READS },
    { "FCALL_RO", BEHIND_COUNT_2, 0, 0, READS },

    { "MULTI", NO_KEY, 0, 0, CONTROL | COMMAND_BEGINS },
    { "EXEC", NO_KEY, 0, 0, CONTROL | COMMAND_ENDS },
    { "DISCARD", NO_KEY, 0, 0, CONTROL },
    { "WATCH", 1, 2, 0, CONTROL },
    { "UNWATCH", NO_KEY, 0, 0, CONTROL },
    { "PING", NO_KEY, 0, 0, CONTROL },
    { "ECHO", NO_KEY, 0, 0, CONTROL },
    { "TIME", NO_KEY, 0, 0, CONTROL },
    { "INFO", NO_KEY, 0, 0, CONTROL },
    { "CLIENT", NO_KEY, 0, 0, CONTROL },
    { "SCRIPT", NO_KEY, 0, 0, CONTROL },
    { "FUNCTION", NO_KEY, 0, 0, CONTROL },
    { "WAIT", NO_KEY, 0, 0, CONTROL },
    { "PUBLISH", NO_KEY, 0, 0, CONTROL },
};

/* Nothing is known of it, but most commands have their key there. */
static const struct row unknown = { "", 1, 0, 0, 0 };

static const struct {
    const char *word;
    uint32_t flags;
} options[] = {
    { "EX", SETS_EXPIRY },   { "PX", SETS_EXPIRY }, { "EXAT", SETS_EXPIRY },
    { "PXAT", SETS_EXPIRY }, { "NX", IF_ABSENT },   { "KEEPTTL", COMMAND_KEEPS_EXPIRY },
    { "GET", RETURNS },
};

/* The words of one command. */
struct words {
    int count;
    const char *const *bytes;
    const size_t *lengths;
};

static struct str word_at(const struct words *words, int i)
{
    return i > 0 && i < words->count ? (struct str){ words->bytes[i], words->lengths[i] }
                                     : STR("");
}

static bool is_word(struct str word, const char *name)
{
    return word.length == strlen(name) && strncasecmp(word.bytes, name, word.length) == 0;
}

static const struct row *find_row(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (strcmp(name, rows[i].name) == 0)
            return &rows[i];
    return &unknown;
}

static uint32_t option_flags(const struct words *words, int from)
{
    uint32_t flags = 0;

    for (int i = from; from && i < words->count; i++) {
        if (is_word(word_at(words, i), "FIELDS"))
            break; /* names and values follow */
        for (size_t o = 0; o < ARRAY_SIZE(options); o++)
            if (is_word(word_at(words, i), options[o].word))
                flags |= options[o].flags;
    }
    return flags;
}

/* RESTORE key 0 payload: the 0 means no expiry. */
static uint32_t restore_flags(const struct row *row, const struct words *words)
{
    if (strcmp(row->name, "RESTORE") != 0 || is_word(word_at(words, 2), "0"))
        return 0;
    return SETS_EXPIRY;
}

/* The number of the word that is the first key; 0: there is none. */
static int key_place(const struct row *row, const struct words *words)
{
    if (row->key >= 0)
        return row->key < words->count ? row->key : 0;
    if (row->key == BEHIND_STREAMS) {
        for (int i = 1; i + 1 < words->count; i++)
            if (is_word(word_at(words, i), "STREAMS"))
                return i + 1;
        return 0;
    }
    if (is_word(word_at(words, -row->key), "0") || 1 - row->key >= words->count)
        return 0;
    return 1 - row->key;
}

uint64_t command_key_hash(struct str key)
{
    uint64_t value = XXH3_64bits(key.bytes, key.length);

    return value ? value : 1;
}

static uint64_t hash(const struct words *words, int i)
{
    return i == 0 || i >= words->count ? 0 : command_key_hash(word_at(words, i));
}

static void write_name(char *buffer, size_t size, struct str name)
{
    size_t length = name.length < size ? name.length : size - 1;

    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)name.bytes[i];

        buffer[i] = '?';
        if (isascii(byte) && isprint(byte))
            buffer[i] = (char)toupper(byte);
    }
    buffer[length] = '\0';
}

/* The command's first words as they were written: the name, the key and perhaps a field.
 * A script's key says more than its text, so it comes first. */
static void write_label(char *buffer, size_t size, const struct words *words, int key)
{
    const int places[] = { key ? key : 1, key ? 1 : 2 };
    FILE *out = fmemopen(buffer, size - 1, "w");

    buffer[size - 1] = '\0';
    if (!out)
        return;
    str_print(out, (struct str){ words->bytes[0], words->lengths[0] }, 12);
    for (size_t i = 0; i < ARRAY_SIZE(places) && places[i] < words->count; i++) {
        fputc(' ', out);
        str_print(out, word_at(words, places[i]), i == 0 ? 22 : 12);
    }
    fclose(out);
}

void command_parse(struct command *ret, int argc, const char *const *argv,
                   const size_t *lengths)
{
    const struct words words = { argc, argv, lengths };
    const struct row *row;
    int key;

    memset(ret, 0, sizeof(*ret)); /* padding too: it is sent as it stands */
    if (argc <= 0)
        return;
    write_name(ret->name, sizeof(ret->name), (struct str){ argv[0], lengths[0] });
    row = find_row(ret->name);
    key = key_place(row, &words);
    write_label(ret->label, sizeof(ret->label), &words,
                row->flags & COMMAND_SCRIPT ? key : 0);
    if (key)
        str_show(ret->key, sizeof(ret->key), word_at(&words, key));
    ret->key_hash = hash(&words, key);
    ret->second_key_hash = hash(&words, row->second);
    ret->element_hash = key ? hash(&words, key + 1) : 0;
    ret->flags =
        row->flags | option_flags(&words, row->options) | restore_flags(row, &words);
}
