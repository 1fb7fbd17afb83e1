/* listed.c - see listed.h. */
#include "result/listed.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/mutant.h"

static bool is_long(const struct finding *finding)
{
    return finding->states && finding_points(finding) > LISTED_ALL;
}

struct listed listed_begin(const struct finding *finding)
{
    return (struct listed){
        .finding = finding,
        .seen = is_long(finding) ? mem_alloc(finding->states * sizeof(bool)) : NULL,
    };
}

void listed_release(struct listed *listed)
{
    free(listed->seen);
    listed->seen = NULL;
}

/* Is it the first that leaves its state? Of what a file says, a state may be none of
 * those that there are; such points are all listed. */
static bool is_first(struct listed *listed, uint64_t point)
{
    uint64_t state = finding_state(listed->finding, point);

    if (state >= listed->finding->states)
        return true;
    if (listed->seen[state])
        return false;
    listed->seen[state] = true;
    return point < LISTED_ALL || !mutant("listed-early");
}

static bool is_listed(struct listed *listed, uint64_t point)
{
    const struct finding *finding = listed->finding;

    if (!finding->points[point].taken)
        return false;
    return !listed->seen || is_first(listed, point) || point == finding->commands ||
           finding_proof(finding, point);
}

bool listed_has(struct listed *listed, uint64_t point)
{
    bool has = false;

    while (listed->next <= point)
        has = is_listed(listed, listed->next++);
    return has;
}

uint64_t listed_left_out(const struct finding *finding)
{
    struct listed listed = listed_begin(finding);
    uint64_t left_out = 0;

    for (uint64_t k = 0; listed.seen && k < finding_points(finding); k++)
        left_out += finding->points[k].taken && !listed_has(&listed, k);
    listed_release(&listed);
    return left_out;
}
