/* gates_text.h - how gates are shown, as a part of a run's report. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "result/gate.h"

/* A table, and a sentence on every gate that does not pass. Nothing without gates. */
void report_gates_text(FILE *out, const struct gate_report *report, bool color);

/* An array, one object per gate and strategy; the caller owns it. */
json_t *report_gates_json(const struct gate_report *report);

/* "per-field: fails --max-leak-rate 1% with 85.2% [82.7, 87.5] of 899 kills (..)"; the
 * caller frees it. */
char *gate_sentence(const struct gate_outcome *outcome);
