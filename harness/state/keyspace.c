/* keyspace.c - see keyspace.h. */
#include "state/keyspace.h"

#include <stdlib.h>
#include <string.h>

#include "base/mutant.h"

#define MET_MOST 64
#define IN_VAIN_MOST 32

static const char script_text[] =
#include "keyspace.lua.inc"
    ;

/* The types that can be read by one plain command: its words, NULL for the key. */
static const struct kind {
    const char *type;
    size_t word_count;
    const char *words[5];
} kinds[] = {
    { "string", 2, { "GET", NULL } },
    { "hash", 2, { "HGETALL", NULL } },
    { "set", 2, { "SMEMBERS", NULL } },
    { "zset", 5, { "ZRANGE", NULL, "0", "-1", "WITHSCORES" } },
    { "list", 4, { "LRANGE", NULL, "0", "-1" } },
};

/* A key, and the type that it had when it was met last. */
struct acquaintance {
    struct buffer key;
    const struct kind *kind;
};

static const struct kind *kind_of(const struct keyspace *keyspace, struct str type)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (str_compare(type, str_of(kinds[i].type)) == 0)
            return keyspace->field_expiries && strcmp(kinds[i].type, "hash") == 0
                       ? NULL
                       : &kinds[i];
    return NULL;
}

static void put_plain(struct keyspace *keyspace)
{
    static const char *const dbsize[] = { "DBSIZE" };
    static const char *const type[] = { "TYPE", NULL };
    static const char *const pttl[] = { "PTTL", NULL };
    static const char *const del[] = { "DEL", NULL };

    keyspace->plain.length = keyspace->drop.length = 0;
    resp_put(&keyspace->plain, 1, dbsize, STR(""));
    for (size_t i = 0; i < keyspace->met_count; i++) {
        const struct kind *kind = keyspace->met[i].kind;
        struct str key = buffer_str(&keyspace->met[i].key);

        resp_put(&keyspace->plain, 2, type, key);
        resp_put(&keyspace->plain, 2, pttl, key);
        resp_put(&keyspace->plain, kind->word_count, kind->words, key);
        resp_put(&keyspace->drop, 2, del, key);
    }
}

int keyspace_field_expiries(redisContext *connection, bool *ret, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    int code = CONNECTION_COMMAND(connection, &reply, err, "COMMAND", "INFO", "HPTTL");

    if (code == 0)
        *ret = reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 &&
               reply->element[0]->type == REDIS_REPLY_ARRAY &&
               reply->element[0]->elements > 0;
    return code;
}

int keyspace_init(struct keyspace *keyspace, redisContext *connection, struct err *err)
{
    char sha[41];
    const char *words[] = { "EVALSHA", sha, "0", NULL };
    int code;

    *keyspace = (struct keyspace){ .met = NULL };
    code = keyspace_field_expiries(connection, &keyspace->field_expiries, err);
    if (code == 0)
        code = connection_load_script(connection, script_text, sha, err);
    if (code < 0)
        return code;
    resp_put(&keyspace->script, ARRAY_SIZE(words), words,
             keyspace->field_expiries ? STR("1") : STR("0"));
    put_plain(keyspace);
    return 0;
}

int keyspace_load(redisContext *connection, struct err *err)
{
    char sha[41];

    return connection_load_script(connection, script_text, sha, err);
}

void keyspace_release(struct keyspace *keyspace)
{
    for (size_t i = 0; i < keyspace->met_count; i++)
        buffer_release(&keyspace->met[i].key);
    free(keyspace->met);
    buffer_release(&keyspace->plain);
    buffer_release(&keyspace->script);
    buffer_release(&keyspace->drop);
    *keyspace = (struct keyspace){ .met = NULL };
}

static void meet(struct keyspace *keyspace, struct str key, const struct kind *kind)
{
    struct acquaintance *met;

    for (size_t i = 0; i < keyspace->met_count; i++)
        if (str_compare(buffer_str(&keyspace->met[i].key), key) == 0) {
            keyspace->met[i].kind = kind;
            return;
        }
    keyspace->met =
        mem_grow(keyspace->met, keyspace->met_count + 1, sizeof(*keyspace->met));
    met = &keyspace->met[keyspace->met_count++];
    *met = (struct acquaintance){ BUFFER_NULL, kind };
    buffer_add(&met->key, key);
}

/* Plain questions were not enough: what would have been? */
static void meet_all(struct keyspace *keyspace, const redisReply *all)
{
    keyspace->strange = keyspace->in_vain++ >= IN_VAIN_MOST;
    for (size_t i = 0; i < all->elements && !keyspace->strange; i++) {
        const redisReply *row = all->element[i];
        const struct kind *kind = kind_of(keyspace, resp_text(row->element[1]));

        if (kind)
            meet(keyspace, resp_text(row->element[0]), kind);
        keyspace->strange = !kind || keyspace->met_count > MET_MOST;
    }
    put_plain(keyspace);
}

struct str keyspace_question(const struct keyspace *keyspace)
{
    return buffer_str(keyspace->strange ? &keyspace->script : &keyspace->plain);
}

static int read_script(struct resp *resp, const redisReply **ret, struct err *err)
{
    int code = resp_next(resp, "the audit's script", ret, err);

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
        str_compare(resp_text(type), str_of(met->kind->type)) != 0)
        return NULL;
    key = arena_take(arena, sizeof(*key));
    memset(key, 0, sizeof(*key));
    key->type = REDIS_REPLY_STRING;
    key->str = met->key.bytes;
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

/* An answer about a key. Its elements may be refused, if it is of another type by now. */
static int read_answer(struct resp *resp, bool elements, const redisReply **ret,
                       struct err *err)
{
    int code = resp_next(resp, "what the audit asks", ret, err);

    if (code == 0 && elements && (*ret)->type == REDIS_REPLY_ERROR &&
        strncmp((*ret)->str, "WRONGTYPE ", 10) == 0)
        return 0;
    return code == 0 ? connection_check(*ret, "what the audit asks", err) : code;
}

/* *ret stays NULL if the answers do not account for every key. */
static int read_plain(struct keyspace *keyspace, struct resp *resp,
                      const redisReply **ret, struct err *err)
{
    redisReply *all = make_array(resp->arena, keyspace->met_count);
    const redisReply *size, *answers[3];
    int code = resp_next(resp, "DBSIZE", &size, err);

    if (code == 0)
        code = connection_check(size, "DBSIZE", err);
    all->elements = 0;
    for (size_t i = 0; i < keyspace->met_count; i++) {
        redisReply *row;

        for (size_t k = 0; k < ARRAY_SIZE(answers) && code == 0; k++)
            code = read_answer(resp, k == 2, &answers[k], err);
        if (code < 0)
            return code;
        row =
            make_row(&keyspace->met[i], answers[0], answers[1], answers[2], resp->arena);
        if (row)
            all->element[all->elements++] = row;
    }
    if (code == 0 && size->type == REDIS_REPLY_INTEGER &&
        ((size_t)size->integer == all->elements || mutant("keys-uncounted")))
        *ret = all;
    return code;
}

int keyspace_read(struct keyspace *keyspace, struct resp *resp, const redisReply **ret,
                  struct err *err)
{
    const redisReply *reply = NULL;
    int code;

    if (keyspace->strange)
        return read_script(resp, ret, err);
    code = read_plain(keyspace, resp, &reply, err);
    if (code == 0 && reply) {
        keyspace->in_vain = 0;
        *ret = reply;
        return 0;
    }
    if (code == 0)
        code = resp_send(resp, buffer_str(&keyspace->script), err);
    if (code == 0)
        code = read_script(resp, ret, err);
    if (code == 0)
        meet_all(keyspace, *ret);
    return code;
}
