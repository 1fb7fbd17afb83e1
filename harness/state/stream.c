/* stream.c - see stream.h. */
#include "state/stream.h"

#include <string.h>

#include "base/mutant.h"
#include "redis/resp.h"

/* Places in the rows. */
enum { ENTRY_ID, ENTRY_FIELDS, ENTRY_PARTS };
enum { LAST_ID, DELETED_ID, ADDED, GROUPS, EXTRA_PARTS };
enum { NAME, READ_ID, READ, CONSUMERS, PENDING, GROUP_PARTS };
enum { PENDING_ID, PENDING_CONSUMER, DELIVERIES, PENDING_PARTS };

/* An id is one number in the order of ids: milliseconds, and a sequence in each. */
#define ID_MS_SHIFT 64
/* A server's clock says more than this, in September 2001 and later. */
#define CLOCK_LEAST_MS UINT64_C(1000000000000)

/* What is being taken apart, and the texts of the atom that is being made. */
struct stream {
    struct state *state;
    struct atom atom; /* key and expiry are set */
    const redisReply *entries;
    struct arena *arena;
    struct buffer id, shown;
};

static bool read_id(const redisReply *reply, unsigned __int128 *ret)
{
    struct str text = resp_text(reply);
    const char *dash = memchr(text.bytes, '-', text.length);
    unsigned __int128 id = 0;
    uint64_t part = 0;

    if (!dash || dash == text.bytes || dash + 1 == text.bytes + text.length)
        return false;
    for (const char *at = text.bytes; at < text.bytes + text.length; at++) {
        if (at == dash) {
            id = (unsigned __int128)part << ID_MS_SHIFT;
            part = 0;
        } else if ('0' <= *at && *at <= '9') {
            part = 10 * part + (uint64_t)(*at - '0');
        } else {
            return false;
        }
    }
    *ret = id + part;
    return true;
}

/* The id, which is one. */
static unsigned __int128 id_of(const redisReply *reply)
{
    unsigned __int128 id = 0;

    read_id(reply, &id);
    return id;
}

static bool carries_time(const redisReply *id)
{
    return id_of(id) >> ID_MS_SHIFT >= CLOCK_LEAST_MS;
}

bool stream_knows_the_time(const redisReply *extra)
{
    return carries_time(extra->element[LAST_ID]);
}

/* --- is it as described? --- */

static bool is_text(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING;
}

static bool is_id(const redisReply *reply)
{
    unsigned __int128 ignored;

    return is_text(reply) && read_id(reply, &ignored);
}

static bool is_array(const redisReply *reply, size_t least)
{
    return reply->type == REDIS_REPLY_ARRAY && reply->elements >= least;
}

static bool all(const redisReply *array, bool (*is)(const redisReply *reply))
{
    for (size_t i = 0; i < array->elements; i++)
        if (!is(array->element[i]))
            return false;
    return true;
}

static bool is_entry(const redisReply *reply)
{
    return is_array(reply, ENTRY_PARTS) && is_id(reply->element[ENTRY_ID]) &&
           is_array(reply->element[ENTRY_FIELDS], 2) &&
           reply->element[ENTRY_FIELDS]->elements % 2 == 0 &&
           all(reply->element[ENTRY_FIELDS], is_text);
}

static bool is_pending(const redisReply *reply)
{
    return is_array(reply, PENDING_PARTS) && is_id(reply->element[PENDING_ID]) &&
           is_text(reply->element[PENDING_CONSUMER]);
}

static bool is_group(const redisReply *reply)
{
    return is_array(reply, GROUP_PARTS) && is_text(reply->element[NAME]) &&
           is_id(reply->element[READ_ID]) && is_array(reply->element[CONSUMERS], 0) &&
           all(reply->element[CONSUMERS], is_text) &&
           is_array(reply->element[PENDING], 0) &&
           all(reply->element[PENDING], is_pending);
}

bool stream_is_told(const redisReply *elements, const redisReply *extra)
{
    return is_array(elements, 0) && all(elements, is_entry) &&
           is_array(extra, EXTRA_PARTS) && is_id(extra->element[LAST_ID]) &&
           is_array(extra->element[GROUPS], 0) && all(extra->element[GROUPS], is_group);
}

/* --- atoms --- */

/* How many entries come before the id: the place of its own, if it is there. */
static size_t rank_of(const struct stream *stream, unsigned __int128 id)
{
    size_t low = 0, high = stream->entries->elements;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (id_of(stream->entries->element[middle]->element[ENTRY_ID]) < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The entry of the id, which has this rank; NULL: there is none. */
static const redisReply *entry_of(const struct stream *stream, unsigned __int128 id,
                                  size_t rank)
{
    const redisReply *entry =
        rank < stream->entries->elements ? stream->entries->element[rank] : NULL;

    return entry && id_of(entry->element[ENTRY_ID]) == id ? entry : NULL;
}

/* Behind its length, so that ("ab", "c") is not ("a", "bc"). */
static void put_part(struct buffer *buffer, struct str part)
{
    char length[24];

    snprintf(length, sizeof(length), "%zu:", part.length);
    buffer_add(buffer, str_of(length));
    buffer_add(buffer, part);
}

static void put_entry(struct stream *stream, const redisReply *entry)
{
    const redisReply *id = entry->element[ENTRY_ID],
                     *fields = entry->element[ENTRY_FIELDS];

    if (!carries_time(id))
        buffer_add(&stream->shown, resp_text(id));
    for (size_t i = 0; i < fields->elements; i++) {
        put_part(&stream->id, resp_text(fields->element[i]));
        if (i > 0 || !carries_time(id))
            buffer_add(&stream->shown, i % 2 ? STR("=") : STR(" "));
        buffer_add(&stream->shown, resp_text(fields->element[i]));
    }
}

static void put_consumer(struct stream *stream, struct str group, struct str consumer)
{
    put_part(&stream->id, group);
    put_part(&stream->id, consumer);
    buffer_add(&stream->shown, group);
    buffer_add(&stream->shown, STR("/"));
    buffer_add(&stream->shown, consumer);
}

static void put_pending(struct stream *stream, struct str group, const redisReply *one)
{
    const redisReply *id = one->element[PENDING_ID];
    size_t rank = rank_of(stream, id_of(id));
    const redisReply *entry = entry_of(stream, id_of(id), rank);
    char text[24];

    put_consumer(stream, group, resp_text(one->element[PENDING_CONSUMER]));
    buffer_add(&stream->shown, STR(": "));
    if (entry) {
        put_entry(stream, entry);
        return;
    }
    snprintf(text, sizeof(text), "#%zu", rank);
    buffer_add(&stream->id, str_of(text));
    if (!carries_time(id))
        buffer_add(&stream->shown, resp_text(id));
    buffer_add(&stream->shown, carries_time(id) ? STR("deleted") : STR(", deleted"));
}

static struct str keep(struct arena *arena, struct str text)
{
    char *bytes = arena_take(arena, text.length + 1);

    if (text.length)
        memcpy(bytes, text.bytes, text.length);
    return (struct str){ bytes, text.length };
}

/* The atom whose texts are made. */
static void add(struct stream *stream, const char *type, struct str value)
{
    struct atom atom = stream->atom;

    atom.type = str_of(type);
    atom.id = keep(stream->arena, buffer_str(&stream->id));
    atom.shown = keep(stream->arena, buffer_str(&stream->shown));
    atom.value = keep(stream->arena, value);
    state_add(stream->state, atom);
    stream->id.length = stream->shown.length = 0;
}

static void add_group(struct stream *stream, const redisReply *group)
{
    struct str name = resp_text(group->element[NAME]);
    const redisReply *consumers = group->element[CONSUMERS];
    const redisReply *pending = group->element[PENDING];
    unsigned __int128 last = id_of(group->element[READ_ID]);
    size_t rank = rank_of(stream, last);
    char read[32];

    snprintf(read, sizeof(read), "%zu read", rank + !!entry_of(stream, last, rank));
    buffer_add(&stream->id, name);
    add(stream, "stream group", str_of(read));
    for (size_t i = 0; i < consumers->elements && !mutant("consumers-unseen"); i++) {
        put_consumer(stream, name, resp_text(consumers->element[i]));
        add(stream, "stream consumer", STR(""));
    }
    for (size_t i = 0; i < pending->elements; i++) {
        put_pending(stream, name, pending->element[i]);
        add(stream, "stream pending", STR(""));
    }
}

void stream_add(struct state *state, struct atom atom, const redisReply *elements,
                const redisReply *extra, struct arena *arena)
{
    struct stream stream = { state, atom, elements, arena, BUFFER_NULL, BUFFER_NULL };
    const redisReply *groups = extra->element[GROUPS];

    for (size_t i = 0; i < elements->elements; i++) {
        put_entry(&stream, elements->element[i]);
        add(&stream, "stream", STR(""));
    }
    for (size_t i = 0; i < groups->elements; i++)
        add_group(&stream, groups->element[i]);
    if (elements->elements == 0 && groups->elements == 0)
        add(&stream, "empty stream", STR(""));
    buffer_release(&stream.id);
    buffer_release(&stream.shown);
}
