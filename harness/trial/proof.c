/* proof.c - see proof.h. */
#include "trial/proof.h"

#include "base/clock.h"
#include "trial/recorded.h"

/* A state as it is known again. */
struct look {
    struct signature signature; /* ids and times aside, and what is ignored */
    struct signature exact;     /* nothing aside: functions may look at all of it */
    bool is_exact;
};

static bool looks_exactly_like(const struct look *one, const struct look *other)
{
    return one->is_exact && other->is_exact && signature_equal(one->exact, other->exact);
}

/* The recorded state, as it looks now. */
static int look_at_recorded(struct judge *judge, const struct subject *subject,
                            uint64_t commands, struct look *ret, struct err *err)
{
    CLEANUP(snapshot_release) struct snapshot recorded = SNAPSHOT_NULL;
    int code = recorded_cut(judge, subject, commands, err);

    if (code == 0)
        code = snapshot_take(&judge->observer, 0, &recorded, err);
    if (code < 0)
        return code;
    ret->signature = names_timeless(&judge->names, &recorded.state, &recorded.arena);
    ret->is_exact = snapshot_exact(&recorded, &ret->exact);
    return 0;
}

int proof_try(struct bench *bench, struct subject *subject, uint64_t commands,
              unsigned words, struct proof_result *ret, struct err *err)
{
    CLEANUP(snapshot_release) struct snapshot left = SNAPSHOT_NULL;
    struct judge *judge = &bench->judge;
    struct judgement judgement;
    struct look recorded, now;
    bool came = false;
    int code = look_at_recorded(judge, subject, commands, &recorded, err);

    *ret = (struct proof_result){ .proof = PROOF_NOT_THERE };
    if (code == 0)
        code = recorded_kill(judge, subject, commands, &came, err);
    if (code < 0 || !came)
        return code;
    code = snapshot_take(&judge->observer, 0, &left, err);
    if (code < 0)
        return code;
    now.is_exact = snapshot_exact(&left, &now.exact);
    names_apply(&judge->names, &left.state, &left.arena);
    left.signature = state_signature(&left.state);
    ret->same = signature_equal(names_timeless(&judge->names, &left.state, &left.arena),
                                recorded.signature);
    if (!words && looks_exactly_like(
                      &now, &recorded)) { /* it is known what becomes of it: nothing */
        ret->proof = PROOF_SAME;
        return 0;
    }
    judge->killed_s = clock_real_ms() / 1000 + 1;
    code = judge_afresh(judge, subject, &left, NULL, &judgement, err);
    judge->killed_s = 0;
    if (code < 0)
        return code;
    ret->words = judgement.verdict.later;
    if (words ? (ret->words & words) == words : !ret->words)
        ret->proof = PROOF_SAME;
    else
        ret->proof = PROOF_OTHER;
    return 0;
}
