/* contrast.h - a state beside two that are right, in words: key by key, of every element
 * whether it is in both of them, in one, in neither; and what changes from one state to
 * the next. */
#pragma once

#include <stdio.h>

#include "state/snapshot.h"
#include "state/verdict.h"

/* The states that others are compared with, what they were at the death (NULL: that does
 * not matter, see verdict_rows_at()), and what they are called. */
struct contrast {
    const struct state *old, *new;
    const struct state *first_old, *first_new;
    const char *names[2];
};

/* Writes a state. With `why`, elements that make it wrong for good (verdict_later()) are
 * told by the verdict's words. Returns those words. */
unsigned contrast_write(FILE *out, const struct contrast *controls,
                        const struct snapshot *snapshot, bool why);

/* Is it one of the two? "exactly the old state"; "" if it is neither. The buffer holds at
 * least CONTRAST_TEXT bytes. */
#define CONTRAST_TEXT 160
const char *contrast_equal(const struct contrast *controls,
                           const struct snapshot *snapshot, char buffer[CONTRAST_TEXT]);

/* "2 elements in neither state, 1 only in the old one": what makes it torn. */
void contrast_count(FILE *out, const struct contrast *controls,
                    const struct snapshot *snapshot);

/* How removals and additions are called, and what is told of the expiry that was there:
 * nothing, how much was left of it, or when it was due: times to live counted from so
 * long after the death. */
struct change {
    const char *removed, *added;
    enum { CHANGE_TELLS_NO_EXPIRY, CHANGE_TELLS_LEFT, CHANGE_TELLS_DUE } expiry;
    int64_t since_ms;
};
/* Writes what has changed; an expiry that was changed counts where none is told. Returns
 * whether anything has. */
bool contrast_changes(FILE *out, const struct change *change,
                      const struct snapshot *before, const struct snapshot *after);
