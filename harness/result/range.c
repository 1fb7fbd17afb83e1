/* range.c - see range.h. */
#include "result/range.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define CLOSE 1e-9 /* relative: what rounding may make of the last value */

struct range {
    double first, last, step;
    bool times; /* the step is a factor */
};

/* Takes the text apart at its colons; false if there are not two. */
static bool take_apart(char *text, char *parts[3])
{
    for (int i = 0; i < 3; i++)
        parts[i] = strsep(&text, i < 2 ? ":" : "");
    return parts[2] != NULL;
}

bool range_is_one(const char *text)
{
    CLEANUP(mem_freep) char *copy = mem_strdup(text);
    char *parts[3];
    double ignored;

    return take_apart(copy, parts) && str_real(parts[0], -HUGE_VAL, HUGE_VAL, &ignored) &&
           str_real(parts[1], -HUGE_VAL, HUGE_VAL, &ignored);
}

static bool parse(const char *text, struct range *ret)
{
    CLEANUP(mem_freep) char *copy = mem_strdup(text);
    char *parts[3];
    bool times, plus;

    if (!take_apart(copy, parts) ||
        !str_real(parts[0], -HUGE_VAL, HUGE_VAL, &ret->first) ||
        !str_real(parts[1], -HUGE_VAL, HUGE_VAL, &ret->last))
        return false;
    times = parts[2][0] == 'x';
    plus = parts[2][0] == '+';
    ret->times = times;
    return (times || plus) &&
           str_real(parts[2] + 1, times ? 1 : 0, HUGE_VAL, &ret->step) &&
           ret->first <= ret->last && (!times || ret->first > 0);
}

/* Each is computed from the first, so that errors do not add up. */
static double value_at(const struct range *range, size_t i)
{
    return range->times ? range->first * pow(range->step, (double)i)
                        : range->first + range->step * (double)i;
}

int range_values(const char *text, char ***ret, size_t *ret_count, struct err *err)
{
    struct range range;
    char **values = NULL;
    double most;
    size_t count = 0;

    if (!parse(text, &range))
        return err_set(err, ERR_USAGE,
                       "'%.100s' is no range: expected FIRST:LAST:xFACTOR, as in "
                       "100:6400:x2, or FIRST:LAST:+STEP, as in 100:500:+100, upwards",
                       text);
    most = range.last + CLOSE * fmax(fabs(range.last), range.times ? 0 : range.step);
    while (count <= RANGE_MOST && value_at(&range, count) <= most)
        count++;
    if (count > RANGE_MOST)
        return err_set(err, ERR_USAGE,
                       "'%.100s' has more than %d values, each of which is a run; take a "
                       "greater step",
                       text, RANGE_MOST);
    values = mem_alloc(count * sizeof(*values));
    for (size_t i = 0; i < count; i++)
        values[i] = mem_printf("%.12g", value_at(&range, i));
    *ret = values;
    *ret_count = count;
    return 0;
}
