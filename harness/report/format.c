/* format.c - see format.h. */
#include "report/format.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "result/compare.h"
#include "result/gate.h"
#include "result/stopping.h"

static const struct report_format formats[] = {
    { "text", "tables and sentences for people", "report.txt", report_text,
      report_sweep_text },
    { "json", "one object with everything", "run.json", report_json, report_sweep_json },
};

const struct report_format *report_format_by_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    return NULL;
}

const struct report_format *report_format_at(size_t index)
{
    return index < ARRAY_SIZE(formats) ? &formats[index] : NULL;
}

enum exit_status report_exit_status(const struct result *result,
                                    struct report_style style)
{
    enum exit_status status = tally_exit_status(result);

    if (!stopping_shown(&result->stopping, result))
        status = exit_status_worse(status, EXIT_INCONCLUSIVE);
    if (style.comparison)
        status = exit_status_worse(status, compare_exit_status(style.comparison));
    if (style.gates)
        status = exit_status_worse(status, gate_exit_status(style.gates));
    return status;
}

struct rate report_rate(const struct result *result, uint64_t hits, uint64_t of)
{
    return (struct rate){ hits, of, of ? (double)hits / (double)of : 0,
                          stopping_interval(&result->stopping, hits, of,
                                            result->confidence) };
}

const char *report_method(const struct result *result)
{
    return stopping_is_asked(&result->stopping) ? "confidence-sequence"
                                                : "clopper-pearson";
}

struct costs report_costs(const struct finding *finding)
{
    uint64_t *samples = finding->samples_ns;
    size_t count = finding->sample_count;
    double mean_ns = stats_mean(samples, count);

    return (struct costs){
        .p50_us = ns_to_us(stats_quantile(samples, count, 0.50)),
        .p90_us = ns_to_us(stats_quantile(samples, count, 0.90)),
        .p99_us = ns_to_us(stats_quantile(samples, count, 0.99)),
        .per_second = mean_ns > 0 ? 1e9 / mean_ns : 0,
    };
}

static double per_second(const struct result *result, enum stage stage, uint64_t count)
{
    double seconds = result->stage_seconds[stage];

    return seconds > 0 ? (double)count / seconds : 0;
}

double report_kills_per_second(const struct result *result)
{
    uint64_t attempts = 0;

    for (size_t i = 0; i < result->plan.strategies; i++)
        attempts += tally_attempts(&result->findings[i]);
    return per_second(result, STAGE_KILLS, attempts);
}

double report_points_per_second(const struct result *result)
{
    uint64_t points = 0;

    for (size_t i = 0; i < result->plan.strategies; i++)
        if (tally_census_complete(&result->findings[i]))
            points += result->findings[i].commands + 1;
    return per_second(result, STAGE_CENSUS, points);
}

double report_cuts_per_second(const struct result *result)
{
    uint64_t positions = 0;

    for (size_t i = 0; i < result->plan.strategies; i++)
        positions += result->findings[i].cuts.positions;
    return per_second(result, STAGE_BYTES, positions);
}

char *report_replay(const struct result *result, const struct finding *finding,
                    uint64_t point)
{
    const struct point *harm = &finding->points[point];
    size_t length = 0;
    char *command = NULL;
    FILE *out = result->directory ? open_memstream(&command, &length) : NULL;

    if (!out)
        return NULL;
    fputs("afterkill replay ", out);
    str_print_shell(out, result->directory);
    if (harm->has_trial) {
        fprintf(out, " %llu", (unsigned long long)harm->example_trial);
    } else {
        CLEANUP(mem_freep) char *trial =
            mem_printf("%s:%llu", finding->strategy->name, (unsigned long long)point);

        fputc(' ', out);
        str_print_shell(out, trial);
    }
    fclose(out);
    return command;
}

const char *report_verdict(enum exit_status status)
{
    switch (status) {
    case EXIT_PASS:
        return "pass";
    case EXIT_FAIL:
        return "fail";
    case EXIT_INCONCLUSIVE:
        return "inconclusive";
    case EXIT_NOTHING_RAN:
        return "nothing ran";
    case EXIT_INTERRUPTED:
        return "interrupted";
    case EXIT_USAGE:
    case EXIT_INFRASTRUCTURE:
        break;
    }
    return "error";
}

const char *report_command(const struct finding *finding, uint64_t point)
{
    return point ? finding->steps[point - 1].command.label : "";
}
