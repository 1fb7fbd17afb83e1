/* example.c - see example.h. */
#include "state/example.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/printable.h"
#include "state/atom_words.h"
#include "state/sides.h"
#include "state/verdict.h"

/* --- which atoms are told --- */

enum rank {
    NOTHING,
    FOLLOWS,
    SIDES,
    GONE,
    COPIES,
    NEITHER,
    STAYS,             /* an element of a key that may stay */
    STAYS_KEY,         /* and one of a key that may not */
    STAYS_ALONE,       /* and such a key that has one value */
    STAYS_WITH_EXPIRY, /* and what should have one */
};

/* What there is now, as the death left it: its expiry may have been beyond its bound
 * then, and be within it by now. */
static struct atom as_left(const struct example *example, const struct atom *atom)
{
    struct atom beyond = *atom;

    beyond.expiry = EXPIRY_BEYOND;
    return atom->expiry == EXPIRY_BOUNDED && !state_copies(example->dead, atom) &&
                   state_copies(example->dead, &beyond)
               ? beyond
               : *atom;
}

/* Is it an effect that has another value than both controls have there? */
static bool is_counted(const struct verdict_row *row)
{
    return row->atom->effect && row->here && !row->old && !row->new;
}

/* Is it odd in what the death left, and not only once time has passed? */
static bool is_made(const struct example *example, const struct verdict_row *row)
{
    struct atom atom = as_left(example, row->atom);
    size_t old = state_copies(example->old, &atom);
    size_t new = state_copies(example->new, &atom);
    size_t dead = state_copies(example->dead, &atom);

    if (row->words & LATER_LOST && row->atom->effect && !row->here)
        return !state_at_place(example->dead, row->atom);
    if (row->words & LATER_LOST && !is_counted(row))
        return dead < (old < new ? old : new);
    return dead > (old > new ? old : new);
}

/* What stays and was made by the death. */
static enum rank rank_of_stay(const struct example *example, const struct atom *atom)
{
    const struct atom *old = state_of_key(example->old, atom);
    const struct atom *new = state_of_key(example->new, atom);

    if (atom_persists(state_at_place(example->old, atom)) ||
        atom_persists(state_at_place(example->new, atom)))
        return FOLLOWS; /* a value on its way */
    if (atom_expires(old) || atom_expires(new))
        return STAYS_WITH_EXPIRY;
    if (old || new)
        return STAYS;
    return atom_is_string(atom) ? STAYS_ALONE : STAYS_KEY;
}

static enum rank rank_of(const struct example *example, const struct verdict_row *row,
                         unsigned word)
{
    if (!(row->words & word))
        return NOTHING;
    if (word == LATER_MIXED && row->old != row->new)
        return SIDES;
    if (!is_made(example, row))
        return FOLLOWS;
    switch (word) {
    case LATER_LEAKED:
        return rank_of_stay(example, row->atom);
    case LATER_MIXED:
        return NEITHER;
    case LATER_DUPLICATED:
        return COPIES;
    default:
        return GONE;
    }
}

/* --- how a row is told --- */

static void say_leaked(FILE *out, const struct example *example,
                       const struct verdict_row *row)
{
    fputs("stays: ", out);
    atom_print(out, row->atom);
    if (row->atom->expiry == EXPIRY_NEVER && is_made(example, row) &&
        !atom_persists(state_of_key(example->old, row->atom)) &&
        !atom_persists(state_of_key(example->new, row->atom)))
        fputs(", which never expires", out);
}

static void say_copies(FILE *out, const struct verdict_row *row)
{
    fputs("stays: ", out);
    atom_print(out, row->atom);
    fputs(", ", out);
    atom_print_times(out, row->here);
    fputs(" instead of ", out);
    atom_print_times(out, row->old > row->new ? row->old : row->new);
}

static void say_gone(FILE *out, const struct example *example,
                     const struct verdict_row *row)
{
    fputs("gone: ", out);
    atom_print(out, row->atom);
    if (atom_expires(state_at_place(example->dead, row->atom)))
        fputs(", which was left to expire", out);
}

/* What is right in place of an atom, with its expiry if that is all that differs. */
static void print_right(FILE *out, const struct atom *atom, const struct atom *right)
{
    atom_print_quoted(out, right->value, ATOM_ELEMENT_COLUMNS);
    if (!atom_same_value(atom, right))
        return;
    fputs(atom->expiry == EXPIRY_BEYOND && right->expiry == EXPIRY_BOUNDED
              ? " with a sooner expiry"
              : atom_expiries[right->expiry],
          out);
}

static void say_neither(FILE *out, const struct example *example,
                        const struct verdict_row *row)
{
    const struct atom *old = state_at_place(example->right_old, row->atom);
    const struct atom *new = state_at_place(example->right_new, row->atom);

    fputs("stays: ", out);
    atom_print(out, row->atom);
    fputs(", instead of ", out);
    print_right(out, row->atom, old ? old : new);
    if (!old || !new)
        fputs(" or nothing", out);
    else if (!atom_same_value(old, new)) {
        fputs(" or ", out);
        print_right(out, row->atom, new);
    }
}

/* Has either control something where the row is? */
static bool has_right(const struct example *example, const struct verdict_row *row)
{
    return state_at_place(example->right_old, row->atom) ||
           state_at_place(example->right_new, row->atom);
}

static void say_duplicated(FILE *out, const struct example *example,
                           const struct verdict_row *row)
{
    if (is_counted(row) && has_right(example, row))
        say_neither(out, example, row);
    else
        say_copies(out, row);
}

static void say_lost(FILE *out, const struct example *example,
                     const struct verdict_row *row)
{
    if (!is_counted(row))
        say_gone(out, example, row);
    else if (has_right(example, row))
        say_neither(out, example, row);
    else
        say_copies(out, row);
}

/* --- all of it --- */

/* One word of the verdict, the row that tells most of it, and how it is told. */
struct part {
    enum rank rank;
    const struct verdict_row *row;
    void (*say)(FILE *out, const struct example *example, const struct verdict_row *row);
};

static struct part part_of(const struct example *example, const struct verdict_row *rows,
                           size_t count, unsigned word)
{
    struct part part = { NOTHING, NULL, NULL };

    for (size_t i = 0; i < count; i++) {
        enum rank rank = rank_of(example, &rows[i], word);

        if (rank > part.rank)
            part = (struct part){ rank, &rows[i], NULL };
    }
    return part;
}

/* The two that explain most, in order. */
static void find_parts(const struct example *example, const struct verdict_row *rows,
                       size_t count, struct part ret[2])
{
    static const struct {
        unsigned word;
        void (*say)(FILE *out, const struct example *example,
                    const struct verdict_row *row);
    } words[] = {
        { LATER_LEAKED, say_leaked },
        { LATER_MIXED, say_neither },
        { LATER_DUPLICATED, say_duplicated },
        { LATER_LOST, say_lost },
    };

    ret[0] = ret[1] = (struct part){ NOTHING, NULL, NULL };
    for (size_t w = 0; w < ARRAY_SIZE(words); w++) {
        struct part part = part_of(example, rows, count, words[w].word);

        part.say = words[w].say;
        if (part.rank > ret[0].rank) {
            ret[1] = ret[0];
            ret[0] = part;
        } else if (part.rank > ret[1].rank) {
            ret[1] = part;
        }
    }
}

/* Where nothing is odd but what follows, the death left a part of the old state and a
 * part of the new one. "" if not. */
static char *cause_of(const struct example *example, const struct part *part)
{
    CLEANUP(mem_freep) struct verdict_row *rows = NULL;
    size_t count = verdict_rows(example->old, example->new, example->dead, &rows);
    bool died = example->right_old != example->right_new;
    char *text;
    FILE *out = mem_stream(&text);

    if (died && part->rank == FOLLOWS)
        sides_say(out, "at the death ", example, example->dead, rows, count,
                  part->row->atom);
    fclose(out);
    return text;
}

static char *text_of(const struct example *example, const struct verdict_row *rows,
                     size_t count, const struct part *part)
{
    char *text;
    FILE *out = mem_stream(&text);

    if (part->rank == SIDES)
        sides_say(out, "", example, example->residue, rows, count, NULL);
    else if (part->rank != NOTHING)
        part->say(out, example, part->row);
    fclose(out);
    return text;
}

void example_write(const struct example *example, char *buffer, size_t size)
{
    CLEANUP(mem_freep) struct verdict_row *rows = NULL;
    size_t count = verdict_rows_at(example->old, example->new, example->right_old,
                                   example->right_new, example->residue, &rows);
    CLEANUP(mem_freep) char *first = NULL;
    CLEANUP(mem_freep) char *second = NULL;
    struct part parts[2];

    find_parts(example, rows, count, parts);
    first = cause_of(example, &parts[0]);
    if (*first) {
        second = text_of(example, rows, count, &parts[0]);
    } else {
        free(first);
        first = text_of(example, rows, count, &parts[0]);
        second = text_of(example, rows, count, &parts[1]);
    }
    if (*second && strlen(first) + strlen("; ") + strlen(second) < size)
        snprintf(buffer, size, "%s; %s", first, second);
    else
        snprintf(buffer, size, "%s", first);
    printable_trim(buffer);
}
