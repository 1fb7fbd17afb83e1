/* prove.c - see prove.h. */
#include "run/prove.h"

#include <stdlib.h>
#include <string.h>

#include "base/mutant.h"

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
    struct event_proof event = { .strategy = (uint32_t)harm->subject,
                                 .point = harm->point };
    int code = 0;

    for (; event.tried < PROVE_KILLS && code == 0; event.tried++) {
        struct proof_result result;

        code = proof_try(bench, &bench->judge.subjects[harm->subject], harm->point,
                         harm->words, &result, err);
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

/* Picks what is to be proved, in one pass: `told` has the sets of words that a harm of
 * the strategy had before. Returns how many. */
static uint64_t choose(struct prove *prove, uint64_t most)
{
    bool told[LATER_ALL + 1] = { false };
    uint64_t chosen = 0, all = 0;

    for (size_t i = 0; i < prove->count; i++) {
        struct harm *harm = &prove->harms[i];

        if (i && harm->subject != prove->harms[i - 1].subject) {
            memset(told, false, sizeof(told));
            chosen = 0;
        }
        harm->chosen = most == PROVE_EVERY || (harm->words && chosen < most &&
                                               (most == PROVE_ALL || !told[harm->words]));
        chosen += harm->chosen;
        all += harm->chosen;
        told[harm->words] = true;
    }
    return all;
}

int prove_all(struct prove *prove, struct bench *bench, uint64_t most,
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
