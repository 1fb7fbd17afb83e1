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

#define TOGETHER "Tried together with the cures of its other harms"

/* `how`, and what came of it. */
static void say_tried(FILE *out, const struct cured *cured, const char *how)
{
    char words[LATER_TEXT], lasts[LASTS_TEXT];
    unsigned long long points = cured->points, harmful = cured->harmful;

    if (harmful)
        fprintf(out, " %s: %llu of %llu points still do%s harm (%s).", how, harmful,
                points, harmful == 1 ? "es" : "", later_text(cured->words, words));
    else if (cured->lasts_ms)
        fprintf(out,
                " %s: harmless at all %llu points, with what ends by itself after %s.",
                how, points, lasts_text(cured->lasts_ms, lasts));
    else
        fprintf(out, " %s: harmless at all %llu points.", how, points);
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

static bool is_one_list(const struct cured *a, const struct cured *b)
{
    return a && b && a->notation[0] && strcmp(a->notation, b->notation) == 0;
}

/* The first list that leaves no harm at all; NULL: there is none. */
static const struct cured *harmless_of(const struct finding *finding)
{
    const struct cured *found = NULL;

    for (size_t i = 0; i < finding->cure_count; i++) {
        const struct cured *cured = &finding->cures[i];

        if (cured->outcome == CURE_TRIED && !cured->harmful && cured->notation[0] &&
            (!found || cured->point < found->point))
            found = cured;
    }
    return found;
}

void cured_by(const struct finding *finding, const struct gap *gap, struct gap *ret)
{
    const struct cured *harmless = harmless_of(finding);

    *ret = *gap;
    if (harmless && !is_one_list(gap_cured(finding, gap), harmless))
        gap_find(finding, harmless->point, ret);
}

bool cured_together(const struct finding *finding, const struct gap *gap)
{
    const struct cured *cured = gap_cured(finding, gap);
    struct gap other;

    for (size_t i = 0; i < finding->cure_count; i++)
        if (is_one_list(&finding->cures[i], cured) &&
            gap_find(finding, finding->cures[i].point, &other) &&
            !gap_alike(finding, gap, &other))
            return true;
    return false;
}

/* Was the list told with a gap before this one? One that leaves no harm is told with the
 * first. */
static bool was_told(const struct finding *finding, const struct gap *gap)
{
    const struct cured *cured = gap_cured(finding, gap);
    struct gap first;

    if (harmless_of(finding))
        return gap_find(finding, 0, &first) && first.first < gap->first;
    for (size_t i = 0; i < finding->cure_count; i++)
        if (finding->cures[i].point < gap->first &&
            is_one_list(&finding->cures[i], cured))
            return true;
    return false;
}

static void say_told(FILE *out, const struct finding *finding, const struct gap *gap)
{
    char text[CURE_TEXT];

    if (!gap_cure(finding, gap, text, sizeof(text)))
        return;
    if (cured_together(finding, gap))
        fprintf(out, "Cure: %s. Tried together with the one above.", text);
    else
        fputs("The cure above ends it, too.", out);
}

static void say(FILE *out, const struct finding *finding, const struct gap *begun)
{
    const struct cured *cured;
    struct gap by, *gap = &by;
    char text[CURE_TEXT];

    if (was_told(finding, begun)) {
        say_told(out, finding, begun);
        return;
    }
    cured_by(finding, begun, &by);
    cured = gap_cured(finding, gap);
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
        say_tried(out, cured, cured_together(finding, gap) ? TOGETHER : "Tried");
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

const char *cured_line(const struct finding *finding, const struct gap *begun)
{
    const struct cured *cured;
    struct gap by, *gap = &by;

    if (was_told(finding, begun))
        return NULL;
    cured_by(finding, begun, &by);
    cured = gap_cured(finding, gap);
    return cured && cured->notation[0] && strlen(cured->notation) <= CURED_COLUMNS &&
                   cured_helps(finding, gap, cured)
               ? cured->notation
               : NULL;
}
