/* format.c - see format.h. */
#include "report/format.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "result/compare.h"
#include "result/gate.h"
#include "result/stopping.h"
#include "result/tally.h"

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
