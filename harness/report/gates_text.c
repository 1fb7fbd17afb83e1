/* gates_text.c - see gates_text.h. */
#include "report/gates_text.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "report/compare_words.h"
#include "report/run_json.h"
#include "report/run_text.h"
#include "report/table.h"
#include "stats/ratio.h"

static bool is_rate(const struct gate_outcome *outcome)
{
    return outcome->gate != GATE_UPDATES;
}

static void bound_text(char *buffer, size_t size, const struct gate_outcome *outcome)
{
    if (is_rate(outcome))
        percent(buffer, size, outcome->bound);
    else
        snprintf(buffer, size, "%g", outcome->bound);
}

static void measured_text(char *buffer, size_t size, const struct gate_outcome *outcome)
{
    const struct ratio *ratio = &outcome->ratio;

    if (is_rate(outcome))
        rate_text(buffer, size, outcome->rate);
    else if (ratio->known)
        snprintf(buffer, size, "%.3g [%.3g, %.3g]", ratio->estimate, ratio->interval.low,
                 ratio->interval.high);
    else
        snprintf(buffer, size, "-");
}

static void say_undecided_rate(FILE *out, const struct gate_outcome *outcome)
{
    char kills[48];

    kills_text(kills, sizeof(kills), outcome->kills_needed);
    if (!outcome->rate.of)
        fprintf(out, " without valid kills; %s without a hit would pass", kills);
    else if (outcome->kills_needed)
        fprintf(out, "; %s would decide, if the rate stays what it is", kills);
    else
        fputs("; it cannot be decided: the rate is the bound", out);
}

static void say_undecided_updates(FILE *out, const struct gate_outcome *outcome)
{
    if (!outcome->against)
        fputs(": the base does not have this strategy", out);
    else if (!outcome->ratio.known)
        fputs(": too few updates were measured for this confidence", out);
    else
        fputs(": the interval holds the bound; more lanes or a quieter machine narrow it",
              out);
}

/* Strategies are beside themselves only in another run. */
static bool is_from_base(const struct gate_outcome *outcome)
{
    return strcmp(outcome->against->strategy->name, outcome->finding->strategy->name) ==
           0;
}

char *gate_sentence(const struct gate_outcome *outcome)
{
    static const char *const verbs[] = {
        [GATE_PASSES] = "passes",
        [GATE_FAILS] = "fails",
        [GATE_UNDECIDED] = "does not decide",
    };
    char bound[24], measured[64], *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    if (!out)
        return mem_strdup("");
    bound_text(bound, sizeof(bound), outcome);
    measured_text(measured, sizeof(measured), outcome);
    fprintf(out, "%s: %s --%s %s", outcome->finding->strategy->name,
            verbs[outcome->verdict], gate_option(outcome->gate), bound);
    if (is_rate(outcome) && outcome->rate.of)
        fprintf(out, " with %s of %llu kills", measured,
                (unsigned long long)outcome->rate.of);
    if (outcome->ratio.known)
        fprintf(out, " with %s times the updates per second of %s", measured,
                is_from_base(outcome) ? "the base" : outcome->against->strategy->name);
    if (outcome->foretold)
        fputs(" (expected to leak; leave it out with --strategy)", out);
    if (outcome->verdict == GATE_UNDECIDED && is_rate(outcome))
        say_undecided_rate(out, outcome);
    else if (outcome->verdict == GATE_UNDECIDED)
        say_undecided_updates(out, outcome);
    fputc('.', out);
    fclose(out);
    return text;
}

static void write_outcomes(FILE *out, const struct gate_report *report, bool color)
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
        bound_text(text, sizeof(text), outcome);
        table_set(&table, 1, "%s", text);
        table_set(&table, 2, "%s", outcome->finding->strategy->name);
        measured_text(text, sizeof(text), outcome);
        table_set(&table, 3, "%s", text);
        if (is_rate(outcome))
            table_set(&table, 4, "%llu", (unsigned long long)outcome->rate.of);
        table_set(&table, 5, "%s", gate_verdict_name(outcome->verdict));
    }
    table_write(out, &table, color);
}

void report_gates_text(FILE *out, const struct gate_report *report, bool color)
{
    bool said = false;

    if (!report->count)
        return;
    write_outcomes(out, report, color);
    for (size_t i = 0; i < report->count; i++) {
        const struct gate_outcome *outcome = &report->outcomes[i];
        CLEANUP(mem_freep) char *sentence = NULL;

        if (outcome->verdict == GATE_PASSES)
            continue;
        sentence = gate_sentence(outcome);
        paint(out, color, "\033[31m");
        write_wrapped(out, sentence);
        paint(out, color, "\033[0m");
        said = true;
    }
    if (said)
        fputc('\n', out);
}

static void set_real(json_t *object, const char *key, bool known, double number)
{
    json_object_set_new(object, key,
                        known && isfinite(number) ? json_real(number) : json_null());
}

static json_t *outcome_object(const struct gate_outcome *outcome)
{
    CLEANUP(mem_freep) char *sentence = gate_sentence(outcome);
    bool rate = is_rate(outcome);
    bool known = rate ? outcome->rate.of > 0 : outcome->ratio.known;
    struct interval interval = rate ? outcome->rate.interval : outcome->ratio.interval;
    json_t *object = json_object();

    json_object_set_new(object, "gate", report_json_text(gate_option(outcome->gate)));
    set_real(object, "bound", true, outcome->bound);
    json_object_set_new(object, "strategy",
                        report_json_text(outcome->finding->strategy->name));
    if (outcome->against)
        json_object_set_new(object, "against",
                            report_json_text(outcome->against->strategy->name));
    json_object_set_new(object, "verdict",
                        report_json_text(gate_verdict_name(outcome->verdict)));
    set_real(object, "estimate", known,
             rate ? outcome->rate.estimate : outcome->ratio.estimate);
    set_real(object, "low", known, interval.low);
    set_real(object, "high", known, interval.high);
    if (rate)
        json_object_set_new(object, "valid", report_json_whole(outcome->rate.of));
    json_object_set_new(object, "kills_needed",
                        outcome->kills_needed ? report_json_whole(outcome->kills_needed)
                                              : json_null());
    json_object_set_new(object, "sentence", report_json_text(sentence));
    return object;
}

json_t *report_gates_json(const struct gate_report *report)
{
    json_t *array = json_array();

    for (size_t i = 0; i < report->count; i++)
        json_array_append_new(array, outcome_object(&report->outcomes[i]));
    return array;
}
