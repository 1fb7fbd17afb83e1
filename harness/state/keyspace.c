/* keyspace.c - see keyspace.h. */
#include "state/keyspace.h"

#include <stdlib.h>
#include <string.h>

#include "base/mutant.h"

#define MET_MOST 64
#define IN_VAIN_MOST 32

/* ARGV: "1" if there are field expiries. */
static const char script_text[] =
    "local all = {}\n"
    "for i, key in ipairs(redis.call('KEYS', '*')) do\n"
    "  local kind = redis.call('TYPE', key).ok\n"
    "  local one = { key, kind, redis.call('PTTL', key) }\n"
    "  if kind == 'string' then one[4] = { redis.call('GET', key) }\n"
    "  elseif kind == 'hash' then\n"
    "    one[4] = redis.call('HGETALL', key)\n"
    "    if ARGV[1] == '1' then\n"
    "      one[5] = {}\n"
    "      for f = 1, #one[4], 2 do\n"
    "        one[5][#one[5] + 1] = redis.call('HPTTL', key, 'FIELDS', 1, one[4][f])[1]\n"
    "      end\n"
    "    end\n"
    "  elseif kind == 'set' then one[4] = redis.call('SMEMBERS', key)\n"
    "  elseif kind == 'zset' then one[4] = redis.call('ZRANGE', key, 0, -1, "
    "'WITHSCORES')\n"
    "  elseif kind == 'list' then one[4] = redis.call('LRANGE', key, 0, -1)\n"
    "  elseif kind == 'stream' then\n"
    "    one[4], one[5] = {}, {}\n"
    "    for e, entry in ipairs(redis.call('XRANGE', key, '-', '+')) do\n"
    "      one[4][e] = cmsgpack.pack(entry[2])\n"
    "    end\n"
    "    for _, group in ipairs(redis.call('XINFO', 'GROUPS', key)) do\n"
    "      local read = #redis.call('XRANGE', key, '-', group[8])\n"
    "      one[5][#one[5] + 1] = group[2]\n"
    "      one[5][#one[5] + 1] = group[6] .. ' pending, ' .. read .. ' read'\n"
    "    end\n"
    "  elseif kind ~= 'none' then one[4] = { redis.call('DUMP', key) } end\n"
    "  if one[4] then all[#all + 1] = one end\n"
    "end\n"
    "return all\n";

/* The types that can be read by one plain command: its words, NULL for the key. */
static const struct kind {
    const char *type;
    int argc;
    const char *argv[5];
} kinds[] = {
    { "string", 2, { "GET", NULL } },
    { "hash", 2, { "HGETALL", NULL } },
    { "set", 2, { "SMEMBERS", NULL } },
    { "zset", 5, { "ZRANGE", NULL, "0", "-1", "WITHSCORES" } },
    { "list", 4, { "LRANGE", NULL, "0", "-1" } },
};

/* A key, and the type that it had when it was met last. */
struct acquaintance {
    struct str key; /* owned */
    const struct kind *kind;
};

static struct str text_of(const redisReply *reply)
{
    return (struct str){ reply->str, (size_t)reply->len };
}

static const struct kind *kind_of(const struct rows *rows, struct str type)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (str_compare(type, str_of(kinds[i].type)) == 0)
            return rows->field_expiries && strcmp(kinds[i].type, "hash") == 0 ? NULL
                                                                              : &kinds[i];
    return NULL;
}

static void put_plain(struct rows *rows)
{
    static const char *const dbsize[] = { "DBSIZE" };
    static const char *const type[] = { "TYPE", NULL };
    static const char *const pttl[] = { "PTTL", NULL };
    static const char *const del[] = { "DEL", NULL };

    rows->plain.length = rows->drop.length = 0;
    replies_put(&rows->plain, 1, dbsize, STR(""));
    for (size_t i = 0; i < rows->met_count; i++) {
        const struct acquaintance *met = &rows->met[i];

        replies_put(&rows->plain, 2, type, met->key);
        replies_put(&rows->plain, 2, pttl, met->key);
        replies_put(&rows->plain, met->kind->argc, met->kind->argv, met->key);
        replies_put(&rows->drop, 2, del, met->key);
    }
}

int rows_init(struct rows *rows, redisContext *connection, bool field_expiries,
              struct err *err)
{
    char sha[41];
    const char *const words[] = { "EVALSHA", sha, "0", field_expiries ? "1" : "0" };
    int code = connection_load_script(connection, script_text, sha, err);

    if (code < 0)
        return code;
    *rows = (struct rows){ .field_expiries = field_expiries };
    replies_put(&rows->script, ARRAY_SIZE(words), words, STR(""));
    put_plain(rows);
    return 0;
}

void rows_release(struct rows *rows)
{
    for (size_t i = 0; i < rows->met_count; i++)
        free((char *)(uintptr_t)rows->met[i].key.bytes);
    free(rows->met);
    free((char *)(uintptr_t)rows->plain.bytes);
    free((char *)(uintptr_t)rows->script.bytes);
    free((char *)(uintptr_t)rows->drop.bytes);
    *rows = (struct rows){ .met = NULL };
}

static void meet(struct rows *rows, struct str key, const struct kind *kind)
{
    for (size_t i = 0; i < rows->met_count; i++)
        if (str_compare(rows->met[i].key, key) == 0) {
            rows->met[i].kind = kind;
            return;
        }
    rows->met = mem_grow(rows->met, rows->met_count + 1, sizeof(*rows->met));
    rows->met[rows->met_count++] =
        (struct acquaintance){ { mem_copy(key.bytes, key.length), key.length }, kind };
}

/* Plain questions were not enough: what would have been? */
static void meet_all(struct rows *rows, const redisReply *all)
{
    rows->strange = rows->in_vain++ >= IN_VAIN_MOST;
    for (size_t i = 0; i < all->elements && !rows->strange; i++) {
        const redisReply *row = all->element[i];
        const struct kind *kind = kind_of(rows, text_of(row->element[1]));

        if (kind)
            meet(rows, text_of(row->element[0]), kind);
        rows->strange = !kind || rows->met_count > MET_MOST;
    }
    put_plain(rows);
}

struct str rows_question(const struct rows *rows)
{
    return rows->strange ? rows->script : rows->plain;
}

static int read_script(struct replies *replies, const redisReply **ret, struct err *err)
{
    int code = replies_next(replies, "the audit's script", ret, err);

    return code == 0 ? connection_check(*ret, "the audit's script", err) : code;
}

static redisReply *make_array(struct arena *arena, size_t count)
{
    redisReply *reply = arena_take(arena, sizeof(*reply));

    memset(reply, 0, sizeof(*reply));
    reply->type = REDIS_REPLY_ARRAY;
    reply->elements = count;
    reply->element = arena_take(arena, count * sizeof(*reply->element));
    return reply;
}

/* The answers about one key, as a row. NULL: the key is not there, or not as expected. */
static redisReply *make_row(const struct acquaintance *met, const redisReply *type,
                            const redisReply *pttl, const redisReply *elements,
                            struct arena *arena)
{
    redisReply *row, *key, *value = (redisReply *)(uintptr_t)elements;
    int expected = met->kind == &kinds[0] ? REDIS_REPLY_STRING : REDIS_REPLY_ARRAY;

    if (type->type != REDIS_REPLY_STATUS || pttl->type != REDIS_REPLY_INTEGER ||
        elements->type != expected || pttl->integer < -1 ||
        str_compare(text_of(type), str_of(met->kind->type)) != 0)
        return NULL;
    key = arena_take(arena, sizeof(*key));
    memset(key, 0, sizeof(*key));
    key->type = REDIS_REPLY_STRING;
    key->str = (char *)(uintptr_t)met->key.bytes;
    key->len = met->key.length;
    row = make_array(arena, 4);
    row->element[0] = key;
    row->element[1] = (redisReply *)(uintptr_t)type;
    row->element[2] = (redisReply *)(uintptr_t)pttl;
    row->element[3] = value;
    if (expected == REDIS_REPLY_STRING) {
        row->element[3] = make_array(arena, 1);
        row->element[3]->element[0] = value;
    }
    return row;
}

/* *ret stays NULL if the answers do not account for every key. */
static int read_plain(struct rows *rows, struct replies *replies, const redisReply **ret,
                      struct err *err)
{
    redisReply *all = make_array(replies->arena, rows->met_count);
    const redisReply *size, *answers[3];
    int code = replies_next(replies, "DBSIZE", &size, err);

    all->elements = 0;
    for (size_t i = 0; i < rows->met_count; i++) {
        redisReply *row;

        for (size_t k = 0; k < ARRAY_SIZE(answers) && code == 0; k++)
            code = replies_next(replies, "what the audit asks", &answers[k], err);
        if (code < 0)
            return code;
        row = make_row(&rows->met[i], answers[0], answers[1], answers[2], replies->arena);
        if (row)
            all->element[all->elements++] = row;
    }
    if (code == 0 && size->type == REDIS_REPLY_INTEGER &&
        ((size_t)size->integer == all->elements || mutant("keys-uncounted")))
        *ret = all;
    return code;
}

int rows_read(struct rows *rows, struct replies *replies, const redisReply **ret,
              struct err *err)
{
    const redisReply *reply = NULL;
    int code;

    if (rows->strange)
        return read_script(replies, ret, err);
    code = read_plain(rows, replies, &reply, err);
    if (code == 0 && reply) {
        rows->in_vain = 0;
        *ret = reply;
        return 0;
    }
    if (code == 0)
        code = replies_ask(replies, rows->script, err);
    if (code == 0)
        code = read_script(replies, ret, err);
    if (code == 0)
        meet_all(rows, *ret);
    return code;
}
