/* verdict.h - is this state right? Two questions about a death, answered from states
 * alone. Pure.
 *
 * Now: what a reader sees right after the death, compared with the state before the
 * update and the state that the strategy itself leaves when nobody kills it.
 *
 * Later: what is left once time has done its work (everything with an expiry dropped,
 * recovery run, expiries dropped once more): the residue. It is compared with the two
 * residues that are right, that of the state before and that of the completed update. So
 * a scenario needs no invariants to find a leak: a leak is what survives time, recovery
 * and its owner.
 *
 * All states are sorted (state_sort()). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "state/moments.h"
#include "state/state.h"

enum now {
    NOW_INTACT, /* exactly the old state, or exactly the new one */
    NOW_GAP,    /* all old or all new, but something that is in both is missing: it heals
                   by itself */
    NOW_TORN,   /* anything else */
    NOW_COUNT,
};

/* Words for a residue that is not right, as a set. The empty set is "clean". */
enum later {
    LATER_LEAKED = 1 << 0,     /* a key or an element that is in neither residue */
    LATER_DUPLICATED = 1 << 1, /* more copies of an element than either residue has */
    LATER_LOST = 1 << 2,       /* in both residues, and gone */
    LATER_MIXED = 1 << 3,  /* part old and part new, for good; or a value of neither */
    LATER_STUCK = 1 << 4,  /* a fresh worker cannot do the operation again */
    LATER_BROKEN = 1 << 5, /* an invariant of the scenario's is violated */
    LATER_ALL = (1 << 6) - 1,
    LATER_COUNT = 6,
};

/* How long something lasts, ms; LASTS_FOREVER: nothing ends it. */
#define LASTS_FOREVER INT64_MAX

/* The answer to both questions. */
struct verdict {
    enum now now;
    unsigned later;   /* harm: what outlasts what is tolerated */
    unsigned passing; /* what ends before */
    int64_t lasts_ms; /* until when one of them holds; 0: neither ever does, or until
                         recovery has run once more */
    bool merged;      /* of neighbouring moments only the later was looked at */
};

/* "60 s", "12 h", "for ever"; of 0, "one recovery more". */
#define LASTS_TEXT 24
const char *lasts_text(int64_t lasts_ms, char buffer[LASTS_TEXT]);

/* In words: how long is measured. */
bool verdict_equal(const struct verdict *a, const struct verdict *b);

enum now verdict_now(const struct state *old, const struct state *new,
                     const struct state *state);

/* All words but `stuck` and `broken`, which are found by trying, not here. Copies of an
 * atom count: as many as both residues have are right, those that only one of them has
 * speak for it, and more are `duplicated`. A place (state.h) has one value. No word keeps
 * another from being said. Effects are judged by rules of their own (effect.h). */
unsigned verdict_later(const struct state *old, const struct state *new,
                       const struct state *residue);

/* One distinct atom: how often it is in the old state or residue, in the new one, and
 * here; and the words of the residue's that it is a reason for. */
struct verdict_row {
    const struct atom *atom;
    size_t old, new, here;
    unsigned words;
};

/* How many copies both controls have, and how many one of them. */
static inline size_t row_least(const struct verdict_row *row)
{
    return row->old < row->new ? row->old : row->new;
}

static inline size_t row_most(const struct verdict_row *row)
{
    return row->old < row->new ? row->new : row->old;
}

/* All atoms of the three, in order; their words together are those of verdict_later().
 * The caller frees *ret; the atoms are the states'. */
size_t verdict_rows(const struct state *old, const struct state *new,
                    const struct state *residue, struct verdict_row **ret);

/* The same at a moment, when the controls have become `old` and `new`. What both held at
 * first never makes anything mixed by lapsing at different times. */
size_t verdict_rows_at(const struct state *first_old, const struct state *first_new,
                       const struct state *old, const struct state *new,
                       const struct state *state, struct verdict_row **ret);
unsigned verdict_at(const struct state *first_old, const struct state *first_new,
                    const struct state *old, const struct state *new,
                    const struct state *state);

/* What the words at each moment come to, those at the last behind the others': harm if
 * they outlast `tolerate_ms`, else passing. The words are those of the last moment that
 * has any, and hold until the next one; until `rest_ms` more have passed if that has no
 * time. Sets all but `now`. Returns that moment; -1: nothing is wrong at any. */
int verdict_over_time(const struct moments *moments, const unsigned *words,
                      int64_t rest_ms, int64_t tolerate_ms, struct verdict *ret);

const char *now_name(enum now now);
const char *later_name(unsigned bit_number); /* 0 .. LATER_COUNT - 1 */
/* "clean", or the words joined by "+". The buffer holds at least LATER_TEXT bytes. */
#define LATER_TEXT sizeof("leaked+duplicated+lost+mixed+stuck+broken")
_Static_assert(LATER_COUNT == 6, "LATER_TEXT has room for every word");
const char *later_text(unsigned words, char buffer[LATER_TEXT]);
/* "torn now, leaked later", "torn now, clean later, but stuck for 12 h". */
#define VERDICT_TEXT (2 * LATER_TEXT + LASTS_TEXT + 64)
const char *verdict_text(const struct verdict *verdict, char buffer[VERDICT_TEXT]);

/* What a strategy is expected to do. */
#define EXPECT_ATOMIC (1u << 16) /* never torn, no gap, always clean */
#define EXPECT_SAFE (1u << 17)   /* always clean */
#define EXPECT_HARM (1u << 18)   /* the census has a point that is not */
/* Words that stand alone; the name of one, NULL of none. */
#define EXPECT_ALONE (EXPECT_ATOMIC | EXPECT_SAFE | EXPECT_HARM)
const char *expect_alone(unsigned expect);
/* or a set of later words: the census has at least one point with each, and with this,
 * none with another word. 0: nothing is expected. */
#define EXPECT_ONLY (1u << 19)

/* The bits of one word ("atomic", "safe", "harm", "leaked", ..., "only"); 0 if it is
 * none. */
unsigned expect_parse(const char *word);

/* The other way: words as they are kept in files. Of expectations, one that stands alone,
 * or what later_text() says, perhaps behind "only "; "" of none. */
#define EXPECT_TEXT (LATER_TEXT + sizeof("only ") - 1)
const char *expect_text(unsigned expect, char buffer[EXPECT_TEXT]);
/* What these have said, read again; false if the text is nothing of the kind. */
bool expect_read(const char *text, unsigned *ret);
bool later_parse(const char *text, unsigned *ret);
bool now_parse(const char *word, enum now *ret);

/* Those of the words that the expectation rules out. */
unsigned expect_beyond(unsigned expect, unsigned words);

/* Is it so? `torn_or_gap` and `words`: what the crash points of the census showed;
 * `uncrashed`: what the strategy does without any crash. */
bool expect_met(unsigned expect, bool torn_or_gap, unsigned words, unsigned uncrashed);
