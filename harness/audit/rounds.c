/* rounds.c - see rounds.h. */
#include "audit/rounds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "redis/quote.h"
#include "stats/weighted.h"

#define CONFIDENCE 0.95
#define SECONDS_PER_HOUR 3600.0

static void leaks_release(struct leaks *leaks)
{
    for (size_t i = 0; i < leaks->count; i++)
        free(leaks->items[i].name);
    free(leaks->items);
    *leaks = (struct leaks){ NULL, 0 };
}

/* Of `all`, as many as the second look leaves; at least one, for there is a leak. */
static uint64_t confirmed(uint64_t all, size_t left, size_t looked_again)
{
    double share = looked_again ? (double)left / (double)looked_again : 1;
    double keys = round((double)all * share);

    return keys > 1 ? (uint64_t)keys : 1;
}

/* Of those in no place, and of those in too many, each by its own share. */
static uint64_t confirmed_of(const struct members *set)
{
    size_t alone = set->lost - set->lost_several;
    uint64_t count = 0;

    if (alone)
        count += confirmed(set->alone, alone, set->looked_again - set->looked_several);
    if (set->lost_several)
        count += confirmed(set->several, set->lost_several, set->looked_several);
    return count;
}

/* A set's key, whatever bytes it has. The caller frees it. */
static char *name_of(const struct members *set)
{
    char *text;
    FILE *out = mem_stream(&text);

    quote_print(out, group_name_str(set->key), true);
    fclose(out);
    return text;
}

static void add(struct leaks *leaks, unsigned db, const char *name, uint64_t keys)
{
    leaks->items = mem_grow(leaks->items, leaks->count + 1, sizeof(*leaks->items));
    leaks->items[leaks->count++] =
        (struct leak){ .db = db, .name = mem_strdup(name), .keys = keys };
}

/* Is nothing lost for sure, but some of it not known? */
static bool is_group_unknown(const struct audit_group *group, const struct leak *leak)
{
    return group->unsure && group->db == leak->db &&
           strcmp(group->pattern, leak->name) == 0;
}

static bool is_set_unknown(const struct members *set, const struct leak *leak)
{
    CLEANUP(mem_freep) char *name = name_of(set);

    return !set->lost && (members_unsure(set) || !members_complete(set)) &&
           set->db == leak->db && strcmp(name, leak->name) == 0;
}

static bool is_unknown(const struct audit *audit, const struct leak *leak)
{
    for (size_t i = 0; i < audit->group_count; i++)
        if (is_group_unknown(&audit->groups[i], leak))
            return true;
    for (size_t i = 0; i < audit->set_count; i++)
        if (is_set_unknown(&audit->sets[i], leak))
            return true;
    return false;
}

static struct leaks leaks_of(const struct audit *audit)
{
    struct leaks leaks = { NULL, 0 };

    for (size_t i = 0; i < audit->group_count; i++) {
        const struct audit_group *group = &audit->groups[i];

        if (group->leaks && group->keys.persistent)
            add(&leaks, group->db, group->pattern,
                confirmed(group->keys.persistent, group->suspect_count,
                          group->keys.name_count));
    }
    for (size_t i = 0; i < audit->set_count; i++) {
        const struct members *set = &audit->sets[i];
        CLEANUP(mem_freep) char *name = name_of(set);

        if (set->lost)
            add(&leaks, set->db, name, confirmed_of(set));
    }
    return leaks;
}

static const struct leak *find(const struct leaks *leaks, const struct leak *leak)
{
    for (size_t i = 0; i < leaks->count; i++)
        if (leaks->items[i].db == leak->db &&
            strcmp(leaks->items[i].name, leak->name) == 0)
            return &leaks->items[i];
    return NULL;
}

static void compare(struct leak *now, const struct leak *before)
{
    uint64_t had = before ? before->keys : 0;

    now->more = now->keys > had ? now->keys - had : 0;
    now->change = !before            ? LEAK_NEW
                  : now->more        ? LEAK_GROWING
                  : now->keys == had ? LEAK_SAME
                                     : LEAK_SHRINKING;
}

/* Those of the round before of which nothing is known now are as they were. */
static void keep_unknown(struct leaks *now, const struct leaks *before,
                         const struct audit *audit)
{
    for (size_t i = 0; i < before->count; i++) {
        const struct leak *leak = &before->items[i];

        if (!find(now, leak) && is_unknown(audit, leak))
            add(now, leak->db, leak->name, leak->keys);
    }
}

/* Of the round before, those that leak no more. */
static struct leaks gone_of(const struct leaks *before, const struct leaks *now)
{
    struct leaks gone = { NULL, 0 };

    for (size_t i = 0; i < before->count; i++)
        if (!find(now, &before->items[i]))
            add(&gone, before->items[i].db, before->items[i].name, before->items[i].keys);
    return gone;
}

void rounds_add(struct rounds *rounds, const struct audit *audit, uint64_t now_ns)
{
    struct leaks now = leaks_of(audit);

    keep_unknown(&now, &rounds->now, audit);
    for (size_t i = 0; i < now.count && rounds->count; i++) {
        compare(&now.items[i], find(&rounds->now, &now.items[i]));
        rounds->arrived += mutant("arrivals-uncounted") ? 0 : now.items[i].more;
    }
    leaks_release(&rounds->gone);
    rounds->gone = gone_of(&rounds->now, &now);
    leaks_release(&rounds->now);
    rounds->now = now;
    if (!rounds->count++)
        rounds->start_ns = now_ns;
    rounds->last_ns = now_ns;
}

void rounds_release(struct rounds *rounds)
{
    leaks_release(&rounds->now);
    leaks_release(&rounds->gone);
    *rounds = ROUNDS_NULL;
}

uint64_t rounds_leaked(const struct rounds *rounds)
{
    uint64_t keys = 0;

    for (size_t i = 0; i < rounds->now.count; i++)
        keys += rounds->now.items[i].keys;
    return keys;
}

bool rounds_per_hour(const struct rounds *rounds, double *ret_estimate,
                     struct interval *ret_interval)
{
    double hours =
        ns_to_s((double)(rounds->last_ns - rounds->start_ns)) / SECONDS_PER_HOUR;
    double count = (double)rounds->arrived;
    struct interval events = weighted_sum_interval(
        &(struct weighted){ rounds->arrived, count, count }, 1, CONFIDENCE);

    if (!(hours > 0))
        return false;
    *ret_estimate = count / hours;
    *ret_interval = (struct interval){ events.low / hours, events.high / hours };
    return true;
}
