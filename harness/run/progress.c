/* progress.c - see progress.h. */
#include "run/progress.h"

#include "base/clock.h"
#include "base/mem.h"
#include "result/stopping.h"
#include "result/tally.h"

#define PACE_S 2.0   /* after so long the pace is known, */
#define LONG_S 600.0 /* and what takes longer than this is worth a word */

void run_progress_init(struct run_progress *view, FILE *out, bool terminal)
{
    *view = (struct run_progress){ .part = NULL };
    status_line_init(&view->line, out, terminal);
}

void run_progress_part(struct run_progress *view, const struct outline *scenario,
                       const char *part)
{
    view->part = part;
    if (!view->line.terminal)
        fprintf(view->line.out, "%s %s\n", scenario->name, part);
    fflush(view->line.out);
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

/* The steps of a program: what they are called, and whether they are counted. */
static const char *const steps[DOING_COUNT] = {
    [DOING_NOTHING] = "",
    [DOING_BEFORE] = "making the old state",
    [DOING_RECORDING] = "recording",
    [DOING_RETRACING] = "sending what was recorded again",
    [DOING_RECORDING_AGAIN] = "recording again",
    [DOING_CONTROLS] = "survivors of control",
    [DOING_STATES] = "survivors of state",
    [DOING_PROOFS] = "proof",
};

void run_progress_doing(struct run_progress *view, const struct doing *doing)
{
    uint64_t now_ns = clock_now_ns();

    if (doing->what >= DOING_COUNT)
        return;
    if (view->doing.what != doing->what || view->doing.strategy != doing->strategy ||
        doing->number < view->doing.number) {
        view->doing_ns = now_ns;
        view->doing_from = doing->number;
    }
    if (view->doing_ns == now_ns || doing->number != view->doing.number)
        view->step_ns = now_ns;
    view->doing = *doing;
}

/* Of steps that are counted the mean of those that are done is a fair guess for the
 * others; of one that is not, only how long it has taken is known. */
static void say_doing(const struct run_progress *view, const struct result *result,
                      uint64_t now_ns)
{
    const struct doing *doing = &view->doing;
    const struct outline *scenario = result->scenario;
    double seconds = ns_to_s((double)(now_ns - view->doing_ns));
    double step_s = ns_to_s((double)(now_ns - view->step_ns));
    uint64_t done = doing->number - view->doing_from;
    double mean_s = done ? (seconds - step_s) / (double)done : 0;
    double left_s = mean_s * (double)(doing->of - doing->number + 1) - step_s;

    if (doing->what != DOING_BEFORE && doing->strategy < scenario->strategy_count)
        fprintf(view->line.out, "%s: ", scenario->strategies[doing->strategy].name);
    fputs(steps[doing->what], view->line.out);
    if (!doing->of)
        fprintf(view->line.out, ", %.0f s so far", seconds);
    else
        fprintf(view->line.out, " %llu of %llu", (unsigned long long)doing->number,
                (unsigned long long)doing->of);
    if (done && left_s > 0)
        fprintf(view->line.out, ", about %.0f s left", left_s);
}

static void say_amounts(const struct run_progress *view, const struct amounts *now,
                        uint64_t now_ns)
{
    double seconds, rate;

    fputs(now->what, view->line.out);
    if (now->total)
        fprintf(view->line.out, " %llu of %llu", (unsigned long long)now->done,
                (unsigned long long)now->total);
    seconds = now->stage == STAGE_LEARN ? 0 : ns_to_s((double)(now_ns - view->stage_ns));
    rate = seconds > 0.3 ? (double)(now->done - view->stage_done) / seconds : 0;
    if (rate > 0)
        fprintf(view->line.out, ", %.0f/s, %.0f s left", rate,
                (double)(now->total - now->done) / rate);
}

/* All points are taken, so who has asked for very many is told what that means as soon as
 * the pace of the first ones is known. Later ones take longer: a worker gets further. */
static void warn_of_long(struct run_progress *view, const struct result *result,
                         const struct amounts *now, uint64_t now_ns)
{
    double seconds = ns_to_s((double)(now_ns - view->stage_ns));
    double left_s = (double)(now->total - now->done) * seconds /
                    (double)(now->done - view->stage_done);
    CLEANUP(mem_freep) char *text = NULL;

    if (view->warned || seconds < PACE_S || now->done == view->stage_done ||
        !(left_s > LONG_S) || (now->stage != STAGE_CENSUS && now->stage != STAGE_POINTS))
        return;
    view->warned = true;
    text = mem_printf(
        "%s: %llu %s are looked at, each of them: at the pace of the first ones that "
        "takes %.1f hours, and later ones take longer. There is no sampling of them; to "
        "have fewer, make the update smaller (--set)%s, or leave strategies out "
        "(--strategy)%s.",
        result->scenario->name, (unsigned long long)now->total, now->what, left_s / 3600,
        now->stage == STAGE_POINTS ? ", do without --fault byte" : "",
        result->directory ? "; a run that is interrupted goes on with --resume" : "");
    run_progress_say(view, text);
}

void run_progress_show(struct run_progress *view, const struct result *result)
{
    struct amounts now = amounts_of(result);
    const struct doing *doing = &view->doing;
    uint64_t now_ns = clock_now_ns();

    if (now.stage != view->stage) {
        view->stage = now.stage;
        view->stage_ns = now_ns;
        view->stage_done = now.done;
    }
    if (!doing->what)
        warn_of_long(view, result, &now, now_ns);
    if (!status_line_is_due(&view->line, now_ns))
        return;
    status_line_begin(&view->line);
    if (doing->what && doing->of)
        status_line_bar(&view->line, doing->number - 1, doing->of);
    else if (!doing->what)
        status_line_bar(&view->line, now.done, now.total);
    fprintf(view->line.out, "%s%s%s: ", result->scenario->name, view->part ? " " : "",
            view->part ? view->part : "");
    if (doing->what)
        say_doing(view, result, now_ns);
    else
        say_amounts(view, &now, now_ns);
    status_line_end(&view->line);
}

void run_progress_say(struct run_progress *view, const char *text)
{
    run_progress_end(view);
    fprintf(view->line.out, "%s\n", text);
    fflush(view->line.out);
}

void run_progress_end(struct run_progress *view)
{
    status_line_wipe(&view->line);
}
