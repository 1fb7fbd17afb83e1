/* sides.c - see sides.h. */
#include "state/sides.h"

#include "state/atom_words.h"

#define SIDES_TRIED 64 /* rows of each side, to find the two that say most */

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
    bool whole = atom_is_whole(row->atom) ||
                 (atom_is_string(row->atom) && !state_at_place(state, row->atom));

    if (!before || !atom_same_key(row->atom, before->atom)) {
        atom_print_key(out, row->atom);
        fputc(' ', out);
    }
    fputs((whole ? is : has)[was][row->here > 0], out);
    if (!whole)
        atom_print_content(out, row->atom);
    if (row->here && (row->here > 1 || greater > 1)) {
        fputs(row->here < greater && was == !before ? " only " : " ", out);
        atom_print_times(out, row->here);
    }
}

/* A place with nothing in it, where both sides have something. */
static void print_gone(FILE *out, const struct example *example,
                       const struct state *state, const struct atom *atom)
{
    struct str element = atom_element(atom);
    bool whole = !element.length || !state_of_key(state, atom);

    atom_print_key(out, atom);
    if (!whole) {
        fputs(", element ", out);
        atom_print_quoted(out, element, ATOM_KEY_COLUMNS);
    }
    fputs(" is gone", out);
    if (atom_expires(state_at_place(example->dead, atom)))
        fputs(": it was left to expire", out);
}

/* Of one place: what it has instead of what the old state has there, or the new one. */
static void print_neither(FILE *out, const struct sides *sides)
{
    const struct verdict_row *new = sides->new, *old = sides->old;
    bool alike = atom_same_value(new->atom, old->atom);

    atom_print_key(out, new->atom);
    fputs(" has ", out);
    if (old != new) {
        fputs("neither ", out);
        atom_print_content(out, new->atom);
        fputs(alike ? atom_expiries[new->atom->expiry] : "", out);
        fputs(" nor ", out);
        atom_print_content(out, old->atom);
        fputs(alike ? atom_expiries[old->atom->expiry] : "", out);
        return;
    }
    atom_print_content(out, new->atom);
    fputc(' ', out);
    atom_print_times(out, new->here);
    fputs(" instead of ", out);
    atom_print_times(out, new->old);
    fputs(" or ", out);
    atom_print_times(out, new->new);
}

void sides_say(FILE *out, const char *when, const struct example *example,
               const struct state *state, const struct verdict_row *rows, size_t count,
               const struct atom *like)
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
