/* compared.c - see compared.h. */
#include "compared.h"

struct handmade compared_base, compared_new;
struct comparison comparison;

enum exit_status compared(const struct handmade_strategy *before,
                          const struct handmade_strategy *after, uint64_t new_seed,
                          const struct compare_options *options)
{
    struct handmade_strategy all[HANDMADE_STRATEGIES] = { *before };

    handmade_init(&compared_base, 1, all);
    all[0] = *after;
    handmade_init(&compared_new, new_seed, all);
    compare_runs(&compared_base.result, &compared_new.result, options, &comparison);
    return compare_exit_status(&comparison);
}

void compared_end(void)
{
    comparison_release(&comparison);
    handmade_release(&compared_base);
    handmade_release(&compared_new);
}
