/* gates_words.h - how gates are put into words. */
#pragma once

#include <stddef.h>

#include "result/gate.h"

/* "per-field: fails --max-leak-rate 1% with 85.2% [82.7, 87.5] of 899 kills (..)"; the
 * caller frees it. */
char *gates_sentence(const struct gate_outcome *outcome);
/* The bound, and what it bounds: "1%", "0.9"; "85.2% [82.7, 87.5]", "-" of nothing. */
void gates_bound(char *buffer, size_t size, const struct gate_outcome *outcome);
void gates_measured(char *buffer, size_t size, const struct gate_outcome *outcome);
