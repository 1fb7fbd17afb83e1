/* text.c - a result for people: what leaks, how often, what it costs, and one sentence
 * each. */
#include <stdarg.h>
#include <string.h>

#include "base/mem.h"
#include "report/report.h"

#define WRAP_COLUMNS 96
#define VALID_WANTED                                                                     \
    0.8 /* a share of valid kills that is surely below this is worth a remark */

/* A table of cells, as wide as they need to be. Two header lines; numbers stand to the
 * right. */
#define TABLE_COLUMNS 12
#define TABLE_CELL 72

struct table {
    size_t columns, rows;
    struct {
        const char *head[2];
        bool right;
    } column[TABLE_COLUMNS];
    char (*cells)[TABLE_COLUMNS][TABLE_CELL]; /* owned */
};

static size_t add_column(struct table *table, const char *first, const char *second,
                         bool right)
{
    table->column[table->columns].head[0] = first;
    table->column[table->columns].head[1] = second;
    table->column[table->columns].right = right;
    return table->columns++;
}

static void add_row(struct table *table)
{
    table->cells = mem_grow(table->cells, table->rows + 1, sizeof(*table->cells));
    memset(table->cells[table->rows++], 0, sizeof(*table->cells));
}

/* The cell of the last row. */
__attribute__((format(printf, 3, 4))) static void set_cell(struct table *table,
                                                           size_t column,
                                                           const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(table->cells[table->rows - 1][column], TABLE_CELL, format, args);
    va_end(args);
}

static size_t column_width(const struct table *table, size_t column)
{
    size_t width = 0;

    for (int h = 0; h < 2; h++)
        if (strlen(table->column[column].head[h]) > width)
            width = strlen(table->column[column].head[h]);
    for (size_t r = 0; r < table->rows; r++)
        if (strlen(table->cells[r][column]) > width)
            width = strlen(table->cells[r][column]);
    return width;
}

/* One line without blanks at its end; line(context, column) is a column's text. */
static void write_line(FILE *out, const struct table *table,
                       const char *(*text)(const struct table *table, size_t line,
                                           size_t column),
                       size_t line)
{
    size_t pending = 0;

    for (size_t c = 0; c < table->columns; c++) {
        const char *cell = text(table, line, c);
        size_t width = column_width(table, c), length = strlen(cell);
        size_t left = table->column[c].right ? width - length : 0;

        if (length) {
            fprintf(out, "%*s%s", (int)(pending + left), "", cell);
            pending = width - length - left;
        } else {
            pending += width;
        }
        pending += 2;
    }
    fputc('\n', out);
}

static const char *head_text(const struct table *table, size_t line, size_t column)
{
    return table->column[column].head[line];
}

static const char *cell_text(const struct table *table, size_t line, size_t column)
{
    return table->cells[line][column];
}

static void write_table(FILE *out, struct table *table, struct report_style style)
{
    if (style.color)
        fputs("\033[1m", out);
    for (size_t line = 0; line < 2; line++)
        write_line(out, table, head_text, line);
    if (style.color)
        fputs("\033[0m", out);
    for (size_t row = 0; row < table->rows; row++)
        write_line(out, table, cell_text, row);
    fputc('\n', out);
    mem_freep(&table->cells);
    table->cells = NULL;
}

/* Three significant digits, never more than needed: 25%, 8.33%, 0.368%. */
static void percent(char *buffer, size_t size, double share)
{
    snprintf(buffer, size, "%.3g%%", share >= 0.9995 && share < 1 ? 99.9 : 100 * share);
}

/* "83.1% [80.7, 85.4]", "below 0.368%", "above 99.6%", "no kills". */
static void rate_text(char *buffer, size_t size, struct rate rate)
{
    char estimate[16], low[16], high[16];

    percent(estimate, sizeof(estimate), rate.estimate);
    percent(low, sizeof(low), rate.interval.low);
    percent(high, sizeof(high), rate.interval.high);
    if (rate.of == 0)
        snprintf(buffer, size, "-");
    else if (rate.hits == 0)
        snprintf(buffer, size, "below %s", high);
    else if (rate.hits == rate.of)
        snprintf(buffer, size, "above %s", low);
    else
        snprintf(buffer, size, "%s [%.*s, %.*s]", estimate, (int)strlen(low) - 1, low,
                 (int)strlen(high) - 1, high);
}

static uint64_t valid_kills(const struct finding *finding)
{
    return finding->kills.outcomes[OUTCOME_VALID];
}

static uint64_t points_of(const struct finding *finding)
{
    return finding->controlled ? finding->commands + 1 : 0;
}

/* "3 mixed, 1 lost": harm at crash points other than leaks; "" if there is none. */
static void other_harm(const struct finding *finding, char *buffer, size_t size)
{
    struct words words = tally_census(finding);
    size_t used = 0;

    buffer[0] = '\0';
    for (unsigned i = 1; i < LATER_COUNT; i++)
        if (words.later[i] && used < size)
            used += (size_t)snprintf(buffer + used, size - used, "%s%llu %s",
                                     used ? ", " : "", (unsigned long long)words.later[i],
                                     later_name(i));
}

static bool any_other_harm(const struct result *result)
{
    char text[64];

    for (size_t i = 0; i < result->plan.strategies; i++) {
        other_harm(&result->findings[i], text, sizeof(text));
        if (text[0])
            return true;
    }
    return false;
}

static const char *met_text(const struct finding *finding)
{
    switch (tally_verdict(finding)) {
    case VERDICT_PASS:
        return "yes";
    case VERDICT_FAIL:
        return "NO";
    case VERDICT_NONE:
        break;
    }
    return finding->strategy->expect ? "not known" : "";
}

static void write_findings(FILE *out, const struct result *result,
                           struct report_style style)
{
    struct table table = { .columns = 0 };
    char leaked[48], confidence[24];
    bool other = any_other_harm(result), kills = result->kills_wanted;
    size_t name, points, harm = 0, leak = 0, harmed = 0, valid = 0, torn, p50, commands,
                         trips, expect, met;

    percent(confidence, sizeof(confidence), result->confidence);
    snprintf(leaked, sizeof(leaked), "inside the update (%s)", confidence);
    name = add_column(&table, "strategy", "", false);
    points = add_column(&table, "crash points", "that leak", true);
    if (other)
        harm = add_column(&table, "other", "harm", false);
    if (kills) {
        leak = add_column(&table, "leaked per SIGKILL", leaked, false);
        if (other)
            harmed = add_column(&table, "harm of any kind", "per SIGKILL", false);
        valid = add_column(&table, "valid", "kills", true);
    }
    torn = add_column(&table, "torn", "now", false);
    p50 = add_column(&table, "update", "p50", true);
    commands = add_column(&table, "com-", "mands", true);
    trips = add_column(&table, "", "trips", true);
    expect = add_column(&table, "", "expected", false);
    met = add_column(&table, "", "met", false);
    for (size_t i = 0; i < result->plan.strategies; i++) {
        const struct finding *finding = &result->findings[i];
        struct words words = tally_census(finding);
        uint64_t n = valid_kills(finding);
        char text[TABLE_CELL];

        add_row(&table);
        set_cell(&table, name, "%s", finding->strategy->name);
        set_cell(&table, points, "%llu of %2llu", (unsigned long long)words.later[0],
                 (unsigned long long)points_of(finding));
        if (other) {
            other_harm(finding, text, sizeof(text));
            set_cell(&table, harm, "%s", text);
        }
        if (kills) {
            rate_text(text, sizeof(text),
                      report_rate(result, finding->kills.words.later[0], n));
            set_cell(&table, leak, "%s", text);
            set_cell(&table, valid, "%llu", (unsigned long long)n);
        }
        if (kills && other) {
            rate_text(text, sizeof(text),
                      report_rate(result, tally_harmed(&finding->kills.words, n), n));
            set_cell(&table, harmed, "%s", text);
        }
        if (kills)
            rate_text(text, sizeof(text),
                      report_rate(result, finding->kills.words.now[NOW_TORN], n));
        else
            snprintf(text, sizeof(text), "%llu of %llu",
                     (unsigned long long)words.now[NOW_TORN],
                     (unsigned long long)points_of(finding));
        set_cell(&table, torn, "%s", text);
        set_cell(&table, p50, "%.0f us", report_costs(finding).p50_us);
        set_cell(&table, commands, "%llu", (unsigned long long)finding->commands);
        set_cell(&table, trips, "%llu", (unsigned long long)finding->trips);
        report_expect(finding->strategy->expect, text, sizeof(text), "+");
        set_cell(&table, expect, "%s", text);
        set_cell(&table, met, "%s", met_text(finding));
    }
    write_table(out, &table, style);
}

static void write_costs(FILE *out, const struct result *result, struct report_style style)
{
    struct table table = { .columns = 0 };

    add_column(&table, "what an update", "costs", false);
    add_column(&table, "", "p50", true);
    add_column(&table, "", "p90", true);
    add_column(&table, "", "p99", true);
    add_column(&table, "updates", "per second", true);
    add_column(&table, "", "bytes", true);
    add_column(&table, "time in which a death", "leaks, cold worker", true);
    for (size_t i = 0; i < result->plan.strategies; i++) {
        const struct finding *finding = &result->findings[i];
        struct costs costs = report_costs(finding);

        add_row(&table);
        set_cell(&table, 0, "%s", finding->strategy->name);
        set_cell(&table, 1, "%.0f us", costs.p50_us);
        set_cell(&table, 2, "%.0f us", costs.p90_us);
        set_cell(&table, 3, "%.0f us", costs.p99_us);
        set_cell(&table, 4, "%.0f", costs.per_second);
        set_cell(&table, 5, "%llu", (unsigned long long)finding->bytes);
        set_cell(&table, 6, "%.0f us of %.0f", (double)tally_window_ns(finding) / 1e3,
                 (double)tally_duration_ns(finding) / 1e3);
    }
    write_table(out, &table, style);
}

static void write_kills(FILE *out, const struct result *result, struct report_style style)
{
    static const char *const heads[] = { "valid", "missed", "early", "timeout", "error" };
    struct table table = { .columns = 0 };

    add_column(&table, "where the", "kills landed", false);
    add_column(&table, "", "attempts", true);
    for (int o = 0; o < OUTCOME_COUNT; o++)
        add_column(&table, "", heads[o], true);
    add_column(&table, "un-", "explained", true);
    for (size_t i = 0; i < result->plan.strategies; i++) {
        const struct finding *finding = &result->findings[i];

        add_row(&table);
        set_cell(&table, 0, "%s", finding->strategy->name);
        set_cell(&table, 1, "%llu", (unsigned long long)tally_attempts(finding));
        for (int o = 0; o < OUTCOME_COUNT; o++)
            set_cell(&table, (size_t)o + 2, "%llu",
                     (unsigned long long)finding->kills.outcomes[o]);
        set_cell(&table, OUTCOME_COUNT + 2, "%llu",
                 (unsigned long long)finding->kills.unexplained);
    }
    write_table(out, &table, style);
}

/* The first crash point with harm. NULL: there is none. */
static const struct point *first_harm(const struct finding *finding)
{
    for (uint64_t k = 0; k < points_of(finding); k++)
        if (finding->points[k].taken && finding->points[k].later)
            return &finding->points[k];
    return NULL;
}

static void say_points(FILE *out, const struct finding *finding, const struct point *harm)
{
    struct words words = tally_census(finding);
    char later[LATER_TEXT];

    fprintf(out, "%llu of %llu crash points do harm that lasts; the first, ",
            (unsigned long long)tally_harmed(&words, points_of(finding)),
            (unsigned long long)points_of(finding));
    if (harm->command[0])
        fprintf(out, "after %s, is %s", harm->command, later_text(harm->later, later));
    else
        fprintf(out, "before any command, is %s", later_text(harm->later, later));
    if (harm->example[0])
        fprintf(out, " (%s)", harm->example);
    fputs(". ", out);
}

/* Where the census and the kills seem to disagree, they do not: say what the difference
 * is. */
static void say_unreached(FILE *out, const struct result *result,
                          const struct finding *finding)
{
    struct rate rate =
        report_rate(result, tally_harmed(&finding->kills.words, valid_kills(finding)),
                    valid_kills(finding));
    char text[64];

    rate_text(text, sizeof(text), rate);
    fprintf(out, "None of %llu kills landed there (%s): hardly reached, not safe. ",
            (unsigned long long)rate.of, text);
    if (finding->trips == 1 && finding->bytes <= 16384)
        fprintf(out,
                "The whole update is %llu bytes in flight at once, and Redis takes up to "
                "16384 "
                "bytes in one read and executes them before it sees that the worker is "
                "gone; a "
                "larger update, a client that splits its writes or a network that does "
                "reaches "
                "these points. ",
                (unsigned long long)finding->bytes);
    fputs("The expectation is judged by the census. ", out);
}

static void say_harm(FILE *out, const struct result *result,
                     const struct finding *finding, const struct point *harm)
{
    uint64_t valid = valid_kills(finding);
    uint64_t harmed = tally_harmed(&finding->kills.words, valid);
    char text[64];

    say_points(out, finding, harm);
    if (valid && harmed == 0) {
        say_unreached(out, result, finding);
    } else if (valid) {
        rate_text(text, sizeof(text), report_rate(result, harmed, valid));
        fprintf(out, "%llu of %llu kills did harm: %s. ", (unsigned long long)harmed,
                (unsigned long long)valid, text);
    }
}

static void say_clean(FILE *out, const struct result *result,
                      const struct finding *finding)
{
    struct words words = tally_census(finding);
    uint64_t valid = valid_kills(finding);
    char text[64];

    fprintf(out, "none of %llu crash points does harm that lasts",
            (unsigned long long)points_of(finding));
    if (!words.now[NOW_GAP] && !words.now[NOW_TORN])
        fputs(", and a reader never sees anything but the old state or the new one. ",
              out);
    else
        fprintf(out,
                "; until the next update a reader sees %llu of them torn and %llu with a "
                "gap. ",
                (unsigned long long)words.now[NOW_TORN],
                (unsigned long long)words.now[NOW_GAP]);
    if (valid) {
        rate_text(text, sizeof(text),
                  report_rate(result, tally_harmed(&finding->kills.words, valid), valid));
        fprintf(out, "%llu kills agree: harm %s. ", (unsigned long long)valid, text);
    }
}

static void say_uncrashed(FILE *out, const struct finding *finding)
{
    char later[LATER_TEXT];

    if (!finding->uncrashed)
        return;
    fprintf(out, "It does damage even when nobody is killed: %s",
            later_text(finding->uncrashed, later));
    if (finding->uncrashed_example[0])
        fprintf(out, " (%s)", finding->uncrashed_example);
    fputs(". ", out);
}

static void say_attempts(FILE *out, const struct result *result,
                         const struct finding *finding)
{
    struct rate valid =
        report_rate(result, valid_kills(finding), tally_attempts(finding));

    if (valid.interval.high >= VALID_WANTED)
        return;
    fprintf(out,
            "Only %llu of %llu attempts landed inside the update: the machine's speed "
            "changes "
            "faster than it can be calibrated. ",
            (unsigned long long)valid.hits, (unsigned long long)valid.of);
}

static void say_all(FILE *out, const struct result *result, const struct finding *finding)
{
    const struct point *harm = first_harm(finding);

    fprintf(out, "%s: ", finding->strategy->name);
    if (!tally_census_complete(finding))
        fputs("its census was not finished. ", out);
    else if (harm)
        say_harm(out, result, finding, harm);
    else
        say_clean(out, result, finding);
    say_uncrashed(out, finding);
    say_attempts(out, result, finding);
}

/* Breaks a text at its blanks into lines of at most WRAP_COLUMNS; all but the first are
 * indented. */
static void write_wrapped(FILE *out, const char *words)
{
    size_t column = 0;

    while (*words) {
        size_t length = strcspn(words, " ");

        if (column && column + 1 + length > WRAP_COLUMNS)
            column = (size_t)fprintf(out, "\n    ") - 1;
        else if (column)
            column += (size_t)fprintf(out, " ");
        fwrite(words, 1, length, out);
        column += length;
        words += length;
        words += strspn(words, " ");
    }
    fputc('\n', out);
}

static void write_sentence(FILE *out, const struct result *result,
                           const struct finding *finding)
{
    CLEANUP(mem_freep) char *words = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&words, &length);

    if (!memory)
        return;
    say_all(memory, result, finding);
    fclose(memory);
    write_wrapped(out, words);
}

static void write_header(FILE *out, const struct result *result)
{
    const struct scenario *scenario = result->scenario;

    fprintf(out, "%s   %s   %s, %s, %s   %zu lane%s, seed %llu\n", scenario->name,
            scenario->title, result->server[0] ? result->server : "redis", "private",
            result->transport, result->lanes, result->lanes == 1 ? "" : "s",
            (unsigned long long)result->plan.seed);
    for (size_t i = 0; i < scenario->parameter_count; i++)
        fprintf(out, "%s%s=%s", i ? " " : "", scenario->parameters[i].name,
                scenario->parameters[i].value);
    fputs(scenario->parameter_count ? "\n\n" : "\n", out);
}

static void paint(FILE *out, struct report_style style, const char *color)
{
    if (style.color)
        fputs(color, out);
}

static void write_verdict(FILE *out, const struct result *result,
                          struct report_style style)
{
    enum exit_status status = tally_exit_status(result);
    size_t judged = 0, failed = 0;

    for (size_t i = 0; i < result->plan.strategies; i++) {
        judged += tally_verdict(&result->findings[i]) != VERDICT_NONE;
        failed += tally_verdict(&result->findings[i]) == VERDICT_FAIL;
    }
    paint(out, style, status == EXIT_PASS ? "\033[32m" : "\033[31m");
    if (status == EXIT_PASS && judged)
        fprintf(out, "PASS: %zu of %zu strategies do what is expected of them.\n",
                judged - failed, judged);
    else if (status == EXIT_PASS)
        fprintf(out, "PASS: nothing was expected of any strategy.\n");
    for (size_t i = 0; i < result->plan.strategies; i++) {
        const struct finding *finding = &result->findings[i];
        char expect[64];

        if (tally_verdict(finding) != VERDICT_FAIL)
            continue;
        report_expect(finding->strategy->expect, expect, sizeof(expect), "+");
        fprintf(out, "FAIL: %s was expected to be %s, and is not.\n",
                finding->strategy->name, expect);
    }
    if (result->first_error[0])
        fprintf(
            out,
            "ERRORS: some trials ended in an error and count in no rate; the first, %s\n",
            result->first_error);
    if (result->unexplained[0])
        fprintf(out,
                "UNEXPLAINED: %s. This is a mistake in afterkill or a discovery about "
                "Redis; no "
                "rate of this run can be trusted.\n",
                result->unexplained);
    if (!result->complete)
        fprintf(out, "INCOMPLETE: %s. What was done until then is above.\n",
                result->trouble[0] ? result->trouble : "the run did not end");
    paint(out, style, "\033[0m");
}

void report_text(FILE *out, const struct result *result, struct report_style style)
{
    write_header(out, result);
    write_findings(out, result, style);
    write_costs(out, result, style);
    if (result->kills_wanted)
        write_kills(out, result, style);
    for (size_t i = 0; i < result->plan.strategies; i++)
        write_sentence(out, result, &result->findings[i]);
    fputc('\n', out);
    write_verdict(out, result, style);
}
