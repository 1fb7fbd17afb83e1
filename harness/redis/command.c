/* command.c - see command.h. */
#include "redis/command.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "base/mem.h"
#include "base/str.h"
#include "redis/quote.h"

/* Where the first key stands: a word's number, or behind something. */
enum place {
    NO_KEY = 0,
    BEHIND_COUNT_1 = -1, /* word 1 is how many keys there are, from word 2 on */
    BEHIND_COUNT_2 = -2,
    BEHIND_STREAMS = -3, /* behind the word STREAMS */
};

struct row {
    const char *names; /* of commands, with a space between them */
    int key;           /* enum place, or the word's number */
    int second;        /* the second key's word; 0: none */
    int options; /* words from here on may be options that change the flags; 0: none */
    uint32_t flags;
};

#define STRING COMMAND_STRING
#define LIST COMMAND_LIST
#define SET COMMAND_SET
#define ZSET COMMAND_ZSET
#define STREAM COMMAND_STREAM
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
    { "SETEX PSETEX", 1, 0, 0, STRING | REPLACES | SETS_EXPIRY },
    { "GETSET", 1, 0, 0, STRING | REPLACES | RETURNS },
    { "GETDEL", 1, 0, 0, STRING | DELETES | POPS },
    { "GETEX", 1, 0, 2, STRING | RETURNS },
    { "MSET", 1, 3, 0, STRING | REPLACES },
    { "MSETEX", BEHIND_COUNT_1, 0, 4, STRING | REPLACES },
    { "MSETNX", 1, 3, 0, STRING | REPLACES | IF_ABSENT },
    { "APPEND SETRANGE SETBIT BITFIELD PFADD", 1, 0, 0, STRING | ADDS },
    { "BITOP", 2, 3, 0, STRING | REPLACES },
    { "PFMERGE", 1, 2, 0, STRING | ADDS },
    { "INCR INCRBY INCRBYFLOAT DECR DECRBY", 1, 0, 0, STRING | COUNTS },
    { "GET GETRANGE SUBSTR GETBIT BITCOUNT BITPOS BITFIELD_RO STRLEN DIGEST", 1, 0, 0,
      STRING | READS },
    { "MGET PFCOUNT LCS", 1, 2, 0, STRING | READS },

    { "HSET HMSET", 1, 0, 0, HASH | ADDS },
    { "HSETNX", 1, 0, 0, HASH | ADDS | IF_ABSENT },
    { "HSETEX", 1, 0, 2, HASH | ADDS | OF_FIELDS },
    { "HINCRBY HINCRBYFLOAT", 1, 0, 0, HASH | COUNTS },
    { "HDEL", 1, 0, 0, HASH | REMOVES },
    { "HGETDEL", 1, 0, 0, HASH | POPS },
    { "HGETEX", 1, 0, 2, HASH | RETURNS | OF_FIELDS },
    { "HGET HMGET HGETALL HKEYS HVALS HLEN HEXISTS HSTRLEN HRANDFIELD HSCAN HTTL HPTTL "
      "HEXPIRETIME HPEXPIRETIME",
      1, 0, 0, HASH | READS },

    { "LPUSH RPUSH LPUSHX RPUSHX", 1, 0, 0, PUSHES },
    { "LINSERT LSET", 1, 0, 0, LIST | ADDS },
    { "LPOP RPOP", 1, 0, 0, LIST | POPS },
    { "BLPOP BRPOP", 1, 0, 0, LIST | POPS | BLOCKS },
    { "LMPOP", BEHIND_COUNT_1, 0, 0, POPS },
    { "BLMPOP", BEHIND_COUNT_2, 0, 0, POPS | BLOCKS },
    { "LMOVE RPOPLPUSH", 1, 2, 0, PUSHES | POPS },
    { "BLMOVE BRPOPLPUSH", 1, 2, 0, PUSHES | POPS | BLOCKS },
    { "LREM LTRIM", 1, 0, 0, LIST | REMOVES },
    { "LRANGE LINDEX LLEN LPOS", 1, 0, 0, LIST | READS },

    { "SADD", 1, 0, 0, SET | ADDS },
    { "SREM", 1, 0, 0, SET | REMOVES },
    { "SPOP", 1, 0, 0, SET | POPS },
    { "SMOVE", 1, 2, 0, SET | REMOVES | ADDS },
    { "SINTERSTORE SUNIONSTORE SDIFFSTORE", 1, 2, 0, SET | REPLACES },
    { "SMEMBERS SISMEMBER SMISMEMBER SRANDMEMBER SCARD SSCAN", 1, 0, 0, SET | READS },
    { "SINTER SUNION SDIFF", 1, 2, 0, SET | READS },
    { "SINTERCARD", BEHIND_COUNT_1, 0, 0, SET | READS },

    { "ZADD GEOADD", 1, 0, 0, ZSET | ADDS },
    { "ZINCRBY", 1, 0, 0, ZSET | COUNTS },
    { "ZREM ZREMRANGEBYSCORE ZREMRANGEBYRANK ZREMRANGEBYLEX", 1, 0, 0, ZSET | REMOVES },
    { "ZPOPMIN ZPOPMAX", 1, 0, 0, ZSET | POPS },
    { "BZPOPMIN BZPOPMAX", 1, 0, 0, ZSET | POPS | BLOCKS },
    { "ZMPOP", BEHIND_COUNT_1, 0, 0, ZSET | POPS },
    { "BZMPOP", BEHIND_COUNT_2, 0, 0, ZSET | POPS | BLOCKS },
    { "ZRANGESTORE GEOSEARCHSTORE", 1, 2, 0, ZSET | REPLACES },
    { "ZUNIONSTORE ZINTERSTORE ZDIFFSTORE", 1, 3, 0, ZSET | REPLACES },
    { "ZRANGE ZRANGEBYSCORE ZRANGEBYLEX ZREVRANGE ZREVRANGEBYSCORE ZREVRANGEBYLEX "
      "ZRANDMEMBER ZSCORE ZMSCORE ZRANK ZREVRANK ZCARD ZCOUNT ZLEXCOUNT ZSCAN",
      1, 0, 0, ZSET | READS },
    { "GEODIST GEOHASH GEOPOS GEOSEARCH GEORADIUS_RO GEORADIUSBYMEMBER_RO", 1, 0, 0,
      ZSET | READS },
    { "ZINTER ZUNION ZDIFF ZINTERCARD", BEHIND_COUNT_1, 0, 0, ZSET | READS },

    { "XADD", 1, 0, 0, STREAM | ADDS },
    { "XDEL XTRIM XACK XDELEX XACKDEL", 1, 0, 0, STREAM | REMOVES },
    { "XCLAIM XAUTOCLAIM", 1, 0, 0, STREAM | POPS },
    { "XGROUP", 2, 0, 0, STREAM }, /* its second word says the rest */
    { "XREADGROUP", BEHIND_STREAMS, 0, 0, STREAM | POPS },
    { "XREAD", BEHIND_STREAMS, 0, 0, STREAM | READS },
    { "XRANGE XREVRANGE XLEN XPENDING", 1, 0, 0, STREAM | READS },
    { "XINFO", 2, 0, 0, STREAM | READS },

    { "VADD VSETATTR", 1, 0, 0, ADDS },
    { "VREM", 1, 0, 0, REMOVES },
    { "VCARD VDIM VEMB VGETATTR VINFO VISMEMBER VLINKS VRANDMEMBER VRANGE VSIM", 1, 0, 0,
      READS },

    { "DEL UNLINK", 1, 2, 0, DELETES },
    { "DELEX DELIFEQ", 1, 0, 0, DELETES },
    { "RENAME", 1, 2, 0, MOVES | DELETES },
    { "RENAMENX", 1, 2, 0, MOVES | DELETES | IF_ABSENT },
    { "COPY", 1, 2, 0, MOVES },
    { "RESTORE", 1, 0, 0, REPLACES },
    { "EXPIRE PEXPIRE EXPIREAT PEXPIREAT", 1, 0, 0, ONLY_EXPIRY },
    { "HEXPIRE HPEXPIRE HEXPIREAT HPEXPIREAT", 1, 0, 0, HASH | ONLY_EXPIRY | OF_FIELDS },
    { "PERSIST", 1, 0, 0, 0 },
    { "HPERSIST", 1, 0, 0, HASH },
    { "SORT", 1, 0, 0, 0 }, /* STORE makes it a write */
    { "SORT_RO TYPE TTL PTTL EXPIRETIME PEXPIRETIME DUMP CLUSTERSCAN", 1, 0, 0, READS },
    { "EXISTS TOUCH", 1, 2, 0, READS },
    { "OBJECT MEMORY", 2, 0, 0, READS },
    { "KEYS SCAN RANDOMKEY DBSIZE", NO_KEY, 0, 0, READS },
    { "FLUSHDB", NO_KEY, 0, 0, DELETES },

    { "EVAL EVALSHA FCALL", BEHIND_COUNT_2, 0, 0, SCRIPT },
    { "EVAL_RO EVALSHA_RO FCALL_RO", BEHIND_COUNT_2, 0, 0, READS },

    { "MULTI", NO_KEY, 0, 0, CONTROL | COMMAND_BEGINS },
    { "EXEC", NO_KEY, 0, 0, CONTROL | COMMAND_ENDS },
    { "DISCARD UNWATCH PING ECHO TIME INFO CLIENT SCRIPT FUNCTION WAIT", NO_KEY, 0, 0,
      CONTROL },
    { "PUBLISH SPUBLISH", NO_KEY, 0, 0, CONTROL | COMMAND_PUBLISHES },
    { "WATCH", 1, 2, 0, CONTROL },
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

static bool is_among(const char *names, const char *name)
{
    for (size_t length; *names; names += length + (names[length] == ' ')) {
        length = strcspn(names, " ");
        if (length == strlen(name) && memcmp(names, name, length) == 0)
            return true;
    }
    return false;
}

static const struct row *find_row(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (is_among(rows[i].names, name))
            return &rows[i];
    return &unknown;
}

static uint32_t option_flags(const struct words *words, int from)
{
    uint32_t flags = 0;

    for (int i = from; from && i < words->count; i++) {
        if (str_is_word(word_at(words, i), "FIELDS"))
            break; /* names and values follow */
        for (size_t o = 0; o < ARRAY_SIZE(options); o++)
            if (str_is_word(word_at(words, i), options[o].word))
                flags |= options[o].flags;
    }
    return flags;
}

/* RESTORE key 0 payload: the 0 means no expiry. */
static uint32_t restore_flags(const struct row *row, const struct words *words)
{
    if (strcmp(row->names, "RESTORE") != 0 || str_is_word(word_at(words, 2), "0"))
        return 0;
    return SETS_EXPIRY;
}

/* XGROUP CREATE and XGROUP DESTROY are the two ends of something. */
static uint32_t group_flags(const struct row *row, const struct words *words)
{
    struct str what = word_at(words, 1);

    if (strcmp(row->names, "XGROUP") != 0)
        return 0;
    return str_is_word(what, "DESTROY") || str_is_word(what, "DELCONSUMER") ? REMOVES
                                                                            : ADDS;
}

/* DECR, and what adds less than nothing. */
static uint32_t count_flags(const struct row *row, const char *name,
                            const struct words *words)
{
    struct str amount;
    bool minus;

    if ((row->flags & COUNTS) != COUNTS)
        return 0;
    amount = word_at(words, row->flags & HASH ? 3 : 2);
    minus = amount.length > 1 && amount.bytes[0] == '-';
    return minus != (strncmp(name, "DECR", 4) == 0) ? COMMAND_LESSENS : 0;
}

/* The number of the word that is an element: a field, a member, an entry; 0: it has none,
 * or several. */
static int element_place(const char *name, const struct words *words, int key)
{
    static const struct {
        const char *names;
        int behind_key;
    } far[] = { { "LREM ZINCRBY SMOVE", 2 } };
    int place = key + 1;

    for (size_t i = 0; i < ARRAY_SIZE(far); i++)
        if (is_among(far[i].names, name))
            place = key + far[i].behind_key;
    if (strcmp(name, "ZADD") == 0) /* key [options] score member */
        place = words->count - 1;
    if (strcmp(name, "VADD") == 0) /* key [options] vector element [options] */
        place = 0;
    return key && place < words->count ? place : 0;
}

/* The number of the word that is the first key; 0: there is none. */
static int key_place(const struct row *row, const struct words *words)
{
    if (row->key >= 0)
        return row->key < words->count ? row->key : 0;
    if (row->key == BEHIND_STREAMS) {
        for (int i = 1; i + 1 < words->count; i++)
            if (str_is_word(word_at(words, i), "STREAMS"))
                return i + 1;
        return 0;
    }
    if (str_is_word(word_at(words, -row->key), "0") || 1 - row->key >= words->count)
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

/* False: it has no room. */
static bool write_line(char *buffer, size_t size, const struct words *words)
{
    size_t least = (size_t)words->count - 1; /* columns: the blanks, and what follows */
    CLEANUP(mem_freep) char *line = NULL;
    FILE *out;

    for (int i = 0; i < words->count && least < size; i++)
        least += words->lengths[i];
    if (least >= size)
        return false;
    out = mem_stream(&line);
    for (int i = 0; i < words->count; i++) {
        fputs(i ? " " : "", out);
        quote_print(out, (struct str){ words->bytes[i], words->lengths[i] }, i == 0);
    }
    fclose(out);
    if (strlen(line) >= size)
        return false;
    strcpy(buffer, line);
    return true;
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
    ret->element_hash = hash(&words, element_place(ret->name, &words, key));
    ret->flags = row->flags | option_flags(&words, row->options) |
                 restore_flags(row, &words) | group_flags(row, &words) |
                 count_flags(row, ret->name, &words);
    if (!write_line(ret->line, sizeof(ret->line), &words))
        ret->flags |= COMMAND_LONG;
}

const char *command_shown(const struct command *command, size_t most,
                          char buffer[COMMAND_SHOWN])
{
    bool known = command->line[0] || command_has(command, COMMAND_LONG);

    if (command->line[0] && strlen(command->line) <= most)
        return command->line;
    snprintf(buffer, COMMAND_SHOWN, "%s%s", command->label, known ? " .." : "");
    return buffer;
}

/* The number of an option's word; 0: it is not there. */
static int option_place(const struct words *words, int from, const char *option)
{
    for (int i = from; from && i < words->count; i++) {
        if (str_is_word(word_at(words, i), "FIELDS"))
            break;
        if (str_is_word(word_at(words, i), option))
            return i;
    }
    return 0;
}

int64_t command_deadline_ms(int argc, const char *const *argv, const size_t *lengths)
{
    static const struct {
        const char *name;   /* of the command; NULL: any that has the option */
        const char *option; /* the time is behind it; NULL: behind the key */
        int64_t unit_ms;
    } rows_at[] = {
        { "EXPIREAT", NULL, 1000 }, { "PEXPIREAT", NULL, 1 }, { "HEXPIREAT", NULL, 1000 },
        { "HPEXPIREAT", NULL, 1 },  { NULL, "EXAT", 1000 },   { NULL, "PXAT", 1 },
    };
    const struct words words = { argc, argv, lengths };
    char name[24], number[24];
    const struct row *row;
    int place = 0;
    uint64_t time;

    write_name(name, sizeof(name), (struct str){ argv[0], lengths[0] });
    row = find_row(name);
    for (size_t i = 0; i < ARRAY_SIZE(rows_at); i++) {
        if (!rows_at[i].name)
            place = option_place(&words, row->options, rows_at[i].option);
        else if (strcmp(rows_at[i].name, name) == 0)
            place = 1;
        str_show(number, sizeof(number), place ? word_at(&words, place + 1) : STR(""));
        if (str_whole(number, 1, (uint64_t)(INT64_MAX / 1000), &time))
            return (int64_t)time * rows_at[i].unit_ms;
    }
    /* RESTORE key ms payload ABSTTL */
    str_show(number, sizeof(number), word_at(&words, 2));
    if (strcmp(name, "RESTORE") == 0 && option_place(&words, 4, "ABSTTL") &&
        str_whole(number, 1, INT64_MAX, &time))
        return (int64_t)time;
    return 0;
}

const char *command_expiry_option(const struct command *command)
{
    static const char *const names[][2] = {
        { "EXPIRE", "EX" },      { "PEXPIRE", "PX" },      { "EXPIREAT", "EXAT" },
        { "PEXPIREAT", "PXAT" }, { "HEXPIRE", "EX" },      { "HPEXPIRE", "PX" },
        { "HEXPIREAT", "EXAT" }, { "HPEXPIREAT", "PXAT" }, { "SETEX", "EX" },
        { "PSETEX", "PX" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strcmp(command->name, names[i][0]) == 0)
            return names[i][1];
    return NULL;
}

const char *command_list_end(const struct command *command)
{
    return strstr(command->name, "RP") ? "RIGHT" : "LEFT"; /* RPUSH, BRPOP */
}
