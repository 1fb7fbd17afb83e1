/* found.c - see found.h. */
#include "audit/found.h"

#include <stdlib.h>

#include "audit/places.h"
#include "audit/stars.h"
#include "base/mem.h"
#include "base/mutant.h"

#define NARROW_FROM 4096 /* names of keys that were not asked about */

struct found found_of(const struct rules *rules, unsigned db, struct fresh *fresh)
{
    struct found found = { .db = db, .fresh = fresh };

    for (size_t i = 0; i < rules->count; i++) {
        if (!rule_has_stars(&rules->items[i]))
            continue;
        found.rules = mem_grow(found.rules, found.count + 1, sizeof(*found.rules));
        found.rules[found.count++] = (struct found_rule){ .rule = &rules->items[i] };
    }
    return found;
}

void found_release(struct found *found)
{
    for (size_t i = 0; i < found->count; i++) {
        struct found_rule *of = &found->rules[i];

        for (size_t k = 0; k < of->count; k++)
            members_release(&of->items[k]);
        free(of->items);
        places_release(&of->places);
    }
    free(found->rules);
    *found = FOUND_NULL;
}

/* The set, or the queue of the keys, with that name. NULL: there is no room for it. */
static struct members *find(const struct found *found, struct found_rule *of,
                            struct str key, struct str star)
{
    for (size_t i = 0; i < of->count; i++) {
        size_t at = (of->last + i) % of->count;

        if (str_compare(group_name_str(of->items[at].key), key) == 0) {
            of->last = at;
            return &of->items[at];
        }
    }
    if (of->count == FOUND_MOST)
        return NULL;
    of->items = mem_grow(of->items, of->count + 1, sizeof(*of->items));
    of->last = of->count;
    of->items[of->count++] = members_found(of->rule, found->db, key, star);
    of->items[of->last].fresh = found->fresh;
    return &of->items[of->last];
}

/* A key that must be in a place. */
static void add_claim(struct found *found, struct found_rule *of, const struct str *stars)
{
    const char *key = of->rule->key;
    bool is_free = rule_is_free(of->rule);
    struct str star = is_free ? STR("") : stars[0], member = stars[is_free ? 0 : 1];
    const struct str words[] = { star, STR("*") };
    struct members *members;
    struct buffer queue;

    if (!members_is_meant(of->rule, member))
        return;
    queue = stars_fill(key, words + is_free);
    members = find(found, of, buffer_str(&queue), star);
    buffer_release(&queue);
    if (members && !found->full)
        members_claim(members, member);
    else
        (*(members ? &members->unseen : &of->unseen))++;
}

static void add_place(struct found_rule *of, struct str key)
{
    struct str stars[STARS_MOST];

    for (size_t i = 0; i < of->rule->places.count; i++)
        if (stars_match(of->rule->places.globs[i], key, stars))
            places_add(&of->places, key);
}

void found_add(struct found *found, struct str key, enum key_type type, int64_t ttl_ms)
{
    bool is_claimed = mutant("keys-anywhere");

    for (size_t i = found->count; i-- > 0;) {
        struct found_rule *of = &found->rules[i];
        struct str stars[STARS_MOST];

        if (rule_is_free(of->rule) && place_ways[type].step)
            add_place(of, key);
        if (of->rule->of_keys) {
            if (ttl_ms >= 0 || is_claimed || !stars_match(of->rule->key, key, stars))
                continue;
            is_claimed = true; /* by the last rule */
            add_claim(found, of, stars);
        } else if (place_ways[type].step && stars_match(of->rule->key, key, stars)) {
            of->unseen += !find(found, of, key, stars[0]);
        }
    }
}

/* Names that are held, and those that could be asked about, and were not: of which the
 * places are known. */
struct held {
    size_t all, unasked;
};

static struct held held_of(const struct found *found)
{
    struct held held = { 0, 0 };

    for (size_t i = 0; i < found->count; i++)
        for (size_t k = 0; k < found->rules[i].count; k++) {
            const struct members *members = &found->rules[i].items[k];

            held.all += members->claims.count;
            if (!rule_is_free(members->rule))
                held.unasked += members->claims.count - members->asked;
        }
    return held;
}

int found_narrow(struct found *found, struct ask *ask, struct err *err)
{
    struct held held = held_of(found);
    bool all = held.all > CLAIMS_MOST / 2 && held.unasked > NARROW_FROM;

    for (size_t i = 0; i < found->count; i++) {
        struct found_rule *of = &found->rules[i];

        for (size_t k = 0; k < of->count && !rule_is_free(of->rule); k++) {
            struct members *members = &of->items[k];
            size_t left = members->claims.count - members->asked;

            if (left > (all ? 0 : NARROW_FROM) && members_narrow(ask, members, err) < 0)
                return err->code;
        }
    }
    found->full = held_of(found).all >= CLAIMS_MOST;
    return 0;
}

/* Places of a queue come and go: where SCAN has shown one of them, others may be by the
 * second look. */
static void add_others(struct found_rule *of)
{
    const struct patterns *globs = &of->rule->places;
    size_t shown = of->places.count;

    for (size_t i = 0; i < shown; i++)
        for (size_t k = 0; k < globs->count; k++) {
            struct str stars[STARS_MOST];

            if (stars_count(globs->globs[k]) &&
                stars_match(globs->globs[k], place_key(&of->places.items[i]), stars))
                places_fill(&of->places, globs, stars[0]);
        }
}

void found_settle(struct found *found)
{
    for (size_t i = 0; i < found->count; i++) {
        struct found_rule *of = &found->rules[i];

        add_others(of);
        for (size_t k = 0; k < of->count && rule_is_free(of->rule); k++) {
            places_release(&of->items[k].places);
            of->items[k].places = of->places;
            of->places = PLACES_NULL;
        }
        for (size_t k = 0; k < of->count; k++)
            of->items[k].crowded = of->unseen > 0;
        if (of->count)
            of->items[0].unseen += of->unseen;
    }
}
