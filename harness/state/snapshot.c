/* snapshot.c - see snapshot.h. */
#include "state/snapshot.h"

#include <stdlib.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/mutant.h"
#include "state/stream.h"

struct bound {
    struct buffer key;
    int64_t ttl_ms;
};

int observer_init(struct observer *observer, redisContext *connection,
                  const struct ignored *ignore, const struct patterns *ordered,
                  const struct patterns *zero, const struct patterns *effects,
                  struct err *err)
{
    *observer = (struct observer){ .connection = connection,
                                   .ignore = ignore,
                                   .ordered = ordered,
                                   .zero = zero,
                                   .effects = effects };
    return keyspace_init(&observer->keyspace, connection, err);
}

void bounds_release(struct bounds *bounds)
{
    for (size_t i = 0; i < bounds->count; i++)
        buffer_release(&bounds->items[i].key);
    free(bounds->items);
    *bounds = BOUNDS_NULL;
}

void observer_release(struct observer *observer)
{
    observer->connection = connection_close(observer->connection);
    keyspace_release(&observer->keyspace);
    buffer_release(&observer->question);
    bounds_release(&observer->bounds);
}

static bool is_stream(const redisReply *one)
{
    return str_compare(resp_text(one->element[1]), STR("stream")) == 0;
}

static bool is_hash(const redisReply *one)
{
    return str_compare(resp_text(one->element[1]), STR("hash")) == 0;
}

const redisReply *snapshot_field_ttls(const redisReply *one)
{
    return is_hash(one) && one->elements > 4 ? one->element[4] : NULL;
}

static struct bound *bound_of(const struct bounds *bounds, struct str key)
{
    for (size_t i = 0; i < bounds->count; i++)
        if (str_compare(buffer_str(&bounds->items[i].key), key) == 0)
            return &bounds->items[i];
    return NULL;
}

/* A tenth and a second more than the bound: what made it was looked at a little later
 * than its expiry was set. Where there is none, the key should not expire at all. */
static enum expiry expiry_of(const struct bounds *bounds, struct str key, long long pttl)
{
    const struct bound *bound;

    if (pttl < 0 || mutant("ignore-expiries"))
        return EXPIRY_NEVER;
    bound = bound_of(bounds, key);
    return bound && pttl - bound->ttl_ms <= bound->ttl_ms / 10 + 1000 ? EXPIRY_BOUNDED
                                                                      : EXPIRY_BEYOND;
}

/* Of the key, or of a field of its, which is as good; < 0: none of it expires. */
static long long longest_ttl(const struct observer *observer, const redisReply *one)
{
    long long longest = one->element[2]->integer;
    const redisReply *fields = snapshot_field_ttls(one);

    for (size_t i = 0; fields && i < fields->elements; i++)
        if (fields->element[i]->integer > longest &&
            !ignored_field(observer->ignore, resp_text(one->element[0]),
                           resp_text(one->element[3]->element[2 * i])))
            longest = fields->element[i]->integer;
    return longest;
}

void observer_cover(struct observer *observer, const struct snapshot *snapshot)
{
    struct bounds *bounds = &observer->bounds;

    for (size_t i = 0; snapshot->reply && i < snapshot->reply->elements; i++) {
        const redisReply *one = snapshot->reply->element[i];
        struct str key = resp_text(one->element[0]);
        long long pttl = longest_ttl(observer, one);
        struct bound *bound = bound_of(bounds, key);

        if (pttl < 0)
            continue;
        if (!bound) {
            bounds->items =
                mem_grow(bounds->items, bounds->count + 1, sizeof(*bounds->items));
            bound = &bounds->items[bounds->count++];
            *bound = (struct bound){ BUFFER_NULL, 0 };
            buffer_add(&bound->key, key);
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
    bool zero; /* what is 0 is not there */
    const char (*positions)[POSITION_TEXT];
    struct arena *arena; /* for texts that the answer does not have */
    const struct bounds *bounds;
    const struct ignored *ignore; /* fields */
};

static void add_pair(const struct row *row, struct str id, struct str value)
{
    struct atom atom = row->atom;

    if (row->zero && str_compare(value, STR("0")) == 0 && !mutant("zero-counts"))
        return;
    atom.id = id;
    atom.value = mutant("ignore-values") ? STR("") : value;
    state_add(row->state, atom);
}

static void add_value(const struct row *row)
{
    add_pair(row, STR(""), resp_text(row->elements->element[0]));
}

static void add_pairs(const struct row *row)
{
    for (size_t i = 0; i + 1 < row->elements->elements; i += 2)
        add_pair(row, resp_text(row->elements->element[i]),
                 resp_text(row->elements->element[i + 1]));
}

/* A hash of which nothing counts but that it is there, is there; unless what is in it is
 * as good as nothing. */
static void add_fields(const struct row *row)
{
    bool counts = row->zero || mutant("hollow-gone");

    for (size_t i = 0; i + 1 < row->elements->elements; i += 2) {
        struct row field = *row;

        if (ignored_field(row->ignore, row->atom.key,
                          resp_text(row->elements->element[i])))
            continue;
        counts = true;
        if (row->extra && row->atom.expiry == EXPIRY_NEVER &&
            !mutant("ignore-field-expiries"))
            field.atom.expiry = expiry_of(row->bounds, row->atom.key,
                                          row->extra->element[i / 2]->integer);
        add_pair(&field, resp_text(row->elements->element[i]),
                 resp_text(row->elements->element[i + 1]));
    }
    if (!counts)
        add_pair(row, STR(""), STR(""));
}

static void add_members(const struct row *row)
{
    for (size_t i = 0; i < row->elements->elements; i++)
        add_pair(row, resp_text(row->elements->element[i]), STR(""));
}

static void add_entries(const struct row *row)
{
    if (!row->ordered) {
        add_members(row);
        return;
    }
    for (size_t i = 0; i < row->elements->elements; i++)
        add_pair(row, (struct str){ row->positions[i], sizeof(row->positions[i]) },
                 resp_text(row->elements->element[i]));
}

static void add_stream(const struct row *row)
{
    stream_add(row->state, row->atom, row->elements, row->extra, row->arena);
}

static const struct {
    const char *type;
    void (*add)(const struct row *row);
    bool counters; /* its values may be some, which are at 0 before they count */
} types[] = {
    { "string", add_value, true },     { "hash", add_fields, true },
    { "set", add_members, false },     { "zset", add_pairs, false },
    { "list", add_entries, false },    { "stream", add_stream, false },
    { "vectorset", add_pairs, false },
};

static void add_key(struct observer *observer, struct snapshot *snapshot,
                    const redisReply *one)
{
    struct row row = { .state = &snapshot->state,
                       .arena = &snapshot->arena,
                       .bounds = &observer->bounds,
                       .ignore = observer->ignore };

    row.atom.key = resp_text(one->element[0]);
    if (ignored_key(observer->ignore, row.atom.key))
        return;
    row.atom.type = resp_text(one->element[1]);
    row.atom.expiry =
        expiry_of(&observer->bounds, row.atom.key, one->element[2]->integer);
    row.atom.effect = patterns_match(observer->effects, row.atom.key);
    row.elements = one->element[3];
    row.extra = one->elements > 4 ? one->element[4] : NULL;
    row.ordered = patterns_match(observer->ordered, row.atom.key);
    row.positions = (const char(*)[POSITION_TEXT])snapshot->positions;
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (str_compare(row.atom.type, str_of(types[i].type)) == 0) {
            row.zero = types[i].counters && patterns_match(observer->zero, row.atom.key);
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
           one->element[3]->type == REDIS_REPLY_ARRAY &&
           (!is_stream(one) ||
            (one->elements > 4 && stream_is_told(one->element[3], one->element[4]))) &&
           (!snapshot_field_ttls(one) ||
            snapshot_field_ttls(one)->elements == one->element[3]->elements / 2);
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

int snapshot_digest(struct observer *observer, struct snapshot *snapshot, struct err *err)
{
    const redisReply *reply = snapshot->reply;

    if (reply->type != REDIS_REPLY_ARRAY)
        return err_set(err, -EPROTO, "the audit's answer is not an array");
    state_clear(&snapshot->state);
    for (size_t i = 0; i < reply->elements; i++)
        if (!is_row(reply->element[i]))
            return err_set(err, -EPROTO,
                           "the audit's answer has an entry of the wrong shape");
    if (observer->ordered && observer->ordered->count)
        prepare_positions(snapshot);
    for (size_t i = 0; i < reply->elements; i++)
        add_key(observer, snapshot, reply->element[i]);
    snapshot->signature = state_signature(&snapshot->state);
    return 0;
}

/* One write: who asks, is the client there (0: nobody is asked after; Valkey says that
 * there is no such client by an error), and what is in the database? */
static int ask(struct observer *observer, struct resp *resp, int64_t client_id,
               struct err *err)
{
    static const char *const who[] = { "CLIENT", "ID" };
    static const char *const listed[] = { "CLIENT", "LIST", "ID", NULL };
    struct buffer *question = &observer->question;
    char id[24];

    snprintf(id, sizeof(id), "%lld", (long long)client_id);
    question->length = 0;
    resp_put(question, ARRAY_SIZE(who), who, STR(""));
    if (client_id)
        resp_put(question, ARRAY_SIZE(listed), listed, str_of(id));
    buffer_add(question, keyspace_question(&observer->keyspace));
    return resp_send(resp, buffer_str(question), err);
}

/* The next answer, which must be of this type. */
static int answer(struct resp *resp, const char *what, int type, const redisReply **ret,
                  struct err *err)
{
    int code = resp_next(resp, what, ret, err);

    if (code == 0)
        code = connection_check(*ret, what, err);
    if (code == 0 && (*ret)->type != type)
        code = err_set(err, -EPROTO, "Redis answered %s with something else", what);
    return code;
}

static int look(struct observer *observer, redisContext *connection, int64_t client_id,
                bool *ret_gone, struct snapshot *snapshot, struct err *err)
{
    struct resp resp = resp_of(connection->fd, &snapshot->arena);
    const redisReply *by, *clients = NULL;
    int code;

    arena_reset(&snapshot->arena);
    snapshot->reply = NULL;
    code = ask(observer, &resp, client_id, err);
    if (code == 0)
        code = answer(&resp, "CLIENT ID", REDIS_REPLY_INTEGER, &by, err);
    if (code == 0 && client_id)
        code = answer(&resp, "CLIENT LIST ID", REDIS_REPLY_STRING, &clients, err);
    if (code == 0)
        code = keyspace_read(&observer->keyspace, &resp, &snapshot->reply, err);
    if (code < 0)
        return code;
    snapshot->by = by->integer;
    *ret_gone = !clients || clients->len == 0;
    return 0;
}

int snapshot_take_by(struct observer *observer, redisContext *connection,
                     int64_t client_id, struct snapshot *snapshot, struct err *err)
{
    uint64_t deadline_ns = 0;
    bool gone = false;

    for (;;) {
        int code = look(observer, connection, client_id, &gone, snapshot, err);

        if (code < 0)
            return err_wrap(err, "read the state");
        if (gone || mutant("no-drain"))
            return snapshot_digest(observer, snapshot, err);
        if (!deadline_ns)
            deadline_ns = clock_now_ns() + CONNECTION_TIMEOUT_S * NSEC_PER_SEC;
        if (clock_now_ns() > deadline_ns)
            return err_set(err, -ETIMEDOUT,
                           "drain: Redis still lists client %lld, whose process is dead",
                           (long long)client_id);
    }
}

int snapshot_take(struct observer *observer, int64_t client_id, struct snapshot *snapshot,
                  struct err *err)
{
    return snapshot_take_by(observer, observer->connection, client_id, snapshot, err);
}

/* A reply and all that is in it, in its order, behind what `seed` stands for. */
static XXH64_hash_t hash_reply(const redisReply *reply, XXH64_hash_t seed)
{
    seed = XXH3_64bits_withSeed(reply->str, reply->len,
                                seed + reply->elements + (uint64_t)reply->integer);
    for (size_t i = 0; i < reply->elements; i++)
        seed = hash_reply(reply->element[i], seed);
    return seed;
}

/* As much of a time to live as moments are told by. */
static XXH64_hash_t hash_expiry(const redisReply *ttl, XXH64_hash_t seed)
{
    int64_t lapse_ms = lapse_rounded(ttl->integer);

    return XXH3_64bits_withSeed(&lapse_ms, sizeof(lapse_ms), seed);
}

/* A key, and what stands behind its elements: all about a stream; a hash's expiries. */
static unsigned __int128 hash_key(const redisReply *one)
{
    XXH64_hash_t seed = hash_reply(one->element[1], hash_reply(one->element[0], 0));
    const redisReply *fields = snapshot_field_ttls(one);
    XXH128_hash_t whole;

    seed = hash_expiry(one->element[2], hash_reply(one->element[3], seed));
    if (is_stream(one))
        seed = hash_reply(one->element[4], seed);
    for (size_t f = 0; fields && f < fields->elements; f++)
        seed = hash_expiry(fields->element[f], seed);
    whole = XXH3_128bits_withSeed(&seed, sizeof(seed), seed);
    return (unsigned __int128)whole.high64 << 64 | whole.low64;
}

struct signature snapshot_timed(const struct snapshot *snapshot)
{
    unsigned __int128 sum =
        (unsigned __int128)snapshot->signature.high << 64 | snapshot->signature.low;

    for (size_t i = 0; i < snapshot->reply->elements && !mutant("times-alike"); i++) {
        const redisReply *one = snapshot->reply->element[i];
        const redisReply *fields = snapshot_field_ttls(one);
        XXH64_hash_t seed = hash_reply(one->element[0], 0);

        if (one->element[2]->integer >= 0)
            sum += hash_expiry(one->element[2], seed);
        for (size_t f = 0; fields && f < fields->elements; f++)
            sum += hash_expiry(fields->element[f],
                               hash_reply(one->element[3]->element[2 * f], seed));
    }
    return (struct signature){ (uint64_t)sum, (uint64_t)(sum >> 64) };
}

bool snapshot_exact(const struct snapshot *snapshot, struct signature *ret)
{
    const redisReply *reply = snapshot->reply;
    /* The signature tells expiries that are later than they should be. */
    unsigned __int128 sum =
        (unsigned __int128)snapshot->signature.high << 64 | snapshot->signature.low;

    *ret = snapshot->signature;
    for (size_t i = 0; i < reply->elements; i++) {
        const redisReply *one = reply->element[i];

        if (is_stream(one) && mutant("streams-alike"))
            continue;
        if (is_stream(one) && stream_knows_the_time(one->element[4]))
            return false;
        sum += hash_key(one);
    }
    if (!mutant("order-forgotten"))
        *ret = (struct signature){ (uint64_t)sum, (uint64_t)(sum >> 64) };
    return true;
}

void snapshot_release(struct snapshot *snapshot)
{
    arena_release(&snapshot->arena);
    state_release(&snapshot->state);
    free(snapshot->positions);
    *snapshot = SNAPSHOT_NULL;
}

void snapshot_lapses(const struct snapshot *snapshot, struct lapses *lapses)
{
    for (size_t i = 0; snapshot->reply && i < snapshot->reply->elements; i++) {
        const redisReply *one = snapshot->reply->element[i];
        const redisReply *fields = snapshot_field_ttls(one);

        XXH64_hash_t key = hash_reply(one->element[0], 0);

        lapses_add(lapses, one->element[2]->integer, key);
        for (size_t f = 0; fields && f < fields->elements; f++)
            lapses_add(lapses, fields->element[f]->integer,
                       hash_reply(one->element[3]->element[2 * f], key));
    }
}

/* Of a hash whose fields' times to live were asked for. */
static int64_t field_ttl_ms(const redisReply *one, struct str field)
{
    const redisReply *elements = one->element[3];
    const redisReply *fields = snapshot_field_ttls(one);

    for (size_t f = 0; fields && f < fields->elements; f++)
        if (str_compare(resp_text(elements->element[2 * f]), field) == 0)
            return fields->element[f]->integer;
    return -1;
}

int64_t snapshot_ttl_ms(const struct snapshot *snapshot, struct str key, struct str field)
{
    if (snapshot->told)
        return ttls_find(snapshot->told, key, field);
    for (size_t i = 0; snapshot->reply && i < snapshot->reply->elements; i++) {
        const redisReply *one = snapshot->reply->element[i];
        int64_t ttl_ms;

        if (str_compare(resp_text(one->element[0]), key) != 0)
            continue;
        ttl_ms = field.length ? field_ttl_ms(one, field) : one->element[2]->integer;
        return ttl_ms < 0 ? -1 : ttl_ms;
    }
    return -1;
}
