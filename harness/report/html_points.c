/* html_points.c - the crash points of each strategy: a strip with the commands between
 * them below, and a table of the same. */
#include "base/mem.h"
#include "report/html.h"
#include "report/html_parts.h"
#include "report/marks.h"
#include "report/svg.h"
#include "report/words.h"
#include "result/spans.h"

#define LEFT 60 /* room for the slanted name of the first command */
#define RIGHT (SVG_WIDTH - 12)
#define TOP 6
#define CELL 28
#define CELL_MOST 40   /* wide, of few points */
#define LETTER_ROOM 11 /* a narrower cell has no letter */
#define NAMES 84       /* high */
#define NAME_ROOM 14   /* between slanted names */
#define CELLS_MOST 240 /* more cells are drawn together */

enum shade { CLEAN, SEEN, PASSING, HARM, FOREVER, UNKNOWN, SHADES };

static const struct html_color colors[SHADES] = {
    [CLEAN] = { "clean", "clean" },
    [SEEN] = { "seen", "a reader sees part of it until it heals" },
    [PASSING] = { "passing", "harm that ends by itself, tolerated" },
    [HARM] = { "harm", "harm that ends by itself, not tolerated" },
    [FOREVER] = { "forever", "harm for ever" },
    [UNKNOWN] = { "unknown", "not tried" },
};

static enum shade shade_of(const struct point *point)
{
    if (!point->taken)
        return UNKNOWN;
    if (point->verdict.later)
        return point->verdict.lasts_ms == LASTS_FOREVER ? FOREVER : HARM;
    if (point->verdict.passing)
        return PASSING;
    return point->verdict.now == NOW_INTACT ? CLEAN : SEEN;
}

const struct html_color *html_color_of(const struct point *point)
{
    return &colors[shade_of(point)];
}

void html_colors(FILE *out, const struct result *result)
{
    bool used[SHADES] = { false };

    result_foreach (finding, result)
        for (uint64_t k = 0; k < finding_points(finding); k++)
            used[shade_of(&finding->points[k])] = true;
    fputs("<ul class=\"legend\" aria-label=\"Colours\">", out);
    for (int shade = 0; shade < SHADES; shade++)
        if (used[shade])
            fprintf(out, "<li><span class=\"%s\">&#160;</span>%s</li>\n",
                    colors[shade].class, colors[shade].meaning);
    fputs("</ul>\n", out);
}

static void write_letters(FILE *out, const struct result *result)
{
    const struct mark *mark;

    fputs("<ul class=\"legend\" aria-label=\"Letters\">", out);
    for (size_t i = 0; (mark = mark_at(i)); i++)
        if (mark_is_used(result, mark))
            fprintf(out, "<li><b>%c</b> %s</li>\n", mark->letter, mark->meaning);
    fputs("</ul>\n", out);
}

/* "3", "3-27" */
static char *number_of(const struct span *span)
{
    unsigned long long first = span->first, last = span->last;

    return first == last ? mem_printf("%llu", first)
                         : mem_printf("%llu-%llu", first, last);
}

/* "leaked, for ever", "torn", "clean" */
static char *told_of_point(const struct point *point)
{
    const struct verdict *verdict = &point->verdict;
    char later[LATER_TEXT], passing[LATER_TEXT], lasts[LASTS_TEXT];

    if (!point->taken)
        return mem_strdup("not tried");
    if (!verdict->later && !verdict->passing)
        return mem_printf("%s now, clean later", now_name(verdict->now));
    return mem_printf("%s now, %s%s%s later, %s", now_name(verdict->now),
                      verdict->later ? later_text(verdict->later, later) : "",
                      verdict->later && verdict->passing ? ", " : "",
                      verdict->passing ? later_text(verdict->passing, passing) : "",
                      lasts_text(verdict->lasts_ms, lasts));
}

static const char *time_text(char *buffer, size_t size, const struct spans *spans,
                             const struct span *span)
{
    if (!spans->timed)
        return "-";
    return words_percent(buffer, size, span->to - span->from);
}

/* ---- the strip ---- */

struct strip {
    FILE *out;
    const struct finding *finding;
    const struct spans *spans;
    double width; /* of a crash point */
};

static int x_of(const struct strip *strip, uint64_t point)
{
    return LEFT + (int)((double)point * strip->width + 0.5);
}

static void draw_cell(const struct strip *strip, const struct span *span)
{
    const struct point *point = &strip->finding->points[span->first];
    int left = x_of(strip, span->first), right = x_of(strip, span->last + 1);
    CLEANUP(mem_freep) char *number = number_of(span), *verdict = told_of_point(point);
    CLEANUP(mem_freep) char *tip = NULL;
    char time[24];

    tip =
        mem_printf("point %s: %s; left by %llu kill%s; writing: %s of the time", number,
                   verdict, (unsigned long long)span->kills, span->kills == 1 ? "" : "s",
                   time_text(time, sizeof(time), strip->spans, span));
    svg_rect(strip->out, html_color_of(point)->class, left, TOP,
             right - left - (strip->width >= LETTER_ROOM), CELL, tip);
    if (right - left >= LETTER_ROOM)
        svg_text(strip->out, "in", SVG_MIDDLE, (left + right) / 2, TOP + CELL / 2 + 4,
                 "%c", mark_of(point)->letter);
}

/* So many points at once, as the worst of them is coloured. */
static void draw_together(const struct strip *strip, uint64_t first, uint64_t end)
{
    const struct point *points = strip->finding->points;
    enum shade worst = shade_of(&points[first]);
    CLEANUP(mem_freep) char *tip = NULL;

    for (uint64_t k = first; k < end; k++)
        if (shade_of(&points[k]) > worst)
            worst = shade_of(&points[k]);
    tip = mem_printf("points %llu-%llu: at worst, %s", (unsigned long long)first,
                     (unsigned long long)end - 1, colors[worst].meaning);
    svg_rect(strip->out, colors[worst].class, x_of(strip, first), TOP,
             x_of(strip, end) - x_of(strip, first), CELL, tip);
}

/* How many points a cell stands for, where there are too many for a cell of each span. */
static uint64_t step_of(const struct finding *finding, const struct spans *spans)
{
    return spans->count <= CELLS_MOST
               ? 0
               : (finding_points(finding) + CELLS_MOST - 1) / CELLS_MOST;
}

static void draw_cells(const struct strip *strip)
{
    uint64_t points = finding_points(strip->finding);
    uint64_t step = step_of(strip->finding, strip->spans);

    for (size_t i = 0; !step && i < strip->spans->count; i++)
        draw_cell(strip, &strip->spans->items[i]);
    for (uint64_t k = 0; step && k < points; k += step)
        draw_together(strip, k, k + step < points ? k + step : points);
}

/* Command c, from 0 on, is between points c and c + 1. Those of one name that follow each
 * other are under one brace. */
static void draw_commands(const struct strip *strip)
{
    const struct finding *finding = strip->finding;
    int y = TOP + CELL + 6, last = 0;
    uint64_t count;

    for (uint64_t c = 0; (count = spans_of_commands(finding, c)); c += count) {
        const char *name = finding->sent[c]->name;
        int from = x_of(strip, c + 1), to = x_of(strip, c + count);
        int middle = (from + to) / 2;
        CLEANUP(mem_freep) char *several = NULL;

        if (middle - last < NAME_ROOM)
            continue;
        last = middle;
        several = mem_printf("%s \xc3\x97%llu", name, (unsigned long long)count);
        svg_line(strip->out, "axis", from, y, to, y);
        svg_line(strip->out, "axis", from, y - 6, from, y);
        svg_line(strip->out, "axis", to, y - 6, to, y);
        svg_slanted(strip->out, middle + 3, y + 12, count > 1 ? several : name);
    }
}

static void draw_strip(FILE *out, const struct finding *finding,
                       const struct spans *spans)
{
    uint64_t points = finding_points(finding);
    struct strip strip = { out, finding, spans, (double)(RIGHT - LEFT) / (double)points };

    if (strip.width > CELL_MOST)
        strip.width = CELL_MOST;
    svg_begin(out, TOP + CELL + NAMES,
              "%llu crash points in order, coloured by what a death leaves, with the "
              "commands between them; the table below has the same",
              (unsigned long long)points);
    draw_cells(&strip);
    draw_commands(&strip);
    svg_end(out);
}

static void say_step(FILE *out, uint64_t step)
{
    if (step)
        fprintf(out,
                "<p class=\"dim\">A cell is %llu crash points, coloured as the worst of "
                "them.</p>\n",
                (unsigned long long)step);
}

/* ---- the table ---- */

/* "HSET jobs f1", "HSET jobs f1 to HSET jobs f25" */
static char *commands_of(const struct finding *finding, const struct span *span)
{
    char first[COMMAND_SHOWN], last[COMMAND_SHOWN];

    if (!span->last)
        return mem_strdup("before any command");
    if (span->first == span->last)
        return mem_strdup(finding_shown(finding, span->last, last));
    return mem_printf("%s to %s",
                      span->first ? finding_shown(finding, span->first, first)
                                  : "the beginning",
                      finding_shown(finding, span->last, last));
}

static bool is_reachable(const struct finding *finding, const struct span *span)
{
    for (uint64_t k = span->first; k <= span->last; k++)
        if (figure_reachable(finding, k))
            return true;
    return false;
}

static void write_row(struct html_table *table, const struct result *result,
                      const struct finding *finding, const struct spans *spans,
                      const struct span *span)
{
    const struct point *point = &finding->points[span->first];
    CLEANUP(mem_freep) char *number = number_of(span),
                            *after = commands_of(finding, span);
    CLEANUP(mem_freep) char *verdict = told_of_point(point);
    char time[24];

    html_row(table);
    html_cell(table, "%s", number);
    html_cell(table, "%s", after);
    html_cell(table, "%s", verdict);
    html_cell(table, "%s", time_text(time, sizeof(time), spans, span));
    if (result->kills_wanted && (span->kills || is_reachable(finding, span)))
        html_cell(table, "%llu", (unsigned long long)span->kills);
    else if (result->kills_wanted)
        html_cell(table, "out of reach");
}

static void write_table(FILE *out, const struct result *result,
                        const struct finding *finding, const struct spans *spans,
                        size_t most)
{
    const char *const heads[] = { "point",
                                  "dead after",
                                  "what is left",
                                  "share of the time, writing",
                                  result->kills_wanted ? "kills" : NULL,
                                  NULL };
    size_t count = spans->count < most ? spans->count : most;
    struct html_table table;

    fputs("<details><summary>Table of these crash points</summary>\n", out);
    table = html_table_begin(out, finding->strategy->name, heads);
    for (size_t i = 0; i < count; i++)
        write_row(&table, result, finding, spans, &spans->items[i]);
    html_table_end(&table);
    if (count < spans->count)
        fprintf(out,
                "<p>And %llu more crash points, which have no room here: the full text "
                "report with --points has them.</p>\n",
                (unsigned long long)(finding->commands - spans->items[count - 1].last));
    fputs("</details>\n", out);
}

static void write_strategy(FILE *out, const struct result *result,
                           const struct finding *finding, size_t most)
{
    CLEANUP(spans_release) struct spans spans = spans_of(finding, most);
    struct reach reach = figure_reach(finding);

    fprintf(out, "<h3 id=\"points-%zu\">", (size_t)(finding - result->findings) + 1);
    html_text(out, finding->strategy->name);
    fputs("</h3>\n", out);
    if (!finding->controlled) {
        svg_none(out, "Nothing is known of it: the run ended before.");
        return;
    }
    if (*finding->strategy->about) {
        fputs("<p class=\"dim\">", out);
        html_text(out, finding->strategy->about);
        fputs("</p>\n", out);
    }
    draw_strip(out, finding, &spans);
    say_step(out, step_of(finding, &spans));
    if (result->kills_wanted)
        fprintf(out, "<p>Kills hit %llu of %llu places that they can reach.</p>\n",
                (unsigned long long)reach.hit, (unsigned long long)reach.reachable);
    write_table(out, result, finding, &spans, most);
}

void html_points(FILE *out, const struct result *result)
{
    size_t most = HTML_POINTS_MOST / result->plan.strategies + 1;

    fputs(
        "<p>A worker died at each of these points, between two commands, and this is "
        "what was left. Commands have their names where there is room. "
        "<em>Writing</em> is the share of the update's time from writing one command to "
        "writing the next. Kills can leave fewer commands than were written: of a worker "
        "that does not wait for replies, Redis may not have executed all when it "
        "dies.</p>\n",
        out);
    html_colors(out, result);
    write_letters(out, result);
    result_foreach (finding, result)
        write_strategy(out, result, finding, most);
}
