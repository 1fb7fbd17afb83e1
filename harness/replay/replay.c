/* replay.c - see replay.h. */
#include "replay/replay.h"

#include "base/clock.h"
#include "base/mutant.h"
#include "replay/narrative.h"
#include "replay/one_line.h"
#include "replay/perform.h"
#include "trial/recorded.h"

static void tell_recorded(FILE *out, const struct replay *replay)
{
    char verdict[VERDICT_TEXT];

    if (!replay->recorded) {
        if (replay_is_timed(replay))
            fputs("  Recorded: nothing is known of how it went\n", out);
        return;
    }
    fprintf(out, "  Recorded: %s, ", outcome_name(replay->outcome));
    if (replay_is_timed(replay))
        fprintf(out, "%llu commands written, %llu replies read, ",
                (unsigned long long)replay->commands,
                (unsigned long long)replay->replies);
    if (replay->explained)
        fprintf(out, "crash point %llu, ", (unsigned long long)replay->point);
    else
        fputs("UNEXPLAINED by any crash point, ", out);
    fprintf(out, "%s\n", verdict_text(&replay->verdict, verdict));
    if (replay->outcome != OUTCOME_VALID)
        fputs("  It did not die inside the update: such trials count in no rate\n", out);
}

static void tell_plan(FILE *out, const struct perform *perform)
{
    const struct replay *replay = perform->replay;

    if (!replay_is_timed(replay))
        return;
    fprintf(
        out,
        "  Planned: SIGKILL %.0f us after the update began, which is %.4f of all "
        "instants "
        "that are drawn, up to %.0f us (by %zu uninterrupted updates that were "
        "recorded)\n",
        ns_to_us((double)perform->delay_ns - (double)perform->calibration.aim.before_ns),
        replay->fraction, ns_to_us(aim_end_ns(&perform->calibration.aim)),
        perform->calibration.count);
}

/* What kind of place the recorded death was at. */
static void tell_place(FILE *out, const struct perform *perform)
{
    const struct replay *replay = perform->replay;

    if (replay->outcome != OUTCOME_VALID)
        fprintf(out, "  The trial ended with '%s'", outcome_name(replay->outcome));
    else if (replay->point == 0)
        fputs("  The kill landed before the first command was executed", out);
    else
        fprintf(out, "  The kill landed after command %llu",
                (unsigned long long)replay->point);
    if (replay->outcome == OUTCOME_VALID)
        fprintf(out, ", where an update stays for %.0f us",
                ns_to_us((double)perform->lasts_ns));
}

static void tell_attempts(FILE *out, const struct perform *perform)
{
    const struct replay *replay = perform->replay;
    size_t n = perform->attempts;

    if (!replay_is_timed(replay) || !replay->recorded)
        return;
    if (perform->hit) {
        fprintf(out, "  Attempt %zu of at most %d died at the same place\n", n,
                REPLAY_ATTEMPTS);
    } else if (perform->stepped) {
        tell_place(out, perform);
        fprintf(out,
                "; %zu timed attempt%s did not hit that boundary again, so this is the "
                "census point it landed on\n",
                n, n == 1 ? "" : "s");
    } else {
        fprintf(out,
                "  %zu timed attempt%s did not end in that way again, and no crash point "
                "explains what was recorded, so this is only the last of them\n",
                n, n == 1 ? "" : "s");
    }
    if (replay->explained && !signature_equal(perform->wanted, replay->signature))
        fputs("  That crash point does not leave the recorded state in this run: another "
              "Redis, another clock or another scenario? They are compared by point "
              "alone\n",
              out);
}

static void tell_executed(FILE *out, const struct perform *perform)
{
    const struct transcript *transcript = &perform->transcript;
    unsigned long long total = perform->subject->commands;
    unsigned long long from = perform->executed_from, to = perform->executed_to;

    if (!perform->explained)
        fprintf(out,
                "  Redis executed a prefix of %llu (replies read) to %llu (commands "
                "written) commands; which one is not known: no crash point that was "
                "looked at leaves this state\n",
                (unsigned long long)transcript->replies,
                (unsigned long long)transcript->commands);
    else if (from == to)
        narrative_executed(out, from, total);
    else
        fprintf(out,
                "  Redis executed the first %llu to %llu of %llu commands: these crash "
                "points leave the same state\n",
                from, to, total);
}

static bool same_verdict(const struct perform *perform)
{
    return verdict_equal(&perform->replay->verdict, &perform->judgement.verdict);
}

static enum replay_likeness likeness_of(const struct perform *perform)
{
    const struct replay *replay = perform->replay;

    if (!replay->recorded)
        return REPLAY_UNRECORDED;
    if (replay_is_timed(replay) && !perform->hit && !perform->stepped)
        return REPLAY_UNREACHED;
    return (same_verdict(perform) || mutant("replay-forgives")) &&
                   (!replay->explained || perform->subject->recorded ||
                    signature_equal(perform->death.state.signature, replay->signature))
               ? REPLAY_ALIKE
               : REPLAY_DIFFERS;
}

static void tell_comparison(FILE *out, const struct perform *perform)
{
    const struct replay *replay = perform->replay;
    char verdict[VERDICT_TEXT];

    if (!replay->recorded)
        return;
    if (!same_verdict(perform))
        fprintf(out, "  NOT as recorded: %s\n", verdict_text(&replay->verdict, verdict));
    else if (likeness_of(perform) == REPLAY_DIFFERS)
        fputs("  NOT as recorded: the verdict is, but it is on another state\n", out);
    else
        fputs("  as recorded\n", out);
}

static int tell(const struct perform *perform, FILE *out, struct err *err)
{
    const struct replay *replay = perform->replay;
    int code;

    narrative_title(out, replay, perform_strategy(perform),
                    perform->bench->judge.scenario->outline.name, perform->seed);
    tell_recorded(out, perform->replay);
    tell_plan(out, perform);
    tell_attempts(out, perform);
    if (perform->subject->recorded)
        fputs(replay->kills ? "  The program ran again, and was killed for real\n"
                            : "  The run has kept no trace of the program, so it was "
                              "recorded anew: its ids and times are others than in the "
                              "run\n",
              out);
    fprintf(out, "\n%s\n",
            !perform->transcript.whole->commands ? "The update sends no command"
            : perform->subject->recorded
                ? "What the program sent, when, on which connection, and what Redis "
                  "replied"
                : "What the worker sent, when, and what Redis replied");
    code = transcript_write(out, &perform->transcript, err);
    tell_executed(out, perform);
    if (code == 0 &&
        !(perform->subject->recorded && perform->subject->recorded->connections > 1))
        code = one_line_write(out, perform->transcript.whole, replay->program, err);
    fputs(perform->story, out);
    narrative_verdict(out, perform->bench->judge.scenario->times.tolerate_ms,
                      &perform->judgement.verdict, perform->judgement.example);
    tell_comparison(out, perform);
    return code;
}

static int tell_wrapped(const struct perform *perform, FILE *out, struct err *err)
{
    CLEANUP(mem_freep) char *text = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&text, &length);
    int code;

    if (!memory)
        return err_errno(err, "make room for a narrative");
    code = tell(perform, memory, err);
    fclose(memory);
    if (code == 0)
        narrative_wrap(out, text);
    return code;
}

int replay_perform(struct bench *bench, const struct replay *replay, uint64_t seed,
                   FILE *out, enum replay_likeness *ret, struct err *err)
{
    struct perform perform = {
        .bench = bench,
        .replay = replay,
        .seed = seed,
        .subject = &bench->judge.subjects[replay->strategy],
        .death = DEATH_NULL,
    };
    int code = perform_replay(&perform, err);

    if (code == 0)
        code = tell_wrapped(&perform, out, err);
    *ret = code == 0 ? likeness_of(&perform) : REPLAY_UNRECORDED;
    perform_release(&perform);
    return code;
}
