/* run_gaps.c - where a strategy does harm, gap by gap: what each of them does, and the
 * cure of it. Those that are alike are told once. */

#include <string.h>

#include "base/mem.h"
#include "base/mutant.h"
#include "report/parts.h"
#include "report/words.h"
#include "result/cured.h"
#include "result/place.h"
#include "result/tally.h"
#include "scenario/notation_lua.h"

#define KINDS_TOLD 5 /* gaps that differ in what is wrong; of others the number */

void run_say_at(FILE *out, const struct finding *finding, uint64_t point)
{
    CLEANUP(mem_freep) char *command = place_name(finding, point);

    fprintf(out, "%s%s", *command ? "after " : "before any command", command);
}

/* Does a strategy do it already? */
static bool is_tried(const struct result *result, const char *line)
{
    result_foreach (finding, result)
        if (strcmp(finding->strategy->about, line) == 0)
            return true;
    return false;
}

/* What `try` is to be told, so that it asks what the scenario asks. */
static char *try_options(const struct result *result, const struct finding *finding)
{
    const char *tolerate = result->scenario->times[TIME_TOLERATE];
    uint64_t seconds;

    if (mutant("line-alone"))
        return mem_strdup("");
    return tolerate && str_whole(tolerate, 0, 1000000000, &seconds)
               ? mem_printf("%s--tolerate %s ", finding->strategy->try_options, tolerate)
               : mem_strdup(finding->strategy->try_options);
}

static void write_cure(FILE *out, const struct result *result,
                       const struct finding *finding, const struct gap *gap,
                       struct report_style style)
{
    CLEANUP(mem_freep) char *words = cured_sentence(finding, gap);
    const char *line = cured_line(finding, gap);

    if (words)
        words_indented(out, style, words);
    if (!line || is_tried(result, line))
        return;
    if (finding->strategy->try_options) {
        CLEANUP(mem_freep) char *options = try_options(result, finding);

        words_try(out, style, "As it was tried:", options, line);
    } else {
        words_indented(out, style,
                       "As it was tried (in a file: a line for `try` cannot ask all that "
                       "this scenario asks):");
        fputs("        update = ", out);
        notation_lua_literal(out, str_of(line));
        fputc('\n', out);
    }
}

/* A gap, and those that are like it. */
struct kind {
    struct gap gap, again; /* the first of the others */
    uint64_t others;
};

static int64_t gap_lasts_ms(const struct finding *finding, const struct gap *gap)
{
    return finding->points[gap->shown].verdict.lasts_ms;
}

static void say_range(FILE *out, const struct gap *gap)
{
    if (gap->first == gap->last)
        fprintf(out, "at point %llu", (unsigned long long)gap->first);
    else
        fprintf(out, "at points %llu to %llu", (unsigned long long)gap->first,
                (unsigned long long)gap->last);
}

/* Not that of the first gap again. */
static void say_example(FILE *out, const struct finding *finding, const struct gap *gap)
{
    const char *example = finding_example(finding, gap->shown);
    const char *told = finding_example(finding, tally_first_harm(finding));

    if (*example && strcmp(example, told) != 0)
        fprintf(out, " (%s)", example);
}

static void say_others(FILE *out, const struct finding *finding, const struct kind *kind)
{
    int64_t lasts_ms = gap_lasts_ms(finding, &kind->again);
    char lasts[WORDS_LASTS];

    if (!kind->others)
        return;
    fputs("The same ", out);
    if (lasts_ms != gap_lasts_ms(finding, &kind->gap))
        fprintf(out, "%s ", words_lasts(lasts, lasts_ms));
    say_range(out, &kind->again);
    fputs(", ", out);
    run_say_at(out, finding, kind->again.first);
    say_example(out, finding, &kind->again);
    if (kind->others == 2)
        fputs(", and once more", out);
    else if (kind->others > 2)
        fprintf(out, ", and %llu times more", (unsigned long long)(kind->others - 1));
    fputs(".", out);
}

static void say_gap(FILE *out, const struct finding *finding, const struct gap *gap)
{
    int64_t lasts_ms = gap_lasts_ms(finding, gap);
    char later[LATER_TEXT], lasts[WORDS_LASTS];

    fprintf(out, "Also %s ", later_text(gap->words, later));
    if (lasts_ms != LASTS_FOREVER)
        fprintf(out, "%s ", words_lasts(lasts, lasts_ms));
    say_range(out, gap);
    fputs(gap->first == gap->last ? ", " : ", the first ", out);
    run_say_at(out, finding, gap->first);
    say_example(out, finding, gap);
    fputs(". ", out);
}

/* A line of the first gap, which was told before, says only what is like it. */
static void write_kind(FILE *out, const struct result *result,
                       const struct finding *finding, const struct kind *kind, bool told,
                       struct report_style style)
{
    CLEANUP(mem_freep) char *words = NULL;
    FILE *memory = mem_stream(&words);

    if (!told)
        say_gap(memory, finding, &kind->gap);
    say_others(memory, finding, kind);
    fclose(memory);
    if (*words)
        words_indented(out, style, words);
    if (!told)
        write_cure(out, result, finding, &kind->gap, style);
}

static struct kind *find_kind(const struct finding *finding, struct kind *kinds,
                              size_t count, const struct gap *gap)
{
    for (size_t i = 0; i < count; i++)
        if (gap_alike(finding, &kinds[i].gap, gap))
            return &kinds[i];
    return NULL;
}

void run_gaps(FILE *out, const struct result *result, const struct finding *finding,
              struct report_style style)
{
    struct kind kinds[KINDS_TOLD], *kind;
    uint64_t left_out = 0;
    size_t count = 0;
    struct gap gap;

    for (uint64_t from = 0; gap_find(finding, from, &gap); from = gap.first + 1) {
        kind = find_kind(finding, kinds, count, &gap);
        if (kind && !kind->others++)
            kind->again = gap;
        else if (!kind && count < KINDS_TOLD)
            kinds[count++] = (struct kind){ .gap = gap };
        else
            left_out += !kind;
    }
    for (size_t i = 0; i < count; i++) {
        if (i == 0)
            write_cure(out, result, finding, &kinds[i].gap, style);
        write_kind(out, result, finding, &kinds[i], i == 0, style);
    }
    if (left_out)
        fprintf(out, "    And %llu more gap%s%s.\n", (unsigned long long)left_out,
                left_out == 1 ? "" : "s",
                style.points ? "" : "; --points shows every crash point");
}
