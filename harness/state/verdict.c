/* verdict.c - see verdict.h. Both questions walk three sorted bags side by side. */
#include "state/verdict.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/mutant.h"

/* One distinct atom, and how often it is in each of the three bags. */
struct row {
    const struct atom *atom;
    size_t old, new, here;
};

struct walk {
    const struct state *bags[3];
    size_t at[3];
};

static struct walk walk_start(const struct state *old, const struct state *new,
                              const struct state *here)
{
    assert(old->sorted && new->sorted && here->sorted);
    return (struct walk){ { old, new, here }, { 0, 0, 0 } };
}

static bool walk_next(struct walk *walk, struct row *row)
{
    const struct atom *least = NULL;
    size_t counts[3] = { 0, 0, 0 };

    for (int b = 0; b < 3; b++) {
        const struct state *bag = walk->bags[b];

        if (walk->at[b] < bag->count &&
            (!least || atom_compare(&bag->atoms[walk->at[b]], least) < 0))
            least = &bag->atoms[walk->at[b]];
    }
    if (!least)
        return false;
    for (int b = 0; b < 3; b++) {
        const struct state *bag = walk->bags[b];

        while (walk->at[b] < bag->count &&
               atom_compare(&bag->atoms[walk->at[b]], least) == 0)
            walk->at[b]++, counts[b]++;
    }
    *row = (struct row){ least, counts[0], counts[1], counts[2] };
    return true;
}

enum now verdict_now(const struct state *old, const struct state *new,
                     const struct state *state)
{
    struct walk walk = walk_start(old, new, state);
    bool is_old = true, is_new = true, all_old = true, all_new = true,
         common_missing = false;
    struct row row;

    while (walk_next(&walk, &row)) {
        size_t common = row.old < row.new ? row.old : row.new;

        is_old = is_old && row.here == row.old;
        is_new = is_new && row.here == row.new;
        all_old = all_old && row.here <= row.old;
        all_new = all_new && row.here <= row.new;
        common_missing = common_missing || row.here < common;
    }
    if (is_old || is_new)
        return NOW_INTACT;
    return (all_old || all_new) && common_missing ? NOW_GAP : NOW_TORN;
}

/* All atoms of one place: what it holds here, compared with what is right there. */
struct place {
    const struct atom *atom; /* any of them; NULL before the first */
    bool controls, here;     /* occupied in a control; occupied here */
    bool excess, missing;    /* more than in both; less than in both */
};

struct tendency {
    bool old, new;
};

static unsigned place_words(const struct place *place)
{
    if (place->excess && place->controls)
        return LATER_MIXED; /* the same element, with a value that is neither */
    if (place->excess)
        return LATER_LEAKED;
    return place->missing ? LATER_LOST : 0;
}

static bool has_value(const struct atom *atom)
{
    return atom->value.length || str_compare(atom->type, STR("string")) == 0 ||
           str_compare(atom->type, STR("hash")) == 0;
}

/* Takes one more atom of the place into account. */
static void place_add(struct place *place, struct tendency *tends, const struct row *row)
{
    size_t least = row->old < row->new ? row->old : row->new;
    size_t most = row->old < row->new ? row->new : row->old;

    /* Only an element that has a value can have another one. A set member or list
     * entry that is there once more than it should be is a leak. */
    place->controls |= most > 0 && has_value(row->atom);
    place->here |= row->here > 0;
    place->excess |= row->here > most;
    place->missing |= row->here < least;
    if (row->old != row->new && row->here >= least && row->here <= most) {
        tends->old |= row->here != row->new;
        tends->new |= row->here != row->old;
    }
}

static bool begins_place(const struct place *place, const struct row *row)
{
    return !place->atom || atom_compare_place(place->atom, row->atom) != 0;
}

unsigned verdict_later(const struct state *old, const struct state *new,
                       const struct state *residue)
{
    struct walk walk = walk_start(mutant("one-control-new") ? new : old,
                                  mutant("one-control-old") ? old : new, residue);
    struct tendency tends = { false, false };
    struct place place = { NULL, false, false, false, false };
    unsigned words = 0;
    struct row row;

    while (walk_next(&walk, &row)) {
        if (begins_place(&place, &row)) {
            words |= place_words(&place);
            place = (struct place){ row.atom, false, false, false, false };
        }
        place_add(&place, &tends, &row);
    }
    words |= place_words(&place);
    if (tends.old && tends.new)
        words |= LATER_MIXED;
    return words;
}

/* The word of a place, to those of its atoms that are why: what is there too often, or
 * else what is there too seldom. */
static void blame(struct verdict_row *rows, size_t count, const struct place *place)
{
    unsigned words = place_words(place);

    for (size_t i = 0; i < count; i++) {
        size_t here = rows[i].here;

        if (place->excess ? here > rows[i].old && here > rows[i].new
                          : here < rows[i].old && here < rows[i].new)
            rows[i].words |= words;
    }
}

/* What only one of the controls has, in a residue that has something of both. */
static void blame_tendencies(struct verdict_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct verdict_row *row = &rows[i];
        size_t least = row->old < row->new ? row->old : row->new;
        size_t most = row->old < row->new ? row->new : row->old;

        if (row->old != row->new && row->here >= least && row->here <= most)
            rows[i].words |= LATER_MIXED;
    }
}

size_t verdict_rows(const struct state *old, const struct state *new,
                    const struct state *residue, struct verdict_row **ret)
{
    struct walk walk = walk_start(old, new, residue);
    struct verdict_row *rows =
        MEM_ARRAY(struct verdict_row, old->count + new->count + residue->count + 1);
    struct tendency tends = { false, false };
    struct place place = { NULL, false, false, false, false };
    size_t count = 0, first = 0;
    struct row row;

    while (walk_next(&walk, &row)) {
        if (begins_place(&place, &row)) {
            blame(rows + first, count - first, &place);
            first = count;
            place = (struct place){ row.atom, false, false, false, false };
        }
        place_add(&place, &tends, &row);
        rows[count++] = (struct verdict_row){ row.atom, row.old, row.new, row.here, 0 };
    }
    blame(rows + first, count - first, &place);
    if (tends.old && tends.new)
        blame_tendencies(rows, count);
    *ret = rows;
    return count;
}

/* What is wrong with one atom: more of it than in either control, less than in both, or,
 * in a mixed residue, what only one of the controls has. */
static int oddness(const struct row *row, unsigned words)
{
    if (row->here > row->old && row->here > row->new)
        return 4;
    if (row->here < row->old && row->here < row->new)
        return 3;
    if (row->old == row->new || !(words & LATER_MIXED))
        return 0;
    return row->here ? 2 : 1;
}

void verdict_example(const struct state *old, const struct state *new,
                     const struct state *residue, char *buffer, size_t size)
{
    static const char *const how[] = { "", "gone", "stays", "gone", "stays" };
    unsigned words = verdict_later(old, new, residue);
    struct walk walk = walk_start(old, new, residue);
    const struct atom *worst = NULL;
    int oddest = 0;
    struct row row;
    int used;

    buffer[0] = '\0';
    while (walk_next(&walk, &row)) {
        int odd = oddness(&row, words);

        if (odd > oddest) {
            oddest = odd;
            worst = row.atom;
        }
    }
    if (!worst)
        return;
    used = snprintf(buffer, size, "%s: ", how[oddest]);
    if (used > 0 && (size_t)used < size)
        atom_describe(buffer + used, size - (size_t)used, worst);
}

static const char *const now_names[NOW_COUNT] = { "intact", "gap", "torn" };
static const char *const later_names[LATER_COUNT] = { "leaked", "lost", "mixed", "stuck",
                                                      "broken" };

const char *now_name(enum now now)
{
    return now_names[now];
}

const char *later_name(unsigned bit_number)
{
    return later_names[bit_number];
}

const char *later_text(unsigned words, char buffer[LATER_TEXT])
{
    char *end = buffer;

    if (!(words & LATER_ALL))
        return strcpy(buffer, "clean");
    for (unsigned i = 0; i < LATER_COUNT; i++) {
        if (words & 1u << i) {
            if (end != buffer)
                *end++ = '+';
            end = stpcpy(end, later_names[i]);
        }
    }
    return buffer;
}

unsigned expect_parse(const char *word)
{
    if (strcmp(word, "atomic") == 0)
        return EXPECT_ATOMIC;
    if (strcmp(word, "safe") == 0)
        return EXPECT_SAFE;
    for (unsigned i = 0; i < LATER_COUNT; i++)
        if (strcmp(word, later_names[i]) == 0)
            return 1u << i;
    return 0;
}

const char *expect_text(unsigned expect, char buffer[LATER_TEXT])
{
    if (!expect)
        return strcpy(buffer, "");
    if (expect & (EXPECT_ATOMIC | EXPECT_SAFE))
        return strcpy(buffer, expect & EXPECT_ATOMIC ? "atomic" : "safe");
    return later_text(expect, buffer);
}

bool later_parse(const char *text, unsigned *ret)
{
    char written[LATER_TEXT];

    for (unsigned words = 0; words <= LATER_ALL; words++) {
        if (strcmp(later_text(words, written), text) != 0)
            continue;
        *ret = words;
        return true;
    }
    return false;
}

bool expect_read(const char *text, unsigned *ret)
{
    *ret = expect_parse(text);
    return *ret || !*text || later_parse(text, ret);
}

bool now_parse(const char *word, enum now *ret)
{
    for (unsigned i = 0; i < NOW_COUNT; i++) {
        if (strcmp(word, now_names[i]) != 0)
            continue;
        *ret = (enum now)i;
        return true;
    }
    return false;
}

bool expect_met(unsigned expect, bool torn_or_gap, unsigned words, unsigned uncrashed)
{
    if (expect & EXPECT_ATOMIC)
        return !torn_or_gap && !words && !uncrashed;
    if (expect & EXPECT_SAFE)
        return !words && !uncrashed;
    return (expect & words) == expect;
}
