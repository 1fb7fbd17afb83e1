/* narrative.c - see narrative.h. */
#include "replay/narrative.h"

#include <string.h>

#include "base/printable.h"

#define ERROR_COLUMNS 400

static struct contrast states_of(const struct narrative *narrative)
{
    return (struct contrast){
        .old = &narrative->subject->origin->old.state,
        .new = &narrative->subject->done.state,
        .names = { "the old state", "the new state" },
    };
}

static bool is_last(const struct judge_sight *sight)
{
    return sight->at_ms == LASTS_FOREVER;
}

/* What has become of the controls: residues only once everything has lapsed. */
static struct contrast residues_of(const struct narrative *narrative,
                                   const struct judge_sight *sight)
{
    static const char *const names[2][2] = {
        { "what is left of the old state", "what is left of the completed update" },
        { "the old state's residue", "the completed update's residue" },
    };
    const struct origin *origin = narrative->subject->origin;

    return (struct contrast){
        .old = &sight->right_old->state,
        .new = &sight->right_new->state,
        .first_old = &origin->old.state,
        .first_new = &subject_measure(narrative->subject)->done.state,
        .names = { names[is_last(sight)][0], names[is_last(sight)][1] },
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

void narrative_title(FILE *out, const struct replay *replay, const char *strategy,
                     const char *scenario, uint64_t seed)
{
    const struct fault *fault = fault_by_id(replay->fault);
    bool timed = replay_is_timed(replay);

    fprintf(out, "%s %llu%s%s of strategy '%s', scenario %s, seed %llu\n", fault->title,
            (unsigned long long)replay->number, timed ? ": a " : "",
            timed ? fault->name : "", strategy, scenario, (unsigned long long)seed);
}

void narrative_executed(FILE *out, uint64_t commands, uint64_t total)
{
    if (commands == 0 || commands == total)
        fprintf(out, "  Redis executed %s of the %llu commands\n",
                commands ? "all" : "none", (unsigned long long)total);
    else
        fprintf(out, "  Redis executed the first %llu of %llu commands\n",
                (unsigned long long)commands, (unsigned long long)total);
}

void narrative_now(FILE *out, const struct contrast *controls,
                   const struct snapshot *dead)
{
    contrast_write(out, controls, dead, false);
    say_now(out, controls, dead);
}

static void tell_dead(struct narrative *narrative, const struct judge_sight *sight)
{
    struct contrast controls = states_of(narrative);
    FILE *out = narrative->out;

    fputs("\nThe state right after the death, beside those before and after the update\n",
          out);
    narrative_now(out, &controls, sight->after);
}

/* Why something is wrong, which may quote anything. */
static void write_error(FILE *out, const char *before, const struct judge_sight *sight)
{
    fputs(before, out);
    str_print(out, str_of(sight->why->msg), ERROR_COLUMNS);
    fputs(sight->excused ? "\n  which does not count: without any death it is no better\n"
                         : "\n",
          out);
}

/* Where nothing of the state is due, the moment is one of a control's. */
static void tell_controls(const struct narrative *narrative,
                          const struct judge_sight *sight)
{
    static const struct change of_old = { .removed = "but gone from the old state",
                                          .added = "but new in the old state" };
    static const struct change of_new = { .removed = "but gone from a completed update",
                                          .added = "but new in a completed update" };

    contrast_changes(narrative->out, &of_old, narrative->before_old, sight->right_old);
    contrast_changes(narrative->out, &of_new, narrative->before_new, sight->right_new);
}

/* Nothing lapses at once. */
static void tell_lapsed(struct narrative *narrative, const struct judge_sight *sight)
{
    const struct change lapse = { "dropped", "came", CHANGE_TELLS_DUE,
                                  narrative->before_ms };
    FILE *out = narrative->out;
    char lasts[LASTS_TEXT];

    if (sight->at_ms == 0)
        return;
    if (is_last(sight))
        fputs("\nTime passes: what has an expiry goes away\n", out);
    else
        fprintf(out, "\n%s after the death: what is due goes away\n",
                lasts_text(sight->at_ms, lasts));
    if (contrast_changes(out, &lapse, sight->before, sight->after))
        return;
    fprintf(out, "  nothing%s\n", is_last(sight) ? ": none of it has an expiry" : "");
    if (!is_last(sight))
        tell_controls(narrative, sight);
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
    static const struct change recovery = { .removed = "removed", .added = "added" };
    FILE *out = narrative->out;

    fprintf(out, "\nRecovery: %s runs\n", recovery_of(narrative));
    if (!contrast_changes(out, &recovery, sight->before, sight->after))
        fputs("  it changes nothing\n", out);
    if (sight->why->code)
        write_error(out, "  it raises: ", sight);
    narrative->recovered = true;
}

static void tell_no_recovery(const struct narrative *narrative)
{
    const struct scenario *scenario = narrative->judge->scenario;
    char after[LASTS_TEXT];

    if (!scenario->functions[narrative->subject->strategy].recover)
        fputs("\nRecovery: there is no `recover`, nobody cleans up\n", narrative->out);
    else
        fprintf(narrative->out,
                "\nRecovery: %s does not run before %s have passed (`recover_after`)\n",
                recovery_of(narrative),
                lasts_text(scenario->times.recover_after_ms, after));
}

static void tell_when(FILE *out, const struct judge_sight *sight)
{
    char lasts[LASTS_TEXT];

    if (is_last(sight)) {
        fputs("\nWhat stays, beside what stays of the old state and of a completed "
              "update\n",
              out);
        return;
    }
    if (sight->at_ms == 0)
        fputs("\nWhat there is at first", out);
    else
        fprintf(out, "\nWhat there is after %s", lasts_text(sight->at_ms, lasts));
    fputs(", beside what has become of the old state and of a completed update\n", out);
}

/* Where nothing has happened since the death, that has been told. */
static void tell_residue(struct narrative *narrative, const struct judge_sight *sight)
{
    static const struct change lapse = { "dropped", "came", CHANGE_TELLS_LEFT, 0 };
    struct contrast controls = residues_of(narrative, sight);
    char equal[CONTRAST_TEXT], later[LATER_TEXT];
    FILE *out = narrative->out;
    unsigned words;

    if (sight->at_ms == 0 && !narrative->recovered)
        tell_no_recovery(narrative);
    else if (is_last(sight) && narrative->recovered)
        contrast_changes(out, &lapse, sight->before, sight->after);
    tell_when(out, sight);
    words = contrast_write(out, &controls, sight->after, true);
    fprintf(out, "  This %s %s", is_last(sight) ? "residue is" : "is",
            later_text(words, later));
    if (*contrast_equal(&controls, sight->after, equal))
        fprintf(out, ": it is %s", equal);
    else if (!words && verdict_later(controls.old, controls.new, &sight->after->state))
        fputs(": what both had at the death may lapse at different times", out);
    fputs(".\n", out);
    narrative->before_ms = sight->at_ms;
    narrative->before_old = sight->right_old;
    narrative->before_new = sight->right_new;
}

static void tell_invariant(struct narrative *narrative, const struct judge_sight *sight)
{
    write_error(narrative->out, "  An invariant is violated: ", sight);
}

static void tell_alive(struct narrative *narrative, const struct judge_sight *sight)
{
    fputs("\nA fresh worker tries the operation again: `alive`\n", narrative->out);
    if (sight->why->code)
        write_error(narrative->out, "  it fails: ", sight);
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

/* Of what stays for ever, and of what ends. */
static const struct {
    const char *for_ever, *for_a_while;
} reasons[] = {
    { "in neither residue: it stays, and nobody cares for it",
      "in neither of the two that are right, and nobody cares for it until it ends" },
    { "more copies than either residue has",
      "more copies than either of the two that are right has" },
    { "in both residues, and gone", "in both of the two that are right, and not here" },
    { "part of the old and part of the new, or a value that is neither",
      "part of the old and part of the new, or a value that is neither" },
    { "a fresh worker cannot do the operation again",
      "a fresh worker cannot do the operation again until then" },
    { "an invariant of the scenario is violated",
      "an invariant of the scenario is violated" },
};
_Static_assert(ARRAY_SIZE(reasons) == LATER_COUNT, "every word has its reason");

/* Why what ends is harm, or is not. */
static void tell_tolerance(FILE *out, int64_t tolerate_ms, const struct verdict *verdict)
{
    static const char bound[] = "the bound of an expiry says itself what is tolerated";

    if (verdict->lasts_ms > tolerate_ms)
        fprintf(out, ", which is harm: `tolerate` is %.10g s", (double)tolerate_ms / 1e3);
    else if (!verdict->passing)
        fprintf(out, ", which is harm: %s", bound);
    else if (tolerate_ms == LASTS_FOREVER)
        fputs(", and is tolerated: there is no `tolerate`, so whatever ends is", out);
    else
        fprintf(out, ", and is tolerated: `tolerate` is %.10g s",
                (double)tolerate_ms / 1e3);
    if (verdict->passing && verdict->later)
        fprintf(out, "; but %s", bound);
}

static void tell_end(FILE *out, int64_t tolerate_ms, const struct verdict *verdict)
{
    char lasts[LASTS_TEXT];

    if (verdict->lasts_ms == 0)
        fputs("  It ends when recovery has run once more", out);
    else
        fprintf(out, "  It ends %s after the death",
                lasts_text(verdict->lasts_ms, lasts));
    tell_tolerance(out, tolerate_ms, verdict);
    fputc('\n', out);
}

void narrative_verdict(FILE *out, int64_t tolerate_ms, const struct verdict *verdict,
                       const char *example)
{
    bool ends = verdict->lasts_ms != LASTS_FOREVER;
    char text[VERDICT_TEXT];

    fprintf(out, "\nVerdict: %s\n", verdict_text(verdict, text));
    if (example[0])
        fprintf(out, "  %s\n", example);
    for (unsigned i = 0; i < LATER_COUNT; i++)
        if ((verdict->later | verdict->passing) >> i & 1)
            fprintf(out, "  %s: %s\n", later_name(i),
                    ends ? reasons[i].for_a_while : reasons[i].for_ever);
    if (ends && (verdict->later | verdict->passing))
        tell_end(out, tolerate_ms, verdict);
}

/* --- lines --- */

/* May a line be broken here? The next one must not be a command. */
static bool breaks(const char *at)
{
    return *at == ' ' && !printable_command(at);
}

/* How much of a line goes into `most` columns: all of it, or up to a blank, or at least a
 * whole word. */
static size_t fitting(const char *line, size_t length, size_t most)
{
    size_t indent = strspn(line, " "), at = most;

    if (length <= most)
        return length;
    while (at > indent && !breaks(line + at))
        at--;
    for (at = at > indent ? at : indent + 1; at < length && !breaks(line + at);)
        at++;
    return at;
}

void narrative_wrap(FILE *out, const char *text)
{
    while (*text) {
        size_t length = strcspn(text, "\n"), indent = strspn(text, " ");
        size_t most = NARRATIVE_COLUMNS, used;

        if (*text == NARRATIVE_COPY) {
            fputs("    ", out);
            text++;
            most = --length;
        }
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
