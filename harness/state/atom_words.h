/* atom_words.h - an atom, as examples tell of it: its key, its element, its value. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "state/state.h"

#define ATOM_KEY_COLUMNS 60
#define ATOM_ELEMENT_COLUMNS 40

/* Of one that is not there (NULL), neither. */
bool atom_expires(const struct atom *atom);
bool atom_persists(const struct atom *atom);
bool atom_is_string(const struct atom *atom);
bool atom_same_value(const struct atom *a, const struct atom *b);
/* A key that has no elements is there or not, as a whole. */
bool atom_is_whole(const struct atom *atom);

/* Behind a value, by enum expiry. */
extern const char *const atom_expiries[];

void atom_print_quoted(FILE *out, struct str text, size_t columns);
void atom_print_key(FILE *out, const struct atom *atom); /* "hash 'work'" */
void atom_print_content(FILE *out, const struct atom *atom);
/* "hash 'work', element 'a' = '1'", "string 'lock' = 'me'" */
void atom_print(FILE *out, const struct atom *atom);
void atom_print_times(FILE *out, size_t times); /* "not at all", "once", .. */
