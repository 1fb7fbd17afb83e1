/* compare_text.c - a comparison for people: rates and their differences, what an update
 * costs, how long it is exposed, and a sentence each. */
#include <math.h>

#include "base/mem.h"
#include "report/compare_words.h"
#include "report/parts.h"
#include "report/table.h"
#include "report/verdict_line.h"
#include "report/words.h"
#include "report/writers.h"

/* The columns that say what a row is of; returns how many. */
static size_t name_columns(struct table *table, const struct comparison *comparison,
                           const char *first)
{
    if (!comparison->pairs) {
        table_column(table, first, "strategy", false);
        return 1;
    }
    table_column(table, first, "base", false);
    table_column(table, "", "new", false);
    return 2;
}

static void name_row(struct table *table, const struct comparison *comparison,
                     const struct comparison_row *row)
{
    table_row(table);
    table_set(table, 0, "%s", row->base->strategy->name);
    if (comparison->pairs)
        table_set(table, 1, "%s", row->new->strategy->name);
}

/* Of no hits no share is shown: it is not 0%. */
static void set_sample(struct table *table, size_t column, struct sample sample)
{
    char share[16] = "0";

    if (sample.hits)
        words_percent(share, sizeof(share), sample_rate(&sample));
    if (sample.of)
        table_set(table, column, "%s of %llu", share, (unsigned long long)sample.of);
    else
        table_set(table, column, "-");
}

static void set_rate(struct table *table, size_t column,
                     const struct rate_difference *rate)
{
    char text[64];

    set_sample(table, column, rate->base);
    set_sample(table, column + 1, rate->new);
    if (rate->verdict == COMPARE_UNKNOWN)
        return;
    words_difference(text, sizeof(text), rate->estimate, rate->interval);
    table_set(table, column + 2, "%s", text);
    table_set(table, column + 3, "%s", words_p(text, sizeof(text), rate->p));
    table_set(table, column + 4, "%s", words_p(text, sizeof(text), rate->p_adjusted));
}

/* Rates that count the same kills have one row: "harmed, leaked, torn". */
static void set_title(struct table *table, size_t column,
                      const struct comparison_row *row, enum tally_rate id)
{
    const struct rate_difference *rate = &row->rates[id];
    char title[48];
    size_t used = 0;

    for (int i = (int)id; i < RATE_COUNT; i++)
        if (i == (int)id ||
            (id == RATE_HARMED && rate->tested &&
             rate->base.hits + rate->new.hits &&compare_rate(row, (enum tally_rate)i) ==
                 rate))
            used +=
                (size_t)snprintf(title + used, sizeof(title) - used, "%s%s",
                                 used ? ", " : "", compare_rate_name((enum tally_rate)i));
    table_set(table, column, "%s", title);
}

static void write_rates(FILE *out, const struct comparison *comparison,
                        struct report_style style)
{
    struct table table = { .columns = 0 };
    size_t names = name_columns(&table, comparison, "per SIGKILL");
    char confidence[24], interval[48], tests[32];

    snprintf(
        interval, sizeof(interval), "(%s)",
        words_percent(confidence, sizeof(confidence), comparison->options.confidence));
    snprintf(tests, sizeof(tests), "of %zu", comparison->tests);
    table_column(&table, "", "", false);
    table_column(&table, comparison->pairs ? "base" : "", comparison->pairs ? "" : "base",
                 true);
    table_column(&table, comparison->pairs ? "new" : "", comparison->pairs ? "" : "new",
                 true);
    table_column(&table, "difference", interval, false);
    table_column(&table, "", "p", true);
    table_column(&table, "corrected,", tests, true);
    table_column(&table, "", "the new one is", false);
    for (size_t i = 0; i < comparison->count; i++) {
        const struct comparison_row *row = &comparison->rows[i];

        for (int r = 0; r < RATE_COUNT; r++) {
            enum tally_rate id = (enum tally_rate)r;

            if (!row->rates[r].tested && id != RATE_HARMED)
                continue;
            name_row(&table, comparison, row);
            set_title(&table, names, row, id);
            set_rate(&table, names + 1, &row->rates[r]);
            table_set(&table, names + 6, "%s", compare_told(comparison, row, id));
        }
    }
    table_write(out, &table, style);
}

static void set_cost(struct table *table, size_t column, double value, const char *unit)
{
    if (value > 0)
        table_set(table, column, "%.0f%s", value, unit);
    else
        table_set(table, column, "-");
}

/* Why there is a ratio of speeds, and no interval. */
static void write_unbounded(FILE *out, const struct comparison *comparison,
                            struct report_style style)
{
    bool any = false, apart = !comparison->pairs && !comparison->options.interleaved;
    CLEANUP(mem_freep)
    char *text = apart
                     ? mem_strdup("Times as fast has no interval: the runs were made at "
                                  "different times, and nothing says whether the "
                                  "machine was as fast in both.")
                     : mem_printf("Times as fast has no interval where updates were "
                                  "not measured side by side in %d blocks of time.",
                                  RATIO_LEAST_BLOCKS);

    for (size_t i = 0; i < comparison->count; i++)
        any |= comparison->rows[i].speed.known && !comparison->rows[i].speed.bounded;
    if (!any)
        return;
    words_wrapped(out, style, text);
    fputc('\n', out);
}

static void write_costs(FILE *out, const struct comparison *comparison,
                        struct report_style style)
{
    struct table table = { .columns = 0 };
    size_t c = name_columns(&table, comparison, "what an update costs");

    table_column(&table, "updates per", "second, base", true);
    table_column(&table, "", "new", true);
    table_column(&table, "times as", "fast", false);
    table_column(&table, "p50", "base", true);
    table_column(&table, "", "new", true);
    table_column(&table, "p99", "base", true);
    table_column(&table, "", "new", true);
    for (size_t i = 0; i < comparison->count; i++) {
        const struct comparison_row *row = &comparison->rows[i];
        struct costs base = figure_costs(row->base), new = figure_costs(row->new);
        char ratio[64];

        name_row(&table, comparison, row);
        set_cost(&table, c, base.per_second, "");
        set_cost(&table, c + 1, new.per_second, "");
        words_ratio(ratio, sizeof(ratio), &row->speed);
        table_set(&table, c + 2, "%s", ratio);
        set_cost(&table, c + 3, base.p50_us, " us");
        set_cost(&table, c + 4, new.p50_us, " us");
        set_cost(&table, c + 5, base.p99_us, " us");
        set_cost(&table, c + 6, new.p99_us, " us");
    }
    table_write(out, &table, style);
    write_unbounded(out, comparison, style);
}

/* Three digits, and no exponent where there are more before the point. */
static void figure_text(char *buffer, size_t size, double figure)
{
    snprintf(buffer, size, fabs(figure) < 999.5 ? "%.3g" : "%.0f", figure);
}

static void set_exposure(struct table *table, size_t column,
                         const struct exposure_difference *exposure)
{
    const double figures[] = { exposure->base, exposure->new, exposure->estimate,
                               exposure->interval.low, exposure->interval.high };
    char texts[ARRAY_SIZE(figures)][24];

    if (!exposure->known)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(figures); i++)
        figure_text(texts[i], sizeof(texts[i]), figures[i]);
    table_set(table, column, "%s", texts[0]);
    table_set(table, column + 1, "%s", texts[1]);
    table_set(table, column + 2, "%s%s [%s, %s]", exposure->estimate > 0 ? "+" : "",
              texts[2], texts[3], texts[4]);
}

static bool any_exposure(const struct comparison *comparison, bool *ret_per_million)
{
    bool any = false;

    *ret_per_million = false;
    for (size_t i = 0; i < comparison->count; i++) {
        any |= comparison->rows[i].exposed[RATE_HARMED].us.known;
        *ret_per_million |= comparison->rows[i].exposed[RATE_HARMED].per_million.known;
    }
    return any;
}

static void write_exposures(FILE *out, const struct comparison *comparison,
                            struct report_style style)
{
    struct table table = { .columns = 0 };
    bool per_million;
    size_t c;

    if (!any_exposure(comparison, &per_million))
        return;
    c = name_columns(&table, comparison, "exposure");
    table_column(&table, "us of an update in which", "a SIGKILL harms, base", true);
    table_column(&table, "", "new", true);
    table_column(&table, "", "difference", false);
    if (per_million) {
        table_column(&table, "harm per million SIGKILLs", "at random times, base", true);
        table_column(&table, "", "new", true);
        table_column(&table, "", "difference", false);
    }
    for (size_t i = 0; i < comparison->count; i++) {
        name_row(&table, comparison, &comparison->rows[i]);
        set_exposure(&table, c, &comparison->rows[i].exposed[RATE_HARMED].us);
        if (per_million)
            set_exposure(&table, c + 3,
                         &comparison->rows[i].exposed[RATE_HARMED].per_million);
    }
    table_write(out, &table, style);
}

static void write_censuses(FILE *out, const struct comparison *comparison,
                           struct report_style style)
{
    struct table table = { .columns = 0 };

    if (comparison->pairs)
        return;
    table_column(&table, "crash points", "strategy", false);
    table_column(&table, "do harm,", "base", true);
    table_column(&table, "", "new", true);
    table_column(&table, "", "worse", true);
    table_column(&table, "", "longer", true);
    table_column(&table, "", "clean now", true);
    for (size_t i = 0; i < comparison->count; i++) {
        const struct census_change *census = &comparison->rows[i].census;

        name_row(&table, comparison, &comparison->rows[i]);
        if (!census->known)
            continue;
        table_set(&table, 1, "%llu of %llu", (unsigned long long)census->base.harmful,
                  (unsigned long long)census->base.points);
        table_set(&table, 2, "%llu of %llu", (unsigned long long)census->new.harmful,
                  (unsigned long long)census->new.points);
        table_set(&table, 3, "%llu", (unsigned long long)census->worse);
        table_set(&table, 4, "%llu", (unsigned long long)census->harm.longer);
        table_set(&table, 5, "%llu", (unsigned long long)census->better);
    }
    table_write(out, &table, style);
}

static void write_only_in(FILE *out, const char *which, const struct result *one,
                          const struct result *other)
{
    CLEANUP(mem_freep) char *names = compare_only_in(one, other);

    if (names)
        fprintf(out, "only in %s: %s\n", which, names);
}

static void write_header(FILE *out, const struct comparison *comparison,
                         struct report_style style)
{
    if (comparison->pairs) {
        fputs("all pairs of strategies; differences are the second one's minus the "
              "first one's\n",
              out);
    } else {
        fputs("base: ", out);
        words_title(out, comparison->base, style);
        fputs("new:  ", out);
        words_title(out, comparison->new, style);
        write_only_in(out, "the base", comparison->base, comparison->new);
        write_only_in(out, "the new run", comparison->new, comparison->base);
    }
    for (size_t i = 0; i < comparison->comparable.count; i++) {
        const struct comparable_note *note = &comparison->comparable.notes[i];

        words_color(out, style.color && note->loud, "\033[33m");
        fprintf(out, "%s: %s\n", note->loud ? "NOT ALIKE" : "note", note->text);
        words_color(out, style.color && note->loud, "\033[0m");
    }
    fputc('\n', out);
}

static void write_test(FILE *out, const struct comparison *comparison,
                       struct report_style style)
{
    CLEANUP(mem_freep) char *words = compare_test(comparison);

    words_wrapped(out, style, words);
    fputc('\n', out);
}

void compare_text_body(FILE *out, const struct comparison *comparison,
                       struct report_style style)
{
    write_header(out, comparison, style);
    if (compare_is_itself(comparison)) /* all figures would be equal, and say nothing */
        return;
    if (comparison->count) {
        write_rates(out, comparison, style);
        write_costs(out, comparison, style);
        write_exposures(out, comparison, style);
        write_censuses(out, comparison, style);
        write_test(out, comparison, style);
    }
    for (size_t i = 0; i < comparison->count; i++) {
        CLEANUP(mem_freep)
        char *sentence = compare_sentence(comparison, &comparison->rows[i]);

        if (compare_says_more(comparison, &comparison->rows[i]))
            words_wrapped(out, style, sentence);
    }
    if (comparison->count)
        fputc('\n', out);
}

void compare_text(FILE *out, const struct comparison *comparison,
                  struct report_style style)
{
    CLEANUP(mem_freep) char *line = verdict_line_comparison(comparison);

    compare_text_body(out, comparison, style);
    verdict_line_write(out, line, style);
}
