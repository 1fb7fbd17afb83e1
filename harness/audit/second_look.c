/* second_look.c - see second_look.h. */
#include "audit/second_look.h"

#include <stdlib.h>

#include "base/mutant.h"
#include "redis/connection.h"
#include "redis/resp.h"

#define PTTL_FOREVER (-1)

static int take(struct ask *ask, struct audit_group *group, struct group_name name,
                struct err *err)
{
    CLEANUP(reply_freep) redisReply *type = NULL;
    struct suspect suspect = { .name = name };
    int64_t ttl_ms;

    if (ask_answer(ask, ASK_TYPE, &type, err) < 0 ||
        ask_number(ask, ASK_PTTL, &ttl_ms, err) < 0 ||
        ask_take_weight(ask, &suspect.weight, err) < 0)
        return err->code;
    suspect.type = key_type_of(resp_text(type));
    if (ttl_ms == PTTL_FOREVER || mutant("looked-at-once"))
        group->suspects[group->suspect_count++] = suspect;
    return 0;
}

/* Of its newcomers, who has no expiry still? */
static int look_at_newcomers(struct ask *ask, struct newcomers *newcomers,
                             struct err *err)
{
    for (size_t i = 0; i < newcomers->drawn.count; i++)
        ask_key(ask, ASK_PTTL, group_name_str(newcomers->drawn.names[i]));
    if (ask_send(ask, err) < 0)
        return err->code;
    for (size_t i = 0; i < newcomers->drawn.count; i++) {
        int64_t ttl_ms;

        if (ask_number(ask, ASK_PTTL, &ttl_ms, err) < 0)
            return err->code;
        newcomers->left += ttl_ms == PTTL_FOREVER;
    }
    return 0;
}

static int oldest_first(const void *a, const void *b)
{
    const struct suspect *x = a, *y = b;

    return (x->weight.idle_s < y->weight.idle_s) - (x->weight.idle_s > y->weight.idle_s);
}

static bool is_late(const struct audit_group *group)
{
    return group->rule && group->rule->within_s >= 0 &&
           group->keys.ttl_most_ms > group->rule->within_s * 1000;
}

int second_look(struct ask *ask, struct audit_group *group, struct err *err)
{
    const struct group *keys = &group->keys;
    uint64_t unlooked;

    group->late = is_late(group);
    group->leaks = group->late;
    if (!keys->persistent || !audit_is_suspect(group))
        return 0;
    for (size_t i = 0; i < keys->drawn.count; i++) {
        struct str key = group_name_str(keys->drawn.names[i]);

        ask_key(ask, ASK_TYPE, key);
        ask_key(ask, ASK_PTTL, key);
        ask_weight(ask, key);
    }
    if (ask_send(ask, err) < 0)
        return err->code;
    for (size_t i = 0; i < keys->drawn.count; i++)
        if (take(ask, group, keys->drawn.names[i], err) < 0)
            return err->code;
    if (keys->newcomers && look_at_newcomers(ask, keys->newcomers, err) < 0)
        return err->code;
    qsort(group->suspects, group->suspect_count, sizeof(*group->suspects), oldest_first);
    group->leaks |= group->suspect_count > 0;
    unlooked = mutant("unlooked-innocent") ? keys->drawn.too_long : audit_unlooked(group);
    group->unsure = !group->leaks && unlooked && !mutant("long-names-gone");
    return 0;
}

int second_look_inside(struct ask *ask, struct audit_group *group, uint64_t elements,
                       struct err *err)
{
    bool asked[DRAWN_MOST];

    for (size_t i = 0; i < group->suspect_count; i++) {
        const struct suspect *suspect = &group->suspects[i];

        asked[i] = glimpse_ask(ask, group_name_str(suspect->name), suspect->type,
                               suspect->weight.bytes, elements);
    }
    if (ask_send(ask, err) < 0)
        return err->code;
    for (size_t i = 0; i < group->suspect_count; i++)
        if (asked[i] && glimpse_take(ask, group->suspects[i].type, elements,
                                     &group->suspects[i].glimpse, err) < 0)
            return err->code;
    return 0;
}
