/* gates_words.c - see gates_words.h. */
#include "report/gates_words.h"

#include <string.h>

#include "base/mem.h"
#include "report/words.h"

void gates_bound(char *buffer, size_t size, const struct gate_outcome *outcome)
{
    if (gate_is_rate(outcome->gate))
        words_percent(buffer, size, outcome->bound);
    else
        snprintf(buffer, size, "%g", outcome->bound);
}

void gates_measured(char *buffer, size_t size, const struct gate_outcome *outcome)
{
    if (gate_is_rate(outcome->gate))
        words_rate(buffer, size, outcome->rate);
    else
        words_ratio(buffer, size, &outcome->ratio);
}

static void say_undecided_rate(FILE *out, const struct gate_outcome *outcome)
{
    char kills[48];

    words_kills(kills, sizeof(kills), outcome->kills_needed);
    if (outcome->hidden)
        fputs("; more kills alone would not decide: the machine was too busy, or too "
              "much of the update's time was hit by no kill, of which a longer run "
              "leaves less",
              out);
    else if (!outcome->rate.of)
        fprintf(out, " without valid kills; %s without a hit would pass", kills);
    else if (outcome->kills_needed)
        fprintf(out, "; %s would decide, if the rate stays what it is", kills);
    else
        fputs("; it cannot be decided: the rate is the bound", out);
}

static void say_undecided_updates(FILE *out, const struct gate_outcome *outcome)
{
    if (!outcome->against)
        fputs(": the base does not have this strategy", out);
    else if (!outcome->ratio.known)
        fputs(": no updates were measured", out);
    else if (outcome->apart)
        fputs(": the base was run at another time, and nothing says whether the machine "
              "was as fast then; compare strategies of one run",
              out);
    else if (!outcome->ratio.bounded)
        fprintf(out, ": they were measured in fewer than %d blocks of time",
                RATIO_LEAST_BLOCKS);
    else
        fputs(": the interval holds the bound; more lanes or a quieter machine narrow it",
              out);
}

/* Strategies are beside themselves only in another run. */
static bool is_from_base(const struct gate_outcome *outcome)
{
    return strcmp(outcome->against->strategy->name, outcome->finding->strategy->name) ==
           0;
}

char *gates_sentence(const struct gate_outcome *outcome)
{
    static const char *const verbs[] = {
        [GATE_PASSES] = "passes",
        [GATE_FAILS] = "fails",
        [GATE_UNDECIDED] = "does not decide",
        [GATE_LEFT_OUT] = "is left out of",
    };
    char bound[24], measured[64], *text;
    FILE *out = mem_stream(&text);

    gates_bound(bound, sizeof(bound), outcome);
    gates_measured(measured, sizeof(measured), outcome);
    fprintf(out, "%s: %s --%s %s", outcome->finding->strategy->name,
            verbs[outcome->verdict], gate_option(outcome->gate), bound);
    if (gate_is_rate(outcome->gate) && outcome->rate.of)
        fprintf(out, " with %s of %llu kills", measured,
                (unsigned long long)outcome->rate.of);
    if (outcome->ratio.known)
        fprintf(out, " with %s times the updates per second of %s", measured,
                is_from_base(outcome) ? "the base" : outcome->against->strategy->name);
    if (gate_other_harm(outcome))
        fprintf(out,
                ", but bounds leaks alone: %llu of the kills did other harm, which "
                "--max-harm-rate counts",
                (unsigned long long)gate_other_harm(outcome));
    if (outcome->verdict == GATE_LEFT_OUT)
        fputs(", because it is expected to do harm; name it with --strategy to have it "
              "judged",
              out);
    if (outcome->verdict == GATE_UNDECIDED && gate_is_rate(outcome->gate))
        say_undecided_rate(out, outcome);
    else if (outcome->verdict == GATE_UNDECIDED)
        say_undecided_updates(out, outcome);
    fputc('.', out);
    fclose(out);
    return text;
}
