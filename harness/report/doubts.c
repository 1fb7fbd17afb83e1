/* doubts.c - see doubts.h. */
#include "report/doubts.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "report/words.h"
#include "result/drift.h"

/* Less widens an interval by less than chance moves it. It is in the JSON all the same.
 */
#define WORTH_SAYING 0.02
/* Updates to which the lateness of SIGKILL (trial/lateness.h) matters. */
#define SHORT_NS (50 * NSEC_PER_USEC)

struct doubts {
    double unsampled, contention;
    uint64_t disturbed, attempts;
    const char *most; /* "up to " if they are of several strategies */
    bool blind;
};

static struct doubts doubts_of(const struct finding *finding)
{
    return (struct doubts){ figure_unsampled(finding),
                            figure_contention(finding),
                            finding->kills.outcomes[OUTCOME_DISTURBED],
                            tally_attempts(finding),
                            "",
                            finding->blind };
}

static bool drifts(const struct finding *finding)
{
    struct drift drift = drift_of(finding, RATE_HARMED);

    return drift_is_seen(&drift);
}

/* Is its interval wider for it? */
static bool is_allowed_for(const struct finding *finding)
{
    return tally_sample(finding, RATE_HARMED).design.effect > 1;
}

static void say_drift(FILE *out, const struct finding *finding)
{
    struct drift drift = drift_of(finding, RATE_HARMED);
    char first[16], second[16];

    if (!drift_is_seen(&drift))
        return;
    fprintf(out,
            "How often it did harm changed in the course of the run by more than chance "
            "(%s of the first half, %s of the second)%s. ",
            words_percent(first, sizeof(first), drift.first),
            words_percent(second, sizeof(second), drift.second),
            is_allowed_for(finding) ? "; the interval allows for it" : "");
}

/* "How often old and new did harm changed ..": in the order of the run. */
static void say_drifts(FILE *out, const struct result *result)
{
    bool any = false, allowed = true;

    result_foreach (finding, result) {
        if (!drifts(finding))
            continue;
        fprintf(out, "%s%s",
                any ? ", "
                    : "How often harm was done changed in the course "
                      "of the run by more than chance: ",
                finding->strategy->name);
        allowed &= is_allowed_for(finding);
        any = true;
    }
    if (any)
        fputs(allowed ? "; intervals allow for it. " : ". ", out);
}

static void say_doubts(FILE *out, const struct doubts *doubts)
{
    if (!doubts->attempts) /* then there are no intervals */
        return;
    if (doubts->unsampled >= WORTH_SAYING)
        fprintf(out,
                "Up to %.1f%% of the time that updates take is later than any kill that "
                "landed; intervals allow for it. ",
                100 * doubts->unsampled);
    if (doubts->contention >= WORTH_SAYING)
        fprintf(out,
                "The machine was busy with something else: %s%.1f%% of the time that "
                "kills look at is that of updates which waited for a CPU; intervals "
                "allow for it. ",
                doubts->most, 100 * doubts->contention);
    if (doubts->disturbed &&
        (double)doubts->disturbed >= WORTH_SAYING * (double)doubts->attempts)
        fprintf(out,
                "%llu of %llu attempts are left out, whatever they did: the update took "
                "longer than most only because others had the CPU. ",
                (unsigned long long)doubts->disturbed,
                (unsigned long long)doubts->attempts);
    if (doubts->blind)
        fputs("Whether workers and Redis had to wait for a CPU is not known: the kernel "
              "does not tell (/proc/PID/schedstat). ",
              out);
}

char *doubts_text(const struct finding *finding)
{
    struct doubts doubts = doubts_of(finding);
    char *text;
    FILE *out = mem_stream(&text);

    say_doubts(out, &doubts);
    say_drift(out, finding);
    fclose(out);
    return text;
}

char *doubts_of_run(const struct result *result)
{
    struct doubts all = { .most = result->plan.strategies > 1 ? "up to " : "" };
    char *text = NULL;
    FILE *out = mem_stream(&text);

    result_foreach (finding, result) {
        struct doubts one = doubts_of(finding);

        all.unsampled = fmax(all.unsampled, one.unsampled);
        all.contention = fmax(all.contention, one.contention);
        all.disturbed += one.disturbed;
        all.attempts += one.attempts;
        all.blind |= one.blind;
    }
    say_doubts(out, &all);
    say_drifts(out, result);
    fclose(out);
    *text = (char)toupper((unsigned char)*text);
    return text;
}

char *doubts_of_misses(const struct result *result, const struct finding *finding)
{
    struct rate valid = figure_valid(result, finding);
    uint64_t duration_ns = figure_duration_ns(finding);

    if (!figure_misses(valid) || finding_sends_nothing(finding))
        return mem_strdup("");
    if (duration_ns && duration_ns < SHORT_NS)
        return mem_printf(
            "Only %llu of %llu attempts landed inside the update: it is over "
            "after %.0f us, and SIGKILL is not much more exact than that.",
            (unsigned long long)valid.hits, (unsigned long long)valid.of,
            ns_to_us((double)duration_ns));
    return mem_printf(
        "Only %llu of %llu attempts landed inside the update; the others came "
        "when it was over, or had not begun.",
        (unsigned long long)valid.hits, (unsigned long long)valid.of);
}
