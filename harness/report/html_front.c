/* html_front.c - harm against cost: a mark per strategy, filled where it is on the front.
 */
#include "base/mem.h"
#include "report/axis.h"
#include "report/html.h"
#include "report/html_parts.h"
#include "report/svg.h"
#include "report/words.h"
#include "result/front.h"

#define NUMBERED_MOST 12

static const struct axis_frame frame = { 60, SVG_WIDTH - 20, 30, 290 };

/* Who is on the front is drawn last, over the others; of many only they have a number. */
static void draw(FILE *out, const struct result *result, const struct front_place *places,
                 const struct axis_log *axis, bool front)
{
    bool few = result->plan.strategies <= NUMBERED_MOST;

    for (size_t i = 0; i < result->plan.strategies; i++) {
        const struct front_place *place = &places[i];
        int x, y;

        if (!place->known || place->front != front)
            continue;
        x = axis_log_at(axis, place->us, frame.left, frame.right);
        y = axis_share(place->estimate, frame.bottom, frame.top);
        svg_line(out, "bar", x, axis_share(place->interval.low, frame.bottom, frame.top),
                 x, axis_share(place->interval.high, frame.bottom, frame.top));
        svg_mark(out, front ? "shape" : "hollow", i, x, y,
                 result->findings[i].strategy->name);
        if (few || front)
            svg_text(out, "", SVG_LEFT, x + 10, y - 6, "%zu", i + 1);
    }
}

static void write_rows(FILE *out, const struct result *result,
                       const struct front_place *places)
{
    static const char *const heads[] = { "number and strategy", "update, median",
                                         "SIGKILLs that do harm", "on the front", NULL };
    struct html_table table = html_table_begin(out, "Harm against cost", heads);
    char text[64];

    for (size_t i = 0; i < result->plan.strategies; i++) {
        const struct finding *finding = &result->findings[i];
        const struct front_place *place = &places[i];

        html_row(&table);
        html_cell(&table, "%zu %s", i + 1, finding->strategy->name);
        html_cell(&table, "%s",
                  finding->sample_count ? words_duration(text, sizeof(text), place->us)
                                        : "not measured");
        html_cell(&table, "%s",
                  place->clean && place->known
                      ? "no crash point does harm"
                      : words_rate(text, sizeof(text),
                                   figure_kill_rate(result, finding, RATE_HARMED)));
        html_cell(&table, "%s",
                  !place->known  ? "not known"
                  : place->front ? "yes"
                                 : "no");
    }
    html_table_end(&table);
}

void html_front(FILE *out, const struct result *result)
{
    CLEANUP(mem_freep) struct front_place *places = front_places(result);
    struct axis_log axis = { 0, 0 };

    for (size_t i = 0; i < result->plan.strategies; i++)
        if (places[i].known)
            axis_log_reach(&axis, places[i].us);
    if (!(axis.most > 0)) {
        svg_none(out,
                 "There is no strategy of which both are known: what an update takes, "
                 "and how often a SIGKILL in it does harm.");
        return;
    }
    fputs("<figure>", out);
    svg_begin(out, frame.bottom + 40,
              "Harm against cost of %zu strategies; the table below has the figures",
              result->plan.strategies);
    axis_shares_upright(out, &frame, "SIGKILLs that do harm");
    axis_durations_across(out, &axis, &frame, "median update, logarithmic");
    draw(out, result, places, &axis, false);
    draw(out, result, places, &axis, true);
    svg_end(out);
    fputs(
        "<figcaption>Filled marks are on the front: no other strategy takes as little "
        "and "
        "does as little harm, and less of one. Harm counts there as the upper end of its "
        "interval, and as none where no crash point does any. " AXIS_SHARE_WORDS
        "</figcaption></figure>\n",
        out);
    write_rows(out, result, places);
}
