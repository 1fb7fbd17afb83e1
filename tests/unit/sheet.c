/* Documents as sheets, and the formats that lay out any sheet. That tools which are not
 * ours understand them is tested in integration/formats.c. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/mem.h"
#include "handmade.h"
#include "report/format.h"
#include "report/sheets.h"
#include "testlib.h"

static const struct report_style plain = { .color = false };

static char *laid_out(const char *format, const struct sheet *sheet)
{
    char *text;
    FILE *out = mem_stream(&text);

    format_by_name(format)->sheet(out, sheet, plain);
    fclose(out);
    return text;
}

static void expect_text_in(const char *text, const char *expected)
{
    cr_expect(strstr(text, expected), "'%s' is not in\n%s", expected, text);
}

/* A sheet of one name, and nothing else. */
static struct sheet sheet_of(const char *name)
{
    static const struct column column = { "name", "name", CELL_NAME };
    struct sheet sheet = { .what = "run",
                           .title = mem_strdup(name),
                           .verdict = mem_printf("PASS: %s", name) };

    sheet_column(&sheet, &column);
    cell_text(sheet_row(&sheet), name);
    return sheet;
}

Test(csv, fields)
{
    static const struct {
        const char *name, *field;
    } rows[] = {
        { "plain", "plain" },
        { "", "\"\"" },
        { "a,b", "\"a,b\"" },
        { "a \"b\"", "\"a \"\"b\"\"\"" },
        { "two\nlines", "\"two\nlines\"" },
        { "<script>|`", "<script>|`" },
        { "=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0" },
        { "+1", "'+1" },
        { "@SUM(1,2)", "\"'@SUM(1,2)\"" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct sheet sheet = sheet_of(rows[i].name);
        CLEANUP(mem_freep) char *text = laid_out("csv", &sheet);
        CLEANUP(mem_freep) char *expected = mem_printf("name\r\n%s\r\n", rows[i].field);

        cr_expect_str_eq(text, expected);
        sheet_release(&sheet);
    }
}

Test(csv, cells)
{
    static const struct column columns[] = {
        { "share", NULL, CELL_DIFFERENCE }, { "none", NULL, CELL_SHARE },
        { "ratio", NULL, CELL_RATIO },      { "lasts", NULL, CELL_LASTS },
        { "ever", NULL, CELL_LASTS },       { "flag", NULL, CELL_FLAG },
    };
    const struct ratio ratio = { .known = true, .estimate = 2 };
    struct sheet sheet = SHEET_NULL;
    CLEANUP(mem_freep) char *text = NULL;
    struct cell *cells;

    for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
        sheet_column(&sheet, &columns[i]);
    cells = sheet_row(&sheet);
    cell_difference(&cells[0], -0.5, (struct interval){ -0.75, 0.25 });
    cell_share(&cells[1], (struct rate){ .of = 0 });
    cell_ratio(&cells[2], &ratio);
    cell_lasts(&cells[3], 1500);
    cell_lasts(&cells[4], LASTS_FOREVER);
    cell_flag(&cells[5], true);
    text = laid_out("csv", &sheet);
    cr_expect_str_eq(text, "share,share_low,share_high,none,none_low,none_high,"
                           "ratio,ratio_low,ratio_high,lasts,ever,flag\r\n"
                           "-0.5,-0.75,0.25,,,,2,,,1.5,forever,true\r\n");
    sheet_release(&sheet);
}

static const struct handmade_strategy two[HANDMADE_STRATEGIES] = {
    { "old", ".L.", 100, 60, 0, 60, 300, EXPECT_SAFE },
    { "new", "..", 100, 0, 0, 0, 100, EXPECT_ATOMIC },
};

/* Whatever a run has come to, what it is held to says so, too. */
Test(sheet, of_a_run)
{
    struct handmade handmade;
    struct sheet sheet;

    handmade_init(&handmade, 7, two);
    run_sheet(&sheet, &handmade.result, plain);
    cr_expect_eq(sheet.row_count, 2);
    cr_expect_eq(sheet.case_count, 2);
    cr_expect_eq(sheet.cases[0].outcome, CASE_FAILED);
    cr_expect_eq(sheet.cases[1].outcome, CASE_PASSED);
    expect_text_in(sheet.cases[0].message, "old was expected to be safe, and is not");
    sheet_release(&sheet);
    handmade_release(&handmade);
}

/* What was not run to its end has not passed, whatever is known so far. */
Test(sheet, of_an_interrupted_run)
{
    static const struct handmade_strategy unfinished[HANDMADE_STRATEGIES] = {
        { .name = "old", .points = ".L.", .expect = LATER_LEAKED },
        { .name = "new", .expect = EXPECT_ATOMIC },
    };
    struct handmade handmade;
    CLEANUP(mem_freep) char *tap = NULL, *csv = NULL;
    struct sheet sheet;

    handmade_init(&handmade, 7, unfinished);
    handmade.result.interrupted = true;
    run_sheet(&sheet, &handmade.result, plain);
    tap = laid_out("tap", &sheet);
    csv = laid_out("csv", &sheet);
    expect_text_in(tap, "1..3\nok 1 - ");
    expect_text_in(tap, "/new\n  ---\n  message: \"nothing is decided: it was not run to "
                        "its end\"\n");
    expect_text_in(tap, "message: \"a signal asked to stop\"");
    expect_text_in(tap, "\nBail out! a signal asked to stop\n# INTERRUPTED");
    expect_text_in(csv, ",new,atomic,none,,,,,,");
    sheet_release(&sheet);
    handmade_release(&handmade);
}

Test(sheet, whose_status_no_case_accounts_for)
{
    struct sheet sheet = sheet_of("it");

    sheet.status = EXIT_NOTHING_RAN;
    sheet_end(&sheet);
    cr_assert_eq(sheet.case_count, 1);
    cr_expect_eq(sheet.cases[0].outcome, CASE_ERROR);
    cr_expect_str_eq(sheet.cases[0].message, sheet.verdict);
    sheet_release(&sheet);
}

/* A document that is there in a format can be asked for, and is told in one wording. */
Test(format, names)
{
    static const struct {
        enum document document;
        const char *begin, *rest;
    } rows[] = {
        { DOCUMENT_RUN, "text, json", NULL },
        { DOCUMENT_CHECK, "text, json", "junit" },
        { DOCUMENT_LIST, "text or json", "" },
        { DOCUMENT_REPLAY, "text or json", "" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(mem_freep) char *names = format_names(rows[i].document);

        if (rows[i].rest && !*rows[i].rest)
            cr_expect_str_eq(names, rows[i].begin);
        cr_expect_eq(strncmp(names, rows[i].begin, strlen(rows[i].begin)), 0, "%s",
                     names);
        if (rows[i].rest)
            expect_text_in(names, rows[i].rest);
    }
}

/* GitHub refuses a comment of 65,536 characters. */
Test(markdown, is_never_too_long)
{
    static const struct column columns[] = {
        { "name", "name", CELL_NAME },
        { "unseen", NULL, CELL_WHOLE },
        { "none", "none", CELL_WHOLE },
        { "share", "share", CELL_SHARE },
    };
    char name[301] = "";
    struct sheet sheet = { .what = "run", .status = EXIT_FAIL };
    CLEANUP(mem_freep) char *text = NULL;

    memset(name, '@', sizeof(name) - 1);
    sheet.title = mem_strdup(name);
    sheet.verdict = mem_printf("FAIL: %0*d %s", 9000, 0, name);
    sheet.command = mem_printf("run '%0*d'", 9000, 0);
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
        sheet_column(&sheet, &columns[i]);
    for (size_t i = 0; i < UNLESS_VALGRIND(4000, 400); i++) {
        struct sheet_case *item = sheet_case(&sheet, CASE_FAILED, name);

        item->type = "expectation";
        item->name = mem_strdup(name);
        item->message = mem_strdup(name);
        cell_text(sheet_row(&sheet), name);
    }
    text = laid_out("markdown", &sheet);
    cr_expect_lt(strlen(text), 65536);
    expect_text_in(text, " more rows have no room here.\n");
    expect_text_in(text, " more remarks have no room here.\n");
    cr_expect_null(strstr(text, "unseen"));
    cr_expect_null(strstr(text, "none"));
    sheet_release(&sheet);
}

Test(markdown, names_mean_nothing)
{
    static const struct {
        const char *name, *cell, *said;
    } rows[] = {
        { "a|b", "| `a\\|b` |", "PASS: a\\|b" },
        { "<script>", "| `<script>` |", "PASS: &lt;script\\>" },
        { "`x`", "| `` `x` `` |", "PASS: \\`x\\`" },
        { "\033[31m", "| `\\x1b[31m` |", "\\\\x1b\\[31m" },
        { "a\nb", "| `a b` |", "PASS: a b" },
        { "@you #1", "| `@you #1` |", "PASS: @<!-- -->you #<!-- -->1" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct sheet sheet = sheet_of(rows[i].name);
        CLEANUP(mem_freep) char *text = laid_out("markdown", &sheet);

        expect_text_in(text, rows[i].cell);
        expect_text_in(text, rows[i].said);
        sheet_release(&sheet);
    }
}

Test(github, annotations)
{
    struct sheet sheet = sheet_of("it\n::error::no");
    struct sheet_case *item = sheet_case(&sheet, CASE_OPEN, "a,b:c");
    CLEANUP(mem_freep) char *text = NULL;

    item->type = "undecided";
    item->message = mem_strdup("50%\n::error::no");
    sheet_place(item, "./crash/x.lua", 7);
    item = sheet_case(&sheet, CASE_FAILED, "it");
    item->type = "expectation";
    item->name = mem_strdup("old");
    item->message = mem_strdup("leaks");
    item->advice = mem_strdup("mend it");
    item->command = mem_strdup("afterkill replay it 1");
    sheet_place(item, "sidekiq_busy", 7);
    sheet_case(&sheet, CASE_PASSED, "it");
    text = laid_out("github", &sheet);
    cr_expect_str_eq(
        text, "::error title=it%3A old::leaks%0Amend it%0ASee: afterkill replay it 1\n"
              "::warning file=crash/x.lua,line=7,title=a%2Cb%3Ac::50%25%0A::error::no\n"
              "PASS: it ::error::no\n");
    sheet_release(&sheet);
}

Test(tap, and_junit_of_odd_names)
{
    struct sheet sheet = sheet_of("it");
    struct sheet_case *item = sheet_case(&sheet, CASE_ERROR, "<script>\"#\033");
    CLEANUP(mem_freep) char *tap = NULL, *junit = NULL;

    item->type = "infrastructure";
    item->message = mem_strdup("a\nb");
    tap = laid_out("tap", &sheet);
    junit = laid_out("junit", &sheet);
    expect_text_in(tap,
                   "1..1\nnot ok 1 - <script>\"\\# \n  ---\n  message: \"a\\x0Ab\"\n");
    expect_text_in(junit, "<testsuite name=\"&#60;script&#62;&#34;#\\x1B\" tests=\"1\" "
                          "failures=\"0\" errors=\"1\" skipped=\"0\"");
    sheet_release(&sheet);
}

Test(sheet, lines_of_strategies)
{
    struct strategy strategies[] = { { .name = (char[]){ "old" } },
                                     { .name = (char[]){ "new" } },
                                     { .name = (char[]){ "old-er" } } };
    struct outline outline = { .strategies = strategies, .strategy_count = 3 };

    outline_find_lines(&outline, "-- \"new\"\n{ name = 'old' },\n{ name = \"new\" }");
    cr_expect_eq(strategies[0].line, 2);
    cr_expect_eq(strategies[1].line, 0); /* it stands there twice */
    cr_expect_eq(strategies[2].line, 0);
}

/* Where others held up all updates, nothing limits how many deaths do harm. Neither 0 nor
 * a number that is none says so. */
Test(json, a_limit_that_there_is_not_is_null)
{
    static const struct handmade_strategy strategies[HANDMADE_STRATEGIES] = {
        { "a", ".L.", 900, 450, 0, 0, 50, 0 }
    };
    struct handmade handmade;
    CLEANUP(mem_freep) char *text = NULL;
    FILE *out = mem_stream(&text);
    const json_t *strategy, *exposure;
    json_t *document;

    handmade_init(&handmade, 1, strategies);
    handmade_hold_up(&handmade, 100);
    format_run(format_by_name("json"), out, &handmade.result, plain);
    fclose(out);
    document = json_loads(text, 0, NULL);
    strategy = json_array_get(json_object_get(document, "strategies"), 0);
    exposure = json_object_get(strategy, "harm_per_million_sigkills");
    cr_expect_gt(json_number_value(json_object_get(exposure, "estimate")), 0);
    cr_expect(json_is_null(json_object_get(exposure, "high")), "%s", text);
    json_decref(document);
    handmade_release(&handmade);
}
