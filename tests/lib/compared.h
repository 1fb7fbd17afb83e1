/* compared.h - two results that are written down, one strategy each, and compared. */
#pragma once

#include "handmade.h"
#include "result/compare.h"

extern struct handmade compared_base, compared_new;
extern struct comparison comparison;

/* Makes both, the base of seed 1, and compares them; the caller ends it. */
enum exit_status compared(const struct handmade_strategy *before,
                          const struct handmade_strategy *after, uint64_t new_seed,
                          const struct compare_options *options);
void compared_end(void);
