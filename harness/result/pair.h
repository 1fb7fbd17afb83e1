/* pair.h - the two commands of an update that must be one, and what is true of them.
 * Pure.
 *
 * The command before the first crash point with lasting harm begins the harm, and the one
 * before the first later point without ends it. An EXEC stands for the commands between
 * it and its MULTI: nothing happened before, so a harm that begins with it was begun by
 * one of them. Commands that only read are never one of the pair: they do no harm, they
 * are only where the reply comes from that a later command needs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "redis/command.h"

struct pair_input {
    const struct command *const *commands; /* of a complete update */
    size_t count;
    size_t first;   /* the first crash point with lasting harm: so many commands were
                       executed */
    size_t healed;  /* the first later one without; count + 1: even the completed update
                       does harm */
    unsigned later; /* enum later, of the first harmful point */
    bool key_was_there; /* before the update: the key of command first - 1 */
    bool is_program;    /* what sends it is tested as it is */
    /* What was tried (trial/remedy.h), 0: nothing; did the first that could be tried
     * fail?
     */
    uint32_t remedy;
    bool failed;
};

/* What is true of a pair beyond what its two commands are. */
enum trait {
    SAME_KEY = 1 << 0,
    OTHER_KEY = 1 << 1,
    MOVED_KEY = 1 << 2,      /* the first moves something to the key of the second */
    ONTO_KEY = 1 << 3,       /* the second moves something to the key of the first */
    ONE_KEY = 1 << 4,        /* the first has no other key */
    ADJACENT = 1 << 5,       /* nothing is written between the two */
    SEVERAL = 1 << 6,        /* commands like the first one write its key */
    ALIKE = 1 << 7,          /* ..and no others do, the second included */
    ALL_SET = 1 << 8,        /* plain SETs from the first to the second */
    READ_BEFORE = 1 << 9,    /* the update has read the key of the first before */
    REPLIES = 1 << 10,       /* the first is in a transaction that also reads */
    KEY_STAYS = 1 << 11,     /* its key was there all the time, and keeps its expiry */
    MISSING = 1 << 12,       /* its key may have been missing */
    EXPIRY_BEFORE = 1 << 13, /* an EXPIRE of its key came before */
    HAD_EXPIRY = 1 << 14,    /* its key was written with an expiry before */
    LAST_EXPIRY = 1 << 15,   /* neither the first nor a later command gives it one */
    NO_EXPIRY = 1 << 16,     /* ..nor an earlier one */
    SAME_ELEMENT = 1 << 17,
    LEAKS = 1 << 18,
    APART = 1 << 19,      /* something is written between the two */
    MAY_EXPIRE = 1 << 20, /* its key is not kept for good, before and after the update */
    GIVEN_BACK = 1 << 21, /* what it counts up is counted down again behind the second */
    RELEASED = 1 << 22,   /* its key is deleted behind the second */
    UNEXPIRES = 1 << 23,  /* it takes the expiry of its key away, and does nothing else */
};

struct pair {
    const struct pair_input *input;
    size_t i, j;                 /* of the two commands; j is i if nothing heals */
    const struct command *a, *b; /* the commands */
    /* Places among the input's commands, or NULL: the deletion of the first's key before,
     * and what set its expiry before. */
    const struct command *const *deleted, *const *expiry;
    size_t writes; /* commands from the first to the second that write */
    uint32_t traits;
};

/* False if the points make no sense, or no command that writes is there to blame. */
bool pair_make(const struct pair_input *input, struct pair *ret);

/* Are they about one key? */
bool pair_shares_key(const struct pair *pair);
