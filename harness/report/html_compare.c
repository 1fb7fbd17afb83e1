/* html_compare.c - the page of a comparison, of runs or of pairs of strategies: who is
 * worse, by how much, and what that rests on. */
#include "base/mem.h"
#include "base/str.h"
#include "report/axis.h"
#include "report/compare_words.h"
#include "report/html.h"
#include "report/html_parts.h"
#include "report/svg.h"
#include "report/verdict_line.h"
#include "report/words.h"
#include "report/writers.h"

#define ROW 44
#define LEFT 232
#define SENTENCES_MOST 400
#define ROWS_MOST 120 /* of the chart; 40 strategies make 780 pairs */

/* ---- both sides in a chart ---- */

static void draw_side(FILE *out, const struct axis_frame *frame, int y, const char *class,
                      const struct result *result, const struct finding *finding)
{
    struct rate rate = figure_kill_rate(result, finding, RATE_HARMED);
    int low = axis_share(rate.interval.low, frame->left, frame->right);
    int high = axis_share(rate.interval.high, frame->left, frame->right);

    if (!rate.of)
        return;
    svg_line(out, "bar", low, y, high, y);
    svg_mark(out, class, 0, axis_share(rate.estimate, frame->left, frame->right), y,
             NULL);
}

static void write_chart(FILE *out, const struct comparison *comparison)
{
    size_t rows = comparison->count < ROWS_MOST ? comparison->count : ROWS_MOST;
    struct axis_frame frame = { LEFT, SVG_WIDTH - 28, 4, 4 + ROW * (int)rows };

    fputs("<figure>", out);
    svg_begin(out, frame.bottom + 40,
              "Share of SIGKILLs that do harm on both sides of %zu rows; the table below "
              "has the figures",
              rows);
    axis_shares_across(out, &frame, "SIGKILLs inside the update that do harm");
    for (size_t i = 0; i < rows; i++) {
        const struct comparison_row *row = &comparison->rows[i];
        CLEANUP(mem_freep) char *name = compare_name(comparison, row);
        int y = frame.top + ROW * (int)i + ROW / 2;
        char cut[HTML_NAME];

        svg_text(out, "", SVG_LEFT, 0, y - 2, "%s", html_name(cut, name));
        svg_text(out, "dim", SVG_LEFT, 0, y + 13, "%s",
                 compare_told(comparison, row, RATE_HARMED));
        draw_side(out, &frame, y - 8, "hollow", comparison->base, row->base);
        draw_side(out, &frame, y + 8, "shape", comparison->new, row->new);
    }
    svg_end(out);
    fputs(
        "<figcaption>Hollow: the base. Filled: the new one. Lines are intervals, each of "
        "its own rate: whether two rates differ is in the table, not in whether lines "
        "overlap. " AXIS_SHARE_WORDS "</figcaption></figure>\n",
        out);
    if (rows < comparison->count)
        fprintf(out, "<p>The chart shows the first %zu of %zu rows.</p>\n", rows,
                comparison->count);
}

/* ---- tables ---- */

/* Of no hits no share is shown: it is not 0%. */
static void write_sample(struct html_table *table, struct sample sample)
{
    char share[16] = "0";

    if (sample.hits)
        words_percent(share, sizeof(share), sample_rate(&sample));
    if (sample.of)
        html_cell(table, "%s of %llu", share, (unsigned long long)sample.of);
    else
        html_cell(table, "-");
}

static void write_rate(struct html_table *table, const struct comparison *comparison,
                       const struct comparison_row *row, enum tally_rate id)
{
    static const char *const classes[] = {
        [COMPARE_BETTER] = "good", [COMPARE_WORSE] = "bad"
    };
    const struct rate_difference *rate = &row->rates[id];
    CLEANUP(mem_freep) char *name = compare_name(comparison, row);
    bool known = rate->verdict != COMPARE_UNKNOWN;
    char text[64];

    html_row(table);
    html_cell(table, "%s", name);
    html_cell(table, "%s", compare_rate_name(id));
    write_sample(table, rate->base);
    write_sample(table, rate->new);
    html_cell(table, "%s",
              known ? words_difference(text, sizeof(text), rate->estimate, rate->interval)
                    : "-");
    html_cell(table, "%s", known ? words_p(text, sizeof(text), rate->p) : "-");
    html_cell(table, "%s", known ? words_p(text, sizeof(text), rate->p_adjusted) : "-");
    html_cell_of(table, rate->verdict >= COMPARE_BETTER ? classes[rate->verdict] : "none",
                 "%s", compare_told(comparison, row, id));
}

static void write_rates(FILE *out, const struct comparison *comparison)
{
    static const char *const heads[] = { "strategy",     "per SIGKILL",    "base",
                                         "new",          "difference",     "p",
                                         "p, corrected", "the new one is", NULL };
    struct html_table table = html_table_begin(out, "Rates", heads);

    for (size_t i = 0; i < comparison->count; i++)
        for (int r = 0; r < RATE_COUNT; r++)
            if (comparison->rows[i].rates[r].tested || r == RATE_HARMED)
                write_rate(&table, comparison, &comparison->rows[i], (enum tally_rate)r);
    html_table_end(&table);
}

static void write_side_costs(struct html_table *table, const struct finding *finding)
{
    struct costs costs = figure_costs(finding);
    char text[24];

    if (costs.per_second > 0)
        html_cell(table, "%.0f", costs.per_second);
    else
        html_cell(table, "-");
    html_cell(table, "%s",
              costs.p50_us > 0 ? words_duration(text, sizeof(text), costs.p50_us) : "-");
}

/* Of pairs the ratio alone: what each strategy costs is the same in all of its pairs, and
 * in the page of the run. */
static void write_costs(FILE *out, const struct comparison *comparison)
{
    static const char *const of_pairs[] = { "strategy", "times as fast", NULL };
    static const char *const of_runs[] = { "strategy",
                                           "times as fast",
                                           "updates per second, base",
                                           "median, base",
                                           "updates per second, new",
                                           "median, new",
                                           NULL };
    struct html_table table = html_table_begin(out, "What an update costs",
                                               comparison->pairs ? of_pairs : of_runs);

    for (size_t i = 0; i < comparison->count; i++) {
        const struct comparison_row *row = &comparison->rows[i];
        CLEANUP(mem_freep) char *name = compare_name(comparison, row);
        char text[64];

        html_row(&table);
        html_cell(&table, "%s", name);
        html_cell(&table, "%s", words_ratio(text, sizeof(text), &row->speed));
        if (comparison->pairs)
            continue;
        write_side_costs(&table, row->base);
        write_side_costs(&table, row->new);
    }
    html_table_end(&table);
}

static void write_sentences(FILE *out, const struct comparison *comparison)
{
    size_t written = 0, left_out = 0;

    fputs("<ul>", out);
    for (size_t i = 0; i < comparison->count; i++) {
        CLEANUP(mem_freep)
        char *sentence = compare_sentence(comparison, &comparison->rows[i]);

        if (!compare_says_more(comparison, &comparison->rows[i]))
            continue;
        if (written++ >= SENTENCES_MOST) {
            left_out++;
            continue;
        }
        fputs("<li>", out);
        html_text(out, sentence);
        fputs("</li>\n", out);
    }
    fputs("</ul>\n", out);
    if (left_out)
        fprintf(out, "<p>And %zu more, which the text report has.</p>\n", left_out);
}

static void write_side(FILE *out, const char *which, const struct result *one,
                       const struct result *other)
{
    CLEANUP(mem_freep) char *only = compare_only_in(one, other);

    fprintf(out, "<p>%s: ", which);
    html_say(out, "%s, seed %llu, %zu lanes%s%s.", one->server,
             (unsigned long long)one->plan.seed, one->lanes, one->directory ? ", " : "",
             one->directory ? one->directory : "");
    if (only)
        html_say(out, " Only there: %s.", only);
    fputs("</p>\n", out);
}

static void write_sides(FILE *out, const struct comparison *comparison)
{
    if (comparison->pairs) {
        fputs("<p>All pairs of strategies; differences are the second one's minus the "
              "first "
              "one's.</p>\n",
              out);
    } else {
        write_side(out, "Base", comparison->base, comparison->new);
        write_side(out, "New", comparison->new, comparison->base);
    }
    for (size_t i = 0; i < comparison->comparable.count; i++) {
        const struct comparable_note *note = &comparison->comparable.notes[i];

        fputs("<p>", out);
        html_say(out, "%s: %s", note->loud ? "NOT ALIKE" : "Note", note->text);
        fputs("</p>\n", out);
    }
}

/* ---- the page ---- */

static void section_sides(FILE *out, const void *document)
{
    write_sides(out, document);
}

static void section_rates(FILE *out, const void *document)
{
    const struct comparison *comparison = document;
    CLEANUP(mem_freep) char *test = compare_test(comparison);

    if (!comparison->count) {
        svg_none(out, "There is nothing that could be compared.");
        return;
    }
    write_chart(out, comparison);
    write_rates(out, comparison);
    html_lines(out, test);
}

static void section_costs(FILE *out, const void *document)
{
    write_costs(out, document);
}

static void section_words(FILE *out, const void *document)
{
    write_sentences(out, document);
}

void html_comparison(FILE *out, const struct comparison *comparison)
{
    section_sides(out, comparison);
    section_rates(out, comparison);
    section_costs(out, comparison);
    section_words(out, comparison);
}

static const struct html_section sections[] = {
    { "sides", "What is compared", section_sides },
    { "rates", "Harm per SIGKILL", section_rates },
    { "costs", "What an update costs", section_costs },
    { "words", "In words", section_words },
};

/* Of runs that are kept. */
static void write_again(FILE *out, const struct comparison *comparison,
                        struct report_style style)
{
    CLEANUP(mem_freep) char *command = NULL;
    FILE *memory;

    if (!comparison->base->directory || !comparison->new->directory)
        return;
    memory = mem_stream(&command);
    fprintf(memory, "%s compare ", style_program(style));
    str_print_shell(memory, comparison->base->directory);
    if (!comparison->pairs) {
        fputc(' ', memory);
        str_print_shell(memory, comparison->new->directory);
    }
    fclose(memory);
    html_command(out, "Compare them again:", command);
}

void compare_html(FILE *out, const struct comparison *comparison,
                  struct report_style style)
{
    CLEANUP(mem_freep) char *line = verdict_line_comparison(comparison);
    const char *title = comparison->new->scenario->title;

    html_begin(out, title);
    fputs("<header><h1>", out);
    html_say(out, "%s: %s", comparison->pairs ? "Strategies in pairs" : "Two runs",
             title);
    fputs("</h1>\n", out);
    html_verdict(out, line);
    write_again(out, comparison, style);
    fputs("</header>\n", out);
    html_sections(out, sections, ARRAY_SIZE(sections), comparison);
    html_end(out);
}
