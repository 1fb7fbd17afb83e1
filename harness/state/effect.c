/* effect.c - see effect.h. */
#include "state/effect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* A whole number as Redis writes it, which it can count up. */
static bool read_count(struct str text, int64_t *ret)
{
    char copy[24], again[24];

    if (text.length >= sizeof(copy))
        return false;
    memcpy(copy, text.bytes, text.length);
    copy[text.length] = '\0';
    *ret = strtoll(copy, NULL, 10);
    snprintf(again, sizeof(again), "%lld", (long long)*ret);
    return strcmp(copy, again) == 0 && strlen(copy) == text.length;
}

/* The rows of one place, all of whose values are numbers. */
struct counter {
    int64_t old, new, here;   /* 0: it is not there */
    struct verdict_row *told; /* what there is, else what is missing */
};

/* False: some value is none, or the place is not one that has a value. */
static bool read_counter(struct verdict_row *rows, size_t count, struct counter *ret)
{
    static const char *const types[] = { "string", "hash", "zset" };
    bool has_value = false;

    *ret = (struct counter){ 0, 0, 0, rows };
    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        has_value |= str_compare(rows->atom->type, str_of(types[i])) == 0;
    for (size_t i = 0; i < count; i++) {
        int64_t value;

        if (!has_value || !read_count(rows[i].atom->value, &value))
            return false;
        ret->old = rows[i].old ? value : ret->old;
        ret->new = rows[i].new ? value : ret->new;
        if (rows[i].here) {
            ret->here = value;
            ret->told = &rows[i];
        }
    }
    return true;
}

/* Behind the last row that has the value of the first: they differ in their expiries. */
static size_t value_end(const struct verdict_row *rows, size_t from, size_t count)
{
    size_t to = from + 1;

    while (to < count && str_compare(rows[from].atom->value, rows[to].atom->value) == 0)
        to++;
    return to;
}

static struct verdict_row sum_of(const struct verdict_row *rows, size_t count)
{
    struct verdict_row sum = rows[0];

    for (size_t i = 1; i < count; i++)
        sum.old += rows[i].old, sum.new += rows[i].new, sum.here += rows[i].here;
    return sum;
}

/* Rows of one value. */
static void judge_copies(struct verdict_row *rows, size_t count, bool strange)
{
    struct verdict_row sum = sum_of(rows, count), *here = rows, *missing = rows;

    for (size_t i = 0; i < count; i++) {
        here = rows[i].here ? &rows[i] : here;
        missing = rows[i].here < row_most(&rows[i]) ? &rows[i] : missing;
    }
    if (sum.here > row_most(&sum))
        here->words |= LATER_DUPLICATED;
    if (sum.here < row_least(&sum) && !strange)
        missing->words |= LATER_LOST;
}

/* That a stream is there, or a hash, with nothing in it that counts; and who has read a
 * stream. */
static bool is_no_effect(const struct atom *atom)
{
    static const char *const types[] = { "empty stream", "stream group",
                                         "stream consumer", "stream pending" };

    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (str_compare(atom->type, str_of(types[i])) == 0)
            return true;
    return str_compare(atom->type, STR("hash")) == 0 && !atom->id.length &&
           !atom->value.length;
}

void effect_judge(struct verdict_row *rows, size_t count)
{
    struct counter counter;
    bool strange = false; /* the place has a value that neither control has */

    if (is_no_effect(rows->atom))
        return;
    if (read_counter(rows, count, &counter)) {
        if (counter.here < counter.old && counter.here < counter.new)
            counter.told->words |= LATER_LOST;
        if (counter.here > counter.old && counter.here > counter.new)
            counter.told->words |= LATER_DUPLICATED;
        return;
    }
    for (size_t from = 0, to; from < count; from = to) {
        struct verdict_row sum;

        to = value_end(rows, from, count);
        sum = sum_of(rows + from, to - from);
        strange |= row_most(&sum) == 0;
    }
    for (size_t from = 0, to; from < count; from = to) {
        to = value_end(rows, from, count);
        judge_copies(rows + from, to - from, strange);
    }
}
