/* members.c - see members.h. */
#include "audit/members.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "audit/target.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "redis/connection.h"
#include "redis/resp.h"

/* How members of a type are asked for. */
static const struct way {
    enum question scan, find;
    size_t step; /* of what SCAN gives, one in so many is a member */
} ways[KEY_TYPES] = {
    [KEY_SET] = { ASK_SSCAN, ASK_SISMEMBER, 1 },
    [KEY_ZSET] = { ASK_ZSCAN, ASK_ZSCORE, 2 },
    [KEY_HASH] = { ASK_HSCAN, ASK_HEXISTS, 2 },
};

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

/* What TYPE says; "" of a key that this node of a cluster does not have. */
static int take_type(struct ask *ask, struct str *ret, redisReply **ret_owner,
                     struct err *err)
{
    if (ask_reply(ask, ASK_TYPE, ret_owner, err) < 0)
        return err->code;
    if ((*ret_owner)->type == REDIS_REPLY_ERROR && !is_elsewhere(*ret_owner))
        return target_refused("TYPE", (*ret_owner)->str, err);
    *ret = resp_text(*ret_owner);
    return 0;
}

/* Asks what the other set is, which may have come or gone. */
static int find_other(struct ask *ask, struct members *members, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    struct str type;

    if (!members->rule->is_in)
        return 0;
    ask_key(ask, ASK_TYPE, str_of(members->rule->needs));
    if (ask_send(ask, err) < 0 || take_type(ask, &type, &reply, err) < 0)
        return err->code;
    members->other = key_type_of(type);
    members->other_elsewhere = reply->type == REDIS_REPLY_ERROR;
    return 0;
}

static int begin(struct ask *ask, struct members *members, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    struct str type;

    ask_key(ask, ASK_TYPE, str_of(members->rule->key));
    if (ask_send(ask, err) < 0 || take_type(ask, &type, &reply, err) < 0)
        return err->code;
    members->begun = true;
    members->type = key_type_of(type);
    if (!ways[members->type].step)
        members->type = KEY_OTHER;
    members->done = members->type == KEY_OTHER;
    return members->done ? 0 : find_other(ask, members, err);
}

/* Asks whether the key of a member is there, or whether the other set has it. */
static void ask_needed(struct ask *ask, const struct members *members, struct str member)
{
    const struct rule *rule = members->rule;
    const char *star = strchr(rule->needs, '*');
    struct buffer name = BUFFER_NULL;

    if (rule->is_in) {
        if (ways[members->other].step)
            ask_member(ask, ways[members->other].find, str_of(rule->needs), member);
        return;
    }
    buffer_add(&name, (struct str){ rule->needs, (size_t)(star - rule->needs) });
    buffer_add(&name, member);
    buffer_add(&name, str_of(star + 1));
    ask_key(ask, ASK_TYPE, buffer_str(&name));
    buffer_release(&name);
}

static bool is_found(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_INTEGER ? reply->integer == 1
                                              : reply->type != REDIS_REPLY_NIL;
}

/* A set that is not there has no members. */
static int take_in_other(struct ask *ask, const struct members *members,
                         bool *ret_is_there, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;

    *ret_is_there = members->other_elsewhere;
    if (!ways[members->other].step)
        return 0;
    if (ask_answer(ask, ways[members->other].find, &reply, err) < 0)
        return err->code;
    *ret_is_there = is_found(reply) || mutant("members-alone");
    return 0;
}

/* A key that another node has is not known to be gone. */
static int take_needed(struct ask *ask, const struct members *members, bool *ret_is_there,
                       struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    struct str type;

    if (members->rule->is_in)
        return take_in_other(ask, members, ret_is_there, err);
    if (take_type(ask, &type, &reply, err) < 0)
        return err->code;
    *ret_is_there = !str_is_word(type, "none") || mutant("members-alone");
    return 0;
}

/* Is it one that the rule is about? Others may use the same name for something else. */
static bool is_meant(const struct rule *rule, struct str member)
{
    return !rule->glob.count || patterns_match(&rule->glob, member);
}

static bool is_kept(const struct members *members, struct str name)
{
    for (size_t i = 0; i < members->looked_again; i++)
        if (str_compare(group_name_str(members->names[i]), name) == 0)
            return true;
    return false;
}

static void add_alone(struct members *members, struct str name)
{
    members->alone++;
    if (members->looked_again < GROUP_NAMES && name.length <= GROUP_NAME_BYTES &&
        !is_kept(members, name))
        members->names[members->looked_again++] =
            (struct group_name){ mem_copy(name.bytes, name.length), name.length };
}

static struct str member_at(const redisReply *list, size_t i)
{
    return resp_text(list->element[i]);
}

static int take_members(struct ask *ask, enum question question, redisReply **ret,
                        struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;

    if (ask_answer(ask, question, &reply, err) < 0)
        return err->code;
    if (!ask_is_scan(reply))
        return err_set(err, -EPROTO, "the members of a set: the reply is none of SCAN");
    *ret = TAKE_PTR(reply);
    return 0;
}

int members_step(struct ask *ask, struct members *members, uint64_t count,
                 struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    const redisReply *list;
    const struct way *way;

    if (!members->begun && (begin(ask, members, err) < 0 || members->done))
        return err->code;
    way = &ways[members->type];
    ask_members(ask, way->scan, str_of(members->rule->key), members->cursor, count);
    if (ask_send(ask, err) < 0 || take_members(ask, way->scan, &reply, err) < 0)
        return err->code;
    members->cursor = strtoull(reply->element[0]->str, NULL, 10);
    members->done = !members->cursor;
    list = reply->element[1];
    for (size_t i = 0; i < list->elements; i += way->step)
        if (is_meant(members->rule, member_at(list, i)))
            ask_needed(ask, members, member_at(list, i));
    if (ask_send(ask, err) < 0)
        return err->code;
    for (size_t i = 0; i < list->elements; i += way->step) {
        bool is_there = false;

        if (!is_meant(members->rule, member_at(list, i)))
            continue;
        if (take_needed(ask, members, &is_there, err) < 0)
            return err->code;
        members->count++;
        if (!is_there)
            add_alone(members, member_at(list, i));
    }
    return 0;
}

/* Has it still no key, although it is a member? */
static int take_again(struct ask *ask, const struct members *members, bool *ret_is_lost,
                      struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    enum question find = ways[members->type].find;
    bool is_there = false;

    if (take_needed(ask, members, &is_there, err) < 0 ||
        ask_answer(ask, find, &reply, err) < 0)
        return err->code;
    *ret_is_lost = !is_there && is_found(reply);
    return 0;
}

int members_look_again(struct ask *ask, struct members *members, struct err *err)
{
    enum question find = ways[members->type].find;

    if (members->looked_again && find_other(ask, members, err) < 0)
        return err->code;
    for (size_t i = 0; i < members->looked_again; i++) {
        struct str member = group_name_str(members->names[i]);

        ask_needed(ask, members, member);
        ask_member(ask, find, str_of(members->rule->key), member);
    }
    if (ask_send(ask, err) < 0)
        return err->code;
    for (size_t i = 0; i < members->looked_again; i++) {
        struct group_name name = members->names[i];
        bool is_lost = false;

        if (take_again(ask, members, &is_lost, err) < 0)
            return err->code;
        if (!is_lost)
            continue;
        members->names[i] = members->names[members->lost];
        members->names[members->lost++] = name;
    }
    return 0;
}

void members_release(struct members *members)
{
    for (size_t i = 0; i < members->looked_again; i++)
        free(members->names[i].bytes);
    members->looked_again = members->lost = 0;
}
