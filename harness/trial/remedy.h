/* remedy.h - an update as it was recorded, changed so that what must be one is one. Pure.
 *
 * Which commands must be one is known from a census (result/pair.h); what can be done
 * about them without knowing what they are for stands here, a row for each. What is made
 * is a text in the notation (scenario/notation.h), so that it can be tried (trial/cure.h)
 * and be shown, and tried again by whoever reads it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "redis/recording.h"

enum remedy_kind {
    REMEDY_NONE,          /* nothing can be made of a recording */
    REMEDY_MULTI,         /* one transaction of all from the first to the second */
    REMEDY_MULTI_NX,      /* the same; the second sets its expiry only if there is none */
    REMEDY_SCRIPT,        /* one script that makes these calls */
    REMEDY_SET_EXPIRY,    /* SET with the expiry that the other sets */
    REMEDY_HSETEX,        /* the same of fields of a hash */
    REMEDY_ONE,           /* one command for all that are alike: MSET, HSET a b c d */
    REMEDY_ONE_MULTI,     /* one transaction, in which those like the first are one */
    REMEDY_MOVE,          /* LMOVE, SMOVE */
    REMEDY_LEAVE_OUT,     /* the first: the second replaces what is there */
    REMEDY_EXPIRE_FIRST,  /* an expiry that what moves the key takes along */
    REMEDY_EXPIRE_BEHIND, /* an expiry behind what makes the key, in one transaction */
    REMEDY_KEEP_EXPIRY,   /* SET .. KEEPTTL */
    REMEDY_EXPIRE,        /* an expiry together with what makes the key */
    REMEDY_EXPIRE_NX,     /* the same, only if there is none yet */
    /* A lock that ends by itself, and that only its owner deletes. */
    REMEDY_EXPIRE_OWNED,
    REMEDY_SET_EXPIRY_OWNED,
    REMEDY_COUNT,
};

/* The same may be wrong at several places: all are mended together. */
#define REMEDY_PLACES 8
struct remedy {
    uint32_t kind;    /* enum remedy_kind */
    uint32_t places;  /* in the order of the recording; at least one */
    int64_t expiry_s; /* that REMEDY_EXPIRE gives */
    struct remedy_place {
        uint64_t from; /* the first, or what was deleted before it and belongs to it */
        uint64_t first, second; /* commands of the recording, from 0 on */
    } at[REMEDY_PLACES];
};

/* "multi", ..: by which it is kept; false: there is no such one. */
const char *remedy_name(enum remedy_kind kind);
bool remedy_parse(const char *name, enum remedy_kind *ret);

/* What comes of trying it (trial/cure.h). */
enum cure_outcome {
    CURE_TRIED,
    CURE_IMPOSSIBLE, /* it cannot be made of these commands */
    CURE_VARIES,     /* two recordings of the update differ, so none can be sent again */
    CURE_DEPENDS,    /* what the update sends depends on what it is answered */
    CURE_ASKS,       /* it may: there is a command whose answer is what it is for */
    CURE_STOPS,      /* an error ends the update, and would not end a transaction */
    CURE_REFUSED,    /* by this server */
    CURE_OTHER,      /* it leaves something else than the update */
    CURE_UNJUDGED,   /* a survivor took too long behind it, or gave up */
    CURE_OUTCOMES,
};

/* "tried", ..: by which it is kept; false: there is no such one. */
const char *cure_outcome_name(enum cure_outcome outcome);
bool cure_outcome_parse(const char *name, enum cure_outcome *ret);

/* May what comes later depend on what the commands that become one are answered? Of what
 * only writes one cannot tell by looking at it. */
bool remedy_asks(const struct recording *recording, const struct remedy *remedy);

/* Did the update wait for an answer to one of them before it sent all? */
bool remedy_waits(const struct recording *recording, const struct remedy *remedy);

/* The key of the first command at the first place; false: it has none. */
bool remedy_key(const struct recording *recording, const struct remedy *remedy,
                struct buffer *ret);

/* With all of them at once. NULL: it cannot be made of these commands. The caller frees
 * it. */
char *remedy_text(const struct recording *recording, const struct remedy *remedies,
                  size_t count);
