/* html_timelines.c - the median update of each strategy from its beginning to its end,
 * coloured by what a death leaves then, with the window in which it does harm. */
#include "base/clock.h"
#include "report/html.h"
#include "report/html_parts.h"
#include "report/svg.h"
#include "report/words.h"
#include "result/spans.h"

#define ROW 54
#define LEFT 232
#define RIGHT (SVG_WIDTH - 28)
#define BAND 18
#define WINDOW 26 /* below the band's upper edge */

static int at(double share)
{
    return LEFT + (int)(share * (RIGHT - LEFT) + 0.5);
}

static void draw_band(FILE *out, const struct finding *finding, const struct spans *spans,
                      int y)
{
    for (size_t i = 0; i < spans->count; i++) {
        const struct span *span = &spans->items[i];
        const struct html_color *color = html_color_of(&finding->points[span->first]);
        int from = at(span->from), to = at(span->to);

        if (to > from)
            svg_rect(out, color->class, from, y, to - from, BAND, color->meaning);
    }
}

/* From the first harmful point to the end of the last. */
static void draw_window(FILE *out, const struct finding *finding,
                        const struct spans *spans, int y)
{
    double from = -1, to = 0;

    for (size_t i = 0; i < spans->count; i++) {
        const struct span *span = &spans->items[i];

        if (!tally_counts(RATE_HARMED, &finding->points[span->first].verdict))
            continue;
        from = from < 0 ? span->from : from;
        to = span->to;
    }
    if (from < 0)
        return;
    svg_line(out, "bar", at(from), y, at(to), y);
    svg_line(out, "bar", at(from), y - 4, at(from), y + 4);
    svg_line(out, "bar", at(to), y - 4, at(to), y + 4);
}

static void draw_row(FILE *out, const struct finding *finding, int y)
{
    CLEANUP(spans_release) struct spans spans = spans_of(finding, 0);
    double window_us = ns_to_us((double)figure_window_ns(finding, RATE_HARMED));
    double whole_us = ns_to_us((double)figure_duration_ns(finding));
    char name[HTML_NAME], window[24], whole[24];

    svg_text(out, "", SVG_LEFT, 0, y + 13, "%s",
             html_name(name, finding->strategy->name));
    if (!spans.timed) {
        svg_text(out, "dim", SVG_LEFT, LEFT, y + 13, "not measured");
        return;
    }
    words_duration(whole, sizeof(whole), whole_us);
    if (!figure_harm(finding).points)
        svg_text(out, "dim", SVG_LEFT, 0, y + 28, "no harm in %s", whole);
    else if (window_us < 0.5)
        svg_text(out, "dim", SVG_LEFT, 0, y + 28, "unsafe within 1 us of %s", whole);
    else
        svg_text(out, "dim", SVG_LEFT, 0, y + 28, "unsafe for %s of %s",
                 words_duration(window, sizeof(window), window_us), whole);
    draw_band(out, finding, &spans, y);
    draw_window(out, finding, &spans, y + WINDOW);
}

void html_timelines(FILE *out, const struct result *result)
{
    int y = 4;

    if (!result_is_measured(result)) {
        svg_none(out, "How long the updates take was not measured.");
        return;
    }
    fputs("<figure>", out);
    svg_begin(out, 4 + ROW * (int)result->plan.strategies,
              "The median update of each strategy, coloured by what a death leaves then; "
              "the tables of crash points have the shares of time");
    result_foreach (finding, result) {
        if (tally_census_complete(finding))
            draw_row(out, finding, y);
        y += ROW;
    }
    svg_end(out);
    html_colors(out, result);
    fputs("<figcaption>Each update is as long as the row, whatever it takes. The line "
          "below "
          "is the unsafe window: from the first crash point that does harm to the end of "
          "the last. Updates of workers that were born for one update, as those that are "
          "killed.</figcaption></figure>\n",
          out);
}
