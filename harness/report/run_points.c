/* run_points.c - the crash points of a run in order: one letter each, or a table. */
#include "report/parts.h"

#include <string.h>

#include "base/mem.h"
#include "report/marks.h"
#include "report/table.h"
#include "report/words.h"
#include "result/as_sent.h"
#include "result/listed.h"

#define STRIP_COLUMNS 60 /* longer strips count their repetitions */
#define REPEATS_SHOWN 4  /* fewer of the same stand as they are */

static void write_mark(FILE *out, const struct mark *mark, uint64_t count,
                       struct report_style style)
{
    words_color(out, style.color, mark->color);
    for (uint64_t i = 0; i < count; i++)
        fputc(mark->letter, out);
    words_color(out, style.color && *mark->color, "\033[0m");
}

/* All letters, those that repeat with their number: ".gL{98}.". Returns the columns. */
static size_t write_strip(FILE *out, const struct finding *finding,
                          struct report_style style)
{
    uint64_t points = finding_points(finding);
    bool counts = points > STRIP_COLUMNS;
    size_t columns = 0;

    for (uint64_t k = 0; k < points;) {
        const struct mark *mark = mark_of(&finding->points[k]);
        uint64_t same = 1;

        while (k + same < points && mark_of(&finding->points[k + same]) == mark &&
               (counts || same < REPEATS_SHOWN))
            same++;
        write_mark(out, mark, same > REPEATS_SHOWN ? 1 : same, style);
        columns += same > REPEATS_SHOWN
                       ? 1 + (size_t)fprintf(out, "{%llu}", (unsigned long long)same)
                       : same;
        k += same;
    }
    return columns;
}

static void write_legend(FILE *out, const struct result *result,
                         struct report_style style)
{
    CLEANUP(mem_freep) char *legend = NULL;
    FILE *memory = mem_stream(&legend);
    const struct mark *mark;
    const char *between = "";

    fputs("what a death leaves, crash point by crash point: ", memory);
    for (size_t i = 0; (mark = mark_at(i)); i++) {
        if (!mark_is_used(result, mark))
            continue;
        fprintf(memory, "%s%c %s", between, mark->letter, mark->meaning);
        between = ", ";
    }
    fclose(memory);
    words_color(out, style.color, "\033[1m");
    words_wrapped(out, style, legend);
    words_color(out, style.color, "\033[0m");
}

static size_t longest_name(const struct result *result)
{
    size_t longest = 0;

    result_foreach (finding, result)
        if (strlen(finding->strategy->name) > longest)
            longest = strlen(finding->strategy->name);
    return longest;
}

void run_strips(FILE *out, const struct result *result, struct report_style style)
{
    int width = (int)longest_name(result);

    write_legend(out, result, style);
    result_foreach (finding, result) {
        struct reach reach = figure_reach(finding);
        size_t columns;

        fprintf(out, "%-*s  ", width, finding->strategy->name);
        columns = write_strip(out, finding, style);
        if (result->kills_wanted)
            fprintf(
                out, "%*skills hit %llu of %llu in reach",
                columns < STRIP_COLUMNS / 2 ? (int)(STRIP_COLUMNS / 2 + 2 - columns) : 2,
                "", (unsigned long long)reach.hit, (unsigned long long)reach.reachable);
        fputc('\n', out);
    }
    fputc('\n', out);
}

/* "12 h", "for ever"; "" of neither harm nor anything that passes. */
static void set_lasts(struct table *table, size_t column, const struct verdict *verdict)
{
    char lasts[LASTS_TEXT];

    if (verdict->later | verdict->passing)
        table_set(table, column, "%s", lasts_text(verdict->lasts_ms, lasts));
}

/* Of a program's very many points. */
static void say_left_out(FILE *out, const struct finding *finding,
                         struct report_style style)
{
    unsigned long long left_out = listed_left_out(finding);
    CLEANUP(mem_freep) char *words = NULL;

    if (!left_out)
        return;
    words = mem_printf("And %llu more points of %s, which are not listed: a death at any "
                       "of them leaves one of the states above, and what becomes of it "
                       "is the same. `replay` tells each, and the run's file has all.",
                       left_out, finding->strategy->name);
    words_indented(out, style, words);
    fputc('\n', out);
}

void run_points_of(FILE *out, const struct result *result, const struct finding *finding,
                   struct report_style style)
{
    CLEANUP(listed_release) struct listed listed = listed_begin(finding);
    struct table table = { .columns = 0 };
    bool passes = figure_passing(finding).points != 0;
    char later[LATER_TEXT];
    size_t connection = 0, state = 0, reader, stays;
    size_t passing = 0, lasts, kills = 0, trial = 0, strikes[FAULT_COUNT] = { 0 };

    table_column(&table, finding->strategy->name, "point", true);
    table_column(&table, "dead after", "", false);
    table_column(&table, "dead before", "", false);
    if (finding->states) {
        connection = table_column(&table, "connec-", "tion", true);
        state = table_column(&table, "", "state", true);
    }
    reader = table_column(&table, "a reader", "sees", false);
    stays = table_column(&table, "what", "stays", false);
    if (passes)
        passing = table_column(&table, "what", "passes", false);
    lasts = table_column(&table, "", "lasts", false);
    if (result->kills_wanted) {
        kills = table_column(&table, "kills", "that hit", true);
        trial = table_column(&table, "first", "trial", true);
    }
    result_foreach_fault (id, result)
        strikes[id] = table_column(&table, fault_by_id(id)->plural[0],
                                   fault_by_id(id)->plural[1], true);
    for (uint64_t k = 0; k < finding_points(finding); k++) {
        const struct point *point = &finding->points[k];
        char after[COMMAND_SHOWN], before[COMMAND_SHOWN];

        if (!listed_has(&listed, k))
            continue;
        table_row(&table);
        table_set(&table, 0, "%llu", (unsigned long long)k);
        table_set(&table, 1, "%s", k ? finding_shown(finding, k, after) : "-");
        table_set(&table, 2, "%s",
                  k < finding->commands ? finding_shown(finding, k + 1, before) : "-");
        if (connection && k)
            table_set(&table, connection, "%llu",
                      (unsigned long long)finding->steps[k - 1].connection);
        if (state)
            table_set(&table, state, "%llu",
                      (unsigned long long)finding_state(finding, k));
        table_set(&table, reader, "%s", now_name(point->verdict.now));
        table_set(&table, stays, "%s", later_text(point->verdict.later, later));
        if (point->verdict.passing)
            table_set(&table, passing, "%s", later_text(point->verdict.passing, later));
        set_lasts(&table, lasts, &point->verdict);
        if (kills && (point->kills || figure_reachable(finding, k)))
            table_set(&table, kills, "%llu", (unsigned long long)point->kills);
        else if (kills)
            table_set(&table, kills, "no reach");
        if (trial && point->has_trial)
            table_set(&table, trial, "%llu", (unsigned long long)point->example_trial);
        result_foreach_fault (id, result)
            table_set(&table, strikes[id], "%llu",
                      (unsigned long long)point->strikes[id]);
    }
    table_write(out, &table, style);
    say_left_out(out, finding, style);
}

void run_points(FILE *out, const struct result *result, struct report_style style)
{
    result_foreach (finding, result) {
        CLEANUP(mem_freep) char *line = as_sent(finding);

        run_points_of(out, result, finding, style);
        if (as_sent_is_another(finding)) {
            words_indented(out, style,
                           "In one line, for `try`, it would be another update: its "
                           "commands went over several connections, and a line has one.");
            fputc('\n', out);
        }
        if (!line)
            continue;
        words_try(out, style,
                  "As one execution sent it, in one line (--before says what it finds):",
                  "", line);
        fputc('\n', out);
    }
}
