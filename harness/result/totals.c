/* totals.c - see totals.h. */
#include "result/totals.h"

#include "result/drift.h"

void words_count(struct words *words, const struct verdict *verdict)
{
    words->now[verdict->now]++;
    words->clean += verdict->later == 0;
    words->passing += verdict->passing != 0;
    for (unsigned i = 0; i < LATER_COUNT; i++)
        words->later[i] += verdict->later >> i & 1;
}

struct words tally_census(const struct finding *finding)
{
    struct words words = { .clean = 0 };

    for (uint64_t k = 0; k < finding_points(finding); k++)
        if (finding->points[k].taken)
            words_count(&words, &finding->points[k].verdict);
    return words;
}

bool tally_census_complete(const struct finding *finding)
{
    if (!finding->controlled)
        return false;
    for (uint64_t k = 0; k <= finding->commands; k++)
        if (!finding->points[k].taken)
            return false;
    return true;
}

uint64_t tally_classes(const struct finding *finding, enum fault_id id)
{
    uint64_t classes = 0;

    for (uint64_t k = 0; k < finding_points(finding); k++)
        classes += finding->points[k].strikes[id] > 0;
    return classes;
}

uint64_t tally_item(const struct result *result, enum fault_id id, size_t strategy,
                    uint64_t point)
{
    if (!fault_by_id(id)->points)
        return point;
    for (enum fault_id other = FAULT_NONE; other < id; other++)
        if (result->faults[other] && fault_by_id(other)->points &&
            fault_by_id(other)->stage == fault_by_id(id)->stage)
            result_foreach (finding, result)
                point += finding_fault_points(finding, other);
    for (size_t i = 0; i < strategy && i < result->plan.strategies; i++)
        point += finding_fault_points(&result->findings[i], id);
    return point;
}

uint64_t tally_attempts(const struct finding *finding)
{
    uint64_t sum = 0;

    for (int i = 0; i < OUTCOME_COUNT; i++)
        sum += finding->kills.outcomes[i];
    return sum;
}

uint64_t tally_valid(const struct finding *finding)
{
    return finding->kills.outcomes[OUTCOME_VALID];
}

bool tally_counts(enum tally_rate rate, const struct verdict *verdict)
{
    const bool counted[RATE_COUNT] = {
        [RATE_HARMED] = verdict->later != 0,
        [RATE_LEAKED] = verdict->later & LATER_LEAKED,
        [RATE_TORN] = verdict->now == NOW_TORN,
    };

    return counted[rate];
}

/* Runs of which not all kills have a weight have none: those of old versions. */
static struct sample sample_of(const struct kills *kills, uint64_t hits, unsigned what)
{
    const struct weighted *hit =
        what == DRIFT_PASSING ? &kills->passing : &kills->counted[what];
    struct sample sample = { .hits = hits, .of = kills->outcomes[OUTCOME_VALID] };

    if (kills->weights.count == sample.of) {
        sample.hit = *hit;
        sample.other = weighted_rest(&kills->weights, hit);
    }
    sample.design = drift_design(kills, &sample, what);
    return sample;
}

struct sample tally_sample(const struct finding *finding, enum tally_rate rate)
{
    const struct words *words = &finding->kills.words;
    const uint64_t hits[RATE_COUNT] = {
        [RATE_HARMED] = tally_harmed(words),
        [RATE_LEAKED] = words->later[0], /* LATER_LEAKED is its first bit */
        [RATE_TORN] = words->now[NOW_TORN],
    };

    return sample_of(&finding->kills, hits[rate], rate);
}

struct sample tally_passing(const struct finding *finding)
{
    return sample_of(&finding->kills, finding->kills.words.passing, DRIFT_PASSING);
}

uint64_t tally_unexplained(const struct finding *finding)
{
    uint64_t sum = finding->kills.unexplained;

    for (enum fault_id id = FAULT_NONE; id < FAULT_COUNT; id++)
        sum += finding->strikes[id].unexplained;
    return sum;
}

uint64_t tally_all_unexplained(const struct result *result)
{
    uint64_t sum = 0;

    result_foreach (finding, result)
        sum += tally_unexplained(finding);
    return sum;
}

uint64_t tally_first_harm(const struct finding *finding)
{
    uint64_t k = 0;

    while (k < finding_points(finding) && !finding->points[k].verdict.later)
        k++;
    return k;
}

/* All have a word for now, and are clean or not. */
uint64_t tally_harmed(const struct words *words)
{
    uint64_t all = 0;

    for (int i = 0; i < NOW_COUNT; i++)
        all += words->now[i];
    return all - words->clean;
}

enum strategy_verdict tally_verdict(const struct finding *finding)
{
    struct words words = tally_census(finding);
    unsigned later = 0;
    bool disturbed = words.now[NOW_GAP] || words.now[NOW_TORN];

    if (!finding->strategy->expect || !tally_census_complete(finding))
        return VERDICT_NONE;
    for (unsigned i = 0; i < LATER_COUNT; i++)
        later |= words.later[i] ? 1u << i : 0;
    if (expect_met(finding->strategy->expect, disturbed, later,
                   finding->unbegun | finding->uncrashed))
        return VERDICT_PASS;
    /* A suspect that real kills do not confirm is no verdict. */
    return finding_refuted(finding) ? VERDICT_NONE : VERDICT_FAIL;
}
