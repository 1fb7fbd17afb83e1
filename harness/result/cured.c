/* cured.c - see cured.h. */
#include "result/cured.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/mutant.h"
#include "result/figures.h"
#include "result/tally.h"

bool cured_helps(const struct finding *finding, const struct gap *gap,
                 const struct cured *cured)
{
    return !cured->harmful || !(cured->words & gap->words) ||
           cured->harmful * finding_points(finding) <
               figure_harm(finding).points * cured->points;
}

static void say_tried(FILE *out, const struct cured *cured)
{
    char words[LATER_TEXT], lasts[LASTS_TEXT];
    unsigned long long points = cured->points, harmful = cured->harmful;

    if (harmful)
        fprintf(out, " Tried: %llu of %llu points still do%s harm (%s).", harmful, points,
                harmful == 1 ? "es" : "", later_text(cured->words, words));
    else if (cured->lasts_ms)
        fprintf(out,
                " Tried: harmless at all %llu points, with what ends by itself after %s.",
                points, lasts_text(cured->lasts_ms, lasts));
    else
        fprintf(out, " Tried: harmless at all %llu points.", points);
    if (cured->slots)
        fputs(" Its keys are in different hash slots: a cluster refuses it (CROSSSLOT).",
              out);
    if (cured->remedy == REMEDY_SCRIPT)
        fputs(" It makes the calls of one execution, whatever they are "
              "answered; where the update looks at replies, the script has to.",
              out);
}

/* What came of trying; NULL: nothing was tried. */
static const char *why_not(const struct finding *finding, const struct gap *gap)
{
    static const char *const reasons[CURE_OUTCOMES] = {
        [CURE_IMPOSSIBLE] = "it cannot be made of these commands",
        [CURE_VARIES] = "what it sends differs from run to run",
        [CURE_DEPENDS] = "what it sends depends on what it is answered",
        [CURE_ASKS] = "what it sends may depend on what it is answered",
        [CURE_STOPS] = "an error ends it, and would not end a transaction",
        [CURE_REFUSED] = "this server refuses it",
        [CURE_OTHER] = "as made of one execution it leaves something else",
        [CURE_UNJUDGED] = "a survivor took too long where it was tried, or gave up",
    };
    const struct cured *cured = finding_cured(finding, gap->first);

    if (finding->connections > 1)
        return "its commands went over several connections";
    if (finding->same != finding->compared)
        return "its commands left something else when they were sent again";
    return cured ? reasons[cured->outcome] : NULL;
}

const char *cured_reason(const struct finding *finding, const struct gap *gap)
{
    struct remedy remedies[CURE_REMEDIES];
    const char *reason = why_not(finding, gap);

    if (!gap_remedies(finding, gap, remedies))
        return "it takes more than other commands in their place";
    return reason ? reason : "this run has not tried it";
}

static void say_advice(FILE *out, const struct finding *finding, const struct gap *gap,
                       const char *text)
{
    const char *reason = why_not(finding, gap);

    fputs("Advice (not tried", out);
    if (reason)
        fprintf(out, ": %s", reason);
    fprintf(out, "): %s.", text);
}

static void say(FILE *out, const struct finding *finding, const struct gap *gap)
{
    const struct cured *cured = gap_cured(finding, gap);
    char text[CURE_TEXT];

    if (!gap_cure(finding, gap, text, sizeof(text))) {
        if (gap_advice(finding, gap, text, sizeof(text)))
            fprintf(out, "No usual cure: %s.", text);
    } else if (!cured) {
        say_advice(out, finding, gap, text);
    } else {
        fprintf(out, "%s: %s", cured_helps(finding, gap, cured) ? "Cure" : "No cure",
                text);
        if (cured->first == CURE_DEPENDS || cured->first == CURE_ASKS)
            fprintf(out, ", because what the update sends %s on what it is answered",
                    cured->first == CURE_DEPENDS ? "depends" : "may depend");
        else if (cured->first == CURE_STOPS)
            fputs(", because an error ends the update, and would not end a transaction",
                  out);
        fputc('.', out);
        say_tried(out, cured);
        if (gap_beside(finding, gap, text, sizeof(text)))
            fprintf(out, " Not tried: %s.", text);
    }
}

char *cured_sentence(const struct finding *finding, const struct gap *gap)
{
    CLEANUP(mem_freep) char *sentence = NULL;
    FILE *out = mem_stream(&sentence);

    say(out, finding, gap);
    fclose(out);
    return *sentence ? TAKE_PTR(sentence) : NULL;
}

char *cured_first(const struct finding *finding)
{
    struct gap gap;

    return tally_census_complete(finding) && gap_find(finding, 0, &gap)
               ? cured_sentence(finding, &gap)
               : NULL;
}

const char *cured_line(const struct finding *finding, const struct gap *gap)
{
    const struct cured *cured = gap_cured(finding, gap);

    return cured && cured->notation[0] && strlen(cured->notation) <= CURED_COLUMNS &&
                   cured_helps(finding, gap, cured)
               ? cured->notation
               : NULL;
}
