/* group.c - see group.h. */
#include "audit/group.h"

#include "base/mutant.h"

static const char *const type_names[KEY_TYPES] = {
    [KEY_STRING] = "string", [KEY_LIST] = "list", [KEY_SET] = "set",
    [KEY_ZSET] = "zset",     [KEY_HASH] = "hash", [KEY_STREAM] = "stream",
    [KEY_OTHER] = "other",
};

const char *key_type_name(enum key_type type)
{
    return type_names[type];
}

enum key_type key_type_of(struct str name)
{
    for (enum key_type type = 0; type < KEY_OTHER; type++)
        if (str_compare(name, str_of(type_names[type])) == 0)
            return type;
    return KEY_OTHER;
}

void group_add(struct group *group, struct str key, enum key_type type, int64_t ttl_ms)
{
    group->keys++;
    group->types[type]++;
    if (ttl_ms < 0) {
        group->persistent++;
        drawn_add(&group->drawn, key, DRAWN_MOST);
        return;
    }
    if (ttl_ms > group->ttl_most_ms)
        group->ttl_most_ms = ttl_ms;
}

void group_add_fresh(struct group *group, struct str key, double count)
{
    newcomers_add(&group->newcomers, key, count);
}

void group_add_bytes(struct group *group, uint64_t bytes)
{
    group->weighed++;
    group->bytes += bytes;
}

void group_add_idle(struct group *group, uint64_t idle_s)
{
    size_t step = 0;

    while (step < GROUP_IDLE_STEPS - 1 && idle_s >> step)
        step++;
    group->idle[step]++;
}

void group_merge(struct group *into, struct group *from)
{
    drawn_merge(&into->drawn, &from->drawn);
    newcomers_merge(&into->newcomers, &from->newcomers);
    into->keys += from->keys;
    into->persistent += from->persistent;
    for (size_t i = 0; i < KEY_TYPES; i++)
        into->types[i] += from->types[i];
    if (from->ttl_most_ms > into->ttl_most_ms)
        into->ttl_most_ms = from->ttl_most_ms;
    into->asked += from->asked;
    into->weighed += from->weighed;
    into->bytes += from->bytes;
    for (size_t i = 0; i < GROUP_IDLE_STEPS; i++)
        into->idle[i] += from->idle[i];
}

void group_release(struct group *group)
{
    drawn_forget(&group->drawn);
    newcomers_free(&group->newcomers);
    *group = (struct group){ .keys = 0 };
}

static void merge_blocks(void *into, void *from)
{
    group_merge(into, from);
}

static void release_block(void *block)
{
    group_release(block);
}

const struct learner_blocks group_blocks = { sizeof(struct group), merge_blocks,
                                             release_block };

bool group_is_mixed(const struct group *group)
{
    if (mutant("mixed-unseen"))
        return !group_expiring(group);
    return group->persistent && group_expiring(group) > group->persistent;
}

double group_memory(const struct group *group)
{
    return group->weighed
               ? (double)group->bytes / (double)group->weighed * (double)group->keys
               : -1;
}

int64_t group_idle_s(const struct group *group)
{
    uint64_t all = 0, less = 0;
    size_t step = 0;

    for (size_t i = 0; i < GROUP_IDLE_STEPS; i++)
        all += group->idle[i];
    if (!all)
        return -1;
    while (2 * (less += group->idle[step]) < all)
        step++;
    return (int64_t)1 << step;
}
