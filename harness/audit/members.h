/* members.h - sets whose members stand for something: by a rule each member must have a
 * key of a name that is made from it, or be in one of some places; and keys that must be
 * in one of them (rules.h). Who has none was left by whoever made both.
 *
 * Sets, sorted sets and hashes, whose fields are members, are looked at in steps, by
 * SSCAN and its like, and lists in windows. Of each member it is asked whether its key is
 * there, or whether a set has it; what must be in a list is kept until the lists have
 * been read. Who has none is looked at again later: it is no finding if it has one by
 * then, or is no member any more. */
#pragma once

#include "audit/ask.h"
#include "audit/claims.h"
#include "audit/fresh.h"
#include "audit/group.h"
#include "audit/places.h"
#include "audit/rules.h"
#include "audit/walk.h"

/* Those that are wrong in one way, and the names of some. */
struct wrong {
    uint64_t count;
    struct drawn drawn;       /* of these */
    bool is_lost[DRAWN_MOST]; /* which were so the second time, and are there still */
    size_t lost;              /* how many */
};

struct members {
    const struct rule *rule; /* of members or keys; borrowed */
    unsigned db;
    struct group_name key;  /* the set's name, or that of the keys, with a star */
    struct group_name star; /* what the first star of the rule's key stands for */
    enum key_type
        type; /* KEY_OTHER: there is no set of that name; of keys: it has none */
    struct places places;
    struct claims claims; /* names that have not been found */
    size_t asked;         /* of them, and were in no set */
    size_t phase;         /* of looking (members.c) */
    size_t list;          /* of the places, that is read */
    unsigned passes;      /* through the lists */
    uint64_t cursor;
    struct walk walk; /* through the members */
    uint64_t length;  /* of a list of members, at first */
    bool begun, done; /* not done: there are members that were not looked at */
    bool cut; /* a list is too long, or there are too many: of some nothing is known */
    uint64_t count;       /* of members that were looked at; SSCAN may show one twice */
    uint64_t unseen;      /* and that were not, for want of room */
    bool crowded;         /* its rule has more sets, for which there was no room */
    struct wrong alone;   /* those that have no key, or are in no place */
    struct wrong several; /* that are in more than one, and must not */
    struct fresh *fresh;  /* borrowed; NULL: nobody asks who is new */
    struct newcomers *newcomers; /* found, and not the round before; owned */
    uint64_t since_ns;           /* when these were found */
    uint64_t untold; /* of the samples, those of which it could not be told, or nobody had
                        time for them */
};
static inline size_t members_looked_again(const struct members *members)
{
    return members->alone.drawn.count + members->several.drawn.count;
}
/* Of these, who was so the second time, too, and is a member still. */
static inline size_t members_lost(const struct members *members)
{
    return members->alone.lost + members->several.lost;
}
/* Who was in more than one, and is not looked at again: most only move. */
static inline uint64_t members_moving(const struct members *members)
{
    return drawn_left(&members->several.drawn);
}
/* Found, and not looked at again, for they are too many or their names too long, or it
 * could not be told then. */
uint64_t members_unlooked(const struct members *members);
/* Is nobody lost for sure, but perhaps one of those? */
bool members_unsure(const struct members *members);

/* Of a rule of members without stars. */
struct members members_of(const struct rule *rule, unsigned db);
/* Of one with stars: of the key, and what its first star stands for. */
struct members members_found(const struct rule *rule, unsigned db, struct str key,
                             struct str star);
/* Is it one that the rule is about? Others may use the same name for something else. */
bool members_is_meant(const struct rule *rule, struct str member);
/* A key of a rule of keys, as the word that its last star stands for. */
void members_claim(struct members *members, struct str member);
/* Asks about those of them that were not asked about, so that there is room for more. */
int members_narrow(struct ask *ask, struct members *members, struct err *err);

/* For those who look: a name of the rule's with the member in place of its last star, and
 * of two the first one as that of the key. Owned by the caller. */
struct buffer members_name(const struct members *members, const char *name,
                           struct str member);
bool members_has_lists(const struct members *members);
/* One that has no key, or is in no place; and one that is in more than one. */
void members_add_alone(struct members *members, struct str name);
void members_add_several(struct members *members, struct str name);
/* Of a member that is in so many places, lists not counted. */
void members_settle(struct members *members, struct str member, unsigned places);

/* Looks at the next members, about `count`, until they are done. */
int members_step(struct ask *ask, struct members *members, uint64_t count,
                 struct err *err);
int members_look_again(struct ask *ask, struct members *members, struct err *err);
/* Instead of that, if there is no time for it: of what was found nothing is known then.
 */
void members_leave(struct members *members);
/* Was anything read of what is in the key, to look at them? */
bool members_has_read(const struct members *members, struct str key);
/* Is something known of all members that there are? */
bool members_complete(const struct members *members);
/* One of those that are left, as people know it: a member, or a key. Owned by the
 * caller. */
struct buffer members_lost_name(const struct members *members, size_t i);
void members_release(struct members *members); /* may be called twice */
