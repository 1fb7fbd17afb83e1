/* words.c - see words.h. */
#include "report/words.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/printable.h"
#include "base/sensitive.h"
#include "base/str.h"
#include "result/stopping.h"
#include "stats/difference.h"

const char *words_percent(char *buffer, size_t size, double share)
{
    snprintf(buffer, size, "%.3g%%", share >= 0.9995 && share < 1 ? 99.9 : 100 * share);
    return buffer;
}

/* A share in percent with so many significant digits. */
static double rounded(double share, int digits, double (*round_to)(double))
{
    double percent = 100 * share, unit;

    if (percent <= 0)
        return 0;
    unit = pow(10, floor(log10(percent)) + 1 - digits);
    return unit * round_to(percent / unit);
}

#define DECIMALS_MOST 12

/* Not inwards by an error of arithmetic, nor outwards. */
static double down(double x)
{
    return floor(x * (1 + 1e-9));
}

static double up(double x)
{
    return ceil(x * (1 - 1e-9));
}

int words_decimals(double number, int digits)
{
    int decimals =
        number > 0 && isfinite(number) ? digits - 1 - (int)floor(log10(number)) : 0;

    return decimals < 0 ? 0 : decimals > DECIMALS_MOST ? DECIMALS_MOST : decimals;
}

static int decimals_of(double share, int digits)
{
    return words_decimals(100 * share, digits);
}

double words_rounded(double number, int decimals, double (*round_to)(double))
{
    double unit = pow(10, -decimals);
    double rounded = unit * round_to(number / unit);

    return fabs(rounded) < unit / 2 ? 0 : rounded;
}

/* A share in percent, rounded to so many decimals. */
static double with_decimals(double share, int decimals, double (*round_to)(double))
{
    return words_rounded(100 * share, decimals, round_to);
}

/* Bounds are rounded outwards: what is printed is never less than was shown. All have as
 * many decimals as show so many digits of the upper one. */
static void estimate_text(char *buffer, size_t size, double estimate,
                          struct interval interval, int digits)
{
    int decimals = decimals_of(interval.high, digits);
    double shown = with_decimals(estimate, decimals, round);

    snprintf(buffer, size, "%.*f%% [%.*f, %.*f]", decimals,
             shown < 100 || estimate >= 1 ? shown
                                          : with_decimals(estimate, decimals, down),
             decimals, with_decimals(interval.low, decimals, down), decimals,
             with_decimals(interval.high, decimals, up));
}

static const char *rate_text(char *buffer, size_t size, struct rate rate, int digits)
{
    int decimals = decimals_of(rate.interval.high, digits);

    if (rate.of == 0)
        snprintf(buffer, size, "-");
    else if (rate.hits == 0)
        snprintf(buffer, size, "below %.*f%%", decimals,
                 with_decimals(rate.interval.high, decimals, up));
    else if (rate.hits == rate.of)
        snprintf(buffer, size, "above %.*f%%", decimals_of(rate.interval.low, digits),
                 with_decimals(rate.interval.low, decimals_of(rate.interval.low, digits),
                               down));
    else
        estimate_text(buffer, size, rate.estimate, rate.interval, digits);
    return buffer;
}

const char *words_estimate(char *buffer, size_t size, double estimate,
                           struct interval interval)
{
    estimate_text(buffer, size, estimate, interval, 3);
    return buffer;
}

const char *words_upper(char *buffer, size_t size, double share)
{
    snprintf(buffer, size, "%.4g%%", rounded(share, 3, up));
    return buffer;
}

const char *words_rate(char *buffer, size_t size, struct rate rate)
{
    return rate_text(buffer, size, rate, 3);
}

const char *words_rate_short(char *buffer, size_t size, struct rate rate)
{
    return rate_text(buffer, size, rate, 2);
}

const char *words_duration(char *buffer, size_t size, double us)
{
    static const struct {
        double below_us, unit_us;
        int decimals;
        const char *name;
    } units[] = {
        { 999.5, 1, 0, "us" },
        { 9950, 1e3, 1, "ms" },
        { 999500, 1e3, 0, "ms" },
        { INFINITY, 1e6, 1, "s" },
    };
    size_t i = 0;

    while (us >= units[i].below_us)
        i++;
    snprintf(buffer, size, "%.*f %s", units[i].decimals, us / units[i].unit_us,
             units[i].name);
    return buffer;
}

void words_set_rate(struct table *table, size_t column, const struct result *result,
                    const struct finding *finding, enum tally_rate rate)
{
    char text[TABLE_CELL];

    words_rate(text, sizeof(text), figure_kill_rate(result, finding, rate));
    table_set(table, column, "%s", text);
}

void words_set_lasts(struct table *table, size_t column, const struct finding *finding)
{
    char text[LASTS_TEXT];

    if (figure_harm(finding).points || figure_passing(finding).points)
        table_set(table, column, "%s", lasts_text(figure_lasts_ms(finding), text));
}

bool words_anything_passes(const struct result *result)
{
    result_foreach (finding, result)
        if (figure_passing(finding).points)
            return true;
    return false;
}

/* Adds "3 mixed" to a list. */
static void add_kind(char *buffer, size_t size, uint64_t count, const char *also,
                     unsigned word)
{
    size_t used = strlen(buffer);

    if (count)
        snprintf(buffer + used, size - used, "%s%llu%s %s", used ? ", " : "",
                 (unsigned long long)count, also, later_name(word));
}

static const char *kinds(const struct finding *finding,
                         unsigned (*words_of)(const struct point *point), char *buffer,
                         size_t size)
{
    uint64_t first[LATER_COUNT] = { 0 }, also[LATER_COUNT] = { 0 };

    for (uint64_t k = 0; k < finding_points(finding); k++) {
        unsigned words = words_of(&finding->points[k]);
        uint64_t *count = first; /* of the first word of a point; then of the others */

        for (unsigned i = 0; i < LATER_COUNT; i++) {
            if (!(words >> i & 1))
                continue;
            count[i]++;
            count = also;
        }
    }
    buffer[0] = '\0';
    for (unsigned i = 0; i < LATER_COUNT; i++)
        add_kind(buffer, size, first[i], "", i);
    for (unsigned i = 0; i < LATER_COUNT; i++)
        add_kind(buffer, size, also[i], " also", i);
    return buffer;
}

static unsigned harm_of(const struct point *point)
{
    return point->verdict.later;
}

static unsigned passing_of(const struct point *point)
{
    return point->verdict.passing;
}

const char *words_kinds(const struct finding *finding, char *buffer, size_t size)
{
    return kinds(finding, harm_of, buffer, size);
}

const char *words_passing(const struct finding *finding, char *buffer, size_t size)
{
    return kinds(finding, passing_of, buffer, size);
}

static const char *lasts(char buffer[WORDS_LASTS], int64_t lasts_ms, const char *most)
{
    char text[LASTS_TEXT];

    if (lasts_ms == 0)
        snprintf(buffer, WORDS_LASTS, "until recovery runs again");
    else if (lasts_ms == LASTS_FOREVER)
        snprintf(buffer, WORDS_LASTS, "%s", lasts_text(lasts_ms, text));
    else
        snprintf(buffer, WORDS_LASTS, "for %s%s", most, lasts_text(lasts_ms, text));
    return buffer;
}

const char *words_lasts(char buffer[WORDS_LASTS], int64_t lasts_ms)
{
    return lasts(buffer, lasts_ms, "");
}

const char *words_lasts_most(char buffer[WORDS_LASTS], const struct damage *damage)
{
    return lasts(buffer, damage->lasts_ms, damage->points > 1 ? "up to " : "");
}

const char *words_met(const struct finding *finding)
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

const char *words_verdict(const struct finding *finding)
{
    static const char *const names[] = {
        [VERDICT_NONE] = "none",
        [VERDICT_PASS] = "pass",
        [VERDICT_FAIL] = "fail",
    };

    return names[tally_verdict(finding)];
}

const char *words_difference(char *buffer, size_t size, double estimate,
                             struct interval interval)
{
    double most = fmax(fabs(interval.low), fabs(interval.high));
    int decimals = decimals_of(most, 3);

    snprintf(buffer, size, "%s%.*f%% [%.*f, %.*f]",
             with_decimals(estimate, decimals, round) > 0 ? "+" : "", decimals,
             with_decimals(estimate, decimals, round), decimals,
             with_decimals(interval.low, decimals, floor), decimals,
             with_decimals(interval.high, decimals, ceil));
    return buffer;
}

const char *words_ratio(char *buffer, size_t size, const struct ratio *ratio)
{
    double widest = ratio->bounded ? ratio->interval.high : ratio->estimate;
    int decimals = words_decimals(widest, 3);

    if (ratio->bounded)
        snprintf(buffer, size, "%.*f [%.*f, %.*f]", decimals,
                 words_rounded(ratio->estimate, decimals, round), decimals,
                 words_rounded(ratio->interval.low, decimals, floor), decimals,
                 words_rounded(ratio->interval.high, decimals, ceil));
    else if (ratio->known)
        snprintf(buffer, size, "%.*f", decimals, ratio->estimate);
    else
        snprintf(buffer, size, "-");
    return buffer;
}

const char *words_p(char *buffer, size_t size, double p)
{
    if (p < 1e-4)
        snprintf(buffer, size, "<0.0001");
    else
        snprintf(buffer, size, "%.2g", p);
    return buffer;
}

const char *words_kills(char *buffer, size_t size, uint64_t kills)
{
    uint64_t unit = 1;

    while (kills / unit >= 100)
        unit *= 10;
    if (kills >= KILLS_MOST)
        snprintf(buffer, size, "more than %llu", (unsigned long long)KILLS_MOST);
    else
        snprintf(buffer, size, "%s%llu", unit > 1 ? "about " : "",
                 (unsigned long long)((kills + unit - 1) / unit * unit));
    return buffer;
}

/* From a column of the first line on. No line begins with a command. */
static void wrap(FILE *out, struct report_style style, const char *words, size_t column)
{
    size_t most = style.columns ? style.columns : STYLE_COLUMNS;
    bool begun = false;

    while (*words) {
        size_t length = strcspn(words, " ");
        size_t columns = str_columns_of((struct str){ words, length });

        if (begun && column + 1 + columns > most && !printable_command(words))
            column = (size_t)fprintf(out, "\n    ") - 1;
        else if (begun)
            column += (size_t)fprintf(out, " ");
        begun = true;
        fwrite(words, 1, length, out);
        column += columns;
        words += length;
        words += strspn(words, " ");
    }
    fputc('\n', out);
}

void words_wrapped(FILE *out, struct report_style style, const char *text)
{
    wrap(out, style, text, 0);
}

void words_indented(FILE *out, struct report_style style, const char *text)
{
    wrap(out, style, text, (size_t)fprintf(out, "    "));
}

/* Its parts stand side by side, or each in a line of its own. */
void words_title(FILE *out, const struct result *result, struct report_style style)
{
    const struct outline *scenario = result->scenario;
    size_t most = style.columns ? style.columns : SIZE_MAX, columns;
    CLEANUP(mem_freep) char *server = NULL, *run = NULL;
    FILE *memory = mem_stream(&server);
    const char *between;

    fprintf(memory, "%s, %s, %s", result->server[0] ? result->server : "redis", "private",
            result->transport);
    if (result->rtt_us > 0)
        fprintf(memory, ", rtt %g us", result->rtt_us);
    fclose(memory);
    memory = mem_stream(&run);
    fprintf(memory, "%zu lane%s, seed %llu", result->lanes, result->lanes == 1 ? "" : "s",
            (unsigned long long)result->plan.seed);
    if (result->shard.total > 1)
        fprintf(memory, ", shard %llu/%llu", (unsigned long long)result->shard.index + 1,
                (unsigned long long)result->shard.total);
    fclose(memory);
    columns = str_columns(scenario->name) + str_columns(scenario->title) +
              str_columns(server) + str_columns(run) + 9;
    between = columns > most ? "\n" : "   ";
    fprintf(out, "%s   %s%s%s%s%s\n", scenario->name, scenario->title, between, server,
            columns > most ? ", " : between, run);
}

void words_parameters(FILE *out, const struct result *result)
{
    const struct outline *scenario = result->scenario;

    for (size_t i = 0; i < scenario->parameter_count; i++)
        fprintf(out, "%s%s=%s", i ? " " : "", scenario->parameters[i].name,
                scenario->parameters[i].value);
    fputs(scenario->parameter_count ? "\n\n" : "\n", out);
}

void words_color(FILE *out, bool wanted, const char *color)
{
    if (wanted)
        fputs(color, out);
}

/* "MARK WHERE: BEFORE TEXT BEHIND": the text is not ours, and may have several lines. */
static void write_trouble(FILE *out, const char *mark, const char *where,
                          const char *before, const char *text, const char *behind)
{
    fprintf(out, "%s%s: %s", mark, where, before);
    str_print_lines(out, text, "    ");
    fprintf(out, "%s\n", behind);
}

void words_troubles(FILE *out, const struct result *result, const char *where)
{
    if (result->first_error[0])
        write_trouble(out, "ERRORS", where,
                      "some trials ended in an error and count in no rate; the first, ",
                      result->first_error, "");
    if (result->unexplained[0])
        write_trouble(out, "UNEXPLAINED", where, "", result->unexplained,
                      ". This is a mistake in afterkill or a discovery about Redis; no "
                      "rate of this run can be trusted.");
    if (result->missing[0])
        write_trouble(out, "MISSING", where, "not all shards were merged; without ",
                      result->missing, ". Rates are of the kills that are there.");
    if (!result->complete)
        write_trouble(out, "INCOMPLETE", where, "",
                      result->trouble[0] ? result->trouble : "the run did not end",
                      ". What was done until then is above.");
}

void words_method(FILE *out, const struct result *result, struct report_style style)
{
    if (stopping_is_asked(&result->stopping) && result->kills_wanted)
        words_wrapped(out, style,
                      "Intervals are those of a confidence sequence (beta-binomial "
                      "mixture: Robbins 1970, Lai 1976): they hold although the run "
                      "looked at them again and again and stopped when they would do.");
}

void words_try(FILE *out, struct report_style style, const char *what,
               const char *options, const char *line)
{
    words_indented(out, style, what);
    fprintf(out, "        %s try %s", style_program(style), options);
    str_print_shell(out, line);
    fputc('\n', out);
}

/* What was not kept has to be given again. Programs are told of from what was kept. */
static void print_secrets(FILE *out, const struct result *result,
                          const struct finding *finding)
{
    for (size_t i = 0; i < result->scenario->parameter_count && !finding->states; i++)
        if (strcmp(result->scenario->parameters[i].value, SENSITIVE) == 0)
            fprintf(out, " --set %s=..", result->scenario->parameters[i].name);
}

char *words_replay(const struct result *result, const struct finding *finding,
                   uint64_t point, struct report_style style)
{
    const struct point *harm = &finding->points[point];
    char *command;
    FILE *out;

    if (!result->directory)
        return NULL;
    out = mem_stream(&command);
    fprintf(out, "%s replay ", style_program(style));
    str_print_shell(out, result->directory);
    if (harm->has_trial) {
        fprintf(out, " %llu", (unsigned long long)harm->example_trial);
    } else {
        CLEANUP(mem_freep) char *trial =
            mem_printf("%s:%llu", finding->strategy->name, (unsigned long long)point);

        fputc(' ', out);
        str_print_shell(out, trial);
    }
    print_secrets(out, result, finding);
    fclose(out);
    return command;
}
