/* snapshot.c - see snapshot.h. */
#include "state/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mutant.h"

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

#define HEAD_BYTES 128 /* of a look's question: two commands about clients */

struct bound {
    struct str key; /* owned */
    int64_t ttl_ms;
};

static int find_features(struct auditor *auditor, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    int code =
        CONNECTION_COMMAND(auditor->connection, &reply, err, "COMMAND", "INFO", "HPTTL");

    if (code == 0)
        auditor->field_expiries = reply->type == REDIS_REPLY_ARRAY &&
                                  reply->elements == 1 &&
                                  reply->element[0]->type == REDIS_REPLY_ARRAY &&
                                  reply->element[0]->elements > 0;
    return code;
}

int auditor_init(struct auditor *auditor, redisContext *connection,
                 const struct patterns *ignore, const struct patterns *ordered,
                 struct err *err)
{
    int code;

    memset(auditor, 0, sizeof(*auditor));
    auditor->connection = connection;
    auditor->ignore = ignore;
    auditor->ordered = ordered;
    code = find_features(auditor, err);
    if (code == 0)
        code = connection_load_script(connection, keep_script, auditor->keep_sha, err);
    if (code == 0)
        code =
            connection_load_script(connection, restore_script, auditor->restore_sha, err);
    if (code == 0)
        code =
            connection_load_script(connection, expire_script, auditor->expire_sha, err);
    return code == 0 ? rows_init(&auditor->rows, connection, auditor->field_expiries, err)
                     : code;
}

void auditor_release(struct auditor *auditor)
{
    auditor->connection = connection_close(auditor->connection);
    rows_release(&auditor->rows);
    arena_release(&auditor->arena);
    free((char *)(uintptr_t)auditor->undo.bytes);
    auditor->undo = STR("");
    for (size_t i = 0; i < auditor->bounds.count; i++)
        free((char *)(uintptr_t)auditor->bounds.items[i].key.bytes);
    free(auditor->bounds.items);
    auditor->bounds = (struct bounds){ NULL, 0 };
}

static struct str text_of(const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS)
        return (struct str){ "", 0 };
    return (struct str){ reply->str, (size_t)reply->len };
}

static struct bound *bound_of(const struct bounds *bounds, struct str key)
{
    for (size_t i = 0; i < bounds->count; i++)
        if (str_compare(bounds->items[i].key, key) == 0)
            return &bounds->items[i];
    return NULL;
}

/* A tenth and a second more than any control showed: controls were looked at a little
 * later than their expiries were set. */
static enum expiry expiry_of(const struct bounds *bounds, struct str key, long long pttl)
{
    const struct bound *bound;

    if (pttl < 0 || mutant("ignore-expiries"))
        return EXPIRY_NEVER;
    bound = bound_of(bounds, key);
    return bound && pttl - bound->ttl_ms > bound->ttl_ms / 10 + 1000 ? EXPIRY_BEYOND
                                                                     : EXPIRY_BOUNDED;
}

void bounds_cover(struct bounds *bounds, const struct snapshot *snapshot)
{
    for (size_t i = 0; snapshot->reply && i < snapshot->reply->elements; i++) {
        const redisReply *one = snapshot->reply->element[i];
        struct str key = text_of(one->element[0]);
        long long pttl = one->element[2]->integer;
        struct bound *bound = bound_of(bounds, key);

        if (pttl < 0)
            continue;
        if (!bound) {
            bounds->items =
                mem_grow(bounds->items, bounds->count + 1, sizeof(*bounds->items));
            bound = &bounds->items[bounds->count++];
            *bound = (struct bound){ { mem_copy(key.bytes, key.length), key.length }, 0 };
        }
        if (pttl > bound->ttl_ms)
            bound->ttl_ms = pttl;
    }
}

/* What is being taken apart: one key's row of the script's answer. */
struct row {
    struct state *state;
    struct atom atom; /* key, type and expiry are set */
    const redisReply *elements;
    const redisReply *extra; /* NULL: none */
    bool ordered;
    const char (*positions)[POSITION_TEXT];
};

static void add_pair(const struct row *row, struct str id, struct str value)
{
    struct atom atom = row->atom;

    atom.id = id;
    atom.value = mutant("ignore-values") ? STR("") : value;
    state_add(row->state, atom);
}

static void add_value(const struct row *row)
{
    add_pair(row, STR(""), text_of(row->elements->element[0]));
}

static void add_pairs(const struct row *row)
{
    for (size_t i = 0; i + 1 < row->elements->elements; i += 2) {
        struct row field = *row;

        /* A field's own expiry is as good as the key's. */
        if (row->extra && row->atom.expiry == EXPIRY_NEVER &&
            row->extra->element[i / 2]->integer >= 0 && !mutant("ignore-field-expiries"))
            field.atom.expiry = EXPIRY_BOUNDED;
        add_pair(&field, text_of(row->elements->element[i]),
                 text_of(row->elements->element[i + 1]));
    }
}

static void add_members(const struct row *row)
{
    for (size_t i = 0; i < row->elements->elements; i++)
        add_pair(row, text_of(row->elements->element[i]), STR(""));
}

static void add_entries(const struct row *row)
{
    if (!row->ordered) {
        add_members(row);
        return;
    }
    for (size_t i = 0; i < row->elements->elements; i++)
        add_pair(row, (struct str){ row->positions[i], sizeof(row->positions[i]) },
                 text_of(row->elements->element[i]));
}

static void add_stream(const struct row *row)
{
    add_members(row);
    for (size_t i = 0; row->extra && i + 1 < row->extra->elements; i += 2) {
        struct row group = *row;

        group.atom.type = STR("stream group");
        add_pair(&group, text_of(row->extra->element[i]),
                 text_of(row->extra->element[i + 1]));
    }
}

static const struct {
    const char *type;
    void (*add)(const struct row *row);
} types[] = {
    { "string", add_value }, { "hash", add_pairs },   { "set", add_members },
    { "zset", add_pairs },   { "list", add_entries }, { "stream", add_stream },
};

static void add_key(struct auditor *auditor, struct snapshot *snapshot,
                    const redisReply *one)
{
    struct row row = { .state = &snapshot->state };

    row.atom.key = text_of(one->element[0]);
    if (patterns_match(auditor->ignore, row.atom.key))
        return;
    row.atom.type = text_of(one->element[1]);
    row.atom.expiry = expiry_of(&auditor->bounds, row.atom.key, one->element[2]->integer);
    row.elements = one->element[3];
    row.extra = one->elements > 4 ? one->element[4] : NULL;
    row.ordered = patterns_match(auditor->ordered, row.atom.key);
    row.positions = (const char(*)[POSITION_TEXT])snapshot->positions;
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (str_compare(row.atom.type, str_of(types[i].type)) == 0) {
            types[i].add(&row);
            return;
        }
    }
    add_value(&row); /* a module's type, by its DUMP */
}

static bool is_row(const redisReply *one)
{
    return one->type == REDIS_REPLY_ARRAY && one->elements >= 4 &&
           one->element[2]->type == REDIS_REPLY_INTEGER &&
           one->element[3]->type == REDIS_REPLY_ARRAY;
}

/* The ids of an ordered list's entries: position i is text i, the same for every list. */
static void prepare_positions(struct snapshot *snapshot)
{
    size_t longest = 0;

    for (size_t i = 0; i < snapshot->reply->elements; i++)
        if (snapshot->reply->element[i]->element[3]->elements > longest)
            longest = snapshot->reply->element[i]->element[3]->elements;
    snapshot->positions = mem_grow(snapshot->positions, longest, POSITION_TEXT);
    for (size_t i = 0; i < longest; i++) {
        size_t rest = i;

        for (size_t digit = POSITION_TEXT; digit-- > 0; rest /= 10)
            snapshot->positions[i][digit] = (char)('0' + rest % 10);
    }
}

int snapshot_digest(struct auditor *auditor, struct snapshot *snapshot, struct err *err)
{
    const redisReply *reply = snapshot->reply;

    if (reply->type != REDIS_REPLY_ARRAY)
        return err_set(err, -EPROTO, "the audit's answer is not an array");
    state_clear(&snapshot->state);
    for (size_t i = 0; i < reply->elements; i++)
        if (!is_row(reply->element[i]))
            return err_set(err, -EPROTO,
                           "the audit's answer has an entry of the wrong shape");
    if (auditor->ordered && auditor->ordered->count)
        prepare_positions(snapshot);
    for (size_t i = 0; i < reply->elements; i++)
        add_key(auditor, snapshot, reply->element[i]);
    snapshot->signature = state_signature(&snapshot->state);
    return 0;
}

/* One write: who asks, is the client there, and what is in the database? */
static int ask(struct auditor *auditor, struct replies *replies, int64_t client_id,
               struct err *err)
{
    struct str question = rows_question(&auditor->rows);
    char *text = arena_take(replies->arena, HEAD_BYTES + question.length);
    char id[24];
    int digits = snprintf(id, sizeof(id), "%lld", (long long)client_id);
    int length = snprintf(text, HEAD_BYTES,
                          "*2\r\n$6\r\nCLIENT\r\n$2\r\nID\r\n"
                          "*4\r\n$6\r\nCLIENT\r\n$4\r\nLIST\r\n$2\r\nID\r\n$%d\r\n%s\r\n",
                          digits, id);

    memcpy(text + length, question.bytes, question.length);
    return replies_ask(replies, (struct str){ text, (size_t)length + question.length },
                       err);
}

static int look(struct auditor *auditor, redisContext *connection, int64_t client_id,
                bool *ret_gone, struct snapshot *snapshot, struct err *err)
{
    struct replies replies = replies_of(connection->fd, &snapshot->arena);
    const redisReply *by, *clients;
    int code;

    arena_reset(&snapshot->arena);
    snapshot->reply = NULL;
    code = ask(auditor, &replies, client_id, err);
    if (code == 0)
        code = replies_next(&replies, "CLIENT ID", &by, err);
    if (code == 0)
        code = replies_next(&replies, "CLIENT LIST ID", &clients, err);
    if (code == 0)
        code = rows_read(&auditor->rows, &replies, &snapshot->reply, err);
    if (code < 0)
        return code;
    snapshot->by = by->integer;
    *ret_gone = clients->type == REDIS_REPLY_STRING && clients->len == 0;
    return 0;
}

int snapshot_take_by(struct auditor *auditor, redisContext *connection, int64_t client_id,
                     struct snapshot *snapshot, struct err *err)
{
    uint64_t deadline_ns = 0;
    bool gone = false;

    for (;;) {
        int code = look(auditor, connection, client_id, &gone, snapshot, err);

        if (code < 0)
            return err_wrap(err, "read the state");
        if (gone || mutant("no-drain"))
            return snapshot_digest(auditor, snapshot, err);
        if (!deadline_ns)
            deadline_ns = clock_now_ns() + CONNECTION_TIMEOUT_S * NSEC_PER_SEC;
        if (clock_now_ns() > deadline_ns)
            return err_set(err, -ETIMEDOUT,
                           "drain: Redis still lists client %lld, whose process is dead",
                           (long long)client_id);
    }
}

int snapshot_take(struct auditor *auditor, int64_t client_id, struct snapshot *snapshot,
                  struct err *err)
{
    return snapshot_take_by(auditor, auditor->connection, client_id, snapshot, err);
}

void snapshot_release(struct snapshot *snapshot)
{
    arena_release(&snapshot->arena);
    state_release(&snapshot->state);
    free(snapshot->positions);
    *snapshot = (struct snapshot)SNAPSHOT_NULL;
}

/* Of a hash whose fields' times to live were asked for. */
static int64_t field_ttl_ms(const redisReply *one, struct str field)
{
    const redisReply *elements = one->element[3];

    if (one->elements <= 4 || str_compare(text_of(one->element[1]), STR("hash")) != 0)
        return -1;
    for (size_t i = 0; i + 1 < elements->elements; i += 2)
        if (str_compare(text_of(elements->element[i]), field) == 0)
            return one->element[4]->element[i / 2]->integer;
    return -1;
}

int64_t snapshot_ttl_ms(const struct snapshot *snapshot, struct str key, struct str field)
{
    for (size_t i = 0; snapshot->reply && i < snapshot->reply->elements; i++) {
        const redisReply *one = snapshot->reply->element[i];
        int64_t ttl_ms;

        if (str_compare(text_of(one->element[0]), key) != 0)
            continue;
        ttl_ms = field.length ? field_ttl_ms(one, field) : one->element[2]->integer;
        return ttl_ms < 0 ? -1 : ttl_ms;
    }
    return -1;
}

int snapshot_expire(struct auditor *auditor, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;

    if (CONNECTION_COMMAND(auditor->connection, &reply, err, "EVALSHA",
                           auditor->expire_sha, "0",
                           auditor->field_expiries ? "1" : "0") < 0)
        return err_wrap(err, "let time pass");
    return 0;
}

/* Sends a script and reads its answer, which says nothing. */
static int run_script(struct auditor *auditor, const char *sha, size_t argc,
                      const char **argv, const size_t *lengths, const char *what,
                      struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;

    argv[0] = "EVALSHA";
    argv[1] = sha;
    argv[2] = "0";
    if (redisAppendCommandArgv(auditor->connection, (int)argc, argv, lengths) != REDIS_OK)
        return err_set(err, -ENOMEM, "%s: format a command of %zu arguments", what, argc);
    return connection_read(auditor->connection, what, &reply, err) < 0 ? err->code : 0;
}

#define UNDO_MOST 64 /* keys */
#define UNDO_SELECTS 2

/* From database 1 back to 0, with the times to live that the keys had; see the script. */
static void put_undo(struct auditor *auditor, const struct snapshot *old)
{
    static const char *const go[] = { "SELECT", "1" };
    static const char *const copy[] = { "COPY", NULL, NULL, "DB", "0" };
    static const char *const come[] = { "SELECT", "0" };
    size_t keys = old->reply ? old->reply->elements : 0;

    if (auditor->field_expiries || keys > UNDO_MOST)
        return;
    auditor->undo = (struct str){ NULL, 0 };
    auditor->undo_ones = keys;
    replies_put(&auditor->undo, 2, go, STR(""));
    for (size_t i = 0; i < keys; i++)
        replies_put(&auditor->undo, 5, copy, text_of(old->reply->element[i]->element[0]));
    replies_put(&auditor->undo, 2, come, STR(""));
    for (size_t i = 0; i < keys; i++) {
        const redisReply *one = old->reply->element[i];
        char ttl[24];
        const char *const expire[] = { "PEXPIRE", NULL, ttl };

        snprintf(ttl, sizeof(ttl), "%lld", one->element[2]->integer);
        if (one->element[2]->integer < 0)
            continue;
        replies_put(&auditor->undo, 3, expire, text_of(one->element[0]));
        auditor->undo_ones++;
    }
}

int snapshot_keep(struct auditor *auditor, const struct snapshot *snapshot,
                  struct err *err)
{
    size_t keys = snapshot->reply ? snapshot->reply->elements : 0;
    size_t argc = 4 + 2 * keys;
    CLEANUP(mem_freep) const char **argv = MEM_ARRAY(const char *, argc);
    CLEANUP(mem_freep) size_t *lengths = MEM_ARRAY(size_t, argc);
    CLEANUP(mem_freep) char(*ttls)[24] = mem_alloc((keys + 1) * sizeof(*ttls));

    lengths[0] = 7;
    lengths[1] = 40;
    lengths[2] = 1;
    argv[3] = auditor->field_expiries ? "1" : "0";
    lengths[3] = 1;
    auditor->kept = keys;
    put_undo(auditor, snapshot);
    for (size_t i = 0; i < keys; i++) {
        const redisReply *one = snapshot->reply->element[i];
        struct str key = text_of(one->element[0]);

        snprintf(ttls[i], sizeof(ttls[i]), "%lld", one->element[2]->integer);
        argv[4 + 2 * i] = key.bytes;
        lengths[4 + 2 * i] = key.length;
        argv[5 + 2 * i] = ttls[i];
        lengths[5 + 2 * i] = strlen(ttls[i]);
    }
    return run_script(auditor, auditor->keep_sha, argc, argv, lengths,
                      "keep the old state", err);
}

int snapshot_restore(struct auditor *auditor, bool kept, struct err *err)
{
    char count[24];
    const char *argv[5] = { NULL, NULL, NULL, count,
                            auditor->field_expiries ? "1" : "0" };
    size_t lengths[5] = { 7, 40, 1, 0, 1 };

    lengths[3] = (size_t)snprintf(count, sizeof(count), "%zu", kept ? auditor->kept : 0);
    return run_script(auditor, auditor->restore_sha, 5, argv, lengths,
                      "restore the old state", err);
}

static int read_undone(struct auditor *auditor, struct replies *replies, struct err *err)
{
    const redisReply *reply;
    size_t ones = 0, dropped = auditor->rows.met_count;

    for (size_t i = 0; i < dropped + UNDO_SELECTS + auditor->undo_ones; i++) {
        if (replies_next(replies, "what restores the old state", &reply, err) < 0 ||
            connection_check(reply, "what restores the old state", err) < 0)
            return err->code;
        ones += i >= dropped && reply->type == REDIS_REPLY_INTEGER && reply->integer == 1;
    }
    return ones == auditor->undo_ones
               ? 0
               : err_set(
                     err, -EPROTO,
                     "the old state that was kept in databases 1 and 2 is gone; did a "
                     "script of the scenario use FLUSHALL, SELECT or SWAPDB?");
}

int snapshot_undo(struct auditor *auditor, struct err *err)
{
    struct replies replies = replies_of(auditor->connection->fd, &auditor->arena);
    struct str drop = auditor->rows.drop, undo = auditor->undo;
    char *text;

    if (auditor->rows.strange || !undo.length)
        return snapshot_restore(auditor, true, err);
    arena_reset(&auditor->arena);
    text = arena_take(&auditor->arena, drop.length + undo.length);
    if (drop.length)
        memcpy(text, drop.bytes, drop.length);
    memcpy(text + drop.length, undo.bytes, undo.length);
    if (replies_ask(&replies, (struct str){ text, drop.length + undo.length }, err) < 0 ||
        read_undone(auditor, &replies, err) < 0)
        return err_wrap(err, "restore the old state");
    return 0;
}
