/* rows.c - see rows.h. */
#include "rows.h"

#include <stdlib.h>
#include <string.h>

#define MET_MOST 64
#define IN_VAIN_MOST 32

/* ARGV: "1" if there are field expiries. */
static const char script[] =
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

int rows_init(struct rows *rows, redisContext *connection, bool field_expiries,
              struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;

    *rows = (struct rows){ .field_expiries = field_expiries };
    return connection_load_script(connection, script, rows->script_sha, err);
}

void rows_release(struct rows *rows)
{
    for (size_t i = 0; i < rows->met_count; i++)
        free((char *)(uintptr_t)rows->met[i].key.bytes);
    free(rows->met);
    free(rows->question);
    *rows = (struct rows){ .met = NULL };
}

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

static void put_command(struct rows *rows, int argc, const char *const *words,
                        struct str key)
{
    const char *argv[5];
    size_t lengths[5];
    char *text = NULL;
    int bytes;

    for (int i = 0; i < argc; i++) {
        argv[i] = words[i] ? words[i] : key.bytes;
        lengths[i] = words[i] ? strlen(words[i]) : key.length;
    }
    bytes = redisFormatCommandArgv(&text, argc, argv, lengths);
    if (bytes < 0)
        abort(); /* UNTESTED: out of memory */
    rows->question = mem_grow(rows->question, rows->question_bytes + (size_t)bytes, 1);
    memcpy(rows->question + rows->question_bytes, text, (size_t)bytes);
    rows->question_bytes += (size_t)bytes;
    redisFreeCommand(text);
}

static void put_question(struct rows *rows)
{
    static const char *const dbsize[] = { "DBSIZE" };
    static const char *const type[] = { "TYPE", NULL };
    static const char *const pttl[] = { "PTTL", NULL };

    rows->question_bytes = 0;
    put_command(rows, 1, dbsize, STR(""));
    for (size_t i = 0; i < rows->met_count; i++) {
        const struct acquaintance *met = &rows->met[i];

        put_command(rows, 2, type, met->key);
        put_command(rows, 2, pttl, met->key);
        put_command(rows, met->kind->argc, met->kind->argv, met->key);
    }
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
    put_question(rows);
}

static void ask_script(struct rows *rows, redisContext *connection)
{
    const char *argv[] = { "EVALSHA", rows->script_sha, "0",
                           rows->field_expiries ? "1" : "0" };
    const size_t lengths[] = { 7, 40, 1, 1 };

    redisAppendCommandArgv(connection, ARRAY_SIZE(argv), argv, lengths);
}

void rows_ask(struct rows *rows, redisContext *connection)
{
    if (!rows->question_bytes)
        put_question(rows);
    if (rows->strange)
        ask_script(rows, connection);
    else
        redisAppendFormattedCommand(connection, rows->question, rows->question_bytes);
}

static int read_script(redisContext *connection, struct arena *arena,
                       const redisReply **ret, struct err *err)
{
    const redisReply *reply;
    int code = connection_read_into(connection, arena, "the audit's script", &reply, err);

    if (code == 0)
        code = connection_check(reply, "the audit's script", err);
    if (code == 0)
        *ret = reply;
    return code;
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
static int read_plain(struct rows *rows, redisContext *connection, struct arena *arena,
                      const redisReply **ret, struct err *err)
{
    redisReply *all = make_array(arena, rows->met_count);
    const redisReply *size, *answers[3];
    int code = connection_read_into(connection, arena, "DBSIZE", &size, err);

    all->elements = 0;
    for (size_t i = 0; i < rows->met_count; i++) {
        redisReply *row;

        for (size_t k = 0; k < ARRAY_SIZE(answers) && code == 0; k++)
            code = connection_read_into(connection, arena, "an audit's question",
                                        &answers[k], err);
        if (code < 0)
            return code;
        row = make_row(&rows->met[i], answers[0], answers[1], answers[2], arena);
        if (row)
            all->element[all->elements++] = row;
    }
    if (code == 0 && size->type == REDIS_REPLY_INTEGER &&
        (size_t)size->integer == all->elements)
        *ret = all;
    return code;
}

int rows_read(struct rows *rows, redisContext *connection, struct arena *arena,
              const redisReply **ret, struct err *err)
{
    const redisReply *reply = NULL;
    int code;

    if (rows->strange)
        return read_script(connection, arena, ret, err);
    code = read_plain(rows, connection, arena, &reply, err);
    if (code == 0 && reply) {
        rows->in_vain = 0;
        *ret = reply;
        return 0;
    }
    if (code < 0)
        return code;
    ask_script(rows, connection);
    code = read_script(connection, arena, ret, err);
    if (code == 0)
        meet_all(rows, *ret);
    return code;
}
