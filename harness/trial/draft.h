/* draft.h - a recorded update taken apart, to be changed and put together again as a text
 * in the notation (scenario/notation.h). Pure. */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "redis/command.h"
#include "redis/recording.h"

/* A command on its way into another update. */
struct part {
    struct str *words; /* in the draft's arena, their bytes too */
    size_t count, room;
    size_t index;           /* in the recording; PART_INSERTED: it was not there */
    struct command command; /* what it was */
    bool joined;            /* it left before its predecessor was answered */
    bool gone;
    unsigned piece;      /* of which it is a part, from 1 on; 0: of none */
    const char *opening; /* of the piece: "[" or "lua(" */
};

#define PART_INSERTED SIZE_MAX

struct draft {
    struct part *parts; /* owned; with room for some more */
    size_t count;
    struct arena arena; /* owned */
    unsigned pieces;
    int64_t expiry_s; /* for what is to be given one */
};

#define DRAFT_NULL ((struct draft){ .arena = ARENA_NULL })
void draft_release(struct draft *draft);

int draft_make(const struct recording *recording, struct draft *ret, struct err *err);

/* The text of it; NULL: nothing is left. The caller frees it. */
char *draft_text(const struct draft *draft);

static inline bool part_has_any(const struct part *part, uint32_t flags)
{
    return part->command.flags & flags;
}

bool part_is(const struct part *part, const char *name);

/* The word that is the command's first key; "": it has none. */
struct str part_key(const struct part *part);

/* The words' bytes belong to the draft already, or are literals. */
void part_set_words(struct draft *draft, struct part *part, const struct str *words,
                    size_t count);
void part_add_word(struct draft *draft, struct part *part, struct str word);

/* Where a command of the recording is by now. */
size_t draft_place(const struct draft *draft, size_t index);

/* There is room for DRAFT_INSERTED of them. */
#define DRAFT_INSERTED 64
void draft_insert(struct draft *draft, size_t at, const struct part *part);

/* Makes one of all parts from the one to the other, between the opening and what closes
 * it; with the transactions that they are in, whose MULTI and EXEC are left out, and with
 * the pieces that they are in: if one of these is a script, all of it is. False: there is
 * one with a flag of `never` among them, or one that watches keys. */
bool draft_enclose(struct draft *draft, size_t from, size_t to, const char *opening,
                   uint32_t never);
