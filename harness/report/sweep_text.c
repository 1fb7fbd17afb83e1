/* sweep_text.c - a sweep for people: one table, in which the values of a strategy stand
 * below each other so that a break shows, and one sentence that says where it is.
 *
 * What a run says of each crash point is not repeated for each value. Failures are, with
 * the values at which they are seen. */
#include <string.h>

#include "base/mem.h"
#include "report/sweep_words.h"
#include "report/table.h"
#include "report/verdict_line.h"
#include "report/words.h"
#include "report/writers.h"
#include "result/tally.h"

static void write_header(FILE *out, const struct sweep *sweep, struct report_style style)
{
    const struct outline *scenario = sweep->outlines[0];

    words_title(out, &sweep->results[0], style);
    for (size_t i = 0; i < scenario->parameter_count; i++)
        if (strcmp(scenario->parameters[i].name, sweep->parameter) != 0)
            fprintf(out, "%s=%s ", scenario->parameters[i].name,
                    scenario->parameters[i].value);
    fprintf(out, "%sswept: %s=", scenario->parameter_count > 1 ? "  " : "",
            sweep->parameter);
    for (size_t i = 0; i < sweep->wanted; i++)
        fprintf(out, "%s%s", i ? "," : "", sweep->values[i]);
    fputs("\n\n", out);
}

/* The columns of the table; which of them are there depends on what was found. */
struct columns {
    bool kills, passes;
    size_t strategy, value, bytes, points, kinds, passing, lasts, harm, valid, p50, met;
};

static void set_up(struct table *table, struct columns *columns,
                   const struct sweep *sweep, char *inside, size_t size)
{
    char confidence[24];

    words_percent(confidence, sizeof(confidence), sweep->results[0].confidence);
    snprintf(inside, size, "inside the update (%s)", confidence);
    columns->kills = sweep->results[0].kills_wanted;
    columns->strategy = table_column(table, "strategy", "", false);
    columns->value = table_column(table, sweep->parameter, "", true);
    columns->bytes = table_column(table, "update", "bytes", true);
    columns->points = table_column(table, "crash points", "that do harm", true);
    columns->kinds = table_column(table, "of which", "kind", false);
    for (size_t i = 0; i < sweep->count; i++)
        columns->passes |= words_anything_passes(&sweep->results[i]);
    if (columns->passes)
        columns->passing = table_column(table, "only for", "a while", false);
    columns->lasts =
        table_column(table, "lasts", columns->passes ? "at most" : "", false);
    if (columns->kills) {
        columns->harm = table_column(table, "harm per SIGKILL", inside, false);
        columns->valid = table_column(table, "valid", "kills", true);
    }
    columns->p50 = table_column(table, "update", "p50", true);
    columns->met = table_column(table, "expectation", "met", false);
}

static void fill(struct table *table, const struct columns *columns,
                 const struct result *result, const struct finding *finding)
{
    struct words words = tally_census(finding);
    char text[TABLE_CELL];

    table_set(table, columns->bytes, "%llu", (unsigned long long)finding->bytes);
    if (tally_census_complete(finding))
        table_set(table, columns->points, "%llu of %2llu",
                  (unsigned long long)tally_harmed(&words),
                  (unsigned long long)finding_points(finding));
    else
        table_set(table, columns->points, "not known");
    table_set(table, columns->kinds, "%s", words_kinds(finding, text, sizeof(text)));
    if (columns->passes)
        table_set(table, columns->passing, "%s",
                  words_passing(finding, text, sizeof(text)));
    words_set_lasts(table, columns->lasts, finding);
    if (columns->kills) {
        words_set_rate(table, columns->harm, result, finding, RATE_HARMED);
        table_set(table, columns->valid, "%llu",
                  (unsigned long long)tally_valid(finding));
    }
    if (finding->sample_count)
        table_set(table, columns->p50, "%.0f us", figure_costs(finding).p50_us);
    table_set(table, columns->met, "%s", words_met(finding));
}

static void write_table(FILE *out, const struct sweep *sweep, struct report_style style)
{
    struct table table = { .columns = 0 };
    struct columns columns = { .kills = false };
    char inside[48];

    set_up(&table, &columns, sweep, inside, sizeof(inside));
    for (size_t s = 0; s < sweep->results[0].plan.strategies; s++) {
        const char *name = sweep->results[0].findings[s].strategy->name;

        for (size_t i = 0; i < sweep->count; i++) {
            const struct finding *finding = &sweep->results[i].findings[s];

            if (!finding->controlled)
                continue;
            table_row(&table);
            table_set(&table, columns.strategy, "%s", name);
            table_set(&table, columns.value, "%s", sweep->values[i]);
            fill(&table, &columns, &sweep->results[i], finding);
            name = ""; /* once is enough: the rest stands below it */
        }
    }
    table_write(out, &table, style);
}

static void write_stories(FILE *out, const struct sweep *sweep, struct report_style style)
{
    fprintf(out, "Where %s %s%s:\n",
            sweep->results[0].kills_wanted ? "SIGKILLs" : "crash points", "do harm",
            sweep_is_numeric(sweep) ? ", by rising value" : "");
    for (size_t s = 0; s < sweep->results[0].plan.strategies; s++) {
        CLEANUP(mem_freep) char *story = sweep_story(sweep, s);

        if (story)
            words_wrapped(out, style, story);
    }
    fputc('\n', out);
}

static void write_verdict(FILE *out, const struct sweep *sweep, struct report_style style)
{
    CLEANUP(mem_freep) char *line = verdict_line_sweep(sweep);

    words_color(out, style.color, "\033[31m");
    for (size_t i = 0; i < sweep->count; i++) {
        CLEANUP(mem_freep)
        char *where = mem_printf(" at %s=%s (%zu of %zu)", sweep->parameter,
                                 sweep->values[i], i + 1, sweep->wanted);

        words_troubles(out, &sweep->results[i], where);
    }
    words_color(out, style.color, "\033[0m");
    verdict_line_write(out, line, style);
}

void sweep_text(FILE *out, const struct sweep *sweep, struct report_style style)
{
    write_header(out, sweep, style);
    write_table(out, sweep, style);
    words_method(out, &sweep->results[0], style);
    write_stories(out, sweep, style);
    write_verdict(out, sweep, style);
}
