/* rounds.c - see rounds.h. */
#include "audit/rounds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "redis/quote.h"

#define CONFIDENCE 0.95
#define SECONDS_PER_HOUR 3600.0
#define LEAKS_MOST 16384 /* beyond these none is kept of which nothing is known */

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
    const struct wrong *wrongs[] = { &set->alone, &set->several };
    uint64_t count = 0;

    for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++)
        if (wrongs[i]->lost)
            count += confirmed(wrongs[i]->count, wrongs[i]->lost, wrongs[i]->drawn.count);
    return count;
}

static bool is_exact(const struct members *set)
{
    return members_lost(set) == members_looked_again(set) ||
           !(members_unlooked(set) + members_moving(set));
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

static void add(struct leaks *leaks, const char *name, struct leak leak)
{
    leaks->items = mem_grow(leaks->items, leaks->count + 1, sizeof(*leaks->items));
    leak.name = mem_strdup(name);
    leaks->items[leaks->count++] = leak;
}

static double weight_of(const struct newcomers *newcomers)
{
    return newcomers->count / (double)newcomers->drawn.count;
}

/* Those that were found again stand for the others, too. */
static struct weighted more_of(const struct newcomers *newcomers)
{
    struct weighted more = { .count = 0 };

    for (size_t i = 0; newcomers && i < newcomers->left; i++)
        weighted_add(&more, weight_of(newcomers));
    return more;
}

/* Is nothing lost for sure, but some of it not known? */
static bool is_group_unknown(const struct audit_group *group, const struct leak *leak)
{
    return group->unsure && group->db == leak->db &&
           strcmp(group->pattern, leak->name) == 0;
}

static bool is_named(const struct members *set, const struct leak *leak)
{
    CLEANUP(mem_freep) char *name = name_of(set);

    return strcmp(name, leak->name) == 0;
}

/* Or was there no room for it? */
static bool is_set_unknown(const struct audit *audit, const struct leak *leak)
{
    bool is_there = false, is_crowded = false;

    for (size_t i = 0; i < audit->set_count; i++) {
        const struct members *set = &audit->sets[i];

        if (set->rule != leak->rule || set->db != leak->db)
            continue;
        is_crowded |= set->crowded;
        if (!is_named(set, leak))
            continue;
        if (!members_lost(set) && (members_unsure(set) || !members_complete(set)))
            return true;
        is_there = true;
    }
    return is_crowded && !is_there;
}

static bool is_unknown(const struct audit *audit, const struct leak *leak)
{
    for (size_t i = 0; i < audit->group_count; i++)
        if (is_group_unknown(&audit->groups[i], leak))
            return true;
    return is_set_unknown(audit, leak);
}

/* No fewer than there are among those that are new, of whom others were looked at again.
 */
static void add_confirmed(struct leaks *leaks, const char *name, struct leak leak)
{
    if (leak.keys < leak.more.count)
        leak.keys = leak.more.count;
    add(leaks, name, leak);
}

static void add_group(struct leaks *leaks, const struct audit_group *group)
{
    struct leak leak = { .db = group->db, .more = more_of(group->keys.newcomers) };
    size_t left = group->suspect_count;

    if (!audit_is_suspect(group) || !(left || leak.more.count))
        return;
    leak.exact = left == group->keys.drawn.count || !audit_unlooked(group);
    if (left)
        leak.keys = confirmed(group->keys.persistent, left, group->keys.drawn.count);
    add_confirmed(leaks, group->pattern, leak);
}

static void add_set(struct leaks *leaks, const struct members *set)
{
    CLEANUP(mem_freep) char *name = name_of(set);
    struct leak leak = { .db = set->db,
                         .rule = set->rule,
                         .keys = confirmed_of(set),
                         .exact = is_exact(set),
                         .more = more_of(set->newcomers) };

    if (leak.keys || leak.more.count)
        add_confirmed(leaks, name, leak);
}

static struct leaks leaks_of(const struct audit *audit)
{
    struct leaks leaks = { NULL, 0 };

    for (size_t i = 0; i < audit->group_count; i++)
        add_group(&leaks, &audit->groups[i]);
    for (size_t i = 0; i < audit->set_count; i++)
        add_set(&leaks, &audit->sets[i]);
    return leaks;
}

static bool is_incomplete(const struct members *set)
{
    return !members_complete(set);
}

static bool is_crowded(const struct members *set)
{
    return set->crowded;
}

static struct leaks sets_that(const struct audit *audit,
                              bool (*are)(const struct members *set))
{
    struct leaks sets = { NULL, 0 };

    for (size_t i = 0; i < audit->set_count; i++) {
        CLEANUP(mem_freep) char *name = name_of(&audit->sets[i]);

        if (are(&audit->sets[i]))
            add(&sets, name,
                (struct leak){ .db = audit->sets[i].db, .rule = audit->sets[i].rule });
    }
    return sets;
}

static const struct leak *find(const struct leaks *leaks, const struct leak *leak)
{
    for (size_t i = 0; i < leaks->count; i++)
        if (leaks->items[i].db == leak->db &&
            strcmp(leaks->items[i].name, leak->name) == 0)
            return &leaks->items[i];
    return NULL;
}

/* Of a set that was not seen the round before, or not whole, nobody knows who was there.
 */
static bool is_known(const struct rounds *before, const struct leak *leak)
{
    bool is_crowded = false;

    for (size_t i = 0; i < before->crowded.count && leak->rule; i++)
        is_crowded |= before->crowded.items[i].rule == leak->rule &&
                      before->crowded.items[i].db == leak->db;
    return !find(&before->unknown, leak) && (!is_crowded || find(&before->crowded, leak));
}

static void compare(struct leak *now, const struct rounds *rounds)
{
    const struct leak *before = find(&rounds->now, now);
    uint64_t more;

    if (!is_known(rounds, now))
        now->more = (struct weighted){ .count = 0 };
    more = leak_more(now);
    if (now->keys < more)
        now->keys = more;
    now->change = !before ? LEAK_NEW
                  : more  ? LEAK_GROWING
                  : now->keys < before->keys && now->exact && before->exact
                      ? LEAK_SHRINKING
                      : LEAK_SAME;
}

/* What one that was not seen may have stood for. */
static double unit_of(const struct audit *audit)
{
    double unit = audit->fresh_weight > 1 ? audit->fresh_weight : 1;

    for (size_t i = 0; i < audit->group_count; i++) {
        const struct newcomers *newcomers = audit->groups[i].keys.newcomers;

        if (newcomers && audit_is_suspect(&audit->groups[i]))
            unit = fmax(unit, weight_of(newcomers));
    }
    for (size_t i = 0; i < audit->set_count; i++)
        if (audit->sets[i].newcomers)
            unit = fmax(unit, weight_of(audit->sets[i].newcomers));
    return unit;
}

/* Those of the round before of which nothing is known now are as they were. */
static void keep_unknown(struct leaks *now, const struct leaks *before,
                         const struct audit *audit)
{
    for (size_t i = 0; i < before->count; i++) {
        const struct leak *leak = &before->items[i];

        if (now->count < LEAKS_MOST && !find(now, leak) && is_unknown(audit, leak))
            add(now, leak->name,
                (struct leak){ .db = leak->db,
                               .rule = leak->rule,
                               .keys = leak->keys,
                               .exact = leak->exact });
    }
}

/* Of the round before, those that leak no more. */
static struct leaks gone_of(const struct leaks *before, const struct leaks *now,
                            const struct audit *audit)
{
    struct leaks gone = { NULL, 0 };

    for (size_t i = 0; i < before->count; i++)
        if (!find(now, &before->items[i]) && !is_unknown(audit, &before->items[i]))
            add(&gone, before->items[i].name,
                (struct leak){ .db = before->items[i].db,
                               .keys = before->items[i].keys });
    return gone;
}

void rounds_add(struct rounds *rounds, const struct audit *audit, uint64_t now_ns)
{
    struct leaks now = leaks_of(audit);

    keep_unknown(&now, &rounds->now, audit);
    for (size_t i = 0; i < now.count && rounds->count; i++) {
        compare(&now.items[i], rounds);
        if (!mutant("arrivals-uncounted"))
            rounds->arrived = weighted_both(&rounds->arrived, &now.items[i].more);
    }
    leaks_release(&rounds->gone);
    rounds->gone = gone_of(&rounds->now, &now, audit);
    leaks_release(&rounds->now);
    leaks_release(&rounds->unknown);
    leaks_release(&rounds->crowded);
    rounds->now = now;
    rounds->unknown = sets_that(audit, is_incomplete);
    rounds->crowded = sets_that(audit, is_crowded);
    rounds->units += rounds->count ? unit_of(audit) : 0;
    if (!rounds->count++)
        rounds->start_ns = now_ns;
    rounds->last_ns = now_ns;
}

void rounds_release(struct rounds *rounds)
{
    leaks_release(&rounds->now);
    leaks_release(&rounds->gone);
    leaks_release(&rounds->unknown);
    leaks_release(&rounds->crowded);
    *rounds = ROUNDS_NULL;
}

uint64_t rounds_leaked(const struct rounds *rounds)
{
    uint64_t keys = 0;

    for (size_t i = 0; i < rounds->now.count; i++)
        keys += rounds->now.items[i].keys;
    return keys;
}

static uint64_t whole(const struct weighted *weighted)
{
    return (uint64_t)round(weighted->sum);
}

uint64_t rounds_arrived(const struct rounds *rounds)
{
    return whole(&rounds->arrived);
}

uint64_t leak_more(const struct leak *leak)
{
    return whole(&leak->more);
}

bool rounds_per_hour(const struct rounds *rounds, double *ret_estimate,
                     struct interval *ret_interval)
{
    double hours =
        ns_to_s((double)(rounds->last_ns - rounds->start_ns)) / SECONDS_PER_HOUR;
    struct interval events;

    if (rounds->count < 2 || !(hours > 0))
        return false;
    events = weighted_sum_interval(
        &rounds->arrived, rounds->units / (double)(rounds->count - 1), CONFIDENCE);
    *ret_estimate = rounds->arrived.sum / hours;
    *ret_interval = (struct interval){ events.low / hours, events.high / hours };
    return true;
}
