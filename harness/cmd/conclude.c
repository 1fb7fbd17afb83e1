/* conclude.c - see conclude.h. */
#include "cmd/conclude.h"

/* NULL: the run is compared with nothing. */
static const struct result *base_of(const struct conclusion *conclusion)
{
    if (conclusion->baseline)
        return &conclusion->baseline->result;
    return conclusion->saved.directory ? &conclusion->saved.result : NULL;
}

static int load_base(struct conclusion *conclusion, struct err *err)
{
    const struct gate_options *options = conclusion->options;

    if (options->baseline)
        return baseline_load(options->baseline, &conclusion->baseline, err);
    return options->against ? saved_load(options->against, &conclusion->saved, err) : 0;
}

int conclude_prepare(struct conclusion *ret, const struct gate_options *options,
                     const struct result *result, struct err *err)
{
    struct gate_report ignored = { NULL, 0 };
    int code;

    *ret = (struct conclusion){ .options = options };
    code = load_base(ret, err);
    if (code == 0 && gates_any(&options->gates))
        code = gates_judge(&options->gates, result, base_of(ret), &ignored, err);
    gate_report_release(&ignored);
    return code;
}

int conclude(struct conclusion *conclusion, const struct result *result, struct err *err)
{
    const struct gate_options *options = conclusion->options;
    const struct result *base = base_of(conclusion);

    if (base) {
        const struct compare_options compare = {
            .confidence = result->confidence,
            .margin = options->margin,
            .chosen = result->plan.strategies < result->scenario->strategy_count,
        };

        compare_runs(base, result, &compare, &conclusion->comparison);
    }
    return gates_any(&options->gates)
               ? gates_judge(&options->gates, result, base, &conclusion->gates, err)
               : 0;
}

void conclusion_release(struct conclusion *conclusion)
{
    comparison_release(&conclusion->comparison);
    gate_report_release(&conclusion->gates);
    saved_release(&conclusion->saved);
    conclusion->baseline = baseline_free(conclusion->baseline);
}

const struct comparison *conclusion_comparison(const struct conclusion *conclusion)
{
    return conclusion->comparison.base ? &conclusion->comparison : NULL;
}

const struct gate_report *conclusion_gates(const struct conclusion *conclusion)
{
    return conclusion->gates.count ? &conclusion->gates : NULL;
}
