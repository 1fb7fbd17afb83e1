/* gap.c - see gap.h. */
#include "result/gap.h"

#include <string.h>

#include "base/mutant.h"
#include "result/cure.h"
#include "result/tally.h"

static unsigned words_at(const struct finding *finding, uint64_t point)
{
    return point < finding_points(finding) ? finding->points[point].verdict.later : 0;
}

/* What a point has and the one before it has not. */
static unsigned added_at(const struct finding *finding, uint64_t point)
{
    return words_at(finding, point) & ~(point ? words_at(finding, point - 1) : 0u);
}

/* The first point of a gap that has its words and no others; else the first. */
static uint64_t best_shown(const struct finding *finding, const struct gap *gap)
{
    for (uint64_t k = gap->first; k <= gap->last; k++)
        if (words_at(finding, k) == gap->words)
            return k;
    return gap->first;
}

bool gap_find(const struct finding *finding, uint64_t from, struct gap *ret)
{
    struct gap gap = { .first = from };

    while (gap.first < finding_points(finding) && !added_at(finding, gap.first))
        gap.first++;
    if (gap.first >= finding_points(finding))
        return false;
    gap.words = added_at(finding, gap.first);
    gap.last = gap.run = gap.first;
    while (words_at(finding, gap.last + 1) & gap.words)
        gap.last++;
    while (gap.run && words_at(finding, gap.run - 1))
        gap.run--;
    gap.shown = best_shown(finding, &gap);
    *ret = gap;
    return true;
}

/* Of the command after so many; "" if there is none. */
static const char *command_name(const struct finding *finding, uint64_t point)
{
    return point && point <= finding->commands ? finding->sent[point - 1]->name : "";
}

bool gap_alike(const struct finding *finding, const struct gap *a, const struct gap *b)
{
    return a->words == b->words &&
           strcmp(command_name(finding, a->first), command_name(finding, b->first)) ==
               0 &&
           strcmp(command_name(finding, a->last + 1),
                  command_name(finding, b->last + 1)) == 0;
}

/* --- cures --- */

/* From a crash point to the first later one without any of these words. */
static struct pair_input input_of(const struct finding *finding, uint64_t first,
                                  unsigned words)
{
    struct pair_input input = {
        .commands = finding->sent,
        .count = (size_t)finding->commands,
        .first = (size_t)first,
        .healed = (size_t)first + 1,
        .later = words_at(finding, first),
        .key_was_there = first && finding->steps[first - 1].key_was_there,
        .is_program = finding->states > 0,
    };

    while (words_at(finding, input.healed) & words)
        input.healed++;
    return input;
}

/* What is to be cured. False: the cure of the gap's run does. */
static bool cured_by_itself(const struct finding *finding, const struct gap *gap,
                            struct pair_input *ret)
{
    const struct cured *cured = finding_cured(finding, gap->first);

    *ret = input_of(finding, gap->run, LATER_ALL);
    if (gap->first != gap->run) {
        if (cure_is_whole(ret))
            return false;
        *ret = input_of(finding, gap->first, gap->words);
    }
    if (cured) {
        ret->failed = cured->first != CURE_TRIED || cured->outcome != CURE_TRIED;
        ret->remedy = cured->outcome == CURE_TRIED ? cured->remedy : REMEDY_NONE;
    }
    return true;
}

bool gap_cure(const struct finding *finding, const struct gap *gap, char *buffer,
              size_t size)
{
    struct pair_input input;

    if (size)
        buffer[0] = '\0';
    return cured_by_itself(finding, gap, &input) && cure_write(&input, buffer, size);
}

bool gap_beside(const struct finding *finding, const struct gap *gap, char *buffer,
                size_t size)
{
    struct pair_input input;

    if (size)
        buffer[0] = '\0';
    return cured_by_itself(finding, gap, &input) && cure_beside(&input, buffer, size);
}

bool gap_advice(const struct finding *finding, const struct gap *gap, char *buffer,
                size_t size)
{
    struct pair_input input;

    if (size)
        buffer[0] = '\0';
    return gap->first == gap->run && cured_by_itself(finding, gap, &input) &&
           cure_advice(&input, buffer, size);
}

size_t gap_remedies(const struct finding *finding, const struct gap *gap,
                    struct remedy ret[CURE_REMEDIES])
{
    struct pair_input input;

    return cured_by_itself(finding, gap, &input) ? cure_remedies(&input, ret) : 0;
}

const struct cured *gap_cured(const struct finding *finding, const struct gap *gap)
{
    const struct cured *cured = finding_cured(finding, gap->first);

    return cured && (cured->outcome == CURE_TRIED || mutant("printed-untried")) ? cured
                                                                                : NULL;
}

bool gap_first_cure(const struct finding *finding, char *buffer, size_t size)
{
    struct gap gap;

    if (size)
        buffer[0] = '\0';
    return tally_census_complete(finding) && gap_find(finding, 0, &gap) &&
           gap_cure(finding, &gap, buffer, size);
}
