/* Documents as sheets, and the formats that lay out any sheet. That tools which are not
 * ours understand them is tested in integration/formats.c. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/mem.h"
#include "handmade.h"
#include "report/format.h"
#include "report/sheets.h"

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
        { "share", NULL, CELL_SHARE }, { "none", NULL, CELL_SHARE },
        { "ratio", NULL, CELL_RATIO }, { "lasts", NULL, CELL_LASTS },
        { "ever", NULL, CELL_LASTS },  { "flag", NULL, CELL_FLAG },
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
