/* check_progress.c - see check_progress.h. */
#include "cmd/check_progress.h"

#include <string.h>

#include "base/clock.h"

#define BAR_COLUMNS 24

void check_progress_init(struct check_progress *progress, FILE *out, bool terminal)
{
    *progress = (struct check_progress){ out, terminal, clock_now_ns() };
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
    size_t full = done * BAR_COLUMNS / check->count;

    if (!progress->out || !progress->terminal)
        return;
    fputs("\r\033[K[", progress->out);
    for (size_t i = 0; i < BAR_COLUMNS; i++)
        fputc(i < full ? '=' : ' ', progress->out);
    fprintf(progress->out, "] %zu of %zu: %s", done + 1, check->count,
            check->scenarios[done].name);
    if (done)
        fprintf(progress->out, ", %.0f s left",
                seconds_left(progress, done, check->count));
    fflush(progress->out);
}

void check_progress_end(struct check_progress *progress, const struct check *check,
                        size_t done)
{
    const struct check_scenario *scenario = &check->scenarios[done];
    size_t failed = 0;

    if (!progress->out || progress->terminal ||
        (scenario->state == CHECK_RAN && !scenario->strategy_count))
        return; /* of the latter, a filter has taken no strategy */
    for (size_t i = 0; i < scenario->strategy_count; i++)
        failed += scenario->strategies[i].verdict >= CHECK_FAILED;
    fprintf(progress->out, "%zu of %zu: %s: ", done + 1, check->count, scenario->name);
    if (scenario->state != CHECK_RAN)
        fprintf(progress->out, "%.*s\n", (int)strcspn(scenario->trouble, "\n"),
                scenario->trouble); /* the rest is in the report */
    else if (failed)
        fprintf(progress->out, "%zu of %zu strategies FAIL (%.1f s)\n", failed,
                scenario->strategy_count, scenario->seconds);
    else
        fprintf(progress->out, "ok (%.1f s)\n", scenario->seconds);
    fflush(progress->out);
}

void check_progress_close(struct check_progress *progress)
{
    if (!progress->out)
        return;
    if (progress->terminal)
        fputs("\r\033[K", progress->out);
    fflush(progress->out);
}
