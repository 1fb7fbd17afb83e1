/* sweep_text.c - a sweep for people: one table, in which the values of a strategy stand
 * below each other so that a break shows, and one sentence that says where it is.
 *
 * What a run says of each crash point is not repeated for each value. Failures are, with
 * the values at which they are seen. */
#include <string.h>

#include "base/mem.h"
#include "report/table.h"
#include "report/verdict_line.h"
#include "report/words.h"
#include "report/writers.h"
#include "result/tally.h"

static void write_header(FILE *out, const struct sweep *sweep, struct report_style style)
{
    const struct outline *scenario = sweep->outlines[0];

    words_title(out, &sweep->results[0], style);
    for (size_t i = 0; i < scenario->parameter_count; i++)
        if (strcmp(scenario->parameters[i].name, sweep->parameter) != 0)
            fprintf(out, "%s=%s ", scenario->parameters[i].name,
                    scenario->parameters[i].value);
    fprintf(out, "%sswept: %s=", scenario->parameter_count > 1 ? "  " : "",
            sweep->parameter);
    for (size_t i = 0; i < sweep->wanted; i++)
        fprintf(out, "%s%s", i ? "," : "", sweep->values[i]);
    fputs("\n\n", out);
}

/* The columns of the table; which of them are there depends on what was found. */
struct columns {
    bool kills, passes;
    size_t strategy, value, bytes, points, kinds, passing, lasts, harm, valid, p50, met;
};

static void set_up(struct table *table, struct columns *columns,
                   const struct sweep *sweep, char *inside, size_t size)
{
    char confidence[24];

    words_percent(confidence, sizeof(confidence), sweep->results[0].confidence);
    snprintf(inside, size, "inside the update (%s)", confidence);
    columns->kills = sweep->results[0].kills_wanted;
    columns->strategy = table_column(table, "strategy", "", false);
    columns->value = table_column(table, sweep->parameter, "", true);
    columns->bytes = table_column(table, "update", "bytes", true);
    columns->points = table_column(table, "crash points", "that do harm", true);
    columns->kinds = table_column(table, "of which", "kind", false);
    for (size_t i = 0; i < sweep->count; i++)
        columns->passes |= words_anything_passes(&sweep->results[i]);
    if (columns->passes)
        columns->passing = table_column(table, "only for", "a while", false);
    columns->lasts =
        table_column(table, "lasts", columns->passes ? "at most" : "", false);
    if (columns->kills) {
        columns->harm = table_column(table, "harm per SIGKILL", inside, false);
        columns->valid = table_column(table, "valid", "kills", true);
    }
    columns->p50 = table_column(table, "update", "p50", true);
    columns->met = table_column(table, "expectation", "met", false);
}

static void fill(struct table *table, const struct columns *columns,
                 const struct result *result, const struct finding *finding)
{
    struct words words = tally_census(finding);
    char text[TABLE_CELL];

    table_set(table, columns->bytes, "%llu", (unsigned long long)finding->bytes);
    if (tally_census_complete(finding))
        table_set(table, columns->points, "%llu of %2llu",
                  (unsigned long long)tally_harmed(&words),
                  (unsigned long long)finding_points(finding));
    else
        table_set(table, columns->points, "not known");
    table_set(table, columns->kinds, "%s", words_kinds(finding, text, sizeof(text)));
    if (columns->passes)
        table_set(table, columns->passing, "%s",
                  words_passing(finding, text, sizeof(text)));
    words_set_lasts(table, columns->lasts, finding);
    if (columns->kills) {
        words_set_rate(table, columns->harm, result, finding, RATE_HARMED);
        table_set(table, columns->valid, "%llu",
                  (unsigned long long)tally_valid(finding));
    }
    if (finding->sample_count)
        table_set(table, columns->p50, "%.0f us", figure_costs(finding).p50_us);
    table_set(table, columns->met, "%s", words_met(finding));
}

static void write_table(FILE *out, const struct sweep *sweep, struct report_style style)
{
    struct table table = { .columns = 0 };
    struct columns columns = { .kills = false };
    char inside[48];

    set_up(&table, &columns, sweep, inside, sizeof(inside));
    for (size_t s = 0; s < sweep->results[0].plan.strategies; s++) {
        const char *name = sweep->results[0].findings[s].strategy->name;

        for (size_t i = 0; i < sweep->count; i++) {
            const struct finding *finding = &sweep->results[i].findings[s];

            if (!finding->controlled)
                continue;
            table_row(&table);
            table_set(&table, columns.strategy, "%s", name);
            table_set(&table, columns.value, "%s", sweep->values[i]);
            fill(&table, &columns, &sweep->results[i], finding);
            name = ""; /* once is enough: the rest stands below it */
        }
    }
    table_write(out, &table, style);
}

/* What was seen of a strategy at one value: by the kills, or if there are none by the
 * census. */
struct seen {
    bool known, harm;
    double most;     /* upper end of the interval */
    char amount[64]; /* "25.4% [22.5, 28.4]", "25 of 28 crash points" */
};

static struct seen look(const struct result *result, const struct finding *finding)
{
    struct seen seen = { .known = false };
    struct words words = tally_census(finding);
    uint64_t valid = tally_valid(finding), points = finding_points(finding), hits;

    if (result->kills_wanted) {
        struct rate rate = figure_kill_rate(result, finding, RATE_HARMED);

        hits = rate.hits;
        seen.known = valid > 0;
        seen.most = rate.interval.high;
        words_rate(seen.amount, sizeof(seen.amount), rate);
    } else {
        hits = tally_harmed(&words);
        seen.known = tally_census_complete(finding);
        snprintf(seen.amount, sizeof(seen.amount), "%llu of %llu crash points",
                 (unsigned long long)hits, (unsigned long long)points);
    }
    seen.harm = seen.known && hits > 0;
    return seen;
}

/* The values of a strategy at which something is known, in ascending order. */
struct story {
    const struct sweep *sweep;
    size_t strategy;
    struct seen *seen; /* owned */
    size_t *run;       /* which run it is of; owned */
    size_t count, harmful;
    size_t first; /* the first that is harmful, if any is */
};

static struct story story_of(const struct sweep *sweep, size_t strategy)
{
    struct story story = { .sweep = sweep, .strategy = strategy };
    CLEANUP(mem_freep) size_t *order = sweep_order(sweep);

    story.seen = MEM_ARRAY(struct seen, sweep->count);
    story.run = MEM_ARRAY(size_t, sweep->count);
    for (size_t i = 0; i < sweep->count; i++) {
        const struct result *result = &sweep->results[order[i]];
        struct seen seen = look(result, &result->findings[strategy]);

        if (!seen.known)
            continue;
        if (seen.harm && story.harmful++ == 0)
            story.first = story.count;
        story.run[story.count] = order[i];
        story.seen[story.count++] = seen;
    }
    return story;
}

static void story_release(struct story *story)
{
    mem_freep(&story->seen);
    mem_freep(&story->run);
}

/* "bytes=560" */
static void say_value(FILE *out, const struct story *story, size_t at)
{
    fprintf(out, "%s=%s", story->sweep->parameter, story->sweep->values[story->run[at]]);
}

static unsigned long long update_bytes(const struct story *story, size_t at)
{
    return story->sweep->results[story->run[at]].findings[story->strategy].bytes;
}

/* "25.4% [22.5, 28.4] at bytes=800 (21776 bytes)" */
static void say_seen(FILE *out, const struct story *story, const char *preposition,
                     size_t at)
{
    fprintf(out, "%s %s ", story->seen[at].amount, preposition);
    say_value(out, story, at);
    fprintf(out, " (%llu bytes)", update_bytes(story, at));
}

/* Kills may see nothing where the census does. */
static bool census_harms(const struct story *story)
{
    for (size_t i = 0; i < story->count; i++) {
        const struct finding *finding =
            &story->sweep->results[story->run[i]].findings[story->strategy];
        struct words words = tally_census(finding);

        if (tally_harmed(&words))
            return true;
    }
    return false;
}

static void say_never(FILE *out, const struct story *story)
{
    double most = 0;
    char bound[24];

    for (size_t i = 0; i < story->count; i++)
        most = story->seen[i].most > most ? story->seen[i].most : most;
    fprintf(out, "none at any of %zu values", story->count);
    if (story->sweep->results[0].kills_wanted) {
        words_upper(bound, sizeof(bound), most);
        fprintf(out, " (below %s at each)", bound);
        if (census_harms(story))
            fputs(", although there are crash points that do harm", out);
    }
}

static void say_always(FILE *out, const struct story *story)
{
    fputs("at every value, from ", out);
    say_seen(out, story, "at", 0);
    fputs(" to ", out);
    say_seen(out, story, "at", story->count - 1);
}

static void say_break(FILE *out, const struct story *story)
{
    fputs("none up to ", out);
    say_value(out, story, story->first - 1);
    fprintf(out, " (%llu bytes; %s), ", update_bytes(story, story->first - 1),
            story->seen[story->first - 1].amount);
    say_seen(out, story, "from", story->first);
}

static void say_each(FILE *out, const struct story *story)
{
    for (size_t i = 0; i < story->count; i++) {
        fputs(i ? ", " : "", out);
        say_seen(out, story, "at", i);
    }
}

static void write_story(FILE *out, const struct story *story, struct report_style style)
{
    CLEANUP(mem_freep) char *words = NULL;
    FILE *memory;

    if (!story->count)
        return;
    memory = mem_stream(&words);
    fprintf(memory,
            "%s: ", story->sweep->results[0].findings[story->strategy].strategy->name);
    if (story->harmful == 0)
        say_never(memory, story);
    else if (!sweep_is_numeric(story->sweep) || story->count == 1 ||
             story->first + story->harmful < story->count)
        say_each(memory, story);
    else if (story->first == 0)
        say_always(memory, story);
    else
        say_break(memory, story);
    fputc('.', memory);
    fclose(memory);
    words_wrapped(out, style, words);
}

static void write_stories(FILE *out, const struct sweep *sweep, struct report_style style)
{
    fprintf(out, "Where %s %s%s:\n",
            sweep->results[0].kills_wanted ? "SIGKILLs" : "crash points", "do harm",
            sweep_is_numeric(sweep) ? ", by rising value" : "");
    for (size_t s = 0; s < sweep->results[0].plan.strategies; s++) {
        struct story story = story_of(sweep, s);

        write_story(out, &story, style);
        story_release(&story);
    }
    fputc('\n', out);
}

static void write_verdict(FILE *out, const struct sweep *sweep, struct report_style style)
{
    CLEANUP(mem_freep) char *line = verdict_line_sweep(sweep);

    words_color(out, style.color, "\033[31m");
    for (size_t i = 0; i < sweep->count; i++) {
        CLEANUP(mem_freep)
        char *where = mem_printf(" at %s=%s (%zu of %zu)", sweep->parameter,
                                 sweep->values[i], i + 1, sweep->wanted);

        words_troubles(out, &sweep->results[i], where);
    }
    words_color(out, style.color, "\033[0m");
    verdict_line_write(out, line, style);
}

void sweep_text(FILE *out, const struct sweep *sweep, struct report_style style)
{
    write_header(out, sweep, style);
    write_table(out, sweep, style);
    words_method(out, &sweep->results[0], style);
    write_stories(out, sweep, style);
    write_verdict(out, sweep, style);
}
