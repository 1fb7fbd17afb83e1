/* member.c - see member.h. */
#include "audit/member.h"

#include "base/mem.h"
#include "base/mutant.h"
#include "redis/connection.h"

#define PTTL_FOREVER (-1)

void member_ask_key(struct ask *ask, const struct members *members, struct str member)
{
    struct buffer name;

    if (!members->rule->needs)
        return;
    name = members_name(members, members->rule->needs, member);
    ask_key(ask, ASK_TYPE, buffer_str(&name));
    buffer_release(&name);
}

int member_take_key(struct ask *ask, const struct members *members, unsigned *count,
                    struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    struct str type;

    if (!members->rule->needs)
        return 0;
    if (place_take_type(ask, &type, &reply, err) < 0)
        return err->code;
    *count += !str_is_word(type, "none") || mutant("members-alone");
    return 0;
}

void member_ask_needed(struct ask *ask, const struct members *members, struct str member)
{
    member_ask_key(ask, members, member);
    places_ask(ask, &members->places, member);
}

int member_take_needed(struct ask *ask, const struct members *members, unsigned *ret,
                       struct err *err)
{
    unsigned count = 0, places;

    if (member_take_key(ask, members, &count, err) < 0 ||
        places_take(ask, &members->places, &places, err) < 0)
        return err->code;
    *ret = count + places;
    return 0;
}

void member_ask(struct ask *ask, const struct members *members, struct str member)
{
    struct buffer key;

    if (members->type == KEY_LIST) {
        place_ask_in_list(ask, group_name_str(members->key), member);
    } else if (!members->rule->of_keys) {
        ask_member(ask, place_ways[members->type].find, group_name_str(members->key),
                   member);
    } else {
        key = members_name(members, members->rule->key, member);
        ask_key(ask, ASK_PTTL, buffer_str(&key));
        buffer_release(&key);
    }
}

int member_take(struct ask *ask, const struct members *members, bool *ret_is_there,
                bool *ret_is_known, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    int64_t ttl_ms;
    int times;

    *ret_is_known = true;
    if (members->type == KEY_LIST) {
        if (place_take_in_list(ask, &times, err) < 0)
            return err->code;
        *ret_is_there = times > 0;
        *ret_is_known = times >= 0;
    } else if (!members->rule->of_keys) {
        if (ask_answer(ask, place_ways[members->type].find, &reply, err) < 0)
            return err->code;
        *ret_is_there = place_is_found(reply);
    } else {
        if (ask_number(ask, ASK_PTTL, &ttl_ms, err) < 0)
            return err->code;
        *ret_is_there = ttl_ms == PTTL_FOREVER;
    }
    return 0;
}
