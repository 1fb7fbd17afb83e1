/* example.c - see example.h. */
#include "state/example.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "state/verdict.h"

#define KEY_COLUMNS 60
#define ELEMENT_COLUMNS 40
#define SIDES_TRIED 64 /* rows of each side, to find the two that say most */

static bool expires(const struct atom *atom)
{
    return atom && atom->expiry != EXPIRY_NEVER;
}

static bool persists(const struct atom *atom)
{
    return atom && atom->expiry == EXPIRY_NEVER;
}

static bool is_string(const struct atom *atom)
{
    return str_compare(atom->type, STR("string")) == 0;
}

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

static bool same_value(const struct atom *a, const struct atom *b)
{
    return str_compare(a->value, b->value) == 0;
}

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

    if (persists(state_at_place(example->old, atom)) ||
        persists(state_at_place(example->new, atom)))
        return FOLLOWS; /* a value on its way */
    if (expires(old) || expires(new))
        return STAYS_WITH_EXPIRY;
    if (old || new)
        return STAYS;
    return is_string(atom) ? STAYS_ALONE : STAYS_KEY;
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

/* --- words for them --- */

static void print_quoted(FILE *out, struct str text, size_t columns)
{
    fputc('\'', out);
    str_print(out, text, columns);
    fputc('\'', out);
}

static void print_key(FILE *out, const struct atom *atom)
{
    str_print(out, atom->type, ELEMENT_COLUMNS);
    fputc(' ', out);
    print_quoted(out, atom->key, KEY_COLUMNS);
}

/* A key that has no elements is there or not, as a whole. */
static bool is_whole(const struct atom *atom)
{
    return !atom->id.length && !atom->value.length && !is_string(atom);
}

static void print_content(FILE *out, const struct atom *atom)
{
    struct str element = atom_element(atom);

    if (element.length)
        print_quoted(out, element, KEY_COLUMNS);
    if (element.length && atom->value.length)
        fputs(" = ", out);
    if (atom->value.length || !element.length)
        print_quoted(out, atom->value, ELEMENT_COLUMNS);
}

/* "hash 'work', element 'a' = '1'", "string 'lock' = 'me'" */
static void print_atom(FILE *out, const struct atom *atom)
{
    print_key(out, atom);
    if (is_whole(atom))
        return;
    fputs(atom->id.length ? ", element " : " = ", out);
    print_content(out, atom);
}

static void print_times(FILE *out, size_t times)
{
    static const char *const few[] = { "not at all", "once", "twice" };

    if (times < ARRAY_SIZE(few))
        fputs(few[times], out);
    else
        fprintf(out, "%zu times", times);
}

static void say_leaked(FILE *out, const struct example *example,
                       const struct verdict_row *row)
{
    fputs("stays: ", out);
    print_atom(out, row->atom);
    if (row->atom->expiry == EXPIRY_NEVER && is_made(example, row) &&
        !persists(state_of_key(example->old, row->atom)) &&
        !persists(state_of_key(example->new, row->atom)))
        fputs(", which never expires", out);
}

static void say_copies(FILE *out, const struct verdict_row *row)
{
    fputs("stays: ", out);
    print_atom(out, row->atom);
    fputs(", ", out);
    print_times(out, row->here);
    fputs(" instead of ", out);
    print_times(out, row->old > row->new ? row->old : row->new);
}

static void say_gone(FILE *out, const struct example *example,
                     const struct verdict_row *row)
{
    fputs("gone: ", out);
    print_atom(out, row->atom);
    if (expires(state_at_place(example->dead, row->atom)))
        fputs(", which was left to expire", out);
}

static const char *const expiries[] = { " without an expiry", " with an expiry",
                                        " with a later expiry" };

/* What is right in place of an atom, with its expiry if that is all that differs. */
static void print_right(FILE *out, const struct atom *atom, const struct atom *right)
{
    print_quoted(out, right->value, ELEMENT_COLUMNS);
    if (!same_value(atom, right))
        return;
    fputs(atom->expiry == EXPIRY_BEYOND && right->expiry == EXPIRY_BOUNDED
              ? " with a sooner expiry"
              : expiries[right->expiry],
          out);
}

static void say_neither(FILE *out, const struct example *example,
                        const struct verdict_row *row)
{
    const struct atom *old = state_at_place(example->right_old, row->atom);
    const struct atom *new = state_at_place(example->right_new, row->atom);

    fputs("stays: ", out);
    print_atom(out, row->atom);
    fputs(", instead of ", out);
    print_right(out, row->atom, old ? old : new);
    if (!old || !new)
        fputs(" or nothing", out);
    else if (!same_value(old, new)) {
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

/* --- both sides --- */

/* Does the row speak for the old state, or else for the new one? */
static bool speaks_for(const struct verdict_row *row, bool old)
{
    size_t its = old ? row->old : row->new, other = old ? row->new : row->old;

    return its > other ? row->here > other : row->here < other && its < other;
}

struct sides {
    const struct verdict_row *new, *old;
};

static bool is_same_element(const struct atom *a, const struct atom *b)
{
    return a->id.length && str_compare(a->id, b->id) == 0;
}

/* All of what a control has, as a part of it, as nothing. */
static int wholeness(const struct verdict_row *row, size_t control)
{
    return row->here == 0 ? 0 : row->here == control ? 2 : 1;
}

/* What is there says more than what is missing, and one element in two places more than
 * two elements; most, what is about `like`, if it is not NULL. Least, one place. */
static int merit(const struct sides *sides, const struct atom *like)
{
    const struct atom *new = sides->new->atom, *old = sides->old->atom;
    bool same = is_same_element(new, old);
    bool alike = like && (atom_same_key(new, like) || is_same_element(new, like) ||
                          atom_same_key(old, like) || is_same_element(old, like));

    if (atom_compare_place(new, old) == 0)
        return 1;
    return 2 + wholeness(sides->new, sides->new->new) +
           wholeness(sides->old, sides->old->old) + (same ? 5 : 0) + (alike ? 5 : 0);
}

/* Two rows, of which one speaks for each side; or one that speaks for both. NULL: the
 * state is not mixed. Effects are no side of what is wrong, but of how it came to be,
 * when there is something that it is to be `like`. */
static struct sides find_sides(const struct verdict_row *rows, size_t count,
                               const struct atom *like)
{
    const struct verdict_row *candidates[2][SIDES_TRIED];
    size_t counts[2] = { 0, 0 };
    struct sides best = { NULL, NULL };
    int most = 0;

    for (size_t i = 0; i < count; i++)
        for (int old = 0; old < 2; old++)
            if (rows[i].old != rows[i].new && (like || !rows[i].atom->effect) &&
                speaks_for(&rows[i], old) && counts[old] < SIDES_TRIED)
                candidates[old][counts[old]++] = &rows[i];
    for (size_t n = 0; n < counts[0]; n++)
        for (size_t o = 0; o < counts[1]; o++) {
            struct sides sides = { candidates[0][n], candidates[1][o] };

            if (merit(&sides, like) > most) {
                most = merit(&sides, like);
                best = sides;
            }
        }
    return best;
}

/* "list 'done' has 'job'", "list 'queue' still has 'job'", "list 'done' has no 'job'",
 * "list 'queue' no longer has 'job'"; without the key that was named before. */
static void print_side(FILE *out, const struct state *state,
                       const struct verdict_row *row, const struct verdict_row *before)
{
    static const char *const has[2][2] = { { "has no ", "has " },
                                           { "no longer has ", "still has " } };
    static const char *const is[2][2] = { { "is not there", "is there" },
                                          { "is no longer there", "is still there" } };
    size_t greater = row->old > row->new ? row->old : row->new;
    bool was = row->old > row->new;
    bool whole = is_whole(row->atom) ||
                 (is_string(row->atom) && !state_at_place(state, row->atom));

    if (!before || !atom_same_key(row->atom, before->atom)) {
        print_key(out, row->atom);
        fputc(' ', out);
    }
    fputs((whole ? is : has)[was][row->here > 0], out);
    if (!whole)
        print_content(out, row->atom);
    if (row->here && (row->here > 1 || greater > 1)) {
        fputs(row->here < greater && was == !before ? " only " : " ", out);
        print_times(out, row->here);
    }
}

/* A place with nothing in it, where both sides have something. */
static void print_gone(FILE *out, const struct example *example,
                       const struct state *state, const struct atom *atom)
{
    struct str element = atom_element(atom);
    bool whole = !element.length || !state_of_key(state, atom);

    print_key(out, atom);
    if (!whole) {
        fputs(", element ", out);
        print_quoted(out, element, KEY_COLUMNS);
    }
    fputs(" is gone", out);
    if (expires(state_at_place(example->dead, atom)))
        fputs(": it was left to expire", out);
}

/* Of one place: what it has instead of what the old state has there, or the new one. */
static void print_neither(FILE *out, const struct sides *sides)
{
    const struct verdict_row *new = sides->new, *old = sides->old;
    bool alike = same_value(new->atom, old->atom);

    print_key(out, new->atom);
    fputs(" has ", out);
    if (old != new) {
        fputs("neither ", out);
        print_content(out, new->atom);
        fputs(alike ? expiries[new->atom->expiry] : "", out);
        fputs(" nor ", out);
        print_content(out, old->atom);
        fputs(alike ? expiries[old->atom->expiry] : "", out);
        return;
    }
    print_content(out, new->atom);
    fputc(' ', out);
    print_times(out, new->here);
    fputs(" instead of ", out);
    print_times(out, new->old);
    fputs(" or ", out);
    print_times(out, new->new);
}

/* Nothing if the state is not mixed. */
static void say_sides(FILE *out, const char *when, const struct example *example,
                      const struct state *state, const struct verdict_row *rows,
                      size_t count, const struct atom *like)
{
    struct sides sides = find_sides(rows, count, like);

    if (!sides.new)
        return;
    fputs(when, out);
    if (atom_compare_place(sides.new->atom, sides.old->atom) == 0) {
        if (state_at_place(state, sides.new->atom))
            print_neither(out, &sides);
        else
            print_gone(out, example, state, sides.new->atom);
        return;
    }
    print_side(out, state, sides.new, NULL);
    fputs(", but ", out);
    print_side(out, state, sides.old, sides.new);
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
        say_sides(out, "at the death ", example, example->dead, rows, count,
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
        say_sides(out, "", example, example->residue, rows, count, NULL);
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
}
