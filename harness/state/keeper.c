/* keeper.c - see keeper.h. */
#include "state/keeper.h"

#include <string.h>

/* The texts of files in Lua, a string for each of their lines. */
static const char *const scripts[KEEPER_SCRIPTS] = {
    [KEEPER_KEEP] =
#include "keep.lua.inc"
        ,
    [KEEPER_RESTORE] =
#include "restore.lua.inc"
        ,
    [KEEPER_EXPIRE] =
#include "expire.lua.inc"
        ,
};

int keeper_init(struct keeper *keeper, redisContext *connection, struct err *err)
{
    int code;

    *keeper = (struct keeper){ .connection = connection };
    code = keyspace_field_expiries(connection, &keeper->field_expiries, err);
    for (size_t i = 0; i < KEEPER_SCRIPTS && code == 0; i++)
        code = connection_load_script(connection, scripts[i], keeper->shas[i], err);
    return code;
}

void keeper_release(struct keeper *keeper)
{
    arena_release(&keeper->arena);
    buffer_release(&keeper->undo);
}

/* ARGV of the scripts. */
static const char *field_expiries(const struct keeper *keeper)
{
    return keeper->field_expiries ? "1" : "0";
}

int keeper_expire(struct keeper *keeper, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;

    if (CONNECTION_COMMAND(keeper->connection, &reply, err, "EVALSHA",
                           keeper->shas[KEEPER_EXPIRE], "0", field_expiries(keeper)) < 0)
        return err_wrap(err, "let time pass");
    return 0;
}

/* Sends a script and reads its answer, which says nothing. */
static int run_script(struct keeper *keeper, const struct buffer *command,
                      const char *what, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;

    if (redisAppendFormattedCommand(keeper->connection, command->bytes,
                                    command->length) != REDIS_OK)
        return err_set(err, -ENOMEM, "%s: format a command of %zu bytes", what,
                       command->length);
    return connection_read(keeper->connection, what, &reply, err);
}

#define UNDO_MOST 64 /* keys */
#define UNDO_SELECTS 2

/* From database 1 back to 0, with the times to live that the keys had; see the script. */
static void put_undo(struct keeper *keeper, const struct snapshot *old)
{
    static const char *const go[] = { "SELECT", "1" };
    static const char *const copy[] = { "COPY", NULL, NULL, "DB", "0" };
    static const char *const come[] = { "SELECT", "0" };
    struct buffer *undo = &keeper->undo;
    size_t keys = old->reply ? old->reply->elements : 0;

    if (keeper->field_expiries || keys > UNDO_MOST)
        return;
    keeper->undo_ones = keys;
    resp_put(undo, 2, go, STR(""));
    for (size_t i = 0; i < keys; i++)
        resp_put(undo, 5, copy, resp_text(old->reply->element[i]->element[0]));
    resp_put(undo, 2, come, STR(""));
    for (size_t i = 0; i < keys; i++) {
        const redisReply *one = old->reply->element[i];
        char ttl[24];
        const char *const expire[] = { "PEXPIRE", NULL, ttl };

        snprintf(ttl, sizeof(ttl), "%lld", one->element[2]->integer);
        if (one->element[2]->integer < 0)
            continue;
        resp_put(undo, 3, expire, resp_text(one->element[0]));
        keeper->undo_ones++;
    }
}

int keeper_keep(struct keeper *keeper, const struct snapshot *snapshot, struct err *err)
{
    CLEANUP(buffer_release) struct buffer command = BUFFER_NULL;
    size_t keys = snapshot->reply ? snapshot->reply->elements : 0;

    keeper->kept = keys;
    put_undo(keeper, snapshot);
    resp_put_count(&command, 4 + 2 * keys);
    resp_put_word(&command, STR("EVALSHA"));
    resp_put_word(&command, str_of(keeper->shas[KEEPER_KEEP]));
    resp_put_word(&command, STR("0"));
    resp_put_word(&command, str_of(field_expiries(keeper)));
    for (size_t i = 0; i < keys; i++) {
        const redisReply *one = snapshot->reply->element[i];
        char ttl[24];

        snprintf(ttl, sizeof(ttl), "%lld", one->element[2]->integer);
        resp_put_word(&command, resp_text(one->element[0]));
        resp_put_word(&command, str_of(ttl));
    }
    return run_script(keeper, &command, "keep the old state", err);
}

/* What was kept, or nothing of it. */
static int put_back(struct keeper *keeper, size_t keys, struct err *err)
{
    CLEANUP(buffer_release) struct buffer command = BUFFER_NULL;
    char count[24];
    const char *const words[] = { "EVALSHA", keeper->shas[KEEPER_RESTORE], "0", count,
                                  field_expiries(keeper) };

    snprintf(count, sizeof(count), "%zu", keys);
    resp_put(&command, ARRAY_SIZE(words), words, STR(""));
    return run_script(keeper, &command, "restore the old state", err);
}

int keeper_restore(struct keeper *keeper, struct err *err)
{
    return put_back(keeper, keeper->kept, err);
}

int keeper_empty(struct keeper *keeper, struct err *err)
{
    return put_back(keeper, 0, err);
}

/* `dropped` commands came first, whose answers may be any. */
static int read_undone(const struct keeper *keeper, size_t dropped, struct resp *resp,
                       struct err *err)
{
    const redisReply *reply;
    size_t ones = 0;

    for (size_t i = 0; i < dropped + UNDO_SELECTS + keeper->undo_ones; i++) {
        if (resp_next(resp, "what restores the old state", &reply, err) < 0 ||
            connection_check(reply, "what restores the old state", err) < 0)
            return err->code;
        ones += i >= dropped && reply->type == REDIS_REPLY_INTEGER && reply->integer == 1;
    }
    return ones == keeper->undo_ones
               ? 0
               : err_set(
                     err, -EPROTO,
                     "the old state that was kept in databases 1 and 2 is gone; did a "
                     "script of the scenario use FLUSHALL, SELECT or SWAPDB?");
}

int keeper_undo(struct keeper *keeper, const struct keyspace *keyspace, struct err *err)
{
    struct resp resp = resp_of(keeper->connection->fd, &keeper->arena);
    size_t drop = keyspace->drop.length, undo = keeper->undo.length;
    char *text;

    if (keyspace->strange || !undo)
        return keeper_restore(keeper, err);
    arena_reset(&keeper->arena);
    text = arena_take(&keeper->arena, drop + undo);
    if (drop)
        memcpy(text, keyspace->drop.bytes, drop);
    memcpy(text + drop, keeper->undo.bytes, undo);
    if (resp_send(&resp, (struct str){ text, drop + undo }, err) < 0 ||
        read_undone(keeper, keyspace->met_count, &resp, err) < 0)
        return err_wrap(err, "restore the old state");
    return 0;
}
