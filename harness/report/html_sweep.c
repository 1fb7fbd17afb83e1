/* html_sweep.c - the page of a sweep: harm over the values of a parameter, strategy by
 * strategy, with the value at which it begins. */
#include <string.h>

#include "base/mem.h"
#include "report/axis.h"
#include "report/html.h"
#include "report/html_parts.h"
#include "report/svg.h"
#include "report/sweep_words.h"
#include "report/verdict_line.h"
#include "report/words.h"
#include "report/writers.h"
#include "result/tally.h"

#define LABELS_MOST 16
#define NAME_LONGEST 12 /* of a value below a chart */

static const struct axis_frame frame = { 60, SVG_WIDTH - 20, 24, 190 };

/* ---- a chart of each strategy ---- */

/* Values stand in equal steps: what is between them was not tried. */
static int x_of(size_t count, size_t place)
{
    int step = (frame.right - frame.left) / (int)count;

    return frame.left + step / 2 + step * (int)place;
}

/* By the kills, or if there are none the share of crash points. */
static void draw_value(FILE *out, const struct result *result,
                       const struct finding *finding, int x)
{
    struct rate rate = figure_kill_rate(result, finding, RATE_HARMED);
    struct words words = tally_census(finding);
    uint64_t points = finding_points(finding);

    if (result->kills_wanted && rate.of) {
        int low = axis_share(rate.interval.low, frame.bottom, frame.top);
        int high = axis_share(rate.interval.high, frame.bottom, frame.top);

        svg_line(out, "bar", x, low, x, high);
        svg_mark(out, rate.hits ? "shape" : "hollow", 0, x,
                 axis_share(rate.estimate, frame.bottom, frame.top), NULL);
    } else if (!result->kills_wanted && tally_census_complete(finding)) {
        double share = (double)tally_harmed(&words) / (double)points;

        svg_mark(out, share > 0 ? "shape" : "hollow", 1, x,
                 axis_share(share, frame.bottom, frame.top), NULL);
    }
}

static void draw_label(FILE *out, const struct sweep *sweep, size_t run, size_t place)
{
    size_t every = (sweep->count + LABELS_MOST - 1) / LABELS_MOST;
    char cut[HTML_NAME];

    if (place % every)
        return;
    html_name(cut, sweep->values[run]);
    svg_text(out, "dim", SVG_MIDDLE, x_of(sweep->count, place), frame.bottom + 18, "%.*s",
             strlen(cut) > NAME_LONGEST ? 0 : NAME_LONGEST, cut);
}

static void draw_break(FILE *out, const struct sweep *sweep, const size_t *order,
                       size_t strategy)
{
    size_t run, place = 0;
    int x;

    if (!sweep_break(sweep, strategy, &run))
        return;
    while (order[place] != run)
        place++;
    x = (x_of(sweep->count, place) + x_of(sweep->count, place - 1)) / 2;
    svg_line(out, "break", x, frame.top - 8, x, frame.bottom);
    svg_text(out, "", SVG_LEFT, x - 40, frame.top - 10, "harm from %s=%s on",
             sweep->parameter, sweep->values[run]);
}

static void write_chart(FILE *out, const struct sweep *sweep, const size_t *order,
                        size_t strategy)
{
    CLEANUP(mem_freep) char *story = sweep_story(sweep, strategy);
    bool kills = sweep->results[0].kills_wanted;
    const char *name = sweep->results[0].findings[strategy].strategy->name;

    fputs("<h3>", out);
    html_text(out, name);
    fputs("</h3>\n", out);
    if (!story) {
        svg_none(out, "Nothing is known of it.");
        return;
    }
    fputs("<figure>", out);
    svg_begin(out, frame.bottom + 44, "%s", story);
    axis_shares_upright(out, &frame,
                        kills ? "SIGKILLs that do harm" : "crash points that do harm");
    for (size_t i = 0; i < sweep->count; i++) {
        const struct result *result = &sweep->results[order[i]];

        draw_value(out, result, &result->findings[strategy], x_of(sweep->count, i));
        draw_label(out, sweep, order[i], i);
    }
    svg_text(out, "dim", SVG_RIGHT, frame.right, frame.bottom + 36, "%s",
             sweep->parameter);
    draw_break(out, sweep, order, strategy);
    svg_end(out);
    fputs("<figcaption>", out);
    html_text(out, story);
    fputs("</figcaption></figure>\n", out);
}

static void write_charts(FILE *out, const void *document)
{
    const struct sweep *sweep = document;
    CLEANUP(mem_freep) size_t *order = sweep_order(sweep);

    fputs("<p>Values stand in equal steps. Hollow marks: no harm seen. " AXIS_SHARE_WORDS
          "</p>\n",
          out);
    for (size_t s = 0; s < sweep->results[0].plan.strategies; s++)
        write_chart(out, sweep, order, s);
}

/* ---- the table ---- */

static void write_row(struct html_table *table, const char *value,
                      const struct result *result, const struct finding *finding)
{
    char text[128];

    html_row(table);
    html_cell(table, "%s", finding->strategy->name);
    html_cell(table, "%s", value);
    html_cell(table, "%llu", (unsigned long long)finding->bytes);
    html_census_cells(table, finding);
    html_cell(
        table, "%s",
        words_rate(text, sizeof(text), figure_kill_rate(result, finding, RATE_HARMED)));
    html_cell(table, "%llu", (unsigned long long)tally_valid(finding));
    html_cell(table, "%s",
              finding->sample_count
                  ? words_duration(text, sizeof(text), figure_costs(finding).p50_us)
                  : "-");
    html_cell(table, "%s", words_met(finding));
}

static void write_table(FILE *out, const void *document)
{
    const struct sweep *sweep = document;
    const char *const heads[] = { "strategy",
                                  sweep->parameter,
                                  "bytes of an update",
                                  "crash points that do harm",
                                  "of which kind",
                                  "only for a while",
                                  "SIGKILLs that do harm",
                                  "valid kills",
                                  "update, median",
                                  "as expected",
                                  NULL };
    struct html_table table = html_table_begin(out, "Values and strategies", heads);

    for (size_t s = 0; s < sweep->results[0].plan.strategies; s++)
        for (size_t i = 0; i < sweep->count; i++) {
            const struct finding *finding = &sweep->results[i].findings[s];

            if (finding->controlled)
                write_row(&table, sweep->values[i], &sweep->results[i], finding);
        }
    html_table_end(&table);
}

static void write_provenance(FILE *out, const void *document)
{
    const struct sweep *sweep = document;

    fputs("<p>Of the first value; the others differ in the parameter alone.</p>\n", out);
    html_provenance(out, &sweep->results[0]);
}

static const struct html_section sections[] = {
    { "charts", "Where harm begins", write_charts },
    { "values", "Values and strategies", write_table },
    { "provenance", "Provenance", write_provenance },
};

static void write_troubles(FILE *out, const struct sweep *sweep)
{
    for (size_t i = 0; i < sweep->count; i++) {
        CLEANUP(mem_freep)
        char *where = mem_printf(" at %s=%s (%zu of %zu)", sweep->parameter,
                                 sweep->values[i], i + 1, sweep->wanted);
        CLEANUP(mem_freep) char *troubles = NULL;
        FILE *memory = mem_stream(&troubles);

        words_troubles(memory, &sweep->results[i], where);
        fclose(memory);
        html_lines(out, troubles);
    }
}

void sweep_html(FILE *out, const struct sweep *sweep, struct report_style style)
{
    CLEANUP(mem_freep) char *line = verdict_line_sweep(sweep);
    const char *title = sweep->outlines[0]->title;

    (void)style; /* a sweep has nothing that is laid out in another way */
    html_begin(out, title);
    fputs("<header><h1>", out);
    html_say(out, "%s, by %s", title, sweep->parameter);
    fputs("</h1>\n", out);
    html_verdict(out, line);
    write_troubles(out, sweep);
    fputs("</header>\n", out);
    html_sections(out, sections, ARRAY_SIZE(sections), sweep);
    html_end(out);
}
