/* gates_text.c - what gates say of a run, for people. */
#include "report/parts.h"

#include "base/mem.h"
#include "report/gates_words.h"
#include "report/table.h"
#include "report/words.h"

static void write_outcomes(FILE *out, const struct gate_report *report,
                           struct report_style style)
{
    struct table table = { .columns = 0 };

    table_column(&table, "gate", "", false);
    table_column(&table, "", "bound", true);
    table_column(&table, "", "strategy", false);
    table_column(&table, "", "measured", false);
    table_column(&table, "", "kills", true);
    table_column(&table, "", "verdict", false);
    for (size_t i = 0; i < report->count; i++) {
        const struct gate_outcome *outcome = &report->outcomes[i];
        char text[TABLE_CELL];

        table_row(&table);
        table_set(&table, 0, "%s", gate_option(outcome->gate));
        gates_bound(text, sizeof(text), outcome);
        table_set(&table, 1, "%s", text);
        table_set(&table, 2, "%s", outcome->finding->strategy->name);
        gates_measured(text, sizeof(text), outcome);
        table_set(&table, 3, "%s", text);
        if (gate_is_rate(outcome->gate))
            table_set(&table, 4, "%llu", (unsigned long long)outcome->rate.of);
        table_set(&table, 5, "%s", gate_verdict_name(outcome->verdict));
    }
    table_write(out, &table, style);
}

void gates_text(FILE *out, const struct gate_report *report, struct report_style style)
{
    bool said = false;

    if (!report->count)
        return;
    write_outcomes(out, report, style);
    for (size_t i = 0; i < report->count; i++) {
        const struct gate_outcome *outcome = &report->outcomes[i];
        CLEANUP(mem_freep) char *sentence = NULL;

        if (outcome->verdict == GATE_PASSES && !gate_other_harm(outcome))
            continue;
        sentence = gates_sentence(outcome);
        words_color(out, style.color, "\033[31m");
        words_wrapped(out, style, sentence);
        words_color(out, style.color, "\033[0m");
        said = true;
    }
    if (said)
        fputc('\n', out);
}
