/* check_progress.c - see check_progress.h. */
#include "cmd/check_progress.h"

#include <string.h>

#include "base/clock.h"

void check_progress_init(struct check_progress *progress, FILE *out, bool terminal)
{
    status_line_init(&progress->line, out, terminal);
    progress->start_ns = clock_now_ns();
}

/* The mean of those that are done is a fair guess for the others. */
static double seconds_left(const struct check_progress *progress, size_t done,
                           size_t total)
{
    double seconds = ns_to_s((double)(clock_now_ns() - progress->start_ns));

    return seconds / (double)done * (double)(total - done);
}

void check_progress_begin(struct check_progress *progress, const struct check *check,
                          size_t done)
{
    struct status_line *line = &progress->line;

    if (!line->out || !line->terminal)
        return;
    status_line_begin(line);
    status_line_bar(line, done, check->count);
    fprintf(line->out, "%zu of %zu: %s", done + 1, check->count,
            check->scenarios[done].name);
    if (done)
        fprintf(line->out, ", %.0f s left", seconds_left(progress, done, check->count));
    status_line_end(line);
}

void check_progress_end(struct check_progress *progress, const struct check *check,
                        size_t done)
{
    const struct check_scenario *scenario = &check->scenarios[done];
    FILE *out = progress->line.out;
    size_t failed = 0;

    if (!out || progress->line.terminal ||
        (scenario->state == CHECK_RAN && !scenario->strategy_count))
        return; /* of the latter, a filter has taken no strategy */
    for (size_t i = 0; i < scenario->strategy_count; i++)
        failed += scenario->strategies[i].verdict >= CHECK_FAILED;
    fprintf(out, "%zu of %zu: %s: ", done + 1, check->count, scenario->name);
    if (scenario->state != CHECK_RAN)
        fprintf(out, "%.*s\n", (int)strcspn(scenario->trouble, "\n"),
                scenario->trouble); /* the rest is in the report */
    else if (failed)
        fprintf(out, "%zu of %zu strategies FAIL (%.1f s)\n", failed,
                scenario->strategy_count, scenario->seconds);
    else
        fprintf(out, "ok (%.1f s)\n", scenario->seconds);
    fflush(out);
}

void check_progress_close(struct check_progress *progress)
{
    status_line_wipe(&progress->line);
}
