/* axis.c - see axis.h. */
#include "report/axis.h"

#include <math.h>

#include "base/mem.h"
#include "report/svg.h"
#include "report/words.h"

#define LABEL_BELOW 16
#define LABEL_HIGH 13
#define LABEL_WIDE 29
#define LABEL_AT_END 10 /* so far before it */

int axis_share(double share, int from, int to)
{
    double p = share < 0 ? 0 : share > 1 ? 1 : share;

    return from + (int)lround(asin(sqrt(p)) * M_2_PI * (to - from));
}

static const struct {
    double share;
    const char *text;
} ticks[] = {
    { 0, "0" },     { 0.001, "0.1%" }, { 0.01, "1%" },  { 0.05, "5%" },
    { 0.1, "10%" }, { 0.25, "25%" },   { 0.5, "50%" },  { 0.75, "75%" },
    { 0.9, "90%" }, { 0.95, "95%" },   { 0.99, "99%" }, { 1, "100%" },
};

void axis_shares_across(FILE *out, const struct axis_frame *frame, const char *name)
{
    int last = frame->left - LABEL_WIDE;

    for (size_t i = 0; i < ARRAY_SIZE(ticks); i++) {
        int x = axis_share(ticks[i].share, frame->left, frame->right);

        svg_line(out, "grid", x, frame->top, x, frame->bottom);
        if (x - last < LABEL_WIDE)
            continue;
        last = x;
        svg_text(out, "dim", ticks[i].share < 1 ? SVG_MIDDLE : SVG_LEFT,
                 ticks[i].share < 1 ? x : x - LABEL_AT_END, frame->bottom + LABEL_BELOW,
                 "%s", ticks[i].text);
    }
    svg_text(out, "dim", SVG_RIGHT, frame->right, frame->bottom + 2 * LABEL_BELOW, "%s",
             name);
}

void axis_shares_upright(FILE *out, const struct axis_frame *frame, const char *name)
{
    int last = frame->bottom + LABEL_BELOW;

    for (size_t i = 0; i < ARRAY_SIZE(ticks); i++) {
        int y = axis_share(ticks[i].share, frame->bottom, frame->top);

        svg_line(out, "grid", frame->left, y, frame->right, y);
        if (last - y < LABEL_HIGH)
            continue;
        last = y;
        svg_text(out, "dim", SVG_RIGHT, frame->left - 6, y + 4, "%s", ticks[i].text);
    }
    svg_text(out, "dim", SVG_LEFT, 0, frame->top - 12, "%s", name);
}

void axis_log_reach(struct axis_log *axis, double value)
{
    if (!(value > 0))
        return;
    if (!(axis->least > 0) || value < axis->least)
        axis->least = value;
    if (value > axis->most)
        axis->most = value;
}

/* With room beyond both ends. */
int axis_log_at(const struct axis_log *axis, double value, int from, int to)
{
    double low = axis->least / 1.25, high = axis->most * 1.25;

    return from + (int)lround(log(value / low) / log(high / low) * (to - from));
}

void axis_durations_across(FILE *out, const struct axis_log *axis,
                           const struct axis_frame *frame, const char *name)
{
    static const double steps[] = { 1, 2, 5 };
    int last = frame->left - 2 * LABEL_BELOW * 2;

    for (double unit = pow(10, floor(log10(axis->least))); unit <= axis->most * 10;
         unit *= 10) {
        for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
            int x = axis_log_at(axis, unit * steps[i], frame->left, frame->right);
            char text[24];

            if (x < frame->left || x > frame->right)
                continue;
            svg_line(out, "grid", x, frame->top, x, frame->bottom);
            if (x - last < 3 * LABEL_BELOW)
                continue;
            last = x;
            svg_text(out, "dim", SVG_MIDDLE, x, frame->bottom + LABEL_BELOW, "%s",
                     words_duration(text, sizeof(text), unit * steps[i]));
        }
    }
    svg_text(out, "dim", SVG_RIGHT, frame->right, frame->bottom + 2 * LABEL_BELOW, "%s",
             name);
}
