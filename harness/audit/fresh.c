/* fresh.c - see fresh.h. */
#include "audit/fresh.h"

#include <stdlib.h>
#include <xxhash.h>

#include "base/mem.h"

#define SLOTS (2 * (size_t)FRESH_MOST)
#define NOTHING 0

static double weight_of(unsigned level)
{
    return (double)((uint64_t)1 << level);
}

static bool is_kept(unsigned level, uint64_t hash)
{
    return !level || !(hash >> (64 - level));
}

/* The slot that has it, or would. */
static uint64_t *slot_of(const struct fresh_set *set, uint64_t hash)
{
    for (size_t i = (size_t)hash;;
         i++) { /* its lowest bits; the level is of the highest */
        uint64_t *slot = &set->slots[i & (SLOTS - 1)];

        if (*slot == NOTHING || *slot == hash)
            return slot;
    }
}

static void set_clear(struct fresh_set *set)
{
    free(set->slots);
    *set = (struct fresh_set){ .slots = NULL };
}

static bool set_has(const struct fresh_set *set, uint64_t hash)
{
    return set->slots && *slot_of(set, hash) == hash;
}

static struct fresh_set set_of(unsigned level)
{
    return (struct fresh_set){ .slots = mem_alloc(SLOTS * sizeof(uint64_t)),
                               .level = level };
}

static void set_add(struct fresh_set *set, uint64_t hash)
{
    *slot_of(set, hash) = hash;
    set->count++;
}

static void set_halve(struct fresh_set *set)
{
    struct fresh_set half = set_of(set->level + 1);

    for (size_t i = 0; i < SLOTS; i++)
        if (set->slots[i] != NOTHING && is_kept(half.level, set->slots[i]))
            set_add(&half, set->slots[i]);
    set_clear(set);
    *set = half;
}

void fresh_next(struct fresh *fresh)
{
    const struct fresh_set *now = &fresh->now;
    bool was_there = now->slots != NULL;
    unsigned level = now->level;

    if (level && now->count < FRESH_MOST / 4)
        level--;
    set_clear(&fresh->before);
    fresh->before = fresh->now;
    fresh->now = set_of(level);
    fresh->is_second = was_there;
}

/* Names of both rounds are known up to this one. */
static unsigned level_of(const struct fresh *fresh)
{
    return fresh->now.level > fresh->before.level ? fresh->now.level
                                                  : fresh->before.level;
}

double fresh_weight(const struct fresh *fresh)
{
    return weight_of(level_of(fresh));
}

double fresh_add(struct fresh *fresh, unsigned db, struct str set, struct str name)
{
    uint64_t seed = XXH3_64bits_withSeed(set.bytes, set.length, db);
    uint64_t hash = XXH3_64bits_withSeed(name.bytes, name.length, seed);
    unsigned level;

    hash += hash == NOTHING;
    if (!is_kept(fresh->now.level, hash) || set_has(&fresh->now, hash))
        return 0;
    while (fresh->now.count == FRESH_MOST) { /* again, of names made to be kept */
        set_halve(&fresh->now);
        if (!is_kept(fresh->now.level, hash))
            return 0;
    }
    set_add(&fresh->now, hash);
    level = level_of(fresh);
    if (!fresh->is_second || !is_kept(level, hash) || set_has(&fresh->before, hash))
        return 0;
    return weight_of(level);
}

void fresh_release(struct fresh *fresh)
{
    set_clear(&fresh->before);
    set_clear(&fresh->now);
    *fresh = FRESH_NULL;
}

void newcomers_add(struct newcomers **newcomers, struct str name, double count)
{
    if (!(count > 0) || name.length > DRAWN_BYTES)
        return;
    if (!*newcomers)
        *newcomers = MEM_NEW(struct newcomers);
    (*newcomers)->count += count;
    drawn_add(&(*newcomers)->drawn, name, DRAWN_MOST);
}

void newcomers_merge(struct newcomers **into, struct newcomers **from)
{
    if (!*into) {
        *into = *from;
        *from = NULL;
    } else if (*from) {
        (*into)->count += (*from)->count;
        drawn_merge(&(*into)->drawn, &(*from)->drawn);
    }
}

void newcomers_free(struct newcomers **newcomers)
{
    if (*newcomers)
        drawn_forget(&(*newcomers)->drawn);
    free(*newcomers);
    *newcomers = NULL;
}
