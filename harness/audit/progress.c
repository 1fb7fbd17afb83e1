/* progress.c - see progress.h. */
#include "audit/progress.h"

#include "base/clock.h"

#define BAR_COLUMNS 24

/* How long nothing is shown, and how often a line is, on a terminal and elsewhere. */
static const struct {
    uint64_t quiet_ns, every_ns;
} paces[] = {
    [false] = { 2 * NSEC_PER_SEC, 5 * NSEC_PER_SEC },
    [true] = { NSEC_PER_SEC / 4, NSEC_PER_SEC / 10 },
};

void audit_progress_init(struct audit_progress *view, FILE *out, bool terminal)
{
    uint64_t now_ns = clock_now_ns();

    *view = (struct audit_progress){ out, terminal, false, now_ns,
                                     now_ns + paces[terminal].quiet_ns };
}

static void write_bar(FILE *out, uint64_t done, uint64_t total)
{
    int full = (int)(done * BAR_COLUMNS / total);

    fputc('[', out);
    for (int i = 0; i < BAR_COLUMNS; i++)
        fputc(i < full ? '=' : ' ', out);
    fputs("] ", out);
}

void audit_progress_show(struct audit_progress *view, const struct audit *audit)
{
    uint64_t now_ns = clock_now_ns(), total = audit->expected;
    double seconds = ns_to_s((double)(now_ns - view->start_ns));
    double rate = (double)audit->keys / seconds;

    if (now_ns < view->next_ns)
        return;
    view->next_ns = now_ns + paces[view->terminal].every_ns;
    if (total < audit->keys) /* keys come meanwhile */
        total = total ? audit->keys : 0;
    if (view->terminal)
        fputs("\r\033[K", view->out);
    if (view->terminal && total)
        write_bar(view->out, audit->keys, total);
    fprintf(view->out, "%llu", (unsigned long long)audit->keys);
    if (total)
        fprintf(view->out, " of about %llu", (unsigned long long)total);
    fprintf(view->out, " keys, %.0f/s", rate);
    if (total && rate > 0)
        fprintf(view->out, ", %.0f s left", (double)(total - audit->keys) / rate);
    fputs(view->terminal ? "" : "\n", view->out);
    fflush(view->out);
    view->shown = true;
}

void audit_progress_end(struct audit_progress *view)
{
    if (view->terminal && view->shown)
        fputs("\r\033[K", view->out);
    fflush(view->out);
    view->shown = false;
}
