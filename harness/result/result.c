/* result.c - see result.h. */
#include "result/result.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void result_init(struct result *result, const struct outline *scenario,
                 const size_t *strategies, const struct plan *plan)
{
    memset(result, 0, sizeof(*result));
    result->scenario = scenario;
    result->plan = *plan;
    result->shard = (struct shard)SHARD_WHOLE;
    result->findings = mem_alloc(plan->strategies * sizeof(*result->findings));
    for (size_t i = 0; i < plan->strategies; i++) {
        result->findings[i].strategy = &scenario->strategies[strategies[i]];
        result->findings[i].kills.requested = plan->attempts;
    }
}

static double real_term(const struct terms *terms, const char *name)
{
    const char *value = terms_get(terms, name);

    return value ? strtod(value, NULL) : 0;
}

static uint64_t whole_term(const struct terms *terms, const char *name)
{
    const char *value = terms_get(terms, name);

    return value ? strtoull(value, NULL, 10) : 0;
}

static bool term_has(const struct terms *terms, const char *name, const char *word)
{
    const char *value = terms_get(terms, name);

    return value && strstr(value, word);
}

/* How many attempts of each strategy are this shard's. */
static void count_requested(struct result *result)
{
    uint64_t trials = plan_trials(&result->plan);

    if (result->shard.total == 1)
        return;
    for (size_t i = 0; i < result->plan.strategies; i++)
        result->findings[i].kills.requested = 0;
    for (uint64_t t = result->shard.index; t < trials; t += result->shard.total)
        result->findings[plan_trial(&result->plan, t).strategy].kills.requested++;
}

int result_begin(struct result *result, const struct outline *scenario,
                 const size_t *strategies, size_t count, const struct terms *terms,
                 struct err *err)
{
    const char *shard = terms_get(terms, "shard");
    struct plan plan = {
        .seed = whole_term(terms, "seed"),
        .strategies = count,
        .attempts = term_has(terms, "fault", "kill") ? whole_term(terms, "trials") : 0,
    };
    int code = 0;

    result_init(result, scenario, strategies, &plan);
    result->confidence = real_term(terms, "confidence");
    result->stopping = (struct stopping){
        .width = real_term(terms, "until-width"),
        .below = real_term(terms, "until-below"),
        .time_s = real_term(terms, "time"),
    };
    result->killer = terms_get(terms, "killer");
    result->transport = term_has(terms, "transport", "tcp") ? "tcp" : "unix socket";
    result->rtt_us = 1e6 * real_term(terms, "rtt");
    result->kills_wanted = plan.attempts > 0;
    result->cuts_wanted = term_has(terms, "fault", "byte");
    if (!(result->confidence > 0 && result->confidence < 1) || !result->killer ||
        !isfinite(result->rtt_us) || plan.attempts > ATTEMPTS_MOST)
        return err_set(err, -EBADMSG, "what the run was asked for makes no sense");
    if (shard)
        code = shard_parse(shard, &result->shard, err);
    count_requested(result);
    return code;
}

void result_release(struct result *result)
{
    for (size_t i = 0; i < result->plan.strategies; i++) {
        free(result->findings[i].points);
        free(result->findings[i].steps);
        free(result->findings[i].timelines_ns);
        free(result->findings[i].samples_ns);
    }
    free(result->findings);
    free(result->narrative);
    result->narrative = NULL;
    result->findings = NULL;
    result->plan.strategies = 0;
}
