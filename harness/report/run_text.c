/* run_text.c - a result for people: what leaks, how often, what it costs, and one
 * sentence each. */

#include <math.h>

#include "base/clock.h"
#include "base/mem.h"
#include "report/parts.h"
#include "report/table.h"
#include "report/verdict_line.h"
#include "report/words.h"
#include "report/writers.h"
#include "result/machine.h"
#include "result/stopping.h"
#include "result/tally.h"

void run_findings(FILE *out, const struct result *result, struct report_style style)
{
    struct table table = { .columns = 0 };
    char inside[48], confidence[24];
    bool kills = result->kills_wanted, passes = words_anything_passes(result);
    size_t name, points, kinds, passing = 0, lasts, harm = 0, valid = 0, torn, p50,
                                commands, trips, expect, met;

    words_percent(confidence, sizeof(confidence), result->confidence);
    snprintf(inside, sizeof(inside), "inside the update (%s)", confidence);
    name = table_column(&table, "strategy", "", false);
    points = table_column(&table, "crash points", "that do harm", true);
    kinds = table_column(&table, "of which", "kind", false);
    if (passes)
        passing = table_column(&table, "only for", "a while", false);
    lasts = table_column(&table, "lasts", passes ? "at most" : "", false);
    if (kills) {
        harm = table_column(&table, "harm per SIGKILL", inside, false);
        valid = table_column(&table, "valid", "kills", true);
    }
    torn = table_column(&table, "torn", "now", false);
    p50 = table_column(&table, "update", "p50", true);
    commands = table_column(&table, "com-", "mands", true);
    trips = table_column(&table, "", "trips", true);
    expect = table_column(&table, "", "expected", false);
    met = table_column(&table, "", "met", false);
    result_foreach (finding, result) {
        struct words words = tally_census(finding);
        char text[TABLE_CELL];

        table_row(&table);
        table_set(&table, name, "%s", finding->strategy->name);
        table_set(&table, points, "%llu of %2llu",
                  (unsigned long long)tally_harmed(&words),
                  (unsigned long long)finding_points(finding));
        table_set(&table, kinds, "%s", words_kinds(finding, text, sizeof(text)));
        if (passes)
            table_set(&table, passing, "%s", words_passing(finding, text, sizeof(text)));
        words_set_lasts(&table, lasts, finding);
        if (kills) {
            words_set_rate(&table, harm, result, finding, RATE_HARMED);
            table_set(&table, valid, "%llu", (unsigned long long)tally_valid(finding));
        }
        if (kills)
            words_set_rate(&table, torn, result, finding, RATE_TORN);
        else
            table_set(&table, torn, "%llu of %llu",
                      (unsigned long long)words.now[NOW_TORN],
                      (unsigned long long)finding_points(finding));
        table_set(&table, p50, finding->sample_count ? "%.0f us" : "-",
                  figure_costs(finding).p50_us);
        table_set(&table, commands, "%llu", (unsigned long long)finding->commands);
        table_set(&table, trips, "%llu", (unsigned long long)finding->trips);
        table_set(&table, expect, "%s", expect_text(finding->strategy->expect, text));
        table_set(&table, met, "%s", words_met(finding));
    }
    table_write(out, &table, style);
}

static void write_costs(FILE *out, const struct result *result, struct report_style style)
{
    struct table table = { .columns = 0 };

    table_column(&table, "what an update", "costs", false);
    table_column(&table, "", "p50", true);
    table_column(&table, "", "p90", true);
    table_column(&table, "", "p99", true);
    table_column(&table, "updates", "per second", true);
    table_column(&table, "", "bytes", true);
    result_foreach (finding, result) {
        struct costs costs = figure_costs(finding);

        table_row(&table);
        table_set(&table, 0, "%s", finding->strategy->name);
        table_set(&table, 1, "%.0f us", costs.p50_us);
        table_set(&table, 2, "%.0f us", costs.p90_us);
        table_set(&table, 3, "%.0f us", costs.p99_us);
        table_set(&table, 4, "%.0f", costs.per_second);
        table_set(&table, 5, "%llu", (unsigned long long)finding->bytes);
    }
    table_write(out, &table, style);
}

#define DAYS_PER_YEAR 365.25

/* "27.7 [26.1, 29.5]", "below 0.02"; of so many SIGKILLs. */
static void exposure_text(char *buffer, size_t size, struct exposure exposure,
                          double sigkills)
{
    int decimals;

    exposure.estimate *= sigkills / 1e6;
    exposure.low *= sigkills / 1e6;
    exposure.high *= sigkills / 1e6;
    decimals = words_decimals(exposure.high, 3);

    if (!exposure.known || !isfinite(exposure.high))
        snprintf(buffer, size, "-");
    else if (!exposure.seen)
        snprintf(buffer, size, "below %.*f", decimals,
                 words_rounded(exposure.high, decimals, ceil));
    else
        snprintf(buffer, size, "%.*f [%.*f, %.*f]", decimals, exposure.estimate, decimals,
                 words_rounded(exposure.low, decimals, floor), decimals,
                 words_rounded(exposure.high, decimals, ceil));
}

/* What uninterrupted updates let expect, and what kills showed. */
static void write_windows(FILE *out, const struct result *result,
                          struct report_style style)
{
    double period_s = figure_period_s(result->scenario);
    struct table table = { .columns = 0 };
    size_t measured = 0, difference = 0, exposed = 0, a_year = 0;
    double sigkills = style.fleet.workers * style.fleet.kills_per_day * DAYS_PER_YEAR;
    char every[48], fleet[64], text[TABLE_CELL];

    snprintf(every, sizeof(every), "an update every %g s", period_s);
    snprintf(fleet, sizeof(fleet), "%g workers, %g kills/day", style.fleet.workers,
             style.fleet.kills_per_day);
    table_column(&table, "when a death", "does harm", false);
    table_column(&table, "time in which it", "does, cold worker", true);
    table_column(&table, "predicted", "harm rate", false);
    if (result->kills_wanted) {
        measured = table_column(&table, "measured", "harm rate", false);
        difference = table_column(&table, "difference", "in points", false);
        if (period_s > 0)
            exposed = table_column(&table, "harm per million SIGKILLs", every, false);
        if (period_s > 0 && style.fleet.workers > 0)
            a_year = table_column(&table, "harm per year:", fleet, false);
    }
    result_foreach (finding, result) {
        struct prediction prediction = figure_prediction(result, finding, RATE_HARMED);
        struct agreement agreement = figure_agreement(
            finding, figure_kill_rate(result, finding, RATE_HARMED), &prediction);

        table_row(&table);
        table_set(&table, 0, "%s", finding->strategy->name);
        table_set(&table, 1, "%.0f us of %.0f",
                  ns_to_us((double)figure_window_ns(finding, RATE_HARMED)),
                  ns_to_us((double)figure_duration_ns(finding)));
        table_set(&table, 2, "%s",
                  prediction.known ? words_estimate(text, sizeof(text), prediction.rate,
                                                    prediction.interval)
                                   : "-");
        if (measured) {
            words_set_rate(&table, measured, result, finding, RATE_HARMED);
            table_set(&table, difference, "%s",
                      agreement.known
                          ? words_difference(text, sizeof(text), agreement.difference,
                                             agreement.interval)
                          : "-");
        }
        if (exposed) {
            struct exposure exposure = figure_exposure(
                finding, RATE_HARMED, period_s, result->confidence, &result->stopping);

            exposure_text(text, sizeof(text), exposure, 1e6);
            table_set(&table, exposed, "%s", text);
            if (a_year) {
                exposure_text(text, sizeof(text), exposure, sigkills);
                table_set(&table, a_year, "%s", text);
            }
        }
    }
    table_write(out, &table, style);
}

static void write_kills(FILE *out, const struct result *result, struct report_style style)
{
    static const char *const heads[] = { "valid",   "missed", "early",
                                         "timeout", "error",  "disturbed" };
    struct table table = { .columns = 0 };

    table_column(&table, "where the", "kills landed", false);
    table_column(&table, "", "attempts", true);
    for (int o = 0; o < OUTCOME_COUNT; o++)
        table_column(&table, "", heads[o], true);
    table_column(&table, "un-", "explained", true);
    result_foreach (finding, result) {
        table_row(&table);
        table_set(&table, 0, "%s", finding->strategy->name);
        table_set(&table, 1, "%llu", (unsigned long long)tally_attempts(finding));
        for (int o = 0; o < OUTCOME_COUNT; o++)
            table_set(&table, (size_t)o + 2, "%llu",
                      (unsigned long long)finding->kills.outcomes[o]);
        table_set(&table, OUTCOME_COUNT + 2, "%llu",
                  (unsigned long long)finding->kills.unexplained);
    }
    table_write(out, &table, style);
}

void run_verdict(FILE *out, const struct result *result, struct report_style style)
{
    CLEANUP(mem_freep) char *line = verdict_line_run(result, style.conclusion);

    words_color(out, style.color, "\033[31m");
    words_troubles(out, result, "");
    words_color(out, style.color, "\033[0m");
    verdict_line_write(out, line, style);
}

/* What else the machine had to do. */
static void write_machine(FILE *out, const struct result *result,
                          struct report_style style)
{
    const struct machine_load *machine = &result->machine;
    struct waited waited = machine_waited(result);
    CLEANUP(mem_freep) char *text = NULL;
    FILE *words = mem_stream(&text);

    if (machine->begun)
        fprintf(words, "Load of the machine before the run: %.2f, on %u CPU%s",
                machine->load_begin, machine->cpus, machine->cpus == 1 ? "" : "s");
    if (machine->begun && machine->ended)
        fprintf(words, "; at its end: %.2f", machine->load_end);
    if (machine->begun)
        fputs(". ", words);
    if (waited.known)
        fprintf(words,
                "Updates waited for a CPU for %.1f%% of their time in its first half, "
                "%.1f%% in the second. ",
                100 * waited.begin, 100 * waited.end);
    fclose(words);
    if (*text)
        words_wrapped(out, style, text);
}

static void write_full(FILE *out, const struct result *result, struct report_style style)
{
    words_title(out, result, style);
    words_parameters(out, result);
    run_findings(out, result, style);
    run_strips(out, result, style);
    if (result_is_measured(result)) {
        write_costs(out, result, style);
        write_windows(out, result, style);
    }
    if (result->kills_wanted)
        write_kills(out, result, style);
    if (style.points)
        run_points(out, result, style);
    run_programs(out, result, style);
    run_failures(out, result, style);
    words_method(out, result, style);
    write_machine(out, result, style);
    run_sentences(out, result, style);
    if (style.conclusion && style.conclusion->comparison.base)
        compare_text_body(out, &style.conclusion->comparison, style);
}

void run_text(FILE *out, const struct result *result, struct report_style style)
{
    if (style.full)
        write_full(out, result, style);
    else
        run_brief(out, result, style);
    if (style.conclusion)
        gates_text(out, &style.conclusion->gates, style);
    run_verdict(out, result, style);
}
