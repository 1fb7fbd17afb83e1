/* keeper.c - see keeper.h. */
#include "state/keeper.h"

#include <string.h>

#include "redis/fence.h"

/* The texts of files in Lua, a string for each of their lines. */
static const char *const scripts[KEEPER_SCRIPTS] = {
    [KEEPER_KEEP] =
#include "copy.lua.inc"
#include "keep.lua.inc"
        ,
    [KEEPER_FORGET] =
#include "forget.lua.inc"
        ,
    [KEEPER_RESTORE] =
#include "copy.lua.inc"
#include "restore.lua.inc"
        ,
    [KEEPER_PASS] =
#include "pass.lua.inc"
        ,
};

int keeper_init(struct keeper *keeper, redisContext *connection, struct err *err)
{
    int code;

    *keeper = (struct keeper){ .connection = connection };
    code = secret_make(keeper->secret, err);
    if (code == 0)
        code = keyspace_field_expiries(connection, &keeper->field_expiries, err);
    return code == 0 ? keeper_load(keeper, err) : code;
}

int keeper_load(struct keeper *keeper, struct err *err)
{
    int code = 0;

    for (size_t i = 0; i < KEEPER_SCRIPTS && code == 0; i++)
        code =
            connection_load_script(keeper->connection, scripts[i], keeper->shas[i], err);
    return code;
}

void keeper_release(struct keeper *keeper)
{
    arena_release(&keeper->arena);
}

void kept_release(struct kept *kept)
{
    buffer_release(&kept->undo);
}

/* ARGV of the scripts. */
static const char *field_expiries(const struct keeper *keeper)
{
    return keeper->field_expiries ? "1" : "0";
}

int keeper_pass(struct keeper *keeper, int64_t ms, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    char text[24];

    snprintf(text, sizeof(text), "%lld", (long long)ms);
    if (CONNECTION_COMMAND(keeper->connection, &reply, err, "EVALSHA",
                           keeper->shas[KEEPER_PASS], "0", field_expiries(keeper),
                           text) < 0)
        return err_wrap(err, "let time pass");
    return 0;
}

/* Sends a script and reads its answer, a number or nothing. */
static int run_script(struct keeper *keeper, const struct buffer *command,
                      const char *what, size_t *ret, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    int code;

    if (redisAppendFormattedCommand(keeper->connection, command->bytes,
                                    command->length) != REDIS_OK)
        return err_set(err, -ENOMEM, "%s: format a command of %zu bytes", what,
                       command->length);
    code = connection_read(keeper->connection, what, &reply, err);
    if (code == 0 && reply->type == REDIS_REPLY_INTEGER)
        *ret = (size_t)reply->integer;
    return code;
}

#define UNDO_MOST 64 /* keys */
#define UNDO_SELECTS 2

/* COPY, from where the key is kept to where it was. */
static void put_copy(struct buffer *undo, const struct kept *kept, struct str key)
{
    struct buffer name = BUFFER_NULL;

    buffer_add(&name, str_of(kept->prefix));
    buffer_add(&name, STR("key:"));
    buffer_add(&name, key);
    resp_put_count(undo, 5);
    resp_put_word(undo, STR("COPY"));
    resp_put_word(undo, buffer_str(&name));
    resp_put_word(undo, key);
    resp_put_word(undo, STR("DB"));
    resp_put_word(undo, STR("0"));
    buffer_release(&name);
}

/* A type of which it is certain that COPY takes it. */
static bool can_copy(struct str type)
{
    static const char *const types[] = {
        "string", "list", "set", "zset", "hash", "stream"
    };

    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (str_compare(type, str_of(types[i])) == 0)
            return true;
    return false; /* some modules' can be copied; the script tries */
}

/* From database 1 back to 0, with the times to live that the keys had; see the script. */
static void put_undo(const struct keeper *keeper, const struct snapshot *old,
                     struct kept *kept)
{
    static const char *const go[] = { "SELECT", "1" };
    static const char *const come[] = { "SELECT", "0" };
    struct buffer *undo = &kept->undo;

    if (keeper->field_expiries || kept->keys > UNDO_MOST)
        return;
    for (size_t i = 0; i < kept->keys; i++)
        if (!can_copy(resp_text(old->reply->element[i]->element[1])))
            return;
    kept->undo_ones = kept->keys;
    resp_put(undo, 2, go, STR(""));
    for (size_t i = 0; i < kept->keys; i++)
        put_copy(undo, kept, resp_text(old->reply->element[i]->element[0]));
    resp_put(undo, 2, come, STR(""));
    for (size_t i = 0; i < kept->keys; i++) {
        const redisReply *one = old->reply->element[i];
        char ttl[24];
        const char *const expire[] = { "PEXPIRE", NULL, ttl };

        snprintf(ttl, sizeof(ttl), "%lld",
                 one->element[2]->integer < TTL_MOST_MS ? one->element[2]->integer
                                                        : TTL_MOST_MS);
        if (one->element[2]->integer < 0)
            continue;
        resp_put(undo, 3, expire, resp_text(one->element[0]));
        kept->undo_ones++;
    }
}

int keeper_keep(struct keeper *keeper, const struct snapshot *snapshot, struct kept *ret,
                struct err *err)
{
    CLEANUP(buffer_release) struct buffer command = BUFFER_NULL;
    size_t names = 0;
    int code;

    *ret = KEPT_NULL;
    snprintf(ret->prefix, sizeof(ret->prefix), "%s:%u:", keeper->secret,
             keeper->states++);
    ret->keys = snapshot->reply ? snapshot->reply->elements : 0;
    put_undo(keeper, snapshot, ret);
    resp_put_count(&command, 5 + 2 * ret->keys);
    resp_put_word(&command, STR("EVALSHA"));
    resp_put_word(&command, str_of(keeper->shas[KEEPER_KEEP]));
    resp_put_word(&command, STR("0"));
    resp_put_word(&command, str_of(ret->prefix));
    resp_put_word(&command, str_of(field_expiries(keeper)));
    for (size_t i = 0; i < ret->keys; i++) {
        const redisReply *one = snapshot->reply->element[i];
        char ttl[24];

        snprintf(ttl, sizeof(ttl), "%lld",
                 one->element[2]->integer < TTL_MOST_MS ? one->element[2]->integer
                                                        : TTL_MOST_MS);
        resp_put_word(&command, resp_text(one->element[0]));
        resp_put_word(&command, str_of(ttl));
    }
    code = run_script(keeper, &command, "keep the old state", &names, err);
    keeper->names += names;
    return code;
}

int keeper_forget(struct keeper *keeper, struct kept *kept, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;

    if (CONNECTION_COMMAND(keeper->connection, &reply, err, "EVALSHA",
                           keeper->shas[KEEPER_FORGET], "0", kept->prefix) < 0)
        return err_wrap(err, "forget a state that was kept");
    keeper->names -= reply->type == REDIS_REPLY_INTEGER ? (size_t)reply->integer : 0;
    kept_release(kept);
    return 0;
}

/* So many keys of what is kept behind the prefix: all, or none. */
static int put_back(struct keeper *keeper, const char *prefix, size_t keys,
                    struct err *err)
{
    CLEANUP(buffer_release) struct buffer command = BUFFER_NULL;
    char count[24];
    const char *const words[] = {
        "EVALSHA", keeper->shas[KEEPER_RESTORE], "0",
        prefix,    field_expiries(keeper),       count,
    };
    size_t ignored;

    snprintf(count, sizeof(count), "%zu", keys);
    resp_put(&command, ARRAY_SIZE(words), words, STR(""));
    return run_script(keeper, &command, "restore the old state", &ignored, err);
}

int keeper_restore(struct keeper *keeper, const struct kept *kept, struct err *err)
{
    return put_back(keeper, kept->prefix, kept->keys, err);
}

int keeper_empty(struct keeper *keeper, struct err *err)
{
    return put_back(keeper, "", 0, err);
}

/* `dropped` commands came first, whose answers may be any. */
static int read_undone(const struct kept *kept, size_t dropped, struct resp *resp,
                       struct err *err)
{
    const redisReply *reply;
    size_t ones = 0;

    for (size_t i = 0; i < dropped + UNDO_SELECTS + kept->undo_ones; i++) {
        if (resp_next(resp, "what restores the old state", &reply, err) < 0 ||
            connection_check(reply, "what restores the old state", err) < 0)
            return err->code;
        ones += i >= dropped && reply->type == REDIS_REPLY_INTEGER && reply->integer == 1;
    }
    return ones == kept->undo_ones
               ? 0
               : err_set(err, -EPROTO,
                         "the old state that was kept in database %d is gone",
                         FENCE_OWN_DATABASE);
}

int keeper_undo(struct keeper *keeper, const struct kept *kept,
                const struct keyspace *keyspace, struct err *err)
{
    struct resp resp = resp_of(keeper->connection->fd, &keeper->arena);
    size_t drop = keyspace->drop.length, undo = kept->undo.length;
    char *text;

    if (keyspace->strange || !undo)
        return keeper_restore(keeper, kept, err);
    arena_reset(&keeper->arena);
    text = arena_take(&keeper->arena, drop + undo);
    if (drop)
        memcpy(text, keyspace->drop.bytes, drop);
    memcpy(text + drop, kept->undo.bytes, undo);
    if (resp_send(&resp, (struct str){ text, drop + undo }, err) < 0 ||
        read_undone(kept, keyspace->met_count, &resp, err) < 0)
        return err_wrap(err, "restore the old state");
    return 0;
}
