/* parts.h - parts of a run's documents that are written elsewhere. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "report/writers.h"
#include "result/compare.h"
#include "result/gate.h"

/* One line per strategy, one letter per crash point; and how many of the places that
 * kills can reach they hit. */
void run_strips(FILE *out, const struct result *result, bool color);
/* One table per strategy, one row per crash point. */
void run_points(FILE *out, const struct result *result, bool color);
void run_points_of(FILE *out, const struct result *result, const struct finding *finding,
                   bool color);
/* A row per strategy: what harm there is, how often, what an update costs. */
void run_findings(FILE *out, const struct result *result, bool color);
/* What went wrong, and the verdict on all of it. */
void run_verdict(FILE *out, const struct result *result, struct report_style style);
/* A paragraph on each strategy. */
void run_sentences(FILE *out, const struct result *result);
/* A table, and a sentence on every gate that does not pass. Nothing without gates. */
void gates_text(FILE *out, const struct gate_report *report, bool color);

/* A comparison, without the verdict on it. */
void compare_text_body(FILE *out, const struct comparison *comparison, bool color);

/* The caller owns these; of gates, an object per gate and strategy. */
json_t *compare_json_value(const struct comparison *comparison);
json_t *gates_json(const struct gate_report *report);
