/* html_kills.c - when SIGKILLs were due, which of them landed inside the update, and what
 * became of the others. */
#include "base/mem.h"
#include "report/axis.h"
#include "report/html.h"
#include "report/html_parts.h"
#include "report/svg.h"
#include "report/words.h"

#define FIGURES 12 /* so many strategies have one */

static const struct axis_frame frame = {
    .left = 12, .right = SVG_WIDTH - 28, .top = 6, .bottom = 86
};

/* A part of a bin's bar, from some kills to some more. */
static void draw_part(FILE *out, const struct axis_log *axis, size_t bin,
                      const char *class, double from, double to, const char *tip)
{
    int left = axis_log_at(axis, instant_us(bin), frame.left, frame.right);
    int right = axis_log_at(axis, instant_us(bin + 1), frame.left, frame.right);
    int whole = frame.bottom - frame.top;
    int low = (int)(whole * from + 0.5), high = (int)(whole * to + 0.5);

    if (high > low)
        svg_rect(out, class, left, frame.bottom - high, right - left - 1, high - low,
                 tip);
}

static void draw_bin(FILE *out, const struct instants *instants,
                     const struct axis_log *axis, size_t bin, uint32_t most)
{
    double inside = (double)instants->inside[bin] / most;
    double due = (double)instants->due[bin] / most;
    CLEANUP(mem_freep) char *tip = NULL;
    char from[24];

    tip = mem_printf("from %s: %u of %u inside",
                     words_duration(from, sizeof(from), instant_us(bin)),
                     instants->inside[bin], instants->due[bin]);
    draw_part(out, axis, bin, "seen", 0, inside, tip);
    draw_part(out, axis, bin, "unknown", inside, due, tip);
}

static void draw(FILE *out, const struct finding *finding)
{
    const struct instants *instants = &finding->kills.instants;
    struct axis_log axis = { 0, 0 };
    size_t first, last;
    uint32_t most = 0;
    char median[24];

    if (!instants_range(instants, &first, &last))
        return;
    axis_log_reach(&axis, instant_us(first));
    axis_log_reach(&axis, instant_us(last + 1));
    for (size_t i = first; i <= last; i++)
        most = instants->due[i] > most ? instants->due[i] : most;
    words_duration(median, sizeof(median), instant_us(instants_median(instants) + 1));
    fputs("<figure><h3>", out);
    html_text(out, finding->strategy->name);
    fputs("</h3>\n", out);
    svg_begin(out, 130, "Kills by when they were due: half of them before %s", median);
    for (size_t i = first; i <= last; i++)
        draw_bin(out, instants, &axis, i, most);
    axis_durations_across(out, &axis, &frame, "due after the update's beginning");
    svg_end(out);
    fprintf(out,
            "<figcaption>Half of the kills were due before %s. The highest bar is %u "
            "kills.</figcaption></figure>\n",
            median, most);
}

static void write_table(FILE *out, const struct result *result)
{
    static const char *const heads[] = {
        "strategy", "attempts", "valid",     "missed",      "early",
        "timeout",  "error",    "disturbed", "unexplained", NULL,
    };
    struct html_table table = html_table_begin(out, "What became of the attempts", heads);

    result_foreach (finding, result) {
        html_row(&table);
        html_cell(&table, "%s", finding->strategy->name);
        html_cell(&table, "%llu", (unsigned long long)tally_attempts(finding));
        for (int o = 0; o < OUTCOME_COUNT; o++)
            html_cell(&table, "%llu", (unsigned long long)finding->kills.outcomes[o]);
        html_cell(&table, "%llu", (unsigned long long)finding->kills.unexplained);
    }
    html_table_end(&table);
}

void html_kills(FILE *out, const struct result *result)
{
    size_t drawn = 0;

    if (!result->kills_wanted) {
        svg_none(out, "The run had no SIGKILLs.");
        return;
    }
    fputs("<p>A kill counts in the rates if it landed inside the update. One that missed "
          "came when the update was over, an early one before it had begun.</p>\n",
          out);
    write_table(out, result);
    fputs("<p>Instants are drawn from all of the time that updates take, and a little "
          "more; kills of one strategy do not all stand for the same time, which rates "
          "allow for. <span class=\"seen\">\xc2\xa0\xc2\xa0</span> landed inside the "
          "update, <span class=\"unknown\">\xc2\xa0\xc2\xa0</span> did not. Bars are of "
          "equal ratios of time.</p>\n",
          out);
    result_foreach (finding, result)
        if (drawn++ < FIGURES)
            draw(out, finding);
    if (drawn > FIGURES)
        fprintf(out, "<p>The first %d strategies are drawn.</p>\n", FIGURES);
}
