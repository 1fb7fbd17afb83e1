/* check_progress.c - see check_progress.h. */
#include "cmd/check_progress.h"

#include "base/clock.h"

#define BAR_COLUMNS 24

void check_view_init(struct check_view *view, FILE *out, bool terminal)
{
    *view = (struct check_view){ out, terminal, clock_now_ns() };
}

/* The mean of those that are done is a fair guess for the others. */
static double seconds_left(const struct check_view *view, size_t done, size_t total)
{
    double seconds = ns_to_s((double)(clock_now_ns() - view->start_ns));

    return seconds / (double)done * (double)(total - done);
}

void check_view_begin(struct check_view *view, const struct check *check, size_t done)
{
    size_t full = done * BAR_COLUMNS / check->count;

    if (!view->terminal)
        return;
    fputs("\r\033[K[", view->out);
    for (size_t i = 0; i < BAR_COLUMNS; i++)
        fputc(i < full ? '=' : ' ', view->out);
    fprintf(view->out, "] %zu of %zu: %s", done + 1, check->count,
            check->scenarios[done].name);
    if (done)
        fprintf(view->out, ", %.0f s left", seconds_left(view, done, check->count));
    fflush(view->out);
}

void check_view_end(struct check_view *view, const struct check *check, size_t done)
{
    const struct check_scenario *scenario = &check->scenarios[done];
    size_t failed = 0;

    if (view->terminal || (scenario->state == CHECK_RAN && !scenario->strategy_count))
        return; /* of the latter, a filter has taken no strategy */
    for (size_t i = 0; i < scenario->strategy_count; i++)
        failed += scenario->strategies[i].verdict >= CHECK_FAILED;
    fprintf(view->out, "%zu of %zu: %s: ", done + 1, check->count, scenario->name);
    if (scenario->state != CHECK_RAN)
        fprintf(view->out, "%s\n", scenario->trouble);
    else if (failed)
        fprintf(view->out, "%zu of %zu strategies FAIL (%.1f s)\n", failed,
                scenario->strategy_count, scenario->seconds);
    else
        fprintf(view->out, "ok (%.1f s)\n", scenario->seconds);
    fflush(view->out);
}

void check_view_close(struct check_view *view)
{
    if (view->terminal)
        fputs("\r\033[K", view->out);
    fflush(view->out);
}
