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
void run_strips(FILE *out, const struct result *result, struct report_style style);
/* One table per strategy, one row per crash point. */
void run_points(FILE *out, const struct result *result, struct report_style style);
void run_points_of(FILE *out, const struct result *result, const struct finding *finding,
                   struct report_style style);
/* The short report of a run. */
void run_brief(FILE *out, const struct result *result, struct report_style style);
/* "after SET lock", "before any command" */
void run_say_at(FILE *out, const struct finding *finding, uint64_t point);
/* Every gap but the first, which is told elsewhere, and the cures of all. */
void run_gaps(FILE *out, const struct result *result, const struct finding *finding,
              struct report_style style);
/* "2 of 3 crash points do harm that lasts; the first, after .., is leaked (stays: ..). "
 */
void run_say_harm(FILE *out, const struct finding *finding);
/* "dead after SET lock: leaked (stays: ..)"; the caller frees it. */
char *run_harm_at(const struct finding *finding, uint64_t point);
/* What a strategy's bytes or other points of a fault came to. */
void run_say_strikes(FILE *out, const struct finding *finding, enum fault_id id);
/* A row per strategy: what harm there is, how often, what an update costs. */
void run_findings(FILE *out, const struct result *result, struct report_style style);
/* What went wrong, and the verdict on all of it. */
void run_verdict(FILE *out, const struct result *result, struct report_style style);
/* What was recorded of each strategy that is a program, and proved of its harms. */
void run_programs(FILE *out, const struct result *result, struct report_style style);
/* Survivors of each strategy that are programs and failed, and what they printed. */
void run_failures(FILE *out, const struct result *result, struct report_style style);
/* A paragraph on each strategy. */
void run_sentences(FILE *out, const struct result *result, struct report_style style);
/* A table, and a sentence on every gate that does not pass. Nothing without gates. */
void gates_text(FILE *out, const struct gate_report *report, struct report_style style);

/* A comparison, without the verdict on it. */
void compare_text_body(FILE *out, const struct comparison *comparison,
                       struct report_style style);

/* The caller owns these; of gates, an object per gate and strategy. */
json_t *compare_json_value(const struct comparison *comparison);
json_t *gates_json(const struct gate_report *report);
/* Of a strategy that is a program; an object, and an array of its survivors that failed.
 */
json_t *program_json(const struct finding *finding);
json_t *failures_json(const struct finding *finding);
/* Of an audit that goes on: one with rounds and vitals. */
json_t *audit_watch_json(const struct audit *audit);
