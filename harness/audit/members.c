/* members.c - see members.h: what they are, and what was found of them. The first look is
 * in members_look.c, the second one in members_again.c. */
#include "audit/members.h"

#include <stdlib.h>

#include "audit/stars.h"
#include "base/mem.h"
#include "base/mutant.h"

static struct group_name name_of(struct str text)
{
    return (struct group_name){ mem_copy(text.bytes, text.length), text.length };
}

struct members members_of(const struct rule *rule, unsigned db)
{
    return members_found(rule, db, str_of(rule->key), STR(""));
}

struct members members_found(const struct rule *rule, unsigned db, struct str key,
                             struct str star)
{
    struct members members = { .rule = rule,
                               .db = db,
                               .type = KEY_OTHER,
                               .key = name_of(key),
                               .star = name_of(star) };

    if (!rule_is_free(rule))
        places_fill(&members.places, &rule->places, star);
    return members;
}

void members_release(struct members *members)
{
    drawn_forget(&members->alone.drawn);
    drawn_forget(&members->several.drawn);
    newcomers_free(&members->newcomers);
    free(members->key.bytes);
    free(members->star.bytes);
    members->key.bytes = members->star.bytes = NULL;
    places_release(&members->places);
    claims_release(&members->claims);
}

struct buffer members_name(const struct members *members, const char *name,
                           struct str member)
{
    struct str words[] = { group_name_str(members->star), member };

    return stars_fill(name, words + (stars_count(name) < STARS_MOST));
}

/* The i-th one that is lost. */
static struct str lost_at(const struct members *members, size_t i)
{
    const struct wrong *wrong = &members->alone;
    size_t at = 0;

    if (i >= wrong->lost) {
        i -= wrong->lost;
        wrong = &members->several;
    }
    while (!wrong->is_lost[at] || i--)
        at++;
    return group_name_str(wrong->drawn.names[at]);
}

struct buffer members_lost_name(const struct members *members, size_t i)
{
    struct str name = lost_at(members, i);
    struct buffer member = BUFFER_NULL;

    if (members->rule->of_keys)
        return members_name(members, members->rule->key, name);
    buffer_add(&member, name);
    return member;
}

uint64_t members_unlooked(const struct members *members)
{
    uint64_t left = mutant("unlooked-unasked") ? 0 : drawn_left(&members->alone.drawn);

    return left + members->untold;
}

bool members_unsure(const struct members *members)
{
    return !members_lost(members) && members_unlooked(members);
}

bool members_has_read(const struct members *members, struct str key)
{
    if (!members->rule->of_keys && str_compare(group_name_str(members->key), key) == 0)
        return true;
    for (size_t i = 0; i < members->places.count; i++)
        if (str_compare(place_key(&members->places.items[i]), key) == 0)
            return true;
    return false;
}

bool members_complete(const struct members *members)
{
    return members->done && !members->unseen && !members->cut;
}

/* ---- what is found ---- */

bool members_is_meant(const struct rule *rule, struct str member)
{
    return !rule->glob.count || patterns_match(&rule->glob, member);
}

/* SSCAN may show one twice. */
static void find(struct members *members, struct wrong *wrong, struct str name,
                 size_t most)
{
    wrong->count++;
    if (!drawn_has(&wrong->drawn, name))
        drawn_add(&wrong->drawn, name, most);
    if (members->fresh)
        newcomers_add(
            &members->newcomers, name,
            fresh_add(members->fresh, members->db, group_name_str(members->key), name));
}

void members_add_alone(struct members *members, struct str name)
{
    find(members, &members->alone, name, DRAWN_MOST);
}

/* What moves out of a list while it is read is in two places often, and is no suspect for
 * that alone. */
void members_add_several(struct members *members, struct str name)
{
    find(members, &members->several, name, DRAWN_MOST / 2);
}

bool members_has_lists(const struct members *members)
{
    for (size_t i = 0; i < members->places.count; i++)
        if (places_is_list(&members->places.items[i]))
            return true;
    return false;
}

void members_claim(struct members *members, struct str member)
{
    members->unseen +=
        member.length > DRAWN_BYTES || !claims_add(&members->claims, member);
}

void members_settle(struct members *members, struct str member, unsigned places)
{
    members->count++;
    if (places > 1 && members->rule->one_of)
        members_add_several(members, member);
    else if (!places && members_has_lists(members))
        members_claim(members, member);
    else if (!places)
        members_add_alone(members, member);
}
