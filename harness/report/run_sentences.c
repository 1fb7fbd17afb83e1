/* run_sentences.c - what there is to say of one strategy, in words: its harm and where it
 * begins, what kills and bytes add to that, and how to see it happen. */

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "report/doubts.h"
#include "report/parts.h"
#include "report/words.h"
#include "result/place.h"
#include "result/tally.h"

/* Where kills do not all stand for the same time, the rate is not the share of the counts
 * beside it. */
static const char *by_weight(struct rate rate)
{
    return rate.hits && strcmp(rate.method, "weighted") == 0
               ? ", by the time that each stands for"
               : "";
}

/* " (stays: ..)" */
static void say_shown(FILE *out, const struct finding *finding, uint64_t point)
{
    const char *example = finding_example(finding, point);

    if (*example)
        fprintf(out, " (%s)", example);
}

void run_say_harm(FILE *out, const struct finding *finding)
{
    struct damage harm = figure_harm(finding);
    const struct point *first = &finding->points[harm.first];
    char later[LATER_TEXT], lasts[WORDS_LASTS];

    fprintf(out, "%llu of %llu crash points %s harm that lasts; the first, ",
            (unsigned long long)harm.points, (unsigned long long)finding_points(finding),
            harm.points == 1 ? "does" : "do");
    run_say_at(out, finding, harm.first);
    fprintf(out, ", is %s", later_text(first->verdict.later, later));
    if (first->verdict.lasts_ms != LASTS_FOREVER)
        fprintf(out, " %s", words_lasts(lasts, first->verdict.lasts_ms));
    say_shown(out, finding, harm.first);
    fputs(". ", out);
}

char *run_harm_at(const struct finding *finding, uint64_t point)
{
    const struct point *at = &finding->points[point];
    char *text, later[LATER_TEXT];
    FILE *out = mem_stream(&text);

    fputs("dead ", out);
    run_say_at(out, finding, point);
    fprintf(out, ": %s", later_text(at->verdict.later, later));
    say_shown(out, finding, point);
    fputc('.', out);
    fclose(out);
    return text;
}

/* What ends by itself before it is not tolerated, which is no harm and yet no peace. */
static void say_passing(FILE *out, const struct result *result,
                        const struct finding *finding)
{
    struct damage passing = figure_passing(finding);
    struct rate rate = figure_passing_rate(result, finding);
    bool one = passing.points == 1;
    char words[LATER_TEXT], lasts[WORDS_LASTS], text[64];

    if (!passing.points)
        return;
    fprintf(out, "%llu %scrash point%s leave%s it %s %s%s ",
            (unsigned long long)passing.points,
            figure_harm(finding).points ? "more " : "", one ? "" : "s", one ? "s" : "",
            later_text(passing.words, words), words_lasts_most(lasts, &passing),
            one ? "," : "; the first,");
    run_say_at(out, finding, passing.first);
    say_shown(out, finding, passing.first);
    fputs(". ", out);
    if (!rate.of)
        return;
    fprintf(out, "%llu of %llu kills did: %s%s. ", (unsigned long long)rate.hits,
            (unsigned long long)rate.of, words_rate(text, sizeof(text), rate),
            by_weight(rate));
}

/* Where the census and the kills seem to disagree, they do not: say what the difference
 * is. */
static void say_unreached(FILE *out, const struct finding *finding, uint64_t kills,
                          const char *rate)
{
    fprintf(out, "None of %llu kills landed there (%s): hardly reached, not safe. ",
            (unsigned long long)kills, rate);
    if (finding_in_one_read(finding))
        fprintf(
            out,
            "The whole update is %llu bytes in flight at once, and this Redis takes up "
            "to %llu bytes in one read and executes them before it sees that the worker "
            "is gone; a larger update, a client that splits its writes, a stalled server "
            "or a lost link reaches these points. The rate is that of a worker that dies "
            "fast, beside its server. ",
            (unsigned long long)finding->bytes, (unsigned long long)finding->read_bytes);
    fputs("The expectation is judged by the census. ", out);
}

static void say_harm(FILE *out, const struct result *result,
                     const struct finding *finding)
{
    struct rate rate = figure_kill_rate(result, finding, RATE_HARMED);
    char text[64];

    run_say_harm(out, finding);
    if (!rate.of)
        return;
    words_rate(text, sizeof(text), rate);
    if (rate.hits)
        fprintf(out, "%llu of %llu kills did harm: %s%s. ", (unsigned long long)rate.hits,
                (unsigned long long)rate.of, text, by_weight(rate));
    else
        say_unreached(out, finding, rate.of, text);
}

static void say_clean(FILE *out, const struct result *result,
                      const struct finding *finding)
{
    struct rate rate = figure_kill_rate(result, finding, RATE_HARMED);
    struct words words = tally_census(finding);
    char text[64];

    fprintf(out, "none of %llu crash points does harm that lasts",
            (unsigned long long)finding_points(finding));
    if (!words.now[NOW_GAP] && !words.now[NOW_TORN])
        fputs(", and a reader never sees anything but the old state or the new one. ",
              out);
    else
        fprintf(out,
                "; until the next update a reader sees %llu of them torn and %llu with a "
                "gap. ",
                (unsigned long long)words.now[NOW_TORN],
                (unsigned long long)words.now[NOW_GAP]);
    if (!rate.of)
        return;
    words_rate(text, sizeof(text), rate);
    fprintf(out, "%llu kill%s %s: harm %s. ", (unsigned long long)rate.of,
            rate.of == 1 ? "" : "s",
            rate.hits      ? "do not agree"
            : rate.of == 1 ? "agrees"
                           : "agree",
            text);
}

static void say_unbegun(FILE *out, const struct finding *finding)
{
    char later[LATER_TEXT];

    if (!finding->unbegun)
        return;
    fprintf(out,
            "Even when no update has begun, its own recovery leaves something else of "
            "the old state than the reference's: %s",
            later_text(finding->unbegun, later));
    if (finding->unbegun_example[0])
        fprintf(out, " (%s)", finding->unbegun_example);
    fputs(". ", out);
}

static void say_uncrashed(FILE *out, const struct finding *finding)
{
    unsigned passing = finding->uncrashed_passing;
    char later[LATER_TEXT], lasts[WORDS_LASTS];

    if (!finding->uncrashed && !passing)
        return;
    words_lasts(lasts, finding->uncrashed_lasts_ms);
    if (finding->uncrashed)
        fprintf(out, "It does damage even when nobody is killed: %s",
                later_text(finding->uncrashed, later));
    else
        fprintf(out, "Even when nobody is killed, it leaves things %s",
                later_text(passing, later));
    if (finding->uncrashed_lasts_ms != LASTS_FOREVER)
        fprintf(out, " %s", lasts);
    if (finding->uncrashed_example[0])
        fprintf(out, " (%s)", finding->uncrashed_example);
    fputs(". ", out);
}

static void say_attempts(FILE *out, const struct result *result,
                         const struct finding *finding)
{
    CLEANUP(mem_freep) char *misses = doubts_of_misses(result, finding);

    if (finding_sends_nothing(finding))
        fputs("The update sends no command: there is nothing to interrupt. ", out);
    if (*misses)
        fprintf(out, "%s ", misses);
}

/* The page of a worker says when bytes were written; Redis executes them when it comes to
 * it, and a prefix of them if the worker is gone by then. A cause is named if the kills
 * show it. */
static void say_prediction(FILE *out, const struct result *result,
                           const struct finding *finding)
{
    struct rate rate = figure_kill_rate(result, finding, RATE_HARMED);
    struct prediction prediction = figure_prediction(result, finding, RATE_HARMED);
    struct agreement agreement = figure_agreement(finding, rate, &prediction);
    char difference[48];

    if (agreement.agrees)
        return;
    words_difference(difference, sizeof(difference), agreement.difference,
                     agreement.interval);
    fprintf(out,
            "Kills do not show what the time spent at these points predicts "
            "(difference %s): ",
            difference);
    if (agreement.unexecuted >= fabs(agreement.difference) / 2)
        fprintf(out,
                "in %.0f%% of them commands that had been written were not executed, "
                "because Redis, which reads %llu bytes at a time, had not come to them "
                "when the worker was gone. ",
                100 * agreement.unexecuted, (unsigned long long)finding->read_bytes);
    else
        fputs("no cause that is known explains it. ", out);
}

static void say_doubts(FILE *out, const struct finding *finding)
{
    CLEANUP(mem_freep) char *doubts = doubts_text(finding);

    fputs(doubts, out);
}

static void say_coverage(FILE *out, const struct result *result,
                         const struct finding *finding)
{
    struct reach reach = figure_reach(finding);
    CLEANUP(mem_freep) char *place = NULL;

    if (!result->kills_wanted || !tally_valid(finding) || reach.hit == reach.reachable)
        return;
    fprintf(out,
            "Kills hit %llu of %llu places that they can reach; the first of the others "
            "is point %llu",
            (unsigned long long)reach.hit, (unsigned long long)reach.reachable,
            (unsigned long long)reach.missing);
    place = place_name(finding, reach.missing);
    if (*place)
        fprintf(out, ", after %s", place);
    fputs(". ", out);
}

void run_say_strikes(FILE *out, const struct finding *finding, enum fault_id id)
{
    const struct strikes *strikes = &finding->strikes[id];
    uint64_t classes = tally_classes(finding, id);
    const char *const *points = fault_by_id(id)->plural;

    if (!strikes->points)
        return;
    fprintf(out, "%llu %s %s, %llu class%s", (unsigned long long)strikes->points,
            points[0], points[1], (unsigned long long)classes, classes == 1 ? "" : "es");
    if (strikes->unexplained)
        fprintf(out, "; %llu %s are in none", (unsigned long long)strikes->unexplained,
                points[1]);
    else
        fputs(": each leaves what the command boundary before it leaves", out);
    fputs(". ", out);
}

static void say_all(FILE *out, const struct result *result, const struct finding *finding)
{
    fprintf(out, "%s: ", finding->strategy->name);
    if (!tally_census_complete(finding))
        fputs("its census was not finished. ", out);
    else if (tally_first_harm(finding) < finding_points(finding))
        say_harm(out, result, finding);
    else
        say_clean(out, result, finding);
    if (tally_census_complete(finding))
        say_passing(out, result, finding);
    if (figure_merged(finding))
        fputs("More things lapse, each at its own time, than are looked at one by one; "
              "of those next to each other only the later was, so how long is rounded "
              "up. ",
              out);
    say_unbegun(out, finding);
    say_uncrashed(out, finding);
    for (enum fault_id id = FAULT_NONE; id < FAULT_COUNT; id++)
        run_say_strikes(out, finding, id);
    say_prediction(out, result, finding);
    say_coverage(out, result, finding);
    say_attempts(out, result, finding);
    say_doubts(out, finding);
}

static void write_sentence(FILE *out, const struct result *result,
                           const struct finding *finding, struct report_style style)
{
    CLEANUP(mem_freep) char *words = NULL;
    FILE *memory = mem_stream(&words);

    say_all(memory, result, finding);
    fclose(memory);
    words_wrapped(out, style, words);
}

/* On a line of its own, however long it is: it is there to be copied. */
static void write_replay(FILE *out, const struct result *result,
                         const struct finding *finding, struct report_style style)
{
    uint64_t first = tally_first_harm(finding);
    CLEANUP(mem_freep) char *command = NULL;

    if (first < finding_points(finding))
        command = words_replay(result, finding, first, style);
    if (command)
        fprintf(out, "    Replay: %s\n", command);
}

/* What no verdict speaks of. */
static void write_unjudged(FILE *out, const struct result *result,
                           struct report_style style)
{
    CLEANUP(mem_freep) char *words = NULL;
    FILE *memory = mem_stream(&words);

    result_foreach (finding, result)
        if (finding_publishes(finding))
            fprintf(memory, "%s%s", ftell(memory) ? ", " : "Not judged: the messages of ",
                    finding->strategy->name);
    if (ftell(memory))
        fputs(" (PUBLISH). They are part of no state, so whether they were sent or not "
              "makes no difference to the verdicts.",
              memory);
    fclose(memory);
    if (words[0])
        words_wrapped(out, style, words);
}

void run_sentences(FILE *out, const struct result *result, struct report_style style)
{
    result_foreach (finding, result) {
        write_sentence(out, result, finding, style);
        if (tally_census_complete(finding))
            run_gaps(out, result, finding, style);
        write_replay(out, result, finding, style);
    }
    write_unjudged(out, result, style);
    fputc('\n', out);
}
