/* When a state is looked at, from the times at which something lapses. */
#include <criterion/criterion.h>

#include "base/mem.h"
#include "state/moments.h"

#define END INT64_MIN

/* Lapses in ms, the moments that they make, and times that are asked for; they end with
 * END, or have nothing but zeros. */
static const struct {
    int64_t lapses[16], moments[MOMENTS_MOST + 1];
    bool merged;
    int64_t asked[3];
} cases[] = {
    { { END }, { 0, END }, false, { 0 } },
    { { -1, -2, 0, END }, { 0, END }, false, { 0 } },
    { { 59998, END }, { 0, 60000, END }, false, { 0 } },
    { { 60000, END }, { 0, 60000, END }, false, { 0 } },
    { { 499, END }, { 0, 500, END }, false, { 0 } },
    { { 1999, END }, { 0, 2000, END }, false, { 0 } },
    { { 86399990, 59998, 59997, END }, { 0, 60000, 86400000, END }, false, { 0 } },
    /* A second and a tenth of the first of them. */
    { { 59998, 66990, END }, { 0, 67000, END }, false, { 0 } },
    { { 59998, 67990, END }, { 0, 60000, 68000, END }, false, { 0 } },
    { { 9998, 11998, 13998, END }, { 0, 12000, 14000, END }, false, { 0 } },
    /* The nearest of nine by their ratio become one. */
    { { 1000, 10000, 20000, 40000, 80000, 100000, 200000, 400000, END },
      { 0, 1000, 10000, 20000, 40000, 100000, 200000, 400000, END },
      true,
      { 0 } },
    /* Recovery that begins 9 s before a key lapses still finds it. */
    { { 108999, END }, { 0, 100000, 109000, END }, false, { 100000 } },
    { { 59998, 65998, END }, { 0, 60000, 66000, END }, false, { 66000, 60000, 60000 } },
};

Test(moments, of_lapses)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct lapses lapses = LAPSES_NULL, asked = LAPSES_NULL;
        struct moments moments, again;
        size_t k = 0;

        for (size_t a = 0; a < ARRAY_SIZE(cases[i].asked); a++)
            lapses_add(&asked, cases[i].asked[a], 0);
        for (int round = 0; round < 2; round++) {
            for (size_t l = 0; cases[i].lapses[l] != END; l++)
                lapses_add(&lapses, cases[i].lapses[l], l + 1);
            again = moments;
            moments = moments_of(&lapses, 3, &asked);
        }
        cr_expect(moments_equal(&moments, &again), "case %zu: used again", i);
        for (; cases[i].moments[k] != END; k++)
            cr_expect(k < moments.count && moments.at_ms[k] == cases[i].moments[k],
                      "case %zu: moment %zu is %lld", i, k, (long long)moments.at_ms[k]);
        cr_expect_eq(moments.count, k, "case %zu: %zu moments", i, moments.count);
        cr_expect_eq(moments.merged, cases[i].merged, "case %zu", i);
        lapses_release(&lapses);
        lapses_release(&asked);
    }
}

/* Of more than can be looked at, those of bystanders go first, then those that were asked
 * for, and those at which states differ never, as long as there is another. */
Test(moments, of_bystanders_are_merged_first)
{
    struct lapses lapses = LAPSES_NULL, asked = LAPSES_NULL;
    struct moments moments;
    bool found[2] = { false, false };

    for (uint64_t i = 1; i <= 40; i++)
        for (int state = i == 9; state < 3; state++)
            lapses_add(&lapses, (int64_t)i * 100000, i);
    for (int64_t i = 1; i <= 20; i++)
        lapses_add(&asked, i * 7000, 0);
    lapses_add(&lapses, 820000, 9); /* one state has this one sooner, */
    lapses_add(&lapses, 25000, 77); /* and one something of its own */
    moments = moments_of(&lapses, 3, &asked);
    cr_expect(moments.merged);
    cr_expect_eq(moments.count, MOMENTS_MOST);
    for (size_t i = 0; i < moments.count; i++) {
        found[0] |= moments.at_ms[i] == 25000;
        found[1] |= moments.at_ms[i] == 820000;
    }
    cr_expect(found[0] && found[1]);
    lapses_release(&lapses);
    lapses_release(&asked);
}
