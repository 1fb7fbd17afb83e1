/* sweep: what --sweep accepts, the order of values, and which result decides. Scenarios
 * and results are made here; that real ones are loaded and run is tested in
 * integration/sweep.c. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "result/sweep.h"

#define MOST 6

Test(sweep, parses_names_and_values)
{
    static const struct {
        const char *text, *name, *values[MOST];
    } rows[] = {
        { "bytes=100", "bytes", { "100" } },
        { "bytes=100,400,1600", "bytes", { "100", "400", "1600" } },
        { "how=a=b,c", "how", { "a=b", "c" } },
        { "x=-1.5,1e3", "x", { "-1.5", "1e3" } },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct err err = ERR_NULL;
        struct sweep sweep;
        size_t count = 0;

        sweep_init(&sweep);
        cr_assert_eq(sweep_parse(&sweep, rows[i].text, &err), 0, "%s", err.msg);
        cr_expect_str_eq(sweep.parameter, rows[i].name);
        while (count < MOST && rows[i].values[count])
            count++;
        cr_assert_eq(sweep.wanted, count, "%s: %zu values", rows[i].text, sweep.wanted);
        for (size_t v = 0; v < count; v++)
            cr_expect_str_eq(sweep.values[v], rows[i].values[v]);
        sweep_release(&sweep);
        sweep_release(&sweep);
    }
}

Test(sweep, refuses_what_is_no_sweep)
{
    static const char *const rows[] = { "",         "bytes", "=1",    "bytes=",
                                        "bytes=1,", "b=,1",  "b=1,,2" };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct err err = ERR_NULL;
        struct sweep sweep;

        sweep_init(&sweep);
        cr_expect_eq(sweep_parse(&sweep, rows[i], &err), ERR_USAGE, "'%s'", rows[i]);
        cr_expect(strstr(err.msg, "NAME=V1,V2"), "%s", err.msg);
        sweep_release(&sweep);
    }
}

Test(sweep, orders_numbers_by_size_and_texts_not_at_all)
{
    static char swept[] = "x", other[] = "a", seven[] = "7";
    static const struct {
        const char *values[4];
        bool is_text;
        size_t order[4];
    } rows[] = {
        { { "800", "1e2", "90", "1600" }, false, { 2, 1, 0, 3 } },
        { { "1", "2", "3", "4" }, false, { 0, 1, 2, 3 } },
        { { "4", "3", "2", "-1" }, false, { 3, 2, 1, 0 } },
        { { "4", "3", "2", "1" }, true, { 0, 1, 2, 3 } },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct parameter parameters[4][2];
        struct outline outlines[4];
        const struct outline *pointers[4];
        struct sweep sweep = {
            .parameter = swept, .outlines = pointers, .wanted = 4, .count = 4
        };
        size_t *order;

        for (size_t v = 0; v < 4; v++) {
            parameters[v][0] = (struct parameter){ .name = other, .value = seven };
            parameters[v][1] = (struct parameter){ .name = swept,
                                                   .value = mem_strdup(rows[i].values[v]),
                                                   .is_text = rows[i].is_text };
            outlines[v] =
                (struct outline){ .parameters = parameters[v], .parameter_count = 2 };
            pointers[v] = &outlines[v];
        }
        order = sweep_order(&sweep);
        cr_expect_arr_eq(order, rows[i].order, sizeof(rows[i].order), "row %zu", i);
        cr_expect_eq(sweep_is_numeric(&sweep), !rows[i].is_text);
        free(order);
        for (size_t v = 0; v < 4; v++)
            free(parameters[v][1].value);
    }
}

/* Results that end a run in each way. */
enum way { NOTHING, PASS, FAIL, UNEXPLAINED, TROUBLE, INTERRUPTED };

static struct result made(enum way way)
{
    static struct strategy good = { .expect = EXPECT_ATOMIC };
    static struct strategy bad = { .expect = LATER_LEAKED };
    static struct point point = { .taken = true };
    static struct finding findings[INTERRUPTED + 1];
    struct result result = { .plan = { .strategies = 1 }, .findings = &findings[way] };

    findings[way] = (struct finding){
        .strategy = way == FAIL ? &bad : &good,
        .controlled = way != NOTHING,
        .points = way == NOTHING ? NULL : &point,
        .kills.unexplained = way == UNEXPLAINED,
    };
    result.complete = way != TROUBLE && way != INTERRUPTED;
    result.interrupted = way == INTERRUPTED;
    if (way == TROUBLE)
        strcpy(result.trouble, "the server is gone");
    return result;
}

Test(sweep, the_worst_value_decides)
{
    static const struct {
        enum way ways[3];
        enum exit_status status;
    } rows[] = {
        { { PASS, PASS, PASS }, EXIT_PASS },
        { { NOTHING, NOTHING, NOTHING }, EXIT_NOTHING_RAN },
        { { FAIL, PASS, PASS }, EXIT_FAIL },
        { { PASS, PASS, FAIL }, EXIT_FAIL },
        { { FAIL, UNEXPLAINED, FAIL }, EXIT_INFRASTRUCTURE },
        { { TROUBLE, FAIL, PASS }, EXIT_INFRASTRUCTURE },
        { { UNEXPLAINED, FAIL, INTERRUPTED }, EXIT_INTERRUPTED },
    };
    struct sweep none = { .wanted = 3 };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct result results[3];
        struct sweep sweep = { .results = results, .count = 3, .wanted = 3 };

        for (size_t r = 0; r < 3; r++)
            results[r] = made(rows[i].ways[r]);
        cr_expect_eq(sweep_exit_status(&sweep), rows[i].status, "row %zu: %d", i,
                     (int)sweep_exit_status(&sweep));
    }
    cr_expect_eq(sweep_exit_status(&none), EXIT_NOTHING_RAN);
}
