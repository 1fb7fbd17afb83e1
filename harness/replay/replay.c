/* replay.c - see replay.h. */
#include "replay/replay.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "replay/narrative.h"
#include "replay/perform.h"

bool replay_matches(const struct replay *replay, struct signature wanted,
                    const struct replay_attempt *attempt)
{
    if (!replay->recorded)
        return true;
    if (attempt->outcome != replay->outcome ||
        !signature_equal(attempt->signature, wanted))
        return false;
    if (replay->explained)
        return attempt->replies <= replay->point && replay->point <= attempt->commands;
    return attempt->replies == replay->replies && attempt->commands == replay->commands;
}

/* A number and nothing else; digits only, so that "-1" and " 1" are none. */
static bool parse_number(const char *text, uint64_t *ret)
{
    size_t digits = strspn(text, "0123456789");

    if (digits == 0 || digits > 18 || text[digits])
        return false;
    *ret = strtoull(text, NULL, 10);
    return true;
}

static int refuse(const char *text, struct err *err)
{
    CLEANUP(mem_freep) char *expected = mem_strdup("");
    size_t told = 0;

    for (int points = 0; points < 2; points++)
        for (enum fault_id id = FAULT_NONE + 1; id < FAULT_COUNT; id++) {
            const struct fault *fault = fault_by_id(id);
            const char *between = told == 0                 ? ""
                                  : told == FAULT_COUNT - 2 ? " or "
                                                            : ", ";
            char *longer;

            if ((fault->points != NULL) != points)
                continue;
            longer = mem_printf("%s%s%s", expected, between, fault->operand);
            free(expected);
            expected = longer;
            told++;
        }
    return err_set(err, ERR_USAGE, "'%.100s' is no trial: expected %s", text, expected);
}

int replay_operand_parse(const char *text, struct replay_operand *ret, struct err *err)
{
    for (enum fault_id id = FAULT_STEP; id < FAULT_COUNT; id++) {
        const char *mark =
            fault_by_id(id)->points ? strrchr(text, fault_by_id(id)->mark) : NULL;
        struct replay_operand operand = { .fault = id };
        size_t length = mark ? (size_t)(mark - text) : 0;

        if (fault_by_id(id)->points &&
            (length == 0 || length >= sizeof(operand.strategy)))
            continue;
        if (!parse_number(mark ? mark + 1 : text, &operand.number))
            continue;
        memcpy(operand.strategy, text, length);
        *ret = operand;
        return 0;
    }
    return refuse(text, err);
}

/* Does it strike at an instant, which a replay has to try again and again? */
static bool is_timed(const struct replay *replay)
{
    return !fault_by_id(replay->fault)->points;
}

static void tell_title(FILE *out, const struct performance *performance)
{
    const struct replay *replay = performance->replay;

    fprintf(out, "%s %llu%s%s of strategy '%s', scenario %s, seed %llu\n",
            fault_by_id(replay->fault)->title, (unsigned long long)replay->number,
            is_timed(replay) ? ": a " : "",
            is_timed(replay) ? fault_by_id(replay->fault)->name : "",
            performance_strategy(performance),
            performance->bench->judge.scenario->outline.name,
            (unsigned long long)performance->seed);
}

static void tell_recorded(FILE *out, const struct replay *replay)
{
    char later[LATER_TEXT];

    if (!replay->recorded) {
        if (is_timed(replay))
            fputs("  Recorded: nothing is known of how it went\n", out);
        return;
    }
    fprintf(out, "  Recorded: %s, ", outcome_name(replay->outcome));
    if (is_timed(replay))
        fprintf(out, "%llu commands written, %llu replies read, ",
                (unsigned long long)replay->commands,
                (unsigned long long)replay->replies);
    if (replay->explained)
        fprintf(out, "crash point %llu, ", (unsigned long long)replay->point);
    else
        fputs("UNEXPLAINED by any crash point, ", out);
    fprintf(out, "%s now, %s later\n", now_name(replay->now),
            later_text(replay->later, later));
    if (replay->outcome != OUTCOME_VALID)
        fputs("  It did not die inside the update: such trials count in no rate\n", out);
}

static void tell_plan(FILE *out, const struct performance *performance)
{
    const struct replay *replay = performance->replay;

    if (!is_timed(replay))
        return;
    fprintf(
        out,
        "  Planned: SIGKILL at %.4f of the update, which is %.0f us of a span of %.0f "
        "us (calibrated on %zu uninterrupted updates that were recorded)\n",
        replay->fraction, ns_to_us((double)performance->delay_ns),
        ns_to_us((double)performance->calibration.span_ns),
        performance->calibration.count);
}

/* What kind of place the recorded death was at. */
static void tell_place(FILE *out, const struct performance *performance)
{
    const struct replay *replay = performance->replay;

    if (replay->outcome != OUTCOME_VALID)
        fprintf(out, "  The trial ended with '%s'", outcome_name(replay->outcome));
    else if (replay->point == 0)
        fputs("  The kill landed before the first command was executed", out);
    else
        fprintf(out, "  The kill landed after command %llu",
                (unsigned long long)replay->point);
    if (replay->outcome == OUTCOME_VALID)
        fprintf(out, ", where an update stays for %.0f us",
                ns_to_us((double)performance->lasts_ns));
}

static void tell_attempts(FILE *out, const struct performance *performance)
{
    const struct replay *replay = performance->replay;
    size_t n = performance->attempts;

    if (!is_timed(replay) || !replay->recorded)
        return;
    if (performance->hit) {
        fprintf(out, "  Attempt %zu of at most %d died at the same place\n", n,
                REPLAY_ATTEMPTS);
    } else if (performance->stepped) {
        tell_place(out, performance);
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
    if (replay->explained && !signature_equal(performance->wanted, replay->signature))
        fputs("  That crash point does not leave the recorded state in this run: another "
              "Redis, another clock or another scenario? They are compared by point "
              "alone\n",
              out);
}

static void tell_executed(FILE *out, const struct performance *performance)
{
    const struct transcript *transcript = &performance->transcript;
    unsigned long long total = performance->subject->commands;
    unsigned long long from = performance->executed_from, to = performance->executed_to;

    if (!performance->explained)
        fprintf(out,
                "  Redis executed a prefix of %llu (replies read) to %llu (commands "
                "written) commands; which one is not known: no crash point that was "
                "looked at leaves this state\n",
                (unsigned long long)transcript->replies,
                (unsigned long long)transcript->commands);
    else if (from == to && (from == 0 || from == total))
        fprintf(out, "  Redis executed %s of the %llu commands\n", from ? "all" : "none",
                total);
    else if (from == to)
        fprintf(out, "  Redis executed the first %llu of %llu commands\n", from, total);
    else
        fprintf(out,
                "  Redis executed the first %llu to %llu of %llu commands: these crash "
                "points leave the same state\n",
                from, to, total);
}

static void tell_comparison(FILE *out, const struct performance *performance)
{
    const struct replay *replay = performance->replay;
    char later[LATER_TEXT];

    if (!replay->recorded)
        return;
    if (replay->now == performance->judgement.now &&
        replay->later == performance->judgement.later)
        fputs("  as recorded\n", out);
    else
        fprintf(out, "  NOT as recorded: %s now, %s later\n", now_name(replay->now),
                later_text(replay->later, later));
}

static int tell(const struct performance *performance, FILE *out, struct err *err)
{
    int code;

    tell_title(out, performance);
    tell_recorded(out, performance->replay);
    tell_plan(out, performance);
    tell_attempts(out, performance);
    fprintf(out, "\n%s\n",
            performance->transcript.whole->commands
                ? "What the worker sent, when, and what Redis replied"
                : "The update sends no command");
    code = transcript_write(out, &performance->transcript, err);
    tell_executed(out, performance);
    fputs(performance->story, out);
    narrative_verdict(out, &performance->judgement);
    tell_comparison(out, performance);
    return code;
}

static int tell_wrapped(const struct performance *performance, FILE *out, struct err *err)
{
    CLEANUP(mem_freep) char *text = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&text, &length);
    int code;

    if (!memory)
        return err_errno(err, "make room for a narrative");
    code = tell(performance, memory, err);
    fclose(memory);
    if (code == 0)
        narrative_wrap(out, text);
    return code;
}

int replay_perform(struct bench *bench, const struct replay *replay, uint64_t seed,
                   FILE *out, struct err *err)
{
    struct performance performance = {
        .bench = bench,
        .replay = replay,
        .seed = seed,
        .subject = &bench->judge.subjects[replay->strategy],
        .death = DEATH_NULL,
    };
    int code = performance_give(&performance, err);

    if (code == 0)
        code = tell_wrapped(&performance, out, err);
    performance_release(&performance);
    return code;
}
