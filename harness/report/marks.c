/* marks.c - see marks.h. */
#include "report/marks.h"

#include "base/mem.h"

/* Harm first, in the order of LATER_*; then harm that passes; then what only a reader
 * sees. */
static const struct mark later_marks[] = {
    { 'L', "leaked", "\033[31m" }, { 'D', "duplicated", "\033[31m" },
    { 'X', "lost", "\033[31m" },   { 'M', "mixed", "\033[31m" },
    { 'S', "stuck", "\033[31m" },  { 'B', "broken", "\033[31m" },
};
static const struct mark passing_marks[] = {
    { 'l', "leaked for a while", "\033[33m" },
    { 'd', "duplicated for a while", "\033[33m" },
    { 'x', "lost for a while", "\033[33m" },
    { 'm', "mixed for a while", "\033[33m" },
    { 's', "stuck for a while", "\033[33m" },
    { 'b', "broken for a while", "\033[33m" },
};
static const struct mark now_marks[] = {
    [NOW_INTACT] = { '.', "clean", "\033[32m" },
    [NOW_GAP] = { 'g', "a gap that heals", "\033[33m" },
    [NOW_TORN] = { 't', "torn until it heals", "\033[33m" },
};
_Static_assert(ARRAY_SIZE(later_marks) == LATER_COUNT &&
                   ARRAY_SIZE(passing_marks) == LATER_COUNT &&
                   ARRAY_SIZE(now_marks) == NOW_COUNT,
               "every word has a mark");
static const struct mark unknown = { '?', "not tried", "" };

static const struct mark *first_mark(const struct mark *marks, unsigned words)
{
    return words ? &marks[__builtin_ctz(words)] : NULL;
}

const struct mark *mark_of(const struct point *point)
{
    const struct mark *harm = first_mark(later_marks, point->verdict.later),
                      *passing = first_mark(passing_marks, point->verdict.passing);

    if (!point->taken)
        return &unknown;
    return harm ? harm : passing ? passing : &now_marks[point->verdict.now];
}

const struct mark *mark_at(size_t index)
{
    static const struct {
        const struct mark *marks;
        size_t count;
    } all[] = {
        { now_marks, NOW_COUNT },
        { passing_marks, LATER_COUNT },
        { later_marks, LATER_COUNT },
        { &unknown, 1 },
    };
    size_t i = 0;

    while (i < ARRAY_SIZE(all) && index >= all[i].count)
        index -= all[i++].count;
    return i < ARRAY_SIZE(all) ? &all[i].marks[index] : NULL;
}

bool mark_is_used(const struct result *result, const struct mark *mark)
{
    result_foreach (finding, result) {
        for (uint64_t k = 0; k < finding_points(finding); k++)
            if (mark_of(&finding->points[k]) == mark)
                return true;
    }
    return false;
}
