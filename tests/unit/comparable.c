/* comparable: what two results differ in besides what is compared, and that it is said.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "base/mem.h"
#include "compared.h"
#include "report/verdict_line.h"
#include "report/writers.h"

static const struct compare_options plain = { .confidence = 0.95 };

static bool is_noted(const char *word, bool loud)
{
    for (size_t i = 0; i < comparison.comparable.count; i++)
        if (strstr(comparison.comparable.notes[i].text, word) &&
            comparison.comparable.notes[i].loud == loud)
            return true;
    return false;
}

Test(comparable, runs_that_are_not_alike_are_said_to_be)
{
    static const struct handmade_strategy before = { "a", ".L.", 100, 10, 0, 0, 50, 0 };
    static const struct handmade_strategy after = { "a", ".L..", 100, 10, 0, 0, 50, 0 };
    static char many[] = "100", other[] = "stack", size[] = "size";

    compared(&before, &before, 1, &plain);
    cr_expect_eq(comparison.comparable.count, 0, "they are alike");
    compared_end();
    compared(&before, &after, 1, &plain);
    comparison_release(&comparison);
    compared_new.parameters[0].value = many;
    compared_new.parameters[1].name = size;
    compared_new.scenario.name = other;
    compared_new.result.transport = "tcp";
    compared_new.result.rtt_us = 500;
    compared_new.result.server[6] = '8';
    compared_new.result.killer = "parent";
    compared_new.result.complete = false;
    compared_base.result.findings[0].kills.unexplained = 2;
    compare_runs(&compared_base.result, &compared_new.result, &plain, &comparison);
    cr_expect(is_noted("jobs: 25 in the base, 100 in the new run", true));
    cr_expect(is_noted("period: only the base", true));
    cr_expect(is_noted("size: only the new run", true));
    cr_expect(is_noted("'stack'", true));
    cr_expect(is_noted("'tcp'", false));
    cr_expect(is_noted("500 us in the new run", false));
    cr_expect(is_noted("8.0.15", false));
    cr_expect(is_noted("'parent'", false));
    cr_expect(is_noted("3 and 90 in the new run", false));
    cr_expect_not(is_noted("same words", false), "all that both send is the same");
    cr_expect(is_noted("the new run was not finished", true));
    cr_expect(is_noted("the base has 2 unexplained", true));
    cr_expect_eq(compare_exit_status(&comparison), EXIT_INCONCLUSIVE);
    compared_end();
}

/* Equal figures say nothing then; that equal runs of which this is not known are compared
 * is what all other tests here do. */
Test(comparable, a_run_and_itself)
{
    static const struct handmade_strategy some = { "a", ".L.", 100, 10, 0, 0, 50, 0 };
    CLEANUP(mem_freep) char *line = NULL;
    CLEANUP(mem_freep) char *text = NULL;
    FILE *out;

    compared(&some, &some, 1, &plain);
    comparison_release(&comparison);
    strcpy(compared_base.result.made, "once");
    strcpy(compared_new.result.made, "again");
    compare_runs(&compared_base.result, &compared_new.result, &plain, &comparison);
    cr_expect_eq(comparison.comparable.count, 0);
    comparison_release(&comparison);
    strcpy(compared_new.result.made, "once");
    compare_runs(&compared_base.result, &compared_new.result, &plain, &comparison);
    cr_expect(is_noted("base and new are one and the same run", false));
    cr_expect_eq(compare_exit_status(&comparison), EXIT_PASS);
    line = verdict_line_comparison(&comparison);
    cr_expect_str_eq(line, "NO VERDICT: base and new are one and the same run, so it is "
                           "equal to itself, and nothing was compared.");
    out = mem_stream(&text);
    compare_text(out, &comparison, (struct report_style){ .color = false });
    fclose(out);
    cr_expect_not_null(strstr(text, "note: base and new are one and the same run\n"));
    cr_expect_null(strstr(text, "per SIGKILL"), "no figures: %s", text);
    cr_expect_null(strstr(text, "do harm"), "%s", text);
    compared_end();
}

/* As many commands and bytes, and other words: which, and of a program why. */
Test(comparable, words_that_differ_are_shown)
{
    static const struct handmade_strategy some = { "a", ".L..", 100, 10, 0, 0, 50, 0 };
    struct finding *finding;

    compared(&some, &some, 1, &plain);
    comparison_release(&comparison);
    finding = &compared_new.result.findings[0];
    handmade_label(finding, 1, "SET keyB");
    compare_runs(&compared_base.result, &compared_new.result, &plain, &comparison);
    cr_assert_eq(comparison.comparable.count, 1);
    cr_expect(
        is_noted("a does not send the same words; the first command that differs is "
                 "the 2nd: 'SET key2' in the base, 'SET keyB' in the new run",
                 false));
    cr_expect_not(is_noted("programs", false));
    comparison_release(&comparison);
    finding->states = 3;
    compare_runs(&compared_base.result, &compared_new.result, &plain, &comparison);
    cr_expect(is_noted("in the new run (ids or times that programs make anew are others "
                       "in every recording)",
                       false));
    compared_end();
}

Test(comparable, what_scenarios_say_of_time_is_told_where_it_differs)
{
    static const struct handmade_strategy some = { "a", ".L.", 100, 10, 0, 0, 50, 0 };
    static char ten[] = "10", more[] = "1000", none[] = "", two[] = "60,90";
    char *times[] = { ten, none, none }, *others[] = { more, two, two };

    compared(&some, &some, 1, &plain);
    comparison_release(&comparison);
    memcpy(compared_base.scenario.times, times, sizeof(times));
    compare_runs(&compared_base.result, &compared_new.result, &plain, &comparison);
    cr_expect(is_noted("the new run was kept without its tolerate", false));
    comparison_release(&comparison);
    memcpy(compared_new.scenario.times, times, sizeof(times));
    compare_runs(&compared_base.result, &compared_new.result, &plain, &comparison);
    cr_expect_eq(comparison.comparable.count, 0, "they are alike");
    comparison_release(&comparison);
    memcpy(compared_new.scenario.times, others, sizeof(others));
    compare_runs(&compared_base.result, &compared_new.result, &plain, &comparison);
    cr_expect(is_noted("tolerate: 10 s in the base, 1000 s in the new run", true));
    cr_expect(is_noted("recover_after: 0 s in the base, 60,90 s in the new run", true));
    cr_expect(is_noted("moments: none in the base, 60,90 s in the new run", true));
    compared_end();
}

/* Updates as those that are killed, of which each waits for as long. */
static void set_waiting(struct result *result, uint64_t first_ns, uint64_t second_ns)
{
    struct finding *finding = result->findings;

    finding->cold_count = 10;
    finding->cold = mem_grow(finding->cold, 10, sizeof(*finding->cold));
    for (size_t i = 0; i < 10; i++) {
        finding->cold[i].ran_ns = 900;
        finding->cold[i].waited_ns = i < 5 ? first_ns : second_ns;
    }
}

Test(comparable, machines_that_had_more_to_do_are_told)
{
    static const struct handmade_strategy some = { "a", ".L.", 100, 10, 0, 0, 50, 0 };
    static const struct {
        struct machine_load base, new;
        uint64_t base_ns, new_ns; /* of 900, in the second half */
        const char *note;         /* NULL: nothing to tell */
    } cases[] = {
        { { 0, false, false, 0, 0 }, { 2, true, true, 9, 9 }, 0, 0, NULL },
        { { 2, true, true, 0.5, 2 }, { 2, true, true, 2.4, 20 }, 0, 0, NULL },
        { { 8, true, true, 0.5, 2 }, { 8, true, true, 7, 8 }, 0, 0, NULL },
        { { 2, true, true, 0.5, 2 },
          { 2, true, true, 2.5, 4 },
          0,
          0,
          "the base: load 0.50 before it began, on 2 CPUs, and updates waited for a CPU "
          "for 0.0% of their time in its first half, 0.0% in the second; the new run: "
          "load 2.50" },
        { { 1, true, false, 3, 0 }, { 4, true, false, 3, 0 }, 0, 0, "on 1 CPU, and" },
        { { 2, true, true, 1, 1 }, { 2, true, true, 1, 1 }, 100, 150, NULL },
        { { 2, true, true, 1, 1 },
          { 2, true, true, 1, 1 },
          0,
          100,
          "10.0% in the second" },
        { { 0, false, false, 0, 0 },
          { 0, false, false, 0, 0 },
          300,
          0,
          "load not known, and updates waited for a CPU for 0.0% of their time in its "
          "first half, 25.0% in the second; the new run: load not known" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        compared(&some, &some, 1, &plain);
        comparison_release(&comparison);
        compared_base.result.machine = cases[i].base;
        compared_new.result.machine = cases[i].new;
        set_waiting(&compared_base.result, 0, cases[i].base_ns);
        set_waiting(&compared_new.result, 0, cases[i].new_ns);
        compare_runs(&compared_base.result, &compared_new.result, &plain, &comparison);
        cr_expect_eq(comparison.comparable.count, cases[i].note != NULL, "case %zu", i);
        if (cases[i].note)
            cr_expect(is_noted(cases[i].note, false), "case %zu: %s", i,
                      comparison.comparable.count ? comparison.comparable.notes[0].text
                                                  : "nothing");
        compared_end();
    }
}
