/* places.h - where something must be: in one of some sets, sorted sets, hashes (as a
 * field) or lists.
 *
 * Whether a set has it is asked at once. What lists have is read in steps, once for all
 * that is looked for (members.c); at the second look the server looks for one element in
 * all places in one write, so that what moves from one place to another in a transaction
 * or a script is in one of them: a server executes what came in one write at once, if it
 * is short. It looks at PLACES_LIST_MOST elements of a list and no more. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/ask.h"
#include "audit/group.h"
#include "redis/glob.h"

#define PLACES_MOST 512
#define PLACES_LIST_MOST 100000 /* which takes LPOS some 6 ms */

struct place {
    char *bytes; /* its key; owned */
    size_t length;
    enum key_type type; /* KEY_OTHER: there is none, or it can have no members */
    bool elsewhere;     /* another node of a cluster has it */
};

struct places {
    struct place *items; /* owned */
    size_t count;
    bool too_many; /* some are not among them, for there were more than PLACES_MOST */
};
#define PLACES_NULL ((struct places){ NULL, 0, false })

static inline struct str place_key(const struct place *place)
{
    return (struct str){ place->bytes, place->length };
}

void places_add(struct places *places, struct str key); /* one may be there already */
/* Each of the names of a rule, with that in place of its star. */
void places_fill(struct places *places, const struct patterns *names, struct str star);
/* Asks what they are, which may have come or gone. */
int places_find(struct ask *ask, struct places *places, struct err *err);
bool places_is_list(const struct place *place);

/* Asks those that are no lists whether they have a member; how many of them do. One that
 * another node has is taken to have it. */
void places_ask(struct ask *ask, const struct places *places, struct str member);
int places_take(struct ask *ask, const struct places *places, unsigned *ret_count,
                struct err *err);
/* Asks all of them, lists, too, and what they are. `ret_known`: false if a list is too
 * long to say, the server cannot look into it, or a place has become something else. */
void places_ask_all(struct ask *ask, const struct places *places, struct str member);
int places_take_all(struct ask *ask, struct places *places, unsigned *ret_count,
                    bool *ret_known, struct err *err);
void places_release(struct places *places); /* may be called twice */

/* How members of a type are asked for. */
struct place_way {
    enum question scan, find;
    size_t step; /* of what is read, one in so many is a member; 0: it has none */
};
extern const struct place_way place_ways[KEY_TYPES];

/* Asks whether an element is in a list. `ret_times`: how often, up to twice; -1: that is
 * not known. */
void place_ask_in_list(struct ask *ask, struct str list, struct str element);
int place_take_in_list(struct ask *ask, int *ret_times, struct err *err);
/* What TYPE says; "" of a key that this node of a cluster does not have. */
int place_take_type(struct ask *ask, struct str *ret, redisReply **ret_owner,
                    struct err *err);
/* Does the reply say that this user may not ask? */
bool place_is_forbidden(const redisReply *reply);
/* Does the reply of a question for a member say that it is there? */
bool place_is_found(const redisReply *reply);
