/* The short report of a run: what it recommends, what it notes, and how much room it
 * takes. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/mem.h"
#include "base/str.h"
#include "handmade.h"
#include "report/format.h"
#include "report/words.h"

#define OF(who, census, us)                                                              \
    {                                                                                    \
        .name = (who), .points = (census), .mean_us = (us)                               \
    }

static char *report(const struct handmade_strategy *strategies, struct report_style style)
{
    struct handmade handmade;
    char *text;
    FILE *out = mem_stream(&text);

    handmade_init(&handmade, 7, strategies);
    handmade.result.directory = "results/1";
    format_by_name("text")->run(out, &handmade.result, style);
    handmade_release(&handmade);
    fclose(out);
    return text;
}

static const struct {
    struct handmade_strategy strategies[HANDMADE_STRATEGIES];
    const char *says;
} advice[] = {
    { { OF("old", ".L.", 300), OF("slow", "...", 200), OF("new", "..", 100) },
      "\nUse new: the fastest strategy without harm, 3.0x as fast as old.\n" },
    { { OF("old", ".L.", 100), OF("new", "...", 250) },
      "\nUse new: the only strategy without harm, and takes 2.5x the time of old.\n" },
    { { OF("old", ".L.", 2000), OF("a", "...", 100), OF("b", "..", 100) },
      "\nUse a or b: the fastest without harm, and about equally so, 20x as fast as "
      "old.\n" },
    { { OF("old", ".L.", 100), OF("new", "...", 100) },
      "\nUse new: the only strategy without harm, about as fast as old.\n" },
    /* What nothing is wrong of even for a while is better than what is fast. */
    { { OF("old", ".L.", 300), OF("fast", ".p.", 50), OF("new", "..", 100) },
      "\nUse new: the fastest strategy without harm, 3.0x as fast as old.\n" },
    { { OF("old", ".L.", 300), OF("fast", ".p.", 100) },
      "\nUse fast: the only strategy without lasting harm, 3.0x as fast as old.\n" },
    { { OF("a", "...", 0), OF("b", "..", 0) },
      "\nUse a: the fastest strategy without harm.\n" },
    { { OF("old", ".LL.", 100), OF("half", "..L.", 100) },
      "\nNo strategy is without harm. The least: half: 1 of 4 crash points does harm "
      "that "
      "lasts; the first, after SET key2, is leaked." },
    { { OF("one", "...", 100) },
      "\none does no harm that lasts at any of its crash points.\n" },
    { { OF("one", ".L.", 100) },
      "\none: 1 of 3 crash points does harm that lasts; the first, after SET key1, is "
      "leaked." },
    { { { .name = "one" } }, "\nThe census was not finished: nothing is known yet.\n" },
    { { { .name = "a" }, { .name = "b" } },
      "\nNo census was finished: nothing can be advised.\n" },
};

Test(brief, recommends)
{
    for (size_t i = 0; i < ARRAY_SIZE(advice); i++) {
        CLEANUP(mem_freep)
        char *text =
            report(advice[i].strategies, (struct report_style){ .columns = 200 });

        cr_expect(strstr(text, advice[i].says), "case %zu: \"%s\" is not in\n%s", i,
                  advice[i].says, text);
    }
}

static const struct handmade_strategy six[HANDMADE_STRATEGIES] = {
    { "per-field", ".pLLLLLLLLLL.", 1000, 900, 0, 900, 480, LATER_LEAKED },
    { "per-write", ".pLLLLLLLLLL.", 1000, 500, 0, 500, 160, LATER_LEAKED },
    { "pipelined", ".pLLLLLLLLLL.", 1000, 0, 0, 0, 98, LATER_LEAKED },
    { "batched", ".pL.", 1000, 300, 0, 300, 104, LATER_LEAKED },
    { "batched-multi", "......", 1000, 0, 0, 0, 77, EXPECT_ATOMIC },
    { "script", "..", 1000, 0, 0, 0, 101, EXPECT_ATOMIC },
};

static size_t count_lines(const char *text)
{
    size_t lines = 0;

    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

/* Commands to be copied are on lines of their own, however long. */
static void check_width(const char *text, size_t most)
{
    for (const char *at = text; *at;) {
        CLEANUP(mem_freep) char *line = mem_printf("%.*s", (int)strcspn(at, "\n"), at);

        if (!strstr(line, " replay ") && !strstr(line, " report ") &&
            strncmp(line, "PASS", 4) != 0)
            cr_expect_leq(str_columns(line), most, "%zu columns: %s", str_columns(line),
                          line);
        at += strlen(line) + 1;
    }
}

Test(brief, fits)
{
    static const unsigned widths[] = { 60, 80, 100, 120, 200, 0 };

    for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
        CLEANUP(mem_freep)
        char *text = report(six, (struct report_style){ .columns = widths[i] });

        if (widths[i] != 60) /* where the table goes on below */
            cr_expect_leq(count_lines(text), widths[i] == 80 ? 24 : 20, "%s", text);
        check_width(text, widths[i] ? widths[i] : STYLE_COLUMNS);
        cr_expect(!strchr(text, '\033'));
    }
}

/* One note does for all that it is true of; a number without one stands for itself. */
Test(brief, notes)
{
    CLEANUP(mem_freep)
    char *text = report(six, (struct report_style){ .columns = 200 });

    cr_expect(strstr(text, "\nper-field      10 of 13 (1)  90% ["), "%s", text);
    cr_expect(strstr(text, "\nbatched        1 of 4 (1) "), "%s", text);
    cr_expect(
        strstr(text,
               "(1) 1 more does harm that ends by itself: stuck for 12 h. Tolerated"),
        "%s", text);
    cr_expect(strstr(text, "(2) Not safe, hardly reached (below 0.37%): larger updates"),
              "%s", text);
    cr_expect(strstr(text, "\nscript         0 of 2        below 0.37%    -  "), "%s",
              text);
    cr_expect(strstr(text, "\nSee it:     afterkill replay results/1 per-field:2\n"),
              "%s", text);
    cr_expect(strstr(text, "\nAll of it:  afterkill report --full results/1\n"), "%s",
              text);
}

/* Bounds are never rounded inwards. */
Test(brief, bounds_are_rounded_outwards)
{
    static const struct {
        struct rate rate;
        const char *is, *in_short;
    } rates[] = {
        { { 0, 100, 0, { 0, 0.036217 }, NULL, 1 }, "below 3.63%", "below 3.7%" },
        { { 0, 100, 0, { 0, 0.036 }, NULL, 1 }, "below 3.60%", "below 3.6%" },
        { { 3, 100, 0.03, { 0.0062298, 0.0851761 }, NULL, 1 },
          "3.00% [0.62, 8.52]",
          "3.0% [0.6, 8.6]" },
        { { 1000, 1000, 1, { 0.99963, 1 }, NULL, 1 }, "above 99.9%", "above 99%" },
        { { 999, 1000, 0.9997, { 0.9951, 0.99999 }, NULL, 1 },
          "99.9% [99.5, 100.0]",
          "99% [99, 100]" },
        { { 0, 0, 0, { 0, 1 }, NULL, 1 }, "-", "-" },
        { { 1, 100000, 1e-5, { 2.53e-7, 5.57e-5 }, NULL, 1 },
          "0.00100% [0.00002, 0.00557]",
          "0.0010% [0.0000, 0.0056]" },
    };
    char text[64];

    for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
        cr_expect_str_eq(words_rate(text, sizeof(text), rates[i].rate), rates[i].is);
        cr_expect_str_eq(words_rate_short(text, sizeof(text), rates[i].rate),
                         rates[i].in_short);
    }
}

Test(brief, durations_have_units)
{
    static const struct {
        double us;
        const char *is;
    } durations[] = {
        { 87.4, "87 us" },    { 999.4, "999 us" }, { 999.6, "1.0 ms" },
        { 5140, "5.1 ms" },   { 12345, "12 ms" },  { 9960, "10 ms" },
        { 2345678, "2.3 s" }, { 999600, "1.0 s" },
    };
    char text[64];

    for (size_t i = 0; i < ARRAY_SIZE(durations); i++)
        cr_expect_str_eq(words_duration(text, sizeof(text), durations[i].us),
                         durations[i].is);
}
