/* stopping.c - see stopping.h. */
#include "result/stopping.h"

#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "result/tally.h"

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
           !finding->uncrashed && tally_harmed(&words, finding->commands + 1) == 0;
}

static uint64_t count_clean(const struct result *result)
{
    uint64_t clean = 0;

    for (size_t i = 0; i < result->plan.strategies; i++)
        clean += is_clean(&result->findings[i]);
    return clean;
}

bool stopping_has_clean(const struct result *result)
{
    return count_clean(result) > 0;
}

struct interval stopping_interval(const struct stopping *rules, uint64_t hits,
                                  uint64_t attempts, double confidence)
{
    return stopping_is_asked(rules) ? sequence_interval(hits, attempts, confidence)
                                    : interval_proportion(hits, attempts, confidence);
}

/* No interval of so many attempts is narrower than that of no hits, which costs nothing:
 * most looks of a run end here. */
static bool is_narrow(uint64_t hits, uint64_t attempts, double width, double confidence)
{
    struct interval interval;

    if (sequence_interval(0, attempts, confidence).high > width)
        return false;
    interval = sequence_interval(hits, attempts, confidence);
    return interval.high - interval.low <= width;
}

static bool is_known(const struct finding *finding, double width, double confidence)
{
    const struct words *words = &finding->kills.words;
    uint64_t valid = finding->kills.outcomes[OUTCOME_VALID];

    return is_narrow(words->later[0], valid, width, confidence) &&
           is_narrow(tally_harmed(words, valid), valid, width, confidence) &&
           is_narrow(words->now[NOW_TORN], valid, width, confidence);
}

static bool is_below(const struct finding *finding, double below, double confidence)
{
    uint64_t valid = finding->kills.outcomes[OUTCOME_VALID];
    uint64_t harmed = tally_harmed(&finding->kills.words, valid);

    return sequence_interval(harmed, valid, confidence).high < below;
}

static bool all_known(const struct stopping *rules, const struct result *result)
{
    for (size_t i = 0; i < result->plan.strategies; i++)
        if (!tally_census_complete(&result->findings[i]))
            return false;
    for (size_t i = 0; i < result->plan.strategies; i++) {
        const struct finding *finding = &result->findings[i];

        if (rules->below > 0 && is_clean(finding) &&
            !is_below(finding, rules->below, result->confidence))
            return false;
        if (rules->width > 0 && can_be_killed(finding) &&
            !is_known(finding, rules->width, result->confidence))
            return false;
    }
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
           (all_known(rules, result) &&
            !(rules->below > 0 && !stopping_has_clean(result)));
}

/* How far one strategy has come on the way to what is asked for. */
static double share_of(const struct stopping *rules, const struct finding *finding,
                       double confidence)
{
    const struct words *words = &finding->kills.words;
    uint64_t valid = finding->kills.outcomes[OUTCOME_VALID];
    uint64_t hits[] = { words->later[0], tally_harmed(words, valid),
                        words->now[NOW_TORN] };
    double share = 1, width = 0;

    if (rules->below > 0 && is_clean(finding))
        share = fmin(share, (double)valid /
                                (double)sequence_clean_kills(rules->below, confidence));
    for (size_t i = 0; rules->width > 0 && i < ARRAY_SIZE(hits); i++) {
        struct interval interval = sequence_interval(hits[i], valid, confidence);

        width = fmax(width, interval.high - interval.low);
    }
    if (width > rules->width)
        share = fmin(share, pow(rules->width / width, 2));
    return share;
}

double stopping_share(const struct stopping *rules, const struct result *result)
{
    double seconds = result->stage_seconds[STAGE_KILLS], share = 1;

    for (size_t i = 0; i < result->plan.strategies; i++)
        if (can_be_killed(&result->findings[i]))
            share =
                fmin(share, share_of(rules, &result->findings[i], result->confidence));
    if (!stopping_is_asked(rules))
        share = 0;
    return rules->time_s > 0 ? fmin(fmax(share, seconds / rules->time_s), 1) : share;
}

/* "(batched-multi, script)" */
static void name_clean(FILE *out, const struct result *result)
{
    const char *before = "(";

    for (size_t i = 0; i < result->plan.strategies; i++) {
        if (!is_clean(&result->findings[i]))
            continue;
        fprintf(out, "%s%s", before, result->findings[i].strategy->name);
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
    size_t length = 0;
    FILE *memory = open_memstream(&words, &length);

    if (!memory)
        return;
    if (rules->width > 0)
        say_width(memory, rules->width, result->confidence);
    if (rules->width > 0 && rules->below > 0)
        fputs("; ", memory);
    if (rules->below > 0)
        say_below(memory, rules->below, result);
    fclose(memory);
    snprintf(buffer, size, "%s", words);
}
