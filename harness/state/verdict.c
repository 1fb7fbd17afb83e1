/* verdict.c - see verdict.h. Both questions walk three sorted bags side by side. */
#include "state/verdict.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/mutant.h"
#include "state/effect.h"

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

static bool walk_next(struct walk *walk, struct verdict_row *row)
{
    const struct atom *next = NULL;
    size_t counts[3] = { 0, 0, 0 };

    for (int b = 0; b < 3; b++) {
        const struct state *bag = walk->bags[b];

        if (walk->at[b] < bag->count &&
            (!next || atom_compare(&bag->atoms[walk->at[b]], next) < 0))
            next = &bag->atoms[walk->at[b]];
    }
    if (!next)
        return false;
    for (int b = 0; b < 3; b++) {
        const struct state *bag = walk->bags[b];

        while (walk->at[b] < bag->count &&
               atom_compare(&bag->atoms[walk->at[b]], next) == 0)
            walk->at[b]++, counts[b]++;
    }
    *row = (struct verdict_row){ next, counts[0], counts[1], counts[2], 0 };
    return true;
}

enum now verdict_now(const struct state *old, const struct state *new,
                     const struct state *state)
{
    struct walk walk = walk_start(old, new, state);
    bool is_old = true, is_new = true, all_old = true, all_new = true,
         common_missing = false;
    struct verdict_row row;

    while (walk_next(&walk, &row)) {
        is_old = is_old && row.here == row.old;
        is_new = is_new && row.here == row.new;
        all_old = all_old && row.here <= row.old;
        all_new = all_new && row.here <= row.new;
        common_missing = common_missing || row.here < row_least(&row);
    }
    if (is_old || is_new)
        return NOW_INTACT;
    return (all_old || all_new) && common_missing ? NOW_GAP : NOW_TORN;
}

/* The rows of one place, which has one value: what neither control has there is another
 * value of what one of them has, and has driven out the right one, or else is new. */
static void judge_place(struct verdict_row *rows, size_t count)
{
    bool held = false, strange = false;

    for (size_t i = 0; i < count; i++) {
        held |= row_most(&rows[i]) > 0;
        strange |= row_most(&rows[i]) == 0;
    }
    for (size_t i = 0; i < count; i++) {
        struct verdict_row *row = &rows[i];

        if (row->here > row_most(row))
            row->words |= row_most(row) && !mutant("duplicates-leak") ? LATER_DUPLICATED
                          : held && !row_most(row)                    ? LATER_MIXED
                                                                      : LATER_LEAKED;
        if (row->here < row_least(row) && !strange)
            row->words |= LATER_LOST;
    }
}

static bool is_effect(const struct verdict_row *row)
{
    return row->atom->effect && !mutant("effects-alike");
}

/* Had both controls the same of it at first? */
static bool is_in_both(const struct verdict_row *row, const struct state *const first[2])
{
    size_t copies = first[0] ? state_copies(first[0], row->atom) : 0;

    return copies && state_copies(first[1], row->atom) == copies;
}

/* A copy that only one control has speaks for that control where it is there, and for
 * the other where it is missing. A residue in which both are spoken for is mixed, and
 * every such atom is a reason. */
static void judge_tendencies(struct verdict_row *rows, size_t count,
                             const struct state *const first[2])
{
    bool for_old = false, for_new = false;

    for (size_t i = 0; i < count; i++) {
        const struct verdict_row *row = &rows[i];

        if (is_effect(row) || is_in_both(row, first) || row->old == row->new ||
            (mutant("mixed-in-range") &&
             (row->here < row_least(row) || row->here > row_most(row))))
            continue;
        for_old |= row->old > row->new ? row->here > row->new : row->here < row->new;
        for_new |= row->new > row->old ? row->here > row->old : row->here < row->old;
    }
    for (size_t i = 0; for_old && for_new && i < count; i++)
        if (rows[i].old != rows[i].new && !is_effect(&rows[i]) &&
            !is_in_both(&rows[i], first))
            rows[i].words |= LATER_MIXED;
}

static size_t make_rows(const struct state *const first[2], const struct state *old,
                        const struct state *new, const struct state *residue,
                        struct verdict_row **ret)
{
    struct walk walk = walk_start(mutant("one-control-new") ? new : old,
                                  mutant("one-control-old") ? old : new, residue);
    struct verdict_row *rows =
        MEM_ARRAY(struct verdict_row, old->count + new->count + residue->count + 1);
    size_t count = 0;

    while (walk_next(&walk, &rows[count]))
        count++;
    for (size_t from = 0, to; from < count; from = to) {
        to = from + 1;
        while (to < count && atom_compare_place(rows[from].atom, rows[to].atom) == 0)
            to++;
        (is_effect(&rows[from]) ? effect_judge : judge_place)(rows + from, to - from);
    }
    judge_tendencies(rows, count, first);
    *ret = rows;
    return count;
}

size_t verdict_rows(const struct state *old, const struct state *new,
                    const struct state *residue, struct verdict_row **ret)
{
    static const struct state *const none[2] = { NULL, NULL };

    return make_rows(none, old, new, residue, ret);
}

static unsigned words_of(const struct verdict_row *rows, size_t count)
{
    unsigned words = 0;

    for (size_t i = 0; i < count; i++)
        words |= rows[i].words;
    return words;
}

unsigned verdict_later(const struct state *old, const struct state *new,
                       const struct state *residue)
{
    CLEANUP(mem_freep) struct verdict_row *rows = NULL;
    size_t count = verdict_rows(old, new, residue, &rows);

    return words_of(rows, count);
}

size_t verdict_rows_at(const struct state *first_old, const struct state *first_new,
                       const struct state *old, const struct state *new,
                       const struct state *state, struct verdict_row **ret)
{
    const struct state *const first[2] = { first_old, first_new };

    return make_rows(first, old, new, state, ret);
}

unsigned verdict_at(const struct state *first_old, const struct state *first_new,
                    const struct state *old, const struct state *new,
                    const struct state *state)
{
    CLEANUP(mem_freep) struct verdict_row *rows = NULL;
    size_t count = verdict_rows_at(first_old, first_new, old, new, state, &rows);

    return words_of(rows, count);
}

int verdict_over_time(const struct moments *moments, const unsigned *words,
                      int64_t rest_ms, int64_t tolerate_ms, struct verdict *ret)
{
    int last = (int)moments->count, wrong = last;

    while (wrong >= 0 && !words[wrong])
        wrong--;
    ret->later = ret->passing = 0;
    ret->merged = moments->merged;
    ret->lasts_ms = 0;
    if (wrong < 0)
        return wrong;
    ret->lasts_ms = wrong == last       ? LASTS_FOREVER
                    : wrong == last - 1 ? moments->at_ms[wrong] + rest_ms
                                        : moments->at_ms[wrong + 1];
    if (ret->lasts_ms == LASTS_FOREVER || ret->lasts_ms > tolerate_ms)
        ret->later = words[wrong];
    else if (!mutant("passing-forgotten"))
        ret->passing = words[wrong];
    return wrong;
}

static const char *const now_names[NOW_COUNT] = { "intact", "gap", "torn" };
static const char *const later_names[LATER_COUNT] = {
    "leaked", "duplicated", "lost", "mixed", "stuck", "broken",
};

bool verdict_equal(const struct verdict *a, const struct verdict *b)
{
    return a->now == b->now && a->later == b->later && a->passing == b->passing;
}

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

/* In the largest unit of which there are two, or of hours, one. */
const char *lasts_text(int64_t lasts_ms, char buffer[LASTS_TEXT])
{
    static const struct {
        int64_t from_ms, unit_ms;
        const char *name;
    } units[] = {
        { 2 * INT64_C(86400000), INT64_C(86400000), "days" },
        { 3600000, 3600000, "h" },
        { 120000, 60000, "min" },
        { 0, 1000, "s" },
    };
    size_t i = 0;

    if (lasts_ms == LASTS_FOREVER)
        return strcpy(buffer, "for ever");
    if (lasts_ms == 0)
        return strcpy(buffer, "one recovery more");
    while (lasts_ms < units[i].from_ms)
        i++;
    snprintf(buffer, LASTS_TEXT, "%.3g %s", (double)lasts_ms / (double)units[i].unit_ms,
             units[i].name);
    return buffer;
}

const char *verdict_text(const struct verdict *verdict, char buffer[VERDICT_TEXT])
{
    char later[LATER_TEXT], passing[LATER_TEXT], lasts[LASTS_TEXT];
    int used = snprintf(buffer, VERDICT_TEXT, "%s now, %s later", now_name(verdict->now),
                        later_text(verdict->later, later));
    char *rest = buffer + used;
    size_t room = VERDICT_TEXT - (size_t)used;

    lasts_text(verdict->lasts_ms, lasts);
    if (verdict->later && verdict->passing)
        snprintf(rest, room, ", and %s for a while, in all %s%s",
                 later_text(verdict->passing, passing),
                 verdict->lasts_ms == LASTS_FOREVER ? "" : "for ", lasts);
    else if (verdict->passing)
        snprintf(rest, room, ", but %s for %s", later_text(verdict->passing, passing),
                 lasts);
    else if (verdict->later && verdict->lasts_ms != LASTS_FOREVER)
        snprintf(rest, room, ", for %s", lasts);
    return buffer;
}

#define ONLY "only"

static const struct {
    unsigned bit;
    const char *word;
} alone[] = {
    { EXPECT_ATOMIC, "atomic" },
    { EXPECT_SAFE, "safe" },
    { EXPECT_HARM, "harm" },
};

const char *expect_alone(unsigned expect)
{
    for (size_t i = 0; i < ARRAY_SIZE(alone); i++)
        if (expect & alone[i].bit)
            return alone[i].word;
    return NULL;
}

unsigned expect_parse(const char *word)
{
    for (size_t i = 0; i < ARRAY_SIZE(alone); i++)
        if (strcmp(word, alone[i].word) == 0)
            return alone[i].bit;
    if (strcmp(word, ONLY) == 0)
        return EXPECT_ONLY;
    for (unsigned i = 0; i < LATER_COUNT; i++)
        if (strcmp(word, later_names[i]) == 0)
            return 1u << i;
    return 0;
}

const char *expect_text(unsigned expect, char buffer[EXPECT_TEXT])
{
    char words[LATER_TEXT];

    if (!expect)
        return strcpy(buffer, "");
    if (expect & EXPECT_ALONE)
        return strcpy(buffer, expect_alone(expect));
    snprintf(buffer, EXPECT_TEXT, "%s%s", expect & EXPECT_ONLY ? ONLY " " : "",
             later_text(expect & LATER_ALL, words));
    return buffer;
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
    bool only = strncmp(text, ONLY " ", strlen(ONLY " ")) == 0;

    *ret = expect_parse(text);
    if (!only)
        return (*ret && *ret != EXPECT_ONLY) || !*text || later_parse(text, ret);
    if (!later_parse(text + strlen(ONLY " "), ret) || !*ret)
        return false;
    *ret |= EXPECT_ONLY;
    return true;
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

unsigned expect_beyond(unsigned expect, unsigned words)
{
    if (expect & (EXPECT_ATOMIC | EXPECT_SAFE))
        return words;
    return expect & EXPECT_ONLY && !mutant("only-unheard") ? words & ~expect : 0;
}

bool expect_met(unsigned expect, bool torn_or_gap, unsigned words, unsigned uncrashed)
{
    unsigned wanted = expect & LATER_ALL;

    if (expect_beyond(expect, words | uncrashed))
        return false;
    if (expect & EXPECT_ATOMIC)
        return !torn_or_gap;
    return expect & EXPECT_HARM ? words != 0 : (wanted & words) == wanted;
}
