/* html_check.c - the page of a check: a row per scenario, what failed with what to do
 * about it, and all strategies. */
#include "base/mem.h"
#include "report/check_words.h"
#include "report/html.h"
#include "report/svg.h"
#include "report/writers.h"

struct check_page {
    const struct check *check;
    struct report_style style;
};

struct told_as {
    const char *class, *text;
};

static const struct told_as verdicts[CHECK_VERDICTS] = {
    [CHECK_OK] = { "good", "ok" },
    [CHECK_UNJUDGED] = { "none", "nothing expected" },
    [CHECK_FAILED] = { "bad", "not as expected" },
    [CHECK_UNEXPLAINED] = { "bad", "unexplained" },
};

static const struct told_as states[] = {
    [CHECK_NOT_RUN] = { "some", "not run" },  [CHECK_RAN] = { "good", "ok" },
    [CHECK_STOPPED] = { "some", "stopped" },  [CHECK_SKIPPED] = { "some", "skipped" },
    [CHECK_REFUSED] = { "bad", "a mistake" }, [CHECK_BROKE] = { "bad", "broke" },
};

static size_t count_of(const struct check_scenario *scenario, enum check_verdict verdict)
{
    size_t count = 0;

    for (size_t i = 0; i < scenario->strategy_count; i++)
        count += scenario->strategies[i].verdict == verdict;
    return count;
}

/* The worst of its strategies, if it ran. */
static const struct told_as *told_of(const struct check_scenario *scenario)
{
    if (scenario->state != CHECK_RAN)
        return &states[scenario->state];
    for (int verdict = CHECK_UNEXPLAINED; verdict >= CHECK_FAILED; verdict--)
        if (count_of(scenario, (enum check_verdict)verdict))
            return &verdicts[verdict];
    return count_of(scenario, CHECK_OK) ? &verdicts[CHECK_OK] : &verdicts[CHECK_UNJUDGED];
}

static void write_scenarios(FILE *out, const void *document)
{
    static const char *const heads[] = { "scenario",   "is about",    "verdict",
                                         "strategies", "as expected", "seconds",
                                         NULL };
    const struct check *check = ((const struct check_page *)document)->check;
    struct html_table table;

    if (!check->count) {
        svg_none(out, check->nothing ? check->nothing : "Nothing ran.");
        return;
    }
    table = html_table_begin(out, "Scenarios", heads);
    for (size_t i = 0; i < check->count; i++) {
        const struct check_scenario *scenario = &check->scenarios[i];
        const struct told_as *told = told_of(scenario);
        char to[40];

        snprintf(to, sizeof(to), "#scenario-%zu", i + 1);
        html_row(&table);
        html_cell_link(&table, to, scenario->name);
        html_cell(&table, "%s", scenario->title);
        html_cell_of(&table, told->class, "%s", told->text);
        html_cell(&table, "%zu", scenario->strategy_count);
        html_cell(&table, "%zu", count_of(scenario, CHECK_OK));
        html_cell(&table, "%.1f", scenario->seconds);
    }
    html_table_end(&table);
}

static void write_failed(FILE *out, const struct check_page *page,
                         const struct check_scenario *scenario,
                         const struct check_strategy *strategy)
{
    CLEANUP(mem_freep) char *command =
        check_reproduce(page->check, scenario, strategy, style_program(page->style));

    fputs("<h3>", out);
    html_say(out, "%s%s%s", scenario->name, strategy ? "/" : "",
             strategy ? strategy->name : "");
    fputs("</h3>\n", out);
    if (strategy) {
        CLEANUP(mem_freep) char *reason = check_reason(scenario, strategy);
        CLEANUP(mem_freep) char *advice = check_advice(strategy);

        html_lines(out, reason);
        html_lines(out, advice);
    } else {
        html_lines(out, check_no_verdict(scenario));
    }
    html_command(out, "See:", command);
}

/* Returns how many failures it has. */
static size_t write_failures_of(FILE *out, const struct check_page *page,
                                const struct check_scenario *scenario)
{
    size_t written = 0;

    for (size_t s = 0; s < scenario->strategy_count; s++) {
        if (scenario->strategies[s].verdict < CHECK_FAILED)
            continue;
        write_failed(out, page, scenario, &scenario->strategies[s]);
        written++;
    }
    if (scenario->state < CHECK_REFUSED)
        return written;
    write_failed(out, page, scenario, NULL);
    return written + 1;
}

static void write_failures(FILE *out, const void *document)
{
    const struct check_page *page = document;
    size_t written = 0;

    for (size_t i = 0; i < page->check->count; i++)
        written += write_failures_of(out, page, &page->check->scenarios[i]);
    if (!written)
        svg_none(out, "Nothing failed.");
}

static void write_strategies(FILE *out, const struct check_scenario *scenario)
{
    static const char *const heads[] = { "strategy",     "expected",
                                         "verdict",      "found at crash points",
                                         "of the kills", NULL };
    struct html_table table = html_table_begin(out, scenario->name, heads);

    for (size_t s = 0; s < scenario->strategy_count; s++) {
        const struct check_strategy *strategy = &scenario->strategies[s];
        CLEANUP(mem_freep) char *found = check_found(strategy);
        CLEANUP(mem_freep) char *kills = check_kills(strategy);
        char expected[EXPECT_TEXT];

        html_row(&table);
        html_cell(&table, "%s", strategy->name);
        html_cell(&table, "%s", check_expected(strategy, expected));
        html_cell_of(&table, verdicts[strategy->verdict].class, "%s",
                     verdicts[strategy->verdict].text);
        html_cell(&table, "%s", found);
        html_cell(&table, "%s", *kills ? kills : "none asked for");
    }
    html_table_end(&table);
}

static void write_each(FILE *out, const void *document)
{
    const struct check *check = ((const struct check_page *)document)->check;

    for (size_t i = 0; i < check->count; i++) {
        const struct check_scenario *scenario = &check->scenarios[i];

        fprintf(out, "<h3 id=\"scenario-%zu\">", i + 1);
        html_text(out, scenario->name);
        fputs("</h3>\n", out);
        if (scenario->state == CHECK_RAN)
            write_strategies(out, scenario);
        else
            html_lines(out, check_no_verdict(scenario));
        if (scenario->first_error[0]) {
            fputs("<p>Some kills ended in an error and count for nothing; the first: ",
                  out);
            html_text(out, scenario->first_error);
            fputs("</p>\n", out);
        }
    }
}

static const struct html_section sections[] = {
    { "scenarios", "Scenarios", write_scenarios },
    { "failures", "What failed", write_failures },
    { "strategies", "All strategies", write_each },
};

void check_html(FILE *out, const struct check *check, struct report_style style)
{
    const struct check_page page = { check, style };
    CLEANUP(mem_freep) char *line = check_verdict_line(check);

    html_begin(out, "Check");
    fputs("<header><h1>Scenarios against what they expect</h1>\n", out);
    html_verdict(out, line);
    fputs("<p class=\"dim\">", out);
    html_say(out, "%.1f s%s%s%s, seed %llu", check->seconds,
             check->trials ? "" : ", census only", check->server[0] ? ", " : "",
             check->server, (unsigned long long)check->seed);
    fputs("</p>\n</header>\n", out);
    html_sections(out, sections, ARRAY_SIZE(sections), &page);
    html_end(out);
}
