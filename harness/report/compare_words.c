/* compare_words.c - see compare_words.h. */
#include "report/compare_words.h"

#include <string.h>

#include "base/mem.h"
#include "report/words.h"
#include "result/place.h"

/* What is counted, in a sentence: leaks more, .. */
static const struct {
    const char *verb, *noun, *past;
} words[RATE_COUNT] = {
    [RATE_HARMED] = { "does harm", "do harm", "did harm" },
    [RATE_LEAKED] = { "It leaks", "leak", "leaked" },
    [RATE_TORN] = { "It is torn", "leave it torn", "left it torn" },
};

char *compare_only_in(const struct result *one, const struct result *other)
{
    char *names = NULL;

    result_foreach (finding, one) {
        const char *name = finding->strategy->name;
        CLEANUP(mem_freep) char *before = names;

        if (finding_named(other, name))
            before = NULL;
        else
            names = mem_printf("%s%s%s", before ? before : "", before ? ", " : "", name);
    }
    return names;
}

char *compare_name(const struct comparison *comparison, const struct comparison_row *row)
{
    return comparison->pairs ? mem_printf("%s beside %s", row->new->strategy->name,
                                          row->base->strategy->name)
                             : mem_strdup(row->new->strategy->name);
}

/* Would the attempts that landed on both sides say the opposite, each counted as one? */
static bool is_turned(const struct rate_difference *rate)
{
    const struct pairing *pairing = &rate->pairing;

    return rate->estimate < 0
               ? pairing->new_only > pairing->base_only
               : rate->estimate > 0 && pairing->new_only < pairing->base_only;
}

/* "; of 880 attempts that landed on both sides, 47 did harm in the base alone, 3 in the
 * new one alone; 25 more landed on one side, and count, too" */
static void say_pairs(FILE *out, const struct rate_difference *rate, enum tally_rate id)
{
    const struct pairing *pairing = &rate->pairing;

    if (!pairing->pairs)
        return;
    fprintf(out,
            "; of %llu attempts that landed on both sides, %llu %s in the base alone, "
            "%llu in the new one alone",
            (unsigned long long)pairing->pairs, (unsigned long long)pairing->base_only,
            words[id].past, (unsigned long long)pairing->new_only);
    if (pairing->alone)
        fprintf(out, "; %llu more landed on one side, and count, too",
                (unsigned long long)pairing->alone);
    if (is_turned(rate))
        fputs(" (by the former alone, each counted as one, the difference would be the "
              "other way round)",
              out);
}

static void say_unseen(FILE *out, const struct rate_difference *rate, enum tally_rate id)
{
    char difference[64], kills[48], p[16];

    words_difference(difference, sizeof(difference), rate->estimate, rate->interval);
    words_kills(kills, sizeof(kills), rate->kills_needed);
    fprintf(out, "%snot distinguishable with these %llu and %llu kills (difference %s)",
            id == RATE_HARMED   ? ""
            : id == RATE_LEAKED ? "Leaks: "
                                : "Torn: ",
            (unsigned long long)rate->base.of, (unsigned long long)rate->new.of,
            difference);
    if (rate->p_adjusted <= 1 - rate->confidence)
        fprintf(out, ", although corrected p is %s",
                words_p(p, sizeof(p), rate->p_adjusted));
    if (rate->kills_needed)
        fprintf(out, "; %s would be needed to see a difference of this size", kills);
    else if (rate_difference_is_hidden(rate))
        fputs(
            "; what no kill has seen, and updates that waited for a CPU, may come to as "
            "much; more kills would tell only if they leave less of that",
            out);
    else
        fputs(": the observed rates are equal", out);
    say_pairs(out, rate, id);
    fputs(". ", out);
}

static void say_seen(FILE *out, const struct rate_difference *rate, enum tally_rate id)
{
    char difference[64], p[16];

    words_difference(difference, sizeof(difference), rate->estimate, rate->interval);
    words_p(p, sizeof(p), rate->p_adjusted);
    fprintf(out,
            "%s %s often: %llu of %llu kills, and %llu of %llu (difference %s, "
            "corrected p %s)",
            words[id].verb, rate->verdict == COMPARE_WORSE ? "more" : "less",
            (unsigned long long)rate->base.hits, (unsigned long long)rate->base.of,
            (unsigned long long)rate->new.hits, (unsigned long long)rate->new.of,
            difference, p);
    say_pairs(out, rate, id);
    fputs(". ", out);
}

static void say_rate(FILE *out, const struct comparison_row *row, enum tally_rate id)
{
    const struct rate_difference *rate = &row->rates[id];

    switch (rate->verdict) {
    case COMPARE_UNSEEN:
        say_unseen(out, rate, id);
        break;
    case COMPARE_BETTER:
    case COMPARE_WORSE:
        say_seen(out, rate, id);
        break;
    case COMPARE_UNKNOWN:
        if (id == RATE_HARMED)
            fprintf(out, "no rates to compare: %llu valid kills, and %llu. ",
                    (unsigned long long)rate->base.of, (unsigned long long)rate->new.of);
        break;
    }
}

static void say_margin(FILE *out, const struct comparison *comparison,
                       const struct comparison_row *row)
{
    char margin[16], kills[48];

    words_percent(margin, sizeof(margin), comparison->options.margin);
    words_kills(kills, sizeof(kills), row->margin_kills);
    switch (row->margin) {
    case MARGIN_UNASKED:
        return;
    case MARGIN_HELD:
        fprintf(out, "Harm is not greater by the margin of %s. ", margin);
        return;
    case MARGIN_EXCEEDED:
        fprintf(out, "Harm is greater by more than the margin of %s. ", margin);
        return;
    case MARGIN_UNDECIDED:
        break;
    }
    fprintf(out, "Whether harm is greater by the margin of %s cannot be told", margin);
    if (row->margin_kills)
        fprintf(out, "; %s kills on each side would decide. ", kills);
    else if (row->rates[RATE_HARMED].shift.high > 0)
        fputs(": what kills have not seen may come to as much as decides it. ", out);
    else
        fputs(": the difference is the margin. ", out);
}

static void say_padding(FILE *out, const struct comparison_row *row)
{
    bool better = row->rates[RATE_HARMED].verdict == COMPARE_BETTER;
    const struct exposure_difference *us = &row->exposed[RATE_HARMED].us;

    if (compare_is_padding(row))
        fprintf(out,
                "It looks %s per kill, not per exposure: the update takes %s, and a "
                "SIGKILL does harm in %.3g us of it, in %.3g before. ",
                better ? "better" : "worse", better ? "longer" : "less time", us->new,
                us->base);
}

/* Of two strategies, of which one has crash points that do harm, and the other none. */
static void say_sizes(FILE *out, const struct census_change *census)
{
    if (census->known && census->verdict != COMPARE_UNSEEN)
        fprintf(out,
                "%llu of %llu crash points do harm, %llu of %llu in the other, whatever "
                "the kills say. By kills: ",
                (unsigned long long)census->new.harmful,
                (unsigned long long)census->new.points,
                (unsigned long long)census->base.harmful,
                (unsigned long long)census->base.points);
}

/* The same of one that does for longer what both do, or what passes. */
static void say_longest(FILE *out, const struct comparison_row *row)
{
    const struct census_change *census = &row->census;
    bool harm = census->harm.base.points || census->harm.new.points;
    const struct lasts_change *change = harm ? &census->harm : &census->passing;
    enum compare_verdict verdict = census_lasts_verdict(census);
    char base[WORDS_LASTS], new[WORDS_LASTS];

    if (census->verdict != COMPARE_UNSEEN || verdict < COMPARE_BETTER)
        return;
    fprintf(out, "its %s lasts %s (%s) than that of %s (%s). By kills: ",
            harm ? "harm" : "passing harm",
            verdict == COMPARE_WORSE ? "longer" : "less long",
            change->new.points ? words_lasts_most(new, &change->new) : "none",
            row->base->strategy->name,
            change->base.points ? words_lasts_most(base, &change->base) : "none");
}

/* "after SET k", "before any command" */
static void put_place(FILE *out, const struct finding *finding, uint64_t point)
{
    CLEANUP(mem_freep) char *command = place_name(finding, point);

    fprintf(out, "%s%s", *command ? "after " : "before any command", command);
}

/* "for ever now, for 100 s before" */
static void put_longer(FILE *out, const struct lasts_change *change)
{
    char base[WORDS_LASTS], new[WORDS_LASTS];

    fprintf(out, "%s now, %s before", words_lasts(new, change->new_ms),
            change->base_ms < 0 ? "not at all" : words_lasts(base, change->base_ms));
}

/* "lasts longer at 2 of 4 crash points: after SET k for ever now, for 100 s before" */
static void put_longer_points(FILE *out, const struct comparison_row *row,
                              const struct lasts_change *change)
{
    fprintf(out, "lasts longer at %llu of %llu crash points: ",
            (unsigned long long)change->longer,
            (unsigned long long)row->census.new.points);
    put_place(out, row->new, change->first);
    fputc(' ', out);
    put_longer(out, change);
}

static void say_lasts(FILE *out, const struct comparison_row *row, const char *what,
                      const struct lasts_change *change)
{
    if (change->longer) {
        fprintf(out, "%s ", what);
        put_longer_points(out, row, change);
        fputs(". ", out);
    }
    if (change->shorter)
        fprintf(out, "%s ends sooner at %llu of %llu crash points. ", what,
                (unsigned long long)change->shorter,
                (unsigned long long)row->census.new.points);
}

static void say_census(FILE *out, const struct comparison *comparison,
                       const struct comparison_row *row)
{
    const struct census_change *census = &row->census;

    if (comparison->pairs)
        return;
    if (!census->known)
        fputs("Crash points cannot be compared: a census is not finished. ", out);
    else if (census->worse || census->better)
        fprintf(out,
                "Crash points that do harm which they did not do: %llu of %llu; clean "
                "now: %llu. ",
                (unsigned long long)census->worse, (unsigned long long)census->new.points,
                (unsigned long long)census->better);
    say_lasts(out, row, "Harm", &census->harm);
    say_lasts(out, row, "Passing harm", &census->passing);
}

char *compare_sentence(const struct comparison *comparison,
                       const struct comparison_row *row)
{
    CLEANUP(mem_freep) char *name = compare_name(comparison, row);
    char *text;
    FILE *out = mem_stream(&text);
    size_t length;

    fprintf(out, "%s: ", name);
    if (comparison->pairs) {
        say_sizes(out, &row->census);
        say_longest(out, row);
    }
    for (int i = 0; i < RATE_COUNT; i++)
        say_rate(out, row, (enum tally_rate)i);
    say_margin(out, comparison, row);
    say_padding(out, row);
    say_census(out, comparison, row);
    fclose(out);
    length = strlen(text);
    while (length && text[length - 1] == ' ')
        text[--length] = '\0';
    return text;
}

/* "1 of 6 crash points does harm, none did" */
static void tell_census(FILE *out, const struct census_change *census)
{
    fprintf(out, "%llu of %llu crash points %s harm, ",
            (unsigned long long)census->new.harmful,
            (unsigned long long)census->new.points,
            census->new.harmful == 1 ? "does" : "do");
    if (census->base.harmful == 0)
        fputs("none did", out);
    else
        fprintf(out, "%llu of %llu did", (unsigned long long)census->base.harmful,
                (unsigned long long)census->base.points);
}

static void tell_point(FILE *out, const struct comparison_row *row)
{
    const struct census_change *census = &row->census;
    char later[LATER_TEXT];

    fputs("a worker that dies ", out);
    put_place(out, row->new, census->first);
    fprintf(out, " now leaves it %s; ", later_text(census->gained, later));
    tell_census(out, census);
}

static void tell_longer(FILE *out, const struct comparison_row *row)
{
    const struct lasts_change *change = &row->census.harm;
    const struct point *point = &row->new->points[change->first];
    char later[LATER_TEXT];

    fputs("a worker that dies ", out);
    put_place(out, row->new, change->first);
    fprintf(out, " leaves it %s ", later_text(point->verdict.later, later));
    put_longer(out, change);
    fprintf(out, "; harm lasts longer at %llu of %llu crash points",
            (unsigned long long)change->longer,
            (unsigned long long)row->census.new.points);
}

/* "20%"; of no hits, "none". */
static void share_text(char *buffer, size_t size, struct sample sample)
{
    if (sample.hits)
        words_percent(buffer, size, sample_rate(&sample));
    else
        snprintf(buffer, size, "none");
}

static void tell_rate(FILE *out, const struct comparison_row *row)
{
    for (int i = 0; i < RATE_COUNT; i++) {
        const struct rate_difference *rate = &row->rates[i];
        char before[16], now[16], difference[64];

        if (rate->verdict != COMPARE_WORSE)
            continue;
        share_text(before, sizeof(before), rate->base);
        share_text(now, sizeof(now), rate->new);
        words_difference(difference, sizeof(difference), rate->estimate, rate->interval);
        fprintf(out, "%s of the SIGKILLs inside an update %s, %s did (difference %s)",
                now, words[i].noun, before, difference);
        return;
    }
}

static void tell_margin(FILE *out, const struct comparison *comparison,
                        const struct comparison_row *row)
{
    const struct rate_difference *rate = &row->rates[RATE_HARMED];
    char difference[64], margin[16];

    words_difference(difference, sizeof(difference), rate->estimate, rate->interval);
    words_percent(margin, sizeof(margin), comparison->options.margin);
    fprintf(out, "harm per SIGKILL inside an update grew by more than %s (difference %s)",
            margin, difference);
}

char *compare_regression(const struct comparison *comparison,
                         const struct comparison_row *row)
{
    char *text, later[LATER_TEXT];
    FILE *out;

    if (!compare_regressed(comparison, row))
        return NULL;
    out = mem_stream(&text);
    fprintf(out, "%s/%s regressed: ", comparison->new->scenario->name,
            row->new->strategy->name);
    if (row->census.worse)
        tell_point(out, row);
    else if (row->census.harm.longer)
        tell_longer(out, row);
    else if (row->uncrashed)
        fprintf(out, "it now does damage even when nobody is killed: %s",
                later_text(row->uncrashed, later));
    else if (row->margin == MARGIN_EXCEEDED)
        tell_margin(out, comparison, row);
    else
        tell_rate(out, row);
    fputs(".", out);
    fclose(out);
    return text;
}

char *compare_longer(const struct comparison_row *row)
{
    char *text;
    FILE *out;

    if (!row->census.passing.longer)
        return NULL;
    out = mem_stream(&text);
    fprintf(out, "passing harm of %s ", row->new->strategy->name);
    put_longer_points(out, row, &row->census.passing);
    fclose(out);
    return text;
}

const char *compare_told(const struct comparison *comparison,
                         const struct comparison_row *row, enum tally_rate id)
{
    static const char *const exact[] = {
        [COMPARE_BETTER] = "better by census",
        [COMPARE_WORSE] = "worse by census",
    };
    static const char *const lasting[] = {
        [COMPARE_BETTER] = "better: ends sooner",
        [COMPARE_WORSE] = "worse: lasts longer",
    };
    enum compare_verdict verdict = row->rates[id].verdict;
    enum compare_verdict census = row->census.verdict;
    enum compare_verdict lasts = census_lasts_verdict(&row->census);

    if (comparison->pairs && id == RATE_HARMED && row->census.known &&
        verdict < COMPARE_BETTER) {
        if (census >= COMPARE_BETTER)
            return exact[census];
        if (lasts >= COMPARE_BETTER)
            return lasting[lasts];
    }
    return compare_verdict_name(verdict);
}

char *compare_test(const struct comparison *comparison)
{
    double most = compare_shift(comparison);
    CLEANUP(mem_freep) char *wider = NULL;
    char share[16];

    words_percent(share, sizeof(share), most);
    if (most > 0)
        wider = mem_printf(" Intervals are wider by what kills on either side have not "
                           "seen, by up to %s.",
                           share);
    return mem_printf(
        "Test: %s; interval: %s; Holm's correction over %zu test%s. %s Estimated is the "
        "difference of the two rates.%s",
        comparison->method->test, comparison->method->interval_name, comparison->tests,
        comparison->tests == 1 ? "" : "s", comparison->method->why, wider ? wider : "");
}

bool compare_says_more(const struct comparison *comparison,
                       const struct comparison_row *row)
{
    if (!comparison->pairs || compare_is_padding(row) ||
        row->census.verdict >= COMPARE_BETTER ||
        census_lasts_verdict(&row->census) >= COMPARE_BETTER)
        return true;
    for (int i = 0; i < RATE_COUNT; i++)
        if (row->rates[i].verdict == COMPARE_UNSEEN)
            return true;
    return false;
}
