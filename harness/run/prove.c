/* prove.c - see prove.h. */
#include "run/prove.h"

#include <stdlib.h>

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
    prove->harms[prove->count++] = (struct harm){ index, point, verdict->later };
}

/* Is it the first of its strategy with these words? */
static bool is_first(const struct prove *prove, size_t i)
{
    const struct harm *harm = &prove->harms[i];

    for (size_t before = 0; before < i; before++)
        if (prove->harms[before].subject == harm->subject &&
            prove->harms[before].words == harm->words)
            return false;
    return true;
}

static int prove_one(const struct harm *harm, struct bench *bench, struct teller *teller,
                     struct err *err)
{
    struct event_proof event = { .strategy = (uint32_t)harm->subject,
                                 .point = harm->point };
    int code = 0;

    for (; event.tried < PROVE_KILLS && code == 0; event.tried++) {
        struct proof_result result;

        code = tell_event(teller, EVENT_ALIVE, NULL, 0, err);
        if (code == 0)
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

int prove_all(const struct prove *prove, struct bench *bench, uint64_t most,
              struct teller *teller, struct err *err)
{
    uint64_t proved = 0;
    int code = 0;

    for (size_t i = 0; i < prove->count && code == 0; i++) {
        if (i && prove->harms[i].subject != prove->harms[i - 1].subject)
            proved = 0;
        if (most != PROVE_EVERY && (!prove->harms[i].words || proved == most ||
                                    (most != PROVE_ALL && !is_first(prove, i))))
            continue;
        code = prove_one(&prove->harms[i], bench, teller, err);
        proved++;
    }
    return code;
}
