/* run_brief.c - the short report: which strategies are broken, how badly, which one to
 * use, and how to see it again. What is rarely asked is in the full one. */

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "report/doubts.h"
#include "report/parts.h"
#include "report/words.h"
#include "result/advice.h"
#include "result/cured.h"
#include "result/tally.h"

#define RED "\033[31m"
#define GREEN "\033[32m"
#define NOTES_MOST 20

/* What a number needs to be understood. The same note serves several. */
struct notes {
    char *texts[NOTES_MOST]; /* owned */
    size_t count;
};

static void notes_release(struct notes *notes)
{
    for (size_t i = 0; i < notes->count; i++)
        free(notes->texts[i]);
    notes->count = 0;
}

/* Takes the text; adds the note's mark behind a cell's text: " (1)", " (1,2)". */
static void add_note(struct notes *notes, char *cell, size_t size, char *text)
{
    size_t i = 0, used = strlen(cell);

    while (i < notes->count && strcmp(notes->texts[i], text) != 0)
        i++;
    if (i < notes->count || i == NOTES_MOST)
        free(text);
    else
        notes->texts[notes->count++] = text;
    if (i == NOTES_MOST)
        return;
    if (used && cell[used - 1] == ')')
        snprintf(cell + used - 1, size - used + 1, ",%zu)", i + 1);
    else
        snprintf(cell + used, size - used, " (%zu)", i + 1);
}

static char *note_of_passing(const struct finding *finding)
{
    struct damage passing = figure_passing(finding);
    char words[LATER_TEXT], lasts[WORDS_LASTS];

    return mem_printf(
        "%llu %s%s that ends by itself: %s %s. Tolerated, and not counted.",
        (unsigned long long)passing.points, figure_harm(finding).points ? "more " : "",
        passing.points == 1 ? "does harm" : "do harm", later_text(passing.words, words),
        words_lasts_most(lasts, &passing));
}

/* Either of the two can be the one that is wrong. */
static char *note_of_uncrashed(const struct result *result, const struct finding *finding)
{
    const struct outline *scenario = result->scenario;
    char words[LATER_TEXT], lasts[WORDS_LASTS];
    unsigned passing = finding->uncrashed_passing;

    return mem_printf(
        "Even when nobody is killed it leaves something else than the reference, %s: %s "
        "%s.",
        scenario->strategies[scenario->reference].name,
        later_text(finding->uncrashed ? finding->uncrashed : passing, words),
        words_lasts(lasts, finding->uncrashed_lasts_ms));
}

static char *note_of_unbegun(const struct finding *finding)
{
    char words[LATER_TEXT];

    return mem_printf("Its own recovery leaves something else of the old state than the "
                      "reference's: %s.",
                      later_text(finding->unbegun, words));
}

/* Did kills find nothing where there is harm? */
static bool is_unreached(const struct finding *finding, struct rate rate)
{
    return rate.of && !rate.hits && figure_harm(finding).points;
}

static char *note_of_unreached(const struct finding *finding, struct rate rate)
{
    char text[64];

    return mem_printf(
        "Not safe, hardly reached (%s): %s", words_rate_short(text, sizeof(text), rate),
        finding_in_one_read(finding) ? "larger updates and lost connections get there."
                                     : "no kill landed at these points.");
}

/* Of who was to be atomic, and does no harm. */
static void note_disturbed(struct notes *notes, const struct finding *finding, char *cell,
                           size_t size)
{
    struct words words = tally_census(finding);
    uint64_t points = words.now[NOW_GAP] + words.now[NOW_TORN];

    if (points && finding->strategy->expect & EXPECT_ATOMIC)
        add_note(notes, cell, size,
                 mem_printf("A reader sees part of it at %llu of %llu crash points.",
                            (unsigned long long)points,
                            (unsigned long long)finding_points(finding)));
}

static void note_points(struct notes *notes, const struct result *result,
                        const struct finding *finding, char *cell, size_t size)
{
    if (finding_sends_nothing(finding))
        add_note(
            notes, cell, size,
            mem_strdup("The update sends no command: there is nothing to interrupt."));
    if (figure_passing(finding).points)
        add_note(notes, cell, size, note_of_passing(finding));
    if (tally_verdict(finding) == VERDICT_FAIL && !figure_harm(finding).points)
        note_disturbed(notes, finding, cell, size);
    if (figure_merged(finding))
        add_note(
            notes, cell, size,
            mem_strdup("More things lapse than are looked at one by one: how long is "
                       "rounded up."));
    if (finding->uncrashed || finding->uncrashed_passing)
        add_note(notes, cell, size, note_of_uncrashed(result, finding));
    if (finding->unbegun)
        add_note(notes, cell, size, note_of_unbegun(finding));
    if (finding_publishes(finding))
        add_note(notes, cell, size, mem_strdup("Messages (PUBLISH) are not judged."));
}

static void note_rate(struct notes *notes, const struct result *result,
                      const struct finding *finding, char *cell, size_t size)
{
    struct rate rate = figure_kill_rate(result, finding, RATE_HARMED);
    CLEANUP(mem_freep) char *misses = doubts_of_misses(result, finding);
    struct prediction prediction = figure_prediction(result, finding, RATE_HARMED);
    struct agreement agreement = figure_agreement(finding, rate, &prediction);

    if (is_unreached(finding, rate))
        add_note(notes, cell, size, note_of_unreached(finding, rate));
    else if (!agreement.agrees)
        add_note(notes, cell, size,
                 mem_strdup("Not what the time spent at these points predicts; the full "
                            "report says why that can be."));
    if (*misses)
        add_note(notes, cell, size, mem_strdup(misses));
}

struct columns {
    size_t strategy, points, rate, lasts, p50, trips, expected;
    bool kills, expects, costs;
};

static bool expects_anything(const struct result *result)
{
    result_foreach (finding, result)
        if (finding->strategy->expect)
            return true;
    return false;
}

static struct columns set_up(struct table *table, const struct result *result,
                             char *kills, size_t size)
{
    struct columns columns = { .kills = result->kills_wanted > 0,
                               .expects = expects_anything(result),
                               .costs = result_is_measured(result) };
    char confidence[24];

    words_percent(confidence, sizeof(confidence), result->confidence);
    snprintf(kills, size, "do harm (%s)", confidence);
    columns.strategy = table_column(table, "", "strategy", false);
    columns.points = table_column(table, "crash points", "that do harm", false);
    if (columns.kills)
        columns.rate = table_column(table, "SIGKILLs that", kills, false);
    columns.lasts = table_column(table, "harm", "lasts", false);
    if (columns.costs)
        columns.p50 = table_column(table, "update", "median", true);
    columns.trips = table_column(table, "", "trips", true);
    if (columns.expects)
        columns.expected = table_column(table, "as", "expected", false);
    return columns;
}

/* And what was expected, where it is not so. */
static void set_expected(struct table *table, const struct columns *columns,
                         const struct finding *finding)
{
    enum strategy_verdict verdict = tally_verdict(finding);
    char expect[EXPECT_TEXT];

    if (verdict == VERDICT_FAIL)
        table_set(table, columns->expected, "NO: %s",
                  expect_text(finding->strategy->expect, expect));
    else
        table_set(table, columns->expected, "%s", words_met(finding));
    if (verdict == VERDICT_FAIL)
        table_color(table, columns->expected, RED);
}

static void set_points(struct table *table, const struct columns *columns,
                       const struct result *result, const struct finding *finding,
                       struct notes *notes)
{
    struct words words = tally_census(finding);
    uint64_t harmed = tally_harmed(&words);
    char cell[TABLE_CELL];

    if (!tally_census_complete(finding)) {
        table_set(table, columns->points, "not known");
        return;
    }
    snprintf(cell, sizeof(cell), "%llu of %llu", (unsigned long long)harmed,
             (unsigned long long)finding_points(finding));
    note_points(notes, result, finding, cell, sizeof(cell));
    table_set(table, columns->points, "%s", cell);
    table_color(table, columns->points,
                harmed || finding->uncrashed || finding->unbegun ? RED : GREEN);
}

/* Where harm is and no kill got there, a bound would look like that of what is safe. */
static void write_rate(const struct result *result, const struct finding *finding,
                       char *cell, size_t size)
{
    struct rate rate = figure_kill_rate(result, finding, RATE_HARMED);

    if (is_unreached(finding, rate))
        snprintf(cell, size, "none hit");
    else
        words_rate_short(cell, size, rate);
}

static void write_row(struct table *table, const struct columns *columns,
                      const struct result *result, const struct finding *finding,
                      struct notes *notes)
{
    struct damage harm = figure_harm(finding);
    char cell[TABLE_CELL];

    table_row(table);
    table_set(table, columns->strategy, "%s", finding->strategy->name);
    set_points(table, columns, result, finding, notes);
    if (columns->kills) {
        write_rate(result, finding, cell, sizeof(cell));
        note_rate(notes, result, finding, cell, sizeof(cell));
        table_set(table, columns->rate, "%s", cell);
    }
    table_set(table, columns->lasts, "%s",
              harm.points ? lasts_text(harm.lasts_ms, cell) : "-");
    if (columns->costs && finding->sample_count)
        table_set(table, columns->p50, "%s",
                  words_duration(cell, sizeof(cell), figure_costs(finding).p50_us));
    if (finding->controlled)
        table_set(table, columns->trips, "%llu", (unsigned long long)finding->trips);
    if (columns->expects)
        set_expected(table, columns, finding);
}

static void write_notes(FILE *out, const struct notes *notes, struct report_style style)
{
    for (size_t i = 0; i < notes->count; i++) {
        CLEANUP(mem_freep) char *line = mem_printf("(%zu) %s", i + 1, notes->texts[i]);

        words_wrapped(out, style, line);
    }
}

static void write_table(FILE *out, const struct result *result, struct report_style style)
{
    CLEANUP(notes_release) struct notes notes = { .count = 0 };
    struct table table = { .columns = 0 };
    char kills[48];
    struct columns columns = set_up(&table, result, kills, sizeof(kills));

    result_foreach (finding, result)
        write_row(&table, &columns, result, finding, &notes);
    table_write(out, &table, style);
    write_notes(out, &notes, style);
}

/* "6.2x as fast as old"; nothing if that is not known. */
static void say_speed(FILE *out, const struct advice *advice)
{
    const char *than = advice->than ? advice->than->strategy->name : NULL;

    if (!(advice->times > 0))
        return;
    if (advice->than_is_as_fast)
        fprintf(out, ", about as fast as %s", than);
    else if (advice->times >= 1)
        fprintf(out, ", %.*fx as fast as %s", advice->times < 9.95, advice->times, than);
    else
        fprintf(out, ", and takes %.1fx the time of %s", 1 / advice->times, than);
}

static bool any_uncrashed(const struct result *result)
{
    result_foreach (finding, result)
        if (finding->uncrashed)
            return true;
    return false;
}

static void say_best(FILE *out, const struct result *result, const struct advice *advice)
{
    const char *best = advice->best->strategy->name;
    const char *harm = figure_passing(advice->best).points ? "lasting harm" : "harm";
    const struct outline *scenario = result->scenario;

    if (any_uncrashed(result))
        fprintf(out, "If %s, the reference, is right: ",
                scenario->strategies[scenario->reference].name);
    if (!advice->rival)
        fprintf(out, "Use %s: the only strategy without %s", best, harm);
    else if (advice->rival_is_as_fast)
        fprintf(out, "Use %s or %s: the fastest without %s, and about equally so", best,
                advice->rival->strategy->name, harm);
    else
        fprintf(out, "Use %s: the fastest strategy without %s", best, harm);
    say_speed(out, advice);
    fputs(".", out);
}

static void say_alone(FILE *out, const struct finding *finding)
{
    CLEANUP(mem_freep) char *cure = cured_first(finding);

    if (!tally_census_complete(finding)) {
        fputs("The census was not finished: nothing is known yet.", out);
        return;
    }
    if (!figure_harm(finding).points) {
        fprintf(out, "%s does no harm that lasts at any of its crash points.",
                finding->strategy->name);
        return;
    }
    fprintf(out, "%s: ", finding->strategy->name);
    run_say_harm(out, finding);
    if (cure)
        fputs(cure, out);
}

static void say_advice(FILE *out, const struct result *result,
                       const struct advice *advice)
{
    if (result->plan.strategies == 1)
        say_alone(out, &result->findings[0]);
    else if (advice->best)
        say_best(out, result, advice);
    else if (advice->least) {
        fputs("No strategy is without harm. The least: ", out);
        say_alone(out, advice->least);
    } else
        fputs("No census was finished: nothing can be advised.", out);
}

/* The first strategy that does harm, where and what; and the command that shows it. */
static void write_first_harm(FILE *out, const struct result *result,
                             const struct advice *advice, struct report_style style)
{
    result_foreach (finding, result) {
        uint64_t first = tally_first_harm(finding);
        const char *name = finding->strategy->name;
        CLEANUP(mem_freep) char *harm = NULL, *command = NULL;

        if (first == finding_points(finding))
            continue;
        harm = run_harm_at(finding, first);
        command = words_replay(result, finding, first, style);
        if (result->plan.strategies > 1 && advice->best) {
            CLEANUP(mem_freep) char *line = mem_printf("First harm: %s, %s", name, harm);

            words_wrapped(out, style, line);
        }
        if (command)
            fprintf(out, "See it:     %s\n", command);
        return;
    }
}

static void write_where(FILE *out, const struct result *result, struct report_style style)
{
    if (!result->directory)
        return;
    fprintf(out, "All of it:  %s report --full ", style_program(style));
    str_print_shell(out, result->directory);
    fputc('\n', out);
}

static void write_strikes(FILE *out, const struct result *result,
                          struct report_style style)
{
    result_foreach_fault (id, result) {
        result_foreach (finding, result) {
            CLEANUP(mem_freep) char *words = NULL;
            FILE *memory = mem_stream(&words);

            fprintf(memory, "%s: ", finding->strategy->name);
            run_say_strikes(memory, finding, id);
            fclose(memory);
            if (finding->strikes[id].points)
                words_wrapped(out, style, words);
        }
    }
}

static void write_doubts(FILE *out, const struct result *result,
                         struct report_style style)
{
    CLEANUP(mem_freep) char *doubts = doubts_of_run(result);

    if (*doubts)
        words_wrapped(out, style, doubts);
}

void run_brief(FILE *out, const struct result *result, struct report_style style)
{
    struct advice advice = advice_of(result);
    CLEANUP(mem_freep) char *sentence = NULL;
    FILE *memory = mem_stream(&sentence);

    words_title(out, result, style);
    words_parameters(out, result);
    write_table(out, result, style);
    write_strikes(out, result, style);
    run_programs(out, result, style);
    run_failures(out, result, style);
    words_method(out, result, style);
    write_doubts(out, result, style);
    say_advice(memory, result, &advice);
    fclose(memory);
    words_wrapped(out, style, sentence);
    write_first_harm(out, result, &advice, style);
    write_where(out, result, style);
}
