/* html_findings.c - tables of a run: its strategies, its kills, an example of each harm,
 * and what it was made with. */
#include <stdarg.h>
#include <stdbool.h>

#include "base/mem.h"
#include "report/html.h"
#include "report/html_parts.h"
#include "report/parts.h"
#include "report/svg.h"
#include "report/words.h"
#include "result/machine.h"
#include "result/tally.h"

/* Is what was expected so? In a colour, and in words. */
static void write_met(struct html_table *table, const struct finding *finding)
{
    static const char *const classes[] = {
        [VERDICT_NONE] = "some",
        [VERDICT_PASS] = "good",
        [VERDICT_FAIL] = "bad",
    };
    char expect[EXPECT_TEXT];

    if (finding->strategy->expect)
        html_cell_of(table, classes[tally_verdict(finding)], "%s: %s", words_met(finding),
                     expect_text(finding->strategy->expect, expect));
    else
        html_cell(table, "nothing expected");
}

void html_census_cells(struct html_table *table, const struct finding *finding)
{
    struct words words = tally_census(finding);
    char text[128];

    if (tally_census_complete(finding))
        html_cell(table, "%llu of %llu", (unsigned long long)tally_harmed(&words),
                  (unsigned long long)finding_points(finding));
    else
        html_cell(table, "not known");
    html_cell_or_none(table, words_kinds(finding, text, sizeof(text)));
    html_cell_or_none(table, words_passing(finding, text, sizeof(text)));
}

static void write_finding(struct html_table *table, const struct result *result,
                          const struct finding *finding)
{
    char text[128], lasts[LASTS_TEXT];
    struct damage harm = figure_harm(finding);

    html_row(table);
    html_cell(table, "%s", finding->strategy->name);
    html_census_cells(table, finding);
    html_cell(table, "%s", harm.points ? lasts_text(harm.lasts_ms, lasts) : "-");
    if (result->kills_wanted) {
        struct rate rate = figure_kill_rate(result, finding, RATE_HARMED);

        html_cell(table, "%s%s", words_rate(text, sizeof(text), rate),
                  rate.of && !rate.hits && harm.points ? ", hardly reached, not safe"
                                                       : "");
        html_cell(table, "%llu", (unsigned long long)tally_valid(finding));
    }
    html_cell(table, "%s",
              finding->sample_count
                  ? words_duration(text, sizeof(text), figure_costs(finding).p50_us)
                  : "-");
    html_cell(table, "%llu", (unsigned long long)finding->commands);
    html_cell(table, "%llu", (unsigned long long)finding->trips);
    write_met(table, finding);
}

void html_findings(FILE *out, const struct result *result)
{
    static const char *const with_kills[] = {
        "strategy",      "crash points that do harm",
        "of which kind", "only for a while",
        "harm lasts",    "SIGKILLs that do harm",
        "valid kills",   "update, median",
        "commands",      "round trips",
        "as expected",   NULL,
    };
    static const char *const census_only[] = {
        "strategy",      "crash points that do harm",
        "of which kind", "only for a while",
        "harm lasts",    "update, median",
        "commands",      "round trips",
        "as expected",   NULL,
    };
    char caption[64], confidence[24];
    struct html_table table;

    words_percent(confidence, sizeof(confidence), result->confidence);
    snprintf(caption, sizeof(caption), "Strategies, with %s intervals", confidence);
    table =
        html_table_begin(out, caption, result->kills_wanted ? with_kills : census_only);
    result_foreach (finding, result)
        write_finding(&table, result, finding);
    html_table_end(&table);
}

void html_examples(FILE *out, const struct result *result, struct report_style style)
{
    size_t written = 0;

    result_foreach (finding, result) {
        uint64_t first = tally_first_harm(finding);
        CLEANUP(mem_freep) char *harm = NULL, *command = NULL;

        if (first == finding_points(finding))
            continue;
        written++;
        harm = run_harm_at(finding, first);
        command = words_replay(result, finding, first, style);
        fputs("<h3>", out);
        html_text(out, finding->strategy->name);
        fputs("</h3>\n", out);
        html_lines(out, harm);
        html_command(out, "See it happen:", command);
    }
    if (!written)
        svg_none(out, "No crash point of any strategy does harm that lasts.");
}

/* ---- what it was made with ---- */

__attribute__((format(printf, 3, 4))) static void write_fact(struct html_table *table,
                                                             const char *name,
                                                             const char *format, ...)
{
    CLEANUP(mem_freep) char *text = NULL;
    va_list args;

    va_start(args, format);
    text = mem_vprintf(format, args);
    va_end(args);
    html_row(table);
    html_cell(table, "%s", name);
    html_cell(table, "%s", text);
}

static void write_machine(struct html_table *table, const struct result *result)
{
    const struct machine_load *machine = &result->machine;
    struct waited waited = machine_waited(result);

    if (machine->begun)
        write_fact(table, "load before the run", "%.2f, on %u CPUs", machine->load_begin,
                   machine->cpus);
    if (machine->ended)
        write_fact(table, "load at its end", "%.2f", machine->load_end);
    if (waited.known)
        write_fact(table, "updates waited for a CPU",
                   "%.1f%% of their time in the first half, %.1f%% in the second",
                   100 * waited.begin, 100 * waited.end);
}

void html_provenance(FILE *out, const struct result *result)
{
    static const char *const heads[] = { "what", "of this run", NULL };
    const struct outline *scenario = result->scenario;
    struct html_table table = html_table_begin(out, "What it was made with", heads);

    write_fact(&table, "afterkill", "%s", VERSION);
    write_fact(&table, "scenario", "%s", scenario->name);
    if (*scenario->source)
        write_fact(&table, "source", "%s", scenario->source);
    for (size_t i = 0; i < scenario->parameter_count; i++) {
        CLEANUP(mem_freep)
        char *name = mem_printf("parameter %s", scenario->parameters[i].name);

        write_fact(&table, name, "%s", scenario->parameters[i].value);
    }
    write_fact(&table, "server", "%s, private, %s",
               result->server[0] ? result->server : "redis", result->transport);
    if (result->rtt_us > 0)
        write_fact(&table, "added round trip", "%g us", result->rtt_us);
    write_fact(&table, "lanes", "%zu", result->lanes);
    write_fact(&table, "seed", "%llu", (unsigned long long)result->plan.seed);
    write_fact(&table, "killer", "%s", result->killer);
    write_machine(&table, result);
    if (result->directory)
        write_fact(&table, "kept in", "%s", result->directory);
    html_table_end(&table);
}
