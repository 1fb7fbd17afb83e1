/* conclude.c - see conclude.h. */
#include "cmd/conclude.h"

/* NULL: the run is compared with nothing. */
static const struct result *base_of(const struct conclude *conclude)
{
    if (conclude->baseline)
        return &conclude->baseline->result;
    return conclude->saved.directory ? &conclude->saved.result : NULL;
}

static int load_base(struct conclude *conclude, struct err *err)
{
    const struct gate_options *options = conclude->options;

    if (options->baseline)
        return baseline_load(options->baseline, &conclude->baseline, err);
    return options->against ? saved_load_attempts(options->against, &conclude->saved, err)
                            : 0;
}

static int judge(const struct conclude *conclude, const struct result *result,
                 struct gate_report *ret, struct err *err)
{
    const struct result *base = base_of(conclude);
    struct gates gates = conclude->options->gates;

    gates.interleaved = base && comparable_took_turns(base, result);
    return gates_any(&gates) ? gates_judge(&gates, result, base, ret, err) : 0;
}

static uint64_t seed_of_run(const char *directory, uint64_t seed, struct err *err)
{
    CLEANUP(database_close) struct database database = DATABASE_NULL;
    CLEANUP(request_release) struct request request = { .text = NULL };

    return stored_open(directory, DATABASE_READ, &database, err) == 0 &&
                   stored_request(&database, &request, err) == 0
               ? request.seed
               : seed;
}

static uint64_t seed_after(const char *file, uint64_t seed, struct err *err)
{
    struct baseline *baseline = NULL;

    if (baseline_load(file, &baseline, err) == 0)
        seed = baseline->result.plan.seed % INT64_MAX + 1;
    baseline_free(baseline);
    return seed;
}

uint64_t conclude_seed(const struct gate_options *options, uint64_t seed)
{
    struct err unsaid = ERR_NULL; /* conclude_prepare() says it */

    if (options->baseline)
        return seed_after(options->baseline, seed, &unsaid);
    return options->against ? seed_of_run(options->against, seed, &unsaid) : seed;
}

int conclude_prepare(struct conclude *ret, const struct gate_options *options,
                     const struct result *result, struct err *err)
{
    struct gate_report ignored = { NULL, 0 };

    *ret = (struct conclude){ .options = options };
    if (load_base(ret, err) == 0 && base_of(ret))
        comparable_check(base_of(ret), result, err);
    if (err->code == 0)
        judge(ret, result, &ignored, err);
    gate_report_release(&ignored);
    return err->code;
}

bool conclude_by_pairs(const struct conclude *conclude)
{
    return conclude->saved.directory;
}

int conclude_run(struct conclude *conclude, const struct result *result, struct err *err)
{
    const struct gate_options *options = conclude->options;
    const struct result *base = base_of(conclude);

    if (base) {
        const struct compare_options compare = {
            .confidence = result->confidence,
            .margin = options->margin,
            .interleaved = comparable_took_turns(base, result),
            .chosen = result->plan.strategies < result->scenario->strategy_count,
        };

        compare_runs(base, result, &compare, &conclude->conclusion.comparison);
    }
    return judge(conclude, result, &conclude->conclusion.gates, err);
}

void conclude_release(struct conclude *conclude)
{
    conclusion_release(&conclude->conclusion);
    saved_release(&conclude->saved);
    conclude->baseline = baseline_free(conclude->baseline);
}
