/* told.c - see told.h. */
#include "replay/told.h"

#include <stdlib.h>

#include "base/mutant.h"
#include "replay/narrative.h"
#include "replay/one_line.h"
#include "replay/transcript.h"

static void state_release_told(struct told_state *state)
{
    snapshot_release(&state->snapshot);
    ttls_release(&state->ttls);
}

void told_release(struct told *told)
{
    recording_release(&told->sent);
    free(told->connection_of);
    free(told->answered);
    state_release_told(&told->old);
    state_release_told(&told->new);
    state_release_told(&told->dead);
    *told = (struct told){ .strategy = NULL };
}

static void tell_title(FILE *out, const struct told *told, const struct replay *replay)
{
    char verdict[VERDICT_TEXT];

    narrative_title(out, replay, told->strategy, told->scenario, told->seed);
    if (replay->recorded)
        fprintf(out, "  Recorded: %s, crash point %llu, %s\n",
                outcome_name(replay->outcome), (unsigned long long)replay->point,
                verdict_text(&replay->verdict, verdict));
    fputs("  Told from what the run has kept: nothing is started, and nothing judged "
          "anew. With --kill the program runs again, and is killed for real\n",
          out);
}

/* Of commands that came on one connection. */
static int tell_line(FILE *out, const struct told *told, const struct replay *replay,
                     struct err *err)
{
    for (size_t i = 0; i < told->sent.commands; i++)
        if (told->connection_of[i] != told->connection_of[0])
            return 0;
    return one_line_write(out, &told->sent, replay->program, err);
}

static int tell_commands(FILE *out, const struct told *told, const struct replay *replay,
                         struct err *err)
{
    struct transcript transcript = {
        .whole = &told->sent,
        .commands = replay->number,
        .replies = replay->number,
        .fault = fault_by_id(replay->fault),
        .outcome = replay->number < told->sent.commands ? OUTCOME_VALID : OUTCOME_MISSED,
        .point = replay->number,
        .of_program = true,
        .connection_of = told->connection_of,
        .answered = told->answered,
    };
    int code;

    fprintf(out, "\n%s\n",
            told->sent.commands
                ? "What the program sent, when, on which connection, and what Redis "
                  "replied"
                : "The update sends no command");
    recording_copy(&transcript.sent, &told->sent, (size_t)replay->number);
    code = transcript_write(out, &transcript, err);
    recording_release(&transcript.sent);
    narrative_executed(out, replay->number, told->sent.commands);
    return code == 0 ? tell_line(out, told, replay, err) : code;
}

/* What is not kept cannot be told, nor what a reader sees of it be found again. */
static void tell_part(FILE *out, const struct contrast *controls, const struct told *told,
                      const struct replay *replay, uint64_t omitted)
{
    contrast_write(out, controls, &told->dead.snapshot, false);
    fprintf(
        out,
        "  Not all of these states was kept, because it was too much: %llu changes on "
        "the way to them are not known, and not told here\n",
        (unsigned long long)omitted);
    if (replay->recorded)
        fprintf(out, "  Now: %s, as the run found when all was there\n",
                now_name(replay->verdict.now));
}

static void tell_state(FILE *out, const struct told *told, const struct replay *replay)
{
    uint64_t to_dead = told->dead.omitted, to_new = told->new.omitted;
    uint64_t omitted = to_dead > to_new ? to_dead : to_new;
    const struct contrast controls = {
        .old = &told->old.snapshot.state,
        .new = &told->new.snapshot.state,
        .names = { "the old state", "the new state" },
    };

    fputs("\nThe state right after the death, beside those before and after the update\n",
          out);
    if (omitted)
        tell_part(out, &controls, told, replay, omitted);
    else
        narrative_now(out, &controls, &told->dead.snapshot);
    fprintf(out, "  It is state %zu of the recording\n", told->state);
}

static void tell_proof(FILE *out, const struct told *told)
{
    char words[LATER_TEXT];

    if (!told->tried) {
        fputs("  No real kill was tried at this point\n", out);
        return;
    }
    fprintf(out, "  %u of %u real kills here came to the same", told->proved,
            told->tried);
    if (told->came < told->tried)
        fprintf(out, "; in %u the command before did not come again",
                told->tried - told->came);
    if (told->proved < told->came)
        fprintf(out, "; all that they came to is %s", later_text(told->words, words));
    fputc('\n', out);
}

static void tell_later(FILE *out, const struct told *told, const struct replay *replay)
{
    fputs("\nWhat the run found to be left of it, when time had passed and survivors had "
          "acted\n",
          out);
    if (!replay->recorded) {
        fputs("  nothing is known: the run did not come to this point\n", out);
        return;
    }
    if (!(replay->verdict.later | replay->verdict.passing))
        fputs("  nothing that is wrong\n", out);
    tell_proof(out, told);
    narrative_verdict(out, told->tolerate_ms, &replay->verdict, told->example);
}

/* Can what is kept be held against what was judged? */
static bool is_comparable(const struct told_state *state)
{
    return state->judged && state->whole && !state->omitted;
}

static bool is_another(const struct told_state *state)
{
    return is_comparable(state) &&
           !signature_equal(state_signature(&state->snapshot.state), state->signature) &&
           !mutant("told-unchecked");
}

static enum replay_likeness tell_likeness(FILE *out, const struct told *told)
{
    const struct {
        const struct told_state *state;
        const char *name;
    } states[] = { { &told->dead, "state after the death" },
                   { &told->old, "old state" },
                   { &told->new, "new state" } };

    for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
        if (!is_another(states[i].state))
            continue;
        fprintf(
            out,
            "  NOT as recorded: the %s that is kept is another one than the state that "
            "was judged. Was the file changed?\n",
            states[i].name);
        return REPLAY_DIFFERS;
    }
    return is_comparable(&told->dead) ? REPLAY_ALIKE : REPLAY_UNRECORDED;
}

int told_write(FILE *out, const struct told *told, const struct replay *replay,
               enum replay_likeness *ret, struct err *err)
{
    CLEANUP(mem_freep) char *text = NULL;
    FILE *memory = mem_stream(&text);
    int code;

    tell_title(memory, told, replay);
    code = tell_commands(memory, told, replay, err);
    tell_state(memory, told, replay);
    tell_later(memory, told, replay);
    *ret = tell_likeness(memory, told);
    fclose(memory);
    if (code == 0)
        narrative_wrap(out, text);
    return code;
}
