/* html_parts.h - what pages of several documents have in common, each a figure or a table
 * of what was found. What a figure shows is in a table, too, or in words. */
#pragma once

#include <stdio.h>

#include "report/html.h"
#include "report/style.h"
#include "result/compare.h"
#include "result/sweep.h"

/* Of so many crash points in all of a page each is told by itself; of more, neighbours of
 * one verdict together. Rows of their tables are as many at most. */
#define HTML_POINTS_MOST 800

/* A row per strategy: harm, how often, how long, what an update costs; as expected? */
void html_findings(FILE *out, const struct result *result);
/* Three cells of such a row: crash points that do harm, of which kind, and only for a
 * while. */
void html_census_cells(struct html_table *table, const struct finding *finding);
/* The rates of harm with their intervals, and what the time spent at harmful points lets
 * expect. */
void html_rates(FILE *out, const struct result *result);
/* A strip per strategy, with its commands below and a table. */
void html_points(FILE *out, const struct result *result);
/* The median update of each strategy, and when a death in it does harm. */
void html_timelines(FILE *out, const struct result *result);
/* Harm against cost, and who is on the front. */
void html_front(FILE *out, const struct result *result);
/* The first harm of each strategy, and how to see it again. */
void html_examples(FILE *out, const struct result *result, struct report_style style);
/* Where the kills landed: what became of the attempts. */
void html_kills(FILE *out, const struct result *result);
/* What it was made with. */
void html_provenance(FILE *out, const struct result *result);
/* A comparison, without the verdict on it. */
void html_comparison(FILE *out, const struct comparison *comparison);

/* How a crash point is coloured, by the mildest first; the last is of points that were
 * not tried. */
struct html_color {
    const char *class, *meaning;
};
const struct html_color *html_color_of(const struct point *point);
/* What the colours mean, of those that a result uses. */
void html_colors(FILE *out, const struct result *result);

/* The beginning of a name, for a figure; the table has all of it. */
#define HTML_NAME 96
const char *html_name(char buffer[HTML_NAME], const char *name);
