/* replay_told.c - see replay_told.h. */
#include "cmd/replay_told.h"

#include <math.h>
#include <stdlib.h>

#include "store/file.h"
#include "store/trace.h"

static int64_t tolerate_ms(const struct outline *scenario)
{
    const char *text = scenario->times[TIME_TOLERATE];

    return text && *text ? (int64_t)round(1e3 * strtod(text, NULL)) : LASTS_FOREVER;
}

static int load(const struct saved *saved, const struct replay *replay, struct told *ret,
                bool *ret_there, struct err *err)
{
    CLEANUP(database_close) struct database database = DATABASE_NULL;
    const struct finding *finding = &saved->result.findings[replay->strategy];
    const struct {
        uint64_t commands;
        struct told_state *state;
    } states[] = { { 0, &ret->old },
                   { finding->commands, &ret->new },
                   { replay->number, &ret->dead } };
    int code = stored_open(saved->directory, DATABASE_READ, &database, err);

    if (code == 0)
        code = stored_trace(&database, replay->strategy, finding->commands, ret,
                            ret_there, err);
    for (size_t i = 0; i < ARRAY_SIZE(states) && code == 0 && *ret_there; i++) {
        code = stored_state(&database, replay->strategy,
                            (size_t)finding_state(finding, states[i].commands),
                            states[i].state, ret_there, err);
        states[i].state->snapshot.told = &states[i].state->ttls;
        states[i].state->judged = finding->points[states[i].commands].taken;
        states[i].state->signature = finding->points[states[i].commands].signature;
    }
    return code;
}

int replay_told(const struct saved *saved, const struct replay *replay,
                struct told *ret_told, char **ret, enum replay_likeness *ret_likeness,
                struct err *err)
{
    const struct result *result = &saved->result;
    const struct finding *finding = &result->findings[replay->strategy];
    const struct proof_count *proof = finding_proof(finding, replay->number);
    bool there = false;
    FILE *out;
    int code;

    if (!finding->controlled || !finding->states)
        return 0;
    if (replay->number > finding->commands)
        return err_set(err, ERR_USAGE,
                       "strategy '%s' has no crash point %llu: its update sends %llu "
                       "command%s",
                       finding->strategy->name, (unsigned long long)replay->number,
                       (unsigned long long)finding->commands,
                       finding->commands == 1 ? "" : "s");
    *ret_told = (struct told){
        .strategy = finding->strategy->name,
        .scenario = saved->scenario->name,
        .seed = result->plan.seed,
        .tolerate_ms = tolerate_ms(saved->scenario),
    };
    code = load(saved, replay, ret_told, &there, err);
    if (code < 0 || !there) {
        told_release(ret_told);
        return code;
    }
    ret_told->state = (size_t)finding_state(finding, replay->number);
    ret_told->example = finding_example(finding, replay->number);
    if (proof) {
        ret_told->tried = proof->tried;
        ret_told->came = proof->came;
        ret_told->proved = proof->proved;
        ret_told->words = proof->words;
    }
    out = mem_stream(ret);
    code = told_write(out, ret_told, replay, ret_likeness, err);
    fclose(out);
    return code;
}
