/* unmet.c - see unmet.h. An expectation is not met in two ways: what it asks for was not
 * found, or what it rules out was. Either way both are told: who hears only that nothing
 * is leaked does not know that something is stuck. */
#include "report/unmet.h"

#include <string.h>

#include "base/mutant.h"
#include "report/words.h"
#include "result/tally.h"

/* Crash points with one of these words. */
static uint64_t count(const struct finding *finding, unsigned words)
{
    uint64_t points = 0;

    for (uint64_t k = 0; k < finding_points(finding); k++)
        points += (finding->points[k].verdict.later & words) != 0;
    return points;
}

/* ", for up to 12 h"; nothing if it is for ever. */
static void say_lasts(FILE *out, const struct damage *damage, const char *between)
{
    char lasts[WORDS_LASTS];

    if (damage->lasts_ms != LASTS_FOREVER)
        fprintf(out, "%s%s", between, words_lasts_most(lasts, damage));
}

/* "leaked at 2 of 4 crash points" */
static void say_at_points(FILE *out, const struct finding *finding, unsigned words)
{
    char text[LATER_TEXT];

    fprintf(out, "%s at %llu of %llu crash points", later_text(words, text),
            (unsigned long long)count(finding, words),
            (unsigned long long)finding_points(finding));
}

/* What was found where something else was expected: harm, or what ends by itself, or what
 * is wrong although nobody is killed. */
static void say_found(FILE *out, const struct finding *finding)
{
    struct damage harm = figure_harm(finding), passing = figure_passing(finding);
    const struct damage *found = harm.points ? &harm : &passing;
    unsigned undisturbed = finding->uncrashed | finding->unbegun;
    char text[LATER_TEXT];

    if (mutant("found-untold"))
        return;
    if (found->points) {
        fprintf(out, ", but %llu of %llu %s %s", (unsigned long long)found->points,
                (unsigned long long)finding_points(finding),
                found->points == 1 ? "is" : "are", later_text(found->words, text));
        say_lasts(out, found, " ");
    }
    if (found == &passing && passing.points)
        fputs(", which is tolerated", out);
    if (undisturbed)
        fprintf(out, "%s%s even when nobody is killed",
                found->points ? "; and it is " : ", but it is ",
                later_text(undisturbed, text));
    if (!found->points && !undisturbed && finding->strategy->expect & LATER_ALL)
        fputs(", nor does any do other harm", out);
}

/* Of one that was to do no harm, or no other. */
static void say_beyond(FILE *out, const struct finding *finding)
{
    unsigned expect = finding->strategy->expect;
    struct damage harm = figure_harm(finding);
    unsigned beyond = expect_beyond(expect, harm.words);
    const char *also = expect & EXPECT_ONLY ? "also " : "";
    struct words words = tally_census(finding);
    char text[LATER_TEXT];

    fputs(also, out);
    if (beyond) {
        say_at_points(out, finding, beyond);
        say_lasts(out, &harm, ", ");
    } else if (expect_beyond(expect, finding->unbegun)) {
        fprintf(out,
                "its own recovery leaves something else of the old state than the "
                "reference's, %s",
                later_text(finding->unbegun, text));
    } else if (expect_beyond(expect, finding->uncrashed)) {
        fprintf(out, "%s even when nobody is killed",
                later_text(expect_beyond(expect, finding->uncrashed), text));
    } else {
        fprintf(out, "a reader sees part of it at %llu of %llu crash points",
                (unsigned long long)(words.now[NOW_GAP] + words.now[NOW_TORN]),
                (unsigned long long)finding_points(finding));
    }
}

void unmet_say(FILE *out, const struct finding *finding)
{
    unsigned expect = finding->strategy->expect;
    unsigned missing = expect & LATER_ALL & ~figure_harm(finding).words;
    char text[LATER_TEXT];

    if (!missing && !(expect & EXPECT_HARM)) {
        say_beyond(out, finding);
        return;
    }
    if (missing)
        fprintf(out, "no crash point is %s", later_text(missing, text));
    else
        fputs("no crash point does any", out);
    say_found(out, finding);
}

const char *unmet_words(const struct finding *finding, char buffer[EXPECT_TEXT])
{
    struct words words = tally_census(finding);
    unsigned found = figure_harm(finding).words | finding->uncrashed | finding->unbegun;

    if (found)
        return later_text(found, buffer);
    if (finding->strategy->expect & EXPECT_ATOMIC)
        return strcpy(buffer, now_name(words.now[NOW_TORN] ? NOW_TORN : NOW_GAP));
    return strcpy(buffer, "no harm");
}
