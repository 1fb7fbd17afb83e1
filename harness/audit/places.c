/* places.c - see places.h. */
#include "audit/places.h"

#include <stdlib.h>
#include <string.h>

#include "audit/stars.h"
#include "audit/target.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "redis/connection.h"
#include "redis/resp.h"

const struct place_way place_ways[KEY_TYPES] = {
    [KEY_LIST] = { ASK_LRANGE, ASK_LPOS, 1 },
    [KEY_SET] = { ASK_SSCAN, ASK_SISMEMBER, 1 },
    [KEY_ZSET] = { ASK_ZSCAN, ASK_ZSCORE, 2 },
    [KEY_HASH] = { ASK_HSCAN, ASK_HEXISTS, 2 },
};

void places_add(struct places *places, struct str key)
{
    for (size_t i = 0; i < places->count; i++)
        if (str_compare(place_key(&places->items[i]), key) == 0)
            return;
    places->too_many |= places->count == PLACES_MOST;
    if (places->too_many)
        return;
    places->items = mem_grow(places->items, places->count + 1, sizeof(*places->items));
    places->items[places->count++] =
        (struct place){ mem_copy(key.bytes, key.length), key.length, KEY_OTHER, false };
}

void places_fill(struct places *places, const struct patterns *names, struct str star)
{
    for (size_t i = 0; i < names->count; i++) {
        struct buffer place = stars_fill(names->globs[i], &star);

        places_add(places, buffer_str(&place));
        buffer_release(&place);
    }
}

void places_release(struct places *places)
{
    for (size_t i = 0; i < places->count; i++)
        free(places->items[i].bytes);
    free(places->items);
    *places = PLACES_NULL;
}

/* Does another primary of the cluster have it? */
static bool is_elsewhere(const redisReply *reply)
{
    static const char *const replies[] = { "MOVED ", "ASK ", "CLUSTERDOWN " };

    for (size_t i = 0; i < ARRAY_SIZE(replies); i++)
        if (reply->type == REDIS_REPLY_ERROR &&
            strncmp(reply->str, replies[i], strlen(replies[i])) == 0)
            return !mutant("elsewhere-unknown");
    return false;
}

int place_take_type(struct ask *ask, struct str *ret, redisReply **ret_owner,
                    struct err *err)
{
    if (ask_reply(ask, ASK_TYPE, ret_owner, err) < 0)
        return err->code;
    if ((*ret_owner)->type == REDIS_REPLY_ERROR && !is_elsewhere(*ret_owner))
        return target_refused("TYPE", (*ret_owner)->str, err);
    *ret = resp_text(*ret_owner);
    return 0;
}

static int take_type(struct ask *ask, struct place *place, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    struct str type;

    if (place_take_type(ask, &type, &reply, err) < 0)
        return err->code;
    place->type = key_type_of(type);
    place->elsewhere = reply->type == REDIS_REPLY_ERROR;
    return 0;
}

static void ask_types(struct ask *ask, const struct places *places)
{
    for (size_t i = 0; i < places->count; i++)
        ask_key(ask, ASK_TYPE, place_key(&places->items[i]));
}

int places_find(struct ask *ask, struct places *places, struct err *err)
{
    ask_types(ask, places);
    if (ask_send(ask, err) < 0)
        return err->code;
    for (size_t i = 0; i < places->count; i++)
        if (take_type(ask, &places->items[i], err) < 0)
            return err->code;
    return 0;
}

bool places_is_list(const struct place *place)
{
    return place->type == KEY_LIST;
}

static bool is_set(const struct place *place)
{
    return place_ways[place->type].step && !places_is_list(place);
}

void places_ask(struct ask *ask, const struct places *places, struct str member)
{
    for (size_t i = 0; i < places->count; i++) {
        const struct place *place = &places->items[i];

        if (is_set(place))
            ask_member(ask, place_ways[place->type].find, place_key(place), member);
    }
}

bool place_is_found(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_INTEGER ? reply->integer == 1
                                              : reply->type != REDIS_REPLY_NIL;
}

static int take_in_set(struct ask *ask, const struct place *place, unsigned *count,
                       struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;

    if (ask_answer(ask, place_ways[place->type].find, &reply, err) < 0)
        return err->code;
    *count += place_is_found(reply) || mutant("members-alone");
    return 0;
}

int places_take(struct ask *ask, const struct places *places, unsigned *ret_count,
                struct err *err)
{
    unsigned count = 0;

    for (size_t i = 0; i < places->count; i++) {
        const struct place *place = &places->items[i];

        count += place->elsewhere;
        if (is_set(place) && take_in_set(ask, place, &count, err) < 0)
            return err->code;
    }
    *ret_count = count;
    return 0;
}

void places_ask_all(struct ask *ask, const struct places *places, struct str member)
{
    places_ask(ask, places, member);
    for (size_t i = 0; i < places->count; i++)
        if (places_is_list(&places->items[i]))
            place_ask_in_list(ask, place_key(&places->items[i]), member);
    ask_types(ask, places);
}

void place_ask_in_list(struct ask *ask, struct str list, struct str element)
{
    ask_in_list(ask, list, element, PLACES_LIST_MOST);
    ask_key(ask, ASK_LLEN, list);
}

bool place_is_forbidden(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "NOPERM", 6) == 0;
}

/* Redis has LPOS from 6.0.6 on; what is no list any more has no elements. */
int place_take_in_list(struct ask *ask, int *ret_times, struct err *err)
{
    static const enum question asked[] = { ASK_LPOS, ASK_LLEN };
    CLEANUP(reply_freep) redisReply *found = NULL, *length = NULL;
    redisReply **const replies[] = { &found, &length };

    for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
        if (ask_reply(ask, asked[i], replies[i], err) < 0)
            return err->code;
        if (place_is_forbidden(*replies[i]))
            return target_refused(ask_name(asked[i]), (*replies[i])->str, err);
    }
    *ret_times = found->type == REDIS_REPLY_ARRAY ? (int)found->elements : -1;
    if (!*ret_times &&
        (length->type != REDIS_REPLY_INTEGER || length->integer > PLACES_LIST_MOST))
        *ret_times = -1;
    return 0;
}

static int take_in_lists(struct ask *ask, const struct places *places, unsigned *count,
                         bool *known, struct err *err)
{
    for (size_t i = 0; i < places->count; i++) {
        int times;

        if (!places_is_list(&places->items[i]))
            continue;
        if (place_take_in_list(ask, &times, err) < 0)
            return err->code;
        *known &= times >= 0;
        *count += times > 0 ? (unsigned)times : 0;
    }
    return 0;
}

int places_take_all(struct ask *ask, struct places *places, unsigned *ret_count,
                    bool *ret_known, struct err *err)
{
    unsigned count;
    bool known = !places->too_many;

    if (places_take(ask, places, &count, err) < 0 ||
        take_in_lists(ask, places, &count, &known, err) < 0)
        return err->code;
    for (size_t i = 0; i < places->count; i++) {
        enum key_type was = places->items[i].type;

        if (take_type(ask, &places->items[i], err) < 0)
            return err->code;
        known &= places->items[i].type == was;
    }
    *ret_count = count;
    *ret_known = known;
    return 0;
}
