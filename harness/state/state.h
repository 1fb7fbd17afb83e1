/* state.h - what is in Redis, as a bag of atoms. Pure.
 *
 * An atom is the least thing that can be there or not: a string's value, a hash field
 * with its value, a set member, a sorted-set member with its score, a list or stream
 * entry, a group of a stream's, a consumer, an entry that is pending; of a stream that
 * has none of these, that it is there. Atoms are compared whole, and a bag may hold the
 * same one twice (a list with a job in it twice).
 *
 * An atom has a place (key, type, id) and what is at that place (value, expiry). Which
 * part of an element is its id says what counts as "the same element with another value":
 *
 *     type      id              value
 *     string    -               the value
 *     hash      field           the field's value
 *     set       member          -
 *     zset      member          score
 *     list      entry           -
 *     stream    fields          -
 *      group    name            how many entries it has read
 *      consumer group, name     -
 *      pending  group, consumer, fields, or rank if it was deleted
 *
 * In an `ordered` list, the position is the id and the entry is the value. The ids of a
 * stream's entries are left out (stream.h), and only shown.
 *
 * Expiry counts as absent, present and within its bound, or present and beyond it; never
 * as its exact value. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum expiry { EXPIRY_NEVER, EXPIRY_BOUNDED, EXPIRY_BEYOND };

struct atom {
    struct str key;
    struct str type;
    struct str id;
    struct str value;
    enum expiry expiry;
    struct str shown; /* what people see instead of the id; "": the id */
    bool effect; /* its key tells what jobs did to the world; so do all of that key */
};

struct state {
    struct atom *atoms; /* owned; the bytes are borrowed from whoever made the state */
    size_t count, room;
    bool sorted;
};
#define STATE_NULL ((struct state){ NULL, 0, 0, false })

/* The bag's fingerprint: the sum of its atoms' 128-bit XXH3 hashes, so order does not
 * matter and multiplicity does. Equal bags have equal signatures on every machine. */
struct signature {
    uint64_t low, high;
};

void state_add(struct state *state, struct atom atom);
void state_clear(struct state *state); /* forgets the atoms, keeps the memory */
void state_release(struct state *state);
void state_sort(struct state *state);
struct signature state_signature(const struct state *state);

static inline bool signature_equal(struct signature a, struct signature b)
{
    return a.low == b.low && a.high == b.high;
}

bool atom_same_key(const struct atom *a, const struct atom *b); /* and type */
int atom_compare_place(const struct atom *a, const struct atom *b);
int atom_compare(const struct atom *a, const struct atom *b); /* and value and expiry */

/* What a sorted state has of an atom: how many copies; one at its place, with any value
 * and expiry; one of its key, whatever the type and element. NULL: there is none. */
size_t state_copies(const struct state *state, const struct atom *atom);
const struct atom *state_at_place(const struct state *state, const struct atom *atom);
const struct atom *state_of_key(const struct state *state, const struct atom *atom);

/* What people see of an atom's id. */
static inline struct str atom_element(const struct atom *atom)
{
    return atom->shown.length ? atom->shown : atom->id;
}

/* For people: "hash 'app:work', element 'a' = 'b', which never expires". */
void atom_describe(char *buffer, size_t size, const struct atom *atom);

/* Describes an atom that is in one of two sorted states and not in the other, the first
 * in order; false (and "") if the states are equal. */
bool state_difference(const struct state *a, const struct state *b, char *buffer,
                      size_t size);
