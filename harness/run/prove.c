/* prove.c - see prove.h. */
#include "run/prove.h"

#include <stdlib.h>

#include "base/mutant.h"
#include "plan/stage.h"
#include "trial/trespass.h"

void prove_release(struct prove *prove)
{
    free(prove->harms);
}

void prove_note(struct prove *prove, const struct subject *subject, size_t index,
                uint64_t point, const struct verdict *verdict)
{
    if (!subject->recorded)
        return;
    prove->harms = mem_grow(prove->harms, prove->count + 1, sizeof(*prove->harms));
    prove->harms[prove->count++] = (struct harm){ index, point, verdict->later, false };
}

static int prove_one(const struct harm *harm, struct bench *bench, struct teller *teller,
                     struct err *err)
{
    struct event_proof event = { .strategy = tell_number(teller, harm->subject),
                                 .point = harm->point };
    int code = 0;

    for (; event.tried < PROVE_KILLS && code == 0; event.tried++) {
        struct proof_result result;

        code = tell_event(teller, EVENT_ALIVE, NULL, 0, err);
        teller->point = (int64_t)harm->point;
        teller->killed = true;
        if (code == 0)
            code = proof_try(bench, &bench->judge.subjects[harm->subject], harm->point,
                             harm->words, &result, err);
        teller->point = -1;
        teller->killed = false;
        if (code < 0)
            break;
        event.proved += result.proof == PROOF_SAME;
        event.came += result.proof != PROOF_NOT_THERE;
        event.same += result.same;
        event.words |= result.words;
        if (mutant("proof-twice")) {
            event.proved *= 2;
            event.tried = PROVE_KILLS - 1;
        }
    }
    return code == 0 ? tell_event(teller, EVENT_PROOF, &event, sizeof(event), err) : code;
}

/* Picks what is to be proved, in one pass: `told` has the sets of words that a harm had
 * before. Returns how many. */
static uint64_t choose(struct prove *prove, uint64_t most)
{
    bool told[LATER_ALL + 1] = { false };
    uint64_t chosen = 0;

    for (size_t i = 0; i < prove->count; i++) {
        struct harm *harm = &prove->harms[i];

        harm->chosen = most == PROVE_EVERY || (harm->words && chosen < most &&
                                               (most == PROVE_ALL || !told[harm->words]));
        chosen += harm->chosen;
        told[harm->words] = true;
    }
    return chosen;
}

static int prove_each(struct prove *prove, struct bench *bench, uint64_t most,
                      struct teller *teller, struct err *err)
{
    uint64_t all = choose(prove, most), number = 0;
    int code = 0;

    for (size_t i = 0; i < prove->count && code == 0; i++) {
        const struct harm *harm = &prove->harms[i];

        if (!harm->chosen)
            continue;
        judge_does(&bench->judge, DOING_PROOFS,
                   bench->judge.subjects[harm->subject].strategy, ++number, all);
        code = prove_one(harm, bench, teller, err);
    }
    return code;
}

static int tell_number_of(struct teller *teller, enum event_type type, uint32_t number,
                          struct err *err)
{
    return tell_event(teller, type, &number, sizeof(number), err);
}

int prove_all(struct prove *prove, struct bench *bench, size_t subject, uint64_t most,
              struct teller *teller, struct err *err)
{
    uint32_t number = tell_number(teller, subject);
    int code = tell_number_of(teller, EVENT_TIMED, STAGE_POINTS, err);

    if (code == 0 && mutant("over-early"))
        code = tell_number_of(teller, EVENT_OVER, number, err);
    if (code == 0)
        code = prove_each(prove, bench, most, teller, err);
    prove->count = 0;
    if (code == 0)
        code = tell_number_of(teller, EVENT_TIMED, STAGE_CENSUS, err);
    if (code == 0)
        code = trespass_check(&bench->judge, "an update", err);
    return code == 0 ? tell_number_of(teller, EVENT_OVER, number, err) : code;
}
