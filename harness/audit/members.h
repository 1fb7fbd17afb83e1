/* members.h - sets whose members stand for keys: by a rule each member must have a key of
 * a name that is made from it, and one whose key is gone was left by who made both.
 *
 * Sets, sorted sets and hashes, whose fields are members, are looked at in steps, by
 * SSCAN and its like, and of each member it is asked whether its key is there, or whether
 * another set has it, too. Who has none is looked at again later: it is none that lost
 * its key if that is there by then, or it is no member any more. */
#pragma once

#include "audit/ask.h"
#include "audit/group.h"
#include "audit/rules.h"

struct members {
    const struct rule *rule; /* a rule of members; borrowed */
    unsigned db;
    enum key_type type;   /* KEY_OTHER: there is no set or sorted set of that name */
    enum key_type other;  /* of the set that must have them, too, by a rule with in */
    bool other_elsewhere; /* another node of a cluster has it */
    uint64_t cursor;
    bool begun, done;    /* not done: there are members that were not looked at */
    uint64_t count;      /* of members that were; SSCAN may show one twice */
    uint64_t alone;      /* those of them that had no key */
    size_t looked_again; /* at the first of these */
    struct group_name names[GROUP_NAMES]; /* first looked_again, then lost: who is left */
    size_t lost; /* that had no key the second time either, and are members still */
};

/* Looks at the next members, about `count`, until they are done. */
int members_step(struct ask *ask, struct members *members, uint64_t count,
                 struct err *err);
int members_look_again(struct ask *ask, struct members *members, struct err *err);
void members_release(struct members *members); /* may be called twice */
