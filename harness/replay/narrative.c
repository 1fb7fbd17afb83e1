/* narrative.c - see narrative.h. */
#include "replay/narrative.h"

#include <string.h>

#include "replay/contrast.h"

#define ERROR_COLUMNS 400

static struct contrast states_of(const struct narrative *narrative)
{
    return (struct contrast){
        .old = &narrative->subject->origin->old.state,
        .new = &narrative->subject->done.state,
        .names = { "the old state", "the new state" },
    };
}

static struct contrast residues_of(const struct judge_sight *sight)
{
    return (struct contrast){
        .old = &sight->right_old->state,
        .new = &sight->right_new->state,
        .names = { "the old state's residue", "the completed update's residue" },
    };
}

static void say_now(FILE *out, const struct contrast *controls,
                    const struct snapshot *dead)
{
    enum now now = verdict_now(controls->old, controls->new, &dead->state);
    char equal[CONTRAST_TEXT];

    fprintf(out, "  Now: %s. A reader sees ", now_name(now));
    if (now == NOW_INTACT) {
        fputs(contrast_equal(controls, dead, equal), out);
    } else if (now == NOW_GAP) {
        fputs("nothing that is wrong, but something that is in both states is missing; "
              "the next update heals it",
              out);
    } else {
        fputs("neither the old nor the new state: ", out);
        contrast_count(out, controls, dead);
    }
    fputs(".\n", out);
}

static void tell_dead(struct narrative *narrative, const struct judge_sight *sight)
{
    struct contrast controls = states_of(narrative);
    FILE *out = narrative->out;

    fputs("\nThe state right after the death, beside those before and after the update\n",
          out);
    contrast_write(out, &controls, sight->after, false);
    say_now(out, &controls, sight->after);
}

/* An error may quote anything. */
static void write_error(FILE *out, const char *before, const struct err *err)
{
    fputs(before, out);
    str_print(out, str_of(err->msg), ERROR_COLUMNS);
    fputc('\n', out);
}

static const struct change lapse = { "dropped", "came", true };

static bool is_last(const struct judge_sight *sight)
{
    return sight->at_ms == LASTS_FOREVER;
}

/* Nothing lapses at once. */
static void tell_lapsed(struct narrative *narrative, const struct judge_sight *sight)
{
    FILE *out = narrative->out;
    char lasts[LASTS_TEXT];

    if (sight->at_ms == 0)
        return;
    if (is_last(sight))
        fputs("\nTime passes: what has an expiry goes away\n", out);
    else
        fprintf(out, "\n%s after the death: what is due goes away\n",
                lasts_text(sight->at_ms, lasts));
    if (!contrast_changes(out, &lapse, sight->before, sight->after))
        fprintf(out, "  nothing%s\n", is_last(sight) ? ": none of it has an expiry" : "");
}

static const char *recovery_of(const struct narrative *narrative)
{
    const struct scenario *scenario = narrative->judge->scenario;
    scenario_function own = scenario->functions[narrative->subject->strategy].recover;

    return own == scenario->recover ? "the scenario's `recover`"
                                    : "the strategy's own `recover`";
}

static void tell_recovered(struct narrative *narrative, const struct judge_sight *sight)
{
    static const struct change recovery = { "removed", "added", false };
    FILE *out = narrative->out;

    fprintf(out, "\nRecovery: %s runs\n", recovery_of(narrative));
    if (!contrast_changes(out, &recovery, sight->before, sight->after))
        fputs("  it changes nothing\n", out);
    if (sight->why->code)
        write_error(out, "  it raises: ", sight->why);
    narrative->recovered = true;
}

/* Where nothing has happened since the death, that has been told. */
static void tell_residue(struct narrative *narrative, const struct judge_sight *sight)
{
    struct contrast controls = residues_of(sight);
    char equal[CONTRAST_TEXT], later[LATER_TEXT];
    FILE *out = narrative->out;
    unsigned words;

    if (sight->at_ms == 0 && !narrative->recovered)
        fputs("\nRecovery: there is no `recover`, nobody cleans up\n", out);
    else if (is_last(sight) && narrative->recovered)
        contrast_changes(out, &lapse, sight->before, sight->after);
    fputs(is_last(sight)
              ? "\nWhat stays, beside what stays of the old state and of a "
                "completed update\n"
              : "\nWhat there is then, beside what has become of the old state "
                "and of a completed update\n",
          out);
    words = contrast_write(out, &controls, sight->after, true);
    fprintf(out, "  This %s %s", is_last(sight) ? "residue is" : "is",
            later_text(words, later));
    if (*contrast_equal(&controls, sight->after, equal))
        fprintf(out, ": it is %s", equal);
    fputs(".\n", out);
}

static void tell_invariant(struct narrative *narrative, const struct judge_sight *sight)
{
    write_error(narrative->out, "  An invariant is violated: ", sight->why);
}

static void tell_alive(struct narrative *narrative, const struct judge_sight *sight)
{
    fputs("\nA fresh worker tries the operation again: `alive`\n", narrative->out);
    if (sight->why->code)
        write_error(narrative->out, "  it fails: ", sight->why);
    else
        fputs("  it succeeds\n", narrative->out);
}

static void seen(void *context, const struct judge_sight *sight)
{
    static void (*const tell[])(struct narrative *, const struct judge_sight *) = {
        [JUDGE_DEAD] = tell_dead,           [JUDGE_LAPSED] = tell_lapsed,
        [JUDGE_RECOVERED] = tell_recovered, [JUDGE_RESIDUE] = tell_residue,
        [JUDGE_INVARIANT] = tell_invariant, [JUDGE_ALIVE] = tell_alive,
    };

    tell[sight->moment](context, sight);
}

struct judge_watch narrative_watch(struct narrative *narrative)
{
    return (struct judge_watch){ seen, narrative };
}

/* --- the verdict --- */

static const char *const reasons[] = {
    "in neither residue: it stays, and nobody cares for it",
    "more copies than either residue has",
    "in both residues, and gone",
    "part of the old and part of the new, or a value that is neither",
    "a fresh worker cannot do the operation again",
    "an invariant of the scenario is violated",
};
_Static_assert(ARRAY_SIZE(reasons) == LATER_COUNT, "every word has its reason");

void narrative_verdict(FILE *out, const struct judgement *judgement)
{
    char verdict[VERDICT_TEXT];

    fprintf(out, "\nVerdict: %s\n", verdict_text(&judgement->verdict, verdict));
    if (judgement->example[0])
        fprintf(out, "  %s\n", judgement->example);
    for (unsigned i = 0; i < LATER_COUNT; i++)
        if ((judgement->verdict.later | judgement->verdict.passing) >> i & 1)
            fprintf(out, "  %s: %s\n", later_name(i), reasons[i]);
}

/* --- lines --- */

/* How much of a line goes into `most` columns: all of it, or up to a blank, or at least a
 * whole word. */
static size_t fitting(const char *line, size_t length, size_t most)
{
    size_t indent = strspn(line, " "), at = most;

    if (length <= most)
        return length;
    while (at > indent && line[at] != ' ')
        at--;
    if (at > indent)
        return at;
    return indent + strcspn(line + indent, " \n");
}

void narrative_wrap(FILE *out, const char *text)
{
    while (*text) {
        size_t length = strcspn(text, "\n"), indent = strspn(text, " ");
        size_t most = NARRATIVE_COLUMNS, used;

        if (strncmp(text, NARRATIVE_COPY, strlen(NARRATIVE_COPY)) == 0)
            most = length;
        for (; (used = fitting(text, length, most)) < length; length -= used) {
            fprintf(out, "%.*s\n%*s", (int)used, text, (int)indent + 2, "");
            used += strspn(text + used, " ");
            most = NARRATIVE_COLUMNS - indent - 2;
            text += used;
        }
        fprintf(out, "%.*s\n", (int)length, text);
        text += length;
        text += *text == '\n';
    }
}
