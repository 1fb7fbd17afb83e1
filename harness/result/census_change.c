/* census_change.c - see census_change.h. */
#include "result/census_change.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/mutant.h"

#define NOTHING (-1) /* lasts less than anything, ms */
#define LEAST_MS 1000

/* A command, and the point after it. */
struct row {
    const char *command; /* borrowed */
    uint64_t point;
};

static int compare_rows(const void *a, const void *b)
{
    const struct row *left = a, *right = b;
    int order = strcmp(left->command, right->command);

    return order ? order : (left->point > right->point) - (left->point < right->point);
}

/* By their words, and those of the same words in their order; the caller frees it. */
static struct row *sort_commands(const struct finding *finding)
{
    struct row *rows = MEM_ARRAY(struct row, finding->commands + 1);

    for (uint64_t k = 1; k <= finding->commands; k++)
        rows[k - 1] = (struct row){ finding_command(finding, k), k };
    qsort(rows, finding->commands, sizeof(*rows), compare_rows);
    return rows;
}

/* For each of the new side's points, the base's after the same command: for the third of
 * its words, the third of these words. NULL: there is none. The caller frees it. */
static const struct point **find_partners(const struct finding *base,
                                          const struct finding *new)
{
    CLEANUP(mem_freep) struct row *were = sort_commands(base);
    CLEANUP(mem_freep) struct row *are = sort_commands(new);
    const struct point **partners = mem_alloc((new->commands + 1) * sizeof(*partners));

    partners[0] = &base->points[0];
    for (uint64_t i = 0, j = 0; i < base->commands && j < new->commands;) {
        int order = strcmp(were[i].command, are[j].command);

        if (order == 0)
            partners[are[j].point] = &base->points[were[i].point];
        i += order <= 0;
        j += order >= 0;
    }
    return partners;
}

/* Not the numbers: strategies of different length have different crash points. */
static enum compare_verdict judge_sizes(const struct census_size *base,
                                        const struct census_size *new)
{
    if (!base->harmful == !new->harmful)
        return COMPARE_UNSEEN;
    return new->harmful ? COMPARE_WORSE : COMPARE_BETTER;
}

/* --- how long --- */

static bool is_longer(int64_t ms, int64_t than_ms)
{
    int64_t more_ms;

    if (mutant("lasts-forgotten") || ms <= than_ms)
        return false;
    if (than_ms == NOTHING)
        return true;
    more_ms = ms - than_ms;
    return more_ms > LEAST_MS && more_ms > than_ms / 10;
}

static int64_t longest_ms(const struct damage *damage)
{
    return damage->points ? damage->lasts_ms : NOTHING;
}

static enum compare_verdict judge_lasts(const struct lasts_change *change)
{
    if (!change->base.points && !change->new.points)
        return COMPARE_UNKNOWN;
    return is_longer(longest_ms(&change->new), longest_ms(&change->base)) ? COMPARE_WORSE
           : is_longer(longest_ms(&change->base), longest_ms(&change->new))
               ? COMPARE_BETTER
               : COMPARE_UNSEEN;
}

static struct lasts_change begin_lasts(struct damage base, struct damage new)
{
    struct lasts_change change = { .base = base, .new = new };

    change.verdict = judge_lasts(&change);
    return change;
}

static void add_lasts(struct lasts_change *change, uint64_t point, int64_t base_ms,
                      int64_t new_ms)
{
    change->shorter += is_longer(base_ms, new_ms);
    if (is_longer(new_ms, base_ms) && change->longer++ == 0) {
        change->first = point;
        change->base_ms = base_ms;
        change->new_ms = new_ms;
    }
}

/* Of a point that does no harm. */
static int64_t passing_ms(const struct verdict *verdict)
{
    return verdict->passing ? verdict->lasts_ms : NOTHING;
}

/* `before` is NULL if the point has no partner. */
static void compare_lasts(struct census_change *change, uint64_t k,
                          const struct verdict *before, const struct verdict *now)
{
    int64_t harm_ms = before ? before->lasts_ms : longest_ms(&change->harm.base);

    if (now->later)
        add_lasts(&change->harm, k, harm_ms, now->lasts_ms);
    else if (before && !before->later)
        add_lasts(&change->passing, k, passing_ms(before), passing_ms(now));
    else if (!before && !change->harm.base.points && now->passing)
        add_lasts(&change->passing, k, longest_ms(&change->passing.base), now->lasts_ms);
}

/* --- both --- */

static void compare_points(struct census_change *change, const struct finding *base,
                           const struct finding *new)
{
    const struct point **partners = find_partners(base, new);

    for (uint64_t k = 0; k <= new->commands; k++) {
        const struct point *before = partners[k];
        const struct verdict *now = &new->points[k].verdict;
        unsigned gained =
            now->later & ~(before ? before->verdict.later : change->harm.base.words);

        change->better += before && before->verdict.later && !now->later;
        if (gained && change->worse++ == 0) {
            change->first = k;
            change->gained = gained;
        }
        if (!gained)
            compare_lasts(change, k, before ? &before->verdict : NULL, now);
    }
    free(partners);
}

struct census_change census_compare(const struct finding *base, const struct finding *new,
                                    bool pairs)
{
    struct census_change change = { .known = tally_census_complete(base) &&
                                             tally_census_complete(new) };

    if (!change.known)
        return change;
    change.harm = begin_lasts(figure_harm(base), figure_harm(new));
    change.base = (struct census_size){ base->commands + 1, change.harm.base.points };
    change.new = (struct census_size){ new->commands + 1, change.harm.new.points };
    change.verdict = judge_sizes(&change.base, &change.new);
    change.passing = begin_lasts(figure_passing(base), figure_passing(new));
    if (!pairs)
        compare_points(&change, base, new);
    return change;
}

enum compare_verdict census_lasts_verdict(const struct census_change *change)
{
    bool harm = change->harm.base.points || change->harm.new.points;

    if (!change->known)
        return COMPARE_UNKNOWN;
    return harm ? change->harm.verdict : change->passing.verdict;
}
