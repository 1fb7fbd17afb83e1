/* html_rates.c - the rates of harm in a chart: an interval per strategy, its estimate,
 * and beside it what the time that is spent at harmful crash points lets expect. */
#include "report/axis.h"
#include "report/html.h"
#include "report/html_parts.h"
#include "report/svg.h"
#include "report/words.h"

#define ROW 36
#define LEFT 232
#define CAP 5 /* half of a line's length at the ends of an interval */

static void draw_interval(FILE *out, const struct axis_frame *frame, int y,
                          struct interval interval)
{
    int low = axis_share(interval.low, frame->left, frame->right);
    int high = axis_share(interval.high, frame->left, frame->right);

    svg_line(out, "bar", low, y, high, y);
    svg_line(out, "bar", low, y - CAP, low, y + CAP);
    svg_line(out, "bar", high, y - CAP, high, y + CAP);
}

static void draw_row(FILE *out, const struct axis_frame *frame, int y,
                     const struct result *result, const struct finding *finding)
{
    struct rate rate = figure_kill_rate(result, finding, RATE_HARMED);
    struct prediction prediction = figure_prediction(result, finding, RATE_HARMED);
    char name[HTML_NAME], text[64];

    svg_text(out, "", SVG_LEFT, 0, y, "%s", html_name(name, finding->strategy->name));
    svg_text(out, "dim", SVG_LEFT, 0, y + 14, "%s", words_rate(text, sizeof(text), rate));
    if (prediction.known)
        svg_rect(out, "seen", axis_share(prediction.rate, frame->left, frame->right) - 2,
                 y - 10, 4, 20, "predicted");
    if (!rate.of)
        return;
    draw_interval(out, frame, y, rate.interval);
    if (rate.hits)
        svg_mark(out, "shape", 0, axis_share(rate.estimate, frame->left, frame->right), y,
                 NULL);
}

void html_rates(FILE *out, const struct result *result)
{
    struct axis_frame frame = { LEFT, SVG_WIDTH - 28, 4,
                                4 + ROW * (int)result->plan.strategies };
    char confidence[24];
    int y = frame.top;

    if (!result->kills_wanted) {
        svg_none(out, "The run had no SIGKILLs, so there are no rates: crash points say "
                      "where harm is, not how often.");
        return;
    }
    words_percent(confidence, sizeof(confidence), result->confidence);
    fputs("<figure>", out);
    svg_begin(
        out, frame.bottom + 40,
        "Share of SIGKILLs inside the update that do harm, with %s intervals, of %zu "
        "strategies; the table above has the figures",
        confidence, result->plan.strategies);
    axis_shares_across(out, &frame, "SIGKILLs inside the update that do harm");
    result_foreach (finding, result) {
        draw_row(out, &frame, y + ROW / 2 - 4, result, finding);
        y += ROW;
    }
    svg_end(out);
    fputs("<figcaption>", out);
    html_say(
        out,
        "Lines are %s intervals, dots estimates; without a dot no kill did harm. "
        "Blue bars are the share of the update's time that is spent at harmful crash "
        "points, which kills at random instants should show. ",
        confidence);
    fputs(AXIS_SHARE_WORDS, out);
    fputs("</figcaption></figure>\n", out);
}
