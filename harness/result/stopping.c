/* stopping.c - see stopping.h. */
#include "result/stopping.h"

#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/mutant.h"
#include "result/figures.h"
#include "result/tally.h"

/* If the kills' own interval is so much narrower than what is asked for, it is something
 * else that makes the whole too wide, and more kills do not help. */
#define KILLS_PART 0.5
/* And if it would be, were all kills independent: a rate that changes in the course of
 * the run, as it does on a machine that is busy now and then, leaves an interval that no
 * number of kills makes narrow. */
#define INDEPENDENT_PART 0.4

bool stopping_is_asked(const struct stopping *rules)
{
    return rules->width > 0 || rules->below > 0;
}

static bool can_be_killed(const struct finding *finding)
{
    return finding->commands > 0;
}

static bool is_clean(const struct finding *finding)
{
    struct words words = tally_census(finding);

    return tally_census_complete(finding) && can_be_killed(finding) &&
           !finding->unbegun && !finding->uncrashed && tally_harmed(&words) == 0;
}

static uint64_t count_clean(const struct result *result)
{
    uint64_t clean = 0;

    result_foreach (finding, result)
        clean += is_clean(finding);
    return clean;
}

bool stopping_has_clean(const struct result *result)
{
    return count_clean(result) > 0;
}

struct interval stopping_interval(const struct stopping *rules,
                                  const struct sample *sample, double confidence)
{
    return stopping_is_asked(rules) ? sample_sequence_interval(sample, confidence)
                                    : sample_interval(sample, confidence);
}

static double width_of(const struct sample *sample, double confidence)
{
    struct interval interval = sample_sequence_interval(sample, confidence);

    return interval.high - interval.low;
}

/* Of the intervals of a strategy's rates, the widest: as it is, and as it would be, were
 * all kills independent. */
struct widths {
    double whole, independent;
};

static struct widths widths_of(const struct finding *finding, double confidence)
{
    struct widths widths = { 0, 0 };

    for (int i = 0; i < RATE_COUNT; i++) {
        struct sample sample = tally_sample(finding, (enum tally_rate)i);

        widths.whole = fmax(widths.whole, width_of(&sample, confidence));
        sample.design = (struct design){ 0 };
        widths.independent = fmax(widths.independent, width_of(&sample, confidence));
    }
    return widths;
}

/* As well as more kills can make it. No interval of so many attempts is narrower than
 * that of no hits, which costs nothing: most looks of a run end here. */
static bool is_known(const struct result *result, const struct finding *finding,
                     double width)
{
    double confidence = result->confidence;
    struct widths widths;

    if (sequence_interval(0, tally_valid(finding), confidence).high > width)
        return false;
    widths = widths_of(finding, confidence);
    return widths.whole <= width * KILLS_PART ||
           (widths.independent <= width * INDEPENDENT_PART && !mutant("never-enough")) ||
           (widths.whole <= width && figure_widest(result, finding) <= width);
}

static bool is_below(const struct finding *finding, double below, double confidence)
{
    struct sample harmed = tally_sample(finding, RATE_HARMED);

    return sample_sequence_interval(&harmed, confidence).high < below;
}

static bool all_known(const struct stopping *rules, const struct result *result)
{
    result_foreach (finding, result)
        if (!tally_census_complete(finding))
            return false;
    result_foreach (finding, result) {
        if (rules->below > 0 && is_clean(finding) &&
            !is_below(finding, rules->below, result->confidence))
            return false;
        if (rules->width > 0 && can_be_killed(finding) &&
            !is_known(result, finding, rules->width))
            return false;
    }
    return true;
}

static bool all_narrow(const struct stopping *rules, const struct result *result)
{
    result_foreach (finding, result)
        if (rules->width > 0 && can_be_killed(finding) &&
            figure_widest(result, finding) > rules->width)
            return false;
    return true;
}

bool stopping_reached(const struct stopping *rules, const struct result *result)
{
    if (rules->time_s > 0 && result->stage_seconds[STAGE_KILLS] >= rules->time_s)
        return true;
    return stopping_is_asked(rules) && all_known(rules, result);
}

bool stopping_shown(const struct stopping *rules, const struct result *result)
{
    return !stopping_is_asked(rules) ||
           (all_known(rules, result) && all_narrow(rules, result) &&
            !(rules->below > 0 && !stopping_has_clean(result)));
}

bool stopping_is_hidden(const struct stopping *rules, const struct result *result)
{
    return stopping_is_asked(rules) && all_known(rules, result) &&
           !all_narrow(rules, result);
}

/* So many independent kills, in kills that are not. */
static uint64_t as_many(uint64_t kills, double effect)
{
    double all = ceil((double)kills * effect);

    return all < (double)UINT64_MAX ? (uint64_t)all : UINT64_MAX;
}

/* How many kills in all would show what is asked for of one strategy. */
static uint64_t kills_for(const struct stopping *rules, const struct finding *finding,
                          double confidence)
{
    uint64_t kills = 0;

    if (rules->below > 0 && is_clean(finding))
        kills = sequence_clean_kills(rules->below, confidence);
    for (int i = 0; rules->width > 0 && i < RATE_COUNT; i++) {
        struct sample sample = tally_sample(finding, (enum tally_rate)i);
        double rate = sample.of ? sample_rate(&sample) : 0.5;
        uint64_t narrow = sequence_kills_for_width(rate, rules->width, confidence);

        narrow = as_many(narrow, sample_effect(&sample, confidence));

        kills = narrow > kills ? narrow : kills;
    }
    return kills;
}

uint64_t stopping_more(const struct stopping *rules, const struct result *result)
{
    uint64_t most = 0;

    result_foreach (finding, result) {
        uint64_t done = tally_valid(finding), kills = 0;

        if (can_be_killed(finding))
            kills = kills_for(rules, finding, result->confidence);
        if (kills > done && kills - done > most)
            most = kills - done;
    }
    return most;
}

/* How far one strategy has come on the way to what is asked for. */
static double share_of(const struct stopping *rules, const struct finding *finding,
                       double confidence)
{
    double valid = (double)tally_valid(finding);
    double share = 1, width = rules->width > 0 ? widths_of(finding, confidence).whole : 0;

    if (rules->below > 0 && is_clean(finding))
        share =
            fmin(share, valid / (double)sequence_clean_kills(rules->below, confidence));
    if (width > rules->width)
        share = fmin(share, pow(rules->width / width, 2));
    return share;
}

double stopping_share(const struct stopping *rules, const struct result *result)
{
    double seconds = result->stage_seconds[STAGE_KILLS], share = 1;

    result_foreach (finding, result)
        if (can_be_killed(finding))
            share = fmin(share, share_of(rules, finding, result->confidence));
    if (!stopping_is_asked(rules))
        share = 0;
    return rules->time_s > 0 ? fmin(fmax(share, seconds / rules->time_s), 1) : share;
}

/* "(batched-multi, script)" */
static void name_clean(FILE *out, const struct result *result)
{
    const char *before = "(";

    result_foreach (finding, result) {
        if (!is_clean(finding))
            continue;
        fprintf(out, "%s%s", before, finding->strategy->name);
        before = ", ";
    }
    fputc(')', out);
}

/* More than can be counted is more than will ever be done. */
static void say_count(FILE *out, uint64_t count)
{
    if (count == UINT64_MAX)
        fputs("more than 2^53", out);
    else
        fprintf(out, "%llu", (unsigned long long)count);
}

static void say_below(FILE *out, double below, const struct result *result)
{
    uint64_t clean = count_clean(result);

    fprintf(out, "until-below %g: ", below);
    if (clean == 0) {
        fputs("no strategy is clean, so there is nothing to wait for", out);
        return;
    }
    say_count(out, sequence_clean_kills(below, result->confidence));
    if (clean == 1)
        fputs(" clean kills of the one strategy that is clean ", out);
    else
        fprintf(out, " clean kills of each of %llu strategies that are clean ",
                (unsigned long long)clean);
    name_clean(out, result);
    fputs(" needed", out);
}

static void say_width(FILE *out, double width, double confidence)
{
    fprintf(out, "until-width %g: at most ", width);
    say_count(out, sequence_kills_for_width(0.5, width, confidence));
    fputs(" valid kills per strategy, fewer where rates are near 0 or 1", out);
}

void stopping_describe(const struct stopping *rules, const struct result *result,
                       char *buffer, size_t size)
{
    CLEANUP(mem_freep) char *words = NULL;
    FILE *memory = mem_stream(&words);

    if (rules->width > 0)
        say_width(memory, rules->width, result->confidence);
    if (rules->width > 0 && rules->below > 0)
        fputs("; ", memory);
    if (rules->below > 0)
        say_below(memory, rules->below, result);
    fclose(memory);
    snprintf(buffer, size, "%s", words);
}
