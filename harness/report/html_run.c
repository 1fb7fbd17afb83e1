/* html_run.c - the page of a run: what to look at first, what a maintainer asks next, and
 * how each of it can be seen again. */
#include <limits.h>

#include "base/mem.h"
#include "base/str.h"
#include "report/html.h"
#include "report/html_parts.h"
#include "report/parts.h"
#include "report/repeat.h"
#include "report/svg.h"
#include "report/verdict_line.h"
#include "report/words.h"
#include "result/tally.h"

#define PAIRED_MOST 8 /* strategies, whose pairs a page has */

struct run_page {
    const struct result *result;
    struct report_style style;
};

static void write_page_head(FILE *out, const struct run_page *page)
{
    const struct result *result = page->result;
    CLEANUP(mem_freep) char *line = verdict_line_run(result, page->style.conclusion);
    CLEANUP(mem_freep) char *again = repeat_command(result, page->style);
    CLEANUP(mem_freep) char *troubles = NULL;
    FILE *memory = mem_stream(&troubles);

    words_troubles(memory, result, "");
    fclose(memory);
    fputs("<header><h1>", out);
    html_text(out, result->scenario->title);
    fputs("</h1>\n<p class=\"dim\">", out);
    html_text(out, result->scenario->name);
    fputs("</p>\n", out);
    html_verdict(out, line);
    html_lines(out, troubles);
    html_command(out, "Run it again, where the scenario's file is:", again);
    fputs("</header>\n", out);
}

/* ---- sections ---- */

static void write_findings(FILE *out, const void *document)
{
    html_findings(out, ((const struct run_page *)document)->result);
}

static void write_rates(FILE *out, const void *document)
{
    html_rates(out, ((const struct run_page *)document)->result);
}

static void write_points(FILE *out, const void *document)
{
    html_points(out, ((const struct run_page *)document)->result);
}

static void write_timelines(FILE *out, const void *document)
{
    html_timelines(out, ((const struct run_page *)document)->result);
}

static void write_front(FILE *out, const void *document)
{
    html_front(out, ((const struct run_page *)document)->result);
}

static void write_kills(FILE *out, const void *document)
{
    html_kills(out, ((const struct run_page *)document)->result);
}

static void write_provenance(FILE *out, const void *document)
{
    html_provenance(out, ((const struct run_page *)document)->result);
}

static void write_examples(FILE *out, const void *document)
{
    const struct run_page *page = document;

    html_examples(out, page->result, page->style);
}

/* Do they share their attempts, and are they few enough for a page? */
static bool has_pairs(const struct result *result)
{
    result_foreach (finding, result)
        if (!finding->attempts)
            return false;
    return result->kills_wanted && result->plan.strategies <= PAIRED_MOST;
}

static void write_pairs(FILE *out, const struct result *result)
{
    const struct compare_options options = { .confidence = result->confidence };
    CLEANUP(comparison_release) struct comparison comparison = { .count = 0 };

    compare_pairs(result, &options, &comparison);
    html_comparison(out, &comparison);
}

static void write_no_pairs(FILE *out, const struct run_page *page)
{
    CLEANUP(mem_freep) char *command = NULL;
    FILE *memory;

    svg_none(out,
             "This page has no room for all pairs of strategies, or does not know what "
             "came of each attempt; there is a page of pairs alone.");
    if (!page->result->directory)
        return;
    memory = mem_stream(&command);
    fprintf(memory, "%s compare ", style_program(page->style));
    str_print_shell(memory, page->result->directory);
    fputs(" --format html", memory);
    fclose(memory);
    html_command(out, "All pairs:", command);
}

static void write_comparison(FILE *out, const void *document)
{
    const struct run_page *page = document;
    const struct conclusion *conclusion = page->style.conclusion;

    if (conclusion && conclusion->comparison.base)
        html_comparison(out, &conclusion->comparison);
    else if (page->result->plan.strategies < 2)
        svg_none(out, "The run has one strategy, so there are no pairs.");
    else if (has_pairs(page->result))
        write_pairs(out, page->result);
    else
        write_no_pairs(out, page);
}

/* What the text report says in sentences, and of what is rare. */
static void write_words(FILE *out, const void *document)
{
    const struct run_page *page = document;
    struct report_style style = page->style;
    CLEANUP(mem_freep) char *text = NULL;
    FILE *memory = mem_stream(&text);

    style.columns = UINT_MAX;
    style.color = false;
    run_programs(memory, page->result, style);
    run_failures(memory, page->result, style);
    words_method(memory, page->result, style);
    run_sentences(memory, page->result, style);
    if (style.conclusion)
        gates_text(memory, &style.conclusion->gates, style);
    fclose(memory);
    html_lines(out, text);
}

static const struct html_section sections[] = {
    { "strategies", "Strategies", write_findings },
    { "rates", "Harm per SIGKILL", write_rates },
    { "points", "Crash points", write_points },
    { "timelines", "Timeline of an update", write_timelines },
    { "front", "Harm against cost", write_front },
    { "comparison", "Comparison", write_comparison },
    { "examples", "A harmed state", write_examples },
    { "kills", "Where the kills landed", write_kills },
    { "words", "In words", write_words },
    { "provenance", "Provenance", write_provenance },
};

void run_html(FILE *out, const struct result *result, struct report_style style)
{
    const struct run_page page = { result, style };

    html_begin(out, result->scenario->title);
    write_page_head(out, &page);
    html_sections(out, sections, ARRAY_SIZE(sections), &page);
    html_end(out);
}
