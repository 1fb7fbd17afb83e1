/* keeper.c - see keeper.h. */
#include "state/keeper.h"

#include <string.h>

/* The old state is kept in database 1, without expiries, and the times to live beside it
 * in database 2: those of keys in the hash `keys`, those of a hash's fields in a hash of
 * the same name behind `fields:`. To put it back is then a matter of copying inside the
 * server. Scripts begin in the database of their caller, 0, and the caller stays there.
 * ARGV: "1" if there are field expiries, then key, ttl, ... */
static const char keep_script[] =
    "for i = 2, #ARGV, 2 do\n"
    "  local key, fields = ARGV[i], {}\n"
    "  redis.call('COPY', key, key, 'DB', 1, 'REPLACE')\n"
    "  redis.call('SELECT', 1)\n"
    "  redis.call('PERSIST', key)\n"
    "  if ARGV[1] == '1' and redis.call('TYPE', key).ok == 'hash' then\n"
    "    for _, field in ipairs(redis.call('HKEYS', key)) do\n"
    "      local pttl = redis.call('HPTTL', key, 'FIELDS', 1, field)[1]\n"
    "      if pttl >= 0 then\n"
    "        redis.call('HPERSIST', key, 'FIELDS', 1, field)\n"
    "        fields[#fields + 1] = { field, pttl }\n"
    "      end\n"
    "    end\n"
    "  end\n"
    "  redis.call('SELECT', 2)\n"
    "  redis.call('HSET', 'keys', key, ARGV[i + 1])\n"
    "  for _, f in ipairs(fields) do redis.call('HSET', 'fields:' .. key, f[1], f[2]) "
    "end\n"
    "  redis.call('SELECT', 0)\n"
    "end\n";

/* ARGV: how many keys were kept, "1" if there are field expiries. */
static const char restore_script[] =
    "for _, key in ipairs(redis.call('KEYS', '*')) do redis.call('DEL', key) end\n"
    "if ARGV[1] == '0' then return end\n"
    "redis.call('SELECT', 2)\n"
    "local ttls, fields = redis.call('HGETALL', 'keys'), {}\n"
    "if ARGV[2] == '1' then\n"
    "  for i = 1, #ttls, 2 do fields[i] = redis.call('HGETALL', 'fields:' .. ttls[i]) "
    "end\n"
    "end\n"
    "redis.call('SELECT', 1)\n"
    "local copied = 0\n"
    "for i = 1, #ttls, 2 do\n"
    "  copied = copied + redis.call('COPY', ttls[i], ttls[i], 'DB', 0)\n"
    "end\n"
    "redis.call('SELECT', 0)\n"
    "if copied ~= tonumber(ARGV[1]) then\n"
    "  return redis.error_reply('ERR the old state that was kept in databases 1 and 2 is "
    "gone; '\n"
    "    .. 'did a script of the scenario use FLUSHALL, SELECT or SWAPDB?')\n"
    "end\n"
    "for i = 1, #ttls, 2 do\n"
    "  if tonumber(ttls[i + 1]) >= 0 then redis.call('PEXPIRE', ttls[i], ttls[i + 1]) "
    "end\n"
    "  for f = 1, #(fields[i] or {}), 2 do\n"
    "    redis.call('HPEXPIRE', ttls[i], fields[i][f + 1], 'FIELDS', 1, fields[i][f])\n"
    "  end\n"
    "end\n";

static const char expire_script[] =
    "for _, key in ipairs(redis.call('KEYS', '*')) do\n"
    "  if redis.call('PTTL', key) >= 0 then redis.call('DEL', key)\n"
    "  elseif ARGV[1] == '1' and redis.call('TYPE', key).ok == 'hash' then\n"
    "    for _, field in ipairs(redis.call('HKEYS', key)) do\n"
    "      if redis.call('HPTTL', key, 'FIELDS', 1, field)[1] >= 0 then\n"
    "        redis.call('HDEL', key, field)\n"
    "      end\n"
    "    end\n"
    "  end\n"
    "end\n";

int keeper_init(struct keeper *keeper, redisContext *connection, struct err *err)
{
    int code;

    *keeper = (struct keeper){ .connection = connection };
    code = keyspace_field_expiries(connection, &keeper->field_expiries, err);
    if (code == 0)
        code = connection_load_script(connection, keep_script, keeper->keep_sha, err);
    if (code == 0)
        code =
            connection_load_script(connection, restore_script, keeper->restore_sha, err);
    return code == 0 ? connection_load_script(connection, expire_script,
                                              keeper->expire_sha, err)
                     : code;
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

    if (CONNECTION_COMMAND(keeper->connection, &reply, err, "EVALSHA", keeper->expire_sha,
                           "0", field_expiries(keeper)) < 0)
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
    resp_put_word(&command, str_of(keeper->keep_sha));
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
    const char *const words[] = { "EVALSHA", keeper->restore_sha, "0", count,
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
