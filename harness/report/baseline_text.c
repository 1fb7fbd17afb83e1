/* baseline_text.c - see baseline_text.h. */
#include "report/baseline_text.h"

#include "report/table.h"
#include "report/words.h"
#include "result/tally.h"

static void write_rows(FILE *out, const struct result *result, struct report_style style)
{
    struct table table = { .columns = 0 };
    char text[EXPECT_TEXT];

    table_column(&table, "", "strategy", false);
    table_column(&table, "crash points", "that do harm", true);
    table_column(&table, "harm per SIGKILL", "inside the update", false);
    table_column(&table, "torn", "now", false);
    table_column(&table, "valid", "kills", true);
    table_column(&table, "update", "p50", true);
    table_column(&table, "updates", "per second", true);
    table_column(&table, "", "expected", false);
    result_foreach (finding, result) {
        struct words words = tally_census(finding);
        struct costs costs = figure_costs(finding);
        uint64_t points = finding_points(finding);

        table_row(&table);
        table_set(&table, 0, "%s", finding->strategy->name);
        table_set(&table, 1, "%llu of %llu", (unsigned long long)tally_harmed(&words),
                  (unsigned long long)points);
        words_set_rate(&table, 2, result, finding, RATE_HARMED);
        words_set_rate(&table, 3, result, finding, RATE_TORN);
        table_set(&table, 4, "%llu", (unsigned long long)tally_valid(finding));
        if (finding->sample_count) {
            table_set(&table, 5, "%.0f us", costs.p50_us);
            table_set(&table, 6, "%.0f", costs.per_second);
        }
        table_set(&table, 7, "%s", expect_text(finding->strategy->expect, text));
    }
    table_write(out, &table, style);
}

static void write_place(FILE *out, const struct finding *finding, uint64_t point)
{
    fputs(point ? finding_command(finding, point) : "nothing", out);
}

static bool does_the_same(const struct verdict *a, const struct verdict *b)
{
    return a->later == b->later && a->passing == b->passing && a->lasts_ms == b->lasts_ms;
}

/* "leaked", "leaked for 60 s", "stuck, which passes, for 12 h" */
static void write_verdict(FILE *out, const struct verdict *verdict)
{
    char text[LATER_TEXT], lasts[WORDS_LASTS];
    bool harm = verdict->later != 0;
    bool known = verdict->lasts_ms >= 0 && verdict->lasts_ms != LASTS_FOREVER;

    fprintf(out, "%s%s", later_text(harm ? verdict->later : verdict->passing, text),
            harm ? "" : ", which passes,");
    if (known)
        fprintf(out, " %s", words_lasts(lasts, verdict->lasts_ms));
}

/* Only the points that do harm, or what passes; neighbours that do the same are one line.
 */
static void write_points(FILE *out, const struct finding *finding)
{
    uint64_t last;

    for (uint64_t k = 0; k < finding_points(finding); k = last + 1) {
        const struct verdict *verdict = &finding->points[k].verdict;

        last = k;
        while (last + 1 < finding_points(finding) &&
               does_the_same(&finding->points[last + 1].verdict, verdict))
            last++;
        if (!verdict->later && !verdict->passing)
            continue;
        fprintf(out, "%s: ", finding->strategy->name);
        write_verdict(out, verdict);
        fputs(" after ", out);
        write_place(out, finding, k);
        if (last > k) {
            fputs(" to ", out);
            write_place(out, finding, last);
            fprintf(out, " (%llu points)", (unsigned long long)(last - k + 1));
        }
        fputc('\n', out);
    }
}

void baseline_text_write(FILE *out, const struct baseline *baseline,
                         struct report_style style)
{
    const struct outline *scenario = &baseline->scenario;

    words_title(out, &baseline->result, style);
    for (size_t i = 0; i < scenario->parameter_count; i++)
        fprintf(out, "%s=%s ", scenario->parameters[i].name,
                scenario->parameters[i].value);
    fprintf(out, "  written by afterkill %s\n\n", baseline->version);
    write_rows(out, &baseline->result, style);
    result_foreach (finding, &baseline->result)
        write_points(out, finding);
    if (baseline->result.outdated)
        fputs("This baseline does not know how long harm lasts, nor what passes; make it "
              "again to compare with it.\n",
              out);
}
