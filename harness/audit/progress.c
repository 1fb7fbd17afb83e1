/* progress.c - see progress.h. */
#include "audit/progress.h"

#include "base/clock.h"

void audit_progress_init(struct audit_progress *view, FILE *out, bool terminal)
{
    status_line_init(&view->line, out, terminal);
    view->start_ns = clock_now_ns();
}

void audit_progress_show(struct audit_progress *view, const struct audit *audit)
{
    uint64_t now_ns = clock_now_ns(), total = audit->expected;
    double seconds = ns_to_s((double)(now_ns - view->start_ns));
    double rate = (double)audit->keys / seconds;
    FILE *out = view->line.out;

    if (!status_line_is_due(&view->line, now_ns))
        return;
    if (total < audit->keys) /* keys come meanwhile */
        total = total ? audit->keys : 0;
    status_line_begin(&view->line);
    if (total)
        status_line_bar(&view->line, audit->keys, total);
    fprintf(out, "%llu", (unsigned long long)audit->keys);
    if (total)
        fprintf(out, " of about %llu", (unsigned long long)total);
    fprintf(out, " keys, %.0f/s", rate);
    if (total && rate > 0)
        fprintf(out, ", %.0f s left", (double)(total - audit->keys) / rate);
    status_line_end(&view->line);
}

void audit_progress_end(struct audit_progress *view)
{
    status_line_wipe(&view->line);
}
