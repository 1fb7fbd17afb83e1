/* slices: the order in which two runs take turns. */
#include "plan/slices.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* "b1 n1 n2 b2 .." */
static void order(uint64_t each, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (uint64_t k = 0; k < 2 * each; k++) {
        struct slice slice = slices_at(each, k);

        cr_expect_eq(slice.shard.total, each);
        used += (size_t)snprintf(text + used, size - used, "%s%c%llu", k ? " " : "",
                                 slice_side_name(slice.side)[0],
                                 (unsigned long long)slice.shard.index + 1);
    }
}

Test(slices, take_turns)
{
    char text[256];

    order(2, text, sizeof(text));
    cr_expect_str_eq(text, "b1 n1 n2 b2");
    order(4, text, sizeof(text));
    cr_expect_str_eq(text, "b1 n1 n2 b2 b3 n3 n4 b4");
    order(SLICES_EACH, text, sizeof(text));
    cr_expect_str_eq(text, "b1 n1 n2 b2 b3 n3 n4 b4 b5 n5 n6 b6 b7 n7 n8 b8");
}

/* Whatever number of slices there may be: each is there once, and what changes steadily
 * with time is the same for both sides. */
Test(slices, are_all_there_and_drift_cancels)
{
    for (uint64_t each = 2; each <= 64; each += 2) {
        unsigned seen[SLICE_SIDES][64] = { { 0 } };
        uint64_t at[SLICE_SIDES] = { 0 };

        for (uint64_t k = 0; k < 2 * each; k++) {
            struct slice slice = slices_at(each, k);

            cr_assert_lt(slice.shard.index, each);
            seen[slice.side][slice.shard.index]++;
            at[slice.side] += k;
        }
        for (uint64_t i = 0; i < each; i++)
            cr_expect(seen[SLICE_BASE][i] == 1 && seen[SLICE_NEW][i] == 1);
        cr_expect_eq(at[SLICE_BASE], at[SLICE_NEW]);
    }
}

Test(slices, are_fewer_where_there_is_little_to_do)
{
    static const struct {
        uint64_t attempts, each;
    } rows[] = { { 0, SLICES_EACH }, { 1, 2 }, { 2, 2 }, { 3, 2 },
                 { 5, 4 },           { 7, 6 }, { 8, 8 }, { 1000000, SLICES_EACH } };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        cr_expect_eq(slices_each(rows[i].attempts), rows[i].each);
}
