/* check_text.c - a check for people: a line per strategy; what failed once more at the
 * end, where nobody has to look for it, with what to do; and one line for all. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "report/check_words.h"
#include "report/words.h"
#include "report/writers.h"

#define RED "\033[31m"
#define GREEN "\033[32m"
#define BOLD "\033[1m"
#define PLAIN "\033[0m"
#define WIDEST 48 /* of a column; what is longer moves its own line only */

enum column { NAME, STRATEGY, EXPECTED, KILLS, COLUMNS };

static const char *const heads[COLUMNS] = { "scenario", "strategy", "expected",
                                            "of the kills" };

static const char *const marks[CHECK_VERDICTS] = {
    [CHECK_OK] = "ok",
    [CHECK_UNJUDGED] = "-",
    [CHECK_FAILED] = "FAIL",
    [CHECK_UNEXPLAINED] = "FAIL",
};

static void widen(int *width, const char *text)
{
    size_t length = strlen(text);

    if (length <= WIDEST && (int)length > *width)
        *width = (int)length;
}

static void measure(const struct check *check, int widths[COLUMNS])
{
    for (int c = 0; c < COLUMNS; c++)
        widths[c] = (int)strlen(heads[c]);
    if (!check->trials)
        widths[KILLS] = 0;
    for (size_t i = 0; i < check->count; i++) {
        const struct check_scenario *scenario = &check->scenarios[i];

        widen(&widths[NAME], scenario->name);
        for (size_t s = 0; s < scenario->strategy_count; s++) {
            const struct check_strategy *strategy = &scenario->strategies[s];
            CLEANUP(mem_freep) char *kills = check_kills(strategy);
            char expected[EXPECT_TEXT];

            widen(&widths[STRATEGY], strategy->name);
            widen(&widths[EXPECTED], check_expected(strategy, expected));
            widen(&widths[KILLS], kills);
        }
    }
}

/* Returns how many columns they take. */
static size_t write_cells(FILE *out, const int widths[COLUMNS],
                          const char *const cells[COLUMNS])
{
    size_t columns = 0;

    for (int c = 0; c < COLUMNS; c++)
        if (widths[c])
            columns += (size_t)fprintf(out, "  %-*s", widths[c], cells[c]);
    return columns;
}

/* Behind so many columns, or below if that is more than the terminal has. */
static void write_found(FILE *out, struct report_style style, size_t columns,
                        const char *found)
{
    if (!style.columns || columns + 2 + str_columns(found) <= style.columns) {
        fprintf(out, "  %s\n", found);
        return;
    }
    fputc('\n', out);
    words_indented(out, style, found);
}

static void write_mark(FILE *out, const char *mark, bool failed,
                       struct report_style style)
{
    words_color(out, style.color, failed ? RED : strcmp(mark, "ok") == 0 ? GREEN : "");
    fprintf(out, "%-4s", mark);
    words_color(out, style.color, PLAIN);
}

static void write_strategy(FILE *out, const struct check_scenario *scenario,
                           const struct check_strategy *strategy,
                           const int widths[COLUMNS], struct report_style style)
{
    CLEANUP(mem_freep) char *found = check_found(strategy);
    CLEANUP(mem_freep) char *kills = check_kills(strategy);
    char expected[EXPECT_TEXT];
    const char *const cells[COLUMNS] = { scenario->name, strategy->name,
                                         check_expected(strategy, expected), kills };
    size_t columns;

    write_mark(out, marks[strategy->verdict], strategy->verdict >= CHECK_FAILED, style);
    columns = strlen("FAIL") + write_cells(out, widths, cells);
    write_found(out, style, columns, found);
}

static void write_scenario(FILE *out, const struct check_scenario *scenario,
                           const int widths[COLUMNS], struct report_style style)
{
    const char *why;

    for (size_t s = 0; s < scenario->strategy_count; s++)
        write_strategy(out, scenario, &scenario->strategies[s], widths, style);
    if (scenario->state == CHECK_RAN)
        return;
    why = check_no_verdict(scenario); /* whole below, if it has several lines */
    write_mark(out,
               scenario->state == CHECK_SKIPPED  ? "skip"
               : scenario->state < CHECK_REFUSED ? "-"
                                                 : "FAIL",
               scenario->state >= CHECK_REFUSED, style);
    fprintf(out, "  %-*s  %.*s\n", widths[NAME], scenario->name, (int)strcspn(why, "\n"),
            why);
}

static void write_failed_strategy(FILE *out, const struct check *check,
                                  const struct check_scenario *scenario,
                                  const struct check_strategy *strategy,
                                  struct report_style style)
{
    CLEANUP(mem_freep) char *reason = check_reason(scenario, strategy);
    CLEANUP(mem_freep) char *advice = check_advice(strategy);
    CLEANUP(mem_freep) char *command =
        check_reproduce(check, scenario, strategy, style_program(style));

    if (strategy->verdict < CHECK_FAILED)
        return;
    write_mark(out, "FAIL", true, style);
    fprintf(out, "  %s/%s: %s\n      %s\n      See: %s\n", scenario->name, strategy->name,
            reason, advice, command);
}

static void write_failed_scenario(FILE *out, const struct check *check,
                                  const struct check_scenario *scenario,
                                  struct report_style style)
{
    CLEANUP(mem_freep) char *command =
        check_reproduce(check, scenario, NULL, style_program(style));

    write_mark(out, "FAIL", true, style);
    fprintf(out, "  %s: ", scenario->name);
    str_print_lines(out, check_no_verdict(scenario), "      ");
    fprintf(out,
            "\n      %s; none of its strategies has a verdict.\n"
            "      See: %s\n",
            scenario->state == CHECK_REFUSED ? "The scenario has to be mended"
                                             : "It could not be run to its end",
            command);
}

static void write_failures(FILE *out, const struct check *check,
                           struct report_style style)
{
    for (size_t i = 0; i < check->count; i++) {
        const struct check_scenario *scenario = &check->scenarios[i];

        for (size_t s = 0; s < scenario->strategy_count; s++)
            write_failed_strategy(out, check, scenario, &scenario->strategies[s], style);
        if (scenario->state >= CHECK_REFUSED)
            write_failed_scenario(out, check, scenario, style);
    }
}

/* Kills that ended in errors say nothing about a strategy, but perhaps something about
 * the machine. */
static void write_notes(FILE *out, const struct check *check)
{
    for (size_t i = 0; i < check->count; i++)
        if (check->scenarios[i].first_error[0]) {
            fprintf(out,
                    "NOTE  %s: some kills ended in an error and count for nothing; the "
                    "first, ",
                    check->scenarios[i].name);
            str_print_lines(out, check->scenarios[i].first_error, "      ");
            fputc('\n', out);
        }
}

static bool anything_failed(const struct check *check)
{
    struct check_counts counts = check_count(check);

    return counts.verdicts[CHECK_FAILED] || counts.verdicts[CHECK_UNEXPLAINED] ||
           counts.scenarios[CHECK_REFUSED] || counts.scenarios[CHECK_BROKE];
}

static void write_lines(FILE *out, const struct check *check, struct report_style style)
{
    int widths[COLUMNS];
    size_t columns;

    measure(check, widths);
    words_color(out, style.color, BOLD);
    columns = (size_t)fprintf(out, "    ");
    columns += write_cells(out, widths, heads);
    write_found(out, style, columns, "found at crash points");
    words_color(out, style.color, PLAIN);
    for (size_t i = 0; i < check->count; i++)
        write_scenario(out, &check->scenarios[i], widths, style);
    fputc('\n', out);
    if (anything_failed(check)) {
        write_failures(out, check, style);
        fputc('\n', out);
    }
    write_notes(out, check);
}

void check_text(FILE *out, const struct check *check, struct report_style style)
{
    CLEANUP(mem_freep) char *line = check_verdict_line(check);

    if (check->count)
        write_lines(out, check, style);
    words_color(out, style.color, check_exit_status(check) == EXIT_PASS ? GREEN : RED);
    fputs(line, out);
    words_color(out, style.color, PLAIN);
    if (check->count)
        fprintf(out, " (%.1f s%s%s%s)", check->seconds,
                check->trials ? "" : ", census only", check->server[0] ? ", " : "",
                check->server);
    fputc('\n', out);
}
