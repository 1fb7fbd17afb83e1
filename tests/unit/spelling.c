/* spelling: how numbers, shares, durations, ranges and strategies may be written on the
 * command line, and what is offered for what is none. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/printable.h"
#include "base/str.h"
#include "cmd/strategies.h"
#include "plan/request.h"
#include "redis/quote.h"
#include "result/range.h"

typedef bool reader(const char *text, double above, double below, double *ret);

struct reading {
    const char *text;
    double value; /* NAN: it is none */
};

static void read_all(reader *take, const struct reading *rows, size_t count, double below)
{
    for (size_t i = 0; i < count; i++) {
        double value = NAN;
        bool taken = take(rows[i].text, 0, below, &value);

        cr_expect_eq(taken, !isnan(rows[i].value), "'%s'", rows[i].text);
        cr_expect(!taken || value == rows[i].value, "'%s' is %.17g", rows[i].text, value);
    }
}

Test(spelling, shares)
{
    static const struct reading rows[] = {
        { "0.001", 0.001 }, { "0.1%", 0.001 }, { "99%", 0.99 }, { "0.01%", 0.0001 },
        { "5%", 0.05 },     { "1e-4%", 1e-6 }, { "100%", NAN }, { "0%", NAN },
        { "%", NAN },       { "1", NAN },      { "5 %", NAN },  { "5%%", NAN },
        { "-5%", NAN },     { "nan%", NAN },   { "0,1%", NAN }, { "", NAN },
    };

    read_all(str_share, rows, ARRAY_SIZE(rows), 1);
}

Test(spelling, seconds)
{
    static const struct reading rows[] = {
        { "10", 10 },   { "10s", 10 },   { "500ms", 0.5 },     { "0.5s", 0.5 },
        { "2m", 120 },  { "1h", 3600 },  { "250us", 0.00025 }, { "s", NAN },
        { "0s", NAN },  { "10 s", NAN }, { "10sec", NAN },     { "1000h", NAN },
        { "-1s", NAN }, { "infs", NAN }, { "1,5s", NAN },      { "", NAN },
    };

    read_all(str_seconds, rows, ARRAY_SIZE(rows), 1e6);
}

/* They mean the same in what a run was asked for, and are kept as they always were. */
Test(spelling, requests_are_kept_as_numbers)
{
    static const struct {
        const char *name, *text, *kept;
    } rows[] = {
        { "confidence", "99%", "0.99" }, { "until-below", "0.01%", "0.0001" },
        { "until-width", "1%", "0.01" }, { "timeout", "1500ms", "1.5" },
        { "timeout", "2m", "120" },      { "timeout", "10", "10" },
    };
    struct request request = { .text = NULL };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct err err = ERR_NULL;

        cr_assert_eq(request_set(&request, rows[i].name, rows[i].text, &err), 0, "%s",
                     err.msg);
        for (size_t item = 0; item < request_items; item++) {
            CLEANUP(mem_freep) char *kept = request_item_text(&request, item);

            if (strcmp(request_item_name(item), rows[i].name) == 0)
                cr_expect_str_eq(kept, rows[i].kept);
        }
    }
    request_release(&request);
}

#define MOST 8

Test(spelling, ranges)
{
    static const struct {
        const char *text, *values[MOST];
    } rows[] = {
        { "100:6400:x2", { "100", "200", "400", "800", "1600", "3200", "6400" } },
        { "100:500:+100", { "100", "200", "300", "400", "500" } },
        { "100:599:+100", { "100", "200", "300", "400", "500" } },
        { "0:0.3:+0.1", { "0", "0.1", "0.2", "0.3" } },
        { "-2:2:+2", { "-2", "0", "2" } },
        { "1:1000:x10", { "1", "10", "100", "1000" } },
        { "7:7:+1", { "7" } },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct err err = ERR_NULL;
        size_t count = 0, wanted = 0;
        char **values;

        while (wanted < MOST && rows[i].values[wanted])
            wanted++;
        cr_expect(range_is_one(rows[i].text), "%s", rows[i].text);
        cr_assert_eq(range_values(rows[i].text, &values, &count, &err), 0, "%s", err.msg);
        cr_assert_eq(count, wanted, "%s: %zu values", rows[i].text, count);
        for (size_t v = 0; v < count; v++) {
            cr_expect_str_eq(values[v], rows[i].values[v]);
            free(values[v]);
        }
        free(values);
    }
}

Test(spelling, what_is_no_range)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        { "100:6400:2", "FIRST:LAST:xFACTOR" }, { "100:6400:x1", "FIRST:LAST:xFACTOR" },
        { "100:6400:x", "FIRST:LAST:xFACTOR" }, { "6400:100:x2", "upwards" },
        { "0:100:x2", "FIRST:LAST:xFACTOR" },   { "1:9:+0", "FIRST:LAST:+STEP" },
        { "1:9:+-1", "FIRST:LAST:+STEP" },      { "1:9:+1:3", "FIRST:LAST:+STEP" },
        { "0:1e9:+1", "more than 100 values" }, { "1:101:+1", "more than 100 values" },
        { "1:2:x1.000001", "more than 100" },   { "0:1:+1e-300", "more than 100" },
    };
    static const char *const words[] = { "a:b:c", "100", "1:2", "", "::", "1:b:+1" };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct err err = ERR_NULL;
        char **values;
        size_t count;

        cr_expect(range_is_one(rows[i].text), "%s", rows[i].text);
        cr_expect_eq(range_values(rows[i].text, &values, &count, &err), ERR_USAGE, "%s",
                     rows[i].text);
        cr_expect(strstr(err.msg, rows[i].says), "%s: %s", rows[i].text, err.msg);
    }
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        cr_expect_not(range_is_one(words[i]), "'%s'", words[i]);
}

static char one[] = "per-field", two[] = "batched", three[] = "batched-multi",
            four[] = "odd[1]";

Test(spelling, strategies)
{
    static struct strategy strategies[] = {
        { .name = one }, { .name = two }, { .name = three }, { .name = four }
    };
    static char name[] = "busy";
    static const struct {
        const char *list;
        size_t chosen[4], count;
    } rows[] = {
        { NULL, { 0, 1, 2, 3 }, 4 },          { "batched", { 1 }, 1 },
        { "batched*", { 1, 2 }, 2 },          { "*-multi,batched*", { 2, 1 }, 2 },
        { "per-field,*", { 0, 1, 2, 3 }, 4 }, { "odd[1]", { 3 }, 1 },
        { "batched,batched", { 1 }, 1 },      { "?er-[e-g]ield", { 0 }, 1 },
    };
    static const char *const none[] = { "", "batched,", "nothing*", "batch" };
    const struct outline outline = { .name = name,
                                     .strategies = strategies,
                                     .strategy_count = ARRAY_SIZE(strategies) };
    size_t chosen[ARRAY_SIZE(strategies)], count;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct err err = ERR_NULL;

        cr_assert_eq(strategies_choose(&outline, rows[i].list, chosen, &count, &err), 0);
        cr_assert_eq(count, rows[i].count, "row %zu: %zu", i, count);
        for (size_t k = 0; k < count; k++)
            cr_expect_eq(chosen[k], rows[i].chosen[k], "row %zu", i);
    }
    for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
        struct err err = ERR_NULL;

        cr_expect_eq(strategies_choose(&outline, none[i], chosen, &count, &err),
                     ERR_USAGE);
        cr_expect(strstr(err.msg, "here are: per-field, batched, batched-multi, odd[1]"),
                  "%s", err.msg);
    }
}

static const char *numbered(const void *context, size_t i)
{
    return ((const char *const *)context)[i % 2];
}

Test(spelling, offers)
{
    static const char *const words[] = { "pipelined", "per-field" };
    CLEANUP(mem_freep) char *near = str_offer("piplined", 2, numbered, words);
    CLEANUP(mem_freep) char *far = str_offer("qqqqqqqq", 2, numbered, words);
    CLEANUP(mem_freep) char *none = str_offer("x", 0, numbered, words);
    CLEANUP(mem_freep) char *many = str_offer("qqqqqqqq", 1000, numbered, words);

    cr_expect_str_eq(near, "did you mean 'pipelined'? There are: pipelined, per-field");
    cr_expect_str_eq(far, "there are: pipelined, per-field");
    cr_expect_str_eq(none, "there are none");
    cr_expect_lt(strlen(many), 600);
    cr_expect(strstr(many, " more"), "%s", many);
}

/* ---- what a terminal may have ---- */

Test(spelling, printable)
{
    static const struct {
        const char *text, *shown;
    } rows[] = {
        { "plain", "plain" },
        { "Gr\u00fc\u00dfe \u2192 \U0001F600", "Gr\u00fc\u00dfe \u2192 \U0001F600" },
        { "\033[31m", "\\x1b[31m" },
        { "a\nb\tc", "a\nb\\x09c" },
        { "\177", "\\x7f" },
        { "\xc2\x9b", "\\xc2\\x9b" },          /* CSI in one character */
        { "\xff\xfe", "\\xff\\xfe" },          /* no UTF-8 */
        { "\xc0\x9b", "\\xc0\\x9b" },          /* longer than it need be */
        { "\xed\xa0\x80", "\\xed\\xa0\\x80" }, /* a surrogate */
        { "\xe2\x86", "\\xe2\\x86" },          /* cut off */
        { "a\u200bb\u2060", "a\\xe2\\x80\\x8bb\\xe2\\x81\\xa0" },   /* nothing to see */
        { "\u202egnp\u2069", "\\xe2\\x80\\xaegnp\\xe2\\x81\\xa9" }, /* backwards */
        { "\u2028", "\\xe2\\x80\\xa8" },                            /* an end of a line */
        { "\ufeff", "\\xef\\xbb\\xbf" },
        { "\u05d0\u0628\u0301 \u2026", "\u05d0\u0628\u0301 \u2026" },
        { "", "" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char shown[64], brief[4];

        printable_copy(shown, sizeof(shown), rows[i].text, "\n");
        cr_expect_str_eq(shown, rows[i].shown, "row %zu: %s", i, shown);
        cr_expect_eq(printable_is(rows[i].text),
                     strcmp(rows[i].text, rows[i].shown) == 0 &&
                         !strchr(rows[i].text, '\n'));
        printable_copy(brief, sizeof(brief), rows[i].text, "");
        cr_expect_lt(strlen(brief), sizeof(brief));
    }
}

Test(spelling, one_printable_line)
{
    CLEANUP(mem_freep) char *line = printable_new("a\nb\033\tc\xff");
    char joined[] = "a\nb\tc d";

    cr_expect_str_eq(line, "a\\x0ab\\x1b\\x09c\\xff");
    printable_join(joined);
    cr_expect_str_eq(joined, "a b c d");
}

Test(spelling, what_begins_lines)
{
    static const struct {
        const char *name;
        bool begins;
        const char *lines; /* behind a line of ours */
    } rows[] = {
        { "sidekiq_busy", true, "  sidekiq_busy" },
        { "a:b", true, "  a:b" },
        { "a b: c", true, "  a b: c" },
        { "", true, "  " },
        { "PASS: 1 of 1", false, "  PASS: 1 of 1" },
        { "PASS:", false, "  PASS:" },
        { "::error::x", false, "  \\::error::x" },
        { "  \t::error::x", false, "  \t\\::error::x" },
        { "\u00a0::error::x", false, "  \u00a0\\::error::x" },
        { ":", false, "  :" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(mem_freep) char *text = mem_printf("ours\n%s", rows[i].name);
        CLEANUP(mem_freep) char *expected = mem_printf("ours\n%s", rows[i].lines);
        CLEANUP(mem_freep) char *said = NULL;
        FILE *out = mem_stream(&said);

        str_print_lines(out, text, "  ");
        fclose(out);
        cr_expect_eq(printable_begins(rows[i].name), rows[i].begins, "row %zu", i);
        cr_expect_str_eq(said, expected, "row %zu: %s", i, said);
    }
}

/* Wherever it is in a line. */
Test(spelling, older_commands_to_who_shows_logs)
{
    static const char text[] = "a ##[error]b ### [x] ##[#";
    CLEANUP(mem_freep) char *shown = printable_new(text);
    CLEANUP(mem_freep) char *said = NULL;
    FILE *out = mem_stream(&said);

    str_print(out, str_of(text), 100);
    fputc('\n', out);
    str_print_text(out, str_of(text), 100);
    fputc('\n', out);
    quote_print(out, str_of(text), true);
    fclose(out);
    cr_expect_not(printable_is(text));
    cr_expect(printable_is("## a #[b]"));
    cr_expect_str_eq(shown, "a \\x23#[error]b ### [x] \\x23#[#");
    cr_expect_str_eq(said, "a \\x23#[error]b ### [x] \\x23#[#\n"
                           "a \\x23#[error]b ### [x] \\x23#[#\n"
                           "\"a \\x23#[error]b ### [x] \\x23#[#\"");
}

Test(spelling, messages_are_printable)
{
    struct err err = ERR_NULL;

    err_set(&err, ERR_USAGE, "no '%s'\nand more", "\033[2J");
    err_wrap(&err, "%s", "\007");
    cr_expect_str_eq(err.msg, "\\x07: no '\\x1b[2J'\nand more");
}
