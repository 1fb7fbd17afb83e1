/* members_look.c - the first look at members (members.h): in phases, a step after the
 * other, of the members themselves, of keys that must be somewhere, and of the lists that
 * may have them; who is nowhere then is asked for once more. */
#include <errno.h>
#include <stdlib.h>
#include <xxhash.h>

#include "audit/member.h"
#include "audit/target.h"
#include "base/clock.h"
#include "base/mem.h"
#include "redis/connection.h"
#include "redis/resp.h"

#define NARROW_BATCH 1000 /* that are asked about at once */
#define PASSES_MOST 3     /* through lists */

/* What is no list any more has no elements. Who may not ask would take a list that is
 * long for one that comes to no end. */
static int take_length(struct ask *ask, struct members *members, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;

    ask_key(ask, ASK_LLEN, group_name_str(members->key));
    if (ask_send(ask, err) < 0 || ask_reply(ask, ASK_LLEN, &reply, err) < 0)
        return err->code;
    if (place_is_forbidden(reply))
        return target_refused(ask_name(ASK_LLEN), reply->str, err);
    if (reply->type == REDIS_REPLY_INTEGER && reply->integer > 0)
        members->length = (uint64_t)reply->integer;
    return 0;
}

static int begin(struct ask *ask, struct members *members, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    struct str type;

    members->begun = true;
    if (members->rule->of_keys)
        return places_find(ask, &members->places, err);
    ask_key(ask, ASK_TYPE, group_name_str(members->key));
    if (ask_send(ask, err) < 0 || place_take_type(ask, &type, &reply, err) < 0)
        return err->code;
    members->type = key_type_of(type);
    if (!place_ways[members->type].step)
        members->type = KEY_OTHER;
    if (members->type == KEY_LIST && take_length(ask, members, err) < 0)
        return err->code;
    members->done = members->type == KEY_OTHER;
    return members->done ? 0 : places_find(ask, &members->places, err);
}

static struct str member_at(const redisReply *list, size_t i)
{
    return resp_text(list->element[i]);
}

static bool is_list_of_texts(const redisReply *reply)
{
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
        if (reply->element[i]->type != REDIS_REPLY_STRING)
            return false;
    return reply->type == REDIS_REPLY_ARRAY;
}

/* Reads the next elements of a key, and says whether these were the last. `ret_list` is
 * part of `ret`. */
static int read_elements(struct ask *ask, struct str key, enum key_type type,
                         uint64_t *cursor, uint64_t count, redisReply **ret,
                         const redisReply **ret_list, bool *ret_end, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    enum question question = place_ways[type].scan;

    if (type == KEY_LIST)
        ask_list(ask, key, *cursor, count);
    else
        ask_members(ask, question, key, *cursor, count);
    if (ask_send(ask, err) < 0 || ask_answer(ask, question, &reply, err) < 0)
        return err->code;
    if (!(type == KEY_LIST ? is_list_of_texts(reply) : ask_is_scan(reply)))
        return err_set(err, -EPROTO, "%s: the reply has no members", ask_name(question));
    if (type == KEY_LIST) {
        *ret_list = reply;
        *cursor += count;
        *ret_end = reply->elements < count;
    } else {
        *ret_list = reply->element[1];
        *cursor = strtoull(reply->element[0]->str, NULL, 10);
        *ret_end = !*cursor;
    }
    *ret = TAKE_PTR(reply);
    return 0;
}

static void next_phase(struct members *members)
{
    members->phase++;
    members->cursor = members->list = 0;
}

/* How many members a set has it does not say, so a cursor is only one that comes again if
 * the same ones come with it. A list has none, but a length. */
static int notice_circle(struct members *members, const redisReply *list, uint64_t count,
                         struct err *err)
{
    struct walk_step step = { .asked = count,
                              .shown = list->elements / place_ways[members->type].step,
                              .all = members->length,
                              .command = ask_name(place_ways[members->type].scan),
                              .what = "members" };

    if (members->type != KEY_LIST) {
        step.mark = members->cursor;
        for (size_t i = 0; i < list->elements; i++)
            step.mark = XXH3_64bits_withSeed(list->element[i]->str, list->element[i]->len,
                                             step.mark);
    }
    return walk_on(&members->walk, &step, err);
}

static int look_at_members(struct ask *ask, struct members *members, uint64_t count,
                           struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    const redisReply *list;
    size_t step = place_ways[members->type].step;
    bool end;

    if (members->rule->of_keys) {
        next_phase(members);
        return 0;
    }
    if (read_elements(ask, group_name_str(members->key), members->type, &members->cursor,
                      count, &reply, &list, &end, err) < 0 ||
        (!end && notice_circle(members, list, count, err) < 0))
        return err->code;
    for (size_t i = 0; i < list->elements; i += step)
        if (members_is_meant(members->rule, member_at(list, i)))
            member_ask_needed(ask, members, member_at(list, i));
    if (ask_send(ask, err) < 0)
        return err->code;
    for (size_t i = 0; i < list->elements; i += step) {
        unsigned places = 0;

        if (!members_is_meant(members->rule, member_at(list, i)))
            continue;
        if (member_take_needed(ask, members, &places, err) < 0)
            return err->code;
        members_settle(members, member_at(list, i), places);
    }
    if (end)
        next_phase(members);
    return 0;
}

static bool is_somewhere(const struct claim *claim)
{
    return claim->places > 0;
}

/* Asks about so many of the names that were not asked about, and forgets those that were
 * found. */
static int ask_claims(struct ask *ask, struct members *members, uint64_t count,
                      struct err *err)
{
    struct claims *claims = &members->claims;
    struct claim *next = claims->items + members->asked;
    size_t left = claims->count - members->asked, before = claims->count;
    size_t batch = count < left ? count : left;

    for (size_t i = 0; i < batch; i++)
        member_ask_needed(ask, members, claim_str(&next[i]));
    if (ask_send(ask, err) < 0)
        return err->code;
    for (size_t i = 0; i < batch; i++) {
        if (member_take_needed(ask, members, &next[i].places, err) < 0)
            return err->code;
        if (next[i].places > 1 && members->rule->one_of)
            members_add_several(members, claim_str(&next[i]));
    }
    members->count += batch;
    claims_settle(claims, members->asked, is_somewhere);
    members->asked += batch - (before - claims->count);
    return 0;
}

static int look_at_keys(struct ask *ask, struct members *members, uint64_t count,
                        struct err *err)
{
    if (members->rule->of_keys && members->asked < members->claims.count)
        return ask_claims(ask, members, count, err);
    next_phase(members);
    return 0;
}

int members_narrow(struct ask *ask, struct members *members, struct err *err)
{
    if (places_find(ask, &members->places, err) < 0)
        return err->code;
    while (members->asked < members->claims.count)
        if (ask_claims(ask, members, NARROW_BATCH, err) < 0)
            return err->code;
    return 0;
}

/* An element that nobody looks for was found in a set, or is of no interest. */
static bool is_doubtful(const struct members *members, struct str element)
{
    return !members->passes && members->rule->one_of &&
           members_is_meant(members->rule, element) &&
           !claims_find(&members->claims, element);
}

static int take_elements(struct ask *ask, struct members *members, const redisReply *list,
                         struct err *err)
{
    for (size_t i = 0; i < list->elements; i++) {
        struct str element = member_at(list, i);
        struct claim *claim = claims_find(&members->claims, element);
        unsigned places = 0;

        if (claim)
            places = claim->places++;
        else if (is_doubtful(members, element) &&
                 places_take(ask, &members->places, &places, err) < 0)
            return err->code;
        if (places == 1 && members->rule->one_of)
            members_add_several(members, element);
    }
    return 0;
}

static int look_at_list(struct ask *ask, struct members *members, uint64_t count,
                        struct err *err)
{
    const struct place *place = &members->places.items[members->list];
    CLEANUP(reply_freep) redisReply *reply = NULL;
    const redisReply *list;
    bool end;

    if (read_elements(ask, place_key(place), KEY_LIST, &members->cursor, count, &reply,
                      &list, &end, err) < 0)
        return err->code;
    for (size_t i = 0; i < list->elements; i++)
        if (is_doubtful(members, member_at(list, i)))
            places_ask(ask, &members->places, member_at(list, i));
    if (ask_send(ask, err) < 0 || take_elements(ask, members, list, err) < 0)
        return err->code;
    if (!end && members->cursor < PLACES_LIST_MOST)
        return 0;
    members->cut |= !end;
    members->list++;
    members->cursor = 0;
    return 0;
}

static int look_at_lists(struct ask *ask, struct members *members, uint64_t count,
                         struct err *err)
{
    while (members->list < members->places.count &&
           !places_is_list(&members->places.items[members->list]))
        members->list++;
    if (members->list < members->places.count &&
        (members->claims.count || members->rule->one_of))
        return look_at_list(ask, members, count, err);
    claims_settle(&members->claims, 0, is_somewhere);
    members->asked = 0;
    next_phase(members);
    return members->claims.count ? places_find(ask, &members->places, err) : 0;
}

/* If there are more of them than anybody looks at again, most have only moved: lists are
 * read once more for those. */
static void end_pass(struct members *members)
{
    struct claims *claims = &members->claims;

    claims_settle(claims, 0, is_somewhere);
    if (claims->count > DRAWN_MOST && members_has_lists(members) && !members->cut &&
        ++members->passes < PASSES_MOST) {
        members->phase--;
        members->cursor = members->list = 0;
        return;
    }
    for (size_t i = 0; i < claims->count; i++)
        if (members->cut || members->places.too_many)
            members->unseen++;
        else
            members_add_alone(members, claim_str(&claims->items[i]));
    next_phase(members);
}

static bool is_asked_itself(const struct members *members)
{
    return members->type != KEY_LIST; /* it would be read once for each of them */
}

/* Those who are in no list either, perhaps because they have gone meanwhile: whoever is
 * not there any more, or is in a set by now, is none of them. */
static int look_at_rest(struct ask *ask, struct members *members, uint64_t count,
                        struct err *err)
{
    struct claims *claims = &members->claims;
    size_t left = claims->count - members->asked, batch = count < left ? count : left;
    struct claim *next = claims->items + members->asked;

    for (size_t i = 0; i < batch; i++) {
        if (is_asked_itself(members))
            member_ask(ask, members, claim_str(&next[i]));
        member_ask_needed(ask, members, claim_str(&next[i]));
    }
    if (ask_send(ask, err) < 0)
        return err->code;
    for (size_t i = 0; i < batch; i++) {
        bool is_there = true, is_known;

        if ((is_asked_itself(members) &&
             member_take(ask, members, &is_there, &is_known, err) < 0) ||
            member_take_needed(ask, members, &next[i].places, err) < 0)
            return err->code;
        next[i].places += !is_there;
    }
    members->asked += batch;
    if (members->asked == claims->count)
        end_pass(members);
    return 0;
}

static int (*const phases[])(struct ask *ask, struct members *members, uint64_t count,
                             struct err *err) = {
    look_at_members,
    look_at_keys,
    look_at_lists,
    look_at_rest,
};

int members_step(struct ask *ask, struct members *members, uint64_t count,
                 struct err *err)
{
    if (!members->begun && (begin(ask, members, err) < 0 || members->done))
        return err->code;
    if (phases[members->phase](ask, members, count, err) < 0)
        return err->code;
    members->done = members->phase == ARRAY_SIZE(phases);
    if (members->done) {
        claims_release(&members->claims);
        members->since_ns = clock_now_ns();
    }
    return 0;
}
