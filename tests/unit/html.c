/* HTML: pages are well-formed whatever names and texts hold, say what the text report
 * says, and stay small. */
#include <criterion/criterion.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "handmade.h"
#include "report/axis.h"
#include "report/format.h"
#include "report/html.h"
#include "report/repeat.h"
#include "result/check.h"
#include "result/front.h"
#include "result/spans.h"
#include "result/sweep.h"
#include "testlib.h"

static char *escaped(const char *text)
{
    char *written;
    FILE *out = mem_stream(&written);

    html_text(out, text);
    fclose(out);
    return written;
}

Test(html, escapes)
{
    static const char *const cases[][2] = {
        { "<script>alert('x')</script>",
          "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" },
        { "a & b \"quoted\"", "a &amp; b &quot;quoted&quot;" },
        { "two\nlines", "two\nlines" },
        { "\033[31mred\033[0m", "\\x1B[31mred\\x1B[0m" },
        { "caf\xc3\xa9 \xe2\x82\xac", "caf\xc3\xa9 \xe2\x82\xac" },
        { "not UTF-8: \xff\xc3", "not UTF-8: \\xFF\\xC3" },
        { "]]>", "]]&gt;" },
        { "", "" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(mem_freep) char *written = escaped(cases[i][0]);

        cr_expect_str_eq(written, cases[i][1], "case %zu: %s", i, written);
    }
}

/* The page of a run; the caller frees it. */
static char *page_of(struct handmade *handmade)
{
    char *page;
    FILE *out = mem_stream(&page);

    format_by_name("html")->run(out, &handmade->result,
                                (struct report_style){ .full = true });
    fclose(out);
    return page;
}

static bool has_xmllint(void)
{
    return system("xmllint --version >/dev/null 2>&1") == 0;
}

/* By a parser that is not ours, and strict; without one nothing is asked. */
static void check_page(const char *page)
{
    FILE *parser = has_xmllint() ? popen("xmllint --noout --nonet -", "w") : NULL;

    cr_expect(!strstr(page, "<script"));
    cr_expect(!strstr(page, "http://") || strstr(page, "http://www.w3.org/"));
    if (!parser)
        return;
    fputs(page, parser);
    cr_expect_eq(pclose(parser), 0, "xmllint finds mistakes in\n%.2000s", page);
}

#define HOSTILE "<script>\"'&]]>\n\033[31m"

Test(html, is_well_formed_whatever_names_hold)
{
    static const struct handmade_strategy strategies[HANDMADE_STRATEGIES] = {
        { HOSTILE, ".pLLSx.", 200, 60, 20, 80, 480, LATER_LEAKED },
        { "harmless", "...", 200, 0, 0, 0, 90, EXPECT_ATOMIC },
        { "unknown", NULL, 0, 0, 0, 0, 0, 0 },
    };
    CLEANUP(mem_freep) char *page = NULL;
    struct handmade handmade;

    handmade_init(&handmade, 7, strategies);
    handmade.scenario.title = (char *)HOSTILE;
    handmade.scenario.name = (char *)HOSTILE;
    handmade.scenario.source = (char *)HOSTILE;
    handmade.strategies[0].about = (char *)HOSTILE;
    handmade.parameters[0].value = (char *)HOSTILE;
    handmade.result.directory = HOSTILE;
    snprintf(handmade.result.first_error, sizeof(handmade.result.first_error), HOSTILE);
    handmade_label(&handmade.result.findings[0], 1, "%s", HOSTILE);
    finding_put_example(&handmade.result.findings[0], 2, "stays: " HOSTILE);
    page = page_of(&handmade);
    check_page(page);
    handmade_release(&handmade);
}

static const struct handmade_strategy two[HANDMADE_STRATEGIES] = {
    { "old", ".pLL.", 1000, 400, 0, 400, 480, LATER_LEAKED },
    { "new", "..", 1000, 0, 0, 0, 77, EXPECT_ATOMIC },
};

Test(html, says_what_was_found)
{
    static const char *const says[] = {
        "PASS: 2 of 2 strategies do what is expected of them: 1 does harm, 1 does not.",
        "<th scope=\"row\">old</th><td>2 of 5</td><td>2 leaked</td>",
        "<td>below 0.369%</td><td>1000</td>",
        "dead after SET key2: leaked",
        "afterkill replay results/1 old:2",
        "seed</th><td>7</td>",
    };
    struct handmade handmade;
    CLEANUP(mem_freep) char *page = NULL;

    handmade_init(&handmade, 7, two);
    handmade.result.directory = "results/1";
    page = page_of(&handmade);
    for (size_t i = 0; i < ARRAY_SIZE(says); i++)
        cr_expect(strstr(page, says[i]), "\"%s\" is not there", says[i]);
    handmade_release(&handmade);
}

/* In a locale whose decimals are behind a comma, whether it is installed or not. */
Test(html, has_whole_numbers_in_markup)
{
    struct handmade handmade;
    CLEANUP(mem_freep) char *page = NULL;
    const char *at;

    if (!setlocale(LC_ALL, "de_DE.UTF-8"))
        setlocale(LC_ALL, "C");
    handmade_init(&handmade, 7, two);
    page = page_of(&handmade);
    check_page(page);
    for (at = page; (at = strstr(at, "<rect class=")); at++)
        cr_expect_null(memchr(at, ',', strcspn(at, ">")), "%.120s", at);
    handmade_release(&handmade);
}

/* Points of every kind by turns, so that no neighbours are alike. */
static char *points_of(size_t count)
{
    char *points = mem_alloc(count + 1);

    for (size_t i = 0; i < count; i++)
        points[i] = ".LpxS"[i % 5];
    return points;
}

Test(html, stays_small)
{
    static const struct {
        size_t strategies, points;
    } sizes[] = { { 1, 1000 }, { 6, 1000 }, { 1, 10000 } };

    for (size_t i = 0; i < UNLESS_VALGRIND(ARRAY_SIZE(sizes), 1); i++) {
        struct handmade_strategy strategies[HANDMADE_STRATEGIES] = { { .name = NULL } };
        CLEANUP(mem_freep) char *points = points_of(sizes[i].points), *page = NULL;
        char names[HANDMADE_STRATEGIES][301];
        struct handmade handmade;

        for (size_t s = 0; s < sizes[i].strategies; s++) {
            memset(names[s], 'a' + (int)s, 300);
            names[s][300] = '\0';
            strategies[s] =
                (struct handmade_strategy){ names[s], points, 1000, 300,
                                            0,        300,    400,  LATER_LEAKED };
        }
        handmade_init(&handmade, 7, strategies);
        page = page_of(&handmade);
        cr_expect_lt(strlen(page), 500 * 1000, "case %zu: %zu bytes", i, strlen(page));
        check_page(page);
        handmade_release(&handmade);
    }
}

/* Both ends of the scale are wide. */
Test(html, shares_can_be_read_at_both_ends)
{
    cr_expect_eq(axis_share(0, 0, 1000), 0);
    cr_expect_eq(axis_share(0.5, 0, 1000), 500);
    cr_expect_eq(axis_share(1, 0, 1000), 1000);
    cr_expect_gt(axis_share(0.001, 0, 1000), 18);
    cr_expect_lt(axis_share(0.9, 0, 1000), 800);
    cr_expect_eq(axis_share(0.9, 1000, 0), 1000 - axis_share(0.9, 0, 1000));
}

/* Who looks harmless only because no kill got there is on no front. */
Test(html, front_counts_harm_that_no_kill_reached)
{
    static const struct handmade_strategy strategies[HANDMADE_STRATEGIES] = {
        { "slow", ".L.", 1000, 900, 0, 900, 480, 0 },
        { "unreached", ".L.", 1000, 0, 0, 0, 90, 0 },
        { "fast", "..", 1000, 0, 0, 0, 80, 0 },
        { "fastest", ".L.", 1000, 300, 0, 300, 50, 0 },
    };
    static const bool on_front[] = { false, false, true, true };
    struct front_place *places;
    struct handmade handmade;

    handmade_init(&handmade, 7, strategies);
    places = front_places(&handmade.result);
    for (size_t i = 0; i < ARRAY_SIZE(on_front); i++)
        cr_expect_eq(places[i].front, on_front[i], "%s", strategies[i].name);
    free(places);
    handmade_release(&handmade);
}

Test(html, neighbours_of_one_verdict_are_told_together)
{
    static const struct handmade_strategy strategies[HANDMADE_STRATEGIES] = {
        { "old", "..LLLp.", 0, 0, 0, 0, 0, 0 },
    };
    static const uint64_t firsts[] = { 0, 2, 5, 6 };
    struct handmade handmade;
    struct spans spans;

    handmade_init(&handmade, 7, strategies);
    spans = spans_of(&handmade.result.findings[0], 7);
    cr_expect_eq(spans.count, 7);
    spans_release(&spans);
    spans = spans_of(&handmade.result.findings[0], 6);
    cr_assert_eq(spans.count, ARRAY_SIZE(firsts));
    cr_expect(!spans.timed);
    for (size_t i = 0; i < spans.count; i++)
        cr_expect_eq(spans.items[i].first, firsts[i]);
    spans_release(&spans);
    cr_expect_eq(spans_of_commands(&handmade.result.findings[0], 0), 6);
    handmade_release(&handmade);
}

/* All that decides what is found, and nothing that is the default. */
Test(html, says_how_to_run_it_again)
{
    struct handmade handmade;

    handmade_init(&handmade, 7, two);
    handmade.result.plan.attempts = 1000;
    handmade.scenario.now = 1700000000;
    {
        CLEANUP(mem_freep) char *command =
            repeat_command(&handmade.result, (struct report_style){ .full = true });

        cr_expect_str_eq(command,
                         "afterkill run ./queue.lua --set jobs=25 --set period=10 "
                         "--seed 7 --now 1700000000 --trials 1000");
    }
    handmade.result.plan.attempts = ATTEMPTS_MOST;
    handmade.result.plan.strategies = 1;
    handmade.parameters[0].value = (char *)"***";
    handmade.result.stopping.width = 0.01;
    handmade.result.faults[FAULT_BYTE] = true;
    handmade.result.rtt_us = 500;
    handmade.result.confidence = 0.99;
    handmade.result.transport = "TCP";
    handmade.result.killer = "parent";
    {
        CLEANUP(mem_freep) char *command = repeat_command(
            &handmade.result, (struct report_style){ .program = "tools/run" });

        cr_expect_str_eq(command,
                         "tools/run run ./queue.lua --strategy old --set jobs=.. "
                         "--set period=10 --seed 7 --now 1700000000 "
                         "--fault kill,step,byte --until-width 0.01 "
                         "--killer parent --rtt 500us --confidence 0.99 "
                         "--transport tcp");
    }
    handmade.scenario.path = (char *)"/dev/stdin";
    cr_expect_null(
        repeat_command(&handmade.result, (struct report_style){ .full = true }));
    handmade.result.plan.strategies = 2;
    handmade_release(&handmade);
}

static const struct handmade_strategy hostile[HANDMADE_STRATEGIES] = {
    { HOSTILE, ".LL.", 200, 60, 20, 80, 480, LATER_LEAKED },
    { "&amp;", "...", 200, 0, 0, 0, 90, EXPECT_ATOMIC },
};

/* Strategies in pairs. */
Test(html, comparison_is_well_formed_and_says_who_is_better)
{
    const struct compare_options options = { .confidence = 0.95 };
    struct comparison comparison;
    struct handmade handmade;
    CLEANUP(mem_freep) char *page = NULL;
    FILE *out = mem_stream(&page);

    handmade_init(&handmade, 7, hostile);
    handmade.scenario.title = (char *)HOSTILE;
    compare_pairs(&handmade.result, &options, &comparison);
    format_by_name("html")->compare(out, &comparison,
                                    (struct report_style){ .full = true });
    fclose(out);
    check_page(page);
    cr_expect(strstr(page, "<td class=\"good\">better</td>"), "%s", page);
    cr_expect(strstr(page, "NO VERDICT: strategies of one run"), "%s", page);
    comparison_release(&comparison);
    handmade_release(&handmade);
}

/* One that is as expected, one that is not, one that could not be loaded. */
Test(html, check_is_well_formed_and_has_a_row_per_scenario)
{
    struct check check = { .seed = 1 };
    struct err err = ERR_NULL;
    struct handmade handmade;
    CLEANUP(mem_freep) char *page = NULL;
    FILE *out = mem_stream(&page);

    handmade_init(&handmade, 7, hostile);
    check_take(&check, check_add(&check, "good", "good"), &handmade.result);
    handmade.strategies[0].expect = EXPECT_ATOMIC;
    check_take(&check, check_add(&check, HOSTILE, "./" HOSTILE), &handmade.result);
    err_set(&err, ERR_USAGE, "%s", HOSTILE);
    check_trouble(check_add(&check, "bad", "bad"), &err);
    format_by_name("html")->check(out, &check, (struct report_style){ .full = true });
    fclose(out);
    check_page(page);
    cr_expect(strstr(page, "<a href=\"#scenario-1\">good</a></th><td></td>"
                           "<td class=\"good\">ok</td>"));
    cr_expect(strstr(page, "<td class=\"bad\">not as expected</td>"));
    cr_expect(strstr(page, "<td class=\"bad\">a mistake</td>"));
    cr_expect(strstr(page, "id=\"scenario-3\""));
    check_release(&check);
    handmade_release(&handmade);
}

/* Of three values, harm from the second on. */
Test(html, sweep_is_well_formed_and_says_where_harm_begins)
{
    static const struct handmade_strategy values[][HANDMADE_STRATEGIES] = {
        { { HOSTILE, "....", 200, 0, 0, 0, 90, 0 } },
        { { HOSTILE, ".LL.", 200, 60, 0, 60, 90, 0 } },
        { { HOSTILE, ".LL.", 200, 160, 0, 160, 90, 0 } },
    };
    char *names[] = { (char *)"2", (char *)"4", (char *)"25" };
    struct handmade handmade[ARRAY_SIZE(values)];
    struct result results[ARRAY_SIZE(values)];
    const struct outline *outlines[ARRAY_SIZE(values)];
    struct sweep sweep = { .parameter = (char *)"jobs",
                           .values = names,
                           .wanted = 3,
                           .outlines = outlines,
                           .results = results,
                           .count = 3 };
    CLEANUP(mem_freep) char *page = NULL;
    FILE *out = mem_stream(&page);

    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        handmade_init(&handmade[i], 7, values[i]);
        handmade[i].parameters[0].value = names[i];
        results[i] = handmade[i].result;
        outlines[i] = &handmade[i].scenario;
    }
    format_by_name("html")->sweep(out, &sweep, (struct report_style){ .full = true });
    fclose(out);
    check_page(page);
    cr_expect(strstr(page, ">harm from jobs=4 on</text>"), "%s", page);
    cr_expect(strstr(page, "none up to jobs=2"), "%s", page);
    for (size_t i = 0; i < ARRAY_SIZE(values); i++)
        handmade_release(&handmade[i]);
}
