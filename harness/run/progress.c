/* progress.c - see progress.h. */
#include "run/progress.h"

#include <string.h>

#include "base/clock.h"
#include "result/stopping.h"
#include "result/tally.h"

#define BAR_COLUMNS 24
#define QUIET_NS NSEC_PER_SEC /* shorter runs show nothing */
#define PLAIN_EVERY_NS (5 * NSEC_PER_SEC)

void progress_view_init(struct progress_view *view, FILE *out, bool terminal)
{
    memset(view, 0, sizeof(*view));
    view->out = out;
    view->terminal = terminal;
    view->start_ns = clock_now_ns();
    view->next_plain_ns = view->start_ns + QUIET_NS;
}

void progress_view_part(struct progress_view *view, const struct outline *scenario,
                        const char *part)
{
    view->part = part;
    if (!view->terminal)
        fprintf(view->out, "%s %s\n", scenario->name, part);
    fflush(view->out);
}

/* Work done and to do in the stage that is on. */
static enum stage amounts(const struct result *result, uint64_t *done, uint64_t *total)
{
    uint64_t points = 0, taken = 0, positions = 0, cuts = 0, trials = 0;
    double share;

    result_foreach (finding, result) {
        trials += tally_attempts(finding);
        cuts += finding->cuts.positions;
        if (!finding->controlled)
            continue;
        points += finding->commands + 1;
        positions += finding->bytes + 1;
        for (uint64_t k = 0; k <= finding->commands; k++)
            taken += finding->points[k].taken;
    }
    share = trials ? stopping_share(&result->stopping, result) : 0;
    *done = trials ? trials : cuts ? cuts : taken;
    *total = trials ? shard_size(result->shard, plan_trials(&result->plan))
             : cuts ? shard_size(result->shard, positions)
                    : points;
    if (share > 0 && (double)trials / share < (double)*total)
        *total = (uint64_t)((double)trials / share);
    return trials  ? STAGE_KILLS
           : cuts  ? STAGE_POINTS
           : taken ? STAGE_CENSUS
                   : STAGE_LEARN;
}

static void bar(FILE *out, uint64_t done, uint64_t total)
{
    int full = total ? (int)(done * BAR_COLUMNS / total) : 0;

    fputc('[', out);
    for (int i = 0; i < BAR_COLUMNS; i++)
        fputc(i < full ? '=' : ' ', out);
    fputs("] ", out);
}

void progress_view_show(struct progress_view *view, const struct result *result)
{
    static const char *const names[STAGE_COUNT] = { "controls", "crash points",
                                                    "byte positions", "aiming", "kills" };
    uint64_t now_ns = clock_now_ns(), done, total;
    double seconds, rate;
    enum stage stage = amounts(result, &done, &total);

    if (stage != view->stage) {
        view->stage = stage;
        view->stage_ns = now_ns;
        view->stage_done = done;
    }
    if (view->terminal ? now_ns - view->start_ns < QUIET_NS / 4
                       : now_ns < view->next_plain_ns)
        return;
    view->next_plain_ns = now_ns + PLAIN_EVERY_NS;
    if (view->terminal) {
        fputs("\r\033[K", view->out);
        bar(view->out, done, total);
    }
    fprintf(view->out, "%s%s%s: %s %llu of %llu", result->scenario->name,
            view->part ? " " : "", view->part ? view->part : "", names[stage],
            (unsigned long long)done, (unsigned long long)total);
    seconds = stage == STAGE_LEARN ? 0 : ns_to_s((double)(now_ns - view->stage_ns));
    rate = seconds > 0.3 ? (double)(done - view->stage_done) / seconds : 0;
    if (rate > 0)
        fprintf(view->out, ", %.0f/s, %.0f s left", rate, (double)(total - done) / rate);
    fputs(view->terminal ? "" : "\n", view->out);
    fflush(view->out);
    view->shown = true;
}

void progress_view_say(struct progress_view *view, const char *text)
{
    progress_view_end(view);
    fprintf(view->out, "%s\n", text);
    fflush(view->out);
}

void progress_view_end(struct progress_view *view)
{
    if (view->terminal && view->shown)
        fputs("\r\033[K", view->out);
    fflush(view->out);
    view->shown = false;
}
