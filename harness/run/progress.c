/* progress.c - see progress.h. */
#include "run/progress.h"

#include "base/clock.h"
#include "result/stopping.h"
#include "result/tally.h"

#define BAR_COLUMNS 24
#define QUIET_NS (NSEC_PER_SEC / 4)       /* shorter runs show nothing on a terminal, */
#define PLAIN_QUIET_NS (2 * NSEC_PER_SEC) /* and shorter than this nothing elsewhere */
#define PLAIN_EVERY_NS (5 * NSEC_PER_SEC)

void run_progress_init(struct run_progress *view, FILE *out, bool terminal)
{
    uint64_t now_ns = clock_now_ns();

    *view = (struct run_progress){ out, terminal, .start_ns = now_ns,
                                   .next_plain_ns = now_ns + PLAIN_QUIET_NS };
}

void run_progress_part(struct run_progress *view, const struct outline *scenario,
                       const char *part)
{
    view->part = part;
    if (!view->terminal)
        fprintf(view->out, "%s %s\n", scenario->name, part);
    fflush(view->out);
}

/* What is done and to do in the stage that is on. */
struct amounts {
    enum stage stage;
    uint64_t done, total;
    char what[40]; /* is counted */
};

static struct amounts amounts_of(const struct result *result)
{
    struct amounts learn = { STAGE_LEARN, 0, 0, "controls" };
    struct amounts census = { STAGE_CENSUS, 0, 0, "crash points" };
    struct amounts points = { STAGE_POINTS, 0, 0, "" };
    struct amounts kills = { STAGE_KILLS, 0, 0, "kills" };
    double share;

    result_foreach (finding, result) {
        kills.done += tally_attempts(finding);
        census.total += finding_points(finding);
        for (uint64_t k = 0; k < finding_points(finding); k++)
            census.done += finding->points[k].taken;
    }
    result_foreach_fault (id, result) {
        const struct fault *fault = fault_by_id(id);

        result_foreach (finding, result) {
            points.done += finding->strikes[id].points;
            points.total += finding->controlled ? finding_fault_points(finding, id) : 0;
            if (finding->strikes[id].points) /* faults come one after the other */
                snprintf(points.what, sizeof(points.what), "%s %s", fault->plural[0],
                         fault->plural[1]);
        }
    }
    if (kills.done) {
        share = stopping_share(&result->stopping, result);
        kills.total = shard_size(result->shard, plan_trials(&result->plan));
        if (share > 0 && (double)kills.done / share < (double)kills.total)
            kills.total = (uint64_t)((double)kills.done / share);
        return kills;
    }
    points.total = shard_size(result->shard, points.total);
    learn.total = census.total;
    return points.done ? points : census.done ? census : learn;
}

static void bar(FILE *out, uint64_t done, uint64_t total)
{
    int full = total ? (int)(done * BAR_COLUMNS / total) : 0;

    fputc('[', out);
    for (int i = 0; i < BAR_COLUMNS; i++)
        fputc(i < full ? '=' : ' ', out);
    fputs("] ", out);
}

void run_progress_show(struct run_progress *view, const struct result *result)
{
    struct amounts now = amounts_of(result);
    uint64_t now_ns = clock_now_ns();
    double seconds, rate;

    if (now.stage != view->stage) {
        view->stage = now.stage;
        view->stage_ns = now_ns;
        view->stage_done = now.done;
    }
    if (view->terminal ? now_ns - view->start_ns < QUIET_NS
                       : now_ns < view->next_plain_ns)
        return;
    view->next_plain_ns = now_ns + PLAIN_EVERY_NS;
    if (view->terminal) {
        fputs("\r\033[K", view->out);
        bar(view->out, now.done, now.total);
    }
    fprintf(view->out, "%s%s%s: %s %llu of %llu", result->scenario->name,
            view->part ? " " : "", view->part ? view->part : "", now.what,
            (unsigned long long)now.done, (unsigned long long)now.total);
    seconds = now.stage == STAGE_LEARN ? 0 : ns_to_s((double)(now_ns - view->stage_ns));
    rate = seconds > 0.3 ? (double)(now.done - view->stage_done) / seconds : 0;
    if (rate > 0)
        fprintf(view->out, ", %.0f/s, %.0f s left", rate,
                (double)(now.total - now.done) / rate);
    fputs(view->terminal ? "" : "\n", view->out);
    fflush(view->out);
    view->shown = true;
}

void run_progress_say(struct run_progress *view, const char *text)
{
    run_progress_end(view);
    fprintf(view->out, "%s\n", text);
    fflush(view->out);
}

void run_progress_end(struct run_progress *view)
{
    if (view->terminal && view->shown)
        fputs("\r\033[K", view->out);
    fflush(view->out);
    view->shown = false;
}
